//! Which form of an answer a request asks for (RFC 9110, 12.5.1).

use hyper::HeaderMap;
use hyper::header;

/// The most wanted of the forms that there are, by its place; of equals the first. `None` where none is accepted.
/// Parameters of a media range other than its weight are not looked at.
pub(super) fn choose(headers: &HeaderMap, forms: &[&str]) -> Option<usize> {
    let ranges = weighted(headers);
    let weights = forms.iter().map(|form| weight_of(form, &ranges)).enumerate();
    let wanted = weights.filter(|(_, weight)| *weight > 0);
    // Of equals `max_by_key` takes the last.
    wanted.rev().max_by_key(|(_, weight)| *weight).map(|(place, _)| place)
}

/// Thousandths by the range that says the most of a form: the very one, its type, any.
fn weight_of(form: &str, ranges: &[(String, u16)]) -> u16 {
    let kind = form.split('/').next().unwrap_or_default();
    let any_of_kind = format!("{kind}/*");
    let of =
        |wanted: &str| ranges.iter().filter(|(range, _)| range == wanted).map(|(_, weight)| *weight).max();
    of(form).or_else(|| of(&any_of_kind)).or_else(|| of("*/*")).unwrap_or(0)
}

/// Ranges in lower case with their weights in thousandths; without a header, any is wanted.
fn weighted(headers: &HeaderMap) -> Vec<(String, u16)> {
    let mut all = headers.get_all(header::ACCEPT).iter().peekable();
    if all.peek().is_none() {
        return vec![("*/*".to_owned(), 1000)];
    }
    let texts = all.filter_map(|value| value.to_str().ok());
    let ranges = texts.flat_map(|text| text.split(',')).filter_map(|range| {
        let mut parts = range.split(';').map(str::trim);
        let media = parts.next().filter(|media| !media.is_empty())?;
        let weight = parts.find_map(|part| {
            let (name, value) = part.split_once('=')?;
            name.trim_end().eq_ignore_ascii_case("q").then(|| thousandths(value.trim_start()))
        });
        Some((media.to_ascii_lowercase(), weight.unwrap_or(Some(1000))?))
    });
    ranges.collect()
}

/// A weight (RFC 9110, 12.4.2): `0` to `1` with up to three decimals; `None` for anything else.
fn thousandths(text: &str) -> Option<u16> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    let padded = format!("{decimals:0<3}");
    if padded.len() != 3 || !padded.bytes().all(|octet| octet.is_ascii_digit()) {
        return None;
    }
    match (whole, padded.parse::<u16>().ok()?) {
        ("0", decimals) => Some(decimals),
        ("1", 0) => Some(1000),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::header::HeaderValue;

    const FORMS: [&str; 4] = ["application/json", "application/xml", "text/html", "text/xml"];

    fn headers(values: &[&str]) -> HeaderMap {
        values.iter().map(|value| (header::ACCEPT, HeaderValue::from_str(value).unwrap())).collect()
    }

    #[test]
    fn the_most_wanted_form_is_chosen_by_its_most_specific_range() {
        for (accept, chosen) in [
            (&[][..], Some("application/json")),
            (&["*/*"], Some("application/json")),
            (&["application/*"], Some("application/json")),
            (&["text/*"], Some("text/html")),
            (&["TEXT/HTML"], Some("text/html")),
            (&["application/xml"], Some("application/xml")),
            (&["application/xml;q=0.9, application/json;q=0.8"], Some("application/xml")),
            (&["application/xml;q=0.8", "application/json;q=0.801"], Some("application/json")),
            // RFC 9110, 12.5.1: the example of precedence.
            (&["*/*;q=0.5, text/*;q=0.3, text/html;q=0"], Some("application/json")),
            (&["application/json;q=0, */*;q=0.1"], Some("application/xml")),
            (&["text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"], Some("text/html")),
            (&["text/html;level=1; q=0.4, text/xml;charset=utf-8;Q=0.5"], Some("text/xml")),
            (&["image/png"], None),
            (&["application/json;q=0"], None),
            (&["application/json;q=0.000, image/*"], None),
            (&[""], None),
            // What is no weight says nothing.
            (&["application/json;q=2, text/html;q=0.1"], Some("text/html")),
            (&["application/json;q=x"], None),
            (&["application/json;q=0.1234"], None),
            (&["application/json;q=1.001"], None),
        ] {
            let found = choose(&headers(accept), &FORMS).map(|place| FORMS[place]);
            assert_eq!(found, chosen, "{accept:?}");
        }
    }
}
