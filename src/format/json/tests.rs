use super::*;
use proptest::prelude::*;

fn read(text: &str) -> Result<Value<'_>, Unreadable> {
    parse(text.as_bytes(), &Limits::default())
}

fn same(ours: &Value<'_>, theirs: &serde_json::Value) -> bool {
    match (ours, theirs) {
        (Value::Null, serde_json::Value::Null) => true,
        (Value::Bool(a), serde_json::Value::Bool(b)) => a == b,
        (Value::Number(a), serde_json::Value::Number(b)) => {
            // serde_json is off by a last place now and then.
            let (a, b) = (a.parse::<f64>().unwrap(), b.as_f64().unwrap());
            (a - b).abs() <= a.abs() * 1e-15
        }
        (Value::String(a), serde_json::Value::String(b)) => a == b,
        (Value::Array(a), serde_json::Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        (Value::Object(a), serde_json::Value::Object(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|((n, a), (m, b))| n == m && same(a, b))
        }
        _ => false,
    }
}

/// Both readers accept or both refuse, and what they accept is equal; duplicates, depth and a byte order mark
/// are where ours differs on purpose.
fn agree(bytes: &[u8]) {
    let ours = parse(bytes, &Limits::default());
    let theirs = serde_json::from_slice::<serde_json::Value>(bytes);
    match (ours, theirs) {
        (Ok(ours), Ok(theirs)) => assert!(same(&ours, &theirs), "{ours:?} {theirs:?}"),
        (Err(_), Err(_)) => {}
        (Err(error), Ok(_)) => assert!(
            error.to_string().contains("stands twice") || matches!(error, Unreadable::OverLimit(..)),
            "{error}"
        ),
        (Ok(value), Err(error)) => {
            let theirs_gives_up =
                error.to_string().contains("out of range") || bytes.starts_with(b"\xef\xbb\xbf");
            assert!(theirs_gives_up, "{value:?} {error}");
        }
    }
}

#[test]
fn numbers_are_kept_as_text() {
    let text = "[0, -0, 1e400, 123456789012345678901234567890, 0.1000]";
    let numbers = ["0", "-0", "1e400", "123456789012345678901234567890", "0.1000"];
    assert_eq!(read(text).unwrap(), Value::Array(numbers.map(Value::Number).into()));
    for bad in ["01", "-", "1.", ".5", "1e", "+1", "1e+", "NaN", "Infinity", "0x1"] {
        assert!(read(bad).is_err(), "{bad}");
    }
}

#[test]
fn a_duplicate_is_named_with_its_position() {
    let error = read(r#"{"a": 1, "b": {"a": 2}, "\u0061": 3}"#).unwrap_err();
    assert_eq!(error.to_string(), "malformed JSON: the member \"a\" stands twice, at byte 24");
    let many: String = (0..500).map(|n| format!("\"{n}\":0,")).collect();
    assert!(read(&format!("{{{many}\"500\":0}}")).is_ok());
    let error = read(&format!("{{{many}\"77\":0}}")).unwrap_err();
    assert!(error.to_string().contains("\"77\" stands twice"), "{error}");
    let mut reader = Reader::new(br#"{"x": {"a": 1, "a": 1}}"#, &Limits::default()).unwrap();
    assert!(reader.skip().is_err());
}

#[test]
fn names_in_sibling_objects_do_not_clash() {
    assert!(read(r#"[{"a":{"a":1},"b":[{"a":1},{"a":2}]},{"a":1,"b":{}}]"#).is_ok());
}

#[test]
fn escapes_and_surrogates() {
    assert_eq!(
        read(r#""\"\\\/\b\f\n\r\t\u00e9\ud83c\udf93x""#).unwrap().as_str(),
        Some("\"\\/\u{8}\u{c}\n\r\té🎓x")
    );
    for bad in
        [r#""\ud83c""#, r#""\ud83c\u0041""#, r#""\udf93""#, r#""\ud83cx""#, r#""\u12g4""#, r#""\x""#, "\"\\"]
    {
        assert!(read(bad).is_err(), "{bad}");
        assert!(Reader::new(bad.as_bytes(), &Limits::default()).unwrap().skip().is_err(), "{bad}");
    }
    assert!(read("\"a\nb\"").is_err());
    assert!(parse(b"\"\xff\"", &Limits::default()).is_err());
}

#[test]
fn strings_without_escapes_are_borrowed() {
    assert!(matches!(read("\"plain é\""), Ok(Value::String(Cow::Borrowed("plain é")))));
}

#[test]
fn long_runs_are_copied_whole_at_every_alignment() {
    for length in 0..300 {
        for prefix in 0..9 {
            let run = "é0123456789".chars().cycle().take(length).collect::<String>();
            let text = format!("\"{}\\n{run}\\\"{run}\"{}", "p".repeat(prefix), " ".repeat(prefix));
            let expected = format!("{}\n{run}\"{run}", "p".repeat(prefix));
            assert_eq!(read(&text).unwrap().as_str(), Some(expected.as_str()));
        }
    }
}

#[test]
fn limits_are_named() {
    let deep = "[".repeat(10_000);
    assert_eq!(read(&deep), Err(Unreadable::OverLimit("nesting of JSON", 128)));
    let limits = Limits { nodes: 3, ..Limits::default() };
    assert_eq!(parse(b"[1,2,3,4]", &limits), Err(Unreadable::OverLimit("members and elements of JSON", 3)));
    let limits = Limits { bytes: 3, ..Limits::default() };
    assert_eq!(parse(b"[1,2]", &limits), Err(Unreadable::OverLimit("bytes", 3)));
}

#[test]
fn what_is_left_alone_is_skipped_and_given_as_it_stands() {
    let text = br#" {"payload": {"b": [1, "x\"}"] , "c": null}, "n": 1} "#;
    let mut reader = Reader::new(text, &Limits::default()).unwrap();
    let mut raw = "";
    reader
        .object(|reader, name| {
            if name == "payload" {
                raw = reader.skip()?;
            }
            Ok(())
        })
        .unwrap();
    reader.end().unwrap();
    assert_eq!(raw, r#"{"b": [1, "x\"}"] , "c": null}"#);
}

fn json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<f64>().prop_map(Into::into),
        any::<String>().prop_map(Into::into),
        "[a-z\"\\\\\n\u{1}]{0,200}".prop_map(Into::into),
    ];
    leaf.prop_recursive(5, 64, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8).prop_map(Into::into),
            prop::collection::vec((any::<String>(), inner), 0..8)
                .prop_map(|members| serde_json::Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn reads_what_serde_json_writes(value in json(), pretty in any::<bool>()) {
        let text = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) }.unwrap();
        let ours = read(&text).unwrap();
        prop_assert!(same(&ours, &value), "{ours:?}");
        let mut reader = Reader::new(text.as_bytes(), &Limits::default()).unwrap();
        prop_assert_eq!(reader.skip().unwrap(), text.trim());
        reader.end().unwrap();
    }

    #[test]
    fn agrees_with_serde_json_on_mutations(value in json(), edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4), cut in any::<Option<prop::sample::Index>>()) {
        let mut bytes = serde_json::to_vec(&value).unwrap();
        for (index, byte) in edits {
            let at = index.index(bytes.len());
            bytes[at] = byte;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        agree(&bytes);
    }

    #[test]
    fn agrees_with_serde_json_on_noise(text in "[\\[\\]{}:, \"\\\\a-fu0-9.eE+-]{0,40}", bytes in prop::collection::vec(any::<u8>(), 0..40)) {
        agree(text.as_bytes());
        agree(&bytes);
    }
}
