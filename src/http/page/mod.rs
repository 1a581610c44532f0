//! The page for people: its files as they are embedded, and what they are served with.

use super::problem::Problem;
use super::routes::is_language;
use crate::catalogue::Language;
use bytes::Bytes;
use http_body_util::Full;
use hyper::Response;
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::http::request::Parts;
use std::collections::BTreeMap;
use std::sync::LazyLock;

/// The beginning of the paths of all that the page loads.
pub(super) const ASSETS_PATH: &str = "/page/";

const SCRIPT: &str = "text/javascript; charset=utf-8";

/// What the page loads beside its texts: name, media type, content.
const ASSETS: [(&str, &str, &str); 10] = [
    ("style.css", "text/css; charset=utf-8", include_str!("style.css")),
    ("icon.svg", "image/svg+xml", include_str!("icon.svg")),
    ("main.js", SCRIPT, include_str!("main.js")),
    ("answer.js", SCRIPT, include_str!("answer.js")),
    ("files.js", SCRIPT, include_str!("files.js")),
    ("trust.js", SCRIPT, include_str!("trust.js")),
    ("reports.js", SCRIPT, include_str!("reports.js")),
    ("gateway.js", SCRIPT, include_str!("gateway.js")),
    ("texts.js", SCRIPT, include_str!("texts.js")),
    ("dom.js", SCRIPT, include_str!("dom.js")),
];

const INDEX: &str = include_str!("index.html");

/// What the page may do: load from the gateway and ask it, nothing else, and be shown in no other page.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; \
                      base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'";

/// The media types of the reports that it offers, by the ends of which it names files and texts.
const REPORTS: &str = if cfg!(feature = "pdf") { "application/pdf text/html" } else { "text/html" };

/// The names of everything under [`ASSETS_PATH`].
pub(super) fn names() -> impl Iterator<Item = String> {
    let texts = Language::ALL.into_iter().map(|language| format!("{}.json", language.tag()));
    ASSETS.iter().map(|(name, ..)| (*name).to_owned()).chain(texts)
}

/// The page itself, in the language that is asked for.
///
/// # Errors
/// A query other than `lang` with a language tag.
pub(super) fn index(head: &Parts, limit: usize) -> Result<Response<Full<Bytes>>, Problem> {
    let language = language(head)?;
    let filled = [
        ("{lang}", language.tag()),
        ("{limit}", &limit.to_string()),
        ("{reports}", REPORTS),
        ("{version}", env!("CARGO_PKG_VERSION")),
        ("{title}", language.text("page.title")),
        ("{noscript}", language.text("page.noscript")),
    ];
    let page = filled.iter().fold(INDEX.to_owned(), |page, (name, value)| page.replace(name, value));
    let mut response = of_the_page(page.into(), "text/html; charset=utf-8");
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(language.tag()));
    headers.insert(header::VARY, HeaderValue::from_static("Accept-Language"));
    Ok(response)
}

fn language(head: &Parts) -> Result<Language, Problem> {
    let mut asked = None;
    for (name, value) in form_urlencoded::parse(head.uri.query().unwrap_or_default().as_bytes()) {
        match &*name {
            "lang" if is_language(&value) => asked = Some(Language::lookup(&value).unwrap_or_default()),
            "lang" => return Err(Problem::BadRequest("lang", "not a language tag (BCP 47)".into())),
            _ => return Err(Problem::BadRequest("query", "unknown parameter".into())),
        }
    }
    Ok(asked.unwrap_or_else(|| Language::negotiate(&accepted(&head.headers))))
}

/// What a client says of languages, in one line.
fn accepted(headers: &HeaderMap) -> String {
    let values = headers.get_all(header::ACCEPT_LANGUAGE).iter().filter_map(|value| value.to_str().ok());
    values.collect::<Vec<_>>().join(",")
}

/// Something that the page loads, by its name.
pub(super) fn asset(name: &str) -> Option<Response<Full<Bytes>>> {
    if let Some((_, media, content)) = ASSETS.iter().find(|(known, ..)| *known == name) {
        return Some(of_the_page(Bytes::from_static(content.as_bytes()), media));
    }
    let tag = name.strip_suffix(".json")?;
    let (_, texts) = TEXTS.iter().find(|(language, _)| language.tag() == tag)?;
    Some(of_the_page(texts.clone(), "application/json"))
}

/// The catalogue in each language, by the rooms of its keys so that none names its room again; less what the scripts never say.
static TEXTS: LazyLock<Vec<(Language, Bytes)>> = LazyLock::new(|| {
    let of = |language: Language| {
        let texts: BTreeMap<String, String> = serde_json::from_str(language.json()).unwrap_or_default();
        let mut rooms: BTreeMap<&str, BTreeMap<&str, &String>> = BTreeMap::new();
        for (key, text) in &texts {
            if let Some((room, name)) = key.split_once('.')
                && room != "report"
                && key != "page.noscript"
            {
                rooms.entry(room).or_default().insert(name, text);
            }
        }
        (language, Bytes::from(serde_json::to_string(&rooms).unwrap_or_default()))
    };
    Language::ALL.into_iter().map(of).collect()
});

fn of_the_page(content: Bytes, media: &'static str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(content));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    let own = HeaderName::from_static("cross-origin-opener-policy");
    headers.insert(own, HeaderValue::from_static("same-origin"));
    let kept = HeaderName::from_static("cross-origin-resource-policy");
    headers.insert(kept, HeaderValue::from_static("same-origin"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::representation::Wanted;
    use std::collections::BTreeSet;
    use std::path::Path;

    fn scripts_and_markup() -> String {
        ASSETS.iter().map(|(_, _, content)| *content).chain([INDEX]).collect()
    }

    #[test]
    fn the_page_with_the_longest_texts_stays_under_100_kb() {
        let files: usize = ASSETS.iter().map(|(_, _, content)| content.len()).sum();
        let texts = TEXTS.iter().map(|(_, texts)| texts.len()).max().unwrap();
        let all = files + INDEX.len() + texts;
        println!("the page: {files} bytes of assets, {} of markup, {texts} of texts: {all}", INDEX.len());
        assert!(all < 100_000, "{all}");
    }

    #[test]
    fn nothing_is_inline_kept_or_loaded_from_elsewhere() {
        let all = scripts_and_markup();
        let words = [
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "document.write",
            "eval(",
            "new Function",
            "localStorage",
            "sessionStorage",
            "indexedDB",
            "document.cookie",
            "serviceWorker",
            "https://",
            "style=",
            "onclick=\"",
            "<style",
        ];
        for word in words {
            assert!(!all.contains(word), "{word}");
        }
        let elsewhere = all.replace("http://www.w3.org/2000/svg", "");
        assert!(!elsewhere.contains("http://") && !elsewhere.contains("//cdn"), "an address of elsewhere");
        assert_eq!(all.matches("<script").count(), 1);
        assert!(all.contains("<script type=\"module\" src=\"/page/main.js\"></script>"));
    }

    #[test]
    fn the_page_offers_the_reports_that_are_made_here() {
        let is_made = |form: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT, HeaderValue::from_static(form));
            Wanted::of(&headers, None).is_ok()
        };
        for form in ["text/html", "application/pdf"] {
            assert_eq!(REPORTS.split(' ').any(|one| one == form), is_made(form), "{form}");
        }
    }

    #[test]
    fn every_asset_is_served_with_the_policy_and_every_file_is_an_asset() {
        let names: BTreeSet<String> = names().collect();
        for name in &names {
            let response = asset(name).unwrap();
            let policy = response.headers()[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
            assert!(policy.starts_with("default-src 'none'") && !policy.contains("unsafe"), "{name}");
        }
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/http/page");
        for file in std::fs::read_dir(folder).unwrap() {
            let name = file.unwrap().file_name().into_string().unwrap();
            assert!(names.contains(&name) || ["mod.rs", "index.html"].contains(&&*name), "{name}");
        }
        for name in ["", "index.html", "../mod.rs", "EN.json", "en.JSON", "nl.json", "main.js/"] {
            assert!(asset(name).is_none(), "{name}");
        }
    }

    /// Rooms whose keys the page makes from values of a verdict or a list.
    const MADE: [&str; 14] = [
        "check",
        "code",
        "element",
        "finding",
        "point",
        "qualification",
        "reason",
        "scope",
        "service",
        "state",
        "status",
        "sub",
        "timestamp",
        "verdict",
    ];

    /// Keys of other rooms that it makes so.
    const MADE_SINGLY: [&str; 12] = [
        "raw.html",
        "raw.pdf",
        "decision.accept",
        "decision.review",
        "decision.reject",
        "seal.good",
        "seal.revoked",
        "seal.unknown",
        "trust.accepted",
        "trust.expired",
        "trust.unreachable",
        "trust.refused",
    ];

    /// Literals `'a.b'` and `"a.b"` of the sources that have the form of a key.
    fn literals(source: &str) -> BTreeSet<String> {
        let fits = |text: &&str| {
            text.split_once('.').is_some_and(|(room, rest)| {
                !room.is_empty()
                    && !rest.is_empty()
                    && room.bytes().all(|b| b.is_ascii_lowercase())
                    && rest.bytes().all(|b| b.is_ascii_lowercase() || b == b'-')
            })
        };
        source.split(['\'', '"', '`']).filter(fits).map(str::to_owned).collect()
    }

    #[test]
    fn every_key_that_is_used_is_there_and_every_one_that_is_there_is_used() {
        let texts: serde_json::Map<String, serde_json::Value> =
            serde_json::from_str(Language::English.json()).unwrap();
        let rooms: BTreeSet<&str> = texts.keys().filter_map(|key| Some(key.split_once('.')?.0)).collect();
        let source = scripts_and_markup();
        let named = literals(&source);
        let lost: Vec<&String> = named
            .iter()
            .filter(|key| rooms.contains(key.split('.').next().unwrap()))
            .filter(|key| !texts.contains_key(*key) && names().all(|name| name != **key))
            .collect();
        assert!(lost.is_empty(), "not in the catalogue: {lost:?}");
        let rust = rust_sources();
        let used = |key: &str| {
            let (room, _) = key.split_once('.').unwrap();
            let made = (MADE.contains(&room) || MADE_SINGLY.contains(&key))
                && source.contains(&format!("`{room}.${{"));
            named.contains(key) || made || rust.contains(&format!("\"{key}\""))
        };
        let unused: Vec<&String> = texts.keys().filter(|key| !used(key)).collect();
        assert!(unused.is_empty(), "nobody uses {unused:?}");
    }

    /// All of `src/` but the catalogue's own module.
    fn rust_sources() -> String {
        fn walk(folder: &Path, all: &mut String) {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    walk(&path, all);
                } else if path.extension().is_some_and(|kind| kind == "rs") {
                    all.push_str(&std::fs::read_to_string(path).unwrap());
                }
            }
        }
        let mut all = String::new();
        walk(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut all);
        all
    }
}
