use proptest::prelude::*;
use reproof_contract::scan::{ScanVerdict, Severity};
use reproof_contract::{Assurance, Verdict};

use super::*;
use crate::facts::{Approval, ScanFacts};
use crate::role::Role;

const DAY: u64 = 86_400;
const NOW: u64 = 1000 * DAY;

fn facts() -> Facts {
    let approval = |person: &str, role| Approval { person: person.to_owned(), role, at: NOW };
    Facts {
        model: "vision/resnet".to_owned(),
        version: "1.2.0".to_owned(),
        verdict: Some(Verdict::Equivalent),
        assurance: Some(Assurance::Outputs),
        verified_at: Some(NOW - 10 * DAY),
        environments: [
            ("cpu-x86_64".to_owned(), Verdict::Identical),
            ("cuda-sm90".to_owned(), Verdict::Drifted),
        ]
        .into(),
        scan: Some(ScanFacts { verdict: ScanVerdict::Clean, severity: Some(Severity::Info), at: NOW }),
        signed: Some(true),
        approvals: vec![
            approval("ada", Role::Reviewer),
            approval("ada", Role::Reviewer),
            approval("grace", Role::Maintainer),
        ],
        flags: Some(Vec::new()),
        tags: [("stage".to_owned(), "research".to_owned())].into(),
        ..Facts::default()
    }
}

fn truth(text: &str) -> Truth {
    let expression: Expression = text.parse().unwrap_or_else(|error| panic!("{text}: {error}"));
    expression.evaluate(&facts(), NOW)
}

fn unknown(names: &[&str]) -> Truth {
    Truth::Unknown(names.iter().map(|name| (*name).to_owned()).collect())
}

#[test]
fn conditions_hold() {
    for text in [
        "true",
        "not false",
        "verdict == \"equivalent\"",
        "verdict <= \"equivalent\" and assurance >= \"outputs\"",
        "\"tolerated\" > verdict",
        "verdict in [\"identical\", \"equivalent\"]",
        "verdict not in [\"drifted\"]",
        "\"cpu-x86_64\" in environments",
        "\"cpu-aarch64\" not in environments",
        "environment(\"cuda-sm90\") == \"drifted\"",
        "count(environments) == 2 and count(approvals) == 2",
        "count(approvals.reviewer) >= 2 and count(approvals.maintainer) == 1",
        "\"ada\" in approvals and not (\"eve\" in approvals)",
        "age < 30d and age >= 240h and age == 10d",
        "scan.verdict == \"clean\" and scan.severity < \"warning\" and scan.age == 0s",
        "signed and signed == true and count(flags) == 0",
        "tag(\"stage\") == \"research\" and \"stage\" in tags",
        "starts_with(model, \"vision/\") and ends_with(version, \".0\") and version != \"2\"",
        "known(verdict) and not known(classification) and not known(tag(\"x\"))",
        "count([\"a\", \"b\"]) < 2.5",
        "\"a\\\"\\\\\" == \"a\\\"\\\\\"",
        "false or (true and (not false))",
        "count([]) == 0",
    ] {
        assert_eq!(truth(text), Truth::Yes, "{text}");
        assert_eq!(truth(&format!("not ({text})")), Truth::No, "{text}");
    }
}

#[test]
fn what_is_not_known_is_never_a_yes_unless_the_rest_decides() {
    assert_eq!(truth("classification == \"open\""), unknown(&["classification"]));
    assert_eq!(truth("not (classification == \"open\")"), unknown(&["classification"]));
    assert_eq!(truth("classification == \"open\" or true"), Truth::Yes);
    assert_eq!(truth("classification == \"open\" and false"), Truth::No);
    let both = unknown(&["classification", "environment(\"tpu\")"]);
    assert_eq!(truth("classification == \"open\" and environment(\"tpu\") <= \"tolerated\" and true"), both);
    assert_eq!(truth("tag(\"x\") == \"y\""), unknown(&["tag(\"x\")"]));
    let future: Expression = "age < 30d".parse().unwrap();
    assert_eq!(future.evaluate(&facts(), NOW - 11 * DAY), unknown(&["age"]));
}

#[test]
fn mistakes_are_told_where_they_are() {
    for (text, expected) in [
        ("", "column 1: expected a fact, a value or `(`, got the end"),
        (
            "verdit == \"identical\"",
            "column 1: unknown fact `verdit`; did you mean `verdict`?; known are verdict",
        ),
        (
            "signed and scan.verdit == \"clean\"",
            "column 12: unknown fact `scan.verdit`; did you mean `scan.verdict`?",
        ),
        ("verdict == \"identicl\"", "column 12: `identicl`: expected one of identical, equivalent"),
        ("verdict == \"identicl\"", "did you mean `identical`?"),
        ("counts(flags) == 0", "column 1: unknown function `counts`; did you mean `count`?"),
        ("signed && signed", "column 8: unexpected character `&`; write `and`"),
        ("signed || signed", "column 8: unexpected character `|`; write `or`"),
        ("!signed", "column 1: unexpected character `!`; write `not`"),
        ("verdict = \"identical\"", "column 9: unexpected character `=`; write `==`"),
        ("model == 'a'", "column 10: unexpected character `'`; texts stand in double quotes"),
        ("signed signed", "column 8: expected `and`, `or` or the end, got `signed`"),
        ("(signed", "column 8: expected `and`, `or` or `)`, got the end"),
        ("signed and", "column 11: expected a fact, a value or `(`, got the end"),
        ("model == \"a", "column 10: text without a closing quote"),
        ("model == \"a\\n\"", "column 10: text without a closing quote"),
        ("age < 30x", "column 7: `30x` is no number"),
        ("count(flags) < 1.2.3", "column 16: `1.2.3` is no number"),
        ("age < 30", "column 1: `<` does not compare a period with a number"),
        ("model < \"b\"", "column 1: `<` does not compare a text with a text"),
        ("flags == flags", "column 1: `==` does not compare a list of texts with a list of texts"),
        ("verdict == assurance", "column 1: `==` does not compare a verdict with an assurance"),
        ("verdict", "column 1: expected a condition, got a verdict"),
        ("not age", "column 5: expected a condition, got a period"),
        ("signed or 1", "column 11: expected a condition, got a number"),
        (
            "signed in flags",
            "column 1: expected a text, or a word of a ladder and a list of its words, got a condition",
        ),
        ("model in model", "column 10: expected a list of texts, got a text"),
        ("model in [model]", "column 11: expected a text in quotes, got a text"),
        ("count() == 1", "column 1: expected one argument, got 0 in `count(...)`"),
        ("tag(\"a\", \"b\") == \"c\"", "column 1: expected one argument, got 2 in `tag(...)`"),
        ("verdict == model", "column 12: expected a text in quotes, got a text"),
        ("signed not true", "column 12: expected `in`, got `true`"),
        ("1 == -1", "column 6: expected a fact, a value or `(`, got `-`"),
        ("ünknown", "column 1: unexpected character `ü`"),
        ("\"ünü\" in flags and x", "column 20: unknown fact `x`"),
    ] {
        let refused = text.parse::<Expression>().unwrap_err().to_string();
        assert!(refused.contains(expected), "{text}: {refused}");
    }
}

#[test]
fn size_and_depth_are_bounded() {
    let problem = |text: &str| text.parse::<Expression>().map_err(|error| error.problem);
    let nested = |depth| format!("{}true{}", "(".repeat(depth), ")".repeat(depth));
    assert!(problem(&nested(MAX_DEPTH - 1)).is_ok());
    assert_eq!(problem(&nested(MAX_DEPTH)), Err(Problem::TooDeep));
    assert_eq!(problem(&nested(MAX_LENGTH / 2 - 4)), Err(Problem::TooDeep));
    assert_eq!(problem(&format!("{}true", "not ".repeat(1000))), Err(Problem::TooDeep));
    assert_eq!(problem(&"known(".repeat(600)), Err(Problem::TooDeep));
    assert_eq!(problem(&"[".repeat(4000)), Err(Problem::TooDeep));
    assert_eq!(problem(&"a".repeat(MAX_LENGTH + 1)), Err(Problem::TooLong { got: MAX_LENGTH + 1 }));
    // Long is not deep.
    let long = vec!["signed"; 370].join(" and ");
    assert_eq!(truth(&long), Truth::Yes);
}

#[test]
fn an_expression_is_its_text_in_documents() {
    let expression: Expression = "age < 30d".parse().unwrap();
    let json = serde_json::to_string(&expression).unwrap();
    assert_eq!(json, "\"age < 30d\"");
    assert_eq!(serde_json::from_str::<Expression>(&json).unwrap(), expression);
    assert!(serde_json::from_str::<Expression>("\"agee < 30d\"").unwrap_err().to_string().contains("`age`"));
}

/// Texts that look like expressions.
fn scraps() -> impl Strategy<Value = String> {
    let scrap = prop::sample::select(vec![
        "and",
        "or",
        "not",
        "in",
        "(",
        ")",
        "[",
        "]",
        ",",
        "==",
        "!=",
        "<",
        "<=",
        "-",
        "\"identical\"",
        "\"a\"",
        "\"",
        "\\",
        "verdict",
        "scan.verdict",
        "flags",
        "age",
        "signed",
        "count",
        "tag",
        "known",
        "environment",
        "30d",
        "1",
        "1.",
        "true",
        ".",
        "ü",
        "\n",
    ]);
    prop::collection::vec(scrap, 0..30).prop_map(|scraps| scraps.join(" "))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn no_text_panics(text: String, scraps in scraps()) {
        for text in [text, scraps] {
            match text.parse::<Expression>() {
                Ok(expression) => drop(expression.evaluate(&facts(), NOW)),
                Err(error) => prop_assert!(error.column <= text.chars().count() + 1),
            }
        }
    }
}
