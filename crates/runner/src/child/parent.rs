//! The parent's side of in-process engines: start the child, watch it, gather its notes.

use std::ffi::OsString;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use reproof_contract::run::{Outcome, RunSpec};
use reproof_progress::Progress;

use super::attempts::{Attempt, Told, attempts, last_words};
use super::supervise::watch;
use super::{CaseNote, Keep, Request, case_note, load_note, read_json, write_json};
use crate::{RunError, Runner};

/// Environment variables that a child inherits: where programs, libraries and temporary files are, and nothing that
/// could hold a secret.
pub(crate) const INHERITED: [&str; 5] =
    ["PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "TEMP", "SYSTEMROOT"];

/// What the C library's allocator is told for our own engine (glibc; others do not know the name): blocks stay in the heap when
/// they are freed, and lie in large pages where the system lets them. By default each goes back to the system, and a model of large
/// tensors then spends a third of its time on the same pages again and again.
const OWN_ALLOCATOR: (&str, &str) = (
    "GLIBC_TUNABLES",
    "glibc.malloc.hugetlb=1:glibc.malloc.mmap_max=0:glibc.malloc.trim_threshold=1099511627776",
);

/// The same for a library, which has an allocator of its own for tensors: blocks of up to 32 MiB stay.
const ALLOCATOR: (&str, &str) = ("MALLOC_MMAP_THRESHOLD_", "33554432");

/// Runs an in-process engine in a child that is this binary started again.
#[derive(Clone, Debug)]
pub struct ChildRunner {
    name: &'static str,
    program: PathBuf,
    arguments: Vec<OsString>,
    library: Option<PathBuf>,
    keep: Option<Keep>,
    widens: bool,
}

impl ChildRunner {
    /// The built-in engine: defined arithmetic, in the model's own types or in float64. `program` with `arguments` and then
    /// a folder must call [`super::serve`] with it.
    pub fn referee(program: PathBuf, arguments: Vec<OsString>) -> Self {
        Self { name: "referee", program, arguments, library: None, keep: None, widens: true }
    }

    /// Keeps long runs of the built-in engine.
    #[must_use]
    pub fn keeping(self, keep: Option<Keep>) -> Self {
        Self { keep, ..self }
    }

    /// ONNX Runtime from the shared library at `library`.
    pub fn onnxruntime(program: PathBuf, arguments: Vec<OsString>, library: PathBuf) -> Self {
        Self { name: "onnxruntime", program, arguments, library: Some(library), keep: None, widens: false }
    }

    /// One child: serves the cases of `spec` from the first on, in an empty folder.
    fn attempt(&self, spec: &RunSpec, folder: &Path, progress: &dyn Progress) -> Result<Attempt, RunError> {
        let created = std::fs::create_dir_all(folder);
        created.map_err(|source| RunError::Exchange { action: "create", path: folder.to_owned(), source })?;
        let request = Request {
            runner: self.name.to_owned(),
            library: self.library.clone(),
            keep: self.keep.clone(),
            spec: spec.clone(),
        };
        write_json(&folder.join("request.json"), &request)?;
        let printed = folder.join("printed.txt");
        let open = || File::create(&printed).and_then(|file| Ok((file.try_clone()?, file)));
        let (output, errors) = open().map_err(|source| RunError::Exchange {
            action: "create",
            path: printed.clone(),
            source,
        })?;
        let failed = |source| RunError::Start { program: self.program.clone(), source };
        let mut child = Command::new(&self.program)
            .args(&self.arguments)
            .arg(folder)
            .env_clear()
            .envs(INHERITED.iter().filter_map(|name| Some((name, std::env::var_os(name)?))))
            .envs([if self.library.is_some() { ALLOCATOR } else { OWN_ALLOCATOR }])
            // What a library leaves among the temporary files goes with the scratch folder.
            .env("TMPDIR", folder)
            .envs(&spec.variables)
            .stdin(Stdio::null())
            .stdout(output)
            .stderr(errors)
            .spawn()
            .map_err(failed)?;
        let mut finished = 0;
        let watched = watch(&mut child, spec.limits, &load_note(folder), || {
            while finished < spec.cases.len() && case_note(folder, finished).exists() {
                finished += 1;
                progress.advance(1);
            }
        })
        .map_err(failed)?;
        Ok(Attempt {
            load: read_json(&load_note(folder))?,
            cases: (0..finished)
                .map(|index| read_json(&case_note(folder, index)))
                .collect::<Result<Vec<Option<CaseNote>>, _>>()?
                .into_iter()
                .flatten()
                .collect(),
            told: Told::default(),
            printed: last_words(&printed),
            end: watched.end,
            peaks: (watched.peak_before, watched.peak_after),
        })
    }
}

impl Runner for ChildRunner {
    fn name(&self) -> &str {
        self.name
    }

    fn widens(&self) -> bool {
        self.widens
    }

    fn run(&self, spec: &RunSpec, scratch: &Path, progress: &dyn Progress) -> Result<Outcome, RunError> {
        attempts(spec, scratch, progress, |spec, folder| self.attempt(spec, folder, progress))
    }
}
