//! (jades)
