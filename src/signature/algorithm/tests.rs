#![allow(clippy::as_conversions)]

use super::*;
use crate::format::Sink;
use std::collections::HashMap;

const MESSAGE: &[u8] = b"known answer";

struct KnownAnswer {
    line: String,
    algorithm: SignatureAlgorithm,
    key: PublicKey,
    value: Vec<u8>,
}

fn known_answers() -> Vec<KnownAnswer> {
    let mut keys = HashMap::new();
    let mut answers = Vec::new();
    for line in include_str!("known_answers.txt").lines().filter(|line| !line.starts_with('#')) {
        match line.split(' ').collect::<Vec<_>>()[..] {
            ["key", name, spki] => {
                keys.insert(name, PublicKey::from_spki(&hex::decode(spki).unwrap()));
            }
            [name, scheme, digest, mgf1, salt, value] => answers.push(KnownAnswer {
                line: format!("{name} {scheme} {digest} {mgf1} {salt}"),
                algorithm: SignatureAlgorithm {
                    scheme: match scheme {
                        "pkcs1" => Scheme::Rsa,
                        "pss" => Scheme::RsaPss,
                        "ecdsa" => Scheme::EcdsaDer,
                        "eddsa" => Scheme::EdDsa,
                        other => panic!("{other}"),
                    },
                    digest: DigestAlgorithm::from_jose_name(digest),
                    mgf1_digest: DigestAlgorithm::from_jose_name(mgf1),
                    salt_length: (scheme == "pss").then(|| salt.parse().unwrap()),
                },
                key: keys[name].clone(),
                value: hex::decode(value).unwrap(),
            }),
            _ => assert!(line.is_empty(), "{line}"),
        }
    }
    assert_eq!(answers.len(), 69);
    answers
}

/// P-224 and brainpoolP512r1 have no primitive here.
fn computable(answer: &KnownAnswer) -> bool {
    match &answer.key.kind {
        KeyKind::Ec(curve) if curve.starts_with("brainpool") => {
            cfg!(feature = "brainpool") && curve != "brainpoolP512r1"
        }
        KeyKind::Ec(curve) => curve != "P-224",
        _ => true,
    }
}

/// The fixed form of an ECDSA value, by way of its two integers.
fn fixed(value: &[u8], bits: usize) -> Vec<u8> {
    let field = bits.div_ceil(8);
    let mut input = value;
    let mut numbers = der::expect(&mut input, der::SEQUENCE).unwrap();
    let mut out = Vec::new();
    for _ in 0..2 {
        let number = der::trim(der::expect(&mut numbers, der::INTEGER).unwrap());
        out.resize(out.len() + field - number.len(), 0);
        out.extend_from_slice(number);
    }
    out
}

#[test]
fn every_known_answer_verifies_in_one_part_and_in_many() {
    let crypto = Crypto::default();
    for answer in known_answers() {
        let verify = |parts: &[&[u8]]| crypto.verify(&answer.algorithm, &answer.key, parts, &answer.value);
        if computable(&answer) {
            let bytes: Vec<&[u8]> = MESSAGE.chunks(1).collect();
            for parts in [&[MESSAGE][..], &[b"", &MESSAGE[..5], b"", &MESSAGE[5..]], &bytes] {
                assert_eq!(verify(parts), Verification::Valid, "{}", answer.line);
            }
        } else {
            assert!(matches!(verify(&[MESSAGE]), Verification::Unsupported(_)), "{}", answer.line);
        }
    }
}

#[test]
fn ecdsa_verifies_in_its_fixed_form_too_and_only_at_its_length() {
    let crypto = Crypto::default();
    for answer in known_answers() {
        if answer.algorithm.scheme != Scheme::EcdsaDer || !computable(&answer) {
            continue;
        }
        let algorithm = SignatureAlgorithm { scheme: Scheme::EcdsaFixed, ..answer.algorithm };
        let verify = |value: &[u8]| crypto.verify(&algorithm, &answer.key, &[MESSAGE], value);
        let value = fixed(&answer.value, answer.key.bits);
        assert_eq!(verify(&value), Verification::Valid, "{}", answer.line);
        assert_eq!(verify(&answer.value), Verification::Invalid, "DER as fixed: {}", answer.line);
        assert_eq!(verify(&value[1..]), Verification::Invalid, "{}", answer.line);
        assert_eq!(verify(&[&[0], &value[..]].concat()), Verification::Invalid, "{}", answer.line);
        assert_eq!(verify(&[&value[..], &[0]].concat()), Verification::Invalid, "{}", answer.line);
        assert_eq!(verify(&vec![0; value.len()]), Verification::Invalid, "{}", answer.line);
        assert_eq!(verify(&[]), Verification::Invalid, "{}", answer.line);
        let der = crypto.verify(&answer.algorithm, &answer.key, &[MESSAGE], &value);
        assert_eq!(der, Verification::Invalid, "fixed as DER: {}", answer.line);
    }
}

#[test]
fn no_bit_of_message_or_value_may_change() {
    let crypto = Crypto::default();
    for answer in known_answers().iter().filter(|answer| computable(answer)) {
        let verify =
            |message: &[u8], value: &[u8]| crypto.verify(&answer.algorithm, &answer.key, &[message], value);
        for bit in 0..MESSAGE.len() * 8 {
            let mut message = MESSAGE.to_vec();
            message[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(verify(&message, &answer.value), Verification::Invalid, "{} {bit}", answer.line);
        }
        // Every bit of the short values, one in every fifth octet of the long ones.
        let step = if answer.value.len() > 80 { 40 } else { 1 };
        for bit in (0..answer.value.len() * 8).step_by(step) {
            let mut value = answer.value.clone();
            value[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(verify(MESSAGE, &value), Verification::Invalid, "{} {bit}", answer.line);
        }
        for value in [&answer.value[1..], &answer.value[..answer.value.len() - 1], &[]] {
            assert_eq!(verify(MESSAGE, value), Verification::Invalid, "{}", answer.line);
        }
    }
}

#[test]
fn other_parameters_do_not_verify() {
    let crypto = Crypto::default();
    for answer in known_answers().iter().filter(|answer| computable(answer)) {
        let verify =
            |algorithm: SignatureAlgorithm| crypto.verify(&algorithm, &answer.key, &[MESSAGE], &answer.value);
        let Some(digest) = answer.algorithm.digest else { continue };
        let other =
            if digest == DigestAlgorithm::Sha256 { DigestAlgorithm::Sha512 } else { DigestAlgorithm::Sha256 };
        let changed = SignatureAlgorithm { digest: Some(other), ..answer.algorithm };
        assert_eq!(verify(changed), Verification::Invalid, "{}", answer.line);
        if let Some(salt) = answer.algorithm.salt_length {
            let changed = SignatureAlgorithm { mgf1_digest: Some(other), ..answer.algorithm };
            let expected = if answer.algorithm.mgf1_digest == Some(other) {
                Verification::Valid
            } else {
                Verification::Invalid
            };
            assert_eq!(verify(changed), expected, "{}", answer.line);
            for salt in [salt + 1, salt.saturating_sub(1), usize::MAX].into_iter().filter(|&s| s != salt) {
                let changed = SignatureAlgorithm { salt_length: Some(salt), ..answer.algorithm };
                assert_eq!(verify(changed), Verification::Invalid, "{} {salt}", answer.line);
            }
        }
        let unknown = SignatureAlgorithm { digest: Some(DigestAlgorithm::Md5), ..answer.algorithm };
        assert!(matches!(verify(unknown), Verification::Unsupported(_)), "{}", answer.line);
        let schemes = [Scheme::Rsa, Scheme::RsaPss, Scheme::EcdsaDer, Scheme::EdDsa, Scheme::Dsa];
        for scheme in schemes.into_iter().filter(|&scheme| scheme != answer.algorithm.scheme) {
            let verdict = verify(SignatureAlgorithm { scheme, ..answer.algorithm });
            assert_ne!(verdict, Verification::Valid, "{} {scheme:?}", answer.line);
        }
    }
}

/// The general RSA path must agree with aws-lc wherever both have the parameters.
#[test]
fn the_general_rsa_path_agrees_with_the_library() {
    let mut compared = 0;
    for answer in known_answers() {
        let (Some(digest), verify::Backend::Rsa(_)) = (answer.algorithm.digest, &*answer.key.backend) else {
            continue;
        };
        let mut spki = answer.key.spki.as_slice();
        let mut content = der::expect(&mut spki, der::SEQUENCE).unwrap();
        der::expect(&mut content, der::SEQUENCE).unwrap();
        let mut key = &der::expect(&mut content, der::BIT_STRING).unwrap()[1..];
        let mut numbers = der::expect(&mut key, der::SEQUENCE).unwrap();
        let modulus = der::trim(der::expect(&mut numbers, der::INTEGER).unwrap());
        let exponent = der::trim(der::expect(&mut numbers, der::INTEGER).unwrap());
        let numbers = rsa::Numbers::new(modulus, exponent).unwrap();
        let hashed = digest::of_parts(digest, &[MESSAGE]).unwrap();
        let verify = |value: &[u8]| match answer.algorithm.salt_length {
            None => numbers.verify_pkcs1(digest, hashed.as_ref(), value),
            Some(salt_length) => {
                let mgf1_digest = answer.algorithm.mgf1_digest.unwrap();
                let parameters = names::PssParameters { digest, mgf1_digest, salt_length };
                numbers.verify_pss(&parameters, hashed.as_ref(), value)
            }
        };
        assert!(verify(&answer.value), "{}", answer.line);
        let mut wrong = answer.value.clone();
        wrong[7] ^= 4;
        assert!(!verify(&wrong), "{}", answer.line);
        // s + n is the same number modulo n: RFC 8017 refuses it.
        let sum = (num_bigint::BigUint::from_bytes_be(&answer.value)
            + num_bigint::BigUint::from_bytes_be(modulus))
        .to_bytes_be();
        assert!(!verify(&sum), "{}", answer.line);
        compared += 1;
    }
    assert_eq!(compared, 30);
}

#[test]
fn hostile_rsa_numbers_are_refused_before_any_work() {
    let algorithm = SignatureAlgorithm::from_jws("RS256").unwrap();
    let odd = |bytes: usize| vec![0xff; bytes];
    for (modulus, exponent) in [
        (odd(4096), vec![1, 0, 1]),
        (odd(63), vec![3]),
        (odd(256), odd(256)),
        (odd(256), vec![1]),
        (odd(256), vec![4]),
        (odd(256), vec![]),
        ([odd(255), vec![2]].concat(), vec![1, 0, 1]),
        (vec![], vec![]),
    ] {
        let key = PublicKey::from_spki(&PublicKey::spki_from_rsa(&modulus, &exponent));
        assert_eq!(key.kind, KeyKind::Rsa);
        let verdict = Crypto::default().verify(&algorithm, &key, &[MESSAGE], &modulus);
        assert!(matches!(verdict, Verification::Unsupported(_)), "{verdict:?}");
    }
}

#[test]
fn keys_tell_their_kind_and_size_and_are_built_from_their_parts() {
    for answer in known_answers() {
        let (kind, bits) = match answer.line.split(' ').next().unwrap() {
            "ed25519" => (KeyKind::Ed25519, 256),
            "P-521" => (KeyKind::Ec("P-521".into()), 521),
            rsa if rsa.starts_with("rsa") => (KeyKind::Rsa, rsa[3..].parse().unwrap()),
            curve => {
                let digits: String = curve
                    .trim_end_matches("k1")
                    .trim_end_matches("r1")
                    .chars()
                    .filter(char::is_ascii_digit)
                    .collect();
                (KeyKind::Ec(curve.into()), digits.parse().unwrap())
            }
        };
        assert_eq!((&answer.key.kind, answer.key.bits), (&kind, bits));
        let mut spki = answer.key.spki.as_slice();
        let mut content = der::expect(&mut spki, der::SEQUENCE).unwrap();
        der::expect(&mut content, der::SEQUENCE).unwrap();
        let key = &der::expect(&mut content, der::BIT_STRING).unwrap()[1..];
        let built = match kind {
            KeyKind::Ed25519 => PublicKey::spki_from_ed25519(key),
            KeyKind::Ec(curve) => {
                let (x, y) = key[1..].split_at(key.len() / 2);
                assert_eq!(PublicKey::spki_from_ec(&curve, &[x, y].concat(), y), None);
                PublicKey::spki_from_ec(&curve, x, y).unwrap()
            }
            _ => {
                let mut key = key;
                let mut numbers = der::expect(&mut key, der::SEQUENCE).unwrap();
                let modulus = der::expect(&mut numbers, der::INTEGER).unwrap();
                PublicKey::spki_from_rsa(modulus, der::expect(&mut numbers, der::INTEGER).unwrap())
            }
        };
        assert_eq!(hex::encode(built), hex::encode(&answer.key.spki));
    }
    assert_eq!(PublicKey::spki_from_ec("P-999", &[1], &[1]), None);
    assert_eq!(
        PublicKey::spki_from_ec("1.3.132.0.34", &[1], &[2]),
        PublicKey::spki_from_ec("P-384", &[1], &[2])
    );
}

#[test]
fn a_modulus_without_its_leading_zero_is_read_as_unsigned() {
    let answer = known_answers().into_iter().find(|a| a.line == "rsa2048 pkcs1 sha256 - 0").unwrap();
    let canonical = hex::encode(&answer.key.spki);
    // Lengths shrink by the one octet taken out.
    let negative = canonical
        .replacen("30820122", "30820121", 1)
        .replacen("0382010f00", "0382010e00", 1)
        .replacen("3082010a", "30820109", 1)
        .replacen("0282010100", "02820100", 1);
    assert_eq!(negative.len(), canonical.len() - 2);
    let key = PublicKey::from_spki(&hex::decode(negative).unwrap());
    assert_eq!((&key.kind, key.bits), (&KeyKind::Rsa, 2048));
    assert_eq!(
        Crypto::default().verify(&answer.algorithm, &key, &[MESSAGE], &answer.value),
        Verification::Valid
    );
}

#[test]
fn a_key_restricted_to_pss_keeps_to_its_parameters() {
    let answers = known_answers();
    let spki = |parameters: &str| {
        let rsa = answers.iter().find(|a| a.line.starts_with("rsa2048")).unwrap();
        let mut input = rsa.key.spki.as_slice();
        let mut content = der::expect(&mut input, der::SEQUENCE).unwrap();
        der::expect(&mut content, der::SEQUENCE).unwrap();
        let oid = hex::decode("06092a864886f70d01010a").unwrap();
        let identifier = der::encode(der::SEQUENCE, &[&oid, &hex::decode(parameters).unwrap()]);
        PublicKey::from_spki(&der::encode(der::SEQUENCE, &[&identifier, content]))
    };
    let sha256_salt_32 = "3034a00f300d06096086480165030402010500a11c301a06092a864886f70d010108300d06096086480165030402010500a203020120";
    let verify = |key: &PublicKey, line: &str| {
        let answer = answers.iter().find(|a| a.line == line).unwrap();
        Crypto::default().verify(&answer.algorithm, key, &[MESSAGE], &answer.value)
    };
    let free = spki("");
    assert_eq!((&free.kind, free.bits), (&KeyKind::RsaPss, 2048));
    let bound = spki(sha256_salt_32);
    assert_eq!((&bound.kind, bound.bits), (&KeyKind::RsaPss, 2048));
    for line in ["rsa2048 pss sha256 sha256 32", "rsa2048 pss sha256 sha256 222"] {
        assert_eq!(verify(&free, line), Verification::Valid);
        assert_eq!(verify(&bound, line), Verification::Valid);
    }
    assert_eq!(verify(&free, "rsa2048 pss sha256 sha256 20"), Verification::Valid);
    for line in ["rsa2048 pss sha256 sha256 20", "rsa2048 pss sha512 sha512 64", "rsa2048 pss sha256 sha1 32"]
    {
        assert!(matches!(verify(&bound, line), Verification::Unsupported(_)), "{line}");
    }
    for key in [&free, &bound] {
        assert!(matches!(verify(key, "rsa2048 pkcs1 sha256 - 0"), Verification::Unsupported(_)));
    }
    // An RSA key without restrictions, its parameters NULL where a SEQUENCE must be.
    assert!(matches!(verify(&spki("0500"), "rsa2048 pss sha256 sha256 32"), Verification::Unsupported(_)));
}

#[test]
fn keys_that_are_none_are_unsupported_and_never_panic() {
    let algorithm = SignatureAlgorithm::from_jws("ES256").unwrap();
    let valid = PublicKey::spki_from_ec("P-256", &[1; 32], &[1; 32]).unwrap();
    for length in 0..valid.len() {
        let key = PublicKey::from_spki(&valid[..length]);
        assert_eq!((&key.kind, key.bits), (&KeyKind::Other("unreadable".into()), 0));
        let verdict = Crypto::default().verify(&algorithm, &key, &[MESSAGE], &[1; 64]);
        assert!(matches!(verdict, Verification::Unsupported(_)));
    }
    // (1, 1) is not on the curve.
    let key = PublicKey::from_spki(&valid);
    let verdict = Crypto::default().verify(&algorithm, &key, &[MESSAGE], &[1; 64]);
    assert!(matches!(verdict, Verification::Unsupported(_)), "{verdict:?}");
}

#[test]
fn digests_are_those_of_the_standard() {
    // `printf abc | openssl dgst -ALGORITHM`.
    let crypto = Crypto::default();
    for (name, expected) in [
        ("SHA-1", "a9993e364706816aba3e25717850c26c9cd0d89d"),
        ("SHA-224", "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7"),
        ("SHA-256", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        (
            "SHA-384",
            "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7",
        ),
        (
            "SHA-512",
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
        ),
        ("SHA3-224", "e642824c3f8cf24ad09234ee7d3c766fc9a3a5168d0c94ad73b46fdf"),
        ("SHA3-256", "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532"),
        (
            "SHA3-384",
            "ec01498288516fc926459f58e2c6ad8df9b473cb0fc08c2596da7cf0e49be4b298d88cea927ac7f539f1edf228376d25",
        ),
        (
            "SHA3-512",
            "b751850b1a57168a5693cd924b6b096e08f621827444f70d884f5d0240d2712e10e116e9192af3c91a7ec57647e3934057340b4cf408d5a56592f8274eec53f0",
        ),
    ] {
        let algorithm = DigestAlgorithm::from_jose_name(name).unwrap();
        assert_eq!(hex::encode(crypto.digest(algorithm, &[b"a", b"", b"bc"]).unwrap().value), expected);
        let mut hasher = crypto.hasher(algorithm).unwrap();
        hasher.write(b"ab");
        hasher.write(b"c");
        let digest = hasher.finish();
        assert_eq!((digest.algorithm, hex::encode(&digest.value)), (algorithm, expected.to_owned()));
        assert_eq!(digest.value.len(), algorithm.length());
    }
    assert_eq!(crypto.digest(DigestAlgorithm::Sha256, &[b"abc"]).unwrap().value, identity(b"abc"));
    for algorithm in
        [DigestAlgorithm::Md2, DigestAlgorithm::Md5, DigestAlgorithm::Ripemd160, DigestAlgorithm::Whirlpool]
    {
        assert!(crypto.hasher(algorithm).is_none());
        assert_eq!(crypto.digest(algorithm, &[b"abc"]), None);
    }
}

#[test]
fn a_ledger_holds_what_was_done_and_replays_it() {
    let ledger = Arc::new(Ledger::default());
    let crypto = Crypto::recording(Arc::clone(&ledger));
    let answer = known_answers().remove(0);
    let _ = crypto.digest(DigestAlgorithm::Sha256, &[b"a", b"b"]);
    let mut hasher = crypto.hasher(DigestAlgorithm::Sha1).unwrap();
    hasher.write(b"c");
    hasher.write(b"d");
    let _ = hasher.finish();
    let _ = crypto.hasher(DigestAlgorithm::Sha1);
    assert_eq!(
        crypto.verify(&answer.algorithm, &answer.key, &[&MESSAGE[..3], &MESSAGE[3..]], &answer.value),
        Verification::Valid
    );
    assert_eq!(crypto.verify(&answer.algorithm, &answer.key, &[b"x"], &answer.value), Verification::Invalid);
    let unsupported = SignatureAlgorithm { scheme: Scheme::Dsa, ..answer.algorithm };
    let _ = crypto.verify(&unsupported, &answer.key, &[MESSAGE], &answer.value);
    let _ = crypto.digest(DigestAlgorithm::Md5, &[b"a"]);
    let _ = identity(b"cache keys are nobody's floor");

    let operations = ledger.take();
    operations.iter().for_each(|operation| operation.replay(&crypto));
    let again = ledger.take();
    assert!(ledger.take().is_empty());
    for operations in [operations, again] {
        match &operations[..] {
            [
                Operation::Digest(DigestAlgorithm::Sha256, first),
                Operation::Digest(DigestAlgorithm::Sha1, second),
                Operation::Verify { algorithm, key, message, value },
                Operation::Verify { message: wrong, .. },
            ] => {
                assert_eq!((first.as_slice(), second.as_slice()), (&b"ab"[..], &b"cd"[..]));
                assert_eq!(algorithm, &answer.algorithm);
                assert!(Arc::ptr_eq(&key.backend, &answer.key.backend), "the parsed key is shared");
                assert_eq!((message.as_slice(), value), (MESSAGE, &answer.value));
                assert_eq!(wrong, b"x");
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn identifiers_name_algorithms() {
    let identifier = |hex: &str, context| {
        SignatureAlgorithm::from_algorithm_identifier(&hex::decode(hex).unwrap(), context)
    };
    let simple = |scheme, digest| SignatureAlgorithm { scheme, digest, mgf1_digest: None, salt_length: None };
    let pss = |digest, mgf1, salt| SignatureAlgorithm {
        scheme: Scheme::RsaPss,
        digest: Some(digest),
        mgf1_digest: Some(mgf1),
        salt_length: Some(salt),
    };
    use DigestAlgorithm::{Sha1, Sha256, Sha384, Sha512};
    // sha256WithRSAEncryption, with NULL, without, and with something else.
    let rsa_sha256 = simple(Scheme::Rsa, Some(Sha256));
    assert_eq!(identifier("300d06092a864886f70d01010b0500", None), Some(rsa_sha256));
    assert_eq!(identifier("300b06092a864886f70d01010b", Some(Sha1)), Some(rsa_sha256));
    assert_eq!(identifier("300e06092a864886f70d01010b020101", None), None);
    // rsaEncryption takes the digest from its context.
    assert_eq!(
        identifier("300d06092a864886f70d0101010500", Some(Sha512)),
        Some(simple(Scheme::Rsa, Some(Sha512)))
    );
    assert_eq!(identifier("300d06092a864886f70d0101010500", None), None);
    assert_eq!(identifier("300a06082a8648ce3d040302", None), Some(simple(Scheme::EcdsaDer, Some(Sha256))));
    // ecdsa-with-Specified, SHA-512.
    assert_eq!(
        identifier("301606072a8648ce3d0403300b0609608648016503040203", None),
        Some(simple(Scheme::EcdsaDer, Some(Sha512)))
    );
    assert_eq!(
        identifier("300c060a04007f00070101040103", None),
        Some(simple(Scheme::EcdsaFixed, Some(Sha256)))
    );
    assert_eq!(identifier("300506032b6570", None), Some(simple(Scheme::EdDsa, None)));
    assert_eq!(identifier("300506032b6571", None), None, "Ed448");
    assert_eq!(identifier("300906072a8648ce380403", None), Some(simple(Scheme::Dsa, Some(Sha1))));
    // The truncated SHA-384 OID of some policies is no algorithm.
    assert_eq!(DigestAlgorithm::from_oid(&hex::decode("60864801650304 02".replace(' ', "")).unwrap()), None);
    // RSASSA-PSS: all defaults; SHA-256 with salt 32; absent; a trailer field other than 1.
    assert_eq!(identifier("300d06092a864886f70d01010a3000", None), Some(pss(Sha1, Sha1, 20)));
    assert_eq!(
        identifier(
            "304106092a864886f70d01010a3034a00f300d06096086480165030402010500a11c301a06092a864886f70d010108300d06096086480165030402010500a203020120",
            None
        ),
        Some(pss(Sha256, Sha256, 32))
    );
    assert_eq!(
        identifier("301306092a864886f70d01010a3006a20402020 1be".replace(' ', "").as_str(), None),
        Some(pss(Sha1, Sha1, 446))
    );
    assert_eq!(identifier("300b06092a864886f70d01010a", None), None);
    assert_eq!(identifier("301206092a864886f70d01010a3005a303020102", None), None);
    assert_eq!(identifier("301206092a864886f70d01010a3005a303020101", None), Some(pss(Sha1, Sha1, 20)));
    assert_eq!(identifier("301206092a864886f70d01010a3005a2030201ff", None), None, "negative salt");

    assert_eq!(SignatureAlgorithm::from_jws("PS384"), Some(pss(Sha384, Sha384, 48)));
    for unknown in ["none", "HS256", "es256", "", "ES256 "] {
        assert_eq!(SignatureAlgorithm::from_jws(unknown), None);
    }
    assert_eq!(
        SignatureAlgorithm::from_uri("http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384"),
        Some(simple(Scheme::EcdsaFixed, Some(Sha384)))
    );
    assert_eq!(
        SignatureAlgorithm::from_uri("http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1"),
        Some(pss(Sha256, Sha256, 32))
    );
    assert_eq!(SignatureAlgorithm::from_uri("http://www.w3.org/2007/05/xmldsig-more#rsa-pss"), None);
    for name in ["S256", "SHA-256", "sha-256", "sha256", "http://www.w3.org/2001/04/xmlenc#sha256"] {
        assert_eq!(DigestAlgorithm::from_jose_name(name), Some(Sha256), "{name}");
    }
    assert_eq!(
        DigestAlgorithm::from_uri("http://www.w3.org/2000/09/xmldsig#sha1").map(DigestAlgorithm::name),
        Some("SHA-1")
    );
}

proptest::proptest! {
    #[test]
    fn no_bytes_make_a_reader_panic(bytes: Vec<u8>, value: Vec<u8>) {
        let _ = SignatureAlgorithm::from_algorithm_identifier(&bytes, Some(DigestAlgorithm::Sha256));
        let key = PublicKey::from_spki(&bytes);
        for alg in ["RS256", "PS256", "ES256", "EdDSA"] {
            let algorithm = SignatureAlgorithm::from_jws(alg).unwrap();
            let verdict = Crypto::default().verify(&algorithm, &key, &[&bytes], &value);
            assert!(matches!(verdict, Verification::Unsupported(_)));
        }
        let _ = der::dotted(&bytes);
    }

    /// One octet of a real key changed: whatever it then is, verification answers in bounded time.
    #[test]
    fn a_mutated_key_never_panics(index in 0_usize..69, position: proptest::sample::Index, octet: u8) {
        let answer = &known_answers()[index];
        let mut spki = answer.key.spki.clone();
        let position = position.index(spki.len());
        proptest::prop_assume!(spki[position] != octet);
        spki[position] = octet;
        let key = PublicKey::from_spki(&spki);
        let verdict = Crypto::default().verify(&answer.algorithm, &key, &[MESSAGE], &answer.value);
        // The parameters of rsaEncryption are the one place where a change means nothing.
        assert!(verdict != Verification::Valid || key.kind == KeyKind::Rsa, "{position} {octet}");
    }
}
