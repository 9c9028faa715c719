//! Suites that stay with whoever recorded them.

use std::path::Path;

use reproof_contract::contract::{CaseOrigin, Contract, DataClass, Expected, RefereeRecord};

use super::{Allow, RecordError, RecordOptions};
use crate::cases::{Case, classify};
use crate::folder::Draft;

/// What stands in a contract in place of words that an engine may have made of private values.
const WITHHELD: &str = "(private)";

/// Refuses data that should not lie beside an artifact, unless the suite is private or the user allows it.
pub(super) fn check<'a>(
    options: &RecordOptions,
    cases: impl IntoIterator<Item = &'a Case>,
) -> Result<(), RecordError> {
    if options.is_private() || options.allows(Allow::PersonalData) {
        return Ok(());
    }
    for case in cases.into_iter().filter(|case| case.origin != CaseOrigin::Proposed) {
        let data = classify(&case.inputs);
        if data.class >= DataClass::Personal {
            return Err(RecordError::Delicate { case: case.name.clone(), found: data.found });
        }
    }
    Ok(())
}

/// A draft of a contract, whose values lie apart from the beginning where they are private.
pub(super) fn draft(options: &RecordOptions, place: &Path) -> Result<Draft, RecordError> {
    if !options.is_private() {
        return Ok(Draft::new(place, None)?);
    }
    Ok(Draft::new(place, Some(root(options)?))?)
}

/// Puts private values where they belong, and takes words out of the contract that engines may have made of them.
pub(super) fn withdraw(
    options: &RecordOptions,
    draft: &mut Draft,
    contract: &mut Contract,
) -> Result<(), RecordError> {
    contract.private = draft.withdraw(root(options)?)?;
    for golden in &mut contract.goldens {
        if let Expected::Refusal { message } = &mut golden.expected {
            WITHHELD.clone_into(message);
        }
    }
    if let RefereeRecord::None { reason } = &mut contract.referee
        && reason.starts_with("case ")
    {
        WITHHELD.clone_into(reason);
    }
    if let Some(frozen) = &mut contract.frozen {
        WITHHELD.clone_into(&mut frozen.statement);
    }
    Ok(())
}

fn root(options: &RecordOptions) -> Result<&Path, RecordError> {
    options.private_root.as_deref().ok_or(RecordError::NoPrivatePlace)
}
