//! `sealgate config`, and a server that is told by a file.

use crate::server::{Server, send_to, wait_until};
use crate::support::root;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn sealgate(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sealgate"));
    command.current_dir(root()).args(args);
    command
}

fn written(folder: &tempfile::TempDir, text: &str) -> PathBuf {
    let path = folder.path().join("sealgate.toml");
    std::fs::write(&path, text).unwrap();
    path
}

fn check(path: &Path, flags: &[&str], variables: &[(&str, &str)]) -> Output {
    let args = ["config", "check", "--config", path.to_str().unwrap()];
    sealgate(&[&args, flags].concat()).envs(variables.iter().copied()).output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&[&output.stdout[..], &output.stderr].concat()).into_owned()
}

#[test]
fn flag_then_environment_then_file_then_default() {
    let folder = tempfile::tempdir().unwrap();
    let path = written(&folder, "[limits]\nqueue = 7\n[verification]\npolicy = [\"qualified-seal\"]\n");
    let queue = |flags: &[&str], variables: &[(&str, &str)]| {
        let output = check(&path, flags, variables);
        assert!(output.status.success(), "{}", said(&output));
        let effective: toml::Table = said(&output).parse().unwrap();
        assert_eq!(effective["verification"]["policy"][0].as_str(), Some("qualified-seal"));
        assert_eq!(effective["limits"]["connections"].as_integer(), Some(1024));
        effective["limits"]["queue"].as_integer().unwrap()
    };
    assert_eq!(queue(&[], &[]), 7);
    assert_eq!(queue(&[], &[("SEALGATE_QUEUE", "8")]), 8);
    assert_eq!(queue(&["--queue", "9"], &[("SEALGATE_QUEUE", "8")]), 9);
    let output = check(&path, &[], &[("SEALGATE_LISTEN", "127.0.0.1:1\nunix:/run/x.sock")]);
    let effective: toml::Table = said(&output).parse().unwrap();
    assert_eq!(effective["listen"][1]["address"].as_str(), Some("unix:/run/x.sock"));
}

#[test]
fn all_mistakes_are_told_with_their_places_and_the_nearest_key() {
    let folder = tempfile::tempdir().unwrap();
    let path =
        written(&folder, "[limits]\nqueu = 1\nmax_body = \"big\"\n\n[[listen]]\naddress = \"nowhere\"\n");
    let output = check(&path, &[], &[]);
    assert_eq!(output.status.code(), Some(64));
    let (said, file) = (said(&output), path.display());
    for expected in [
        format!("{file}:2:1: unknown key `queu`; the nearest is `queue`"),
        format!("{file}:3:1: limits.max_body: invalid type"),
        format!("{file}:6:1: listen.address: none of ADDRESS:PORT, unix:PATH, systemd:NAME"),
    ] {
        assert!(said.contains(&expected), "no {expected:?} in:\n{said}");
    }
    let path = written(&folder, "[limits\n");
    assert!(String::from_utf8_lossy(&check(&path, &[], &[]).stderr).contains(":1:"));
    let gone = folder.path().join("gone.toml");
    assert_eq!(check(&gone, &[], &[]).status.code(), Some(64));
}

#[test]
fn the_example_is_a_sound_configuration() {
    let folder = tempfile::tempdir().unwrap();
    let printed = sealgate(&["config", "example"]).output().unwrap();
    assert_eq!(printed.stdout, std::fs::read(root().join("deploy/sealgate.toml")).unwrap());
    let path = written(&folder, &String::from_utf8(printed.stdout).unwrap());
    let output = check(&path, &[], &[]);
    assert!(output.status.success(), "{}", said(&output));
}

#[test]
fn nothing_is_bound_before_all_is_checked() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("a.sock");
    let mistakes = [
        ("[trust]\ndomain = \"no.toml\"", 70, "trust.domain: "),
        ("[verification]\nacceptance = [\"no-such\"]", 64, "verification.acceptance: "),
        (
            "[tls]\ncertificate = \"no.pem\"\nkey = \"no.pem\"\n[[listen]]\naddress = \"127.0.0.1:0\"",
            64,
            "no.pem",
        ),
        ("[fetch]\nroots = \"no.pem\"", 64, "fetch.roots: "),
        ("[limits]\nmax_body = 0", 64, "limits.max_body: "),
    ];
    for (mistake, code, why) in mistakes {
        let text = format!("[[listen]]\naddress = \"unix:{}\"\n{mistake}\n", socket.display());
        let path = written(&folder, &text);
        // Were the socket bound, its file would take the place of this one, or be told to be in use.
        std::fs::write(&socket, "not a socket").unwrap();
        let output = sealgate(&["serve", "--config", path.to_str().unwrap()]).output().unwrap();
        let said = said(&output);
        assert_eq!(output.status.code(), Some(code), "{said}");
        assert!(said.contains(why) && !said.contains("in use"), "{said}");
        assert_eq!(check(&path, &[], &[]).status.code(), Some(64));
    }
}

#[test]
fn policies_are_read_anew_on_sighup_and_a_bad_file_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let policy = folder.path().join("own.toml");
    let named =
        |name: &str| std::fs::write(&policy, format!("name = \"{name}\"\nextends = \"default\"\n")).unwrap();
    named("one");
    let with = |rest: &str| {
        written(
            &folder,
            &format!(
                "[trust]\ndomain = \"trust-lists/demo.toml\"\n[[listen]]\naddress = \"127.0.0.1:0\"\n\
                 [verification]\npolicy = [{:?}]\n{rest}\n",
                policy.display().to_string()
            ),
        )
    };
    let path = with("");
    let server = Server::spawn(sealgate(&["serve", "--config", path.to_str().unwrap()]));
    let body = std::fs::read(root().join("examples/sound/b-compact.jwt")).unwrap();
    let mut connection = server.connect();
    let mut ask = |query: &str| {
        let answer = send_to(&mut connection, &format!("/v1/verify?{query}"), &body).unwrap();
        (answer.status, answer.json()["policy"].as_str().unwrap_or_default().to_owned())
    };
    assert_eq!(ask(""), (200, "one".into()));

    named("two");
    server.signal("-HUP");
    server.logged("settings are read anew: ");
    assert_eq!(ask(""), (200, "two".into()));
    assert_eq!(ask("policy=two").0, 200);
    assert_eq!(ask("policy=one").0, 400);

    with("[limits]\nqueu = 1");
    named("three");
    server.signal("-HUP");
    server.logged("the old ones stay");
    server.logged("unknown key `queu`; the nearest is `queue`");
    assert_eq!(ask(""), (200, "two".into()));

    with("[limits]\nqueue = 1");
    server.signal("-HUP");
    server.logged("needs a restart key=\"limits.queue\"");
    assert_eq!(ask(""), (200, "three".into()));
}

#[test]
fn an_event_is_one_line_whatever_is_told_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let forging = folder.path().join("a\n2026-01-01T00:00:00Z  INFO forged");
    std::fs::create_dir(&forging).unwrap();
    let path = forging.join("sealgate.toml");
    let sound = "[trust]\ndomain = \"trust-lists/demo.toml\"\n[[listen]]\naddress = \"127.0.0.1:0\"\n";
    std::fs::write(&path, sound).unwrap();
    let server = Server::spawn(sealgate(&["serve", "--config", path.to_str().unwrap()]));
    std::fs::write(&path, "[limits\n").unwrap();
    server.signal("-HUP");
    server.logged("the old ones stay");
    wait_until(|| server.log().contains("unclosed table"));
    let log = server.log();
    assert!(log.contains("a\\n2026-01-01T00:00:00Z  INFO forged") && !log.contains("\n2026-01-01"), "{log}");
}

#[test]
fn of_many_signals_the_last_configuration_holds() {
    const SIGNALS: usize = 40;
    let folder = tempfile::tempdir().unwrap();
    let policy = folder.path().join("own.toml");
    let named = |number: usize| {
        let beside = folder.path().join("beside");
        std::fs::write(&beside, format!("name = \"p{number}\"\nextends = \"default\"\n")).unwrap();
        std::fs::rename(beside, &policy).unwrap();
    };
    named(0);
    let listen = "[trust]\ndomain = \"trust-lists/demo.toml\"\n[[listen]]\naddress = \"127.0.0.1:0\"\n";
    let path =
        written(&folder, &format!("{listen}[verification]\npolicy = [{:?}]\n", policy.display().to_string()));
    let server = Server::spawn(sealgate(&["serve", "--config", path.to_str().unwrap()]));
    let body = std::fs::read(root().join("examples/sound/b-compact.jwt")).unwrap();
    let holds = |number: usize| server.verify(&body).json()["policy"] == format!("p{number}");
    let read = "settings are read anew: ";

    // One after the other, while those before are still being read.
    for number in 1..=SIGNALS {
        named(number);
        server.signal("-HUP");
    }
    wait_until(|| holds(SIGNALS));
    assert!(server.times_logged(read) <= SIGNALS);
    // All at once: a process that sleeps finds that it was asked, and no more.
    server.signal("-STOP");
    wait_until(|| asleep(&server));
    for number in 1..=SIGNALS {
        named(SIGNALS + number);
        server.signal("-HUP");
    }
    server.signal("-CONT");
    wait_until(|| holds(2 * SIGNALS));
    // What is still to come of them comes before this, and each line of the log tells what was read.
    named(0);
    server.signal("-HUP");
    let line = |number: usize| format!("receipts validation=p{number},");
    wait_until(|| server.times_logged(&line(0)) > 0);
    let reads = server.times_logged(&line(2 * SIGNALS));
    // One for what the kernel kept; and of the signals before, one that was being read as it fell asleep, one that the
    // handler had noted, and one that the reader had been told.
    assert!((1..=4).contains(&reads), "{reads} for {SIGNALS} signals at once:\n{}", server.log());
    assert!((SIGNALS + 1..2 * SIGNALS).all(|number| server.times_logged(&line(number)) == 0));
}

/// Whether a server is stopped, all its threads.
fn asleep(server: &Server) -> bool {
    let tasks = std::fs::read_dir(format!("/proc/{}/task", server.child.id())).unwrap();
    let mut states = tasks.map(|task| std::fs::read_to_string(task.unwrap().path().join("stat")).unwrap());
    // The state stands after the name, which may have blanks in it (proc_pid_stat(5)).
    states.all(|stat| stat.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('T')))
}
