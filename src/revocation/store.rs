//! Parsed and verified revocation data, each computed once.

/// A bounded cache of parsed CRLs and OCSP responses by digest, and of their verifications by key.
#[derive(Debug)]
pub struct RevocationStore {
    _todo: (),
}
