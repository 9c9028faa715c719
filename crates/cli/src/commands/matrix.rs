//! `verify --env`: the same artifact in several environments, each built once and kept.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use reproof::engines::most_of_free_memory;
use reproof::execution::{PYTHON, Settings};
use reproof::folder::{self, StoredContract};
use reproof::verify::{VerifyOptions, expected, verify};
use reproof_contract::Verdict;
use reproof_contract::environment::Python;
use reproof_contract::report::{Grade, Matrix, MatrixColumn, MatrixSchema, Report};
use reproof_progress::{Progress, Silent};
use reproof_report::visible_lines;
use reproof_runner::Rebuild;

use crate::arguments::EngineArguments;
use crate::bars::Bars;
use crate::engines::{cache, runners};
use crate::failure::UsageError;
use crate::output;

/// Differences that are listed per environment.
const LISTED: usize = 4;

/// Verifies the artifact in each environment.
pub(super) fn verify_in(
    environments: &[String],
    artifact: &Path,
    options: &VerifyOptions,
    engine: &EngineArguments,
    uv: &Path,
) -> Result<Matrix> {
    let stored = folder::read(&options.folder.clone().unwrap_or_else(|| folder::beside(artifact)))?
        .look_below(options.private_root.as_deref());
    let recorded = stored.recorded_environment().and_then(|environment| environment.python);
    let Some(recorded) = recorded else {
        let what = "the contract does not say what was installed; record it with --python INTERPRETER";
        return Err(UsageError(format!("--env: {what}")).into());
    };
    expected(&stored, options)?;
    allowed(&stored, environments, &options.settings)?;
    let current = engine.python.clone().unwrap_or_else(|| PathBuf::from("python3"));
    let base = reproof::engines::from_here(&current);
    let cache = cache().unwrap_or_else(std::env::temp_dir);
    let rebuild = Rebuild { uv: uv.to_owned(), cache, base, limit: engine.limits.timeout };
    // Building waits for the network and the disk, so all are built at once.
    let built: Vec<Result<PathBuf, String>> = std::thread::scope(|scope| {
        let build = |name: &String| built(name, &current, &recorded, &rebuild);
        let running: Vec<_> = environments.iter().map(|name| scope.spawn(move || build(name))).collect();
        let ended = running
            .into_iter()
            .map(|thread| thread.join().unwrap_or_else(|_| Err("building panicked".to_owned())));
        ended.collect()
    });
    let bytes = stored.contract.artifact.files.iter().fold(0_u64, |sum, file| sum.saturating_add(file.size));
    let at_once = side_by_side(bytes);
    let bars = Bars::new();
    let shown: &(dyn Progress + Sync) = if at_once == 1 { &bars } else { &Silent };
    let column = |(environment, built): (&String, &Result<PathBuf, String>)| {
        let report = built.clone().and_then(|python| {
            let engine = EngineArguments { python: Some(python), ..engine.clone() };
            let runners = runners(&engine, Some(PYTHON)).map_err(|error| format!("{error:#}"))?;
            verify(artifact, options, &runners, shown).map_err(|error| reproof::chain(&error))
        });
        match report {
            Ok(report) => MatrixColumn {
                environment: environment.clone(),
                verdict: report.verdict,
                reason: None,
                report: Some(report),
            },
            Err(reason) => undecided(environment, reason),
        }
    };
    let all: Vec<(&String, &Result<PathBuf, String>)> = environments.iter().zip(&built).collect();
    let mut columns = Vec::new();
    for some in all.chunks(at_once) {
        columns.extend(std::thread::scope(|scope| {
            let running: Vec<_> = some.iter().map(|one| (one.0, scope.spawn(|| column(*one)))).collect();
            let ended = running.into_iter().map(|(environment, thread)| {
                thread.join().unwrap_or_else(|_| undecided(environment, "verifying panicked".to_owned()))
            });
            ended.collect::<Vec<_>>()
        }));
    }
    let verdict = Verdict::worst(columns.iter().map(|column| column.verdict));
    Ok(Matrix { schema: MatrixSchema::V0, verdict, required: options.required, columns })
}

/// A column without an answer: what went wrong in one environment says nothing of the others.
fn undecided(environment: &str, reason: String) -> MatrixColumn {
    let environment = environment.to_owned();
    MatrixColumn { environment, verdict: Verdict::Undecided, reason: Some(reason), report: None }
}

/// How many environments are verified at a time: one per core, as long as each has memory for two copies of the artifact and
/// for its framework.
fn side_by_side(artifact: u64) -> usize {
    const FRAMEWORK: u64 = 2 << 30;
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let fitting =
        most_of_free_memory().map_or(1, |free| free / artifact.saturating_mul(2).saturating_add(FRAMEWORK));
    usize::try_from(fitting).unwrap_or(usize::MAX).clamp(1, cores)
}

/// Refuses to install what a contract lists without leave: packages run code when they are built and when they are
/// imported.
pub(super) fn allowed(stored: &StoredContract, environments: &[String], settings: &Settings) -> Result<()> {
    let tampering = stored.tampering()?;
    if let Some(file) = tampering.first() {
        bail!("{} is not the file that the contract lists: nothing was built from it", file.path);
    }
    let builds = environments.iter().any(|name| name != "current");
    let trusted = settings.loading.trust || settings.trust.remembered.contains(&stored.digest);
    if builds && !trusted {
        return Err(UsageError(
            "the contract was not recorded here, and what it lists would be installed and run: look at it with \
             `reproof env diff`, then give --trust if you know where it is from"
                .to_owned(),
        )
        .into());
    }
    Ok(())
}

/// The interpreter of an environment.
fn built(name: &str, current: &Path, recorded: &Python, rebuild: &Rebuild) -> Result<PathBuf, String> {
    let requirement = match name {
        "current" => return Ok(current.to_owned()),
        "recorded" => None,
        requirement => Some(requirement),
    };
    rebuild.build(recorded, requirement).map_err(|error| error.to_string())
}

/// The matrix for people: cases by environments, then why.
pub(super) fn text(matrix: &Matrix) -> String {
    let mut names: Vec<&str> = Vec::new();
    for case in
        matrix.columns.iter().filter_map(|column| column.report.as_ref()).flat_map(|report| &report.cases)
    {
        if !names.contains(&case.name.as_str()) {
            names.push(&case.name);
        }
    }
    let of = |report: Option<&Report>, name: &str| {
        let found = report.and_then(|report| report.cases.iter().find(|case| case.name == name));
        found.map_or_else(|| "-".to_owned(), |case| case.verdict.to_string())
    };
    let mut header = vec!["case"];
    header.extend(matrix.columns.iter().map(|column| column.environment.as_str()));
    let row = |name: &str| {
        let cells = matrix.columns.iter().map(|column| of(column.report.as_ref(), name));
        std::iter::once(name.to_owned()).chain(cells).collect()
    };
    let mut rows: Vec<Vec<String>> = names.iter().map(|name| row(name)).collect();
    let verdicts = matrix.columns.iter().map(|column| column.verdict.to_string());
    rows.push(std::iter::once("verdict".to_owned()).chain(verdicts).collect());
    let mut blocks = vec![output::table(&header, rows)];
    blocks.extend(matrix.columns.iter().map(because));
    visible_lines(&blocks.join("\n\n"))
}

/// What there is to say of one environment.
fn because(column: &MatrixColumn) -> String {
    let mut lines = vec![format!("{}: {}", column.environment, column.verdict)];
    if let Some(reason) = &column.reason {
        lines.push(format!("  {reason}"));
    }
    if let Some(report) = &column.report {
        lines.push(format!("  {}", report.summary));
        let mut checks = report.phases.iter().flat_map(|phase| &phase.checks);
        if let Some(failed) = checks.find(|check| !check.verdict.reaches(report.required)) {
            let told = [Some(&failed.title), failed.actual.as_ref(), failed.hint.as_ref()];
            lines.push(format!("  {}", told.into_iter().flatten().cloned().collect::<Vec<_>>().join("; ")));
        }
        let found = report.environment.differences.iter().filter(|found| found.grade > Grade::Harmless);
        let found: Vec<_> = found.collect();
        lines.extend(found.iter().take(LISTED).map(|found| {
            format!("  {}: {} -> {} ({})", found.item, found.recorded, found.current, found.grade.words())
        }));
        if let Some(more) = found.len().checked_sub(LISTED).filter(|more| *more > 0) {
            lines.push(format!("  and {more} more"));
        }
    }
    lines.join("\n")
}
