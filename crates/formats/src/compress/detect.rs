//! Compressions by their first bytes.

use std::fmt;

/// A compression of whole files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Compression {
    /// Deflate with zlib's header.
    Zlib,
    /// Deflate with gzip's header.
    Gzip,
    /// bzip2.
    Bzip2,
    /// LZMA2 in the container of xz.
    Xz,
    /// LZMA in the older container of lzma.
    Lzma,
    /// LZ4 in frames.
    Lz4,
    /// Zstandard, which is recognised and not expanded.
    Zstd,
    /// zlib behind the length, as joblib wrote it before version 0.9.3.
    Zfile,
}

impl Compression {
    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Zlib => "zlib",
            Self::Gzip => "gzip",
            Self::Bzip2 => "bzip2",
            Self::Xz => "xz",
            Self::Lzma => "lzma",
            Self::Lz4 => "lz4",
            Self::Zstd => "zstd",
            Self::Zfile => "zfile",
        }
    }
}

impl fmt::Display for Compression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How many first bytes [`detect`] looks at.
pub(crate) const HEAD: usize = 6;

/// The compression that a file of these first bytes is in. zlib and lzma have short signatures, which no pickle and
/// no other format here begins with.
pub(crate) fn detect(head: &[u8]) -> Option<Compression> {
    match head {
        [0x78, 0x01 | 0x5e | 0x9c | 0xda, ..] => Some(Compression::Zlib),
        [0x1f, 0x8b, ..] => Some(Compression::Gzip),
        [b'B', b'Z', b'h', b'1'..=b'9', ..] => Some(Compression::Bzip2),
        [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Some(Compression::Xz),
        [0x5d, 0x00, ..] => Some(Compression::Lzma),
        [0x04, 0x22, 0x4d, 0x18, ..] => Some(Compression::Lz4),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Some(Compression::Zstd),
        [b'Z', b'F', b'0', b'x', ..] => Some(Compression::Zfile),
        _ => None,
    }
}
