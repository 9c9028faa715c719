//! `METADATA`: the headers of a package, in the form of e-mail.

/// The most lines that are looked at: a header has a few hundred.
const MOST_LINES: usize = 20_000;

/// The longest value that is kept, in bytes.
const LONGEST: usize = 4096;

/// What the headers say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metadata {
    /// The name as its authors spell it.
    pub name: Option<String>,
    /// The version.
    pub version: Option<String>,
    /// One line on what it is.
    pub summary: Option<String>,
    /// The licence as an expression of SPDX.
    pub license_expression: Option<String>,
    /// The licence in words.
    pub license: Option<String>,
    /// What it requires, as written.
    pub requires: Vec<String>,
}

impl Metadata {
    /// Reads headers up to the first empty line; what is no text becomes replacement characters.
    pub fn read(bytes: &[u8]) -> Self {
        let mut found = Self::default();
        for line in bytes.split(|byte| *byte == b'\n').take(MOST_LINES) {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            if line.is_empty() {
                break;
            }
            // Continuations belong to descriptions and long licences, of which the first line is enough.
            if line.starts_with(b" ") || line.starts_with(b"\t") {
                continue;
            }
            let Some(colon) = line.iter().position(|byte| *byte == b':') else { continue };
            let (name, value) = line.split_at(colon);
            let name = String::from_utf8_lossy(name).to_ascii_lowercase();
            let value = value.get(1..).unwrap_or_default();
            let value = String::from_utf8_lossy(value.get(..LONGEST).unwrap_or(value)).trim().to_owned();
            // `UNKNOWN` is what old tools wrote for nothing.
            if !value.is_empty() && value != "UNKNOWN" {
                found.take(&name, value);
            }
        }
        found
    }

    fn take(&mut self, name: &str, value: String) {
        let place = match name {
            "name" => &mut self.name,
            "version" => &mut self.version,
            "summary" => &mut self.summary,
            "license-expression" => &mut self.license_expression,
            "license" => &mut self.license,
            "requires-dist" => return self.requires.push(value),
            _ => return,
        };
        // The first one counts, as for every reader of e-mail.
        place.get_or_insert(value);
    }

    /// The normalised names of what it requires in any case: no extra, no other system.
    pub fn required(&self) -> Vec<String> {
        let always = self.requires.iter().filter(|requirement| !requirement.contains("extra"));
        let names = always.map(|requirement| {
            let end = requirement.find(|c: char| !(c.is_ascii_alphanumeric() || "._-".contains(c)));
            normalised(&requirement[..end.unwrap_or(requirement.len())])
        });
        let mut names: Vec<String> = names.filter(|name| !name.is_empty()).collect();
        names.sort();
        names.dedup();
        names
    }
}

/// A name in the one spelling by which packages are compared: lower case, runs of `-`, `_` and `.` as one `-`.
pub fn normalised(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    for character in name.chars() {
        if matches!(character, '-' | '_' | '.') {
            if !text.ends_with('-') {
                text.push('-');
            }
        } else {
            text.extend(character.to_lowercase());
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn headers_end_where_the_description_begins() {
        let text = b"Metadata-Version: 2.4\r\nName: DISTS_pytorch\nVersion: 0.1\nLicense: MIT\n  long text\n\
                     Requires-Dist: numpy (>=1.2)\nRequires-Dist: torch[x]>=1; python_version > '3'\n\
                     Requires-Dist: pytest; extra == 'test'\nName: second\n\nName: third\n";
        let found = Metadata::read(text);
        assert_eq!(found.name.as_deref(), Some("DISTS_pytorch"));
        assert_eq!(found.license.as_deref(), Some("MIT"));
        assert_eq!(found.required(), ["numpy", "torch"]);
    }

    #[test]
    fn names_are_compared_in_one_spelling() {
        assert_eq!(normalised("Scikit__Learn.Extra-x"), "scikit-learn-extra-x");
    }

    #[test]
    fn what_is_no_text_does_no_harm() {
        let found = Metadata::read(b"Name: \xff\xfe\nVersion: UNKNOWN\nno colon\n:\n");
        assert_eq!(found.name.as_deref(), Some("\u{fffd}\u{fffd}"));
        assert_eq!(found.version, None);
        let long = [b"Summary: ".as_slice(), &b"x".repeat(100_000)].concat();
        assert!(Metadata::read(&long).summary.unwrap().len() <= LONGEST);
    }

    proptest! {
        #[test]
        fn nothing_panics(bytes: Vec<u8>, lines: Vec<(String, String)>) {
            let _ = Metadata::read(&bytes).required();
            let text = lines.iter().map(|(name, value)| format!("{name}:{value}\nRequires-Dist:{value}\n"));
            let _ = Metadata::read(text.collect::<String>().as_bytes()).required();
        }
    }
}
