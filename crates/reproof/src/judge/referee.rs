//! What the float64 referee says of one output.

use reproof_contract::Real;
use reproof_contract::report::RefereeEvidence;
use reproof_tensor::compare::{error_against, root_mean_square};
use reproof_tensor::{Leaf, Tensor, TensorView};

use super::{Context, Values, leaves};

/// Largest difference between two float64 runs of one definition, over the root mean square of the output.
///
/// Rewrites that compute the same function differ by 1e-16 to 1e-13 of it; the smallest change of definition that was
/// planted (a normalisation epsilon of 1e-5 made 1e-6) moves it by more than 1e-8. `docs/envelope.md` has the figures,
/// `cargo xtask show envelope` measures them again.
pub const DEFINITION_LIMIT: f64 = 1e-9;

/// Largest ratio of the new error to the golden's error, in L2. Harmless changes measured 0.90 to 1.01.
pub const ROUNDING_LIMIT: f64 = 2.0;

/// Largest ratio of the worst single error to the golden's worst: local damage that the L2 norm hides.
pub const ELEMENT_LIMIT: f64 = 8.0;

/// What the referee could say.
#[derive(Debug)]
pub(super) enum Finding {
    /// There is none for this output.
    None(String),
    /// The recorded one is there, the current definition could not be run.
    NotRerun(String),
    /// Both are there.
    Compared(RefereeEvidence),
}

/// Asks the referee about one output.
pub(super) fn consult(path: &str, golden: &Tensor, produced: &Tensor, context: &Context<'_>) -> Finding {
    let none = || context.referee_none.unwrap_or("the golden was recorded without a referee for this output");
    let Some(stored) = context.stored_referee.and_then(|values| find(values, path)) else {
        return Finding::None(none().to_owned());
    };
    let current = match context.current_referee {
        None => return Finding::NotRerun("the current definition was not run in float64".to_owned()),
        Some(Err(reason)) => return Finding::NotRerun(reason.to_owned()),
        Some(Ok(values)) => match find(values, path) {
            Some(tensor) => tensor,
            None => return Finding::NotRerun("the float64 run has no such output".to_owned()),
        },
    };
    let evidence =
        compare(stored.view(), current.view(), golden.view(), produced.view(), context.definition_limit());
    evidence.map_or_else(|| Finding::None(none().to_owned()), Finding::Compared)
}

/// The tensor at a path; a scalar float of a map counts as one.
fn find(values: &Values, path: &str) -> Option<Tensor> {
    let leaf = leaves(values).into_iter().find(|(known, _)| known == path)?.1;
    match leaf {
        Leaf::Tensor(tensor) => Some(tensor.clone()),
        Leaf::Real(value) => Tensor::from_f64(Vec::new(), &[value]).ok(),
        _ => None,
    }
}

/// How far two float64 runs are apart, over the root mean square of the first; infinitely where one is no run of the same
/// function.
pub(crate) fn definition_difference(stored: TensorView<'_>, current: TensorView<'_>) -> Option<f64> {
    let rms = root_mean_square(stored)?;
    Some(match error_against(stored, current) {
        Some((_, 0.0, 0)) => 0.0,
        Some((_, largest, 0)) => largest / rms,
        // Another shape, or a NaN where a number was: not the same function.
        _ => f64::INFINITY,
    })
}

fn compare(
    stored: TensorView<'_>,
    current: TensorView<'_>,
    golden: TensorView<'_>,
    produced: TensorView<'_>,
    definition_limit: f64,
) -> Option<RefereeEvidence> {
    let rms = root_mean_square(stored)?;
    let elements = stored.len() as f64;
    let definition_difference = definition_difference(stored, current)?;
    let epsilon = golden.dtype().epsilon().unwrap_or(0.0);
    let (golden_error, golden_worst, _) = error_against(stored, golden)?;
    let (error, worst, _) = error_against(stored, produced)?;
    let norm = rms * elements.sqrt();
    let rounding_floor = epsilon / 2.0 * norm;
    let element_floor = epsilon * rms;
    let ratio = |part: f64, whole: f64| if part == 0.0 { 0.0 } else { part / whole };
    Some(RefereeEvidence {
        definition_difference: Real(definition_difference),
        definition_limit: Real(definition_limit),
        same_function: definition_difference <= definition_limit,
        rounding_ratio: Real(ratio(error, golden_error.max(rounding_floor))),
        rounding_limit: Real(ROUNDING_LIMIT),
        element_ratio: Real(ratio(worst, golden_worst.max(element_floor))),
        element_limit: Real(ELEMENT_LIMIT),
    })
}
