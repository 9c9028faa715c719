//! How fast a large registry answers, and what it weighs: `million URL VERSIONS RESULTS`. With `filled` at the end it asks the
//! one that an earlier run filled.
//!
//! Fills an empty registry with models of 100 versions each, results spread over them and an alias that moved often, and
//! prints how long the questions take that are asked most. Run it on both databases with the same numbers.

use std::io::Write as _;
use std::time::{Duration, Instant};

use reproof_digest::{Digest, Kind, blob};
use reproof_registry::{
    At, By, Error, EvidenceKind, MoveAlias, NewApproval, NewEvidence, NewModel, NewVersion, PageRequest,
    Registry,
};

/// Versions of each model.
const VERSIONS_PER_MODEL: u64 = 100;

/// Findings in one batch.
const BATCH: u64 = 100_000;

/// Moves of the alias whose history is asked for.
const MOVES: u64 = 300;

/// How often each question is asked.
const QUESTIONS: u64 = 2000;

const ENVIRONMENTS: [&str; 4] = ["cpu-x86_64", "cpu-aarch64", "cuda-sm80", "cuda-sm90"];

fn digest(kind: Kind, number: u64) -> Digest {
    Digest::new(kind, *blob(&[kind.name().as_bytes(), &number.to_le_bytes()].concat()).as_bytes())
}

fn by(number: u64) -> By<'static> {
    By { who: "importer", at: At::from_seconds(1_700_000_000 + number).unwrap_or_default() }
}

fn model_name(model: u64) -> String {
    format!("team-{}/model-{model}", model % 97)
}

fn version_name(number: u64) -> String {
    format!("1.{number}.0")
}

fn versions(registry: &Registry, count: u64) -> Result<(), Error> {
    for model in 0..count.div_ceil(VERSIONS_PER_MODEL) {
        let name = model_name(model);
        registry.create_model(
            by(model),
            &NewModel { name: &name, owner: "team", description: "A model.", classification: "internal" },
        )?;
        let numbers = 0..VERSIONS_PER_MODEL.min(count - model * VERSIONS_PER_MODEL);
        let texts: Vec<String> = numbers.clone().map(version_name).collect();
        let new: Vec<_> = numbers
            .zip(&texts)
            .map(|(number, version)| {
                let id = model * VERSIONS_PER_MODEL + number;
                NewVersion {
                    model: &name,
                    version,
                    artifact: digest(Kind::Artifact, id),
                    manifest: digest(Kind::Blob, id),
                    weights: digest(Kind::Weights, id),
                    contract: Some(digest(Kind::Contract, id)),
                    size: id,
                    upload: None,
                }
            })
            .collect();
        registry.add_versions(by(model), &new)?;
    }
    Ok(())
}

fn results(registry: &Registry, versions: u64, count: u64) -> Result<(), Error> {
    for batch in 0..count.div_ceil(BATCH) {
        let findings: Vec<_> = (batch * BATCH..count.min((batch + 1) * BATCH))
            .map(|number| NewEvidence {
                // Results of one version arrive together, as a fleet verifies version after version.
                artifact: digest(Kind::Artifact, number * versions / count),
                kind: EvidenceKind::Verification,
                environment: ENVIRONMENTS[number as usize % ENVIRONMENTS.len()],
                verdict: if number % 50 == 0 { "drifted" } else { "identical" },
                assurance: "outputs",
                statement: digest(Kind::Blob, number),
                who: "runner",
                at: by(number).at,
                key_hint: "key-1",
            })
            .collect();
        registry.add_evidence(by(batch), &findings)?;
    }
    Ok(())
}

/// What a gate finds on the first model.
fn governance(registry: &Registry) -> Result<(), Error> {
    let model = model_name(0);
    let mut expected: Option<String> = None;
    for number in 0..MOVES {
        let request = MoveAlias {
            model: &model,
            alias: "production",
            expected: expected.as_deref(),
            reason: "next",
            evidence: &[],
            as_of: None,
        };
        let version = version_name(number % 10);
        registry.set_alias(by(number), &request, &version)?;
        expected = Some(version);
    }
    for role in ["release", "risk"] {
        let approval = NewApproval {
            model: &model,
            version: "1.0.0",
            artifact: digest(Kind::Artifact, 0),
            role,
            approved: true,
            reason: "looked at it",
            evidence: &[],
        };
        registry.decide(by(MOVES), &approval)?;
    }
    registry.set_gate(by(MOVES), "*", "production", Some("require = true"), 0)?;
    Ok(())
}

/// Asks a question often and prints the time that half and nearly all of the answers took.
fn measure(name: &str, mut question: impl FnMut(u64) -> Result<(), Error>) -> Result<(), Error> {
    let mut times = Vec::new();
    for number in 0..QUESTIONS {
        let start = Instant::now();
        // Spread over the registry by a multiplier without common divisors.
        question(number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 1)?;
        times.push(start.elapsed());
    }
    times.sort_unstable();
    let at = |part: f64| times[((times.len() - 1) as f64 * part) as usize].as_secs_f64() * 1e3;
    tell(&format!("{name:<16} p50 {:7.3} ms   p99 {:7.3} ms   worst {:7.3} ms", at(0.5), at(0.99), at(1.0)));
    Ok(())
}

fn tell(line: &str) {
    // A report that nobody reads any more is no failure.
    let _ = writeln!(std::io::stdout(), "{line}");
}

fn rate(what: &str, count: u64, took: Duration, bytes: u64) {
    let per_second = count as f64 / took.as_secs_f64();
    let per_row = bytes as f64 / count.max(1) as f64;
    tell(&format!(
        "{count} {what} in {:.1} s: {per_second:.0} per second, {per_row:.0} bytes each with indexes and log",
        took.as_secs_f64()
    ));
}

/// Makes the registry that is asked.
fn fill(url: &str, count: u64, findings: u64) -> Result<Registry, Error> {
    let registry = Registry::create(url)?;
    let empty = registry.size()?;
    let start = Instant::now();
    versions(&registry, count)?;
    let with_versions = registry.size()?;
    rate("versions", count, start.elapsed(), with_versions - empty);
    let start = Instant::now();
    results(&registry, count, findings)?;
    rate("results", findings, start.elapsed(), registry.size()? - with_versions);
    governance(&registry)?;
    Ok(registry)
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (url, count, findings, filled) = match arguments.as_slice() {
        [url, count, findings] => (url, count, findings, false),
        [url, count, findings, word] if word == "filled" => (url, count, findings, true),
        _ => return Err("usage: million URL VERSIONS RESULTS [filled]".into()),
    };
    let (count, findings): (u64, u64) = (count.parse()?, findings.parse()?);
    let registry = if filled { Registry::open(url)? } else { fill(url, count, findings)? };
    let place = |number: u64| {
        let id = number % count;
        (model_name(id / VERSIONS_PER_MODEL), version_name(id % VERSIONS_PER_MODEL))
    };
    measure("show", |number| {
        let (model, version) = place(number);
        registry.show(&model, &version).map(|_| ())
    })?;
    measure("list page", |number| registry.versions(&place(number).0, &PageRequest::first(50)).map(|_| ()))?;
    let mut request = PageRequest::first(50);
    measure("walk models", |_| {
        let page = registry.models("", &request)?;
        request = request.next(&page).unwrap_or(PageRequest::first(50));
        Ok(())
    })?;
    measure("alias history", |_| {
        registry.alias_history(&model_name(0), "production", &PageRequest::first(50)).map(|_| ())
    })?;
    measure("alias on a day", |number| {
        let at = by(number % MOVES).at;
        registry.alias_at(&model_name(0), "production", at).map(|_| ())
    })?;
    measure("gate facts", |number| {
        let (model, version) = place(number);
        registry.gate_facts(&model, &version, "production").map(|_| ())
    })?;
    measure("log page", |number| registry.log_since(number % count, 100).map(|_| ()))?;
    let start = Instant::now();
    let size = registry.log_size()?;
    registry.log_root(size)?;
    tell(&format!("root of {size} log entries in {:.2} s", start.elapsed().as_secs_f64()));
    let start = Instant::now();
    let found = registry.contradictions()?;
    let words = if found.told.is_empty() { "nothing differs" } else { "something differs" };
    tell(&format!("all tables compared with the log in {:.1} s: {words}", start.elapsed().as_secs_f64()));
    Ok(())
}
