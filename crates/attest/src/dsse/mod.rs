//! What is signed, and what carries it: the DSSE envelope in a Sigstore bundle.
//!
//! A signature covers the payload and its type ([`pae`]), as bytes. The payload is handed on as it was received, so that
//! no other reading of the same JSON can slip in between.

mod sigstore;
mod verify;

use crate::key::PrivateKey;

pub use sigstore::{Bundle, BundleError, Signer};
pub use verify::VerifyError;

/// The payload type of in-toto statements.
pub const IN_TOTO: &str = "application/vnd.in-toto+json";

/// Bytes of a payload, at most. The statement over a model of 100,000 files has 20 MB.
pub const PAYLOAD_LIMIT: usize = 64 << 20;

/// Bytes of a bundle, at most: its payload in base64 and a third of a mebibyte around it.
pub const BUNDLE_LIMIT: usize = PAYLOAD_LIMIT / 3 * 4 + (1 << 20);

/// Signatures of an envelope, at most. Only the first counts; more than one is unusual.
pub const SIGNATURE_LIMIT: usize = 16;

/// The payload, its type, and who signed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// What the payload is, such as [`IN_TOTO`].
    pub payload_type: String,
    /// What was said.
    pub payload: Vec<u8>,
    /// At least one; the first is the one that is verified.
    pub signatures: Vec<Signature>,
}

/// One signature of an envelope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// A hint for people, never trusted.
    pub keyid: Option<String>,
    /// As the algorithm of the key writes it.
    pub bytes: Vec<u8>,
}

impl Envelope {
    /// Signs `payload` as `payload_type`.
    pub fn sign(payload_type: &str, payload: Vec<u8>, key: &PrivateKey) -> Self {
        let bytes = key.sign(&pae(payload_type, &payload));
        let signatures = vec![Signature { keyid: None, bytes }];
        Self { payload_type: payload_type.to_owned(), payload, signatures }
    }
}

/// The bytes that a signature covers: DSSE's pre-authentication encoding, version 1. Both texts come with their lengths
/// in decimal, so that no two pairs share an encoding.
pub fn pae(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let head = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len());
    [head.as_bytes(), payload].concat()
}

#[cfg(test)]
mod tests;
