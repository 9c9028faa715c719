//! Trees of values: the JSON text, a NUL, and the safetensors file.
#![no_main]

use libfuzzer_sys::fuzz_target;
use reproof_formats::values::parse;

fuzz_target!(|bytes: &[u8]| {
    let split = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    let (json, tensors) = bytes.split_at(split);
    let tensors = tensors.get(1..).unwrap_or_default().to_vec();
    if let Ok(stored) = parse(json, &tensors) {
        let _ = stored.into_values();
    }
});
