//! Where a server listens and what it asks of who connects: real sockets, certificates made for the test.

use crate::authority::{Authority, Identity};
use crate::server::{Answer, Server, get_from};
use crate::support::root;
use rcgen::ExtendedKeyUsagePurpose;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::version::{TLS12, TLS13};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned, SupportedProtocolVersion};
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

impl Authority {
    fn server(&self) -> Identity {
        self.named("localhost", ExtendedKeyUsagePurpose::ServerAuth)
    }
}

impl Identity {
    fn write(&self, folder: &Path) {
        std::fs::write(folder.join("own.pem"), &self.certificate).unwrap();
        std::fs::write(folder.join("own.key"), &self.key).unwrap();
    }
}

type Tls = StreamOwned<ClientConnection, TcpStream>;

/// What a client speaks that trusts this authority, and shows who it is.
fn client(
    authority: &str,
    identity: Option<&Identity>,
    versions: &[&'static SupportedProtocolVersion],
) -> ClientConnection {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(authority.as_bytes()).unwrap()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_protocol_versions(versions)
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
    ClientConnection::new(Arc::new(config), ServerName::try_from("localhost").unwrap()).unwrap()
}

/// Its connection, once both have said who they are.
fn connect(server: &Server, authority: &str, identity: Option<&Identity>) -> std::io::Result<Tls> {
    let connection = client(authority, identity, rustls::DEFAULT_VERSIONS);
    let mut stream = StreamOwned::new(connection, server.connect());
    stream.conn.complete_io(&mut stream.sock)?;
    Ok(stream)
}

fn sealgate() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_sealgate"));
    command.current_dir(root());
    command
}

/// A server that this configuration tells, on the demonstration lists.
fn serve(folder: &Path, listen: &str) -> Server {
    let path = folder.join("sealgate.toml");
    std::fs::write(&path, format!("{listen}\n[trust]\ndomain = \"trust-lists/demo.toml\"\n")).unwrap();
    let mut command = sealgate();
    command.args(["serve", "--config", path.to_str().unwrap()]);
    Server::spawn(command)
}

fn live(stream: &mut (impl Read + Write)) -> std::io::Result<Vec<u8>> {
    get_from(stream, "/livez").map(|answer| answer.body)
}

#[test]
fn a_certificate_is_swapped_while_connections_go_on() {
    let (folder, old, new) = (tempfile::tempdir().unwrap(), Authority::new(), Authority::new());
    old.server().write(folder.path());
    let (certificate, key) = (folder.path().join("own.pem"), folder.path().join("own.key"));
    let listen = format!(
        "[[listen]]\naddress = \"127.0.0.1:0\"\ntls = {{ certificate = {certificate:?}, key = {key:?} }}"
    );
    let server = serve(folder.path(), &listen);
    for version in [&TLS12, &TLS13] {
        let mut stream = StreamOwned::new(client(&old.pem, None, &[version]), server.connect());
        assert_eq!(live(&mut stream).unwrap(), b"live\n");
        assert_eq!(stream.conn.protocol_version(), Some(version.version));
    }
    let mut before = connect(&server, &old.pem, None).unwrap();
    assert_eq!(live(&mut before).unwrap(), b"live\n");
    assert!(connect(&server, &new.pem, None).is_err());

    new.server().write(folder.path());
    server.signal("-HUP");
    server.logged("settings are read anew: ");
    let mut after = connect(&server, &new.pem, None).unwrap();
    assert!(connect(&server, &old.pem, None).is_err());
    for stream in [&mut before, &mut after] {
        assert_eq!(live(stream).unwrap(), b"live\n");
    }

    // A key of another certificate changes nothing.
    std::fs::write(&key, old.server().key).unwrap();
    server.signal("-HUP");
    server.logged("the old ones stay");
    assert_eq!(live(&mut connect(&server, &new.pem, None).unwrap()).unwrap(), b"live\n");
    assert_eq!(live(&mut before).unwrap(), b"live\n");
}

#[test]
fn clients_prove_who_they_are_by_certificates() {
    let (folder, authority, stranger) = (tempfile::tempdir().unwrap(), Authority::new(), Authority::new());
    authority.server().write(folder.path());
    std::fs::write(folder.path().join("clients.pem"), &authority.pem).unwrap();
    let known = authority.named("registrar", ExtendedKeyUsagePurpose::ClientAuth);
    let other = stranger.named("registrar", ExtendedKeyUsagePurpose::ClientAuth);
    let path = |name: &str| folder.path().join(name);
    let (certificate, key, ca) = (path("own.pem"), path("own.key"), path("clients.pem"));
    for (when, without_one) in [("", false), ("client_certificate = \"optional\"\n", true)] {
        let tls = format!(
            "[tls]\ncertificate = {certificate:?}\nkey = {key:?}\nclient_ca = {ca:?}\n{when}\n\
             [[listen]]\naddress = \"127.0.0.1:0\"\n"
        );
        let server = serve(folder.path(), &tls);
        let answers = |identity: Option<&Identity>| {
            connect(&server, &authority.pem, identity).and_then(|mut stream| live(&mut stream)).is_ok()
        };
        assert!(answers(Some(&known)));
        assert_eq!(answers(None), without_one, "{when}");
        assert!(!answers(Some(&other)), "of another authority");
        assert!(!answers(Some(&authority.server())), "a server's certificate");
    }
}

/// A PROXY header of version 2 for 192.0.2.7:54321.
fn proxied() -> Vec<u8> {
    let addresses = [192, 0, 2, 7, 198, 51, 100, 1, 0xd4, 0x31, 0x01, 0xbb];
    [&b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c"[..], &addresses].concat()
}

/// What a client gets that sends this first, then a request; `None` where the connection ends without an answer.
fn greeted(server: &Server, first: &[u8]) -> Option<Vec<u8>> {
    let mut stream = server.connect();
    stream.write_all(first).ok()?;
    live(&mut stream).ok()
}

#[test]
fn a_proxy_header_is_asked_for_where_configured_and_nowhere_else() {
    let folder = tempfile::tempdir().unwrap();
    let behind =
        serve(folder.path(), "[[listen]]\naddress = \"127.0.0.1:0\"\nproxy_protocol = [\"127.0.0.0/8\"]");
    assert_eq!(greeted(&behind, &proxied()).unwrap(), b"live\n");
    assert_eq!(greeted(&behind, b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0").unwrap(), b"live\n");
    for refused in [
        &b""[..],
        b"PROXY TCP4 192.0.2.7 198.51.100.1 54321 443\r\n",
        b"\r\n\r\n\0\r\nQUIT\n\x31\x11\0\x0c",
        b"\r\n\r\n\0\r\nQUIT\n\x21\x11\xff\xff",
        b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x01\0",
    ] {
        assert_eq!(greeted(&behind, refused), None, "{refused:?}");
    }
    // Twice: the second is no request.
    let twice = [proxied(), proxied()].concat();
    assert_ne!(greeted(&behind, &twice), Some(b"live\n".to_vec()));

    let elsewhere =
        serve(folder.path(), "[[listen]]\naddress = \"127.0.0.1:0\"\nproxy_protocol = [\"10.0.0.0/8\"]");
    assert_eq!(greeted(&elsewhere, &proxied()), None, "from no trusted proxy");
    assert_eq!(greeted(&elsewhere, b""), None);

    let direct = serve(folder.path(), "[[listen]]\naddress = \"127.0.0.1:0\"");
    assert_eq!(greeted(&direct, b"").unwrap(), b"live\n");
    assert_ne!(greeted(&direct, &proxied()), Some(b"live\n".to_vec()));
}

#[test]
fn a_proxy_header_comes_before_tls() {
    let (folder, authority) = (tempfile::tempdir().unwrap(), Authority::new());
    authority.server().write(folder.path());
    let (certificate, key) = (folder.path().join("own.pem"), folder.path().join("own.key"));
    let listen = format!(
        "[tls]\ncertificate = {certificate:?}\nkey = {key:?}\n[[listen]]\naddress = \"127.0.0.1:0\"\n\
         proxy_protocol = [\"127.0.0.1\"]"
    );
    let server = serve(folder.path(), &listen);
    assert!(connect(&server, &authority.pem, None).is_err(), "without a header");
    let connection = client(&authority.pem, None, rustls::DEFAULT_VERSIONS);
    let mut stream = server.connect();
    stream.write_all(&proxied()).unwrap();
    assert_eq!(live(&mut StreamOwned::new(connection, stream)).unwrap(), b"live\n");
}

#[test]
fn a_unix_socket_has_the_mode_and_group_that_it_was_given() {
    let folder = tempfile::tempdir().unwrap();
    let (own, shared) = (folder.path().join("own.sock"), folder.path().join("shared.sock"));
    let group = std::fs::metadata(folder.path()).unwrap().gid();
    let listen = format!(
        "[[listen]]\naddress = \"unix:{}\"\nmode = \"600\"\n[[listen]]\naddress = \"unix:{}\"\n\
         [[listen]]\naddress = \"127.0.0.1:0\"\n[unix]\nmode = \"666\"\ngroup = \"{group}\"\n",
        own.display(),
        shared.display()
    );
    let server = serve(folder.path(), &listen);
    for (path, mode) in [(&own, 0o600), (&shared, 0o666)] {
        let file = std::fs::metadata(path).unwrap();
        assert_eq!((file.permissions().mode() & 0o777, file.gid()), (mode, group));
        assert_eq!(live(&mut UnixStream::connect(path).unwrap()).unwrap(), b"live\n");
    }
    drop(server);
}

#[test]
fn other_machines_are_let_in_only_on_purpose() {
    let refused = sealgate().args(["serve", "--listen", "0.0.0.0:0"]).output().unwrap();
    assert_eq!(refused.status.code(), Some(64));
    let said = String::from_utf8_lossy(&refused.stderr);
    assert!(
        said.contains("--listen 0.0.0.0:0: other machines") && said.contains("allow_unauthenticated"),
        "{said}"
    );

    let (folder, authority) = (tempfile::tempdir().unwrap(), Authority::new());
    authority.server().write(folder.path());
    std::fs::write(folder.path().join("clients.pem"), &authority.pem).unwrap();
    let check = |text: &str| {
        let path = folder.path().join("sealgate.toml");
        std::fs::write(&path, text).unwrap();
        let mut command = sealgate();
        command.current_dir(folder.path()).args(["config", "check", "--config", path.to_str().unwrap()]);
        command.output().unwrap().status.code()
    };
    let listen = "[[listen]]\naddress = \"0.0.0.0:443\"\n";
    let tls = "[tls]\ncertificate = \"own.pem\"\nkey = \"own.key\"\n";
    assert_eq!(check(listen), Some(64));
    assert_eq!(check(&format!("{listen}{tls}")), Some(64), "TLS proves who the server is");
    assert_eq!(check(&format!("{listen}{tls}client_ca = \"clients.pem\"\n")), Some(0));
    let optional = format!("{listen}{tls}client_ca = \"clients.pem\"\nclient_certificate = \"optional\"\n");
    assert_eq!(check(&optional), Some(64));
    assert_eq!(check(&format!("{listen}allow_unauthenticated = true\n")), Some(0));
    assert_eq!(check(&format!("allow_unauthenticated = true\n{listen}")), Some(0));
}

/// A server to which the service manager passes two sockets, as its standard input and output.
fn activated(sockets: [OwnedFd; 2], extra: &str, notify: Option<&Path>) -> Command {
    let binary = env!("CARGO_BIN_EXE_sealgate");
    let script = format!(
        "exec 3<&0 4<&1 1>&2 0</dev/null; LISTEN_PID=$$ LISTEN_FDS=2 LISTEN_FDNAMES=api:side \
         exec '{binary}' serve --trust-domain trust-lists/demo.toml {extra}"
    );
    let [first, second] = sockets;
    let mut command = Command::new("sh");
    command.current_dir(root()).args(["-c", &script]).stdin(Stdio::from(first)).stdout(Stdio::from(second));
    if let Some(notify) = notify {
        command.env("NOTIFY_SOCKET", notify);
    }
    command
}

/// A TCP and a Unix socket that listen, and where.
fn passed(folder: &Path) -> ([OwnedFd; 2], std::net::SocketAddr, PathBuf) {
    let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
    let (address, path) = (tcp.local_addr().unwrap(), folder.join("side.sock"));
    let unix = UnixListener::bind(&path).unwrap();
    ([tcp.into(), unix.into()], address, path)
}

#[test]
fn sockets_that_were_passed_are_served_and_left_in_place() {
    let folder = tempfile::tempdir().unwrap();
    let (sockets, address, path) = passed(folder.path());
    // Who connects before the server is there waits in the kernel.
    let mut early = TcpStream::connect(address).unwrap();
    let mut server = Server::spawn(activated(sockets, "", None));
    assert_eq!(live(&mut early).unwrap(), b"live\n");
    assert_eq!(live(&mut UnixStream::connect(&path).unwrap()).unwrap(), b"live\n");
    server.terminate();
    drop(early);
    assert!(server.child.wait().unwrap().success());
    assert!(path.exists(), "the file is the service manager's");

    std::fs::remove_file(&path).unwrap();
    let (sockets, _, path) = passed(folder.path());
    let server = Server::spawn(activated(sockets, "--listen systemd:api", None));
    server.logged("it is closed name=\"side\"");
    assert!(UnixStream::connect(&path).is_err());

    std::fs::remove_file(&path).unwrap();
    let (sockets, _, _) = passed(folder.path());
    let output = activated(sockets, "--listen systemd:other", None).stderr(Stdio::piped()).output().unwrap();
    assert_eq!(output.status.code(), Some(64));
    assert!(String::from_utf8_lossy(&output.stderr).contains("passed no socket of this name"));
}

#[test]
fn sockets_of_another_process_are_not_taken() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = sealgate();
    command.args(["serve", "--listen", "127.0.0.1:0", "--trust-domain", "trust-lists/demo.toml"]);
    command.envs([("LISTEN_PID", "1"), ("LISTEN_FDS", "1")]);
    let server = Server::spawn(command);
    assert_eq!(live(&mut server.connect()).unwrap(), b"live\n");
    drop(folder);
}

#[test]
fn the_service_manager_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notify.sock");
    let told = UnixDatagram::bind(&path).unwrap();
    told.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let next = || {
        let mut bytes = [0; 512];
        let count = told.recv(&mut bytes).unwrap();
        String::from_utf8(bytes[..count].to_vec()).unwrap()
    };
    let (sockets, address, _) = passed(folder.path());
    let mut server = Server::spawn(activated(sockets, "", Some(&path)));
    assert_eq!(next(), "READY=1\n");
    let answer: Answer = get_from(&mut TcpStream::connect(address).unwrap(), "/readyz").unwrap();
    assert_eq!(answer.status, 200, "ready means that trust is in");
    server.signal("-HUP");
    let reloading = next();
    assert!(reloading.starts_with("RELOADING=1\nMONOTONIC_USEC="), "{reloading}");
    assert_eq!(next(), "READY=1\n");
    server.terminate();
    assert_eq!(next(), "STOPPING=1\n");
    assert!(server.child.wait().unwrap().success());
}
