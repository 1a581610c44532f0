//! A stage imports only stages before it.

use std::path::Path;

/// The order of `src/`; base modules first. `pipeline` sees every stage up to `report`.
const ORDER: [&str; 26] = [
    "catalogue",
    "time",
    "clock",
    "recorder",
    "disk",
    "finding",
    "excerpt",
    "nearest",
    "format",
    "signature",
    "outside",
    "certificate",
    "trust",
    "revocation",
    "timestamp",
    "validation",
    "credential",
    "report",
    "pipeline",
    "receipt",
    "fetch",
    "sync",
    "http",
    "config",
    "cli",
    "main",
];

#[test]
fn a_stage_imports_only_stages_before_it() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    walk(&src, &mut files);
    assert!(files.len() > 30, "only {} source files found", files.len());
    let mut wrong = Vec::new();
    for file in files {
        let inside = file.strip_prefix(&src).unwrap();
        let room = inside.iter().next().unwrap().to_str().unwrap().trim_end_matches(".rs");
        if room == "lib" {
            continue;
        }
        let place = place_of(room).unwrap_or_else(|| panic!("{room} has no place in the order"));
        let text = std::fs::read_to_string(&file).unwrap();
        let code: String = text
            .lines()
            .map(str::trim)
            .filter(|line| !line.starts_with("//"))
            .flat_map(|line| [line, " "])
            .collect();
        for name in imported(&code) {
            if place_of(&name).is_some_and(|other| other > place) {
                wrong.push(format!("{} imports {name}", inside.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "imports against the order:\n{}", wrong.join("\n"));
}

fn place_of(room: &str) -> Option<usize> {
    ORDER.iter().position(|name| *name == room)
}

/// The rooms that code names as `crate::room` or in `use crate::{room::..., room}`.
fn imported(code: &str) -> Vec<String> {
    let mut rooms = Vec::new();
    for (at, found) in code.match_indices("crate::") {
        let rest = &code[at + found.len()..];
        match rest.strip_prefix('{') {
            Some(list) => rooms.extend(top_level_parts(list).iter().map(|part| first_name(part))),
            None => rooms.push(first_name(rest)),
        }
    }
    rooms
}

fn first_name(text: &str) -> String {
    text.trim().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

/// What stands between commas up to the closing brace, nested braces kept whole.
fn top_level_parts(list: &str) -> Vec<&str> {
    let (mut parts, mut depth, mut start) = (Vec::new(), 0, 0);
    for (at, c) in list.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => {
                parts.push(&list[start..at]);
                break;
            }
            '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&list[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts
}

#[test]
fn imports_are_seen_in_every_way_they_are_written() {
    let code =
        "use crate::{http::{self, Admission}, cli}; let x = crate::trust::Snapshot; use crate::time::Time;";
    assert_eq!(imported(code), ["http", "cli", "trust", "time"]);
}

fn walk(folder: &Path, files: &mut Vec<std::path::PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            walk(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}
