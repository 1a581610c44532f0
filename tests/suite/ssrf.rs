//! Addresses and tricks by which a document could make the gateway ask what it must not: all refused by the real client,
//! each for its own reason, directly and behind a redirect. Names are resolved by the test; nothing leaves the machine.

use crate::web::{Route, Web};
use futures_util::future::BoxFuture;
use sealgate::fetch::{
    Client, NotFetched, Origin, Proxies, Reach, Refused, Resolve, Rules, Validators, Wish,
};
use sealgate::recorder::Fetch;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Resolves the names of the table, and what the system's resolver reads as numbers as that does.
#[derive(Debug, Default)]
struct Names {
    asked: AtomicUsize,
}

const NAMES: [(&str, &[&str]); 11] = [
    ("inner.example.org", &["10.0.0.5"]),
    ("loopback.example.org", &["127.0.0.1"]),
    ("metadata.example.org", &["169.254.169.254"]),
    ("cgnat.example.org", &["100.64.0.1"]),
    ("six.example.org", &["::1"]),
    ("mapped.example.org", &["::ffff:127.0.0.1"]),
    ("ula.example.org", &["fd00:ec2::254"]),
    ("nat64.example.org", &["64:ff9b::7f00:1"]),
    // One of several is enough.
    ("mixed.example.org", &["93.184.215.14", "10.0.0.5"]),
    ("mixed-six.example.org", &["2606:4700::1111", "fe80::1"]),
    // localhost in Cyrillic letters, as Punycode.
    ("xn--80aa4bhbbc5a.example.org", &["127.0.0.1"]),
];

impl Resolve for Names {
    fn resolve<'r>(&'r self, host: &'r str) -> BoxFuture<'r, io::Result<Vec<IpAddr>>> {
        let turn = self.asked.fetch_add(1, Ordering::SeqCst);
        let found: Vec<IpAddr> = match (host, host.parse()) {
            (_, Ok(literal)) => vec![literal],
            // One address when it is checked, another when it is asked again.
            ("rebinding.example.org", _) if turn == 0 => vec!["127.0.0.1".parse().unwrap()],
            ("rebinding.example.org", _) => vec!["10.0.0.5".parse().unwrap()],
            _ => {
                let known = NAMES.iter().find(|(name, _)| *name == host);
                let known = known.unwrap_or_else(|| panic!("{host} must not be resolved"));
                known.1.iter().map(|ip| ip.parse().unwrap()).collect()
            }
        };
        Box::pin(std::future::ready(Ok(found)))
    }
}

fn ask(client: &Client, address: &str, reach: Reach) -> NotFetched {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let fetch = Fetch::AboutCredential;
    let wish = Wish { fetch, accept: "*/*", known: &Validators::default(), reach, question: None };
    runtime.block_on(client.ask(address, &wish)).unwrap_err()
}

/// Every trick with the reason for which it is refused; HTTP is as good as HTTPS here.
fn table() -> Vec<(&'static str, Refused)> {
    let ip = |text: &str| Refused::NotPublic(text.parse().unwrap());
    use Refused::{Credentials, Disguised, LocalName, NotAnAddress, Port, Scheme};
    vec![
        // Literal addresses of every block that is not of the public internet.
        ("http://127.0.0.1/", ip("127.0.0.1")),
        ("http://127.255.255.254/", ip("127.255.255.254")),
        ("http://0.0.0.0/", ip("0.0.0.0")),
        ("http://10.1.2.3/", ip("10.1.2.3")),
        ("http://172.16.0.1/", ip("172.16.0.1")),
        ("http://192.168.1.1/", ip("192.168.1.1")),
        ("http://100.64.0.1/", ip("100.64.0.1")),
        ("http://169.254.169.254/latest/meta-data/", ip("169.254.169.254")),
        ("http://192.0.2.1/", ip("192.0.2.1")),
        ("http://198.18.0.1/", ip("198.18.0.1")),
        ("http://198.51.100.7/", ip("198.51.100.7")),
        ("http://203.0.113.7/", ip("203.0.113.7")),
        ("http://192.88.99.1/", ip("192.88.99.1")),
        ("http://224.0.0.1/", ip("224.0.0.1")),
        ("http://255.255.255.255/", ip("255.255.255.255")),
        ("http://[::]/", ip("::")),
        ("http://[::1]/", ip("::1")),
        ("http://[0:0:0:0:0:0:0:1]/", ip("::1")),
        ("http://[fe80::1]/", ip("fe80::1")),
        ("http://[fc00::1]/", ip("fc00::1")),
        ("http://[fd00:ec2::254]/", ip("fd00:ec2::254")),
        ("http://[ff02::1]/", ip("ff02::1")),
        ("http://[2001:db8::1]/", ip("2001:db8::1")),
        // IPv4 inside IPv6: mapped, compatible, NAT64, 6to4, Teredo, translated.
        ("http://[::ffff:127.0.0.1]/", ip("::ffff:127.0.0.1")),
        ("http://[::ffff:7f00:1]/", ip("::ffff:127.0.0.1")),
        ("http://[::ffff:8.8.8.8]/", ip("::ffff:8.8.8.8")),
        ("http://[::127.0.0.1]/", ip("::127.0.0.1")),
        ("http://[64:ff9b::7f00:1]/", ip("64:ff9b::7f00:1")),
        ("http://[64:ff9b:1::a9fe:a9fe]/", ip("64:ff9b:1::a9fe:a9fe")),
        ("http://[2002:7f00:1::]/", ip("2002:7f00:1::")),
        ("http://[2001:0:7f00:1::]/", ip("2001:0:7f00:1::")),
        ("http://[::ffff:0:127.0.0.1]/", ip("::ffff:0:127.0.0.1")),
        // Numbers that resolvers read as addresses.
        ("http://2130706433/", Disguised),
        ("http://0x7f000001/", Disguised),
        ("http://017700000001/", Disguised),
        ("http://0177.0.0.1/", Disguised),
        ("http://0x7f.0.0.1/", Disguised),
        ("http://0x7F.1/", Disguised),
        ("http://127.1/", Disguised),
        ("http://127.0.1/", Disguised),
        ("http://127.0.0.01/", Disguised),
        ("http://256.256.256.256/", Disguised),
        ("http://localhost.0x7f000001/", Disguised),
        // Names of this machine or network.
        ("http://localhost/", LocalName),
        ("http://LocalHost/", LocalName),
        ("http://a.localhost/", LocalName),
        ("http://printer/", LocalName),
        ("http://printer.local/", LocalName),
        ("http://metadata.google.internal/computeMetadata/v1/", LocalName),
        ("http://router.home.arpa/", LocalName),
        // What is no host, or more than one.
        ("http://127.0.0.1./", NotAnAddress),
        ("http://localhost./", NotAnAddress),
        ("http://inner..example.org/", NotAnAddress),
        ("http://[fe80::1%25eth0]/", NotAnAddress),
        ("http://[fe80::1%eth0]/", NotAnAddress),
        ("http://[::1/", NotAnAddress),
        ("http://user@status.example.org/", Credentials),
        ("http://status.example.org@127.0.0.1/", Credentials),
        ("http://status.example.org:80@127.0.0.1/", Credentials),
        ("http://127.0.0.1\\@status.example.org/", NotAnAddress),
        ("http:\\\\127.0.0.1\\", NotAnAddress),
        ("http://status.example.org\\.inner.example.org/", NotAnAddress),
        ("http://status.example.org\t.inner.example.org/", NotAnAddress),
        ("http://status.example.org\r\nHost: inner/", NotAnAddress),
        (" http://127.0.0.1/", NotAnAddress),
        ("http://%31%32%37.0.0.1/", NotAnAddress),
        ("http://127.0.0.1%00.example.org/", NotAnAddress),
        ("http://\u{ff11}\u{ff12}\u{ff17}.0.0.1/", NotAnAddress),
        ("http://127\u{3002}0\u{3002}0\u{3002}1/", NotAnAddress),
        ("http://\u{24db}ocalhost/", NotAnAddress),
        ("http://inner_host.example.org/", NotAnAddress),
        ("http:///etc/passwd", NotAnAddress),
        ("//127.0.0.1/", NotAnAddress),
        ("http:127.0.0.1", NotAnAddress),
        // Other schemes, however they are written.
        ("file:///etc/passwd", NotAnAddress),
        ("FILE://localhost/etc/passwd", Scheme),
        ("ftp://status.example.org/", Scheme),
        ("gopher://127.0.0.1:6379/_INFO", Scheme),
        ("ldap://status.example.org/cn=x", Scheme),
        ("hTTpz://status.example.org/", Scheme),
        ("data:text/plain,x", NotAnAddress),
        ("javascript:alert(1)", NotAnAddress),
        // Other services on hosts of the public internet.
        ("http://status.example.org:22/", Port(22)),
        ("http://status.example.org:25/", Port(25)),
        ("http://status.example.org:443/", Port(443)),
        ("https://status.example.org:80/", Port(80)),
        ("https://status.example.org:6379/", Port(6379)),
        ("http://status.example.org:0/", Port(0)),
        ("http://status.example.org:99999/", NotAnAddress),
        ("http://status.example.org:/", NotAnAddress),
        // Names that lead inside.
        ("http://inner.example.org/", ip("10.0.0.5")),
        ("HTTP://INNER.EXAMPLE.ORG/", ip("10.0.0.5")),
        ("hTTpS://loopback.example.org/", ip("127.0.0.1")),
        ("http://metadata.example.org/", ip("169.254.169.254")),
        ("http://cgnat.example.org/", ip("100.64.0.1")),
        ("http://six.example.org/", ip("::1")),
        ("http://mapped.example.org/", ip("::ffff:127.0.0.1")),
        ("http://ula.example.org/", ip("fd00:ec2::254")),
        ("http://nat64.example.org/", ip("64:ff9b::7f00:1")),
        ("http://mixed.example.org/", ip("10.0.0.5")),
        ("https://mixed-six.example.org/", ip("fe80::1")),
        ("http://xn--80aa4bhbbc5a.example.org/", ip("127.0.0.1")),
    ]
}

#[test]
fn every_trick_is_refused_for_its_reason_directly_and_behind_a_redirect() {
    let web = Web::start();
    let rules = Rules { allowed: vec![Origin::parse(&web.origin).unwrap()], ..Rules::default() };
    let client = Client::new(rules, None).unwrap().with_resolver(Arc::new(Names::default()));
    let table = table();
    assert!(table.len() >= 40);
    let mut redirected = 0;
    for (address, why) in &table {
        let why = NotFetched::Refused(why.clone());
        assert_eq!(ask(&client, address, Reach::Plain), why, "{address:?}");
        // A header can hold no line end; what stands without a scheme is another kind of redirect.
        if address.bytes().all(|b| (b' '..0x7f).contains(&b)) && address.trim() == *address {
            web.set("/", Route::Redirect((*address).to_owned()));
            let found = ask(&client, &format!("{}/", web.origin), Reach::Plain);
            // Of an address that cannot be read, the redirect is none.
            let unreadable = matches!(found, NotFetched::Redirects) && address.parse::<hyper::Uri>().is_err();
            assert!(found == why || unreadable, "redirect to {address:?}: {found:?}");
            redirected += 1;
        }
    }
    println!("{} tricks refused, {redirected} of them behind redirects, too", table.len());
    assert!(redirected >= 40);
    let asked: Vec<String> = web.all_asked();
    assert!(asked.iter().all(|path| path == "/"), "{asked:?}");
}

#[test]
fn a_name_is_resolved_once_and_the_address_that_was_checked_is_connected_to() {
    let web = Web::start();
    let port = web.origin.rsplit(':').next().unwrap();
    let address = format!("http://rebinding.example.org:{port}");
    let names = Arc::new(Names::default());
    let resolver: Arc<dyn Resolve> = names.clone();
    // Named by configuration, so that a server of this machine can stand for one of the public internet.
    let rules = Rules { allowed: vec![Origin::parse(&address).unwrap()], ..Rules::default() };
    let client = Client::new(rules, None).unwrap().with_resolver(resolver);
    assert_eq!(ask(&client, &format!("{address}/x"), Reach::Plain), NotFetched::Status(404));
    assert_eq!((names.asked.load(Ordering::SeqCst), web.asked("/x")), (1, 1));
    // The name means something else by now, and that is checked anew.
    let plain = Client::new(Rules::default(), None).unwrap().with_resolver(names);
    let refused = NotFetched::Refused(Refused::NotPublic("10.0.0.5".parse().unwrap()));
    assert_eq!(ask(&plain, "http://rebinding.example.org/x", Reach::Plain), refused);
}

#[test]
fn through_a_proxy_what_the_address_itself_tells_is_refused_all_the_same() {
    let proxy = Web::start();
    let at = proxy.origin.clone();
    let proxies =
        Proxies::of(|name| matches!(name, "HTTP_PROXY" | "HTTPS_PROXY").then(|| at.clone())).unwrap();
    let client = Client::new(Rules::default(), None).unwrap().through(proxies);
    let mut by_name = 0;
    for (address, why) in table() {
        let resolved = NAMES.iter().any(|(name, _)| address.to_lowercase().contains(&format!("//{name}/")));
        if resolved {
            // What the name means is the proxy's to know: it is asked.
            assert!(!matches!(ask(&client, address, Reach::Plain), NotFetched::Refused(_)), "{address}");
            by_name += 1;
        } else {
            assert_eq!(ask(&client, address, Reach::Plain), NotFetched::Refused(why), "{address:?}");
        }
    }
    assert_eq!((by_name, proxy.all_asked().len()), (12, 12), "{:?}", proxy.all_asked());
}

#[test]
fn a_stranger_makes_only_what_configuration_names_be_asked() {
    let web = Web::start();
    let rules = Rules { allowed: vec![Origin::parse(&web.origin).unwrap()], ..Rules::default() };
    let client = Client::new(rules, None).unwrap().with_resolver(Arc::new(Names::default()));
    for address in ["http://pki.example.org/ca.cer", "https://pki.example.org/ca.cer", "http://10.0.0.1/"] {
        let refused = NotFetched::Refused(Refused::NotNamed);
        assert_eq!(ask(&client, address, Reach::Named), refused, "{address}");
        web.set("/moved", Route::Redirect(address.to_owned()));
        assert_eq!(ask(&client, &format!("{}/moved", web.origin), Reach::Named), refused, "to {address}");
    }
    assert_eq!(ask(&client, &format!("{}/ca.cer", web.origin), Reach::Named), NotFetched::Status(404));
}

#[test]
fn https_goes_through_a_tunnel_of_the_proxy_and_the_server_is_who_it_should_be() {
    use std::io::{BufRead, BufReader, Write};
    let folder = tempfile::tempdir().unwrap();
    // The gateway itself is the server behind the proxy.
    let (server, roots) = crate::server::Server::launch_tls(folder.path());
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let proxy = format!("http://me:secret@{}", listener.local_addr().unwrap());
    let behind = server.address.clone();
    let heads = Arc::new(std::sync::Mutex::new(Vec::<String>::new()));
    let seen = Arc::clone(&heads);
    std::thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let mut reader = BufReader::new(client.try_clone().unwrap());
            let mut head = String::new();
            while !head.ends_with("\r\n\r\n") {
                assert!(reader.read_line(&mut head).unwrap() > 0);
            }
            seen.lock().unwrap().push(head);
            let upstream = std::net::TcpStream::connect(&behind).unwrap();
            (&client).write_all(b"HTTP/1.1 200 Connected\r\n\r\n").unwrap();
            let (mut from, mut to) = (upstream.try_clone().unwrap(), client);
            std::thread::spawn(move || std::io::copy(&mut from, &mut to));
            let mut upstream = upstream;
            std::thread::spawn(move || std::io::copy(&mut reader, &mut upstream));
        }
    });
    let proxies = Proxies::of(|name| (name == "https_proxy").then(|| proxy.clone())).unwrap();
    // A name that only the proxy could resolve, and one that the certificate is not of.
    let allowed =
        ["https://localhost:8443", "https://other.example.org:8443"].map(|one| Origin::parse(one).unwrap());
    let rules = Rules { allowed: allowed.to_vec(), ..Rules::default() };
    let client = Client::new(rules, Some(&roots)).unwrap().through(proxies);
    assert_eq!(ask(&client, "https://localhost:8443/nothing", Reach::Secure), NotFetched::Status(404));
    assert!(matches!(ask(&client, "https://other.example.org:8443/", Reach::Secure), NotFetched::Tls(_)));
    let heads = heads.lock().unwrap();
    assert!(heads[0].starts_with("CONNECT localhost:8443 HTTP/1.1\r\n"), "{heads:?}");
    assert!(heads[0].to_lowercase().contains("proxy-authorization: basic "), "{heads:?}");
}
