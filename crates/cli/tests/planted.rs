//! Planted faults are never excused, harmless rewrites never accused; without a referee nothing is claimed.

use reproof_contract::Verdict;
use reproof_contract::report::{Basis, CheckStatus, Report};
use reproof_testing::Sandbox;
use serde_json::Value;

use crate::comparing::{check, checks, outputs, report, worse_than, worst_output};
use crate::fixtures::{models, place, run, sandbox};

/// Faults that change the function: smaller in float16 than its rounding.
const FAULTS: [&str; 3] = ["epsilon", "gelu-tanh", "scale-256"];

/// The plants of an original, as the list that comes with them says: name and kind.
pub(crate) fn plants(original: &str) -> Vec<(String, String)> {
    let text = std::fs::read_to_string(models().join("planted/planted.json")).unwrap();
    let entries: Vec<Value> = serde_json::from_str(&text).unwrap();
    let word = |entry: &Value, field: &str| entry[field].as_str().unwrap_or_default().to_owned();
    let own = entries.iter().filter(|entry| word(entry, "original") == original);
    own.map(|entry| (word(entry, "plant"), word(entry, "kind")))
        .filter(|(plant, _)| !plant.is_empty())
        .collect()
}

/// Records `original` with its pixels and the proposed cases; gives the referee of the contract.
pub(crate) fn record(sandbox: &Sandbox, folder: &str, original: &str, runner: &str) -> Value {
    place(sandbox, &format!("{folder}/{original}.onnx"), "model.onnx");
    place(sandbox, &format!("planted/inputs/{original}.npz"), "pixels.npz");
    let arguments =
        ["record", "model.onnx", "--cases", "pixels.npz", "--cases", "auto", "--contract", "contract"];
    let recorded = run(sandbox, &[&arguments[..], &["--runner", runner, "--json"]].concat());
    recorded.exits(0);
    recorded.json()["referee"].clone()
}

fn verify(sandbox: &Sandbox, model: &str, runner: &str, relation: &str, exit: i32) -> Report {
    place(sandbox, model, "variant.onnx");
    let arguments = ["verify", "variant.onnx", "--contract", "contract", "--relation", relation, "--json"];
    let verified = run(sandbox, &[&arguments[..], &["--runner", runner]].concat());
    verified.exits(exit);
    report(&verified)
}

/// Every plant of a network, in both dtypes, against the contract of its original.
fn judged_rightly(network: &str, runner: &str) {
    for dtype in ["float32", "float16"] {
        let (sandbox, original) = (sandbox(), format!("{network}.{dtype}"));
        let referee = record(&sandbox, "planted", &original, runner);
        assert_eq!(referee["kind"], "float64", "{original}: {referee}");
        let plants = plants(&original);
        assert!(plants.len() >= 10, "{original}: {plants:?}");
        for (plant, kind) in plants {
            let model = format!("planted/{original}.{plant}.onnx");
            match kind.as_str() {
                "fault" => fault(&sandbox, &model, &plant, runner),
                "rewrite" => rewrite(&sandbox, &model, runner),
                other => panic!("{model}: unknown kind {other}"),
            }
        }
    }
}

fn fault(sandbox: &Sandbox, model: &str, plant: &str, runner: &str) {
    let found = verify(sandbox, model, runner, "converted", 1);
    assert_eq!(found.verdict, Verdict::Drifted, "{model}: {}", found.summary);
    assert_eq!(worst_output(&found), Verdict::Drifted, "{model}");
    if FAULTS.contains(&plant) {
        let same = |found: &Report| {
            outputs(found).all(|(_, output)| output.evidence.referee.as_ref().is_none_or(|r| r.same_function))
        };
        assert!(!same(&found), "{model}: the referee sees that the function changed");
    }
    other_bytes(sandbox, model, runner);
    if plant == "weight-bit" {
        let same = verify(sandbox, model, runner, "same", 1);
        assert_eq!(same.verdict, Verdict::Corrupt, "{model}");
        assert!(
            worst_output(&same) > Verdict::Undecided,
            "{model}: outputs are judged whatever the relation"
        );
        assert_eq!(check(&same, "load.integrity.weights").verdict, Verdict::Corrupt, "{model}");
        assert_eq!(check(&same, "load.architecture").verdict, Verdict::Identical, "{model}");
        let repackaged = verify(sandbox, model, runner, "repackaged", 1);
        assert_eq!(repackaged.verdict, Verdict::Corrupt, "{model}");
    }
}

fn rewrite(sandbox: &Sandbox, model: &str, runner: &str) {
    let found = verify(sandbox, model, runner, "converted", 0);
    let shown = worse_than(&found, Verdict::Equivalent);
    assert!(found.verdict <= Verdict::Equivalent, "{model}: {}\n{shown}", found.verdict);
    other_bytes(sandbox, model, runner);
}

/// Other bytes are not the same files, however harmless.
fn other_bytes(sandbox: &Sandbox, model: &str, runner: &str) {
    place(sandbox, model, "variant.onnx");
    let arguments =
        ["verify", "variant.onnx", "--contract", "contract", "--relation", "same", "--fail-fast", "--json"];
    let verified = run(sandbox, &[&arguments[..], &["--runner", runner]].concat());
    verified.exits(1);
    let found = report(&verified);
    assert_eq!(found.verdict, Verdict::Corrupt, "{model}");
    assert_eq!(check(&found, "load.integrity.files").verdict, Verdict::Corrupt, "{model}");
}

#[test]
fn perceptron_with_the_built_in_engine() {
    judged_rightly("perceptron", "referee");
}

#[test]
fn perceptron_with_onnxruntime() {
    judged_rightly("perceptron", "onnxruntime");
}

#[test]
fn transformer_with_the_built_in_engine() {
    judged_rightly("transformer", "referee");
}

#[test]
fn transformer_with_onnxruntime() {
    judged_rightly("transformer", "onnxruntime");
}

#[test]
fn convolution_with_the_built_in_engine() {
    judged_rightly("convolution", "referee");
}

#[test]
fn convolution_with_onnxruntime() {
    judged_rightly("convolution", "onnxruntime");
}

/// The same faults in a network that only ONNX Runtime runs: what passes says that it might be one.
#[test]
fn without_a_referee_the_evidence_says_that_it_could_not_tell() {
    for (dtype, plants) in [("float32", &["epsilon", "bias-1ulp"][..]), ("float16", &FAULTS[..])] {
        let (sandbox, original) = (sandbox(), format!("perceptron.{dtype}"));
        let referee = record(&sandbox, "unrefereed", &original, "onnxruntime");
        assert_eq!(referee["kind"], "none", "{referee}");
        assert!(
            referee["reason"].as_str().unwrap().contains("FusedMatMul"),
            "the operator is named: {referee}"
        );
        for plant in plants {
            place(&sandbox, &format!("unrefereed/{original}.{plant}.onnx"), "variant.onnx");
            let arguments = ["verify", "variant.onnx", "--contract", "contract", "--runner", "onnxruntime"];
            let found = report(&run(&sandbox, &[&arguments[..], &["--json"]].concat()));
            for (case, output) in outputs(&found).filter(|(_, output)| output.evidence.basis != Basis::Bits) {
                let (evidence, shown) = (&output.evidence, format!("{original}.{plant} {case}"));
                assert!(evidence.referee.is_none(), "{shown}");
                let reason = evidence.referee_none.as_deref().unwrap_or_default();
                assert!(reason.contains("FusedMatMul"), "{shown}: {reason:?}");
                assert!(evidence.statement.contains("referee"), "{shown}: {}", evidence.statement);
            }
            if *plant == "bias-1ulp" {
                excused(&found);
            }
        }
    }
}

/// A change of one unit in the last place hides in the envelope: it passes, with a warning that says so.
fn excused(found: &Report) {
    assert_eq!(found.verdict, Verdict::Equivalent, "{}", worse_than(found, Verdict::Equivalent));
    let (case, output) = outputs(found).find(|(_, output)| output.evidence.basis == Basis::Envelope).unwrap();
    let admits = "without a referee a harmless change cannot be told from a small real one";
    assert!(output.evidence.statement.contains(admits), "{}", output.evidence.statement);
    let lines = checks(found, "validate.output");
    let line = lines.iter().find(|check| check.case.as_deref() == Some(case)).unwrap();
    assert_eq!(line.status, CheckStatus::Warn, "the checklist warns");
}

/// Goldens alone, without referee and envelope, excuse nothing.
#[test]
fn a_spent_budget_leaves_bits_alone() {
    let sandbox = sandbox();
    place(&sandbox, "planted/perceptron.float32.onnx", "model.onnx");
    let recorded =
        sandbox.run(["record", "model.onnx", "--contract", "contract", "--budget", "1ms", "--json"]);
    recorded.exits(0);
    assert_eq!(recorded.json()["referee"]["reason"], "the budget is spent");
    let found = verify(&sandbox, "planted/perceptron.float32.onnx", "referee", "same", 0);
    assert_eq!(found.verdict, Verdict::Identical);
    let found = verify(&sandbox, "planted/perceptron.float32.epsilon.onnx", "referee", "converted", 1);
    assert_eq!(found.verdict, Verdict::Drifted);
    let statement = "bits differ and there is neither referee nor envelope";
    assert!(outputs(&found).any(|(_, output)| output.evidence.statement.contains(statement)));
}
