//! Certificate lists (RFC 5280, 5).
