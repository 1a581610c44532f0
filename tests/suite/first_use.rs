//! The first use on a new machine: lists come with a bar on a terminal, and without network one line says what to do.

use crate::demo::Order;
use crate::server::{Server, wait_until};
use crate::support::root;
use crate::sync::Scene;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// A machine that nobody used yet: no home, no cache, a list server that it may ask or no network at all.
struct Machine {
    scene: Scene,
    home: tempfile::TempDir,
}

impl Machine {
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let scene = Scene::new();
        let text = scene.demo.domain().replace("mirror = \"demo\"\n", "");
        std::fs::write(home.path().join("demo.toml"), text).unwrap();
        std::fs::write(home.path().join("credential.json"), scene.demo.issue(&Order::compact(1))).unwrap();
        Self { scene, home }
    }

    fn arguments<'a>(&'a self, of: &[&'a str]) -> Vec<&'a str> {
        [of, &["--trust-domain", "demo.toml", "--trust-mirror", &self.scene.web.origin]].concat()
    }

    fn prepared(&self, mut command: Command) -> Command {
        command.current_dir(self.home.path()).env("HOME", self.home.path()).env("TERM", "xterm");
        for variable in ["XDG_CACHE_HOME", "SEALGATE_CACHE", "SEALGATE_TRUST_MIRROR", "SEALGATE_CONFIG"] {
            command.env_remove(variable);
        }
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sealgate"));
        command.args(arguments);
        self.prepared(command).output().unwrap()
    }

    /// The same on a terminal: all that it would show. `None` where no such terminal can be had.
    fn on_a_terminal(&self, arguments: &[&str]) -> Option<String> {
        let mut command = Command::new("script");
        let line: Vec<String> = [env!("CARGO_BIN_EXE_sealgate")]
            .iter()
            .chain(arguments)
            .map(|word| format!("'{}'", word.replace('\'', "'\\''")))
            .collect();
        command.args(["-qec", &line.join(" "), "/dev/null"]).stdin(Stdio::null());
        let output = self.prepared(command).output().ok()?;
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
        Some(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    fn kept(&self) -> bool {
        self.home.path().join(".cache/sealgate/demo/index.json").exists()
    }
}

fn at() -> String {
    crate::sync::now().to_string()
}

#[test]
fn a_terminal_shows_a_bar_while_the_lists_come_and_a_pipe_does_not() {
    let at = at();
    let verify = ["verify", "--at", &at, "credential.json"];
    for words in [&verify[..], &["trust", "sync"]] {
        let machine = Machine::new();
        let Some(shown) = machine.on_a_terminal(&machine.arguments(words)) else {
            println!("skipped: a_terminal_shows_a_bar_while_the_lists_come_and_a_pipe_does_not: no `script`");
            return;
        };
        assert!(shown.contains('█') || shown.contains("/3"), "no bar: {shown:?}");
        assert!(machine.kept());
        // The second use needs nobody, and shows none.
        if words[0] == "verify" {
            machine.scene.web.set("/index.json", crate::web::Route::Status(503));
            let shown = machine.on_a_terminal(&machine.arguments(words)).unwrap();
            assert!(!shown.contains('█') && shown.contains("passed"), "{shown:?}");
        }

        let machine = Machine::new();
        let output = machine.run(&machine.arguments(words));
        let said = String::from_utf8_lossy(&[&output.stdout[..], &output.stderr].concat()).into_owned();
        assert!(output.status.success() && !said.contains('█') && !said.contains('\r'), "{said:?}");
        assert!(machine.kept());
    }
}

#[test]
fn a_service_fetches_the_lists_and_is_ready_then() {
    let machine = Machine::new();
    let mut command = Command::new(env!("CARGO_BIN_EXE_sealgate"));
    command.args(machine.arguments(&["serve", "--listen", "127.0.0.1:0"]));
    let server = Server::spawn(machine.prepared(command));
    wait_until(|| server.get("/readyz").status == 200);
    let credential = std::fs::read(machine.home.path().join("credential.json")).unwrap();
    assert_eq!(server.verify(&credential).json()["verdict"], "passed");
    assert!(machine.kept());
}

/// No server can be reached at all: every connection would go through a proxy that is not there.
fn without_network(arguments: &[&str], folder: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sealgate"));
    command.current_dir(root()).args(arguments).env("HOME", folder).env_remove("XDG_CACHE_HOME");
    for variable in ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"] {
        command.env(variable, "http://127.0.0.1:9");
    }
    command.env_remove("NO_PROXY").env_remove("no_proxy").output().unwrap()
}

#[test]
fn without_network_one_line_names_the_mirror() {
    let folder = tempfile::tempdir().unwrap();
    for arguments in [&["verify", "examples/sound/b-compact.jwt"][..], &["trust", "sync"]] {
        let output = without_network(arguments, folder.path());
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(70), "{arguments:?}: {said}");
        let last = said.lines().last().unwrap();
        for way in ["--trust-mirror URL", "--trust-lists DIR", "--trust-snapshot FILE"] {
            assert!(last.contains(way), "{arguments:?}: {said}");
        }
        assert_eq!(said.lines().filter(|line| line.contains("--trust-mirror")).count(), 1, "{said}");
        assert!(!said.contains("panicked"), "{said}");
    }
}
