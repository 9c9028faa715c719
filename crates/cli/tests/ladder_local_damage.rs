//! Damage too small for a norm: one element of a million, one decision, one integer, one flag, one text.

use reproof_contract::Verdict;
use reproof_contract::report::{OutputReport, Report};
use reproof_testing::Sandbox;

use crate::comparing::{outputs, report};
use crate::fixtures::{place, run, sandbox};

/// Records a model of `local` with one runner and verifies its changed twin as a conversion of it.
fn changed(name: &str, runner: &str) -> Report {
    let sandbox = sandbox();
    place(&sandbox, &format!("local/{name}.onnx"), "model.onnx");
    place(&sandbox, &format!("local/{name}.changed.onnx"), "changed.onnx");
    let cases = if name == "text" {
        "auto"
    } else {
        place(&sandbox, &format!("local/{name}.npz"), "given.npz");
        "given.npz"
    };
    run(&sandbox, &["record", "model.onnx", "--runner", runner, "--cases", cases]).exits(0);
    assert_eq!(verify(&sandbox, "model.onnx", runner, 0).verdict, Verdict::Identical);
    let found = verify(&sandbox, "changed.onnx", runner, 1);
    assert_eq!(found.verdict, Verdict::Drifted, "{name} with {runner}: {}", found.summary);
    found
}

fn verify(sandbox: &Sandbox, model: &str, runner: &str, exit: i32) -> Report {
    let arguments =
        ["verify", model, "--contract", "model.onnx.reproof", "--runner", runner, "--json", "--relation"];
    let verified = run(sandbox, &[&arguments[..], &["converted"]].concat());
    verified.exits(exit);
    report(&verified)
}

/// The output of a path in the case `given`.
#[track_caller]
fn output<'a>(report: &'a Report, path: &str) -> &'a OutputReport {
    let found = outputs(report).find(|(case, output)| *case == "given" && output.name == path);
    found.unwrap_or_else(|| panic!("no output {path}: {}", report.summary)).1
}

#[test]
fn one_element_of_a_million_is_found_by_the_referee() {
    for (name, runner) in [
        ("million-float32", "referee"),
        ("million-float32", "onnxruntime"),
        ("million-float16", "referee"),
        ("million-float16", "onnxruntime"),
    ] {
        let found = changed(name, runner);
        let sums = output(&found, "sums");
        let metrics = sums.metrics.as_ref().unwrap();
        assert_eq!((metrics.elements, metrics.differing), (1_000_000, 1), "{name} with {runner}");
        assert_eq!(metrics.worst.as_ref().unwrap().index, [654_321]);
        assert!(!sums.evidence.referee.as_ref().unwrap().same_function);
        assert!(sums.evidence.statement.starts_with("the function changed: in float64 it differs by"));
    }
}

#[test]
fn one_element_that_only_rounds_worse_is_found_by_the_element_limit() {
    for runner in ["referee", "onnxruntime"] {
        let found = changed("cancelled", runner);
        let sums = output(&found, "sums");
        let referee = sums.evidence.referee.as_ref().unwrap();
        assert!(referee.same_function, "{runner}: the detour cancels in float64");
        assert!(referee.rounding_ratio.0 <= referee.rounding_limit.0, "{runner}: the norm does not see it");
        assert!(referee.element_ratio.0 > referee.element_limit.0, "{runner}: {}", referee.element_ratio);
        assert!(sums.evidence.statement.contains("rounding is worse"), "{}", sums.evidence.statement);
    }
}

#[test]
fn two_swapped_scores_are_found() {
    for runner in ["referee", "onnxruntime"] {
        let found = changed("scores", runner);
        let decisions = output(&found, "scores").evidence.decisions.clone().unwrap();
        assert_eq!((decisions.total, decisions.changed, decisions.first_changed), (1, 1, Some(0)));
    }
}

#[test]
fn a_decision_that_only_rounding_flips_is_never_equivalent() {
    for runner in ["referee", "onnxruntime"] {
        let found = changed("rounded", runner);
        let scores = output(&found, "scores");
        let referee = scores.evidence.referee.as_ref().unwrap();
        assert!(referee.same_function && referee.rounding_ratio.0 <= referee.rounding_limit.0);
        assert!(referee.element_ratio.0 <= referee.element_limit.0);
        assert!(
            scores.evidence.statement.contains("1 of 1 decisions changed"),
            "{}",
            scores.evidence.statement
        );
    }
}

#[test]
fn a_changed_integer_is_found() {
    for runner in ["referee", "onnxruntime"] {
        let found = changed("integer", runner);
        assert_eq!(output(&found, "values").verdict, Verdict::Identical);
        let moved = output(&found, "moved");
        assert_eq!(moved.verdict, Verdict::Drifted);
        assert_eq!(moved.metrics.as_ref().unwrap().differing, 3);
    }
}

#[test]
fn a_changed_flag_is_found() {
    for runner in ["referee", "onnxruntime"] {
        let found = changed("flag", runner);
        let above = output(&found, "above");
        assert_eq!(above.metrics.as_ref().unwrap().differing, 1, "0.4 is above one limit only");
        assert_eq!(above.verdict, Verdict::Drifted);
    }
}

#[test]
fn a_changed_text_is_found() {
    let found = changed("text", "onnxruntime");
    let mut drifted = outputs(&found).filter(|(_, output)| output.verdict == Verdict::Drifted);
    let (_, first) = drifted.next().unwrap();
    assert!(first.evidence.statement.starts_with("text "), "{}", first.evidence.statement);
}
