//! One state of a run: a folder with values, and what is told of them with their digests. Its name has the digest of that.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use reproof_formats::onnx::TypeInfo;
use reproof_formats::values;
use reproof_referee::{Halt, Value as Held};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::super::convert;
use crate::engine::{Failure, Values};
use crate::file::sha256;
use crate::hexadecimal;

/// The stem of the files with values.
const VALUES: &str = "values";

/// What is told beside them.
const HALT: &str = "halt.json";

/// How the names of folders begin that are being written.
pub(super) const DRAFT: &str = "draft-";

/// Elements of what later nodes take, beyond which nothing is kept at that place: writing needs memory of its own, which must not
/// end a run that would have had enough.
const MOST: usize = 1 << 24;

/// What a state says of itself.
#[derive(Serialize, Deserialize)]
struct Told {
    done: usize,
    counted: u64,
    /// Digests of the files beside it.
    files: BTreeMap<String, String>,
}

/// The states of a run in a folder, by the nodes that are done.
pub(super) fn states(folder: &Path, key: &str) -> Vec<(usize, PathBuf)> {
    let state = |path: PathBuf| {
        let (done, _) = path.file_name()?.to_str()?.strip_prefix(key)?.strip_prefix('-')?.split_once('-')?;
        Some((done.parse().ok()?, path))
    };
    super::entries(folder).into_iter().filter_map(state).collect()
}

/// Writes a state, which is there as a whole or not at all, and tells where it is.
pub(super) fn write(folder: &Path, key: &str, halt: &Halt) -> io::Result<PathBuf> {
    if halt.values.iter().map(|(_, value)| elements(value)).sum::<usize>() > MOST {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    fs::create_dir_all(folder)?;
    let draft = tempfile::Builder::new().prefix(DRAFT).tempdir_in(folder)?;
    let given = halt.values.iter().map(|(name, value)| Ok((name.clone(), convert::given(name, value)?)));
    let given: Values = given.collect::<Result<_, Failure>>().map_err(|_| io::ErrorKind::Unsupported)?;
    values::write(draft.path(), VALUES, &given).map_err(io::Error::other)?;
    let files = super::entries(draft.path()).into_iter().map(|path| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
        Ok((name, digest(&path)?))
    });
    let told = Told { done: halt.done, counted: halt.counted, files: files.collect::<io::Result<_>>()? };
    let text = serde_json::to_vec(&told)?;
    fs::write(draft.path().join(HALT), &text)?;
    let target = folder.join(format!("{key}-{}-{}", halt.done, hexadecimal(&Sha256::digest(&text))));
    if target.exists() {
        // Whoever wrote it may have been cut short by a loss of power.
        fs::remove_dir_all(&target)?;
    }
    fs::rename(draft.path(), &target)?;
    Ok(target)
}

/// A state, if its files are those that were written and hold what the engine takes.
pub(super) fn read(folder: &Path) -> Option<Halt> {
    let text = fs::read(folder.join(HALT)).ok()?;
    let name = folder.file_name()?.to_str()?;
    if !name.ends_with(&hexadecimal(&Sha256::digest(&text))) {
        return None;
    }
    let told: Told = serde_json::from_slice(&text).ok()?;
    let whole = |(name, wanted): (&String, &String)| {
        Path::new(name).components().count() == 1
            && digest(&folder.join(name)).is_ok_and(|found| found == *wanted)
    };
    if told.files.is_empty() || !told.files.iter().all(whole) {
        return None;
    }
    let read = values::read(folder, VALUES).ok()?;
    let taken = read
        .iter()
        .map(|(name, value)| Some((name.clone(), convert::taken(name, &TypeInfo::Unknown, value).ok()?)));
    Some(Halt { done: told.done, counted: told.counted, values: taken.collect::<Option<_>>()? })
}

fn digest(path: &Path) -> io::Result<String> {
    Ok(hexadecimal(&sha256(path)?))
}

fn elements(value: &Held) -> usize {
    match value {
        Held::Tensor(tensor) => tensor.data().len(),
        Held::Sequence(items) => items.iter().map(elements).sum(),
        Held::Optional(inner) => inner.as_deref().map_or(0, elements),
        Held::Map(map) => map.values().len(),
    }
}
