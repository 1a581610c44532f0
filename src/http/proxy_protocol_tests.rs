//! Headers of proxies, sound and hostile.

use super::*;
use proptest::prelude::*;

const TCP4: [u8; 12] = [192, 0, 2, 7, 198, 51, 100, 1, 0xd4, 0x31, 0x01, 0xbb];

fn header(version_and_command: u8, family: u8, rest: &[u8]) -> Vec<u8> {
    let length = u16::try_from(rest.len()).unwrap().to_be_bytes();
    [&SIGNATURE[..], &[version_and_command, family], &length, rest].concat()
}

fn read(bytes: &[u8]) -> (Result<Option<SocketAddr>, String>, usize) {
    let proxy = "127.0.0.1:5".parse().ok();
    let trusted = Sources(vec!["127.0.0.0/8".parse().unwrap()]);
    let mut left = bytes;
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let client = runtime.block_on(client(&mut left, proxy, &trusted)).map_err(|why| why.to_string());
    (client, left.len())
}

#[test]
fn the_client_is_whom_the_proxy_names_and_nothing_beyond_is_read() {
    let after = b"GET / HTTP/1.1\r\n";
    let six = [&[0x20, 1, 0xd, 0xb8][..], &[0; 11], &[9], &[0; 16], &[0, 80, 1, 0xbb]].concat();
    let mapped = [&[0; 10][..], &[0xff, 0xff, 192, 0, 2, 7], &[0; 16], &[0, 80, 1, 0xbb]].concat();
    let cases: [(u8, u8, &[u8], Option<&str>); 7] = [
        (0x21, 0x11, &TCP4, Some("192.0.2.7:54321")),
        (0x21, 0x21, &six, Some("[2001:db8::9]:80")),
        (0x21, 0x21, &mapped, Some("192.0.2.7:80")),
        (0x21, 0x31, &[0; 216], None),
        (0x21, 0x00, b"", Some("127.0.0.1:5")),
        (0x20, 0x00, b"", Some("127.0.0.1:5")),
        (0x20, 0xff, b"whatever", Some("127.0.0.1:5")),
    ];
    for (command, family, rest, expected) in cases {
        let bytes = [&header(command, family, rest)[..], after].concat();
        let expected: Option<SocketAddr> = expected.map(|address| address.parse().unwrap());
        assert_eq!(read(&bytes), (Ok(expected), after.len()), "{command:x} {family:x}");
    }
}

#[test]
fn additions_are_within_the_header_and_a_checksum_is_right() {
    let unique = [&TCP4[..], &[0x05, 0, 2, 1, 2]].concat();
    assert!(read(&header(0x21, 0x11, &unique)).0.is_ok());
    let mut summed = header(0x21, 0x11, &[&TCP4[..], &[CRC32C, 0, 4, 0, 0, 0, 0], &[4, 0, 0]].concat());
    let sum = crc32c(summed.iter().copied()).to_be_bytes();
    summed[31..35].copy_from_slice(&sum);
    assert_eq!(read(&summed).0, Ok("192.0.2.7:54321".parse().ok()));
    // Of another kind (byte 28) it is no checksum.
    for at in (16..summed.len()).filter(|at| *at != 28) {
        let mut changed = summed.clone();
        changed[at] ^= 1;
        assert!(read(&changed).0.is_err(), "byte {at}");
    }
    for additions in [&[0x05][..], &[5, 0], &[5, 0, 1], &[5, 0xff, 0xff, 1], &[CRC32C, 0, 3, 1, 2, 3]] {
        assert!(read(&header(0x21, 0x11, &[&TCP4[..], additions].concat())).0.is_err(), "{additions:?}");
    }
    // The check value of CRC-32C.
    assert_eq!(crc32c(b"123456789".iter().copied()), 0xe306_9283);
}

#[test]
fn whatever_else_is_refused_as_soon_as_it_shows() {
    let refused: [(&[u8], &str); 9] = [
        (b"G", "begin"),
        (b"PROXY TCP4 192.0.2.7 198.51.100.1 1 2\r\n", "begin"),
        (&SIGNATURE, "ended"),
        (&header(0x21, 0x11, &TCP4)[..20], "ended"),
        (&header(0x11, 0x11, &TCP4), "version"),
        (&header(0x22, 0x11, &TCP4), "command"),
        (&header(0x21, 0x12, &TCP4), "stream"),
        (&header(0x21, 0x11, &TCP4[..11]), "short"),
        (&[&SIGNATURE[..], &[0x21, 0x11, 0xff, 0xff]].concat(), "long"),
    ];
    for (bytes, why) in refused {
        let said = read(bytes).0.unwrap_err();
        assert!(said.contains(why), "{bytes:?}: {said}");
    }
}

proptest! {
    #[test]
    fn no_bytes_panic_or_are_read_beyond_their_length(
        command in any::<u8>(),
        family in any::<u8>(),
        rest in proptest::collection::vec(any::<u8>(), 0..300),
    ) {
        let bytes = [&header(command, family, &rest)[..], b"after"].concat();
        prop_assert_eq!(read(&bytes).1, 5);
    }

    #[test]
    fn random_bytes_name_no_client(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
        prop_assume!(!bytes.starts_with(&SIGNATURE));
        prop_assert!(read(&bytes).0.is_err());
    }
}

#[test]
fn only_trusted_sources_count() {
    let trusted = |text: &str| Sources(vec![text.parse().unwrap()]);
    let cases = [
        ("10.0.0.0/8", "10.255.1.1:1", true),
        ("10.0.0.0/8", "11.0.0.1:1", false),
        ("10.1.2.3", "10.1.2.3:1", true),
        ("10.1.2.3", "10.1.2.4:1", false),
        ("10.0.0.0/8", "[::ffff:10.0.0.1]:1", true),
        ("0.0.0.0/0", "203.0.113.1:1", true),
        ("0.0.0.0/0", "[2001:db8::1]:1", false),
        ("::/0", "[2001:db8::1]:1", true),
        ("::/0", "192.0.2.1:1", false),
        ("fd00::/8", "[fdff::1]:1", true),
        ("fd00::/8", "[fe00::1]:1", false),
        ("unix", "127.0.0.1:1", false),
    ];
    for (source, address, is) in cases {
        assert_eq!(trusted(source).contain(address.parse().ok()), is, "{source} {address}");
    }
    assert!(trusted("unix").contain(None));
    assert!(!trusted("0.0.0.0/0").contain(None));
    for text in
        ["", "10.0.0.0/33", "10.0.0.1/8", "::1/127", "::/129", "/8", "10.0.0.0/", "localhost", "10.0.0.0/8x"]
    {
        assert!(text.parse::<Source>().is_err(), "{text}");
    }
}
