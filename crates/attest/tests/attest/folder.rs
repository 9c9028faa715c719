//! A model in a folder, signed and verified by us.

use std::collections::BTreeMap;
use std::fs;
use std::ops::Range;
use std::path::Path;

use reproof_attest::Sha256;
use reproof_attest::dsse::Bundle;
use reproof_attest::key::{PrivateKey, PublicKey};
use reproof_attest::oms::{self, Algorithm, File, Ignore, Options, Outcome};

/// The signature's name in the model's folder.
pub(crate) const SIGNATURE: &str = "model.sig";

/// Every file below `root` with its content; the root itself where it is a file.
pub(crate) fn contents(root: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut open = vec![root.to_owned()];
    while let Some(path) = open.pop() {
        if path.is_dir() {
            let entries = fs::read_dir(&path).expect("the folder can be listed");
            open.extend(entries.map(|entry| entry.expect("the folder can be listed").path()));
        } else {
            let relative = path.strip_prefix(root).expect("it lies below");
            let name = relative.to_str().expect("names are UTF-8").replace('\\', "/");
            found.insert(name, fs::read(&path).expect("the file can be read"));
        }
    }
    found
}

/// Writes files, with their folders.
pub(crate) fn write(root: &Path, path: &str, content: &[u8]) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().expect("it lies in a folder")).expect("folders can be made");
    fs::write(path, content).expect("files can be written");
}

/// Signs the model at `root` into `signature`.
pub(crate) fn sign(root: &Path, signature: &Path, key: &PrivateKey) {
    let files: Vec<File> = contents(root)
        .into_iter()
        .map(|(path, content)| File { path, size: content.len() as u64, sha256: Sha256::of(&content) })
        .collect();
    let name = root.file_name().and_then(|name| name.to_str()).expect("the model has a name");
    let bundle =
        oms::sign(name, &files, &Ignore::at_signing(Some(SIGNATURE)), key).expect("it can be signed");
    fs::write(signature, bundle.to_json()).expect("the signature can be written");
}

/// Verifies the model at `root`; why it does not hold, where it does not.
pub(crate) fn verify(root: &Path, signature: &Path, key: &PublicKey) -> Option<String> {
    let bundle = match Bundle::parse(&fs::read(signature).expect("the signature can be read")) {
        Ok(bundle) => bundle,
        Err(error) => return Some(error.to_string()),
    };
    let contents = contents(root);
    let found = contents.iter().map(|(path, content)| (path.as_str(), content.len() as u64));
    let options = Options { ignore: Ignore::at_verification(Some(SIGNATURE)), permit_unsigned: false };
    let mut digests = |path: &str, range: Option<Range<u64>>, algorithm: Algorithm| {
        let content = &contents[path];
        let range = range.map_or(0..content.len(), |range| range.start as usize..range.end as usize);
        Ok(algorithm.digest(&content[range]))
    };
    match oms::verify(&bundle, key, found, &options, &mut digests) {
        Outcome::Refused(refusal) => Some(refusal.to_string()),
        Outcome::Compared(comparison) if comparison.holds() => None,
        Outcome::Compared(comparison) => Some(format!("{comparison:?}")),
    }
}
