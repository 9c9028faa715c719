//! The model card.

use serde_json::{Map, Value, json};

use super::component::{dataset_reference, list, text};
use super::{Approach, Model};

/// What is known of the model, in the members that a model card has.
pub(super) fn card(model: &Model) -> Value {
    let card = &model.card;
    let mut parameters = Map::new();
    if let Some(approach) = card.approach {
        let word = match approach {
            Approach::Supervised => "supervised",
            Approach::Unsupervised => "unsupervised",
            Approach::Reinforcement => "reinforcement-learning",
            Approach::SemiSupervised => "semi-supervised",
            Approach::SelfSupervised => "self-supervised",
        };
        parameters.insert("approach".to_owned(), json!({ "type": word }));
    }
    text(&mut parameters, "task", card.task.as_deref());
    text(&mut parameters, "architectureFamily", card.architecture_family.as_deref());
    text(&mut parameters, "modelArchitecture", card.architecture.as_deref());
    let references = (0..model.datasets.len()).map(|place| json!({ "ref": dataset_reference(place) }));
    list(&mut parameters, "datasets", references.collect());
    let formats = |texts: &[String]| texts.iter().map(|format| json!({ "format": format })).collect();
    list(&mut parameters, "inputs", formats(&card.inputs));
    list(&mut parameters, "outputs", formats(&card.outputs));

    let metrics = card.metrics.iter().map(|metric| {
        let mut made = json!({ "type": metric.kind, "value": metric.value });
        if let Some(slice) = &metric.slice {
            made["slice"] = slice.as_str().into();
        }
        made
    });
    let mut analysis = Map::new();
    list(&mut analysis, "performanceMetrics", metrics.collect());

    let texts = |texts: &[String]| texts.iter().map(|text| Value::from(text.as_str())).collect();
    let mut considerations = Map::new();
    list(&mut considerations, "useCases", texts(&card.use_cases));
    list(&mut considerations, "technicalLimitations", texts(&card.limitations));

    let mut made = Map::new();
    for (name, part) in [
        ("modelParameters", parameters),
        ("quantitativeAnalysis", analysis),
        ("considerations", considerations),
    ] {
        if !part.is_empty() {
            made.insert(name.to_owned(), part.into());
        }
    }
    made.into()
}
