//! Zip archives, as the frameworks write them and as an attacker would.
//!
//! [`open`] reads end records, directory and local headers, and nothing of the members. What is where must be
//! certain, or it is a [`ZipError`]; what contradicts itself without hiding that is an [`AnomalyKind`]. The measure is what
//! torch, NumPy and Keras write: data descriptors, padding in extra fields, zip64 end records in small files,
//! whole archives one after the other.
//!
//! Layout and field names: PKWARE's APPNOTE.TXT 6.3.10.

mod anomaly;
mod archive;
mod content;
mod directory;
mod end;
mod error;
mod extra;
mod fields;
mod index;
mod local;
mod name;
#[cfg(test)]
mod tests;
mod tiling;
mod window;

use reproof_digest::ReadAt;

#[cfg(test)]
pub(crate) use anomaly::Anomaly;
pub(crate) use anomaly::{Anomalies, AnomalyKind};
pub(crate) use archive::{Archive, DEFLATE, Member, STORED};
#[cfg(test)]
pub(crate) use content::CrcMismatch;
pub(crate) use content::crc32;
use end::End;
pub use error::ZipError;
#[cfg(test)]
pub(crate) use name::NameProblem;

/// Reads the directory of an archive and checks it against the rest of the file.
pub(crate) fn open(source: &dyn ReadAt) -> Result<Archive, ZipError> {
    let mut anomalies = Anomalies::default();
    let end = end::find(source, &mut anomalies)?;
    let mut members = directory::read(source, &end, &mut anomalies)?;
    let extents = local::place(source, &mut members, &mut anomalies)?;
    let gaps = tiling::check(source, extents, &end, &mut anomalies)?;
    let by_name = index::build(&members, &mut anomalies);
    let End { directory, comment, .. } = end;
    Ok(Archive { members, anomalies, gaps, directory, comment, by_name })
}
