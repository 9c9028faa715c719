//! The log as who asks about one model reads it.

use crate::fixtures::place;
use crate::registry::{ask, with_registry};
use crate::signing::keys;

#[test]
fn the_log_of_a_model_tells_what_was_found_out_about_its_versions() {
    let sandbox = with_registry();
    let ada = |line: &str| ask(&sandbox, "ada", line);
    keys(&sandbox, "key");
    place(&sandbox, "planted/perceptron.float32.epsilon.onnx", "other.onnx");
    ada("push other.onnx team/other@1.0.0").exits(0);
    ada("scan team/other@1.0.0").exits(0);
    ada("sign model.onnx --key key.pem").exits(0);
    ada("push model.onnx team/net@1.0.0").exits(0);
    ada("verify team/net@1.0.0").exits(0);
    ada("scan team/net@1.0.0").exits(0);
    ada("approve team/net@1.0.0 --reason fine").exits(0);
    ada("push model.onnx team/net@1.1.0").exits(0);

    let acts = |line: &str| {
        let log = ada(line).exits(0).json();
        let entries = log["entries"].as_array().unwrap().iter();
        let told = entries.map(|entry| {
            let kind = entry["entry"]["detail"]["kind"].as_str().unwrap_or_default();
            format!("{} {kind}", entry["act"].as_str().unwrap()).trim().to_owned()
        });
        told.collect::<Vec<_>>()
    };
    let expected = [
        "version.push",
        "approval.decide",
        "evidence.add scan",
        "evidence.add verification",
        "evidence.add signature",
        "version.push",
        "model.create",
    ];
    assert_eq!(acts("log team/net --json"), expected);
    assert_eq!(acts("log team/net --limit 3 --json"), expected[..3]);
    assert_eq!(acts("log team/other --json"), ["evidence.add scan", "version.push", "model.create"]);
    // Both versions are what was verified, and the entry is told with them.
    ada("log team/net").exits(0).says("team/net@1.0.0,1.1.0 count=1").says("verdict=identical");
}
