//! The machine that runs pickles without importing or calling anything: every value has a kind and an offset inside.
#![no_main]

use libfuzzer_sys::fuzz_target;
use reproof_formats::pickle::{ArrayLayout, run};

fuzz_target!(|bytes: &[u8]| {
    let run = run(&bytes, 0..bytes.len() as u64);
    let range = run.pickle.range();
    assert!(range.end <= bytes.len() as u64);
    assert!(run.error.is_some() || run.pickle.root().is_some());
    for (id, value) in run.pickle.iter() {
        assert!(!value.kind().is_empty() && run.pickle.offset(id) <= range.end);
        let _ = (run.pickle.class(id), run.pickle.attributes(id), ArrayLayout::of(&run.pickle, id));
    }
});
