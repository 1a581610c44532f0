//! Traces over OTLP: what a collector gets of a request, and that none, whatever it does, comes in a request's way.

use crate::server::{Server, wait_until};
use crate::support::root;
use std::process::Command;

#[cfg(feature = "otlp")]
mod collector;
#[cfg(feature = "otlp")]
mod exported;
#[cfg(feature = "otlp")]
mod failing;

/// A server with these variables besides.
fn serve(variables: &[(&str, &str)], arguments: &[&str]) -> Server {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sealgate"));
    command
        .current_dir(root())
        .args(["serve", "--listen", "127.0.0.1:0", "--trust-domain", "trust-lists/demo.toml", "--offline"])
        .args(arguments)
        .envs(variables.iter().copied());
    let server = Server::spawn(command);
    wait_until(|| server.get("/readyz").status == 200);
    server
}

#[cfg(not(feature = "otlp"))]
#[test]
fn a_collector_that_is_named_to_a_build_without_the_feature_is_warned_of_once() {
    let lines = |server: &Server| {
        let log = server.log();
        log.lines().filter(|line| line.contains("otlp") || line.contains("OTEL")).map(str::to_owned).collect()
    };
    for name in ["OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"] {
        let told: Vec<String> = lines(&serve(&[(name, "http://user:secret@localhost:1")], &[]));
        let [line] = &*told else { panic!("{told:?}") };
        let why = format!("{name} is set, but this build is without the feature `otlp`: no traces");
        assert!(line.contains(" WARN ") && line.contains(&why) && !line.contains("secret"), "{line}");
    }
    let name = "OTEL_EXPORTER_OTLP_ENDPOINT";
    for quiet in [
        &[][..],
        &[(name, "")],
        &[(name, "http://localhost:1"), ("OTEL_SDK_DISABLED", "TRUE")],
        &[(name, "http://localhost:1"), ("OTEL_TRACES_EXPORTER", "none")],
        &[("OTEL_SERVICE_NAME", "gateway")],
    ] {
        let told: Vec<String> = lines(&serve(quiet, &[]));
        assert_eq!(told, [""; 0], "{quiet:?}");
    }
}
