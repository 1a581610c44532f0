//! Ways around authentication over HTTP/1.1: headers and paths.

use super::{guarded, statuses, talk};

#[test]
fn only_the_one_header_in_its_right_form_lets_in() {
    let (server, key, _file) = guarded();
    let post = |headers: &str| {
        let head = format!("POST /v1/verify HTTP/1.1\r\nhost: x\r\n{headers}content-length: 1\r\n\r\nx");
        talk(&server, head.as_bytes())
    };
    let right = format!("authorization: Bearer {key}\r\n");
    let wrong = format!("authorization: Bearer sealgate_{}\r\n", "A".repeat(43));
    for (what, headers, expected) in [
        ("the right one", right.clone(), 200),
        ("another case of name and scheme", format!("AuThOrIzAtIoN: bEaReR {key}\r\n"), 200),
        ("spaces around the value", format!("authorization:   Bearer {key} \t\r\n"), 200),
        ("none", String::new(), 401),
        ("a wrong one", wrong.clone(), 401),
        ("the right one twice", right.repeat(2), 401),
        ("a wrong one after it", right.clone() + &wrong, 401),
        ("a wrong one before it", wrong + &right, 401),
        ("an empty one before it", format!("authorization:\r\n{right}"), 401),
        ("two in one", format!("authorization: Bearer {key}, Bearer {key}\r\n"), 401),
        ("two spaces within", format!("authorization: Bearer  {key}\r\n"), 401),
        ("a tab within", format!("authorization: Bearer\t{key}\r\n"), 401),
        ("no scheme", format!("authorization: {key}\r\n"), 401),
        ("another scheme", format!("authorization: Basic {key}\r\n"), 401),
        ("in quotes", format!("authorization: Bearer \"{key}\"\r\n"), 401),
        ("cut short", format!("authorization: Bearer {}\r\n", &key[..key.len() - 1]), 401),
        ("with more behind", format!("authorization: Bearer {key}x\r\n"), 401),
        ("in upper case", format!("authorization: Bearer {}\r\n", key.to_uppercase()), 401),
        ("folded", format!("authorization: Bearer\r\n {key}\r\n"), 400),
        ("folded with a tab", format!("authorization:\r\n\tBearer {key}\r\n"), 400),
        ("a space before the colon", format!("authorization : Bearer {key}\r\n"), 400),
        ("a tab before the colon", format!("authorization\t: Bearer {key}\r\n"), 400),
        ("a space before the name", format!(" authorization: Bearer {key}\r\n"), 400),
        ("NUL within the name", format!("author\0ization: Bearer {key}\r\n"), 400),
        ("NUL behind the key", format!("authorization: Bearer {key}\0\r\n"), 400),
        ("CR within", format!("x: y\rauthorization: Bearer {key}\r\n"), 400),
        ("no colon", format!("authorization Bearer {key}\r\n"), 400),
        ("an underscore", format!("authorization_: Bearer {key}\r\n"), 401),
        ("a name like CGI's", format!("HTTP_AUTHORIZATION: Bearer {key}\r\n"), 401),
        ("a name of another header", format!("x-authorization: Bearer {key}\r\n"), 401),
        ("the proxy's header", format!("proxy-authorization: Bearer {key}\r\n"), 401),
        ("a header that others take keys from", format!("x-api-key: {key}\r\n"), 401),
        ("a cookie", format!("cookie: authorization=Bearer {key}\r\n"), 401),
        ("the word of no proxy of ours on the address", "x-forwarded-for: 127.0.0.1\r\nforwarded: for=127.0.0.1\r\nx-real-ip: 127.0.0.1\r\n".into(), 401),
        ("the word of no proxy of ours on a certificate", "x-ssl-client-verify: SUCCESS\r\nx-forwarded-client-cert: Subject=\"CN=one\"\r\nx-client-dn: CN=one\r\n".into(), 401),
        ("another path in a header", "x-original-url: /livez\r\nx-rewrite-url: /livez\r\n".into(), 401),
        ("another method in a header", "x-http-method-override: GET\r\nx-method-override: HEAD\r\n".into(), 401),
        ("a path that is another's secret", format!("referer: http://x/?key={key}\r\n"), 401),
        ("a second host", format!("host: y\r\n{right}"), 400),
    ] {
        let found = post(&headers);
        assert_eq!(statuses(&found), [expected], "{what}: {found:?}");
        assert_eq!(found[0].body.contains("\"verdict\""), expected == 200, "{what}");
    }
    for (what, bytes, expected) in [
        (
            "in the query",
            format!(
                "POST /v1/verify?access_token={key}&authorization=Bearer%20{key} HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\n\r\nx"
            ),
            401,
        ),
        (
            "in the target's user part",
            format!("POST http://Bearer:{key}@x/v1/verify HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\n\r\nx"),
            401,
        ),
        (
            "in the body",
            format!(
                "POST /v1/verify HTTP/1.1\r\nhost: x\r\ncontent-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\r\naccess_token={key}",
                key.len() + 13
            ),
            401,
        ),
        (
            "in a trailer",
            format!(
                "POST /v1/verify HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\ntrailer: authorization\r\n\r\n1\r\nx\r\n0\r\nauthorization: Bearer {key}\r\n\r\n"
            ),
            401,
        ),
        ("no host", format!("POST /v1/verify HTTP/1.1\r\n{right}content-length: 1\r\n\r\nx"), 400),
        ("another method", "DELETE /v1/verify HTTP/1.1\r\nhost: x\r\n\r\n".to_owned(), 401),
        (
            "the first request's key for the second",
            format!(
                "GET /v1/trust HTTP/1.1\r\nhost: x\r\n{right}\r\nGET /v1/trust HTTP/1.1\r\nhost: x\r\n\r\n"
            ),
            200,
        ),
    ] {
        let found = talk(&server, bytes.as_bytes());
        assert_eq!(found[0].status, expected, "{what}: {found:?}");
        assert!(found[1..].iter().all(|answer| answer.status == 401), "{what}: {found:?}");
        assert!(found.iter().all(|answer| !answer.body.contains("\"verdict\"")), "{what}");
    }
}

#[test]
fn no_way_of_writing_a_path_gets_past() {
    let (server, key, _file) = guarded();
    let post = |target: &str, key: Option<&str>| {
        let key = key.map_or(String::new(), |key| format!("authorization: Bearer {key}\r\n"));
        let text = format!("POST {target} HTTP/1.1\r\nhost: x\r\n{key}content-length: 1\r\n\r\nx");
        talk(&server, text.as_bytes())
    };
    let mut wrong = Vec::new();
    // Without a key, and with it: what is not exactly the route is no route.
    for (target, without, with) in [
        ("/v1/verify", 401, 200),
        ("/v1/verify?", 401, 200),
        ("http://x/v1/verify", 401, 200),
        ("https://elsewhere:1/v1/verify", 401, 200),
        ("//v1/verify", 401, 404),
        ("/v1//verify", 401, 404),
        ("/v1/verify/", 401, 404),
        ("/v1/./verify", 401, 404),
        ("/./v1/verify", 401, 404),
        ("/v1/verify/.", 401, 404),
        ("/v1/x/../verify", 401, 404),
        ("/livez/../v1/verify", 401, 404),
        ("/livez/..;/v1/verify", 401, 404),
        ("/livez/%2e%2e/v1/verify", 401, 404),
        ("/livez%2f..%2fv1/verify", 401, 404),
        ("/livez/..%5cv1/verify", 401, 404),
        ("/livez;/v1/verify", 401, 404),
        ("/livez%00/v1/verify", 401, 404),
        ("/livez%3f/v1/verify", 401, 404),
        ("/livez%23/v1/verify", 401, 404),
        ("/livez/v1/verify", 401, 404),
        ("/livez/", 401, 404),
        ("/LIVEZ", 401, 404),
        ("/%6civez", 401, 404),
        ("/v1/%76erify", 401, 404),
        ("/%76%31/verify", 401, 404),
        ("/v1%2fverify", 401, 404),
        ("/v1/verify%00", 401, 404),
        ("/v1/verify%20", 401, 404),
        ("/v1/verify;x=y", 401, 404),
        ("/v1/verify.json", 401, 404),
        ("/V1/VERIFY", 401, 404),
        ("/v1/Verify", 401, 404),
        ("/v1/verify/batch/", 401, 404),
        ("/v1/verify/../livez", 401, 404),
        ("http://x//v1/verify", 401, 404),
        ("*", 401, 404),
        ("x:80", 401, 404),
        ("livez", 401, 404),
        // These are the open route, whatever stands behind the question mark, and it takes no POST.
        ("/livez", 405, 405),
        ("/livez?/v1/verify", 405, 405),
        ("/readyz?x=/../v1/verify", 405, 405),
        ("http://x/livez", 405, 405),
        ("http://x", 405, 405),
        ("http://x/livez?/v1/verify", 405, 405),
        // No targets at all.
        ("v1/verify", 400, 400),
        ("/v1/verify /livez", 400, 400),
        ("/livez\t/v1/verify", 400, 400),
        ("/livez\0/v1/verify", 400, 400),
        ("/livez\u{b}", 400, 400),
        ("?/v1/verify", 400, 400),
        ("", 400, 400),
    ] {
        for (key, expected) in [(None, without), (Some(&*key), with)] {
            let found = post(target, key);
            let is_verdict = found.iter().any(|answer| answer.body.contains("\"verdict\""));
            if statuses(&found) != [expected] || is_verdict != (expected == 200) {
                wrong.push(format!("{target:?}, {key:?}: {found:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
