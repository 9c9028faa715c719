//! Checkpoints of every kind that fits one file: described, and every tensor read.
#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use reproof_digest::ReadAt;
use reproof_formats::{Sources, describe};

fuzz_target!(|bytes: &[u8]| {
    let Ok(description) = describe(&bytes, Path::new("absent-folder/checkpoint")) else { return };
    assert_eq!(description.files[0].layout.size(), bytes.len() as u64);
    let sources = Sources::new(vec![Box::new(bytes)]);
    for tensor in &description.tensors {
        if let Ok(values) = sources.bytes(tensor) {
            let _ = values.read_range(0, values.size().min(1 << 16) as usize);
        }
    }
});
