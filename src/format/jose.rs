//! JWS in its three serialisations (RFC 7515, 3 and 7).

/// A JSON Web Signature.
#[derive(Debug)]
pub struct Jws<'a> {
    _todo: &'a (),
}
