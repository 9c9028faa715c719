//! What others sign: bundles, manifests, checkpoints, receipts, bundles of entries. What is read is written as it was.
#![no_main]

use libfuzzer_sys::fuzz_target;
use reproof_attest::dsse::Bundle;
use reproof_attest::log::{Checkpoint, Note, TilePath, bundle};
use reproof_attest::oms::Manifest;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(found) = Bundle::parse(bytes) {
        // A certificate is read to be refused, and not written.
        if let Ok(again) = Bundle::parse(&found.to_json()) {
            assert_eq!(again.to_json(), found.to_json());
        }
    }
    let _ = Manifest::parse(bytes);
    if let Ok(note) = Note::parse(bytes) {
        assert_eq!(note.to_string().as_bytes(), bytes);
        let _ = Checkpoint::parse(note.text());
    }
    for full in [false, true] {
        if let Ok(entries) = bundle::parse(bytes, 256, full) {
            assert!(entries.iter().map(|entry| entry.len() + 2).sum::<usize>() <= bytes.len());
        }
    }
    if let Some(path) = std::str::from_utf8(bytes).ok().and_then(|text| text.parse::<TilePath>().ok()) {
        assert_eq!(path.to_string().as_bytes(), bytes);
    }
});
