//! One harmless change that needs other inputs and no other process: an entry of a batch, run alone after the suite.

use std::collections::BTreeMap;

use reproof_contract::Name;
use reproof_contract::run::CaseInput;
use reproof_formats::values;
use reproof_tensor::{Tensor, Value};

use super::{Completed, RecordError, Sweep, envelope, is_ordinary};
use crate::Scratch;
use crate::cases::Case;
use crate::judge::Values;

/// The name of this perturbation.
pub(super) const NAME: &str = "batch=alone";

/// The first entry of a batched case: what it is given alone, and its row of what the batch gave.
pub(super) struct Alone {
    folder: Scratch,
    name: Name,
    row: Values,
}

impl Alone {
    /// Takes the entry from the first case that is a batch; nothing where none is, or where the budget is spent.
    pub(super) fn of(
        sweep: &Sweep<'_>,
        kept: &[&Case],
        golden: &Completed,
    ) -> Result<Option<Self>, RecordError> {
        let batched = kept.iter().filter(|case| is_ordinary(case)).find_map(|case| {
            let outputs = golden.outputs(&case.name)?;
            let size = batch_size(&case.inputs).filter(|size| *size > 1)?;
            (batch_size(outputs) == Some(size)).then_some((case, outputs))
        });
        let Some((case, outputs)) = batched.filter(|_| sweep.affords(golden.elapsed)) else {
            return Ok(None);
        };
        let (Some(inputs), Some(row)) = (first_row(&case.inputs), first_row(outputs)) else {
            return Ok(None);
        };
        let folder = Scratch::new().map_err(|source| RecordError::Scratch { source })?;
        values::write(folder.path(), "inputs", &inputs)
            .map_err(|source| RecordError::Outputs { path: folder.path().to_owned(), source })?;
        // No case of the suite has this name.
        let free = |name: &Name| kept.iter().all(|case| case.name != *name);
        let name = (0..=kept.len()).filter_map(|number| format!("alone-{number}").parse().ok()).find(free);
        Ok(name.map(|name| Self { folder, name, row }))
    }

    /// The case that follows those of the suite in a run.
    pub(super) fn input(&self) -> CaseInput {
        CaseInput { name: self.name.clone(), folder: self.folder.path().to_owned() }
    }

    /// Widens the envelope by how far the entry moved when it was run alone; whether it ran.
    pub(super) fn widen(&self, run: &Completed, widest: &mut BTreeMap<String, (f64, f64)>) -> bool {
        let Some(moved) = run.outputs(&self.name) else { return false };
        envelope::widen(widest, &self.row, moved);
        true
    }
}

/// The common first dim of all tensors, if they have one.
fn batch_size(values: &Values) -> Option<u64> {
    let mut sizes = values.iter().map(|(_, value)| match value {
        Value::Tensor(tensor) => tensor.shape().first().copied(),
        _ => None,
    });
    let first = sizes.next()??;
    sizes.all(|size| size == Some(first)).then_some(first)
}

/// The first entry along the first dim of every tensor, as a batch of 1.
fn first_row(values: &Values) -> Option<Values> {
    let row = |tensor: &Tensor| {
        let mut shape = tensor.shape().to_vec();
        let entries = std::mem::replace(shape.first_mut()?, 1) as usize;
        let bytes = tensor.bytes();
        let whole_bytes = entries > 0 && bytes.len().is_multiple_of(entries) && tensor.dtype().bits() >= 8;
        let length = whole_bytes.then(|| bytes.len() / entries)?;
        Tensor::new(tensor.dtype(), shape, bytes[..length].to_vec()).ok()
    };
    let rows = values.iter().map(|(name, value)| match value {
        Value::Tensor(tensor) => Some((name.clone(), Value::Tensor(row(tensor)?))),
        _ => None,
    });
    rows.collect()
}
