//! Makes the contract of an artifact.
//!
//! Recording is honest: the model first proves that it deserves a golden (fresh loads, repeated forwards, finite and
//! varied outputs). Then it is run under harmless changes for the envelope and in float64 for the referee, and all of
//! it is put in place at once.

mod batch;
mod canonical;
mod envelope;
mod error;
mod explain;
mod freeze;
mod goldens;
mod honesty;
mod imported;
mod interface;
mod keep;
mod live;
mod options;
mod private;
mod proposing;
mod referee;
mod rules;
mod run;
mod surroundings;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use reproof_contract::contract::{
    CaseOrigin, CaseRecord, Contract, ContractSchema, Expected, Golden, Interface, LoadingRecord, Previous,
    RefereeRecord,
};
use reproof_contract::environment::Document;
use reproof_contract::plan::Purpose;
use reproof_contract::run::{Precision, RunSpec, Taps};
use reproof_contract::{Assurance, CaseClass};
use reproof_digest::Digest;
use reproof_formats::Format;
use reproof_progress::{Progress, Unit};

use self::batch::Alone;
use crate::artifact::{Artifact, identify};
use crate::cases::{Case, classify};
use crate::execution::{PYTHON, REFEREE, Runners};
use crate::folder::{self, Draft, StoredContract, case_folder};

pub use error::RecordError;
pub(crate) use explain::explain;
pub(crate) use freeze::graph_outputs;
pub use imported::record_imported;
pub use options::{Allow, RecordOptions, UserRule};
pub use proposing::record_proposing;
pub use reproof_runner::GraphChoice;
pub(crate) use run::{Completed, Sweep, specification};

/// What recording made.
#[derive(Debug)]
pub struct Recorded {
    /// The contract's folder.
    pub folder: PathBuf,
    /// The contract.
    pub contract: Contract,
    /// Its digest.
    pub digest: Digest,
    /// How far a verdict over it can reach.
    pub assurance: Assurance,
    /// What the user should know: cases left out, perturbations that did not run.
    pub notes: Vec<String>,
}

/// Records an artifact.
pub fn record(
    path: &Path,
    options: &RecordOptions,
    runners: &Runners,
    progress: &dyn Progress,
) -> Result<Recorded, RecordError> {
    let place = options.folder.clone().unwrap_or_else(|| folder::beside(path));
    if place.join(folder::CONTRACT_FILE).exists() {
        return Err(RecordError::Exists { folder: place });
    }
    make(path, &place, options, runners, None, progress)
}

/// Makes the next contract of an artifact: recorded anew with the same cases, the one before kept in `history/`.
pub fn accept(
    path: &Path,
    before: &StoredContract,
    reason: &str,
    accepted_by: &str,
    options: &RecordOptions,
    runners: &Runners,
    progress: &dyn Progress,
) -> Result<Recorded, RecordError> {
    let previous =
        Previous { digest: before.digest, accepted_by: accepted_by.to_owned(), reason: reason.to_owned() };
    make(path, &before.folder, options, runners, Some((before, previous)), progress)
}

fn make(
    path: &Path,
    place: &Path,
    options: &RecordOptions,
    runners: &Runners,
    before: Option<(&StoredContract, Previous)>,
    progress: &dyn Progress,
) -> Result<Recorded, RecordError> {
    let runs_anything = options.runner == PYTHON;
    let takes_anything = runs_anything || options.bytes_only;
    let artifact = if takes_anything { Artifact::open_any(path) } else { Artifact::open(path) }?;
    if let Some(error) = options.freeze.and_then(|_| freeze::of_nothing(&artifact, options)) {
        return Err(error);
    }
    let identity = identify(&artifact, progress)?;
    let draft = private::draft(options, place)?;
    let mut contract = blank(&artifact, identity, options);
    let mut notes = options.notes.clone();
    let mut assurance = Assurance::Bytes;
    if options.bytes_only {
        if notes.is_empty() {
            notes.push("bytes and weights alone were asked for: the contract covers no outputs".to_owned());
        }
    } else if artifact.description.format == Format::Onnx || runs_anything {
        assurance = Assurance::Outputs;
        execute(&artifact, options, runners, &draft, &mut contract, &mut notes, progress)?;
    } else {
        notes.push(format!(
            "{} is read, not run: the contract covers bytes and weights, not outputs; name what runs it with --python",
            artifact.description.format.as_str()
        ));
    }
    finish(options, draft, contract, before, assurance, notes)
}

/// Copies context files, keeps history, writes the document and puts the folder in place.
fn finish(
    options: &RecordOptions,
    mut draft: Draft,
    mut contract: Contract,
    before: Option<(&StoredContract, Previous)>,
    assurance: Assurance,
    notes: Vec<String>,
) -> Result<Recorded, RecordError> {
    for file in &options.context_files {
        let name = file.file_name().ok_or_else(|| RecordError::ContextFile { path: file.clone() })?;
        let relative = Path::new("context").join(name);
        if draft.path().join(&relative).exists() {
            return Err(RecordError::ContextTwice { name: name.to_string_lossy().into_owned() });
        }
        draft.copy(file, &relative)?;
        contract
            .context
            .preprocessing
            .push(relative.iter().skip(1).map(|part| part.to_string_lossy()).collect());
    }
    if let Some(environment) = &options.saved_in {
        let document = Document { environment: environment.clone(), ..Document::default() };
        draft.json(Path::new("environment/saved-in.json"), &document)?;
    }
    let replaced = before.as_ref().map(|(before, _)| before.digest);
    if let Some((before, previous)) = before {
        for growing in folder::GROWING {
            draft.copy_folder(&before.folder.join(growing), Path::new(growing))?;
        }
        let name = format!("history/{}.json", before.digest.to_hex());
        draft.copy(&before.folder.join(folder::CONTRACT_FILE), Path::new(&name))?;
        contract.previous = Some(previous);
    }
    if options.is_private() && !contract.suite.is_empty() {
        private::withdraw(options, &mut draft, &mut contract)?;
    }
    contract.files = draft.files()?;
    let digest = contract.digest().map_err(RecordError::Canonical)?;
    let folder = draft.publish(&contract, replaced)?;
    Ok(Recorded { folder, contract, digest, assurance, notes })
}

/// A contract that promises bytes and nothing else yet.
fn blank(
    artifact: &Artifact,
    identity: reproof_contract::contract::ArtifactIdentity,
    options: &RecordOptions,
) -> Contract {
    Contract {
        schema: ContractSchema::default(),
        recorded_by: env!("CARGO_PKG_VERSION").to_owned(),
        recorded_at: crate::clock::rfc3339(options.now),
        artifact: identity,
        interface: Interface {
            inputs: artifact.description.interface.inputs.clone(),
            outputs: artifact.description.interface.outputs.clone(),
        },
        runner: None,
        loading: None,
        environment: None,
        suite: Vec::new(),
        goldens: Vec::new(),
        outputs: BTreeMap::new(),
        referee: RefereeRecord::None { reason: "nothing was executed".to_owned() },
        frozen: None,
        statistics: None,
        honesty: Vec::new(),
        context: options.context.clone(),
        governance: options.governance.clone(),
        files: BTreeMap::new(),
        private: None,
        previous: None,
    }
}

/// Runs the model in every way that recording needs and fills the contract with what came out.
fn execute(
    artifact: &Artifact,
    options: &RecordOptions,
    runners: &Runners,
    draft: &Draft,
    contract: &mut Contract,
    notes: &mut Vec<String>,
    progress: &dyn Progress,
) -> Result<(), RecordError> {
    private::check(options, &options.cases)?;
    for case in &options.cases {
        draft.values(&case_folder(&case.name), "inputs", &case.inputs)?;
    }
    let scratch = crate::Scratch::new().map_err(|source| RecordError::Scratch { source })?;
    let digest = contract.artifact.artifact_digest;
    let mut sweep = Sweep::new(artifact, digest, options, runners, draft.values_path(), scratch.path())?;
    let samples = if options.allows(Allow::Nondeterministic) { options.samples } else { 2 };
    let total = options.cases.len() as u64;
    progress.begin(&format!("recording with {}", options.runner), Some(total), Unit::Items);
    let asked = |spec: &mut RunSpec| {
        surveyed(spec, samples);
        spec.loading.graph = options.freeze.is_some();
    };
    let first = sweep.run(Purpose::Outputs, asked, progress)?;
    progress.end();
    keep::check_loaded(&first)?;
    let kept = keep::within_size(keep::keep(&options.cases, &first, notes)?, &first, notes);
    sweep.restrict(&kept);
    progress.begin("repeating in a fresh process", Some(kept.len() as u64), Unit::Items);
    let tapped = goldens::tapped(&kept, &first);
    let alone = Alone::of(&sweep, &kept, &first)?;
    let again = |spec: &mut RunSpec| {
        spec.loading.state = true;
        spec.taps = Taps::Cases(tapped);
        spec.cases.extend(alone.as_ref().map(Alone::input));
    };
    let second = sweep.run(Purpose::Repeat(1), again, progress)?;
    progress.end();
    let checks = honesty::check(&kept, &first, &second, options)?;
    let deterministic = honesty::is_deterministic(&checks);
    contract.honesty = checks;
    contract.runner = Some(options.runner.clone());
    contract.loading = loading(options, &first);
    contract.environment = surroundings::describe(&first, draft)?;
    contract.context.sources.clone_from(&first.sources);
    let class = first.environment.as_ref().map(|environment| environment.class.clone()).unwrap_or_default();
    // A distribution needs numbers: special inputs give outputs whose distances are NaN.
    let kept: Vec<&Case> = kept.into_iter().filter(|case| deterministic || is_ordinary(case)).collect();
    for left_out in options.cases.iter().filter(|case| kept.iter().all(|kept| kept.name != case.name)) {
        draft.remove(&case_folder(&left_out.name))?;
    }
    interface::observe(&mut contract.interface, &kept, &first);
    contract.suite = kept.iter().map(|case| case_record(case)).collect();
    if deterministic {
        let graph =
            options.freeze.map(|choice| freeze::Asked { choice, draft, runners, options, golden: &first });
        let written = graph.as_ref().map(|graph| graph.write(&sweep, progress)).transpose()?;
        contract.outputs = rules::decisions(&kept, &first, options);
        notes.push(sweep.estimate(&first));
        let alone = alone.as_ref().map(|alone| (alone, &second));
        envelope::measure(&sweep, &kept, &first, alone, &mut contract.outputs, notes, progress)?;
        let referee = referee::compute(&sweep, &kept, &first, runners, progress)?;
        contract.referee = referee.record.clone();
        contract.honesty.extend(live::check(&kept, &first, options, &contract.outputs)?);
        goldens::write(draft, &class, &kept, &|name| first.outputs(name), &referee)?;
        goldens::write_steps(draft, &class, &kept, &second)?;
        surroundings::loaded(&second, draft)?;
        contract.goldens = golden_records(&class, &kept, &first, &referee);
        surroundings::fingerprint(&sweep, runners, &first, draft, notes, progress)?;
        rules::mark_ties(&mut contract.goldens, &contract.outputs, &kept, &first, notes);
        let canonical = canonical::compute(&sweep, &kept, &first, &referee, runners, notes, progress)?;
        goldens::write(draft, REFEREE, &kept, &|name| canonical.get(name)?.as_ref().ok(), &referee)?;
        contract.goldens.extend(canonical_records(&contract.goldens, &canonical));
        if let (Some(graph), Some(written)) = (&graph, &written) {
            let proof = freeze::Proof { rules: &contract.outputs, referee: &referee.outputs };
            let proved = graph.prove(written, &proof, &sweep, notes, progress)?;
            contract.goldens.extend(proved.keep(draft)?);
            contract.frozen = Some(proved.record);
        }
    } else if options.freeze.is_some() {
        return Err(freeze::of_chance());
    } else {
        contract.outputs = rules::tolerances(options);
        contract.referee = RefereeRecord::None { reason: "the model is nondeterministic".to_owned() };
        contract.statistics = Some(honesty::statistics(&kept, &first)?);
        goldens::write_samples(draft, &class, &kept, &first)?;
        contract.goldens = golden_records(&class, &kept, &first, &referee::Referee::none());
    }
    Ok(())
}

/// The first run also tells what the model remembers and what is installed.
fn surveyed(spec: &mut RunSpec, samples: u32) {
    spec.repeats = samples;
    spec.loading.state = true;
    spec.loading.installed = true;
}

/// How the artifact was loaded, with the adapter that was found for it.
fn loading(options: &RecordOptions, first: &Completed) -> Option<LoadingRecord> {
    let settings =
        first.environment.as_ref().filter(|_| options.runner == PYTHON).map(|found| &found.settings);
    let adapter = settings.and_then(|settings| settings.get("adapter")).cloned()?;
    Some(LoadingRecord { adapter, loader: options.settings.loading.loader.clone() })
}

fn case_record(case: &Case) -> CaseRecord {
    CaseRecord {
        name: case.name.clone(),
        class: case.class,
        origin: case.origin,
        note: case.note.clone(),
        open: case.open.clone(),
        data: (case.origin != CaseOrigin::Proposed).then(|| classify(&case.inputs)),
    }
}

fn golden_records(class: &str, kept: &[&Case], first: &Completed, referee: &referee::Referee) -> Vec<Golden> {
    let golden = |case: &&Case| Golden {
        class: class.to_owned(),
        case: case.name.clone(),
        expected: match first.refusal(&case.name) {
            Some(message) => Expected::Refusal { message },
            None => Expected::Outputs,
        },
        referee: referee.outputs.contains_key(&case.name),
        ties: Vec::new(),
    };
    kept.iter().map(golden).collect()
}

/// The same cases in the class that holds on every machine.
fn canonical_records(goldens: &[Golden], canonical: &canonical::Canonical) -> Vec<Golden> {
    let record = |golden: &Golden| {
        let expected = match canonical.get(&golden.case)? {
            Ok(_) => Expected::Outputs,
            Err(message) => Expected::Refusal { message: message.clone() },
        };
        Some(Golden { class: REFEREE.to_owned(), expected, ..golden.clone() })
    };
    goldens.iter().filter_map(record).collect()
}

/// Whether a case takes part in measurements: special values would drown every ordinary difference.
fn is_ordinary(case: &Case) -> bool {
    case.class != CaseClass::Corner && case.open.is_empty()
}

/// A float64 run of the same cases, without engine options that belong to another engine.
pub(crate) fn widen(spec: &mut RunSpec) {
    spec.precision = Precision::Float64;
    spec.options.clear();
    spec.threads = None;
    spec.repeats = 1;
}
