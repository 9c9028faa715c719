//! How fast a log on a disk grows and is audited, and in how much memory.
//!
//! `cargo run --release -p reproof-attest --example log_audit -- FOLDER [ENTRIES]` makes a log of entries of 300 bytes below
//! FOLDER, which must not exist, in batches of 4,096.
#![expect(clippy::print_stdout, reason = "an example prints what it measures")]

use std::error::Error;
use std::fs;
use std::io::{self, Read as _};
use std::path::PathBuf;
use std::time::Instant;

use reproof_attest::log::{Checkpoint, Inclusion, SignerKey, Tiles, Tree, append, audit};

/// Entries of one batch.
const BATCH: u64 = 4096;

/// Bytes of an entry: a statement by its digest, with who and when.
const ENTRY: usize = 300;

struct Folder(PathBuf);

impl Tiles for Folder {
    fn read(&self, path: &str, limit: usize) -> io::Result<Option<Vec<u8>>> {
        let file = match fs::File::open(self.0.join(path)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            file => file?,
        };
        let mut bytes = Vec::new();
        file.take(limit as u64 + 1).read_to_end(&mut bytes)?;
        Ok(Some(bytes))
    }
}

impl Folder {
    fn write(&self, path: &str, bytes: &[u8]) -> io::Result<()> {
        let path = self.0.join(path);
        path.parent().map_or(Ok(()), fs::create_dir_all)?;
        fs::write(path, bytes)
    }
}

/// Anonymous memory of this process, where the system tells.
fn memory() -> String {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    status.lines().find(|line| line.starts_with("RssAnon")).unwrap_or("RssAnon: not told").to_owned()
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = Folder(arguments.next().ok_or("expected a folder")?.into());
    let count: u64 = arguments.next().map_or(Ok(1_000_000), |count| count.parse())?;
    fs::create_dir(&folder.0)?;
    let key = SignerKey::from_seed("example.com/log", [1; 32])?;

    let started = Instant::now();
    let mut tree = Tree::empty();
    while tree.size < count {
        let batch = tree.size..count.min(tree.size + BATCH);
        let entries: Vec<Vec<u8>> = batch.map(|index| format!("{index:0ENTRY$}").into_bytes()).collect();
        let appended = append(&folder, &tree, &entries)?;
        for file in &appended.files {
            folder.write(&file.path, &file.bytes)?;
        }
        tree = appended.tree;
    }
    let checkpoint = Checkpoint::new("example.com/log", tree).sign(&key)?.to_string();
    folder.write("checkpoint", checkpoint.as_bytes())?;
    let seconds = started.elapsed().as_secs_f64();
    println!("append: {count} entries, {:.0} per second, {}", count as f64 / seconds, memory());

    let started = Instant::now();
    let found = audit(&folder, "example.com/log", &key.verifier(), Some(checkpoint.as_bytes()), &mut |_| ());
    assert!(found.is_intact(), "{:?}", found.findings);
    let seconds = started.elapsed().as_secs_f64();
    println!("audit: {} entries, {:.0} per second, {}", found.entries, count as f64 / seconds, memory());

    let started = Instant::now();
    let proofs = 1000;
    for index in (0..proofs).map(|proof| proof * count / proofs) {
        Inclusion::prove(&folder, &tree, index)?;
    }
    let each = started.elapsed().as_secs_f64() / proofs as f64 * 1e6;
    println!("inclusion proof: {each:.0} microseconds");
    Ok(())
}
