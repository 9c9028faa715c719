//! GGUF files: whatever is accepted can be read tensor by tensor, and the layout tiles the file.
#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use reproof_digest::ReadAt;
use reproof_formats::{Sources, StorageError, describe};

fuzz_target!(|bytes: &[u8]| {
    let bytes = bytes.to_vec();
    let Ok(description) = describe(&bytes, Path::new("/absent/model.gguf")) else { return };
    assert_eq!(description.files[0].layout.size(), bytes.len() as u64);
    let sources = Sources::new(vec![Box::new(bytes)]);
    for tensor in &description.tensors {
        match sources.bytes(tensor) {
            Ok(values) if values.size() <= 1 << 20 => {
                values.read_range(0, values.size() as usize).expect("its range is in the file");
            }
            Ok(_) => {}
            Err(error) => assert!(matches!(error, StorageError::Absent { .. }), "{error}"),
        }
    }
});
