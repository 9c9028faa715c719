//! Blocks from bytes: chooses between standalone planes, a difference and the bytes themselves.

use std::borrow::Cow;

use crate::classes::Reference;
use crate::element::Element;
use crate::header::{HEADER_LENGTH, Header, MAX_DEPTH, Transform, base_length};
use crate::sample::Sample;
use crate::{BLOCK_LIMIT, cast, plane, planes};

/// The predicted share of the standalone size above which a difference is not taken: it would save little and make the
/// block depend on another one. On measured runs the first moments of Adam stay above it, weights below.
const DELTA_WORTH: f64 = 0.9;

/// Room for what planes need besides their bytes, so that a block that turns out longer than its input is not moved.
const PLANE_OVERHEAD: usize = 64;

/// What a block may be a difference from: bytes that whoever decodes the block has at hand.
#[derive(Clone, Copy, Debug)]
pub struct Base<'a> {
    /// What the bytes are: the block's own element, or a float format that can be converted to it.
    pub element: Element,
    /// As many elements as the block has; see [`Header::base_length`].
    pub bytes: &'a [u8],
    /// The depth of the block that `bytes` were decoded from: 0 where it needs no base.
    pub depth: u8,
}

/// Why bytes could not be encoded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// More bytes than a block holds.
    #[error("block of {got} bytes, expected at most {limit}")]
    TooLong {
        /// [`BLOCK_LIMIT`].
        limit: usize,
        /// The refused length, in bytes.
        got: usize,
    },
    /// The base has not as many elements as the block.
    #[error("base of {got} bytes, expected {expected}")]
    BaseLength {
        /// The bytes of a base for this block.
        expected: usize,
        /// The bytes of the given one.
        got: usize,
    },
    /// The base is itself as deep as a block may be.
    #[error("base of depth {got}, expected at most {}", limit.saturating_sub(1))]
    BaseDepth {
        /// [`MAX_DEPTH`].
        limit: u8,
        /// The depth of the given base.
        got: u8,
    },
    /// The base's element cannot be converted to the block's.
    #[error("base of {from:?}, which has no conversion to {to:?}")]
    BaseElement {
        /// The base's element.
        from: Element,
        /// The block's element.
        to: Element,
    },
}

/// Encodes `bytes`, of which there are at most [`BLOCK_LIMIT`], as one block of at most [`HEADER_LENGTH`] more bytes.
///
/// `base` is an offer: it is taken where a sample says that it saves a tenth or more, and where the bytes equal it
/// after conversion; [`Header::parse`] tells. Errors are about the arguments only; all bytes can be encoded.
pub fn encode(element: Element, bytes: &[u8], base: Option<Base<'_>>) -> Result<Vec<u8>, EncodeError> {
    if bytes.len() > BLOCK_LIMIT {
        return Err(EncodeError::TooLong { limit: BLOCK_LIMIT, got: bytes.len() });
    }
    let length = bytes.len() as u32;
    let header = Header { element, transform: Transform::Planes, base_element: None, depth: 0, length };
    let alone = Sample::take(element, bytes, None);
    if let Some(base) = base {
        let reference = reference(element, bytes.len(), base)?;
        let header = |transform| Header {
            transform,
            base_element: Some(base.element),
            depth: base.depth.saturating_add(1),
            ..header
        };
        if !bytes.is_empty() && *reference == *bytes {
            return Ok(header(Transform::Same).to_bytes().to_vec());
        }
        let delta = Sample::take(element, bytes, Some(&reference));
        if delta.share() < alone.share() * DELTA_WORTH {
            return Ok(write(header(Transform::Delta), bytes, Some(&reference), &delta));
        }
    }
    Ok(write(header, bytes, None, &alone))
}

/// The predicted size of a block as a share of its bytes, as a difference from `base` where one is given: for choosing
/// between bases. It looks at some thousand numbers of the block, converts all of a base in another format, and tells
/// noise from noise with a little structure to about one percent.
pub fn predict(element: Element, bytes: &[u8], base: Option<Base<'_>>) -> Result<f64, EncodeError> {
    let reference = base.map(|base| reference(element, bytes.len(), base)).transpose()?;
    Ok(Sample::take(element, bytes, reference.as_deref()).share())
}

/// The base's bytes as the block's element.
fn reference(element: Element, length: usize, base: Base<'_>) -> Result<Cow<'_, [u8]>, EncodeError> {
    if base.depth >= MAX_DEPTH {
        return Err(EncodeError::BaseDepth { limit: MAX_DEPTH, got: base.depth });
    }
    let expected = base_length(element, base.element, length);
    if cast::is_known(base.element, element) && base.bytes.len() != expected {
        return Err(EncodeError::BaseLength { expected, got: base.bytes.len() });
    }
    cast::convert(base.element, element, base.bytes)
        .ok_or(EncodeError::BaseElement { from: base.element, to: element })
}

/// The block with its planes, or the bytes themselves where that is not shorter.
fn write(header: Header, bytes: &[u8], base: Option<&[u8]>, sample: &Sample) -> Vec<u8> {
    let count = bytes.len() / header.element.width();
    let (whole, odd) = bytes.split_at_checked(count * header.element.width()).unwrap_or((bytes, &[]));
    // The lowest planes come first, and where they are noise their place is known: they need not be moved there.
    let noise = sample.leading_noise();
    let mut encoded = Vec::with_capacity(HEADER_LENGTH + bytes.len() + PLANE_OVERHEAD);
    encoded.extend(header.to_bytes());
    encoded.resize(HEADER_LENGTH + noise * plane::raw_length(count), 0);
    let mut others = vec![0; (header.element.width() - noise) * count];
    let mut targets = planes::Planes::default();
    let in_place = encoded.get_mut(HEADER_LENGTH..).unwrap_or_default();
    let (raw, rest) = targets.split_at_mut(noise);
    for (target, record) in raw.iter_mut().zip(in_place.chunks_exact_mut(plane::raw_length(count))) {
        *target = plane::begin_raw(record);
    }
    for (target, other) in rest.iter_mut().zip(others.chunks_exact_mut(count.max(1))) {
        *target = other;
    }
    planes::split(header.element, whole, base, targets);
    let mut based = base.map(|base| Reference::new(header.element, base));
    for (plane, histogram) in others.chunks_exact(count.max(1)).zip(sample.histograms().iter().skip(noise)) {
        plane::encode(plane, histogram, based.as_mut(), &mut encoded);
    }
    encoded.extend_from_slice(odd);
    if encoded.len() >= HEADER_LENGTH + bytes.len() {
        let stored = Header { transform: Transform::Stored, base_element: None, depth: 0, ..header };
        encoded.clear();
        encoded.extend(stored.to_bytes());
        encoded.extend_from_slice(bytes);
    }
    encoded
}
