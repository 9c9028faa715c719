//! What would run, or leak, if a file were loaded.
//!
//! [`scan`] decides by content what a file is, and what lies in it, down to pickles in byte strings of pickles in
//! compressed archives. It follows what the frameworks' loaders would interpret: opcodes, headers, directories,
//! templates, gaps and trailing bytes. Typed storage of tensors is inert and only counted.
//!
//! * `policy` says what a name that a pickle imports means; `calls` judges what a pickle does with it.
//! * `sniff` and `inspect` choose the reader; one file per kind of content.
//! * `carve` searches what no reader understands for pickles and archives.
//!
//! Findings are told apart by severity: `Dangerous` would execute what the file chose, `Warning` wants a look,
//! `Info` is worth knowing. What was not read is listed, so that nobody takes silence for safety.

mod anomalies;
mod archive;
mod arrays;
mod calls;
mod carve;
mod compressed;
mod encoded;
mod executable;
mod finding;
mod inspect;
mod json;
mod judgement;
mod legacy;
mod nested;
mod opaque;
mod pickles;
mod place;
mod policy;
mod record;
mod secrets;
mod session;
mod sniff;
mod source_code;
mod storages;
mod tar;
mod template;
mod text;
mod weights;

pub use finding::{Finding, Tally, Unread};
pub use secrets::{Delicate, delicate};

use reproof_digest::ReadAt;

use place::Place;
use session::Session;

/// How far a scan goes.
#[derive(Clone, Copy, Debug, Default)]
pub struct ScanOptions {
    /// Also read tensors, to compare the checksums that an archive has for them.
    pub deep: bool,
}

/// What was found in one file.
#[derive(Clone, Debug, Default)]
pub struct FileScan {
    /// The findings, the worst first.
    pub findings: Vec<Finding>,
    /// How many bytes of the file were inspected, are tensors, or were not read.
    pub tally: Tally,
    /// What was not read.
    pub unread: Vec<Unread>,
    /// Files beside it that it declares to hold nothing but tensors, as POSIX paths from its folder.
    pub tensor_files: Vec<String>,
}

/// Scans the bytes of a file; `name` is what it is called in findings, and says nothing about what it is.
pub fn scan(source: &dyn ReadAt, name: &str, options: ScanOptions) -> FileScan {
    let mut session = Session::new(options);
    let tally = session.inspect(source, &Place::file(name));
    session.finish(tally)
}
