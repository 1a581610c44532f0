//! A service shaped like the official one, a server on loopback standing in for it.

use super::{accredited_jws, of_the_samples};
use crate::demo::{Form, Sealer};
use crate::status::{Scene, seal};
use crate::web::Route;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sealgate::credential::accreditation::{Registers, Service};
use sealgate::credential::{CheckStatus, Kind};
use serde_json::{Value, json};

const ID: &str = "d5f03bcc-2599-42f8-bb3d-587995707cc0";

/// The credential of the other tests, sealed.
fn sealed(sealer: Sealer) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let jws = accredited_jws(folder.path());
    let payload = URL_SAFE_NO_PAD.decode(jws.split('.').nth(1).unwrap()).unwrap();
    seal(sealer, &serde_json::from_slice::<Value>(&payload).unwrap(), Form::Compact)
}

fn asked(scene: &Scene, sealer: Sealer) -> (CheckStatus, Option<&'static str>) {
    let service = Service::new(&format!("{}/accreditation/", scene.web.origin));
    let registers = Registers { at_hand: Vec::new(), services: vec![service] };
    let verdict = scene.verify_with(&sealed(sealer), &registers);
    let checks = verdict.credential.unwrap().checks;
    let check = checks.into_iter().find(|check| check.kind == Kind::Accreditation).unwrap();
    (check.status, check.code)
}

#[test]
fn a_service_is_asked_as_the_official_one_is() {
    let path = format!("/accreditation/rdf?uri={ID}&language=en");
    let answer = |value: Value| Route::Body(value.to_string().into_bytes());
    for (route, expected) in [
        (answer(of_the_samples(json!({}))), (CheckStatus::Ok, None)),
        (
            answer(of_the_samples(json!({"decision": {"content": "negative"}}))),
            (CheckStatus::Error, Some("not-covered")),
        ),
        (Route::Status(404), (CheckStatus::Skipped, Some("unproven"))),
        (Route::Status(500), (CheckStatus::Skipped, Some("unreachable"))),
        (Route::Truncated, (CheckStatus::Skipped, Some("unreachable"))),
        (Route::Body(b"<rdf:RDF/>".to_vec()), (CheckStatus::Skipped, Some("unreachable"))),
    ] {
        let scene = Scene::new();
        scene.web.set(&path, route.clone());
        assert_eq!(asked(&scene, Sealer::Compact), expected, "{route:?}");
        assert_eq!(asked(&scene, Sealer::Compact), expected, "again");
        assert_eq!(scene.web.asked(&path), 1, "kept");
    }
}

#[test]
fn a_service_is_not_asked_for_strangers() {
    let scene = Scene::new();
    assert_eq!(asked(&scene, Sealer::Stranger), (CheckStatus::Skipped, Some("unproven")));
    assert_eq!(scene.web.asked(&format!("/accreditation/rdf?uri={ID}&language=en")), 0);
}
