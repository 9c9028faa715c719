//! A bill of materials: CycloneDX 1.6 in JSON.

use std::collections::BTreeSet;

use reproof_contract::environment::{OriginKind, Python};
use serde_json::{Value, json};
use sha2::Digest as _;
use toml::Table;

use super::Package;

/// What a bill is made of.
#[derive(Clone, Copy, Debug)]
pub struct Sbom<'a> {
    /// The interpreter.
    pub python: &'a Python,
    /// What is installed.
    pub packages: &'a [Package],
    /// The lock of the same packages: its files and hashes become references.
    pub lock: &'a str,
    /// Now: RFC 3339, UTC.
    pub timestamp: &'a str,
    /// The version of Reproof.
    pub made_by: &'a str,
}

/// The bill of materials.
pub fn sbom(of: &Sbom<'_>) -> Value {
    let lock: Table = toml::from_str(of.lock).unwrap_or_default();
    let components: Vec<Value> = of.packages.iter().map(|package| component(package, &lock)).collect();
    let installed: BTreeSet<&str> = of.packages.iter().map(|package| package.name.as_str()).collect();
    let reference = |name: &str| of.packages.iter().find(|package| package.name == name).map(purl);
    let root = format!("python-{}", of.python.version);
    let mut dependencies =
        vec![json!({ "ref": root, "dependsOn": of.packages.iter().map(purl).collect::<BTreeSet<_>>() })];
    dependencies.extend(of.packages.iter().map(|package| {
        let required = package.metadata.required();
        let found = required.iter().filter(|name| installed.contains(name.as_str()) && **name != package.name);
        json!({ "ref": purl(package), "dependsOn": found.filter_map(|name| reference(name)).collect::<BTreeSet<_>>() })
    }));
    let mut document = json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "timestamp": of.timestamp,
            "tools": { "components": [{ "type": "application", "name": "reproof", "version": of.made_by }] },
            "component": {
                "type": "platform",
                "bom-ref": root,
                "name": of.python.implementation,
                "version": of.python.version,
                "description": format!("{} {}", of.python.platform, of.python.build),
            },
        },
        "components": components,
        "dependencies": dependencies,
    });
    // The same bill has the same number.
    let serial = serial(document.to_string().as_bytes());
    if let Some(object) = document.as_object_mut() {
        object.insert("serialNumber".to_owned(), serial.into());
    }
    document
}

fn component(package: &Package, lock: &Table) -> Value {
    let mut made = json!({
        "type": "library",
        "bom-ref": purl(package),
        "name": package.metadata.name.as_ref().unwrap_or(&package.name),
        "version": package.version,
        "purl": purl(package),
    });
    let Some(object) = made.as_object_mut() else { return made };
    let metadata = &package.metadata;
    if let Some(summary) = &metadata.summary {
        object.insert("description".to_owned(), summary.clone().into());
    }
    let licences = match (&metadata.license_expression, &metadata.license) {
        (Some(expression), _) => Some(json!([{ "expression": expression }])),
        (None, Some(name)) => Some(json!([{ "license": { "name": name } }])),
        (None, None) => None,
    };
    if let Some(licences) = licences {
        object.insert("licenses".to_owned(), licences);
    }
    let references = references(package, lock);
    if !references.is_empty() {
        object.insert("externalReferences".to_owned(), references.into());
    }
    let mut properties = vec![json!({ "name": "reproof:origin", "value": package.origin.kind.as_str() })];
    if let Some(hash) = &package.content_sha256 {
        properties.push(json!({ "name": "reproof:content-sha256", "value": hash }));
    }
    properties
        .extend(package.altered.iter().map(|path| json!({ "name": "reproof:altered-file", "value": path })));
    object.insert("properties".to_owned(), properties.into());
    made
}

/// The files that the lock names for a package, with their hashes.
fn references(package: &Package, lock: &Table) -> Vec<Value> {
    let tables = lock.get("packages").and_then(toml::Value::as_array).into_iter().flatten();
    let same = |table: &&toml::Value| {
        let text = |name: &str| table.get(name).and_then(toml::Value::as_str);
        text("name") == Some(package.name.as_str())
            && text("version").is_none_or(|version| version == package.version)
    };
    let mut found = Vec::new();
    for table in tables.filter(same) {
        let wheels = table.get("wheels").and_then(toml::Value::as_array).into_iter().flatten();
        let others = ["sdist", "archive"].into_iter().filter_map(|name| table.get(name));
        for file in wheels.chain(others) {
            let Some(url) = file.get("url").and_then(toml::Value::as_str) else { continue };
            let hash =
                file.get("hashes").and_then(|hashes| hashes.get("sha256")).and_then(toml::Value::as_str);
            let hashes: Vec<Value> =
                hash.iter().map(|hash| json!({ "alg": "SHA-256", "content": hash })).collect();
            found.push(json!({ "type": "distribution", "url": url, "hashes": hashes }));
        }
    }
    if package.origin.kind == OriginKind::Vcs
        && let Some(url) = &package.origin.url
    {
        let comment = package.origin.revision.clone().unwrap_or_default();
        found.push(json!({ "type": "vcs", "url": url, "comment": comment }));
    }
    found
}

/// The package URL.
fn purl(package: &Package) -> String {
    let encoded = |text: &str| -> String {
        let byte = |byte: u8| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'-' | b'_' | b'~' => {
                char::from(byte).to_string()
            }
            _ => format!("%{byte:02X}"),
        };
        text.bytes().map(byte).collect()
    };
    format!("pkg:pypi/{}@{}", encoded(&package.name), encoded(&package.version))
}

/// A name of the form of a UUID (RFC 9562, version 8) from the bytes.
fn serial(bytes: &[u8]) -> String {
    let hash: [u8; 32] = sha2::Sha256::digest(bytes).into();
    let mut digits: Vec<char> = crate::installed::hex(&hash).chars().take(32).collect();
    for (place, digit) in [(12, '8'), (16, 'a')] {
        if let Some(old) = digits.get_mut(place) {
            *old = digit;
        }
    }
    let mut text = String::from("urn:uuid:");
    for (place, digit) in digits.iter().enumerate() {
        if matches!(place, 8 | 12 | 16 | 20) {
            text.push('-');
        }
        text.push(*digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::installed::Metadata;

    fn package(name: &str, requires: &[&str]) -> Package {
        let requires = requires.iter().map(|name| (*name).to_owned()).collect();
        let metadata =
            Metadata { requires, license_expression: Some("MIT".to_owned()), ..Metadata::default() };
        Package { name: name.to_owned(), version: "1.0+cpu".to_owned(), metadata, ..Package::default() }
    }

    #[test]
    fn packages_and_what_they_need_are_listed() {
        let packages = [package("torch", &["numpy>=1", "absent"]), package("numpy", &[])];
        let python = Python { version: "3.11.7".to_owned(), ..Python::default() };
        let lock = "[[packages]]\nname = 'numpy'\nversion = '1.0+cpu'\nwheels = [{url = 'https://h/n', hashes = {sha256 = '00'}}]";
        let of = Sbom {
            python: &python,
            packages: &packages,
            lock,
            timestamp: "2026-01-01T00:00:00Z",
            made_by: "1",
        };
        let bill = sbom(&of);
        assert_eq!(bill["components"][0]["purl"], "pkg:pypi/torch@1.0%2Bcpu");
        assert_eq!(bill["dependencies"][1]["dependsOn"], json!(["pkg:pypi/numpy@1.0%2Bcpu"]));
        assert_eq!(bill["components"][1]["externalReferences"][0]["hashes"][0]["content"], "00");
        assert_eq!(bill["components"][0]["licenses"][0]["expression"], "MIT");
        let serial = bill["serialNumber"].as_str().unwrap();
        assert_eq!((serial.len(), serial.matches('-').count()), (45, 4), "{serial}");
        assert_eq!(sbom(&of), bill);
    }
}
