//! The index of a pack, from the pack or from the file beside it.

use super::{END, Entry, HEADER, INDEX_LIMIT, TRAILER, pack_key, parse_index};
use crate::{Bucket, StoreError};

/// The entries of an index file: index and trailer, as they end the pack of that name.
pub(crate) fn parse_sidecar(bytes: &[u8]) -> Result<(u64, Vec<Entry>), String> {
    let Some((index, trailer)) = bytes.split_last_chunk::<TRAILER>() else {
        return Err(format!("{} bytes, expected at least {TRAILER}", bytes.len()));
    };
    let length = parse_trailer(trailer)?;
    if length != index.len() as u64 {
        return Err(format!("its trailer tells of {length} bytes before it, there are {}", index.len()));
    }
    let (blocks, index) = index.split_first_chunk::<8>().ok_or("it ends before its first number")?;
    checked(index, trailer)?;
    let end = u64::from_le_bytes(*blocks);
    Ok((end, parse_index(index, end)?))
}

/// The index file of a pack of `size` bytes, made anew from its end.
pub(crate) fn sidecar_of(bucket: &Bucket, pack: &str, size: u64) -> Result<bytes::Bytes, StoreError> {
    let key = pack_key(pack);
    let damaged =
        |problem: String| StoreError::Damaged { store: bucket.name().to_owned(), key: key.clone(), problem };
    if size < (HEADER.len() + TRAILER + 8) as u64 {
        return Err(damaged(format!("{size} bytes, less than any pack has")));
    }
    let trailer = bucket.range(&key, size - TRAILER as u64..size)?;
    let trailer: [u8; TRAILER] =
        trailer.as_ref().try_into().map_err(|_| damaged("its end is missing".into()))?;
    let length = parse_trailer(&trailer).map_err(damaged)?;
    if length > INDEX_LIMIT || length > size - TRAILER as u64 - HEADER.len() as u64 {
        return Err(damaged(format!("its trailer tells of an index of {length} bytes")));
    }
    let start = size - TRAILER as u64 - length;
    let sidecar = bucket.range(&key, start..size)?;
    parse_sidecar(&sidecar).map_err(damaged)?;
    Ok(sidecar)
}

fn parse_trailer(trailer: &[u8; TRAILER]) -> Result<u64, String> {
    if &trailer[40..] != END {
        return Err("it does not end as a pack ends".into());
    }
    let length = trailer.first_chunk::<8>().expect("a trailer is longer than that");
    Ok(u64::from_le_bytes(*length))
}

fn checked(index: &[u8], trailer: &[u8; TRAILER]) -> Result<(), String> {
    if blake3::hash(index).as_bytes() == &trailer[8..40] {
        Ok(())
    } else {
        Err("its index is not what its trailer says".into())
    }
}
