//! Whether a bundle was signed with a key.

use super::{Bundle, Signer, pae};
use crate::key::PublicKey;

/// Why a bundle does not show that the holder of a key signed its payload.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum VerifyError {
    /// It names another key.
    #[error(
        "bundle names the key {got}: expected {expected}, the SHA-256 of the public key's PEM; is this the right key?"
    )]
    OtherKey {
        /// The hint of the key given.
        expected: String,
        /// The hint of the bundle.
        got: String,
    },
    /// It names no key but a certificate.
    #[error(
        "bundle was signed for a certificate: expected a public key; verify it with a tool that checks certificates, such as `model_signing verify certificate` or `verify sigstore`"
    )]
    Certificate,
    /// The signature does not belong to this payload, type and key.
    #[error("signature does not hold: the payload or its type was changed, or another key signed")]
    Signature,
}

impl Bundle {
    /// The payload, where the first signature over it and its type was made with the private key of `key`.
    ///
    /// Further signatures are passed over, as stock verifiers do: a bundle names one signer.
    pub fn verify(&self, key: &PublicKey) -> Result<&[u8], VerifyError> {
        match &self.signer {
            Signer::Certificate => return Err(VerifyError::Certificate),
            Signer::Key(got) => {
                let expected = key.hint().to_string();
                if *got != expected {
                    return Err(VerifyError::OtherKey { expected, got: got.clone() });
                }
            }
            Signer::UnnamedKey => {}
        }
        let envelope = &self.envelope;
        let signed = pae(&envelope.payload_type, &envelope.payload);
        let holds = envelope.signatures.first().is_some_and(|first| key.verify(&signed, &first.bytes));
        if holds { Ok(&envelope.payload) } else { Err(VerifyError::Signature) }
    }

    /// The key of this hint, where it made the first signature. Who has only the bundle can so check what the holder of that
    /// key said: a signature of ECDSA gives away the few keys that it can be by, and the hint, a digest, says which. Nothing
    /// for any other key, and for Ed25519.
    pub fn key_of(&self, hint: &str) -> Option<PublicKey> {
        let envelope = &self.envelope;
        let signed = pae(&envelope.payload_type, &envelope.payload);
        let keys = PublicKey::candidates(&signed, &envelope.signatures.first()?.bytes);
        keys.into_iter().find(|key| key.hint().to_string() == hint && self.verify(key).is_ok())
    }
}
