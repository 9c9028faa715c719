//! Tar archives: the members of a plain ustar file and where they are.
//!
//! PyTorch up to 0.1.1 saved such files. Only what they need is read: regular files and folders of `ustar` headers,
//! one after the other. Extensions that would rename what follows are refused, not interpreted.
//!
//! Layout: POSIX.1-1988, `pax` utility, "ustar Interchange Format".

use std::io;
use std::ops::Range;

use reproof_digest::ReadAt;

use crate::ErrorKind;

const BLOCK: u64 = 512;
/// torch's files have four members.
const MEMBERS: usize = 65_536;

/// A member of a tar archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TarMember {
    /// Its name, with replacement characters for what is not UTF-8.
    pub(crate) name: String,
    /// What it is, as its header says: `0` or NUL is a file, `5` a folder, `1` and `2` are links.
    pub(crate) kind: u8,
    /// Its bytes.
    pub(crate) data: Range<u64>,
}

/// A tar archive that contradicts itself.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TarError {
    /// A block that is no header.
    #[error("byte {offset}: no ustar header")]
    NotAHeader {
        /// Where it starts.
        offset: u64,
    },
    /// A header whose checksum is wrong.
    #[error("byte {offset}: header has checksum {actual}, expected {expected}")]
    Checksum {
        /// Where it starts.
        offset: u64,
        /// As stored.
        expected: u64,
        /// Of its bytes.
        actual: u64,
    },
    /// A number that is not octal.
    #[error("byte {offset}: {field} is not an octal number")]
    Number {
        /// Where the header starts.
        offset: u64,
        /// Which field.
        field: &'static str,
    },
    /// A header of an extension, which changes the meaning of the next one.
    #[error("byte {offset}: member has type `{}`, which this version does not know", kind.escape_ascii())]
    Extension {
        /// Where it starts.
        offset: u64,
        /// The type.
        kind: u8,
    },
    /// A header or a member that ends outside of the file.
    #[error("byte {offset}: {what} needs {needed} bytes, {left} are left in the file")]
    Truncated {
        /// Where it starts.
        offset: u64,
        /// Header or member.
        what: &'static str,
        /// Its length.
        needed: u64,
        /// What is left.
        left: u64,
    },
    /// More members than any real archive has.
    #[error("byte {offset}: archive has more than {limit} members")]
    TooManyMembers {
        /// Where the first one too many starts.
        offset: u64,
        /// The cap.
        limit: usize,
    },
    /// The file could not be read.
    #[error("byte {offset}: could not read a tar header")]
    Io {
        /// Where.
        offset: u64,
        /// What the system said.
        #[source]
        source: io::Error,
    },
}

impl TarError {
    /// The situation.
    pub(crate) fn kind(&self) -> ErrorKind {
        match self {
            Self::TooManyMembers { .. } => ErrorKind::TooLarge,
            Self::Extension { .. } => ErrorKind::Unsupported,
            Self::Io { .. } => ErrorKind::Unreadable,
            _ => ErrorKind::Malformed,
        }
    }

    /// The byte of the file at which it was noticed.
    pub(crate) fn offset(&self) -> u64 {
        match self {
            Self::NotAHeader { offset }
            | Self::Checksum { offset, .. }
            | Self::Number { offset, .. }
            | Self::Extension { offset, .. }
            | Self::Truncated { offset, .. }
            | Self::TooManyMembers { offset, .. }
            | Self::Io { offset, .. } => *offset,
        }
    }
}

/// Whether a file of these first 512 bytes is a tar archive.
pub(crate) fn begins(head: &[u8]) -> bool {
    head.get(257..262) == Some(b"ustar")
}

/// Lists the members, up to a block of zeros or the end of the file.
pub(crate) fn members(source: &dyn ReadAt) -> Result<Vec<TarMember>, TarError> {
    let size = source.size();
    let mut members = Vec::new();
    let mut offset = 0;
    while offset < size {
        let left = size - offset;
        if left < BLOCK {
            return Err(TarError::Truncated { offset, what: "the header", needed: BLOCK, left });
        }
        let mut block = [0; BLOCK as usize];
        source.read_exact_at(&mut block, offset).map_err(|source| TarError::Io { offset, source })?;
        if block.iter().all(|byte| *byte == 0) {
            break;
        }
        if members.len() == MEMBERS {
            return Err(TarError::TooManyMembers { offset, limit: MEMBERS });
        }
        let (member, length) = header(&block, offset, left - BLOCK)?;
        // Writers pad the last member too; a file that ends with its bytes is read nevertheless.
        offset = (offset + BLOCK).saturating_add(length.next_multiple_of(BLOCK));
        members.push(member);
    }
    Ok(members)
}

/// Takes a header that starts at `offset`, with `left` bytes after it.
fn header(block: &[u8; BLOCK as usize], offset: u64, left: u64) -> Result<(TarMember, u64), TarError> {
    if !begins(block) {
        return Err(TarError::NotAHeader { offset });
    }
    let number = |field, range: Range<usize>| octal(&block[range]).ok_or(TarError::Number { offset, field });
    let expected = number("the checksum", 148..156)?;
    // The checksum counts itself as spaces.
    let sum = |bytes: &[u8]| bytes.iter().map(|byte| u64::from(*byte)).sum::<u64>();
    let actual = sum(block) - sum(&block[148..156]) + 8 * u64::from(b' ');
    if expected != actual {
        return Err(TarError::Checksum { offset, expected, actual });
    }
    let kind = block[156];
    if !matches!(kind, 0 | b'0'..=b'7') {
        return Err(TarError::Extension { offset, kind });
    }
    let declared = number("the size", 124..136)?;
    // Links and folders have no bytes, whatever their headers say.
    let length = if matches!(kind, 0 | b'0' | b'7') { declared } else { 0 };
    if length > left {
        return Err(TarError::Truncated { offset: offset + BLOCK, what: "the member", needed: length, left });
    }
    let text = |range: Range<usize>| {
        let field = &block[range];
        field.split(|byte| *byte == 0).next().unwrap_or_default()
    };
    let (prefix, name) = (text(345..500), text(0..100));
    // GNU's variant has `ustar  ` and uses the place of the prefix for times.
    let posix = block[257..263] == *b"ustar\0";
    let name = if prefix.is_empty() || !posix { name.to_vec() } else { [prefix, b"/", name].concat() };
    let start = offset + BLOCK;
    let name = String::from_utf8_lossy(&name).into_owned();
    Ok((TarMember { name, kind, data: start..start + length }, length))
}

/// An octal number in ASCII, with spaces before and spaces or NULs after it.
fn octal(field: &[u8]) -> Option<u64> {
    let text = str::from_utf8(field).ok()?.trim_start_matches(' ').trim_end_matches([' ', '\0']);
    if text.is_empty() { Some(0) } else { u64::from_str_radix(text, 8).ok() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(name: &str, kind: u8, content: &[u8]) -> Vec<u8> {
        let mut block = vec![0; 512];
        block[..name.len()].copy_from_slice(name.as_bytes());
        block[124..136].copy_from_slice(format!("{:011o}\0", content.len()).as_bytes());
        block[156] = kind;
        block[257..265].copy_from_slice(b"ustar\x0000");
        block[148..156].fill(b' ');
        let sum: u64 = block.iter().map(|byte| u64::from(*byte)).sum();
        block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        block.extend(content);
        block.resize(block.len().next_multiple_of(512), 0);
        block
    }

    fn archive() -> Vec<u8> {
        [
            member("folder/", b'5', b""),
            member("storages", b'0', &[7; 600]),
            member("pickle", 0, b"."),
            vec![0; 1024],
        ]
        .concat()
    }

    #[test]
    fn members_are_listed_with_their_places() {
        let file = archive();
        assert!(begins(&file));
        let members = members(&file).unwrap();
        let found: Vec<_> =
            members.iter().map(|member| (member.name.as_str(), member.data.clone())).collect();
        assert_eq!(found, [("folder/", 512..512), ("storages", 1024..1624), ("pickle", 2560..2561)]);
    }

    /// What makes a sound archive a wrong one.
    type Change = fn(&mut Vec<u8>);
    /// Whether the error is the one that must come.
    type Expected = fn(&TarError) -> bool;

    #[test]
    fn what_contradicts_itself_is_refused() {
        let cases: [(Change, Expected); 5] = [
            (|file| file[0] = b'F', |error| matches!(error, TarError::Checksum { offset: 0, .. })),
            (|file| file[257] = b'U', |error| matches!(error, TarError::NotAHeader { offset: 0 })),
            (|file| file[150] = b'9', |error| matches!(error, TarError::Number { .. })),
            (|file| file.truncate(1500), |error| matches!(error, TarError::Truncated { needed: 600, .. })),
            (|file| file.truncate(700), |error| matches!(error, TarError::Truncated { needed: 512, .. })),
        ];
        for (change, expected) in cases {
            let mut file = archive();
            change(&mut file);
            let error = members(&file).unwrap_err();
            assert!(expected(&error), "{error}");
            assert_eq!(error.kind(), ErrorKind::Malformed);
        }
        let error = members(&member("x", b'x', b"30 path=other\n")).unwrap_err();
        assert_eq!((error.kind(), error.offset()), (ErrorKind::Unsupported, 0));
    }

    #[test]
    fn flipped_bits_never_panic() {
        let file = archive();
        for bit in 0..file.len() * 8 {
            let mut damaged = file.clone();
            damaged[bit / 8] ^= 1 << (bit % 8);
            for member in members(&damaged).unwrap_or_default() {
                assert!(member.data.end <= file.len() as u64);
            }
        }
    }
}
