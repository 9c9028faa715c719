//! Why the store could not do what was asked.

use std::path::PathBuf;

use reproof_codec::{DecodeError, EncodeError};
use reproof_digest::Digest;

/// Why the store could not do what was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The place where the store keeps its objects failed: a disk, a network, a permission.
    #[error("{store}: could not {act} {key}")]
    Bucket {
        /// The store, as it was named.
        store: String,
        /// What was tried, such as `read`.
        act: &'static str,
        /// The key below the store's root.
        key: String,
        /// What it said.
        #[source]
        source: Box<object_store::Error>,
    },
    /// The address is none of a store.
    #[error("`{address}` is no address of a store: {problem}")]
    Address {
        /// The refused address, without credentials.
        address: String,
        /// What is wrong with it and what would be right.
        problem: String,
    },
    /// The store does not keep the promise that history stands on.
    #[error("{store} cannot hold history: {problem}")]
    Unfit {
        /// The store, as it was named.
        store: String,
        /// What the probe saw.
        problem: String,
    },
    /// A stored file is not what its name says, or contradicts itself.
    #[error("{store}: {key} is damaged: {problem}")]
    Damaged {
        /// The store, as it was named.
        store: String,
        /// The key below the store's root.
        key: String,
        /// What was expected and what was found.
        problem: String,
    },
    /// An object that is needed lies in no pack.
    #[error("{store}: object {} is missing; `reproof fsck` lists what else is", digest.short())]
    MissingObject {
        /// The store, as it was named.
        store: String,
        /// Its digest.
        digest: Digest,
    },
    /// A manifest that is needed is not there.
    #[error("{store}: manifest {} is missing", digest.short())]
    MissingManifest {
        /// The store, as it was named.
        store: String,
        /// Its digest.
        digest: Digest,
    },
    /// Something that is needed is not there or damaged, so that nothing may be removed.
    #[error("nothing was removed, as not all that is needed is there; look with `reproof fsck`")]
    NotWhole {
        /// What was found first.
        #[source]
        source: Box<Self>,
    },
    /// A block did not decode.
    #[error("{store}: block {block} of object {} does not decode", digest.short())]
    Block {
        /// The store, as it was named.
        store: String,
        /// The object.
        digest: Digest,
        /// Which of its blocks, from zero.
        block: u32,
        /// Why.
        #[source]
        source: DecodeError,
    },
    /// A block could not be encoded, which no bytes can cause.
    #[error("could not encode a block of object {}", digest.short())]
    Encode {
        /// The object.
        digest: Digest,
        /// Why.
        #[source]
        source: EncodeError,
    },
    /// A file changed while it was stored.
    #[error(
        "{file} changed while it was stored: bytes at {offset} are no longer what was hashed; store it again"
    )]
    Changed {
        /// The file.
        file: String,
        /// Where the changed range begins.
        offset: u64,
    },
    /// A file to be stored could not be read.
    #[error("could not read {file}")]
    Source {
        /// The file.
        file: String,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// A file to be restored could not be written.
    #[error("could not write {}", path.display())]
    Destination {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// A manifest would write outside the folder that it is restored to.
    #[error("manifest names the path `{path}`, which is no plain path below the artifact")]
    Path {
        /// The refused path.
        path: String,
    },
}

impl StoreError {
    /// Whether bytes of the store are gone or not what they were.
    pub fn is_damage(&self) -> bool {
        matches!(
            self,
            Self::Damaged { .. }
                | Self::MissingObject { .. }
                | Self::MissingManifest { .. }
                | Self::NotWhole { .. }
                | Self::Block { .. }
                | Self::Path { .. }
        )
    }
}
