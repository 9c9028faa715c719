//! What administrators write: expressions, gates, conventions, retention, patterns. Whatever the text, nothing passes a gate
//! about which nothing is known, and what is read is read again as the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use reproof_policy::{Convention, Expression, Facts, Gate, Pattern, Period, Retention};

fuzz_target!(|text: &str| {
    let facts = Facts::default();
    if let Ok(expression) = text.parse::<Expression>() {
        let again: Expression = expression.to_string().parse().expect("what is printed is read");
        assert_eq!(again.to_string(), expression.to_string());
        let _ = expression.evaluate(&facts, 0);
    }
    if let Ok(gate) = Gate::parse(text) {
        let outcome = gate.evaluate(&facts, 1_800_000_000);
        assert_eq!(outcome.holds, outcome.requirements.iter().all(|requirement| requirement.met));
    }
    if let Ok(retention) = Retention::parse(text) {
        // When it was pushed is not known.
        assert!(!retention.may_delete(&Default::default(), u64::MAX).allowed);
    }
    let _ = Convention::parse(text);
    if let Ok(period) = text.parse::<Period>() {
        assert_eq!(period.to_string().parse(), Ok(period));
    }
    if let Ok(pattern) = text.parse::<Pattern>() {
        let _ = pattern.covers(text);
    }
});
