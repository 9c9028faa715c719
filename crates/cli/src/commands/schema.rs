//! `schema`: the published JSON Schemas.

use anyhow::Result;
use clap::{Args, ValueEnum};
use reproof_contract::schema;

use crate::failure::Exit;
use crate::output;

#[derive(Args, Debug)]
pub(crate) struct Arguments {
    /// The document.
    document: Document,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Document {
    /// What an artifact promises: `contract.json`.
    Contract,
    /// What a verification found: `verify --json`.
    Report,
    /// Why outputs differ: `diagnose --json`.
    Diagnosis,
    /// Where an engine's errors are made: `diagnose --errors --json`.
    EngineErrors,
    /// What changed between two artifacts: `diff --json`.
    Diff,
    /// Which losses would be noticed when training resumes: `drill --resume --json`.
    Drill,
    /// Which mistakes a suite would catch: `drill --json`.
    FaultDrill,
    /// What would run or leak if an artifact were loaded: `scan --json`.
    Scan,
    /// What surrounds a model: `env show --json`, and `environment/recorded-in.json` of a contract.
    Environment,
    /// One artifact verified in several environments: `verify --env --json`.
    Matrix,
    /// One unit of work.
    Shard,
    /// What a training did after a checkpoint: `trajectory/trajectory.json` of a contract.
    Trajectory,
}

pub(crate) fn run(arguments: &Arguments) -> Result<Exit> {
    output::json(&match arguments.document {
        Document::Contract => schema::contract(),
        Document::Report => schema::report(),
        Document::Diagnosis => schema::diagnosis(),
        Document::EngineErrors => schema::engine_errors(),
        Document::Diff => schema::diff(),
        Document::Drill => schema::drill(),
        Document::FaultDrill => schema::fault_drill(),
        Document::Scan => schema::scan(),
        Document::Environment => schema::environment(),
        Document::Matrix => schema::matrix(),
        Document::Shard => schema::shard(),
        Document::Trajectory => schema::trajectory(),
    })?;
    Ok(Exit::Reached)
}
