//! Prints, as a table in Markdown, which signatures of ours and of model-signing verify where.

#[path = "../tests/attest/folder.rs"]
mod folder;
#[path = "../tests/attest/matrix.rs"]
mod matrix;
#[path = "../tests/attest/peer.rs"]
mod peer;

#[expect(clippy::print_stdout, reason = "the table is what the example is for")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let rows = matrix::rows(&peer::python(), folder.path());
    print!("{}", matrix::table(&rows));
    match rows.iter().find(|row| !row.is_as_expected()) {
        None => Ok(()),
        Some(row) => Err(format!("{} / {}: {:?}", row.signer, row.case, row.answers).into()),
    }
}
