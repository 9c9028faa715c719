//! What `inspect` and `digest` tell of an artifact, as documents.

use std::collections::BTreeMap;

use reproof_contract::contract::Interface;
use reproof_digest::Digest;
use reproof_formats::{Finding, GraphSummary, TrainingState};
use serde::Serialize;

use super::{Artifact, Digests};

/// What an artifact holds.
#[derive(Debug, Serialize)]
pub struct Inspection<'a> {
    /// The format by name, such as `onnx`.
    pub format: &'a str,
    /// Its files.
    pub files: Vec<InspectedFile>,
    /// Inputs and outputs, where the format tells them.
    pub interface: &'a Interface,
    /// The graph in numbers, where there is one.
    pub graph: Option<&'a GraphSummary>,
    /// Every tensor of every part.
    pub tensors: Vec<InspectedTensor>,
    /// Training state: empty for weights alone.
    pub state: &'a TrainingState,
    /// What the file says of itself.
    pub metadata: &'a BTreeMap<String, String>,
    /// What is odd about it.
    pub findings: &'a [Finding],
}

/// A file of an artifact.
#[derive(Debug, Serialize)]
pub struct InspectedFile {
    /// POSIX path in the artifact; empty for the only file.
    pub path: String,
    /// Bytes.
    pub size: u64,
}

/// A tensor of an artifact.
#[derive(Debug, Serialize)]
pub struct InspectedTensor {
    /// Its name, relative to the root of its part.
    pub name: String,
    /// Its part, such as `model`.
    pub part: String,
    /// The element type as safetensors spells it.
    pub dtype: String,
    /// Dims, outermost first.
    pub shape: Vec<u64>,
    /// Its digest, where digests were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<Digest>,
    /// An earlier tensor with the same storage.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tied_to: Option<String>,
    /// What is odd about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// Every digest of an artifact.
#[derive(Debug, Serialize)]
pub struct Identification {
    /// All files.
    pub artifact_digest: Digest,
    /// Names and tensors of the model.
    pub weights_digest: Digest,
    /// The model's distinct tensors.
    pub values_digest: Digest,
    /// Everything but weights.
    pub architecture_digest: Digest,
    /// Every other part by name.
    pub parts: BTreeMap<String, Digest>,
    /// Where the model lies in a checkpoint: a file of it, keys inside a file, or both.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Tensors that share their storage with an earlier one of their part.
    pub ties: Vec<Tie>,
    /// Its files.
    pub files: Vec<IdentifiedFile>,
}

/// A tensor that shares its storage.
#[derive(Debug, Serialize)]
pub struct Tie {
    /// The part of both.
    pub part: String,
    /// The later one.
    pub name: String,
    /// The earlier one.
    pub tied_to: String,
}

/// A file with its digest.
#[derive(Debug, Serialize)]
pub struct IdentifiedFile {
    /// POSIX path in the artifact; empty for the only file.
    pub path: String,
    /// Bytes.
    pub size: u64,
    /// `layout-v1` digest.
    pub digest: Digest,
}

impl Artifact {
    /// What the artifact holds, with the digests of its tensors where they are given.
    pub fn inspection(&self, digests: Option<&Digests>) -> Inspection<'_> {
        let description = &self.description;
        let tensors = description.tensors.iter().enumerate().map(|(index, tensor)| InspectedTensor {
            name: tensor.name.clone(),
            part: tensor.part.clone(),
            dtype: tensor.dtype.to_string(),
            shape: tensor.shape.clone(),
            digest: digests.and_then(|digests| digests.tensors.get(index).copied()),
            tied_to: tensor.tied_to.clone(),
            note: tensor.note.clone(),
        });
        let files =
            self.files.iter().map(|file| InspectedFile { path: file.path.clone(), size: file.layout.size() });
        Inspection {
            format: description.format.as_str(),
            files: files.collect(),
            interface: &description.interface,
            graph: description.graph.as_ref(),
            tensors: tensors.collect(),
            state: &description.state,
            metadata: &description.metadata,
            findings: &description.findings,
        }
    }

    /// The digests with what they belong to.
    pub fn identification(&self, digests: Digests) -> Identification {
        let files = self.files.iter().zip(&digests.files).map(|(file, (size, digest))| IdentifiedFile {
            path: file.path.clone(),
            size: *size,
            digest: *digest,
        });
        let description = &self.description;
        let ties = description.tensors.iter().filter_map(|tensor| {
            let tied_to = tensor.tied_to.clone()?;
            Some(Tie { part: tensor.part.clone(), name: tensor.name.clone(), tied_to })
        });
        let model = description.state.parts.iter().find(|part| part.name == "model");
        Identification {
            artifact_digest: digests.artifact,
            weights_digest: digests.weights,
            values_digest: digests.values,
            architecture_digest: digests.architecture,
            files: files.collect(),
            parts: digests.parts,
            model: model.map(|part| part.root.clone()).filter(|root| !root.is_empty()),
            ties: ties.collect(),
        }
    }
}
