//! Writes the demonstration domain: `generate-demo OUT [REFERENCE-TIME]`.
//!
//! `OUT/trust-lists/demo.toml`, `OUT/trust-lists/demo/` and `OUT/examples/` are replaced. Keys are fresh in each
//! run and never written.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a development tool that stops at the first error"
)]

#[path = "mod.rs"]
mod demo;
mod many;

use demo::{Demo, Options, examples, key};
use sealgate::time::Time;
use serde_json::json;
use std::fs;
use std::path::Path;

/// Everything committed was made as of this moment.
const REFERENCE: &str = "2026-08-01T00:00:00Z";

fn main() {
    let mut arguments = std::env::args().skip(1);
    let Some(out) = arguments.next() else {
        eprintln!("usage: generate-demo OUT [REFERENCE-TIME] | --many OUT KIND=COUNT...");
        std::process::exit(64);
    };
    if out == "--many" {
        let out = arguments.next().expect("OUT");
        let reference = Time::parse_rfc3339(REFERENCE).unwrap();
        return many::write(reference, Path::new(&out), &arguments.collect::<Vec<_>>());
    }
    let reference = arguments.next().unwrap_or_else(|| REFERENCE.to_owned());
    let reference = Time::parse_rfc3339(&reference).expect("REFERENCE-TIME as RFC 3339");
    let demo = Demo::generate(&Options::at(reference));
    let out = Path::new(&out);
    write_lists(&demo, &out.join("trust-lists"));
    write_examples(&demo, &out.join("examples"));
}

fn write_lists(demo: &Demo, folder: &Path) {
    write(&folder.join("demo.toml"), demo.domain().as_bytes());
    let mut index = Vec::new();
    for list in &demo.lists {
        let bytes = &demo.by_url[&list.url];
        let (file, role) = if list.is_list_of_lists() {
            ("lotl.xml".to_owned(), "lotl".to_owned())
        } else {
            (format!("{}.xml", list.territory), format!("tl:{}", list.territory))
        };
        write(&folder.join("demo").join(&file), bytes);
        let sha256 = hex::encode(key::sha256(bytes));
        index.push(json!({
            "url": list.url, "file": file, "role": role, "sha256": sha256, "bytes": bytes.len()
        }));
    }
    let index = serde_json::to_string_pretty(&index).unwrap() + "\n";
    write(&folder.join("demo").join("index.json"), index.as_bytes());
}

fn write_examples(demo: &Demo, folder: &Path) {
    let made = demo.examples();
    for example in &made {
        write(&folder.join(&example.path), &example.bytes);
    }
    let expected = serde_json::to_string_pretty(&examples::expected(&made)).unwrap() + "\n";
    write(&folder.join("expected.json"), expected.as_bytes());
}

fn write(path: &Path, bytes: &[u8]) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}
