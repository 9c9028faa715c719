//! Files that are pickles and nothing else, and files of joblib, which are pickles with arrays in between.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use reproof_contract::contract::{ArtifactKind, Interface};
use reproof_digest::ReadAt;

use crate::checkpoint::from_pickle::{Base, Converter};
use crate::checkpoint::{assemble, divide};
use crate::compress::{self, Compression};
use crate::pickle::{self, Pickle, Value};
use crate::{
    Description, FileDescription, Finding, Format, FormatError, OpenOptions, Severity, Sources, tensors,
};

/// Whether a file of these first bytes is a pickle of protocol 2 or newer.
pub(crate) fn begins(head: &[u8]) -> bool {
    matches!(head, [0x80, 2..=5, ..])
}

/// Describes a pickle.
pub(crate) fn describe(
    source: &dyn ReadAt,
    path: &Path,
    options: &OpenOptions,
) -> Result<Description, FormatError> {
    let run = pickle::run(source, 0..source.size());
    let pickle = run.whole().map_err(|error| FormatError::new(path, error))?;
    whole(source, path, &pickle, options)
}

/// Describes a pickle of protocol 0 or 1, which has no magic: `None` if the bytes are none.
pub(crate) fn try_describe(
    source: &dyn ReadAt,
    path: &Path,
    head: &[u8],
    options: &OpenOptions,
) -> Option<Result<Description, FormatError>> {
    if !head.first().is_some_and(|first| b"(cIFLNSTUVX]})lJKMGi".contains(first)) {
        return None;
    }
    let pickle = pickle::run(source, 0..source.size()).whole().ok()?;
    // A text may begin like a pickle by chance, and hardly ever ends like one.
    (pickle.range().end == source.size()).then(|| whole(source, path, &pickle, options))
}

/// Bytes of a compressed pickle, expanded, at most: it is held in memory.
const EXPANDED: u64 = 128 << 20;

/// Describes a compressed pickle, as joblib writes them.
pub(crate) fn describe_compressed(
    compression: Compression,
    source: &dyn ReadAt,
    path: &Path,
    options: &OpenOptions,
) -> Result<Description, FormatError> {
    let expanded = compress::expand(compression, source, EXPANDED);
    let expanded = expanded.map_err(|error| FormatError::new(path, error))?;
    let bytes = Arc::new(expanded.bytes);
    let run = pickle::run(&*bytes, 0..bytes.len() as u64);
    let pickle = run.whole().map_err(|error| FormatError::new(path, error))?;
    let mut description =
        described(source, path, &pickle, &*bytes, Base::Memory(Arc::clone(&bytes)), options)?;
    if expanded.trailing > 0 {
        description.findings.push(Finding {
            id: "compressed.trailing".to_owned(),
            severity: Severity::Warning,
            message: format!("{} bytes follow the compressed data and are not described", expanded.trailing),
            offset: Some(source.size() - expanded.trailing),
        });
    }
    Ok(description)
}

fn whole(
    source: &dyn ReadAt,
    path: &Path,
    pickle: &Pickle,
    options: &OpenOptions,
) -> Result<Description, FormatError> {
    let base = Base::File { file: 0, shift: 0 };
    described(source, path, pickle, source, base, options)
}

/// A description of the values of `pickle`, which was read from `inner`: the file, or what it holds expanded.
fn described(
    source: &dyn ReadAt,
    path: &Path,
    pickle: &Pickle,
    inner: &dyn ReadAt,
    base: Base,
    options: &OpenOptions,
) -> Result<Description, FormatError> {
    let is_expanded = matches!(base, Base::Memory(_));
    let refuse = |error: crate::CheckpointError| FormatError::new(path, error);
    let mut converter = Converter::new(pickle, inner, base, &());
    let values = converter.root().map_err(refuse)?;
    let mut findings = std::mem::take(&mut converter.findings);
    if pickle.range().end < inner.size() {
        findings.push(Finding {
            id: "pickle.trailing".to_owned(),
            severity: Severity::Warning,
            message: format!(
                "{} bytes follow the pickle and are not described",
                inner.size() - pickle.range().end
            ),
            offset: (!is_expanded).then(|| pickle.range().end),
        });
    }
    let parts = divide(values, options.model.as_deref()).map_err(refuse)?;
    let (tensors, state) = assemble(parts, None, &Sources::new(vec![Box::new(source)]));
    let has_arrays = pickle.iter().any(|(_, value)| matches!(value, Value::Array(_)));
    let layout = tensors::layout(0, source.size(), &tensors);
    Ok(Description {
        format: if has_arrays || is_expanded { Format::Joblib } else { Format::Pickle },
        kind: ArtifactKind::File,
        files: vec![FileDescription { path: String::new(), location: path.to_owned(), layout }],
        architecture: tensors::architecture(&tensors, None),
        tensors,
        interface: Interface::default(),
        graph: None,
        metadata: BTreeMap::from([("pickle.protocol".to_owned(), pickle.protocol().to_string())]),
        state,
        findings,
    })
}
