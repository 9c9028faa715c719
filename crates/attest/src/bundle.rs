//! How statements lie on disk: one bundle per file, named by what it says; or one per line.

use crate::Sha256;
use crate::dsse::{BUNDLE_LIMIT, Bundle, BundleError};

/// The end of every file name.
pub const EXTENSION: &str = ".sigstore.json";

/// Statements of one text of lines, at most.
pub const LINE_LIMIT: usize = 1 << 16;

/// The name of a bundle's file: `<SHA-256 of its payload>.sigstore.json`.
///
/// The payload names it, never the signature, because one statement has many signatures that hold. Statements therefore
/// say who makes them, so that two people who say the same have two files.
pub fn file_name(bundle: &Bundle) -> String {
    format!("{}{EXTENSION}", Sha256::of(&bundle.envelope.payload))
}

/// The SHA-256 of the payload that a file's name promises; nothing where it is not the name of a bundle.
pub fn named(file_name: &str) -> Option<Sha256> {
    file_name.strip_suffix(EXTENSION)?.parse().ok()
}

/// Why a file or line is not a bundle.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The name is not that of a bundle.
    #[error("statement `{name}`: expected a name of 64 lower-case hexadecimal digits and `{EXTENSION}`")]
    Name {
        /// The refused name, its first 100 characters.
        name: String,
    },
    /// The name promises another payload.
    #[error(
        "statement `{expected}{EXTENSION}` holds the payload with SHA-256 {got}: it was changed or renamed"
    )]
    Payload {
        /// What the name says.
        expected: Sha256,
        /// What is there.
        got: Sha256,
    },
    /// The content is not a bundle.
    #[error("statement `{name}` cannot be read")]
    Bundle {
        /// The file's name, or the line's number.
        name: String,
        /// What is wrong.
        #[source]
        source: BundleError,
    },
    /// There are more lines than are read.
    #[error("more than {LINE_LIMIT} statements in one text")]
    Lines,
}

/// Reads the file `name` with this content and checks that the name belongs to it. Whether anybody signed it is
/// for [`Bundle::verify`] to say.
pub fn read(name: &str, content: &[u8]) -> Result<Bundle, FileError> {
    let expected = named(name).ok_or_else(|| FileError::Name { name: name.chars().take(100).collect() })?;
    let bundle =
        Bundle::parse(content).map_err(|source| FileError::Bundle { name: name.to_owned(), source })?;
    let got = Sha256::of(&bundle.envelope.payload);
    if got == expected { Ok(bundle) } else { Err(FileError::Payload { expected, got }) }
}

/// Bundles as lines of JSON, each with its end: the form of in-toto's attestation bundles.
pub fn to_lines<'a>(bundles: impl IntoIterator<Item = &'a Bundle>) -> Vec<u8> {
    let mut lines = Vec::new();
    for bundle in bundles {
        lines.extend(bundle.to_json());
        lines.push(b'\n');
    }
    lines
}

/// Reads lines of JSON; empty lines are passed over. All lines together are at most as long as one bundle may be.
pub fn from_lines(text: &[u8]) -> Result<Vec<Bundle>, FileError> {
    if text.len() > BUNDLE_LIMIT {
        let source = BundleError::TooLong { limit: BUNDLE_LIMIT, got: text.len() };
        return Err(FileError::Bundle { name: "all lines".to_owned(), source });
    }
    let mut bundles = Vec::new();
    for (line, content) in text.split(|byte| *byte == b'\n').enumerate() {
        if content.trim_ascii().is_empty() {
            continue;
        }
        if bundles.len() == LINE_LIMIT {
            return Err(FileError::Lines);
        }
        let name = || format!("line {}", line + 1);
        bundles.push(Bundle::parse(content).map_err(|source| FileError::Bundle { name: name(), source })?);
    }
    Ok(bundles)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::PrivateKey;

    fn bundle(payload: &[u8]) -> Bundle {
        Bundle::sign("text/plain", payload.to_vec(), &PrivateKey::generate_ed25519([3; 32])).unwrap()
    }

    #[test]
    fn a_file_is_named_by_its_payload() {
        let bundle = bundle(b"abc");
        let name = file_name(&bundle);
        let digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(name, format!("{digest}.sigstore.json"));
        assert_eq!(read(&name, &bundle.to_json()).unwrap(), bundle);
    }

    #[test]
    fn a_changed_payload_a_wrong_name_and_no_bundle_are_told_apart() {
        let name = file_name(&bundle(b"abc"));
        let error = read(&name, &bundle(b"abd").to_json()).unwrap_err().to_string();
        assert!(error.contains("was changed or renamed"), "{error}");
        assert!(matches!(read("../x.sigstore.json", b""), Err(FileError::Name { .. })));
        assert!(matches!(read(&name, b"{"), Err(FileError::Bundle { source: BundleError::Json(_), .. })));
    }

    #[test]
    fn lines_are_read_back_and_the_wrong_one_is_named() {
        let bundles = [bundle(b"a"), bundle(b"b")];
        let mut lines = to_lines(&bundles);
        assert_eq!(from_lines(&lines).unwrap(), bundles);
        lines.extend(b"\n[]\n");
        assert_eq!(from_lines(&lines).unwrap_err().to_string(), "statement `line 4` cannot be read");
    }
}
