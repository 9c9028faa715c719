//! Keys that sign and keys that verify.
//!
//! Three algorithms: ECDSA over P-256 and P-384, which OpenSSF Model Signing knows, and Ed25519, which is smaller and
//! faster and which only our own statements use. Signing is deterministic (RFC 6979, RFC 8032): it needs no randomness,
//! and the same key and message always give the same signature.

mod error;
mod pem;
mod private;
mod public;
mod recover;

use std::fmt;

use pkcs8::ObjectIdentifier;

pub use error::KeyError;
pub use private::PrivateKey;
pub use public::PublicKey;

/// `id-ecPublicKey` (RFC 5480): a key on a curve that its parameters name.
const ELLIPTIC_CURVE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
/// `secp256r1` (RFC 5480).
const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
/// `secp384r1` (RFC 5480).
const P384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.132.0.34");
/// `id-Ed25519` (RFC 8410).
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");

/// How a key signs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Algorithm {
    /// ECDSA over P-256 with SHA-256; signatures are ASN.1 DER.
    P256,
    /// ECDSA over P-384 with SHA-384; signatures are ASN.1 DER.
    P384,
    /// Ed25519; signatures are 64 bytes.
    Ed25519,
}

impl Algorithm {
    /// The name for people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::P256 => "ECDSA P-256",
            Self::P384 => "ECDSA P-384",
            Self::Ed25519 => "Ed25519",
        }
    }

    /// What two object identifiers stand for: that of the algorithm and, for curves, that of its parameters.
    fn of(
        what: &'static str,
        algorithm: ObjectIdentifier,
        curve: Option<ObjectIdentifier>,
    ) -> Result<Self, KeyError> {
        match (algorithm, curve) {
            (ELLIPTIC_CURVE, Some(P256)) => Ok(Self::P256),
            (ELLIPTIC_CURVE, Some(P384)) => Ok(Self::P384),
            (ED25519, None) => Ok(Self::Ed25519),
            (algorithm, curve) => {
                Err(KeyError::Algorithm { what, identifier: curve.unwrap_or(algorithm).to_string() })
            }
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests;
