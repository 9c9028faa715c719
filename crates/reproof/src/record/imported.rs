//! Contracts from published inputs and outputs, without executing anything.

use std::path::Path;

use reproof_contract::Assurance;
use reproof_contract::contract::{
    Expected, Golden, HonestyCheck, OutputRule, RefereeRecord, Tolerance, ToleranceOrigin,
};
use reproof_contract::run::Device;
use reproof_progress::Progress;

use super::{RecordError, RecordOptions, Recorded, blank, case_record, finish, private, rules};
use crate::artifact::{Artifact, identify};
use crate::cases::Case;
use crate::folder::{self, case_folder, golden_folder};
use crate::judge::{Values, leaves};

/// The tolerance with which ONNX's own backend tests compare model outputs: relative 1e-3, absolute 1e-7.
const ABSOLUTE: &str = "1e-7";
const RELATIVE: &str = "1e-3";

/// Records published inputs and outputs; their tolerance has the origin `imported`.
pub fn record_imported(
    path: &Path,
    suite: &[(Case, Values)],
    options: &RecordOptions,
    progress: &dyn Progress,
) -> Result<Recorded, RecordError> {
    let place = options.folder.clone().unwrap_or_else(|| folder::beside(path));
    if place.join(folder::CONTRACT_FILE).exists() {
        return Err(RecordError::Exists { folder: place });
    }
    if suite.is_empty() {
        return Err(RecordError::NoCases);
    }
    let artifact = Artifact::open(path)?;
    let identity = identify(&artifact, progress)?;
    private::check(options, suite.iter().map(|(case, _)| case))?;
    let draft = private::draft(options, &place)?;
    let mut contract = blank(&artifact, identity, options);
    let class = reproof_runner::environment_class(&Device::Cpu);
    contract.outputs = rules::tolerances(options);
    for (case, outputs) in suite {
        draft.values(&case_folder(&case.name), "inputs", &case.inputs)?;
        draft.values(&golden_folder(&class, &case.name), "outputs", outputs)?;
        contract.suite.push(case_record(case));
        contract.goldens.push(Golden {
            class: class.clone(),
            case: case.name.clone(),
            expected: Expected::Outputs,
            referee: false,
            ties: Vec::new(),
        });
        for (path, _) in leaves(outputs) {
            let rule: &mut OutputRule = contract.outputs.entry(path).or_default();
            rule.tolerance.get_or_insert_with(|| Tolerance {
                absolute: ABSOLUTE.parse().expect("a decimal number"),
                relative: RELATIVE.parse().expect("a decimal number"),
                origin: ToleranceOrigin::Imported,
            });
        }
    }
    contract.referee = RefereeRecord::None { reason: "the outputs were imported, not computed".to_owned() };
    contract.honesty = vec![HonestyCheck {
        id: "imported".to_owned(),
        passed: true,
        seen: "nothing was executed: inputs and outputs come from a published suite".to_owned(),
    }];
    let notes = vec!["nothing was executed; bits are not promised, only the imported tolerance".to_owned()];
    finish(options, draft, contract, None, Assurance::Outputs, notes)
}
