//! Looking at everything that is stored, or at a sample of it.

use std::collections::{BTreeMap, HashSet};

use rayon::prelude::*;
use reproof_digest::{Digest, Kind};
use reproof_progress::{Progress, Unit};

use crate::catalog::Catalog;
use crate::object::all_blocks;
use crate::{Bucket, Store, StoreError};

/// What a check looks at.
#[derive(Debug, Default)]
pub struct CheckOptions<'a> {
    /// The manifests that must be whole.
    pub manifests: &'a [Digest],
    /// The share of objects that are decoded and hashed, from 0 to 1. Whether they exist is checked for all.
    pub sample: f64,
    /// Chooses the sample; another number chooses others.
    pub seed: u64,
    /// A second copy of the store, to mend what is damaged from.
    pub repair_from: Option<&'a Bucket>,
}

/// What a check saw.
#[derive(Debug, Default)]
pub struct Checked {
    /// Manifests that were read.
    pub manifests: u64,
    /// Objects that they need, each counted once.
    pub objects: u64,
    /// Of these, objects that were decoded and hashed.
    pub hashed: u64,
    /// Bytes of those.
    pub bytes: u64,
    /// What is wrong, mended faults included.
    pub faults: Vec<Fault>,
}

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What: a manifest, an object, a pack.
    pub what: String,
    /// What is wrong with it.
    pub problem: String,
    /// Manifests that need it.
    pub affects: Vec<Digest>,
    /// Whether it was mended.
    pub mended: bool,
}

impl Store {
    /// Looks at what is stored; faults are values, an error means that nothing could be looked at. Damaged indexes are made
    /// anew from their packs, which say the same.
    pub fn check(&self, options: &CheckOptions<'_>, progress: &dyn Progress) -> Result<Checked, StoreError> {
        self.refresh();
        let mut checked = Checked::default();
        if let Some(copy) = options.repair_from {
            self.mend(copy, &mut checked, progress)?;
        }
        self.mend_indexes(false, &mut checked)?;
        let mut users: BTreeMap<[u8; 32], Vec<Digest>> = BTreeMap::new();
        for digest in options.manifests {
            match self.manifest_or_copy(digest, options.repair_from, &mut checked) {
                Ok(manifest) => {
                    checked.manifests += 1;
                    let objects: HashSet<_> = manifest.objects().map(|object| *object.as_bytes()).collect();
                    for object in objects {
                        users.entry(object).or_default().push(*digest);
                    }
                }
                Err(error @ StoreError::Bucket { .. }) => return Err(error),
                Err(error) => checked.faults.push(Fault {
                    what: format!("manifest {}", digest.short()),
                    problem: error.to_string(),
                    affects: vec![*digest],
                    mended: false,
                }),
            }
        }
        checked.objects = users.len() as u64;
        let found = |catalog: &Catalog| Ok(users.keys().all(|digest| catalog.find(digest).is_some()));
        if !self.with_catalog(found)? {
            self.mend_indexes(true, &mut checked)?;
        }
        self.with_catalog(|catalog| self.look_at_objects(catalog, &users, options, &mut checked, progress))?;
        Ok(checked)
    }

    fn look_at_objects(
        &self,
        catalog: &Catalog,
        users: &BTreeMap<[u8; 32], Vec<Digest>>,
        options: &CheckOptions<'_>,
        checked: &mut Checked,
        progress: &dyn Progress,
    ) -> Result<(), StoreError> {
        let chosen = |digest: &[u8; 32]| chosen(digest, options.seed, options.sample);
        let sizes = users.keys().filter(|digest| chosen(digest)).filter_map(|digest| catalog.find(digest));
        let bytes: u64 = sizes.map(|stored| stored.length).sum();
        progress.begin("checking objects", Some(bytes), Unit::Bytes);
        let looked: Result<Vec<Option<Fault>>, StoreError> = users
            .par_iter()
            .map(|(digest, affects)| {
                let problem = match catalog.find(digest) {
                    None => Some("no pack holds it, or not all of it".to_owned()),
                    Some(_) if !chosen(digest) => None,
                    Some(_) => self.hash_object(catalog, digest, progress)?,
                };
                let what = format!("object {}", Digest::new(Kind::Blob, *digest).short());
                Ok(problem.map(|problem| Fault { what, problem, affects: affects.clone(), mended: false }))
            })
            .collect();
        progress.end();
        let faults = looked?.into_iter().flatten();
        checked.hashed = users.keys().filter(|digest| chosen(digest)).count() as u64;
        checked.bytes = bytes;
        checked.faults.extend(faults);
        Ok(())
    }

    /// Decodes an object block by block and hashes it; what is wrong with it, if anything is.
    fn hash_object(
        &self,
        catalog: &Catalog,
        digest: &[u8; 32],
        progress: &dyn Progress,
    ) -> Result<Option<String>, StoreError> {
        match self.hash_of(catalog, digest, progress) {
            Ok(found) if found.as_bytes() == digest => Ok(None),
            Ok(found) => Ok(Some(format!("its bytes give {}", found.short()))),
            Err(error) if error.is_damage() => Ok(Some(error.to_string())),
            // A network that fails says nothing of what is stored.
            Err(error) => Err(error),
        }
    }

    fn hash_of(
        &self,
        catalog: &Catalog,
        digest: &[u8; 32],
        progress: &dyn Progress,
    ) -> Result<Digest, StoreError> {
        let stored = self.find(catalog, digest)?;
        let mut hasher = blake3::Hasher::new();
        for block in all_blocks(stored.length) {
            let bytes = self.blocks(catalog, digest, block..block + 1)?;
            hasher.update(&bytes);
            progress.advance(bytes.len() as u64);
        }
        Ok(Digest::new(Kind::Blob, *hasher.finalize().as_bytes()))
    }
}

/// Whether an object belongs to the sample: by its digest and the seed, so that the same seed always takes the same.
fn chosen(digest: &[u8; 32], seed: u64, share: f64) -> bool {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&seed.to_le_bytes()).update(digest);
    let hash = hasher.finalize();
    let first = hash.as_bytes().first_chunk::<8>().expect("a hash has 32 bytes");
    (u64::from_le_bytes(*first) as f64) < share * u64::MAX as f64 || share >= 1.0
}
