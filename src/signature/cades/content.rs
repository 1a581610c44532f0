//! What the signers of a SignedData signed.

use crate::catalogue::{Words, say};
use crate::format::Sink;
use crate::format::cms::{SignedData, oid};
use crate::signature::Context;
use crate::signature::algorithm::{Crypto, DigestAlgorithm};
use crate::signature::cms::digest;
use std::borrow::Cow;
use std::sync::{Arc, Mutex, PoisonError};

/// Octets in pieces, digested in order: by each algorithm once, however many signers and time-stamps ask.
#[derive(Clone, Debug)]
pub struct Content<'a>(Arc<Parts<'a>>);

#[derive(Debug)]
struct Parts<'a> {
    /// An error says why there are none.
    pieces: Result<Vec<Cow<'a, [u8]>>, Words>,
    /// Whether they stand outside of the SignedData.
    detached: bool,
    crypto: &'a Crypto,
    digests: Mutex<Vec<(DigestAlgorithm, Option<Vec<u8>>)>>,
}

impl<'a> Content<'a> {
    /// Content that stands outside of the SignedData: a file, or the byte ranges of a PDF.
    #[must_use]
    pub fn detached(pieces: Vec<&'a [u8]>, crypto: &'a Crypto) -> Self {
        Self::new(Ok(pieces.into_iter().map(Cow::Borrowed).collect()), true, crypto)
    }

    /// Content that stands outside of the SignedData and is not at hand: why.
    #[must_use]
    pub fn missing(why: Words, crypto: &'a Crypto) -> Self {
        Self::new(Err(why), true, crypto)
    }

    /// The encapsulated content; `None` where there is none.
    #[must_use]
    pub fn encapsulated(cms: &'a SignedData<'a>, crypto: &'a Crypto) -> Option<Self> {
        let content = cms.content.as_ref()?;
        Some(Self::new(Ok(vec![Cow::Borrowed(&*content.octets)]), false, crypto))
    }

    /// The encapsulated content, else the one of the documents given beside that a signer's message-digest names.
    pub(super) fn of(cms: &'a SignedData<'a>, context: &Context<'a>) -> Self {
        let crypto = context.crypto;
        if let Some(encapsulated) = Self::encapsulated(cms, crypto) {
            return encapsulated;
        }
        let given = |bytes: &'a [u8]| Self::detached(vec![bytes], crypto);
        match context.detached {
            [] => Self::missing(say("detail.content-detached"), crypto),
            [only] => given(&only.bytes),
            several => {
                let mut all = several.iter().map(|document| given(&document.bytes));
                all.find(|content| content.is_named(cms)).unwrap_or_else(|| {
                    let why = say("detail.none-given").with("count", several.len());
                    Self::missing(why, crypto)
                })
            }
        }
    }

    /// The signature value that a counter-signature is over.
    pub(super) fn counter_signed(value: Cow<'a, [u8]>, crypto: &'a Crypto) -> Self {
        Self::new(Ok(vec![value]), false, crypto)
    }

    fn new(pieces: Result<Vec<Cow<'a, [u8]>>, Words>, detached: bool, crypto: &'a Crypto) -> Self {
        Self(Arc::new(Parts { pieces, detached, crypto, digests: Mutex::default() }))
    }

    /// The pieces; an error says why there are none.
    pub(super) fn pieces(&self) -> Result<&[Cow<'a, [u8]>], &Words> {
        self.0.pieces.as_deref()
    }

    pub(super) fn is_detached(&self) -> bool {
        self.0.detached
    }

    /// Writes all pieces.
    pub(super) fn write(&self, sink: &mut dyn Sink) -> Result<(), Words> {
        self.pieces().map_err(Words::clone)?.iter().for_each(|piece| sink.write(piece));
        Ok(())
    }

    /// The digest by an algorithm; `None` where this build does not compute it.
    pub(super) fn digest(&self, algorithm: DigestAlgorithm) -> Result<Option<Vec<u8>>, Words> {
        let pieces = self.pieces().map_err(Words::clone)?;
        let mut known = self.0.digests.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, value)) = known.iter().find(|(known, _)| *known == algorithm) {
            return Ok(value.clone());
        }
        let pieces: Vec<&[u8]> = pieces.iter().map(AsRef::as_ref).collect();
        let value = self.0.crypto.digest(algorithm, &pieces).map(|digest| digest.value);
        known.push((algorithm, value.clone()));
        Ok(value)
    }

    /// Whether a signer's message-digest is that of this content.
    fn is_named(&self, cms: &SignedData<'_>) -> bool {
        cms.signers.iter().any(|signer| {
            let mut values = signer.signed(oid::MESSAGE_DIGEST).flat_map(|attribute| &attribute.values);
            let named = values.next().and_then(|value| value.octet_string().ok());
            let algorithm = digest(&signer.digest_algorithm).known().copied();
            let found = algorithm.and_then(|algorithm| self.digest(algorithm).ok().flatten());
            named.zip(found).is_some_and(|(named, found)| *named == *found)
        })
    }
}
