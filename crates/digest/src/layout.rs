//! A file as a list of segments that tile it.
//!
//! A reader of the format draws the borders once, when recording: tensor storage is a `blob`, everything else
//! a `literal`. Verification then hashes the recorded segments and needs no parser, so that every byte is
//! covered and, in the common case, hashed once for the file and for its tensors.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Builder, Digest, Kind};

/// What a segment holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SegmentKind {
    /// Headers, directories, metadata, padding.
    Literal,
    /// The stored bytes of one tensor.
    Blob,
}

/// A byte range of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Segment {
    /// What it holds.
    pub kind: SegmentKind,
    /// First byte, from the start of the file.
    pub offset: u64,
    /// Number of bytes, at least 1.
    pub length: u64,
}

/// Segments that tile a file: sorted, without gap or overlap, from byte 0 to its size.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Layout {
    segments: Vec<Segment>,
}

/// Why a list of segments is not a layout.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LayoutError {
    /// A segment starts before or after the end of the one before it.
    #[error("segment {index} starts at byte {actual}, expected {expected}")]
    NotTiled {
        /// Position in the list.
        index: usize,
        /// End of the segment before.
        expected: u64,
        /// Start of this segment.
        actual: u64,
    },
    /// A segment has no bytes, or ends beyond the largest file offset.
    #[error("segment {index} has an impossible length of {length} bytes")]
    BadLength {
        /// Position in the list.
        index: usize,
        /// Its length.
        length: u64,
    },
}

impl Layout {
    /// Checks that `segments` tile a file from byte 0 on.
    pub fn new(segments: Vec<Segment>) -> Result<Self, LayoutError> {
        let mut end = 0_u64;
        for (index, segment) in segments.iter().enumerate() {
            if segment.offset != end {
                return Err(LayoutError::NotTiled { index, expected: end, actual: segment.offset });
            }
            end = match segment.offset.checked_add(segment.length) {
                Some(next) if segment.length > 0 => next,
                _ => return Err(LayoutError::BadLength { index, length: segment.length }),
            };
        }
        Ok(Self { segments })
    }

    /// The layout of a file whose tensors occupy `blobs` (any order): the gaps between them become literals.
    /// Ranges that are empty, overlap an earlier one or pass the end stay literal, so that the result always
    /// tiles the file.
    pub fn around(size: u64, blobs: impl IntoIterator<Item = std::ops::Range<u64>>) -> Self {
        let mut blobs: Vec<_> = blobs.into_iter().filter(|blob| blob.start < blob.end).collect();
        blobs.sort_unstable_by_key(|blob| (blob.start, blob.end));
        let mut segments = Vec::with_capacity(blobs.len() * 2 + 1);
        let mut end = 0;
        for blob in blobs {
            if blob.start < end || blob.end > size {
                continue;
            }
            if blob.start > end {
                segments.push(Segment { kind: SegmentKind::Literal, offset: end, length: blob.start - end });
            }
            segments.push(Segment {
                kind: SegmentKind::Blob,
                offset: blob.start,
                length: blob.end - blob.start,
            });
            end = blob.end;
        }
        if end < size {
            segments.push(Segment { kind: SegmentKind::Literal, offset: end, length: size - end });
        }
        Self { segments }
    }

    /// The layout of a file that nothing is known about: one literal.
    pub fn opaque(size: u64) -> Self {
        Self::around(size, [])
    }

    /// The segments in file order.
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// The size of the file that they tile, in bytes.
    pub fn size(&self) -> u64 {
        self.segments.last().map_or(0, |last| last.offset + last.length)
    }

    /// The `layout-v1` digest, from the BLAKE3 of each segment's bytes in order.
    ///
    /// # Panics
    /// If the number of digests is not the number of segments.
    pub fn digest(&self, blobs: &[Digest]) -> Digest {
        assert_eq!(blobs.len(), self.segments.len(), "one digest per segment");
        let mut builder = Builder::new(Kind::Layout);
        builder.u64(self.segments.len() as u64);
        for (segment, blob) in self.segments.iter().zip(blobs) {
            let kind = match segment.kind {
                SegmentKind::Literal => "literal",
                SegmentKind::Blob => "blob",
            };
            builder.text(kind).u64(segment.length).digest(blob);
        }
        builder.finish()
    }
}
