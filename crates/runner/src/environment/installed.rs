//! Reads the folders that installers left beside packages, and checks installed files against them.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};

use reproof_contract::environment::{AlteredFile, Distribution, Origin, OriginKind};
use reproof_environment::installed::{
    Entry, LARGEST, Metadata, Record, Sha256, content_sha256, hex, is_bytecode, normalised, origin, resolve,
};
use reproof_environment::lock::Package;

use super::files::Files;
use super::{Check, Owners};
use crate::file::Mark;

/// The most folders that are looked at in one folder of packages.
const MOST_FOLDERS: usize = 100_000;

/// The most problems that are told.
const MOST_PROBLEMS: usize = 50;

/// What is installed, as far as its folders say.
#[derive(Debug, Default)]
pub(crate) struct Installed {
    pub(crate) distributions: BTreeMap<String, Distribution>,
    pub(crate) packages: Vec<Package>,
    pub(crate) problems: Vec<String>,
    pub(crate) owners: Owners,
}

/// An installed file that has to be hashed, and what it should be.
struct Suspect {
    distribution: String,
    path: String,
    expected: Sha256,
    file: PathBuf,
    mark: Mark,
}

/// Reads what is installed in `folders`, the first of which wins; files are looked at below `roots` only.
pub(crate) fn survey(
    folders: &[PathBuf],
    roots: &[PathBuf],
    home: Option<&str>,
    check: Check,
    files: &mut Files,
) -> Installed {
    let mut installed = Installed::default();
    let mut suspects = Vec::new();
    for folder in folders {
        for found in listed(folder) {
            installed.distribution(folder, &found, roots, home, (check, files), &mut suspects);
        }
    }
    installed.conda(roots);
    let marked: Vec<(PathBuf, Mark)> =
        suspects.iter().map(|suspect| (suspect.file.clone(), suspect.mark)).collect();
    let hashes = files.hash(&marked);
    for (suspect, hash) in suspects.into_iter().zip(hashes) {
        match hash {
            Some(hash) if hash == suspect.expected => {}
            Some(hash) => {
                installed.altered(&suspect.distribution, suspect.path, &suspect.expected, &hex(&hash));
            }
            None => {
                installed.tell(format!("{}: {} cannot be read", suspect.distribution, suspect.path));
            }
        }
    }
    for package in &mut installed.packages {
        let altered = installed.distributions.get(&package.name).map(|found| found.altered.as_slice());
        package.altered = altered.unwrap_or_default().iter().map(|file| file.path.clone()).collect();
    }
    installed
}

/// The folders and files in a folder of packages that describe one, by name.
fn listed(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten().take(MOST_FOLDERS);
    let described = |path: &PathBuf| {
        path.extension().is_some_and(|extension| extension == "dist-info" || extension == "egg-info")
    };
    let mut found: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(described).collect();
    found.sort();
    found
}

/// A file as bytes, where it is one and not too large.
fn read(path: &Path) -> Option<Vec<u8>> {
    // A pipe would never end, and a device has no size.
    let plain = fs::metadata(path).is_ok_and(|metadata| metadata.is_file());
    let mut bytes = Vec::new();
    File::open(path).ok().filter(|_| plain)?.take(LARGEST + 1).read_to_end(&mut bytes).ok()?;
    (bytes.len() as u64 <= LARGEST).then_some(bytes)
}

impl Installed {
    fn tell(&mut self, problem: String) {
        if self.problems.len() < MOST_PROBLEMS {
            self.problems.push(problem);
        }
    }

    fn altered(&mut self, name: &str, path: String, expected: &Sha256, actual: &str) {
        if let Some(found) = self.distributions.get_mut(name) {
            found.altered.push(AlteredFile { path, expected: hex(expected), actual: actual.to_owned() });
        }
    }

    /// Reads what describes one distribution.
    fn distribution(
        &mut self,
        packages: &Path,
        described: &Path,
        roots: &[PathBuf],
        home: Option<&str>,
        (check, files): (Check, &mut Files),
        suspects: &mut Vec<Suspect>,
    ) {
        let stem = described.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let wheel = described.extension().is_some_and(|extension| extension == "dist-info");
        let headers = match (wheel, described.is_dir()) {
            (true, _) => described.join("METADATA"),
            (false, true) => described.join("PKG-INFO"),
            (false, false) => described.to_owned(),
        };
        let metadata = read(&headers).map(|bytes| Metadata::read(&bytes)).unwrap_or_default();
        let (named, versioned) = stem.split_once('-').unwrap_or((&stem, ""));
        let key = normalised(named);
        // The folder's name is what an installer made sure of; headers are the package's own.
        let name = metadata.name.clone().filter(|name| {
            let agrees = normalised(name) == key;
            if !agrees {
                self.tell(format!("{stem}: its headers name `{name}`"));
            }
            agrees
        });
        let name = name.unwrap_or_else(|| named.to_owned());
        if self.distributions.contains_key(&key) {
            self.tell(format!("{key} is installed twice; the one found later, {stem}, is not used"));
            return;
        }
        let installer = read(&described.join("INSTALLER"));
        let installer = installer
            .map(|bytes| String::from_utf8_lossy(&bytes).trim().chars().take(100).collect::<String>());
        let document = read(&described.join("direct_url.json"));
        let origin = origin(document.as_deref(), installer.as_deref(), home).unwrap_or_else(|error| {
            self.tell(format!("{key}: direct_url.json cannot be read: {error}"));
            Origin { kind: OriginKind::Unknown, ..Origin::default() }
        });
        let list = described.join("RECORD");
        let record = read(&list).map_or_else(
            || {
                let told = if wheel {
                    "has no list of files (RECORD) that can be read"
                } else {
                    "was installed without a list of files"
                };
                Record { entries: Vec::new(), problems: vec![told.to_owned()] }
            },
            |bytes| Record::read(&bytes),
        );
        for problem in &record.problems {
            self.tell(format!("{key}: {problem}"));
        }
        let content = content_sha256(&record.entries).map(|hash| hex(&hash));
        let distribution = Distribution {
            name,
            version: metadata.version.clone().unwrap_or_else(|| versioned.to_owned()),
            origin: origin.clone(),
            installer: installer.filter(|name| !name.is_empty()),
            content_sha256: content.clone(),
            files: record.entries.iter().filter(|entry| entry.sha256.is_some()).count() as u64,
            altered: Vec::new(),
        };
        let version = distribution.version.clone();
        self.distributions.insert(key.clone(), distribution);
        self.packages.push(Package {
            name: key.clone(),
            version,
            origin,
            metadata,
            content_sha256: content,
            altered: Vec::new(),
        });
        // The list is what an installer writes last.
        let installed = fs::metadata(&list).map_or(i128::MIN, |metadata| Mark::of(&metadata).modified);
        for entry in &record.entries {
            self.file(&key, packages, entry, roots, (check, files, installed), suspects);
        }
    }

    /// Looks at one installed file.
    fn file(
        &mut self,
        name: &str,
        packages: &Path,
        entry: &Entry,
        roots: &[PathBuf],
        (check, files, installed): (Check, &mut Files, i128),
        suspects: &mut Vec<Suspect>,
    ) {
        let Some(expected) = entry.sha256.filter(|_| !is_bytecode(&entry.path)) else { return };
        let file = match resolve(packages, &entry.path, roots) {
            Ok(file) => file,
            Err(why) => return self.tell(format!("{name}: {} {why}, and is not looked at", entry.path)),
        };
        let metadata = match fs::metadata(&file) {
            Ok(metadata) if metadata.is_file() => metadata,
            Ok(_) => return self.tell(format!("{name}: {} is no file", entry.path)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return self.altered(name, entry.path.clone(), &expected, "missing");
            }
            Err(error) => return self.tell(format!("{name}: {} cannot be read: {error}", entry.path)),
        };
        let mark = Mark::of(&metadata);
        if entry.path.contains(".so") {
            self.owners.add(file.clone(), name, &entry.path, expected);
        }
        let unchanged = entry.size.is_none_or(|size| size == mark.size) && mark.modified <= installed;
        let trusted = match check {
            Check::Again => false,
            Check::Changed if unchanged => true,
            Check::Changed | Check::Every => files.known(&file, mark) == Some(expected),
        };
        if !trusted {
            let distribution = name.to_owned();
            suspects.push(Suspect { distribution, path: entry.path.clone(), expected, file, mark });
        }
    }

    /// What Conda installed beside Python's packages, by the names of its notes.
    fn conda(&mut self, roots: &[PathBuf]) {
        for root in roots {
            for entry in
                fs::read_dir(root.join("conda-meta")).into_iter().flatten().flatten().take(MOST_FOLDERS)
            {
                let file = entry.file_name().to_string_lossy().into_owned();
                let Some((rest, build)) = file.strip_suffix(".json").and_then(|stem| stem.rsplit_once('-'))
                else {
                    continue;
                };
                let Some((name, version)) = rest.rsplit_once('-') else { continue };
                if self.distributions.contains_key(&normalised(name)) {
                    continue;
                }
                let distribution = Distribution {
                    name: name.to_owned(),
                    version: format!("{version} {build}"),
                    origin: Origin { kind: OriginKind::Conda, ..Origin::default() },
                    installer: Some("conda".to_owned()),
                    ..Distribution::default()
                };
                self.distributions.insert(format!("conda:{}", normalised(name)), distribution);
            }
        }
    }
}

#[cfg(test)]
mod tests;
