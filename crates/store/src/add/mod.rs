//! Storing an artifact: what is new is encoded and packed, the manifest is written last.

mod base;
mod encode;
mod plan;
mod write;

use std::collections::{HashMap, HashSet};

use reproof_digest::{Digest, ReadAt, blob};
use reproof_progress::{Progress, Unit};

use crate::manifest::manifest_key;
use crate::{Manifest, Store, StoreError, condemned};

/// How often a push begins anew because a collection marked what it relied on.
const ATTEMPTS: usize = 3;

/// An artifact to be stored, opened and hashed.
#[derive(Debug)]
pub struct Source<'a> {
    /// Its artifact digest.
    pub artifact: Digest,
    /// Its last path component.
    pub name: String,
    /// Whether it is a folder.
    pub folder: bool,
    /// Its files.
    pub files: Vec<SourceFile<'a>>,
    /// The files of its contract.
    pub contract: Vec<SourceFile<'a>>,
    /// Its tensors, in stored order.
    pub tensors: Vec<SourceTensor>,
}

/// A file of it.
pub struct SourceFile<'a> {
    /// POSIX path; empty for an artifact of a single file.
    pub path: String,
    /// Its bytes.
    pub bytes: &'a (dyn ReadAt + Sync),
    /// What tiles it, in order.
    pub segments: Vec<SourceSegment>,
}

impl std::fmt::Debug for SourceFile<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SourceFile({:?}, {} segments)", self.path, self.segments.len())
    }
}

/// A run of bytes of a file.
#[derive(Clone, Copy, Debug)]
pub struct SourceSegment {
    /// Where it begins.
    pub offset: u64,
    /// Its bytes.
    pub length: u64,
    /// Its BLAKE3, where it was hashed: bytes that are others by now are refused.
    pub digest: Option<Digest>,
    /// Whether it is stored whole: the values of tensors, whose digest is known. Other bytes are cut into pieces.
    pub whole: bool,
}

/// A tensor of it.
#[derive(Clone, Debug)]
pub struct SourceTensor {
    /// Its name.
    pub name: String,
    /// Its part, such as `model`.
    pub part: String,
    /// Its dtype, as safetensors spells it.
    pub dtype: String,
    /// Its dims, outermost first.
    pub shape: Vec<u64>,
    /// The number of its file.
    pub file: usize,
    /// Where its values begin.
    pub offset: u64,
    /// Their bytes.
    pub length: u64,
}

/// How an artifact is stored.
#[derive(Debug, Default)]
pub struct AddOptions<'a> {
    /// Artifacts that it may be like, the likeliest first: the checkpoint before it, the model that it was tuned from.
    pub like: &'a [Manifest],
    /// A number that no other push has: a random one.
    pub session: u32,
    /// Whether decoding what was just encoded is left out; restoring finds what is wrong all the same, but too late.
    pub trusting: bool,
}

/// What storing an artifact did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Added {
    /// The manifest's digest.
    pub manifest: Digest,
    /// Bytes of all files.
    pub size: u64,
    /// Bytes of objects that were not stored yet.
    pub new: u64,
    /// Bytes that were written for them, indexes and manifest included.
    pub written: u64,
}

impl Store {
    /// Stores an artifact, or finds it stored. When it returns, everything is on disk or with the service; before the
    /// manifest is written, nothing of it can be seen. Memory: about 200 MB, whatever the artifact's size.
    pub fn add(
        &self,
        source: &Source<'_>,
        options: &AddOptions<'_>,
        progress: &dyn Progress,
    ) -> Result<Added, StoreError> {
        let mut new = 0;
        let mut written = 0;
        for _ in 0..ATTEMPTS {
            let marks = condemned::read(&self.bucket)?;
            let gone: HashSet<&str> = marks.keys().map(String::as_str).collect();
            let plan = self.with_catalog(|catalog| {
                // The usual case has no marks, and no copy of the catalog.
                if gone.is_empty() {
                    plan::make(self, catalog, source, options)
                } else {
                    plan::make(self, &catalog.without(&gone), source, options)
                }
            })?;
            let amount = plan.jobs.iter().map(|job| job.length).sum();
            progress.begin(&format!("storing {}", source.name), Some(amount), Unit::Bytes);
            written += write::write(self, source, &plan, options, progress)?;
            progress.end();
            new += amount;
            let bytes = plan.manifest.to_bytes();
            let manifest = blob(&bytes);
            if self.relies_on_marked(&plan.manifest, &marks)? {
                continue;
            }
            let length = bytes.len() as u64;
            if self.bucket.create(&manifest_key(&manifest), bytes)? {
                written += length;
            }
            if marks.contains_key(&manifest.to_hex()) {
                condemned::pardon(&self.bucket, &manifest.to_hex())?;
            }
            return Ok(Added { manifest, size: plan.manifest.size(), new, written });
        }
        Err(StoreError::Unfit {
            store: self.bucket.name().to_owned(),
            problem: format!(
                "collections removed what {ATTEMPTS} attempts to store needed; wait until `reproof gc` is done"
            ),
        })
    }

    /// Whether a manifest needs an object that lies in packs only that were marked since `before`, or are gone.
    fn relies_on_marked(
        &self,
        manifest: &Manifest,
        before: &HashMap<String, i64>,
    ) -> Result<bool, StoreError> {
        let marks = condemned::read(&self.bucket)?;
        if marks.keys().all(|name| before.contains_key(name)) {
            return Ok(false);
        }
        self.refresh();
        self.with_catalog(|catalog| {
            let gone: HashSet<&str> = marks.keys().map(String::as_str).collect();
            let left = catalog.without(&gone);
            let mut wanted: HashSet<[u8; 32]> = manifest.objects().map(|digest| *digest.as_bytes()).collect();
            Self::with_bases(catalog, &mut wanted);
            Ok(wanted.iter().any(|digest| left.find(digest).is_none()))
        })
    }
}
