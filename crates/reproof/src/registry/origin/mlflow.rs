//! Models that MLflow saved: the file `MLmodel` names the run, the flavours and the signature.

use std::path::Path;

use reproof_registry::Relation;

use super::{Origin, yaml};
use crate::registry::RegistryError;

/// Reads the model in a folder.
pub(super) fn read(folder: &Path) -> Result<Option<Origin>, RegistryError> {
    let path = folder.join("MLmodel");
    if !path.is_file() {
        return Ok(None);
    }
    let document = yaml::read(&path)?;
    let text = |key: &str| document[key].as_str();
    let mut origin = Origin::new("mlflow", folder);
    let flavors = document["flavors"].as_object();
    let flavors: Vec<&str> = flavors.into_iter().flatten().map(|(name, _)| name.as_str()).collect();
    origin.tag("flavors", Some(&flavors.join(" ")));
    origin.tag("model_id", text("model_id"));
    origin.tag("model_uuid", text("model_uuid"));
    origin.tag("version", text("mlflow_version"));
    origin.tag("created", text("utc_time_created"));
    // A model that was saved outside a run says so with an empty text or with `null`.
    if let Some(run) = text("run_id").filter(|run| !run.is_empty() && *run != "null") {
        origin.tag("run_id", Some(run));
        origin.comes(Relation::TrainedFrom, format!("mlflow-run:{run}"));
    }
    Ok(Some(origin))
}
