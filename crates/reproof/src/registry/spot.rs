//! Spot checks: a share of the versions, chosen so that nobody knows before which.

use reproof_digest::blob;
use reproof_policy::role::Act;
use reproof_registry::{PageRequest, SpotCheck, Version};

use super::{Registry, RegistryError};

/// The versions of a spot check.
#[derive(Clone, Debug)]
pub struct Sample {
    /// Those that were chosen.
    pub chosen: Vec<Version>,
    /// How many there are to choose from: all that were not deleted.
    pub total: u64,
}

impl Registry {
    /// Chooses a share of all versions, at least one; the same seed chooses the same ones.
    pub fn sample(&self, share: f64, seed: u64) -> Result<Sample, RegistryError> {
        self.allow(Act::Audit, None, None)?;
        let mut sample = Sample { chosen: Vec::new(), total: 0 };
        let mut nearest: Option<(f64, Version)> = None;
        self.each_version(|version| {
            sample.total += 1;
            let drawn = draw(seed, &version);
            if drawn < share {
                sample.chosen.push(version);
            } else if nearest.as_ref().is_none_or(|(other, _)| drawn < *other) {
                nearest = Some((drawn, version));
            }
        })?;
        if sample.chosen.is_empty() {
            sample.chosen.extend(nearest.map(|(_, version)| version));
        }
        Ok(sample)
    }

    /// Keeps in the log what a spot check came to: which versions are not what they were, and of how many it could not be
    /// told. The number of the entry.
    pub fn record_spot_check(
        &self,
        sample: &Sample,
        seed: u64,
        undecided: u64,
        failed: &[String],
    ) -> Result<u64, RegistryError> {
        self.allow(Act::Audit, None, None)?;
        let (versions, checked) = (sample.total, sample.chosen.len() as u64);
        Ok(self
            .records
            .record_spot_check(self.by(), &SpotCheck { versions, checked, seed, undecided, failed })?)
    }

    /// Calls `visit` for every version that was not deleted.
    fn each_version(&self, mut visit: impl FnMut(Version)) -> Result<(), RegistryError> {
        let mut request = Some(PageRequest::first(1000));
        while let Some(page) = request {
            let found = self.records.live_versions(&page)?;
            request = page.next(&found);
            found.items.into_iter().for_each(&mut visit);
        }
        Ok(())
    }
}

/// A number from 0 to 1 that the seed and the version alone decide.
fn draw(seed: u64, version: &Version) -> f64 {
    let digest = blob(format!("{seed} {}@{}", version.model, version.number).as_bytes());
    let bytes: [u8; 8] = std::array::from_fn(|place| digest.as_bytes()[place]);
    // The upper 53 bits are what a double holds exactly.
    (u64::from_le_bytes(bytes) >> 11) as f64 / (1u64 << 53) as f64
}
