//! Blocks: whatever decodes has the length that was asked for, and what was encoded comes back.
#![no_main]

use libfuzzer_sys::fuzz_target;
use reproof_codec::{Base, Element, Header, decode, encode};

/// The longest block that is asked for, so that a byte of input costs little.
const LONGEST: usize = 1 << 16;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(header) = Header::parse(bytes) {
        let base = header.base_length().filter(|length| *length <= LONGEST).map(|length| vec![0x5a; length]);
        let length = (header.length as usize).min(LONGEST);
        if let Ok(decoded) = decode(bytes, base.as_deref(), length) {
            assert_eq!(decoded.len(), length);
        }
    }
    let [chosen, rest @ ..] = bytes else { return };
    let element = Element::ALL[usize::from(*chosen) % Element::ALL.len()];
    let (one, other) = rest.split_at(rest.len() / 2);
    let other = &other[..one.len()];
    for base in [None, Some(Base { element, bytes: other, depth: 0 })] {
        let block = encode(element, one, base).expect("a base as long as the block");
        assert_eq!(decode(&block, Some(other), one.len()).as_deref(), Ok(one));
    }
});
