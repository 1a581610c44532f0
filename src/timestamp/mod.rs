//! RFC 3161 tokens → proofs of existence.
