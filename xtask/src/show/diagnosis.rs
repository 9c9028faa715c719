//! What `diagnose` names: planted faults, and real upgrades with real versions of the packages.

use std::process::Command;

use anyhow::{Context as _, Result};
use reproof_testing::python;
use serde_json::Value;

use super::scoreboard;
use crate::{machine, repository};

/// Two environments and a model that one makes and the other runs.
struct Upgrade {
    title: &'static str,
    before: &'static [&'static str],
    after: &'static [&'static str],
    /// Writes `model.pkl` and `case.npz` into the current folder.
    script: &'static str,
}

const UPGRADES: &[Upgrade] = &[Upgrade {
    title: "PCA and logistic regression over float32 data around 10 000",
    before: &[
        "scikit-learn==1.4.2",
        "numpy==1.26.4",
        "scipy==1.12.0",
        "joblib==1.3.2",
        "threadpoolctl==3.2.0",
    ],
    after: &["scikit-learn==1.5.2", "numpy==2.0.2", "scipy==1.14.1", "joblib==1.4.2", "threadpoolctl==3.5.0"],
    script: "
import pickle, numpy
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline
numbers = numpy.random.default_rng(0)
y = numbers.integers(0, 2, 2000)
x = (1e4 + numbers.standard_normal((2000, 20)) + 0.7 * y[:, None]).astype('float32')
steps = [('pca', PCA(2, svd_solver='full', random_state=0)), ('classify', LogisticRegression())]
pickle.dump(Pipeline(steps).fit(x[:1000], y[:1000]), open('model.pkl', 'wb'))
numpy.savez('case.npz', x=x[1000:1032])
",
}];

/// The page.
pub(super) fn text() -> Result<String> {
    let mut rows = String::new();
    for upgrade in UPGRADES {
        rows.push_str(&row(upgrade)?);
    }
    Ok(format!(
        "# What `diagnose` names\n\nWritten by `cargo xtask show diagnosis` on {}. [What a cause means](causes.md).\n\n\
         ## Planted faults\n\n`reproof drill --diagnose` plants each fault into a recorded model, verifies and diagnoses it: into \
         the loaded model for the first kinds, into a copy of the file for `file=`. Of ONNX, a network is recorded and another \
         spelling of it is diagnosed in its place.\n\n{}\n## Upgrades\n\nA model is made and recorded in one environment and \
         diagnosed with `--packages` in another, in which several packages are newer.\n\n\
         | model | off by | answer | packages that changed | experiments | seconds |\n|---|---|---|---|---|---|\n{rows}",
        machine::line(),
        scoreboard::text()?,
    ))
}

fn row(upgrade: &Upgrade) -> Result<String> {
    let before = python::environment_of("upgrade", upgrade.before)?;
    let after = python::environment_of("upgrade", upgrade.after)?;
    let (uv, kept) = python::installer().context("uv cannot be had")?;
    let folder = tempfile::tempdir()?;
    repository::output(Command::new(&before).args(["-c", upgrade.script]).current_dir(folder.path()))?;
    let reproof = repository::binary()?;
    let run = |arguments: &[&str], python: &std::path::Path| {
        let mut command = Command::new(&reproof);
        command.args(arguments).arg("--python").arg(python).current_dir(folder.path());
        command.env("UV_CACHE_DIR", &kept);
        command
    };
    let record = ["record", "model.pkl", "--trust", "--cases", "case.npz", "--budget", "30s"];
    repository::output(&mut run(&record, &before))?;
    let started = std::time::Instant::now();
    let diagnose = ["diagnose", "model.pkl", "--trust", "--packages", "--budget", "10m", "--json"];
    let printed = repository::output(run(&diagnose, &after).arg("--uv").arg(&uv))?;
    let seconds = started.elapsed().as_secs_f64();
    let found: Value = serde_json::from_str(&printed)?;
    let experiments = found["experiments"].as_array().context("no experiments")?;
    let off = experiments.iter().filter_map(|experiment| experiment["distance"].as_f64()).fold(0.0, f64::max);
    Ok(format!(
        "| {} | {off:.1e} | {} ({}) | {} | {} | {seconds:.0} |\n",
        upgrade.title,
        found["causes"][0]["statement"].as_str().unwrap_or("unresolved"),
        found["causes"][0]["confidence"].as_str().unwrap_or("unresolved"),
        upgrade.before.len(),
        experiments.len(),
    ))
}
