//! Signed receipts: what a verdict rests on, so that anybody can check later that it was given, and give it again.
//!
//! A receipt is a JWS in compact form (RFC 7515, 7.1) over a [`Statement`]. It stands beside the verdict as its last
//! member, `receipt`; the verdict's digest is over its text without the members `file` and `receipt`.

mod jwk;
mod jws;
mod keys;
mod read;
mod statement;
#[cfg(feature = "pkcs11")]
mod token;

pub use jwk::{Jwks, thumbprint};
pub use keys::{KeyFile, Pin, Signer, SigningKey};
pub use read::{Opened, Unread, first_difference};
pub use statement::{Blob, Given, Looked, Named, SOFTWARE, Statement, Trusted};
#[cfg(feature = "pkcs11")]
pub use token::{TokenFault, TokenKey, TokenPlace};
