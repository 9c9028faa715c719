//! The user's own inputs, and published suites with their outputs.

use std::path::{Path, PathBuf};

use reproof_contract::contract::{CaseOrigin, CaseRecord};
use reproof_contract::{CaseClass, Name};
use reproof_formats::onnx::{Model, test_data};
use reproof_formats::{FormatError, npy, safetensors, values};
use reproof_tensor::{DType, StringTensor, Tensor, Value};

use super::Case;
use crate::judge::Values;

/// What a case is, beside its inputs.
const CASE_FILE: &str = "case.json";

/// The largest file of values that is read, in bytes.
const LARGEST: u64 = 1 << 30;

/// The largest file of text that is read, in bytes.
const LONGEST: u64 = 16 << 20;

/// Why inputs could not be imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// A file could not be read.
    #[error("could not read the values in {}", path.display())]
    Format {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: FormatError,
    },
    /// A folder could not be listed.
    #[error("could not read {}", path.display())]
    Read {
        /// The folder.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The path holds nothing that looks like values.
    #[error("{} holds no values: expected .npy, .npz, .safetensors, a folder with inputs.json, or test_data_set_N", path.display())]
    Nothing {
        /// The path.
        path: PathBuf,
    },
    /// The values do not fit the model's inputs.
    #[error("{} holds {}, the model takes {}", path.display(), list(found), list(expected))]
    Names {
        /// The file.
        path: PathBuf,
        /// Names found.
        found: Vec<String>,
        /// Names of the model's inputs.
        expected: Vec<String>,
    },
}

/// Why a case could not be exported.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// A file or folder could not be written.
    #[error("could not write below {}", path.display())]
    Write {
        /// The case's folder.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// Its values could not be written.
    #[error("could not write the values in {}", path.display())]
    Values {
        /// The case's folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: FormatError,
    },
}

fn list(names: &[String]) -> String {
    if names.is_empty() { "nothing".to_owned() } else { names.join(", ") }
}

/// Reads the user's inputs at `path`: one file is one case, a folder of files one case per file.
pub fn import(model: &Model, path: &Path) -> Result<Vec<Case>, ImportError> {
    Ok(imported(read(Some(model), path)?, path))
}

/// As [`import`], for models whose inputs are not known: every value is taken under its own name, a nameless one as
/// `input`.
pub fn import_named(path: &Path) -> Result<Vec<Case>, ImportError> {
    Ok(imported(read(None, path)?, path))
}

fn imported(found: Vec<Found>, path: &Path) -> Vec<Case> {
    let cases = found.into_iter().map(|(name, inputs, _)| {
        let folder = if path.join(CASE_FILE).is_file() { path.to_owned() } else { path.join(&name) };
        exported(&folder, &inputs).unwrap_or_else(|| user_case(&name, inputs))
    });
    cases.collect()
}

/// A case as `reproof cases` wrote it, with its class and note.
fn exported(folder: &Path, inputs: &Values) -> Option<Case> {
    let text = std::fs::read_to_string(folder.join(CASE_FILE)).ok()?;
    let record: CaseRecord = serde_json::from_str(&text).ok()?;
    let CaseRecord { name, class, origin, note, open, .. } = record;
    Some(Case { name, class, origin, note, open, inputs: inputs.clone() })
}

/// Writes a case into a folder of its own below `folder`, as [`import`] reads it back.
pub fn export(case: &Case, folder: &Path) -> Result<(), ExportError> {
    let folder = folder.join(case.name.as_str());
    let failed = |source| ExportError::Write { path: folder.clone(), source };
    std::fs::create_dir_all(&folder).map_err(failed)?;
    values::write(&folder, "inputs", &case.inputs)
        .map_err(|source| ExportError::Values { path: folder.clone(), source })?;
    let record = CaseRecord {
        name: case.name.clone(),
        class: case.class,
        origin: case.origin,
        note: case.note.clone(),
        open: case.open.clone(),
        data: None,
    };
    let text = serde_json::to_string_pretty(&record).map_err(|source| failed(source.into()))?;
    std::fs::write(folder.join(CASE_FILE), text + "\n").map_err(failed)
}

/// Reads a published suite at `path`, with its outputs: `test_data_set_N` folders.
pub fn imported_suite(model: &Model, path: &Path) -> Result<Vec<(Case, Values)>, ImportError> {
    let read = read(Some(model), path)?;
    read.into_iter()
        .map(|(name, inputs, outputs)| {
            let outputs = outputs.ok_or_else(|| ImportError::Nothing { path: path.to_owned() })?;
            let case = Case {
                origin: CaseOrigin::Imported,
                note: format!("imported from {name}"),
                ..user_case(&name, inputs)
            };
            Ok((case, outputs))
        })
        .collect()
}

fn user_case(name: &str, inputs: Values) -> Case {
    Case {
        name: Name::from_text(name),
        class: CaseClass::Typical,
        origin: CaseOrigin::User,
        note: format!("given as {name}"),
        inputs,
        open: Vec::new(),
    }
}

/// A name, the inputs, and the outputs where they are there.
type Found = (String, Values, Option<Values>);

fn read(model: Option<&Model>, path: &Path) -> Result<Vec<Found>, ImportError> {
    let failed = |source| ImportError::Format { path: path.to_owned(), source };
    let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    if path.is_dir() {
        if path.join("inputs.json").is_file() {
            let inputs = values::read(path, "inputs").map_err(failed)?;
            return Ok(vec![(name, fit(model, path, inputs)?, None)]);
        }
        let written = path.join("input_0.pb").is_file();
        if let Some(model) = model
            && (written || (model.inputs().is_empty() && path.join("output_0.pb").is_file()))
        {
            let data = test_data::read(model, path).map_err(failed)?;
            return Ok(vec![(name, data.inputs, Some(data.outputs))]);
        }
        let listed = std::fs::read_dir(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
        let listed = listed.map_err(|source| ImportError::Read { path: path.to_owned(), source })?;
        let mut entries: Vec<PathBuf> = listed.into_iter().map(|entry| entry.path()).collect();
        entries.retain(|entry| {
            let name = entry.file_name().unwrap_or_default().to_string_lossy();
            let folder_of_values = name.starts_with("test_data_set_") || entry.join("inputs.json").is_file();
            entry.is_file()
                && (is_values(entry) || (model.is_none() && (is_text(entry) || is_picture(entry))))
                || entry.is_dir() && folder_of_values
        });
        entries.sort();
        if entries.is_empty() {
            return Err(ImportError::Nothing { path: path.to_owned() });
        }
        return Ok(entries.iter().map(|entry| read(model, entry)).collect::<Result<Vec<_>, _>>()?.concat());
    }
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    let named: Values = match extension {
        "npy" => vec![(String::new(), npy::read(path, LARGEST).map_err(failed)?)],
        "npz" => npy::read_archive(path, LARGEST).map_err(failed)?,
        "safetensors" => {
            let tensors = safetensors::read_tensors(path, LARGEST).map_err(failed)?;
            tensors.into_iter().map(|(name, tensor)| (name, Value::Tensor(tensor))).collect()
        }
        "txt" if model.is_none() => vec![("text".to_owned(), text(path)?)],
        _ if model.is_none() && is_picture(path) => vec![("image".to_owned(), picture(path)?)],
        _ => return Err(ImportError::Nothing { path: path.to_owned() }),
    };
    Ok(vec![(name, fit(model, path, named)?, None)])
}

fn is_values(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str());
    matches!(extension, Some("npy" | "npz" | "safetensors"))
}

fn is_text(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "txt")
}

fn is_picture(path: &Path) -> bool {
    const KINDS: [&str; 9] = ["bmp", "gif", "jpeg", "jpg", "png", "ppm", "tif", "tiff", "webp"];
    let extension = path.extension().map(std::ffi::OsStr::to_ascii_lowercase);
    extension.is_some_and(|extension| KINDS.iter().any(|kind| extension == *kind))
}

/// A file as its bytes: what decodes them is the first stage of preprocessing.
fn picture(path: &Path) -> Result<Value, ImportError> {
    let failed = |source| ImportError::Read { path: path.to_owned(), source };
    if std::fs::metadata(path).map_err(failed)?.len() > LONGEST {
        return Err(failed(std::io::ErrorKind::FileTooLarge.into()));
    }
    let bytes = std::fs::read(path).map_err(failed)?;
    let tensor = Tensor::new(DType::U8, vec![bytes.len() as u64], bytes);
    Ok(Value::Tensor(tensor.expect("one byte is one element")))
}

/// A file as one text, without the end of its last line.
fn text(path: &Path) -> Result<Value, ImportError> {
    let failed = |source| ImportError::Read { path: path.to_owned(), source };
    if std::fs::metadata(path).map_err(failed)?.len() > LONGEST {
        return Err(failed(std::io::ErrorKind::FileTooLarge.into()));
    }
    // What is not UTF-8 is an error of the system's too.
    let text = std::fs::read_to_string(path).map_err(failed)?;
    let text = text.strip_suffix('\n').unwrap_or(&text);
    let text = text.strip_suffix('\r').unwrap_or(text);
    Ok(Value::Strings(StringTensor { shape: vec![1], values: vec![text.to_owned()] }))
}

/// Puts values in the order of the model's inputs; a single value fits a single input whatever its name.
fn fit(model: Option<&Model>, path: &Path, mut found: Values) -> Result<Values, ImportError> {
    let Some(model) = model else {
        found.iter_mut().filter(|(name, _)| name.is_empty()).for_each(|(name, _)| "input".clone_into(name));
        return Ok(found);
    };
    let inputs: Vec<String> = model.inputs().iter().map(|input| input.name.clone()).collect();
    if let ([only], [(name, _)]) = (inputs.as_slice(), found.as_mut_slice()) {
        name.clone_from(only);
    }
    let names: Vec<String> = found.iter().map(|(name, _)| name.clone()).collect();
    let mismatch =
        || ImportError::Names { path: path.to_owned(), found: names.clone(), expected: inputs.clone() };
    if names.iter().any(|name| !inputs.contains(name)) {
        return Err(mismatch());
    }
    inputs
        .iter()
        .map(|input| {
            let position = found.iter().position(|(name, _)| name == input).ok_or_else(mismatch)?;
            Ok(found.swap_remove(position))
        })
        .collect()
}
