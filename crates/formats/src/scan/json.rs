//! Settings in JSON that make a loader run code.

use serde_json::{Map, Value};

use super::policy::{self, Standing};
use super::session::Report;
use super::template;
use crate::Severity;

/// Packages whose layers Keras knows without any code of the user.
const KERAS: &[&str] =
    &["keras", "keras_core", "keras_cv", "keras_hub", "keras_nlp", "tensorflow", "tf_keras", "builtins"];

/// Modules of Keras whose functions belong into models.
const FUNCTIONS: &[&str] = &[
    "activations",
    "constraints",
    "initializers",
    "layers",
    "losses",
    "metrics",
    "nn",
    "ops",
    "regularizers",
];

/// What is found in a text that begins like JSON. A text that is none is no finding: Python writes `NaN`.
pub(super) fn inspect(text: &str) -> Vec<Report> {
    let mut reports = Vec::new();
    let Ok(root) = serde_json::from_str::<Value>(text) else {
        return unparsed(text);
    };
    let mut stack = vec![&root];
    while let Some(value) = stack.pop() {
        match value {
            Value::Object(entries) => {
                object(entries, &mut reports);
                stack.extend(entries.values());
            }
            Value::Array(items) => stack.extend(items),
            // Keras nests settings as text in text.
            Value::String(inner) if inner.starts_with('{') && inner.contains("class_name") => {
                if let Ok(Value::Object(entries)) = serde_json::from_str(inner) {
                    object(&entries, &mut reports);
                }
            }
            _ => {}
        }
    }
    reports
}

/// JSON that is none for a strict reader: the words alone.
fn unparsed(text: &str) -> Vec<Report> {
    let mut reports = Vec::new();
    if text.contains("\"auto_map\"") {
        reports.push(custom_code("its own modules"));
    }
    if text.contains("\"Lambda\"") && text.contains("\"class_name\"") {
        reports.push(lambda(Severity::Dangerous));
    }
    reports
}

fn custom_code(what: &str) -> Report {
    let message = format!(
        "names code beside the weights ({what}), which runs when it is loaded with `trust_remote_code`"
    );
    Report::new("hf.custom-code", Severity::Warning, message)
        .would("import modules that come with the weights")
}

fn lambda(severity: Severity) -> Report {
    let message = "a Lambda layer of Keras holds compiled Python code";
    Report::new("keras.lambda", severity, message).would("run the code of a Lambda layer")
}

fn object(entries: &Map<String, Value>, reports: &mut Vec<Report>) {
    let text = |key: &str| entries.get(key).and_then(Value::as_str);
    if let Some(map) = entries.get("auto_map").filter(|map| map.is_object() || map.is_string()) {
        let first = map.as_object().and_then(|map| map.values().next()).unwrap_or(map);
        reports.push(custom_code(first.as_str().unwrap_or("its own modules")));
    }
    if entries.get("custom_pipelines").is_some_and(Value::is_object) {
        reports.push(custom_code("custom_pipelines"));
    }
    if entries.get("trust_remote_code") == Some(&Value::Bool(true)) {
        let message = "asks to be loaded with `trust_remote_code`";
        reports.push(
            Report::new("hf.trust-remote-code", Severity::Warning, message)
                .would("import modules that come with the weights"),
        );
    }
    if let Some(chat) = entries.get("chat_template") {
        let found = match chat {
            Value::String(text) => template::suspicion(text),
            Value::Array(list) => list
                .iter()
                .filter_map(|entry| entry.get("template").and_then(Value::as_str))
                .find_map(template::suspicion),
            _ => None,
        };
        reports.extend(found.map(|what| {
            let message = format!("a chat template uses `{what}`, which leads out of the template");
            Report::new("template.escape", Severity::Dangerous, message).would("run code through a template")
        }));
    }
    if entries.contains_key("cells") && entries.contains_key("nbformat") {
        let message = "a notebook, whose code runs if somebody opens and runs it";
        reports.push(Report::new("file.notebook", Severity::Info, message).would("run, if opened and run"));
    }
    if let Some(map) = entries.get("weight_map").and_then(Value::as_object) {
        let outside =
            |name: &&str| name.starts_with(['/', '\\']) || name.split(['/', '\\']).any(|part| part == "..");
        if let Some(name) = map.values().filter_map(Value::as_str).find(outside) {
            let message = "an index names a file outside of its folder";
            reports.push(Report::new("index.path", Severity::Warning, message).would(format!("read {name}")));
        }
    }
    if let Some(class) = text("class_name") {
        keras(entries, class, reports);
    }
    // skops names classes like this.
    if let (Some(module), Some(class)) = (text("__module__"), text("__class__")) {
        named("skops.type", module, class, reports);
    }
}

/// An object of Keras: layers and functions by name, and code in Lambda layers.
fn keras(entries: &Map<String, Value>, class: &str, reports: &mut Vec<Report>) {
    if class == "__lambda__" {
        reports.push(lambda(Severity::Dangerous));
        return;
    }
    if class == "Lambda" {
        let function = entries.get("config").and_then(|config| config.get("function"));
        // A function by name is looked up; code is a list or an object.
        let coded = function.is_some_and(|function| {
            function.is_array() || function.get("class_name").and_then(Value::as_str) == Some("__lambda__")
        });
        reports.push(lambda(if coded { Severity::Dangerous } else { Severity::Warning }));
        return;
    }
    let Some(module) = entries.get("module").and_then(Value::as_str) else { return };
    let root = module.split('.').next().unwrap_or_default();
    let known = KERAS.contains(&root);
    // A function has its own name in `config`.
    let name = match entries.get("config") {
        Some(Value::String(name)) if class == "function" => name.as_str(),
        _ => class,
    };
    let part = module.rsplit('.').next().unwrap_or_default();
    if root == "builtins" {
        // Keras writes the user's own functions like this; what Python has under that name is meant by others.
        if policy::is_dangerous_attribute(name) || matches!(name, "open" | "input" | "breakpoint" | "vars") {
            named("keras.custom-object", module, name, reports);
        }
    } else if !known || class == "function" && !FUNCTIONS.contains(&part) {
        named("keras.custom-object", module, name, reports);
    }
}

/// Something that a loader imports by name.
fn named(id: &'static str, module: &str, name: &str, reports: &mut Vec<Report>) {
    let (severity, why) = match policy::standing(module, name) {
        Standing::Data | Standing::Familiar => return,
        Standing::Dangerous(why) => (Severity::Dangerous, why),
        _ => (Severity::Warning, "the loader would import it by its name"),
    };
    let report = Report::new(id, severity, why);
    reports.push(report.would(format!("import {module}.{name}")));
}
