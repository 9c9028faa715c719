//! What content-defined chunking alone stores of files: the peer of the store's benchmark.
//!
//! ```text
//! cargo run --release -p reproof-store --example chunked -- FILE...
//! ```
//!
//! FastCDC with pieces of 64 KiB on average, as tools that know nothing of tensors cut them; each piece is counted once. Prints
//! the bytes of the files and those of the pieces.
#![expect(clippy::print_stdout, reason = "an example prints what it measures")]

use std::collections::HashSet;
use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let (mut seen, mut size, mut stored) = (HashSet::new(), 0, 0);
    for path in std::env::args_os().skip(1) {
        let bytes = std::fs::read(path)?;
        size += bytes.len();
        let mut place = 0;
        for piece in fastcdc::v2020::FastCDC::new(&bytes, 16 << 10, 64 << 10, 256 << 10) {
            let digest = reproof_digest::blob(&bytes[place..place + piece.length]);
            place += piece.length;
            if seen.insert(digest) {
                stored += piece.length;
            }
        }
    }
    println!("{size} {stored}");
    Ok(())
}
