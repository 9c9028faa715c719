//! Scanning anything: every byte is accounted for, and findings lie where they say.
#![no_main]

use libfuzzer_sys::fuzz_target;
use reproof_formats::scan::{ScanOptions, scan};

fuzz_target!(|bytes: &[u8]| {
    for deep in [false, true] {
        let scan = scan(&bytes, "file", ScanOptions { deep });
        assert!(scan.tally.total() >= bytes.len() as u64);
        for finding in scan.findings {
            assert!(finding.member.starts_with("file") && !finding.message.is_empty());
        }
    }
});
