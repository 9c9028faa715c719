//! The BLAKE3 of a large blob from the values of its parts, which may be computed in any order and on any thread.

use blake3::hazmat::{self, HasherExt as _};

use crate::{Digest, Kind};

/// What a subtree gives to the tree above it.
pub type ChainingValue = [u8; 32];

/// The value of `bytes` that lie at `offset` in a blob with other bytes beside them.
///
/// # Panics
/// If `offset` is no multiple of 1024, or `bytes` are more than a subtree at that place may hold: parts of one power of
/// two of bytes, the last one shorter, are always sound.
pub fn subtree(bytes: &[u8], offset: u64) -> ChainingValue {
    blake3::Hasher::new().set_input_offset(offset).update(bytes).finalize_non_root()
}

/// The digest of a blob from the values of its parts: at least two, each of the same power of two of bytes, at least
/// 1024, but the last, which may be shorter.
///
/// # Panics
/// If there are fewer than two parts.
pub fn join(parts: &[ChainingValue]) -> Digest {
    let (first, second) = halves(parts);
    let hash = hazmat::merge_subtrees_root(&merge(first), &merge(second), hazmat::Mode::Hash);
    Digest::new(Kind::Blob, *hash.as_bytes())
}

/// Parts left and right of the root: left as many as the largest power of two below their number, as BLAKE3 defines.
fn halves(parts: &[ChainingValue]) -> (&[ChainingValue], &[ChainingValue]) {
    parts.split_at(parts.len().next_power_of_two() / 2)
}

fn merge(parts: &[ChainingValue]) -> ChainingValue {
    if let [only] = parts {
        return *only;
    }
    let (first, second) = halves(parts);
    hazmat::merge_subtrees_non_root(&merge(first), &merge(second), hazmat::Mode::Hash)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blob;

    #[test]
    fn parts_give_the_digest_of_the_whole() {
        let bytes: Vec<u8> = (0..9 * 1024 + 5_u32).map(|index| (index * 7 % 251) as u8).collect();
        for (part, length) in [(1024, 1025), (1024, 4096), (1024, 9221), (2048, 9221), (4096, 8193)] {
            let bytes = &bytes[..length];
            let parts = bytes.chunks(part).enumerate();
            let parts: Vec<_> = parts.map(|(index, bytes)| subtree(bytes, (index * part) as u64)).collect();
            assert_eq!(join(&parts), blob(bytes), "{length} bytes in parts of {part}");
        }
    }
}
