//! Containers with signatures: ASiC (EN 319 162-1, TS 102 918) and OpenDocument packages. A ZIP archive's files, each
//! named by what it is there for; none is copied whose octets are only digested.
//!
//! One file that cannot be read leaves the whole unread: what it would have said nobody knows.

use super::zip::{Archive, Entry, Octets};
use super::{Limits, Unreadable};

/// Files of one container; real ones have some dozens.
const MOST_FILES: usize = 4_096;

/// A container, whole.
#[derive(Debug)]
pub struct Container<'a> {
    /// Which kind.
    pub form: Form,
    /// The `mimetype` file's content as text, where there is one.
    pub mimetype: Option<String>,
    /// What its `mimetype` file breaks of the rules (EN 319 162-1, A.1), in words.
    pub warnings: Vec<String>,
    /// In the order of the directory.
    pub files: Vec<File<'a>>,
}

/// The kind of a container.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Form {
    /// ASiC-S: signatures over one file.
    Simple,
    /// ASiC-E: signatures over any files.
    Extended,
    /// An OpenDocument package.
    OpenDocument,
    /// An archive that says nothing of signatures.
    Plain,
}

impl Form {
    /// As verdicts name it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Simple => "asic-s",
            Self::Extended => "asic-e",
            Self::OpenDocument => "opendocument",
            Self::Plain => "zip",
        }
    }
}

/// A file of a container.
#[derive(Debug)]
pub struct File<'a> {
    /// Its path from the container's root.
    pub name: String,
    /// What it is there for, by its name.
    pub role: Role,
    /// Its content.
    pub content: Octets<'a>,
    /// The name's encoding is not stated: in another one it reads otherwise.
    pub name_is_guessed: bool,
}

/// What a file of a container is there for (EN 319 162-1, 4.3.3.2, 4.4.3.2, 4.4.4.2).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Role {
    /// `mimetype`.
    Mimetype,
    /// XML with signatures.
    XmlSignatures,
    /// A CMS signature.
    CmsSignature,
    /// A time-stamp token.
    Timestamp,
    /// ASiCManifest: what a CMS signature or a time-stamp is over.
    Manifest,
    /// ASiCArchiveManifest: what an archive time-stamp is over.
    ArchiveManifest,
    /// ASiCEvidenceRecordManifest: what an evidence record is over.
    EvidenceRecordManifest,
    /// An evidence record (RFC 4998, RFC 6283).
    EvidenceRecord,
    /// Another file of META-INF.
    Meta,
    /// A document.
    Data,
}

impl Role {
    fn of(name: &str) -> Self {
        const META: &str = "meta-inf/";
        let lower = name.to_ascii_lowercase();
        let Some(meta) = lower.strip_prefix(META) else {
            return if name == "mimetype" { Self::Mimetype } else { Self::Data };
        };
        let (is_xml, has) = (meta.ends_with(".xml"), |word: &str| meta.contains(word));
        match meta {
            _ if is_xml && has("asicarchivemanifest") => Self::ArchiveManifest,
            _ if is_xml && has("asicevidencerecordmanifest") => Self::EvidenceRecordManifest,
            _ if is_xml && has("asicmanifest") => Self::Manifest,
            _ if has("evidencerecord") && (is_xml || meta.ends_with(".ers")) => Self::EvidenceRecord,
            _ if is_xml && has("signatures") => Self::XmlSignatures,
            _ if has("signature") && meta.ends_with(".p7s") => Self::CmsSignature,
            _ if has("timestamp") && meta.ends_with(".tst") => Self::Timestamp,
            _ => Self::Meta,
        }
    }
}

impl<'a> Container<'a> {
    /// Reads an archive and all its files: together at most [`Limits::bytes`].
    ///
    /// # Errors
    /// No archive, one that could be read in two ways, a file that cannot be read, or over a limit.
    pub fn read(bytes: &'a [u8], limits: &Limits) -> Result<Self, Unreadable> {
        let archive = Archive::open(bytes, limits)?;
        if archive.entries().len() > MOST_FILES {
            return Err(Unreadable::OverLimit("files of a container", MOST_FILES));
        }
        let all = archive.entries().iter().map(Entry::size).fold(0, usize::saturating_add);
        if all > limits.bytes {
            return Err(Unreadable::OverLimit("bytes of all files of a container", limits.bytes));
        }
        let mut files = Vec::with_capacity(archive.entries().len());
        let mut warnings = Vec::new();
        for entry in archive.entries() {
            let name = entry.name().unwrap_or_default().into_owned();
            let content = archive.octets(entry, limits).map_err(|why| in_file(&name, &why))?;
            let role = Role::of(&name);
            if role == Role::Mimetype {
                warnings.extend((!entry.is_first()).then(|| "`mimetype` is not the first file".to_owned()));
                warnings.extend((!entry.is_stored()).then(|| "`mimetype` is compressed".to_owned()));
            }
            files.push(File { name, role, content, name_is_guessed: entry.name_is_guessed() });
        }
        let mimetype = files.iter().find(|file| file.role == Role::Mimetype);
        let mimetype = mimetype.map(|file| String::from_utf8_lossy(&file.content).into_owned());
        let form = form(mimetype.as_deref(), &files);
        if form != Form::Plain && mimetype.is_none() {
            warnings.push("there is no `mimetype`".to_owned());
        }
        Ok(Self { form, mimetype, warnings, files })
    }

    /// Its files of one role, in order.
    pub fn of_role(&self, role: Role) -> impl Iterator<Item = &File<'a>> {
        self.files.iter().filter(move |file| file.role == role)
    }

    /// Bytes of the files that are no documents.
    #[must_use]
    pub fn overhead(&self) -> usize {
        let others = self.files.iter().filter(|file| file.role != Role::Data);
        others.map(|file| file.content.len()).fold(0, usize::saturating_add)
    }
}

/// By `mimetype`; where that says nothing, one file beside signatures makes it simple (EN 319 162-1, A.1).
fn form(mimetype: Option<&str>, files: &[File<'_>]) -> Form {
    let signs = |file: &File<'_>| {
        use Role::{CmsSignature, EvidenceRecord, Timestamp, XmlSignatures};
        matches!(file.role, XmlSignatures | CmsSignature | Timestamp | EvidenceRecord)
    };
    match mimetype.map(str::trim) {
        Some("application/vnd.etsi.asic-s+zip") => Form::Simple,
        Some("application/vnd.etsi.asic-e+zip") => Form::Extended,
        Some(other) if other.starts_with("application/vnd.oasis.opendocument.") => Form::OpenDocument,
        _ if !files.iter().any(signs) => Form::Plain,
        _ if files.iter().filter(|file| file.role == Role::Data).count() == 1 => Form::Simple,
        _ => Form::Extended,
    }
}

#[cold]
fn in_file(name: &str, why: &Unreadable) -> Unreadable {
    match why {
        Unreadable::OverLimit(..) => why.clone(),
        other => Unreadable::Malformed("ZIP", format!("{name:?}: {other}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_roles() {
        for (name, role) in [
            ("mimetype", Role::Mimetype),
            ("META-INF/signatures.xml", Role::XmlSignatures),
            ("META-INF/signatures001.xml", Role::XmlSignatures),
            ("META-INF/documentsignatures.xml", Role::XmlSignatures),
            ("META-INF/edoc-signatures-S1.xml", Role::XmlSignatures),
            ("meta-inf/Signatures.XML", Role::XmlSignatures),
            ("META-INF/signature.p7s", Role::CmsSignature),
            ("META-INF/timestamp.tst", Role::Timestamp),
            ("META-INF/ASiCManifest001.xml", Role::Manifest),
            ("META-INF/ASiCArchiveManifest.xml", Role::ArchiveManifest),
            ("META-INF/ASiCEvidenceRecordManifest001.xml", Role::EvidenceRecordManifest),
            ("META-INF/evidencerecord001.xml", Role::EvidenceRecord),
            ("META-INF/evidencerecord.ers", Role::EvidenceRecord),
            ("META-INF/manifest.xml", Role::Meta),
            ("signatures.xml", Role::Data),
            ("folder/META-INF/signatures.xml", Role::Data),
            ("folder/mimetype", Role::Data),
        ] {
            assert_eq!(Role::of(name), role, "{name}");
        }
    }
}
