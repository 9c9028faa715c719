//! A version of the registry where commands expect a path: pulled into a scratch folder, and what is found out about it
//! becomes evidence.

use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::Args;
use reproof::Scratch;
use reproof::registry::policy::Act;
use reproof::registry::{PullOptions, Reference, Registry};
use reproof::sign::private_key;
use reproof_contract::Report;
use reproof_contract::scan::Scan;
use reproof_digest::Digest;

use super::{RegistryArguments, publish};
use crate::bars::Bars;
use crate::output;

/// What is told about a version of the registry, besides its name.
#[derive(Args, Debug, Clone)]
pub(crate) struct EvidenceArguments {
    #[command(flatten)]
    registry: RegistryArguments,
    /// Sign what becomes evidence with this private key.
    #[arg(long, value_name = "PEM", help_heading = "Registry")]
    key: Option<PathBuf>,
}

impl EvidenceArguments {
    /// Opens the registry.
    pub(super) fn open(&self) -> Result<Registry> {
        self.registry.open()
    }

    /// Keeps the report of a verification as evidence, where the actor may.
    pub(super) fn keep(&self, registry: &Registry, name: &Reference, report: &Report) -> Result<()> {
        if let Err(denied) = registry.allow(Act::Attest, Some(&name.model), None) {
            output::note(&format!("not kept as evidence: {denied}"));
            return Ok(());
        }
        let key = self.key.as_deref().map(private_key).transpose()?;
        let attached = registry.attach_report(name, report, key.as_ref())?;
        publish(registry);
        let flagged = if attached.flagged { ", and the version is flagged" } else { "" };
        output::note(&format!("kept as evidence: {}{flagged}", attached.statement.digest.short()));
        Ok(())
    }
}

/// The version that `path` names, unless something is at that path.
pub(crate) fn version_named(path: &Path) -> Option<Reference> {
    let named = path.to_str().filter(|text| text.contains('@') && !path.exists());
    named.and_then(|text| text.parse().ok())
}

/// A version in a scratch folder, which goes when this does.
pub(crate) struct Checkout {
    registry: Registry,
    reference: Reference,
    evidence: EvidenceArguments,
    path: PathBuf,
    artifact: Digest,
    _folder: Scratch,
}

impl Checkout {
    /// Pulls the version that `path` names, unless something is at that path or it names none.
    pub(crate) fn of(path: &Path, arguments: &EvidenceArguments) -> Result<Option<Self>> {
        let Some(reference) = version_named(path) else { return Ok(None) };
        let registry = arguments.registry.open()?;
        let folder = Scratch::new()?;
        let options = PullOptions {
            destination: Some(folder.path().to_owned()),
            passing: true,
            ..PullOptions::default()
        };
        let pulled = registry.pull(&reference, &options, &Bars::new())?;
        let (path, artifact) = (pulled.path, pulled.version.artifact);
        let evidence = arguments.clone();
        Ok(Some(Self { registry, reference, evidence, path, artifact, _folder: folder }))
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Its artifact digest, which was checked when it was pulled.
    pub(crate) fn artifact(&self) -> Digest {
        self.artifact
    }

    /// What reports call it.
    pub(crate) fn shown(&self) -> String {
        self.reference.to_string()
    }

    /// Keeps the report of a verification.
    pub(crate) fn keep_report(&self, report: &Report) -> Result<()> {
        self.evidence.keep(&self.registry, &self.reference, report)
    }

    /// Keeps what a scan found.
    pub(crate) fn keep_scan(&self, scan: &Scan) -> Result<()> {
        let key = self.evidence.key.as_deref().map(private_key).transpose()?;
        let attached = self.registry.attach_scan(&self.reference, scan, key.as_ref())?;
        publish(&self.registry);
        output::note(&format!("kept as evidence: {}", attached.statement.digest.short()));
        Ok(())
    }
}
