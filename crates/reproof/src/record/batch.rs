//! One harmless change that needs other inputs: an entry of a batch, run alone.

use std::collections::BTreeMap;

use reproof_contract::plan::Purpose;
use reproof_contract::run::CaseInput;
use reproof_formats::values;
use reproof_progress::{Progress, Unit};
use reproof_tensor::{Tensor, Value};

use super::{Completed, RecordError, Sweep, envelope, is_ordinary};
use crate::cases::Case;
use crate::judge::Values;

/// The name of this perturbation.
const NAME: &str = "batch=alone";

/// Runs the first entry of a batched case alone and compares it with its row of the batch.
pub(super) fn measure(
    sweep: &mut Sweep<'_>,
    kept: &[&Case],
    golden: &Completed,
    widest: &mut BTreeMap<String, (f64, f64)>,
    tried: &mut Vec<String>,
    progress: &dyn Progress,
) -> Result<(), RecordError> {
    let batched = kept.iter().filter(|case| is_ordinary(case)).find_map(|case| {
        let outputs = golden.outputs(&case.name)?;
        let size = batch_size(&case.inputs).filter(|size| *size > 1 && batch_size(outputs) == Some(*size))?;
        Some((case, outputs, size))
    });
    let Some((case, outputs, _)) = batched.filter(|_| sweep.affords(golden.elapsed)) else { return Ok(()) };
    let (Some(alone), Some(row)) = (first_row(&case.inputs), first_row(outputs)) else { return Ok(()) };
    let folder = crate::scratch().map_err(|source| RecordError::Scratch { source })?;
    values::write(folder.path(), "inputs", &alone)
        .map_err(|source| RecordError::Outputs { path: folder.path().to_owned(), source })?;
    progress.begin("perturbing: one entry of a batch alone", Some(1), Unit::Items);
    let input = CaseInput { name: case.name.clone(), folder: folder.path().to_owned() };
    let purpose = Purpose::Perturbation(NAME.to_owned());
    let run = sweep.run(purpose, |spec| spec.cases = vec![input], progress)?;
    progress.end();
    if let Some(moved) = run.outputs(&case.name) {
        envelope::widen(widest, &row, moved);
        tried.push(NAME.to_owned());
    }
    Ok(())
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
