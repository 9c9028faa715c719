//! The digest value: a kind and 32 bytes.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What a digest identifies. The name is part of the written form and of the hashed domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// Raw bytes, hashed without a domain.
    Blob,
    /// One tensor: dtype, dims and values.
    Tensor,
    /// One file as segments that tile it.
    Layout,
    /// All files of an artifact.
    Artifact,
    /// Named tensors of the model part.
    Weights,
    /// Distinct tensors of the model part, without names.
    Values,
    /// Named tensors of another part (optimizer, scheduler, ...).
    Part,
    /// Names, dtypes, shapes, topology and attributes, without weights.
    Architecture,
    /// A contract in canonical bytes.
    Contract,
    /// A unit of work in canonical bytes.
    Unit,
    /// A described environment in canonical bytes.
    Environment,
}

impl Kind {
    /// Every kind, in the order of declaration.
    pub const ALL: [Self; 11] = [
        Self::Blob,
        Self::Tensor,
        Self::Layout,
        Self::Artifact,
        Self::Weights,
        Self::Values,
        Self::Part,
        Self::Architecture,
        Self::Contract,
        Self::Unit,
        Self::Environment,
    ];

    /// The versioned name, such as `tensor-v1`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Blob => "blob-v1",
            Self::Tensor => "tensor-v1",
            Self::Layout => "layout-v1",
            Self::Artifact => "artifact-v1",
            Self::Weights => "weights-v1",
            Self::Values => "values-v1",
            Self::Part => "part-v1",
            Self::Architecture => "architecture-v1",
            Self::Contract => "contract-v1",
            Self::Unit => "unit-v1",
            Self::Environment => "environment-v1",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A 32-byte BLAKE3 digest of a known kind, written `name-v1:hex`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Digest {
    kind: Kind,
    bytes: [u8; 32],
}

impl Digest {
    /// A digest from its parts.
    pub const fn new(kind: Kind, bytes: [u8; 32]) -> Self {
        Self { kind, bytes }
    }

    /// What it identifies.
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// The 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.bytes
    }

    /// The 64 lower-case hexadecimal digits, without the name.
    pub fn to_hex(self) -> String {
        let mut hex = String::with_capacity(64);
        for byte in self.bytes {
            for nibble in [byte >> 4, byte & 15] {
                hex.push(char::from(b"0123456789abcdef"[usize::from(nibble)]));
            }
        }
        hex
    }

    /// The name and the first 12 digits: enough for people to tell digests apart, never for comparison.
    pub fn short(&self) -> String {
        format!("{}:{}", self.kind, &self.to_hex()[..12])
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.kind, self.to_hex())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Why a text is not a digest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseDigestError {
    /// There is no colon between name and digits.
    #[error("digest `{text}` has no name: expected `name-v1:` and 64 hexadecimal digits")]
    NoName {
        /// The refused text.
        text: String,
    },
    /// The name is not one of [`Kind::ALL`].
    #[error("digest name `{name}` is not known to this version")]
    UnknownName {
        /// The refused name.
        name: String,
    },
    /// The digits are not 64 lower-case hexadecimal ones.
    #[error("digest digits `{digits}`: expected 64 lower-case hexadecimal digits, got {} characters", digits.chars().count())]
    BadDigits {
        /// The refused digits.
        digits: String,
    },
}

impl FromStr for Digest {
    type Err = ParseDigestError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, digits) =
            text.split_once(':').ok_or_else(|| ParseDigestError::NoName { text: text.to_owned() })?;
        let kind = Kind::ALL
            .into_iter()
            .find(|kind| kind.name() == name)
            .ok_or_else(|| ParseDigestError::UnknownName { name: name.to_owned() })?;
        let bytes =
            parse_hex(digits).ok_or_else(|| ParseDigestError::BadDigits { digits: digits.to_owned() })?;
        Ok(Self { kind, bytes })
    }
}

fn parse_hex(digits: &str) -> Option<[u8; 32]> {
    let nibble = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let digits: &[u8; 64] = digits.as_bytes().try_into().ok()?;
    let mut bytes = [0; 32];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = nibble(pair[0])? << 4 | nibble(pair[1])?;
    }
    Some(bytes)
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl schemars::JsonSchema for Digest {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Digest".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "pattern": "^[a-z]+-v[0-9]+:[0-9a-f]{64}$" })
    }
}
