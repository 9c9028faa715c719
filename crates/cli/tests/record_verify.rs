//! Real models that packages ship, through both engines: the promise holds, and breaks where it must.

use std::fs;

use reproof_contract::report::{Basis, CheckStatus, Report};
use reproof_contract::{Assurance, Verdict};
use reproof_testing::{Sandbox, damage};
use serde_json::Value;

use crate::comparing::{check, checks, outputs, report, same_function, worse_than, worst_output};
use crate::fixtures::{models, place, run, sandbox};

/// A sandbox with a real model and an input for it.
fn with_model(name: &str) -> Sandbox {
    with_model_in("shipped", name)
}

fn with_model_in(folder: &str, name: &str) -> Sandbox {
    let sandbox = sandbox();
    place(&sandbox, &format!("{folder}/{name}.onnx"), "model.onnx");
    place(&sandbox, &format!("{folder}/{name}.npz"), "given.npz");
    sandbox
}

/// Records the model with the given input and the proposed ones.
fn record(sandbox: &Sandbox, runner: &str, sources: &[&str]) -> Value {
    let mut arguments = vec!["record", "model.onnx", "--runner", runner, "--contract", runner, "--json"];
    arguments.extend(sources.iter().flat_map(|source| ["--cases", source]));
    let recorded = run(sandbox, &arguments);
    recorded.exits(0);
    recorded.json()
}

fn verify(sandbox: &Sandbox, model: &str, contract: &str, runner: &str, relation: &str, exit: i32) -> Report {
    let arguments =
        ["verify", model, "--contract", contract, "--runner", runner, "--relation", relation, "--json"];
    let verified = run(sandbox, &arguments);
    verified.exits(exit);
    report(&verified)
}

/// Records with `runner`, verifies in another process, then damages the model in two ways.
fn keeps_and_breaks_its_promise(name: &str, runner: &str, sources: &[&str]) {
    let sandbox = with_model(name);
    let recorded = record(&sandbox, runner, sources);
    assert_eq!(recorded["assurance"], "outputs");

    let kept = verify(&sandbox, "model.onnx", runner, runner, "same", 0);
    assert_eq!(kept.verdict, Verdict::Identical, "{}", worse_than(&kept, Verdict::Identical));
    assert_eq!(kept.assurance, Assurance::Outputs);
    assert!(outputs(&kept).all(|(_, output)| output.evidence.basis == Basis::Bits));
    let engine =
        if runner == "referee" { "referee (referee 1.0.0)" } else { "onnxruntime (onnxruntime 1.32.0)" };
    let with = kept.contract.recorded_with.clone().unwrap();
    assert!(with.starts_with(engine) && kept.runner == Some(with.clone()), "{with}");
    assert!(kept.environment.differences.is_empty(), "{:?}", kept.environment.differences);

    flipped_bit(&sandbox, name, runner);
    changed_attribute(&sandbox, name, runner);
}

/// One bit of the largest tensor, in the middle of it.
fn flipped_bit(sandbox: &Sandbox, name: &str, runner: &str) {
    let shipped: Value =
        serde_json::from_slice(&fs::read(models().join("shipped/shipped.json")).unwrap()).unwrap();
    let place_of = |field: &str| shipped[name][field].as_u64().unwrap();
    let flipped = sandbox.path("flipped.onnx");
    fs::copy(sandbox.path("model.onnx"), &flipped).unwrap();
    // Bit 6 of the third byte is the middle of the fraction of a little-endian float32.
    damage::flip_bit(&flipped, place_of("offset") + place_of("bytes") / 8 * 4 + 2, 6);

    let found = verify(sandbox, "flipped.onnx", runner, runner, "same", 1);
    assert_eq!(found.verdict, Verdict::Corrupt);
    assert_eq!(check(&found, "load.integrity.files").status, CheckStatus::Fail);
    let weights = check(&found, "load.integrity.weights");
    assert_eq!(weights.verdict, Verdict::Corrupt);
    assert_eq!(
        weights.actual.as_deref().unwrap(),
        format!("changed {}", shipped[name]["tensor"].as_str().unwrap())
    );
    assert_eq!(check(&found, "load.architecture").verdict, Verdict::Identical);
    assert_eq!(found.phases.len(), 3, "a failed integrity check does not stop the later phases");

    let repackaged = verify(sandbox, "flipped.onnx", runner, runner, "repackaged", 1);
    assert_eq!(repackaged.verdict, Verdict::Corrupt);
    assert!(checks(&repackaged, "load.integrity.files").is_empty(), "other files are expected");
}

/// One attribute of one operator.
fn changed_attribute(sandbox: &Sandbox, name: &str, runner: &str) {
    place(sandbox, &format!("shipped/{name}.attribute.onnx"), "attribute.onnx");
    let found = verify(sandbox, "attribute.onnx", runner, runner, "same", 1);
    assert_eq!(found.verdict, Verdict::Corrupt);
    assert_eq!(check(&found, "load.architecture").verdict, Verdict::Corrupt);
    assert_eq!(check(&found, "load.integrity.weights").verdict, Verdict::Identical);
    assert!(worst_output(&found) > Verdict::Undecided, "the outputs show it too");

    let converted = verify(sandbox, "attribute.onnx", runner, runner, "converted", 1);
    assert_eq!(converted.verdict, Verdict::Drifted);
    let architecture = check(&converted, "load.architecture");
    assert_eq!((architecture.status, architecture.verdict), (CheckStatus::Warn, Verdict::Identical));
}

/// A contract of the built-in engine, verified with ONNX Runtime: the same function, or the reason in every line.
fn crosses_engines(folder: &str, name: &str) -> Report {
    let sandbox = with_model_in(folder, name);
    let (from, to) = ("referee", "onnxruntime");
    record(&sandbox, from, &["given.npz"]);
    let found = verify(&sandbox, "model.onnx", from, to, "same", 0);
    assert_eq!(check(&found, "load.integrity.files").verdict, Verdict::Identical);
    assert_eq!(check(&found, "load.environment").status, CheckStatus::Warn);
    let engine = found.environment.differences.iter().find(|difference| difference.item == "engine.name");
    let expected = (from.to_owned(), to.to_owned());
    assert_eq!(engine.map(|found| (found.recorded.clone(), found.current.clone())), Some(expected));
    for (case, output) in outputs(&found).filter(|(_, output)| output.evidence.basis != Basis::Bits) {
        let evidence = &output.evidence;
        assert!(!evidence.statement.is_empty(), "{case}/{}", output.name);
        assert!(
            output.metrics.as_ref().unwrap().worst.is_some(),
            "{case}/{} has no worst element",
            output.name
        );
        let said = evidence.referee.is_some() != evidence.referee_none.is_some();
        assert!(said, "{case}/{}: a referee, or why there is none", output.name);
    }
    found
}

#[test]
fn file_type_with_the_built_in_engine() {
    keeps_and_breaks_its_promise("file-type", "referee", &["given.npz"]);
}

#[test]
fn file_type_with_onnxruntime() {
    keeps_and_breaks_its_promise("file-type", "onnxruntime", &["given.npz"]);
}

#[test]
fn text_angle_with_the_built_in_engine() {
    keeps_and_breaks_its_promise("text-angle", "referee", &["given.npz", "auto"]);
}

#[test]
fn text_angle_with_onnxruntime() {
    keeps_and_breaks_its_promise("text-angle", "onnxruntime", &["given.npz"]);
}

#[test]
fn voice_with_the_built_in_engine() {
    keeps_and_breaks_its_promise("voice", "referee", &["given.npz"]);
}

#[test]
fn voice_with_onnxruntime() {
    keeps_and_breaks_its_promise("voice", "onnxruntime", &["given.npz", "auto"]);
}

#[test]
fn engines_compute_the_same_function() {
    for name in ["file-type", "text-angle", "voice"] {
        let found = crosses_engines("shipped", name);
        assert!(outputs(&found).count() > 0, "{name}");
        same_function(&found);
    }
}

/// Trees and linear models, as converters of scikit-learn and LightGBM write them.
#[test]
fn engines_agree_about_tables() {
    for name in ["shares", "boosted", "averaged", "linear"] {
        let found = crosses_engines("tables", name);
        assert!(outputs(&found).count() > 0, "{name}");
        same_function(&found);
    }
}

/// What another engine recorded is verified without it, bit for bit: the goldens of the built-in engine lie beside its own.
#[test]
fn canonical_goldens_need_no_other_engine() {
    for (name, sources) in
        [("file-type", &["given.npz"][..]), ("text-angle", &["given.npz", "auto"]), ("voice", &["given.npz"])]
    {
        let sandbox = with_model(name);
        record(&sandbox, "onnxruntime", sources);
        let found = verify(&sandbox, "model.onnx", "onnxruntime", "referee", "same", 0);
        assert_eq!(found.verdict, Verdict::Identical, "{name}: {}", worse_than(&found, Verdict::Identical));
        assert_eq!(found.environment.golden_class.as_deref(), Some("referee"), "{name}");
        assert!(found.environment.differences.is_empty(), "{name}: {:?}", found.environment.differences);
        // ONNX Runtime pools a picture that is smaller than the window; here that is refused, then and now.
        let refused = checks(&found, "execute.case")
            .iter()
            .any(|check| check.title.contains("was refused, as recorded"));
        assert_eq!(refused, name == "text-angle", "{name}");
    }
}

#[test]
fn bytes_prove_nothing_of_a_conversion() {
    let sandbox = sandbox();
    place(&sandbox, "planted/perceptron.float32.onnx", "one.onnx");
    let mut bytes = fs::read(sandbox.path("one.onnx")).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x40;
    sandbox.write("other.onnx", bytes);
    sandbox.run(["record", "one.onnx", "--bytes-only"]).exits(0);
    let contract = ["--contract", "one.onnx.reproof"];
    sandbox
        .run(["verify", "one.onnx", contract[0], contract[1]])
        .exits(0)
        .says("every byte is the recorded one");
    let other = sandbox.run(["verify", "other.onnx", contract[0], contract[1]]);
    other.exits(3).says("undecided").says("say --relation same");
    sandbox.run(["verify", "other.onnx", contract[0], contract[1], "--relation", "same"]).exits(1);
}

#[test]
fn contracts_that_are_accepted_at_once_follow_each_other() {
    let sandbox = sandbox();
    place(&sandbox, "planted/perceptron.float32.onnx", "one.onnx");
    sandbox.run(["record", "one.onnx"]).exits(0);
    let accepted: Vec<bool> = std::thread::scope(|scope| {
        let accept = |number: usize| {
            let finished = sandbox.run(["accept", "one.onnx", "--reason", &format!("reason {number}")]);
            if finished.code() != Some(0) {
                finished.exits(3).complains("got another contract meanwhile");
            }
            finished.code() == Some(0)
        };
        let all: Vec<_> = (0..4).map(|number| scope.spawn(move || accept(number))).collect();
        all.into_iter().map(|one| one.join().unwrap()).collect()
    });
    // Each that was accepted is in the chain.
    let kept = fs::read_dir(sandbox.path("one.onnx.reproof/history")).unwrap().count();
    assert_eq!(kept, accepted.iter().filter(|accepted| **accepted).count());
}
