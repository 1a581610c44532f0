use super::*;
use crate::clock;

const NAMES: [&str; 2] = ["default", "strict"];

fn names() -> PolicyNames<'static> {
    PolicyNames { validation: NAMES.to_vec(), acceptance: NAMES.to_vec() }
}

fn settings(text: &str) -> ClientsSettings {
    toml::from_str(text).unwrap()
}

fn clients(text: &str) -> Clients {
    Clients::new(&settings(text), &names()).unwrap_or_else(|wrong| panic!("{wrong:?}"))
}

fn wrong(text: &str) -> String {
    let wrong = Clients::new(&settings(text), &names());
    wrong.map(|_| ()).unwrap_err().join("; ")
}

fn with_key(key: &NewKey, more: &str) -> String {
    format!("[[client]]\nid = \"one\"\nkeys = [{{ hash = \"{}\" }}]\n{more}\n", key.hash())
}

fn peer(address: &str) -> Peer {
    Peer { address: Some(format!("{address}:4711").parse().unwrap()), ..Peer::default() }
}

/// What comes of a request for a path with these values of `Authorization`.
fn ask(clients: &Clients, path: &str, sent: &[&str], from: Option<Peer>) -> Result<Arc<Admitted>, Problem> {
    let mut request = Request::get(path);
    for value in sent {
        request = request.header("authorization", *value);
    }
    let mut request = request.body(()).unwrap();
    if let Some(peer) = from {
        request.extensions_mut().insert(Arc::new(peer));
    }
    let admitted = clients.admit(&mut request, clock::now());
    assert!(!request.headers().contains_key("authorization"), "the key went on with the request");
    admitted
}

fn id(admitted: Result<Arc<Admitted>, Problem>) -> String {
    admitted.unwrap().client.settings.id.clone()
}

const NOTHING: Problem = Problem::Unauthorized { sent: false };
const WRONG: Problem = Problem::Unauthorized { sent: true };

#[test]
fn a_key_is_needed_for_all_but_health() {
    let key = NewKey::generate().unwrap();
    let clients = clients(&with_key(&key, ""));
    let bearer = format!("Bearer {}", key.text());
    for path in [
        "/v1/verify",
        "/metrics",
        "//",
        "/page",
        "/pages/main.js",
        "/PAGE/main.js",
        "/nowhere",
        "/livez/",
        "/LIVEZ",
        "//livez",
        "/livez/../v1/verify",
        "/openapi.json/",
    ] {
        for from in [None, Some(peer("127.0.0.1")), Some(Peer::default()), Some(peer("192.0.2.1"))] {
            assert_eq!(ask(&clients, path, &[], from.clone()).unwrap_err(), NOTHING, "{path}");
            assert_eq!(id(ask(&clients, path, &[&bearer], from)), "one");
        }
    }
    for path in [
        "/livez",
        "/readyz",
        "/openapi.json",
        "/",
        "/?lang=de",
        "/page/main.js",
        "/livez?key=1",
        "http://elsewhere/livez",
    ] {
        assert!(ask(&clients, path, &[], None).is_ok(), "{path}");
    }
    let open = self::clients(&format!("metrics = \"anybody\"\n{}", with_key(&key, "")));
    assert!(ask(&open, "/metrics", &[], None).is_ok() && ask(&open, "/metrics/", &[], None).is_err());
}

#[test]
fn only_one_right_key_in_its_place_counts() {
    let (key, other) = (NewKey::generate().unwrap(), NewKey::generate().unwrap());
    // Whoever sends something wrong is not let in as one who sends nothing.
    let text = with_key(&key, "[anonymous]\nfrom = [\"anywhere\"]");
    let clients = clients(&text);
    let (key, other) = (key.text(), other.text());
    for scheme in ["Bearer", "bearer", "BEARER"] {
        assert_eq!(id(ask(&clients, "/v1/trust", &[&format!("{scheme} {key}")], None)), "one");
    }
    for sent in [
        &format!("Bearer {other}")[..],
        &format!("Bearer  {key}"),
        &format!("Bearer\t{key}"),
        &format!("Bearer {key},"),
        &format!("Bearer {key} "),
        &format!("Bearer {key} {key}"),
        &format!("Bearer \"{key}\""),
        &format!("Bearer={key}"),
        &format!("Bearer{key}"),
        &format!("Basic {key}"),
        &format!("Bearer, Bearer {key}"),
        &format!(" {key}"),
        key,
        "Bearer",
        "Bearer ",
        "",
    ] {
        assert_eq!(
            ask(&clients, "/v1/trust", &[sent], Some(peer("127.0.0.1"))).unwrap_err(),
            WRONG,
            "{sent}"
        );
    }
    let bearer = format!("Bearer {key}");
    for two in [[&bearer[..], &bearer], [&bearer, ""], ["", &bearer], ["Basic eDp5", &bearer]] {
        assert_eq!(ask(&clients, "/v1/trust", &two, Some(peer("127.0.0.1"))).unwrap_err(), WRONG, "{two:?}");
    }
    assert_eq!(id(ask(&clients, "/v1/trust", &[], Some(peer("192.0.2.1")))), "");
}

#[test]
fn keys_hold_for_their_time_and_several_at_once() {
    let (old, new, later) =
        (NewKey::generate().unwrap(), NewKey::generate().unwrap(), NewKey::generate().unwrap());
    let clients = clients(&format!(
        "[[client]]\nid = \"one\"\nkeys = [\n{{ hash = \"{}\", not_after = \"2026-01-31T00:00:00Z\" }},\n\
         {{ hash = \"{}\", not_before = \"2026-01-01T00:00:00Z\" }},\n{{ hash = \"{}\", not_before = \"2027-01-01T00:00:00+01:00\" }}]",
        old.hash(),
        new.hash(),
        later.hash()
    ));
    for (at, holds) in [
        ("2025-12-31T23:59:59Z", [true, false, false]),
        ("2026-01-01T00:00:00Z", [true, true, false]),
        ("2026-01-31T00:00:00Z", [true, true, false]),
        ("2026-01-31T00:00:01Z", [false, true, false]),
        ("2026-12-31T23:00:00Z", [false, true, true]),
        // The clock may go back; rates, which it has no part in, do not notice.
        ("2025-12-31T23:59:59Z", [true, false, false]),
    ] {
        let now = Time::parse_rfc3339(at).unwrap();
        for (key, holds) in [&old, &new, &later].into_iter().zip(holds) {
            let request = Request::get("/v1/trust").header("authorization", format!("Bearer {}", key.text()));
            assert_eq!(clients.admit(&mut request.body(()).unwrap(), now).is_ok(), holds, "{at}");
        }
    }
}

#[test]
fn certificates_count_where_no_key_is_sent() {
    let key = NewKey::generate().unwrap();
    let clients = clients(&format!(
        "{}[[client]]\nid = \"two\"\ncertificates = [\"DNS:two.example\", \"subject:CN=two\"]\n\
         [[client]]\nid = \"three\"\ncertificates = [\"sha256:{}\", \"URI:urn:three\"]\n",
        with_key(&key, ""),
        "ab".repeat(32)
    ));
    let certificate = |subject: &str, names: &[&str], digest: u8| {
        let names = names.iter().map(|name| (*name).to_owned()).collect();
        let certificate = ClientCertificate { subject: subject.to_owned(), names, sha256: [digest; 32] };
        Some(Peer { certificate: Some(Arc::new(certificate)), ..peer("192.0.2.1") })
    };
    let asked = |subject: &str, names: &[&str], digest| {
        ask(&clients, "/v1/trust", &[], certificate(subject, names, digest))
    };
    assert_eq!(id(asked("CN=other", &["DNS:TWO.example"], 0)), "two");
    assert_eq!(id(asked("CN=two", &[], 0)), "two");
    assert_eq!(id(asked("CN=other", &[], 0xab)), "three");
    assert_eq!(id(asked("CN=other", &["URI:urn:three"], 0)), "three");
    let bearer = format!("Bearer {}", key.text());
    assert_eq!(id(ask(&clients, "/v1/trust", &[&bearer], certificate("CN=two", &[], 0))), "one");
    assert_eq!(ask(&clients, "/v1/trust", &["Bearer x"], certificate("CN=two", &[], 0)).unwrap_err(), WRONG);
    for (subject, names, digest) in [
        ("CN=other", &["DNS:two.example.org", "URI:urn:THREE", "email:DNS:two.example"][..], 0),
        ("subject:CN=two", &[], 0),
        // Of two clients at once.
        ("CN=two", &[], 0xab),
    ] {
        assert!(matches!(asked(subject, names, digest), Err(Problem::Forbidden(_))), "{subject}");
    }
}

#[test]
fn who_goes_without_comes_from_where_that_is_allowed() {
    let local = Clients::new(&ClientsSettings::local_only(), &names()).unwrap();
    let is_in = |clients: &Clients, from: Option<Peer>| ask(clients, "/v1/verify", &[], from).is_ok();
    for address in ["127.0.0.1", "127.8.9.1", "[::1]", "[::ffff:127.0.0.1]"] {
        assert!(is_in(&local, Some(peer(address))), "{address}");
    }
    for address in
        ["192.0.2.1", "10.0.0.1", "0.0.0.0", "[::]", "[2001:db8::1]", "[::ffff:10.0.0.1]", "[::127.0.0.1]"]
    {
        assert!(!is_in(&local, Some(peer(address))), "{address}");
    }
    assert!(is_in(&local, Some(Peer::default())) && !is_in(&local, None));
    // A trusted proxy of another machine has clients of its own there, which are none of this one's.
    for there in [peer("127.0.0.1"), Peer::default()] {
        assert!(!is_in(&local, Some(Peer { elsewhere: true, ..there })));
    }
    assert!(!ClientsSettings::local_only().serve_others());
    // A certificate that the listener vouches for is enough where nobody is named.
    let certificate = ClientCertificate { subject: "CN=x".into(), names: Vec::new(), sha256: [0; 32] };
    assert!(is_in(&local, Some(Peer { certificate: Some(Arc::new(certificate)), ..peer("192.0.2.1") })));
    let unix = clients("anonymous = { from = [\"unix\"] }");
    assert!(is_in(&unix, Some(Peer::default())) && !is_in(&unix, Some(peer("127.0.0.1"))));
    let listener = Peer { anonymous: true, ..peer("192.0.2.1") };
    assert!(is_in(&unix, Some(listener)));
    assert!(settings("anonymous = { from = [\"anywhere\"] }").serve_others());
}

#[test]
fn limits_are_the_clients_own_and_survive_being_read_anew() {
    let key = NewKey::generate().unwrap();
    let limits = "limits = { requests_per_second = 0.001, burst = 2, body = 1000, concurrent = 1 }\n\
                  policies = [\"strict\"]\n[anonymous]\nfrom = [\"anywhere\"]\n\
                  limits = { requests_per_second = 0.001, burst = 1 }";
    let text = with_key(&key, limits);
    let clients = clients(&text);
    let bearer = format!("Bearer {}", key.text());
    let asked = || ask(&clients, "/v1/trust", &[&bearer], None);
    let first = asked().unwrap();
    assert_eq!((first.body_limit(5000), first.body_limit(500)), (1000, 500));
    assert_eq!((first.policies().unwrap(), first.acceptance()), (&["strict".to_owned()][..], None));
    // One is under way, and after it the rate is used up.
    assert_eq!(asked().unwrap_err(), Problem::TooMany(Duration::from_secs(1)));
    drop(first);
    let Err(Problem::TooMany(wait)) = asked() else { panic!("let in") };
    assert!((900..=1000).contains(&wait.as_secs()), "{wait:?}");
    for (address, is_in) in [("192.0.2.1", true), ("192.0.2.1", false), ("192.0.2.2", true)] {
        assert_eq!(ask(&clients, "/v1/trust", &[], Some(peer(address))).is_ok(), is_in, "{address}");
    }
    // Another key of the same client, and another client besides.
    let new = NewKey::generate().unwrap();
    let anew = format!(
        "{}[[client]]\nid = \"two\"\ncertificates = [\"DNS:x\"]",
        text.replace(&key.hash().to_string(), &new.hash().to_string())
    );
    let anew = anew.replace("[anonymous]", "[anonymous] # as before");
    clients.replace(&settings(&anew), &names()).unwrap();
    assert_eq!(asked().unwrap_err(), WRONG);
    let other = format!("Bearer {}", new.text());
    assert!(matches!(ask(&clients, "/v1/trust", &[&other], None), Err(Problem::TooMany(_))));
    assert!(ask(&clients, "/v1/trust", &[], Some(peer("192.0.2.1"))).is_err());
    // What is wrong changes nothing.
    assert!(clients.replace(&settings("client = [{ id = \"x\" }]"), &names()).is_err());
    assert!(matches!(ask(&clients, "/v1/trust", &[&other], None), Err(Problem::TooMany(_))));
}

#[test]
fn what_is_wrong_in_configuration_is_named() {
    let key = NewKey::generate().unwrap();
    let hash = key.hash();
    for (text, says) in [
        (String::new(), "nobody may ask"),
        ("[[client]]\nid = \"one\"".into(), "neither keys nor certificates"),
        ("[[client]]\nid = \"a b\"\ncertificates = [\"DNS:x\"]".into(), "client `a b`: id"),
        (with_key(&key, "").repeat(2), "twice"),
        (with_key(&key, "").repeat(2), "another client has it"),
        ("[[client]]\nid = \"one\"\nkeys = [{ hash = \"secret\" }]".into(), "sealgate keys new"),
        (
            format!("[[client]]\nid = \"one\"\nkeys = [{{ hash = \"{hash}\", not_after = \"soon\" }}]"),
            "not_after",
        ),
        (
            format!(
                "[[client]]\nid = \"one\"\nkeys = [{{ hash = \"{hash}\", not_before = \"2026-01-02T00:00:00Z\", not_after = \"2026-01-01T00:00:00Z\" }}]"
            ),
            "comes after",
        ),
        ("[[client]]\nid = \"one\"\ncertificates = [\"two.example\"]".into(), "`DNS:`"),
        (with_key(&key, "policies = [\"strikt\"]"), "the nearest is `strict`"),
        (with_key(&key, "acceptance = []"), "names none"),
        (with_key(&key, "limits = { burst = 3 }"), "burst without"),
        (with_key(&key, "limits = { requests_per_second = 0.0 }"), "requests_per_second"),
        (with_key(&key, "limits = { concurrent = 0 }"), "nothing would be let in"),
    ] {
        let found = wrong(&text);
        assert!(found.contains(says), "{text}: {found}");
        assert!(!found.contains("secret"));
    }
    for unknown in ["colour = 1", "[[client]]\nkey = 1", "[anonymous]\nfrom = [\"moon\"]", "metrics = \"no\""]
    {
        assert!(toml::from_str::<ClientsSettings>(unknown).is_err(), "{unknown}");
    }
}

#[test]
fn nothing_that_is_printed_tells_who_has_which_key() {
    let key = NewKey::generate().unwrap();
    let clients = clients(&with_key(&key, ""));
    let admitted = ask(&clients, "/v1/trust", &[&format!("Bearer {}", key.text())], None).unwrap();
    let printed = format!("{clients:?} {admitted:?} {WRONG:?}");
    assert!(!printed.contains(key.text()) && !printed.contains(&key.hash().to_string()), "{printed}");
}
