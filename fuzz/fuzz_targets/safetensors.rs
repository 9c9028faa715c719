//! safetensors files: what is accepted is written and read back the same.
#![no_main]

use std::collections::BTreeMap;

use libfuzzer_sys::fuzz_target;
use reproof_formats::safetensors::{parse_tensors, to_bytes};

fuzz_target!(|bytes: &[u8]| {
    let Ok(tensors) = parse_tensors(&bytes.to_vec()) else { return };
    let views: Vec<_> = tensors.iter().map(|(name, tensor)| (name.as_str(), tensor.view())).collect();
    let written = to_bytes(&views).expect("names were unique");
    let again = parse_tensors(&written).expect("what we write we read");
    assert_eq!(BTreeMap::from_iter(tensors), BTreeMap::from_iter(again));
});
