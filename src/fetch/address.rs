//! Which addresses may be asked: what a credential names comes from strangers.

use hyper::Uri;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

/// What may be fetched, and within which bounds.
#[derive(Clone, Debug)]
pub struct Rules {
    /// Origins that are asked whatever their scheme, port and network address: a register or list server of one's own.
    pub allowed: Vec<Origin>,
    /// Time for one fetch, redirects included.
    pub time: Duration,
    /// Bytes of a document.
    pub bytes: usize,
    /// Redirects that are followed, each under the same rules.
    pub redirects: usize,
}

impl Default for Rules {
    fn default() -> Self {
        Self { allowed: Vec::new(), time: Duration::from_secs(8), bytes: 8 << 20, redirects: 3 }
    }
}

/// Which addresses are asked besides those that configuration names.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Reach {
    /// HTTPS on port 443 of the public internet.
    Secure,
    /// HTTP on port 80, too: for documents that are believed by their own signature alone.
    Plain,
    /// None.
    Named,
}

/// Scheme, host and port.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Origin {
    /// Whether over TLS.
    pub tls: bool,
    /// The host in lower case; an IPv6 address without brackets.
    pub host: String,
    /// The port.
    pub port: u16,
}

/// Why an address is not asked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Refused {
    /// It is no absolute address of a host.
    NotAnAddress,
    /// Only HTTPS is asked, and HTTP where configuration names the origin or the rules allow it.
    Scheme,
    /// A user name or password in it.
    Credentials,
    /// Only port 443 is asked, others where configuration names the origin.
    Port(u16),
    /// The host is or resolves to an address that is not of the public internet.
    NotPublic(IpAddr),
    /// The host is a number that some resolvers take for an address: decimal, octal, hexadecimal or shortened.
    Disguised,
    /// The host's name is none of the public internet: `localhost`, a name without a dot, a special-use domain.
    LocalName,
    /// Nobody vouches for who names the address, and configuration does not name it.
    NotNamed,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAnAddress => f.write_str("it is no address of a web server"),
            Self::Scheme => f.write_str("only https is asked"),
            Self::Credentials => f.write_str("it names a user"),
            Self::Port(port) => write!(f, "port {port} is not asked"),
            Self::NotPublic(_) | Self::LocalName => f.write_str("the host is not on the public internet"),
            Self::Disguised => f.write_str("its host is a number that is no plain address"),
            Self::NotNamed => {
                f.write_str("configuration does not allow it, and the chain is not trusted yet")
            }
        }
    }
}

impl Origin {
    /// Of an absolute `http` or `https` address.
    ///
    /// # Errors
    /// No host, another scheme, a user in it, characters that no host has.
    pub fn of(address: &Uri) -> Result<Self, Refused> {
        let tls = match address.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            Some(_) => return Err(Refused::Scheme),
            None => return Err(Refused::NotAnAddress),
        };
        let authority = address.authority().ok_or(Refused::NotAnAddress)?;
        if authority.as_str().contains('@') {
            return Err(Refused::Credentials);
        }
        let host = authority.host().to_ascii_lowercase();
        let inner = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        let fits = match inner {
            Some(inner) => inner.parse::<Ipv6Addr>().is_ok(),
            None => host.split('.').all(is_label),
        };
        if !fits {
            return Err(Refused::NotAnAddress);
        }
        if inner.is_none() && ends_in_number(&host) && host.parse::<Ipv4Addr>().is_err() {
            return Err(Refused::Disguised);
        }
        let port = match authority.port() {
            Some(port) => port.as_u16(),
            // A colon with nothing, or no number, after it.
            None if authority.as_str().len() != authority.host().len() => return Err(Refused::NotAnAddress),
            None if tls => 443,
            None => 80,
        };
        Ok(Self { tls, host: inner.unwrap_or(&host).to_owned(), port })
    }

    /// Reads `https://host[:port]`, for configuration.
    ///
    /// # Errors
    /// See [`Origin::of`]; nor may a path follow.
    pub fn parse(text: &str) -> Result<Self, String> {
        let uri: Uri = text.parse().map_err(|_| format!("{text:?} is no address"))?;
        if !matches!(uri.path(), "" | "/") || uri.query().is_some() {
            return Err(format!("{text:?}: expected scheme, host and port alone"));
        }
        Self::of(&uri).map_err(|why| format!("{text:?}: {why}"))
    }
}

impl Rules {
    /// The origin of an address, if it may be asked as far as the address itself tells.
    ///
    /// # Errors
    /// Why not.
    pub fn admit(&self, address: &Uri, reach: Reach) -> Result<Origin, Refused> {
        let origin = Origin::of(address)?;
        if self.allowed.contains(&origin) {
            return Ok(origin);
        }
        match reach {
            Reach::Named => return Err(Refused::NotNamed),
            Reach::Secure if !origin.tls => return Err(Refused::Scheme),
            Reach::Secure | Reach::Plain => {}
        }
        if origin.port != if origin.tls { 443 } else { 80 } {
            return Err(Refused::Port(origin.port));
        }
        match origin.host.parse::<IpAddr>() {
            Ok(ip) if !is_public(ip) => Err(Refused::NotPublic(ip)),
            Err(_) if is_local_name(&origin.host) => Err(Refused::LocalName),
            _ => Ok(origin),
        }
    }

    /// Whether a connection may go to an address that an admitted host resolved to. The connection is made to this very
    /// address: a name cannot change its meaning in between.
    ///
    /// # Errors
    /// [`Refused::NotPublic`].
    pub fn admit_resolved(&self, origin: &Origin, ip: IpAddr) -> Result<(), Refused> {
        if self.allowed.contains(origin) || is_public(ip) { Ok(()) } else { Err(Refused::NotPublic(ip)) }
    }
}

/// A label of a host's name; a trailing dot leaves an empty one, which is none.
fn is_label(label: &str) -> bool {
    (1..=63).contains(&label.len()) && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

/// Whether resolvers may read a host as an IPv4 address, however it is written (inet_aton; WHATWG URL, 3.5).
fn ends_in_number(host: &str) -> bool {
    let last = host.rsplit('.').next().unwrap_or_default();
    let hexadecimal = last.strip_prefix("0x");
    last.bytes().all(|b| b.is_ascii_digit())
        || hexadecimal.is_some_and(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()))
}

/// Domains that are none of the public internet (RFC 6761, RFC 6762, RFC 7686, RFC 8375, RFC 9476, ICANN's `internal`).
const LOCAL_DOMAINS: [&str; 10] = [
    "localhost",
    "local",
    "internal",
    "home.arpa",
    "example",
    "invalid",
    "test",
    "onion",
    "alt",
    "localdomain",
];

fn is_local_name(host: &str) -> bool {
    let within =
        |domain: &&str| host.strip_suffix(*domain).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    !host.contains('.') || LOCAL_DOMAINS.iter().any(within)
}

/// Whether an address is one of the public internet: global unicast, and in none of the special-purpose blocks of the
/// IANA registries (RFC 6890). One that embeds an IPv4 address is none, whatever it embeds: the web has no such servers.
#[must_use]
pub fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => is_public_v6(ip),
    }
}

/// Special-purpose blocks of IPv4: address and prefix length.
const SPECIAL_V4: [(Ipv4Addr, u32); 16] = [
    (Ipv4Addr::new(0, 0, 0, 0), 8),
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 0, 0, 0), 24),
    (Ipv4Addr::new(192, 0, 2, 0), 24),
    (Ipv4Addr::new(192, 31, 196, 0), 24),
    (Ipv4Addr::new(192, 52, 193, 0), 24),
    (Ipv4Addr::new(192, 88, 99, 0), 24),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    (Ipv4Addr::new(198, 18, 0, 0), 15),
    (Ipv4Addr::new(198, 51, 100, 0), 24),
    (Ipv4Addr::new(203, 0, 113, 0), 24),
    // Multicast and reserved, 224.0.0.0 to 255.255.255.255.
    (Ipv4Addr::new(224, 0, 0, 0), 3),
];

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let same = |(block, length): &(Ipv4Addr, u32)| {
        let shift = 32_u32.saturating_sub(*length);
        ip.to_bits().checked_shr(shift) == block.to_bits().checked_shr(shift)
    };
    !SPECIAL_V4.iter().any(same)
}

/// Special-purpose blocks within 2000::/3, the only block of global unicast; what embeds an IPv4 address among them.
const SPECIAL_V6: [(Ipv6Addr, u32); 5] = [
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32),
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16),
    (Ipv6Addr::new(0x2620, 0x4f, 0x8000, 0, 0, 0, 0, 0), 48),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20),
];

fn is_public_v6(ip: Ipv6Addr) -> bool {
    let within = |block: &Ipv6Addr, length: u32| {
        let shift = 128_u32.saturating_sub(length);
        ip.to_bits().checked_shr(shift) == block.to_bits().checked_shr(shift)
    };
    within(&Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3)
        && !SPECIAL_V6.iter().any(|(block, length)| within(block, *length))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_the_public_internet() {
        for public in ["8.8.8.8", "1.1.1.1", "172.32.0.1", "100.128.0.1", "2606:4700::1111"] {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
        for special in [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "127.0.0.1",
            "127.255.255.254",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.168.1.1",
            "198.18.0.1",
            "198.19.255.255",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:8.8.8.8",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::127.0.0.1",
            "64:ff9b::a00:1",
            "100::1",
            "fe80::1",
            "fc00::1",
            "fd00:ec2::254",
            "ff02::1",
            "2001::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "3fff::1",
            "4000::1",
        ] {
            assert!(!is_public(special.parse().unwrap()), "{special}");
        }
    }

    #[test]
    fn addresses_that_are_not_asked() {
        let rules = Rules::default();
        let admit = |text: &str| {
            text.parse::<Uri>()
                .map_err(|_| Refused::NotAnAddress)
                .and_then(|uri| rules.admit(&uri, Reach::Secure))
        };
        assert!(admit("https://status.example.org/1?x=1").is_ok());
        assert_eq!(admit("HTTPS://Status.Example.org/").unwrap().host, "status.example.org");
        for (text, why) in [
            ("http://status.example.org/", Refused::Scheme),
            ("ftp://status.example.org/", Refused::Scheme),
            ("file:///etc/passwd", Refused::NotAnAddress),
            ("gopher://x/", Refused::Scheme),
            ("/etc/passwd", Refused::NotAnAddress),
            ("status.example.org", Refused::NotAnAddress),
            ("https://user@status.example.org/", Refused::Credentials),
            ("https://a:b@status.example.org/", Refused::Credentials),
            ("https://status.example.org:8443/", Refused::Port(8443)),
            ("https://status.example.org:22/", Refused::Port(22)),
            ("https://127.0.0.1/", Refused::NotPublic("127.0.0.1".parse().unwrap())),
            ("https://[::1]/", Refused::NotPublic("::1".parse().unwrap())),
            ("https://[::ffff:10.0.0.1]/", Refused::NotPublic("::ffff:10.0.0.1".parse().unwrap())),
            ("https://169.254.169.254/latest", Refused::NotPublic("169.254.169.254".parse().unwrap())),
            ("https://[fe80::1%25eth0]/", Refused::NotAnAddress),
            ("https://exa_mple/", Refused::NotAnAddress),
            ("https:///path", Refused::NotAnAddress),
            ("https://status.example.org:/", Refused::NotAnAddress),
            ("https://ex%61mple/", Refused::NotAnAddress),
            ("data:text/plain,x", Refused::NotAnAddress),
        ] {
            assert_eq!(admit(text), Err(why), "{text}");
        }
    }

    #[test]
    fn plain_http_is_asked_on_its_port_alone_and_of_the_public_internet_alone() {
        let rules = Rules::default();
        let admit = |text: &str| rules.admit(&text.parse().unwrap(), Reach::Plain);
        assert!(admit("http://lists.example.org/tsl.xml").is_ok());
        assert_eq!(admit("http://lists.example.org:443/"), Err(Refused::Port(443)));
        assert_eq!(admit("https://lists.example.org:80/"), Err(Refused::Port(80)));
        assert_eq!(admit("ftp://lists.example.org/"), Err(Refused::Scheme));
        assert!(matches!(admit("http://169.254.169.254/"), Err(Refused::NotPublic(_))));
        assert!(matches!(admit("http://[::1]/"), Err(Refused::NotPublic(_))));
    }

    #[test]
    fn configuration_names_origins() {
        let own = Origin::parse("http://127.0.0.1:8123").unwrap();
        let rules = Rules { allowed: vec![own.clone()], ..Rules::default() };
        for reach in [Reach::Secure, Reach::Plain, Reach::Named] {
            let address = "http://127.0.0.1:8123/list/1".parse().unwrap();
            assert_eq!(rules.admit(&address, reach), Ok(own.clone()));
        }
        let public = "https://status.example.org/".parse().unwrap();
        assert_eq!(rules.admit(&public, Reach::Named), Err(Refused::NotNamed));
        assert!(rules.admit_resolved(&own, "127.0.0.1".parse().unwrap()).is_ok());
        for other in ["http://127.0.0.1:8124/", "https://127.0.0.1:8123/", "http://127.0.0.2:8123/"] {
            assert!(rules.admit(&other.parse().unwrap(), Reach::Plain).is_err(), "{other}");
        }
        let public = rules.admit(&public, Reach::Secure).unwrap();
        // A name of the public internet that resolves to an inner address.
        assert!(rules.admit_resolved(&public, "10.0.0.1".parse().unwrap()).is_err());
        assert!(Origin::parse("https://x/path").is_err());
        assert!(Origin::parse("x").is_err());
    }
}
