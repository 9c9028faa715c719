//! NumPy arrays and archives of them: described and loaded values are the same.
#![no_main]

use std::path::Path;

use libfuzzer_sys::fuzz_target;
use reproof_digest::ReadAt;
use reproof_formats::npy::{parse, parse_archive};
use reproof_formats::{Format, Sources, describe};
use reproof_tensor::{DType, Value};

fuzz_target!(|bytes: &[u8]| {
    let bytes = bytes.to_vec();
    let loaded = parse(&bytes, 1 << 20);
    let _ = parse_archive(&bytes, 1 << 20);
    let Ok(description) = describe(&bytes, Path::new("/absent/array.npz")) else { return };
    assert_eq!(description.files[0].layout.size(), bytes.len() as u64);
    let sources = Sources::new(vec![Box::new(bytes)]);
    for tensor in &description.tensors {
        let values = sources.bytes(tensor).expect("arrays have values");
        if values.size() > 1 << 20 {
            continue;
        }
        let values = values.read_range(0, values.size() as usize).expect("its range is in the file");
        // Loading makes every true 1, texts become texts.
        if let (Format::Npy, Ok(Value::Tensor(loaded))) = (description.format, &loaded)
            && loaded.dtype() != DType::Bool
        {
            assert_eq!((tensor.dtype, tensor.shape.as_slice()), (loaded.dtype(), loaded.shape()));
            assert_eq!(values, loaded.bytes());
        }
    }
});
