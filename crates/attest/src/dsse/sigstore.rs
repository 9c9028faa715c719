//! The Sigstore bundle v0.3 around an envelope.

use base64ct::{Base64, Encoding as _};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::json;

use super::{BUNDLE_LIMIT, Envelope, PAYLOAD_LIMIT, SIGNATURE_LIMIT, Signature};
use crate::bounded::{Count, list};
use crate::key::PrivateKey;

/// The only media type that is written and read: the peer refuses all others, older spellings of it too.
const MEDIA_TYPE: &str = "application/vnd.dev.sigstore.bundle.v0.3+json";

/// Bytes of a signature, at most: an RSA key of 8192 bits would need 1024.
const SIGNATURE_BYTES: usize = 1024;

/// Bytes of a payload's type, a key's hint and a key's id, at most.
const TEXT_LIMIT: usize = 1024;

/// An envelope with a word about who signed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bundle {
    /// Who is said to have signed.
    pub signer: Signer,
    /// What was signed.
    pub envelope: Envelope,
    /// Entries of a transparency log that came with it. They are not checked here, and prove nothing.
    pub unchecked_log_entries: usize,
}

/// Who is said to have signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Signer {
    /// The holder of the key with this [hint](crate::key::PublicKey::hint).
    Key(String),
    /// The holder of a key that is not named: bundles of signers before version 1.1 of `model-signing`.
    UnnamedKey,
    /// The subject of a certificate, which is not verified here.
    Certificate,
}

/// Why bytes are not a bundle.
#[derive(Debug, thiserror::Error)]
pub enum BundleError {
    /// It is longer than any that is read.
    #[error("bundle has {got} bytes: expected at most {limit}")]
    TooLong {
        /// The most that is read.
        limit: usize,
        /// What there is.
        got: usize,
    },
    /// It is not JSON of this form.
    #[error("bundle is not a Sigstore bundle in JSON")]
    Json(#[source] serde_json::Error),
    /// It has another version.
    #[error("bundle has media type `{got}`: expected `{MEDIA_TYPE}`")]
    MediaType {
        /// The one that it names, its first 100 characters.
        got: String,
    },
    /// A part that must be there is not, or is there twice.
    #[error(
        "bundle names its signer {got}: expected exactly one of publicKey, certificate and x509CertificateChain"
    )]
    Material {
        /// How often it does.
        got: &'static str,
    },
    /// A field is not base64 of the standard alphabet with padding.
    #[error("{field} of the bundle is not base64 of the standard alphabet with padding")]
    Base64 {
        /// Which.
        field: &'static str,
    },
    /// A field is longer than any that is read.
    #[error("{field} of the bundle has {got} bytes: expected at most {limit}")]
    Field {
        /// Which.
        field: &'static str,
        /// The most that is read.
        limit: usize,
        /// What there is.
        got: usize,
    },
    /// Nobody signed.
    #[error("bundle has no signature: expected at least one")]
    Unsigned,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct BundleText {
    media_type: String,
    verification_material: MaterialText,
    dsse_envelope: EnvelopeText,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct MaterialText {
    public_key: Option<PublicKeyText>,
    certificate: Option<IgnoredAny>,
    x509_certificate_chain: Option<IgnoredAny>,
    #[serde(default)]
    tlog_entries: Count,
    #[expect(dead_code, reason = "allowed, and without meaning for keys")]
    timestamp_verification_data: Option<IgnoredAny>,
}

/// Signers before version 1.1 of `model-signing` wrote the key itself (`rawBytes`, `keyDetails`) in place of a hint. A key
/// that comes with the signature proves nothing, so that it is not read.
#[derive(Deserialize)]
struct PublicKeyText {
    hint: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct EnvelopeText {
    payload: String,
    payload_type: String,
    #[serde(deserialize_with = "list::<_, _, SIGNATURE_LIMIT>")]
    signatures: Vec<SignatureText>,
}

#[derive(Deserialize)]
struct SignatureText {
    sig: String,
    keyid: Option<String>,
}

impl Bundle {
    /// Signs `payload` as `payload_type` and names the key.
    pub fn sign(payload_type: &str, payload: Vec<u8>, key: &PrivateKey) -> Result<Self, BundleError> {
        limited("payload", PAYLOAD_LIMIT, payload.len())?;
        Ok(Self {
            signer: Signer::Key(key.public_key().hint().to_string()),
            envelope: Envelope::sign(payload_type, payload, key),
            unchecked_log_entries: 0,
        })
    }

    /// Reads a bundle. Nothing of it is true before [`Self::verify`] says so.
    pub fn parse(bytes: &[u8]) -> Result<Self, BundleError> {
        if bytes.len() > BUNDLE_LIMIT {
            return Err(BundleError::TooLong { limit: BUNDLE_LIMIT, got: bytes.len() });
        }
        let text: BundleText = serde_json::from_slice(bytes).map_err(BundleError::Json)?;
        if text.media_type != MEDIA_TYPE {
            return Err(BundleError::MediaType { got: text.media_type.chars().take(100).collect() });
        }
        let material = text.verification_material;
        let certificates = usize::from(material.certificate.is_some())
            + usize::from(material.x509_certificate_chain.is_some());
        let signer = match (material.public_key, certificates) {
            (Some(PublicKeyText { hint }), 0) => {
                // The peer takes an empty hint for none.
                match hint.filter(|hint| !hint.is_empty()) {
                    Some(hint) => {
                        limited("key hint", TEXT_LIMIT, hint.len())?;
                        Signer::Key(hint)
                    }
                    None => Signer::UnnamedKey,
                }
            }
            (None, 1) => Signer::Certificate,
            (None, 0) => return Err(BundleError::Material { got: "nowhere" }),
            _ => return Err(BundleError::Material { got: "more than once" }),
        };
        Ok(Self {
            signer,
            envelope: envelope(text.dsse_envelope)?,
            unchecked_log_entries: material.tlog_entries.0,
        })
    }

    /// The bundle as compact JSON, one line without its end. It names a key, or none: entries of logs and
    /// certificates are not written.
    pub fn to_json(&self) -> Vec<u8> {
        let public_key = match &self.signer {
            Signer::Key(hint) => json!({ "hint": hint }),
            Signer::UnnamedKey | Signer::Certificate => json!({}),
        };
        let signatures = self.envelope.signatures.iter().map(|signature| {
            // An empty key id, where there is none: what signers of the peer write.
            let keyid = signature.keyid.as_deref().unwrap_or_default();
            json!({ "sig": Base64::encode_string(&signature.bytes), "keyid": keyid })
        });
        let text = json!({
            "mediaType": MEDIA_TYPE,
            "verificationMaterial": { "publicKey": public_key, "tlogEntries": [] },
            "dsseEnvelope": {
                "payload": Base64::encode_string(&self.envelope.payload),
                "payloadType": self.envelope.payload_type,
                "signatures": signatures.collect::<Vec<_>>(),
            },
        });
        text.to_string().into_bytes()
    }
}
fn envelope(text: EnvelopeText) -> Result<Envelope, BundleError> {
    limited("payload type", TEXT_LIMIT, text.payload_type.len())?;
    let payload = decoded("payload", PAYLOAD_LIMIT, &text.payload)?;
    let signatures = text.signatures.into_iter().map(|signature| {
        limited("key id", TEXT_LIMIT, signature.keyid.as_ref().map_or(0, String::len))?;
        let keyid = signature.keyid.filter(|keyid| !keyid.is_empty());
        Ok(Signature { keyid, bytes: decoded("signature", SIGNATURE_BYTES, &signature.sig)? })
    });
    let signatures = signatures.collect::<Result<Vec<_>, BundleError>>()?;
    if signatures.is_empty() {
        return Err(BundleError::Unsigned);
    }
    Ok(Envelope { payload_type: text.payload_type, payload, signatures })
}

fn decoded(field: &'static str, limit: usize, text: &str) -> Result<Vec<u8>, BundleError> {
    // Before it is decoded: three bytes for each four characters, less the padding.
    let padding = text.bytes().rev().take(2).filter(|byte| *byte == b'=').count();
    limited(field, limit, (text.len() / 4 * 3).saturating_sub(padding))?;
    Base64::decode_vec(text).map_err(|_| BundleError::Base64 { field })
}

fn limited(field: &'static str, limit: usize, got: usize) -> Result<(), BundleError> {
    if got > limit { Err(BundleError::Field { field, limit, got }) } else { Ok(()) }
}
