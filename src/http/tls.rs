//! TLS 1.2 and 1.3 by rustls, its primitives from ring; certificates of clients.

use crate::signature::algorithm::identity;
use arc_swap::ArcSwap;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::{RootCertStore, ServerConfig};
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio_rustls::TlsAcceptor;
use x509_parser::prelude::{FromDer, GeneralName, X509Certificate};

/// The files that TLS on a listener is made of.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TlsFiles {
    /// The server's certificates, PEM, own first.
    pub certificate: PathBuf,
    /// The key that goes with them, PEM.
    pub key: PathBuf,
    /// Who is asked for a certificate; nobody without.
    pub clients: Option<ClientAuthority>,
}

/// The authorities that issue certificates to clients.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ClientAuthority {
    /// Their certificates, PEM.
    pub certificates: PathBuf,
    /// What they revoked: a CRL in DER or several in PEM; nothing is asked of revocation without.
    pub revoked: Option<PathBuf>,
    /// Whether a client without a certificate is refused.
    pub required: bool,
}

impl TlsFiles {
    /// Reads them.
    ///
    /// # Errors
    /// A file that cannot be read or holds no certificate or key, or a key of another certificate: why, without a word
    /// of the key.
    pub fn read(&self) -> Result<ServerConfig, String> {
        let (chain, private) = own_identity(&self.certificate, &self.key)?;
        let provider = Arc::new(ring::default_provider());
        let verifier = self.clients.as_ref().map(ClientAuthority::verifier).transpose()?;
        let builder = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?;
        let builder = match verifier {
            Some(verifier) => builder.with_client_cert_verifier(verifier),
            None => builder.with_no_client_auth(),
        };
        let mut config =
            builder.with_single_cert(chain, private).map_err(|error| wrong(&self.certificate, &error))?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(config)
    }
}

impl ClientAuthority {
    fn verifier(&self) -> Result<Arc<dyn ClientCertVerifier>, String> {
        let mut roots = RootCertStore::empty();
        for certificate in certificates(&self.certificates)? {
            roots.add(certificate).map_err(|error| wrong(&self.certificates, &error))?;
        }
        let provider = Arc::new(ring::default_provider());
        let mut builder = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
        if let Some(path) = &self.revoked {
            // An authority without a list, or with an old one, vouches for nobody (RFC 5280, 6.3.3).
            builder = builder.with_crls(revocation_lists(path)?).enforce_revocation_expiration();
        }
        if !self.required {
            builder = builder.allow_unauthenticated();
        }
        let of = self.revoked.as_ref().unwrap_or(&self.certificates);
        builder.build().map_err(|error| wrong(of, &error))
    }
}

/// Certificates, own first, and the key that goes with the first, of two PEM files.
///
/// # Errors
/// A file that cannot be read or holds none: why, without a word of the key.
pub fn own_identity(
    certificate: &Path,
    key: &Path,
) -> Result<(Vec<CertificateDer<'static>>, PrivateKeyDer<'static>), String> {
    let chain = certificates(certificate)?;
    PrivateKeyDer::from_pem_file(key).map(|private| (chain, private)).map_err(|error| wrong(key, &error))
}

fn wrong(path: &Path, why: &dyn fmt::Display) -> String {
    format!("{}: {why}", path.display())
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let chain = CertificateDer::pem_file_iter(path)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| wrong(path, &error))?;
    if chain.is_empty() { Err(wrong(path, &"holds no certificate")) } else { Ok(chain) }
}

fn revocation_lists(path: &Path) -> Result<Vec<CertificateRevocationListDer<'static>>, String> {
    let bytes = std::fs::read(path).map_err(|error| wrong(path, &error))?;
    // A SEQUENCE in DER begins so, no text does.
    if bytes.first() == Some(&0x30) {
        return Ok(vec![bytes.into()]);
    }
    let lists = CertificateRevocationListDer::pem_slice_iter(&bytes);
    let lists = lists.collect::<Result<Vec<_>, _>>().map_err(|error| wrong(path, &error))?;
    if lists.is_empty() { Err(wrong(path, &"holds no revocation list")) } else { Ok(lists) }
}

/// TLS on a listener: each handshake takes what is in force, connections keep what they began with.
pub struct Tls(ArcSwap<ServerConfig>);

impl Tls {
    /// From what was read.
    #[must_use]
    pub fn new(config: ServerConfig) -> Self {
        Self(ArcSwap::from_pointee(config))
    }

    /// From the next handshake on the other's holds.
    pub fn replace(&self, by: &Self) {
        self.0.store(by.0.load_full());
    }

    /// What makes the next handshake.
    pub(super) fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(self.0.load_full())
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tls")
    }
}

/// The certificate by which a client proved who it is; its path to the listener's `client_ca` was verified.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ClientCertificate {
    /// The subject (RFC 4514), e.g. `CN=registrar, O=University`.
    pub subject: String,
    /// The subject's alternative names: `DNS:…`, `URI:…`, `email:…`.
    pub names: Vec<String>,
    /// SHA-256 of the certificate.
    pub sha256: [u8; 32],
}

impl ClientCertificate {
    /// Of a certificate in DER; `None` where it cannot be read, in which case it proves nothing.
    pub(super) fn read(der: &[u8]) -> Option<Self> {
        let (_, certificate) = X509Certificate::from_der(der).ok()?;
        let alternative = certificate.subject_alternative_name().ok()?;
        let general = alternative.iter().flat_map(|names| &names.value.general_names);
        let names = general.filter_map(|name| match name {
            GeneralName::DNSName(name) => Some(format!("DNS:{name}")),
            GeneralName::URI(name) => Some(format!("URI:{name}")),
            GeneralName::RFC822Name(name) => Some(format!("email:{name}")),
            _ => None,
        });
        Some(Self {
            subject: certificate.subject().to_string(),
            names: names.collect(),
            sha256: identity(der),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, KeyPair, SanType};
    use rustls::ClientConfig;
    use rustls::pki_types::ServerName;
    use tokio_rustls::TlsConnector;

    /// What the server knows of a client that shows this certificate.
    async fn seen(
        files: &TlsFiles,
        server: &str,
        client: Option<(String, String)>,
    ) -> Option<ClientCertificate> {
        let tls = Tls::new(files.read().unwrap());
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(server.as_bytes()).unwrap()).unwrap();
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots);
        let config = match client {
            None => config.with_no_client_auth(),
            Some((certificate, key)) => {
                let own = CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap();
                config
                    .with_client_auth_cert(vec![own], PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap())
                    .unwrap()
            }
        };
        let (near, far) = tokio::io::duplex(1 << 16);
        let name = ServerName::try_from("localhost").unwrap();
        let connector = TlsConnector::from(Arc::new(config));
        let (client, server) = tokio::join!(connector.connect(name, near), tls.acceptor().accept(far));
        client.unwrap();
        let server = server.unwrap();
        let own = server.get_ref().1.peer_certificates().and_then(|chain| chain.first().cloned());
        own.and_then(|own| ClientCertificate::read(&own))
    }

    #[tokio::test]
    async fn a_client_is_who_its_certificate_says() {
        let folder = tempfile::tempdir().unwrap();
        let server = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(["client.example".to_owned()]).unwrap();
        params.subject_alt_names.push(SanType::URI("spiffe://example/registrar".try_into().unwrap()));
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(DnType::OrganizationName, "University");
        params.distinguished_name.push(DnType::CommonName, "registrar");
        params.extended_key_usages.push(ExtendedKeyUsagePurpose::ClientAuth);
        let client = params.self_signed(&key).unwrap();
        let write = |name: &str, text: String| {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            path
        };
        let files = TlsFiles {
            certificate: write("own.pem", server.cert.pem()),
            key: write("own.key", server.signing_key.serialize_pem()),
            clients: Some(ClientAuthority {
                certificates: write("ca.pem", client.pem()),
                revoked: None,
                required: false,
            }),
        };
        let said = seen(&files, &server.cert.pem(), Some((client.pem(), key.serialize_pem()))).await.unwrap();
        assert_eq!(said.subject, "O=University, CN=registrar");
        assert_eq!(said.names, ["DNS:client.example", "URI:spiffe://example/registrar"]);
        assert_eq!(said.sha256, identity(client.der()));
        assert_eq!(seen(&files, &server.cert.pem(), None).await, None);
        assert_eq!(ClientCertificate::read(b"no certificate"), None);
    }
}
