//! Path building and RFC 5280 rules.
