//! DEQAR, the database of external quality assurance results that EQAR keeps: the institutions that its member agencies
//! reported on.
//!
//! It knows institutions, not what was decided on them: it tells which identifiers are of one institution, that an
//! institution was closed, and how many reports there are. It proves no accreditation by itself.

use super::folder::{bounded, name_of};
use super::read::NotARegister;
use super::{Found, Query, Register, who};
use crate::credential::identity::alpha_2;
use crate::credential::{Date, Identifier, Organisation, Point, Text};
use crate::signature::algorithm::identity;
use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

/// Rows of a file.
const ROWS: usize = 500_000;

/// Columns that must be there.
const REQUIRED: [&str; 2] = ["deqar_id", "name_primary"];

/// An institution as DEQAR has it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Institution {
    /// Its names, identifiers and countries.
    pub organisation: Organisation,
    /// When it was closed.
    pub closed: Option<Date>,
    /// How many reports there are.
    pub reports: Option<u64>,
    /// When the last of them is from.
    pub last_report: Option<Date>,
}

/// DEQAR by its daily file of institutions (`deqar-institutions.csv`): comma-separated, UTF-8, with a header row, an
/// institution once for each of its locations.
///
/// Columns that are read, in whatever order: `deqar_id` (`DEQARINST0879`) and `name_primary`, both required; `eter_id`,
/// `name_official`, `country` (in English, or a code), `identifiers_all` (`ROR: https://ror.org/..., VAT: ...`),
/// `closure_date`, `report_count`, `report_last`. Others are not looked at.
#[derive(Debug)]
pub struct Deqar {
    name: String,
    digest: [u8; 32],
    index: HashMap<String, Vec<Arc<Institution>>>,
}

impl Deqar {
    /// Reads a file; its name is the register's.
    ///
    /// # Errors
    /// The file cannot be read, is too large, or see [`Self::parse`].
    pub fn read(file: &Path) -> Result<Self, NotARegister> {
        let wrong = |why: String| NotARegister(format!("{}: {why}", file.display()));
        let bytes = bounded(file).map_err(wrong)?;
        Self::parse(&name_of(file), &bytes).map_err(|error| wrong(error.to_string()))
    }

    /// Reads the text of a file.
    ///
    /// # Errors
    /// Not UTF-8, no such table, a required column is missing, a row of another length or without `deqar_id`, too many
    /// rows; the line is named.
    pub fn parse(name: &str, csv: &[u8]) -> Result<Self, NotARegister> {
        let text = std::str::from_utf8(csv).map_err(|_| NotARegister("not UTF-8".to_owned()))?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
        let header = reader.headers().map_err(|error| NotARegister(error.to_string()))?;
        let columns: HashMap<String, usize> =
            header.iter().enumerate().map(|(at, name)| (name.to_owned(), at)).collect();
        if columns.len() != header.len() {
            return Err(NotARegister("a column stands there twice".to_owned()));
        }
        if let Some(missing) = REQUIRED.into_iter().find(|name| !columns.contains_key(*name)) {
            let why = format!("no column `{missing}`: expected DEQAR's file of institutions");
            return Err(NotARegister(why));
        }
        let mut institutions: HashMap<String, Institution> = HashMap::new();
        for (row, record) in reader.records().enumerate() {
            let record = record.map_err(|error| NotARegister(error.to_string()))?;
            if row >= ROWS {
                return Err(NotARegister(format!("more than {ROWS} rows")));
            }
            let cell = |column: &str| -> Option<&str> {
                record.get(*columns.get(column)?).filter(|cell| !cell.is_empty() && *cell != "N/A")
            };
            let Some(id) = cell("deqar_id") else {
                let line = record.position().map_or(0, csv::Position::line);
                return Err(NotARegister(format!("line {line}: no deqar_id")));
            };
            institutions.entry(id.to_owned()).or_default().add_row(id, cell);
        }
        if institutions.is_empty() {
            return Err(NotARegister("there is no institution in it".to_owned()));
        }
        let mut found = Self { name: name.to_owned(), digest: identity(csv), index: HashMap::new() };
        for institution in institutions.into_values().map(Arc::new) {
            let mut keys = who::keys(&institution.organisation);
            keys.sort();
            keys.dedup();
            for key in keys {
                found.index.entry(key).or_default().push(Arc::clone(&institution));
            }
        }
        Ok(found)
    }
}

impl Institution {
    /// One row, a location of it.
    fn add_row<'r>(&mut self, id: &str, cell: impl Fn(&str) -> Option<&'r str>) {
        let organisation = &mut self.organisation;
        let eter = cell("eter_id");
        let country = cell("country").and_then(country);
        // An ETER identifier begins with its country's code.
        let country = country.or_else(|| alpha_2(eter?.get(..2)?));
        organisation.add_country(country.map(str::to_owned));
        if organisation.legal_name.is_none() {
            let names = [cell("name_primary"), cell("name_official")].into_iter().flatten();
            let names = names.map(|name| (String::new(), name.to_owned())).collect();
            organisation.legal_name = Some(Text(names));
            let of = |notation: &str, scheme: Option<&str>| Identifier {
                notation: notation.to_owned(),
                country: country.map(str::to_owned),
                scheme: scheme.map(str::to_owned),
            };
            organisation.identifiers.push(Identifier { country: None, ..of(id, None) });
            organisation.identifiers.extend(eter.map(|eter| of(eter, Some("https://www.eter-project.com/"))));
            for entry in cell("identifiers_all").unwrap_or_default().split(',') {
                let Some((scheme, notation)) = entry.split_once(':') else { continue };
                let (scheme, notation) = (scheme.trim(), notation.trim());
                if scheme.eq_ignore_ascii_case("VAT") {
                    organisation.vat_identifiers.push(of(notation, None));
                } else {
                    organisation.identifiers.push(of(notation, Some(scheme)));
                }
            }
        }
        self.closed = self.closed.take().or_else(|| cell("closure_date").map(Date::new));
        self.reports = self.reports.or_else(|| cell("report_count")?.parse().ok());
        self.last_report = self.last_report.take().or_else(|| cell("report_last").map(Date::new));
    }
}

impl Register for Deqar {
    fn name(&self) -> &str {
        &self.name
    }

    fn digest(&self) -> Option<[u8; 32]> {
        Some(self.digest)
    }

    fn find(&self, query: &Query) -> Found {
        let Query::Institution(organisation) = query else { return Found::nothing() };
        let mut found: Vec<Arc<Institution>> = Vec::new();
        for key in who::keys(organisation) {
            for candidate in self.index.get(&key).into_iter().flatten() {
                let is = who::compare(organisation, &candidate.organisation).point == Point::Agrees;
                if is && !found.contains(candidate) {
                    found.push(Arc::clone(candidate));
                }
            }
        }
        Found::Institutions(found)
    }
}

/// A country by its code, or by its name in English as DEQAR has it; what stands in brackets is a part of it.
fn country(text: &str) -> Option<&'static str> {
    let name = text.split('(').next().unwrap_or(text).trim();
    let named = || EHEA.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, code)| *code);
    alpha_2(name).or_else(named)
}

/// The countries of the European Higher Education Area, and Kosovo, which agencies report on too.
#[rustfmt::skip]
const EHEA: [(&str, &str); 55] = [
    ("Albania", "AL"), ("Andorra", "AD"), ("Armenia", "AM"), ("Austria", "AT"), ("Azerbaijan", "AZ"),
    ("Belarus", "BY"), ("Belgium", "BE"), ("Bosnia and Herzegovina", "BA"), ("Bulgaria", "BG"), ("Croatia", "HR"),
    ("Cyprus", "CY"), ("Czech Republic", "CZ"), ("Czechia", "CZ"), ("Denmark", "DK"), ("Estonia", "EE"),
    ("Finland", "FI"), ("France", "FR"), ("Georgia", "GE"), ("Germany", "DE"), ("Greece", "GR"),
    ("Holy See", "VA"), ("Hungary", "HU"), ("Iceland", "IS"), ("Ireland", "IE"), ("Italy", "IT"),
    ("Kazakhstan", "KZ"), ("Kosovo", "XKX"), ("Latvia", "LV"), ("Liechtenstein", "LI"), ("Lithuania", "LT"),
    ("Luxembourg", "LU"), ("Malta", "MT"), ("Moldova", "MD"), ("Montenegro", "ME"), ("Netherlands", "NL"),
    ("North Macedonia", "MK"), ("Norway", "NO"), ("Poland", "PL"), ("Portugal", "PT"), ("Romania", "RO"),
    ("Russia", "RU"), ("Russian Federation", "RU"), ("San Marino", "SM"), ("Serbia", "RS"), ("Slovak Republic", "SK"),
    ("Slovakia", "SK"), ("Slovenia", "SI"), ("Spain", "ES"), ("Sweden", "SE"), ("Switzerland", "CH"),
    ("The Netherlands", "NL"), ("Turkey", "TR"), ("Türkiye", "TR"), ("Ukraine", "UA"), ("United Kingdom", "GB"),
];

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "\u{feff}deqar_id,eter_id,name_primary,name_official,country,city,closure_date,report_count,report_last,identifiers_all\n\
        DEQARINST0001,FI0001,A School,Koulu,Finland,Here,,3,2024-05-20,\"ROR: https://ror.org/x1, VAT: FI123\"\n\
        DEQARINST0001,FI0001,A School,Koulu,Åland (region),There,,3,2024-05-20,\n\
        DEQARINST0002,,\"Closed, a School\",,Belgium (Flemish Community),There,2019-12-31,0,,N/A\n\
        DEQARINST0003,SI0001,Other,,Slovenia,There,,1,,PIC: 7\n\
        DEQARINST0004,SI0002,Another,,Slovenia,There,,1,,PIC: 7\n";

    fn asked(register: &Deqar, notation: &str, country: Option<&str>, scheme: Option<&str>) -> Vec<String> {
        let one = Identifier {
            notation: notation.to_owned(),
            country: country.map(str::to_owned),
            scheme: scheme.map(str::to_owned),
        };
        let organisation = Organisation { identifiers: vec![one], ..Organisation::default() };
        let Found::Institutions(found) = register.find(&Query::Institution(Box::new(organisation))) else {
            panic!()
        };
        let mut ids: Vec<String> =
            found.iter().map(|one| one.organisation.identifiers[0].notation.clone()).collect();
        ids.sort();
        ids
    }

    #[test]
    fn institutions_by_every_identifier() {
        let register = Deqar::parse("deqar", FILE.as_bytes()).unwrap();
        let ids = |notation, country, scheme| asked(&register, notation, country, scheme);
        assert_eq!(ids("https://data.deqar.eu/institution/1", None, None), ["DEQARINST0001"]);
        assert_eq!(ids("DEQARINST0002", None, None), ["DEQARINST0002"]);
        assert_eq!(ids("FI0001", Some("FIN"), None), ["DEQARINST0001"]);
        assert_eq!(ids("FI0001", Some("SWE"), None), [""; 0], "of another country");
        assert_eq!(ids("FI0001", None, Some("https://scheme.example/")), [""; 0], "of another scheme");
        assert_eq!(ids("FI0001", None, None), [""; 0], "of no scheme and country");
        assert_eq!(ids("https://ror.org/x1", None, None), ["DEQARINST0001"]);
        assert_eq!(ids("FI-123", Some("FI"), None), ["DEQARINST0001"]);
        assert_eq!(ids("7", None, Some("PIC")), ["DEQARINST0003", "DEQARINST0004"], "all are kept");
        let closed = register.index.get("https://data.deqar.eu/institution/2").unwrap()[0].clone();
        assert_eq!(closed.closed.as_ref().unwrap().text, "2019-12-31");
        assert_eq!(
            (closed.reports, closed.organisation.countries.as_slice()),
            (Some(0), &["BE".to_owned()][..])
        );
        assert_eq!(register.find(&Query::Uri("DEQARINST0001".into())), Found::nothing());
    }

    #[test]
    fn what_is_no_such_file_says_why() {
        for (text, why) in [
            (&b""[..], "no column `deqar_id`"),
            (b"report_id,hei_deqar_id\n1,2\n", "no column `deqar_id`: expected DEQAR's file of institutions"),
            (b"deqar_id\nDEQARINST0001\n", "no column `name_primary`"),
            (b"deqar_id,name_primary,deqar_id\n1,2,3\n", "a column stands there twice"),
            (b"deqar_id,name_primary\n", "there is no institution in it"),
            (b"deqar_id,name_primary\nDEQARINST0001,A\n,B\n", "line 3: no deqar_id"),
            (b"deqar_id,name_primary\nDEQARINST0001\n", "line: 2"),
            (b"deqar_id,name_primary\n\xff,A\n", "not UTF-8"),
        ] {
            let error = Deqar::parse("deqar", text).unwrap_err().to_string();
            assert!(error.contains(why), "{}: {error}", String::from_utf8_lossy(text));
        }
    }
}
