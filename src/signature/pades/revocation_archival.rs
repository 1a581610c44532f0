//! adbe-revocationInfoArchival (ISO 32000-2, 12.8.3.3.2): revocation data as a signed attribute.

use crate::format::cms::SignedData;
use crate::format::der::{self, Tag, Tlv};
use crate::signature::{EmbeddedRevocation, RevocationKind, Source};

/// 1.2.840.113583.1.1.8
const ARCHIVAL: &[u8] = b"\x2a\x86\x48\x86\xf7\x2f\x01\x01\x08";

/// CRLs and OCSP responses taken.
const MOST: usize = 256;

/// What the signers of a SignedData have there. It is signed, so that every time-stamp stands behind it.
pub(super) fn read<'a>(cms: &'a SignedData<'a>) -> Vec<EmbeddedRevocation<'a>> {
    let mut found = Vec::new();
    for signer in &cms.signers {
        for value in signer.signed(ARCHIVAL).flat_map(|attribute| &attribute.values) {
            // What was read before an error counts.
            let _ = lists(value, &mut found);
        }
    }
    found
}

fn lists<'a>(value: &Tlv<'a>, found: &mut Vec<EmbeddedRevocation<'a>>) -> Result<(), der::Error> {
    let mut fields = value.of(Tag::SEQUENCE, "RevocationInfoArchival")?.reader()?;
    while let Some(field) = fields.read()? {
        let kind = match field.tag {
            tag if tag == Tag::context(0) => RevocationKind::Crl,
            tag if tag == Tag::context(1) => RevocationKind::Ocsp,
            _ => continue,
        };
        let mut items = field.explicit("revocation data")?.of(Tag::SEQUENCE, "SEQUENCE OF")?.reader()?;
        while let Some(item) = items.read()? {
            if found.len() >= MOST {
                return Ok(());
            }
            found.push(EmbeddedRevocation {
                kind,
                der: item.definite()?,
                source: Source::Values,
                after_timestamps: 0,
            });
        }
    }
    Ok(())
}
