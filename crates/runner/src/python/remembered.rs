//! Fingerprints that were taken in the same environment before: what fifty operators give takes up to ten seconds to ask.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use reproof_contract::environment::{Environment, Fingerprint};
use reproof_contract::run::RunSpec;
use reproof_environment::installed::hex;
use sha2::Digest as _;

use super::program;

/// The largest file that is read, in bytes; a fingerprint has some 20,000.
const LARGEST: u64 = 1 << 20;

/// Where the fingerprint of an environment is kept.
pub(super) struct Place(PathBuf);

impl Place {
    /// The place in a cache folder; none for an environment whose packages nobody looked at.
    pub(super) fn of(
        folder: &Path,
        frameworks: &[String],
        spec: &RunSpec,
        environment: &Environment,
    ) -> Option<Self> {
        environment.python.as_ref()?;
        // Everything that can move an operator: the programs that ask, the packages with what was altered in them and the
        // libraries that they loaded, the processor, and how the run is set up.
        let key = (program::FILES, frameworks, spec.threads, &spec.variables, environment);
        let hash = sha2::Sha256::digest(serde_json::to_vec(&key).ok()?);
        Some(Self(folder.join("fingerprints").join(format!("{}.json", &hex(&hash.into())[..32]))))
    }

    /// The fingerprint, if it was kept and can be read.
    pub(super) fn read(&self) -> Option<Fingerprint> {
        let small = std::fs::metadata(&self.0).is_ok_and(|metadata| metadata.len() <= LARGEST);
        serde_json::from_slice(&std::fs::read(&self.0).ok().filter(|_| small)?).ok()
    }

    /// Keeps a fingerprint; a folder that cannot be written only costs time later.
    pub(super) fn write(&self, fingerprint: &Fingerprint) {
        let write = || -> std::io::Result<()> {
            let folder = self.0.parent().unwrap_or(Path::new("."));
            std::fs::create_dir_all(folder)?;
            let mut partial = tempfile::NamedTempFile::new_in(folder)?;
            partial.write_all(&serde_json::to_vec(fingerprint)?)?;
            partial.persist(&self.0).map(drop).map_err(|error| error.error)
        };
        let _ = write();
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use reproof_contract::environment::Python;

    use super::*;
    use crate::python::probe::question;

    fn environment(version: &str) -> Environment {
        let python = Some(Box::new(Python { version: version.to_owned(), ..Python::default() }));
        Environment { python, ..Environment::default() }
    }

    #[test]
    fn only_the_very_same_environment_has_its_fingerprint() {
        let folder = tempfile::tempdir().unwrap();
        let spec = question(reproof_contract::run::Limits::default());
        let torch = ["torch".to_owned()];
        let place =
            |spec: &RunSpec, version| Place::of(folder.path(), &torch, spec, &environment(version)).unwrap();
        let taken = Fingerprint { probe: 1, threads: 1, frameworks: BTreeMap::new() };
        assert_eq!(place(&spec, "3.11.2").read(), None);
        place(&spec, "3.11.2").write(&taken);
        assert_eq!(place(&spec, "3.11.2").read(), Some(taken));
        assert_eq!(place(&spec, "3.11.3").read(), None);
        let more = RunSpec { threads: Some(2), ..spec.clone() };
        assert_eq!(place(&more, "3.11.2").read(), None);
        std::fs::write(&place(&spec, "3.11.2").0, "{ half a docum").unwrap();
        assert_eq!(place(&spec, "3.11.2").read(), None, "what cannot be read is asked anew");
        assert!(Place::of(folder.path(), &torch, &spec, &Environment::default()).is_none());
    }
}
