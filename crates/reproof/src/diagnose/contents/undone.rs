//! Changes of one tensor that are undone until it has the recorded digest, and tensors that changed places.

use std::collections::BTreeMap;
use std::time::Instant;

use reproof_contract::contract::TensorRecord;
use reproof_contract::diagnosis::Cause;
use reproof_contract::report::Confidence;
use reproof_digest::{Digest, blob, flip, identity};

use super::Changed;

fn proved(id: &str, statement: String, evidence: String) -> Cause {
    Cause {
        id: id.to_owned(),
        confidence: Confidence::Confirmed,
        statement,
        evidence: vec![evidence],
        fix: "restore the recorded artifact, or undo exactly this".to_owned(),
    }
}

/// Tensors that hold what another one held when recorded.
pub(super) fn exchanged(changed: &[Changed<'_>], records: &BTreeMap<&str, &TensorRecord>) -> Option<Cause> {
    let holder = |digest: Digest| records.values().find(|record| record.digest == digest);
    let found: Vec<(&str, &str)> = changed
        .iter()
        .filter_map(|one| Some((one.now.name.as_str(), holder(one.digest)?.name.as_str())))
        .collect();
    if found.len() != changed.len() || found.is_empty() {
        return None;
    }
    let told: Vec<String> = found.iter().take(4).map(|(now, then)| format!("{now} holds {then}")).collect();
    let mutual = found.iter().all(|(now, then)| found.contains(&(*then, *now)));
    let (id, statement) = if mutual {
        ("weights.swapped", format!("tensors changed places: {}", told.join(", ")))
    } else {
        ("weights.copied", format!("tensors hold what others held: {}", told.join(", ")))
    };
    Some(proved(id, statement, "each has the digest that was recorded for the other name".to_owned()))
}

/// What was done to one tensor; single bits are looked for until `flips`, if at all.
pub(super) fn cause(one: &Changed<'_>, bytes: &[u8], flips: Option<Instant>) -> Option<Cause> {
    let name = &one.now.name;
    let (dtype, shape, recorded) = (one.record.dtype.name(), &one.record.shape, one.record.digest);
    let is_recorded = |blob: &Digest| identity::tensor(dtype, shape, blob) == recorded;
    let width = one.record.dtype.bits() as usize / 8;
    let because = "with that undone the tensor has the recorded digest";
    if one.now.dtype != one.record.dtype || width == 0 || !bytes.len().is_multiple_of(width) {
        return None;
    }
    if let Some((axis, transposed)) = transposed(bytes, &one.now.shape, width)
        && is_recorded(&blob(&transposed))
    {
        let statement = format!("the tensor {name} is transposed ({axis})");
        return Some(proved("weights.transposed", statement, because.to_owned()));
    }
    if one.now.shape != *shape {
        return None;
    }
    for axis in 0..shape.len() {
        if is_recorded(&blob(&reversed(bytes, shape, axis, width)?)) {
            let statement = format!(
                "the tensor {name} is reversed along axis {axis}, as channels in the other order are"
            );
            return Some(proved("weights.reversed", statement, because.to_owned()));
        }
    }
    if one.record.dtype.is_float() {
        let mut negated = bytes.to_vec();
        negated.iter_mut().skip(width - 1).step_by(width).for_each(|byte| *byte ^= 0x80);
        if is_recorded(&blob(&negated)) {
            let statement = format!("the tensor {name} has the other sign");
            return Some(proved("weights.negated", statement, because.to_owned()));
        }
    }
    let deadline = flips?;
    let flip = flip::find(bytes, &is_recorded, &|| Instant::now() >= deadline)?;
    let element = flip.byte / width;
    let bit = (flip.byte % width) * 8 + flip.bit as usize;
    let statement =
        format!("one bit of the tensor {name} is flipped: bit {bit} of element {:?}", index(element, shape));
    Some(proved("weights.bit-flip", statement, because.to_owned()))
}

/// A matrix with its axes exchanged.
fn transposed(bytes: &[u8], shape: &[u64], width: usize) -> Option<(&'static str, Vec<u8>)> {
    let [rows, columns] = shape else { return None };
    let (rows, columns) = (usize::try_from(*rows).ok()?, usize::try_from(*columns).ok()?);
    if rows.checked_mul(columns)?.checked_mul(width)? != bytes.len() {
        return None;
    }
    let mut turned = Vec::with_capacity(bytes.len());
    for column in 0..columns {
        for row in 0..rows {
            let place = (row * columns + column) * width;
            turned.extend_from_slice(&bytes[place..place + width]);
        }
    }
    Some(("rows for columns", turned))
}

/// A tensor in the other order along one axis.
fn reversed(bytes: &[u8], shape: &[u64], axis: usize, width: usize) -> Option<Vec<u8>> {
    let inner = shape.iter().skip(axis + 1).try_fold(width as u64, |all, dim| all.checked_mul(*dim))?;
    let (inner, length) = (usize::try_from(inner).ok()?, usize::try_from(*shape.get(axis)?).ok()?);
    let block = inner.checked_mul(length)?;
    if block == 0 {
        return Some(bytes.to_vec());
    }
    let turned = bytes.chunks(block).flat_map(|block| block.rchunks(inner)).flatten().copied();
    Some(turned.collect())
}

/// The place of an element, outermost first.
fn index(element: usize, shape: &[u64]) -> Vec<u64> {
    let mut left = element as u64;
    let mut index: Vec<u64> = shape
        .iter()
        .rev()
        .map(|dim| {
            let dim = (*dim).max(1);
            let place = left % dim;
            left /= dim;
            place
        })
        .collect();
    index.reverse();
    index
}
