//! NumPy arrays and archives of them.
#![no_main]

use libfuzzer_sys::fuzz_target;
use reproof_formats::npy::{parse, parse_archive};

fuzz_target!(|bytes: &[u8]| {
    let _ = parse(bytes, 1 << 20);
    let _ = parse_archive(bytes, 1 << 20);
});
