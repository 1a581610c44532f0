//! Which namespace is in force for a prefix at the element at hand.

/// Prefixes with their URIs, undone element by element. It holds each prefix once, so that a lookup costs no more
/// than there are prefixes in scope, however deep the document redeclares them.
#[derive(Default)]
pub(super) struct Scope<'t> {
    now: Vec<(&'t str, Option<&'t str>)>,
    /// What to put back: a place in `now` with the URI it had, or nothing where the prefix was new.
    undo: Vec<Option<(usize, Option<&'t str>)>>,
}

impl<'t> Scope<'t> {
    pub(super) fn get(&self, prefix: &str) -> Option<&'t str> {
        self.now.iter().find(|(known, _)| *known == prefix).and_then(|(_, uri)| *uri)
    }

    pub(super) fn set(&mut self, prefix: &'t str, uri: Option<&'t str>) {
        match self.now.iter_mut().enumerate().find(|(_, (known, _))| *known == prefix) {
            Some((place, (_, in_force))) => {
                self.undo.push(Some((place, *in_force)));
                *in_force = uri;
            }
            None => {
                self.undo.push(None);
                self.now.push((prefix, uri));
            }
        }
    }

    /// A point to [`restore`](Self::restore).
    pub(super) fn mark(&self) -> usize {
        self.undo.len()
    }

    pub(super) fn restore(&mut self, mark: usize) {
        while self.undo.len() > mark {
            match self.undo.pop() {
                Some(Some((place, before))) => {
                    if let Some((_, in_force)) = self.now.get_mut(place) {
                        *in_force = before;
                    }
                }
                Some(None) => {
                    self.now.pop();
                }
                None => break,
            }
        }
    }
}

/// The prefixes of an InclusiveNamespaces PrefixList, for lookup: the list is as long as its author likes.
pub(super) struct PrefixList<'m>(Vec<&'m str>);

impl<'m> PrefixList<'m> {
    pub(super) fn new(prefixes: &'m [String]) -> Self {
        let mut sorted: Vec<&str> = prefixes.iter().map(String::as_str).collect();
        sorted.sort_unstable();
        sorted.dedup();
        Self(sorted)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn has(&self, prefix: &str) -> bool {
        self.0.binary_search(&prefix).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_element_set_is_undone_with_it() {
        let mut scope = Scope::default();
        scope.set("a", Some("1"));
        let mark = scope.mark();
        scope.set("a", Some("2"));
        scope.set("b", Some("3"));
        scope.set("b", None);
        assert_eq!((scope.get("a"), scope.get("b")), (Some("2"), None));
        scope.restore(mark);
        assert_eq!((scope.get("a"), scope.get("b")), (Some("1"), None));
        assert_eq!(scope.now.len(), 1);
    }
}
