//! Who learnt what: the story that both models of the demonstration's credentials tell.

use super::pki::Sealer;
use sealgate::time::Time;

/// One credential to be written.
#[derive(Clone, Debug)]
pub struct Content {
    /// Number of the credential: identifiers and the learner's name follow from it.
    pub index: u64,
    /// Who issues and seals.
    pub sealer: Sealer,
    /// When it was issued.
    pub issued: Time,
    /// Size of the picture in it, in bytes before base64; without one the credential is the short kind.
    pub picture: Option<usize>,
}

impl Content {
    /// Identifier of the credential.
    pub fn id(&self) -> String {
        // Version 8 (RFC 9562): digits of our own choice.
        format!("urn:credential:5ea16a7e-0000-8000-8000-{:012x}", self.index)
    }

    /// Given and family name of the learner.
    pub fn learner(&self) -> (&'static str, &'static str) {
        const GIVEN: [&str; 8] =
            ["Flora", "Linden", "Heather", "Basil", "Clover", "Sorrel", "Aster", "Rowan"];
        const FAMILY: [&str; 7] =
            ["Meadows", "Imker", "Apiara", "Včelařová", "Ruche", "Blomqvist", "Mélissa"];
        let pick = |names: &[&'static str], by: u64| names[usize::try_from(by).unwrap() % names.len()];
        (pick(&GIVEN, self.index), pick(&FAMILY, self.index / GIVEN.len() as u64))
    }

    /// Date of birth of the learner.
    pub fn birth(&self) -> String {
        format!("{}-{:02}-{:02}", 1980 + self.index % 25, 1 + self.index % 12, 1 + self.index % 28)
    }

    /// Name, registration, country (ISO 3166-1 alpha-2 and alpha-3, user-assigned) of the issuer: those of its
    /// seal certificate.
    pub fn issuer(&self) -> (&'static str, &'static str, &'static str, &'static str) {
        match self.sealer {
            Sealer::College => ("Orchard College", "NTRXA-12121212", "XA", "XAA"),
            Sealer::Club => ("Borean Beekeepers", "NTRXB-34343434", "XB", "XBB"),
            Sealer::Withdrawn => ("Old Hive Academy", "NTRXB-56565656", "XB", "XBB"),
            _ => ("Meadowgate University", "NTRXA-70080090", "XA", "XAA"),
        }
    }

    /// Common name in the issuer's seal certificate.
    pub fn seal_name(&self) -> &'static str {
        match self.sealer {
            Sealer::Remote => "Meadowgate University Remote Seal",
            Sealer::College => "Orchard College Seal",
            Sealer::Compact => "Meadowgate University Quick Seal",
            Sealer::CompactEc => "Meadowgate University Quick Seal EC",
            Sealer::Club => "Borean Beekeepers Seal",
            Sealer::Expired => "Meadowgate University Seal 2",
            Sealer::Revoked => "Meadowgate University Seal 3",
            Sealer::Withdrawn => "Old Hive Academy Seal",
            Sealer::University | Sealer::Stranger => "Meadowgate University Seal",
        }
    }
}

/// What the learner can do now: title, kind of outcome, a skill.
pub const OUTCOMES: [(&str, &str, &str); 3] = [
    ("Explains how wild and managed bees pollinate crops", "knowledge", "plant pollination"),
    ("Inspects a sealed brood frame without disturbing the colony", "skill", "handle bee colonies"),
    ("Plans a pollination service on her or his own responsibility", "skill", "plan field work"),
];
