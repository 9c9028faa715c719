//! The signed head of a tree (C2SP tlog-checkpoint): origin, size and root in a note.

use super::hash::{Hash, Tree};
use super::key::{SignerKey, VerifierKey};
use super::note::{Note, NoteError};
use super::{MAX_SIZE, decimal};

/// What a log promises: that it is this tree and will only ever grow from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which log.
    pub origin: String,
    /// Its tree.
    pub tree: Tree,
    /// Further lines, not empty, whose meaning is the origin's.
    pub extensions: Vec<String>,
}

/// Why bytes are no checkpoint, or one that is not believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CheckpointError {
    /// It is no note, or not signed by the log's key.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// A line is missing, empty or not what it must be.
    #[error("line {line} of the checkpoint: expected {expected}, got `{}`", got.escape_debug())]
    Line {
        /// The line, from 1.
        line: usize,
        /// What it must be.
        expected: &'static str,
        /// The line, cut.
        got: String,
    },
    /// It is another log's.
    #[error("checkpoint of the log `{}`, expected `{expected}`", got.escape_debug())]
    Origin {
        /// The log that was asked for.
        expected: String,
        /// The log that it names.
        got: String,
    },
    /// A tree without entries has one root only.
    #[error("checkpoint of no entries with the root {got}, expected {expected}")]
    EmptyRoot {
        /// The root of the empty tree.
        expected: Hash,
        /// The root that it gives.
        got: Hash,
    },
}

impl Checkpoint {
    /// The checkpoint of `tree` without further lines.
    pub fn new(origin: &str, tree: Tree) -> Self {
        Self { origin: origin.to_owned(), tree, extensions: Vec::new() }
    }

    /// Verifies that the note in `bytes` is signed by `key` and is a checkpoint of the log `origin`.
    pub fn open(bytes: &[u8], origin: &str, key: &VerifierKey) -> Result<Self, CheckpointError> {
        Self::of_note(&Note::parse(bytes)?, origin, key)
    }

    /// As [`Checkpoint::open`], of a note that was parsed before.
    pub fn of_note(note: &Note, origin: &str, key: &VerifierKey) -> Result<Self, CheckpointError> {
        note.verify(std::slice::from_ref(key))?;
        let checkpoint = Self::parse(note.text())?;
        if checkpoint.origin != origin {
            return Err(CheckpointError::Origin { expected: origin.to_owned(), got: checkpoint.origin });
        }
        Ok(checkpoint)
    }

    /// Reads the text of a checkpoint, which is not to be believed without its signature.
    pub fn parse(text: &str) -> Result<Self, CheckpointError> {
        let error = |line, expected, got: Option<&str>| CheckpointError::Line {
            line,
            expected,
            got: got.unwrap_or_default().chars().take(100).collect(),
        };
        let lines = text.strip_suffix('\n').ok_or_else(|| error(1, "a line end at the end", Some(text)))?;
        let mut lines = lines.split('\n');
        let origin =
            lines.next().filter(|line| !line.is_empty()).ok_or_else(|| error(1, "an origin", None))?;
        let line = lines.next();
        let size = line.and_then(decimal::parse).filter(|size| *size <= MAX_SIZE);
        let size = size.ok_or_else(|| error(2, "the number of entries", line))?;
        let line = lines.next();
        let root = line.and_then(Hash::from_base64);
        let root = root.ok_or_else(|| error(3, "32 bytes in base 64", line))?;
        let extensions: Vec<String> = lines.map(str::to_owned).collect();
        if let Some(place) = extensions.iter().position(String::is_empty) {
            return Err(error(4 + place, "a line that is not empty", None));
        }
        let expected = Tree::empty().root;
        if size == 0 && root != expected {
            return Err(CheckpointError::EmptyRoot { expected, got: root });
        }
        Ok(Self { origin: origin.to_owned(), tree: Tree { size, root }, extensions })
    }

    /// The text to sign.
    pub fn to_text(&self) -> String {
        let mut text = format!("{}\n{}\n{}\n", self.origin, self.tree.size, self.tree.root);
        for line in &self.extensions {
            text.push_str(line);
            text.push('\n');
        }
        text
    }

    /// The signed note. A log signs no checkpoint that contradicts one it signed before; to see to that is the caller's.
    pub fn sign(&self, key: &SignerKey) -> Result<Note, CheckpointError> {
        let text = self.to_text();
        // A line end inside a field would say something else than was meant.
        if Self::parse(&text)? != *self {
            return Err(CheckpointError::Line {
                line: 1,
                expected: "an origin and further lines without line ends",
                got: self.origin.chars().take(100).collect(),
            });
        }
        Ok(Note::sign(text, key)?)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ORIGIN: &str = "example.com/log";

    fn key() -> SignerKey {
        SignerKey::from_seed(ORIGIN, [3; 32]).unwrap()
    }

    /// The text of the example in the specification.
    #[test]
    fn the_example_of_the_specification_is_read() {
        let text = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
        let checkpoint = Checkpoint::parse(text).unwrap();
        assert_eq!(checkpoint.origin, "example.com/behind-the-sofa");
        assert_eq!(checkpoint.tree.size, 20_852_163);
        assert_eq!(checkpoint.to_text(), text);
    }

    #[test]
    fn a_signed_checkpoint_is_opened_with_its_key_and_origin_only() {
        let mut checkpoint = Checkpoint::new(ORIGIN, Tree { size: 5, root: Hash::of_entry(b"x") });
        checkpoint.extensions.push("a further line".to_owned());
        let note = checkpoint.sign(&key()).unwrap().to_string();
        let open = |text: &str, origin| Checkpoint::open(text.as_bytes(), origin, &key().verifier());
        assert_eq!(open(&note, ORIGIN), Ok(checkpoint));
        let origin = CheckpointError::Origin { expected: "other".to_owned(), got: ORIGIN.to_owned() };
        assert_eq!(open(&note, "other"), Err(origin));
        let grown = note.replacen("\n5\n", "\n6\n", 1);
        assert!(matches!(open(&grown, ORIGIN), Err(CheckpointError::Note(NoteError::Forged { .. }))));
        let other = SignerKey::from_seed(ORIGIN, [4; 32]).unwrap().verifier();
        let refused = Checkpoint::open(note.as_bytes(), ORIGIN, &other);
        assert!(matches!(refused, Err(CheckpointError::Note(NoteError::Unsigned { .. }))));
    }

    #[test]
    fn what_is_no_checkpoint_is_refused_at_its_line() {
        let root = Hash::of_entry(b"x").to_base64();
        for (text, expected) in [
            (String::new(), 1),
            ("origin\n5".to_owned(), 1),
            (format!("\n5\n{root}\n"), 1),
            ("origin\n".to_owned(), 2),
            (format!("origin\n05\n{root}\n"), 2),
            (format!("origin\n-5\n{root}\n"), 2),
            (format!("origin\n9223372036854775808\n{root}\n"), 2),
            ("origin\n5\n".to_owned(), 3),
            ("origin\n5\nAAAA\n".to_owned(), 3),
            (format!("origin\n5\n {root}\n"), 3),
            (format!("origin\n5\n{root}\nmore\n\nlast\n"), 5),
        ] {
            match Checkpoint::parse(&text) {
                Err(CheckpointError::Line { line, .. }) => assert_eq!(line, expected, "{text:?}"),
                other => panic!("{text:?}: {other:?}"),
            }
        }
        let refused = Checkpoint::parse(&format!("origin\n0\n{root}\n"));
        assert!(matches!(refused, Err(CheckpointError::EmptyRoot { .. })));
        let two_lines = Checkpoint::new("origin\n7", Tree { size: 5, root: Hash::of_entry(b"x") });
        assert!(two_lines.sign(&key()).is_err());
    }

    proptest! {
        #[test]
        fn texts_are_read_back(origin in "[!-~]{1,30}", size in 1..=MAX_SIZE, root: [u8; 32], lines in prop::collection::vec("[ -~]{1,20}", 0..3)) {
            let tree = Tree { size, root: Hash::new(root) };
            let checkpoint = Checkpoint { origin, tree, extensions: lines };
            prop_assert_eq!(Checkpoint::parse(&checkpoint.to_text()), Ok(checkpoint));
        }

        #[test]
        fn nothing_panics(text: String) {
            let _ = Checkpoint::parse(&text);
        }
    }
}
