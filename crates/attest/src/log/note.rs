//! Signed notes (C2SP signed-note): a text, an empty line, and lines of signatures.

use std::fmt;

use base64ct::{Base64, Encoding as _};

use super::key::{SignerKey, VerifierKey};

/// The most bytes of a note, text and signatures together.
pub const MAX_NOTE: usize = 1 << 20;

/// The most signatures of a note; at least 16 must be accepted.
pub const MAX_SIGNATURES: usize = 100;

/// What a signature line begins with: an em dash and a space.
const DASH: &str = "\u{2014} ";

/// Bytes of a key's id.
const ID: usize = 4;

/// A text and who signed it. A parsed note says nothing until [`Note::verify`] passed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    text: String,
    signatures: Vec<Signature>,
}

/// A signature by a key, of whatever algorithm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    /// The name of the key.
    pub name: String,
    /// The id of the key, which is not unique by itself.
    pub id: u32,
    /// What the algorithm of the key made.
    pub bytes: Vec<u8>,
}

/// Why bytes are no note, or a note is not believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// It is too long.
    #[error("note of {got} bytes, expected at most {limit}")]
    TooLong {
        /// [`MAX_NOTE`].
        limit: usize,
        /// Its bytes.
        got: usize,
    },
    /// It is not UTF-8.
    #[error("note is not UTF-8 at byte {offset}")]
    NotText {
        /// The first byte that is not.
        offset: usize,
    },
    /// It has a control character other than a line end.
    #[error("note has the control character {character:?}")]
    Control {
        /// The character.
        character: char,
    },
    /// There is no empty line with signatures after it.
    #[error("note has no signatures: expected a text, an empty line, and lines that begin with an em dash")]
    NoSignatures,
    /// The text does not end with a line end.
    #[error("text of a note must end with a line end")]
    NoLineEnd,
    /// A line after the empty one is no signature.
    #[error(
        "signature {number} of the note: expected an em dash, a name, and a key id with a signature in base 64"
    )]
    Malformed {
        /// The line, from 1.
        number: usize,
    },
    /// It has too many signatures.
    #[error("note has more than {limit} signatures")]
    TooMany {
        /// [`MAX_SIGNATURES`].
        limit: usize,
    },
    /// No key of those that are trusted signed it.
    #[error("note is not signed by {}; it is signed by {}", join(expected), join(found))]
    Unsigned {
        /// The keys that are trusted.
        expected: Vec<String>,
        /// The keys that it names.
        found: Vec<String>,
    },
    /// A signature that names a trusted key is not by that key.
    #[error("signature by `{key}` is not by that key, or the text was changed after it was signed")]
    Forged {
        /// The key, as name and id.
        key: String,
    },
}

fn join(names: &[String]) -> String {
    if names.is_empty() { "nobody".to_owned() } else { names.join(", ") }
}

/// How a key is written where only name and id are known.
pub(crate) fn key_name(name: &str, id: u32) -> String {
    format!("{name}+{id:08x}")
}

/// Whether `name` can be the name of a key.
pub(crate) fn is_name(name: &str) -> bool {
    !name.is_empty()
        && !name.chars().any(|character| character.is_whitespace() || character < ' ' || character == '+')
}

/// The first control character that a note must not have.
fn control(text: &str) -> Option<char> {
    text.chars().find(|character| *character < ' ' && *character != '\n')
}

impl Note {
    /// Signs `text`, which ends with a line end.
    pub fn sign(text: String, key: &SignerKey) -> Result<Self, NoteError> {
        if let Some(character) = control(&text) {
            return Err(NoteError::Control { character });
        }
        if !text.ends_with('\n') {
            return Err(NoteError::NoLineEnd);
        }
        if text.len() > MAX_NOTE / 2 {
            return Err(NoteError::TooLong { limit: MAX_NOTE / 2, got: text.len() });
        }
        let signature = key.sign(text.as_bytes());
        Ok(Self { text, signatures: vec![signature] })
    }

    /// Reads a note. Signatures are not verified.
    pub fn parse(bytes: &[u8]) -> Result<Self, NoteError> {
        if bytes.len() > MAX_NOTE {
            return Err(NoteError::TooLong { limit: MAX_NOTE, got: bytes.len() });
        }
        let whole = std::str::from_utf8(bytes)
            .map_err(|source| NoteError::NotText { offset: source.valid_up_to() })?;
        if let Some(character) = control(whole) {
            return Err(NoteError::Control { character });
        }
        let middle = whole.rfind("\n\n").ok_or(NoteError::NoSignatures)?;
        let (text, rest) = whole.split_at(middle + 1);
        let lines = rest.strip_prefix('\n').and_then(|lines| lines.strip_suffix('\n'));
        let lines = lines.filter(|lines| !lines.is_empty()).ok_or(NoteError::NoSignatures)?;
        if lines.split('\n').count() > MAX_SIGNATURES {
            return Err(NoteError::TooMany { limit: MAX_SIGNATURES });
        }
        let signatures = (1..)
            .zip(lines.split('\n'))
            .map(|(number, line)| Signature::parse(line).ok_or(NoteError::Malformed { number }));
        Ok(Self { text: text.to_owned(), signatures: signatures.collect::<Result<_, _>>()? })
    }

    /// The signed text; not to be believed before [`Note::verify`] passed.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// All signatures, known and unknown, in the order of the note.
    pub fn signatures(&self) -> &[Signature] {
        &self.signatures
    }

    /// Adds a signature over the same text, such as a witness's.
    pub fn add(&mut self, signature: Signature) -> Result<(), NoteError> {
        let number = self.signatures.len() + 1;
        if number > MAX_SIGNATURES {
            return Err(NoteError::TooMany { limit: MAX_SIGNATURES });
        }
        if !is_name(&signature.name) || signature.bytes.is_empty() {
            return Err(NoteError::Malformed { number });
        }
        self.signatures.push(signature);
        Ok(())
    }

    /// Checks that at least one of `keys` signed the text, and that no signature in the name of one of them is forged.
    /// Signatures by other keys are ignored. Gives the keys that signed.
    pub fn verify<'k>(&self, keys: &'k [VerifierKey]) -> Result<Vec<&'k VerifierKey>, NoteError> {
        let mut signed = Vec::new();
        for signature in &self.signatures {
            let named = |key: &&VerifierKey| key.name() == signature.name && key.id() == signature.id;
            let Some(key) = keys.iter().find(named) else { continue };
            if !key.verifies(self.text.as_bytes(), &signature.bytes) {
                return Err(NoteError::Forged { key: key_name(&signature.name, signature.id) });
            }
            if !signed.contains(&key) {
                signed.push(key);
            }
        }
        if signed.is_empty() {
            return Err(NoteError::Unsigned {
                expected: keys.iter().map(|key| key_name(key.name(), key.id())).collect(),
                found: self.signatures.iter().map(|found| key_name(&found.name, found.id)).collect(),
            });
        }
        Ok(signed)
    }
}

impl Signature {
    fn parse(line: &str) -> Option<Self> {
        let (name, digits) = line.strip_prefix(DASH)?.split_once(' ')?;
        let bytes = Base64::decode_vec(digits).ok()?;
        let (id, bytes) = bytes.split_first_chunk::<ID>()?;
        let signature = Self { name: name.to_owned(), id: u32::from_be_bytes(*id), bytes: bytes.to_vec() };
        (is_name(name) && !bytes.is_empty()).then_some(signature)
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = [&self.id.to_be_bytes()[..], &self.bytes].concat();
        write!(f, "{DASH}{} {}", self.name, Base64::encode_string(&bytes))
    }
}

/// The note as it is kept.
impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        self.signatures.iter().try_for_each(|signature| writeln!(f, "{signature}"))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The example of the specification.
    const KEY: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
    const NOTE: &str = "This is an example message.\n\n\
        \u{2014} example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";

    fn key() -> VerifierKey {
        KEY.parse().unwrap()
    }

    #[test]
    fn the_example_of_the_specification_verifies_and_is_written_as_it_was() {
        let note = Note::parse(NOTE.as_bytes()).unwrap();
        assert_eq!(note.text(), "This is an example message.\n");
        assert_eq!(note.verify(&[key()]).unwrap(), [&key()]);
        assert_eq!(note.to_string(), NOTE);
    }

    #[test]
    fn a_changed_text_is_forged() {
        let note = Note::parse(NOTE.replace("an example", "no example").as_bytes()).unwrap();
        let refused = note.verify(&[key()]).unwrap_err();
        assert_eq!(refused, NoteError::Forged { key: "example.com/foo+530d903a".to_owned() });
    }

    #[test]
    fn unknown_signatures_are_kept_and_not_believed() {
        let mut note = Note::parse(NOTE.as_bytes()).unwrap();
        let witness = Signature { name: "witness.example".to_owned(), id: 7, bytes: vec![4; 2000] };
        note.add(witness.clone()).unwrap();
        // The same name with another id is another key.
        note.add(Signature { name: "example.com/foo".to_owned(), ..witness.clone() }).unwrap();
        let read = Note::parse(note.to_string().as_bytes()).unwrap();
        assert_eq!(read, note);
        assert_eq!(read.signatures()[1], witness);
        assert!(read.verify(&[key()]).is_ok());
        let other = SignerKey::from_seed("other.example", [1; 32]).unwrap().verifier();
        let refused = read.verify(&[other]).unwrap_err().to_string();
        assert!(
            refused.contains("other.example+") && refused.contains("witness.example+00000007"),
            "{refused}"
        );
        assert!(matches!(read.verify(&[]), Err(NoteError::Unsigned { .. })));
    }

    #[test]
    fn the_last_empty_line_divides() {
        let key = SignerKey::from_seed("a.example", [2; 32]).unwrap();
        let text = "one\n\ntwo\n\u{2014} no signature\n\n\n";
        let note = Note::sign(text.to_owned(), &key).unwrap();
        let read = Note::parse(note.to_string().as_bytes()).unwrap();
        assert_eq!(read.text(), text);
        assert!(read.verify(&[key.verifier()]).is_ok());
    }

    #[test]
    fn what_is_no_note_is_refused() {
        let malformed = |number| NoteError::Malformed { number };
        let line = NOTE.lines().last().unwrap();
        for (bytes, expected) in [
            (String::new(), NoteError::NoSignatures),
            ("text\n".to_owned(), NoteError::NoSignatures),
            ("text\n\n".to_owned(), NoteError::NoSignatures),
            (format!("text\n{line}\n"), NoteError::NoSignatures),
            (format!("text\n\n{line}"), NoteError::NoSignatures),
            (format!("text\n\n{line}\nmore\n"), malformed(2)),
            (format!("text\n\n{}\n", line.replace('\u{2014}', "-")), malformed(1)),
            (format!("text\n\n{}\n", line.replace(' ', "  ")), malformed(1)),
            (format!("text\n\n{}\n", line.replace("/foo", "+foo")), malformed(1)),
            (format!("text\n\n{}\n", line.replace("/foo", "\u{2003}foo")), malformed(1)),
            (format!("text\n\n{}\n", line.trim_end_matches('=')), malformed(1)),
            (format!("text\n\n{line} \n"), malformed(1)),
            ("text\n\n\u{2014} a AAAAAA==\n".to_owned(), malformed(1)),
            (format!("text\r\n\n{line}\n"), NoteError::Control { character: '\r' }),
            (format!("te\0xt\n\n{line}\n"), NoteError::Control { character: '\0' }),
            (
                format!("text\n\n{}", format!("{line}\n").repeat(MAX_SIGNATURES + 1)),
                NoteError::TooMany { limit: MAX_SIGNATURES },
            ),
            ("a".repeat(MAX_NOTE + 1), NoteError::TooLong { limit: MAX_NOTE, got: MAX_NOTE + 1 }),
        ] {
            assert_eq!(Note::parse(bytes.as_bytes()), Err(expected), "{bytes:.80}");
        }
        assert_eq!(Note::parse(b"te\xffxt\n\n"), Err(NoteError::NotText { offset: 2 }));
        let key = SignerKey::from_seed("a.example", [2; 32]).unwrap();
        assert_eq!(Note::sign("no end".to_owned(), &key), Err(NoteError::NoLineEnd));
        assert_eq!(Note::sign("a\tb\n".to_owned(), &key), Err(NoteError::Control { character: '\t' }));
    }

    proptest! {
        #[test]
        fn nothing_panics_and_what_is_read_is_written_back(bytes: Vec<u8>, text in "[ -~\n\u{2014}]{0,80}") {
            for bytes in [bytes, text.into_bytes()] {
                if let Ok(note) = Note::parse(&bytes) {
                    prop_assert_eq!(note.to_string().into_bytes(), bytes);
                }
            }
        }

        #[test]
        fn no_flipped_bit_is_believed(place in 0..NOTE.len(), bit in 0_u8..8) {
            let mut bytes = NOTE.as_bytes().to_vec();
            bytes[place] ^= 1 << bit;
            let believed = Note::parse(&bytes).is_ok_and(|note| note.verify(&[key()]).is_ok());
            prop_assert!(!believed);
        }
    }
}
