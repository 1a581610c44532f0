//! A worker that panics. Nothing that a client can send makes one: a register that does is put in beside the real ones.

use crate::server::{AT, Answer};
use crate::support::{demo_pipeline, root};
use sealgate::credential::accreditation::{Found, Query, Register, Registers};
use sealgate::http::{
    Admission, Batches, BodyMemory, Bounds, Clients, ClientsSettings, Conditions, Endpoint, Listener,
    Metrics, Policies, Service, UnixAccess,
};
use sealgate::report::AcceptancePolicy;
use sealgate::validation::Policy;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

/// Threads that verify.
const THREADS: usize = 2;

#[derive(Debug)]
struct Panicking;

impl Register for Panicking {
    fn name(&self) -> &str {
        "panicking"
    }

    fn find(&self, _: &Query) -> Found {
        panic!("injected")
    }
}

/// A service in this process, with such a register.
fn service() -> Service {
    let bounds = Bounds::default();
    let pipeline = demo_pipeline().with_policy(Arc::new(Policy::default()));
    let policies = Policies {
        validation: vec![Arc::new(Policy::default())],
        acceptance: vec![Arc::new(AcceptancePolicy::default())],
    };
    let clients = Clients::new(&ClientsSettings::local_only(), &policies.names()).unwrap();
    Service {
        pipeline: arc_swap::ArcSwapOption::from_pointee(pipeline),
        policies: arc_swap::ArcSwap::from_pointee(policies),
        library: None,
        registers: Registers { at_hand: vec![Arc::new(Panicking)], services: Vec::new() },
        signer: arc_swap::ArcSwapOption::empty(),
        clients,
        admission: Admission::new(THREADS, 10).unwrap(),
        memory: BodyMemory::new(&bounds),
        batches: Batches::default(),
        metrics: Metrics::new().unwrap(),
        bounds,
        leaving: AtomicBool::new(false),
        ending: AtomicBool::new(false),
    }
}

#[test]
fn a_worker_that_panics_costs_its_request_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let bad = crate::accreditation::accredited_jws(folder.path());
    let sound = std::fs::read_to_string(root().join("examples/sound/b-compact.jwt")).unwrap();
    let listener = Listener::bind(&"127.0.0.1:0".parse().unwrap(), UnixAccess::default()).unwrap();
    let address = listener.address().unwrap().to_string();
    let (end, ended) = tokio::sync::oneshot::channel::<()>();
    let serving = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        runtime.unwrap().block_on(async {
            let end = async {
                let _ = ended.await;
            };
            let endpoint = Endpoint { listener, conditions: Conditions::default(), after: None };
            sealgate::http::serve(vec![endpoint], Arc::new(service()), end).await
        })
    });
    let mut stream = TcpStream::connect(&address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let mut ask = |body: &str| {
        let length = body.len();
        let head = format!("POST /v1/verify?at={AT} HTTP/1.1\r\nhost: x\r\ncontent-length: {length}\r\n\r\n");
        stream.write_all(&[head.as_bytes(), body.as_bytes()].concat()).unwrap();
        Answer::read(&mut stream).unwrap()
    };
    // More than there are threads, on one connection: none is lost.
    for _ in 0..3 * THREADS {
        let broken = ask(&bad);
        assert_eq!((broken.status, &broken.json()["status"]), (500, &500.into()));
        assert!(broken.head.contains("application/problem+json"), "{}", broken.head);
        assert_eq!(ask(&sound).json()["verdict"], "passed");
    }
    // In a batch it costs its line.
    let line = |id: usize, credential: &str| {
        let text = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, credential);
        format!("{{\"id\":{id},\"credential_base64\":\"{text}\"}}\n")
    };
    let lines: String = (0..20).map(|id| line(id, if id % 2 == 0 { &sound } else { &bad })).collect();
    let mut batch = TcpStream::connect(&address).unwrap();
    write!(batch, "POST /v1/verify/batch?at={AT} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{lines}", lines.len()).unwrap();
    let mut text = String::new();
    batch.read_to_string(&mut text).unwrap();
    for id in 0..20 {
        let begin = format!("{{\"id\":{id},\"line\":{},", id + 1);
        let answer = text
            .lines()
            .find_map(|line| line.strip_prefix(&*begin))
            .unwrap_or_else(|| panic!("{id}: {text}"));
        let expected = if id % 2 == 0 {
            "\"verdict\":{"
        } else {
            "\"problem\":{\"type\":\"about:blank\",\"title\":\"Internal Server Error\",\"status\":500"
        };
        assert!(answer.starts_with(expected), "{answer}");
    }
    end.send(()).unwrap();
    serving.join().unwrap().unwrap();
}
