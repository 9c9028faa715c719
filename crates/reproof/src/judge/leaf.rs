//! One leaf against its golden: everything before numbers.

use reproof_contract::Verdict;
use reproof_contract::contract::OutputRule;
use reproof_contract::report::{Basis, OutputReport, RefereeEvidence};
use reproof_tensor::{Leaf, Tensor};

use super::referee::{Finding, consult};
use super::{Context, plain, rungs, structural};

/// Whether two leaves are equal to the last bit.
pub(super) fn same_bits(golden: Leaf<'_>, produced: Leaf<'_>) -> bool {
    match (golden, produced) {
        (Leaf::Tensor(golden), Leaf::Tensor(produced)) => golden == produced,
        (Leaf::Strings(golden), Leaf::Strings(produced)) => golden == produced,
        (Leaf::Text(golden), Leaf::Text(produced)) => golden == produced,
        (Leaf::Integer(golden), Leaf::Integer(produced)) => golden == produced,
        (Leaf::Real(golden), Leaf::Real(produced)) => golden.to_bits() == produced.to_bits(),
        (Leaf::Boolean(golden), Leaf::Boolean(produced)) => golden == produced,
        (Leaf::Absent, Leaf::Absent) | (Leaf::Empty, Leaf::Empty) => true,
        _ => false,
    }
}

/// Judges one leaf.
pub(super) fn judge(
    path: &str,
    golden: Leaf<'_>,
    produced: Leaf<'_>,
    rule: &OutputRule,
    context: &Context<'_>,
) -> OutputReport {
    if same_bits(golden, produced) {
        let mut unseen = None;
        if let (Leaf::Tensor(golden), Leaf::Tensor(produced)) = (golden, produced)
            && context.doubt
        {
            match consult(path, golden, produced, context) {
                Finding::Compared(referee) if !referee.same_function => {
                    return hidden_change(path, golden, referee);
                }
                Finding::Compared(_) => {}
                Finding::None(reason) | Finding::NotRerun(reason) => unseen = Some(reason),
            }
        }
        // Goldens of another class promise no bits here, so that equal ones are the best kind of equivalent.
        let (verdict, statement) = if context.same_class {
            (Verdict::Identical, "every bit is the recorded one".to_owned())
        } else {
            (Verdict::Equivalent, "every bit is the one recorded in another environment class".to_owned())
        };
        let statement = match &unseen {
            None => statement,
            Some(_) => format!("{statement}; no referee could see a change that hides inside the rounding"),
        };
        let mut report = structural(path, statement, verdict);
        report.evidence.basis = Basis::Bits;
        report.evidence.referee_none = unseen;
        return report;
    }
    match (golden, produced) {
        (Leaf::Tensor(golden), Leaf::Tensor(produced)) => tensors(path, golden, produced, rule, context),
        (Leaf::Real(golden), Leaf::Real(produced)) => {
            let [golden, produced] = scalars([golden, produced]);
            rungs::judge(path, &golden, &produced, rule, context)
        }
        (Leaf::Strings(golden), Leaf::Strings(produced)) if golden.shape == produced.shape => {
            let first = golden.values.iter().zip(&produced.values).position(|(a, b)| a != b).unwrap_or(0);
            let (now, then) = (&produced.values[first], &golden.values[first]);
            let told = if context.private { String::new() } else { format!(": {now:?}, not {then:?}") };
            let statement = format!("text {first} differs{told}");
            structural(path, statement, Verdict::Drifted)
        }
        (Leaf::Strings(golden), Leaf::Strings(produced)) => {
            let statement = format!("shape {:?}, not {:?}", produced.shape, golden.shape);
            structural(path, statement, Verdict::Drifted)
        }
        (Leaf::Text(golden), Leaf::Text(produced)) => {
            let same = golden.chars().zip(produced.chars()).take_while(|(a, b)| a == b).count();
            structural(path, format!("the text differs from character {same} on"), Verdict::Drifted)
        }
        (Leaf::Integer(_), Leaf::Integer(_)) | (Leaf::Boolean(_), Leaf::Boolean(_)) if context.private => {
            structural(path, "another value".to_owned(), Verdict::Drifted)
        }
        (Leaf::Integer(golden), Leaf::Integer(produced)) => {
            structural(path, format!("{produced}, not {golden}"), Verdict::Drifted)
        }
        (Leaf::Boolean(golden), Leaf::Boolean(produced)) => {
            structural(path, format!("{produced}, not {golden}"), Verdict::Drifted)
        }
        (golden, produced) => {
            let statement = format!("a value of kind {}, not {}", produced.kind(), golden.kind());
            structural(path, statement, Verdict::Incomparable)
        }
    }
}

/// A change of definition that hides inside the rounding of this dtype: the bits are equal here and would not be
/// for other inputs.
fn hidden_change(path: &str, golden: &Tensor, referee: RefereeEvidence) -> OutputReport {
    let statement = format!(
        "every bit is equal for these inputs, but the function changed: in float64 it differs by {} of the output's rms, \
         limit {}; the change hides inside the rounding of {}",
        referee.definition_difference,
        referee.definition_limit,
        golden.dtype()
    );
    let mut report = structural(path, statement, Verdict::Drifted);
    report.evidence.referee = Some(referee);
    report
}

/// Two floats as tensors of one element. Maps do not tell how wide their floats are, and those of ONNX are mostly float32: where
/// both are, it is by their rounding that they may differ.
fn scalars(values: [f64; 2]) -> [Tensor; 2] {
    let narrow = values.map(|value| value as f32);
    if narrow.map(f64::from) == values {
        narrow.map(|value| Tensor::from_f32(Vec::new(), &[value]).expect("a scalar has one element"))
    } else {
        values.map(|value| Tensor::from_f64(Vec::new(), &[value]).expect("a scalar has one element"))
    }
}

fn tensors(
    path: &str,
    golden: &Tensor,
    produced: &Tensor,
    rule: &OutputRule,
    context: &Context<'_>,
) -> OutputReport {
    if golden.dtype() != produced.dtype() {
        let statement = format!("dtype {}, not {}", produced.dtype(), golden.dtype());
        return structural(path, statement, Verdict::Incomparable);
    }
    if golden.shape() != produced.shape() {
        let verdict = if golden.shape().len() == produced.shape().len() {
            Verdict::Drifted
        } else {
            Verdict::Incomparable
        };
        return structural(path, format!("shape {:?}, not {:?}", produced.shape(), golden.shape()), verdict);
    }
    if golden.view().elements().is_none() {
        let mut report = structural(path, "complex values differ in their bits".to_owned(), Verdict::Drifted);
        report.evidence = plain(Basis::Nothing, report.evidence.statement);
        return report;
    }
    rungs::judge(path, golden, produced, rule, context)
}

#[cfg(test)]
mod tests {
    use reproof_tensor::DType;

    use super::scalars;

    #[test]
    fn floats_of_maps_are_as_wide_as_they_have_to_be() {
        let dtypes = |values| scalars(values).map(|tensor| tensor.dtype());
        assert_eq!(dtypes([f64::from(0.1_f32), 0.25]), [DType::F32; 2]);
        assert_eq!(dtypes([0.1, 0.25]), [DType::F64; 2]);
        assert_eq!(dtypes([f64::NAN, 0.25]), [DType::F64; 2]);
    }
}
