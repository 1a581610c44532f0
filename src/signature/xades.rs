//! (xades)
