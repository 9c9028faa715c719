//! What a stored artifact is made of: its files as lists of objects, and its tensors by name.

use reproof_digest::{Digest, Kind, blob};
use serde::{Deserialize, Serialize};

use crate::{Bucket, StoreError};

/// The schema of manifests that this version writes.
pub const SCHEMA: &str = "reproof.manifest/v0";

/// Bytes of a manifest, at most: a million segments.
pub(crate) const MANIFEST_LIMIT: u64 = 256 << 20;

/// The folder of manifests.
pub(crate) const MANIFESTS: &str = "manifests";

/// What a stored artifact is made of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// [`SCHEMA`].
    pub schema: String,
    /// The artifact digest of `files`.
    pub artifact: Digest,
    /// Its last path component, as it was stored: the name of a single file.
    pub name: String,
    /// Whether it is a folder.
    pub folder: bool,
    /// Its files.
    pub files: Vec<StoredFile>,
    /// The files of its contract, below the contract's folder.
    pub contract: Vec<StoredFile>,
    /// Its tensors that are objects: what the next checkpoint is compared with.
    pub tensors: Vec<StoredTensor>,
}

/// A file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoredFile {
    /// POSIX path; empty for an artifact of a single file.
    pub path: String,
    /// Bytes.
    pub size: u64,
    /// What tiles it, in order.
    pub segments: Vec<StoredSegment>,
}

/// A run of bytes of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum StoredSegment {
    /// The bytes of an object.
    Object {
        /// Its digest.
        digest: Digest,
        /// Its bytes.
        length: u64,
    },
    /// A few bytes, in base64.
    Inline(#[serde(with = "inline")] Vec<u8>),
}

/// A tensor that is an object of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoredTensor {
    /// Its name.
    pub name: String,
    /// Its part, such as `model`.
    pub part: String,
    /// Its dtype, as safetensors spells it.
    pub dtype: String,
    /// Its dims, outermost first.
    pub shape: Vec<u64>,
    /// The object of its bytes.
    pub object: Digest,
}

impl StoredSegment {
    /// Bytes.
    pub fn length(&self) -> u64 {
        match self {
            Self::Object { length, .. } => *length,
            Self::Inline(bytes) => bytes.len() as u64,
        }
    }
}

impl Manifest {
    /// Every object that it needs, once for each place.
    pub fn objects(&self) -> impl Iterator<Item = &Digest> {
        let files = self.files.iter().chain(&self.contract);
        files.flat_map(|file| &file.segments).filter_map(|segment| match segment {
            StoredSegment::Object { digest, .. } => Some(digest),
            StoredSegment::Inline(_) => None,
        })
    }

    /// Bytes of all files, the contract's included.
    pub fn size(&self) -> u64 {
        self.files.iter().chain(&self.contract).map(|file| file.size).sum()
    }

    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("a manifest has only texts and numbers")
    }

    pub(crate) fn read(bucket: &Bucket, digest: &Digest) -> Result<Self, StoreError> {
        let key = manifest_key(digest);
        let missing = || StoreError::MissingManifest { store: bucket.name().to_owned(), digest: *digest };
        let bytes = bucket.get(&key, MANIFEST_LIMIT)?.ok_or_else(missing)?;
        let damaged = |problem: String| StoreError::Damaged {
            store: bucket.name().to_owned(),
            key: key.clone(),
            problem,
        };
        if blob(&bytes) != *digest {
            return Err(damaged("its bytes are not what its name says".into()));
        }
        let manifest: Self = serde_json::from_slice(&bytes).map_err(|error| damaged(error.to_string()))?;
        if manifest.schema != SCHEMA {
            return Err(damaged(format!("schema `{}`, this version reads `{SCHEMA}`", manifest.schema)));
        }
        for file in manifest.files.iter().chain(&manifest.contract) {
            let sum = file.segments.iter().try_fold(0_u64, |sum, segment| sum.checked_add(segment.length()));
            if sum != Some(file.size) {
                return Err(damaged(format!(
                    "the segments of `{}` do not make up its {} bytes",
                    file.path, file.size
                )));
            }
        }
        Ok(manifest)
    }
}

/// The key of a manifest.
pub(crate) fn manifest_key(digest: &Digest) -> String {
    let hex = digest.to_hex();
    format!("{MANIFESTS}/{}/{hex}.json", &hex[..2])
}

/// The manifest that a key names.
pub(crate) fn manifest_of_key(key: &str) -> Option<Digest> {
    let hex = key.rsplit('/').next()?.strip_suffix(".json")?;
    format!("{}:{hex}", Kind::Blob).parse().ok()
}

mod inline {
    use base64ct::{Base64, Encoding as _};
    use serde::{Deserialize as _, Deserializer, Serializer, de::Error as _};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&Base64::encode_string(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        let text = String::deserialize(deserializer)?;
        Base64::decode_vec(&text).map_err(D::Error::custom)
    }
}
