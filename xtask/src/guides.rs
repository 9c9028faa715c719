//! `guides`: the guides of frameworks, followed word for word. They record and resume as their readers do, for minutes, so that
//! they are no part of `test`; what they use is tested there piece by piece.

use anyhow::Result;

use crate::{package, repository};

/// Follows those that `test` says it leaves out.
pub(crate) fn chore(arguments: &[String]) -> Result<()> {
    crate::nothing_left(arguments)?;
    let mut command = repository::cargo();
    // The selection of packages that the tests have, so that nothing is compiled for this alone.
    command.args(["test", "--release", "--workspace", "--locked", "--test", "runner"]);
    repository::run(command.args(["--", "--ignored", "guides::"]))?;
    package::guides()
}
