//! Who asks, and what that lets them ask for: API keys, certificates of clients, and who may go without.
//!
//! Everything but `/livez`, `/readyz`, `/openapi.json`, `/.well-known/jwks.json` and the page with what it loads asks for one of these, whatever the path, known or not: a path that some proxy
//! reads otherwise gets no further than any other. A key that is sent counts, and if it is wrong nothing else does; a
//! certificate counts where no key is sent.

mod key;
mod rate;
mod settings;

pub use key::{KeyHash, NewKey};
pub use settings::{
    AnonymousSettings, ClientSettings, ClientsSettings, KeySettings, LimitsSettings, MetricsAccess, Origin,
};

use super::page::ASSETS_PATH;
use super::peer::Peer;
use super::problem::Problem;
use super::tls::ClientCertificate;
use crate::clock::Stopwatch;
use crate::nearest::instead;
use crate::time::Time;
use arc_swap::ArcSwap;
use hyper::http::Extensions;
use hyper::{Request, header};
use rate::{Addresses, Bucket, Rate};
use std::collections::HashSet;
use std::fmt;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Clients, and keys and certificates of all together.
const MOST_CLIENTS: usize = 10_000;

/// Paths that are open to all, beside what the page loads.
pub(super) const OPEN: [&str; 5] = ["/livez", "/readyz", "/openapi.json", "/.well-known/jwks.json", "/"];

/// Whether a path is open to all.
pub(super) fn is_open(path: &str) -> bool {
    OPEN.contains(&path) || path.starts_with(ASSETS_PATH)
}

/// The clients that are known at the moment.
pub struct Clients {
    known: ArcSwap<Known>,
    /// Against which rates are measured.
    watch: Stopwatch,
}

impl Clients {
    /// As they are configured. The names of policies must be among those given.
    ///
    /// # Errors
    /// What is wrong with them, all of it.
    pub fn new(settings: &ClientsSettings, names: &PolicyNames<'_>) -> Result<Self, Vec<String>> {
        let known = Known::new(settings, names, &Known::default())?;
        Ok(Self { known: ArcSwap::from_pointee(known), watch: Stopwatch::start() })
    }

    /// From now on these: keys come and go without a restart. Clients that did not change keep their rate, requests
    /// under way go on.
    ///
    /// # Errors
    /// What is wrong with them, all of it; nothing changed.
    pub fn replace(&self, settings: &ClientsSettings, names: &PolicyNames<'_>) -> Result<(), Vec<String>> {
        let known = Known::new(settings, names, &self.known.load())?;
        self.known.store(Arc::new(known));
        Ok(())
    }

    /// Lets a request in, or says why not; takes from it what it proved itself by.
    pub(super) fn admit<B>(&self, request: &mut Request<B>, now: Time) -> Result<Arc<Admitted>, Problem> {
        let known = self.known.load();
        let sent = sent_key(request);
        let path = request.uri().path();
        if is_open(path) || (path == "/metrics" && known.metrics == MetricsAccess::Anybody) {
            return Ok(Arc::new(Admitted::default()));
        }
        let peer = request.extensions().get::<Arc<Peer>>();
        let (client, address) = known.who(sent, peer.map(Arc::as_ref), now)?;
        let admitted = Admitted::enter(client, address, self.watch)?;
        Ok(Arc::new(admitted))
    }
}

impl fmt::Debug for Clients {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Clients").field("known", &self.known.load().clients.len()).finish_non_exhaustive()
    }
}

/// The names of the policies that there are.
#[derive(Clone, Debug)]
pub struct PolicyNames<'n> {
    /// Of validation.
    pub validation: Vec<&'n str>,
    /// Of acceptance.
    pub acceptance: Vec<&'n str>,
}

/// A key as it was sent.
enum Sent {
    /// None.
    Nothing,
    /// What may be one.
    Key(KeyHash),
    /// Something else in its place.
    Wrong,
}

/// Takes the one `Authorization: Bearer …` of a request (RFC 6750, 2.1). Two are none: another reader might have taken
/// the other one.
fn sent_key<B>(request: &mut Request<B>) -> Sent {
    let mut values = request.headers().get_all(header::AUTHORIZATION).iter();
    let sent = match (values.next(), values.next()) {
        (None, _) => Sent::Nothing,
        (Some(value), None) => {
            let credentials = value.to_str().ok().and_then(|value| value.split_once(' '));
            let bearer = credentials.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
            bearer.and_then(|(_, key)| KeyHash::of_presented(key)).map_or(Sent::Wrong, Sent::Key)
        }
        (Some(_), Some(_)) => Sent::Wrong,
    };
    request.headers_mut().remove(header::AUTHORIZATION);
    sent
}

/// What is known of clients.
#[derive(Default)]
struct Known {
    clients: Vec<Arc<Client>>,
    keys: Vec<Key>,
    certificates: Vec<(String, Arc<Client>)>,
    anonymous: Option<Anonymous>,
    metrics: MetricsAccess,
}

/// A key of a client.
struct Key {
    hash: KeyHash,
    not_before: Option<Time>,
    not_after: Option<Time>,
    client: Arc<Client>,
}

/// Who may go without.
struct Anonymous {
    from: Vec<Origin>,
    client: Arc<Client>,
}

impl Anonymous {
    fn includes(&self, peer: &Peer) -> bool {
        let is_from = |origin: &Origin| match (origin, peer.address) {
            (Origin::Anywhere, _) => true,
            (Origin::Unix, None) => !peer.elsewhere,
            (Origin::Loopback, Some(address)) => !peer.elsewhere && address.ip().to_canonical().is_loopback(),
            (Origin::Loopback, None) | (Origin::Unix, Some(_)) => false,
        };
        self.from.iter().any(is_from)
    }
}

impl Known {
    /// Whose request it is; of one without a name, where from.
    fn who(
        &self,
        sent: Sent,
        peer: Option<&Peer>,
        now: Time,
    ) -> Result<(Arc<Client>, Option<IpAddr>), Problem> {
        match sent {
            Sent::Key(hash) => return self.by_key(&hash, now).map(|client| (client, None)),
            Sent::Wrong => return Err(Problem::Unauthorized { sent: true }),
            Sent::Nothing => {}
        }
        let certificate = peer.and_then(|peer| peer.certificate.as_deref());
        if let Some(client) = certificate.and_then(|certificate| self.by_certificate(certificate)) {
            return Ok((client, None));
        }
        match (&self.anonymous, peer) {
            (Some(anonymous), Some(peer)) if peer.anonymous || anonymous.includes(peer) => {
                Ok((Arc::clone(&anonymous.client), peer.address.map(|address| address.ip())))
            }
            (None, Some(peer)) if peer.anonymous => {
                Ok((Arc::default(), peer.address.map(|address| address.ip())))
            }
            // Where nobody is named, the listener's authorities alone say who may.
            (_, Some(peer)) if certificate.is_some() && self.clients.is_empty() => {
                Ok((Arc::default(), peer.address.map(|address| address.ip())))
            }
            // Who proved who he is, and is nobody that we know.
            _ if certificate.is_some() => {
                Err(Problem::Forbidden("the certificate is no known client's".into()))
            }
            _ => Err(Problem::Unauthorized { sent: false }),
        }
    }

    /// Looks at every key, whichever it is: the time that takes tells nothing.
    fn by_key(&self, hash: &KeyHash, now: Time) -> Result<Arc<Client>, Problem> {
        let mut found = None;
        for key in &self.keys {
            if key.hash.is(hash) {
                found = Some(key);
            }
        }
        let holds = |key: &&Key| {
            key.not_before.is_none_or(|from| from <= now) && key.not_after.is_none_or(|until| now <= until)
        };
        let key = found.filter(holds).ok_or(Problem::Unauthorized { sent: true })?;
        Ok(Arc::clone(&key.client))
    }

    fn by_certificate(&self, certificate: &ClientCertificate) -> Option<Arc<Client>> {
        let mut found = self.certificates.iter().filter(|(name, _)| names(certificate, name));
        let (_, first) = found.next()?;
        // One that names two clients names neither.
        found.all(|(_, client)| Arc::ptr_eq(client, first)).then(|| Arc::clone(first))
    }

    fn new(settings: &ClientsSettings, names: &PolicyNames<'_>, before: &Self) -> Result<Self, Vec<String>> {
        let mut reader = Reader { names, wrong: Vec::new() };
        let mut known = Self { metrics: settings.metrics, ..Self::default() };
        let (mut ids, mut hashes, mut certificates) = (HashSet::new(), HashSet::new(), HashSet::new());
        for (number, settings) in (1..).zip(&settings.client) {
            let name = match settings.id.as_str() {
                "" => format!("client {number}"),
                id => format!("client `{id}`"),
            };
            if !is_id(&settings.id) {
                reader.wrong(&name, "id: 1 to 64 letters, digits, `-`, `_`, `.` or `@`");
            }
            if !ids.insert(&settings.id) {
                reader.wrong(&name, "id: another client has it");
            }
            if settings.keys.is_empty() && settings.certificates.is_empty() {
                reader.wrong(&name, "has neither keys nor certificates");
            }
            let client = reader.client(&name, settings, before);
            for key in &settings.keys {
                if !hashes.insert(key.hash.to_ascii_lowercase()) {
                    reader.wrong(&name, "keys: a hash stands there twice");
                }
                known.keys.extend(reader.key(&name, key, &client));
            }
            for certificate in &settings.certificates {
                let kind = certificate.split_once(':').map_or("", |(kind, _)| kind);
                if !["subject", "DNS", "URI", "email", "sha256"].contains(&kind) {
                    reader.wrong(
                        &name,
                        "certificates: begin with `subject:`, `DNS:`, `URI:`, `email:` or `sha256:`",
                    );
                }
                if !certificates.insert(certificate) {
                    reader.wrong(&name, &format!("certificates: `{certificate}` stands there twice"));
                }
                known.certificates.push((certificate.clone(), Arc::clone(&client)));
            }
            known.clients.push(client);
        }
        if settings.client.is_empty() && settings.anonymous.is_none() {
            reader.wrong.push("nobody may ask: no client is named, and nobody may go without a key".into());
        }
        if known.clients.len().max(known.keys.len()).max(known.certificates.len()) > MOST_CLIENTS {
            reader.wrong.push(format!("more than {MOST_CLIENTS} clients, keys or certificates"));
        }
        known.anonymous = settings.anonymous.as_ref().map(|settings| {
            let as_client = ClientSettings {
                policies: settings.policies.clone(),
                acceptance: settings.acceptance.clone(),
                limits: settings.limits.clone(),
                ..ClientSettings::default()
            };
            let client = reader.client("anonymous", &as_client, before);
            Anonymous { from: settings.from.clone(), client }
        });
        if reader.wrong.is_empty() { Ok(known) } else { Err(reader.wrong) }
    }
}

/// Whether configuration means this certificate.
fn names(certificate: &ClientCertificate, name: &str) -> bool {
    let is_subject = name.strip_prefix("subject:").is_some_and(|subject| subject == certificate.subject);
    let digest = name.strip_prefix("sha256:");
    let is_digest =
        digest.is_some_and(|digest| digest.eq_ignore_ascii_case(&hex::encode(certificate.sha256)));
    let is_name = |own: &String| match name.starts_with("DNS:") {
        true => own.eq_ignore_ascii_case(name),
        false => own == name,
    };
    is_subject || is_digest || certificate.names.iter().any(is_name)
}

fn is_id(id: &str) -> bool {
    let is_of_one = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'@');
    (1..=64).contains(&id.len()) && id.bytes().all(is_of_one)
}

/// Reads settings, and notes what is wrong with them.
struct Reader<'s> {
    names: &'s PolicyNames<'s>,
    wrong: Vec<String>,
}

impl Reader<'_> {
    fn wrong(&mut self, client: &str, why: &str) {
        self.wrong.push(format!("{client}: {why}"));
    }

    /// The client, or the one that was there before where nothing of what counts changed.
    fn client(&mut self, name: &str, settings: &ClientSettings, before: &Known) -> Arc<Client> {
        let names = self.names;
        for (key, named, known) in [
            ("policies", &settings.policies, &names.validation),
            ("acceptance", &settings.acceptance, &names.acceptance),
        ] {
            let Some(named) = named else { continue };
            if named.is_empty() {
                self.wrong(name, &format!("{key}: names none"));
            }
            for policy in named.iter().filter(|policy| !known.contains(&policy.as_str())) {
                let hint = instead(policy, known.iter().copied());
                self.wrong(name, &format!("{key}: no policy `{policy}`{hint}"));
            }
        }
        let limits = &settings.limits;
        let rate = match (limits.requests_per_second, limits.burst) {
            (Some(per_second), burst) => match Rate::new(per_second, burst) {
                None => {
                    self.wrong(name, "limits: requests_per_second from 0.000001 to 1000000, burst from 1");
                    None
                }
                rate => rate,
            },
            (None, Some(_)) => {
                self.wrong(name, "limits: burst without requests_per_second");
                None
            }
            (None, None) => None,
        };
        if limits.body == Some(0) || limits.concurrent == Some(0) {
            self.wrong(name, "limits: nothing would be let in");
        }
        let mut all =
            before.clients.iter().chain(before.anonymous.as_ref().map(|anonymous| &anonymous.client));
        let same = |client: &&Arc<Client>| {
            let old = &client.settings;
            (&old.id, &old.policies, &old.acceptance, &old.limits)
                == (&settings.id, &settings.policies, &settings.acceptance, &settings.limits)
        };
        all.find(same).cloned().unwrap_or_else(|| Arc::new(Client::new(settings, rate)))
    }

    fn key(&mut self, name: &str, key: &KeySettings, client: &Arc<Client>) -> Option<Key> {
        let mut time = |field: &str, text: &Option<String>| {
            let time = text.as_deref().map(Time::parse_rfc3339);
            if time == Some(None) {
                self.wrong.push(format!("{name}: keys: {field}: not an RFC 3339 time"));
            }
            time.flatten()
        };
        let (not_before, not_after) =
            (time("not_before", &key.not_before), time("not_after", &key.not_after));
        if not_before.zip(not_after).is_some_and(|(from, until)| from > until) {
            self.wrong(name, "keys: not_before comes after not_after");
        }
        match key.hash.parse() {
            Ok(hash) => Some(Key { hash, not_before, not_after, client: Arc::clone(client) }),
            Err(why) => {
                self.wrong(name, &format!("keys: hash: {why}"));
                None
            }
        }
    }
}

/// One that is known, or all that go without.
#[derive(Default)]
struct Client {
    settings: ClientSettings,
    rate: Option<Rate>,
    bucket: Mutex<Bucket>,
    /// Of those that go without.
    addresses: Mutex<Addresses>,
    places: Option<Arc<Semaphore>>,
}

impl Client {
    fn new(settings: &ClientSettings, rate: Option<Rate>) -> Self {
        let places = settings.limits.concurrent.map(|places| places.min(Semaphore::MAX_PERMITS));
        Self {
            // What is left of keys here is only what is needed to tell whether anything changed.
            settings: ClientSettings { keys: Vec::new(), certificates: Vec::new(), ..settings.clone() },
            rate,
            places: places.map(|places| Arc::new(Semaphore::new(places))),
            ..Self::default()
        }
    }

    fn take(&self, address: Option<IpAddr>, now: Duration) -> Result<(), Duration> {
        let Some(rate) = &self.rate else { return Ok(()) };
        match address {
            Some(address) => {
                let mut addresses = self.addresses.lock().unwrap_or_else(PoisonError::into_inner);
                addresses.take(address, rate, now)
            }
            None => self.bucket.lock().unwrap_or_else(PoisonError::into_inner).take(rate, now),
        }
    }
}

/// A request that was let in; its client has it under way until this is dropped.
#[derive(Default)]
pub(super) struct Admitted {
    client: Arc<Client>,
    address: Option<IpAddr>,
    watch: Option<Stopwatch>,
    _place: Option<OwnedSemaphorePermit>,
}

impl Admitted {
    fn enter(client: Arc<Client>, address: Option<IpAddr>, watch: Stopwatch) -> Result<Self, Problem> {
        client.take(address, watch.elapsed()).map_err(Problem::TooMany)?;
        let place = match &client.places {
            Some(places) => {
                let place = Arc::clone(places).try_acquire_owned();
                Some(place.map_err(|_| Problem::TooMany(Duration::from_secs(1)))?)
            }
            None => None,
        };
        Ok(Self { client, address, watch: Some(watch), _place: place })
    }

    /// That of a request, which has it as an extension.
    pub(super) fn of(extensions: &Extensions) -> Result<Arc<Self>, Problem> {
        extensions.get().cloned().ok_or(Problem::Internal)
    }

    /// The client's name, as configuration has it; `anonymous` where it has none.
    pub(super) fn client(&self) -> &str {
        match self.client.settings.id.as_str() {
            "" => "anonymous",
            id => id,
        }
    }

    /// Bytes that a body may have, of the most that any may.
    pub(super) fn body_limit(&self, most: usize) -> usize {
        self.client.settings.limits.body.unwrap_or(most).min(most)
    }

    /// The validation policies that it may name; all, where there is no list.
    pub(super) fn policies(&self) -> Option<&[String]> {
        self.client.settings.policies.as_deref()
    }

    /// The same of acceptance policies.
    pub(super) fn acceptance(&self) -> Option<&[String]> {
        self.client.settings.acceptance.as_deref()
    }

    /// Waits until the client's rate allows one more piece of a batch.
    pub(super) async fn turn(&self) {
        let Some(watch) = self.watch else { return };
        while let Err(wait) = self.client.take(self.address, watch.elapsed()) {
            tokio::time::sleep(wait).await;
        }
    }
}

impl fmt::Debug for Admitted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Admitted").field("client", &self.client.settings.id).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
