//! What the readers refuse: an artifact that contradicts itself is worth a look, also where nothing in it would run.

use std::error::Error;
use std::path::Path;

use reproof_contract::scan::{ScanFinding, Severity};
use reproof_formats::{ErrorKind, Problem};

use crate::artifact::{Artifact, OpenError};

/// A finding where the artifact as a whole is malformed, or refers to files that are not there or lie outside. Formats
/// that are not known, and limits of the readers, are no such thing.
pub(super) fn finding(path: &Path) -> Option<ScanFinding> {
    let OpenError::Format { source, path: refused } = Artifact::open(path).err()? else { return None };
    if !matches!(source.kind(), ErrorKind::Malformed | ErrorKind::External) {
        return None;
    }
    // Much that is no model begins like protobuf; that it is no sound ONNX says nothing about it.
    if matches!(source.problem(), Problem::Wire(_) | Problem::Onnx(_))
        && source.kind() == ErrorKind::Malformed
    {
        return None;
    }
    let mut words = source.problem().to_string();
    let mut cause = source.problem().source();
    while let Some(error) = cause {
        words = format!("{words}: {error}");
        cause = error.source();
    }
    let member = refused.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    Some(ScanFinding {
        id: "artifact.refused".to_owned(),
        severity: Severity::Warning,
        member,
        offset: source.offset(),
        would: None,
        message: format!("the artifact contradicts itself, so that readers refuse it: {words}"),
        count: 1,
    })
}
