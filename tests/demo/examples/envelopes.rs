//! Examples in the other envelopes: CMS, PDF and containers around a credential that has no seal of its own.

use super::super::asic::{EXTENDED, SIMPLE, archive, manifest};
use super::super::cades::Sealed;
use super::super::pdf::{Writer, page_object, stream};
use super::super::{Level, Sealer, elm_v3, pades};
use super::{Maker, failed, open, passed};

const FILE: &str = "diploma.jsonld";

impl Maker<'_> {
    fn unsealed(&self, sealer: Sealer) -> Vec<u8> {
        elm_v3::credential(&self.content(&self.recipe(sealer, Level::B)))
    }

    /// A CMS signature that holds its content, or not.
    fn cms(&self, content: &[u8], sealer: Sealer, level: Level, detached: bool) -> Vec<u8> {
        Sealed { detached, ..Sealed::at_level(self.demo, content, sealer, level) }.bytes()
    }

    /// A page that names the diploma, with the credential attached.
    fn diploma(&self, credential: &[u8]) -> Writer {
        let attached = pades::Attached { name: FILE, octets: credential };
        pades::seal(self.demo, Sealer::Compact, &attached)
    }

    /// An ASiC-S over the first file, with those in it.
    fn simple(&self, files: &[(&str, &[u8])], sealer: Sealer, level: Level) -> Vec<u8> {
        let signature = self.cms(files[0].1, sealer, level, true);
        let head = [("mimetype", SIMPLE)];
        archive(&[&head[..], files, &[("META-INF/signature.p7s", &signature[..])]].concat())
    }

    /// An ASiC-E over files, with others in it.
    fn extended(&self, listed: &[(&str, &[u8])], there: &[(&str, &[u8])]) -> Vec<u8> {
        let manifest = manifest("META-INF/signature001.p7s", listed);
        let signature = self.cms(&manifest, Sealer::CompactEc, Level::T, true);
        let tail =
            [("META-INF/ASiCManifest001.xml", &manifest[..]), ("META-INF/signature001.p7s", &signature[..])];
        archive(&[&[("mimetype", EXTENDED)][..], there, &tail].concat())
    }

    pub(super) fn sound_envelopes(&mut self) {
        let offline = "The certificate is qualified and has no revocation service, so nothing is missing.";
        let device = "Qualified certificate, key on a qualified device by its own statement.";
        let attached = self.cms(&self.unsealed(Sealer::Compact), Sealer::Compact, Level::B, false);
        self.add("sound/cades-b.p7m", attached, passed("AdESeal-QC", "CAdES-BASELINE-B", offline));
        let archival = self.cms(&self.unsealed(Sealer::University), Sealer::University, Level::Lta, false);
        self.add("sound/cades-lta.p7m", archival, passed("QESeal", "CAdES-BASELINE-LTA", device));
        let because = "The seal of the PDF covers the credential attached to it.";
        let pdf = self.diploma(&self.unsealed(Sealer::Compact)).bytes;
        self.add("sound/pades-b.pdf", pdf, passed("AdESeal-QC", "PAdES-BASELINE-B", because));
        let because = "The container's seal covers its one file.";
        let simple =
            self.simple(&[(FILE, &self.unsealed(Sealer::University))], Sealer::University, Level::Lt);
        self.add("sound/asic-s-lt.asics", simple, passed("QESeal", "CAdES-BASELINE-LT", because));
        let because = "The container's seal covers the files that its manifest lists, by path and digest.";
        let credential = self.unsealed(Sealer::CompactEc);
        let files = [(FILE, &credential[..]), ("transcript.txt", b"Sealed Bees and Pollination: passed\n")];
        let extended = self.extended(&files, &files);
        self.add("sound/asic-e-t.asice", extended, passed("AdESeal-QC", "CAdES-BASELINE-T", because));
    }

    pub(super) fn broken_envelopes(&mut self) {
        let changed = |sub, level, because| failed(sub, "Not AdES but QC", level, because);
        let credential = self.unsealed(Sealer::Compact);
        let title = |bytes: &[u8]| replace_octets(bytes, b"first lesson", b"whole course");
        let altered = title(&self.cms(&credential, Sealer::Compact, Level::B, false));
        let because = "A title is not what was signed.";
        let expected = changed("HASH_FAILURE", "CAdES-BASELINE-B", because);
        self.add("broken/cades-payload-altered.p7m", altered, expected);
        let detached = self.cms(&self.unsealed(Sealer::Compact), Sealer::Compact, Level::B, true);
        let because = "The content is not in the file, and must be given beside it (`--detached`).";
        let (sub, qualification) = ("SIGNED_DATA_NOT_FOUND", "Indeterminate AdESeal-QC");
        let expected = open(sub, qualification, "CAdES-BASELINE-B", because);
        self.add("broken/cades-detached-content-missing.p7s", detached, expected);
        let sound = self.diploma(&self.unsealed(Sealer::Compact));
        let altered = replace_octets(&sound.bytes, b"Diploma in", b"Doctor  of");
        let because = "The sealed page shows something else.";
        let expected = changed("HASH_FAILURE", "PAdES-BASELINE-B", because);
        self.add("broken/pades-page-altered.pdf", altered, expected);
        let mut updated = sound;
        updated.table(&[
            (3, page_object("/Annots [21 0 R 40 0 R]")),
            (
                40,
                b"<< /Type /Annot /Subtype /FreeText /Rect [60 700 560 760] /AP << /N 41 0 R >> /F 4 >>"
                    .to_vec(),
            ),
            (41, stream("/Type /XObject /Subtype /Form /BBox [0 0 500 60]", b"1 g 0 0 500 60 re f")),
        ]);
        let because = "The seal holds for its revision; `coverage` and the decision tell that an update hides what it says.";
        let expected = passed("AdESeal-QC", "PAdES-BASELINE-B", because);
        self.add("broken/pades-changed-since.pdf", updated.bytes, expected);
        let (one, other) = (self.unsealed(Sealer::CompactEc), title(&self.unsealed(Sealer::CompactEc)));
        let swapped = self.extended(&[(FILE, &one)], &[(FILE, &other)]);
        let because = "The file is not the one whose digest the manifest lists.";
        let expected = changed("HASH_FAILURE", "CAdES-BASELINE-T", because);
        self.add("broken/asic-e-file-swapped.asice", swapped, expected);
        let credential = self.unsealed(Sealer::Compact);
        let files = [(FILE, &credential[..]), ("another.txt", b"What is sealed is said by nothing.\n")];
        let two = self.simple(&files, Sealer::Compact, Level::B);
        let because = "An ASiC-S with two files: what its seal is over cannot be told.";
        let expected = changed("FORMAT_FAILURE", "CAdES-BASELINE-B", because);
        self.add("broken/asic-s-two-files.asics", two, expected);
    }
}

fn replace_octets(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let at = bytes.windows(from.len()).position(|window| window == from).unwrap();
    [&bytes[..at], to, &bytes[at + from.len()..]].concat()
}
