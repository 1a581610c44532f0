//! Sources → snapshot: list of lists by its pins and pivots, then every national list by its own signature.

mod pivots;
mod seal;
mod source;

pub use source::{Fetched, INDEX_BYTES, Mirror, NotAMirror, Source, files_of_index};

use super::Snapshot;
use super::domain::Domain;
use super::list::{
    Certificates, ListLimits, ListedCertificate, Pointer, Service, TrustedList, XML_MIME_TYPE,
};
use super::snapshot::{Condition, ListState};
use crate::format::{Limits, xml};
use crate::signature::algorithm::{Crypto, identity};
use bytes::Bytes;
use pivots::{Parent, Succession};
use seal::Allowed;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

/// Pointers of a list of lists, at most. The EU has 43.
const POINTERS: usize = 1000;

/// What a load stands on besides the source.
#[derive(Clone, Debug)]
pub struct Context<'c> {
    /// The primitives.
    pub crypto: &'c Crypto,
    /// Limits on each list.
    pub limits: ListLimits,
    /// Sequence number and digest of the last good list of each territory, the list of lists included.
    pub last_good: BTreeMap<String, LastGood>,
    /// The snapshot in use: a list whose bytes did not change is taken over from it unread, and one that cannot be
    /// had or is refused stays as it was.
    pub previous: Option<&'c Snapshot>,
}

/// What is remembered of a good list to refuse going back behind it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LastGood {
    /// TSLSequenceNumber.
    pub sequence: u64,
    /// SHA-256 of the bytes.
    pub digest: [u8; 32],
}

impl<'c> Context<'c> {
    /// A first load.
    #[must_use]
    pub fn new(crypto: &'c Crypto) -> Self {
        Self { crypto, limits: ListLimits::default(), last_good: BTreeMap::new(), previous: None }
    }

    /// A load after `previous`.
    #[must_use]
    pub fn after(crypto: &'c Crypto, previous: &'c Snapshot) -> Self {
        Self { last_good: previous.last_good(), previous: Some(previous), ..Self::new(crypto) }
    }

    /// Knows these last good lists, e.g. from an earlier run.
    #[must_use]
    pub fn with_last_good(mut self, last_good: BTreeMap<String, LastGood>) -> Self {
        self.last_good = last_good;
        self
    }

    fn xml_limits(&self) -> Limits {
        Limits { bytes: self.limits.bytes, ..Limits::default() }
    }
}

/// Why there is no snapshot: the list of lists, on which everything rests.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Error {
    /// It could not be had.
    Unreachable {
        /// Its address.
        url: String,
        /// Why.
        why: String,
    },
    /// It was refused.
    Refused {
        /// Its address.
        url: String,
        /// Why.
        why: String,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable { url, why } => write!(f, "list of lists {url} unreachable: {why}"),
            Self::Refused { url, why } => write!(f, "list of lists {url} refused: {why}"),
        }
    }
}

impl std::error::Error for Error {}

/// Loads a domain; see [`Snapshot::load`].
pub(super) fn load(source: &dyn Source, domain: &Domain, context: &Context<'_>) -> Result<Snapshot, Error> {
    on_own_threads(|| load_here(source, domain, context))
}

/// Threads of its own: what they took for reading goes back to the system when they end, and nobody's requests wait
/// behind a list.
pub(super) fn on_own_threads<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    match rayon::ThreadPoolBuilder::new().thread_name(|number| format!("trust-{number}")).build() {
        Ok(pool) => pool.install(work),
        Err(_) => work(),
    }
}

fn load_here(source: &dyn Source, domain: &Domain, context: &Context<'_>) -> Result<Snapshot, Error> {
    let url = &domain.lotl;
    let bytes = match source.get(url) {
        Fetched::Bytes(bytes) => bytes,
        Fetched::Unreachable(why) => return Err(Error::Unreachable { url: url.clone(), why }),
    };
    let certificates = Certificates::default();
    if let Some(previous) = context.previous {
        certificates.insert(previous.services.iter().flat_map(|s| s.certificates.iter().cloned()));
    }
    let loader = Loader { source, domain, context, certificates };
    let (lotl, state, succession) =
        loader.list_of_lists(&bytes).map_err(|why| Error::Refused { url: url.clone(), why })?;
    drop(bytes);
    let mut lists = vec![(state, Vec::new())];
    lists.extend(loader.national_lists(&lotl, &succession.parents));
    Ok(Snapshot::assemble(&domain.name, Some(succession.official_journal), lists).of(domain))
}

struct Loader<'l> {
    source: &'l dyn Source,
    domain: &'l Domain,
    context: &'l Context<'l>,
    certificates: Certificates,
}

/// A list with its services, none where it is not accepted.
type Loaded = (ListState, Vec<Arc<Service>>);

/// Who signed a national list.
struct Signer {
    certificate: Arc<ListedCertificate>,
    named_by: Option<u64>,
}

/// A list that was read, not yet trusted.
struct Opened<'b> {
    document: xml::Document<'b>,
    list: TrustedList,
    digest: [u8; 32],
}

impl Loader<'_> {
    /// The list of lists, its state, and what leads to it.
    fn list_of_lists(&self, bytes: &[u8]) -> Result<(TrustedList, ListState, Succession), String> {
        let opened = self.open(bytes, &self.domain.lotl_type)?;
        let succession = pivots::succession(self, &opened)?;
        self.not_behind(&opened.list.territory, opened.list.sequence, &opened.digest)?;
        let mut list = opened.list;
        let mut state = ListState::new(&list.territory, &self.domain.lotl, Condition::Accepted);
        accept(&mut state, &mut list, opened.digest, &succession.signer);
        Ok((list, state, succession))
    }

    /// Every list that the list of lists points to, by territory.
    fn national_lists(&self, lotl: &TrustedList, parents: &[Parent]) -> Vec<Loaded> {
        let ours = |p: &&Pointer| *p.mime_type == *XML_MIME_TYPE && *p.list_type != *self.domain.lotl_type;
        let mut pointers: Vec<&Pointer> = lotl.pointers.iter().filter(ours).take(POINTERS).collect();
        let urls: Vec<&str> = pointers.iter().map(|pointer| &*pointer.location).collect();
        self.source.expect(&urls);
        pointers.sort_by_cached_key(|pointer| std::cmp::Reverse(self.source.size(&pointer.location)));
        // Largest first, in that order: a thread takes the next list when it is done with one.
        let mut slots: Vec<Option<Loaded>> = pointers.iter().map(|_| None).collect();
        rayon::scope_fifo(|scope| {
            for (slot, pointer) in slots.iter_mut().zip(pointers) {
                scope.spawn_fifo(move |_| *slot = Some(self.national_list(pointer, lotl, parents)));
            }
        });
        one_for_each_territory(slots.into_iter().flatten().collect())
    }

    fn national_list(&self, pointer: &Pointer, lotl: &TrustedList, parents: &[Parent]) -> Loaded {
        let fetched = self.source.get(&pointer.location);
        let state = |condition| ListState::new(&pointer.territory, &pointer.location, condition);
        let bytes = match fetched {
            Fetched::Bytes(bytes) => bytes,
            Fetched::Unreachable(why) => {
                return self.keep_last_good(pointer, state(Condition::Unreachable(why)));
            }
        };
        let mut state = state(Condition::Accepted);
        let digest = identity(&bytes);
        if let Some((mut same, services)) = self.last_good_of(pointer)
            && same.digest == Some(digest)
        {
            same.newest = None;
            return (same, services);
        }
        match self.accepted(pointer, &bytes, &mut state, lotl, parents) {
            Ok(services) => (state, services),
            Err(why) => {
                state.condition = Condition::Refused(why);
                state.digest = Some(digest);
                self.keep_last_good(pointer, state)
            }
        }
    }

    fn accepted(
        &self,
        pointer: &Pointer,
        bytes: &Bytes,
        state: &mut ListState,
        lotl: &TrustedList,
        parents: &[Parent],
    ) -> Result<Vec<Arc<Service>>, String> {
        let expected =
            if pointer.mutual_recognition.is_some() { &pointer.list_type } else { &*self.domain.list_type };
        if *pointer.list_type != *expected {
            return Err(format!("expected a pointer of type {expected}, found {}", pointer.list_type));
        }
        let opened = self.open(bytes, expected)?;
        let Opened { document, mut list, digest } = opened;
        state.sequence = Some(list.sequence);
        if list.territory != pointer.territory {
            return Err(format!(
                "expected the list of {}, found that of {}",
                pointer.territory, list.territory
            ));
        }
        let signer = self.signer(&document, &list, pointer, lotl, parents)?;
        drop(document);
        state.named_by = signer.named_by;
        self.not_behind(&list.territory, list.sequence, &digest)?;
        accept(state, &mut list, digest, &signer.certificate);
        let recognised = |mut service: Service| {
            service.mutual_recognition.clone_from(&pointer.mutual_recognition);
            Arc::new(service)
        };
        Ok(list.services.into_iter().map(recognised).collect())
    }

    /// Who signed a national list: a certificate that the pointer to it names; or, where the list ran out before the
    /// present list of lists was issued, one that the list of lists of its own time named.
    fn signer(
        &self,
        document: &xml::Document<'_>,
        list: &TrustedList,
        pointer: &Pointer,
        lotl: &TrustedList,
        parents: &[Parent],
    ) -> Result<Signer, String> {
        let check = |certificates: &[Arc<ListedCertificate>]| {
            let allowed = Allowed { certificates, pins: &[] };
            seal::signer(document, &allowed, &self.certificates, self.context)
        };
        let refused = match check(&pointer.certificates) {
            Ok(certificate) => return Ok(Signer { certificate, named_by: None }),
            Err(refused) => refused,
        };
        let ran_out = list.next_update.zip(lotl.issued).is_some_and(|(next, issued)| next < issued);
        let of_its_time =
            parents.iter().rfind(|parent| parent.issued <= list.issued && parent.issued.is_some());
        let Some(parent) = of_its_time.filter(|_| ran_out) else { return Err(refused) };
        let mut pointers = parent.pointers.iter();
        let Some(named) = pointers
            .find(|earlier| earlier.territory == pointer.territory && *earlier.mime_type == *XML_MIME_TYPE)
        else {
            return Err(refused);
        };
        let certificate = check(&named.certificates).map_err(|_| refused)?;
        Ok(Signer { certificate, named_by: Some(parent.sequence) })
    }

    /// Reads a list of this type.
    fn open<'b>(&self, bytes: &'b [u8], list_type: &str) -> Result<Opened<'b>, String> {
        let limit = self.context.limits.bytes;
        if bytes.len() > limit {
            return Err(format!("expected at most {limit} bytes, found {}", bytes.len()));
        }
        let document = xml::Document::parse(bytes, &self.context.xml_limits()).map_err(|e| e.to_string())?;
        let list = TrustedList::read(document.tree(), &self.certificates, &self.context.limits)
            .map_err(|error| error.to_string())?;
        if !matches!(list.version, 5 | 6) {
            return Err(format!("expected TSL version 5 or 6, found {}", list.version));
        }
        if *list.list_type != *list_type {
            return Err(format!("expected type {list_type}, found {}", list.list_type));
        }
        Ok(Opened { document, list, digest: identity(bytes) })
    }

    /// A good list is not followed by one that came before it, nor by another of the same number.
    fn not_behind(&self, territory: &str, sequence: u64, digest: &[u8; 32]) -> Result<(), String> {
        let Some(last) = self.context.last_good.get(territory) else { return Ok(()) };
        if sequence < last.sequence {
            return Err(format!("rollback: sequence number {sequence} after {}", last.sequence));
        }
        if sequence == last.sequence && *digest != last.digest {
            return Err(format!("other bytes than before under the same sequence number {sequence}"));
        }
        Ok(())
    }

    /// The list as the previous snapshot has it, if the pointer still names its signer.
    fn last_good_of(&self, pointer: &Pointer) -> Option<Loaded> {
        let previous = self.context.previous?;
        let (number, state) = previous
            .lists
            .iter()
            .enumerate()
            .skip(1)
            .find(|(_, list)| list.accepted() && *list.territory == *pointer.territory)?;
        let named =
            state.named_by.is_some() || pointer.certificates.iter().any(|c| Some(c.sha256) == state.signer);
        let state = ListState { url: pointer.location.to_string(), ..state.clone() };
        named.then(|| (state, previous.services_of(number).to_vec()))
    }

    fn keep_last_good(&self, pointer: &Pointer, state: ListState) -> Loaded {
        match self.last_good_of(pointer) {
            Some((good, services)) => (ListState { newest: Some(state.condition), ..good }, services),
            None => (state, Vec::new()),
        }
    }
}

fn accept(state: &mut ListState, list: &mut TrustedList, digest: [u8; 32], signer: &ListedCertificate) {
    state.condition = Condition::Accepted;
    state.sequence = Some(list.sequence);
    state.issued = list.issued;
    state.next_update = list.next_update;
    state.version = Some(list.version);
    state.digest = Some(digest);
    state.signer = Some(signer.sha256);
    state.notes = std::mem::take(&mut list.notes);
}

/// Sorted by territory. Where several pointers name one territory, the first list accepted stands for it.
fn one_for_each_territory(mut lists: Vec<Loaded>) -> Vec<Loaded> {
    let rank = |list: &Loaded| (list.0.territory.clone(), !list.0.accepted(), list.0.url.clone());
    lists.sort_by_cached_key(rank);
    let mut last: Option<String> = None;
    for (state, services) in &mut lists {
        if state.accepted() && last.as_ref() == Some(&state.territory) {
            state.condition =
                Condition::Refused("another list of the same territory was accepted".to_owned());
            services.clear();
        }
        last = Some(state.territory.clone());
    }
    lists
}
