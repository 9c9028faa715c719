//! Every truncation and every flipped bit of a small archive ends in an answer or a refusal.

use reproof_digest::ReadAt;

use super::build::{stored, torch, torch_archive};
use crate::zip;

fn small() -> Vec<u8> {
    let mut folder = stored("archive/", b"");
    folder.comment = b"c".to_vec();
    torch_archive(&[folder, torch("archive/data.pkl", b"content", 5), stored("archive/version", b"3\n")])
}

/// Opens it and reads whatever it holds.
fn walk(file: &dyn ReadAt) -> bool {
    let Ok(archive) = zip::open(file) else { return false };
    for member in &archive.members {
        assert!(member.data.end <= file.size());
        if let Ok(bytes) = member.bytes(file, 1000) {
            assert_eq!(bytes.len() as u64, member.size);
        }
    }
    for gap in archive.gaps.iter().chain([&archive.directory, &archive.comment]) {
        assert!(gap.start <= gap.end && gap.end <= file.size());
    }
    true
}

#[test]
fn truncations_are_refused() {
    let file = small();
    assert!(walk(&file));
    for length in 0..file.len() {
        assert!(!walk(&file[..length].to_vec()), "{length}");
    }
}

#[test]
fn flipped_bits_never_panic() {
    let file = small();
    for bit in 0..file.len() * 8 {
        let mut damaged = file.clone();
        damaged[bit / 8] ^= 1 << (bit % 8);
        walk(&damaged);
    }
}

#[test]
fn extreme_fields_never_panic() {
    let file = small();
    for width in [2, 4, 8] {
        for start in 0..file.len() - width {
            for fill in [0, 0x7f, 0xff] {
                let mut damaged = file.clone();
                damaged[start..start + width].fill(fill);
                walk(&damaged);
            }
        }
    }
}
