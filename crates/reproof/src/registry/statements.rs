//! Whether the statements that the records stand on are there, and what they were.

use std::collections::{BTreeMap, HashMap, HashSet};

use reproof_attest::dsse::Bundle;
use reproof_digest::{Digest, Kind, blob};
use reproof_registry::PageRequest;
use reproof_store::{Bucket, Fault};

use super::evidence::{STATEMENT_LIMIT, STATEMENTS, statement_key};
use super::{Reference, Registry, RegistryError};

/// Rows of a page.
const PAGE: u32 = 1000;

/// A fault, and the versions that it affects, as `MODEL@VERSION`.
pub(super) type Affecting = (Fault, Vec<String>);

impl Registry {
    /// The bytes of a statement about a version, or of the document that one of its statements is about; nothing where it is
    /// neither.
    pub fn statement_about(
        &self,
        reference: &Reference,
        digest: &Digest,
    ) -> Result<Option<Vec<u8>>, RegistryError> {
        let version = self.resolve(reference)?;
        let hex = digest.to_hex();
        let mut request = Some(PageRequest::first(1000));
        while let Some(page) = request {
            let found = self.records.evidence(&version.artifact, &page)?;
            request = page.next(&found);
            for known in found.items {
                if known.statement == *digest || self.names(&known.statement, &hex)? {
                    return self.statement(digest);
                }
            }
        }
        Ok(None)
    }

    /// Whether a statement, signed or not, names something by these digits.
    fn names(&self, statement: &Digest, hex: &str) -> Result<bool, RegistryError> {
        let bytes = match self.statement(statement) {
            Ok(Some(bytes)) => bytes,
            Ok(None) | Err(RegistryError::Unexpected { .. }) => return Ok(false),
            Err(error) => return Err(error),
        };
        let payload = Bundle::parse(&bytes).map_or(bytes, |bundle| bundle.envelope.payload);
        Ok(String::from_utf8_lossy(&payload).contains(hex))
    }

    /// Statements that are gone, or whose bytes are not what their names say; those that `copy` has are mended.
    pub(super) fn damaged_statements(&self, copy: Option<&Bucket>) -> Result<Vec<Affecting>, RegistryError> {
        let bucket = self.store.bucket();
        let mut there = HashSet::new();
        bucket.list(STATEMENTS, |entry| there.extend(named(&entry.key)))?;
        let mut wrong: BTreeMap<Digest, (&str, Option<Digest>)> = BTreeMap::new();
        for digest in &there {
            let bytes = bucket.get(&statement_key(digest), STATEMENT_LIMIT)?.unwrap_or_default();
            if blob(&bytes) != *digest {
                wrong.insert(*digest, ("its bytes are not what its name says", None));
            }
        }
        let mut request = Some(PageRequest::first(PAGE));
        while let Some(page) = request {
            let found = self.records.statements(&page)?;
            request = page.next(&found);
            for known in found.items {
                if let Some((_, artifact)) = wrong.get_mut(&known.statement) {
                    *artifact = Some(known.artifact);
                } else if !there.contains(&known.statement) {
                    wrong.insert(known.statement, ("it is missing", Some(known.artifact)));
                }
            }
        }
        wrong
            .into_iter()
            .map(|(digest, (problem, artifact))| self.wrong(digest, problem, artifact, copy))
            .collect()
    }

    fn wrong(
        &self,
        digest: Digest,
        problem: &str,
        artifact: Option<Digest>,
        copy: Option<&Bucket>,
    ) -> Result<Affecting, RegistryError> {
        let key = statement_key(&digest);
        let other = copy.map(|copy| copy.get(&key, STATEMENT_LIMIT)).transpose()?.flatten();
        let other = other.filter(|bytes| blob(bytes) == digest);
        let mended = other.is_some();
        if let Some(bytes) = other {
            self.store.bucket().remove(&key)?;
            self.store.bucket().create(&key, bytes)?;
        }
        let versions = artifact.map(|artifact| self.names_of(&artifact)).transpose()?.unwrap_or_default();
        let problem = format!("{problem}; no gate counts it in favour of a version");
        let what = format!("statement {}", digest.to_hex());
        Ok((Fault { what, problem, affects: Vec::new(), mended }, versions))
    }

    /// The versions that are an artifact.
    pub(super) fn names_of(&self, artifact: &Digest) -> Result<Vec<String>, RegistryError> {
        let found = self.records.versions_with(artifact, &PageRequest::first(100))?;
        Ok(found.items.iter().map(|found| format!("{}@{}", found.model, found.number)).collect())
    }

    /// The versions that have one of these manifests, by manifest: what the records say, where the manifests do not.
    pub(super) fn names_of_manifests(
        &self,
        manifests: &HashSet<Digest>,
    ) -> Result<HashMap<Digest, Vec<String>>, RegistryError> {
        let mut names: HashMap<Digest, Vec<String>> = HashMap::new();
        let mut request = Some(PageRequest::first(PAGE)).filter(|_| !manifests.is_empty());
        while let Some(page) = request {
            let found = self.records.live_versions(&page)?;
            request = page.next(&found);
            for version in found.items.iter().filter(|version| manifests.contains(&version.manifest)) {
                let name = format!("{}@{}", version.model, version.number);
                names.entry(version.manifest).or_default().push(name);
            }
        }
        Ok(names)
    }
}

/// The statement that a key names.
fn named(key: &str) -> Option<Digest> {
    let name = key.rsplit('/').next()?;
    format!("{}:{name}", Kind::Blob.name()).parse().ok()
}
