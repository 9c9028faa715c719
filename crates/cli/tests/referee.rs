//! The referee as an engine: what its page defines, to the bit, and on any number of threads.

use std::path::Path;

use reproof_testing::{Sandbox, folder};

use crate::fixtures::{place, python, sandbox};

const ORACLE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/python/referee_oracle.py");

/// The only golden of a contract that the referee recorded.
fn golden(sandbox: &Sandbox, contract: &str) -> String {
    let goldens = sandbox.path(contract).join("goldens/referee");
    let case = std::fs::read_dir(goldens).unwrap().next().unwrap().unwrap().path();
    case.join("outputs.safetensors").display().to_string()
}

#[test]
fn sampled_operators_give_the_bits_that_the_page_defines() {
    let sandbox = sandbox();
    python(&[ORACLE, "make", &sandbox.folder().display().to_string()]);
    for kind in ["float32", "float16", "bfloat16"] {
        let model = format!("{kind}.onnx");
        sandbox
            .run(["record", &model, "--runner", "referee", "--cases", "case.npz", "--budget", "1s"])
            .exits(0);
        let golden = golden(&sandbox, &format!("{model}.reproof"));
        assert_eq!(python(&[ORACLE, "check", kind, &golden]).trim(), "same", "{kind}");
        for threads in ["1", "2", "7"] {
            let verified = sandbox.run(["verify", &model, "--threads", threads, "--json"]);
            verified.exits(0);
            assert_eq!(verified.json()["verdict"], "identical", "{kind} on {threads} threads");
        }
    }
}

#[test]
fn the_example_is_identical_on_every_machine() {
    let sandbox = sandbox();
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/digits");
    folder::copy(&example, &sandbox.path("digits"));
    let verified = sandbox.run(["verify", "digits", "--json"]);
    verified.exits(0);
    assert_eq!(verified.json()["verdict"], "identical", "{:#}", verified.json());
}

#[test]
fn a_planted_fault_is_no_longer_identical_and_a_shipped_model_is() {
    let sandbox = sandbox();
    place(&sandbox, "planted/perceptron.float16.onnx", "model.onnx");
    place(&sandbox, "planted/perceptron.float16.weight-bit.onnx", "planted.onnx");
    place(&sandbox, "planted/inputs/perceptron.float16.npz", "pixels.npz");
    place(&sandbox, "shipped/voice.onnx", "voice.onnx");
    let record = |model: &str, cases: &[&str]| {
        sandbox.run([&["record", model, "--runner", "referee"], cases].concat()).exits(0);
    };
    record("model.onnx", &["--cases", "pixels.npz"]);
    let planted = sandbox.run(["verify", "planted.onnx", "--contract", "model.onnx.reproof", "--json"]);
    planted.exits(1);
    assert_eq!(planted.json()["verdict"], "drifted", "{:#}", planted.json());
    record("voice.onnx", &["--budget", "1s"]);
    let voice = sandbox.run(["verify", "voice.onnx", "--threads", "2", "--json"]);
    voice.exits(0);
    assert_eq!(voice.json()["verdict"], "identical");
}

#[test]
fn random_and_unknown_operators_are_told_by_name() {
    let sandbox = sandbox();
    let made = "import sys, onnx; from onnx import helper as h, TensorProto as t\n\
        def save(path, node, inputs=()):\n\
        \x20   ports = [h.make_tensor_value_info(name, t.FLOAT, [2]) for name in inputs]\n\
        \x20   y = h.make_tensor_value_info('y', t.FLOAT, None)\n\
        \x20   opsets = [h.make_opsetid('', 21), h.make_opsetid('com.example', 1)]\n\
        \x20   onnx.save(h.make_model(h.make_graph([node], 'g', ports, [y]), opset_imports=opsets, ir_version=10), path)\n\
        save(sys.argv[1] + '/random.onnx', h.make_node('RandomNormal', [], ['y'], shape=[2]))\n\
        save(sys.argv[1] + '/own.onnx', h.make_node('Fancy', ['x'], ['y'], domain='com.example'), ['x'])\n";
    python(&["-c", made, &sandbox.folder().display().to_string()]);
    let record = |model: &str| sandbox.run(["record", model, "--runner", "referee"]);
    record("random.onnx").exits(1).complains("it draws random numbers");
    record("own.onnx").exits(3).complains("operator com.example:Fancy");
}
