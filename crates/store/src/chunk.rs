//! Opaque bytes in pieces whose borders the content chooses, so that an insertion changes the pieces around it only.

use reproof_digest::ReadAt;

/// Bytes of a piece: at least, on average, at most. Part of what a store holds: other numbers would still be read, but
/// would find no piece again that was stored with these.
const SIZES: (u32, u32, u32) = (16 << 10, 64 << 10, 256 << 10);

/// Bytes looked at together.
const WINDOW: u64 = 8 << 20;

/// Lengths of the pieces of a range of `source`, in order. They are FastCDC's of the year 2020 over windows that begin
/// where the last whole piece ended.
pub(crate) fn lengths(source: &dyn ReadAt, start: u64, length: u64) -> std::io::Result<Vec<u64>> {
    let (least, average, most) = SIZES;
    let (mut lengths, mut place, end) = (Vec::new(), start, start + length);
    while place < end {
        let window = WINDOW.min(end - place);
        let bytes = source.read_range(place, window as usize)?;
        let last = place + window == end;
        let mut done = 0;
        for piece in fastcdc::v2020::FastCDC::new(&bytes, least as usize, average as usize, most as usize) {
            // The end of a window is no border.
            if !last && done + piece.length as u64 == window && done > 0 {
                break;
            }
            lengths.push(piece.length as u64);
            done += piece.length as u64;
        }
        place += done;
    }
    Ok(lengths)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noise(length: usize) -> Vec<u8> {
        let mut state = 1_u64;
        let mut next = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) as u8
        };
        (0..length).map(|_| next()).collect()
    }

    #[test]
    fn pieces_tile_the_range_and_windows_leave_no_trace() {
        let bytes = noise(20 << 20);
        let pieces = lengths(&bytes, 0, bytes.len() as u64).expect("memory can be read");
        assert_eq!(pieces.iter().sum::<u64>(), bytes.len() as u64);
        let (least, average, most) = SIZES;
        let whole = fastcdc::v2020::FastCDC::new(&bytes, least as usize, average as usize, most as usize);
        assert_eq!(pieces, whole.map(|piece| piece.length as u64).collect::<Vec<_>>());
    }

    #[test]
    fn an_insertion_changes_few_pieces() {
        let bytes = noise(4 << 20);
        let mut changed = bytes.clone();
        changed.splice(1_000_000..1_000_000, *b"inserted");
        let cut = |bytes: &Vec<u8>| {
            let mut place = 0;
            let lengths = lengths(bytes, 0, bytes.len() as u64).expect("memory can be read");
            let cut = lengths.into_iter().map(|length| {
                let piece = reproof_digest::blob(&bytes[place..place + length as usize]);
                place += length as usize;
                piece
            });
            cut.collect::<std::collections::HashSet<_>>()
        };
        let (before, after) = (cut(&bytes), cut(&changed));
        let new = after.difference(&before).count();
        assert!(new <= 2, "{new} of {} pieces are new", after.len());
    }
}
