//! Storing an artifact and giving it a name.

use std::path::Path;

use reproof_digest::Digest;
use reproof_policy::role::Act;
use reproof_progress::Progress;
use reproof_registry::{
    NewModel, NewVersion, PageRequest, Push, Pushed as Recorded, Relation, Target, Version,
};
use reproof_store::{AddOptions, Added, Manifest};

use super::gather::Opened;
use super::open::random;
use super::reference::{Selector, is_version};
use super::{Brought, Origin, Reference, Registry, RegistryError};
use crate::artifact::{Artifact, digests};
use crate::folder;

/// The classification of a model that nobody classified.
const UNCLASSIFIED: &str = "unclassified";

/// How an artifact is pushed.
#[derive(Clone, Debug, Default)]
pub struct PushOptions {
    /// Where the contract lies, where it is neither in nor beside the artifact.
    pub contract: Option<std::path::PathBuf>,
    /// Versions that it is stored as a difference from, besides the newest of its model.
    pub like: Vec<Reference>,
    /// Where it comes from: how, and from what (a `MODEL@VERSION`, a digest or an address).
    pub lineage: Vec<(Relation, String)>,
    /// Tags to set on it.
    pub tags: Vec<(String, String)>,
    /// The owner of a model that is new; who pushes where not told.
    pub owner: Option<String>,
    /// The classification of a model that is new.
    pub classification: Option<String>,
    /// Whether what looks like a credential or personal data in the contract is kept all the same.
    pub allow_private: bool,
}

/// What a push did.
#[derive(Clone, Debug)]
pub struct Pushed {
    /// The version.
    pub version: Version,
    /// Whether it is new; otherwise it was there, the same to the last bit.
    pub new: bool,
    /// Whether the model is new.
    pub new_model: bool,
    /// What storing it did.
    pub stored: Added,
    /// Whether its contract is of other bytes, so that no verification of it can hold.
    pub contradicted: bool,
    /// What the tool that it comes from says of it.
    pub origin: Option<Origin>,
    /// What became of the signatures that lay with its contract.
    pub signatures: Brought,
}

impl Registry {
    /// Stores the artifact at `path` with its contract, and names it `MODEL@VERSION`. Signatures that lie with the contract
    /// become evidence, also where the version was there already. Interrupted and done again, it goes
    /// on: what arrived is found.
    pub fn push(
        &self,
        path: &Path,
        reference: &Reference,
        options: &PushOptions,
        progress: &dyn Progress,
    ) -> Result<Pushed, RegistryError> {
        let version = reference.named()?;
        if !is_version(version) {
            return Err(RegistryError::Reference {
                text: reference.to_string(),
                problem: format!(
                    "`{version}` is no version: write one like 1.0.0, and give it an alias with `reproof promote`"
                ),
            });
        }
        // Before anything is read and stored.
        reproof_registry::check_version(version)?;
        let model = reference.model.as_str();
        self.allow(Act::Push, Some(model), None)?;
        self.agrees(model, options)?;
        let origin = super::origin::of(path)?;
        let path = origin.as_ref().map_or(path, |origin| origin.path.as_path());
        let beside = options.contract.clone().unwrap_or_else(|| folder::beside(path));
        let contract =
            beside.join(folder::CONTRACT_FILE).is_file().then(|| folder::read(&beside)).transpose()?;
        if let Some(contract) = contract.as_ref().filter(|_| !options.allow_private) {
            let findings = super::show::private(contract);
            if !findings.is_empty() {
                return Err(RegistryError::Private { findings });
            }
        }
        let said = self.said(origin.as_ref(), options)?;
        let artifact = Artifact::open(path)?;
        let computed = digests(&artifact, progress)?;
        let new_model = self.new_model(model, options)?;
        let like = self.like(model, options)?;
        let upload = self.records.start_upload(self.by())?;
        let opened = Opened::new(&artifact, &computed, contract.as_ref().map(|_| beside.as_path()))?;
        // What was opened is what the version will name, whatever takes its place from now on.
        if let Some(contract) = &contract {
            let now = folder::read(&beside)?.digest;
            if now != contract.digest {
                let what = format!("the contract in {}, which changed meanwhile,", beside.display());
                return Err(RegistryError::Unexpected { what, expected: contract.digest, found: now });
            }
        }
        let adding = AddOptions { like: &like, session: random()? as u32, trusting: false };
        let stored = self.store.add(&opened.source(), &adding, progress).inspect_err(|_| {
            // Why it failed is what matters; a lease that stays ends by itself.
            let _ = self.records.abandon_upload(&upload);
        })?;
        let lineage = said.lineage();
        let push = Push {
            version: NewVersion {
                model,
                version,
                artifact: computed.artifact,
                manifest: stored.manifest,
                weights: computed.weights,
                contract: contract.as_ref().map(|contract| contract.digest),
                size: stored.size,
                upload: Some(&upload),
            },
            model: new_model,
            lineage: &lineage,
            found: &said.found,
            told: &said.told,
        };
        let (recorded, new_model) = self.records.push(self.by(), &push)?;
        // A collection may have removed the manifest of an earlier version with the same bytes a moment ago; from now on none
        // does.
        if !self.store.has_manifest(&stored.manifest)? {
            self.store.add(&opened.source(), &adding, progress)?;
        }
        let new = matches!(recorded, Recorded::New(_));
        // A push that is done again takes those that are missing.
        let signatures = match &contract {
            Some(_) => self.take_signatures(recorded.version(), &beside)?,
            None => Brought::default(),
        };
        let promised = contract.as_ref().map(|contract| contract.contract.artifact.artifact_digest);
        Ok(Pushed {
            version: recorded.version().clone(),
            new,
            new_model,
            stored,
            contradicted: promised.is_some_and(|promised| promised != computed.artifact),
            origin,
            signatures,
        })
    }

    /// Refuses what is said of a model that the registry knows as something else.
    fn agrees(&self, model: &str, options: &PushOptions) -> Result<(), RegistryError> {
        let known = match self.records.model(model) {
            Ok(known) => known,
            Err(reproof_registry::Error::Unknown { .. }) => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        let told = [
            ("owner", &known.owner, &options.owner),
            ("classification", &known.classification, &options.classification),
        ];
        for (what, known, told) in told {
            if let Some(told) = told.as_ref().filter(|told| *told != known) {
                return Err(RegistryError::Reference {
                    text: model.to_owned(),
                    problem: format!(
                        "its {what} is `{known}`, not `{told}`: leave out --{what}, or change it with \
                         `reproof describe {model} --{what} {told}`"
                    ),
                });
            }
        }
        Ok(())
    }

    /// The model as it is made if it is not there, or nothing where it is.
    fn new_model<'a>(
        &'a self,
        model: &'a str,
        options: &'a PushOptions,
    ) -> Result<Option<NewModel<'a>>, RegistryError> {
        match self.records.model(model) {
            Ok(_) => return Ok(None),
            Err(reproof_registry::Error::Unknown { .. }) => {}
            Err(error) => return Err(error.into()),
        }
        self.allow(Act::CreateModel, Some(model), None)?;
        Ok(Some(NewModel {
            name: model,
            owner: options.owner.as_deref().unwrap_or(self.who()),
            description: "",
            classification: options.classification.as_deref().unwrap_or(UNCLASSIFIED),
        }))
    }

    /// What is said of the version, by whom pushes it and by the tool that it comes from; refused before anything is
    /// stored, where it can be.
    fn said<'a>(
        &self,
        origin: Option<&'a Origin>,
        options: &'a PushOptions,
    ) -> Result<Said<'a>, RegistryError> {
        let mut said = Said::default();
        for (kind, target) in &options.lineage {
            let known = version_of(target);
            match &known {
                Some(target) => drop(self.resolve(target)?),
                None => reproof_registry::check_target(target)?,
            }
            said.lineage.push((*kind, target, known));
        }
        for (kind, target) in origin.iter().flat_map(|origin| &origin.lineage) {
            // What a tool says of its own names may be nothing here.
            let known = version_of(target).filter(|target| self.resolve(target).is_ok());
            if known.is_some() || reproof_registry::check_target(target).is_ok() {
                said.lineage.push((*kind, target, known));
            }
        }
        let pairs =
            |tags: &'a [(String, String)]| tags.iter().map(|(key, value)| (key.as_str(), value.as_str()));
        said.told.extend(pairs(&options.tags));
        said.found.extend(origin.into_iter().flat_map(|origin| pairs(&origin.tags)));
        // What is told outweighs what was found.
        said.found.retain(|(key, _)| said.told.iter().all(|(told, _)| told != key));
        for (key, value) in said.found.iter().chain(&said.told) {
            reproof_registry::check_tag(key, Some(value))?;
        }
        Ok(said)
    }

    /// The manifests that a new version is stored as a difference from.
    fn like(&self, model: &str, options: &PushOptions) -> Result<Vec<Manifest>, RegistryError> {
        let mut manifests: Vec<Digest> = Vec::new();
        for reference in &options.like {
            manifests.push(self.resolve(reference)?.manifest);
        }
        match self.records.versions(model, &PageRequest::first(1)) {
            Ok(newest) => manifests.extend(newest.items.iter().map(|version| version.manifest)),
            // The model is made with its first version.
            Err(reproof_registry::Error::Unknown { .. }) => {}
            Err(error) => return Err(error.into()),
        }
        manifests.dedup();
        let read = manifests.iter().map(|digest| self.store.manifest(digest));
        // What cannot be read only costs space here; checking the store is for another command.
        Ok(read.filter_map(Result::ok).collect())
    }

    /// The version that a reference names, by itself or by an alias.
    pub fn resolve(&self, reference: &Reference) -> Result<Version, RegistryError> {
        let name = reference.named()?;
        self.allow(Act::Read, Some(&reference.model), None)?;
        if is_version(name) {
            return Ok(self.records.version(&reference.model, name)?);
        }
        let alias = self.records.alias(&reference.model, name)?;
        let version = alias.version.ok_or_else(|| RegistryError::Reference {
            text: reference.to_string(),
            problem: format!("the alias points to nothing since {}", alias.since.at),
        })?;
        Ok(self.records.version(&reference.model, &version)?)
    }
}

/// What is said of a version that is pushed.
#[derive(Default)]
struct Said<'a> {
    /// How it stands to what, and the version of this registry that this is.
    lineage: Vec<(Relation, &'a str, Option<Reference>)>,
    found: Vec<(&'a str, &'a str)>,
    told: Vec<(&'a str, &'a str)>,
}

impl Said<'_> {
    fn lineage(&self) -> Vec<(Relation, Target<'_>)> {
        let edges = self.lineage.iter().map(|(kind, text, known)| match known {
            Some(Reference { model, selector: Selector::Named(version) }) => {
                (*kind, Target::Version { model, version })
            }
            _ => (*kind, Target::Other(text)),
        });
        edges.collect()
    }
}

/// The version of this registry that a lineage names; nothing where it is a digest or an address.
fn version_of(target: &str) -> Option<Reference> {
    let reference = target.parse::<Reference>().ok()?;
    reference.named().is_ok_and(is_version).then_some(reference)
}
