//! What decoding a hostile block takes of memory is bounded by the length that the caller expects.
//!
//! Alone in its binary, because it counts what every thread allocates.
#![expect(unsafe_code, reason = "an allocator that counts can be written no other way")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

use reproof_codec::{Element, HEADER_LENGTH, decode, encode};

/// The system's allocator, which notes the largest request.
struct Noting;

static LARGEST: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call goes to the system's allocator unchanged.
unsafe impl GlobalAlloc for Noting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LARGEST.fetch_max(layout.size(), Ordering::Relaxed);
        // SAFETY: as promised by the caller.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: as promised by the caller.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Noting = Noting;

#[test]
fn no_allocation_is_larger_than_the_block() {
    const LENGTH: usize = 8000;
    let bytes: Vec<u8> = (0..LENGTH as u32).map(|index| (index * index % 977 % 7) as u8).collect();
    let encoded = encode(Element::Float32, &bytes, None).expect("valid arguments");
    let mut damaged = encoded.clone();
    for place in 0..encoded.len() {
        for value in [0, 2, 3, 0x7f, 0xff] {
            damaged[place] = value;
            LARGEST.store(0, Ordering::Relaxed);
            let decoded = decode(&damaged, None, LENGTH);
            let largest = LARGEST.load(Ordering::Relaxed);
            assert!(largest <= LENGTH, "byte {place} = {value}: {largest} bytes at once");
            assert!(
                place >= HEADER_LENGTH || damaged == encoded || decoded.is_err(),
                "byte {place} = {value}"
            );
        }
        damaged[place] = encoded[place];
    }
}
