//! What a contract says of data that is somebody's: what a scan found in it, and where its values lie.

use std::collections::BTreeMap;

use reproof_digest::{Digest, blob};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::ContractFile;
use crate::canonical::{self, CanonicalError};

/// What kind of data a user's case holds, the most delicate last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum DataClass {
    /// Numbers alone, which a scan cannot read: pictures, sound and tables may still be somebody's.
    Numbers,
    /// Texts in which the scan found nothing.
    Text,
    /// Texts that name or reach a person.
    Personal,
    /// Texts that open something: keys, tokens, passwords.
    Secret,
}

/// What a scan found in the values of a user's case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DataRecord {
    /// The most delicate kind.
    pub class: DataClass,
    /// What was found, such as `e-mail address`; never the values.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub found: Vec<String>,
}

/// A suite whose values lie outside the artifact, with whoever may see them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PrivateSuite {
    /// The name of the folder that holds them: the digest over `files`.
    pub id: Digest,
    /// Every file of inputs and goldens, by POSIX path below that folder.
    pub files: BTreeMap<String, ContractFile>,
}

impl PrivateSuite {
    /// The suite of these files.
    pub fn new(files: BTreeMap<String, ContractFile>) -> Result<Self, CanonicalError> {
        Ok(Self { id: Self::identity(&files)?, files })
    }

    /// The digest that names a folder of these files.
    pub fn identity(files: &BTreeMap<String, ContractFile>) -> Result<Digest, CanonicalError> {
        Ok(blob(&canonical::bytes(files)?))
    }
}
