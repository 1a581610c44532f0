//! The fictitious world: two countries, their trust service providers, and who seals with what.

use super::certificate::{self as x509, Identity, Request, Subject, issue};
use super::key::{Key, Kind};
use super::revocation::{self, Status};
use sealgate::time::Time;
use std::sync::Arc;

const DAY: i64 = 86_400;
const YEAR: i64 = 365 * DAY;

/// Whose certificate seals a credential.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Sealer {
    /// Qualified, on a device (QcSSCD), RSA: QESeal.
    University,
    /// Qualified, ECDSA; the trusted list says that its device is managed on its behalf: QESeal.
    Remote,
    /// Qualified, no device, RSA: AdESeal-QC.
    College,
    /// Qualified, no device, RSA, without revocation service (noRevAvail): passes at level B.
    Compact,
    /// The same with an ECDSA key.
    CompactEc,
    /// Not qualified, under a recognised CA of the other country: AdESeal.
    Club,
    /// Qualified, expired thirty days before the reference time.
    Expired,
    /// Qualified, revoked ten days before the reference time.
    Revoked,
    /// Qualified once, under a service withdrawn since.
    Withdrawn,
    /// Under a CA that no list names.
    Stranger,
}

impl Sealer {
    /// Every one.
    pub const ALL: [Self; 10] = [
        Self::University,
        Self::Remote,
        Self::College,
        Self::Compact,
        Self::CompactEc,
        Self::Club,
        Self::Expired,
        Self::Revoked,
        Self::Withdrawn,
        Self::Stranger,
    ];
}

/// Validation data that a signature may carry.
#[derive(Clone, Default)]
pub struct Evidence {
    /// DER certificates.
    pub certificates: Vec<Vec<u8>>,
    /// DER CRLs.
    pub crls: Vec<Vec<u8>>,
    /// DER OCSP responses.
    pub ocsps: Vec<Vec<u8>>,
}

/// Every key and certificate of one demonstration.
pub struct Pki {
    /// The reference time: everything was made then, or seems to have been.
    pub reference: Time,
    /// Root of the first provider, in no list.
    pub root: Identity,
    /// Issuer of the qualified seal certificates: CA/QC in list XA.
    pub seal_ca: Identity,
    /// Its delegated OCSP responder.
    pub responder: Identity,
    /// Time-stamping unit: TSA/QTST in list XA.
    pub tsa: Identity,
    /// Issuer of advanced certificates: CA/PKC in list XB.
    pub advanced_ca: Identity,
    /// CA/QC in list XB, withdrawn a year ago.
    pub withdrawn_ca: Identity,
    /// A CA that no list names.
    pub stranger_ca: Identity,
    /// Signs the list of lists.
    pub lotl_signer: Identity,
    /// Signs list XA.
    pub xa_signer: Identity,
    /// Signs list XB.
    pub xb_signer: Identity,
    /// May sign nothing.
    pub stranger_signer: Identity,
    sealers: Vec<(Sealer, Identity)>,
}

fn subject(country: &str, organisation: &str, identifier: &str, common_name: &str) -> Subject {
    Subject {
        country: country.to_owned(),
        organisation: organisation.to_owned(),
        identifier: identifier.to_owned(),
        common_name: common_name.to_owned(),
    }
}

/// The first provider, in country XA.
pub const PROVIDER_A: (&str, &str) = ("Hive Trust Services", "VATXA-10020030");
/// The second provider, in country XB.
pub const PROVIDER_B: (&str, &str) = ("Northern Wax Registry", "VATXB-40050060");
/// The university that awards and seals.
pub const UNIVERSITY: (&str, &str) = ("Meadowgate University", "NTRXA-70080090");

fn provider_a(common_name: &str) -> Subject {
    subject("XA", PROVIDER_A.0, PROVIDER_A.1, common_name)
}

fn provider_b(common_name: &str) -> Subject {
    subject("XB", PROVIDER_B.0, PROVIDER_B.1, common_name)
}

fn university(common_name: &str) -> Subject {
    subject("XA", UNIVERSITY.0, UNIVERSITY.1, common_name)
}

impl Pki {
    /// Generates every key and issues every certificate.
    pub fn generate(reference: Time) -> Self {
        let world = Issuing { reference };
        let root = world.ca(provider_a("Hive Root CA"), 1, None);
        let seal_ca = world.ca(provider_a("Hive Qualified Seals CA"), 2, Some(&root));
        let responder = world.responder(&seal_ca);
        let tsa = world.tsa(&root);
        let advanced_ca = world.ca(provider_b("Northern Wax Advanced CA"), 1, None);
        let withdrawn_ca = world.ca(provider_b("Northern Wax Qualified Seals CA"), 2, None);
        let stranger_ca =
            world.ca(subject("XC", "Cuckoo Certificates", "VATXC-11111111", "Cuckoo Root CA"), 1, None);
        let european = subject("EU", "Demonstration List Office", "VATEU-00000001", "List of Lists Signer");
        let lotl_signer = world.list_signer(european, Kind::Rsa2048);
        let regulator = subject("XA", "Arcadian Trust Regulator", "GOVXA-1", "Arcadian List Signer");
        let xa_signer = world.list_signer(regulator, Kind::Rsa2048);
        let regulator = subject("XB", "Borean Trust Regulator", "GOVXB-1", "Borean List Signer");
        let xb_signer = world.list_signer(regulator, Kind::P256);
        let cuckoo = subject("XA", "Arcadian Trust Regulator", "GOVXA-1", "Arcadian List Signer");
        let stranger_signer = world.list_signer(cuckoo, Kind::Rsa2048);
        let mut pki = Self {
            reference,
            root,
            seal_ca,
            responder,
            tsa,
            advanced_ca,
            withdrawn_ca,
            stranger_ca,
            lotl_signer,
            xa_signer,
            xb_signer,
            stranger_signer,
            sealers: Vec::new(),
        };
        pki.sealers = world.sealers(&pki);
        pki
    }

    /// The certificate and key of a sealer.
    pub fn sealer(&self, sealer: Sealer) -> &Identity {
        &self.sealers.iter().find(|(known, _)| *known == sealer).unwrap().1
    }

    /// The issuer of a sealer's certificate.
    pub fn issuer(&self, sealer: Sealer) -> &Identity {
        match sealer {
            Sealer::Club => &self.advanced_ca,
            Sealer::Withdrawn => &self.withdrawn_ca,
            Sealer::Stranger => &self.stranger_ca,
            _ => &self.seal_ca,
        }
    }

    /// The day on which the certificate of [`Sealer::Revoked`] was revoked.
    pub fn revoked_at(&self) -> Time {
        self.reference.plus_seconds(-10 * DAY)
    }

    /// The last moment of the certificate of [`Sealer::Expired`].
    pub fn expired_at(&self) -> Time {
        self.reference.plus_seconds(-30 * DAY)
    }

    /// The moment from which the service of [`Sealer::Withdrawn`] is withdrawn.
    pub fn withdrawn_at(&self) -> Time {
        self.reference.plus_seconds(-YEAR)
    }

    /// A far future: the demonstration never goes stale.
    pub fn far(&self) -> Time {
        self.reference.plus_seconds(30 * YEAR)
    }

    /// Issuer certificates and revocation data of a sealer's certificate, as obtained at `at`.
    pub fn evidence(&self, sealer: Sealer, at: Time) -> Evidence {
        let issuer = self.issuer(sealer);
        let certificate = self.sealer(sealer);
        let crl = |issuer: &Identity| revocation::crl(issuer, 1, at, self.far(), &[]);
        match sealer {
            Sealer::Club | Sealer::Withdrawn | Sealer::Stranger => Evidence {
                certificates: vec![issuer.der.clone()],
                crls: vec![crl(issuer)],
                ocsps: Vec::new(),
            },
            _ => {
                let revoked_by_then = sealer == Sealer::Revoked && at >= self.revoked_at();
                let status = if revoked_by_then { Status::Revoked(self.revoked_at()) } else { Status::Good };
                let response = revocation::ocsp(certificate, issuer, &self.responder, status, at, self.far());
                Evidence {
                    certificates: vec![issuer.der.clone(), self.root.der.clone()],
                    crls: vec![crl(&self.root)],
                    ocsps: vec![response],
                }
            }
        }
    }

    /// The CRL of the qualified seals CA: it lists the revoked certificate.
    pub fn seal_crl(&self) -> Vec<u8> {
        let revoked = [(self.sealer(Sealer::Revoked).serial, self.revoked_at())];
        revocation::crl(&self.seal_ca, 7, self.reference, self.far(), &revoked)
    }
}

struct Issuing {
    reference: Time,
}

impl Issuing {
    fn years(&self, years: i64) -> Time {
        self.reference.plus_seconds(years * YEAR)
    }

    fn ca(&self, subject: Subject, serial: u64, issuer: Option<&Identity>) -> Identity {
        let mut extensions = vec![x509::authority(issuer.map(|_| 0)), x509::key_usage(&[5, 6])];
        if issuer.is_some() {
            extensions.push(x509::policies(&["2.5.29.32.0"]));
            extensions.push(x509::access("http://pki.hive.example/root.cer", None));
            extensions.push(x509::crl_distribution_point("http://pki.hive.example/root.crl"));
        }
        let request =
            Request { subject, serial, not_before: self.years(-8), not_after: self.years(40), extensions };
        issue(request, Arc::new(Key::generate(Kind::Rsa2048)), issuer)
    }

    fn responder(&self, issuer: &Identity) -> Identity {
        let request = Request {
            subject: provider_a("Hive OCSP Responder"),
            serial: 10,
            not_before: self.years(-3),
            not_after: self.years(35),
            extensions: vec![
                x509::key_usage(&[0]),
                x509::extended_key_usage("1.3.6.1.5.5.7.3.9", false),
                x509::no_check(),
            ],
        };
        issue(request, Arc::new(Key::generate(Kind::Rsa2048)), Some(issuer))
    }

    fn tsa(&self, issuer: &Identity) -> Identity {
        let request = Request {
            subject: provider_a("Hive Time-Stamping Unit 1"),
            serial: 20,
            not_before: self.years(-3),
            not_after: self.years(35),
            extensions: vec![
                x509::key_usage(&[0, 1]),
                x509::extended_key_usage("1.3.6.1.5.5.7.3.8", true),
                x509::access("http://pki.hive.example/root.cer", None),
                x509::crl_distribution_point("http://pki.hive.example/root.crl"),
            ],
        };
        issue(request, Arc::new(Key::generate(Kind::Rsa2048)), Some(issuer))
    }

    fn list_signer(&self, subject: Subject, kind: Kind) -> Identity {
        let request = Request {
            subject,
            serial: 1,
            not_before: self.years(-2),
            not_after: self.years(35),
            extensions: vec![x509::key_usage(&[0, 1]), x509::extended_key_usage("0.4.0.2231.3.0", false)],
        };
        issue(request, Arc::new(Key::generate(kind)), None)
    }

    fn sealers(&self, pki: &Pki) -> Vec<(Sealer, Identity)> {
        let ends = self.years(25);
        let mut sealers = Vec::new();
        let mut add = |sealer: Sealer, kind: Kind, subject: Subject, not_after: Time, rest: Vec<Vec<u8>>| {
            let not_before = match sealer {
                Sealer::Withdrawn => self.years(-3),
                _ => self.years(-2),
            };
            let mut extensions = vec![x509::key_usage(&[1])];
            extensions.extend(rest);
            let serial = 100 + sealers.len() as u64;
            let request = Request { subject, serial, not_before, not_after, extensions };
            let key = Arc::new(Key::generate(kind));
            sealers.push((sealer, issue(request, key, Some(pki.issuer(sealer)))));
        };
        let online = || {
            vec![
                x509::access("http://pki.hive.example/seals.cer", Some("http://ocsp.hive.example")),
                x509::crl_distribution_point("http://pki.hive.example/seals.crl"),
            ]
        };
        let offline =
            || vec![x509::access("http://pki.hive.example/seals.cer", None), x509::no_revocation_available()];
        let northern = |url: &str| {
            vec![x509::access("http://pki.wax.example/ca.cer", None), x509::crl_distribution_point(url)]
        };
        let with = |base: Vec<Vec<u8>>, policy: &str, compliance: bool, device: bool| {
            let mut extensions = base;
            extensions.push(x509::policies(&[policy]));
            extensions.push(x509::seal_statements(compliance, device));
            extensions
        };
        // EN 319 411-2: QCP-l, and QCP-l-qscd for a key on a qualified device.
        let (plain, device) = ("0.4.0.194112.1.1", "0.4.0.194112.1.3");
        let college = subject("XA", "Orchard College", "NTRXA-12121212", "Orchard College Seal");
        let club = subject("XB", "Borean Beekeepers", "NTRXB-34343434", "Borean Beekeepers Seal");
        let academy = subject("XB", "Old Hive Academy", "NTRXB-56565656", "Old Hive Academy Seal");
        let cuckoo = subject("XC", "Cuckoo Certificates", "VATXC-11111111", "Meadowgate University Seal");
        add(
            Sealer::University,
            Kind::Rsa2048,
            university("Meadowgate University Seal"),
            ends,
            with(online(), plain, true, true),
        );
        add(
            Sealer::Remote,
            Kind::P256,
            university("Meadowgate University Remote Seal"),
            ends,
            with(online(), device, true, false),
        );
        add(Sealer::College, Kind::Rsa2048, college, ends, with(online(), plain, true, false));
        add(
            Sealer::Compact,
            Kind::Rsa2048,
            university("Meadowgate University Quick Seal"),
            ends,
            with(offline(), plain, true, false),
        );
        add(
            Sealer::CompactEc,
            Kind::P256,
            university("Meadowgate University Quick Seal EC"),
            ends,
            with(offline(), plain, true, false),
        );
        add(
            Sealer::Club,
            Kind::Rsa2048,
            club,
            ends,
            with(northern("http://pki.wax.example/advanced.crl"), "0.4.0.2042.1.1", false, false),
        );
        add(
            Sealer::Expired,
            Kind::Rsa2048,
            university("Meadowgate University Seal 2"),
            pki.expired_at(),
            with(online(), plain, true, true),
        );
        add(
            Sealer::Revoked,
            Kind::Rsa2048,
            university("Meadowgate University Seal 3"),
            ends,
            with(online(), plain, true, true),
        );
        add(
            Sealer::Withdrawn,
            Kind::Rsa2048,
            academy,
            ends,
            with(northern("http://pki.wax.example/seals.crl"), plain, true, false),
        );
        add(
            Sealer::Stranger,
            Kind::Rsa2048,
            cuckoo,
            ends,
            with(northern("http://pki.cuckoo.example/ca.crl"), plain, true, true),
        );
        sealers
    }
}
