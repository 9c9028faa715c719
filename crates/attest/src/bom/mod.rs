//! The bill of materials of a model: CycloneDX 1.6 in JSON, with a model card.
//!
//! What a model is made of and what is known about it, in a form that inventories read: its files, the models and data
//! that it came from, the packages that it runs with, its measured quality. The same [`Model`] always gives the same bytes:
//! the serial number is made from the content, and a time is written only where one is given.
//!
//! The digest of the artifact is a property (`reproof:artifact-digest`): CycloneDX knows hashes of bytes only.

mod card;
mod component;
mod document;

use reproof_digest::Digest;

pub use document::bom;

use crate::oms::File;
use crate::{Sha256, Timestamp};

/// A model, for its bill. What is not known stays empty and is left out.
#[derive(Clone, Debug)]
pub struct Model {
    /// What it is called.
    pub name: String,
    /// Its version.
    pub version: Option<String>,
    /// One sentence about it.
    pub description: Option<String>,
    /// Its digest.
    pub artifact: Digest,
    /// Further digests: weights, values, architecture, contract.
    pub digests: Vec<Digest>,
    /// Its files; one with an empty path for a model of one file.
    pub files: Vec<File>,
    /// Its licences.
    pub licences: Vec<Licence>,
    /// What it does and how it is built.
    pub card: Card,
    /// The data it was trained on or tested with.
    pub datasets: Vec<Dataset>,
    /// The models it was made from.
    pub ancestors: Vec<Ancestor>,
    /// The packages that it runs with, from a lock.
    pub packages: Vec<Package>,
    /// Where more is said: signatures, reports, evidence.
    pub references: Vec<Reference>,
    /// Facts without a field of their own: names such as `reproof:verdict`, and values.
    pub properties: Vec<(String, String)>,
    /// When the bill was made; no time makes it reproducible.
    pub timestamp: Option<Timestamp>,
    /// The version of Reproof.
    pub made_by: String,
}

impl Model {
    /// A model of which only name and digest are known.
    pub fn new(name: &str, artifact: Digest, made_by: &str) -> Self {
        Self {
            name: name.to_owned(),
            version: None,
            description: None,
            artifact,
            digests: Vec::new(),
            files: Vec::new(),
            licences: Vec::new(),
            card: Card::default(),
            datasets: Vec::new(),
            ancestors: Vec::new(),
            packages: Vec::new(),
            references: Vec::new(),
            properties: Vec::new(),
            timestamp: None,
            made_by: made_by.to_owned(),
        }
    }
}

/// What a model does and how it is built.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Card {
    /// How it learned.
    pub approach: Option<Approach>,
    /// What it does, such as `image-classification`.
    pub task: Option<String>,
    /// Such as `transformer`.
    pub architecture_family: Option<String>,
    /// Such as `bert-base-uncased`.
    pub architecture: Option<String>,
    /// The form of its inputs, such as `float32[batch,3,224,224]`.
    pub inputs: Vec<String>,
    /// The form of its outputs.
    pub outputs: Vec<String>,
    /// What was measured.
    pub metrics: Vec<Metric>,
    /// What it is for.
    pub use_cases: Vec<String>,
    /// What it cannot do.
    pub limitations: Vec<String>,
}

/// How a model learned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Approach {
    /// From labelled examples.
    Supervised,
    /// From unlabelled examples.
    Unsupervised,
    /// From rewards.
    Reinforcement,
    /// From few labelled and many unlabelled examples.
    SemiSupervised,
    /// From examples that label themselves.
    SelfSupervised,
}

/// A number that was measured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metric {
    /// What, such as `accuracy` or `reproof.max_abs_diff`.
    pub kind: String,
    /// The number, as a text: no two readers round it differently.
    pub value: String,
    /// On what, such as an output and an environment.
    pub slice: Option<String>,
}

/// The terms under which something may be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Licence {
    /// An SPDX expression, such as `Apache-2.0`.
    Expression(String),
    /// Any other name.
    Name(String),
}

/// Data that a model was trained on or tested with.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dataset {
    /// What it is called.
    pub name: String,
    /// Its version.
    pub version: Option<String>,
    /// The SHA-256 of its bytes.
    pub sha256: Option<Sha256>,
    /// Where it is.
    pub url: Option<String>,
    /// How it may be used, such as `public`.
    pub classification: Option<String>,
    /// One sentence about it.
    pub description: Option<String>,
}

/// A model that another was made from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ancestor {
    /// What it is called.
    pub name: String,
    /// Its version.
    pub version: Option<String>,
    /// Its package URL, such as `pkg:huggingface/org/name@revision`.
    pub purl: Option<String>,
    /// The SHA-256 of its bytes, where it is one file.
    pub sha256: Option<Sha256>,
    /// Its digest.
    pub artifact: Option<Digest>,
}

/// A package of a lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Package {
    /// What it is called.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its package URL, such as `pkg:pypi/numpy@2.4.1`.
    pub purl: String,
    /// Its licences.
    pub licences: Vec<Licence>,
    /// The SHA-256 of the file that it was installed from.
    pub sha256: Option<Sha256>,
}

/// A document about a model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// What it is.
    pub kind: ReferenceKind,
    /// Where it is: a URL, or a path beside the bill.
    pub url: String,
    /// The SHA-256 of its bytes.
    pub sha256: Option<Sha256>,
}

/// What a document about a model is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReferenceKind {
    /// A signed statement.
    Attestation,
    /// A signature of the model.
    DigitalSignature,
    /// What a claim stands on.
    Evidence,
    /// A description for people.
    ModelCard,
    /// What a scan found.
    StaticAnalysis,
    /// What a verification found.
    DynamicAnalysis,
    /// Where it was made or is kept.
    Distribution,
}
