//! Finds the files and the model of an artifact.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use reproof_contract::contract::ArtifactKind;
use reproof_digest::layout::Layout;
use reproof_formats::{Description, ErrorKind, FormatError, OpenOptions};

/// The contract's folder inside a folder artifact; never part of the artifact.
pub(crate) const CONTRACT_FOLDER: &str = "reproof";

/// The folder of a registry, in the folder that it serves. It holds the key of a log: it is never part of an artifact.
pub(crate) const REGISTRY_FOLDER: &str = ".reproof";

/// Folders in a folder artifact that are never part of it, besides what an interrupted recording left: version control, and
/// a registry.
const IGNORED: [&str; 2] = [".git", REGISTRY_FOLDER];

/// An artifact with its model described.
#[derive(Debug)]
pub struct Artifact {
    /// The path as given.
    pub path: PathBuf,
    /// The folder that its POSIX paths start from; for a single file, the file's folder.
    pub root: PathBuf,
    /// One file or a folder.
    pub kind: ArtifactKind,
    /// The model file.
    pub model: PathBuf,
    /// What the model file holds.
    pub description: Description,
    /// Every file.
    pub files: Vec<ArtifactFile>,
}

/// One file of an artifact.
#[derive(Debug, Clone)]
pub struct ArtifactFile {
    /// POSIX path below the root; empty for the main file of a single-file artifact.
    pub path: String,
    /// Where it lies.
    pub location: PathBuf,
    /// Its segments.
    pub layout: Layout,
}

/// Why an artifact could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// A file or folder could not be read.
    #[error("could not read {}", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The model file is not what a reader understands.
    #[error("could not read {} as a model", path.display())]
    Format {
        /// Which.
        path: PathBuf,
        /// What is wrong, where.
        #[source]
        source: FormatError,
    },
    /// A folder holds no model or several.
    #[error("{} holds {}", folder.display(), list(found))]
    Ambiguous {
        /// The folder.
        folder: PathBuf,
        /// The candidates.
        found: Vec<String>,
    },
    /// A path inside the folder is not UTF-8, so that it has no digest.
    #[error("{} is not a UTF-8 path", path.display())]
    NotUtf8 {
        /// Which.
        path: PathBuf,
    },
}

/// Candidates that an error names.
const LISTED: usize = 10;

fn list(found: &[String]) -> String {
    match found {
        [] => "no model file".to_owned(),
        found => {
            let shown = &found[..found.len().min(LISTED)];
            let more = if shown.len() < found.len() { ", ..." } else { "" };
            format!("{} model files ({}{more}): name one of them", found.len(), shown.join(", "))
        }
    }
}

impl Artifact {
    /// Opens a file, or a folder that is one checkpoint or holds exactly one model.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        Self::open_with(path, &OpenOptions::default())
    }

    /// As [`Self::open`], with what only the user knows.
    pub fn open_with(path: &Path, options: &OpenOptions) -> Result<Self, OpenError> {
        if !path.is_dir() {
            let description = describe(path, options)?;
            let files = description.files.iter().map(|file| ArtifactFile {
                path: file.path.clone(),
                location: file.location.clone(),
                layout: file.layout.clone(),
            });
            return Ok(Self {
                path: path.to_owned(),
                root: path.parent().unwrap_or(Path::new("")).to_owned(),
                kind: ArtifactKind::File,
                model: path.to_owned(),
                files: files.collect(),
                description,
            });
        }
        let mut paths = list_files(path)?;
        let whole = reproof_formats::open_folder(path, &paths, options)
            .map_err(|source| OpenError::Format { path: path.to_owned(), source })?;
        let (model, description) = if let Some(description) = whole {
            let first = description.files.first().map(|file| file.location.clone());
            (first.unwrap_or_else(|| path.to_owned()), description)
        } else {
            let model = only_model(path, &paths)?;
            let description = describe(&model, options)?;
            (model, description)
        };
        add_external(path, &description, &mut paths)?;
        let known: HashMap<&Path, &Layout> =
            description.files.iter().map(|file| (file.location.as_path(), &file.layout)).collect();
        let files = paths.iter().map(|(name, location)| {
            let layout = if let Some(layout) = known.get(location.as_path()) {
                (*layout).clone()
            } else {
                Layout::opaque(size(location)?)
            };
            Ok(ArtifactFile { path: name.clone(), location: location.clone(), layout })
        });
        let files = files.collect::<Result<_, OpenError>>()?;
        Ok(Self {
            path: path.to_owned(),
            root: path.to_owned(),
            kind: ArtifactKind::Folder,
            model,
            files,
            description,
        })
    }
}

impl Artifact {
    /// As [`Self::open`], and takes what no reader here understands as bytes: a framework may run it.
    pub fn open_any(path: &Path) -> Result<Self, OpenError> {
        match Self::open(path) {
            Err(OpenError::Format { source, .. }) if source.kind() == ErrorKind::Unknown => {}
            Err(OpenError::Ambiguous { .. }) => {}
            result => return result,
        }
        let (kind, root, named) = if path.is_dir() {
            (ArtifactKind::Folder, path, list_files(path)?)
        } else {
            let folder = path.parent().unwrap_or(Path::new(""));
            (ArtifactKind::File, folder, vec![(String::new(), path.to_owned())])
        };
        if named.is_empty() {
            return Err(OpenError::Ambiguous { folder: path.to_owned(), found: Vec::new() });
        }
        let sized = named.into_iter().map(|(name, location)| {
            let size = size(&location)?;
            Ok((name, location, size))
        });
        let description = reproof_formats::unread(kind, sized.collect::<Result<_, OpenError>>()?);
        let files = description.files.iter().map(|file| ArtifactFile {
            path: file.path.clone(),
            location: file.location.clone(),
            layout: file.layout.clone(),
        });
        Ok(Self {
            path: path.to_owned(),
            root: root.to_owned(),
            kind,
            model: path.to_owned(),
            files: files.collect(),
            description,
        })
    }
}

/// Names that model files have; what they are is decided by their content.
const EXTENSIONS: &[&str] = &[
    "onnx",
    "safetensors",
    "pt",
    "pth",
    "ckpt",
    "bin",
    "pt2",
    "gguf",
    "npz",
    "npy",
    "pkl",
    "pickle",
    "joblib",
];

/// The only model of a folder.
fn only_model(path: &Path, paths: &[(String, PathBuf)]) -> Result<PathBuf, OpenError> {
    let of = |extensions: &[&str]| {
        paths.iter().filter(|(name, _)| has_extension(name, extensions)).collect::<Vec<_>>()
    };
    // A graph says more than the bare weights beside it, and weights more than arrays, which may be anything.
    for extensions in [&["onnx"][..], &["safetensors"], EXTENSIONS] {
        if let [only] = of(extensions).as_slice() {
            return Ok(only.1.clone());
        }
    }
    let found = of(EXTENSIONS).iter().map(|(name, _)| name.clone()).collect();
    Err(OpenError::Ambiguous { folder: path.to_owned(), found })
}

/// Adds external data that lies where files are not listed, such as below `.git`: it is loaded, so it counts.
fn add_external(
    root: &Path,
    description: &Description,
    paths: &mut Vec<(String, PathBuf)>,
) -> Result<(), OpenError> {
    for file in &description.files {
        if paths.iter().all(|(_, location)| *location != file.location) {
            let relative = file.location.strip_prefix(root).ok().and_then(Path::to_str);
            let relative = relative.ok_or_else(|| OpenError::NotUtf8 { path: file.location.clone() })?;
            paths.push((relative.to_owned(), file.location.clone()));
        }
    }
    paths.sort();
    Ok(())
}

fn describe(path: &Path, options: &OpenOptions) -> Result<Description, OpenError> {
    reproof_formats::open_with(path, options)
        .map_err(|source| OpenError::Format { path: path.to_owned(), source })
}

fn size(location: &Path) -> Result<u64, OpenError> {
    let metadata = std::fs::metadata(location);
    Ok(metadata.map_err(|source| OpenError::Read { path: location.to_owned(), source })?.len())
}

fn has_extension(name: &str, extensions: &[&str]) -> bool {
    let extension = Path::new(name).extension().and_then(|extension| extension.to_str());
    extension.is_some_and(|extension| extensions.iter().any(|known| extension.eq_ignore_ascii_case(known)))
}

/// The files of a folder artifact with their POSIX paths, sorted.
pub(crate) fn list_files(folder: &Path) -> Result<Vec<(String, PathBuf)>, OpenError> {
    let mut paths = Vec::new();
    walk(folder, folder, &mut paths)?;
    paths.sort();
    Ok(paths)
}

/// Collects the files below `folder` with their POSIX paths below `root`.
fn walk(root: &Path, folder: &Path, found: &mut Vec<(String, PathBuf)>) -> Result<(), OpenError> {
    let failed = |source| OpenError::Read { path: folder.to_owned(), source };
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let path = entry.path();
        let name = entry.file_name();
        // A link to a folder could lead out or in circles; a link to a file is as good as the file.
        let is_folder = entry.file_type().map_err(failed)?.is_dir();
        if is_folder {
            let is_ours = folder == root && name == CONTRACT_FOLDER;
            let text = name.to_string_lossy();
            let ignored = IGNORED.contains(&text.as_ref()) || text.starts_with(crate::folder::DRAFT_PREFIX);
            if !is_ours && !ignored {
                walk(root, &path, found)?;
            }
        } else if path.is_file() {
            let relative = path.strip_prefix(root).expect("entries lie below the root they were read from");
            let parts: Option<Vec<&str>> = relative.iter().map(|part| part.to_str()).collect();
            let parts = parts.ok_or_else(|| OpenError::NotUtf8 { path: path.clone() })?;
            found.push((parts.join("/"), path));
        }
    }
    Ok(())
}
