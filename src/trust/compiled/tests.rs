//! Single values and single wrong bytes; whole snapshots are tested in `tests/suite/compiled.rs`.

use super::stored::{Damaged, Reader, Stored, Writer};
use super::*;
use crate::trust::list::{Assert, Criteria, Criterion};

fn written<T: Stored>(value: &T) -> Bytes {
    let mut out = Writer::default();
    value.write(&mut out);
    let mut all = out.finish(usize::MAX);
    all.truncate(all.len() - CHECKSUM);
    all.into()
}

fn read<T: Stored>(bytes: &[u8]) -> Result<T, Damaged> {
    let mut from = Reader::new(Bytes::copy_from_slice(bytes));
    let value = T::read(&mut from)?;
    from.finish().map(|()| value)
}

fn nested(depth: usize) -> Criteria {
    let mut criteria =
        Criteria { assert: Assert::None, criteria: vec![Criterion::KeyUsage(vec![(1, true)])] };
    for _ in 1..depth {
        criteria = Criteria { assert: Assert::All, criteria: vec![Criterion::Nested(criteria)] };
    }
    criteria
}

#[test]
fn recurring_texts_stand_once() {
    let texts: Vec<Arc<str>> = ["a", "b", "a"].map(Arc::from).to_vec();
    let bytes = written(&texts);
    assert_eq!(
        bytes,
        [3, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, b'a', 1, 0, 0, 0, 1, 0, 0, 0, b'b', 0, 0, 0, 0][..]
    );
    let again: Vec<Arc<str>> = read(&bytes).unwrap();
    assert_eq!(again, texts);
    assert!(Arc::ptr_eq(&again[0], &again[2]));
}

#[test]
fn what_is_not_as_the_format_wants_it_is_named() {
    let text = |bytes: &[u8]| read::<Arc<str>>(bytes).unwrap_err().0;
    assert_eq!(text(&[1, 0, 0, 0]), "a number of something that was not there");
    assert_eq!(text(&[0, 0, 0, 0, 1, 0, 0, 0, 0xff]), "a text is not UTF-8");
    assert_eq!(text(&[0, 0, 0, 0, 2, 0, 0, 0, b'a']), "a count is higher than what is left");
    assert_eq!(text(&[0, 0]), "a value is longer than what is left");
    assert_eq!(text(&[0, 0, 0, 0, 0, 0, 0, 0, 9]), "bytes after its content");
    assert_eq!(read::<bool>(&[2]).unwrap_err().0, "neither true nor false");
    let many = read::<Vec<u64>>(&[0xff, 0xff, 0xff, 0xff, 1, 2, 3, 4, 5, 6, 7, 8]).unwrap_err().0;
    assert_eq!(many, "a count is higher than what is left", "nothing is reserved for it");
}

#[test]
fn criteria_nest_as_deep_as_a_list_can_and_no_deeper() {
    let deepest = nested(128);
    assert_eq!(read::<Criteria>(&written(&deepest)).unwrap(), deepest);
    assert_eq!(read::<Criteria>(&written(&nested(129))).unwrap_err().0, "criteria nested too deep");
}

#[test]
fn refusals_are_told_in_one_line() {
    let many = (1..6).map(|n| format!("u:{n}")).collect();
    assert_eq!(Refused::Sources(many).to_string(), "changed since it was compiled: u:1, u:2, u:3 and 2 more");
    let one = Refused::Sources(vec!["index.json".to_owned()]);
    assert_eq!(one.to_string(), "changed since it was compiled: index.json");
    assert_eq!(Refused::Format(1).to_string(), format!("expected format {FORMAT}, found 1"));
}
