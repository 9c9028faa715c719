//! `pylock.toml` (PEP 751): every package with its exact version, and with the files that an index has for it and
//! their hashes where the index was asked.

use reproof_contract::environment::OriginKind;
use toml::{Table, Value};

use super::Package;
use crate::{installed, privacy};

/// A lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Locked {
    /// The document.
    pub text: String,
    /// Packages that carry hashes, or the commit that they are made of.
    pub hashed: usize,
    /// Packages that nobody can check or get again from the lock alone, each with the reason.
    pub incomplete: Vec<String>,
}

/// Why there is no lock.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// What the index's tool answered is no lock.
    #[error("the answer of uv is no pylock.toml")]
    Malformed(#[source] Box<toml::de::Error>),
    /// The lock could not be written as a document.
    #[error("the lock has no form in TOML")]
    Unwritable(#[source] toml::ser::Error),
}

/// A lock of `packages` for a minor version of Python such as `3.11`, with the files and hashes from `resolved`: locks that
/// a tool made of some of them.
pub fn pylock(packages: &[Package], resolved: &[String], python: &str) -> Result<Locked, LockError> {
    let mut known = Vec::new();
    for text in resolved {
        let document: Table = toml::from_str(text).map_err(|error| LockError::Malformed(Box::new(error)))?;
        if let Some(Value::Array(tables)) = document.get("packages") {
            known.extend(tables.iter().filter_map(Value::as_table).cloned());
        }
    }
    let mut locked = Locked { text: String::new(), hashed: 0, incomplete: Vec::new() };
    let mut tables = Vec::new();
    let mut left = Vec::new();
    for package in packages {
        match one(package, &known, &mut locked) {
            (table, true) => tables.push(Value::Table(table)),
            // Installers refuse a whole lock for one package that they cannot get.
            (table, false) => left.push(Value::Table(table)),
        }
    }
    let mut document = Table::new();
    document.insert("lock-version".to_owned(), "1.0".into());
    document.insert("created-by".to_owned(), "reproof".into());
    document.insert("requires-python".to_owned(), format!("=={python}.*").into());
    document.insert("packages".to_owned(), Value::Array(tables));
    if !left.is_empty() {
        let ours = Table::from_iter([("not-locked".to_owned(), Value::Array(left))]);
        document.insert(
            "tool".to_owned(),
            Value::Table(Table::from_iter([("reproof".to_owned(), Value::Table(ours))])),
        );
    }
    let body = toml::to_string(&document).map_err(LockError::Unwritable)?;
    let mut head = String::from(
        "# Made by `reproof env lock`: https://packaging.python.org/specifications/pylock-toml\n",
    );
    for line in &locked.incomplete {
        head.push_str("# INCOMPLETE: ");
        head.push_str(&line.replace(['\n', '\r'], " "));
        head.push('\n');
    }
    locked.text = head + &body;
    Ok(locked)
}

/// The table of a package, and whether an installer can get it from there.
fn one(package: &Package, known: &[Table], locked: &mut Locked) -> (Table, bool) {
    let mut table = Table::new();
    table.insert("name".to_owned(), package.name.clone().into());
    table.insert("version".to_owned(), package.version.clone().into());
    let origin = &package.origin;
    let (url, revision) =
        (origin.url.as_deref().unwrap_or_default(), origin.revision.as_deref().unwrap_or_default());
    let remote = url.starts_with("https://") || url.starts_with("http://") || url.starts_with("ssh://");
    let problem = match origin.kind {
        OriginKind::Vcs => match revision.split_once(' ') {
            Some((system, commit)) if remote => {
                let mut vcs = Table::new();
                vcs.insert("type".to_owned(), system.into());
                vcs.insert("url".to_owned(), url.into());
                vcs.insert("commit-id".to_owned(), commit.into());
                // A checkout has no version of its own in a lock.
                table.remove("version");
                table.insert("vcs".to_owned(), Value::Table(vcs));
                None
            }
            _ => Some("comes from a checkout on this machine".to_owned()),
        },
        OriginKind::Archive => match revision.split_once('=') {
            Some((name, digits)) if remote => {
                let mut hashes = Table::new();
                hashes.insert(name.to_owned(), digits.into());
                let mut archive = Table::new();
                archive.insert("url".to_owned(), url.into());
                archive.insert("hashes".to_owned(), Value::Table(hashes));
                table.insert("archive".to_owned(), Value::Table(archive));
                None
            }
            _ => Some("comes from an archive whose hash or address nobody wrote down".to_owned()),
        },
        OriginKind::Directory | OriginKind::Editable => {
            Some(format!("comes from a folder of this machine ({url})"))
        }
        OriginKind::Index | OriginKind::Conda | OriginKind::Unknown => files(package, known, &mut table),
    };
    let there = ["wheels", "sdist", "archive", "vcs"].iter().any(|name| table.contains_key(*name));
    match problem {
        None => locked.hashed += 1,
        Some(problem) => locked.incomplete.push(format!("{} {} {problem}", package.name, package.version)),
    }
    let altered: Vec<&str> =
        package.altered.iter().map(String::as_str).filter(|path| !installed::is_launcher(path)).collect();
    if !altered.is_empty() {
        let files = altered.join(", ");
        locked.incomplete.push(format!(
            "{} {} has altered files, which no lock brings back: {files}",
            package.name, package.version
        ));
    }
    (table, there)
}

/// Adds the files of an index; why there are none.
fn files(package: &Package, known: &[Table], table: &mut Table) -> Option<String> {
    let text =
        |found: &Table, name: &str| found.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let found = known.iter().find(|found| {
        installed::normalised(&text(found, "name")) == package.name
            && text(found, "version") == package.version
    });
    let Some(found) = found else { return Some("has no hashes: no index answered for it".to_owned()) };
    let hashed = |value: &Value| {
        value.get("hashes").and_then(Value::as_table).is_some_and(|hashes| !hashes.is_empty())
    };
    let wheels = found.get("wheels").and_then(Value::as_array).cloned().unwrap_or_default();
    let sound = found.get("sdist").is_none_or(hashed) && wheels.iter().all(hashed);
    for name in ["index", "wheels", "sdist", "archive", "requires-python", "marker"] {
        if let Some(value) = found.get(name) {
            table.insert(name.to_owned(), public(value.clone()));
        }
    }
    let there = !wheels.is_empty() || found.contains_key("sdist") || found.contains_key("archive");
    (!(sound && there)).then(|| "has files without hashes".to_owned())
}

/// A value without the credentials that the address of a private index may hold.
fn public(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(privacy::without_credentials(text)),
        Value::Array(values) => Value::Array(values.into_iter().map(public).collect()),
        Value::Table(table) => {
            Value::Table(table.into_iter().map(|(name, value)| (name, public(value))).collect())
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use reproof_contract::environment::Origin;

    use super::*;

    const ANSWER: &str = r#"
lock-version = "1.0"
created-by = "uv"
[[packages]]
name = "NumPy"
version = "2.4.6"
wheels = [{ url = "https://ada:secret@host/n.whl", upload-time = 2026-05-18T23:33:29Z, size = 1, hashes = { sha256 = "89" } }]
"#;

    fn package(name: &str, version: &str, origin: Origin) -> Package {
        Package { name: name.to_owned(), version: version.to_owned(), origin, ..Package::default() }
    }

    fn from(kind: OriginKind, url: &str, revision: &str) -> Origin {
        Origin { kind, url: Some(url.to_owned()), revision: Some(revision.to_owned()) }
    }

    #[test]
    fn every_origin_is_locked_or_told() {
        let packages = [
            package("numpy", "2.4.6", Origin::default()),
            package("lonely", "1", Origin::default()),
            package("checkout", "1", from(OriginKind::Vcs, "https://host/x.git", "git abc")),
            package("archive", "1", from(OriginKind::Archive, "https://host/x.whl", "sha256=00")),
            package("local", "1", from(OriginKind::Editable, "file://~/x", "")),
        ];
        let locked = pylock(&packages, &[ANSWER.to_owned()], "3.11").unwrap();
        assert_eq!(locked.hashed, 3);
        assert_eq!(locked.incomplete.len(), 2, "{:?}", locked.incomplete);
        let document: Table = toml::from_str(&locked.text).unwrap();
        let tables = document["packages"].as_array().unwrap();
        assert_eq!(tables[0]["wheels"][0]["hashes"]["sha256"].as_str(), Some("89"));
        assert_eq!(tables[0]["wheels"][0]["url"].as_str(), Some("https://host/n.whl"));
        assert_eq!(tables[1]["vcs"]["commit-id"].as_str(), Some("abc"));
        assert_eq!(tables[2]["archive"]["hashes"]["sha256"].as_str(), Some("00"));
        assert_eq!(document["requires-python"].as_str(), Some("==3.11.*"));
        assert_eq!(document["tool"]["reproof"]["not-locked"][1]["name"].as_str(), Some("local"));
        assert!(locked.text.contains("# INCOMPLETE: lonely 1 has no hashes"), "{}", locked.text);
    }

    #[test]
    fn a_hash_of_another_version_is_not_taken() {
        let locked =
            pylock(&[package("numpy", "2.0", Origin::default())], &[ANSWER.to_owned()], "3.11").unwrap();
        assert_eq!((locked.hashed, locked.incomplete.len()), (0, 1));
    }

    #[test]
    fn altered_files_are_told_and_nonsense_is_an_error() {
        let altered = Package {
            altered: vec!["numpy/x.py".to_owned()],
            ..package("numpy", "2.4.6", Origin::default())
        };
        let locked = pylock(&[altered], &[ANSWER.to_owned()], "3.11").unwrap();
        assert!(locked.incomplete[0].contains("numpy/x.py"));
        assert!(pylock(&[], &["lock-version = ".to_owned()], "3.11").is_err());
    }

    proptest! {
        #[test]
        fn any_name_gives_a_document(name: String, version: String, url: String) {
            let packages = [package(&name, &version, from(OriginKind::Editable, &url, ""))];
            let locked = pylock(&packages, &[], "3.11").unwrap();
            let document: Table = toml::from_str(&locked.text).unwrap();
            prop_assert_eq!(document["tool"]["reproof"]["not-locked"][0]["name"].as_str(), Some(name.as_str()));
        }
    }
}
