//! Keys that sign.

use std::fmt;

use ed25519_dalek::Signer as _;
use pkcs8::{DecodePrivateKey as _, EncodePrivateKey as _, LineEnding, ObjectIdentifier, PrivateKeyInfoRef};
use sha2::Digest as _;
use zeroize::Zeroizing;

use super::pem::{block, wrong_label};
use super::{Algorithm, ELLIPTIC_CURVE, KeyError, PublicKey, public};

/// What errors call it.
const WHAT: &str = "private key";

/// A private key. Its bytes are overwritten when it is dropped, and nothing prints them.
pub struct PrivateKey(Inner);

enum Inner {
    P256(p256::ecdsa::SigningKey),
    P384(p384::ecdsa::SigningKey),
    Ed25519(Box<ed25519_dalek::SigningKey>),
}

impl PrivateKey {
    /// Reads PEM: PKCS#8 (`PRIVATE KEY`) of all algorithms, SEC1 (`EC PRIVATE KEY`) of the curves.
    pub fn from_pem(text: &str) -> Result<Self, KeyError> {
        let (label, bytes) = block(WHAT, text)?;
        match label {
            "PRIVATE KEY" => Self::from_pkcs8(&bytes),
            "EC PRIVATE KEY" => Self::from_sec1(&bytes),
            "ENCRYPTED PRIVATE KEY" => Err(KeyError::Encrypted),
            other => Err(wrong_label(WHAT, "`PRIVATE KEY` or `EC PRIVATE KEY`", other)),
        }
    }

    fn from_pkcs8(bytes: &[u8]) -> Result<Self, KeyError> {
        let invalid = |algorithm| KeyError::Invalid { what: WHAT, algorithm };
        let info = PrivateKeyInfoRef::try_from(bytes).map_err(|_| invalid("PKCS#8"))?;
        let curve = info.algorithm.parameters.and_then(|curve| curve.decode_as::<ObjectIdentifier>().ok());
        let algorithm = Algorithm::of(WHAT, info.algorithm.oid, curve)?;
        let invalid = |_| invalid(algorithm.name());
        Ok(Self(match algorithm {
            Algorithm::P256 => {
                Inner::P256(p256::SecretKey::from_pkcs8_der(bytes).map(Into::into).map_err(invalid)?)
            }
            Algorithm::P384 => {
                Inner::P384(p384::SecretKey::from_pkcs8_der(bytes).map(Into::into).map_err(invalid)?)
            }
            Algorithm::Ed25519 => {
                Inner::Ed25519(Box::new(ed25519_dalek::SigningKey::from_pkcs8_der(bytes).map_err(invalid)?))
            }
        }))
    }

    fn from_sec1(bytes: &[u8]) -> Result<Self, KeyError> {
        let invalid = |algorithm| KeyError::Invalid { what: WHAT, algorithm };
        let key = sec1::EcPrivateKey::try_from(bytes).map_err(|_| invalid("SEC1"))?;
        let curve = key.parameters.and_then(sec1::EcParameters::named_curve);
        // The parameters may be left out; then the length of the secret tells.
        let curve = curve.or(match key.private_key.len() {
            32 => Some(super::P256),
            48 => Some(super::P384),
            _ => None,
        });
        match Algorithm::of(WHAT, ELLIPTIC_CURVE, curve)? {
            Algorithm::P256 => p256::SecretKey::from_sec1_der(bytes).map(|key| Self(Inner::P256(key.into()))),
            _ => p384::SecretKey::from_sec1_der(bytes).map(|key| Self(Inner::P384(key.into()))),
        }
        .map_err(|_| invalid("elliptic curve"))
    }

    /// A P-256 key from 32 bytes that nobody else knows.
    ///
    /// The bytes are the secret itself where they are a number from 1 to the order of the curve. About one choice
    /// in 2^32 is not; then their SHA-256 takes their place.
    pub fn generate_p256(randomness: [u8; 32]) -> Self {
        let mut candidate = Zeroizing::new(randomness);
        loop {
            if let Ok(secret) = p256::SecretKey::from_slice(candidate.as_slice()) {
                return Self(Inner::P256(secret.into()));
            }
            candidate = Zeroizing::new(sha2::Sha256::digest(candidate.as_slice()).into());
        }
    }

    /// An Ed25519 key from 32 bytes that nobody else knows.
    pub fn generate_ed25519(randomness: [u8; 32]) -> Self {
        let randomness = Zeroizing::new(randomness);
        Self(Inner::Ed25519(Box::new(ed25519_dalek::SigningKey::from_bytes(&randomness))))
    }

    /// How it signs.
    pub fn algorithm(&self) -> Algorithm {
        match &self.0 {
            Inner::P256(_) => Algorithm::P256,
            Inner::P384(_) => Algorithm::P384,
            Inner::Ed25519(_) => Algorithm::Ed25519,
        }
    }

    /// The key that verifies what this one signs.
    pub fn public_key(&self) -> PublicKey {
        match &self.0 {
            Inner::P256(key) => PublicKey(public::Inner::P256(*key.verifying_key())),
            Inner::P384(key) => PublicKey(public::Inner::P384(*key.verifying_key())),
            Inner::Ed25519(key) => PublicKey(public::Inner::Ed25519(key.verifying_key())),
        }
    }

    /// The signature of `message`: ASN.1 DER for the curves, 64 bytes for Ed25519.
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        match &self.0 {
            Inner::P256(key) => {
                let signature: p256::ecdsa::Signature = key.sign(message);
                signature.to_der().as_bytes().to_vec()
            }
            Inner::P384(key) => {
                let signature: p384::ecdsa::Signature = key.sign(message);
                signature.to_der().as_bytes().to_vec()
            }
            Inner::Ed25519(key) => key.sign(message).to_bytes().to_vec(),
        }
    }

    /// The key as PKCS#8 PEM, for the file that only its owner may read.
    pub fn to_pem(&self) -> Zeroizing<String> {
        let written = match &self.0 {
            Inner::P256(key) => p256::SecretKey::from(key).to_pkcs8_pem(LineEnding::LF),
            Inner::P384(key) => p384::SecretKey::from(key).to_pkcs8_pem(LineEnding::LF),
            Inner::Ed25519(key) => key.to_pkcs8_pem(LineEnding::LF),
        };
        written.expect("a key of a known algorithm has a PKCS#8 form")
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PrivateKey({}, secret)", self.algorithm())
    }
}
