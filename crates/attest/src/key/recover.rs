//! The keys that a signature can be by.

use p256::ecdsa::RecoveryId;

use super::PublicKey;
use super::public::Inner;

impl PublicKey {
    /// The keys by which `signature` can be one of `message`: at most four on each curve, as an ECDSA signature gives away a
    /// point of which the key follows. None for Ed25519, whose signatures give nothing away.
    ///
    /// That a key is among them proves nothing: for any message and signature there are such keys. Who looks for the one of
    /// a known [hint](Self::hint), and verifies with it, knows what they would know with the key in hand.
    pub fn candidates(message: &[u8], signature: &[u8]) -> Vec<Self> {
        let places = || (0..=RecoveryId::MAX).filter_map(RecoveryId::from_byte);
        let mut found = Vec::new();
        if let Ok(signature) = p256::ecdsa::Signature::from_der(signature) {
            let keys = places().filter_map(|place| {
                p256::ecdsa::VerifyingKey::recover_from_msg(message, &signature, place).ok()
            });
            found.extend(keys.map(|key| Self(Inner::P256(key))));
        }
        if let Ok(signature) = p384::ecdsa::Signature::from_der(signature) {
            let keys = places().filter_map(|place| {
                p384::ecdsa::VerifyingKey::recover_from_msg(message, &signature, place).ok()
            });
            found.extend(keys.map(|key| Self(Inner::P384(key))));
        }
        found
    }
}
