//! The command line as a person uses it: words explained, colours, trees, folders that are watched.

use crate::server::{AT, examples, wait_until};
use crate::support::root;
use sealgate::report::{explain, meanings};
use serde_json::Value;
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

fn sealgate(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sealgate"));
    command.current_dir(root()).args(arguments);
    for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE"] {
        command.env_remove(name);
    }
    command
}

fn verify(arguments: &[&str]) -> Command {
    let mut command =
        sealgate(&["verify", "--trust-domain", "trust-lists/demo.toml", "--offline", "--at", AT]);
    command.args(arguments);
    command
}

fn text(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[test]
fn every_word_that_a_verdict_gives_is_explained() {
    let known: BTreeSet<&str> = meanings().map(|meaning| meaning.word).collect();
    let mut asked = 0;
    let mut check = |word: &Value| {
        if let Some(word) = word.as_str() {
            asked += 1;
            assert!(known.contains(word), "{word} is not explained");
        }
    };
    for file in examples() {
        let output = verify(&["--format", "json", file.to_str().unwrap()]).output().unwrap();
        let verdict: Value = serde_json::from_slice(&output.stdout).unwrap();
        check(&verdict["verdict"]);
        check(&verdict["decision"]["outcome"]);
        let none = Vec::new();
        for seal in verdict["seals"].as_array().unwrap() {
            for name in ["indication", "sub_indication", "qualification"] {
                check(&seal[name]);
            }
            seal["findings"].as_array().unwrap().iter().for_each(|finding| check(&finding["check"]));
            for timestamp in seal["timestamps"].as_array().unwrap() {
                for name in ["indication", "sub_indication"] {
                    check(&timestamp[name]);
                }
            }
        }
        for one in verdict["credential"]["checks"].as_array().unwrap_or(&none) {
            for name in ["check", "code"] {
                check(&one[name]);
            }
        }
    }
    assert!(asked > 1000, "{asked} words");
}

/// Texts in quotes that stand in the source behind a marker, whatever lies between.
fn literals(source: &str, marker: &str) -> BTreeSet<String> {
    let behind = source.split(marker).skip(1);
    let quoted = behind.filter_map(|rest| rest.trim_start().strip_prefix('"')?.split('"').next());
    quoted.map(str::to_owned).collect()
}

#[test]
fn every_word_that_the_source_can_give_is_explained() {
    let known: BTreeSet<&str> = meanings().map(|meaning| meaning.word).collect();
    let read = |file: &str| std::fs::read_to_string(root().join("src").join(file)).unwrap();
    let mut words = BTreeSet::new();
    for file in ["pipeline.rs", "validation/mod.rs", "trust/qualification/mod.rs"] {
        words.extend(literals(&read(file), "Finding::new("));
    }
    words.extend(literals(&read("trust/qualification/at_time.rs"), "note("));
    assert!(words.len() > 9, "{words:?}");
    // ETSI's words are those in capitals, wherever they stand.
    let verdict = read("validation/verdict.rs");
    let etsi = verdict.split('"').skip(1).step_by(2).filter(|word| {
        word.len() > 5
            && *word != "SCREAMING_SNAKE_CASE"
            && word.chars().all(|c| c.is_ascii_uppercase() || matches!(c, '_' | '-'))
    });
    words.extend(etsi.map(str::to_owned));
    assert!(words.contains("HASH_FAILURE") && words.len() > 35, "{words:?}");
    for word in words {
        assert!(known.contains(word.as_str()), "{word} is not explained");
    }
}

#[test]
fn explain_tells_what_a_word_means_and_what_to_do() {
    for word in ["HASH_FAILURE", "hash_failure", "QESeal", "certificate-not-revoked", "annex i"] {
        let output = sealgate(&["explain", word]).output().unwrap();
        let said = text(&output);
        assert_eq!(output.status.code(), Some(0), "{word}");
        assert!(said.contains("What to do: ") && said.lines().count() >= 3, "{said}");
        assert_eq!(said.contains('['), !explain(word).unwrap()[0].clause.is_empty(), "{said}");
    }
    let several = sealgate(&["explain", "Not", "AdES"]).output().unwrap();
    assert!(text(&several).starts_with("Not AdES: qualification"));
    let all = text(&sealgate(&["explain"]).output().unwrap());
    for meaning in meanings() {
        assert!(all.lines().any(|line| line.trim() == meaning.word), "{}", meaning.word);
    }
    let unknown = sealgate(&["explain", "HASH_FAILED"]).output().unwrap();
    let said = String::from_utf8(unknown.stderr).unwrap();
    assert_eq!(unknown.status.code(), Some(64));
    assert!(said.contains("the nearest is `HASH_FAILURE`") && unknown.stdout.is_empty(), "{said}");
}

#[test]
fn exit_codes_stand_in_help_and_man_page() {
    let pages = tempfile::tempdir().unwrap();
    assert!(sealgate(&["man", pages.path().to_str().unwrap()]).status().unwrap().success());
    let page = std::fs::read_to_string(pages.path().join("sealgate-verify.1")).unwrap();
    let help = text(&sealgate(&["verify", "--help"]).output().unwrap());
    for said in [page.replace('\\', ""), help.split_whitespace().collect::<Vec<_>>().join(" ")] {
        for code in [
            "0 all passed",
            "1 any failed",
            "2 any indeterminate",
            "3 any unreadable",
            "64 wrong",
            "70 trust",
        ] {
            assert!(said.contains(code), "{code}: {said}");
        }
    }
    for page in ["sealgate-explain.1", "sealgate-receipt-verify.1", "sealgate-receipt-keys.1"] {
        assert!(pages.path().join(page).is_file(), "{page}");
    }
}

#[test]
fn exit_codes_are_those_of_the_contract() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let unsigned = file("unsigned.json", b"{\"a\": 1}");
    let unreadable = file("unreadable", b"\x00\x01");
    let (sound, broken) = ("examples/sound/lt-qualified.jsonld", "examples/broken/payload-altered.jsonld");
    let codes: [(&[&str], i32); 9] = [
        (&[sound], 0),
        (&[sound, broken], 1),
        (&[sound, &unsigned], 2),
        (&[broken, &unsigned], 1),
        (&[sound, &unreadable], 3),
        (&["--jobs", "x", sound], 64),
        (&[], 64),
        (&["--watch", "/nowhere"], 64),
        (&["--trust-lists", "/nowhere", sound], 70),
    ];
    for (arguments, code) in codes {
        let output = verify(arguments).output().unwrap();
        assert_eq!(
            output.status.code(),
            Some(code),
            "{arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    let both = verify(&["--explain", "--format", "json", sound]).output().unwrap();
    assert_eq!(both.status.code(), Some(64));
}

/// What it prints where standard output is a terminal; `None` without the tool that makes one.
fn on_a_terminal(command: &str, environment: &[(&str, &str)]) -> Option<String> {
    let mut script = Command::new("script");
    script.current_dir(root()).args(["-qec", command, "/dev/null"]).env("TERM", "xterm");
    for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE"] {
        script.env_remove(name);
    }
    let output = script.envs(environment.iter().copied()).stdin(Stdio::null()).output().ok()?;
    Some(text(&output))
}

#[test]
fn colours_are_for_terminals_unless_told_otherwise() {
    let file = "examples/sound/lt-qualified.jsonld";
    let said = |arguments: &[&str], environment: &[(&str, &str)]| {
        text(&verify(arguments).arg(file).envs(environment.iter().copied()).output().unwrap())
    };
    let plain = said(&[], &[]);
    assert!(!plain.contains('\u{1b}') && plain.contains("PASSED"), "{plain}");
    let coloured = said(&["--color", "always"], &[("NO_COLOR", "1")]);
    assert!(coloured.contains("\u{1b}[1m\u{1b}[32mPASSED\u{1b}[0m"), "{coloured:?}");
    assert_eq!(anstream::adapter::strip_str(&coloured).to_string(), plain);
    assert_eq!(said(&[], &[("CLICOLOR_FORCE", "1")]), coloured);
    assert_eq!(said(&["--color", "never"], &[("CLICOLOR_FORCE", "1")]), plain);
    let json = said(&["--color", "always", "--format", "json"], &[]);
    assert!(!json.contains('\u{1b}'));
    let command = format!(
        "{} verify --trust-domain trust-lists/demo.toml --offline --at {AT} {file}",
        env!("CARGO_BIN_EXE_sealgate")
    );
    let Some(seen) = on_a_terminal(&command, &[]) else {
        println!("skipped: no `script` to make a terminal");
        return;
    };
    assert!(seen.contains("\u{1b}[32m"), "{seen:?}");
    assert!(!on_a_terminal(&command, &[("NO_COLOR", "1")]).unwrap().contains("\u{1b}[32m"));
}

#[test]
fn a_tree_shows_every_finding_and_what_to_do() {
    for file in ["examples/sound/lt-qualified.jsonld", "examples/broken/payload-altered.jsonld"] {
        let tree = text(&verify(&["--explain", file]).output().unwrap());
        let json = verify(&["--format", "json", file]).output().unwrap();
        let verdict: Value = serde_json::from_slice(&json.stdout).unwrap();
        for seal in verdict["seals"].as_array().unwrap() {
            for finding in seal["findings"].as_array().unwrap() {
                let (check, status) =
                    (finding["check"].as_str().unwrap(), finding["status"].as_str().unwrap());
                let mark = match status {
                    "passed" => "✓ ",
                    "failed" => "✗ ",
                    "warning" => "! ",
                    _ => "",
                };
                let shown = |line: &str| line.contains(check) && line.contains(mark) && line.contains("─ ");
                assert!(tree.lines().any(shown), "{check} {status}:\n{tree}");
            }
            if let Some(sub) = seal["sub_indication"].as_str() {
                let means = explain(sub).unwrap()[0].clone();
                assert!(tree.contains(means.means) && tree.contains(means.advice), "{tree}");
            }
        }
        assert!(tree.contains("├─ ✓ Format checking [EN 319 102-1, 5.2.2]"), "{tree}");
    }
    // What a block came to is the worst in it.
    let tree = text(&verify(&["--explain", "examples/broken/payload-altered.jsonld"]).output().unwrap());
    assert!(tree.contains("✗ Cryptographic verification"), "{tree}");
}

/// A watch over a folder, whose lines can be waited for.
struct Watch {
    child: Child,
    lines: std::sync::mpsc::Receiver<Value>,
}

impl Watch {
    fn over(folder: &Path) -> Self {
        let mut child = verify(&["--format", "json", "--watch", folder.to_str().unwrap()])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            for line in out.lines().map_while(Result::ok) {
                let _ = sender.send(serde_json::from_str(&line).unwrap());
            }
        });
        Self { child, lines }
    }

    /// The next verdict: the file's name and the word.
    fn next(&self) -> (String, String) {
        let verdict = self.lines.recv_timeout(std::time::Duration::from_secs(300)).expect("no verdict came");
        let file = Path::new(verdict["file"].as_str().unwrap()).file_name().unwrap();
        (file.to_str().unwrap().to_owned(), verdict["verdict"].as_str().unwrap().to_owned())
    }

    /// Asks it to end; its exit code, and that nothing more came.
    fn end(mut self, signal: &str) -> i32 {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
        let code = self.child.wait().unwrap().code().expect("it ended by itself");
        assert!(self.lines.recv().is_err(), "a verdict too many");
        code
    }
}

#[test]
fn a_watched_folder_is_verified_as_files_come() {
    let folder = tempfile::tempdir().unwrap();
    let sound = std::fs::read(root().join("examples/sound/lt-qualified.jsonld")).unwrap();
    let broken = std::fs::read(root().join("examples/broken/payload-altered.jsonld")).unwrap();
    let path = |name: &str| folder.path().join(name);
    let pair = |name: &str, verdict: &str| (name.to_owned(), verdict.to_owned());
    std::fs::write(path("there-already"), &sound).unwrap();
    let watch = Watch::over(folder.path());
    assert_eq!(watch.next(), pair("there-already", "passed"));
    // Written bit by bit: one verdict, on the whole.
    let (first, rest) = sound.split_at(sound.len() / 2);
    std::fs::write(path("slow"), first).unwrap();
    for chunk in rest.chunks(rest.len() / 8 + 1) {
        std::thread::sleep(std::time::Duration::from_millis(150));
        let mut file = std::fs::OpenOptions::new().append(true).open(path("slow")).unwrap();
        std::io::Write::write_all(&mut file, chunk).unwrap();
    }
    assert_eq!(watch.next(), pair("slow", "passed"));
    // Under another name until it is whole.
    std::fs::write(path(".upload"), &broken).unwrap();
    std::fs::rename(path(".upload"), path("renamed")).unwrap();
    assert_eq!(watch.next(), pair("renamed", "failed"));
    std::fs::create_dir(path("below")).unwrap();
    std::fs::write(path("below/deep"), b"\x00").unwrap();
    assert_eq!(watch.next(), pair("deep", "unreadable"));
    std::fs::write(path("renamed"), &sound).unwrap();
    assert_eq!(watch.next(), pair("renamed", "passed"));
    assert_eq!(watch.end("-TERM"), 3, "the worst that was seen");
    let watch = Watch::over(folder.path());
    let mut names: Vec<String> = (0..4).map(|_| watch.next().0).collect();
    names.sort();
    assert_eq!(names, ["deep", "renamed", "slow", "there-already"]);
    assert_eq!(watch.end("-INT"), 3);
    let empty = tempfile::tempdir().unwrap();
    let watch = Watch::over(empty.path());
    // It listens to signals once it looks; a file tells that it does.
    std::fs::write(empty.path().join("one"), &sound).unwrap();
    assert_eq!(watch.next(), pair("one", "passed"));
    assert_eq!(watch.end("-INT"), 0);
}

#[test]
fn a_watch_ends_where_nobody_reads() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::copy(root().join("examples/sound/lt-qualified.jsonld"), folder.path().join("a")).unwrap();
    let mut child = verify(&["--format", "json", "--watch", folder.path().to_str().unwrap()])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    wait_until(|| child.try_wait().unwrap().is_some());
    assert_eq!(child.wait().unwrap().code(), Some(0));
}
