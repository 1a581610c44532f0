//! The demonstration domain: a fictitious trust domain with its lists and sealed credentials, sound and broken.
//!
//! Everything is made here with fresh keys, by writers that share no code with the project's readers. It serves
//! tests, benches and load tests (in memory) and the committed `trust-lists/demo` and `examples/` (on disk).
#![allow(
    dead_code,
    unused_imports,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::as_conversions,
    reason = "a generator of test inputs, included by several targets that each use a part of it"
)]

pub mod asic;
pub mod cades;
pub mod certificate;
pub mod content;
pub mod der;
pub mod elm_v2;
pub mod elm_v3;
pub mod examples;
pub mod jades;
pub mod key;
pub mod list;
pub mod pades;
pub mod pdf;
pub mod pki;
pub mod png;
pub mod revocation;
pub mod timestamp;
pub mod xades;
pub mod xml;

use content::Content;
pub use examples::{Example, Expected};
pub use jades::{Form, HeaderFault, Level, Sealed};
pub use list::List;
pub use pki::{Evidence, Pki, Sealer};
use sealgate::time::Time;
use std::collections::{BTreeMap, HashMap};
use std::sync::{LazyLock, Mutex};

/// What to generate.
#[derive(Clone, Debug)]
pub struct Options {
    /// The reference time: lists are issued the day before, most credentials sealed then.
    pub reference: Time,
    /// Size of the picture in full credentials, in bytes before base64.
    pub picture: usize,
}

impl Options {
    /// With a small picture.
    pub fn at(reference: Time) -> Self {
        Self { reference, picture: 1_500 }
    }
}

/// A credential to be issued for a bench, a test or a load test.
#[derive(Clone, Debug)]
pub struct Order {
    /// Number: distinct numbers give distinct payloads.
    pub index: u64,
    /// Who seals.
    pub sealer: Sealer,
    /// How far to augment.
    pub level: Level,
    /// How to write it (JAdES).
    pub form: Form,
    /// About how large the whole file is to be, in bytes; `None` for the smallest there is.
    pub bytes: Option<usize>,
}

impl Order {
    /// A compact level B credential of about 5 KB.
    pub fn compact(index: u64) -> Self {
        Self { index, sealer: Sealer::Compact, level: Level::B, form: Form::Compact, bytes: None }
    }

    /// A sealed EDC at level LTA of about `bytes`.
    pub fn archival(index: u64, bytes: usize) -> Self {
        let (sealer, level, form) = (Sealer::University, Level::Lta, Form::General);
        Self { index, sealer, level, form, bytes: Some(bytes) }
    }
}

/// A generated demonstration domain.
pub struct Demo {
    /// What it was generated from.
    pub options: Options,
    /// Its keys and certificates.
    pub pki: Pki,
    /// The lists before signing: list of lists, XA, XB.
    pub lists: [List; 3],
    /// The signed lists by URL.
    pub by_url: BTreeMap<String, Vec<u8>>,
    evidence: HashMap<Sealer, Evidence>,
    overhead: Mutex<HashMap<Shape, usize>>,
}

// What the size of a file besides its picture hangs on; no form means XML.
type Shape = (Sealer, Level, Option<Form>);

/// One demonstration for all tests of a process: generating keys is what takes long.
pub fn shared() -> &'static Demo {
    static SHARED: LazyLock<Demo> =
        LazyLock::new(|| Demo::generate(&Options::at(Time::parse_rfc3339("2026-08-01T00:00:00Z").unwrap())));
    &SHARED
}

impl Demo {
    /// Generates keys, certificates and lists.
    pub fn generate(options: &Options) -> Self {
        let pki = Pki::generate(options.reference);
        let lists = list::lists(&pki);
        let by_url =
            lists.iter().map(|list| (list.url.clone(), list.sign(signer(&pki, &list.url)))).collect();
        let evidence = Sealer::ALL.map(|sealer| (sealer, pki.evidence(sealer, options.reference))).into();
        Self { options: options.clone(), pki, lists, by_url, evidence, overhead: Mutex::default() }
    }

    /// A list by territory, to be changed and signed again.
    pub fn list(&self, territory: &str) -> List {
        self.lists.iter().find(|list| list.territory == territory).unwrap().clone()
    }

    /// Signs a changed list with the key that its address stands for.
    pub fn sign(&self, list: &List) -> Vec<u8> {
        list.sign(signer(&self.pki, &list.url))
    }

    /// Signs a changed list with a key that no pointer names, under the right signer's name.
    pub fn sign_as_stranger(&self, list: &List) -> Vec<u8> {
        list.sign(&self.pki.stranger_signer)
    }

    /// The lists by URL, with one of them replaced.
    pub fn with(&self, url: &str, bytes: Vec<u8>) -> BTreeMap<String, Vec<u8>> {
        let mut lists = self.by_url.clone();
        lists.insert(url.to_owned(), bytes);
        lists
    }

    /// A signed list with its signature's value altered.
    pub fn break_signature(&self, signed: &[u8]) -> Vec<u8> {
        let text = std::str::from_utf8(signed).unwrap();
        alter_after(text, "<ds:SignatureValue", 40).into_bytes()
    }

    /// A signed list with its content altered: a status is turned into `granted`, or the operator renamed.
    pub fn alter_content(&self, signed: &[u8]) -> Vec<u8> {
        let text = std::str::from_utf8(signed).unwrap();
        let altered = if text.contains("Svcstatus/withdrawn") {
            text.replacen("Svcstatus/withdrawn", "Svcstatus/granted", 1)
        } else {
            text.replacen("1 Clover Lane", "2 Clover Lane", 1)
        };
        assert_ne!(altered, text);
        altered.into_bytes()
    }

    /// The trust domain's configuration, as `trust-lists/demo.toml` has it.
    pub fn domain(&self) -> String {
        format!(
            "# A fictitious trust domain for demonstrations and tests: nothing in it has any legal effect.\n\
             name = \"demo\"\nlotl = \"{}\"\nmirror = \"demo\"\n\
             # Its lists say what is qualified in the demonstration; every seal names the domain that it was judged in.\n\
             qualification = true\n\n[[pins]]\nofficial_journal = \"{}\"\n\
             sha256 = [\n    \"{}\",\n]\n",
            list::LOTL_URL,
            list::ANNOUNCEMENT,
            hex::encode(key::sha256(&self.pki.lotl_signer.der)),
        )
    }

    /// Issues and seals an ELM v3 credential: one signature, and a time-stamp or two by level.
    pub fn issue(&self, order: &Order) -> Vec<u8> {
        let picture = order.bytes.map(|bytes| {
            let picture = self.picture(order, Some(order.form), bytes);
            // The compact form writes the payload in base64 once more.
            if order.form == Form::Compact { picture * 3 / 4 } else { picture }
        });
        self.seal(order, picture).bytes()
    }

    /// Issues and seals an ELM v2 credential.
    pub fn issue_xml(&self, order: &Order) -> Vec<u8> {
        let picture = order.bytes.map_or(0, |bytes| self.picture(order, None, bytes));
        self.seal_xml(order, picture).into_bytes()
    }

    // The size of a picture that fills a file of such an order up to `bytes`.
    fn picture(&self, order: &Order, form: Option<Form>, bytes: usize) -> usize {
        let mut known = self.overhead.lock().unwrap();
        let overhead = known.entry((order.sealer, order.level, form)).or_insert_with(|| match form {
            Some(_) => self.seal(order, Some(0)).bytes().len(),
            None => self.seal_xml(order, 0).len(),
        });
        bytes.saturating_sub(*overhead) * 3 / 4
    }

    fn evidence(&self, order: &Order) -> Evidence {
        if order.level < Level::Lt { Evidence::default() } else { self.evidence[&order.sealer].clone() }
    }

    /// The credential that [`Demo::issue`] seals, with the seal's parts.
    pub fn seal(&self, order: &Order, picture: Option<usize>) -> Sealed {
        let issued = self.options.reference;
        let content = Content { index: order.index, sealer: order.sealer, issued, picture };
        jades::seal(&jades::Order {
            payload: &elm_v3::credential(&content),
            signer: self.pki.sealer(order.sealer),
            tsa: &self.pki.tsa,
            at: issued,
            level: order.level,
            evidence: self.evidence(order),
            form: order.form,
            fault: HeaderFault::None,
            broken_imprint: false,
        })
    }

    fn seal_xml(&self, order: &Order, picture: usize) -> String {
        let issued = self.options.reference;
        let content = Content { index: order.index, sealer: order.sealer, issued, picture: Some(picture) };
        let (canonical, position) = elm_v2::credential(&content);
        let signed = xades::seal(&xades::Order {
            canonical: &canonical,
            position,
            exclusion: xades::Exclusion::Filter2,
            signer: self.pki.sealer(order.sealer),
            tsa: &self.pki.tsa,
            at: issued,
            level: order.level,
            evidence: self.evidence(order),
            wrong_certificate: false,
            broken_imprint: false,
        });
        elm_v2::relax(&signed, &content)
    }

    /// Every example with the verdict that it is made for.
    pub fn examples(&self) -> Vec<Example> {
        examples::all(self)
    }
}

fn signer<'p>(pki: &'p Pki, url: &str) -> &'p certificate::Identity {
    match url {
        list::LOTL_URL => &pki.lotl_signer,
        list::XA_URL => &pki.xa_signer,
        list::XB_URL => &pki.xb_signer,
        other => panic!("no list of the demonstration is at {other}"),
    }
}

/// Exchanges one base64 digit, `offset` characters after the tag that starts with `tag`.
pub fn alter_after(text: &str, tag: &str, offset: usize) -> String {
    let start = text.find(tag).unwrap();
    let at = start + text[start..].find('>').unwrap() + 1 + offset;
    let other = if &text[at..=at] == "A" { "B" } else { "A" };
    format!("{}{other}{}", &text[..at], &text[at + 1..])
}
