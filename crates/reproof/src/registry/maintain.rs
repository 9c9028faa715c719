//! Keeping the store whole and small: looking at what is stored, collecting what nobody needs, spot checks.

use std::collections::HashSet;

use reproof_digest::Digest;
use reproof_policy::role::Act;
use reproof_progress::Progress;
use reproof_registry::{At, PageRequest};
use reproof_store::{Bucket, CheckOptions, Checked, CollectOptions, Collected, Fault};

use super::open::random;
use super::{Registry, RegistryError};

/// Seconds that a push may be silent before its lease is over: the grace period of a collection. A day, because a
/// checkpoint of terabytes over a slow line takes hours.
pub const GRACE: i64 = 86_400;

/// What an examination of the store came to, with the versions that faults affect.
#[derive(Debug)]
pub struct Examination {
    /// What was seen.
    pub checked: Checked,
    /// Per fault, the versions that need what is wrong, as `MODEL@VERSION`.
    pub affected: Vec<Vec<String>>,
}

/// What a collection came to.
#[derive(Clone, Copy, Debug)]
pub struct Collection {
    /// What was done.
    pub collected: Collected,
    /// Pushes that were running.
    pub running: usize,
}

impl Registry {
    /// Looks at everything that the versions need: that it is there, and for a share of it that it is what it was.
    pub fn examine(
        &self,
        sample: f64,
        seed: u64,
        repair_from: Option<&Bucket>,
        progress: &dyn Progress,
    ) -> Result<Examination, RegistryError> {
        self.allow(Act::Audit, None, None)?;
        let manifests: Vec<Digest> = self.live()?.into_iter().collect();
        let options = CheckOptions { manifests: &manifests, sample, seed, repair_from };
        let mut checked = self.store.check(&options, progress)?;
        let touched = checked.faults.iter().flat_map(|fault| &fault.affects).copied().collect();
        let names = self.names_of_manifests(&touched)?;
        let of_fault = |fault: &Fault| {
            fault
                .affects
                .iter()
                .flat_map(|manifest| names.get(manifest).cloned().unwrap_or_default())
                .collect()
        };
        let mut affected: Vec<Vec<String>> = checked.faults.iter().map(of_fault).collect();
        for (fault, versions) in self.damaged_statements(repair_from)? {
            checked.faults.push(fault);
            affected.push(versions);
        }
        Ok(Examination { checked, affected })
    }

    /// Marks what no version needs, and removes what was marked a grace period ago. Nothing where the database is older than
    /// the published log: it does not know what newer versions need.
    pub fn collect(
        &self,
        grace: i64,
        dry_run: bool,
        progress: &dyn Progress,
    ) -> Result<Collection, RegistryError> {
        self.allow(Act::Delete, None, None)?;
        self.is_newest()?;
        let now = self.seconds() as i64;
        let silent = At::from_seconds((now - grace).max(0).unsigned_abs()).unwrap_or_default();
        // Who only looks ends nobody's push.
        let running = self.records.live_uploads(if dry_run { At::default() } else { silent })?.len();
        let live = self.live()?;
        let options = CollectOptions { live: &live, now, grace, dry_run, session: random()? as u32 };
        let collected = self.store.collect(&options, progress)?;
        Ok(Collection { collected, running })
    }

    /// The manifests of all versions that were not deleted.
    fn live(&self) -> Result<HashSet<Digest>, RegistryError> {
        let mut live = HashSet::new();
        let mut request = Some(PageRequest::first(1000));
        while let Some(page) = request {
            let found = self.records.live_manifests(&page)?;
            request = page.next(&found);
            live.extend(found.items);
        }
        Ok(live)
    }
}
