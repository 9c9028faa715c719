//! What bytes are, by themselves.

use reproof_digest::ReadAt;

use super::executable;
use crate::compress::{self, Compression};
use crate::{gguf, npy, onnx, safetensors, tar, zip};

/// First bytes that are looked at.
pub(super) const HEAD: usize = 512;

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Empty,
    Zip,
    Pickle,
    Npy,
    Safetensors,
    Gguf,
    Tar,
    Compressed(Compression),
    Executable(&'static str),
    /// Probably an ONNX model.
    Protobuf,
    /// A picture or a document, which no loader of models interprets.
    Media(&'static str),
    /// A format that is known and not read here.
    Unread(&'static str),
    /// Text, or nothing that is known.
    Other,
}

/// First bytes of pictures and documents.
const MEDIA: &[(&[u8], &str)] = &[
    (b"\x89PNG\r\n\x1a\n", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"%PDF-", "a PDF document"),
    (b"OggS", "Ogg audio"),
    (b"fLaC", "FLAC audio"),
    (b"ID3", "MP3 audio"),
];

/// First bytes of formats that this version does not read.
const UNREAD: &[(&[u8], &str)] = &[
    (b"\x89HDF\r\n\x1a\n", "HDF5"),
    (b"\x0c\xdb\x3a\x2a", "an OCDBT manifest"),
    (b"\x0c\xdb\x20\xde", "an OCDBT node"),
    (b"CBM1", "a CatBoost model"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"ARROW1", "Arrow data"),
    (b"PAR1", "Parquet data"),
    (b"SQLite format 3\0", "an SQLite database"),
];

/// Looks at the first bytes of a source.
pub(super) fn kind(source: &dyn ReadAt, head: &[u8]) -> Kind {
    if head.is_empty() {
        return Kind::Empty;
    }
    if safetensors::begins(head) {
        return Kind::Safetensors;
    }
    match head {
        [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => return Kind::Zip,
        [0x80, 0..=5, ..] => return Kind::Pickle,
        _ => {}
    }
    if tar::begins(head) {
        return Kind::Tar;
    }
    if head.starts_with(npy::MAGIC) {
        return Kind::Npy;
    }
    if head.starts_with(gguf::MAGIC) {
        return Kind::Gguf;
    }
    let named = |table: &[(&[u8], &'static str)]| {
        table.iter().find(|(magic, _)| head.starts_with(magic)).map(|(_, name)| *name)
    };
    if let Some(name) = named(MEDIA) {
        return Kind::Media(name);
    }
    if let Some(name) = named(UNREAD) {
        return Kind::Unread(name);
    }
    if head.get(4..8) == Some(b"TFL3") {
        return Kind::Unread("a TensorFlow Lite model");
    }
    if head.starts_with(b"RIFF") && matches!(head.get(8..12), Some(b"WEBP" | b"WAVE" | b"AVI ")) {
        return Kind::Media("a picture, sound or film");
    }
    if let Some(what) = executable::kind(source, head) {
        return Kind::Executable(what);
    }
    if onnx::begins(head) {
        return Kind::Protobuf;
    }
    if let Some(compression) = compress::detect(head) {
        return Kind::Compressed(compression);
    }
    // zlib with another window than the usual one.
    if let [first, second, ..] = head
        && first & 0x8f == 0x08
        && (u16::from(*first) << 8 | u16::from(*second)).is_multiple_of(31)
    {
        return Kind::Compressed(Compression::Zlib);
    }
    Kind::Other
}

/// Whether bytes inside of something else are worth a look: they begin like what a loader would open.
pub(super) fn is_nested(bytes: &dyn ReadAt) -> bool {
    let mut head = [0; 8];
    let length = bytes.size().min(8) as usize;
    if bytes.read_exact_at(&mut head[..length], 0).is_err() {
        return false;
    }
    match head {
        [b'P', b'K', 3, 4, ..] => zip::open(bytes).is_ok(),
        [0x1f, 0x8b, 8, ..]
        | [0xfd, b'7', b'z', b'X', b'Z', 0, ..]
        | [0x93, b'N', b'U', b'M', b'P', b'Y', ..]
        | [0x7f, b'E', b'L', b'F', ..] => true,
        _ => false,
    }
}

/// Reads the first bytes.
pub(super) fn head(source: &dyn ReadAt) -> std::io::Result<Vec<u8>> {
    source.read_range(0, source.size().min(HEAD as u64) as usize)
}

/// Whether an archive ends here that begins somewhere in the file.
pub(super) fn ends_as_archive(source: &dyn ReadAt) -> bool {
    const END: u64 = 22;
    let Some(at) = source.size().checked_sub(END) else { return false };
    source.read_range(at, 4).is_ok_and(|signature| signature == b"PK\x05\x06")
}
