//! Making whole what is damaged: from a second copy of the store, and indexes from the packs that they belong to.

use std::collections::HashMap;

use rayon::prelude::*;
use reproof_digest::{Digest, blob};
use reproof_progress::{Progress, Unit};

use crate::check::{Checked, Fault};
use crate::manifest::{MANIFEST_LIMIT, manifest_key};
use crate::pack::{INDEX_LIMIT, PACKS, index_key, pack_key, pack_of_key, parse_sidecar, sidecar_of};
use crate::{Bucket, Manifest, Store, StoreError};

impl Store {
    /// Hashes every pack and replaces those that are damaged by what `copy` has under the same name; makes indexes anew.
    pub(crate) fn mend(
        &self,
        copy: &Bucket,
        checked: &mut Checked,
        progress: &dyn Progress,
    ) -> Result<(), StoreError> {
        let mut packs: HashMap<String, u64> = HashMap::new();
        for bucket in [copy, &self.bucket] {
            bucket.list(PACKS, |entry| {
                packs.extend(pack_of_key(&entry.key).map(|pack| (pack.to_owned(), entry.size)));
            })?;
        }
        progress.begin("checking packs", Some(packs.values().sum()), Unit::Bytes);
        for (pack, listed) in &packs {
            let key = pack_key(pack);
            let whole = |bytes: &bytes::Bytes| blob(bytes).to_hex() == *pack;
            let fault = |problem: &str, mended| fault(format!("pack {pack}"), problem.to_owned(), mended);
            let mut found = self.bucket.get(&key, u64::MAX)?;
            if !found.as_ref().is_some_and(whole) {
                let problem =
                    if found.is_some() { "its bytes are not what its name says" } else { "it is missing" };
                let other = copy.get(&key, u64::MAX)?.filter(whole);
                checked.faults.push(fault(problem, other.is_some()));
                if let Some(bytes) = other {
                    replace(&self.bucket, &key, bytes.clone())?;
                    found = Some(bytes);
                }
            }
            progress.advance(*listed);
            let Some(bytes) = found.filter(whole) else { continue };
            // The list may have the size that the damaged one had; and an index goes only for one that is there.
            let Ok(right) = sidecar_of(&self.bucket, pack, bytes.len() as u64) else {
                checked.faults.push(fault("it has its name and is no pack", false));
                continue;
            };
            if self.bucket.get(&index_key(pack), u64::MAX)?.is_some_and(|index| index == right) {
                continue;
            }
            replace(&self.bucket, &index_key(pack), right)?;
            checked.faults.push(fault("its index was missing or damaged", true));
        }
        progress.end();
        self.refresh();
        Ok(())
    }

    /// A manifest, where it is damaged that of the copy, which takes its place.
    pub(crate) fn manifest_or_copy(
        &self,
        digest: &Digest,
        copy: Option<&Bucket>,
        checked: &mut Checked,
    ) -> Result<Manifest, StoreError> {
        let error = match Manifest::read(&self.bucket, digest) {
            Err(error) if error.is_damage() => error,
            read => return read,
        };
        let key = manifest_key(digest);
        let other = copy.map(|copy| copy.get(&key, MANIFEST_LIMIT)).transpose()?.flatten();
        let Some(bytes) = other.filter(|bytes| blob(bytes) == *digest) else { return Err(error) };
        replace(&self.bucket, &key, bytes)?;
        let mut mended = fault(format!("manifest {}", digest.short()), error.to_string(), true);
        mended.affects = vec![*digest];
        checked.faults.push(mended);
        Manifest::read(&self.bucket, digest)
    }

    /// Makes indexes anew from their packs: those that are damaged, and where `missing` those that are not there, which an
    /// unfinished push leaves as well.
    pub(crate) fn mend_indexes(&self, missing: bool, checked: &mut Checked) -> Result<(), StoreError> {
        let mut packs = Vec::new();
        self.bucket.list(PACKS, |entry| {
            packs.extend(pack_of_key(&entry.key).map(|pack| (pack.to_owned(), entry.size)));
        })?;
        packs.sort_unstable();
        let looked: Result<Vec<Option<Fault>>, StoreError> =
            packs.par_iter().map(|(pack, size)| self.mend_index(pack, *size, missing)).collect();
        let faults: Vec<Fault> = looked?.into_iter().flatten().collect();
        if !faults.is_empty() {
            self.refresh();
        }
        checked.faults.extend(faults);
        Ok(())
    }

    fn mend_index(&self, pack: &str, size: u64, missing: bool) -> Result<Option<Fault>, StoreError> {
        let key = index_key(pack);
        let problem = match self.bucket.get(&key, INDEX_LIMIT) {
            Ok(Some(bytes)) => match parse_sidecar(&bytes) {
                Ok(_) => return Ok(None),
                Err(problem) => format!("its index is damaged: {problem}"),
            },
            Ok(None) if missing => "its index is missing".to_owned(),
            Ok(None) => return Ok(None),
            Err(StoreError::Damaged { problem, .. }) => format!("its index is damaged: {problem}"),
            Err(error) => return Err(error),
        };
        // Whoever may only read sees the fault and mends nothing.
        let mended = match sidecar_of(&self.bucket, pack, size) {
            Ok(right) => replace(&self.bucket, &key, right).is_ok(),
            Err(error @ StoreError::Bucket { .. }) => return Err(error),
            Err(_) => false,
        };
        Ok(Some(fault(format!("pack {pack}"), problem, mended)))
    }
}

fn fault(what: String, problem: String, mended: bool) -> Fault {
    Fault { what, problem, affects: Vec::new(), mended }
}

fn replace(bucket: &Bucket, key: &str, bytes: bytes::Bytes) -> Result<(), StoreError> {
    bucket.remove(key)?;
    bucket.create(key, bytes)?;
    Ok(())
}
