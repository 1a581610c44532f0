//! The command as shells, packages and containers use it: standard input, completions, man pages, `health`.

use crate::server::{AT, Server};
use crate::support::root;
use serde_json::Value;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::{Command, Output, Stdio};

fn sealgate(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sealgate"));
    command.current_dir(root()).args(arguments);
    command
}

fn verify(arguments: &[&str], input: &[u8]) -> Output {
    let mut command = sealgate(&["verify", "--trust-domain", "trust-lists/demo.toml", "--offline"]);
    command.args(["--at", AT, "--format", "json"]).args(arguments);
    let mut running = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    running.stdin.take().unwrap().write_all(input).unwrap();
    running.wait_with_output().unwrap()
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn standard_input_is_verified_as_a_file_is() {
    for (file, code) in
        [("examples/sound/lt-qualified.jsonld", 0), ("examples/broken/payload-altered.jsonld", 1)]
    {
        let bytes = std::fs::read(root().join(file)).unwrap();
        let (read, named) = (verify(&["-"], &bytes), verify(&[file], b""));
        assert_eq!((read.status.code(), named.status.code()), (Some(code), Some(code)), "{file}");
        let mut read = json(&read);
        assert_eq!(read["file"].take(), "-");
        let mut named = json(&named);
        assert_eq!(named["file"].take(), file);
        assert_eq!(read, named);
    }
    let nothing = verify(&["-"], b"");
    assert_eq!((nothing.status.code(), &json(&nothing)["verdict"]), (Some(3), &"unreadable".into()));
}

#[test]
fn a_detached_signature_comes_on_standard_input() {
    use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine};
    let whole = std::fs::read_to_string(root().join("examples/sound/b-compact.jwt")).unwrap();
    let [head, payload, signature] = whole.trim().split('.').collect::<Vec<_>>()[..] else {
        panic!("{whole}")
    };
    let folder = tempfile::tempdir().unwrap();
    let document = folder.path().join("payload.json");
    let payload = BASE64_URL_SAFE_NO_PAD.decode(payload).unwrap();
    let detached = format!("{head}..{signature}");
    let verdict = |document: &Path| {
        let output = verify(&["--detached", document.to_str().unwrap(), "-"], detached.as_bytes());
        json(&output)["seals"][0]["indication"].clone()
    };
    std::fs::write(&document, &payload).unwrap();
    let with = verdict(&document);
    let embedded = &json(&verify(&["-"], whole.trim().as_bytes()))["seals"][0]["indication"];
    assert_eq!(&with, embedded);
    let without = json(&verify(&["-"], detached.as_bytes()));
    assert_ne!(&without["seals"][0]["indication"], embedded);
    let mut altered = payload;
    altered.push(b' ');
    std::fs::write(&document, altered).unwrap();
    assert_eq!(verdict(&document), "TOTAL-FAILED");
}

#[test]
fn every_shell_has_completions_and_bash_takes_them() {
    let script = |shell: &str| {
        let output = sealgate(&["completions", shell]).output().unwrap();
        assert!(output.status.success(), "{shell}");
        String::from_utf8(output.stdout).unwrap()
    };
    for shell in ["elvish", "fish", "powershell", "zsh"] {
        assert!(script(shell).contains("allow-unauthenticated"), "{shell}");
    }
    let offered = |line: &str| {
        let words: Vec<&str> = line.split(' ').collect();
        // What readline does when Tab is pressed behind the line.
        let ask = format!(
            "{}\nCOMP_WORDS=({}); COMP_CWORD={}; _sealgate sealgate '{}' '{}'; printf '%s\\n' \"${{COMPREPLY[@]}}\"",
            script("bash"),
            words.iter().map(|word| format!("'{word}'")).collect::<Vec<_>>().join(" "),
            words.len() - 1,
            words[words.len() - 1],
            words[words.len() - 2],
        );
        let Ok(output) = Command::new("bash").args(["-c", &ask]).output() else { return None };
        assert!(output.stderr.is_empty(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
        Some(
            String::from_utf8(output.stdout)
                .unwrap()
                .split_whitespace()
                .map(str::to_owned)
                .collect::<Vec<_>>(),
        )
    };
    let Some(commands) = offered("sealgate ") else {
        println!("skipped: no bash to complete in");
        return;
    };
    for command in ["verify", "serve", "config", "trust", "keys", "health", "man"] {
        assert!(commands.iter().any(|offered| offered == command), "{command}: {commands:?}");
    }
    assert_eq!(offered("sealgate config ex").unwrap(), ["example"]);
    assert_eq!(offered("sealgate verify --det").unwrap(), ["--detached"]);
    assert_eq!(offered("sealgate verify --format ").unwrap(), ["text", "json", "etsi-xml"]);
}

#[test]
fn every_command_has_a_man_page_that_readers_take() {
    let folder = tempfile::tempdir().unwrap();
    let pages = folder.path().join("share/man1");
    assert!(sealgate(&["man", pages.to_str().unwrap()]).status().unwrap().success());
    let mut names: Vec<_> = std::fs::read_dir(&pages)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    for page in [
        "sealgate.1",
        "sealgate-verify.1",
        "sealgate-serve.1",
        "sealgate-config-check.1",
        "sealgate-health.1",
    ] {
        assert!(names.iter().any(|name| name == page), "{page}: {names:?}");
    }
    let verify = std::fs::read_to_string(pages.join("sealgate-verify.1")).unwrap();
    assert!(verify.contains(".TH") && verify.contains("detached"), "{verify}");
    for name in names {
        let page = pages.join(&name);
        let Ok(output) = Command::new("mandoc").args(["-Tlint", "-Wwarning"]).arg(&page).output() else {
            println!("skipped: no mandoc to read {name} with");
            return;
        };
        // Only errors count: without a date, which no reproducible page has, every page gets a warning.
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(
            !said.lines().any(|line| line.contains("ERROR") || line.contains("UNSUPP")),
            "{name}: {said}"
        );
    }
    // A file in the folder's place is told, not overwritten.
    let file = folder.path().join("file");
    std::fs::write(&file, "kept").unwrap();
    assert_eq!(sealgate(&["man", file.to_str().unwrap()]).output().unwrap().status.code(), Some(64));
    assert_eq!(std::fs::read_to_string(file).unwrap(), "kept");
}

fn health(arguments: &[&str]) -> (Option<i32>, String) {
    let output = sealgate(&["health"]).args(arguments).output().unwrap();
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn health_tells_whether_the_service_is_ready() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("sealgate.sock");
    let server = Server::start(&["--listen", &format!("unix:{}", socket.display())]);
    let url = format!("http://{}", server.address);
    assert_eq!(health(&["--url", &url]).0, Some(0));
    assert_eq!(health(&["--socket", socket.to_str().unwrap()]).0, Some(0));
    assert_eq!(sealgate(&["health"]).env("SEALGATE_HEALTH_URL", &url).status().unwrap().code(), Some(0));
    let (tls, _) = Server::launch_tls(folder.path());
    let port = tls.address.rsplit(':').next().unwrap();
    assert_eq!(health(&["--url", &format!("https://localhost:{port}")]).0, Some(0));
    // Plain HTTP to a listener with TLS is no answer.
    assert_eq!(health(&["--url", &format!("http://{}", tls.address)]).0, Some(1));
    drop(server);
    assert_eq!(health(&["--url", &url]).0, Some(1));
    assert_eq!(health(&["--socket", socket.to_str().unwrap()]).0, Some(1));
}

#[test]
fn health_of_what_is_not_ready_or_no_gateway() {
    // Trust that does not come: alive, and not ready.
    let nowhere = tempfile::tempdir().unwrap();
    let domain = nowhere.path().join("late.toml");
    let text = std::fs::read_to_string(root().join("trust-lists/demo.toml")).unwrap();
    let lines = text.lines().filter(|line| !line.starts_with("mirror"));
    std::fs::write(&domain, lines.collect::<Vec<_>>().join("\n")).unwrap();
    let cache = nowhere.path().join("cache");
    let arguments =
        ["--trust-cache", cache.to_str().unwrap(), "--trust-mirror", "http://127.0.0.1:9", "--fetch-from"];
    let arguments = [&arguments[..], &["http://127.0.0.1:9"]].concat();
    let server = Server::launch_until("no trust yet", domain.to_str().unwrap(), &arguments);
    let (code, said) = health(&["--url", &format!("http://{}", server.address)]);
    assert_eq!((code, said.trim()), (Some(1), "sealgate: not ready: it answers 503"));

    let silent = UnixListener::bind(nowhere.path().join("silent")).unwrap();
    let silent_path = nowhere.path().join("silent");
    let (code, said) = health(&["--socket", silent_path.to_str().unwrap(), "--seconds", "1"]);
    assert_eq!((code, said.trim()), (Some(1), "sealgate: not ready: no answer in time"));
    drop(silent);

    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", other.local_addr().unwrap());
    let answering = std::thread::spawn(move || {
        let (mut stream, _) = other.accept().unwrap();
        let _ = stream.read(&mut [0; 1024]);
        stream.write_all(b"220 mail.example ESMTP\r\n").unwrap();
    });
    assert_eq!(health(&["--url", &url]).0, Some(1));
    answering.join().unwrap();

    for url in ["http://192.0.2.1:8080", "http://sealgate.example", "127.0.0.1:8080"] {
        assert_eq!(health(&["--url", url]).0, Some(64), "{url}");
    }
}
