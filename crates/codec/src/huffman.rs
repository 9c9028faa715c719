//! Entropy coding of byte planes: canonical Huffman codes of at most [`LIMIT`] bits, four streams side by side.
//!
//! Why this and no stronger coder: the numbers left in a plane are as good as independent, so matching finds nothing. What
//! an ideal coder of single symbols would save was measured: 1.9 % of a plane of exponents, less than half a percent of a
//! block of bfloat16, and 0.6 % of the low plane of a difference. Where one symbol is so common that it would be
//! more, [`sparse`](crate::sparse) takes the plane apart first. What is left to win is speed:
//!
//! * the decoder looks up several symbols at once: a table entry holds all codes that fit into [`LIMIT`] bits;
//! * four streams are independent, so that the processor works on four chains of lookups at a time;
//! * one load of 64 bits serves five lookups.
//!
//! A coded plane is: the code lengths ([`lengths`]), the bytes of each stream (four varints), the streams.
//! Stream `i` holds the `i`-th quarter of the plane; the last one also holds what a division by four leaves over.

pub(crate) mod by_class;
mod codes;
mod decode;
mod encode;
mod lengths;
mod look_up;

pub(crate) use decode::decode;
pub(crate) use encode::plan;

/// The longest code, in bits: it keeps the decoder's table (2048 entries of 8 bytes) in half of a first-level cache and
/// five codes in one load of 64 bits. Weights become no larger than with zipnn, which codes with as many.
pub(crate) const LIMIT: u32 = 11;

/// Streams of a coded plane.
const STREAMS: usize = 4;

/// Symbols of each stream for a plane of `length`.
fn quarters(length: usize) -> [usize; STREAMS] {
    let quarter = length / STREAMS;
    [quarter, quarter, quarter, length - 3 * quarter]
}
