//! A trust domain's configuration: where its list of lists is, and the pins that announce its signers.

use super::list;
use crate::signature::algorithm::identity;
use serde::{Deserialize, Deserializer, de::Error as _};
use std::fmt;
use std::path::{Path, PathBuf};

/// A trust domain, from a TOML file.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Domain {
    /// Its name, e.g. `eu`.
    pub name: String,
    /// URL of the list of lists; empty where anchors alone are trusted.
    #[serde(default)]
    pub lotl: String,
    /// TSLType of the list of lists; the EU's unless given.
    #[serde(default = "eu_list_of_lists")]
    pub lotl_type: String,
    /// TSLType of the lists that it points to; the EU's unless given.
    #[serde(default = "eu_generic")]
    pub list_type: String,
    /// A folder with `index.json` that mirrors the lists; relative to the file that names it.
    pub mirror: Option<PathBuf>,
    /// The announcements of signers, several side by side while one follows the other; none where there are no lists.
    #[serde(default)]
    pub pins: Vec<PinSet>,
    /// A folder of further anchors, PEM or DER; relative to the file that names it.
    pub anchors: Option<PathBuf>,
    /// Whether what its lists call qualified is called so in verdicts. Only the EU's lists, and those of third countries
    /// that it recognises, say what is qualified under EU law: not so unless the file says so.
    #[serde(default)]
    pub qualification: bool,
}

/// A trust domain that is configured and could not be loaded.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Absent {
    /// Its name.
    pub domain: String,
    /// Why, in words.
    pub why: String,
}

/// The signers of the list of lists that one issue of the Official Journal announces.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PinSet {
    /// Its address, as the list of lists names it among its SchemeInformationURI.
    pub official_journal: String,
    /// SHA-256 of each certificate.
    #[serde(deserialize_with = "digests")]
    pub sha256: Vec<[u8; 32]>,
}

/// Why a file is no trust domain, with the line where that can be told.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NotADomain(pub String);

impl fmt::Display for NotADomain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not a trust domain: {}", self.0)
    }
}

impl std::error::Error for NotADomain {}

impl Domain {
    /// The name of the domain that is built in.
    pub const EU: &str = "eu";

    /// The European Union, as built in (`trust-lists/eu.toml`).
    ///
    /// # Errors
    /// Never for the file built in; a test holds that.
    pub fn eu() -> Result<Self, NotADomain> {
        Self::parse(include_str!("../../trust-lists/eu.toml"))
    }

    /// Reads a domain from TOML text.
    ///
    /// # Errors
    /// A missing, unknown or malformed key, with its line.
    pub fn parse(text: &str) -> Result<Self, NotADomain> {
        let domain: Self = toml::from_str(text).map_err(|error| NotADomain(error.to_string()))?;
        let require = |holds: bool, why: &str| if holds { Ok(()) } else { Err(NotADomain(why.to_owned())) };
        require(!domain.name.is_empty(), "`name` is empty")?;
        require(
            domain.name != EU || domain.lotl == EU_LOTL,
            "the name `eu` is that of the European Union, whose list of lists is elsewhere",
        )?;
        if domain.lotl.is_empty() {
            require(domain.anchors.is_some(), "neither `lotl` nor `anchors`: nothing could be trusted")?;
            require(domain.pins.is_empty(), "`pins` without `lotl`")?;
            require(!domain.qualification, "`qualification` without `lotl`: no list says what is qualified")?;
            return Ok(domain);
        }
        require(
            domain.lotl.starts_with("https://") || domain.lotl.starts_with("http://"),
            "`lotl` is no http or https address",
        )?;
        require(!domain.pins.is_empty(), "no `pins`: nothing could be trusted")?;
        for set in &domain.pins {
            require(!set.official_journal.is_empty(), "`official_journal` is empty")?;
            require(!set.sha256.is_empty(), "`sha256` of a pin set is empty")?;
        }
        Ok(domain)
    }

    /// SHA-256 over name, addresses, types and pins: two domains with the same one believe the same lists.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        let mut all = Vec::new();
        // Lengths first: no two domains run together into the same bytes.
        let mut put = |part: &[u8]| {
            all.extend_from_slice(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_le_bytes());
            all.extend_from_slice(part);
        };
        for text in [&self.name, &self.lotl, &self.lotl_type, &self.list_type] {
            put(text.as_bytes());
        }
        for set in &self.pins {
            put(set.official_journal.as_bytes());
            put(set.sha256.as_flattened());
        }
        identity(&all)
    }

    /// Whether it has lists, not anchors alone.
    #[must_use]
    pub fn has_lists(&self) -> bool {
        !self.lotl.is_empty()
    }

    /// Reads a domain from a file; relative paths in it are resolved against its folder.
    ///
    /// # Errors
    /// Not readable, or as [`Domain::parse`].
    pub fn read(path: &Path) -> Result<Self, NotADomain> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| NotADomain(format!("{}: {error}", path.display())))?;
        let mut domain =
            Self::parse(&text).map_err(|e| NotADomain(format!("{}: {}", path.display(), e.0)))?;
        if let Some(folder) = path.parent() {
            domain.mirror = domain.mirror.map(|mirror| folder.join(mirror));
            domain.anchors = domain.anchors.map(|anchors| folder.join(anchors));
        }
        Ok(domain)
    }
}

/// The European Union's name among the domains.
const EU: &str = "eu";
/// Where its list of lists is published.
const EU_LOTL: &str = "https://ec.europa.eu/tools/lotl/eu-lotl.xml";

fn eu_list_of_lists() -> String {
    list::EU_LIST_OF_LISTS.to_owned()
}

fn eu_generic() -> String {
    list::EU_GENERIC.to_owned()
}

fn digests<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<[u8; 32]>, D::Error> {
    let read = |text: String| {
        let mut digest = [0; 32];
        hex::decode_to_slice(&text, &mut digest)
            .map_err(|_| D::Error::custom(format!("expected 64 hexadecimal digits, found `{text}`")))?;
        Ok(digest)
    };
    Vec::<String>::deserialize(deserializer)?.into_iter().map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_eu_domain_built_in_has_eight_pins_of_the_announcement_of_2019() {
        let domain = Domain::eu().unwrap();
        assert_eq!(domain.lotl, EU_LOTL);
        assert!(domain.qualification);
        assert_eq!(domain.lotl_type, list::EU_LIST_OF_LISTS);
        assert_eq!(domain.pins.len(), 1);
        assert_eq!(domain.pins[0].sha256.len(), 8);
        assert!(domain.pins[0].official_journal.ends_with("uriserv:OJ.C_.2019.276.01.0001.01.ENG"));
    }

    #[test]
    fn errors_name_the_line() {
        let good = "name = \"x\"\nlotl = \"https://a.example/l.xml\"\n[[pins]]\nofficial_journal = \"o\"\nsha256 = [\"";
        let digest = "00".repeat(32);
        assert!(Domain::parse(&format!("{good}{digest}\"]")).is_ok());
        for (text, expected) in [
            (format!("{good}{digest}\"]\nextra = 1"), "line 6"),
            (format!("{good}zz\"]"), "line 5"),
            (format!("color = 1\n{good}{digest}\"]"), "unknown field `color`"),
            ("name = \"x\"\nlotl = \"https://a/\"".to_owned(), "no `pins`"),
            ("name = \"x\"".to_owned(), "neither `lotl` nor `anchors`"),
            ("name = \"x\"\nanchors = \"a\"\nqualification = true".to_owned(), "no list says"),
            (format!("{good}{digest}\"]").replace("\"x\"", "\"eu\""), "that of the European Union"),
            ("name = \"x\"\nlotl = \"ftp://a/\"\npins = []".to_owned(), "no http or https"),
            ("name = \"x\"\nlotl = \"https://a/\"\npins = []".to_owned(), "no `pins`"),
        ] {
            let error = Domain::parse(&text).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        }
    }

    #[test]
    fn the_digest_tells_domains_apart_by_what_they_believe() {
        let eu = Domain::eu().unwrap();
        let digest = |change: fn(&mut Domain)| {
            let mut domain = eu.clone();
            change(&mut domain);
            domain.digest()
        };
        assert_eq!(
            digest(|d| d.mirror = Some("x".into())),
            eu.digest(),
            "where lists are had does not count"
        );
        let changes: [fn(&mut Domain); 7] = [
            |d| d.name.push('x'),
            |d| d.lotl.push('x'),
            |d| (d.lotl_type, d.list_type) = (d.list_type.clone(), d.lotl_type.clone()),
            |d| d.pins[0].official_journal.push('x'),
            |d| d.pins[0].sha256[0][31] ^= 1,
            |d| d.pins[0].sha256.truncate(7),
            |d| d.pins.push(d.pins[0].clone()),
        ];
        for change in changes {
            assert_ne!(digest(change), eu.digest());
        }
    }

    #[test]
    fn a_mirror_is_relative_to_its_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.toml");
        let pins = format!("[[pins]]\nofficial_journal = \"o\"\nsha256 = [\"{}\"]", "ab".repeat(32));
        std::fs::write(&path, format!("name = \"x\"\nlotl = \"https://a/\"\nmirror = \"lists\"\n{pins}"))
            .unwrap();
        assert_eq!(Domain::read(&path).unwrap().mirror, Some(folder.path().join("lists")));
    }
}
