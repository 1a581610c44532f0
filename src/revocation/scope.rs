//! Which certificates, and which reasons of revocation, a list speaks of (RFC 5280, 4.2.1.13, 5.2.5, 6.3.3 b, d).

use super::crl::{Crl, IssuingDistributionPoint, PointName, reason_flags};
use crate::catalogue::{Words, say};
use crate::certificate::{Certificate, Name};
use crate::format::der::{Error, Problem, Reader, Tag};

/// Reasons of revocation as a mask: bit n is bit n of ReasonFlags.
pub type Reasons = u16;

/// All reasons: bits 1 to 8; bit 0 is unused.
pub const ALL_REASONS: Reasons = 0b1_1111_1110;

/// Distribution points of one certificate; real ones have one to three.
const MOST_POINTS: usize = 32;

/// Where the lists on a certificate are found (RFC 5280, 4.2.1.13).
#[derive(Debug)]
struct DistributionPoint {
    /// Its name; `None` if it has none.
    name: Option<PointName>,
    reasons: Reasons,
    /// cRLIssuer; empty where the certificate's issuer issues the list too.
    issuers: Vec<Name>,
}

/// What a list covers of a certificate.
///
/// # Errors
/// It covers nothing: why.
pub fn covered(list: &Crl, certificate: &Certificate) -> Result<Reasons, Words> {
    let points = points(certificate).map_err(|error| say("detail.scope-malformed").with("why", error))?;
    let (mut reasons, mut why) = (0, Words::NONE);
    for point in &points {
        match point.covered(list, certificate) {
            Ok(some) => reasons |= some,
            Err(refusal) => why = refusal,
        }
    }
    if reasons == 0 { Err(why) } else { Ok(reasons) }
}

/// The distribution points of a certificate, and the one that is implied by its issuer's name.
fn points(certificate: &Certificate) -> Result<Vec<DistributionPoint>, Error> {
    let mut points = Vec::new();
    if let Some(der) = &certificate.extensions.crl_distribution_points {
        let mut sequence = Reader::der(der).sequence("CRLDistributionPoints")?;
        while !sequence.is_empty() {
            if points.len() >= MOST_POINTS {
                let problem = Problem::OverLimit("distribution points", MOST_POINTS);
                return Err(Error { position: sequence.position(), problem });
            }
            points.push(DistributionPoint::read(
                &mut sequence.sequence("DistributionPoint")?,
                &certificate.issuer,
            )?);
        }
    }
    let own = PointName { uris: Vec::new(), directory_names: vec![certificate.issuer.clone()] };
    points.push(DistributionPoint { name: Some(own), reasons: ALL_REASONS, issuers: Vec::new() });
    Ok(points)
}

impl DistributionPoint {
    fn read(fields: &mut Reader<'_>, issuer: &Name) -> Result<Self, Error> {
        let name = fields.optional(Tag::context(0))?;
        let reasons = fields.optional(Tag::context(1))?;
        let mut issuers = PointName::default();
        if let Some(names) = fields.optional(Tag::context(2))? {
            issuers.read_full_name(names.reader()?)?;
        }
        let issuers = issuers.directory_names;
        Ok(Self {
            name: name.map(|name| PointName::read(&name, issuers.first().unwrap_or(issuer))).transpose()?,
            reasons: reasons.map(|reasons| reason_flags(&reasons)).transpose()?.unwrap_or(ALL_REASONS),
            issuers,
        })
    }

    /// Which reasons a list covers that is found here.
    fn covered(&self, list: &Crl, certificate: &Certificate) -> Result<Reasons, Words> {
        let scope = list.issuing_distribution_point.as_ref();
        if self.issuers.is_empty() {
            if list.issuer != certificate.issuer {
                return Err(say("detail.scope-issuer"));
            }
        } else if !self.issuers.contains(&list.issuer) {
            return Err(say("detail.scope-crl-issuer"));
        } else if !scope.is_some_and(|scope| scope.indirect) {
            return Err(say("detail.scope-indirect"));
        }
        let Some(scope) = scope else { return Ok(self.reasons & ALL_REASONS) };
        if scope.named && !self.named_in(scope) {
            return Err(say("detail.scope-point"));
        }
        let authority = certificate.extensions.basic_constraints.is_some_and(|constraints| constraints.ca);
        if scope.only_attribute_certificates
            || (scope.only_user_certificates && authority)
            || (scope.only_ca_certificates && !authority)
        {
            return Err(say("detail.scope-kind"));
        }
        match self.reasons & scope.only_some_reasons.unwrap_or(ALL_REASONS) & ALL_REASONS {
            0 => Err(say("detail.scope-reasons")),
            reasons => Ok(reasons),
        }
    }

    /// Whether a name of the list's distribution point is one of this point: of its own name or, without one, of
    /// its cRLIssuer.
    fn named_in(&self, scope: &IssuingDistributionPoint) -> bool {
        match &self.name {
            Some(name) => {
                name.uris.iter().any(|uri| scope.uris.contains(uri))
                    || name.directory_names.iter().any(|name| scope.directory_names.contains(name))
            }
            None => self.issuers.iter().any(|name| scope.directory_names.contains(name)),
        }
    }
}
