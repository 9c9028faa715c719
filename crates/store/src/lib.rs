//! Content-addressed storage of artifacts: every tensor once, whatever file it came in.
//!
//! * A **manifest** ([`Manifest`]) says what an artifact is made of: files as lists of objects, so that each is written
//!   again byte for byte. It is written last; what has no manifest was never stored.
//! * An **object** is the bytes of a tensor, of a small part of a file, or of a piece of an opaque one, named by its
//!   BLAKE3. The same weights in another file layout are the same objects.
//! * A **block** is a mebibyte of an object, encoded by `reproof-codec`, perhaps as a difference from the same place of
//!   another object.
//! * A **pack** holds many blocks and is written once ([its bytes](pack)). The indexes of all packs, joined, are the
//!   catalog.
//!
//! Everything is written under a new name and nothing is ever changed: a process that is killed leaves bytes that
//! nobody names, and [`Store::collect`] removes them. What is there is checked whenever it is read, and [`Store::check`]
//! reads it.
//!
//! Objects lie in a folder or an S3 bucket ([`Bucket`]); a bucket is [probed](probe()) before history is entrusted to it.
#![forbid(unsafe_code)]

mod add;
mod bucket;
mod catalog;
mod check;
mod chunk;
mod collect;
mod condemned;
mod error;
mod manifest;
mod mend;
mod object;
pub mod pack;
mod probe;
mod restore;
mod store;

pub use add::{AddOptions, Added, Source, SourceFile, SourceSegment, SourceTensor};
pub use bucket::{Bucket, Entry, S3Options};
pub use check::{CheckOptions, Checked, Fault};
pub use collect::{CollectOptions, Collected};
pub use error::StoreError;
pub use manifest::{Manifest, SCHEMA, StoredFile, StoredSegment, StoredTensor};
pub use object::Object;
pub use probe::probe;
pub use store::Store;
