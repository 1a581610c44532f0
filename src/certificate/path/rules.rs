//! RFC 5280 rules on the certificates of a path. Each tells what it found; what follows of it is policy.

use super::Path;
use crate::certificate::KeyUsage;

/// A rule of RFC 5280 on one certificate of a path.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Rule {
    /// The issuer's name in the child is the subject of the issuer (6.1.3 a 4).
    NameChaining,
    /// An issuer is a CA by its basic constraints (6.1.4 k).
    BasicConstraints,
    /// Not more CAs follow than pathLenConstraint allows (6.1.4 l, m).
    PathLength,
    /// An issuer with key usage has keyCertSign (6.1.4 n).
    CaKeyUsage,
    /// No critical extension that is not processed (6.1.4 o, 6.1.5 f).
    CriticalExtensions,
    /// No known extension unreadable or twice (4.2).
    ReadableExtensions,
    /// An issuer does not carry noRevAvail (RFC 9608, 4).
    ForbiddenExtensions,
    /// Name constraints of the issuers above (6.1.3 b, c): not evaluated here, so never satisfied where present.
    NameConstraints,
}

/// All rules, in the order in which they are applied to a certificate.
pub const RULES: [Rule; 8] = [
    Rule::BasicConstraints,
    Rule::NameChaining,
    Rule::PathLength,
    Rule::CaKeyUsage,
    Rule::NameConstraints,
    Rule::CriticalExtensions,
    Rule::ReadableExtensions,
    Rule::ForbiddenExtensions,
];

impl Path {
    /// Applies a rule to the certificate at a position (0 is the leaf, all others are issuers).
    ///
    /// # Errors
    /// What was expected and what was found.
    pub fn obeys(&self, rule: Rule, index: usize) -> Result<(), String> {
        let Some(certificate) = self.certificate(index) else { return Ok(()) };
        let extensions = &certificate.extensions;
        let issuer = index > 0;
        match rule {
            Rule::NameChaining => match self.certificate(index.saturating_add(1)) {
                Some(parent) if parent.subject != certificate.issuer => {
                    Err("the issuer's subject is not the name that the certificate gives as its issuer"
                        .into())
                }
                _ => Ok(()),
            },
            Rule::BasicConstraints if issuer => match extensions.basic_constraints {
                Some(constraints) if constraints.ca => Ok(()),
                Some(_) => Err("basic constraints of an issuer say cA FALSE".into()),
                None => Err("an issuer has no basic constraints".into()),
            },
            Rule::PathLength if issuer => {
                let Some(limit) = extensions.basic_constraints.and_then(|c| c.path_length) else {
                    return Ok(());
                };
                let below = self.intermediates_below(index);
                if u32::try_from(below).is_ok_and(|below| below <= limit) {
                    Ok(())
                } else {
                    Err(format!("pathLenConstraint allows {limit} further issuers, the path has {below}"))
                }
            }
            Rule::CaKeyUsage if issuer => match extensions.key_usage {
                Some(usage) if !usage.any(KeyUsage::KEY_CERT_SIGN) => {
                    Err("key usage of an issuer lacks keyCertSign".into())
                }
                _ => Ok(()),
            },
            Rule::CriticalExtensions => {
                none_of(&extensions.unknown_critical, "critical extensions not processed")
            }
            Rule::ReadableExtensions => none_of(&extensions.unreadable, "extensions unreadable or repeated"),
            Rule::ForbiddenExtensions if issuer && extensions.no_revocation_available => {
                Err("an issuer carries noRevAvail".into())
            }
            Rule::NameConstraints if issuer && extensions.name_constraints.is_some() => {
                Err("an issuer has name constraints, which are not evaluated".into())
            }
            Rule::BasicConstraints
            | Rule::PathLength
            | Rule::CaKeyUsage
            | Rule::ForbiddenExtensions
            | Rule::NameConstraints => Ok(()),
        }
    }

    /// How many issuers stand between the leaf and the position, self-issued ones not counted (RFC 5280, 6.1.4 l).
    fn intermediates_below(&self, index: usize) -> usize {
        self.links.iter().take(index).skip(1).filter(|link| !link.certificate.self_issued()).count()
    }
}

fn none_of(found: &[String], what: &str) -> Result<(), String> {
    if found.is_empty() { Ok(()) } else { Err(format!("{what}: {}", found.join(", "))) }
}
