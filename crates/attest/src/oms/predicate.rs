//! The JSON of a signed manifest.

use serde::{Deserialize, Serialize};

use super::FILE_LIMIT;
use crate::bounded::list;

/// The type of the predicate.
pub const PREDICATE_TYPE: &str = "https://model_signing/signature/v1.0";

/// Paths that a signature may name as ignored, at most.
const IGNORE_LIMIT: usize = 4096;

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct StatementText {
    #[serde(rename = "_type")]
    pub(super) kind: String,
    #[serde(deserialize_with = "list::<_, _, 16>")]
    pub(super) subject: Vec<SubjectText>,
    pub(super) predicate_type: String,
    pub(super) predicate: PredicateText,
}

#[derive(Serialize, Deserialize)]
pub(super) struct SubjectText {
    #[serde(default)]
    pub(super) name: String,
    pub(super) digest: RootText,
}

#[derive(Serialize, Deserialize)]
pub(super) struct RootText {
    pub(super) sha256: String,
}

#[derive(Serialize, Deserialize)]
pub(super) struct PredicateText {
    pub(super) serialization: SerializationText,
    #[serde(deserialize_with = "list::<_, _, FILE_LIMIT>")]
    pub(super) resources: Vec<ResourceText>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct SerializationText {
    pub(super) method: String,
    pub(super) hash_type: String,
    #[serde(default)]
    pub(super) allow_symlinks: bool,
    /// A whole number; the peer writes it as a float.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) shard_size: Option<f64>,
    #[serde(default, deserialize_with = "list::<_, _, IGNORE_LIMIT>")]
    pub(super) ignore_paths: Vec<String>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct ResourceText {
    pub(super) name: String,
    pub(super) algorithm: String,
    pub(super) digest: String,
}

/// What kind of statement a payload is; read before the rest, because other kinds have another form.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Head {
    #[serde(rename = "_type")]
    pub(super) kind: String,
    pub(super) predicate_type: String,
}
