//! Records as JSON: the same members wherever the same thing is shown.

use reproof::registry::records::{
    Alias, AliasEvent, Approval, Evidence, Flag, Hold, Lineage, LogEntry, Model, Note, Stamp, Tag, Version,
};
use serde_json::{Value, json};

fn stamp(stamp: &Stamp) -> Value {
    json!({ "sequence": stamp.sequence, "who": stamp.who, "at": stamp.at.to_string() })
}

pub(super) fn model(model: &Model) -> Value {
    json!({
        "name": model.name,
        "owner": model.owner,
        "description": model.description,
        "classification": model.classification,
        "created": stamp(&model.created),
    })
}

pub(super) fn version(version: &Version) -> Value {
    json!({
        "model": version.model,
        "version": version.number,
        "artifact_digest": version.artifact,
        "weights_digest": version.weights,
        "contract_digest": version.contract,
        "manifest_digest": version.manifest,
        "size": version.size,
        "state": version.state.name(),
        "since": stamp(&version.since),
        "submitted": stamp(&version.submitted),
    })
}

pub(super) fn alias(alias: &Alias) -> Value {
    json!({ "alias": alias.name, "version": alias.version, "since": stamp(&alias.since) })
}

pub(super) fn event(event: &AliasEvent) -> Value {
    json!({
        "act": event.kind.name(),
        "version": event.version,
        "previous": event.previous,
        "reason": event.reason,
        "moved": stamp(&event.moved),
    })
}

pub(super) fn approval(approval: &Approval) -> Value {
    json!({
        "id": approval.id,
        "role": approval.role,
        "decision": approval.decision.name(),
        "in_force": approval.in_force,
        "reason": approval.reason,
        "decided": stamp(&approval.decided),
    })
}

pub(super) fn evidence(evidence: &Evidence) -> Value {
    json!({
        "kind": evidence.kind.name(),
        "environment": evidence.environment,
        "verdict": evidence.verdict,
        "assurance": evidence.assurance,
        "statement": evidence.statement,
        "who": evidence.who,
        "at": evidence.at.to_string(),
        "key_hint": evidence.key_hint,
    })
}

pub(super) fn flag(flag: &Flag) -> Value {
    json!({ "id": flag.id, "reason": flag.reason, "raised": stamp(&flag.raised), "cleared": flag.cleared.as_ref().map(stamp) })
}

pub(super) fn hold(hold: &Hold) -> Value {
    json!({ "id": hold.id, "version": hold.version, "reason": hold.reason, "laid": stamp(&hold.laid) })
}

pub(super) fn tag((key, value): &Tag) -> Value {
    json!({ "key": key, "value": value })
}

pub(super) fn note(note: &Note) -> Value {
    json!({ "text": note.text, "written": stamp(&note.written) })
}

pub(super) fn lineage(lineage: &Lineage) -> Value {
    json!({
        "version": lineage.version,
        "relation": lineage.relation.name(),
        "target": lineage.target,
        "target_version": lineage.target_version,
    })
}

pub(super) fn entry(entry: &LogEntry) -> Value {
    // The leaf is the canonical document that the log is made of.
    let leaf: Value = serde_json::from_slice(&entry.leaf).unwrap_or_default();
    json!({ "sequence": entry.sequence, "at": entry.at.to_string(), "who": entry.who, "act": entry.act, "entry": leaf })
}
