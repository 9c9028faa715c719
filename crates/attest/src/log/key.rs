//! Keys of logs as text: `name+id+base64` to verify, `PRIVATE+KEY+name+id+base64` to sign.

use std::fmt;
use std::str::FromStr;

use base64ct::{Base64, Encoding as _};
use ed25519_dalek::{Signer as _, SigningKey, VerifyingKey};
use sha2::{Digest as _, Sha256};

use super::note::{Signature, is_name, key_name};

/// The type of Ed25519 signatures over a note's text.
const ED25519: u8 = 1;

/// Bytes of a key after its type, public or secret.
const KEY: usize = 32;

/// What the text of a secret key begins with.
const SECRET: &str = "PRIVATE+KEY+";

/// The most bytes of a key's text: names are addresses, not documents.
const MAX_TEXT: usize = 4096;

/// Why a text is no key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// It has not the parts of a key.
    #[error("key: expected `{expected}`")]
    Malformed {
        /// The form.
        expected: &'static str,
    },
    /// Its name cannot be one.
    #[error("key name `{}`: expected at least one character, and neither spaces nor `+`", name.escape_debug())]
    Name {
        /// The name.
        name: String,
    },
    /// It is of another type.
    #[error("key `{name}` has the signature type {got:#04x}, expected {ED25519:#04x} (Ed25519)")]
    Type {
        /// Its name.
        name: String,
        /// Its type.
        got: u8,
    },
    /// Its bytes are no public key, or one that anybody can sign for.
    #[error("key `{name}`: the bytes are no Ed25519 public key")]
    Bytes {
        /// Its name.
        name: String,
    },
    /// Its id is not that of its name and bytes, so that one of the three was changed.
    #[error("key `{name}`: id {got:08x} does not belong to it, expected {expected:08x}")]
    Id {
        /// Its name.
        name: String,
        /// The id of name and bytes.
        expected: u32,
        /// The id in the text.
        got: u32,
    },
}

/// A key that verifies signatures of one name.
#[derive(Clone, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    id: u32,
    key: VerifyingKey,
}

/// A key that signs in one name. It is never shown.
#[derive(Clone)]
pub struct SignerKey {
    name: String,
    id: u32,
    key: SigningKey,
}

impl VerifierKey {
    /// The key from its 32 bytes.
    pub fn new(name: &str, public: &[u8; KEY]) -> Result<Self, KeyError> {
        let name = checked(name)?;
        let key = VerifyingKey::from_bytes(public).ok().filter(|key| !key.is_weak());
        let key = key.ok_or_else(|| KeyError::Bytes { name: name.clone() })?;
        Ok(Self { id: id(&name, &key), name, key })
    }

    /// The name, best an address without its scheme, such as `example.com/models`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The first four bytes of the SHA-256 of name, type and key.
    pub const fn id(&self) -> u32 {
        self.id
    }

    /// The public key.
    pub fn as_bytes(&self) -> &[u8; KEY] {
        self.key.as_bytes()
    }

    /// Whether `signature` is this key's over `text`.
    pub(crate) fn verifies(&self, text: &[u8], signature: &[u8]) -> bool {
        let signature = ed25519_dalek::Signature::from_slice(signature);
        signature.is_ok_and(|signature| self.key.verify_strict(text, &signature).is_ok())
    }
}

impl SignerKey {
    /// The key from 32 secret random bytes.
    pub fn from_seed(name: &str, seed: [u8; KEY]) -> Result<Self, KeyError> {
        let name = checked(name)?;
        let key = SigningKey::from_bytes(&seed);
        Ok(Self { id: id(&name, &key.verifying_key()), name, key })
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The key that verifies what this one signs.
    pub fn verifier(&self) -> VerifierKey {
        VerifierKey { name: self.name.clone(), id: self.id, key: self.key.verifying_key() }
    }

    /// The secret text, for the file that it is kept in.
    pub fn to_secret(&self) -> String {
        let text = encode(&self.key.to_bytes());
        format!("{SECRET}{}+{text}", key_name(&self.name, self.id))
    }

    pub(crate) fn sign(&self, text: &[u8]) -> Signature {
        Signature { name: self.name.clone(), id: self.id, bytes: self.key.sign(text).to_vec() }
    }
}

/// Writes the text that [`FromStr`] reads.
impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}+{}", key_name(&self.name, self.id), encode(self.key.as_bytes()))
    }
}

impl fmt::Debug for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Debug for SignerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignerKey").field("name", &self.name).field("id", &self.id).finish_non_exhaustive()
    }
}

impl FromStr for VerifierKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, id, public) = split(text, "name+8 hexadecimal digits+base64")?;
        let key = Self::new(name, &public)?;
        check_id(name, key.id, id).map(|()| key)
    }
}

impl FromStr for SignerKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let expected = "PRIVATE+KEY+name+8 hexadecimal digits+base64";
        let rest = text.strip_prefix(SECRET).ok_or(KeyError::Malformed { expected })?;
        let (name, id, seed) = split(rest, expected)?;
        let key = Self::from_seed(name, seed)?;
        check_id(name, key.id, id).map(|()| key)
    }
}

/// Name, id and the bytes after the type.
fn split<'a>(text: &'a str, expected: &'static str) -> Result<(&'a str, u32, [u8; KEY]), KeyError> {
    let malformed = KeyError::Malformed { expected };
    if text.len() > MAX_TEXT {
        return Err(malformed);
    }
    // Base 64 has a plus sign of its own: only the first two divide.
    let mut parts = text.splitn(3, '+');
    let (Some(name), Some(id), Some(digits)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(malformed);
    };
    let hexadecimal = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    if id.len() != 8 || !id.bytes().all(hexadecimal) {
        return Err(malformed);
    }
    let id = u32::from_str_radix(id, 16).map_err(|_| malformed.clone())?;
    let mut decoded = [0; 1 + KEY];
    // A key of another type may be longer, and then its type is what is wrong with it.
    let decoded = match Base64::decode(digits, &mut decoded) {
        Ok(decoded) => decoded.to_vec(),
        Err(_) => Base64::decode_vec(digits).map_err(|_| malformed.clone())?,
    };
    let (kind, key) = decoded.split_first().ok_or_else(|| malformed.clone())?;
    if *kind != ED25519 {
        return Err(KeyError::Type { name: checked(name)?, got: *kind });
    }
    Ok((name, id, key.try_into().map_err(|_| malformed)?))
}

fn checked(name: &str) -> Result<String, KeyError> {
    if is_name(name) { Ok(name.to_owned()) } else { Err(KeyError::Name { name: name.to_owned() }) }
}

fn check_id(name: &str, expected: u32, got: u32) -> Result<(), KeyError> {
    if expected == got { Ok(()) } else { Err(KeyError::Id { name: name.to_owned(), expected, got }) }
}

fn id(name: &str, key: &VerifyingKey) -> u32 {
    let mut hasher = Sha256::new();
    hasher.update(name);
    hasher.update([b'\n', ED25519]);
    hasher.update(key.as_bytes());
    let [first, second, third, fourth, ..] = <[u8; 32]>::from(hasher.finalize());
    u32::from_be_bytes([first, second, third, fourth])
}

/// The type and the key in base 64.
fn encode(key: &[u8; KEY]) -> String {
    Base64::encode_string(&[&[ED25519], &key[..]].concat())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::note::Note;

    /// The key pair and the note that Go's sumdb/note tests itself with.
    const PUBLIC: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    const SECRET_TEXT: &str =
        "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
    const TEXT: &str = "If you think cryptography is the answer to your problem,\n\
        then you don't know what your problem is.\n";
    const SIGNED: &str = "\u{2014} PeterNeumann \
        x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

    #[test]
    fn keys_and_signatures_are_those_of_go() {
        let signer: SignerKey = SECRET_TEXT.parse().unwrap();
        let verifier: VerifierKey = PUBLIC.parse().unwrap();
        assert_eq!(signer.verifier(), verifier);
        assert_eq!((signer.name(), verifier.id()), ("PeterNeumann", 0xc74f_20a3));
        assert_eq!(verifier.to_string(), PUBLIC);
        assert_eq!(signer.to_secret(), SECRET_TEXT);
        let note = Note::sign(TEXT.to_owned(), &signer).unwrap();
        assert_eq!(note.to_string(), format!("{TEXT}\n{SIGNED}"));
        assert!(note.verify(&[verifier]).is_ok());
    }

    #[test]
    fn a_public_key_of_a_running_log_is_read() {
        let text = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8";
        assert_eq!(text.parse::<VerifierKey>().unwrap().to_string(), text);
    }

    #[test]
    fn a_secret_is_not_shown() {
        let signer: SignerKey = SECRET_TEXT.parse().unwrap();
        let shown = format!("{signer:?}");
        assert!(
            shown.contains("PeterNeumann") && !shown.contains("AYEK") && !shown.contains("129, 10"),
            "{shown}"
        );
    }

    #[test]
    fn what_is_no_key_is_refused() {
        let refused = |text: &str| text.parse::<VerifierKey>().unwrap_err();
        let malformed = KeyError::Malformed { expected: "name+8 hexadecimal digits+base64" };
        for text in [
            "",
            "name",
            "name+c74f20a3",
            "name+c74f20a3+",
            "name+C74F20A3+AA==",
            "name+74f20a3+AA==",
            "name+c74f20a3+not base64",
            "name+c74f20a3+AQ==",
            &PUBLIC[..PUBLIC.len() - 4],
            &format!("{PUBLIC}AAAA"),
            &"a".repeat(MAX_TEXT + 1),
        ] {
            assert_eq!(refused(text), malformed, "{text}");
        }
        let id = KeyError::Id { name: "PeterNeumann".to_owned(), expected: 0xc74f_20a3, got: 0xc74f_20a4 };
        assert_eq!(refused(&PUBLIC.replace("0a3", "0a4")), id);
        let kind = KeyError::Type { name: "PeterNeumann".to_owned(), got: 2 };
        assert_eq!(refused(&PUBLIC.replace("ARpc", "Ahpc")), kind);
        assert!(matches!(refused(&PUBLIC.replace("PeterN", "Peter N")), KeyError::Name { .. }));
        // The point of order one, which every message has a signature for.
        let weak = VerifierKey::new("a", &std::array::from_fn(|place| u8::from(place == 0)));
        assert_eq!(weak, Err(KeyError::Bytes { name: "a".to_owned() }));
        assert!(SECRET_TEXT.replace("0a3", "0a4").parse::<SignerKey>().is_err());
        assert!(PUBLIC.parse::<SignerKey>().is_err());
    }
}
