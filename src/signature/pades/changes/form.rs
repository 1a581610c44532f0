//! Fields and annotations of two revisions.

use super::compare::{Comparison, Role, placed, text};
use super::permission::Needs;
use super::{Change, What};
use crate::catalogue::say;
use crate::format::pdf::{Dictionary, Error, Id, Kind, Value, View};
use foldhash::HashSet;

/// How far up the tree of fields is looked for what a field inherits.
const MOST_PARENTS: usize = 32;

/// What a field is.
struct Nature {
    signature: bool,
    /// A document time-stamp's, now.
    timestamp: bool,
    /// Any field at all.
    field: bool,
    name: Vec<u8>,
}

impl Comparison<'_, '_> {
    /// Annotations of a page: those of the same object are the same.
    pub(super) fn annotations(
        &mut self,
        before: &[Value],
        after: &[Value],
        page: Option<usize>,
    ) -> Result<(), Error> {
        self.members(Role::Annotation, before, after, page)
    }

    /// Fields at one level of the form.
    pub(super) fn fields(&mut self, before: &[Value], after: &[Value]) -> Result<(), Error> {
        self.members(Role::Field, before, after, None)
    }

    fn members(
        &mut self,
        role: Role,
        before: &[Value],
        after: &[Value],
        page: Option<usize>,
    ) -> Result<(), Error> {
        let known: HashSet<Id> = before.iter().filter_map(Value::as_reference).collect();
        let kept: HashSet<Id> = after.iter().filter_map(Value::as_reference).collect();
        // What comes later covers what comes first.
        let order = |values: &[Value], of: &HashSet<Id>| -> Vec<Option<Id>> {
            let all = values.iter().map(Value::as_reference);
            all.filter(|id| id.is_none_or(|id| of.contains(&id))).collect()
        };
        if role == Role::Annotation && order(before, &kept) != order(after, &known) {
            self.report(What::Annotation, Needs::Annotating, true, say("detail.change-order"), page);
        }
        let direct = |values: &[Value]| -> Vec<Value> {
            values.iter().filter(|value| value.as_reference().is_none()).cloned().collect()
        };
        let (was, now) = (direct(before), direct(after));
        for (one, other) in was.iter().zip(&now) {
            self.push(role, one.clone(), other.clone(), page);
        }
        for gone in before.iter().filter(|value| value.as_reference().is_some_and(|id| !kept.contains(&id))) {
            let value = self.before.resolve(gone)?.into_owned();
            self.gone(role, &value, page);
        }
        for gone in was.iter().skip(now.len()) {
            self.gone(role, gone, page);
        }
        for value in after {
            match value.as_reference() {
                Some(id) if known.contains(&id) => self.push(role, value.clone(), value.clone(), page),
                Some(_) => {
                    let found = self.after.resolve(value)?.into_owned();
                    self.added(&found, page)?;
                }
                None => {}
            }
        }
        for value in now.iter().skip(was.len()) {
            self.added(value, page)?;
        }
        Ok(())
    }

    fn gone(&mut self, role: Role, value: &Value, page: Option<usize>) {
        let Some(dictionary) = value.as_dictionary() else { return };
        let nature = nature(self.before, dictionary);
        if nature.signature {
            self.report(
                What::SignatureChanged,
                Needs::Never,
                true,
                say("detail.change-signature-field-removed"),
                page,
            );
        } else if nature.field || role == Role::Field {
            self.report(What::Form, Needs::Never, true, say("detail.change-field-removed"), page);
        } else {
            self.report(
                What::Annotation,
                Needs::Annotating,
                shows(dictionary),
                say("detail.change-removed"),
                page,
            );
        }
    }

    fn added(&mut self, value: &Value, page: Option<usize>) -> Result<(), Error> {
        let Some(dictionary) = value.as_dictionary() else { return Ok(()) };
        let nature = nature(self.after, dictionary);
        let seen = self.shown(dictionary)?;
        let acts = dictionary.get("A").or(dictionary.get("AA")).is_some();
        if acts && (nature.signature || !shows(dictionary)) {
            self.report(What::Action, Needs::Never, false, say("detail.change-added-unseen"), page);
        }
        if nature.timestamp {
            self.report(What::DocumentTimestamp, Needs::Nothing, seen, say("detail.change-added"), page);
        } else if nature.signature {
            self.report(
                What::Signature,
                Needs::Filling,
                seen,
                say("detail.change-signature-field-added"),
                page,
            );
        } else if nature.field {
            self.report(What::Form, Needs::Never, true, say("detail.change-field-added"), page);
        } else {
            self.report(
                What::Annotation,
                Needs::Annotating,
                shows(dictionary),
                say("detail.change-added"),
                page,
            );
        }
        Ok(())
    }

    /// Whether a field shows something: it has an area and an appearance that is not empty.
    fn shown(&self, field: &Dictionary) -> Result<bool, Error> {
        if !shows(field) {
            return Ok(false);
        }
        let Some(appearance) = self.after.dictionary(field, "AP")? else { return Ok(false) };
        let Some(normal) = self.after.get(&appearance, "N")? else { return Ok(false) };
        Ok(match &normal.kind {
            Kind::Stream(..) => self.after.encoded(&normal).iter().any(|octet| !octet.is_ascii_whitespace()),
            _ => true,
        })
    }

    /// A field or annotation of both revisions.
    pub(super) fn field(
        &mut self,
        role: Role,
        one: &Dictionary,
        other: &Dictionary,
        (_, page): (Option<Id>, Option<usize>),
    ) -> Result<(), Error> {
        let nature = nature(self.after, other);
        let was_signature = self::nature(self.before, one).signature;
        let was_signed = one.get("V").is_some() || was_signature && signed(self.before, one);
        let is_signed = signed(self.after, other);
        if other.ambiguous() && !one.same_in_order(other) {
            self.report(What::Form, Needs::Never, true, say("detail.change-key-twice"), page);
        }
        let added = other.iter().filter(|(key, _)| one.get(&text(key)).is_none());
        let keys = one.iter().chain(added).map(|(key, _)| key.to_vec());
        for key in keys.collect::<Vec<_>>() {
            let name = text(&key);
            let value = |of: &Dictionary| of.get(&name).cloned().unwrap_or(Value::NULL);
            let (was, now) = (value(one), value(other));
            let below = match key.as_slice() {
                b"Parent" if nature.field => Role::Field,
                b"Parent" | b"P" | b"StructParent" | b"Popup" | b"IRT" => continue,
                b"Dest" => Role::Part(What::Navigation),
                b"Kids" if nature.field || role == Role::Field => Role::Fields,
                b"M" | b"NM" | b"Type" => Role::Part(What::Settings),
                b"A" | b"AA" => Role::Part(What::Action),
                b"V" if nature.signature => {
                    self.signature_value(&was, &now, &nature, (other, page))?;
                    continue;
                }
                b"AP" | b"MK" | b"AS" | b"DA" | b"Q" | b"F" | b"Rect" if nature.signature => {
                    if was_signed || !was_signature {
                        Role::Part(What::SignatureChanged)
                    } else if is_signed {
                        // What an empty field shows once it is signed is the further signature's.
                        if self.shown(other)? {
                            self.report(
                                What::Signature,
                                Needs::Filling,
                                true,
                                say("detail.change-added"),
                                page,
                            );
                        }
                        continue;
                    } else {
                        Role::Part(What::Form)
                    }
                }
                b"Lock" | b"SV" if nature.signature => Role::Part(What::SignatureChanged),
                // To lock a field it is also made read-only (12.7.5.5).
                b"Ff" if read_only_added(&was, &now) => continue,
                b"V" | b"DV" | b"AP" | b"AS" | b"DA" | b"I" | b"RV" if nature.field => {
                    self.value(&was, &now, &nature, page);
                    continue;
                }
                _ if nature.field => Role::Part(What::Form),
                _ => Role::Part(What::Annotation),
            };
            self.push(below, was, now, page);
        }
        Ok(())
    }

    /// What a signature field holds.
    fn signature_value(
        &mut self,
        was: &Value,
        now: &Value,
        nature: &Nature,
        (field, page): (&Dictionary, Option<usize>),
    ) -> Result<(), Error> {
        let before = self.before.resolve(was)?.into_owned();
        let after = self.after.resolve(now)?.into_owned();
        match (before.as_dictionary(), after.as_dictionary()) {
            (None, None) => {}
            (None, Some(_)) => {
                let (what, needs) = if nature.timestamp {
                    (What::DocumentTimestamp, Needs::Nothing)
                } else {
                    (What::Signature, Needs::Filling)
                };
                let seen = self.shown(field)?;
                let permitted = self.permission.allows(needs) && !self.permission.locks(&nature.name);
                self.change(Change {
                    what,
                    visible: seen,
                    permitted,
                    detail: placed(say("detail.change-added"), page),
                });
            }
            (Some(_), None) => {
                self.report(
                    What::SignatureChanged,
                    Needs::Never,
                    true,
                    say("detail.change-signature-removed"),
                    page,
                );
            }
            (Some(one), Some(other)) => {
                if !one.says_the_same(other) {
                    let detail = say("detail.change-signature-other");
                    self.report(What::SignatureChanged, Needs::Never, true, detail, page);
                }
            }
        }
        Ok(())
    }

    /// A value or appearance of a field that is no signature's.
    fn value(&mut self, was: &Value, now: &Value, nature: &Nature, page: Option<usize>) {
        let locked = self.permission.locks(&nature.name);
        let role = if locked { Role::Locked } else { Role::Part(What::FieldValue) };
        self.push(role, was.clone(), now.clone(), page);
    }
}

/// Whether field flags differ by ReadOnly being set only (12.7.4.1, table 227).
fn read_only_added(was: &Value, now: &Value) -> bool {
    let flags = |value: &Value| if value.kind == Kind::Null { Some(0) } else { value.as_integer() };
    flags(was).zip(flags(now)).is_some_and(|(was, now)| now == was | 1)
}

fn signed(view: View<'_, '_>, field: &Dictionary) -> bool {
    inherited(view, field, "V").is_some()
}

fn nature(view: View<'_, '_>, field: &Dictionary) -> Nature {
    let kind = inherited(view, field, "FT");
    let kind = kind.as_ref().and_then(Value::as_name);
    let signature = kind == Some(b"Sig");
    let timestamp = signature
        && inherited(view, field, "V").as_ref().and_then(Value::as_dictionary).is_some_and(|value| {
            value.name("SubFilter") == Some(b"ETSI.RFC3161") && value.name("Type") != Some(b"Sig")
        });
    Nature {
        signature,
        timestamp,
        field: kind.is_some() || field.get("T").is_some(),
        name: full_name(view, field),
    }
}

/// What a field has, or inherits (12.7.4.1).
fn inherited(view: View<'_, '_>, field: &Dictionary, key: &str) -> Option<Value> {
    let mut field = field.clone();
    for _ in 0..MOST_PARENTS {
        if let Some(found) = view.get(&field, key).ok()? {
            return Some(found);
        }
        field = view.dictionary(&field, "Parent").ok()??;
    }
    None
}

/// Partial names from the root down, with full stops between (12.7.4.2).
pub(in super::super) fn full_name(view: View<'_, '_>, field: &Dictionary) -> Vec<u8> {
    let mut parts = Vec::new();
    let mut field = Some(field.clone());
    for _ in 0..MOST_PARENTS {
        let Some(here) = field else { break };
        if let Ok(Some(name)) = view.get(&here, "T") {
            parts.extend(name.as_string().map(<[u8]>::to_vec));
        }
        field = view.dictionary(&here, "Parent").ok().flatten();
    }
    parts.reverse();
    parts.join(&b'.')
}

/// Whether an annotation is not hidden, neither on a screen nor on paper (12.5.3); a field's must have an area, too. Others
/// have icons that show without one.
fn shows(annotation: &Dictionary) -> bool {
    const HIDDEN: i64 = 1 << 1;
    const PRINT: i64 = 1 << 2;
    const NO_VIEW: i64 = 1 << 5;
    let flags = annotation.integer("F").unwrap_or(0);
    let hidden = flags & HIDDEN != 0 || flags & NO_VIEW != 0 && flags & PRINT == 0;
    let sides: Vec<f64> = annotation
        .get("Rect")
        .and_then(Value::as_array)
        .unwrap_or_default()
        .iter()
        .map(|side| match side.kind {
            Kind::Integer(value) => f64::from(i32::try_from(value).unwrap_or(i32::MAX)),
            Kind::Real(value) => value,
            _ => f64::NAN,
        })
        .collect();
    // An area that cannot be told counts.
    let empty = matches!(sides.as_slice(), [left, bottom, right, top] if left == right || bottom == top);
    !(hidden || empty && matches!(annotation.name("Subtype"), None | Some(b"Widget")))
}
