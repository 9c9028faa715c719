//! Storing an artifact and giving it a name.

use std::path::Path;

use reproof_digest::Digest;
use reproof_policy::role::Act;
use reproof_progress::Progress;
use reproof_registry::{NewModel, NewVersion, PageRequest, Pushed as Recorded, Relation, Target, Version};
use reproof_store::{AddOptions, Added, Manifest};

use super::gather::Opened;
use super::open::random;
use super::reference::is_version;
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
        for (_, target) in &options.lineage {
            if let Some(target) = version_of(target) {
                self.resolve(&target)?;
            }
        }
        let artifact = Artifact::open(path)?;
        let computed = digests(&artifact, progress)?;
        let new_model = self.ensure_model(model, options)?;
        let like = self.like(model, options)?;
        let upload = self.records.start_upload(self.by())?;
        let opened = Opened::new(&artifact, &computed, contract.as_ref().map(|_| beside.as_path()))?;
        let adding = AddOptions { like: &like, session: random()? as u32, trusting: false };
        let stored = self.store.add(&opened.source(), &adding, progress).inspect_err(|_| {
            // Why it failed is what matters; a lease that stays ends by itself.
            let _ = self.records.abandon_upload(&upload);
        })?;
        let recorded = self.records.add_version(
            self.by(),
            &NewVersion {
                model,
                version,
                artifact: computed.artifact,
                manifest: stored.manifest,
                weights: computed.weights,
                contract: contract.as_ref().map(|contract| contract.digest),
                size: stored.size,
                upload: Some(&upload),
            },
        )?;
        let new = matches!(recorded, Recorded::New(_));
        let found = origin.iter().flat_map(|origin| &origin.lineage);
        for (kind, target) in found.chain(&options.lineage) {
            let known = version_of(target);
            let named = known.as_ref().and_then(|target| Some((target.model.as_str(), target.named().ok()?)));
            let target =
                named.map_or(Target::Other(target), |(model, version)| Target::Version { model, version });
            self.records.add_lineage(self.by(), model, version, *kind, target)?;
        }
        // What is told outweighs what was found, and what was found before stays as it is.
        let found = origin.iter().filter(|_| new).flat_map(|origin| &origin.tags);
        for (key, value) in found.chain(&options.tags) {
            self.records.set_tag(self.by(), model, version, key, Some(value))?;
        }
        // Last: a push that is done again takes those that are missing, and sets no tags of an origin any more.
        let signatures = match &contract {
            Some(_) => self.take_signatures(recorded.version(), &beside)?,
            None => Brought::default(),
        };
        Ok(Pushed { version: recorded.version().clone(), new, new_model, stored, origin, signatures })
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

    /// Makes a model that is not there yet; whether it was made.
    fn ensure_model(&self, model: &str, options: &PushOptions) -> Result<bool, RegistryError> {
        match self.records.model(model) {
            Ok(_) => return Ok(false),
            Err(reproof_registry::Error::Unknown { .. }) => {}
            Err(error) => return Err(error.into()),
        }
        self.allow(Act::CreateModel, Some(model), None)?;
        let new = NewModel {
            name: model,
            owner: options.owner.as_deref().unwrap_or(self.who()),
            description: "",
            classification: options.classification.as_deref().unwrap_or(UNCLASSIFIED),
        };
        match self.records.create_model(self.by(), &new) {
            Ok(_) => Ok(true),
            // Somebody else was faster, which is as good.
            Err(reproof_registry::Error::Exists { .. }) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// The manifests that a new version is stored as a difference from.
    fn like(&self, model: &str, options: &PushOptions) -> Result<Vec<Manifest>, RegistryError> {
        let mut manifests: Vec<Digest> = Vec::new();
        for reference in &options.like {
            manifests.push(self.resolve(reference)?.manifest);
        }
        let newest = self.records.versions(model, &PageRequest::first(1))?;
        manifests.extend(newest.items.iter().map(|version| version.manifest));
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

/// The version of this registry that a lineage names; nothing where it is a digest or an address.
fn version_of(target: &str) -> Option<Reference> {
    let reference = target.parse::<Reference>().ok()?;
    reference.named().is_ok_and(is_version).then_some(reference)
}
