//! One document over HTTP/1.1: own connection, no cookies, no credentials.

use super::address::{Reach, Refused, Rules};
use super::connect::{self, Resolve, Resolver, Stream};
use super::proxy::{Proxies, Proxy};
use crate::clock::{self, Stopwatch};
use crate::outside::Document;
use crate::recorder::{Fetch, Kept, Recorder};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::{Method, Request, Response, StatusCode, Uri, header};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// Why a document could not be had.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum NotFetched {
    /// The address is not asked.
    Refused(Refused),
    /// The host has no address.
    Unresolved,
    /// No connection, or it broke off.
    Connection,
    /// The server's TLS is not trusted: why.
    Tls(String),
    /// It took longer than this many seconds.
    TooSlow(u64),
    /// The server's status.
    Status(u16),
    /// More bytes than this.
    TooLarge(usize),
    /// Redirected too often, or without an address.
    Redirects,
    /// The proxy could not be reached, or answered with this status.
    Proxy(Option<u16>),
    /// The host failed again and again, and is left alone for a while.
    Resting,
}

impl fmt::Display for NotFetched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(why) => why.fmt(f),
            Self::Unresolved => f.write_str("its host is not known"),
            Self::Connection => f.write_str("there was no connection"),
            Self::Tls(why) => write!(f, "TLS failed: {why}"),
            Self::TooSlow(seconds) => write!(f, "it did not come within {seconds} s"),
            Self::Status(status) => write!(f, "the server answered {status}"),
            Self::TooLarge(bytes) => write!(f, "it has more than {bytes} bytes"),
            Self::Redirects => f.write_str("it was redirected too often"),
            Self::Proxy(None) => f.write_str("the proxy could not be reached"),
            Self::Proxy(Some(status)) => write!(f, "the proxy answered {status}"),
            Self::Resting => f.write_str("its host failed again and again and is left alone for a while"),
        }
    }
}

impl std::error::Error for NotFetched {}

/// What came of asking, in a word that names nobody.
fn outcome(fetched: &Result<Answer, NotFetched>) -> &'static str {
    match fetched {
        Ok(Answer::Document(_)) => "document",
        Ok(Answer::NotModified) => "not-modified",
        Err(why) => why.word(),
    }
}

impl NotFetched {
    /// In a word that names nobody.
    pub(super) fn word(&self) -> &'static str {
        match self {
            Self::Refused(_) => "refused",
            Self::Unresolved => "unresolved",
            Self::Connection => "no-connection",
            Self::Tls(_) => "tls",
            Self::TooSlow(_) => "too-slow",
            Self::Status(400..=499) => "status-4xx",
            Self::Status(500..=599) => "status-5xx",
            Self::Status(_) => "status",
            Self::TooLarge(_) => "too-large",
            Self::Redirects => "redirects",
            Self::Proxy(_) => "proxy",
            Self::Resting => "resting",
        }
    }
}

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
    resolver: Arc<dyn Resolve>,
    proxies: Arc<Proxies>,
    recorder: Option<Arc<dyn Recorder>>,
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

/// What is asked besides the address.
#[derive(Clone, Copy, Debug)]
pub struct Wish<'w> {
    /// What it is about.
    pub fetch: Fetch,
    /// The Accept header.
    pub accept: &'static str,
    /// Of the version at hand: the server need not give it again (RFC 9110, 13.1).
    pub known: &'w Validators,
    /// Which addresses may be asked besides those that the rules allow.
    pub reach: Reach,
    /// What is posted; without it the document is got.
    pub question: Option<Question<'w>>,
}

/// The body of a POST.
#[derive(Clone, Copy, Debug)]
pub struct Question<'w> {
    /// Content-Type.
    pub media: &'static str,
    /// The body.
    pub bytes: &'w [u8],
}

/// What tells one version of a document from another, in the server's own words (RFC 9110, 8.8).
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Validators {
    /// ETag.
    pub etag: Option<String>,
    /// Last-Modified.
    pub last_modified: Option<String>,
}

/// What a server answered.
#[derive(Clone, Debug)]
pub enum Answer {
    /// The document.
    Document(Received),
    /// The version at hand still is the newest.
    NotModified,
}

/// A document as it came.
#[derive(Clone, Debug)]
pub struct Received {
    /// The body.
    pub bytes: Bytes,
    /// Content-Type.
    pub media: Option<String>,
    /// Of this version.
    pub validators: Validators,
    max_age: Option<Duration>,
}

/// Longer ones of a server's headers are not kept.
const LONGEST_HEADER: usize = 512;

/// No version is at hand.
pub(super) const UNKNOWN: Validators = Validators { etag: None, last_modified: None };

impl Client {
    /// A client that trusts the certificate authorities of Mozilla's programme for servers, and those in a PEM file
    /// beside them.
    ///
    /// # Errors
    /// The file cannot be read or holds no certificate.
    pub fn new(rules: Rules, further_roots: Option<&Path>) -> Result<Self, String> {
        let (resolver, proxies) = (Arc::new(Resolver), Arc::default());
        Ok(Self { rules, tls: connect::trusting(further_roots)?, resolver, proxies, recorder: None })
    }

    /// The same through proxies.
    #[must_use]
    pub fn through(self, proxies: Proxies) -> Self {
        Self { proxies: Arc::new(proxies), ..self }
    }

    /// The same, telling a recorder what comes of each request.
    #[must_use]
    pub fn recorded(self, recorder: Arc<dyn Recorder>) -> Self {
        Self { recorder: Some(recorder), ..self }
    }

    /// The same with names resolved by another than the system.
    #[must_use]
    pub fn with_resolver(self, resolver: Arc<dyn Resolve>) -> Self {
        Self { resolver, ..self }
    }

    /// Whether an address may be asked, as far as it tells itself.
    pub(super) fn admits(&self, address: &str, reach: Reach) -> Result<(), Refused> {
        let uri: Uri = address.parse().map_err(|_| Refused::NotAnAddress)?;
        self.rules.admit(&uri, reach).map(|_| ())
    }

    /// Fetches the document at an address, which may come from a stranger.
    pub(super) async fn get(&self, address: &str, wish: &Wish<'_>) -> Result<Fetched, NotFetched> {
        match self.ask(address, wish).await? {
            Answer::Document(Received { bytes, max_age, .. }) => {
                Ok(Fetched { document: Document::new(bytes, clock::now()), max_age })
            }
            // Nothing is at hand that it could be.
            Answer::NotModified => Err(NotFetched::Status(304)),
        }
    }

    /// Asks for the document at an address.
    ///
    /// # Errors
    /// It could not be had: why.
    pub async fn ask(&self, address: &str, wish: &Wish<'_>) -> Result<Answer, NotFetched> {
        let watch = Stopwatch::start();
        let fetched = tokio::time::timeout(self.rules.time, self.follow(address, wish)).await;
        let fetched = fetched.unwrap_or(Err(NotFetched::TooSlow(self.rules.time.as_secs())));
        self.note(wish.fetch, outcome(&fetched), watch.elapsed());
        // The address may tell of whom a status is asked: it is not logged.
        match &fetched {
            Ok(_) => tracing::debug!(took = ?watch.elapsed(), "fetched a document"),
            Err(why) => tracing::info!(took = ?watch.elapsed(), %why, "a document could not be had"),
        }
        fetched
    }

    /// Notes what came of asking, or of not asking.
    pub(super) fn note(&self, fetch: Fetch, outcome: &'static str, took: Duration) {
        if let Some(recorder) = &self.recorder {
            recorder.fetched(fetch, outcome, took);
        }
    }

    /// Notes whether a document was at hand.
    pub(super) fn looked_up(&self, found: bool) {
        if let Some(recorder) = &self.recorder {
            recorder.lookup(Kept::Documents, found);
        }
    }

    async fn follow(&self, address: &str, wish: &Wish<'_>) -> Result<Answer, NotFetched> {
        let mut uri: Uri = address.parse().map_err(|_| Refused::NotAnAddress)?;
        for _ in 0..=self.rules.redirects {
            let response = self.send(&uri, wish).await?;
            let status = response.status();
            if status == StatusCode::NOT_MODIFIED && *wish.known != Validators::default() {
                return Ok(Answer::NotModified);
            }
            if status.is_redirection() && status != StatusCode::NOT_MODIFIED {
                uri = redirected(&uri, &response).ok_or(NotFetched::Redirects)?;
                continue;
            }
            if status.as_u16() != 200 {
                return Err(NotFetched::Status(status.as_u16()));
            }
            let max_age = max_age(&response);
            let media = text(&response, header::CONTENT_TYPE);
            let validators = Validators {
                etag: text(&response, header::ETAG),
                last_modified: text(&response, header::LAST_MODIFIED),
            };
            let bytes = self.body(response.into_body()).await?;
            return Ok(Answer::Document(Received { bytes, media, validators, max_age }));
        }
        Err(NotFetched::Redirects)
    }

    async fn send(&self, uri: &Uri, wish: &Wish<'_>) -> Result<Response<Incoming>, NotFetched> {
        let origin = self.rules.admit(uri, wish.reach)?;
        let stream = match self.proxies.through(&origin) {
            None => connect::directly(&origin, &self.rules, &*self.resolver).await?,
            Some(proxy) if origin.tls => connect::tunnel(proxy, &origin).await?,
            Some(proxy) => return send(connect::to_proxy(proxy).await?, uri, wish, Some(proxy)).await,
        };
        if !origin.tls {
            return send(stream, uri, wish, None).await;
        }
        send(connect::over_tls(stream, &self.tls, origin).await?, uri, wish, None).await
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

/// Asks over a connection: the server's, or a proxy's that asks on.
async fn send(
    stream: Box<dyn Stream>,
    uri: &Uri,
    wish: &Wish<'_>,
    proxy: Option<&Proxy>,
) -> Result<Response<Incoming>, NotFetched> {
    let (mut sender, connection) =
        http1::handshake(TokioIo::new(stream)).await.map_err(|_| NotFetched::Connection)?;
    tokio::spawn(connection);
    let authority = uri.authority().map(|authority| authority.as_str()).unwrap_or_default();
    let target = match proxy {
        Some(_) => uri.to_string(),
        None => uri.path_and_query().map_or("/", |path| path.as_str()).to_owned(),
    };
    let method = if wish.question.is_some() { Method::POST } else { Method::GET };
    let mut request = Request::builder().method(method).uri(target);
    let known =
        [(header::IF_NONE_MATCH, &wish.known.etag), (header::IF_MODIFIED_SINCE, &wish.known.last_modified)];
    for (name, value) in known {
        if let Some(value) = value {
            request = request.header(name, value);
        }
    }
    if let Some(question) = &wish.question {
        request = request.header(header::CONTENT_TYPE, question.media);
    }
    if let Some(authorization) = proxy.and_then(|proxy| proxy.authorization.as_ref()) {
        request = request.header(header::PROXY_AUTHORIZATION, authorization);
    }
    let question = wish.question.map_or_else(Bytes::new, |question| Bytes::copy_from_slice(question.bytes));
    let request = request
        .header(header::HOST, authority)
        .header(header::USER_AGENT, USER_AGENT)
        .header(header::ACCEPT, wish.accept)
        .header(header::CONNECTION, "close")
        .body(Full::new(question))
        .map_err(|_| Refused::NotAnAddress)?;
    sender.send_request(request).await.map_err(|_| NotFetched::Connection)
}

/// How this gateway names itself to servers.
pub(super) const USER_AGENT: &str = concat!("sealgate/", env!("CARGO_PKG_VERSION"));

/// The absolute address that a redirect names; one within the same origin may name its path alone.
fn redirected(from: &Uri, response: &Response<Incoming>) -> Option<Uri> {
    let location = response.headers().get(header::LOCATION)?.to_str().ok()?;
    if location.starts_with('/') && !location.starts_with("//") {
        let (scheme, authority) = (from.scheme_str()?, from.authority()?);
        return format!("{scheme}://{authority}{location}").parse().ok();
    }
    location.parse().ok()
}

/// A header's text, where it is one and no longer than is kept.
fn text(response: &Response<Incoming>, name: header::HeaderName) -> Option<String> {
    let text = response.headers().get(name)?.to_str().ok()?;
    (text.len() <= LONGEST_HEADER).then(|| text.to_owned())
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
