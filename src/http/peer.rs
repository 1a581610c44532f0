//! Who is at the other end of a connection, and what its listener asks of it.

use super::proxy_protocol::Sources;
use super::tls::{ClientCertificate, Tls};
use std::net::SocketAddr;
use std::sync::Arc;

/// What holds on a listener.
#[derive(Clone, Debug, Default)]
pub struct Conditions {
    /// TLS; plain HTTP without.
    pub tls: Option<Arc<Tls>>,
    /// The proxies that say whom they speak for; every connection must come from one of them and begin with its word.
    pub proxies: Option<Arc<Sources>>,
    /// Whether configuration lets anybody in who can connect.
    pub anonymous: bool,
}

/// The client of a connection; every request has it as an extension, `Arc<Peer>`.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Peer {
    /// Its address, as a trusted proxy names it where there is one; `None` on a Unix socket.
    pub address: Option<SocketAddr>,
    /// Whether a proxy on another machine speaks for it: then its address is none of this machine's, whatever it is.
    pub elsewhere: bool,
    /// Whether the connection is over TLS.
    pub encrypted: bool,
    /// The certificate by which it proved who it is.
    pub certificate: Option<Arc<ClientCertificate>>,
    /// Whether configuration lets anybody in on its listener.
    pub anonymous: bool,
}
