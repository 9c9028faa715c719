//! Which signatures of ours and of `model_signing` verify where.

use anyhow::Result;

use crate::repository;

/// Signs and verifies with both, in every pairing.
pub(crate) fn text() -> Result<String> {
    let example =
        ["run", "--release", "--quiet", "--package", "reproof-attest", "--example", "interoperation"];
    let table = repository::output(repository::cargo().args(example))?;
    Ok(format!(
        "# Signatures over files, with the other side\n\n\
         `reproof sign --signature` and `reproof attest verify` against [`model_signing`](https://pypi.org/project/model-signing/) \
         of OpenSSF, each verifying\nwhat the other signed, and both refusing the same damage. `cargo xtask test` checks every cell.\n\n{table}"
    ))
}
