//! Where the user's private suites lie.

use std::path::PathBuf;

/// The root of all private suites, as the process environment tells it.
pub(crate) fn private_root() -> Option<PathBuf> {
    reproof::folder::private_root(|name| std::env::var_os(name))
}
