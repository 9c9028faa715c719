//! Components: the model with its files, data, packages, ancestors.

use serde_json::{Map, Value, json};

use super::{Ancestor, Dataset, Licence, Model, Package, Reference, ReferenceKind};
use crate::Sha256;

/// How the document refers to the model.
pub(super) fn model_reference(model: &Model) -> String {
    format!("model:{}", model.artifact)
}

/// How the document refers to a data set.
pub(super) fn dataset_reference(place: usize) -> String {
    format!("dataset:{}", place + 1)
}

/// The model, with its files inside and `card` as its model card.
pub(super) fn model(model: &Model, card: Value) -> Value {
    let mut made = named("machine-learning-model", &model.name, model.version.as_deref());
    made.insert("bom-ref".to_owned(), model_reference(model).into());
    text(&mut made, "description", model.description.as_deref());
    let mut files: Vec<_> = model.files.iter().collect();
    files.sort_by(|a, b| a.path.cmp(&b.path));
    if let [file] = files.as_slice()
        && file.path.is_empty()
    {
        made.insert("hashes".to_owned(), hashes(&file.sha256));
        files.clear();
    }
    list(&mut made, "licenses", licences(&model.licences));
    let ancestors: Vec<Value> = model.ancestors.iter().map(ancestor).collect();
    if !ancestors.is_empty() {
        made.insert("pedigree".to_owned(), json!({ "ancestors": ancestors }));
    }
    list(&mut made, "externalReferences", model.references.iter().map(reference).collect());
    let digests = std::iter::once(("reproof:artifact-digest".to_owned(), model.artifact.to_string()));
    let digests = digests.chain(model.digests.iter().map(|digest| {
        let name = digest.kind().name();
        let plain = name.rsplit_once("-v").map_or(name, |(plain, _)| plain);
        (format!("reproof:{plain}-digest"), digest.to_string())
    }));
    list(&mut made, "properties", properties(digests.chain(model.properties.iter().cloned())));
    let files = files.iter().map(|file| {
        // The main file of an artifact that refers to others has no path: it has the model's name.
        let name = if file.path.is_empty() { &model.name } else { &file.path };
        let mut made = named("file", name, None);
        made.insert("bom-ref".to_owned(), format!("file:{}", file.path).into());
        made.insert("hashes".to_owned(), hashes(&file.sha256));
        list(&mut made, "properties", properties([("reproof:size".to_owned(), file.size.to_string())]));
        made.into()
    });
    list(&mut made, "components", files.collect());
    made.insert("modelCard".to_owned(), card);
    made.into()
}

/// A data set. `componentData` has no hashes, so that they stand on the component around it.
pub(super) fn dataset(place: usize, dataset: &Dataset) -> Value {
    let mut made = named("data", &dataset.name, dataset.version.as_deref());
    made.insert("bom-ref".to_owned(), dataset_reference(place).into());
    text(&mut made, "description", dataset.description.as_deref());
    if let Some(sha256) = &dataset.sha256 {
        made.insert("hashes".to_owned(), hashes(sha256));
    }
    let mut data = Map::new();
    data.insert("type".to_owned(), "dataset".into());
    data.insert("name".to_owned(), dataset.name.clone().into());
    if let Some(url) = &dataset.url {
        data.insert("contents".to_owned(), json!({ "url": url }));
    }
    text(&mut data, "classification", dataset.classification.as_deref());
    made.insert("data".to_owned(), json!([data]));
    made.into()
}

/// A package of the lock.
pub(super) fn package(package: &Package) -> Value {
    let mut made = named("library", &package.name, Some(&package.version));
    made.insert("bom-ref".to_owned(), package.purl.clone().into());
    if let Some(sha256) = &package.sha256 {
        made.insert("hashes".to_owned(), hashes(sha256));
    }
    list(&mut made, "licenses", licences(&package.licences));
    made.insert("purl".to_owned(), package.purl.clone().into());
    made.into()
}

fn ancestor(ancestor: &Ancestor) -> Value {
    let mut made = named("machine-learning-model", &ancestor.name, ancestor.version.as_deref());
    if let Some(sha256) = &ancestor.sha256 {
        made.insert("hashes".to_owned(), hashes(sha256));
    }
    text(&mut made, "purl", ancestor.purl.as_deref());
    let digest = ancestor.artifact.map(|digest| ("reproof:artifact-digest".to_owned(), digest.to_string()));
    list(&mut made, "properties", properties(digest));
    made.into()
}

fn reference(reference: &Reference) -> Value {
    let kind = match reference.kind {
        ReferenceKind::Attestation => "attestation",
        ReferenceKind::DigitalSignature => "digital-signature",
        ReferenceKind::Evidence => "evidence",
        ReferenceKind::ModelCard => "model-card",
        ReferenceKind::StaticAnalysis => "static-analysis-report",
        ReferenceKind::DynamicAnalysis => "dynamic-analysis-report",
        ReferenceKind::Distribution => "distribution",
    };
    let mut made = json!({ "type": kind, "url": reference.url });
    if let Some(sha256) = &reference.sha256 {
        made["hashes"] = hashes(sha256);
    }
    made
}

/// One expression stands alone; of several licences each is named, as the schema allows no second expression.
fn licences(licences: &[Licence]) -> Vec<Value> {
    match licences {
        [Licence::Expression(expression)] => vec![json!({ "expression": expression })],
        several => several
            .iter()
            .map(|licence| {
                let (Licence::Expression(name) | Licence::Name(name)) = licence;
                json!({ "license": { "name": name } })
            })
            .collect(),
    }
}

fn properties(pairs: impl IntoIterator<Item = (String, String)>) -> Vec<Value> {
    pairs.into_iter().map(|(name, value)| json!({ "name": name, "value": value })).collect()
}

fn hashes(sha256: &Sha256) -> Value {
    json!([{ "alg": "SHA-256", "content": sha256.to_string() }])
}

fn named(kind: &str, name: &str, version: Option<&str>) -> Map<String, Value> {
    let mut made = Map::new();
    made.insert("type".to_owned(), kind.into());
    made.insert("name".to_owned(), name.into());
    text(&mut made, "version", version);
    made
}

/// Adds a text where there is one.
pub(super) fn text(to: &mut Map<String, Value>, name: &str, value: Option<&str>) {
    if let Some(value) = value {
        to.insert(name.to_owned(), value.into());
    }
}

/// Adds a list where it has entries.
pub(super) fn list(to: &mut Map<String, Value>, name: &str, values: Vec<Value>) {
    if !values.is_empty() {
        to.insert(name.to_owned(), values.into());
    }
}
