//! The example of the README, recorded anew.

use reproof_contract::Verdict;
use reproof_testing::folder::Snapshot;

use crate::comparing::{outputs, report, same_function};
use crate::fixtures::{place_example, run, sandbox};

#[test]
fn digits_are_recorded_and_verified_with_their_own_cases_and_proposed_ones() {
    let sandbox = sandbox();
    let folder = place_example(&sandbox, "digits");
    let before = Snapshot::of(&folder);
    let recorded = sandbox.run(["record", "digits", "--cases", "digits/cases", "--cases", "auto", "--json"]);
    recorded.exits(0);
    let document = recorded.json();
    assert_eq!(document["assurance"], "outputs");
    assert_eq!(document["referee"]["kind"], "float64", "{}", document["referee"]);
    let cases: Vec<&str> =
        document["cases"].as_array().unwrap().iter().map(|case| case.as_str().unwrap()).collect();
    for case in ["batch", "closest-call", "faintest", "surest", "typical-1", "zeros"] {
        assert!(cases.contains(&case), "{case} is not among {cases:?}");
    }
    let changed = before.changes(&Snapshot::of(&folder));
    assert!(changed.iter().all(|change| change.starts_with("+ reproof/")), "{changed:?}");
    assert!(
        sandbox.path("digits/reproof/context/preprocess.py").is_file(),
        "what reproof.toml names is copied"
    );

    let verified = sandbox.run(["verify", "digits", "--json"]);
    verified.exits(0);
    assert_eq!(report(&verified).verdict, Verdict::Identical);
    sandbox.run(["verify", "digits"]).exits(0).says("identical");
    sandbox.run(["verify", "digits", "--verbose"]).exits(0).says("closest-call");
}

#[test]
fn digits_are_the_same_function_in_both_engines() {
    for (from, to) in [("referee", "onnxruntime"), ("onnxruntime", "referee")] {
        let sandbox = sandbox();
        place_example(&sandbox, "digits");
        run(&sandbox, &["record", "digits", "--cases", "digits/cases", "--runner", from]).exits(0);
        let verified = run(&sandbox, &["verify", "digits", "--runner", to, "--json"]);
        let found = report(&verified);
        verified.exits(i32::from(found.verdict > Verdict::Equivalent));
        assert!(outputs(&found).count() >= 4);
        same_function(&found);
    }
}
