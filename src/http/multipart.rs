//! A request's parts: the credential as the body itself, or `multipart/form-data` with `file`, `detached`, `applicant`.

use super::problem::Problem;
use crate::credential::Applicant;
use crate::signature::Detached;
use bytes::Bytes;
use hyper::{HeaderMap, header};
use multer::{Constraints, Multipart};
use std::convert::Infallible;

/// Documents that a request may bring for detached signatures.
const MOST_DETACHED: usize = 64;

/// What a request brought.
pub(super) struct Parts {
    /// The credential.
    pub(super) file: Bytes,
    /// Documents that detached signatures are over, by their file names.
    pub(super) detached: Vec<Detached>,
    /// What is stated about who handed it in.
    pub(super) applicant: Option<Applicant>,
}

/// Takes a body that was read whole apart; its content is looked at only where it says that it is multipart.
pub(super) async fn parts(headers: &HeaderMap, body: Bytes) -> Result<Parts, Problem> {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let is_form = content_type.is_some_and(|value| {
        value.get(..19).is_some_and(|start| start.eq_ignore_ascii_case("multipart/form-data"))
    });
    let (field, parts) = match content_type.filter(|_| is_form) {
        Some(value) => ("file", form(value, body).await?),
        None => ("body", Parts { file: body, detached: Vec::new(), applicant: None }),
    };
    if parts.file.is_empty() {
        return Err(Problem::BadRequest(field, "there is no credential in the request".into()));
    }
    Ok(parts)
}

async fn form(content_type: &str, body: Bytes) -> Result<Parts, Problem> {
    let malformed = |error: multer::Error| Problem::BadRequest("body", format!("multipart: {error}"));
    let boundary = multer::parse_boundary(content_type).map_err(malformed)?;
    let stream = futures_util::stream::iter([Ok::<_, Infallible>(body)]);
    let mut form = Multipart::with_constraints(stream, boundary, Constraints::new());
    let (mut file, mut applicant, mut detached) = (None, None, Vec::new());
    while let Some(part) = form.next_field().await.map_err(malformed)? {
        let name = part.name().unwrap_or_default().to_owned();
        let file_name = part.file_name().unwrap_or_default().to_owned();
        let bytes = part.bytes().await.map_err(malformed)?;
        match name.as_str() {
            "file" if file.is_none() => file = Some(bytes),
            "file" => return Err(Problem::BadRequest("file", "one credential a request".into())),
            "detached" if detached.len() < MOST_DETACHED => {
                detached.push(Detached { name: file_name, bytes: bytes.into() });
            }
            "detached" => {
                return Err(Problem::BadRequest("detached", format!("at most {MOST_DETACHED}")));
            }
            "applicant" if applicant.is_none() => {
                let stated = Applicant::parse(&bytes);
                applicant = Some(stated.map_err(|why| Problem::BadRequest("applicant", why))?);
            }
            "applicant" => return Err(Problem::BadRequest("applicant", "one a request".into())),
            _ => {
                let known = "parts are `file`, `detached` and `applicant`";
                return Err(Problem::BadRequest("body", known.into()));
            }
        }
    }
    let file = file.ok_or_else(|| Problem::BadRequest("file", "there is no part of this name".into()))?;
    Ok(Parts { file, detached, applicant })
}
