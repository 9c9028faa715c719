//! ONNX models: whatever is accepted can be described, and the layout tiles the file.
#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use reproof_formats::{describe, onnx};

fuzz_target!(|bytes: &[u8]| {
    let (bytes, path) = (bytes.to_vec(), Path::new("/absent/model.onnx"));
    if let Ok(model) = onnx::parse(&bytes, path) {
        let _ = (model.inputs(), model.nodes(), model.opset());
    }
    if let Ok(description) = describe(&bytes, path) {
        assert_eq!(description.files[0].layout.size(), bytes.len() as u64);
    }
});
