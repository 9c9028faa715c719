//! The written form, the layout's tiling and the parallel hash against BLAKE3 itself.
#![allow(missing_docs, clippy::unwrap_used)]

use proptest::prelude::*;
use reproof_digest::layout::{Layout, LayoutError, Segment, SegmentKind};
use reproof_digest::{Digest, Kind, ParseDigestError, blob, identity, ranges};

#[test]
fn a_digest_is_read_back_as_written() {
    for kind in Kind::ALL {
        let digest = Digest::new(kind, *blob(kind.name().as_bytes()).as_bytes());
        assert_eq!(digest.to_string().parse::<Digest>().unwrap(), digest);
        let json = serde_json::to_string(&digest).unwrap();
        assert_eq!(serde_json::from_str::<Digest>(&json).unwrap(), digest);
    }
}

#[test]
fn malformed_digests_are_refused_by_name() {
    let parse = |text: &str| text.parse::<Digest>().unwrap_err();
    assert!(matches!(parse("abc"), ParseDigestError::NoName { .. }));
    assert!(matches!(parse("blob-v9:00"), ParseDigestError::UnknownName { .. }));
    assert!(matches!(parse("blob-v1:00"), ParseDigestError::BadDigits { .. }));
    let upper = format!("blob-v1:{}", "A".repeat(64));
    assert!(matches!(parse(&upper), ParseDigestError::BadDigits { .. }));
}

#[test]
fn a_blob_is_plain_blake3() {
    // The first vector of BLAKE3's published test vectors: the empty input.
    assert_eq!(blob(b"").to_hex(), "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262");
}

#[test]
fn segments_that_do_not_tile_are_refused() {
    let literal = |offset, length| Segment { kind: SegmentKind::Literal, offset, length };
    assert_eq!(
        Layout::new(vec![literal(0, 4), literal(5, 1)]),
        Err(LayoutError::NotTiled { index: 1, expected: 4, actual: 5 })
    );
    assert_eq!(Layout::new(vec![literal(0, 0)]), Err(LayoutError::BadLength { index: 0, length: 0 }));
    let endless = vec![literal(0, 1), literal(1, u64::MAX)];
    assert_eq!(Layout::new(endless), Err(LayoutError::BadLength { index: 1, length: u64::MAX }));
}

#[test]
fn order_of_tensors_and_files_does_not_matter() {
    let (a, b) = (blob(b"a"), blob(b"b"));
    let weights = |pairs: [(&'static str, Digest); 2]| identity::named(Kind::Weights, pairs);
    assert_eq!(weights([("x", a), ("y", b)]), weights([("y", b), ("x", a)]));
    assert_ne!(weights([("x", a), ("y", b)]), weights([("x", b), ("y", a)]));
    assert_eq!(identity::values([a, b, a]), identity::values([b, a]));
    assert_eq!(
        identity::artifact([("x", 1, a), ("y", 1, b)]),
        identity::artifact([("y", 1, b), ("x", 1, a)])
    );
}

proptest! {
    #[test]
    fn gaps_around_blobs_always_tile(size in 0_u64..4096, blobs in prop::collection::vec((0_u64..4200, 0_u64..600), 0..12)) {
        let layout = Layout::around(size, blobs.iter().map(|(start, length)| *start..start + length));
        prop_assert_eq!(layout.size(), size);
        let again = Layout::new(layout.segments().to_vec()).unwrap();
        prop_assert_eq!(again, layout);
    }
}

/// Sizes around every border of the splitting, where a wrong tree would show.
#[test]
fn split_ranges_hash_as_one_piece() {
    const MEBI: usize = 1 << 20;
    let bytes: Vec<u8> =
        (0..37 * MEBI + 123).map(|i| (i as u32).wrapping_mul(2_654_435_761).to_le_bytes()[3]).collect();
    let mut borders = Vec::new();
    for size in [
        0,
        1,
        1024,
        256 << 10,
        16 * MEBI,
        16 * MEBI + 1,
        20 * MEBI,
        20 * MEBI + 1,
        24 * MEBI,
        32 * MEBI,
        33 * MEBI + 7,
        37 * MEBI,
    ] {
        borders.push(0..size as u64);
        borders.push(123..(size + 123) as u64);
    }
    let counted = std::sync::atomic::AtomicU64::new(0);
    let advance = |n| {
        counted.fetch_add(n, std::sync::atomic::Ordering::Relaxed);
    };
    let digests = ranges::blobs(&bytes, &borders, &advance).unwrap();
    for (range, digest) in borders.iter().zip(digests) {
        assert_eq!(digest, blob(&bytes[range.start as usize..range.end as usize]), "{range:?}");
    }
    assert_eq!(counted.into_inner(), borders.iter().map(|r| r.end - r.start).sum::<u64>());
}

#[test]
fn a_range_beyond_the_end_is_an_error_with_its_place() {
    let bytes = vec![0_u8; 10];
    let error = ranges::blobs(&bytes, std::slice::from_ref(&(4..12)), &|_| ()).unwrap_err();
    assert_eq!(error.range, 4..12);
    assert_eq!(error.to_string(), "could not read 8 bytes at byte 4");
}
