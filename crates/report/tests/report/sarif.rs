use reproof_contract::Verdict;
use reproof_report::sarif;
use serde_json::Value;

use crate::{fixtures, golden::assert_golden};

fn array<'a>(value: &'a Value, name: &str) -> &'a [Value] {
    value[name].as_array().unwrap_or_else(|| panic!("`{name}` is not an array in {value}"))
}

#[test]
fn documents_are_the_golden_ones() {
    for (name, report) in fixtures::all() {
        let text = serde_json::to_string_pretty(&sarif::document(&report)).unwrap();
        assert_golden(&format!("{name}.sarif.json"), &format!("{text}\n"));
    }
}

#[test]
fn required_fields_are_there_and_agree() {
    for (name, report) in fixtures::all() {
        let log = sarif::document(&report);
        assert_eq!(log["version"], "2.1.0");
        assert!(log["$schema"].as_str().unwrap().contains("sarif-schema-2.1.0.json"));
        let run = &array(&log, "runs")[0];
        let rules = array(&run["tool"]["driver"], "rules");
        assert_eq!(run["tool"]["driver"]["name"], "Reproof");
        for (index, rule) in rules.iter().enumerate() {
            let same = |other: &Value| other["id"] == rule["id"];
            assert_eq!(rules.iter().position(same), Some(index), "{name}: a rule is there twice");
            assert!(!rule["help"]["text"].as_str().unwrap().is_empty());
        }
        for result in array(run, "results") {
            let rule = &rules[result["ruleIndex"].as_u64().unwrap() as usize];
            assert_eq!(rule["id"], result["ruleId"], "{name}");
            assert!(["error", "warning"].contains(&result["level"].as_str().unwrap()));
            assert!(!result["message"]["text"].as_str().unwrap().is_empty());
            assert!(result["properties"]["verdict"].as_str().unwrap().parse::<Verdict>().is_ok());
            let location = &array(result, "locations")[0];
            let uri = location["physicalLocation"]["artifactLocation"]["uri"].as_str().unwrap();
            assert!(uri.is_ascii() && !uri.contains([':', ' ', '<', '\\', '"']), "{name}: {uri}");
        }
        assert!(run["invocations"][0]["executionSuccessful"].is_boolean());
    }
}

#[test]
fn a_log_without_results_means_that_the_promise_holds() {
    for (name, report) in fixtures::all() {
        let log = sarif::document(&report);
        let run = &log["runs"][0];
        let serious = |result: &&Value| result["properties"]["status"] != "warn";
        let count = array(run, "results").iter().filter(serious).count();
        assert_eq!(count == 0, report.verdict.reaches(report.required), "{name}");
        assert_eq!(
            run["invocations"][0]["executionSuccessful"],
            report.verdict != Verdict::Undecided,
            "{name}"
        );
    }
}

#[test]
fn a_result_names_case_and_output() {
    let log = sarif::document(&fixtures::drifted());
    let results = array(&log["runs"][0], "results");
    let result = results.iter().find(|result| result["ruleId"] == "validate.output").unwrap();
    assert_eq!(result["level"], "error");
    let logical = array(&result["locations"][0], "logicalLocations");
    assert_eq!(logical[0]["fullyQualifiedName"], "typical-0");
    assert_eq!(logical[1]["fullyQualifiedName"], "typical-0/logits");
    assert_eq!(result["properties"]["basis"], "nothing");
}
