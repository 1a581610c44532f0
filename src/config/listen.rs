//! `[[listen]]`, `[unix]`, `[tls]`: where the service listens, and what it asks of who connects.

use super::{Mode, Wrong};
use crate::http::{Address, ClientAuthority, Conditions, Source, Sources, Tls, TlsFiles, UnixAccess};
use clap::{Args, ValueEnum};
use nix::unistd::{Group, User};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

/// One `[[listen]]`.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Listen {
    /// `127.0.0.1:8080`, `unix:/run/sealgate.sock`, or `systemd:NAME`.
    pub address: Option<Address>,
    /// Who may use a Unix socket's file; what is left out is as `[unix]` has it.
    #[serde(flatten)]
    pub unix: UnixSection,
    /// TLS on this listener; as `[tls]` has it otherwise.
    pub tls: Option<TlsSection>,
    /// The proxies that say in PROXY protocol, version 2, whom they speak for: addresses, networks, `unix`.
    pub proxy_protocol: Vec<Source>,
    /// Whether anybody may connect, even from other machines.
    pub allow_unauthenticated: Option<bool>,
}

impl FromStr for Listen {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Ok(Self { address: Some(text.parse()?), ..Self::default() })
    }
}

/// `[unix]`: the files of Unix sockets.
#[derive(Clone, PartialEq, Eq, Debug, Default, Args, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct UnixSection {
    /// Mode of the files of Unix sockets, octal; 660 otherwise.
    #[arg(long = "unix-mode", value_name = "MODE", env = "SEALGATE_UNIX_MODE")]
    pub mode: Option<Mode>,
    /// Their owner, a user's name or number; the user of this process otherwise.
    #[arg(long = "unix-owner", value_name = "USER", env = "SEALGATE_UNIX_OWNER")]
    pub owner: Option<String>,
    /// Their group; the group of this process otherwise.
    #[arg(long = "unix-group", value_name = "GROUP", env = "SEALGATE_UNIX_GROUP")]
    pub group: Option<String>,
}

/// `[tls]`: certificates of the server and of clients.
#[derive(Clone, PartialEq, Eq, Debug, Default, Args, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct TlsSection {
    /// Serve TLS on addresses with the certificates in this PEM file, own first.
    #[arg(long = "tls-certificate", value_name = "FILE", env = "SEALGATE_TLS_CERTIFICATE")]
    pub certificate: Option<PathBuf>,
    /// The key that goes with them, PEM.
    #[arg(long = "tls-key", value_name = "FILE", env = "SEALGATE_TLS_KEY")]
    pub key: Option<PathBuf>,
    /// The authorities, PEM, that issue certificates to clients: these are asked for one.
    #[arg(long = "tls-client-ca", value_name = "FILE", env = "SEALGATE_TLS_CLIENT_CA")]
    pub client_ca: Option<PathBuf>,
    /// Certificates that they revoked: a CRL in DER, or several in PEM, one of each authority.
    #[arg(long = "tls-client-crl", value_name = "FILE", env = "SEALGATE_TLS_CLIENT_CRL")]
    pub client_crl: Option<PathBuf>,
    /// Whether a client without a certificate is refused; `required` otherwise.
    #[arg(
        long = "tls-client-certificate",
        value_enum,
        value_name = "WHEN",
        env = "SEALGATE_TLS_CLIENT_CERTIFICATE"
    )]
    pub client_certificate: Option<ClientCertificates>,
}

/// Whether clients must have a certificate.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ClientCertificates {
    /// One that is shown must be good.
    Optional,
    /// Nobody connects without.
    Required,
}

/// What holds on every listener that says nothing of its own.
#[derive(Clone, Copy, Debug)]
pub struct Shared<'s> {
    /// `[unix]`.
    pub unix: &'s UnixSection,
    /// `[tls]`, for listeners on addresses.
    pub tls: &'s TlsSection,
    /// `allow_unauthenticated`.
    pub anonymous: bool,
    /// Whether clients prove who they are by keys.
    pub authentication: bool,
}

/// A listener to open, everything that it needs read.
#[derive(Debug)]
pub struct Planned {
    /// Where.
    pub address: Address,
    /// Who may use a Unix socket's file.
    pub access: UnixAccess,
    /// What is asked of who connects.
    pub conditions: Conditions,
    /// Whether who connects proves who it is.
    pub authenticated: bool,
    /// Whether TLS is as `[tls]` has it, which is not for Unix sockets.
    pub shared_tls: bool,
}

/// Whether a listener at this address may be opened: beyond this machine only where clients prove who they are, by
/// keys or certificates, or the operator wrote that they need not.
///
/// # Errors
/// Why not, and what would help.
pub fn exposure(address: SocketAddr, authenticated: bool, anonymous: bool) -> Result<(), String> {
    if address.ip().to_canonical().is_loopback() || authenticated || anonymous {
        return Ok(());
    }
    Err("other machines could use it, and nobody would have to prove who he is: configure clients, require their \
         certificates (client_ca), or write allow_unauthenticated = true"
        .into())
}

/// Reads all that the listeners need, opening none.
///
/// # Errors
/// All mistakes: the files, names and addresses that are wrong.
pub fn plan(listeners: &[Listen], shared: Shared<'_>) -> Result<Vec<Planned>, Vec<Wrong>> {
    let mut wrong = Vec::new();
    let mut planned: Vec<Planned> = Vec::new();
    for (index, listen) in listeners.iter().enumerate() {
        match one(&format!("listen[{index}]"), listen, shared) {
            // Port 0 is another one each time.
            Ok(one)
                if planned.iter().any(|other| other.address == one.address) && !any_port(&one.address) =>
            {
                wrong.push(Wrong::at(format!("listen[{index}].address"), "is named twice"));
            }
            Ok(one) => planned.push(one),
            Err(mistakes) => wrong.extend(mistakes),
        }
    }
    if wrong.is_empty() { Ok(planned) } else { Err(wrong) }
}

fn any_port(address: &Address) -> bool {
    matches!(address, Address::Tcp(address) if address.port() == 0)
}

fn one(key: &str, listen: &Listen, shared: Shared<'_>) -> Result<Planned, Vec<Wrong>> {
    let Some(address) = &listen.address else {
        return Err(vec![Wrong::at(format!("{key}.address"), "is missing")]);
    };
    let mut wrong = Vec::new();
    let is_unix = matches!(address, Address::Unix(_));
    let access = access(key, &listen.unix, shared.unix, is_unix, &mut wrong);
    let (tls_key, section) = match &listen.tls {
        Some(own) => (format!("{key}.tls"), Some(own)),
        None => ("tls".to_owned(), Some(shared.tls).filter(|_| !is_unix)),
    };
    let files = section.and_then(|section| files(&tls_key, section, &mut wrong));
    let clients = files.as_ref().and_then(|files| files.clients.as_ref());
    let required = clients.is_some_and(|clients| clients.required);
    let tls = files.and_then(|files| match files.read() {
        Ok(config) => Some(Arc::new(Tls::new(config))),
        Err(why) => {
            wrong.push(Wrong::at(tls_key, why));
            None
        }
    });
    let authenticated = shared.authentication || required;
    let anonymous = listen.allow_unauthenticated.unwrap_or(shared.anonymous);
    if let Address::Tcp(address) = address
        && let Err(why) = exposure(*address, authenticated, anonymous)
    {
        wrong.push(Wrong::at(format!("{key}.address"), why));
    }
    let proxies = Some(Sources(listen.proxy_protocol.clone())).filter(|sources| !sources.0.is_empty());
    let conditions = Conditions { tls, proxies: proxies.map(Arc::new), anonymous };
    if wrong.is_empty() {
        Ok(Planned {
            address: address.clone(),
            access,
            conditions,
            authenticated,
            shared_tls: listen.tls.is_none(),
        })
    } else {
        Err(wrong)
    }
}

/// Mode and owner of a socket's file: its own, else those for all.
fn access(
    key: &str,
    own: &UnixSection,
    shared: &UnixSection,
    is_unix: bool,
    wrong: &mut Vec<Wrong>,
) -> UnixAccess {
    if !is_unix {
        if *own != UnixSection::default() {
            wrong.push(Wrong::at(key, "mode, owner and group are of Unix sockets"));
        }
        return UnixAccess::default();
    }
    let user = |name: &str| match name.parse() {
        Ok(number) => Ok(number),
        Err(_) => match User::from_name(name) {
            Ok(Some(user)) => Ok(user.uid.as_raw()),
            _ => Err(format!("no user {name:?} on this machine")),
        },
    };
    let group = |name: &str| match name.parse() {
        Ok(number) => Ok(number),
        Err(_) => match Group::from_name(name) {
            Ok(Some(group)) => Ok(group.gid.as_raw()),
            _ => Err(format!("no group {name:?} on this machine")),
        },
    };
    let mut find = |name: &str,
                    own: &Option<String>,
                    shared: &Option<String>,
                    of: &dyn Fn(&str) -> Result<u32, String>| {
        let (section, text) = match (own, shared) {
            (Some(own), _) => (key, own),
            (None, Some(shared)) => ("unix", shared),
            (None, None) => return None,
        };
        of(text).map_err(|why| wrong.push(Wrong::at(format!("{section}.{name}"), why))).ok()
    };
    UnixAccess {
        mode: own.mode.or(shared.mode).map_or(UnixAccess::default().mode, |mode| mode.0),
        owner: find("owner", &own.owner, &shared.owner, &user),
        group: find("group", &own.group, &shared.group, &group),
    }
}

/// The files that a section names; `None` where it names none, or is wrong.
fn files(key: &str, section: &TlsSection, wrong: &mut Vec<Wrong>) -> Option<TlsFiles> {
    if *section == TlsSection::default() {
        return None;
    }
    let mut needed = |name: &str, file: &Option<PathBuf>| {
        if file.is_none() {
            wrong.push(Wrong::at(format!("{key}.{name}"), "is missing: TLS needs a certificate and its key"));
        }
        file.clone()
    };
    let (certificate, private) = (needed("certificate", &section.certificate), needed("key", &section.key));
    let alone = section.client_certificate.is_some() || section.client_crl.is_some();
    let clients = match (&section.client_ca, section.client_certificate) {
        (Some(certificates), when) => {
            let required = when.unwrap_or(ClientCertificates::Required) == ClientCertificates::Required;
            let revoked = section.client_crl.clone();
            Some(ClientAuthority { certificates: certificates.clone(), revoked, required })
        }
        (None, _) if alone => {
            wrong
                .push(Wrong::at(format!("{key}.client_ca"), "is missing: it tells whose certificates count"));
            None
        }
        (None, _) => None,
    };
    Some(TlsFiles { certificate: certificate?, key: private?, clients })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn planned(listen: Listen, authentication: bool) -> Result<Vec<Planned>, Vec<String>> {
        let (unix, tls) = (UnixSection::default(), TlsSection::default());
        let shared = Shared { unix: &unix, tls: &tls, anonymous: false, authentication };
        plan(&[listen], shared)
            .map_err(|wrong| wrong.into_iter().map(|wrong| format!("{}: {}", wrong.key, wrong.why)).collect())
    }

    #[test]
    fn only_loopback_until_clients_prove_who_they_are() {
        for loopback in ["127.0.0.1:1", "127.9.9.9:1", "[::1]:1", "[::ffff:127.0.0.1]:1"] {
            assert!(exposure(loopback.parse().unwrap(), false, false).is_ok(), "{loopback}");
        }
        for other in ["0.0.0.0:1", "[::]:1", "10.0.0.1:1", "[fe80::1]:1", "128.0.0.1:1"] {
            let address = other.parse().unwrap();
            assert!(exposure(address, false, false).is_err(), "{other}");
            assert!(exposure(address, true, false).is_ok() && exposure(address, false, true).is_ok());
        }
        let listen: Listen = "0.0.0.0:8080".parse().unwrap();
        assert!(
            planned(listen.clone(), false).unwrap_err()[0].starts_with("listen[0].address: other machines")
        );
        assert!(planned(listen.clone(), true).is_ok());
        let open = planned(Listen { allow_unauthenticated: Some(true), ..listen }, false).unwrap();
        assert!(open[0].conditions.anonymous);
    }

    #[test]
    fn what_does_not_go_together_is_refused() {
        let listen = |text: &str| text.parse::<Listen>().unwrap();
        let unix = UnixSection { owner: Some("no-such-user".into()), ..UnixSection::default() };
        let half = TlsSection { certificate: Some("a.pem".into()), ..TlsSection::default() };
        let nobody = TlsSection {
            key: Some("k.pem".into()),
            client_certificate: Some(ClientCertificates::Optional),
            ..half.clone()
        };
        let cases = [
            (Listen { unix: unix.clone(), ..listen("127.0.0.1:1") }, "listen[0]: mode, owner"),
            (Listen { unix, ..listen("unix:/a") }, "listen[0].owner: no user \"no-such-user\""),
            (Listen { tls: Some(half), ..listen("127.0.0.1:1") }, "listen[0].tls.key: is missing"),
            (Listen { tls: Some(nobody), ..listen("127.0.0.1:1") }, "listen[0].tls.client_ca: is missing"),
            (Listen::default(), "listen[0].address: is missing"),
        ];
        for (listen, expected) in cases {
            let said = planned(listen, false).unwrap_err();
            assert!(said[0].starts_with(expected), "{said:?}");
        }
        let shared_tls = TlsSection::default();
        let unix =
            UnixSection { owner: Some("0".into()), group: Some("root".into()), mode: Some(Mode(0o600)) };
        let shared = Shared { unix: &unix, tls: &shared_tls, anonymous: false, authentication: false };
        let twice = plan(&[listen("127.0.0.1:1"), listen("127.0.0.1:1"), listen("unix:/a")], shared);
        assert_eq!(twice.unwrap_err(), [Wrong::at("listen[1].address", "is named twice")]);
        let free = plan(&[listen("127.0.0.1:0"), listen("127.0.0.1:0"), listen("unix:/a")], shared).unwrap();
        assert_eq!(free[2].access, UnixAccess { mode: 0o600, owner: Some(0), group: Some(0) });
    }
}
