//! Evidence, which comes in batches: an entry of the log has the root over all statements of one.

use reproof_attest::log::Hash;

use super::{Contradictions, entry, root_text};
use crate::transaction::Transaction;
use crate::{Error, merkle};

/// Compares each batch with its entry, and all evidence with the batches.
pub(super) fn compare(tx: &mut Transaction<'_>, found: &mut Contradictions) -> Result<(), Error> {
    let mut after = -1;
    let mut told = 0;
    loop {
        let page = tx.all(
            "SELECT b.first, b.last, l.sequence, l.leaf FROM batch b JOIN log l ON l.sequence = b.sequence \
             WHERE b.sequence > ?1 ORDER BY b.sequence LIMIT 100",
            &[after.into()],
        )?;
        if page.is_empty() {
            break;
        }
        for mut row in page {
            let (first, last) = (row.integer()?, row.integer()?);
            let entry = entry(&mut row)?;
            after = entry.sequence;
            let rows = tx.all(
                "SELECT statement FROM evidence WHERE id >= ?1 AND id <= ?2 ORDER BY statement",
                &[first.into(), last.into()],
            )?;
            told += rows.len() as u64;
            let mut tree = merkle::Tree::default();
            let count = rows.len().to_string();
            for mut row in rows {
                tree.push(Hash::of_entry(&row.hash()?));
            }
            let root = root_text(tree.root().as_bytes());
            if entry.says("detail", "root") != Some(&root) || entry.says("detail", "count") != Some(&count) {
                found.add(format!("the evidence that came with entry {after} is not what that entry says"));
            }
        }
    }
    let all = tx.count("SELECT count(*) FROM evidence", &[])?;
    if all != told {
        found.add(format!("{all} findings are there, and the log says {told}"));
    }
    Ok(())
}
