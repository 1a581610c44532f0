//! A trust domain's configuration: where its list of lists is, and the pins that announce its signers.
