//! Marks on what a collection means to remove, so that whoever stores meanwhile does not rely on it.
//!
//! A collection first marks and, a grace period later, looks again and removes. A push treats what is marked as absent
//! when it begins, and looks once more before it publishes: whatever it relies on was unmarked then, and the collection
//! that marks it later finds the new manifest when it looks again.

use std::collections::HashMap;

use crate::{Bucket, StoreError};

/// The folder of marks.
const MARKS: &str = "condemned";

/// The marked names, with the time of the mark in seconds since 1970.
pub(crate) fn read(bucket: &Bucket) -> Result<HashMap<String, i64>, StoreError> {
    let mut marks = HashMap::new();
    bucket.list(MARKS, |entry| {
        if let Some(name) = entry.key.rsplit('/').next() {
            marks.insert(name.to_owned(), entry.modified);
        }
    })?;
    Ok(marks)
}

/// Whether a mark still stands.
pub(crate) fn is_marked(bucket: &Bucket, name: &str) -> Result<bool, StoreError> {
    Ok(bucket.size(&format!("{MARKS}/{name}"))?.is_some())
}

/// Marks a pack or a manifest, by its hexadecimal digits.
pub(crate) fn mark(bucket: &Bucket, name: &str) -> Result<(), StoreError> {
    bucket.create(&format!("{MARKS}/{name}"), "").map(|_| ())
}

/// Takes a mark away.
pub(crate) fn pardon(bucket: &Bucket, name: &str) -> Result<(), StoreError> {
    bucket.remove(&format!("{MARKS}/{name}"))
}
