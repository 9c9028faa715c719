//! `environment`: the Python environments of the tests.

use anyhow::{Result, bail};
use reproof_testing::python;

/// Makes an environment where it is missing and prints its interpreter, alone on the standard output.
pub(crate) fn chore(arguments: &[String]) -> Result<()> {
    let set = match arguments {
        [] => "suite",
        [set] => set,
        [_, extra, ..] => bail!("unexpected argument `{extra}`"),
    };
    eprintln!("environment `{set}` below {}", python::cache()?.display());
    println!("{}", python::environment(set)?.display());
    Ok(())
}
