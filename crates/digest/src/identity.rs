//! Digests of tensors, sets of tensors and artifacts, from the digests of their bytes.

use crate::{Builder, Digest, Kind};

/// The digest of one tensor: dtype as safetensors spells it, dims outermost first, and the BLAKE3 of its
/// contiguous little-endian values (`values` is a [`Kind::Blob`] digest).
pub fn tensor(dtype: &str, dims: &[u64], values: &Digest) -> Digest {
    let mut builder = Builder::new(Kind::Tensor);
    builder.text(dtype).u64(dims.len() as u64);
    for dim in dims {
        builder.u64(*dim);
    }
    builder.digest(values).finish()
}

/// The digest of named tensors, sorted by the UTF-8 bytes of their names.
///
/// `kind` is [`Kind::Weights`] for the model and [`Kind::Part`] for every other part.
pub fn named<'a>(kind: Kind, tensors: impl IntoIterator<Item = (&'a str, Digest)>) -> Digest {
    let mut sorted: Vec<(&str, Digest)> = tensors.into_iter().collect();
    sorted.sort_unstable();
    let mut builder = Builder::new(kind);
    builder.u64(sorted.len() as u64);
    for (name, digest) in sorted {
        builder.text(name).digest(&digest);
    }
    builder.finish()
}

/// The digest of the distinct tensors of the model, without their names: what tied, renamed and re-rooted
/// files share.
pub fn values(tensors: impl IntoIterator<Item = Digest>) -> Digest {
    let mut distinct: Vec<Digest> = tensors.into_iter().collect();
    distinct.sort_unstable();
    distinct.dedup();
    let mut builder = Builder::new(Kind::Values);
    builder.u64(distinct.len() as u64);
    for digest in &distinct {
        builder.digest(digest);
    }
    builder.finish()
}

/// The digest of an artifact: its files sorted by the UTF-8 bytes of their POSIX paths.
///
/// The main file of a single-file artifact has the empty path, so that renaming it changes nothing.
pub fn artifact<'a>(files: impl IntoIterator<Item = (&'a str, u64, Digest)>) -> Digest {
    let mut sorted: Vec<(&str, u64, Digest)> = files.into_iter().collect();
    sorted.sort_unstable();
    let mut builder = Builder::new(Kind::Artifact);
    builder.u64(sorted.len() as u64);
    for (path, size, digest) in sorted {
        builder.text(path).u64(size).digest(&digest);
    }
    builder.finish()
}
