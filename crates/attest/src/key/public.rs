//! Keys that verify.

use std::fmt;

use ed25519_dalek::Verifier as _;
use pkcs8::spki::{DecodePublicKey as _, EncodePublicKey as _, SubjectPublicKeyInfoRef};
use pkcs8::{LineEnding, ObjectIdentifier};

use super::pem::{block, wrong_label};
use super::{Algorithm, KeyError};
use crate::Sha256;

/// What errors call it.
const WHAT: &str = "public key";

/// A public key.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey(pub(super) Inner);

#[derive(Clone, PartialEq, Eq)]
pub(super) enum Inner {
    P256(p256::ecdsa::VerifyingKey),
    P384(p384::ecdsa::VerifyingKey),
    Ed25519(ed25519_dalek::VerifyingKey),
}

impl PublicKey {
    /// Reads PEM: SubjectPublicKeyInfo (`PUBLIC KEY`), as `openssl pkey -pubout` writes it.
    pub fn from_pem(text: &str) -> Result<Self, KeyError> {
        let (label, bytes) = block(WHAT, text)?;
        if label != "PUBLIC KEY" {
            return Err(wrong_label(WHAT, "`PUBLIC KEY`", label));
        }
        let invalid = |algorithm| KeyError::Invalid { what: WHAT, algorithm };
        let info = SubjectPublicKeyInfoRef::try_from(bytes.as_slice())
            .map_err(|_| invalid("SubjectPublicKeyInfo"))?;
        let curve = info.algorithm.parameters.and_then(|curve| curve.decode_as::<ObjectIdentifier>().ok());
        let algorithm = Algorithm::of(WHAT, info.algorithm.oid, curve)?;
        let invalid = |_| invalid(algorithm.name());
        Ok(Self(match algorithm {
            Algorithm::P256 => {
                let key = p256::PublicKey::from_public_key_der(&bytes).map_err(invalid)?;
                Inner::P256(key.into())
            }
            Algorithm::P384 => {
                let key = p384::PublicKey::from_public_key_der(&bytes).map_err(invalid)?;
                Inner::P384(key.into())
            }
            Algorithm::Ed25519 => {
                Inner::Ed25519(ed25519_dalek::VerifyingKey::from_public_key_der(&bytes).map_err(invalid)?)
            }
        }))
    }

    /// How it verifies.
    pub fn algorithm(&self) -> Algorithm {
        match &self.0 {
            Inner::P256(_) => Algorithm::P256,
            Inner::P384(_) => Algorithm::P384,
            Inner::Ed25519(_) => Algorithm::Ed25519,
        }
    }

    /// Whether `signature` is one of `message` by the private key of this one.
    ///
    /// ECDSA signatures are ASN.1 DER; both of their forms (`s` and `n - s`) hold, so that the bytes of a signature
    /// identify nothing. Ed25519 is checked strictly: no key or signature of small order.
    #[must_use]
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> bool {
        match &self.0 {
            Inner::P256(key) => p256::ecdsa::Signature::from_der(signature)
                .is_ok_and(|signature| key.verify(message, &signature).is_ok()),
            Inner::P384(key) => p384::ecdsa::Signature::from_der(signature)
                .is_ok_and(|signature| key.verify(message, &signature).is_ok()),
            Inner::Ed25519(key) => ed25519_dalek::Signature::from_slice(signature)
                .is_ok_and(|signature| key.verify_strict(message, &signature).is_ok()),
        }
    }

    /// The key as SubjectPublicKeyInfo in PEM: lines of 64 characters, a line feed after each.
    pub fn to_pem(&self) -> String {
        let written = match &self.0 {
            Inner::P256(key) => p256::PublicKey::from(key).to_public_key_pem(LineEnding::LF),
            Inner::P384(key) => p384::PublicKey::from(key).to_public_key_pem(LineEnding::LF),
            Inner::Ed25519(key) => key.to_public_key_pem(LineEnding::LF),
        };
        written.expect("a key of a known algorithm has a SubjectPublicKeyInfo")
    }

    /// How a bundle names the key: the SHA-256 of [`Self::to_pem`], which is what `sha256sum` prints for a file that
    /// `openssl pkey -pubout` wrote.
    pub fn hint(&self) -> Sha256 {
        Sha256::of(self.to_pem().as_bytes())
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({}, {})", self.algorithm(), self.hint())
    }
}
