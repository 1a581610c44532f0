//! The collector that whoever operates the gateway named for traces: OTLP over HTTP/1.1.

use super::address::{Origin, Refused};
use super::client::NotFetched;
use super::connect::{self, Stream};
use super::proxy::Proxies;
use async_trait::async_trait;
use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1;
use hyper::{Request, Response, Uri, header};
use hyper_util::rt::TokioIo;
use opentelemetry_http::{HttpClient, HttpError};
use rustls::ClientConfig;
use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Runtime};

/// Bytes of a collector's answer.
const ANSWER: usize = 64 << 10;

/// Posts to a collector, and blocks the thread that asks meanwhile: it must be one of its own.
pub struct Collector {
    tls: Arc<ClientConfig>,
    proxies: Proxies,
    time: Duration,
    runtime: Runtime,
    /// What came in the way last.
    failure: Mutex<Option<NotFetched>>,
}

impl fmt::Debug for Collector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Collector").field("time", &self.time).finish_non_exhaustive()
    }
}

impl Collector {
    /// One that trusts the public certificate authorities for servers and those in a PEM file beside them, is reached
    /// through proxies where they say so, and has so much time to answer.
    ///
    /// # Errors
    /// The file cannot be read or holds no certificate.
    pub fn new(further_roots: Option<&Path>, proxies: Proxies, time: Duration) -> Result<Self, String> {
        let tls = connect::trusting(further_roots)?;
        let runtime =
            Builder::new_current_thread().enable_all().build().map_err(|error| error.to_string())?;
        Ok(Self { tls, proxies, time, runtime, failure: Mutex::default() })
    }

    /// Whether an address can be a collector's: why not, without the address, which may hold a password.
    ///
    /// # Errors
    /// No absolute `http` or `https` address, or a user in it.
    pub fn admits(address: &str) -> Result<(), &'static str> {
        match address.parse::<Uri>().ok().map(|uri| Origin::of(&uri)) {
            Some(Ok(_)) => Ok(()),
            Some(Err(Refused::Credentials)) => Err("it names a user; OTEL_EXPORTER_OTLP_HEADERS is for that"),
            _ => Err("it is no http or https address"),
        }
    }

    /// Why the last request had no answer or a bad one; `None` where it was good.
    pub fn failure(&self) -> Option<NotFetched> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn post(&self, request: Request<Bytes>) -> Result<Response<Bytes>, NotFetched> {
        let origin = Origin::of(request.uri())?;
        let proxy = self.proxies.through(&origin);
        let stream: Box<dyn Stream> = match proxy {
            None => {
                let stream = TcpStream::connect((origin.host.as_str(), origin.port)).await;
                Box::new(stream.map_err(|_| NotFetched::Connection)?)
            }
            Some(proxy) if origin.tls => connect::tunnel(proxy, &origin).await?,
            Some(proxy) => connect::to_proxy(proxy).await?,
        };
        // A plain proxy asks on, and needs the whole address for it.
        let asked_on = proxy.filter(|_| !origin.tls);
        let stream = if origin.tls { connect::over_tls(stream, &self.tls, origin).await? } else { stream };
        let (mut sender, connection) =
            http1::handshake(TokioIo::new(stream)).await.map_err(|_| NotFetched::Connection)?;
        tokio::spawn(connection);
        let (mut head, body) = request.into_parts();
        let authority = head.uri.authority().map(|authority| authority.as_str()).unwrap_or_default();
        let host = authority.parse().map_err(|_| NotFetched::Connection)?;
        head.headers.insert(header::HOST, host);
        head.headers.insert(header::CONNECTION, header::HeaderValue::from_static("close"));
        match asked_on {
            Some(proxy) => {
                if let Some(authorization) = &proxy.authorization {
                    head.headers.insert(header::PROXY_AUTHORIZATION, authorization.clone());
                }
            }
            None => {
                let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
                head.uri = path.parse().map_err(|_| NotFetched::Connection)?;
            }
        }
        let sent = sender.send_request(Request::from_parts(head, Full::new(body))).await;
        let (head, body) = sent.map_err(|_| NotFetched::Connection)?.into_parts();
        let body = Limited::new(body, ANSWER).collect().await.map_err(|_| NotFetched::Connection)?;
        Ok(Response::from_parts(head, body.to_bytes()))
    }
}

#[async_trait]
impl HttpClient for Collector {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let answered = self.runtime.block_on(async {
            let answered = tokio::time::timeout(self.time, self.post(request)).await;
            answered.unwrap_or(Err(NotFetched::TooSlow(self.time.as_secs())))
        });
        *self.failure.lock().unwrap_or_else(PoisonError::into_inner) = match &answered {
            Ok(answer) if answer.status().is_success() => None,
            Ok(answer) => Some(NotFetched::Status(answer.status().as_u16())),
            Err(why) => Some(why.clone()),
        };
        Ok(answered?)
    }
}
