//! Suites that stay with whoever recorded them.

use reproof_contract::contract::{CaseOrigin, Contract, DataClass, Expected};

use super::{Allow, RecordError, RecordOptions};
use crate::cases::classify;
use crate::folder::{Draft, private_root};

/// What stands in a contract in place of words that an engine may have made of private values.
const WITHHELD: &str = "(private)";

/// Refuses data that should not lie beside an artifact, unless the suite is private or the user allows it.
pub(super) fn check(options: &RecordOptions) -> Result<(), RecordError> {
    if options.private || options.allows(Allow::PersonalData) {
        return Ok(());
    }
    for case in options.cases.iter().filter(|case| case.origin == CaseOrigin::User) {
        let data = classify(&case.inputs);
        if data.class >= DataClass::Personal {
            return Err(RecordError::Delicate { case: case.name.clone(), found: data.found });
        }
    }
    Ok(())
}

/// Takes inputs and goldens out of the draft and puts them where private values lie.
pub(super) fn withdraw(draft: &Draft, contract: &mut Contract) -> Result<(), RecordError> {
    for golden in &mut contract.goldens {
        if let Expected::Refusal { message } = &mut golden.expected {
            WITHHELD.clone_into(message);
        }
    }
    if let Some(frozen) = &mut contract.frozen {
        WITHHELD.clone_into(&mut frozen.statement);
    }
    let root = private_root().ok_or(RecordError::NoPrivatePlace)?;
    contract.private = Some(draft.withdraw(&root)?);
    Ok(())
}
