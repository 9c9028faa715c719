//! Removing what nobody needs any more, in two steps with a grace period between them.

use std::collections::{HashMap, HashSet};

use reproof_digest::Digest;
use reproof_progress::{Progress, Unit};

use crate::catalog::Catalog;
use crate::manifest::{MANIFESTS, manifest_key, manifest_of_key};
use crate::pack::{self, Entry as PackEntry, PACKS, PackWriter, index_key, pack_key, pack_of_key};
use crate::{Bucket, Manifest, Store, StoreError, condemned};

/// The share of a pack's bytes that must be needed for it to stay as it is.
const KEPT_SHARE: f64 = 0.5;

/// How a collection is done.
#[derive(Debug)]
pub struct CollectOptions<'a> {
    /// The manifests that are needed.
    pub live: &'a HashSet<Digest>,
    /// Now, in seconds since 1970.
    pub now: i64,
    /// Seconds that a mark stands before what it is on is removed, and that whatever was just written stays unmarked:
    /// longer than any push takes.
    pub grace: i64,
    /// Whether only to say what would be done.
    pub dry_run: bool,
    /// A number that no other push has.
    pub session: u32,
}

/// What a collection did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Collected {
    /// Manifests that are needed.
    pub live_manifests: u64,
    /// Objects that they need, bases included.
    pub live_objects: u64,
    /// Packs and manifests that were marked.
    pub marked: u64,
    /// Packs and manifests whose mark was taken away, as they are needed again.
    pub pardoned: u64,
    /// Packs and manifests that were removed.
    pub removed: u64,
    /// Bytes of the removed packs.
    pub removed_bytes: u64,
    /// Packs whose needed part was written to new packs.
    pub repacked: u64,
}

impl Store {
    /// Removes what was marked a grace period ago and is still not needed, and marks what is not needed now.
    pub fn collect(
        &self,
        options: &CollectOptions<'_>,
        progress: &dyn Progress,
    ) -> Result<Collected, StoreError> {
        self.refresh();
        progress.begin("collecting", None, Unit::Items);
        let marks = condemned::read(&self.bucket)?;
        let mut done = Collected::default();
        let mut needed = HashSet::new();
        let manifests = self.manifests(options, &marks, &mut needed)?;
        let mut packs: HashMap<String, (u64, i64)> = HashMap::new();
        self.bucket.list(PACKS, |entry| {
            packs.extend(pack_of_key(&entry.key).map(|pack| (pack.to_owned(), (entry.size, entry.modified))));
        })?;
        self.with_catalog(|catalog| {
            Self::with_bases(catalog, &mut needed);
            // What seems to be gone may lie in a pack whose index is: nothing is removed from a store that is not whole.
            needed.iter().try_for_each(|digest| self.find(catalog, digest).map(|_| ()))
        })
        .map_err(not_whole)?;
        done.live_objects = needed.len() as u64;
        for (digest, fate) in manifests {
            let name = digest.to_hex();
            done.live_manifests += u64::from(matches!(fate, Fate::Keep | Fate::Pardon));
            let remove = || {
                // Somebody who stores the same takes the mark away before relying on it.
                if condemned::is_marked(&self.bucket, &name)? {
                    self.bucket.remove(&manifest_key(&digest))?;
                }
                Ok(())
            };
            fate.apply(&self.bucket, &name, options, &mut done, remove)?;
        }
        let marked: HashSet<&str> = marks.keys().map(String::as_str).collect();
        let mut useless = self.with_catalog(|catalog| Ok(useless(catalog, &needed, &packs, &marked)))?;
        if !options.dry_run {
            let settled = |pack: &str| {
                let young =
                    packs.get(pack).is_none_or(|(_, modified)| *modified > options.now - options.grace);
                !young && !useless.contains(pack)
            };
            let old = self.repack(&needed, &useless, &settled, options, &mut done)?;
            if !old.is_empty() {
                // What may go is judged by what lies in the new packs, not by what was meant to.
                self.refresh();
            }
            useless.extend(old);
        }
        self.packs(&packs, &useless, &needed, options, &marks, &mut done)?;
        progress.end();
        Ok(done)
    }

    /// What happens to the manifests; the objects of those that stay are added to `needed`.
    fn manifests(
        &self,
        options: &CollectOptions<'_>,
        marks: &HashMap<String, i64>,
        needed: &mut HashSet<[u8; 32]>,
    ) -> Result<Vec<(Digest, Fate)>, StoreError> {
        let mut stored = HashMap::new();
        self.bucket.list(MANIFESTS, |entry| {
            stored.extend(manifest_of_key(&entry.key).map(|digest| (digest, entry.modified)));
        })?;
        if let Some(digest) = options.live.iter().find(|digest| !stored.contains_key(*digest)) {
            let store = self.bucket.name().to_owned();
            return Err(not_whole(StoreError::MissingManifest { store, digest: *digest }));
        }
        let mut fates = Vec::with_capacity(stored.len());
        for (digest, modified) in stored {
            let young = modified > options.now - options.grace;
            let stays = options.live.contains(&digest) || young;
            let fate = Fate::of(stays, marks.get(&digest.to_hex()), options);
            if fate != Fate::Remove {
                let manifest = Manifest::read(&self.bucket, &digest).map_err(not_whole)?;
                needed.extend(manifest.objects().map(|object| *object.as_bytes()));
            }
            fates.push((digest, fate));
        }
        Ok(fates)
    }

    /// Looks at the packs that nothing needs.
    fn packs(
        &self,
        packs: &HashMap<String, (u64, i64)>,
        useless: &HashSet<String>,
        needed: &HashSet<[u8; 32]>,
        options: &CollectOptions<'_>,
        marks: &HashMap<String, i64>,
        done: &mut Collected,
    ) -> Result<(), StoreError> {
        // Whatever is removed together must not be needed together: two packs may each hold the other's copy.
        let gone: HashSet<&str> = useless.iter().map(String::as_str).collect();
        let safe = self.with_catalog(|catalog| {
            let left = catalog.without(&gone);
            Ok(needed.iter().all(|digest| left.find(digest).is_some()))
        })?;
        for (pack, (size, modified)) in packs {
            let young = *modified > options.now - options.grace;
            let stays = !safe || young || !useless.contains(pack);
            let fate = Fate::of(stays, marks.get(pack), options);
            fate.apply(&self.bucket, pack, options, done, || {
                // The index first: without it the pack holds nothing.
                self.bucket.remove(&index_key(pack))?;
                self.bucket.remove(&pack_key(pack))
            })?;
            if fate == Fate::Remove {
                done.removed_bytes += size;
            }
        }
        Ok(())
    }

    /// Writes what is needed of `settled` packs that are mostly not to new ones; the names of the old ones.
    fn repack(
        &self,
        needed: &HashSet<[u8; 32]>,
        useless: &HashSet<String>,
        settled: &dyn Fn(&str) -> bool,
        options: &CollectOptions<'_>,
        done: &mut Collected,
    ) -> Result<HashSet<String>, StoreError> {
        let old = self.with_catalog(|catalog| {
            let old = sparse(catalog, needed, settled);
            if old.is_empty() {
                return Ok(old);
            }
            let useless: HashSet<&str> = useless.iter().map(String::as_str).collect();
            let staying = catalog.without(&useless);
            let mut writer = PackWriter::default();
            // One copy of each, though several of these packs may have it.
            let wanted = needed.iter().filter_map(|digest| {
                let stored = staying.find(digest)?;
                let there = stored.pieces.iter().any(|piece| old.contains(staying.pack(piece.pack)));
                there.then_some((digest, stored))
            });
            for (digest, stored) in wanted {
                // Encoded bytes are copied: bases are named by digest, and stay where they are.
                let entry = |first| PackEntry {
                    digest: *digest,
                    length: stored.length,
                    offset: 0,
                    first,
                    element: stored.element,
                    base: stored.base,
                    depth: stored.depth,
                    steps: stored.steps,
                    session: options.session,
                    blocks: Vec::new(),
                };
                let count = pack::block_count(stored.length) as u32;
                for block in 0..count {
                    if block == 0 || writer.is_empty() {
                        writer.begin(&entry(block));
                    }
                    for encoded in self.encoded(&staying, stored, block..block + 1)? {
                        writer.block(&encoded);
                    }
                    if writer.length() >= self.pack_target {
                        pack::publish(&self.bucket, std::mem::take(&mut writer).finish())?;
                    }
                }
            }
            if !writer.is_empty() {
                pack::publish(&self.bucket, writer.finish())?;
            }
            Ok(old)
        })?;
        done.repacked = old.len() as u64;
        Ok(old)
    }
}

/// A collection that does nothing, as it would take away what the store can still be mended from.
fn not_whole(error: StoreError) -> StoreError {
    if error.is_damage() { StoreError::NotWhole { source: Box::new(error) } } else { error }
}

/// What happens to a stored thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Keep,
    Pardon,
    Mark,
    Wait,
    Remove,
}

impl Fate {
    fn of(stays: bool, mark: Option<&i64>, options: &CollectOptions<'_>) -> Self {
        match (stays, mark) {
            (true, None) => Self::Keep,
            (true, Some(_)) => Self::Pardon,
            (false, None) => Self::Mark,
            // A clock that went backwards makes a mark look young, never old.
            (false, Some(marked)) if options.now.saturating_sub(*marked) < options.grace => Self::Wait,
            (false, Some(_)) => Self::Remove,
        }
    }

    fn apply(
        self,
        bucket: &Bucket,
        name: &str,
        options: &CollectOptions<'_>,
        done: &mut Collected,
        remove: impl FnOnce() -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let count = match self {
            Self::Keep | Self::Wait => return Ok(()),
            Self::Pardon => &mut done.pardoned,
            Self::Mark => &mut done.marked,
            Self::Remove => &mut done.removed,
        };
        *count += 1;
        if options.dry_run {
            return Ok(());
        }
        match self {
            Self::Keep | Self::Wait => Ok(()),
            Self::Pardon => condemned::pardon(bucket, name),
            Self::Mark => condemned::mark(bucket, name),
            Self::Remove => {
                remove()?;
                condemned::pardon(bucket, name)
            }
        }
    }
}

/// Packs whose every needed object is complete elsewhere, or that hold none; what is marked is used last.
fn useless(
    catalog: &Catalog,
    needed: &HashSet<[u8; 32]>,
    packs: &HashMap<String, (u64, i64)>,
    marked: &HashSet<&str>,
) -> HashSet<String> {
    let unmarked = catalog.without(marked);
    let mut used: HashSet<&str> = HashSet::new();
    for digest in needed {
        let stored = unmarked.find(digest).or_else(|| catalog.find(digest));
        used.extend(stored.iter().flat_map(|stored| &stored.pieces).map(|piece| catalog.pack(piece.pack)));
    }
    packs.keys().filter(|pack| !used.contains(pack.as_str())).cloned().collect()
}

/// Settled packs that are needed for a small part of their bytes.
fn sparse(catalog: &Catalog, needed: &HashSet<[u8; 32]>, settled: &dyn Fn(&str) -> bool) -> HashSet<String> {
    let mut bytes: HashMap<&str, (u64, u64)> = HashMap::new();
    for (digest, stored) in catalog.iter() {
        for piece in &stored.pieces {
            let length: u64 = piece.blocks.iter().map(|block| u64::from(block.length)).sum();
            let (live, all) = bytes.entry(catalog.pack(piece.pack)).or_default();
            *all += length;
            *live += if needed.contains(digest) { length } else { 0 };
        }
    }
    let sparse = bytes.into_iter().filter(|(pack, (live, all))| {
        *live > 0 && (*live as f64) < *all as f64 * KEPT_SHARE && settled(pack)
    });
    sparse.map(|(pack, _)| pack.to_owned()).collect()
}
