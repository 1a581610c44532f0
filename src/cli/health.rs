//! `sealgate health`: whether the service on this machine is ready, for containers whose image holds no other client.

use super::{Failure, exit};
use crate::http::own_identity;
use bytes::Bytes;
use clap::Args;
use http_body_util::Empty;
use hyper::client::conn::http1;
use hyper::{Request, StatusCode, Uri, header};
use hyper_util::rt::TokioIo;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme};
use std::error::Error;
use std::io::{self, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::num::NonZeroU16;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use tokio_rustls::TlsConnector;

/// Arguments of `sealgate health`.
#[derive(Debug, Args)]
pub(super) struct HealthArgs {
    /// Where the service listens on this machine: `http://` or `https://`, a loopback address or `localhost`, a port.
    #[arg(long, value_name = "URL", env = "SEALGATE_HEALTH_URL", default_value = "http://127.0.0.1:8080")]
    url: Uri,
    /// The Unix socket on which it listens, instead.
    #[arg(long, value_name = "PATH", env = "SEALGATE_HEALTH_SOCKET")]
    socket: Option<PathBuf>,
    /// What a listener is shown that asks clients for a certificate: PEM, own first.
    #[arg(long, value_name = "FILE", env = "SEALGATE_HEALTH_CERTIFICATE", requires = "key")]
    certificate: Option<PathBuf>,
    /// The key that goes with it, PEM.
    #[arg(long, value_name = "FILE", env = "SEALGATE_HEALTH_KEY", requires = "certificate")]
    key: Option<PathBuf>,
    /// Seconds that the answer may take.
    #[arg(long, value_name = "S", default_value = "5")]
    seconds: NonZeroU16,
}

/// Exit code 0 where `/readyz` answers 200, 1 otherwise.
pub(super) fn run(args: &HealthArgs) -> Result<u8, Failure> {
    let address = if args.socket.is_some() { None } else { Some(place(&args.url).map_err(Failure::usage)?) };
    let tls = connector(args).map_err(Failure::usage)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::usage(error.to_string()))?;
    let asked = runtime.block_on(async {
        let answer = async {
            match (&args.socket, address) {
                (Some(path), _) => ask(UnixStream::connect(path).await.map_err(said)?).await,
                (None, Some(address)) => {
                    let stream = TcpStream::connect(address).await.map_err(said)?;
                    if args.url.scheme_str() == Some("https") {
                        let name = ServerName::from(address.ip());
                        ask(tls.connect(name, stream).await.map_err(said)?).await
                    } else {
                        ask(stream).await
                    }
                }
                (None, None) => Err("no address".to_owned()),
            }
        };
        let time = Duration::from_secs(args.seconds.get().into());
        tokio::time::timeout(time, answer).await.unwrap_or_else(|_| Err("no answer in time".to_owned()))
    });
    match asked {
        Ok(StatusCode::OK) => {
            let _ = writeln!(io::stdout().lock(), "ready");
            Ok(exit::PASSED)
        }
        Ok(status) => Err(not_ready(&format!("it answers {}", status.as_u16()))),
        Err(why) => Err(not_ready(&why)),
    }
}

fn not_ready(why: &str) -> Failure {
    Failure { code: exit::FAILED, ..Failure::usage(format!("not ready: {why}")) }
}

/// An error with its causes: that a certificate was asked for stands in the last.
fn said(error: impl Error) -> String {
    let (mut said, mut cause) = (error.to_string(), error.source());
    while let Some(because) = cause {
        said = format!("{said}: {because}");
        cause = because.source();
    }
    said
}

/// The address of a URL; only this machine is asked, so that nothing but `fetch` ever reaches another one.
fn place(url: &Uri) -> Result<SocketAddr, String> {
    let port = match (url.scheme_str(), url.port_u16()) {
        (Some("http"), port) => port.unwrap_or(80),
        (Some("https"), port) => port.unwrap_or(443),
        _ => return Err(format!("--url {url}: neither http:// nor https://")),
    };
    let host = url.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    let address = match host {
        "localhost" => Some(IpAddr::from(Ipv4Addr::LOCALHOST)),
        _ => host.parse().ok().filter(|address: &IpAddr| address.to_canonical().is_loopback()),
    };
    let address = address.ok_or_else(|| format!("--url {url}: neither a loopback address nor localhost"))?;
    Ok(SocketAddr::new(address, port))
}

/// `/readyz`, with its status.
async fn ask(stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static) -> Result<StatusCode, String> {
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(said)?;
    tokio::spawn(connection);
    let request = Request::get("/readyz").header(header::HOST, "localhost").body(Empty::<Bytes>::new());
    let response = sender.send_request(request.map_err(said)?).await.map_err(said)?;
    Ok(response.status())
}

fn connector(args: &HealthArgs) -> Result<TlsConnector, String> {
    let provider = Arc::new(ring::default_provider());
    let config = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(said)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(AnyName(provider)));
    let config = match (&args.certificate, &args.key) {
        (Some(certificate), Some(key)) => {
            let (chain, private) = own_identity(certificate, key)?;
            let wrong = |error| format!("{}: {error}", certificate.display());
            config.with_client_auth_cert(chain, private).map_err(wrong)?
        }
        _ => config.with_no_client_auth(),
    };
    Ok(TlsConnector::from(Arc::new(config)))
}

/// Takes any certificate: it is for another name than this loopback address, and nothing is sent or believed here but
/// whether the service is ready.
#[derive(Debug)]
struct AnyName(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyName {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_asked() {
        let asked = |url: &str| place(&url.parse().unwrap()).map(|address| address.to_string());
        assert_eq!(asked("http://127.0.0.1:8080").unwrap(), "127.0.0.1:8080");
        assert_eq!(asked("https://localhost").unwrap(), "127.0.0.1:443");
        assert_eq!(asked("http://[::1]:1/readyz").unwrap(), "[::1]:1");
        for other in
            ["http://10.0.0.1:80", "http://example.org", "http://0.0.0.0:80", "ftp://127.0.0.1", "/readyz"]
        {
            assert!(asked(other).is_err(), "{other}");
        }
    }
}
