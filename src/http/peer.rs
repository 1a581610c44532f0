//! Who is at the other end of a connection.

use super::tls::ClientCertificate;
use std::net::SocketAddr;
use std::sync::Arc;

/// The client of a connection; every request has it as an extension, `Arc<Peer>`.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Peer {
    /// Its address, as a trusted proxy names it where there is one; `None` on a Unix socket.
    pub address: Option<SocketAddr>,
    /// Whether the connection is over TLS.
    pub encrypted: bool,
    /// The certificate by which it proved who it is.
    pub certificate: Option<Arc<ClientCertificate>>,
    /// Whether configuration lets anybody in on its listener.
    pub anonymous: bool,
}
