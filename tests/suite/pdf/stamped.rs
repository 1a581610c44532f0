//! Document time-stamps that no seal stands before.

use super::sealed::{Parts, catalog, check, fill, seal_on};
use super::writer::{Writer, page_object, stream};
use crate::demo;
use crate::demo::timestamp;
use sealgate::report::Overall;

#[test]
fn document_time_stamps_without_a_seal_are_told() {
    let dictionary = format!(
        "<< /Type /DocTimeStamp /Filter /Adobe.PPKLite /SubFilter /ETSI.RFC3161 \
         /ByteRange [0 0000000000 0000000000 0000000000] /Contents <{}> >>",
        "0".repeat(16_000)
    );
    let field = b"<< /Type /Annot /Subtype /Widget /FT /Sig /T (Stamp) /V 50 0 R /Rect [0 0 0 0] >>".to_vec();
    let mut writer = Writer::page("", "");
    writer.table(&[
        (1, catalog(&Parts::default(), "51 0 R")),
        (3, page_object("/Annots [51 0 R]")),
        (50, dictionary.into_bytes()),
        (51, field),
    ]);
    let at = demo::shared().options.reference;
    fill(&mut writer.bytes, |covered| timestamp::token(&demo::shared().pki.tsa, covered, at));
    let verdict = check(&writer.bytes);
    assert_eq!((verdict.verdict, verdict.seals.len()), (Overall::Unsigned, 0));
    let [stamp] = verdict.timestamps.as_slice() else { panic!("one time-stamp") };
    assert_eq!((stamp.summary.kind, stamp.summary.indication), ("document", "PASSED"));
    assert_eq!((stamp.summary.qualification, stamp.summary.time), ("QTSA", Some(at)));
    assert_eq!((&*stamp.place, stamp.coverage.as_ref().unwrap().scope.as_str()), ("revision 2", "document"));
    // What is changed afterwards is told, and octets changed under it break it.
    let mut later = writer.clone();
    later.table(&[(4, stream("", b"BT (Doctorate) Tj ET"))]);
    let stamp = &check(&later.bytes).timestamps[0];
    assert_eq!(stamp.summary.indication, "PASSED");
    let coverage = stamp.coverage.as_ref().unwrap();
    assert_eq!((coverage.scope.as_str(), coverage.revision, coverage.revisions), ("changed", 2, 3));
    let mut changed = writer.bytes.clone();
    let content = memchr::memmem::find(&changed, b"Ada Example").unwrap();
    changed[content] = b'E';
    assert_eq!(check(&changed).timestamps[0].summary.sub_indication, Some("HASH_FAILURE"));
    // A seal after it takes it for nothing of its own; the time-stamp is over less.
    let parts = Parts { fields: "51 0 R", annotations: "51 0 R", ..Parts::default() };
    seal_on(&mut writer, &parts);
    let verdict = check(&writer.bytes);
    assert_eq!((verdict.verdict, verdict.seals[0].timestamps.len()), (Overall::Passed, 0));
    assert_eq!(verdict.timestamps[0].summary.indication, "PASSED");
}
