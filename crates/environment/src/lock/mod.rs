//! What makes an environment again, and what says of which parts it is made.

mod pylock;
mod sbom;

use reproof_contract::environment::Origin;

use crate::installed::Metadata;

pub use pylock::{LockError, Locked, pylock};
pub use sbom::{Sbom, sbom};

/// An installed distribution as a lock needs it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Package {
    /// Its normalised name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Where it came from.
    pub origin: Origin,
    /// What its headers say.
    pub metadata: Metadata,
    /// SHA-256 over what it was installed with.
    pub content_sha256: Option<String>,
    /// Paths of files that are not what was installed.
    pub altered: Vec<String>,
}
