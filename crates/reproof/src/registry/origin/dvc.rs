//! Files that DVC tracks: `NAME.dvc` says by which MD5 it knows `NAME`. That the bytes are those is checked; from then on
//! our own digest stands for them, as MD5 protects against nobody.

use std::fmt::Write as _;
use std::fs::File;
use std::path::{Path, PathBuf};

use md5::{Digest as _, Md5};
use serde_json::Value;

use super::{Origin, refused, yaml};
use crate::artifact::CONTRACT_FOLDER;
use crate::registry::RegistryError;
use crate::registry::gather::list;

const EXTENSION: &str = "dvc";

/// What an MD5 of a folder ends with.
const DIRECTORY: &str = ".dir";

/// Reads `path` where it is such a file, or the one beside it.
pub(super) fn read(path: &Path) -> Result<Option<Origin>, RegistryError> {
    let is_pointer = path.extension().is_some_and(|extension| extension == EXTENSION) && path.is_file();
    let pointer = if is_pointer { path.to_owned() } else { beside(path) };
    if !pointer.is_file() {
        return Ok(None);
    }
    let document = yaml::read(&pointer)?;
    let Some([out]) = document["outs"].as_array().map(Vec::as_slice) else {
        return Err(refused(&pointer, "expected one entry in `outs`".to_owned()));
    };
    let text = |key: &str| out[key].as_str();
    let (Some(name), Some(expected)) = (text("path"), text("md5")) else {
        return Err(refused(&pointer, "expected `path` and `md5` in its entry of `outs`".to_owned()));
    };
    let tracked = tracked(&pointer, name)?;
    if !is_pointer && tracked != path {
        // What lies beside has the name and is about something else.
        return Ok(None);
    }
    if !tracked.exists() {
        let problem = format!("`{name}` is not here: dvc pull {}", pointer.display());
        return Err(refused(&pointer, problem));
    }
    let found = if expected.strip_suffix(DIRECTORY).is_some() {
        listing(&tracked, expected)?
    } else {
        md5(&tracked)?
    };
    if found != expected {
        let expected = expected.to_owned();
        return Err(RegistryError::Untracked { path: tracked, pointer, expected, found });
    }
    let mut origin = Origin::new("dvc", &tracked);
    origin.tag("md5", Some(expected));
    origin.tag("remote", text("remote"));
    origin.tag("rev", document["deps"][0]["repo"]["rev_lock"].as_str());
    origin.tag("repo", document["deps"][0]["repo"]["url"].as_str().filter(|url| !url.contains('@')));
    Ok(Some(origin))
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".dvc");
    path.with_file_name(name)
}

/// What is tracked: in the folder of the file that tracks it, and nowhere else.
fn tracked(pointer: &Path, name: &str) -> Result<PathBuf, RegistryError> {
    let components = Path::new(name).components().count();
    if components != 1 || Path::new(name).file_name().is_none() {
        return Err(refused(pointer, format!("`{}` is no name in its folder", name.escape_debug())));
    }
    Ok(pointer.with_file_name(name))
}

fn md5(path: &Path) -> Result<String, RegistryError> {
    let failed = |source| RegistryError::Read { path: path.to_owned(), source };
    let mut hash = Md5::new();
    let mut file = File::open(path).map_err(failed)?;
    let mut buffer = vec![0; 1 << 20];
    loop {
        match std::io::Read::read(&mut file, &mut buffer).map_err(failed)? {
            0 => return Ok(hex(&hash.finalize())),
            read => hash.update(&buffer[..read]),
        }
    }
}

/// The MD5 of a folder as DVC writes it: of the list of its files by path, in JSON as Python writes it. A contract that was
/// recorded since then is no part of what is tracked.
fn listing(folder: &Path, expected: &str) -> Result<String, RegistryError> {
    let mut files = Vec::new();
    list(folder, "", &mut files)?;
    files.sort();
    let mut entries = Vec::new();
    for (name, path) in files {
        entries.push((format!("{{\"md5\": \"{}\", \"relpath\": {}}}", md5(&path)?, ascii(&name)), name));
    }
    let tracked = |with_contract: bool| {
        let inside = |name: &str| name.split('/').next() == Some(CONTRACT_FOLDER);
        let texts = entries.iter().filter(|(_, name)| with_contract || !inside(name));
        let texts: Vec<&str> = texts.map(|(text, _)| text.as_str()).collect();
        hex(&Md5::digest(format!("[{}]", texts.join(", ")))) + DIRECTORY
    };
    let whole = tracked(true);
    Ok(if whole == expected { whole } else { tracked(false) })
}

/// A text in JSON with nothing but ASCII.
fn ascii(text: &str) -> String {
    let quoted = Value::from(text).to_string();
    let mut units = [0; 2];
    let mut written = String::new();
    for letter in quoted.chars() {
        if letter.is_ascii() {
            written.push(letter);
        } else {
            for unit in letter.encode_utf16(&mut units) {
                let _ = write!(written, "\\u{unit:04x}");
            }
        }
    }
    written
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
