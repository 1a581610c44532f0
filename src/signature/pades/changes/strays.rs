//! Objects in an update that its cross-reference sections do not name. A reader that rebuilds a broken table takes the last
//! object of a number that it finds in the file; one that does not, never sees these.

use crate::catalogue::{Words, say};
use crate::format::pdf::{Document, Entry, Id, Section};
use std::ops::Range;

/// What is wrong with the octets of a revision, in words.
pub(super) fn strays(document: &Document<'_>, revision: usize) -> Option<Words> {
    let added = document.revisions().get(revision)?;
    let view = document.view(revision);
    let spans = |section: &Section| [Some(section.span.clone()), section.hidden.clone()];
    let mut taken: Vec<Range<usize>> = added.sections.iter().flat_map(spans).flatten().collect();
    for (number, entry) in added.sections.iter().flat_map(|section| section.entries()) {
        let Entry::At { offset, generation } = entry else { continue };
        if !added.span.contains(&offset) {
            continue;
        }
        match view.object(Id { number, generation }) {
            Ok(value) => taken.push(offset..value.span.end.max(offset)),
            Err(why) => return Some(say("detail.change-unread").with("number", number).with("why", why)),
        }
    }
    taken.sort_unstable_by_key(|range| range.start);
    let mut at = added.span.start;
    let end = added.span.end;
    for Range { start, end } in taken.into_iter().chain(std::iter::once(end..end)) {
        let between = document.octets().get(at..start).unwrap_or_default();
        if holds_object(between) {
            return Some(say("detail.change-strays"));
        }
        at = at.max(end);
    }
    None
}

/// Whether an object begins there: `12 0 obj`.
fn holds_object(octets: &[u8]) -> bool {
    memchr::memmem::find_iter(octets, b"obj").any(|at| {
        let before = octets.get(..at).unwrap_or_default().trim_ascii_end();
        before.last().is_some_and(u8::is_ascii_digit)
    })
}
