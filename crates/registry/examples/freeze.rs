//! Makes the example registry of this schema version: `freeze PATH`, once per version. What it makes is kept in
//! `tests/frozen` and must open for ever, so it holds a row of every kind that has no secret.

use std::io::Write as _;

use reproof_digest::{Digest, Kind, blob};
use reproof_registry::{
    At, By, Error, EvidenceKind, MoveAlias, NewApproval, NewEvidence, NewModel, NewVersion, PrincipalKind,
    Registry, Relation, Retained, Target,
};

/// The digest that the tests expect for version 1.0.0.
fn digest(kind: Kind) -> Digest {
    Digest::new(kind, *blob(format!("{kind} 1").as_bytes()).as_bytes())
}

fn fill(registry: &Registry) -> Result<(), Error> {
    let by = By { who: "anna", at: At::from_seconds(1_700_000_000).unwrap_or_default() };
    let (model, version) = ("team/model", "1.0.0");
    registry.create_model(
        by,
        &NewModel { name: model, owner: "team", description: "A model.", classification: "internal" },
    )?;
    registry.add_version(
        by,
        &NewVersion {
            model,
            version,
            artifact: digest(Kind::Artifact),
            manifest: digest(Kind::Blob),
            weights: digest(Kind::Weights),
            contract: Some(digest(Kind::Contract)),
            size: 1001,
            upload: None,
        },
    )?;
    registry.add_evidence(
        by,
        &[NewEvidence {
            artifact: digest(Kind::Artifact),
            kind: EvidenceKind::Verification,
            environment: "cpu-x86_64",
            verdict: "identical",
            assurance: "outputs",
            statement: digest(Kind::Blob),
            who: "runner-1",
            at: by.at,
            key_hint: "key-1",
        }],
    )?;
    let move_alias = MoveAlias {
        model,
        alias: "production",
        expected: None,
        reason: "it is good",
        evidence: &[],
        as_of: None,
    };
    registry.set_alias(by, &move_alias, version)?;
    registry.set_tag(by, model, version, "metric", Some("0.92"))?;
    registry.add_note(by, model, version, "Looked at it.")?;
    registry.raise_flag(by, model, version, "slow")?;
    registry.add_lineage(
        by,
        model,
        version,
        Relation::TrainedFrom,
        Target::Other("https://data.example/7"),
    )?;
    registry.decide(
        by,
        &NewApproval {
            model,
            version,
            artifact: digest(Kind::Artifact),
            role: "release",
            approved: true,
            reason: "looked at it",
            evidence: &[],
        },
    )?;
    registry.lay_hold(by, model, None, "case 7")?;
    registry.set_gate(by, "team/*", "production", Some("rules"), 0)?;
    registry.set_retention(by, Retained::Alias, "production", Some(86_400))?;
    registry.add_principal(by, "anna", PrincipalKind::Person)?;
    registry.add_principal(by, "reviewers", PrincipalKind::Group)?;
    registry.set_member(by, "reviewers", "anna", true)?;
    registry.grant(by, "reviewers", "approver", "*", None)?;
    registry.set_published(10, "example\n10\nroot\n", by.at)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let url = std::env::args().nth(1).ok_or("usage: freeze URL")?;
    let registry = Registry::create(&url)?;
    fill(&registry)?;
    for byte in registry.log_root(10)? {
        write!(std::io::stdout(), "{byte:02x}")?;
    }
    writeln!(std::io::stdout())?;
    Ok(())
}
