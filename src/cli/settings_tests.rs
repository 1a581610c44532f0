//! The settings, the example that explains them, and the flags over them.

use super::*;
use crate::cli::config::EXAMPLE;
use crate::config::Keys;
use clap::CommandFactory;
use std::path::Path;

/// The command `serve` with flags, no environment.
#[derive(Debug, clap::Parser)]
struct Serve {
    #[command(flatten)]
    sources: Sources,
}

fn parsed(text: &str) -> Result<Document, Vec<String>> {
    let read = Document::parse::<Settings>(Path::new("sealgate.toml"), text);
    read.map_err(|mistakes| mistakes.iter().map(Mistake::to_string).collect())
}

/// The example with every key that is commented out taken in.
fn whole_example() -> String {
    let is_key = |line: &str| {
        let key = line.split(" = ").next().unwrap_or_default();
        line.contains(" = ") && key.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
    };
    let lines = EXAMPLE.lines().map(|line| match line.strip_prefix("# ") {
        Some(key) if is_key(key) || (key.starts_with("[") && key.ends_with(']')) => key,
        _ => line,
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn the_example_explains_every_key_and_no_other() {
    let mut inside: Vec<String> = Vec::new();
    let document = parsed(&whole_example()).unwrap();
    for key in document.keys() {
        let key = key.replace("[0]", "");
        inside.push(key);
    }
    for key in Keys::of::<Settings>().all() {
        assert!(inside.contains(&key), "deploy/sealgate.toml does not explain {key}");
    }
}

#[test]
fn the_example_as_it_stands_is_what_holds_otherwise() {
    let document = parsed(EXAMPLE).unwrap();
    let settings: Settings = document.values().clone().try_into().unwrap();
    assert_eq!(given(&settings).unwrap(), given(&Settings::defaults()).unwrap());
}

#[test]
fn every_flag_has_its_key_and_its_variable() {
    let command = Serve::command();
    let keys = Keys::of::<Settings>().all();
    let mut flags: Vec<String> = keys.iter().filter_map(|key| flag_of(key)).collect();
    flags.extend(["--config", "--clients", "--listen", "--help"].map(str::to_owned));
    for flag in command.get_arguments() {
        let long = flag.get_long().unwrap();
        assert!(flags.contains(&format!("--{long}")), "--{long} is in no section");
        let variable = match long {
            "help" => continue,
            "trust-cache" => "SEALGATE_CACHE".to_owned(),
            long => format!("SEALGATE_{}", long.to_uppercase().replace('-', "_")),
        };
        assert_eq!(flag.get_env().unwrap(), &*variable);
        let several = matches!(flag.get_action(), clap::ArgAction::Append);
        assert_eq!(flag.get_value_delimiter(), several.then_some('\n'), "{variable}");
    }
    // And each key that is not of one listener or client has its flag.
    let is_of_one = |key: &str| key.starts_with("listen.") || key.starts_with("clients.");
    for key in keys.iter().filter(|key| !is_of_one(key)) {
        assert!(flag_of(key).is_some(), "{key} has no flag");
    }
}

fn effective(flags: &[&str], file: &str) -> Result<Effective, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sealgate.toml");
    std::fs::write(&path, file).unwrap();
    let config = ["serve", "--config", path.to_str().unwrap()];
    let serve = <Serve as clap::Parser>::try_parse_from(config.iter().chain(flags)).unwrap();
    serve.sources.read().map_err(|failure| failure.message.replace(path.to_str().unwrap(), "FILE"))
}

#[test]
fn a_flag_counts_more_than_the_file_and_that_more_than_what_holds_otherwise() {
    let file = "[limits]\nqueue = 7\nmax_body = 9\n[[listen]]\naddress = \"127.0.0.1:1\"\nallow_unauthenticated = true\n\
                [fetch]\noffline = true\n";
    let Settings { limits, listen, fetch, .. } = effective(&["--queue", "3"], file).unwrap().settings;
    assert_eq!((limits.queue, limits.max_body, limits.connections), (Some(3), Some(9), Some(1024)));
    assert_eq!(listen[0].allow_unauthenticated, Some(true));
    assert!(fetch.library().unwrap().is_none());
    let flags = ["--listen", "127.0.0.1:2", "--listen", "unix:/a", "--offline=false"];
    let Settings { listen, fetch, .. } = effective(&flags, file).unwrap().settings;
    let addresses: Vec<String> = listen.iter().map(|one| one.address.as_ref().unwrap().to_string()).collect();
    assert_eq!(addresses, ["127.0.0.1:2", "unix:/a"]);
    assert_eq!(listen[0].allow_unauthenticated, None, "a listener of the file is not one of the flags");
    assert!(fetch.library().unwrap().is_some());
}

fn prepared(flags: &[&str], file: &str) -> Result<Prepared, String> {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let effective = effective(flags, file)?;
    let path = effective.document.as_ref().unwrap().mistake("nothing", "").file;
    let prepared = effective.prepare(&[], runtime.handle().clone());
    prepared.map_err(|failure| failure.message.replace(path.to_str().unwrap(), "FILE"))
}

#[test]
fn a_domain_whose_lists_are_missing_takes_no_other_down() {
    let folder = tempfile::tempdir().unwrap();
    let demo = std::fs::read_to_string("trust-lists/demo.toml").unwrap();
    let path = folder.path().join("other.toml");
    let text = demo.replace("name = \"demo\"", "name = \"other\"");
    assert_ne!(text, demo);
    // The folder of its lists is not beside it.
    std::fs::write(&path, text).unwrap();
    let file = |domains: &[&str]| format!("[trust]\ndomain = {domains:?}\n[fetch]\noffline = true\n");
    let other = path.to_str().unwrap();
    assert!(prepared(&[], &file(&["trust-lists/demo.toml", other])).is_ok());
    assert!(prepared(&[], &file(&[other])).unwrap_err().contains("--trust-lists: "));
    let twice = prepared(&[], &file(&[other, other])).unwrap_err();
    assert!(
        twice.starts_with("FILE:2:1: trust.domain: ") && twice.contains("two trust domains of the name"),
        "{twice}"
    );
}

#[test]
fn what_is_wrong_is_told_where_it_was_said() {
    let file = "[limits]\nbody_memory = 1\n[verification]\npolicy = [\"no-such\"]\n[trust]\ndomain = \"no.toml\"\n\
                [fetch]\nroots = \"no.pem\"\n[[listen]]\naddress = \"0.0.0.0:1\"\n[tls]\nkey = \"k\"\n";
    let said = prepared(&[], file).unwrap_err();
    for expected in [
        "FILE:2:1: limits.body_memory: less than",
        "FILE:4:1: verification.policy: policy: no policy `no-such`",
        "FILE:6:1: trust.domain: ",
        "FILE:8:1: fetch.roots: ",
        "FILE:10:1: listen.address: other machines",
        "--tls-certificate: is missing",
    ] {
        assert!(said.contains(expected), "no {expected:?} in:\n{said}");
    }
    let flags = ["--policy", "other", "--body-memory", "2", "--listen", "0.0.0.0:2"];
    let said = prepared(&flags, file).unwrap_err();
    for expected in
        ["--policy: policy: no policy `other`", "--body-memory: less", "--listen 0.0.0.0:2: other"]
    {
        assert!(said.contains(expected), "no {expected:?} in:\n{said}");
    }
    assert!(
        effective(&[], "[limits]\nqueu = 1")
            .unwrap_err()
            .contains("FILE:2:1: unknown key `queu`; the nearest is `queue`")
    );
}
