//! Reading tiles: from wherever the caller keeps them, checked for what every tile must be.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::io;
use std::ops::Range;

use super::TILE_WIDTH;
use super::bundle::{self, BundleError, MAX_BUNDLE};
use super::hash::{HASH_LENGTH, Hash, Node, fold, nodes, over};
use super::path::{Kind, TilePath};

/// The most bytes of a tile of hashes.
const MAX_HASHES: usize = TILE_WIDTH as usize * HASH_LENGTH;

/// Heights of the tree that one level of tiles spans.
const TILE_HEIGHT: u32 = TILE_WIDTH.ilog2();

/// Where the files of a log lie. Nothing read is trusted.
pub trait Tiles {
    /// The bytes of the file at `path`, a relative path with `/`; `None` if there is no such file. A file longer than `limit`
    /// bytes is no tile: an implementation need not read more than one byte beyond it.
    fn read(&self, path: &str, limit: usize) -> io::Result<Option<Vec<u8>>>;
}

impl<T: Tiles + ?Sized> Tiles for &T {
    fn read(&self, path: &str, limit: usize) -> io::Result<Option<Vec<u8>>> {
        (**self).read(path, limit)
    }
}

/// Files in memory.
impl Tiles for BTreeMap<String, Vec<u8>> {
    fn read(&self, path: &str, limit: usize) -> io::Result<Option<Vec<u8>>> {
        let bytes = self.get(path).map(|bytes| bytes.get(..=limit).unwrap_or(bytes));
        Ok(bytes.map(<[u8]>::to_vec))
    }
}

/// A tile that could not be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{path}`: {problem}")]
pub struct TileError {
    /// The file.
    pub path: String,
    /// What is wrong with it.
    pub problem: TileProblem,
}

/// What is wrong with a tile.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TileProblem {
    /// There is no such file.
    #[error("there is no such file, and the tree has it")]
    Missing,
    /// It could not be read.
    #[error("could not be read: {message}")]
    Read {
        /// What the storage said.
        message: String,
    },
    /// It is longer or shorter than its hashes.
    #[error("expected {expected} bytes, got {got}{}", if *got > *expected { " or more" } else { "" })]
    Length {
        /// The bytes of the hashes that the tree has here, or the most bytes of a bundle.
        expected: usize,
        /// The bytes that were read.
        got: usize,
    },
    /// Its entries could not be told apart.
    #[error(transparent)]
    Bundle(#[from] BundleError),
}

/// Bytes of a tile, and whether the full one was read in the place of a partial one.
pub(crate) struct Read {
    pub(crate) bytes: Vec<u8>,
    pub(crate) fuller: bool,
}

/// Reads the tile, or the full one that made it superfluous.
fn read(tiles: &dyn Tiles, path: TilePath, limit: usize) -> Result<Read, TileError> {
    let error = |path: TilePath, problem| TileError { path: path.to_string(), problem };
    let attempt = |wanted: TilePath| {
        tiles
            .read(&wanted.to_string(), limit)
            .map_err(|source| error(wanted, TileProblem::Read { message: source.to_string() }))
    };
    let (read, found) = match attempt(path)? {
        Some(bytes) => (Read { bytes, fuller: false }, path),
        None if path.is_full() => return Err(error(path, TileProblem::Missing)),
        None => {
            let bytes = attempt(path.full())?.ok_or_else(|| error(path, TileProblem::Missing))?;
            (Read { bytes, fuller: true }, path.full())
        }
    };
    if read.bytes.len() > limit {
        return Err(error(found, TileProblem::Length { expected: limit, got: read.bytes.len() }));
    }
    Ok(read)
}

/// Reads a tile of hashes: as many as its address says.
pub(crate) fn read_hashes(tiles: &dyn Tiles, path: TilePath) -> Result<Vec<Hash>, TileError> {
    let read = read(tiles, path, MAX_HASHES)?;
    let width = if read.fuller { path.full() } else { path }.width();
    let expected = usize::from(width) * HASH_LENGTH;
    if read.bytes.len() != expected {
        let problem = TileProblem::Length { expected, got: read.bytes.len() };
        return Err(TileError { path: path.to_string(), problem });
    }
    let (hashes, _) = read.bytes.as_chunks::<HASH_LENGTH>();
    Ok(hashes.iter().take(usize::from(path.width())).map(|bytes| Hash::new(*bytes)).collect())
}

/// Reads a bundle without looking into it.
pub(crate) fn read_bundle(tiles: &dyn Tiles, path: TilePath) -> Result<Read, TileError> {
    read(tiles, path, MAX_BUNDLE)
}

/// The entries of a bundle that was read from `path`.
pub(crate) fn parse_bundle(path: TilePath, read: &Read) -> Result<Vec<&[u8]>, TileError> {
    bundle::parse(&read.bytes, path.width(), read.fuller)
        .map_err(|source| TileError { path: path.to_string(), problem: source.into() })
}

/// Hashes of any part of one tree; a tile is read once and kept. They are claims of the tiles until a root bears them out.
pub(crate) struct HashReader<'a> {
    tiles: &'a dyn Tiles,
    size: u64,
    kept: HashMap<TilePath, Vec<Hash>>,
}

impl<'a> HashReader<'a> {
    pub(crate) fn new(tiles: &'a dyn Tiles, size: u64) -> Self {
        Self { tiles, size, kept: HashMap::new() }
    }

    /// The hash over entries `range`, which is as [`nodes`] wants it, not empty and within the tree.
    pub(crate) fn range(&mut self, range: Range<u64>) -> Result<Hash, TileError> {
        let subtrees = nodes(range).into_iter().map(|node| self.node(node));
        let subtrees: Vec<Hash> = subtrees.collect::<Result<_, _>>()?;
        Ok(fold(subtrees.into_iter()).expect("a range that is not empty has subtrees"))
    }

    fn node(&mut self, node: Node) -> Result<Hash, TileError> {
        let kind = Kind::Hashes { level: (node.height / TILE_HEIGHT) as u8 };
        // The node is the root of a few neighbours in one tile.
        let neighbours = 1 << (node.height % TILE_HEIGHT);
        let first = node.index * neighbours;
        let path =
            TilePath::in_tree(kind, first / TILE_WIDTH, self.size).expect("a complete subtree has a tile");
        if let Entry::Vacant(place) = self.kept.entry(path) {
            place.insert(read_hashes(self.tiles, path)?);
        }
        let place = (first % TILE_WIDTH) as usize;
        let tile = self.kept.get(&path).map(Vec::as_slice).unwrap_or_default();
        let hashes = tile.get(place..place + neighbours as usize).and_then(over);
        Ok(hashes.expect("a complete subtree lies within its tile"))
    }
}
