//! An artifact and its contract as the store takes them: opened files, hashed segments, named tensors.

use std::collections::HashMap;
use std::fs::File;
use std::path::{Path, PathBuf};

use reproof_contract::contract::ArtifactKind;
use reproof_digest::layout::SegmentKind;
use reproof_digest::{OpenFile, ReadAt as _};
use reproof_store::{Source, SourceFile, SourceSegment, SourceTensor};

use super::RegistryError;
use crate::artifact::{Artifact, Digests};

/// Files of an artifact and of its contract, open.
pub(super) struct Opened<'a> {
    artifact: &'a Artifact,
    digests: &'a Digests,
    files: Vec<OpenFile>,
    contract: Vec<(String, OpenFile)>,
}

impl<'a> Opened<'a> {
    /// Opens what an artifact and the contract in `folder`, if there is one, are made of.
    pub(super) fn new(
        artifact: &'a Artifact,
        digests: &'a Digests,
        folder: Option<&Path>,
    ) -> Result<Self, RegistryError> {
        let files = artifact.files.iter().map(|file| open(&file.location)).collect::<Result<_, _>>()?;
        let mut contract = Vec::new();
        if let Some(folder) = folder {
            let mut paths = Vec::new();
            list(folder, "", &mut paths)?;
            paths.sort();
            for (name, path) in paths {
                contract.push((name, open(&path)?));
            }
        }
        Ok(Self { artifact, digests, files, contract })
    }

    /// What the store takes.
    pub(super) fn source(&self) -> Source<'_> {
        let described = self.artifact.files.iter().zip(&self.digests.segments).zip(&self.files);
        let files = described.map(|((file, digests), bytes)| {
            let segments =
                file.layout.segments().iter().zip(digests).map(|(segment, digest)| SourceSegment {
                    offset: segment.offset,
                    length: segment.length,
                    digest: Some(*digest),
                    whole: segment.kind == SegmentKind::Blob,
                });
            SourceFile { path: file.path.clone(), bytes, segments: segments.collect() }
        });
        let contract = self.contract.iter().map(|(name, bytes)| {
            let whole = SourceSegment { offset: 0, length: bytes.size(), digest: None, whole: false };
            SourceFile { path: name.clone(), bytes, segments: vec![whole] }
        });
        Source {
            artifact: self.digests.artifact,
            name: name_of(&self.artifact.path),
            folder: self.artifact.kind == ArtifactKind::Folder,
            files: files.collect(),
            contract: contract.collect(),
            tensors: tensors(self.artifact),
        }
    }
}

/// The last component of a path as a person would name the artifact: `.` is the folder's own name.
pub(super) fn name_of(path: &Path) -> String {
    let whole = std::fs::canonicalize(path);
    let named = whole.as_deref().unwrap_or(path).file_name().or_else(|| path.file_name());
    named.map_or_else(|| "artifact".to_owned(), |name| name.to_string_lossy().into_owned())
}

/// The tensors whose values are a range of a file.
fn tensors(artifact: &Artifact) -> Vec<SourceTensor> {
    let known: HashMap<&Path, usize> =
        artifact.files.iter().enumerate().map(|(index, file)| (file.location.as_path(), index)).collect();
    let description = &artifact.description;
    let tensors = description.tensors.iter().filter_map(|tensor| {
        let (file, range) = tensor.storage.file_range()?;
        let file = *known.get(description.files.get(file)?.location.as_path())?;
        Some(SourceTensor {
            name: tensor.name.clone(),
            part: tensor.part.clone(),
            dtype: tensor.dtype.name().to_owned(),
            shape: tensor.shape.clone(),
            file,
            offset: range.start,
            length: range.end - range.start,
        })
    });
    tensors.collect()
}

fn open(path: &Path) -> Result<OpenFile, RegistryError> {
    let failed = |source| RegistryError::Read { path: path.to_owned(), source };
    File::open(path).and_then(OpenFile::new).map_err(failed)
}

/// Regular files below a folder, with POSIX names.
pub(super) fn list(
    folder: &Path,
    prefix: &str,
    found: &mut Vec<(String, PathBuf)>,
) -> Result<(), RegistryError> {
    let failed = |source| RegistryError::Read { path: folder.to_owned(), source };
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let path = entry.path();
        let name = entry.file_name().into_string().map_err(|_| {
            failed(std::io::Error::new(std::io::ErrorKind::InvalidData, "a name in it is not UTF-8"))
        })?;
        let name = if prefix.is_empty() { name } else { format!("{prefix}/{name}") };
        let kind = entry.file_type().map_err(failed)?;
        if kind.is_dir() {
            list(&path, &name, found)?;
        } else if kind.is_file() {
            found.push((name, path));
        }
    }
    Ok(())
}
