//! TLS 1.2 and 1.3 by rustls, its primitives from ring.

use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::path::Path;
use std::sync::Arc;
use tokio_rustls::TlsAcceptor;

/// The certificate by which a client proved who it is; its path to the listener's authorities was verified.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ClientCertificate {
    /// The subject (RFC 4514), e.g. `CN=registrar, O=University`.
    pub subject: String,
    /// The subject's alternative names: `DNS:…`, `URI:…`, `email:…`.
    pub names: Vec<String>,
    /// SHA-256 of the certificate.
    pub sha256: [u8; 32],
}

/// An acceptor with the certificates (own first) and the key in these PEM files.
///
/// # Errors
/// A file that cannot be read or holds no certificate or key, or a key of another certificate: why, without a word of
/// the key.
pub fn acceptor(certificates: &Path, key: &Path) -> Result<TlsAcceptor, String> {
    let wrong = |path: &Path, why: &dyn std::fmt::Display| format!("{}: {why}", path.display());
    let chain = CertificateDer::pem_file_iter(certificates)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| wrong(certificates, &error))?;
    if chain.is_empty() {
        return Err(wrong(certificates, &"holds no certificate"));
    }
    let private = PrivateKeyDer::from_pem_file(key).map_err(|error| wrong(key, &error))?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_no_client_auth()
        .with_single_cert(chain, private)
        .map_err(|error| wrong(certificates, &error))?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}
