//! Promises about the child process: limits, death, repeats, and what it tells of itself.

use reproof_contract::run::{LimitKind, Status};
use reproof_tensor::{Tensor, Value};

use crate::model::{Attribute, FLOAT, Graph, INT64, Kind, Node};
use crate::subject::{Answer, Ran, Subject, Trial};

/// Multiplications in a row: with matrices of [`SLOW`] they take a minute on any one core.
const STEPS: usize = 60;

/// A shape for which the model of [`work`] is slow, and one for which it is quick.
const SLOW: [i64; 2] = [4096, 4096];
const QUICK: [i64; 2] = [2, 2];

/// Elements of 4 bytes that exceed [`MEMORY`] by far and the system's own bound not at all.
const HUGE: [i64; 2] = [1 << 14, 1 << 13];
const MEMORY: u64 = 300 << 20;

/// Long enough to start a child and load a small model on a busy machine, far too short for [`SLOW`].
const PATIENCE: u64 = 8000;

fn shape(dims: [i64; 2]) -> [(&'static str, Value); 1] {
    [("shape", Value::Tensor(Tensor::from_i64(vec![2], &dims).expect("two elements")))]
}

/// The largest element of a matrix of ones of the given shape after `steps` multiplications with itself.
fn work(steps: usize) -> Vec<u8> {
    let ones = Node::new("ConstantOfShape", &["shape"], "m0").with(Attribute::Float("value", 1.0));
    let product = |step: usize| {
        let (from, to) = (format!("m{step}"), format!("m{}", step + 1));
        Node::new("MatMul", &[&from, "m0"], &to)
    };
    let last = Node::new("ReduceMax", &[&format!("m{steps}")], "y").with(Attribute::Integer("keepdims", 0));
    let nodes = std::iter::once(ones).chain((0..steps).map(product)).chain([last]).collect();
    let inputs = vec![("shape", Kind::shaped(INT64, &[2]))];
    Graph { nodes, inputs, outputs: vec![("y", Kind::any(FLOAT))] }.model(17)
}

/// Asserts that a quick case ran.
fn ran(ran: &Ran, case: usize) {
    assert!(ran.status(case).is_done(), "case {case}: {:?}", ran.outcome.cases);
    let expected = 2_f32.powi(STEPS as i32);
    let value = Tensor::from_f32(Vec::new(), &[expected]).expect("a scalar");
    assert_eq!(ran.outputs(case, 0), [("y".to_owned(), Value::Tensor(value))]);
}

pub(crate) fn time_limit(subject: &Subject) -> Answer {
    let trial = Trial::of(&work(STEPS)).case(&shape(QUICK)).case(&shape(SLOW)).case(&shape(QUICK));
    let done = trial.with(|spec| spec.limits.milliseconds = Some(PATIENCE)).run(subject);
    ran(&done, 0);
    // The whole run is out of time, so what comes after has none left.
    let limit = Status::Limit { limit: LimitKind::Time, value: PATIENCE };
    assert_eq!([done.status(1), done.status(2)], [&limit, &limit]);
    assert_eq!(done.advanced, 3);
    Answer::Kept
}

pub(crate) fn memory_limit(subject: &Subject) -> Answer {
    let quick = Tensor::from_f32(Vec::new(), &[1.0]).expect("a scalar");
    let trial = Trial::of(&work(0)).case(&shape(QUICK)).case(&shape(HUGE)).case(&shape(QUICK));
    let done = trial.with(|spec| spec.limits.memory_bytes = Some(MEMORY)).run(subject);
    assert_eq!(done.status(1), &Status::Limit { limit: LimitKind::Memory, value: MEMORY });
    for case in [0, 2] {
        assert!(done.status(case).is_done(), "case {case}: {:?}", done.outcome.cases);
        assert_eq!(done.outputs(case, 0), [("y".to_owned(), Value::Tensor(quick.clone()))]);
    }
    assert_eq!(done.advanced, 3);
    Answer::Kept
}

pub(crate) fn death(subject: &Subject) -> Answer {
    let trial = Trial::of(&work(STEPS)).case(&shape(QUICK)).case(&shape(SLOW)).case(&shape(QUICK));
    let done = trial.doomed().run(subject);
    ran(&done, 0);
    match done.status(1) {
        Status::Died { how, last_words } => {
            assert!(how.contains("signal"), "{how}");
            assert!(last_words.contains(crate::subject::LAST_WORDS), "{last_words}");
        }
        other => panic!("expected a death, got {other:?}"),
    }
    ran(&done, 2);
    assert_eq!(done.advanced, 3);
    Answer::Kept
}

pub(crate) fn repeats(subject: &Subject) -> Answer {
    let trial = Trial::of(&work(STEPS)).case(&shape(QUICK)).case(&shape([1, 1]));
    let done = trial.with(|spec| spec.repeats = 3).run(subject);
    for case in 0..2 {
        assert!(done.status(case).is_done(), "{:?}", done.status(case));
        assert_eq!(done.outcome.cases[case].outputs.len(), 3);
        assert_eq!(done.outputs(case, 0), done.outputs(case, 1));
        assert_eq!(done.outputs(case, 0), done.outputs(case, 2));
    }
    Answer::Kept
}

pub(crate) fn no_cases(subject: &Subject) -> Answer {
    let done = Trial::of(&work(1)).run(subject);
    assert!(done.outcome.load.status.is_done(), "{:?}", done.outcome.load.status);
    Answer::Kept
}

pub(crate) fn environment(subject: &Subject) -> Answer {
    let done = Trial::of(&work(1)).case(&shape(QUICK)).run(subject);
    let environment = done.outcome.environment.expect("a child that loaded tells where it is");
    let here = format!("cpu-{}", std::env::consts::ARCH);
    let engine = &environment.engine;
    // The referee's outputs are those of every machine.
    let class = if subject.engine == "referee" { "referee".to_owned() } else { here };
    assert_eq!(environment.class, class);
    assert_eq!(engine.name, subject.engine);
    let numbers: Vec<&str> = engine.version.split('.').collect();
    let version = numbers.len() == 3 && numbers.iter().all(|number| number.parse::<u32>().is_ok());
    assert!(version, "expected a version like 1.2.3, got `{}`", engine.version);
    match (&subject.library, &engine.library_sha256) {
        (Some(library), Some(digest)) => {
            assert_eq!(digest.len(), 64);
            let named = library.to_string_lossy().contains(&engine.version);
            assert!(named || !cfg!(target_os = "linux"), "{} is {}", library.display(), engine.version);
        }
        (None, None) => {}
        other => panic!("a digest for a library and for nothing else: {other:?}"),
    }
    assert_eq!(environment.threads, 1);
    assert!(environment.settings.contains_key("optimisation"), "{:?}", environment.settings);
    assert_eq!(environment.cpu.architecture, std::env::consts::ARCH);
    assert!(environment.cpu.cores > 0);
    let known = cfg!(any(target_arch = "x86_64", target_arch = "aarch64"));
    assert!(!known || !environment.cpu.features.is_empty(), "no features of the processor");
    assert_eq!(environment.system.name, std::env::consts::OS);
    let libc = environment.system.libc.split_once(' ');
    let told = libc.is_some_and(|(name, version)| name == "glibc" && version.starts_with("2."));
    assert!(told || !cfg!(all(target_os = "linux", target_env = "gnu")), "{}", environment.system.libc);
    assert!(!cfg!(target_os = "linux") || done.outcome.cases[0].step.peak_memory_bytes.is_some());
    Answer::Kept
}

pub(crate) fn threads(subject: &Subject) -> Answer {
    let trial = Trial::of(&work(STEPS)).case(&shape(QUICK)).with(|spec| spec.threads = Some(2));
    let done = trial.run(subject);
    if let Status::Unsupported { what, .. } = done.status(0) {
        return Answer::Lacks(what.clone());
    }
    ran(&done, 0);
    assert_eq!(done.outcome.environment.expect("a child that loaded tells where it is").threads, 2);
    Answer::Kept
}

/// Every level of optimisation is one that the engine knows, runs and records.
pub(crate) fn optimisation(subject: &Subject) -> Answer {
    // The referee rewrites nothing.
    let levels: &[&str] =
        if subject.engine == "referee" { &["disabled"] } else { &["disabled", "basic", "all"] };
    for &level in levels {
        let trial = Trial::of(&work(STEPS)).case(&shape(QUICK));
        let option = ("optimisation".to_owned(), level.to_owned());
        let done = trial.with(|spec| spec.options.extend([option])).run(subject);
        ran(&done, 0);
        let environment = done.outcome.environment.expect("a child that loaded tells where it is");
        assert_eq!(environment.settings["optimisation"], level);
    }
    Answer::Kept
}
