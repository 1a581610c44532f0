//! (xmldsig)
