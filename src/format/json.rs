//! A hardened JSON reader: RFC 8259, UTF-8, depth and node limits, no duplicate members, one pass, no copies of
//! strings without escapes.
