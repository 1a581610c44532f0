use super::*;
use proptest::prelude::*;

fn der_of(ber: &str) -> Result<String, String> {
    let bytes = hex::decode(ber).unwrap();
    let mut reader = Reader::ber(&bytes);
    let tlv = reader.any("element").map_err(|e| e.to_string())?;
    reader.finish().map_err(|e| e.to_string())?;
    tlv.to_der().map(hex::encode).map_err(|e| e.to_string())
}

fn refusal(hex_bytes: &str, rules: Rules) -> String {
    let bytes = hex::decode(hex_bytes).unwrap();
    let mut reader = Reader::new(&bytes, rules, &Limits::default());
    match reader.any("element").and_then(|_| reader.finish()) {
        Ok(()) => "accepted".into(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn malformed_headers_are_refused_with_their_position() {
    for (bytes, der, ber) in [
        ("", "element expected, nothing found at offset 0", "element expected, nothing found at offset 0"),
        (
            "02",
            "truncated: 2 bytes needed, 1 there at offset 0",
            "truncated: 2 bytes needed, 1 there at offset 0",
        ),
        ("020101", "accepted", "accepted"),
        ("02810101", "not DER: length not in its shortest form at offset 0", "accepted"),
        ("0282000101", "not DER: length not in its shortest form at offset 0", "accepted"),
        ("30800000", "not DER: indefinite length at offset 0", "accepted"),
        ("3080", "not DER: indefinite length at offset 0", "end-of-contents octets missing at offset 2"),
        (
            "04800000",
            "not DER: indefinite length at offset 0",
            "invalid BER: indefinite length of a primitive encoding at offset 0",
        ),
        ("02010100", "1 trailing bytes at offset 3", "1 trailing bytes at offset 3"),
        ("02020100ff", "1 trailing bytes at offset 4", "1 trailing bytes at offset 4"),
        (
            "0000",
            "invalid BER: end-of-contents octets without an indefinite length at offset 0",
            "invalid BER: end-of-contents octets without an indefinite length at offset 0",
        ),
        ("000100", "invalid BER: reserved tag 0 at offset 0", "invalid BER: reserved tag 0 at offset 0"),
        (
            "04ff",
            "invalid BER: reserved length octet 0xff at offset 0",
            "invalid BER: reserved length octet 0xff at offset 0",
        ),
        ("0489ffffffffffffffffff", "length overflow at offset 0", "length overflow at offset 0"),
        ("0488ffffffffffffffff", "length overflow at offset 0", "length overflow at offset 0"),
        (
            "0487ffffffffffffff",
            "truncated: 72057594037927944 bytes needed, 9 there at offset 0",
            "truncated: 72057594037927944 bytes needed, 9 there at offset 0",
        ),
        ("1f1e00", "invalid BER: tag number at offset 0", "invalid BER: tag number at offset 0"),
        ("1f801f00", "invalid BER: tag number at offset 0", "invalid BER: tag number at offset 0"),
        ("1f1f00", "accepted", "accepted"),
    ] {
        assert_eq!(refusal(bytes, Rules::Der), der, "{bytes}");
        assert_eq!(refusal(bytes, Rules::Ber), ber, "{bytes}");
    }
}

#[test]
fn positions_are_those_of_the_outermost_bytes() {
    let bytes = hex::decode("30800206010203040506300302010a0000").unwrap();
    let mut outer = Reader::ber(&bytes).sequence("outer").unwrap();
    assert_eq!(outer.expect(Tag::INTEGER, "a").unwrap().range(), 2..10);
    let inner = outer.any("b").unwrap();
    assert_eq!(inner.range(), 10..15);
    assert_eq!(inner.reader().unwrap().any("c").unwrap().range(), 12..15);
    let error = inner.reader().unwrap().expect(Tag::OID, "type").unwrap_err();
    assert_eq!(error.to_string(), "type expected, INTEGER found at offset 12");
    outer.finish().unwrap();
}

#[test]
fn der_re_encoding_sorts_joins_and_shortens() {
    for (ber, der) in [
        // SET OF INTEGER 2, 1.
        ("3106020102020101", "3106020101020102"),
        // Indefinite SET in indefinite SEQUENCE, long-form lengths.
        ("30803180020102028101010000 0000", "30083106020101020102"),
        // Constructed OCTET STRING, nested once.
        ("2480 0402 0102 2480 0401 03 0000 0000", "0403010203"),
        // Constructed BIT STRING, unused bits in the last segment.
        ("2309 0302 000a 0303 04a0b0", "0304040aa0b0"),
        ("010101", "0101ff"),
        ("02020001", "020101"),
        // Context-specific constructed keeps its form.
        ("a080 0401 01 0000", "a003040101"),
        // Tag 31 and beyond.
        ("1f8100 8101 aa", "1f810001aa"),
    ] {
        assert_eq!(der_of(&ber.replace(' ', "")).as_deref(), Ok(der), "{ber}");
    }
    assert_eq!(der_of("2403020101").unwrap_err(), "segment of a string expected, INTEGER found at offset 2");
    assert_eq!(
        der_of("23080302040a030200b0").unwrap_err(),
        "invalid BIT STRING: unused bits in a segment at offset 6"
    );
}

#[test]
fn strings_and_numbers_are_read() {
    let read = |text: &str| hex::decode(text.replace(' ', "")).unwrap();
    let bytes = read("2480 2404 0402 0102 0401 03 0000");
    assert_eq!(*Reader::ber(&bytes).any("s").unwrap().octet_string().unwrap(), [1, 2, 3]);
    let bytes = read("2404 0402 0102");
    let error = Reader::der(&bytes).any("s").unwrap().octet_string().unwrap_err();
    assert_eq!(error.to_string(), "not DER: constructed string at offset 0");
    for (text, value) in [
        ("020100", Some(0)),
        ("02020080", Some(128)),
        ("020900ffffffffffffffff", Some(u64::MAX)),
        ("0209010000000000000000", None),
        ("0201ff", None),
        ("0200", None),
    ] {
        let bytes = read(text);
        assert_eq!(Reader::der(&bytes).any("n").unwrap().unsigned().ok(), value, "{text}");
    }
    for (text, value) in [("0101ff", Some(true)), ("010100", Some(false)), ("010101", None), ("0100", None)] {
        let bytes = read(text);
        assert_eq!(Reader::der(&bytes).any("b").unwrap().boolean().ok(), value, "{text}");
    }
    for (text, value) in [("03020780", true), ("030108", false), ("0300", false), ("03020880", false)] {
        let bytes = read(text);
        assert_eq!(Reader::der(&bytes).any("b").unwrap().bit_string().is_ok(), value, "{text}");
    }
    assert_eq!(minimal_integer(&[0, 0, 0x80]), [0, 0x80]);
    assert_eq!(minimal_integer(&[0xff, 0xff, 0x7f]), [0xff, 0x7f]);
    assert_eq!(minimal_integer(&[0, 0]), [0]);
}

#[test]
fn object_identifiers_have_a_dotted_form() {
    for (octets, dotted) in [
        ("2a864886f70d010702", Some("1.2.840.113549.1.7.2")),
        ("883703", Some("2.999.3")),
        ("0400017303", Some("0.4.0.1.115.3")),
        ("550481", None),
        ("558001", None),
        ("", None),
        ("6983ffffffffffffffffffffffffffffffffff7f", Some("2.25.340282366920938463463374607431768211455")),
        ("6984808080808080808080808080808080808000", None),
    ] {
        let octets = hex::decode(octets).unwrap();
        assert_eq!(Oid::new(&octets).map(|oid| oid.to_string()).as_deref(), dotted, "{octets:02x?}");
    }
}

#[test]
fn nested_indefinite_lengths_beyond_the_depth_are_refused() {
    let mut bytes = [0x30_u8, 0x80].repeat(10_000);
    bytes.extend([0, 0].repeat(10_000));
    let error = Reader::ber(&bytes).read().unwrap_err();
    assert_eq!(error.problem, Problem::OverLimit("depth", 128));
    let definite = (0..10_000).fold(Vec::new(), |inner: Vec<u8>, _| {
        let mut out = Vec::new();
        header_into(Tag::SEQUENCE, true, inner.len(), &mut out);
        out.extend(inner);
        out
    });
    let error = Reader::ber(&definite).any("deep").unwrap().to_der().unwrap_err();
    assert_eq!(error.problem, Problem::OverLimit("depth", 128));
}

#[test]
fn more_elements_than_the_limit_are_refused() {
    let limits = Limits { nodes: 1_000, ..Limits::default() };
    let bytes = [5_u8, 0].repeat(1_001);
    let mut reader = Reader::new(&bytes, Rules::Ber, &limits);
    let error = std::iter::repeat_with(|| reader.read()).find_map(Result::err).unwrap();
    assert_eq!(error.problem, Problem::OverLimit("elements", 1_000));
    let mut indefinite = vec![0x30, 0x80];
    indefinite.extend(&bytes);
    indefinite.extend([0, 0]);
    assert!(Reader::new(&indefinite, Rules::Ber, &limits).read().is_err());
}

/// Octets that build structure more often than chance would.
fn octets() -> impl Strategy<Value = Vec<u8>> {
    let telling =
        prop::sample::select(vec![0, 1, 2, 3, 4, 5, 0x24, 0x23, 0x30, 0x31, 0x80, 0x81, 0xa0, 0xff]);
    prop::collection::vec(prop_oneof![4 => telling, 1 => any::<u8>()], 0..200)
}

proptest! {
    #[test]
    fn no_input_panics_and_der_of_der_is_itself(bytes in octets()) {
        let mut reader = Reader::ber(&bytes);
        while let Ok(Some(tlv)) = reader.read() {
            let _ = (tlv.oid(), tlv.unsigned(), tlv.boolean(), tlv.octet_string(), tlv.bit_string(), tlv.time());
            if let Ok(der) = tlv.to_der() {
                let again = Reader::ber(&der).any("der").unwrap().to_der().unwrap();
                prop_assert_eq!(&again, &der);
            }
        }
    }

    #[test]
    fn the_short_way_agrees_with_the_reader(bytes in octets()) {
        let long = Reader::der(&bytes).read().ok().flatten();
        match split(&bytes) {
            Some((_, content, rest)) => {
                let long = long.unwrap();
                prop_assert_eq!(long.content, content);
                prop_assert_eq!(long.raw.len() + rest.len(), bytes.len());
            }
            None => prop_assert!(long.is_none_or(|tlv| tlv.tag.number() >= 0x1f)),
        }
    }
}
