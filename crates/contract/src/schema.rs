//! The published JSON Schemas, generated from the types.

use schemars::{JsonSchema, Schema, generate::SchemaSettings};

use crate::{Contract, Diagnosis, Diff, Drill, EngineErrors, FaultDrill, Report, Scan, Trajectory, plan};

/// The JSON Schema (draft 2020-12) of [`Contract`].
pub fn contract() -> Schema {
    of::<Contract>("reproof.contract/v1")
}

/// The JSON Schema (draft 2020-12) of [`Report`].
pub fn report() -> Schema {
    of::<Report>("reproof.report/v0")
}

/// The JSON Schema (draft 2020-12) of [`EngineErrors`].
pub fn engine_errors() -> Schema {
    of::<EngineErrors>("reproof.engine-errors/v0")
}

/// The JSON Schema (draft 2020-12) of [`Diagnosis`].
pub fn diagnosis() -> Schema {
    of::<Diagnosis>("reproof.diagnosis/v0")
}

/// The JSON Schema (draft 2020-12) of [`Diff`].
pub fn diff() -> Schema {
    of::<Diff>("reproof.diff/v0")
}

/// The JSON Schema (draft 2020-12) of [`Drill`].
pub fn drill() -> Schema {
    of::<Drill>("reproof.drill/v0")
}

/// The JSON Schema (draft 2020-12) of [`FaultDrill`].
pub fn fault_drill() -> Schema {
    of::<FaultDrill>("reproof.fault-drill/v0")
}

/// The JSON Schema (draft 2020-12) of [`Scan`].
pub fn scan() -> Schema {
    of::<Scan>("reproof.scan/v0")
}

/// The JSON Schema (draft 2020-12) of several verifications, [`Matrix`](crate::report::Matrix).
pub fn matrix() -> Schema {
    of::<crate::report::Matrix>("reproof.matrix/v0")
}

/// The JSON Schema (draft 2020-12) of an environment, [`Document`](crate::environment::Document).
pub fn environment() -> Schema {
    of::<crate::environment::Document>("reproof.environment/v0")
}

/// The JSON Schema (draft 2020-12) of one unit of work, [`plan::Unit`].
pub fn shard() -> Schema {
    of::<plan::Unit>("reproof.plan/v0")
}

/// The JSON Schema (draft 2020-12) of [`Trajectory`].
pub fn trajectory() -> Schema {
    of::<Trajectory>("reproof.trajectory/v0")
}

fn of<T: JsonSchema>(title: &str) -> Schema {
    let mut schema = SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<T>();
    schema.insert("title".to_owned(), title.into());
    schema
}
