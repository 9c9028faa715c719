//! The SCAI predicate: attributes of an artifact, with evidence.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Descriptor, Predicate};

/// Software Supply Chain Attribute Integrity v0.3.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scai {
    /// What is claimed.
    pub attributes: Vec<Attribute>,
    /// Who claims it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub producer: Option<Descriptor>,
}

/// One claim.
#[expect(clippy::struct_field_names, reason = "the predicate has these members")]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attribute {
    /// A fixed word.
    pub attribute: String,
    /// The part of the subject that it is about; the whole where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<Descriptor>,
    /// Under which it holds.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub conditions: Map<String, Value>,
    /// What shows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Descriptor>,
}

impl Predicate for Scai {
    const TYPE: &'static str = "https://in-toto.io/attestation/scai/v0.3";
}
