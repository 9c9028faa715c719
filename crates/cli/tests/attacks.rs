//! `scan` on attacks that other people published as the tests of their scanner.

use std::path::Path;

use reproof_testing::generated;
use serde_json::Value;

use crate::checkpoints::interpreter;
use crate::hostile::bounded;

/// What a loader would run: folders of which every file is an attack, and files.
const DANGEROUS: &[&str] = &[
    "exploits/*.pkl",
    "pickles/*.pkl",
    "samples/jinja2/malicious/*.json",
    "samples/jinja2/obfuscated/*.json",
    "samples/archives/path_traversal.zip",
    "samples/keras/basic_lambda_layer.h5",
    "samples/keras/keras_zip_format.keras",
    "samples/keras/lambda_exfiltration.h5",
    "samples/keras/malicious_lambda.h5",
    "samples/pickles/dill_func.pkl",
    "samples/pickles/malicious_model_realistic.pkl",
    "samples/pickles/malicious_system_call.pkl",
    "samples/pickles/nested_pickle_multistage.pkl",
    "samples/pickles/nested_pickle_raw.pkl",
    "samples/pytorch/malicious_eval.pt",
    "samples/tensorflow/malicious_pyfunc/saved_model.pb",
    "scenarios/security_scenarios/mixed_malicious_model/model.pkl",
];

/// What no loader decodes, and code beside it might.
const SUSPICIOUS: &[&str] = &[
    "samples/pickles/decode_exec_chain.pkl",
    "samples/pickles/nested_pickle_base64.pkl",
    "samples/pickles/nested_pickle_hex.pkl",
];

/// Models and texts without a fault.
const HARMLESS: &[&str] = &[
    "samples/archives/safe_model.zip",
    "samples/jinja2/benign_huggingface_chat.json",
    "samples/jinja2/benign_template.j2",
    "samples/keras/safe_model.h5",
    "samples/pickles/safe_data.pkl",
    "samples/pickles/safe_large_model.pkl",
    "samples/pickles/safe_model_with_encoding.pkl",
    "samples/pickles/safe_nested_structure.pkl",
    "samples/pickles/simple_nested.pkl",
    "samples/pytorch/safe_model.pt",
    "samples/safetensors/safe_model.safetensors",
    "scenarios/license_scenarios/mit_model/model_weights.pkl",
];

/// The worst severity of the findings in a file, or nothing.
fn worst(folder: &Path, path: &str) -> Option<String> {
    let output = bounded(&["scan", "--json"], &folder.join(path));
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    // The worst comes first.
    Some(document["findings"].get(0)?["severity"].as_str()?.to_owned())
}

/// The files that a list names, `*` standing for every name with that end.
fn files(folder: &Path, list: &[&str]) -> Vec<String> {
    let mut files = Vec::new();
    for name in list {
        let Some((below, end)) = name.split_once('*') else {
            files.push((*name).to_owned());
            continue;
        };
        let names = std::fs::read_dir(folder.join(below)).unwrap();
        let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        files.extend(names.filter(|name| name.ends_with(end)).map(|name| format!("{below}{name}")));
    }
    files
}

#[test]
fn published_attacks_are_found_and_their_harmless_neighbours_are_not() {
    let folder = generated::by_script(interpreter(), "public_attacks.py", &[]);
    for (list, expected, least) in
        [(DANGEROUS, Some("dangerous"), 37), (SUSPICIOUS, Some("warning"), 3), (HARMLESS, None, 12)]
    {
        let files = files(&folder, list);
        assert!(files.len() >= least, "{expected:?}: {} files", files.len());
        for file in files {
            assert_eq!(worst(&folder, &file).as_deref(), expected, "{file}");
        }
    }
}
