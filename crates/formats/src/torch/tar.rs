//! The first files of `torch.save`: tar archives of storages, tensors and a pickle.

use std::path::Path;

use reproof_digest::ReadAt;

use super::TorchError;
use crate::{Description, OpenOptions};

/// Describes a tar archive.
pub(crate) fn describe(
    _source: &dyn ReadAt,
    _path: &Path,
    _options: &OpenOptions,
) -> Result<Description, TorchError> {
    Err(TorchError::NoMember { member: "storages".to_owned() })
}
