//! The parts of a snapshot, field by field: one left out does not compile.

use super::origin::Origin;
use super::stored::{Damaged, Reader, Stored, Writer};
use crate::time::Time;
use crate::trust::list::{
    Assert, Criteria, Criterion, Equivalence, ListedCertificate, MutualRecognition, Qualification, Service,
    ServiceState,
};
use crate::trust::snapshot::{Condition, ListState};
use std::sync::Arc;

macro_rules! stored {
    ($kind:ident { $($field:ident: $type:ty),* $(,)? }) => {
        impl Stored for $kind {
            const LEAST: usize = 0 $(+ <$type as Stored>::LEAST)*;

            fn write(&self, out: &mut Writer) {
                let Self { $($field),* } = self;
                $($field.write(out);)*
            }

            fn read(from: &mut Reader) -> Result<Self, Damaged> {
                Ok(Self { $($field: <$type as Stored>::read(from)?),* })
            }
        }
    };
}

stored!(Origin {
    software: String,
    made: Time,
    domain: [u8; 32],
    index: [u8; 32],
    sources: Vec<(String, Option<[u8; 32]>)>,
});

stored!(ListState {
    territory: String,
    url: String,
    condition: Condition,
    newest: Option<Condition>,
    sequence: Option<u64>,
    issued: Option<Time>,
    next_update: Option<Time>,
    checked: Option<Time>,
    version: Option<u32>,
    digest: Option<[u8; 32]>,
    signer: Option<[u8; 32]>,
    named_by: Option<u64>,
    services: usize,
    notes: Vec<String>,
});

stored!(Service {
    territory: Arc<str>,
    provider: Arc<str>,
    provider_identifier: Option<Arc<str>>,
    certificates: Vec<Arc<ListedCertificate>>,
    key_identifiers: Vec<Vec<u8>>,
    subject_names: Vec<Arc<str>>,
    keys: Vec<Vec<u8>>,
    history: Vec<ServiceState>,
    mutual_recognition: Option<Arc<MutualRecognition>>,
});

stored!(ServiceState {
    service_type: Arc<str>,
    name: Arc<str>,
    status: Arc<str>,
    start: Time,
    end: Option<Time>,
    additional_information: Vec<Arc<str>>,
    qualifications: Vec<Qualification>,
    expired_certs_revocation_info: Option<Time>,
    unknown_critical: Vec<Arc<str>>,
});

stored!(Qualification { qualifiers: Vec<Arc<str>>, criteria: Criteria });
stored!(MutualRecognition { legislation: String, equivalences: Vec<Equivalence> });
stored!(Equivalence { service_type: Arc<str>, statuses: Vec<(bool, Time)> });

impl Stored for usize {
    const LEAST: Self = 8;

    fn write(&self, out: &mut Writer) {
        u64::try_from(*self).unwrap_or(u64::MAX).write(out);
    }

    fn read(from: &mut Reader) -> Result<Self, Damaged> {
        Self::try_from(u64::read(from)?).map_err(|_| Damaged("a number is too high"))
    }
}

impl Stored for Arc<Service> {
    const LEAST: usize = Service::LEAST;

    fn write(&self, out: &mut Writer) {
        Service::write(self, out);
    }

    fn read(from: &mut Reader) -> Result<Self, Damaged> {
        Service::read(from).map(Self::new)
    }
}

impl Stored for Condition {
    const LEAST: usize = 1;

    fn write(&self, out: &mut Writer) {
        match self {
            Self::Accepted => 0_u8.write(out),
            Self::Unreachable(why) => {
                1_u8.write(out);
                why.write(out);
            }
            Self::Refused(why) => {
                2_u8.write(out);
                why.write(out);
            }
        }
    }

    fn read(from: &mut Reader) -> Result<Self, Damaged> {
        match u8::read(from)? {
            0 => Ok(Self::Accepted),
            1 => String::read(from).map(Self::Unreachable),
            2 => String::read(from).map(Self::Refused),
            _ => Err(Damaged("a list in no known condition")),
        }
    }
}

impl Stored for Criteria {
    const LEAST: usize = 5;

    fn write(&self, out: &mut Writer) {
        let assert: u8 = match self.assert {
            Assert::All => 0,
            Assert::AtLeastOne => 1,
            Assert::None => 2,
        };
        assert.write(out);
        self.criteria.write(out);
    }

    fn read(from: &mut Reader) -> Result<Self, Damaged> {
        let assert = match u8::read(from)? {
            0 => Assert::All,
            1 => Assert::AtLeastOne,
            2 => Assert::None,
            _ => return Err(Damaged("criteria that combine in no known way")),
        };
        let criteria = from.nested(Vec::read)?;
        Ok(Self { assert, criteria })
    }
}

impl Stored for Criterion {
    const LEAST: usize = 5;

    fn write(&self, out: &mut Writer) {
        let tagged = |tag: u8, out: &mut Writer| tag.write(out);
        match self {
            Self::KeyUsage(bits) => {
                tagged(0, out);
                bits.write(out);
            }
            Self::Policies(oids) => {
                tagged(1, out);
                oids.write(out);
            }
            Self::SubjectAttributes(oids) => {
                tagged(2, out);
                oids.write(out);
            }
            Self::ExtendedKeyUsage(oids) => {
                tagged(3, out);
                oids.write(out);
            }
            Self::QcStatement { oid, qc_type, legislation } => {
                tagged(4, out);
                oid.write(out);
                qc_type.write(out);
                legislation.write(out);
            }
            Self::Nested(criteria) => {
                tagged(5, out);
                criteria.write(out);
            }
            Self::Unknown(name) => {
                tagged(6, out);
                name.write(out);
            }
        }
    }

    fn read(from: &mut Reader) -> Result<Self, Damaged> {
        Ok(match u8::read(from)? {
            0 => Self::KeyUsage(Stored::read(from)?),
            1 => Self::Policies(Stored::read(from)?),
            2 => Self::SubjectAttributes(Stored::read(from)?),
            3 => Self::ExtendedKeyUsage(Stored::read(from)?),
            4 => Self::QcStatement {
                oid: Stored::read(from)?,
                qc_type: Stored::read(from)?,
                legislation: Stored::read(from)?,
            },
            5 => Self::Nested(Stored::read(from)?),
            6 => Self::Unknown(Stored::read(from)?),
            _ => return Err(Damaged("a criterion of no known kind")),
        })
    }
}
