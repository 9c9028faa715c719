//! Contracts: the canonical bytes of what is accepted are accepted, and canonical.
#![no_main]

use libfuzzer_sys::fuzz_target;
use reproof_contract::{Contract, canonical};

fuzz_target!(|bytes: &[u8]| {
    let Ok(contract) = serde_json::from_slice::<Contract>(bytes) else { return };
    let Ok(first) = canonical::bytes(&contract) else { return };
    let again: Contract = serde_json::from_slice(&first).expect("canonical bytes are a contract");
    assert_eq!(canonical::bytes(&again).expect("it was canonical before"), first);
    assert_eq!(again.digest().ok(), contract.digest().ok());
});
