//! Where the service listens: addresses and Unix sockets.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use socket2::{Domain, SockAddr, Socket, Type};
use std::fmt;
use std::fs::Permissions;
use std::io;
use std::net::{self, SocketAddr};
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net as unix;
use std::path::{Path, PathBuf};
use std::str::FromStr;

/// Connections that the kernel takes up while the service is busy taking up others.
const BACKLOG: i32 = 1024;

/// Where to listen: `127.0.0.1:8080`, `[::1]:8080`, `unix:` and a path, or `systemd:` and the name of a passed socket.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub enum Address {
    /// TCP.
    Tcp(SocketAddr),
    /// A Unix socket.
    Unix(PathBuf),
    /// The sockets of this name that the service manager passes (`FileDescriptorName=`; else the unit's name).
    Inherited(String),
}

impl FromStr for Address {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once(':') {
            Some(("unix", "")) => Err("`unix:` names no path".into()),
            Some(("unix", path)) => Ok(Self::Unix(path.into())),
            Some(("systemd", "")) => Err("`systemd:` names no socket".into()),
            Some(("systemd", name)) => Ok(Self::Inherited(name.into())),
            _ => text
                .parse()
                .map(Self::Tcp)
                .map_err(|_| "none of ADDRESS:PORT, unix:PATH, systemd:NAME".into()),
        }
    }
}

impl TryFrom<String> for Address {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Address> for String {
    fn from(address: Address) -> Self {
        address.to_string()
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => address.fmt(f),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
            Self::Inherited(name) => write!(f, "systemd:{name}"),
        }
    }
}

/// Who may use the file of a Unix socket.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct UnixAccess {
    /// Mode of the file.
    pub mode: u32,
    /// Its owner; this process's user otherwise.
    pub owner: Option<u32>,
    /// Its group; this process's otherwise.
    pub group: Option<u32>,
}

impl Default for UnixAccess {
    fn default() -> Self {
        Self { mode: 0o660, owner: None, group: None }
    }
}

/// A socket that listens.
#[derive(Debug)]
pub enum Listener {
    /// TCP.
    Tcp(net::TcpListener),
    /// A Unix socket, with its file where that is ours.
    Unix(unix::UnixListener, Option<SocketFile>),
}

impl Listener {
    /// Listens. A Unix socket's file gets its mode and owner; one that a dead process left is replaced.
    ///
    /// # Errors
    /// Those of the operating system; [`io::ErrorKind::AddrInUse`] where somebody listens, or the path is no socket.
    /// Inherited sockets are taken (see [`super::Inherited`]), not bound.
    pub fn bind(address: &Address, access: UnixAccess) -> io::Result<Self> {
        match address {
            Address::Tcp(address) => {
                let socket = Socket::new(Domain::for_address(*address), Type::STREAM, None)?;
                socket.set_reuse_address(true)?;
                socket.bind(&SockAddr::from(*address))?;
                socket.listen(BACKLOG)?;
                Ok(Self::Tcp(socket.into()))
            }
            Address::Unix(path) => bind_unix(path, access),
            Address::Inherited(_) => Err(io::ErrorKind::Unsupported.into()),
        }
    }

    /// Where it listens, with the port that it was given.
    ///
    /// # Errors
    /// Those of the operating system.
    pub fn address(&self) -> io::Result<Address> {
        match self {
            Self::Tcp(listener) => listener.local_addr().map(Address::Tcp),
            Self::Unix(listener, _) => {
                let address = listener.local_addr()?;
                Ok(Address::Unix(address.as_pathname().unwrap_or(Path::new("")).to_owned()))
            }
        }
    }
}

fn bind_unix(path: &Path, access: UnixAccess) -> io::Result<Listener> {
    let address = SockAddr::unix(path)?;
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    match socket.bind(&address) {
        Err(error) if error.kind() == io::ErrorKind::AddrInUse && is_stale(path) => {
            std::fs::remove_file(path)?;
            socket.bind(&address)?;
        }
        bound => bound?,
    }
    let file = SocketFile::of(path)?;
    // Before it listens nobody can connect, so owner and mode hold from the first connection on.
    if access.owner.is_some() || access.group.is_some() {
        std::os::unix::fs::lchown(path, access.owner, access.group)?;
    }
    std::fs::set_permissions(path, Permissions::from_mode(access.mode))?;
    socket.listen(BACKLOG)?;
    Ok(Listener::Unix(socket.into(), Some(file)))
}

/// Whether the path is a socket on which nobody listens any more.
fn is_stale(path: &Path) -> bool {
    let is_socket = std::fs::symlink_metadata(path).is_ok_and(|file| file.file_type().is_socket());
    let answer = || unix::UnixStream::connect(path);
    is_socket && answer().is_err_and(|error| error.kind() == io::ErrorKind::ConnectionRefused)
}

/// The file of a Unix socket; removed when dropped, unless another took its place.
#[derive(Debug)]
pub struct SocketFile {
    path: PathBuf,
    identity: (u64, u64),
}

impl SocketFile {
    fn of(path: &Path) -> io::Result<Self> {
        Ok(Self { path: path.to_owned(), identity: identity(path)? })
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        if identity(&self.path).is_ok_and(|now| now == self.identity) {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

fn identity(path: &Path) -> io::Result<(u64, u64)> {
    std::fs::symlink_metadata(path).map(|file| (file.dev(), file.ino()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_and_written() {
        for text in ["127.0.0.1:8080", "[::1]:80", "unix:/run/sealgate.sock", "unix:here.sock", "systemd:api"]
        {
            assert_eq!(text.parse::<Address>().unwrap().to_string(), text);
        }
        for text in ["", "unix:", "systemd:", "8080", "localhost", "/run/sealgate.sock"] {
            assert!(text.parse::<Address>().is_err(), "{text}");
        }
    }

    #[test]
    fn only_a_dead_socket_is_replaced_and_only_ones_own_removed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.sock");
        let address = Address::Unix(path.clone());
        let access = |mode| UnixAccess { mode, ..UnixAccess::default() };
        let in_use =
            |address| Listener::bind(address, access(0o660)).unwrap_err().kind() == io::ErrorKind::AddrInUse;

        let first = Listener::bind(&address, access(0o660)).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o660);
        assert!(in_use(&address), "somebody listens");
        drop(first);
        assert!(!path.exists());

        drop(unix::UnixListener::bind(&path).unwrap());
        assert!(path.exists(), "left behind");
        let second = Listener::bind(&address, access(0o600)).unwrap();
        assert!(unix::UnixStream::connect(&path).is_ok());

        std::fs::remove_file(&path).unwrap();
        std::fs::write(&path, "not a socket").unwrap();
        assert!(in_use(&address), "a file of another kind");
        drop(second);
        assert_eq!(std::fs::read(&path).unwrap(), b"not a socket");
    }
}
