//! The file of up to 256 entries: each is its length as a big-endian u16, and then its bytes.

use super::TILE_WIDTH;

/// The most bytes of an entry: its length is written in 16 bits.
pub const MAX_ENTRY: usize = u16::MAX as usize;

/// Bytes of a length.
const LENGTH: usize = 2;

/// The most bytes of a bundle.
pub const MAX_BUNDLE: usize = TILE_WIDTH as usize * (LENGTH + MAX_ENTRY);

/// Why bytes are no bundle.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BundleError {
    /// A length, or the entry that it announces, ends after the file.
    #[error("entry {place} of the bundle at byte {offset}: expected {expected} bytes, got {got}")]
    Truncated {
        /// The entry's place in the bundle, from 0.
        place: usize,
        /// Where its length or its bytes begin.
        offset: usize,
        /// The bytes that are announced.
        expected: usize,
        /// The bytes that are left.
        got: usize,
    },
    /// There are more entries than the tree has here.
    #[error("{got} bytes after the last of {expected} entries of the bundle")]
    Trailing {
        /// The entries that were read.
        expected: usize,
        /// The bytes after them.
        got: usize,
    },
}

/// Adds an entry of at most [`MAX_ENTRY`] bytes to a bundle. A longer one is not added, and the answer is `false`.
#[must_use]
pub(crate) fn push(bundle: &mut Vec<u8>, entry: &[u8]) -> bool {
    let Ok(length) = u16::try_from(entry.len()) else { return false };
    bundle.extend_from_slice(&length.to_be_bytes());
    bundle.extend_from_slice(entry);
    true
}

/// Reads entries of a bundle one after the other and borrows them.
#[derive(Debug, Clone)]
pub struct Entries<'a> {
    bytes: &'a [u8],
    place: usize,
    offset: usize,
}

impl<'a> Entries<'a> {
    /// The entries of a bundle, as far as they can be read.
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, place: 0, offset: 0 }
    }

    /// Takes `length` bytes.
    fn take(&mut self, length: usize) -> Result<&'a [u8], BundleError> {
        let (taken, rest) = self.bytes.split_at_checked(length).ok_or(BundleError::Truncated {
            place: self.place,
            offset: self.offset,
            expected: length,
            got: self.bytes.len(),
        })?;
        self.bytes = rest;
        self.offset += length;
        Ok(taken)
    }

    fn read(&mut self) -> Result<&'a [u8], BundleError> {
        let length = self.take(LENGTH)?;
        let length = length.iter().fold(0, |length, byte| (length << 8) | usize::from(*byte));
        let entry = self.take(length)?;
        self.place += 1;
        Ok(entry)
    }
}

impl<'a> Iterator for Entries<'a> {
    type Item = Result<&'a [u8], BundleError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.bytes.is_empty() {
            return None;
        }
        let entry = self.read();
        if entry.is_err() {
            self.bytes = &[];
        }
        Some(entry)
    }
}

/// The first `width` entries of a bundle that must have exactly so many, or more if it is the `full` one read in the place of a
/// partial one.
pub fn parse(bytes: &[u8], width: u16, full: bool) -> Result<Vec<&[u8]>, BundleError> {
    let mut entries = Entries::new(bytes);
    let mut found = Vec::with_capacity(usize::from(width).min(TILE_WIDTH as usize));
    for _ in 0..width {
        found.push(entries.read()?);
    }
    if !full && !entries.bytes.is_empty() {
        return Err(BundleError::Trailing { expected: found.len(), got: entries.bytes.len() });
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn bytes_are_those_of_the_specification() {
        let mut bundle = Vec::new();
        assert!(push(&mut bundle, b"abc") && push(&mut bundle, b""));
        assert_eq!(bundle, b"\x00\x03abc\x00\x00");
        assert!(!push(&mut bundle, &vec![0; MAX_ENTRY + 1]));
        assert_eq!(bundle.len(), 7, "nothing was added");
        assert!(push(&mut bundle, &vec![0; MAX_ENTRY]));
    }

    #[test]
    fn wrong_lengths_are_named() {
        let bytes = b"\x00\x03abc\x00\x02z";
        let expected = BundleError::Truncated { place: 1, offset: 7, expected: 2, got: 1 };
        assert_eq!(parse(bytes, 2, false), Err(expected.clone()));
        assert_eq!(Entries::new(bytes).collect::<Vec<_>>(), [Ok(&b"abc"[..]), Err(expected)]);
        let expected = BundleError::Truncated { place: 1, offset: 5, expected: 2, got: 0 };
        assert_eq!(parse(&bytes[..5], 2, false), Err(expected));
        let expected = BundleError::Truncated { place: 0, offset: 0, expected: 2, got: 1 };
        assert_eq!(parse(b"\x00", 1, false), Err(expected));
        assert_eq!(parse(bytes, 1, false), Err(BundleError::Trailing { expected: 1, got: 3 }));
        assert_eq!(parse(bytes, 1, true), Ok(vec![&b"abc"[..]]));
    }

    proptest! {
        #[test]
        fn entries_are_read_back(entries in prop::collection::vec(any::<Vec<u8>>(), 0..20)) {
            let mut bundle = Vec::new();
            for entry in &entries {
                prop_assert!(push(&mut bundle, entry));
            }
            prop_assert_eq!(parse(&bundle, entries.len() as u16, false).unwrap(), entries);
        }

        #[test]
        fn nothing_panics(bytes: Vec<u8>, width in 0_u16..300, full: bool) {
            let _ = parse(&bytes, width, full);
            let _ = Entries::new(&bytes).count();
        }
    }
}
