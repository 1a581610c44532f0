//! One document over HTTP/1.1: own connection, no cookies, no credentials, no proxy.

use super::address::{Origin, Refused, Rules};
use crate::clock::{self, Stopwatch};
use crate::credential::Document;
use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::{Request, Response, Uri, header};
use hyper_util::rt::TokioIo;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use std::fmt;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// Why a document could not be had.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum NotFetched {
    /// The address is not asked.
    Refused(Refused),
    /// The host has no address.
    Unresolved,
    /// No connection, no TLS, or it broke off.
    Connection,
    /// It took longer than this many seconds.
    TooSlow(u64),
    /// The server's status.
    Status(u16),
    /// More bytes than this.
    TooLarge(usize),
    /// Redirected too often, or without an address.
    Redirects,
}

impl fmt::Display for NotFetched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(why) => why.fmt(f),
            Self::Unresolved => f.write_str("its host is not known"),
            Self::Connection => f.write_str("there was no connection"),
            Self::TooSlow(seconds) => write!(f, "it did not come within {seconds} s"),
            Self::Status(status) => write!(f, "the server answered {status}"),
            Self::TooLarge(bytes) => write!(f, "it has more than {bytes} bytes"),
            Self::Redirects => f.write_str("it was redirected too often"),
        }
    }
}

impl std::error::Error for NotFetched {}

impl From<Refused> for NotFetched {
    fn from(why: Refused) -> Self {
        Self::Refused(why)
    }
}

/// Fetches documents under rules.
#[derive(Clone)]
pub struct Client {
    rules: Rules,
    tls: Arc<ClientConfig>,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("rules", &self.rules).finish_non_exhaustive()
    }
}

/// A document with the time for which its server lets it be kept.
pub(super) struct Fetched {
    pub(super) document: Document,
    pub(super) max_age: Option<Duration>,
}

impl Client {
    /// A client that trusts the certificate authorities of Mozilla's programme for servers, and those in a PEM file
    /// beside them.
    ///
    /// # Errors
    /// The file cannot be read or holds no certificate.
    pub fn new(rules: Rules, further_roots: Option<&Path>) -> Result<Self, String> {
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
        Ok(Self { rules, tls: Arc::new(tls) })
    }

    /// Fetches the document at an address, which may come from a stranger.
    pub(super) async fn get(&self, address: &str) -> Result<Fetched, NotFetched> {
        let watch = Stopwatch::start();
        let fetched = tokio::time::timeout(self.rules.time, self.follow(address)).await;
        let fetched = fetched.unwrap_or(Err(NotFetched::TooSlow(self.rules.time.as_secs())));
        // The address may tell of whom a status is asked: it is not logged.
        match &fetched {
            Ok(_) => tracing::debug!(took = ?watch.elapsed(), "fetched a document"),
            Err(why) => tracing::info!(took = ?watch.elapsed(), %why, "a document could not be had"),
        }
        fetched
    }

    async fn follow(&self, address: &str) -> Result<Fetched, NotFetched> {
        let mut uri: Uri = address.parse().map_err(|_| Refused::NotAnAddress)?;
        for _ in 0..=self.rules.redirects {
            let response = self.ask(&uri).await?;
            let status = response.status();
            if status.is_redirection() {
                uri = redirected(&uri, &response).ok_or(NotFetched::Redirects)?;
                continue;
            }
            if status.as_u16() != 200 {
                return Err(NotFetched::Status(status.as_u16()));
            }
            let max_age = max_age(&response);
            let bytes = self.body(response.into_body()).await?;
            return Ok(Fetched { document: Document::new(bytes, clock::now()), max_age });
        }
        Err(NotFetched::Redirects)
    }

    async fn ask(&self, uri: &Uri) -> Result<Response<Incoming>, NotFetched> {
        let origin = self.rules.admit(uri)?;
        let stream = self.connect(&origin).await?;
        if !origin.tls {
            return send(stream, uri).await;
        }
        let name = ServerName::try_from(origin.host).map_err(|_| Refused::NotAnAddress)?;
        let connector = TlsConnector::from(Arc::clone(&self.tls));
        let stream = connector.connect(name, stream).await.map_err(|_| NotFetched::Connection)?;
        send(stream, uri).await
    }

    /// To the first address of the host that may be asked and answers; none is asked if one may not be.
    async fn connect(&self, origin: &Origin) -> Result<TcpStream, NotFetched> {
        let host = (origin.host.as_str(), origin.port);
        let resolved: Vec<SocketAddr> =
            tokio::net::lookup_host(host).await.map_err(|_| NotFetched::Unresolved)?.collect();
        for address in &resolved {
            self.rules.admit_resolved(origin, address.ip())?;
        }
        for address in &resolved {
            if let Ok(stream) = TcpStream::connect(address).await {
                return Ok(stream);
            }
        }
        Err(if resolved.is_empty() { NotFetched::Unresolved } else { NotFetched::Connection })
    }

    async fn body(&self, mut body: Incoming) -> Result<Bytes, NotFetched> {
        let mut bytes = Vec::new();
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|_| NotFetched::Connection)?;
            if let Some(data) = frame.data_ref() {
                if bytes.len().saturating_add(data.len()) > self.rules.bytes {
                    return Err(NotFetched::TooLarge(self.rules.bytes));
                }
                bytes.extend_from_slice(data);
            }
        }
        Ok(bytes.into())
    }
}

async fn send<S>(stream: S, uri: &Uri) -> Result<Response<Incoming>, NotFetched>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) =
        http1::handshake(TokioIo::new(stream)).await.map_err(|_| NotFetched::Connection)?;
    tokio::spawn(connection);
    let target = uri.path_and_query().map_or("/", |path| path.as_str());
    let authority = uri.authority().map(|authority| authority.as_str()).unwrap_or_default();
    let request = Request::get(target)
        .header(header::HOST, authority)
        .header(header::USER_AGENT, concat!("sealgate/", env!("CARGO_PKG_VERSION")))
        .header(header::ACCEPT, "application/statuslist+jwt, application/vc+jwt, application/json, */*;q=0.5")
        .header(header::CONNECTION, "close")
        .body(Empty::<Bytes>::new())
        .map_err(|_| Refused::NotAnAddress)?;
    sender.send_request(request).await.map_err(|_| NotFetched::Connection)
}

/// The absolute address that a redirect names; one within the same origin may name its path alone.
fn redirected(from: &Uri, response: &Response<Incoming>) -> Option<Uri> {
    let location = response.headers().get(header::LOCATION)?.to_str().ok()?;
    if location.starts_with('/') && !location.starts_with("//") {
        let (scheme, authority) = (from.scheme_str()?, from.authority()?);
        return format!("{scheme}://{authority}{location}").parse().ok();
    }
    location.parse().ok()
}

/// `max-age` of Cache-Control; zero where it is not to be kept (RFC 9111, 5.2.2).
fn max_age(response: &Response<Incoming>) -> Option<Duration> {
    let values = response.headers().get_all(header::CACHE_CONTROL).iter();
    let mut directives = values.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(','));
    directives.find_map(|directive| {
        let directive = directive.trim().to_ascii_lowercase();
        match directive.as_str() {
            "no-store" | "no-cache" => Some(Duration::ZERO),
            other => other.strip_prefix("max-age=")?.parse().ok().map(Duration::from_secs),
        }
    })
}
