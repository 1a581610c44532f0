//! Connections: to the very address that was checked, or through a proxy.

use super::address::{Origin, Refused, Rules};
use super::client::{NotFetched, USER_AGENT};
use super::proxy::Proxy;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use http_body_util::Empty;
use hyper::client::conn::http1;
use hyper::{Request, header};
use hyper_util::rt::TokioIo;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// What bytes go over.
pub(super) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

/// Resolves names of hosts.
pub trait Resolve: Send + Sync + fmt::Debug {
    /// The addresses of a host; a literal address is its own.
    fn resolve<'r>(&'r self, host: &'r str) -> BoxFuture<'r, io::Result<Vec<IpAddr>>>;
}

/// The system's resolver.
#[derive(Clone, Copy, Debug)]
pub struct Resolver;

impl Resolve for Resolver {
    fn resolve<'r>(&'r self, host: &'r str) -> BoxFuture<'r, io::Result<Vec<IpAddr>>> {
        Box::pin(
            async move { Ok(tokio::net::lookup_host((host, 0)).await?.map(|found| found.ip()).collect()) },
        )
    }
}

/// To the first address of the host that answers; none is asked if one may not be. The name is resolved once: it cannot
/// change its meaning between the check and the connection.
pub(super) async fn directly(
    origin: &Origin,
    rules: &Rules,
    resolver: &dyn Resolve,
) -> Result<Box<dyn Stream>, NotFetched> {
    let resolved = resolver.resolve(&origin.host).await.map_err(|_| NotFetched::Unresolved)?;
    for address in &resolved {
        rules.admit_resolved(origin, *address)?;
    }
    for address in &resolved {
        if let Ok(stream) = TcpStream::connect(SocketAddr::new(*address, origin.port)).await {
            return Ok(Box::new(stream));
        }
    }
    Err(if resolved.is_empty() { NotFetched::Unresolved } else { NotFetched::Connection })
}

/// To a proxy, wherever it is: whoever set the variable named it.
pub(super) async fn to_proxy(proxy: &Proxy) -> Result<Box<dyn Stream>, NotFetched> {
    let stream = TcpStream::connect((proxy.host.as_str(), proxy.port)).await;
    stream.map(|stream| -> Box<dyn Stream> { Box::new(stream) }).map_err(|_| NotFetched::Proxy(None))
}

/// Through a proxy to the server itself (RFC 9110, 9.3.6).
pub(super) async fn tunnel(proxy: &Proxy, origin: &Origin) -> Result<Box<dyn Stream>, NotFetched> {
    let failed = |_| NotFetched::Proxy(None);
    let stream = to_proxy(proxy).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(failed)?;
    tokio::spawn(connection.with_upgrades());
    let host = if origin.host.contains(':') { format!("[{}]", origin.host) } else { origin.host.clone() };
    let target = format!("{host}:{}", origin.port);
    let mut request =
        Request::connect(&target).header(header::HOST, &target).header(header::USER_AGENT, USER_AGENT);
    if let Some(authorization) = &proxy.authorization {
        request = request.header(header::PROXY_AUTHORIZATION, authorization);
    }
    let request = request.body(Empty::<Bytes>::new()).map_err(|_| NotFetched::Proxy(None))?;
    let response = sender.send_request(request).await.map_err(failed)?;
    if !response.status().is_success() {
        return Err(NotFetched::Proxy(Some(response.status().as_u16())));
    }
    let upgraded = hyper::upgrade::on(response).await.map_err(failed)?;
    Ok(Box::new(TokioIo::new(upgraded)))
}

/// Trusts the certificate authorities of Mozilla's programme for servers, and those in a PEM file beside them.
pub(super) fn trusting(further_roots: Option<&Path>) -> Result<Arc<ClientConfig>, String> {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    if let Some(file) = further_roots {
        let wrong = |why: &dyn fmt::Display| format!("{}: {why}", file.display());
        let certificates = CertificateDer::pem_file_iter(file).map_err(|error| wrong(&error))?;
        let mut found = 0_usize;
        for certificate in certificates {
            let certificate = certificate.map_err(|error| wrong(&error))?;
            roots.add(certificate).map_err(|error| wrong(&error))?;
            found = found.saturating_add(1);
        }
        if found == 0 {
            return Err(wrong(&"holds no certificate"));
        }
    }
    let tls = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(tls))
}

/// TLS to a server, over a connection that reaches it.
pub(super) async fn over_tls(
    stream: Box<dyn Stream>,
    tls: &Arc<ClientConfig>,
    origin: Origin,
) -> Result<Box<dyn Stream>, NotFetched> {
    let name = ServerName::try_from(origin.host).map_err(|_| Refused::NotAnAddress)?;
    let connector = TlsConnector::from(Arc::clone(tls));
    Ok(Box::new(connector.connect(name, stream).await.map_err(not_tls)?))
}

/// What rustls says against the server, where it does; otherwise the connection broke off.
fn not_tls(error: io::Error) -> NotFetched {
    let why = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    why.map_or(NotFetched::Connection, |why| NotFetched::Tls(why.to_string()))
}
