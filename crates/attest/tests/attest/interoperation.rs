//! Signatures of ours and of the reference implementation, verified by both.

use crate::{matrix, peer};

#[test]
fn both_sign_and_both_verify_alike() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let rows = matrix::rows(&peer::python(), folder.path());
    let wrong: Vec<String> = rows
        .iter()
        .filter(|row| !row.is_as_expected())
        .map(|row| {
            format!("{} / {}: expected {:?}, got {:#?}", row.signer, row.case, row.expected, row.answers)
        })
        .collect();
    assert!(wrong.is_empty(), "{}\n\n{}", wrong.join("\n"), matrix::table(&rows));
}
