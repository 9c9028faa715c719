//! Storage encodings of tensors: lossless, bit for bit, for every dtype.
//!
//! A tensor is stored as blocks of [`BLOCK_LENGTH`] bytes, each encoded alone, so that blocks are read, decoded and
//! verified in any order and on any number of threads. `FORMAT.md` beside this crate defines every byte. Pure code: no
//! files, no threads, no clock.
//!
//! Four layers, each with one idea:
//!
//! 1. **Planes** ([`Element`]): numbers are taken apart into bytes of equal weight. The exponents of a layer's weights
//!    have few values and come together in one plane; what is left is noise and is copied.
//! 2. **Delta** ([`Base`]): floats become integers in the order of the floats, and the base's are subtracted. Neighbouring
//!    checkpoints differ by few steps, whatever the magnitude, so that the upper planes become zero. A base in another
//!    float format is converted first: the half-precision copy that trainers save beside the weights costs nothing.
//! 3. **Entropy**: each plane is kept, or one byte, or Huffman-coded, or taken apart into the places that do not hold
//!    the common byte and what they hold. Nothing searches for matches: in the noise of weights there are none, and
//!    that search is what makes general compressors slow on them.
//! 4. **Block** ([`encode()`], [`decode()`], [`Header`]): a header of [`HEADER_LENGTH`] bytes says what follows. A sample of
//!    the numbers decides what is tried; bytes that gain nothing are stored.
//!
//! A block that needs a base says how many bases lie below it; no more than [`MAX_DEPTH`] may.
//!
//! ```
//! use reproof_codec::{Base, Element, decode, encode};
//!
//! let step = |by: f32| (0..1000_u16).flat_map(|i| (f32::from(i) + by).to_le_bytes()).collect::<Vec<u8>>();
//! let (before, after) = (step(0.5), step(0.5001));
//! let base = Base { element: Element::Float32, bytes: &before, depth: 0 };
//! let block = encode(Element::Float32, &after, Some(base))?;
//! assert!(block.len() < after.len() / 2);
//! assert_eq!(decode(&block, Some(&before), after.len())?, after);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![forbid(unsafe_code)]

mod cast;
mod classes;
mod cursor;
mod decode;
mod element;
mod encode;
mod header;
mod histogram;
mod huffman;
mod lane;
mod plane;
mod planes;
mod sample;
mod sparse;

pub use decode::{DecodeError, decode, decode_into};
pub use element::Element;
pub use encode::{Base, EncodeError, encode, predict};
pub use header::{FORMAT_VERSION, HEADER_LENGTH, Header, MAX_DEPTH, Transform};

/// Bytes of a block, as a rule: the unit of random access and of parallel work. A tensor's last block is shorter; blocks
/// that end with a row may be a little shorter or longer.
pub const BLOCK_LENGTH: usize = 1 << 20;

/// Bytes of a block, at most.
pub const BLOCK_LIMIT: usize = 16 << 20;
