//! Which file holds which hashes or entries.

use std::fmt;
use std::str::FromStr;

use super::{MAX_SIZE, TILE_WIDTH, decimal};

/// Bits of an entry's index that choose a place in a tile.
const WIDTH_BITS: u32 = TILE_WIDTH.ilog2();

/// The highest level of hash tiles that a tree of [`MAX_SIZE`] entries has.
const MAX_LEVEL: u8 = 7;

/// The highest level that a path may name.
const MAX_NAMED_LEVEL: u8 = 63;

/// What a tile holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// Entries.
    Entries,
    /// Hashes of entries at level 0; above, each hash is that of a full tile one level down.
    Hashes {
        /// The level, 0 to 63.
        level: u8,
    },
}

impl Kind {
    /// The level whose places it has: entries lie as their hashes do.
    fn level(self) -> u8 {
        match self {
            Self::Entries => 0,
            Self::Hashes { level } => level,
        }
    }
}

/// The address of a tile, written `tile/<level>/<index>` or `tile/entries/<index>`, with `.p/<width>` if it is partial.
///
/// The index has groups of three digits, all but the last with an `x` before it: 1234067 is `x001/x234/067`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TilePath {
    kind: Kind,
    index: u64,
    width: u16,
}

impl TilePath {
    /// The tile `index` of `kind` in a tree of `size` entries, if the tree has it.
    pub fn in_tree(kind: Kind, index: u64, size: u64) -> Option<Self> {
        let count = count(kind.level(), size);
        let width = count.checked_sub(index.checked_mul(TILE_WIDTH)?)?.min(TILE_WIDTH);
        (width > 0).then_some(Self { kind, index, width: width as u16 })
    }

    /// What it holds.
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// Its place among the tiles of its kind, from 0.
    pub const fn index(&self) -> u64 {
        self.index
    }

    /// How many hashes or entries it holds, 1 to 256.
    pub const fn width(&self) -> u16 {
        self.width
    }

    /// Whether it has all 256.
    pub const fn is_full(&self) -> bool {
        self.width as u64 == TILE_WIDTH
    }

    /// The full tile at the same place. A log may delete partial tiles once it exists.
    #[must_use]
    pub const fn full(self) -> Self {
        Self { width: TILE_WIDTH as u16, ..self }
    }
}

/// How many hashes the level has in a tree of `size` entries.
pub(crate) fn count(level: u8, size: u64) -> u64 {
    size.checked_shr(u32::from(level) * WIDTH_BITS).unwrap_or(0)
}

/// The levels that a tree of `size` entries has, from the lowest.
pub(crate) fn levels(size: u64) -> impl Iterator<Item = u8> {
    (0..=MAX_LEVEL).take_while(move |level| count(*level, size) > 0)
}

impl fmt::Display for TilePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            Kind::Entries => f.write_str("tile/entries/")?,
            Kind::Hashes { level } => write!(f, "tile/{level}/")?,
        }
        let (mut groups, mut rest) = (vec![self.index % 1000], self.index / 1000);
        while rest > 0 {
            groups.push(rest % 1000);
            rest /= 1000;
        }
        for group in groups.iter().skip(1).rev() {
            write!(f, "x{group:03}/")?;
        }
        write!(f, "{:03}", self.index % 1000)?;
        if self.is_full() { Ok(()) } else { write!(f, ".p/{}", self.width) }
    }
}

/// A text that is no address of a tile.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "tile path `{}`: expected `tile/<level 0 to 63 or entries>/<index as x001/234>` and `.p/<1 to 255>` if partial",
    text.escape_debug()
)]
pub struct PathError {
    /// The refused text.
    pub text: String,
}

impl FromStr for TilePath {
    type Err = PathError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse(text).ok_or_else(|| PathError { text: text.chars().take(200).collect() })
    }
}

fn parse(text: &str) -> Option<TilePath> {
    let (kind, rest) = text.strip_prefix("tile/")?.split_once('/')?;
    let kind = match kind {
        "entries" => Kind::Entries,
        level => {
            let level =
                u8::try_from(decimal::parse(level)?).ok().filter(|level| *level <= MAX_NAMED_LEVEL)?;
            Kind::Hashes { level }
        }
    };
    let (index, width) = match rest.split_once(".p/") {
        None => (rest, TILE_WIDTH as u16),
        Some((index, width)) => {
            let width = decimal::parse(width).filter(|width| (1..TILE_WIDTH).contains(width))?;
            (index, width as u16)
        }
    };
    let index = parse_index(index)?;
    let path = TilePath { kind, index, width };
    // Leading groups of zeros would be a second spelling.
    (path.to_string() == text).then_some(path)
}

fn parse_index(text: &str) -> Option<u64> {
    let mut index = 0_u64;
    let mut groups = text.split('/').peekable();
    while let Some(group) = groups.next() {
        let digits = if groups.peek().is_some() { group.strip_prefix('x')? } else { group };
        if digits.len() != 3 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        index = index.checked_mul(1000)?.checked_add(digits.parse().ok()?)?;
    }
    (index <= MAX_SIZE).then_some(index)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LEVEL_0: Kind = Kind::Hashes { level: 0 };

    #[test]
    fn paths_are_those_of_the_specification() {
        let path = |kind, index, width| TilePath { kind, index, width }.to_string();
        assert_eq!(path(LEVEL_0, 1_234_067, 256), "tile/0/x001/x234/067");
        assert_eq!(path(Kind::Hashes { level: 2 }, 0, 1), "tile/2/000.p/1");
        assert_eq!(path(Kind::Entries, 1067, 112), "tile/entries/x001/067.p/112");
        assert_eq!(path(LEVEL_0, 1_000_000, 256), "tile/0/x001/x000/000");
    }

    /// The example of tlog-tiles: 70,000 entries.
    #[test]
    fn a_tree_has_the_tiles_that_the_specification_counts() {
        let width =
            |level, index| TilePath::in_tree(Kind::Hashes { level }, index, 70_000).map(|path| path.width());
        assert_eq!([width(0, 272), width(0, 273), width(0, 274)], [Some(256), Some(112), None]);
        assert_eq!([width(1, 0), width(1, 1), width(1, 2)], [Some(256), Some(17), None]);
        assert_eq!([width(2, 0), width(2, 1), width(3, 0)], [Some(1), None, None]);
        assert_eq!(levels(70_000).collect::<Vec<_>>(), [0, 1, 2]);
        assert_eq!(levels(256).collect::<Vec<_>>(), [0, 1]);
        assert_eq!(levels(0).count(), 0);
        assert_eq!(levels(MAX_SIZE).last(), Some(MAX_LEVEL));
        assert_eq!(TilePath::in_tree(LEVEL_0, u64::MAX, MAX_SIZE), None);
    }

    #[test]
    fn other_spellings_are_refused() {
        for text in [
            "",
            "tile",
            "tile/0",
            "tile/0/",
            "tile/0/1",
            "tile/0/0001",
            "tile/00/001",
            "tile/64/001",
            "tile/-1/001",
            "tile/0/x000/001",
            "tile/0/001/002",
            "tile/0/x001",
            "tile/0/001.p/0",
            "tile/0/001.p/256",
            "tile/0/001.p/01",
            "tile/0/001.p/",
            "tile/0/001.p",
            "tile/0/+01",
            "tile/0/../001",
            "/tile/0/001",
            "tile/entry/001",
            "tile/0/x999/x999/x999/x999/x999/x999/x999/999",
        ] {
            let refused = text.parse::<TilePath>().unwrap_err();
            assert!(refused.to_string().starts_with("tile path `"), "{refused}");
        }
    }

    proptest! {
        #[test]
        fn a_path_is_read_back(level in 0_u8..64, entries: bool, index in 0..=MAX_SIZE, width in 1_u16..=256) {
            let kind = if entries { Kind::Entries } else { Kind::Hashes { level } };
            let path = TilePath { kind, index, width };
            prop_assert_eq!(path.to_string().parse(), Ok(path));
        }

        #[test]
        fn nothing_panics(text: String) {
            let _ = text.parse::<TilePath>();
        }
    }
}
