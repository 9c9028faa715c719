//! Evidence, which comes in batches: an entry of the log has the root over all statements of one.

use reproof_attest::log::Hash;

use super::{Contradictions, Entry, entry, paged, root_text};
use crate::transaction::Transaction;
use crate::{Error, EvidenceKind, MAX_BATCH, merkle};

/// A batch as the tables have it.
struct Batch {
    first: i64,
    last: i64,
    entry: Entry,
}

/// Compares each batch with its entry, and all evidence with the batches.
pub(super) fn compare(tx: &mut Transaction<'_>, found: &mut Contradictions) -> Result<(), Error> {
    let mut batches = Vec::new();
    paged(
        tx,
        "SELECT b.sequence, l.sequence, l.leaf, b.first, b.last FROM batch b JOIN log l ON l.sequence = b.sequence \
         WHERE b.sequence > ?1 ORDER BY b.sequence LIMIT 1000",
        &mut |_, mut row| {
            let entry = entry(&mut row)?;
            batches.push(Batch { entry, first: row.integer()?, last: row.integer()? });
            Ok(())
        },
    )?;
    let mut told = 0;
    for batch in &batches {
        let count = statements(tx, batch, found)?;
        told += count;
        if count == 1 {
            alone(tx, batch, found)?;
        }
    }
    let all = tx.count("SELECT count(*) FROM evidence", &[])?;
    if all != told {
        found.add(format!("{all} findings are there, and the log says {told}"));
    }
    Ok(())
}

/// Compares the statements of a batch with the root that its entry has; how many there are.
fn statements(tx: &mut Transaction<'_>, batch: &Batch, found: &mut Contradictions) -> Result<u64, Error> {
    // Whatever the table says of its ends, no batch is larger than what is taken.
    let most = MAX_BATCH as i64 + 1;
    let rows = tx.all(
        "SELECT statement FROM evidence WHERE id >= ?1 AND id <= ?2 ORDER BY statement LIMIT ?3",
        &[batch.first.into(), batch.last.into(), most.into()],
    )?;
    let count = rows.len();
    let mut tree = merkle::Tree::default();
    let mut readable = true;
    for mut row in rows {
        match row.hash() {
            Ok(statement) => tree.push(Hash::of_entry(&statement)),
            Err(_) => readable = false,
        }
    }
    let (root, number) = (root_text(tree.root().as_bytes()), count.to_string());
    let entry = &batch.entry;
    let same = entry.says("detail", "root") == Some(&root) && entry.says("detail", "count") == Some(&number);
    if !same || !readable {
        found
            .add(format!("the evidence that came with entry {} is not what that entry says", entry.sequence));
    }
    Ok(count as u64)
}

/// Compares a finding that came alone, of which the entry says all.
fn alone(tx: &mut Transaction<'_>, batch: &Batch, found: &mut Contradictions) -> Result<(), Error> {
    let entry = &batch.entry;
    if entry.says("detail", "kind").is_none() {
        return Ok(());
    }
    let row = tx.one(
        "SELECT e.kind, v.text, n.text FROM evidence e JOIN label v ON v.id = e.verdict \
         JOIN label n ON n.id = e.environment WHERE e.id = ?1",
        &[batch.first.into()],
    )?;
    let Some(mut row) = row else { return Ok(()) };
    let kind = EvidenceKind::from_number(row.integer()?).map_or("nothing", EvidenceKind::name).to_owned();
    for (key, here) in [("kind", kind), ("verdict", row.text()?), ("environment", row.text()?)] {
        let there = entry.says("detail", key).unwrap_or("nothing");
        if here != there {
            found.add(format!(
                "finding {} has {here} as its {key}, and entry {} says {there}",
                batch.first, entry.sequence
            ));
        }
    }
    Ok(())
}
