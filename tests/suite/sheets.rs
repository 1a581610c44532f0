//! Reports for people, held against readers that share nothing with the project: poppler, qpdf, Python's csv module. What
//! validators of PDF/A and HTML say of them is held by `tests/reports/run.sh`.

use crate::server::{AT, Answer, Server, examples, verify_command};
use crate::shapes::oracle;
use crate::support::{demo_pipeline, root};
use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use sealgate::catalogue::Language;
use sealgate::finding::Status;
use sealgate::pipeline::Request;
use sealgate::report::{CSV_COLUMNS, Verdict, write_csv, write_csv_head, write_html};
use sealgate::time::Time;
use serde_json::Value;
use std::collections::BTreeSet;
use std::io::Write;
use std::process::{Command, Output, Stdio};

/// With what reports name, in this language.
fn verdict(bytes: &[u8], language: Language) -> Verdict {
    let time = Time::parse_rfc3339(AT).unwrap();
    let request = Request { evidence: true, lang: Some(language.tag()), ..Request::at(time) };
    demo_pipeline().verify(bytes, &request)
}

fn example(name: &str) -> Vec<u8> {
    std::fs::read(root().join("examples").join(name)).unwrap()
}

fn html(verdict: &Verdict, language: Language) -> String {
    let mut out = Vec::new();
    write_html(verdict, language, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// A credential whose every text was changed into this one after it was sealed.
fn saying(text: &str) -> Vec<u8> {
    fn change(value: &mut Value, text: &str) {
        match value {
            Value::Array(all) => all.iter_mut().for_each(|one| change(one, text)),
            Value::Object(members) => {
                for (key, one) in members {
                    match one {
                        Value::String(said) if key.len() == 2 && key != "id" => *said = text.to_owned(),
                        Value::String(said) if key == "notation" => *said = text.to_owned(),
                        other => change(other, text),
                    }
                }
            }
            _ => {}
        }
    }
    let sealed = String::from_utf8(example("sound/b-compact.jwt")).unwrap();
    let [header, payload, value] = sealed.trim().split('.').collect::<Vec<_>>().try_into().unwrap();
    let mut credential = serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap();
    change(&mut credential, text);
    let payload = BASE64_URL_SAFE_NO_PAD.encode(serde_json::to_vec(&credential).unwrap());
    format!("{header}.{payload}.{value}").into_bytes()
}

/// What a tool prints of a file; `None` with a printed line where there is no such tool.
fn told(test: &str, tool: &str, arguments: &[&str], file: &[u8]) -> Option<Output> {
    let scratch = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(scratch.path(), file).unwrap();
    let path = scratch.path().to_str().unwrap();
    let arguments: Vec<&str> = arguments.iter().map(|one| if *one == "FILE" { path } else { one }).collect();
    let output = Command::new(tool).args(arguments).output();
    if output.is_err() {
        println!("skipped: {test}: no {tool}");
        assert!(std::env::var("CI").is_err(), "{tool} is installed by .ci/setup");
    }
    output.ok()
}

/// The text between the tags of a report in HTML, without white space.
fn text_of_html(html: &str) -> String {
    let mut text = String::new();
    for piece in html.split_once("<main>").unwrap().1.split('<').skip(1) {
        text.push_str(piece.split_once('>').unwrap().1);
    }
    let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&");
    text.split_whitespace().collect()
}

#[test]
fn reports_for_people_are_in_every_language_and_run_nothing() {
    let bytes = example("sound/lta-qualified.jsonld");
    let mut answers = BTreeSet::new();
    for language in Language::ALL {
        let verdict = verdict(&bytes, language);
        let html = html(&verdict, language);
        assert!(html.contains(&format!("<html lang=\"{}\">", language.tag())));
        assert!(!html.contains("<script") && !html.contains("src=") && !html.contains("href="));
        for said in [&*hex(&bytes), &verdict.trust.snapshot, &verdict.policy, "Meadowgate University"] {
            assert!(html.contains(said), "{language:?}: {said}");
        }
        let answer = html.split("<p class=\"answer passed\">").nth(1).unwrap().split("</p>").next().unwrap();
        assert!(answer.contains("Meadowgate University") && !answer.contains('{'), "{answer}");
        answers.insert(answer.to_owned());
    }
    assert_eq!(answers.len(), 8);
}

#[test]
fn what_a_credential_says_stays_text() {
    let hostile = "<script>alert(1)</script><img src=x onerror='alert(1)'>\"><style>*{}</style>&lt;b&gt;<!-- \u{202e}\0";
    let page = html(&verdict(&saying(hostile), Language::English), Language::English);
    let said = "&lt;script&gt;alert(1)&lt;/script&gt;&lt;img src=x onerror=";
    assert!(page.matches(said).count() > 3, "{page}");
    assert!(page.contains("&amp;lt;b&amp;gt;&lt;!-- ") && !page.contains('\u{202e}') && !page.contains('\0'));
    // No element or attribute but those of the report.
    let known: BTreeSet<&str> = [
        "!DOCTYPE html",
        "html",
        "html lang=\"en\"",
        "head",
        "meta charset=\"utf-8\"",
        "meta name=\"viewport\" content=\"width=device-width\"",
        "title",
        "style",
        "body",
        "main",
        "h1",
        "h2",
        "p",
        "p class=\"answer failed\"",
        "dl",
        "dt",
        "dd",
        "table",
        "caption",
        "colgroup",
        "thead",
        "tbody",
        "tr",
        "th",
        "th scope=\"col\"",
        "th scope=\"row\"",
        "td",
    ]
    .into();
    for piece in page.split('<').skip(1) {
        let tag = piece.split_once('>').unwrap().0.trim_start_matches('/');
        let width = tag.strip_prefix("col style=\"width:").and_then(|rest| rest.strip_suffix("%\""));
        let known = known.contains(tag) || width.is_some_and(|share| share.parse::<u8>().is_ok());
        assert!(known, "<{tag}>");
    }
}

/// Everything that is read of a tagged PDF by its tags, and in their order.
#[cfg(feature = "pdf")]
fn text_by_tags(test: &str, pdf: &[u8]) -> Option<String> {
    let output = told(test, "pdfinfo", &["-struct-text", "FILE"], pdf)?;
    assert!(output.status.success(), "{output:?}");
    // The titles of headings, which it writes as they stand in the file, are no UTF-8.
    let output = String::from_utf8_lossy(&output.stdout);
    let quoted = output.lines().filter_map(|line| line.trim().strip_prefix('"')?.strip_suffix('"'));
    Some(quoted.flat_map(str::chars).filter(|c| !c.is_whitespace()).collect())
}

#[cfg(feature = "pdf")]
#[test]
fn a_pdf_report_says_what_the_html_says_in_every_language() {
    let test = "a_pdf_report_says_what_the_html_says_in_every_language";
    for language in Language::ALL {
        for file in ["sound/b-compact.jwt", "broken/elm-v2-payload-altered.xml"] {
            let verdict = verdict(&example(file), language);
            let pdf = sealgate::report::pdf(&verdict, language).unwrap();
            let Some(text) = text_by_tags(test, &pdf) else { return };
            assert_eq!(text, text_of_html(&html(&verdict, language)), "{language:?}: {file}");
        }
    }
    // Foreign letters are replaced where they stand, and that is said.
    let verdict = verdict(&saying("\u{5b66}\u{4f4d} \u{5d0}\u{200b} Łódź Ξένη"), Language::Polish);
    let pdf = sealgate::report::pdf(&verdict, Language::Polish).unwrap();
    let Some(text) = text_by_tags(test, &pdf) else { return };
    let shown = text_of_html(&html(&verdict, Language::Polish));
    let replaced: String = shown
        .chars()
        .map(|c| if ['\u{5b66}', '\u{4f4d}', '\u{5d0}', '\u{200b}'].contains(&c) { '\u{fffd}' } else { c })
        .collect();
    assert!(replaced.contains("\u{fffd}\u{fffd}\u{fffd}\u{fffd}ŁódźΞένη"));
    let note: String = Language::Polish.text("report.letters").split_whitespace().collect();
    assert_eq!(text, replaced + &note);
}

#[cfg(feature = "pdf")]
#[test]
fn a_pdf_report_names_what_it_rests_on() {
    let test = "a_pdf_report_names_what_it_rests_on";
    let bytes = example("sound/lta-qualified.jsonld");
    let verdict = verdict(&bytes, Language::Greek);
    let pdf = sealgate::report::pdf(&verdict, Language::Greek).unwrap();
    let Some(text) = text_by_tags(test, &pdf) else { return };
    let Some(digest) = told(test, "sha256sum", &["FILE"], &bytes) else { return };
    let digest = String::from_utf8(digest.stdout).unwrap()[..64].to_owned();
    assert!(verdict.trust.snapshot.starts_with("sha256:") && verdict.trust.snapshot.len() == 71);
    for said in [&*digest, &verdict.trust.snapshot, &verdict.policy, "2026-11-2200:00:00UTC"] {
        assert!(text.contains(said), "{said}");
    }
    let Some(about) = told(test, "pdfinfo", &["FILE"], &pdf) else { return };
    let about = String::from_utf8(about.stdout).unwrap();
    let has = |name: &str, value: &str| {
        about.lines().any(|line| {
            line.strip_prefix(name)
                .and_then(|rest| rest.strip_prefix(':'))
                .is_some_and(|rest| rest.trim() == value)
        })
    };
    assert!(has("Title", "Έκθεση επαλήθευσης") && has("Tagged", "yes") && has("JavaScript", "no"), "{about}");
    // What is below each page repeats the digest, and is no content.
    let Some(shown) = told(test, "pdftotext", &["FILE", "-"], &pdf) else { return };
    let shown = String::from_utf8(shown.stdout).unwrap();
    let pages = shown.matches('\u{c}').count();
    assert!(pages > 1 && shown.matches(&format!("SHA-256 {digest}")).count() == pages, "{shown}");
    assert!(!text.contains(&format!("SHA-256{digest}")));
    let Some(xmp) = told(test, "pdfinfo", &["-meta", "FILE"], &pdf) else { return };
    let xmp = String::from_utf8(xmp.stdout).unwrap();
    for said in ["pdfaid:part>2<", "pdfaid:conformance>A<", "pdfuaid:part>1<"] {
        assert!(xmp.contains(said), "{said}: {xmp}");
    }
    let Some(json) = told(test, "qpdf", &["--json", "FILE"], &pdf) else { return };
    let json: Value = serde_json::from_slice(&json.stdout).unwrap();
    assert!(json.to_string().contains("\"/Lang\":\"u:el\""));
}

#[cfg(feature = "pdf")]
#[test]
fn a_pdf_report_is_the_same_whenever_it_is_made() {
    for file in examples() {
        let verdict = verdict(&std::fs::read(&file).unwrap(), Language::Greek);
        let first = sealgate::report::pdf(&verdict, Language::Greek).unwrap();
        assert!(first.starts_with(b"%PDF-1.7"), "{}", file.display());
        assert!(first == sealgate::report::pdf(&verdict, Language::Greek).unwrap(), "{}", file.display());
    }
    // Text of any kind and length finds a place.
    let mut verdict = verdict(b"no credential", Language::English);
    let error = format!("{} \u{5d0}\u{4e2d}\0\u{301}\u{202e}{}", "x".repeat(5000), "y z ".repeat(3000));
    verdict.error = Some(error.into());
    assert!(sealgate::report::pdf(&verdict, Language::English).is_ok());
}

#[test]
fn the_service_gives_the_same_reports_in_the_language_that_is_wanted() {
    let server = Server::start(&[]);
    let credential = example("sound/lta-qualified.jsonld");
    let ask = |accept: &str, language: &str, query: &str| {
        let mut stream = server.connect();
        let length = credential.len();
        let head = format!(
            "POST /v1/verify?at={AT}{query} HTTP/1.1\r\nhost: x\r\naccept: {accept}\r\naccept-language: {language}\r\n\
             content-length: {length}\r\n\r\n"
        );
        stream.write_all(&[head.as_bytes(), &credential].concat()).unwrap();
        Answer::read(&mut stream).unwrap()
    };
    for (accepted, query, language) in [
        ("el, en;q=0.5", "", Language::Greek),
        ("el", "&lang=pl", Language::Polish),
        ("fr", "&lang=nl", Language::French),
        ("de", "&lang=nl", Language::German),
        ("nl", "", Language::English),
    ] {
        let lang = if query.is_empty() { language.tag() } else { &query[6..] };
        let time = Time::parse_rfc3339(AT).unwrap();
        let request = Request { evidence: true, lang: Some(lang), ..Request::at(time) };
        let verdict = demo_pipeline().verify(&credential, &request);
        let answer = ask("text/html", accepted, query);
        assert_eq!(answer.status, 200);
        for header in [
            "content-type: text/html; charset=utf-8",
            &format!("content-language: {}", language.tag()),
            "vary: accept, accept-language",
            "content-security-policy: default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; \
             frame-ancestors 'none'; sandbox",
            "x-content-type-options: nosniff",
        ] {
            assert!(answer.head.contains(&format!("\r\n{header}\r\n")), "{header}: {}", answer.head);
        }
        assert!(answer.body == html(&verdict, language).as_bytes(), "{language:?}");
        // All of it is in one language, whichever of the two named it.
        let text = text_of_html(std::str::from_utf8(&answer.body).unwrap());
        let unsaid = demo_pipeline().verify(&credential, &Request::at(time));
        let findings = unsaid.seals.iter().flat_map(|seal| &seal.findings);
        let details = findings.filter(|one| one.status != Status::NotRun).map(|one| &one.detail);
        let reasons = unsaid.credential.iter().flat_map(|one| &one.checks).map(|one| &one.reason);
        for words in details.chain(reasons) {
            let said: String = words.text(language).split_whitespace().collect();
            assert!(text.contains(&said), "{accepted}, {query}: {words}");
        }
        #[cfg(feature = "pdf")]
        {
            let answer = ask("application/pdf", accepted, query);
            assert!(answer.head.contains("\r\ncontent-type: application/pdf\r\n"), "{}", answer.head);
            assert!(answer.body == sealgate::report::pdf(&verdict, language).unwrap(), "{language:?}");
        }
    }
    // ETSI's form is in English, whatever is asked for; JSON is in a language only where `lang` names it.
    let etsi = ask("application/xml", "de", "&lang=de");
    assert!(etsi.body == ask("application/xml", "en", "").body && !etsi.head.contains("content-language"));
    for (query, language) in [("&lang=de-AT", Some("de")), ("&lang=nl", None), ("", None)] {
        let head = ask("application/json", "el", query).head;
        let named = head.lines().find_map(|line| line.strip_prefix("content-language: "));
        assert_eq!(named, language, "{query}: {head}");
    }
}

/// Rows as Python reads them: names of columns to values.
fn rows(csv: &[u8]) -> Option<Vec<Value>> {
    let python = oracle(&["csv"])?;
    let script = "import csv,io,json,sys\n\
                  text = sys.stdin.buffer.read().decode('utf-8')\n\
                  print(json.dumps(list(csv.DictReader(io.StringIO(text, newline=''), strict=True))))";
    let mut running = Command::new(python)
        .args(["-c", script])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    running.stdin.take().unwrap().write_all(csv).unwrap();
    let output = running.wait_with_output().unwrap();
    assert!(output.status.success());
    Some(serde_json::from_slice(&output.stdout).unwrap())
}

#[test]
fn python_reads_the_table_as_it_was_written() {
    let mut csv = Vec::new();
    write_csv_head(&mut csv).unwrap();
    let mut verdicts: Vec<Verdict> = Vec::new();
    for file in examples() {
        let mut verdict = verdict(&std::fs::read(&file).unwrap(), Language::English);
        verdict.file = Some(format!("{}, \"copy\"", file.display()));
        verdicts.push(verdict);
    }
    for text in [
        "=HYPERLINK(\"http://x\",\"y\")",
        "+1",
        "-2+3",
        "@SUM(A1)",
        "\t=1",
        "\r\n=1",
        "x;=1;\"-1",
        "a,\"b\"\r\nc",
    ] {
        let mut verdict = verdict(&saying(text), Language::English);
        verdict.file = Some(text.to_owned());
        verdicts.push(verdict);
    }
    verdicts.iter().for_each(|verdict| write_csv(verdict, &mut csv).unwrap());
    // RFC 4180, 2.1: lines end in CRLF, and as no field has a line's end in it, nothing else does.
    let text = String::from_utf8(csv.clone()).unwrap();
    assert!(text.ends_with("\r\n") && text.matches('\n').count() == text.matches("\r\n").count());
    assert_eq!(text.matches('\n').count(), verdicts.len() + 1);
    let Some(rows) = rows(&csv) else { return };
    assert_eq!(rows.len(), verdicts.len());
    for (row, verdict) in rows.iter().zip(&verdicts) {
        let json: Value = serde_json::from_str(&verdict.to_json()).unwrap();
        let row = row.as_object().unwrap();
        assert!(row.keys().eq(CSV_COLUMNS.iter()), "{row:?}");
        assert_eq!(row["verdict"], json["verdict"]);
        assert_eq!(row["decision"], json["decision"]["outcome"]);
        assert_eq!(row["validation_time"], json["validation_time"]);
        assert_eq!(row["seals"].as_str().unwrap().parse::<usize>().unwrap() > 0, row["indication"] != "");
        for cell in row.values() {
            let cell = cell.as_str().unwrap();
            for field in cell.split(';') {
                let first = field.trim_start_matches([' ', '"']).chars().next();
                assert!(!first.is_some_and(|c| "=+-@\t\r".contains(c)), "{cell}");
            }
        }
        let file = verdict.file.as_deref().unwrap();
        if file.ends_with("\"copy\"") {
            assert_eq!(row["file"], file);
        }
    }
    let sound = rows.iter().find(|row| row["file"].as_str().unwrap().contains("lta-qualified")).unwrap();
    for (column, value) in [
        ("indication", "TOTAL-PASSED"),
        ("qualification", "QESeal"),
        ("level", "JAdES-BASELINE-LTA"),
        ("error", ""),
    ] {
        assert_eq!(sound[column], value);
    }
    assert_eq!(rows.last().unwrap()["title"], "a,\"b\"  c");
}

#[test]
fn a_batch_can_be_a_table() {
    let server = Server::start(&[]);
    let mut body = Vec::new();
    for (id, file) in
        [("=cmd|' /C calc'!A0", "sound/b-compact.jwt"), ("two", "broken/payload-altered.jsonld")]
    {
        let text = BASE64_STANDARD.encode(example(file));
        body.extend(format!("{}\n", serde_json::json!({"id": id, "credential_base64": text})).into_bytes());
    }
    body.extend(b"no line\n");
    let mut stream = server.connect();
    let length = body.len();
    // HTTP/1.0 knows no chunks.
    let head = format!(
        "POST /v1/verify/batch?at={AT} HTTP/1.0\r\nhost: x\r\naccept: text/csv\r\ncontent-length: {length}\r\n\r\n"
    );
    stream.write_all(&[head.as_bytes(), &body].concat()).unwrap();
    let mut answer = String::new();
    std::io::Read::read_to_string(&mut stream, &mut answer).unwrap();
    let (head, table) = answer.split_once("\r\n\r\n").unwrap();
    let head = head.to_ascii_lowercase();
    assert!(head.contains("content-type: text/csv; charset=utf-8; header=present"), "{head}");
    assert!(head.contains("vary: accept, accept-language"), "{head}");
    let Some(rows) = rows(table.as_bytes()) else { return };
    assert_eq!(rows.len(), 3, "{answer}");
    let of = |file: &str| rows.iter().find(|row| row["file"] == file).unwrap();
    assert_eq!(of("'=cmd|' /C calc'!A0")["verdict"], "passed");
    assert_eq!((&of("two")["verdict"], &of("two")["indication"]), (&"failed".into(), &"TOTAL-FAILED".into()));
    assert_eq!(of("3")["verdict"], "");
    assert!(of("3")["error"].as_str().unwrap().contains("line"), "{answer}");
}

/// SHA-256 in hexadecimal.
fn hex(bytes: &[u8]) -> String {
    sealgate::signature::algorithm::identity(bytes).iter().map(|octet| format!("{octet:02x}")).collect()
}

#[test]
fn the_command_line_writes_reports_for_people() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().to_str().unwrap();
    let files = ["examples/sound/b-compact.jwt", "examples/broken/payload-altered.jsonld"];
    let formats: &[&str] = if cfg!(feature = "pdf") { &["html", "pdf"] } else { &["html"] };
    for format in formats {
        let done = verify_command(
            &[&["--format", format, "--language", "el", "--output", out][..], &files].concat(),
        );
        assert_eq!((done.status.code(), done.stdout.len()), (Some(1), 0), "{done:?}");
        let written = std::fs::read(folder.path().join(format!("b-compact.jwt.{format}"))).unwrap();
        assert!(folder.path().join(format!("payload-altered.jsonld.{format}")).exists());
        // One report alone is printed, and is the same in another process.
        let printed = verify_command(&["--format", format, "--lang", "el", files[0]]);
        assert!(printed.status.success() && printed.stdout == written, "{format}");
    }
    let refused = verify_command(&["--format", "html", "--lang", "xx", files[0]]);
    assert_eq!(refused.status.code(), Some(64));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("en, de, fr"), "{refused:?}");
    let table = verify_command(&[&["--format", "csv"][..], &files].concat());
    assert_eq!(table.status.code(), Some(1));
    let Some(rows) = rows(&table.stdout) else { return };
    let verdicts: Vec<&str> = rows.iter().map(|row| row["verdict"].as_str().unwrap()).collect();
    assert_eq!(verdicts, ["passed", "failed"]);
    assert!(rows.iter().zip(files).all(|(row, file)| row["file"] == file), "{rows:?}");
}
