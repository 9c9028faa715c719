//! The next tree, and the files to write for it.

use super::bundle::{self, MAX_ENTRY};
use super::frontier::Frontier;
use super::hash::{HASH_LENGTH, Hash, Tree};
use super::path::{Kind, TilePath};
use super::tiles::{TileError, Tiles, parse_bundle, read_bundle};
use super::{MAX_SIZE, TILE_WIDTH};

/// A file to write. Its content never changes: one that is there already has the same bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct File {
    /// Where: a relative path with `/`.
    pub path: String,
    /// What.
    pub bytes: Vec<u8>,
}

/// What appending comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Appended {
    /// The head of the next tree.
    pub tree: Tree,
    /// What to write before a checkpoint of this tree is signed.
    pub files: Vec<File>,
}

/// Why entries were not appended.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AppendError {
    /// A tile at the right edge could not be used.
    #[error(
        "the log cannot grow from a tile that is not there as it was written; restore it, or audit the log"
    )]
    Tile(#[from] TileError),
    /// The tiles at the right edge are not those of the tree.
    #[error("the tiles of {} entries have the root {found}, expected {}; audit the log", tree.size, tree.root)]
    Root {
        /// The tree that was to grow.
        tree: Tree,
        /// The root that its tiles give.
        found: Hash,
    },
    /// An entry in the last bundle is not the one that its tile has the hash of.
    #[error("entry {index} in `{path}` is not the one that was logged; audit the log")]
    Entry {
        /// The entry.
        index: u64,
        /// The bundle.
        path: String,
    },
    /// An entry is too long.
    #[error(
        "entry {place} of the batch has {got} bytes, expected at most {MAX_ENTRY}; log its digest instead"
    )]
    TooLong {
        /// Its place among those to append, from 0.
        place: usize,
        /// Its bytes.
        got: usize,
    },
    /// The tree is full.
    #[error("a tree of {size} entries cannot take {count} more: expected at most {MAX_SIZE} in all")]
    Full {
        /// Its entries.
        size: u64,
        /// Those to append.
        count: usize,
    },
}

/// Appends `entries` to `tree`. Of `tiles` only the right edge is read: one tile per level that is not full, and the last
/// bundle. They must give the root of `tree`, so that damage is never signed for.
pub fn append<E: AsRef<[u8]>>(
    tiles: &dyn Tiles,
    tree: &Tree,
    entries: &[E],
) -> Result<Appended, AppendError> {
    let full = AppendError::Full { size: tree.size, count: entries.len() };
    tree.size.checked_add(entries.len() as u64).filter(|size| *size <= MAX_SIZE).ok_or(full)?;
    let mut frontier = Frontier::read(tiles, tree.size)?;
    let found = frontier.tree().root;
    if found != tree.root {
        return Err(AppendError::Root { tree: *tree, found });
    }
    let mut bundle = last_bundle(tiles, &frontier)?;
    let mut files = Vec::new();
    // Levels below this one got hashes.
    let mut touched = usize::from(!entries.is_empty());
    for (place, entry) in entries.iter().enumerate() {
        let entry = entry.as_ref();
        if !bundle::push(&mut bundle, entry) {
            return Err(AppendError::TooLong { place, got: entry.len() });
        }
        let index = frontier.size() / TILE_WIDTH;
        for filled in frontier.push(Hash::of_entry(entry)) {
            if filled.level == 0 {
                let bytes = std::mem::take(&mut bundle);
                files.push(file(Kind::Entries, index, frontier.size(), bytes));
            }
            touched = touched.max(usize::from(filled.level) + 2);
            let kind = Kind::Hashes { level: filled.level };
            files.push(file(kind, filled.index, frontier.size(), to_bytes(&filled.hashes)));
        }
    }
    if !entries.is_empty() && !bundle.is_empty() {
        files.push(file(Kind::Entries, frontier.size() / TILE_WIDTH, frontier.size(), bundle));
    }
    for (level, hashes) in (0_u8..).zip(frontier.levels()).take(touched) {
        if !hashes.is_empty() {
            let index = super::path::count(level, frontier.size()) / TILE_WIDTH;
            files.push(file(Kind::Hashes { level }, index, frontier.size(), to_bytes(hashes)));
        }
    }
    Ok(Appended { tree: frontier.tree(), files })
}

/// The entries that the last tile is not full with, checked against its hashes.
fn last_bundle(tiles: &dyn Tiles, frontier: &Frontier) -> Result<Vec<u8>, AppendError> {
    let index = frontier.size() / TILE_WIDTH;
    let Some(path) = TilePath::in_tree(Kind::Entries, index, frontier.size()) else { return Ok(Vec::new()) };
    let read = read_bundle(tiles, path)?;
    let hashes = frontier.levels().first().into_iter().flatten();
    let mut bundle = Vec::with_capacity(read.bytes.len());
    for (index, (entry, hash)) in
        (index * TILE_WIDTH..).zip(parse_bundle(path, &read)?.into_iter().zip(hashes))
    {
        if Hash::of_entry(entry) != *hash || !bundle::push(&mut bundle, entry) {
            return Err(AppendError::Entry { index, path: path.to_string() });
        }
    }
    Ok(bundle)
}

fn file(kind: Kind, index: u64, size: u64, bytes: Vec<u8>) -> File {
    let path = TilePath::in_tree(kind, index, size).expect("what was filled is in the tree");
    File { path: path.to_string(), bytes }
}

fn to_bytes(hashes: &[Hash]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(hashes.len() * HASH_LENGTH);
    for hash in hashes {
        bytes.extend_from_slice(hash.as_bytes());
    }
    bytes
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::log::testing::{Counted, Log, entry, root};
    use crate::log::tiles::TileProblem;

    fn path(path: &str) -> String {
        path.to_owned()
    }

    /// The example of tlog-tiles: which files a tree of 70,000 entries has.
    #[test]
    fn the_files_are_those_of_the_specification() {
        let log = Log::of(70_000);
        let count = |start: &str, partial| {
            let of_kind = log.files.keys().filter(|path| path.starts_with(start));
            of_kind.filter(|path| path.contains(".p/") == partial).count()
        };
        assert_eq!([count("tile/0/", false), count("tile/0/", true)], [273, 1]);
        assert_eq!([count("tile/1/", false), count("tile/1/", true)], [1, 1]);
        assert_eq!([count("tile/2/", false), count("tile/2/", true)], [0, 1]);
        assert_eq!([count("tile/entries/", false), count("tile/entries/", true)], [273, 1]);
        assert_eq!(log.files["tile/0/273.p/112"].len(), 112 * HASH_LENGTH);
        assert_eq!(log.files["tile/2/000.p/1"].len(), HASH_LENGTH);
        assert_eq!(log.files["tile/entries/000"][..9], *b"\x00\x07entry 0");
    }

    #[test]
    fn roots_are_those_of_rfc_6962_at_every_size() {
        let hashes: Vec<Hash> = (0..600).map(|index| Hash::of_entry(&entry(index))).collect();
        let mut log = Log::new();
        for size in 0..=600 {
            log.grow_to(size);
            assert_eq!(log.tree, Tree { size, root: root(&hashes[..size as usize]) });
        }
    }

    #[test]
    fn only_the_right_edge_is_read() {
        let mut log = Log::of(70_000);
        let counted = Counted::new(&log.files);
        append(&counted, &log.tree, &[entry(70_000)]).unwrap();
        let mut read = counted.read.into_inner();
        read.sort();
        assert_eq!(read, ["tile/0/273.p/112", "tile/1/001.p/17", "tile/2/000.p/1", "tile/entries/273.p/112"]);
        log.grow_to(65_536 * 2);
        let counted = Counted::new(&log.files);
        append(&counted, &log.tree, &[entry(0)]).unwrap();
        assert_eq!(counted.read.into_inner(), ["tile/2/000.p/2"]);
    }

    #[test]
    fn a_partial_tile_is_not_needed_once_it_is_full() {
        let mut log = Log::of(100);
        let (tree, whole) = (log.tree, log.files.clone());
        log.grow_to(300);
        log.files.retain(|path, _| !path.ends_with(".p/100"));
        let again = append(&log.files, &tree, &[entry(100)]).unwrap();
        assert_eq!(again, append(&whole, &tree, &[entry(100)]).unwrap());
    }

    #[test]
    fn appending_nothing_changes_nothing() {
        let log = Log::of(300);
        let none: [Vec<u8>; 0] = [];
        let appended = append(&log.files, &log.tree, &none).unwrap();
        assert_eq!(appended, Appended { tree: log.tree, files: Vec::new() });
    }

    #[test]
    fn damage_at_the_edge_is_not_built_upon() {
        let log = Log::of(300);
        let refused = |damage: &dyn Fn(&mut Log)| {
            let mut damaged = log.clone();
            damage(&mut damaged);
            append(&damaged.files, &damaged.tree, &[entry(300)]).unwrap_err()
        };
        let problem = |path: &str, problem| AppendError::Tile(TileError { path: path.to_owned(), problem });
        assert_eq!(
            refused(&|log| drop(log.files.remove("tile/1/000.p/1"))),
            problem("tile/1/000.p/1", TileProblem::Missing)
        );
        assert_eq!(
            refused(&|log| log.files.get_mut("tile/0/001.p/44").unwrap().truncate(40)),
            problem("tile/0/001.p/44", TileProblem::Length { expected: 44 * 32, got: 40 })
        );
        let flipped = refused(&|log| log.files.get_mut("tile/0/001.p/44").unwrap()[70] ^= 1);
        assert!(matches!(flipped, AppendError::Root { .. }));
        assert_eq!(
            refused(&|log| *log.files.get_mut("tile/entries/001.p/44").unwrap().last_mut().unwrap() ^= 1),
            AppendError::Entry { index: 299, path: path("tile/entries/001.p/44") }
        );
        let huge = refused(&|log| drop(log.files.insert(path("tile/entries/001.p/44"), vec![0; 20 << 20])));
        assert!(matches!(huge, AppendError::Tile(TileError { problem: TileProblem::Length { .. }, .. })));
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let log = Log::of(1);
        let long = [vec![0; MAX_ENTRY], vec![0; MAX_ENTRY + 1]];
        let refused = append(&log.files, &log.tree, &long).unwrap_err();
        assert_eq!(refused, AppendError::TooLong { place: 1, got: MAX_ENTRY + 1 });
        let full = Tree { size: MAX_SIZE, ..log.tree };
        let refused = append(&log.files, &full, &[entry(0)]).unwrap_err();
        assert_eq!(refused, AppendError::Full { size: MAX_SIZE, count: 1 });
    }

    proptest! {
        /// However entries are divided into batches, a file that both ways write has the same bytes, and the tree is the same.
        #[test]
        fn batches_do_not_matter(batches in prop::collection::vec(0_u64..300, 1..5)) {
            let mut log = Log::new();
            for batch in &batches {
                log.grow_to(log.tree.size + batch);
            }
            let whole = Log::of(log.tree.size);
            prop_assert_eq!(log.tree, whole.tree);
            for (path, bytes) in &whole.files {
                prop_assert_eq!(log.files.get(path), Some(bytes), "{}", path);
            }
        }
    }
}
