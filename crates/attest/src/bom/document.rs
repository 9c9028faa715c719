//! The document as a whole.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Model, card, component};
use crate::Sha256;

/// The bill of materials: JSON with two spaces, a line feed at its end.
pub fn bom(model: &Model) -> Vec<u8> {
    let root = component::model_reference(model);
    // A lock may name a package twice, for two platforms; references must be unique.
    let packages: BTreeMap<&str, &super::Package> =
        model.packages.iter().map(|package| (package.purl.as_str(), package)).collect();
    let datasets = model.datasets.iter().enumerate().map(|(place, data)| component::dataset(place, data));
    let mut components: Vec<Value> = datasets.collect();
    components.extend(packages.values().map(|package| component::package(package)));

    let mut depends: Vec<String> = (0..model.datasets.len()).map(component::dataset_reference).collect();
    depends.extend(packages.keys().map(|purl| (*purl).to_owned()));
    let mut dependencies = vec![json!({ "ref": root, "dependsOn": depends })];
    dependencies.extend(depends.iter().map(|reference| json!({ "ref": reference })));

    let tool = json!({ "type": "application", "name": "reproof", "version": model.made_by });
    let mut metadata = json!({ "tools": { "components": [tool] } });
    if let Some(timestamp) = &model.timestamp {
        metadata["timestamp"] = timestamp.as_str().into();
    }
    metadata["component"] = component::model(model, card::card(model));

    let content = json!({
        "metadata": metadata,
        "components": components,
        "dependencies": dependencies,
    });
    let mut document = json!({
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": serial(content.to_string().as_bytes()),
        "version": 1,
    });
    for (name, value) in content.as_object().into_iter().flatten() {
        document[name] = value.clone();
    }
    let mut bytes = serde_json::to_vec_pretty(&document).expect("texts and lists have a JSON form");
    bytes.push(b'\n');
    bytes
}

/// A name of the form of a UUID (RFC 9562, version 8: of one's own making) from the content that it names.
fn serial(content: &[u8]) -> String {
    let digits = Sha256::of(content).to_string();
    let part = |from: usize, to: usize| digits.get(from..to).unwrap_or_default();
    format!("urn:uuid:{}-{}-8{}-a{}-{}", part(0, 8), part(8, 12), part(13, 16), part(17, 20), part(20, 32))
}
