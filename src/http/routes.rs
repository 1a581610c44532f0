//! One function per route.

use super::clients::Admitted;
use super::metrics::Refused;
use super::multipart::Form;
use super::operations::Route;
use super::problem::Problem;
use super::representation::Wanted;
use super::trace::RequestId;
use super::{Bounds, Service, accept, batch, body, multipart, openapi, operations, page};
use crate::clock;
use crate::credential::Fields;
use crate::credential::accreditation::Register;
use crate::fetch::Desk;
use crate::outside::Outside;
use crate::pipeline::{Pipeline, Request as Verification};
use crate::receipt::{Looked, Signer};
use crate::report::{self, AcceptancePolicy, Verdict};
use crate::time::Time;
use crate::validation::Policy;
use bytes::Bytes;
use http_body_util::{Either, Full};
use hyper::body::Incoming;
use hyper::header::{self, HeaderValue};
use hyper::http::request::Parts;
use hyper::{Request, Response, Version};
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// An answer, and what is told of it.
pub(super) struct Answered {
    pub(super) route: &'static str,
    /// The name of the client that was let in.
    pub(super) client: Option<String>,
    pub(super) response: Response<Content>,
}

/// Answers one request; never fails.
pub(super) async fn respond(service: Arc<Service>, mut request: Request<Incoming>) -> Answered {
    let is_two = request.version() >= Version::HTTP_2;
    let admitted = one_host(&request).and_then(|()| service.clients.admit(&mut request, clock::now()));
    let client = admitted.as_ref().ok().map(|admitted| admitted.client().to_owned());
    let id = request.extensions().get::<RequestId>().cloned();
    let admitted = admitted.map(|admitted| {
        request.extensions_mut().insert(admitted);
    });
    let (route, answer) = match admitted {
        Err(problem) => {
            let (head, body) = request.into_parts();
            body::discard(body, &head, &service.bounds);
            ("not admitted", Err(problem))
        }
        Ok(()) => route(&service, request).await,
    };
    let mut response = answer.unwrap_or_else(|problem| {
        if let Some(reason) = problem.refusal() {
            service.metrics.refused(Refused::Request(reason), &reason);
        }
        whole(problem.into_response(id.as_ref()))
    });
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    // In HTTP/2 no answer speaks of the connection (RFC 9113, 8.2.2).
    if is_two {
        headers.remove(header::CONNECTION);
    } else if service.ending.load(Ordering::Acquire) {
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    Answered { route, client, response }
}

/// That a request names one host and no other (RFC 9112, 3.2; RFC 9113, 8.3.1): of two, each reader might take another.
fn one_host<B>(request: &Request<B>) -> Result<(), Problem> {
    let mut hosts = request.headers().get_all(header::HOST).iter();
    let authority = request.uri().authority().filter(|_| request.version() >= Version::HTTP_2);
    let wrong = |why: &str| Err(Problem::BadRequest("host", why.into()));
    match (hosts.next(), hosts.next(), authority) {
        (_, Some(_), _) => wrong("more than one"),
        (None, None, None) if request.version() == Version::HTTP_11 => wrong("none"),
        (Some(host), None, Some(authority))
            if !host.as_bytes().eq_ignore_ascii_case(authority.as_str().as_bytes()) =>
        {
            wrong("not that of `:authority`")
        }
        _ => Ok(()),
    }
}

/// The body of an answer: whole, or the lines of a batch as they are done.
pub(super) type Content = Either<Full<Bytes>, batch::Answers>;

fn whole(response: Response<Full<Bytes>>) -> Response<Content> {
    response.map(Either::Left)
}

type Answer = Result<Response<Full<Bytes>>, Problem>;

async fn route(
    service: &Arc<Service>,
    request: Request<Incoming>,
) -> (&'static str, Result<Response<Content>, Problem>) {
    let Some((operation, rest)) = operations::find(request.uri().path()) else {
        return ("other", Err(Problem::NotFound));
    };
    if !operation.takes.includes(request.method()) {
        return (operation.path, Err(Problem::MethodNotAllowed(operation.takes.allow())));
    }
    let answer = match operation.route {
        Route::Batch => {
            let answer = batch::answer(service, request).await;
            return (operation.path, answer.map(|response| response.map(Either::Right)));
        }
        Route::Verify => {
            let judged = verify(service, request, Form::Own).await;
            match judged {
                Ok(judged) => judged.answer(service).await,
                Err(problem) => Err(problem),
            }
        }
        Route::Validate => {
            verify(service, request, Form::Official).await.map(|judged| official(&judged.verdict))
        }
        Route::Live => Ok(text("live\n")),
        Route::Ready => ready(service),
        Route::Metrics => Ok(metrics(service)),
        Route::Page => page::index(&request.into_parts().0, service.bounds.body),
        Route::Asset => page::asset(rest).ok_or(Problem::NotFound),
        Route::Description => Ok(with_type(Bytes::from_static(openapi::SERVED.as_bytes()), JSON)),
        Route::Trust => trust(service, None),
        Route::Territory => trust(service, Some(rest)),
        Route::Keys => Ok(keys(service)),
    };
    (operation.path, answer.map(whole))
}

fn official(verdict: &Verdict) -> Response<Full<Bytes>> {
    json_response(serde_json::to_string(&report::official_checks(verdict)).unwrap_or_default())
}

fn ready(service: &Service) -> Answer {
    if service.leaving.load(Ordering::Acquire) || service.ending.load(Ordering::Acquire) {
        return Err(Problem::Leaving);
    }
    if !service.ready() {
        return Err(Problem::NotReady);
    }
    Ok(text("ready\n"))
}

fn keys(service: &Service) -> Response<Full<Bytes>> {
    let signer = service.signer.load();
    let published = signer.as_ref().map_or(NO_KEYS, |signer| signer.published());
    with_type(Bytes::copy_from_slice(published.as_bytes()), "application/jwk-set+json")
}

/// What is published where no key is configured.
const NO_KEYS: &str = "{\"keys\":[]}";

fn metrics(service: &Service) -> Response<Full<Bytes>> {
    let mut response = text(service.metrics.text(service));
    let kind = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}

fn trust(service: &Service, territory: Option<&str>) -> Answer {
    let pipeline = service.pipeline.load_full().ok_or(Problem::NotReady)?;
    let json = match territory {
        None => report::trust_json(pipeline.snapshots().map(|one| &**one), pipeline.absent(), clock::now()),
        Some(territory) => {
            let mut all = pipeline.snapshots();
            let found = all.find_map(|snapshot| report::territory_json(snapshot, territory, clock::now()));
            found.ok_or(Problem::NotFound)?
        }
    };
    Ok(json_response(json))
}

/// A verdict and the form in which it is wanted.
struct Judged {
    verdict: Verdict,
    wanted: Wanted,
}

impl Judged {
    /// In the form that was asked for.
    async fn answer(self, service: &Arc<Service>) -> Answer {
        let Self { verdict, wanted } = self;
        let written = if wanted.is_work() {
            let held = Arc::clone(service);
            let written = service.admission.resume(move || held.metrics.report(|| wanted.write(&verdict)));
            written.await.map_err(|_| Problem::Internal)?
        } else {
            service.metrics.report(|| wanted.write(&verdict))
        };
        let mut response = Response::new(Full::new(written?));
        wanted.describe(response.headers_mut());
        Ok(response)
    }
}

async fn verify(service: &Arc<Service>, request: Request<Incoming>, form: Form) -> Result<Judged, Problem> {
    let (head, body) = request.into_parts();
    let admitted = Admitted::of(&head.extensions)?;
    let bounds = Bounds { body: admitted.body_limit(service.bounds.body), ..service.bounds };
    let admissible = admissible(service, &head, &bounds, body::announced(&body), form);
    let Admissible { query, mut pipeline, wanted } = match admissible {
        Ok(admissible) => admissible,
        Err(problem) => {
            body::discard(body, &head, &bounds);
            return Err(problem);
        }
    };
    let body = body::read(body, &head, &bounds, &service.memory.singles).await?;
    let parts = multipart::parts(form, &head.headers, body.bytes)?;
    if let Some(policy) = &query.policy {
        pipeline = Arc::new(pipeline.with_policy(Arc::clone(policy)));
    }
    let order = Order {
        time: query.at.unwrap_or_else(clock::now),
        acceptance: query.acceptance,
        fields: query.fields,
        lang: wanted.lang(query.lang),
        // Only the verdict as JSON has a place for a receipt.
        signer: query.signer.filter(|_| !wanted.is_work()),
        parts,
        wanted,
        _share: body.share,
    };
    let order = Arc::new(order);
    let verdict = run(service, pipeline, order).await?;
    service.metrics.verdict(&verdict);
    Ok(Judged { verdict, wanted })
}

/// What is known of a request before its body comes.
struct Admissible {
    query: Query,
    pipeline: Arc<Pipeline>,
    wanted: Wanted,
}

/// What can be told before a body comes: whoever is refused is so at once, and nothing of the body is kept.
fn admissible(
    service: &Service,
    head: &Parts,
    bounds: &Bounds,
    announced: Option<usize>,
    form: Form,
) -> Result<Admissible, Problem> {
    let query = Query::parse(head, service)?;
    let wanted = match form {
        Form::Own => Wanted::of(&head.headers, query.lang.as_deref())?,
        Form::Official => {
            accept::choose(&head.headers, &[JSON]).ok_or(Problem::NotAcceptable(JSON))?;
            Wanted::JSON
        }
    };
    let pipeline = service.pipeline.load_full().ok_or(Problem::NotReady)?;
    let size = announced.unwrap_or_default();
    // What is over the limit is answered so, whatever else, and never held.
    if size <= bounds.body {
        if service.admission.is_full() {
            return Err(Problem::Busy);
        }
        if !service.memory.singles.fits(size) {
            return Err(Problem::Crowded);
        }
    }
    Ok(Admissible { query, pipeline, wanted })
}

/// What is to be verified, and how.
struct Order {
    parts: multipart::Parts,
    /// The form of the answer.
    wanted: Wanted,
    time: Time,
    acceptance: Arc<AcceptancePolicy>,
    fields: Fields,
    lang: Option<String>,
    /// Signs the receipt, where there shall be one.
    signer: Option<Arc<Signer>>,
    /// Given back only when no thread has the body in work any more.
    _share: body::Share,
}

impl Order {
    fn request<'r>(&'r self, desk: Option<&'r Desk>, registers: &'r [Arc<dyn Register>]) -> Verification<'r> {
        Verification {
            acceptance: &self.acceptance,
            fields: self.fields,
            lang: self.lang.as_deref(),
            detached: &self.parts.detached,
            applicant: self.parts.applicant.as_ref(),
            outside: desk.map(|desk| -> &dyn Outside { desk }),
            registers,
            evidence: self.wanted.wants_evidence(),
            ..Verification::at(self.time)
        }
    }
}

async fn run(service: &Arc<Service>, pipeline: Arc<Pipeline>, order: Arc<Order>) -> Result<Verdict, Problem> {
    match tokio::time::timeout(service.bounds.verify_time, rounds(service, &pipeline, &order)).await {
        Ok(result) => result,
        Err(_) => Ok(pipeline.out_of_time(&order.request(None, &[]))),
    }
}

/// Verifies; where documents from outside were wanted, fetches them and verifies again.
async fn rounds(
    service: &Arc<Service>,
    pipeline: &Arc<Pipeline>,
    order: &Arc<Order>,
) -> Result<Verdict, Problem> {
    let desk = service.library.as_ref().map(|library| Arc::new(library.desk()));
    let registers: Arc<[_]> = service.registers.for_request(desk.as_ref()).into();
    let work = || {
        let (pipeline, order, desk) = (Arc::clone(pipeline), Arc::clone(order), desk.clone());
        let (service, registers) = (Arc::clone(service), Arc::clone(&registers));
        move || {
            let (desk, file) = (desk.as_deref(), &order.parts.file);
            let request = order.request(desk, &registers);
            let verdict = pipeline.verify(file, &request);
            signed(&service, order.signer.as_deref(), verdict, (&pipeline, &request), file, desk)
        }
    };
    let mut running = service.admission.submit(work()).map_err(|_| Problem::Busy)?;
    loop {
        let verdict = running.await.map_err(|_| Problem::Internal)?;
        match (&service.library, &desk) {
            (Some(library), Some(desk)) if library.fill(desk).await => {
                running = service.admission.resume(work());
            }
            _ => return verdict,
        }
    }
}

/// The verdict with its receipt, where there shall be one: on a thread of the pool, since a token takes its time. One that
/// is not the last, since something is still wanted from outside, gets none.
pub(super) fn signed(
    service: &Service,
    signer: Option<&Signer>,
    mut verdict: Verdict,
    on: (&Pipeline, &Verification<'_>),
    input: &[u8],
    desk: Option<&Desk>,
) -> Result<Verdict, Problem> {
    let Some(signer) = signer.filter(|_| !desk.is_some_and(Desk::wants)) else { return Ok(verdict) };
    let outside = desk.map(|desk| desk.looked_for().into_iter().map(Looked::from).collect());
    let signed = service.metrics.receipt(|| signer.give(&mut verdict, on, input, outside, clock::now()));
    signed.map(|()| verdict).map_err(|_| Problem::Unsigned)
}

#[derive(Debug)]
pub(super) struct Query {
    pub(super) at: Option<Time>,
    pub(super) policy: Option<Arc<Policy>>,
    pub(super) acceptance: Arc<AcceptancePolicy>,
    pub(super) fields: Fields,
    /// The language of what is said to people, and in which credentials are shown where they have it.
    pub(super) lang: Option<String>,
    /// Signs the receipt, where there shall be one.
    pub(super) signer: Option<Arc<Signer>>,
}

impl Query {
    /// What a request's query says, within what its client may ask for.
    pub(super) fn parse(head: &Parts, service: &Service) -> Result<Self, Problem> {
        let admitted = Admitted::of(&head.extensions)?;
        let known = service.policies.load();
        let (policies, acceptance) = (&known.validation, &known.acceptance);
        // Of a client with a list its first, else that of all.
        let first = |list: Option<&[String]>| list.and_then(<[_]>::first).cloned();
        let mut parsed = Self {
            policy: match first(admitted.policies()) {
                Some(name) => Some(named("policy", &name, policies, Policy::name)?),
                None => policies.first().cloned(),
            },
            acceptance: match first(admitted.acceptance()) {
                Some(name) => named("acceptance", &name, acceptance, AcceptancePolicy::name)?,
                None => acceptance.first().cloned().unwrap_or_default(),
            },
            at: None,
            fields: Fields::default(),
            lang: None,
            signer: service.signer.load_full(),
        };
        let known = operations::find(head.uri.path()).map_or(&[][..], |(operation, _)| operation.query);
        // An answer that has no place for a receipt gets none.
        if !known.iter().any(|parameter| parameter.name == "receipt") {
            parsed.signer = None;
        }
        for (name, value) in form_urlencoded::parse(head.uri.query().unwrap_or_default().as_bytes()) {
            let known = known.iter().map(|parameter| parameter.name).find(|known| *known == name);
            match known.unwrap_or_default() {
                "at" => {
                    let time = Time::parse_rfc3339(&value)
                        .ok_or_else(|| Problem::BadRequest("at", "not an RFC 3339 time".into()))?;
                    parsed.at = Some(time);
                }
                "policy" => {
                    allowed("policy", &value, admitted.policies())?;
                    parsed.policy = Some(named("policy", &value, policies, Policy::name)?);
                }
                "acceptance" => {
                    allowed("acceptance", &value, admitted.acceptance())?;
                    parsed.acceptance = named("acceptance", &value, acceptance, AcceptancePolicy::name)?;
                }
                "lang" if is_language(&value) => parsed.lang = Some(value.into_owned()),
                "lang" => return Err(Problem::BadRequest("lang", "not a language tag (BCP 47)".into())),
                // As the official software sends it: `en_GB`.
                "locale" if is_language(&value.replace('_', "-")) => {}
                "locale" => return Err(Problem::BadRequest("locale", "not a language tag (BCP 47)".into())),
                "fields" => {
                    let fields = Fields::parse(&value);
                    parsed.fields = fields.map_err(|why| Problem::BadRequest("fields", why))?;
                }
                "receipt" => match &*value {
                    "false" => parsed.signer = None,
                    "true" if service.signer.load().is_some() => {}
                    "true" => {
                        return Err(Problem::BadRequest("receipt", "this service signs no receipts".into()));
                    }
                    _ => return Err(Problem::BadRequest("receipt", "neither `true` nor `false`".into())),
                },
                _ => return Err(Problem::BadRequest("query", "unknown parameter".into())),
            }
        }
        Ok(parsed)
    }
}

pub(super) fn is_language(tag: &str) -> bool {
    let mut parts = tag.split('-');
    let subtag =
        |part: &str| (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric());
    parts
        .next()
        .is_some_and(|first| (2..=3).contains(&first.len()) && first.bytes().all(|b| b.is_ascii_alphabetic()))
        && parts.all(subtag)
}

/// Whether the client may name this policy; it may name all where there is no list.
fn allowed(field: &str, name: &str, list: Option<&[String]>) -> Result<(), Problem> {
    match list {
        Some(list) if !list.iter().any(|allowed| allowed == name) => {
            Err(Problem::Forbidden(format!("{field}: this client may name {}", list.join(", "))))
        }
        _ => Ok(()),
    }
}

/// The policy of this name among those that the service knows.
fn named<P>(
    field: &'static str,
    name: &str,
    known: &[Arc<P>],
    name_of: impl Fn(&P) -> &str,
) -> Result<Arc<P>, Problem> {
    known.iter().find(|policy| name_of(policy) == name).cloned().ok_or_else(|| {
        let known: Vec<&str> = known.iter().map(|policy| name_of(policy)).collect();
        Problem::BadRequest(field, format!("no policy of this name; known are {}", known.join(", ")))
    })
}

/// The form of verdicts.
const JSON: &str = "application/json";

fn text(body: impl Into<Bytes>) -> Response<Full<Bytes>> {
    with_type(body.into(), "text/plain; charset=utf-8")
}

fn json_response(json: String) -> Response<Full<Bytes>> {
    with_type(Bytes::from(json), JSON)
}

fn with_type(body: Bytes, media: &'static str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
    response
}
