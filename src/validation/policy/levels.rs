//! What follows where a check does not hold, by place.

/// What follows where a check does not hold.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Level {
    /// The block fails.
    Fail,
    /// It is reported, and the process goes on.
    Warn,
    /// It has no effect.
    Ignore,
}

impl Level {
    /// All, as policies write them.
    pub const ALL: [(&'static str, Self); 3] =
        [("FAIL", Self::Fail), ("WARN", Self::Warn), ("IGNORE", Self::Ignore)];

    /// As policies write it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fail => "FAIL",
            Self::Warn => "WARN",
            Self::Ignore => "IGNORE",
        }
    }
}

/// What is being validated.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Scope {
    /// A signature.
    Signature,
    /// A counter-signature.
    CounterSignature,
    /// A time-stamp.
    Timestamp,
    /// A CRL or OCSP response.
    Revocation,
}

/// Which certificate of a chain.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Position {
    /// The signing certificate.
    Signer,
    /// One above it.
    Authority,
}

/// Where a check applies.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Place {
    /// What is being validated.
    pub scope: Scope,
    /// Which certificate of its chain.
    pub position: Position,
}

impl Place {
    /// The signature itself.
    pub const SIGNATURE: Self = Self::signer(Scope::Signature);

    /// The signing certificate in a scope.
    #[must_use]
    pub const fn signer(scope: Scope) -> Self {
        Self { scope, position: Position::Signer }
    }

    /// The certificate at a position of a chain, 0 being the signer's.
    #[must_use]
    pub fn at(scope: Scope, index: usize) -> Self {
        Self { scope, position: if index == 0 { Position::Signer } else { Position::Authority } }
    }
}

/// The levels of one check: by scope, then by position.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Levels([[Level; 2]; 4]);

impl Scope {
    /// All, as policies write them.
    pub const ALL: [(&'static str, Self); 4] = [
        ("signature", Self::Signature),
        ("counter-signature", Self::CounterSignature),
        ("timestamp", Self::Timestamp),
        ("revocation", Self::Revocation),
    ];
}

impl Position {
    /// All, as policies write them.
    pub const ALL: [(&'static str, Self); 2] = [("signer", Self::Signer), ("authority", Self::Authority)];
}

impl Levels {
    /// The same level everywhere.
    #[must_use]
    pub const fn everywhere(level: Level) -> Self {
        Self([[level; 2]; 4])
    }

    /// The level in a place.
    #[must_use]
    pub fn at(&self, place: Place) -> Level {
        let [signature, counter_signature, timestamp, revocation] = self.0;
        let [signer, authority] = match place.scope {
            Scope::Signature => signature,
            Scope::CounterSignature => counter_signature,
            Scope::Timestamp => timestamp,
            Scope::Revocation => revocation,
        };
        match place.position {
            Position::Signer => signer,
            Position::Authority => authority,
        }
    }

    /// The same with another level on a scope's chain, on certificates in a position, or where both hold; `None` is
    /// any.
    #[must_use]
    pub fn with(mut self, scope: Option<Scope>, position: Option<Position>, level: Level) -> Self {
        for (row, (_, of_row)) in self.0.iter_mut().zip(Scope::ALL) {
            for (cell, (_, of_cell)) in row.iter_mut().zip(Position::ALL) {
                if scope.is_none_or(|scope| scope == of_row)
                    && position.is_none_or(|position| position == of_cell)
                {
                    *cell = level;
                }
            }
        }
        self
    }
}
