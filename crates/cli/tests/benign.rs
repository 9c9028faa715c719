//! More than a hundred harmless variations of engines and files: each time the referee proves that the function is the same.

use reproof_contract::Verdict;
use reproof_contract::report::Basis;
use reproof_testing::Sandbox;

use crate::comparing::{outputs, report, worse_than};
use crate::fixtures::{place, run, sandbox};
use crate::planted::{plants, record};

/// Settings of ONNX Runtime.
const LEVELS: [&str; 4] = ["disabled", "basic", "extended", "all"];
const THREADS: [&str; 3] = ["1", "2", "4"];

/// What verifying so many variations showed.
#[derive(Default)]
struct Seen {
    variations: usize,
    /// Those in which a bit moved.
    moved: usize,
}

impl Seen {
    fn verify(&mut self, sandbox: &Sandbox, model: &str, arguments: &[&str]) {
        let command = ["verify", model, "--contract", "contract", "--relation", "converted", "--json"];
        let found = report(&run(sandbox, &[&command[..], arguments].concat()));
        let shown = format!("{model} {arguments:?}: {}", worse_than(&found, Verdict::Equivalent));
        assert!(found.verdict <= Verdict::Equivalent, "{shown}");
        for (_, output) in outputs(&found) {
            let referee = output.evidence.referee.as_ref();
            assert!(referee.is_none_or(|referee| referee.same_function), "{shown}");
            // Bits that moved are excused by the referee and by nothing less.
            let moved = !matches!(output.evidence.basis, Basis::Bits | Basis::Refusal);
            assert!(!moved || referee.is_some(), "{shown}");
        }
        self.variations += 1;
        self.moved += usize::from(found.verdict == Verdict::Equivalent);
    }
}

#[test]
fn the_function_is_proved_the_same_in_every_harmless_variation() {
    let mut seen = Seen::default();
    for network in ["perceptron", "transformer", "convolution"] {
        for dtype in ["float32", "float16"] {
            let (sandbox, original) = (sandbox(), format!("{network}.{dtype}"));
            record(&sandbox, "planted", &original, "referee");
            for level in LEVELS {
                for threads in THREADS {
                    let option = format!("optimisation={level}");
                    let engine = ["--runner", "onnxruntime", "--option", &option, "--threads", threads];
                    seen.verify(&sandbox, "model.onnx", &engine);
                }
            }
            seen.verify(&sandbox, "model.onnx", &["--runner", "referee", "--option", "rounding=ordinary"]);
            for (plant, _) in plants(&original).iter().filter(|(_, kind)| kind == "rewrite") {
                place(&sandbox, &format!("planted/{original}.{plant}.onnx"), "variant.onnx");
                for runner in ["referee", "onnxruntime"] {
                    seen.verify(&sandbox, "variant.onnx", &["--runner", runner]);
                }
            }
        }
    }
    assert!(
        seen.variations >= 100 && seen.moved >= 100,
        "{} variations, {} moved",
        seen.variations,
        seen.moved
    );
}
