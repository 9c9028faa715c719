//! A proof of inclusion with its checkpoint as one text (C2SP tlog-proof): what a registry hands out with an entry, and what
//! proves without the log that it was logged.

use std::fmt;

use base64ct::{Base64, Encoding as _};

use super::checkpoint::{Checkpoint, CheckpointError};
use super::decimal;
use super::hash::Hash;
use super::key::VerifierKey;
use super::note::{MAX_NOTE, Note, NoteError};
use super::proof::{Inclusion, MAX_PROOF, ProofError};

/// The first line.
const HEADER: &str = "c2sp.org/tlog-proof@v1";

/// The most bytes of extra data.
pub const MAX_EXTRA: usize = 64 << 10;

/// The most bytes of a receipt.
const MAX_RECEIPT: usize = MAX_NOTE + 2 * MAX_EXTRA;

/// That an entry is in a log, in the log's own signed words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// What helps to find or rebuild the entry; nobody signed it.
    pub extra: Option<Vec<u8>>,
    /// The way from the entry to the root.
    pub inclusion: Inclusion,
    /// The signed checkpoint with that root.
    pub checkpoint: Note,
}

/// Why a text is no receipt, or one that proves nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReceiptError {
    /// It is too long.
    #[error("proof file of {got} bytes, expected at most {MAX_RECEIPT}")]
    TooLong {
        /// Its bytes.
        got: usize,
    },
    /// A line is missing or not what it must be.
    #[error("line {line} of the proof file: expected {expected}")]
    Line {
        /// The line, from 1.
        line: usize,
        /// What it must be.
        expected: &'static str,
    },
    /// Its checkpoint is not that of the log.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// The entry is not in the tree of its checkpoint.
    #[error(transparent)]
    Proof(#[from] ProofError),
}

impl From<NoteError> for ReceiptError {
    fn from(source: NoteError) -> Self {
        Self::Checkpoint(source.into())
    }
}

impl Receipt {
    /// Reads a receipt; nothing is verified.
    pub fn parse(bytes: &[u8]) -> Result<Self, ReceiptError> {
        if bytes.len() > MAX_RECEIPT {
            return Err(ReceiptError::TooLong { got: bytes.len() });
        }
        let error = |line, expected| ReceiptError::Line { line, expected };
        let text = std::str::from_utf8(bytes)
            .map_err(|source| NoteError::NotText { offset: source.valid_up_to() })?;
        let (head, note) = text.split_once("\n\n").ok_or(error(1, "an empty line before the checkpoint"))?;
        let mut lines = (1..).zip(head.split('\n')).peekable();
        if lines.next().is_none_or(|(_, line)| line != HEADER) {
            return Err(error(1, "`c2sp.org/tlog-proof@v1`"));
        }
        let extra = lines.next_if(|(_, line)| line.starts_with("extra "));
        let extra = extra.map(|(number, line)| {
            let digits = line.strip_prefix("extra ").unwrap_or_default();
            let data = Base64::decode_vec(digits).ok().filter(|data| data.len() <= MAX_EXTRA);
            data.ok_or(error(number, "`extra` and at most 64 KiB in base 64"))
        });
        let extra = extra.transpose()?;
        let index = lines.next().and_then(|(_, line)| decimal::parse(line.strip_prefix("index ")?));
        let index = index.ok_or(error(2 + usize::from(extra.is_some()), "`index` and a number"))?;
        let hashes = lines.map(|(number, line)| {
            let hash = Hash::from_base64(line).ok_or(error(number, "32 bytes in base 64"))?;
            if number > MAX_PROOF + 3 { Err(error(number, "at most 64 hashes")) } else { Ok(hash) }
        });
        let inclusion = Inclusion { index, hashes: hashes.collect::<Result<_, _>>()? };
        Ok(Self { extra, inclusion, checkpoint: Note::parse(note.as_bytes())? })
    }

    /// Checks that `entry` was logged by the log `origin` with `key`; gives the checkpoint that says so.
    pub fn verify(&self, entry: &[u8], origin: &str, key: &VerifierKey) -> Result<Checkpoint, ReceiptError> {
        let checkpoint = Checkpoint::of_note(&self.checkpoint, origin, key)?;
        self.inclusion.verify(&Hash::of_entry(entry), &checkpoint.tree)?;
        Ok(checkpoint)
    }
}

/// The receipt as it is kept, in a file that ends in `.tlog-proof`.
impl fmt::Display for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{HEADER}")?;
        if let Some(extra) = &self.extra {
            writeln!(f, "extra {}", Base64::encode_string(extra))?;
        }
        writeln!(f, "index {}", self.inclusion.index)?;
        self.inclusion.hashes.iter().try_for_each(|hash| writeln!(f, "{hash}"))?;
        write!(f, "\n{}", self.checkpoint)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::log::testing::{Log, ORIGIN, entry, signer};

    fn receipt(extra: Option<Vec<u8>>) -> Receipt {
        let log = Log::of(300);
        let inclusion = Inclusion::prove(&log.files, &log.tree, 73).unwrap();
        Receipt { extra, inclusion, checkpoint: Note::parse(&log.checkpoint()).unwrap() }
    }

    #[test]
    fn a_receipt_proves_its_entry_alone() {
        for extra in [None, Some(Vec::new()), Some(b"model".to_vec())] {
            let receipt = receipt(extra);
            let text = receipt.to_string();
            let read = Receipt::parse(text.as_bytes()).unwrap();
            assert_eq!(read, receipt);
            let key = signer().verifier();
            assert_eq!(read.verify(&entry(73), ORIGIN, &key).unwrap().tree.size, 300);
            let refused = read.verify(&entry(74), ORIGIN, &key);
            assert!(matches!(refused, Err(ReceiptError::Proof(ProofError::Root { .. }))));
            assert!(matches!(read.verify(&entry(73), "other", &key), Err(ReceiptError::Checkpoint(_))));
        }
    }

    #[test]
    fn the_text_is_that_of_the_specification() {
        let text = receipt(Some(b"model".to_vec())).to_string();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[..3], ["c2sp.org/tlog-proof@v1", "extra bW9kZWw=", "index 73"]);
        assert_eq!(lines[12..15], ["", ORIGIN, "300"], "nine hashes");
    }

    #[test]
    fn what_is_no_receipt_is_refused_at_its_line() {
        let good = receipt(Some(b"model".to_vec())).to_string();
        let hash = good.lines().nth(3).unwrap();
        for (text, expected) in [
            (String::new(), 1),
            (good.replace("@v1", "@v2"), 1),
            (good.replace("\n\n", "\n"), 1),
            (good.replace("extra bW9kZWw=", "extra bW9kZWw"), 2),
            (good.replace("extra ", "more "), 2),
            (good.replace("index 73", "index 073"), 3),
            (good.replace("index 73\n", ""), 3),
            (good.replacen(hash, "AAAA", 1), 4),
            (good.replacen(hash, &vec![hash; 70].join("\n"), 1), 68),
        ] {
            match Receipt::parse(text.as_bytes()) {
                Err(ReceiptError::Line { line, .. }) => assert_eq!(line, expected, "{text:.200}"),
                other => panic!("{text:.200}: {other:?}"),
            }
        }
        let cut = good.trim_end();
        assert!(matches!(Receipt::parse(cut.as_bytes()), Err(ReceiptError::Checkpoint(_))));
        assert!(matches!(Receipt::parse(b"\xff"), Err(ReceiptError::Checkpoint(_))));
        let long = vec![b'a'; MAX_RECEIPT + 1];
        assert_eq!(Receipt::parse(&long), Err(ReceiptError::TooLong { got: MAX_RECEIPT + 1 }));
    }

    proptest! {
        #[test]
        fn no_flipped_bit_is_believed(place: prop::sample::Index, bit in 0_u8..8) {
            let receipt = receipt(None);
            let mut bytes = receipt.to_string().into_bytes();
            let place = place.index(bytes.len());
            bytes[place] ^= 1 << bit;
            let read = Receipt::parse(&bytes);
            let believed = read.is_ok_and(|read| read.verify(&entry(73), ORIGIN, &signer().verifier()).is_ok());
            prop_assert!(!believed);
        }
    }
}
