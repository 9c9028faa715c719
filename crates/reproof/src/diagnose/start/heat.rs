//! The tensor at which a difference starts: as it is, and as an experiment gave the recorded one again.

use reproof_contract::Name;
use reproof_contract::report::Heatmap;
use reproof_contract::run::{RunSpec, Taps};
use reproof_formats::values;
use reproof_runner::step_digest;
use reproof_tensor::compare::{grid, root_mean_square};
use reproof_tensor::{Tensor, Value};

use super::super::Case;
use super::super::bench::Bench;
use super::Begun;
use crate::folder::case_input;
use crate::judge::heatmap;

/// The largest tensor that is looked at, in elements: two of them are in memory.
const LARGEST: u64 = 1 << 26;

/// Where the differences lie; nothing where `undo`, which gave the recorded outputs, does not give this tensor as recorded.
pub(in crate::diagnose) fn heat(
    case: &Case<'_>,
    bench: &Bench<'_>,
    begun: &Begun,
    undo: &dyn Fn(&mut RunSpec),
) -> Option<Heatmap> {
    let (start, recorded) = (&begun.start, begun.counterpart.as_ref()?);
    let tapped = recorded.outputs.first()?;
    let elements = start.step.shape.iter().try_fold(1_u64, |product, dim| product.checked_mul(*dim))?;
    // Values are kept of every call of a step.
    if elements.saturating_mul(begun.calls) > LARGEST || !case.has_time() {
        return None;
    }
    let name = start.case.parse::<Name>().ok()?;
    let seen = |step: (&str, u32), change: &dyn Fn(&mut RunSpec)| -> Option<Tensor> {
        let ran = bench.run("the tensor at which it starts", |spec| {
            spec.cases = vec![case_input(&case.stored.values, &name)];
            spec.taps = Taps::Named(vec![step.0.to_owned()]);
            change(spec);
        });
        let folder = ran.as_ref().ok()?.outcome.cases.first()?.taps.as_ref()?;
        first(values::read(folder, "outputs").ok()?, &format!("{}#{}", step.0, step.1))
    };
    let golden =
        seen((&recorded.name, recorded.call), undo).filter(|tensor| step_digest(tensor) == tapped.digest)?;
    let current = seen((&start.step.name, start.step.call), &|_| ())?;
    if (golden.dtype(), golden.shape()) != (current.dtype(), current.shape()) {
        return None;
    }
    let rms = root_mean_square(golden.view())?;
    let grid = grid(golden.view(), current.view(), rms)?;
    let differs = grid.cells.iter().any(|cell| *cell != 0.0);
    differs.then(|| heatmap(&grid)).flatten()
}

/// The first tensor that a step gave.
fn first(values: Vec<(String, Value)>, key: &str) -> Option<Tensor> {
    let (_, given) = values.into_iter().find(|(name, _)| name == key)?;
    match given {
        Value::Map(entries) => entries.into_iter().find_map(|(_, value)| match value {
            Value::Tensor(tensor) => Some(tensor),
            _ => None,
        }),
        _ => None,
    }
}
