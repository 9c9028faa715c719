//! `diagnose`: planted causes are named, and what could not be told is not.

use std::path::Path;
use std::time::{Duration, Instant};

use reproof_testing::Sandbox;
use serde_json::Value;

use crate::fixtures::{place, sandbox};
use crate::python::{self, run};

/// The weights with a loader, recorded.
pub(crate) fn recorded() -> Sandbox {
    python::recorded(&["m/weights.pt", "--cases", "m/images", "--loader", "loaders:build"])
}

/// Puts other words into the loader's file.
pub(crate) fn edit(sandbox: &Sandbox, from: &str, to: &str) {
    let text = std::fs::read_to_string(sandbox.path("m/loaders.py")).unwrap();
    assert!(text.contains(from), "{from}");
    sandbox.write("m/loaders.py", text.replacen(from, to, 1));
}

pub(crate) fn diagnosis(sandbox: &Sandbox, add: &[&str]) -> Value {
    let arguments = [&["m/weights.pt", "--loader", "loaders:build", "--json"], add].concat();
    let finished = run(sandbox, "diagnose", &arguments);
    finished.exits(0);
    finished.json()
}

#[track_caller]
pub(crate) fn named(found: &Value, cause: &str, confidence: &str) {
    let first = &found["causes"][0];
    let shown = format!("{} {}\n{:#}", found["summary"], found["causes"], found["experiments"]);
    assert_eq!((&first["id"], &first["confidence"]), (&cause.into(), &confidence.into()), "{shown}");
    assert_eq!(found["causes"].as_array().unwrap().len(), 1, "{shown}");
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/causes.md");
    let page = std::fs::read_to_string(page).unwrap();
    assert!(page.contains(&format!("`{cause}`")), "docs/causes.md has no {cause}");
}

#[test]
fn changes_of_code_are_named_by_what_undoes_them() {
    let plants = [
        ("BatchNorm2d(8)", "BatchNorm2d(8, eps=1e-3)", "constant.epsilon"),
        ("functional.gelu(", "functional.relu(", "code.activation"),
        ("return Net().eval()", "return Net()", "mode.training"),
    ];
    for (from, to, cause) in plants {
        let sandbox = recorded();
        edit(&sandbox, from, to);
        let found = diagnosis(&sandbox, &[]);
        named(&found, cause, "confirmed");
        let evidence = found["causes"][0]["evidence"].to_string();
        assert!(evidence.contains("every bit is the recorded one"), "{evidence}");
        assert!(evidence.contains("loaders.py"), "{evidence}");
        // What undid it gave the recorded tensor again.
        let start = &found["start"];
        let cells = start["heatmap"]["values"].as_array().map(Vec::as_slice).unwrap_or_default();
        assert!(cells.iter().any(|cell| cell.as_f64() > Some(0.0)), "{start}");
        let stages = start["stages"].as_array().map(Vec::as_slice).unwrap_or_default();
        let shares: f64 = stages.iter().filter_map(|stage| stage["share"].as_f64()).sum();
        assert!((shares - 1.0).abs() < 1e-9, "{start}");
    }
}

/// What no experiment undoes is not blamed on anything that was merely seen to differ; the narrowest place is told.
#[test]
fn a_cause_that_is_not_known_stays_likely() {
    let sandbox = recorded();
    edit(&sandbox, "3, padding=1", "3, padding=2, dilation=2");
    let found = diagnosis(&sandbox, &[]);
    named(&found, "code.changed", "likely");
    assert!(found["unresolved"].is_string(), "{found}");
    assert_eq!(found["acceptable"]["same_function"], Value::Null, "{found}");
    let start = &found["start"];
    let place = (&start["step"]["name"], &start["inside"]);
    assert_eq!(place, (&"conv:aten.convolution.default".into(), &serde_json::json!(["conv"])), "{start}");
    assert_eq!((&start["new"], &start["recorded"]), (&false.into(), &Value::Null), "{start}");
    let path: Vec<&str> =
        start["path"].as_array().unwrap().iter().filter_map(|step| step["kind"].as_str()).collect();
    // The module is shorter than what it does, and the way leads through a change of shape.
    assert_eq!(path.last(), Some(&"aten.addmm.default"), "{path:?}");
    assert!(path.contains(&"aten.view.default") && path.contains(&"aten.gelu.default"), "{path:?}");
}

/// A diagnosis that was killed is gone on with where it stood.
#[test]
fn a_diagnosis_goes_on_where_one_was_killed() {
    let sandbox = recorded();
    edit(&sandbox, "3, padding=1", "3, padding=2, dilation=2");
    let cache = sandbox.path("cache");
    let begin = |command: &[&str]| {
        let arguments = ["m/weights.pt", "--loader", "loaders:build", "--json", "--budget", "10m"];
        let all = [command, &arguments, &["--python", python::interpreter()]].concat();
        sandbox.command(all).variable("REPROOF_CACHE", &cache)
    };
    let kept = || -> Vec<String> {
        let logs = std::fs::read_dir(cache.join("diagnoses")).into_iter().flatten().flatten();
        logs.map(|log| std::fs::read_to_string(log.path()).unwrap_or_default()).collect()
    };
    let mut first = begin(&["diagnose"]).start();
    let started = Instant::now();
    while kept().iter().all(|log| !log.ends_with('\n')) {
        assert!(started.elapsed() < Duration::from_mins(2), "it keeps no experiment");
        assert!(first.try_wait().unwrap().is_none(), "it came to its end");
        std::thread::sleep(Duration::from_millis(20));
    }
    first.kill().unwrap();
    first.wait().unwrap();
    let whole = |line: &&str| serde_json::from_str::<Value>(line).is_ok();
    let made = kept().concat().lines().filter(whole).count();
    assert!(made > 0);
    // A verification that diagnoses is no other diagnosis.
    let second = begin(&["verify", "--diagnose"]).run();
    let found = second.exits(1).json()["diagnosis"].take();
    named(&found, "code.changed", "likely");
    let experiments = found["experiments"].as_array().unwrap();
    let earlier = |experiment: &&Value| experiment["note"] == "made by an earlier diagnosis";
    assert_eq!(experiments.iter().filter(earlier).count(), made, "{experiments:#?}");
    assert!(experiments.len() > made, "{experiments:#?}");
    assert_eq!(kept(), Vec::<String>::new(), "one that comes to its end leaves nothing");
}

/// What a model computes on its way is twice what a run may take, and it is told all the same where a difference starts.
#[test]
fn a_start_is_found_where_all_steps_do_not_fit_into_memory() {
    const LOADER: &str = "import torch\n\n\nclass Net(torch.nn.Module):\n    def __init__(self):\n        super().__init__()\n        \
         self.weight = torch.nn.Parameter(torch.tensor(1.0))\n\n    def forward(self, x):\n        for step in range(96):\n            \
         x = x.sin() if step == 29 else x * self.weight\n        return x.mean(1)\n\n\ndef build(path):\n    net = Net()\n    \
         net.load_state_dict(torch.load(path))\n    return net.eval()\n";
    let sandbox = sandbox();
    sandbox.write("wide.py", LOADER);
    let write = "import numpy, torch\ntorch.save({'weight': torch.tensor(0.999)}, 'wide.pt')\n\
                 numpy.savez('case.npz', x=numpy.random.default_rng(0).random((2048, 2048), 'float32'))\n";
    let made = std::process::Command::new(python::interpreter())
        .args(["-c", write])
        .current_dir(sandbox.folder())
        .status()
        .unwrap();
    assert!(made.success());
    // 96 tensors of 16 MiB. Torch alone takes a third of what may be taken, and more or less of it from time to time.
    let limited = ["wide.pt", "--loader", "wide:build", "--memory-limit", "768M"];
    let record = [&limited[..], &["--cases", "case.npz", "--budget", "1s"]].concat();
    run(&sandbox, "record", &record).exits(0);
    sandbox.write("wide.py", LOADER.replace("x.sin() if", "x.tan() if"));
    let told = run(&sandbox, "diagnose", &[&limited[..], &["--json", "--budget", "1s"]].concat());
    let found = told.exits(0).json();
    let start = &found["start"];
    assert_eq!(
        (&start["step"]["kind"], &start["recorded"]),
        (&"aten.tan.default".into(), &"aten.sin.default".into()),
        "{found:#}"
    );
    assert_eq!(start["steps"], 97, "{start}");
}

/// A loader that makes something else of the same file is told by what it loaded.
#[test]
fn tensors_that_a_loader_changes_are_named() {
    let sandbox = recorded();
    edit(&sandbox, "return Net().eval()", "return Wider().eval()");
    edit(
        &sandbox,
        "def build():",
        "class Wider(Net):\n    def load_state_dict(self, state, strict=True, assign=False):\n        state = \
         {**state, 'head.weight': state['head.weight'] * 1.7}\n        return \
         super().load_state_dict(state)\n\n\ndef build():",
    );
    let found = diagnosis(&sandbox, &[]);
    named(&found, "weights.loaded", "confirmed");
    let summary = found["summary"].as_str().unwrap();
    assert!(summary.ends_with("in 1 of 9 tensors (other values: head.weight)"), "{summary}");
    assert_eq!(found["start"]["step"]["name"], "head:aten.addmm.default", "{}", found["start"]);
}

/// An operator that the recorded run did not have is seen in its steps, whatever it is.
#[test]
fn an_operator_that_was_not_recorded_is_named_with_its_place() {
    let sandbox = recorded();
    edit(&sandbox, "self.head(self.drop(x))", "self.head(self.drop(x.sin()))");
    let found = diagnosis(&sandbox, &[]);
    named(&found, "code.operator", "confirmed");
    assert!(
        found["summary"].as_str().unwrap().starts_with("aten.sin.default runs where"),
        "{}",
        found["summary"]
    );
    let start = &found["start"];
    assert_eq!(
        (&start["step"]["name"], &start["new"]),
        (&"aten.sin.default".into(), &true.into()),
        "{start}"
    );
    assert_eq!(start["path"][0]["name"], "head:aten.addmm.default", "{start}");
    // The page has the way, and the run as a picture.
    let page = ["m/weights.pt", "--loader", "loaders:build", "--budget", "1s", "--html", "page.html"];
    let told = run(&sandbox, "diagnose", &page);
    told.exits(0).says("starts at     aten.sin.default").says("then head:aten.addmm.default");
    let page = std::fs::read_to_string(sandbox.path("page.html")).unwrap();
    assert!(page.contains("<h2>Where it starts</h2>") && page.contains("class=\"heat-8\""));
}

/// A verification can say why by itself, in all of its forms, and keeps its exit code.
#[test]
fn verify_tells_why_where_asked() {
    let sandbox = recorded();
    let verify = ["m/weights.pt", "--loader", "loaders:build", "--diagnose"];
    let same = run(&sandbox, "verify", &[&verify[..], &["--json"]].concat());
    assert_eq!(same.exits(0).json()["diagnosis"], Value::Null);
    edit(&sandbox, "BatchNorm2d(8)", "BatchNorm2d(8, eps=1e-3)");
    let told = run(&sandbox, "verify", &[&verify[..], &["--html", "page.html"]].concat());
    told.exits(1).says("constant.epsilon  confirmed").says("starts at     norm:").says("adds          ");
    let page = std::fs::read_to_string(sandbox.path("page.html")).unwrap();
    assert!(page.contains("<h2>Why</h2>") && page.contains("<h2>Where it starts</h2>"));
    assert!(
        page.contains("gave, against the recorded tensor</h3>\n<figure>")
            && page.contains("What each part adds")
    );
    let document = run(&sandbox, "verify", &[&verify[..], &["--json"]].concat());
    assert_eq!(document.exits(1).json()["diagnosis"]["causes"][0]["id"], "constant.epsilon");
}

#[test]
fn nothing_is_named_where_nothing_differs() {
    let sandbox = recorded();
    let found = diagnosis(&sandbox, &[]);
    assert_eq!(found["verdict"], "identical");
    assert_eq!((&found["causes"], &found["experiments"]), (&Value::Array(vec![]), &Value::Array(vec![])));
    let page = ["m/weights.pt", "--loader", "loaders:build", "--html", "page.html"];
    let told = run(&sandbox, "diagnose", &page);
    told.exits(0).says("nothing differs");
}

/// Two tensors of 8 by 8 and one of 3 by 40 by 40 as safetensors.
fn safetensors(values: &[(&str, Vec<f32>)]) -> Vec<u8> {
    let (mut header, mut data) = (serde_json::Map::new(), Vec::new());
    for (name, numbers) in values {
        let begin = data.len();
        data.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
        let shape = if numbers.len() == 64 { vec![8, 8] } else { vec![3, 40, 40] };
        let entry = serde_json::json!({"dtype": "F32", "shape": shape, "data_offsets": [begin, data.len()]});
        header.insert((*name).to_owned(), entry);
    }
    let header = serde_json::to_vec(&header).unwrap();
    [&(header.len() as u64).to_le_bytes()[..], &header, &data].concat()
}

fn numbers(seed: u32, count: u32) -> Vec<f32> {
    let mixed = |place: u32| (place + seed).wrapping_mul(2_654_435_761) >> 8;
    (0..count).map(|place| mixed(place) as f32 / 8_388_608.0 - 1.0).collect()
}

/// Contracts hold no weights: what was done to them is proved by their digests.
#[test]
fn changes_of_weights_are_named_without_the_weights() {
    let (a, b, c) = (numbers(1, 64), numbers(900, 64), numbers(7, 4800));
    let file = |a: &[f32], b: &[f32], c: &[f32]| {
        safetensors(&[("a", a.to_vec()), ("b", b.to_vec()), ("c", c.to_vec())])
    };
    let mut flipped = c.clone();
    flipped[1700] = f32::from_bits(flipped[1700].to_bits() ^ (1 << 27));
    let reversed: Vec<f32> = c.chunks(1600).rev().flatten().copied().collect();
    let transposed: Vec<f32> = (0..64).map(|place| a[place % 8 * 8 + place / 8]).collect();
    let negated: Vec<f32> = a.iter().map(|value| -value).collect();
    let narrow = |values: &[f32]| -> Vec<f32> {
        values.iter().map(|value| f32::from_bits(value.to_bits() & 0xffff_0000)).collect()
    };
    let mut doubled = a.clone();
    doubled[3] *= 3.0;
    let plants = [
        (file(&a, &b, &flipped), "weights.bit-flip", "confirmed", "bit 27 of element [1, 2, 20]"),
        (file(&a, &b, &reversed), "weights.reversed", "confirmed", "c is reversed along axis 0"),
        (file(&transposed, &b, &c), "weights.transposed", "confirmed", "a is transposed"),
        (file(&negated, &b, &c), "weights.negated", "confirmed", "a has the other sign"),
        (file(&b, &a, &c), "weights.swapped", "confirmed", "a holds b, b holds a"),
        (file(&b, &b, &c), "weights.copied", "confirmed", "a holds b"),
        (file(&narrow(&a), &narrow(&b), &narrow(&c)), "weights.narrowed", "likely", "bfloat16"),
        (
            file(&doubled, &b, &c),
            "weights.changed",
            "confirmed",
            "1 of 3 tensors are not the recorded ones: a",
        ),
    ];
    let sandbox = sandbox();
    sandbox.write("w.safetensors", file(&a, &b, &c));
    sandbox.run(["record", "w.safetensors"]).exits(0);
    for (damaged, cause, confidence, statement) in plants {
        sandbox.write("w.safetensors", damaged);
        let found = sandbox.run(["diagnose", "w.safetensors", "--json"]);
        found.exits(0);
        let found = found.json();
        named(&found, cause, confidence);
        assert!(found["summary"].as_str().unwrap().contains(statement), "{}", found["summary"]);
    }
}

#[test]
fn a_flipped_bit_of_a_graph_is_named_with_its_place() {
    let sandbox = sandbox();
    place(&sandbox, "planted/perceptron.float32.onnx", "model.onnx");
    sandbox.run(["record", "model.onnx", "--budget", "1s", "--runner", "referee"]).exits(0);
    place(&sandbox, "planted/perceptron.float32.weight-bit.onnx", "model.onnx");
    let told = sandbox.run(["diagnose", "model.onnx"]);
    told.exits(0).says("weights.bit-flip  confirmed").says("head.weight").says("bit 0 of element");
    // The node takes the weight, and comes first of those that give something else.
    told.says("starts at     ").says("(MatMul");
}

/// A contract keeps no graph, only its digest: the change is proved by putting it back.
#[test]
fn a_constant_of_a_graph_is_named_without_the_graph() {
    let sandbox = sandbox();
    place(&sandbox, "planted/perceptron.float32.onnx", "model.onnx");
    sandbox.run(["record", "model.onnx", "--budget", "1s", "--runner", "referee"]).exits(0);
    place(&sandbox, "planted/perceptron.float32.epsilon.onnx", "model.onnx");
    let found = sandbox.run(["diagnose", "model.onnx", "--json"]);
    let found = found.exits(0).json();
    named(&found, "constant.epsilon", "confirmed");
    let summary = found["summary"].as_str().unwrap();
    assert!(summary.starts_with("epsilon of LayerNormalization is 0.000001, was 0.00001"), "{summary}");
    assert!(found["start"]["step"]["kind"] == "LayerNormalization", "{}", found["start"]);
}

/// Weights that a loader makes up are told from chance in the model.
#[test]
fn a_loader_that_makes_up_weights_is_named() {
    let sandbox = recorded();
    edit(&sandbox, "return Net().eval()", "return Half().eval()");
    edit(
        &sandbox,
        "def build():",
        "class Half(Net):\n    def load_state_dict(self, state, strict=True, assign=False):\n        state = {name: \
         value for name, value in state.items() if not name.startswith('head')}\n        return \
         super().load_state_dict(state, strict=False)\n\n\ndef build():",
    );
    let found = diagnosis(&sandbox, &[]);
    named(&found, "nondeterminism.load", "confirmed");
    let evidence = found["causes"][0]["evidence"].to_string();
    assert!(evidence.contains("2 tensors") && evidence.contains("head.weight"), "{evidence}");
}

/// A configuration beside the weights is seen first, and what it changes is named.
#[test]
fn a_configuration_of_transformers_that_changed_is_named_by_what_it_does() {
    let sandbox = python::recorded(&["m/bert", "--cases", "m/tokens"]);
    let path = sandbox.path("m/bert/config.json");
    let configuration = std::fs::read_to_string(&path).unwrap();
    let changed = configuration.replacen("\"layer_norm_eps\": 1e-12", "\"layer_norm_eps\": 1e-05", 1);
    assert_ne!(configuration, changed);
    std::fs::write(&path, changed).unwrap();
    let found = run(&sandbox, "diagnose", &["m/bert", "--json"]);
    found.exits(0);
    let found = found.json();
    named(&found, "constant.epsilon", "confirmed");
    assert!(found["causes"][0]["evidence"].to_string().contains("config.json"), "{}", found["causes"]);
}

#[test]
fn damage_of_files_and_of_the_contract_is_named_before_what_follows_from_it() {
    let sandbox = recorded();
    let whole = std::fs::read(sandbox.path("m/weights.pt")).unwrap();
    sandbox.write("m/weights.pt", &whole[..whole.len() / 2]);
    let found = diagnosis(&sandbox, &[]);
    let ids: Vec<&Value> = found["causes"].as_array().unwrap().iter().map(|cause| &cause["id"]).collect();
    assert_eq!(ids, ["files.changed"], "{found}");
    assert!(
        found["summary"].as_str().unwrap().contains("weights.pt is not as recorded"),
        "{}",
        found["summary"]
    );
    sandbox.write("m/weights.pt", &whole);
    let goldens = sandbox.path("m/weights.pt.reproof/goldens");
    let class = std::fs::read_dir(&goldens).unwrap().next().unwrap().unwrap().path();
    let case = std::fs::read_dir(&class).unwrap().next().unwrap().unwrap().path();
    let golden = case.join("outputs.safetensors");
    let mut bytes = std::fs::read(&golden).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(&golden, bytes).unwrap();
    let found = diagnosis(&sandbox, &[]);
    named(&found, "contract.damaged", "confirmed");
    assert_eq!(found["experiments"], Value::Array(vec![]), "nothing is compared with damaged goldens");
}

/// Other weights in a converted model are no finding.
#[test]
fn what_was_not_promised_is_not_blamed() {
    let sandbox = sandbox();
    place(&sandbox, "planted/perceptron.float32.onnx", "model.onnx");
    let engine = ["--runner", "referee"];
    let record = ["record", "model.onnx", "--budget", "1s", "--contract", "contract"];
    crate::fixtures::run(&sandbox, &[&record[..], &engine].concat()).exits(0);
    place(&sandbox, "planted/perceptron.float32.benign-permuted.onnx", "other.onnx");
    let diagnose = ["diagnose", "other.onnx", "--contract", "contract", "--json"];
    let found = crate::fixtures::run(&sandbox, &[&diagnose[..], &engine].concat());
    found.exits(0);
    assert_eq!(found.json()["causes"], Value::Array(vec![]), "{}", found.json());
}
