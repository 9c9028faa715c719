//! The command line from the outside: the real binary on real models.
//!
//! One program, one file per topic: a test file is a module here, or it does not run at all.
#![allow(missing_docs, clippy::unwrap_used)]

mod abandoned;
mod adapters;
mod attacks;
mod bad_contracts;
mod bad_models;
mod benign;
mod causes;
mod checkpoints;
mod comparing;
mod contract_versions;
mod diagnose;
mod diff;
mod digests;
mod documents;
mod drill;
mod env;
mod examples;
mod fixtures;
mod guides;
mod honesty;
mod hostile;
mod imports;
mod interrupted;
mod keeping;
mod kernels;
mod killed;
mod killed_shared;
mod ladder_local_damage;
mod limits;
mod logs;
mod losses;
mod matrix;
mod options;
mod origins;
mod packages;
mod planted;
mod private;
mod python;
mod python_inputs;
mod record_verify;
mod referee;
mod registry;
mod resume;
mod scan;
mod signing;
mod usage;

#[test]
fn no_test_file_is_forgotten() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let runner = include_str!("runner.rs");
    let files = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path());
    let modules = files.filter(|path| path.extension().is_some_and(|extension| extension == "rs"));
    let forgotten: Vec<String> = modules
        .map(|path| path.file_stem().unwrap().to_string_lossy().into_owned())
        .filter(|name| name != "runner" && !runner.contains(&format!("\nmod {name};\n")))
        .collect();
    assert!(forgotten.is_empty(), "no `mod` in {}/runner.rs for {}", folder.display(), forgotten.join(", "));
}
