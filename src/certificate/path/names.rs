//! Name constraints (RFC 5280, 4.2.1.10).

use crate::catalogue::{Words, say};
use crate::certificate::{Certificate, Name};
use crate::format::der::{Error, Reader, Tag, Tlv};
use std::net::Ipv4Addr;

/// Comparisons of a name with a subtree in one path: six hundred names under a hundred subtrees. Beyond, the
/// path is refused, since both counts are an attacker's.
const MOST_COMPARISONS: u32 = 1 << 16;

/// emailAddress (PKCS #9).
const EMAIL_ADDRESS: &str = "1.2.840.113549.1.9.1";

/// What comparing names may still cost.
pub(super) struct Work(u32);

impl Work {
    pub(super) fn new() -> Self {
        Self(MOST_COMPARISONS)
    }

    fn step(&mut self) -> Result<(), Words> {
        self.0 = self
            .0
            .checked_sub(1)
            .ok_or_else(|| say("detail.names-too-many").with("most", MOST_COMPARISONS))?;
        Ok(())
    }
}

/// A GeneralName, of a certificate or as the base of a subtree.
#[derive(Debug)]
enum General<'a> {
    Email(&'a str),
    Dns(&'a str),
    Directory(Name),
    Uri(&'a str),
    Ip(&'a [u8]),
    /// A form that is not processed, by the number of its tag.
    Other(u32),
}

impl<'a> General<'a> {
    fn read(tlv: &Tlv<'a>) -> Result<Self, Words> {
        let text = |content| {
            std::str::from_utf8(content).map_err(|_| Words::constant("a name that is no IA5String"))
        };
        match tlv.tag {
            tag if tag == Tag::context(1) => Ok(Self::Email(text(tlv.content)?)),
            tag if tag == Tag::context(2) => Ok(Self::Dns(text(tlv.content)?)),
            tag if tag == Tag::context(4) => {
                let name = tlv.explicit("directoryName").map_err(Words::verbatim)?;
                Name::parse(name.raw)
                    .map(Self::Directory)
                    .ok_or_else(|| Words::constant("a malformed directoryName"))
            }
            tag if tag == Tag::context(6) => Ok(Self::Uri(text(tlv.content)?)),
            tag if tag == Tag::context(7) => Ok(Self::Ip(tlv.content)),
            tag if tag.class() == Tag::context(0).class() && tag.number() <= 8 => {
                Ok(Self::Other(tag.number()))
            }
            _ => Err(Words::verbatim(tlv.unexpected("GeneralName"))),
        }
    }

    /// Whether two names are of one form.
    fn like(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Other(one), Self::Other(two)) => one == two,
            _ => std::mem::discriminant(self) == std::mem::discriminant(other),
        }
    }
}

/// The names of a certificate to which constraints apply.
#[derive(Debug)]
pub(super) struct Names<'c>(Vec<General<'c>>);

impl<'c> Names<'c> {
    pub(super) fn of(certificate: &'c Certificate) -> Result<Self, Words> {
        let mut names = Vec::new();
        if !certificate.subject.is_empty() {
            names.push(General::Directory(certificate.subject.clone()));
        }
        match &certificate.extensions.subject_alternative_name {
            Some(der) => {
                let mut alternatives = sequence(der, "SubjectAltName").map_err(Words::verbatim)?;
                while let Some(name) = alternatives.read().map_err(Words::verbatim)? {
                    names.push(General::read(&name)?);
                }
            }
            // Only a certificate without alternative names has its mailbox in the subject.
            None => {
                let attributes = certificate.subject.attributes.iter();
                let mailboxes = attributes.filter(|(oid, _)| oid == EMAIL_ADDRESS);
                names.extend(mailboxes.map(|(_, mailbox)| General::Email(mailbox)));
            }
        }
        Ok(Self(names))
    }
}

/// NameConstraints of one issuer.
#[derive(Debug)]
pub(super) struct Constraints<'c> {
    permitted: Vec<General<'c>>,
    excluded: Vec<General<'c>>,
}

impl<'c> Constraints<'c> {
    /// Reads the extension's value.
    ///
    /// # Errors
    /// A subtree that cannot be read, or has a form that RFC 5280 does not allow.
    pub(super) fn read(der: &'c [u8]) -> Result<Self, Words> {
        let malformed = |error: Error| say("detail.names-malformed").with("why", error);
        let mut fields = sequence(der, "NameConstraints").map_err(malformed)?;
        let mut subtrees = |number| match fields.optional(Tag::context(number)).map_err(malformed)? {
            Some(subtrees) => read_subtrees(&subtrees),
            None => Ok(Vec::new()),
        };
        let constraints = Self { permitted: subtrees(0)?, excluded: subtrees(1)? };
        fields.finish().map_err(malformed)?;
        Ok(constraints)
    }

    /// Whether all names are within the constraints.
    ///
    /// # Errors
    /// The first name that is not.
    pub(super) fn admit(&self, names: &Names<'_>, work: &mut Work) -> Result<(), Words> {
        for name in &names.0 {
            for base in &self.excluded {
                work.step()?;
                if base.like(name) && covers(base, name, Side::Excluded)? {
                    return Err(say("detail.name-excluded").with("name", shown(name)));
                }
            }
            let (mut asked, mut permitted) = (false, false);
            for base in &self.permitted {
                work.step()?;
                if base.like(name) {
                    asked = true;
                    if covers(base, name, Side::Permitted)? {
                        permitted = true;
                        break;
                    }
                }
            }
            if asked && !permitted {
                return Err(say("detail.name-not-permitted").with("name", shown(name)));
            }
        }
        Ok(())
    }
}

fn sequence<'a>(der: &'a [u8], what: &'static str) -> Result<Reader<'a>, Error> {
    let mut outer = Reader::der(der);
    let inner = outer.sequence(what)?;
    outer.finish()?;
    Ok(inner)
}

fn read_subtrees<'c>(tlv: &Tlv<'c>) -> Result<Vec<General<'c>>, Words> {
    let malformed = |error: Error| say("detail.names-malformed").with("why", error);
    let mut subtrees = tlv.reader().map_err(malformed)?;
    let mut bases = Vec::new();
    while !subtrees.is_empty() {
        let mut subtree = subtrees.sequence("GeneralSubtree").map_err(malformed)?;
        let base = General::read(&subtree.any("base").map_err(malformed)?)?;
        if !subtree.is_empty() {
            return Err(say("detail.names-subtree"));
        }
        let sound = match &base {
            General::Dns(domain) => domain.is_empty() || host(domain),
            General::Uri(domain) => host(domain.strip_prefix('.').unwrap_or(domain)),
            General::Email(constraint) => match constraint.contains('@') {
                true => mailbox(constraint).is_some(),
                false => host(constraint.strip_prefix('.').unwrap_or(constraint)),
            },
            General::Ip(range) => network(range).is_some(),
            General::Directory(_) | General::Other(_) => true,
        };
        if !sound {
            return Err(say("detail.name-constraint").with("name", shown(&base)));
        }
        bases.push(base);
    }
    Ok(bases)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Permitted,
    Excluded,
}

/// Whether a name is within the subtree of a base of the same form. A name that cannot be judged is an error: it
/// must neither slip through nor be taken for permitted.
fn covers(base: &General<'_>, name: &General<'_>, side: Side) -> Result<bool, Words> {
    let unsound = || say("detail.name-incomparable").with("name", shown(name));
    match (base, name) {
        // A name in normal form is its RDNs one after the other, each of them telling its length.
        (General::Directory(base), General::Directory(name)) => Ok(name.normal.starts_with(&base.normal)),
        (General::Dns(base), General::Dns(name)) => match name.strip_prefix("*.") {
            Some(parent) if host(parent) => {
                // A wildcard stands for names one label longer: one excluded among them excludes it.
                let some = side == Side::Excluded && within_domain(base, parent);
                Ok(some || within_domain(parent, base))
            }
            None if host(name) => Ok(within_domain(name, base)),
            _ => Err(unsound()),
        },
        (General::Email(base), General::Email(name)) => {
            let (local, at) = mailbox(name).ok_or_else(unsound)?;
            Ok(match mailbox(base) {
                Some((wanted, host)) => wanted == local && host.eq_ignore_ascii_case(at),
                None => host_matches(at, base),
            })
        }
        (General::Uri(base), General::Uri(name)) => {
            Ok(host_matches(uri_host(name).ok_or_else(unsound)?, base))
        }
        (General::Ip(base), General::Ip(name)) => {
            let (address, mask) = network(base).ok_or_else(unsound)?;
            if !matches!(name.len(), 4 | 16) {
                return Err(unsound());
            }
            let bits = address.iter().zip(mask).zip(*name);
            Ok(address.len() == name.len() && bits.into_iter().all(|((a, m), n)| a & m == n & m))
        }
        _ => Err(say("detail.name-unprocessed").with("name", shown(name))),
    }
}

/// Whether a host is the domain or under it; everything is under the empty domain.
fn within_domain(name: &str, domain: &str) -> bool {
    domain.is_empty() || name.eq_ignore_ascii_case(domain) || under(name, domain)
}

/// Whether a host is truly under a domain.
fn under(name: &str, domain: &str) -> bool {
    let split = name.len().checked_sub(domain.len()).and_then(|at| name.split_at_checked(at));
    split.is_some_and(|(labels, rest)| labels.ends_with('.') && rest.eq_ignore_ascii_case(domain))
}

/// As constraints on mailboxes and URIs have it: with a leading period any host under the domain, else the host.
fn host_matches(host: &str, constraint: &str) -> bool {
    match constraint.strip_prefix('.') {
        Some(domain) => under(host, domain),
        None => host.eq_ignore_ascii_case(constraint),
    }
}

/// Whether this is written like the name of a host. Underscores are no letters of one, but real names have them.
fn host(name: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|octet| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'_'))
    };
    name.len() <= 253 && name.split('.').all(label)
}

/// Local part and host.
fn mailbox(address: &str) -> Option<(&str, &str)> {
    let (local, at) = address.rsplit_once('@')?;
    let quoted = local.len() > 2 && local.starts_with('"') && local.ends_with('"');
    let sound = !local.is_empty() && (quoted || !local.contains(['@', ' ']));
    (sound && host(at)).then_some((local, at))
}

/// The host of a URI, if it is a name.
fn uri_host(uri: &str) -> Option<&str> {
    let (_, rest) = uri.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let at = authority.rsplit_once('@').map_or(authority, |(_, at)| at);
    let name = at.split_once(':').map_or(at, |(name, _)| name);
    (host(name) && name.parse::<Ipv4Addr>().is_err()).then_some(name)
}

/// Address and mask, the mask contiguous (RFC 4632).
fn network(range: &[u8]) -> Option<(&[u8], &[u8])> {
    let (address, mask) = range.split_at_checked(range.len() / 2)?;
    if !matches!(range.len(), 8 | 32) {
        return None;
    }
    let mut octets = mask.iter().skip_while(|octet| **octet == 0xff);
    let edge = octets.next().is_none_or(|octet| octet.leading_ones() == octet.count_ones());
    (edge && octets.all(|octet| *octet == 0)).then_some((address, mask))
}

/// A name as findings show it, without what it says: it may be a person's.
fn shown(name: &General<'_>) -> &'static str {
    match name {
        General::Email(_) => "an rfc822Name",
        General::Dns(_) => "a dNSName",
        General::Directory(_) => "a directoryName",
        General::Uri(_) => "a uniformResourceIdentifier",
        General::Ip(_) => "an iPAddress",
        General::Other(0) => "an otherName",
        General::Other(8) => "a registeredID",
        General::Other(_) => "an x400Address or ediPartyName",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn admits(permitted: General<'static>, excluded: Option<General<'static>>, name: General<'_>) -> bool {
        let constraints =
            Constraints { permitted: vec![permitted], excluded: excluded.into_iter().collect() };
        constraints.admit(&Names(vec![name]), &mut Work::new()).is_ok()
    }

    #[test]
    fn hosts_are_under_domains_at_labels_only() {
        for (base, name, inside) in [
            ("example.com", "example.com", true),
            ("example.com", "A.B.EXAMPLE.COM", true),
            ("example.com", "notexample.com", false),
            ("example.com", "*.example.com", true),
            ("a.example.com", "*.example.com", false),
            ("", "example.com", true),
            ("example.com", ".example.com", false),
            ("example.com", "example..com", false),
            ("example.com", "é.example.com", false),
        ] {
            assert_eq!(admits(General::Dns(base), None, General::Dns(name)), inside, "{base} {name}");
        }
        let forbidden = || Some(General::Dns("b.example.com"));
        assert!(!admits(General::Dns(""), forbidden(), General::Dns("*.example.com")));
        assert!(admits(General::Dns(""), forbidden(), General::Dns("*.a.example.com")));
    }

    #[test]
    fn mailboxes_and_uris_follow_their_hosts() {
        for (base, name, inside) in [
            ("a@example.com", "a@EXAMPLE.com", true),
            ("a@example.com", "A@example.com", false),
            ("example.com", "a@example.com", true),
            ("example.com", "a@b.example.com", false),
            (".example.com", "a@b.example.com", true),
            (".example.com", "a@example.com", false),
            ("example.com", "a@b@example.com", false),
        ] {
            assert_eq!(admits(General::Email(base), None, General::Email(name)), inside, "{base} {name}");
        }
        for (base, name, inside) in [
            ("example.com", "https://u:p@example.com:8/a@b", true),
            (".example.com", "ldap://a.example.com?x", true),
            (".example.com", "ldap://example.com", false),
            ("example.com", "urn:example.com", false),
            ("1.2.3.4", "http://1.2.3.4/", false),
            ("example.com", "http://[::1]/", false),
        ] {
            assert_eq!(admits(General::Uri(base), None, General::Uri(name)), inside, "{base} {name}");
        }
    }

    #[test]
    fn networks_have_contiguous_masks_and_one_family() {
        assert!(network(&[10, 0, 0, 0, 255, 0, 255, 0]).is_none());
        assert!(network(&[10, 0, 0, 0, 255, 0xfd, 0, 0]).is_none());
        assert!(network(&[10, 0, 0]).is_none());
        let ten = || General::Ip(&[10, 0, 0, 0, 255, 128, 0, 0]);
        assert!(admits(ten(), None, General::Ip(&[10, 127, 3, 4])));
        assert!(!admits(ten(), None, General::Ip(&[10, 128, 3, 4])));
        assert!(!admits(ten(), None, General::Ip(&[0; 16])));
        assert!(!admits(ten(), None, General::Ip(&[10, 0])));
        assert!(admits(ten(), None, General::Dns("example.com")), "another form is not asked");
        assert!(!admits(General::Other(0), None, General::Other(0)), "a form not processed");
    }

    #[test]
    fn hostile_numbers_of_names_and_subtrees_end_at_the_budget() {
        let names = Names((0..2_000).map(|_| General::Dns("a.example")).collect());
        let constraints = Constraints {
            permitted: vec![General::Dns("a.example")],
            excluded: (0..2_000).map(|_| General::Dns("b.example")).collect(),
        };
        let why = constraints.admit(&names, &mut Work::new()).unwrap_err();
        assert!(why.to_string().contains("comparisons"), "{why}");
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_panic(bytes: Vec<u8>, name: String) {
            let _ = Constraints::read(&bytes);
            let _ = (mailbox(&name), uri_host(&name), host(&name), under(&name, "b"), network(&bytes));
        }
    }
}
