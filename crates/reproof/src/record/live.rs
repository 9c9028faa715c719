//! Whether the saved model does what the live one did that it was saved from.

use std::collections::BTreeMap;

use reproof_contract::Verdict;
use reproof_contract::contract::{HonestyCheck, OutputRule};

use super::{Completed, RecordError, RecordOptions};
use crate::cases::Case;
use crate::judge::{self, Context};

const LIVE_MODEL: &str = "live-model";

/// Compares the goldens, which fresh processes made of the saved files, with what the live model gave.
///
/// Nothing is said where no live model was given. A live model is not run in float64, so the envelope alone judges bits
/// that differ.
pub(super) fn check(
    kept: &[&Case],
    golden: &Completed,
    options: &RecordOptions,
    rules: &BTreeMap<String, OutputRule>,
) -> Result<Option<HonestyCheck>, RecordError> {
    let Some(live) = &options.live else { return Ok(None) };
    let mut worst = Verdict::Identical;
    let mut compared = 0;
    for case in kept {
        let Some(live) = live.get(&case.name) else { continue };
        let Some(golden) = golden.outputs(&case.name) else {
            return Err(dishonest(&format!("it refuses the case {}, which the live one answers", case.name)));
        };
        let context = Context {
            same_class: true,
            open: &case.open,
            referee_none: Some("a live model is not run in float64"),
            ..Context::default()
        };
        let live = judge::table::tables(live.clone());
        let reports = judge::judge(golden, &live, &|path| rules.get(path), &context);
        compared += 1;
        for report in reports {
            if report.verdict.is_negative() || report.verdict == Verdict::Undecided {
                return Err(dishonest(&format!(
                    "{} of the case {}: {}",
                    report.name, case.name, report.evidence.statement
                )));
            }
            worst = Verdict::worst([worst, report.verdict]);
        }
    }
    // Of what was compared with nothing, nothing can be said.
    if compared == 0 {
        return Ok(None);
    }
    let seen = format!("the saved model, loaded anew, is {worst} to the live one in {compared} cases");
    Ok(Some(HonestyCheck { id: LIVE_MODEL.to_owned(), passed: true, seen }))
}

fn dishonest(what: &str) -> RecordError {
    RecordError::Dishonest {
        check: LIVE_MODEL.to_owned(),
        seen: format!("the saved model, loaded anew, does not do what the live one does: {what}"),
        fix: "save the model as it is now, and load it with the code and settings of the live one".to_owned(),
    }
}
