//! Expanding in memory, up to a limit.

use std::io::{self, Read};

use bzip2::bufread::BzDecoder;
use flate2::bufread::{GzDecoder, ZlibDecoder};
use lz4_flex::frame::FrameDecoder;
use reproof_digest::ReadAt;

use super::detect::HEAD;
use super::input::Input;
use super::stream::{self, Fed};
use super::{CompressError, Compression, detect};

/// Prefix and length of a zfile: `0x` and 16 digits at most, padded with spaces as joblib's `_MAX_LEN` says.
const ZFILE_HEADER: usize = 2 + 19;

/// An expanded file.
#[derive(Debug)]
pub(crate) struct Expanded {
    /// Its bytes.
    pub(crate) bytes: Vec<u8>,
    /// How many bytes of the compressed file follow the compressed data.
    pub(crate) trailing: u64,
}

/// Expands `source`, which is in `compression`, to at most `limit` bytes. Memory grows with what comes out, never
/// with what is declared.
pub(crate) fn expand(
    compression: Compression,
    source: &dyn ReadAt,
    limit: u64,
) -> Result<Expanded, CompressError> {
    let mut bytes = Vec::new();
    let trailing = expand_into(compression, source, limit, &mut bytes)?;
    Ok(Expanded { bytes, trailing })
}

/// As [`expand`], and leaves in `bytes` what came out before an error. Returns how many bytes follow the compressed
/// data.
pub(crate) fn expand_into(
    compression: Compression,
    source: &dyn ReadAt,
    limit: u64,
    bytes: &mut Vec<u8>,
) -> Result<u64, CompressError> {
    let shrunk = || CompressError::Io { offset: 0, source: io::ErrorKind::UnexpectedEof.into() };
    let mut input = Input::new(source).ok_or_else(shrunk)?;
    let failed = |offset, source: io::Error| {
        // Decoders make errors of their own; only the system's have a number.
        if source.raw_os_error().is_some() {
            CompressError::Io { offset, source }
        } else {
            CompressError::Damaged { compression, offset, source }
        }
    };
    let declared = match compression {
        Compression::Zstd => return Err(CompressError::Unsupported { compression }),
        Compression::Zfile => Some(zfile_length(&mut input).map_err(|source| failed(0, source))??),
        _ => None,
    };
    let unused = loop {
        // One byte more than allowed is enough to notice that there is more.
        let room = limit.saturating_sub(bytes.len() as u64).saturating_add(1);
        let taken = member(compression, &mut input, room, bytes);
        let offset = input.position();
        let unused = taken.map_err(|source| failed(offset, source))?;
        if bytes.len() as u64 > limit {
            return Err(CompressError::TooLarge { compression, offset, limit });
        }
        if !another(compression, &mut input).map_err(|source| failed(offset, source))? {
            break unused;
        }
    };
    let actual = bytes.len() as u64;
    match declared {
        Some(expected) if expected != actual => Err(CompressError::ZfileLength { expected, actual }),
        _ => Ok(source.size().saturating_sub(input.position()) + unused),
    }
}

/// Expands one compressed file, and returns how many bytes its decoder took beyond the end.
fn member(
    compression: Compression,
    input: &mut Input<'_>,
    room: u64,
    bytes: &mut Vec<u8>,
) -> io::Result<u64> {
    match compression {
        Compression::Zlib | Compression::Zfile => ZlibDecoder::new(input).take(room).read_to_end(bytes)?,
        Compression::Gzip => GzDecoder::new(input).take(room).read_to_end(bytes)?,
        Compression::Bzip2 => BzDecoder::new(input).take(room).read_to_end(bytes)?,
        Compression::Xz => Fed { input, decoder: &mut stream::xz() }.take(room).read_to_end(bytes)?,
        Compression::Lzma => {
            let mut decoder = stream::lzma();
            Fed { input, decoder: &mut decoder }.take(room).read_to_end(bytes)?;
            return Ok(decoder.unused_input().len() as u64);
        }
        Compression::Lz4 => {
            let read = FrameDecoder::new(&mut *input).take(room).read_to_end(bytes)?;
            // The decoder takes the end of its input for the end of the frame.
            if input.exhausted {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            read
        }
        Compression::Zstd => 0,
    };
    Ok(0)
}

/// Whether another file in the same compression follows, after the padding that may lie between.
fn another(compression: Compression, input: &mut Input<'_>) -> io::Result<bool> {
    match compression {
        Compression::Gzip | Compression::Xz => input.skip_zeros()?,
        Compression::Bzip2 | Compression::Lz4 => 0,
        _ => return Ok(false),
    };
    Ok(detect(&input.peek(HEAD)?) == Some(compression))
}

/// Takes the header of a zfile and returns the length in it.
fn zfile_length(input: &mut Input<'_>) -> io::Result<Result<u64, CompressError>> {
    let mut header = [0; ZFILE_HEADER];
    input.read_exact(&mut header)?;
    let text = String::from_utf8_lossy(&header[2..]).into_owned();
    let digits = text.trim_end().strip_prefix("0x").unwrap_or_default();
    // Python 2 ended long numbers with an L.
    let Ok(length) = u64::from_str_radix(digits.trim_end_matches('L'), 16) else {
        return Ok(Err(CompressError::ZfileHeader { found: text }));
    };
    // Some versions padded by one more.
    if input.peek(1)? == b" " {
        input.read_exact(&mut [0])?;
    }
    Ok(Ok(length))
}
