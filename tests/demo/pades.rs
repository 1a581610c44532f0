//! PDF files with a credential attached, sealed with PAdES-BASELINE-B (EN 319 142-1, 6.3).

use super::cades::Sealed;
use super::pdf::{Writer, fill, page_object, stream};
use super::{Demo, Sealer};

/// Hexadecimal digits reserved for Contents.
const ROOM: usize = 10_000;

/// A file to be attached.
pub struct Attached<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its content.
    pub octets: &'a [u8],
}

/// A page with a file attached, and in a second revision the seal: 20 the signature dictionary, 21 its invisible field.
pub fn seal(demo: &Demo, sealer: Sealer, attached: &Attached<'_>) -> Writer {
    let Attached { name, octets } = attached;
    let at = demo.options.reference;
    let mut writer = Writer::new();
    writer.table(&[
        (1, b"<< /Type /Catalog /Pages 2 0 R /Names << /EmbeddedFiles 6 0 R >> /AF [7 0 R] >>".to_vec()),
        (2, b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>".to_vec()),
        (3, page_object("")),
        (4, stream("", b"BT /F1 24 Tf 72 720 Td (Diploma in Sealed Bees and Pollination) Tj ET")),
        (5, b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>".to_vec()),
        (6, format!("<< /Names [({name}) 7 0 R] >>").into_bytes()),
        (
            7,
            format!(
                "<< /Type /Filespec /F ({name}) /UF ({name}) /AFRelationship /Data /EF << /F 8 0 R >> >>"
            )
            .into_bytes(),
        ),
        (8, stream("/Type /EmbeddedFile /Subtype /application#2Fld+json", octets)),
    ]);
    let date: String = at.to_string().chars().filter(char::is_ascii_digit).collect();
    let dictionary = format!(
        "<< /Type /Sig /Filter /Adobe.PPKLite /SubFilter /ETSI.CAdES.detached /M (D:{date}Z) \
         /ByteRange [0 0000000000 0000000000 0000000000] /Contents <{}> >>",
        "0".repeat(ROOM)
    );
    let field =
        "<< /Type /Annot /Subtype /Widget /FT /Sig /T (Seal) /V 20 0 R /P 3 0 R /Rect [0 0 0 0] /F 132 >>";
    writer.table(&[
        (
            1,
            b"<< /Type /Catalog /Pages 2 0 R /Names << /EmbeddedFiles 6 0 R >> /AF [7 0 R] \
              /AcroForm << /Fields [21 0 R] /SigFlags 3 >> >>"
                .to_vec(),
        ),
        (3, page_object("/Annots [21 0 R]")),
        (20, dictionary.into_bytes()),
        (21, field.as_bytes().to_vec()),
    ]);
    fill(&mut writer.bytes, |covered| Sealed::for_pdf(demo, covered, sealer).bytes());
    writer
}
