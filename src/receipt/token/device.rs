//! A token: sessions with it, and signatures.

use super::super::keys::Pin;
use super::module::{Module, plain};
use super::public::public_key;
use super::{By, TokenFault, TokenPlace, lock};
use crate::clock::Stopwatch;
use crate::nearest::instead;
use crate::signature::algorithm::{Crypto, DigestAlgorithm, PublicKey, SignatureAlgorithm, Verification};
use cryptoki::context::Pkcs11;
use cryptoki::error::{Error, RvError};
use cryptoki::mechanism::eddsa::{EddsaParams, EddsaSignatureScheme};
use cryptoki::mechanism::rsa::{PkcsMgfType, PkcsPssParams};
use cryptoki::mechanism::{Mechanism, MechanismType};
use cryptoki::object::{Attribute, AttributeType, ObjectClass, ObjectHandle};
use cryptoki::session::{Session, UserType};
use cryptoki::slot::{Limit, Slot};
use cryptoki::types::AuthPin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A key's token, as long as the settings that name it hold.
pub(super) struct Device {
    module: Arc<Module>,
    /// Whether others may have sessions of the module already.
    used: bool,
    place: TokenPlace,
    pin: Pin,
    /// Why the PIN was refused. It is never tried again: a few tries more would lock the token.
    refused: Mutex<Option<TokenFault>>,
    /// What came of the last look for a token that was away, and when.
    away: Mutex<Option<(Stopwatch, TokenFault)>>,
}

/// A session of somebody logged in, and the key in it.
pub(super) struct Opened {
    session: Session,
    key: ObjectHandle,
    /// Of which start of the module.
    start: u64,
}

/// Between two looks for a token that is away.
const LOOK: Duration = Duration::from_secs(1);

impl Device {
    pub(super) fn new(place: TokenPlace, pin: Pin) -> Result<Self, TokenFault> {
        let (module, used) = Module::load(&place.module)?;
        Ok(Self { module, used, place, pin, refused: Mutex::default(), away: Mutex::default() })
    }

    /// The first session, and the public key.
    pub(super) fn begin(&self) -> Result<(Opened, PublicKey), TokenFault> {
        let begin = || {
            let opened = self.open()?;
            let _in = self.module.enter();
            match public_key(&opened.session, &self.place.key) {
                Ok(public) => Ok((opened, public)),
                Err(fault) => {
                    self.close(opened);
                    Err(fault)
                }
            }
        };
        let since = *self.module.enter();
        match begin() {
            // As one has it that saw a token go.
            Err(TokenFault::Token(_)) if self.used => {
                self.module.restart(since)?;
                begin()
            }
            told => told,
        }
    }

    /// Further sessions, so many in all, as far as the token has them.
    pub(super) fn further(&self, all: usize, first: &Opened) -> Vec<Opened> {
        let all = match self.most(first) {
            // Half of them is for who follows, when settings are read anew.
            Some(most) => all.min(most / 2),
            None => all,
        };
        (1..all).map_while(|_| self.open().ok()).collect()
    }

    fn most(&self, opened: &Opened) -> Option<usize> {
        let _in = self.module.enter();
        let slot = opened.session.get_session_info().ok()?.slot_id();
        match self.module.library.get_token_info(slot).ok()?.max_session_count() {
            Limit::Max(most) => usize::try_from(most).ok(),
            Limit::Infinite | Limit::Unavailable => None,
        }
    }

    /// Signs in the session; where that is of no use any more, in a new one.
    pub(super) fn sign(
        &self,
        session: &mut Option<Opened>,
        by: &By,
        message: &[u8],
    ) -> Result<Vec<u8>, TokenFault> {
        if let Some(opened) = session.take() {
            match self.sign_in(&opened, by, message) {
                Ok(value) => {
                    *session = Some(opened);
                    return Ok(value);
                }
                Err(why) => {
                    tracing::warn!(token = %self.place.token, %why, "a session with the token ends");
                    self.close(opened);
                }
            }
        }
        if let Some((since, why)) = &*lock(&self.away)
            && since.elapsed() < LOOK
        {
            return Err(why.clone());
        }
        let since = *self.module.enter();
        let anew = || {
            let opened = self.open()?;
            self.sign_in(&opened, by, message).map(|value| (opened, value))
        };
        let found = match anew() {
            Err(TokenFault::Token(_)) => self.module.restart(since).and_then(|()| anew()),
            told => told,
        };
        match found {
            Ok((opened, value)) => {
                tracing::info!(token = %self.place.token, "a new session with the token");
                *lock(&self.away) = None;
                *session = Some(opened);
                Ok(value)
            }
            Err(why) => {
                *lock(&self.away) = Some((Stopwatch::start(), why.clone()));
                Err(why)
            }
        }
    }

    /// Ends a session. Of a module that was started anew its number may be another's by now.
    pub(super) fn close(&self, opened: Opened) {
        let start = self.module.enter();
        if *start == opened.start {
            let _ = opened.session.close();
        }
    }

    /// Signs, and holds the signature against the public key: the token may be another of the same label.
    fn sign_in(&self, opened: &Opened, by: &By, message: &[u8]) -> Result<Vec<u8>, TokenFault> {
        let start = self.module.enter();
        if *start != opened.start {
            return Err(TokenFault::Token("the module was started anew".into()));
        }
        let (mechanism, digest) = mechanism(by.algorithm, message);
        let message_or_digest = digest.as_deref().unwrap_or(message);
        let value = opened.session.sign(&mechanism, opened.key, message_or_digest);
        let value = value.map_err(|error| match error {
            Error::Pkcs11(RvError::MechanismInvalid | RvError::MechanismParamInvalid, _) => {
                TokenFault::Key(format!("the token does not sign by {}", by.algorithm))
            }
            Error::Pkcs11(RvError::KeyFunctionNotPermitted, _) => {
                TokenFault::Key(format!("the key {:?} may not sign", self.place.key))
            }
            error => TokenFault::Token(plain(&error)),
        })?;
        let algorithm = SignatureAlgorithm::from_jws(by.algorithm);
        let right = algorithm.is_some_and(|of| {
            Crypto::default().verify(&of, &by.public, &[message], &value) == Verification::Valid
        });
        match right {
            true => Ok(value),
            false => Err(TokenFault::Key(format!("the key {:?} is not the one it was", self.place.key))),
        }
    }

    /// A session, logged in.
    fn open(&self) -> Result<Opened, TokenFault> {
        let start = self.module.enter();
        let slot = slot(&self.module.library, &self.place.token)?;
        let session = self.module.library.open_ro_session_no_drop(slot);
        let session = session.map_err(|error| TokenFault::Token(plain(&error)))?;
        match self.key(&session, slot) {
            Ok(key) => Ok(Opened { session, key, start: *start }),
            Err(fault) => {
                let _ = session.close();
                Err(fault)
            }
        }
    }

    /// Logs in and finds the key.
    fn key(&self, session: &Session, slot: Slot) -> Result<ObjectHandle, TokenFault> {
        self.log_in(session, slot)?;
        let key = only(session, ObjectClass::PRIVATE_KEY, &self.place.key)?
            .ok_or_else(|| TokenFault::Key(self.no_key(session)))?;
        let always = session.get_attributes(key, &[AttributeType::AlwaysAuthenticate]);
        if always.is_ok_and(|said| said.contains(&Attribute::AlwaysAuthenticate(true))) {
            return Err(TokenFault::Key(format!(
                "the key {:?} wants the PIN for every signature, which no service can give",
                self.place.key
            )));
        }
        Ok(key)
    }

    /// Logs in, if nobody did; then the PIN must be the one of then.
    fn log_in(&self, session: &Session, slot: Slot) -> Result<(), TokenFault> {
        // One after the other: a PIN that is refused is tried once, however many ask.
        let mut logins = lock(&self.module.logins);
        if let Some(why) = &*lock(&self.refused) {
            return Err(why.clone());
        }
        let token =
            self.module.library.get_token_info(slot).map_err(|error| TokenFault::Token(plain(&error)))?;
        if token.user_pin_locked() {
            return Err(TokenFault::Pin("the token says that its PIN is locked".into()));
        }
        if token.user_pin_final_try() {
            let why = "the token takes one wrong PIN more until it locks; this one is not tried: log in with the token's tools";
            return Err(TokenFault::Pin(why.into()));
        }
        match session.login(UserType::User, Some(&auth(&self.pin))) {
            Ok(()) => {}
            Err(Error::Pkcs11(RvError::UserAlreadyLoggedIn, _)) => {
                let before = logins.get(&self.place.token);
                if before == Some(&self.pin) {
                    return Ok(());
                }
                let _ = session.logout();
                if let Err(error) = session.login(UserType::User, Some(&auth(&self.pin))) {
                    // Whoever signs meanwhile goes on.
                    if let Some(before) = before {
                        let _ = session.login(UserType::User, Some(&auth(before)));
                    }
                    return Err(self.refuse(&error));
                }
            }
            Err(error) => return Err(self.refuse(&error)),
        }
        logins.insert(self.place.token.clone(), self.pin.clone());
        Ok(())
    }

    fn refuse(&self, error: &Error) -> TokenFault {
        let why = match error {
            Error::Pkcs11(RvError::PinIncorrect | RvError::PinInvalid | RvError::PinLenRange, _) => {
                "the token does not take the PIN; it is not tried again"
            }
            Error::Pkcs11(RvError::PinLocked, _) => "the token says that its PIN is locked",
            Error::Pkcs11(RvError::PinExpired, _) => "the token says that its PIN ran out",
            Error::Pkcs11(RvError::UserPinNotInitialized, _) => "the token has no user's PIN yet",
            error => return TokenFault::Token(format!("nobody can log in: {}", plain(error))),
        };
        let fault = TokenFault::Pin(why.into());
        *lock(&self.refused) = Some(fault.clone());
        fault
    }

    fn no_key(&self, session: &Session) -> String {
        let found = session.find_objects(&[Attribute::Class(ObjectClass::PRIVATE_KEY)]).unwrap_or_default();
        let labels: Vec<String> = found.into_iter().filter_map(|key| label(session, key)).collect();
        let hint = instead(&self.place.key, labels.iter().map(String::as_str));
        format!("no private key of the label {:?} in the token {:?}{hint}", self.place.key, self.place.token)
    }
}

fn auth(pin: &Pin) -> AuthPin {
    AuthPin::new(pin.digits().into())
}

/// How a token is asked. ECDSA is asked for over a digest: not every token digests itself.
fn mechanism(algorithm: &str, message: &[u8]) -> (Mechanism<'static>, Option<Vec<u8>>) {
    let digest = |by| Crypto::default().digest(by, &[message]).map(|digest| digest.value);
    match algorithm {
        "ES256" => (Mechanism::Ecdsa, digest(DigestAlgorithm::Sha256)),
        "ES384" => (Mechanism::Ecdsa, digest(DigestAlgorithm::Sha384)),
        "EdDSA" => (Mechanism::Eddsa(EddsaParams::new(EddsaSignatureScheme::Ed25519)), None),
        "RS256" => (Mechanism::Sha256RsaPkcs, None),
        _ => {
            let (hash_alg, mgf) = (MechanismType::SHA256, PkcsMgfType::MGF1_SHA256);
            (Mechanism::Sha256RsaPkcsPss(PkcsPssParams { hash_alg, mgf, s_len: 32.into() }), None)
        }
    }
}

/// The slot with the token of this label. A slot that tells nothing of its token has none for us.
fn slot(library: &Pkcs11, label: &str) -> Result<Slot, TokenFault> {
    let slots = library.get_slots_with_token().map_err(|error| TokenFault::Token(plain(&error)))?;
    let initialised = slots.into_iter().filter_map(|slot| {
        let token = library.get_token_info(slot).ok().filter(|token| token.token_initialized())?;
        Some((slot, token.label().trim_end().to_owned()))
    });
    let tokens: Vec<(Slot, String)> = initialised.collect();
    let mut found = tokens.iter().filter(|(_, known)| known == label);
    match (found.next(), found.next()) {
        (Some((slot, _)), None) => Ok(*slot),
        (Some(_), Some(_)) => Err(TokenFault::Token(format!("more than one token of the label {label:?}"))),
        (None, _) => {
            let hint = match tokens.is_empty() {
                true => "; the module shows none".to_owned(),
                false => instead(label, tokens.iter().map(|(_, known)| known.as_str())),
            };
            Err(TokenFault::Token(format!("no token of the label {label:?}{hint}")))
        }
    }
}

/// The only object of a class and label, if there is one.
pub(super) fn only(
    session: &Session,
    class: ObjectClass,
    label: &str,
) -> Result<Option<ObjectHandle>, TokenFault> {
    let template = [Attribute::Class(class), Attribute::Label(label.as_bytes().to_vec())];
    let found = session.find_objects(&template).map_err(|error| TokenFault::Token(plain(&error)))?;
    match found.as_slice() {
        [] => Ok(None),
        [one] => Ok(Some(*one)),
        _ => Err(TokenFault::Key(format!("{} keys or certificates of the label {label:?}", found.len()))),
    }
}

fn label(session: &Session, object: ObjectHandle) -> Option<String> {
    match session.get_attributes(object, &[AttributeType::Label]).ok()?.pop()? {
        Attribute::Label(label) => String::from_utf8(label).ok(),
        _ => None,
    }
}
