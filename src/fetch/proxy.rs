//! Proxies, as the usual variables name them: `HTTPS_PROXY`, `HTTP_PROXY`, `NO_PROXY`, each also in lower case.
//!
//! Through a proxy, names are resolved by it: what an address resolves to is then the proxy's to refuse. What the
//! address itself tells is refused here all the same ([`super::Rules::admit`]).

use super::address::Origin;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hyper::Uri;
use hyper::header::HeaderValue;
use std::fmt;
use std::net::IpAddr;

/// Where connections go instead of to the server.
#[derive(Clone, Default, Debug)]
pub struct Proxies {
    https: Option<Proxy>,
    http: Option<Proxy>,
    without: Vec<Without>,
}

/// An HTTP proxy.
#[derive(Clone)]
pub(super) struct Proxy {
    pub(super) host: String,
    pub(super) port: u16,
    /// Proxy-Authorization, of a user in the variable.
    pub(super) authorization: Option<HeaderValue>,
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Proxy({}:{})", self.host, self.port)
    }
}

/// An entry of `NO_PROXY`.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Without {
    /// `*`: every host.
    All,
    /// A domain and what is below it, on every port or one.
    Domain(String, Option<u16>),
    /// Literal addresses whose first so many bits are these.
    Network(IpAddr, u8),
}

impl Proxies {
    /// From variables: `of` gives the value of a name. The name in lower case counts before the other, an empty value
    /// is none.
    ///
    /// # Errors
    /// A value that names no HTTP proxy: why, without the value, which may hold a password.
    pub fn of(of: impl Fn(&str) -> Option<String>) -> Result<Self, String> {
        let value = |name: &str| {
            let set = |name: &str| of(name).filter(|value| !value.trim().is_empty());
            set(&name.to_ascii_lowercase()).or_else(|| set(name))
        };
        let proxy = |name: &str| {
            let read = |value: String| Proxy::read(value.trim()).map_err(|why| format!("{name}: {why}"));
            value(name).map(read).transpose()
        };
        let without = value("NO_PROXY").unwrap_or_default();
        let without = without.split(',').map(str::trim).filter(|entry| !entry.is_empty());
        let without = without.map(Without::read).collect();
        Ok(Self { https: proxy("HTTPS_PROXY")?, http: proxy("HTTP_PROXY")?, without })
    }

    /// Of this process.
    ///
    /// # Errors
    /// See [`Self::of`].
    pub fn of_environment() -> Result<Self, String> {
        Self::of(|name| std::env::var(name).ok())
    }

    /// The proxy for a server; `None` where it is asked directly.
    pub(super) fn through(&self, origin: &Origin) -> Option<&Proxy> {
        let proxy = if origin.tls { &self.https } else { &self.http };
        proxy.as_ref().filter(|_| !self.without.iter().any(|without| without.covers(origin)))
    }
}

impl Proxy {
    /// `http://[user[:password]@]host[:port]`; without a port 80, as the address says.
    fn read(value: &str) -> Result<Self, String> {
        let full = if value.contains("://") { value.to_owned() } else { format!("http://{value}") };
        let address: Uri = full.parse().map_err(|_| "no address of a proxy")?;
        if address.scheme_str() != Some("http") {
            return Err("only http proxies are known".into());
        }
        let authority = address.authority().ok_or("no address of a proxy")?;
        let (user, server) = match authority.as_str().rsplit_once('@') {
            Some((user, server)) => (Some(user), server),
            None => (None, authority.as_str()),
        };
        let plain: Uri = format!("http://{server}/").parse().map_err(|_| "no address of a proxy")?;
        let origin = Origin::of(&plain).map_err(|why| why.to_string())?;
        let authorization = user.map(|user| {
            let value = format!("Basic {}", STANDARD.encode(decoded(user)));
            let value = HeaderValue::from_str(&value);
            value.map(|mut value| {
                value.set_sensitive(true);
                value
            })
        });
        let authorization = authorization.transpose().map_err(|_| "its user cannot be sent")?;
        Ok(Self { host: origin.host, port: origin.port, authorization })
    }
}

/// Percent-encoded octets decoded; what is no such thing stays.
fn decoded(text: &str) -> Vec<u8> {
    let mut octets = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let escaped = after.split_at_checked(2).filter(|_| *first == b'%');
        let decoded = escaped.and_then(|(digits, after)| Some((*hex::decode(digits).ok()?.first()?, after)));
        let (octet, after) = decoded.unwrap_or((*first, after));
        octets.push(octet);
        rest = after;
    }
    octets
}

impl Without {
    fn read(entry: &str) -> Self {
        let entry = entry.to_ascii_lowercase();
        if entry == "*" {
            return Self::All;
        }
        let (address, bits) = match entry.split_once('/') {
            Some((address, bits)) => (address, bits.parse().ok()),
            None => (entry.as_str(), None),
        };
        let bare = address.trim_start_matches('[').trim_end_matches(']');
        if let Ok(ip) = bare.parse::<IpAddr>() {
            return Self::Network(ip, bits.unwrap_or(128));
        }
        let (name, port) = match entry.rsplit_once(':') {
            Some((name, port)) => (name, port.parse().ok()),
            None => (entry.as_str(), None),
        };
        Self::Domain(name.trim_start_matches("*.").trim_start_matches('.').to_owned(), port)
    }

    fn covers(&self, origin: &Origin) -> bool {
        match self {
            Self::All => true,
            Self::Domain(domain, port) => {
                let within = origin.host.strip_suffix(domain.as_str());
                port.is_none_or(|port| port == origin.port)
                    && within.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
            }
            Self::Network(network, bits) => match (network, origin.host.parse()) {
                (IpAddr::V4(network), Ok(IpAddr::V4(ip))) => {
                    let shift = 32_u32.saturating_sub(u32::from(*bits).min(32));
                    network.to_bits().checked_shr(shift) == ip.to_bits().checked_shr(shift)
                }
                (IpAddr::V6(network), Ok(IpAddr::V6(ip))) => {
                    let shift = 128_u32.saturating_sub(u32::from(*bits));
                    network.to_bits().checked_shr(shift) == ip.to_bits().checked_shr(shift)
                }
                _ => false,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proxies(variables: &[(&str, &str)]) -> Result<Proxies, String> {
        Proxies::of(|name| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).into())
        })
    }

    fn through(proxies: &Proxies, address: &str) -> Option<String> {
        let proxy = proxies.through(&Origin::of(&address.parse().unwrap()).unwrap())?;
        Some(format!("{}:{}", proxy.host, proxy.port))
    }

    #[test]
    fn each_scheme_has_its_own_and_lower_case_counts_first() {
        let both = [("HTTPS_PROXY", "http://proxy.corp:3128"), ("https_proxy", "10.0.0.1:8080")];
        let proxies =
            proxies(&[&both[..], &[("HTTP_PROXY", "http://plain.corp"), ("no_proxy", "")]].concat());
        let proxies = proxies.unwrap();
        assert_eq!(through(&proxies, "https://status.example.org/").unwrap(), "10.0.0.1:8080");
        assert_eq!(through(&proxies, "http://crl.example.org/").unwrap(), "plain.corp:80");
        let none = self::proxies(&[("HTTPS_PROXY", "  ")]).unwrap();
        assert_eq!(through(&none, "https://status.example.org/"), None);
    }

    #[test]
    fn no_proxy_names_domains_ports_addresses_and_networks() {
        let except =
            "inner.org, .dotted.org,*.starred.org,port.org:8443, 10.0.0.0/8,192.0.2.7,[2001:db8::]/32";
        let proxies = proxies(&[("HTTPS_PROXY", "p:1"), ("NO_PROXY", except)]).unwrap();
        for direct in [
            "https://inner.org/",
            "https://a.inner.org/",
            "https://INNER.org/",
            "https://dotted.org/",
            "https://a.dotted.org/",
            "https://b.starred.org/",
            "https://port.org:8443/",
            "https://10.255.0.1/",
            "https://192.0.2.7/",
            "https://[2001:db8:1::1]/",
        ] {
            assert_eq!(through(&proxies, direct), None, "{direct}");
        }
        for proxied in [
            "https://notinner.org/",
            "https://inner.org.evil.org/",
            "https://port.org/",
            "https://11.0.0.1/",
            "https://192.0.2.8/",
            "https://[2001:db9::1]/",
        ] {
            assert_eq!(through(&proxies, proxied).as_deref(), Some("p:1"), "{proxied}");
        }
        let all = self::proxies(&[("HTTPS_PROXY", "p:1"), ("NO_PROXY", "*")]).unwrap();
        assert_eq!(through(&all, "https://any.org/"), None);
    }

    #[test]
    fn a_users_password_is_sent_and_never_shown() {
        let proxies = proxies(&[("HTTPS_PROXY", "http://me:s%40cret@proxy.corp:3128")]).unwrap();
        let proxy = proxies.https.as_ref().unwrap();
        let sent = STANDARD.encode("me:s@cret");
        assert_eq!(proxy.authorization.as_ref().unwrap(), &format!("Basic {sent}"));
        let shown = format!("{proxies:?}");
        assert!(!shown.contains("cret") && !shown.contains(&sent), "{shown}");
    }

    #[test]
    fn what_is_no_http_proxy_is_refused_without_repeating_it() {
        for value in [
            "https://secret.corp",
            "socks5://secret.corp:1080",
            "http://",
            "http://sec ret",
            "http://secret:port",
        ] {
            let error = proxies(&[("HTTPS_PROXY", value)]).unwrap_err();
            assert!(error.starts_with("HTTPS_PROXY: ") && !error.contains("secret"), "{value}: {error}");
        }
    }
}
