//! PROXY protocol, version 2: what a proxy says first of the client that it speaks for.
//!
//! The header is binary and says its own length, so nothing beyond it is read. Version 1 is refused: its length is told
//! by its end only.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;
use tokio::io::{AsyncRead, AsyncReadExt};

/// How every header begins.
const SIGNATURE: [u8; 12] = *b"\r\n\r\n\0\r\nQUIT\n";

/// Bytes that may follow the first sixteen: addresses and what a proxy adds of its own.
const MOST_BYTES: usize = 2048;

/// The addition that holds a checksum of the whole header.
const CRC32C: u8 = 0x03;

/// Why a connection is not served.
#[derive(Debug)]
pub enum Refused {
    /// It came from elsewhere than a trusted proxy.
    Stranger,
    /// It does not begin with a header of version 2, or the header does not hold together.
    Malformed(&'static str),
    /// The connection failed.
    Broken(io::Error),
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stranger => f.write_str("it is from no trusted proxy"),
            Self::Malformed(why) => f.write_str(why),
            Self::Broken(error) => error.fmt(f),
        }
    }
}

/// Whom a proxy speaks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Client {
    /// Itself: it looks whether we are there, or says nothing of whom.
    Proxy,
    /// A client of this address.
    Tcp(SocketAddr),
    /// A client on a Unix socket.
    Unix,
}

/// Reads the header, and nothing more; gives the client's address.
///
/// # Errors
/// No header, a malformed one, or one by somebody who is not trusted to say it.
pub async fn client<S: AsyncRead + Unpin>(
    socket: &mut S,
    proxy: Option<SocketAddr>,
    trusted: &Sources,
) -> Result<Option<SocketAddr>, Refused> {
    if !trusted.contain(proxy) {
        return Err(Refused::Stranger);
    }
    let mut first = [0; 16];
    // Byte by byte compared: who speaks something else is refused at once, not when it has said enough.
    let mut read = 0;
    while let Some(rest @ [_, ..]) = first.get_mut(read..) {
        let count = socket.read(rest).await.map_err(Refused::Broken)?;
        if count == 0 {
            return Err(Refused::Malformed("it ended within the header"));
        }
        read = read.saturating_add(count);
        if first.iter().zip(&SIGNATURE).take(read).any(|(is, must)| is != must) {
            return Err(Refused::Malformed("it does not begin with a PROXY header of version 2"));
        }
    }
    let [.., high, low] = first;
    let length = usize::from(u16::from_be_bytes([high, low]));
    if length > MOST_BYTES {
        return Err(Refused::Malformed("the PROXY header is too long"));
    }
    let mut rest = vec![0; length];
    socket.read_exact(&mut rest).await.map_err(|error| match error.kind() {
        io::ErrorKind::UnexpectedEof => Refused::Malformed("it ended within the header"),
        _ => Refused::Broken(error),
    })?;
    match parse(&first, &rest).map_err(Refused::Malformed)? {
        Client::Proxy => Ok(proxy),
        Client::Tcp(client) => Ok(Some(client)),
        Client::Unix => Ok(None),
    }
}

/// The header's meaning, from its first sixteen bytes, whose signature holds, and all others.
fn parse(first: &[u8; 16], rest: &[u8]) -> Result<Client, &'static str> {
    let [.., version_and_command, family, _, _] = *first;
    if version_and_command >> 4 != 2 {
        return Err("the PROXY header is of another version");
    }
    let local = match version_and_command & 0xf {
        0 => true,
        1 => false,
        _ => return Err("the PROXY header has an unknown command"),
    };
    let (client, additions) = match family {
        // Of the proxy itself nothing need be said, and what is said counts for nothing.
        _ if local => return Ok(Client::Proxy),
        0x00 => (Client::Proxy, rest),
        0x11 => {
            let (addresses, additions) = rest.split_first_chunk::<12>().ok_or(SHORT)?;
            let [a, b, c, d, _, _, _, _, high, low, _, _] = *addresses;
            let address = Ipv4Addr::new(a, b, c, d).into();
            (Client::Tcp(SocketAddr::new(address, u16::from_be_bytes([high, low]))), additions)
        }
        0x21 => {
            let (addresses, additions) = rest.split_first_chunk::<36>().ok_or(SHORT)?;
            let source = addresses.first_chunk::<16>().ok_or(SHORT)?;
            let [.., high, low, _, _] = *addresses;
            let address = IpAddr::from(Ipv6Addr::from(*source)).to_canonical();
            (Client::Tcp(SocketAddr::new(address, u16::from_be_bytes([high, low]))), additions)
        }
        0x31 => (Client::Unix, rest.get(216..).ok_or(SHORT)?),
        _ => return Err("the PROXY header is not of a stream over TCP or a Unix socket"),
    };
    check_additions(first, rest, additions)?;
    Ok(client)
}

const SHORT: &str = "the PROXY header is too short for its addresses";

/// Every addition is within the header, and a checksum among them right.
fn check_additions(first: &[u8; 16], rest: &[u8], mut additions: &[u8]) -> Result<(), &'static str> {
    let wrong = "an addition of the PROXY header is longer than the header";
    let mut checksum = None;
    while let [kind, after @ ..] = additions {
        let (length, after) = after.split_first_chunk::<2>().ok_or(wrong)?;
        let (value, after) = after.split_at_checked(usize::from(u16::from_be_bytes(*length))).ok_or(wrong)?;
        if *kind == CRC32C {
            let value: [u8; 4] =
                value.try_into().map_err(|_| "the PROXY header's checksum has no 4 bytes")?;
            if checksum.replace((u32::from_be_bytes(value), after.len())).is_some() {
                return Err("the PROXY header has two checksums");
            }
        }
        additions = after;
    }
    let Some((said, after)) = checksum else { return Ok(()) };
    // It was taken with zeros in its own place.
    let end = rest.len().saturating_sub(after);
    let counted = rest.iter().enumerate().map(|(at, byte)| match at {
        at if (end.saturating_sub(4)..end).contains(&at) => 0,
        _ => *byte,
    });
    match crc32c(first.iter().copied().chain(counted)) == said {
        true => Ok(()),
        false => Err("the PROXY header's checksum is wrong"),
    }
}

/// CRC-32C (Castagnoli), bit by bit: a header is short and comes once a connection.
fn crc32c(bytes: impl Iterator<Item = u8>) -> u32 {
    !bytes.fold(u32::MAX, |sum, byte| {
        (0..8).fold(
            sum ^ u32::from(byte),
            |sum, _| {
                if sum & 1 == 1 { (sum >> 1) ^ 0x82f6_3b78 } else { sum >> 1 }
            },
        )
    })
}

/// Addresses and networks that are trusted to be proxies.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sources(pub Vec<Source>);

impl Sources {
    fn contain(&self, proxy: Option<SocketAddr>) -> bool {
        self.0.iter().any(|source| match (source, proxy) {
            (Source::Unix, None) => true,
            (Source::Network { address, length }, Some(proxy)) => {
                within(*address, *length, proxy.ip().to_canonical())
            }
            _ => false,
        })
    }
}

/// Where a proxy connects from: `10.1.2.3`, `10.0.0.0/8`, `fd00::/8`, or `unix`, whoever may open the listener's file.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub enum Source {
    /// An address with a network's prefix length.
    Network {
        /// The address, whose bits beyond the prefix are zero.
        address: IpAddr,
        /// Bits of the prefix.
        length: u8,
    },
    /// A Unix socket.
    Unix,
}

impl FromStr for Source {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "unix" {
            return Ok(Self::Unix);
        }
        let wrong = || "none of ADDRESS, ADDRESS/LENGTH, unix".to_owned();
        let (address, length) = match text.split_once('/') {
            Some((address, length)) => (address, Some(length)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| wrong())?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let length = match length {
            Some(length) => length.parse().ok().filter(|length| *length <= most).ok_or_else(wrong)?,
            None => most,
        };
        // A slip of the pen, most often in the length: it would trust another network than meant.
        if bits(address).checked_shl(u32::from(length).saturating_add(offset(address))).unwrap_or(0) != 0 {
            return Err(format!("{text} is an address within a network of that length, not the network"));
        }
        Ok(Self::Network { address, length })
    }
}

impl TryFrom<String> for Source {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Source> for String {
    fn from(source: Source) -> Self {
        source.to_string()
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Network { address, length } => write!(f, "{address}/{length}"),
            Self::Unix => f.write_str("unix"),
        }
    }
}

/// An address's bits, those of IPv4 at the low end.
fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u128::from(address.to_bits()),
        IpAddr::V6(address) => address.to_bits(),
    }
}

/// How many bits of [`bits`] no address of its family has.
fn offset(address: IpAddr) -> u32 {
    if address.is_ipv4() { 96 } else { 0 }
}

fn within(network: IpAddr, length: u8, address: IpAddr) -> bool {
    let beyond = 128_u32.saturating_sub(u32::from(length)).saturating_sub(offset(network));
    let prefix = |address| bits(address).checked_shr(beyond).unwrap_or(0);
    network.is_ipv4() == address.is_ipv4() && prefix(network) == prefix(address)
}

#[cfg(test)]
#[path = "proxy_protocol_tests.rs"]
mod tests;
