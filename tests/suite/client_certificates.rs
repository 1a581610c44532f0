//! Clients that are known by the names in their certificates: real handshakes, certificates made for the test.

use crate::authority::{Authority, Identity};
use crate::server::{AT, Answer, Server, wait_until};
use crate::support::root;
use rcgen::{
    CertificateRevocationListParams, DnType, ExtendedKeyUsagePurpose, KeyIdMethod, RevokedCertParams,
    SanType, SerialNumber, date_time_ymd,
};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use std::io::Write;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

impl Authority {
    /// A client with this name for a machine, this common name and this number.
    fn client(&self, host: &str, name: &str, serial: u64) -> Identity {
        self.issue(ExtendedKeyUsagePurpose::ClientAuth, |params| {
            params.distinguished_name.push(DnType::CommonName, name);
            params.subject_alt_names.push(SanType::DnsName(host.try_into().unwrap()));
            params.serial_number = Some(SerialNumber::from(serial));
        })
    }

    /// What it revoked, to be renewed in this year; DER.
    fn revoked(&self, number: u64, serials: &[u64], until: i32) -> Vec<u8> {
        let one = |serial: &u64| RevokedCertParams {
            serial_number: SerialNumber::from(*serial),
            revocation_time: date_time_ymd(2021, 1, 1),
            reason_code: None,
            invalidity_date: None,
        };
        let params = CertificateRevocationListParams {
            this_update: date_time_ymd(2020, 1, 1),
            next_update: date_time_ymd(until, 1, 1),
            crl_number: SerialNumber::from(number),
            issuing_distribution_point: None,
            revoked_certs: serials.iter().map(one).collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        params.signed_by(&self.issuer).unwrap().der().to_vec()
    }
}

/// A server with an authority's certificates for its clients.
struct Scene {
    folder: tempfile::TempDir,
    authority: Authority,
}

impl Scene {
    fn new() -> Self {
        let (folder, authority) = (tempfile::tempdir().unwrap(), Authority::new());
        let own = authority.issue(ExtendedKeyUsagePurpose::ServerAuth, |params| {
            params.subject_alt_names.push(SanType::DnsName("localhost".try_into().unwrap()));
        });
        let scene = Self { folder, authority };
        scene.write("own.pem", own.certificate.as_bytes());
        scene.write("own.key", own.key.as_bytes());
        scene.write("clients.pem", scene.authority.pem.as_bytes());
        scene
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        std::fs::write(self.path(name), bytes).unwrap();
    }

    /// Writes the configuration, with more in `[tls]` and at the end.
    fn configure(&self, tls: &str, more: &str) -> PathBuf {
        let (certificate, key, ca) = (self.path("own.pem"), self.path("own.key"), self.path("clients.pem"));
        let text = format!(
            "[[listen]]\naddress = \"127.0.0.1:0\"\n[trust]\ndomain = \"trust-lists/demo.toml\"\n\
             [tls]\ncertificate = {certificate:?}\nkey = {key:?}\nclient_ca = {ca:?}\n{tls}\n{more}"
        );
        let file = self.path("sealgate.toml");
        std::fs::write(&file, text).unwrap();
        file
    }

    fn command(&self, args: &[&str], file: &Path) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sealgate"));
        command.current_dir(root()).args(args).arg("--config").arg(file);
        command
    }

    fn serve(&self, tls: &str, more: &str) -> Server {
        let file = self.configure(tls, more);
        Server::spawn(self.command(&["serve"], &file))
    }

    /// Reads the settings anew.
    fn reload(&self, server: &Server) {
        server.signal("-HUP");
        server.logged("settings are read anew: ");
    }

    /// What a client is answered that shows this certificate and asks for this; an error where the handshake fails.
    fn ask(
        &self,
        server: &Server,
        identity: Option<&Identity>,
        path: &str,
        key: Option<&str>,
    ) -> std::io::Result<Answer> {
        let mut stream = self.connect(server, identity)?;
        ask(&mut stream, path, key)
    }

    fn connect(
        &self,
        server: &Server,
        identity: Option<&Identity>,
    ) -> std::io::Result<StreamOwned<ClientConnection, TcpStream>> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(self.authority.pem.as_bytes()).unwrap()).unwrap();
        let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots);
        let config = match identity {
            None => config.with_no_client_auth(),
            Some(identity) => {
                let own = CertificateDer::from_pem_slice(identity.certificate.as_bytes()).unwrap();
                let key = PrivateKeyDer::from_pem_slice(identity.key.as_bytes()).unwrap();
                config.with_client_auth_cert(vec![own], key).unwrap()
            }
        };
        let name = ServerName::try_from("localhost").unwrap();
        let connection = ClientConnection::new(Arc::new(config), name).unwrap();
        let mut stream = StreamOwned::new(connection, server.connect());
        stream.conn.complete_io(&mut stream.sock)?;
        Ok(stream)
    }
}

/// Asks for a verdict on the compact example.
fn ask(
    stream: &mut StreamOwned<ClientConnection, TcpStream>,
    path: &str,
    key: Option<&str>,
) -> std::io::Result<Answer> {
    let body = std::fs::read(root().join("examples/sound/b-compact.jwt"))?;
    let key = key.map_or(String::new(), |key| format!("authorization: Bearer {key}\r\n"));
    write!(stream, "POST {path} HTTP/1.1\r\nhost: x\r\n{key}content-length: {}\r\n\r\n", body.len())?;
    stream.write_all(&body)?;
    Answer::read(stream)
}

fn verify() -> String {
    format!("/v1/verify?at={AT}")
}

#[test]
fn a_name_in_a_certificate_is_a_client_with_its_policies_and_limits() {
    let (scene, stranger) = (Scene::new(), Authority::new());
    let more = "[[clients.client]]\nid = \"registrar\"\ncertificates = [\"DNS:registrar.example.org\"]\n\
                policies = [\"qualified-seal\"]\nacceptance = [\"admissions\"]\n\
                limits = { requests_per_second = 0.0001, burst = 3, body = 100000 }\n\
                [[clients.client]]\nid = \"office\"\ncertificates = [\"subject:CN=office\"]\n\
                limits = { body = 100 }\n";
    let server = scene.serve("", more);
    let registrar = scene.authority.client("registrar.example.org", "anything", 1);
    let office = scene.authority.client("office.example.org", "office", 2);
    let nobody = scene.authority.client("other.example.org", "other", 3);

    let answer = scene.ask(&server, Some(&registrar), &verify(), None).unwrap();
    assert_eq!((answer.status, &answer.json()["policy"]), (200, &"qualified-seal".into()));
    assert_eq!(answer.json()["decision"]["policy"], "admissions");
    let other = format!("{}&policy=default", verify());
    assert_eq!(scene.ask(&server, Some(&registrar), &other, None).unwrap().status, 403);
    let statuses: Vec<u16> =
        (0..3).map(|_| scene.ask(&server, Some(&registrar), &verify(), None).unwrap().status).collect();
    assert_eq!(statuses, [200, 429, 429], "its rate holds over all its connections");
    assert_eq!(scene.ask(&server, Some(&office), &verify(), None).unwrap().status, 413, "its own limit");

    // Of the same authority, but nobody's; and a name that only looks like it.
    for (host, name) in [
        ("other.example.org", "other"),
        ("registrar.example.org.evil.example", "registrar.example.org"),
        ("xregistrar.example.org", "DNS:registrar.example.org"),
        ("office", "office, O=other"),
    ] {
        let other = scene.authority.client(host, name, 9);
        let refused = scene.ask(&server, Some(&other), &verify(), None).unwrap();
        assert_eq!((refused.status, &refused.json()["status"]), (403, &403.into()), "{host}");
    }
    // A key that is sent counts, and if it is wrong nothing else does.
    let key = crate::admission::new_key().0;
    assert_eq!(scene.ask(&server, Some(&office), &verify(), Some(&key)).unwrap().status, 401);

    // Nobody gets in without a certificate of the authority that is good for a client now.
    let past = scene.authority.issue(ExtendedKeyUsagePurpose::ClientAuth, |params| {
        params.subject_alt_names.push(SanType::DnsName("registrar.example.org".try_into().unwrap()));
        (params.not_before, params.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(2021, 1, 1));
    });
    let of_a_server = scene.authority.issue(ExtendedKeyUsagePurpose::ServerAuth, |params| {
        params.subject_alt_names.push(SanType::DnsName("registrar.example.org".try_into().unwrap()));
    });
    let elsewhere = stranger.client("registrar.example.org", "registrar", 1);
    for (why, identity) in [
        ("without", None),
        ("of another authority", Some(&elsewhere)),
        ("expired", Some(&past)),
        ("a server's", Some(&of_a_server)),
    ] {
        assert!(scene.ask(&server, identity, "/livez", None).is_err(), "{why}");
    }
    assert_eq!(
        scene.ask(&server, Some(&nobody), "/livez", None).unwrap().status,
        405,
        "open to all that connect"
    );
}

#[test]
fn where_certificates_are_optional_a_key_does_without() {
    let scene = Scene::new();
    let (key, hash) = crate::admission::new_key();
    let more = format!(
        "[[clients.client]]\nid = \"registrar\"\ncertificates = [\"DNS:registrar.example.org\"]\n\
         [[clients.client]]\nid = \"office\"\nkeys = [{{ {hash} }}]\n"
    );
    let server = scene.serve("client_certificate = \"optional\"\n", &more);
    let registrar = scene.authority.client("registrar.example.org", "anything", 1);
    let status = |identity, key| scene.ask(&server, identity, &verify(), key).unwrap().status;
    assert_eq!((status(Some(&registrar), None), status(None, Some(&*key))), (200, 200));
    assert_eq!(status(None, None), 401);
    let stranger = Authority::new().client("registrar.example.org", "registrar", 1);
    assert!(
        scene.ask(&server, Some(&stranger), &verify(), Some(&key)).is_err(),
        "one that is shown must be good"
    );
}

#[test]
fn the_health_command_shows_a_certificate_where_one_is_asked_for() {
    let scene = Scene::new();
    let server = scene.serve("", "");
    let port = server.address.rsplit(':').next().unwrap();
    let url = format!("https://127.0.0.1:{port}");
    let probe = scene.authority.client("probe.example.org", "probe", 1);
    let stranger = Authority::new().client("probe.example.org", "probe", 1);
    for (name, identity) in [("probe", &probe), ("stranger", &stranger)] {
        scene.write(&format!("{name}.pem"), identity.certificate.as_bytes());
        scene.write(&format!("{name}.key"), identity.key.as_bytes());
    }
    let health = |arguments: &[&str], files: &[(&str, &str)]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sealgate"));
        command.args(["health", "--url", &url]).args(arguments);
        command
            .args(files.iter().flat_map(|(flag, file)| [(*flag).into(), scene.path(file).into_os_string()]));
        let output = command.output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let own = [("--certificate", "probe.pem"), ("--key", "probe.key")];
    assert_eq!(health(&[], &own).0, Some(0));
    let (code, said) = health(&[], &[]);
    assert!(code == Some(1) && said.contains("CertificateRequired"), "{said}");
    let (code, said) = health(&[], &[("--certificate", "stranger.pem"), ("--key", "stranger.key")]);
    assert!(code == Some(1) && said.contains("not ready: "), "{said}");
    // Named wrongly is not `not ready`.
    for wrong in [
        [("--certificate", "probe.pem"), ("--key", "stranger.key")],
        [("--certificate", "gone.pem"), ("--key", "probe.key")],
        [("--certificate", "probe.pem"), ("--key", "probe.pem")],
    ] {
        let (code, said) = health(&[], &wrong);
        assert!(code == Some(64) && said.contains(".pem: "), "{said}");
    }
    assert_eq!(health(&[], &own[..1]).0, Some(64), "without its key");
    let variables = [("SEALGATE_HEALTH_CERTIFICATE", "probe.pem"), ("SEALGATE_HEALTH_KEY", "probe.key")];
    let mut command = Command::new(env!("CARGO_BIN_EXE_sealgate"));
    command.args(["health", "--url", &url]).envs(variables.map(|(name, file)| (name, scene.path(file))));
    assert!(command.status().unwrap().success());
}

#[test]
fn revoked_certificates_are_refused_from_the_next_sighup_on() {
    let scene = Scene::new();
    let (one, two) = (scene.authority.client("one", "one", 11), scene.authority.client("two", "two", 12));
    let list = scene.path("clients.crl");
    let pem = |der: &[u8]| {
        let text = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, der);
        format!("-----BEGIN X509 CRL-----\n{text}\n-----END X509 CRL-----\n")
    };
    let named = format!("client_crl = {list:?}\n");
    scene.write("clients.crl", &scene.authority.revoked(1, &[99], 2100));
    let server = scene.serve(&named, "");
    let answers = |identity: &Identity| scene.ask(&server, Some(identity), "/livez", None).is_ok();
    assert!(answers(&one) && answers(&two));
    let mut before = scene.connect(&server, Some(&one)).unwrap();

    // In PEM as well as in DER.
    scene.write("clients.crl", pem(&scene.authority.revoked(2, &[99, 11], 2100)).as_bytes());
    assert!(answers(&one), "not read yet");
    scene.reload(&server);
    assert!(!answers(&one) && answers(&two));
    assert!(ask(&mut before, &verify(), None).is_ok(), "a connection keeps what it began with");

    // One that is not a list changes nothing.
    scene.write("clients.crl", b"-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n");
    server.signal("-HUP");
    server.logged("the old ones stay");
    assert!(!answers(&one) && answers(&two));
    // Past its next update, or of another authority, it vouches for nobody.
    scene.write("clients.crl", &scene.authority.revoked(3, &[], 2021));
    scene.reload(&server);
    assert!(!answers(&one) && !answers(&two), "an old list");
    scene.write("clients.crl", &Authority::new().revoked(4, &[], 2100));
    scene.reload(&server);
    assert!(!answers(&one) && !answers(&two), "another authority's list");
    scene.write("clients.crl", &scene.authority.revoked(5, &[12], 2100));
    scene.reload(&server);
    wait_until(|| answers(&one));
    assert!(!answers(&two));

    // It is read before anything is bound, and goes with an authority.
    let check = |tls: &str| {
        let file = scene.configure(tls, "");
        scene.command(&["config", "check"], &file).output().unwrap()
    };
    assert!(check(&named).status.success());
    let gone = check(&format!("client_crl = {:?}\n", scene.path("gone.crl")));
    assert_eq!(gone.status.code(), Some(64));
    assert!(String::from_utf8_lossy(&gone.stderr).contains("gone.crl"));
    let text = std::fs::read_to_string(scene.configure(&named, "")).unwrap();
    let without: String =
        text.lines().filter(|line| !line.starts_with("client_ca")).map(|line| format!("{line}\n")).collect();
    std::fs::write(scene.path("sealgate.toml"), without).unwrap();
    let alone = scene.command(&["config", "check"], &scene.path("sealgate.toml")).output().unwrap();
    assert_eq!(alone.status.code(), Some(64));
    assert!(String::from_utf8_lossy(&alone.stderr).contains("is missing: it tells whose certificates count"));
}
