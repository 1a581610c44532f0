//! A token in software: SoftHSM, and in front of it a module with moods.

use crate::receipts::{DOMAIN, FILE, Keys};
use crate::server::{AT, Server};
use crate::support::root;
use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

pub(super) const PIN: &str = "246813";
const SO_PIN: &str = "13579246";

/// A token of the label `sealgate`, in a folder of its own.
pub(super) struct Token {
    folder: tempfile::TempDir,
    softhsm: PathBuf,
    pub(super) module: PathBuf,
}

impl Token {
    /// `None` without SoftHSM.
    pub(super) fn new() -> Option<Self> {
        let places =
            ["/usr/lib/softhsm", "/usr/lib/x86_64-linux-gnu/softhsm", "/usr/lib/aarch64-linux-gnu/softhsm"];
        let module = places.iter().map(|place| Path::new(place).join("libsofthsm2.so"));
        let module = module.into_iter().find(|path| path.is_file());
        let tools = ["softhsm2-util", "pkcs11-tool"].iter().all(|tool| {
            let paths = std::env::var_os("PATH").unwrap_or_default();
            std::env::split_paths(&paths).any(|folder| folder.join(tool).is_file())
        });
        let Some(softhsm) = module.filter(|_| tools) else {
            assert!(std::env::var_os("CI").is_none(), "SoftHSM and OpenSC are to be there (.ci/setup)");
            println!("skipped: no SoftHSM or OpenSC (.ci/setup)");
            return None;
        };
        let token = Self { folder: tempfile::tempdir().unwrap(), module: softhsm.clone(), softhsm };
        let tokens = token.path("tokens");
        std::fs::create_dir(&tokens).unwrap();
        let conf = format!("directories.tokendir = {}\nobjectstore.backend = file\n", tokens.display());
        std::fs::write(token.path("softhsm2.conf"), conf).unwrap();
        let label = ["--init-token", "--free", "--label", "sealgate"];
        token.run("softhsm2-util", &[&label[..], &["--so-pin", SO_PIN, "--pin", PIN]].concat());
        token.pin_file("pin", PIN, 0o600);
        Some(token)
    }

    /// The same behind the module with moods.
    pub(super) fn moody() -> Option<Self> {
        let mut token = Self::new()?;
        let (source, module) = (root().join("tests/suite/receipts_token/moody.c"), token.path("moody.so"));
        let made =
            Command::new("cc").args(["-shared", "-fPIC", "-o"]).arg(&module).arg(source).output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        token.module = module;
        Some(token)
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Puts the module into a mood, or takes it out.
    pub(super) fn mood(&self, mood: &str, is: bool) {
        let path = self.path(mood);
        if is { std::fs::write(path, "").unwrap() } else { std::fs::remove_file(path).unwrap() }
    }

    /// How often somebody logged in since the last question.
    pub(super) fn logins(&self) -> usize {
        let log = std::fs::read_to_string(self.path("logins")).unwrap_or_default();
        let _ = std::fs::remove_file(self.path("logins"));
        log.lines().count()
    }

    /// Writes a PIN into a file.
    pub(super) fn pin_file(&self, name: &str, pin: &str, mode: u32) -> String {
        let path = self.path(name);
        std::fs::write(&path, format!("{pin}\n")).unwrap();
        std::fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        path.to_str().unwrap().to_owned()
    }

    pub(super) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.env("SOFTHSM2_CONF", self.path("softhsm2.conf")).current_dir(root());
        command.env("MOODS", self.folder.path()).env("SOFTHSM", &self.softhsm);
        command
    }

    pub(super) fn run(&self, program: &str, arguments: &[&str]) {
        let output = self.command(program).args(arguments).output().unwrap();
        let said = [output.stdout, output.stderr].concat();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&said));
    }

    /// OpenSC's tool, which knows nothing of Sealgate, logged in.
    pub(super) fn opensc(&self, arguments: &[&str]) {
        let module = self.softhsm.to_str().unwrap();
        let begin = ["--module", module, "--token-label", "sealgate", "--login", "--pin", PIN];
        self.run("pkcs11-tool", &[&begin[..], arguments].concat());
    }

    /// Changes the token's PIN, as its owner does at another machine.
    pub(super) fn change_pin(&self, old: &str, new: &str) {
        let module = self.softhsm.to_str().unwrap();
        let begin = ["--module", module, "--token-label", "sealgate", "--login", "--pin", old];
        self.run("pkcs11-tool", &[&begin[..], &["--change-pin", "--new-pin", new]].concat());
    }

    pub(super) fn import(&self, keys: &Keys, label: &str, id: &str) {
        let private = keys.private();
        let what = ["--import", &private, "--token", "sealgate", "--label", label, "--id", id, "--pin", PIN];
        self.run("softhsm2-util", &what);
    }

    pub(super) fn options(&self, token: &str, label: &str, pin_file: &str) -> Vec<String> {
        let module = self.module.to_str().unwrap();
        let pairs = [
            ["--receipt-module", module],
            ["--receipt-token", token],
            ["--receipt-key-label", label],
            ["--receipt-pin-file", pin_file],
        ];
        pairs.concat().into_iter().map(str::to_owned).collect()
    }

    /// The options that are right.
    pub(super) fn right(&self, label: &str) -> Vec<String> {
        self.options("sealgate", label, self.path("pin").to_str().unwrap())
    }

    pub(super) fn verify(&self, options: &[String]) -> Output {
        let mut command = self.command(env!("CARGO_BIN_EXE_sealgate"));
        command.args(["verify", DOMAIN[0], DOMAIN[1], "--offline", "--at", AT, "--format", "json"]);
        command.args(options).arg(FILE).output().unwrap()
    }

    /// A configuration with these values in `[receipt]`.
    pub(super) fn config(&self, [token, label, pin_file]: [&str; 3]) -> PathBuf {
        let (path, module) = (self.path("sealgate.toml"), self.module.display());
        let text = format!(
            "[receipt]\nmodule = \"{module}\"\ntoken = \"{token}\"\nkey_label = \"{label}\"\npin_file = \"{pin_file}\"\n"
        );
        std::fs::write(&path, text).unwrap();
        path
    }

    pub(super) fn serve(&self, options: &[String]) -> Server {
        let mut command = self.command(env!("CARGO_BIN_EXE_sealgate"));
        command.args([
            "serve",
            "--listen",
            "127.0.0.1:0",
            DOMAIN[0],
            DOMAIN[1],
            "--offline",
            "--threads",
            "4",
        ]);
        command.args(options);
        Server::spawn(command)
    }
}
