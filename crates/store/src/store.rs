//! The store: a bucket and what is known of its packs.

use std::collections::HashSet;
use std::sync::{PoisonError, RwLock};

use rayon::prelude::*;
use reproof_digest::Digest;

use crate::catalog::Catalog;
use crate::manifest::manifest_key;
use crate::pack::{
    INDEX_LIMIT, INDEXES, PACK_TARGET, PACKS, index_key, pack_key, pack_of_key, parse_sidecar, sidecar_of,
};
use crate::{Bucket, Manifest, StoreError};

/// A store of artifacts.
#[derive(Debug)]
pub struct Store {
    pub(crate) bucket: Bucket,
    pub(crate) pack_target: usize,
    catalog: RwLock<Option<Catalog>>,
}

impl Store {
    /// A store in `bucket`. Nothing is read yet.
    pub fn new(bucket: Bucket) -> Self {
        Self { bucket, pack_target: PACK_TARGET, catalog: RwLock::default() }
    }

    /// A store whose packs end at about so many bytes instead of 64 MiB: two of them are in memory while one is written.
    #[must_use]
    pub fn with_pack_target(self, bytes: usize) -> Self {
        Self { pack_target: bytes, ..self }
    }

    /// Where it lies.
    pub fn bucket(&self) -> &Bucket {
        &self.bucket
    }

    /// Whether there is a manifest of this digest.
    pub fn has_manifest(&self, digest: &Digest) -> Result<bool, StoreError> {
        Ok(self.bucket.size(&manifest_key(digest))?.is_some())
    }

    /// What a stored artifact is made of.
    pub fn manifest(&self, digest: &Digest) -> Result<Manifest, StoreError> {
        Manifest::read(&self.bucket, digest)
    }

    /// Forgets what is known of the packs, so that it is read again.
    pub fn refresh(&self) {
        *self.catalog.write().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Does something with the catalog, which is read the first time that anyone asks. `work` must not ask again: a
    /// pack that is added meanwhile waits for it, and the second question for that pack.
    pub(crate) fn with_catalog<T>(
        &self,
        work: impl FnOnce(&Catalog) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        loop {
            let known = self.catalog.read().unwrap_or_else(PoisonError::into_inner);
            if let Some(catalog) = &*known {
                return work(catalog);
            }
            drop(known);
            let read = self.read_catalog()?;
            // The work is done under a lock that others can share: it may take long.
            self.catalog.write().unwrap_or_else(PoisonError::into_inner).get_or_insert(read);
        }
    }

    /// Adds a pack that was just written to what is known.
    pub(crate) fn learn(&self, pack: &str, entries: Vec<crate::pack::Entry>) {
        if let Some(catalog) = &mut *self.catalog.write().unwrap_or_else(PoisonError::into_inner) {
            catalog.add(pack, entries);
        }
    }

    fn read_catalog(&self) -> Result<Catalog, StoreError> {
        let mut packs = Vec::new();
        self.bucket.list(INDEXES, |entry| packs.extend(pack_of_key(&entry.key).map(str::to_owned)))?;
        // An index without its pack finds nothing. Packs come before their indexes, so they are listed after them.
        let mut there = HashSet::new();
        self.bucket.list(PACKS, |entry| there.extend(pack_of_key(&entry.key).map(str::to_owned)))?;
        packs.retain(|pack| there.contains(pack));
        // The order decides which of several copies is taken: it must not be the order of a listing.
        packs.sort_unstable();
        let indexes: Vec<_> = packs.par_iter().map(|pack| self.read_index(pack)).collect::<Result<_, _>>()?;
        let mut catalog = Catalog::default();
        for (pack, entries) in packs.iter().zip(indexes) {
            // A pack that was removed between listing and reading holds nothing.
            catalog.add(pack, entries.unwrap_or_default());
        }
        Ok(catalog)
    }

    /// The entries of a pack; nothing where there is no such pack, or none that can be read.
    pub(crate) fn read_index(&self, pack: &str) -> Result<Option<Vec<crate::pack::Entry>>, StoreError> {
        let key = index_key(pack);
        let index = match self.bucket.get(&key, INDEX_LIMIT) {
            Ok(None) => return Ok(None),
            Ok(Some(bytes)) => parse_sidecar(&bytes).ok(),
            Err(StoreError::Damaged { .. }) => None,
            Err(error) => return Err(error),
        };
        if let Some((_, entries)) = index {
            return Ok(Some(entries));
        }
        // A pack ends with its index once more. One that does not holds nothing that can be found, and stops no other.
        let Some(size) = self.bucket.size(&pack_key(pack))? else { return Ok(None) };
        match sidecar_of(&self.bucket, pack, size) {
            Ok(bytes) => Ok(parse_sidecar(&bytes).ok().map(|(_, entries)| entries)),
            Err(error) if error.is_damage() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The objects that some of `wanted` need besides themselves: the bases below them.
    pub(crate) fn with_bases(catalog: &Catalog, wanted: &mut HashSet<[u8; 32]>) {
        let mut next: Vec<[u8; 32]> = wanted.iter().copied().collect();
        while let Some(digest) = next.pop() {
            let base = catalog.find(&digest).and_then(|stored| stored.base);
            next.extend(base.filter(|base| wanted.insert(*base)));
        }
    }
}
