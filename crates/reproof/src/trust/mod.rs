//! Leave to run code in Python: what pickles name, what a graph names, what a contract names.
//!
//! A file's author decides what runs when it is unpickled, and whoever wrote a contract decides which loader it names.
//! Both need the user's trust, which is given for one run or was given to these very bytes before.

mod memory;

use std::collections::BTreeSet;
use std::path::Path;

use reproof_contract::run::Status;
use reproof_contract::scan::Severity;
use reproof_digest::Digest;
use reproof_progress::Silent;

use crate::execution::{PYTHON, Settings};
use crate::scan::{ScanOptions, scan};

pub use memory::{Memory, MemoryError};

/// What the user trusts beyond what a command line says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Trust {
    /// Digests of artifacts whose code may run, and of contracts whose loader may.
    pub remembered: BTreeSet<Digest>,
    /// The contract that named the loader, where the user did not: filled from a contract.
    pub lender: Option<Digest>,
}

/// The settings of a run of `artifact`, with the trust that was given to it; else what is lacking, and the run must not
/// begin. What a worker can judge better, such as the classes that a pickle of scikit-learn names, it refuses itself.
pub(crate) fn settle(
    settings: &Settings,
    runner: &str,
    path: &Path,
    artifact: Option<Digest>,
) -> Result<Settings, Status> {
    let mut settled = settings.clone();
    let knows =
        |digest: Option<Digest>| digest.is_some_and(|digest| settings.trust.remembered.contains(&digest));
    let loading = &mut settled.loading;
    if runner != PYTHON {
        return Ok(settled);
    }
    // That an artifact is trusted says nothing of a contract that somebody else wrote for it.
    if let (Some(loader), Some(lender)) = (&loading.loader, settings.trust.lender)
        && !loading.trust
        && !knows(Some(lender))
    {
        return Err(Status::Unsupported {
            what: format!(
                "leave to run the loader `{loader}`, which the contract names and nobody here does"
            ),
            hint: format!("look at its code, then say --loader {loader}, or --trust to be asked no more"),
        });
    }
    loading.trust = loading.trust || knows(artifact);
    // A loader of the user's own reads the file in its own way.
    if loading.trust || loading.loader.is_some() {
        return Ok(settled);
    }
    match danger(path) {
        None => Ok(settled),
        Some(what) => Err(Status::Unsupported {
            what: format!("leave to run what is in the artifact: {what}"),
            hint: "look at it with `reproof scan`, then give --trust if you know where it is from".to_owned(),
        }),
    }
}

/// Findings that are less than dangerous in a file that is read, and too much in one that runs: TorchScript is a language
/// of its own and reaches files alone; what a scan gave up on may hold anything.
const ALSO: [&str; 3] = ["torchscript.files", "scan.limit", "scan.depth"];

/// The worst that would happen if the artifact were loaded or called, by what it holds.
fn danger(path: &Path) -> Option<String> {
    let options =
        ScanOptions { deep: false, fail_on: Severity::Dangerous, shown: String::new(), artifact: None };
    let found = match scan(path, &options, &Silent) {
        Ok(found) => found.findings.into_iter(),
        Err(error) => return Some(format!("it could not be scanned: {}", crate::chain(&error))),
    };
    let runs = |id: &str, severity| severity >= Severity::Dangerous || ALSO.contains(&id);
    let mut found = found.filter(|finding| runs(&finding.id, finding.severity));
    found.next().map(|finding| match finding.would {
        Some(would) => format!("it would {would} ({})", finding.member),
        None => format!("{} ({})", finding.message, finding.member),
    })
}

#[cfg(test)]
mod tests {
    use reproof_digest::{Builder, Kind};

    use super::*;

    fn digest(kind: Kind, text: &str) -> Digest {
        Builder::new(kind).text(text).finish()
    }

    #[test]
    fn a_trusted_artifact_lends_no_trust_to_the_loader_of_a_foreign_contract() {
        let (artifact, contract) = (digest(Kind::Artifact, "weights"), digest(Kind::Contract, "theirs"));
        let mut settings = Settings::default();
        settings.loading.loader = Some("os:remove".to_owned());
        settings.trust = Trust { remembered: BTreeSet::from([artifact]), lender: Some(contract) };
        let settled = |settings: &Settings| settle(settings, PYTHON, Path::new("w.pt"), Some(artifact));
        let Err(Status::Unsupported { what, .. }) = settled(&settings) else { panic!("it would run") };
        assert!(what.starts_with("leave to run the loader `os:remove`"), "{what}");
        settings.trust.remembered.insert(contract);
        assert!(settled(&settings).unwrap().loading.trust);
        settings.trust.remembered.clear();
        settings.loading.trust = true;
        assert!(settled(&settings).is_ok());
    }
}
