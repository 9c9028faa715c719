//! `verify --resume` and `drill`: what is said of trainings that fail, hang or go another way. The trainings of these tests copy
//! what a recorder would write; those with real frameworks are in `tests/package/frameworks`.
#![cfg(unix)]

use std::collections::BTreeMap;
use std::fs;
use std::thread;
use std::time::Duration;

use reproof_contract::Real;
use reproof_contract::trajectory::{Fact, Moment, MomentKind, Stream, Trajectory, TrajectorySchema};
use reproof_testing::{Finished, Sandbox, damage};

use crate::fixtures::sandbox;

/// Steps that were done when the checkpoint was saved.
const STEP: u64 = 18;

/// What is said of a damage, and the damage.
type Damage = (&'static str, fn(&Sandbox));

/// A command that leaves the document `observed.json` of the current folder as its recorder would.
const RESUMES: &str =
    "echo '{}' > $REPROOF_RESUME/seen.json && cp observed.json $REPROOF_RESUME/ && test -f {checkpoint}";

fn tensor(name: &str, values: &[f64]) -> (String, Fact) {
    let digest = reproof_digest::blob(format!("{values:?}").as_bytes());
    let samples = values.iter().map(|value| Real(*value)).collect();
    let shape = vec![values.len() as u64];
    (name.to_owned(), Fact::Tensor { dtype: "F32".parse().unwrap(), shape, digest, samples })
}

fn moment(kind: MomentKind, step: u64, streams: Vec<(Stream, (String, Fact))>) -> Moment {
    let mut found: BTreeMap<Stream, BTreeMap<String, Fact>> = BTreeMap::new();
    for (stream, (name, fact)) in streams {
        found.entry(stream).or_default().insert(name, fact);
    }
    Moment { kind, step, streams: found }
}

/// A training of two steps after `step`, with these losses.
fn trajectory(step: u64, losses: [f64; 2]) -> Trajectory {
    let begin = vec![
        (Stream::Parameters, tensor("weight", &[1.0, 2.0])),
        (Stream::Optimizer, tensor("state.weight.exp_avg", &[0.5, 0.25])),
    ];
    let done = |index: usize| {
        let loss = (Stream::Loss, tensor("0", &[losses[index]]));
        moment(MomentKind::Step, step + index as u64 + 1, vec![loss])
    };
    Trajectory {
        schema: TrajectorySchema::V0,
        recorded_by: "reproof 0.1.0".to_owned(),
        trainer: "torch".to_owned(),
        framework: "torch 2.15.0".to_owned(),
        step,
        setting: BTreeMap::new(),
        context: BTreeMap::new(),
        moments: vec![moment(MomentKind::Begin, step, begin), done(0), done(1)],
    }
}

/// A checkpoint with the contract and the trajectory of its training.
pub(crate) fn checkpoint() -> Sandbox {
    let sandbox = sandbox();
    sandbox.write("step-18.bin", b"weights and all");
    sandbox.run(["record", "step-18.bin", "--bytes-only"]).exits(0);
    reproof::resume::keep(&sandbox.path("step-18.bin.reproof"), &trajectory(STEP, [2.0, 1.0])).unwrap();
    sandbox
}

fn observes(sandbox: &Sandbox, observed: &Trajectory) {
    sandbox.write("observed.json", serde_json::to_vec(observed).unwrap());
}

#[track_caller]
fn verify(sandbox: &Sandbox, command: &str) -> Finished {
    run(sandbox, &["verify", "step-18.bin", "--json", "--resume", command])
}

/// The same with a training that has two seconds.
#[track_caller]
fn verify_in_time(sandbox: &Sandbox, command: &str) -> Finished {
    run(sandbox, &["verify", "step-18.bin", "--json", "--timeout", "2s", "--resume", command])
}

/// A command in a shell that finds programs.
#[track_caller]
fn run(sandbox: &Sandbox, arguments: &[&str]) -> Finished {
    sandbox.command(arguments).variable("PATH", "/usr/bin:/bin").run()
}

/// The verdict, and how resuming ended.
fn told(finished: &Finished) -> (String, String) {
    let report = finished.json();
    let phases = report["phases"].as_array().unwrap();
    let checks = phases.iter().flat_map(|phase| phase["checks"].as_array().unwrap());
    let mut ended =
        checks.filter(|check| check["id"] == "execute.resume").map(|check| check["title"].clone());
    let title = ended.next_back().map_or_else(String::new, |title| title.as_str().unwrap().to_owned());
    (report["verdict"].as_str().unwrap().to_owned(), title)
}

#[test]
fn a_training_that_goes_on_as_recorded_is_identical() {
    let sandbox = checkpoint();
    observes(&sandbox, &trajectory(STEP, [2.0, 1.0]));
    let finished = verify(&sandbox, RESUMES);
    finished.exits(0);
    let report = finished.json();
    assert_eq!(report["verdict"], "identical", "{report:#}");
    assert_eq!(report["assurance"], "resumes");
    assert_eq!(report["resume"]["compared"], 2);
}

/// A function of the user's module instead of a command.
#[test]
fn a_function_can_resume_the_training() {
    let sandbox = checkpoint();
    observes(&sandbox, &trajectory(STEP, [2.0, 1.0]));
    sandbox.write("package/__init__.py", "");
    sandbox.write(
        "package/train.py",
        "import os, shutil\n\n\ndef resume(checkpoint):\n    assert open(checkpoint, 'rb').read() == b'weights and all'\n    \
         told = os.environ['REPROOF_RESUME']\n    open(os.path.join(told, 'seen.json'), 'w').write('{}')\n    \
         shutil.copy('observed.json', told)\n",
    );
    let entry =
        |function: &str| run(&sandbox, &["verify", "step-18.bin", "--json", "--resume-entry", function]);
    let finished = entry("package.train:resume");
    finished.exits(0);
    assert_eq!(told(&finished).0, "identical");
    let unknown = entry("package.train:forget");
    unknown.exits(3);
    assert!(unknown.stdout().contains("has no attribute 'forget'"), "{}", unknown.stdout());
}

#[test]
fn the_first_step_that_differs_is_told_for_each_stream() {
    let sandbox = checkpoint();
    let mut observed = trajectory(STEP, [2.0, 1.5]);
    observed.moments[0].streams.remove(&Stream::Optimizer);
    observes(&sandbox, &observed);
    let finished = verify(&sandbox, RESUMES);
    finished.exits(1);
    let report = finished.json();
    let streams = report["resume"]["streams"].as_array().unwrap();
    let loss = streams.iter().find(|stream| stream["stream"] == "loss").unwrap();
    assert_eq!(loss["first"]["step"], 20);
    assert_eq!(loss["distance"], 0.5);
    // The second loss is the first that differs, and nobody saw the optimizer.
    let finding = &report["resume"]["findings"][0];
    assert_eq!((&finding["cause"], &finding["confidence"]), (&"optimizer.missing".into(), &"likely".into()));
    run(&sandbox, &["verify", "step-18.bin", "--resume", RESUMES])
        .exits(1)
        .says("loss                         =    ×")
        .says("not seen by the resumed training's recorder: state of the optimizer")
        .says("optimizer.load_state_dict");
}

#[test]
fn a_training_that_cannot_be_compared_has_a_verdict_of_its_own() {
    let sandbox = checkpoint();
    let cases = [
        ("exit 7", 3, "undecided", "the training failed: exit code 7"),
        (
            "echo '{}' > $REPROOF_RESUME/seen.json; exit 7",
            1,
            "unloadable",
            "the training failed: exit code 7",
        ),
        ("true", 3, "undecided", "the training ended and used no recorder"),
        (
            "echo '{}' > $REPROOF_RESUME/seen.json",
            3,
            "undecided",
            "the training ended before a step was done",
        ),
    ];
    let hangs = verify_in_time(&sandbox, "sleep 60");
    hangs.exits(3);
    assert_eq!(told(&hangs), ("undecided".to_owned(), "the training did not end within 2 s".to_owned()));
    for (command, code, verdict, title) in cases {
        let finished = verify(&sandbox, command);
        finished.exits(code);
        assert_eq!(told(&finished), (verdict.to_owned(), title.to_owned()), "{command}");
    }
    for (step, verdict, title) in [
        (0, "drifted", "the training began anew: it ignored the checkpoint"),
        (12, "incomparable", "the training resumed from another step"),
    ] {
        let mut observed = trajectory(step, [2.0, 1.0]);
        let (name, fact) = tensor("weight", &[3.0, 4.0]);
        observed.moments[0].streams.entry(Stream::Parameters).or_default().insert(name, fact);
        observes(&sandbox, &observed);
        let finished = verify(&sandbox, RESUMES);
        finished.exits(1);
        assert_eq!(told(&finished), (verdict.to_owned(), title.to_owned()));
    }
    let mut other = trajectory(STEP, [2.0, 1.0]);
    let (name, fact) = tensor("weight", &[1.0, 2.0, 3.0]);
    other.moments[0].streams.entry(Stream::Parameters).or_default().insert(name, fact);
    observes(&sandbox, &other);
    let finished = verify(&sandbox, RESUMES);
    finished.exits(1);
    assert_eq!(told(&finished), ("incomparable".to_owned(), "the training trains another model".to_owned()));
}

#[test]
fn what_the_training_does_to_the_checkpoint_is_done_to_a_copy_and_seen_if_not() {
    let sandbox = checkpoint();
    observes(&sandbox, &trajectory(STEP, [2.0, 1.0]));
    verify(&sandbox, &format!("{RESUMES} && echo more >> {{checkpoint}}")).exits(0);
    assert_eq!(fs::read(sandbox.path("step-18.bin")).unwrap(), b"weights and all");
    let finished = verify(&sandbox, &format!("{RESUMES} && echo more >> step-18.bin"));
    finished.exits(1);
    assert_eq!(told(&finished).0, "corrupt");
}

#[test]
fn a_trajectory_that_was_cut_or_changed_is_corrupt_and_a_missing_one_is_missing() {
    let change: [Damage; 4] = [
        ("bytes, expected", |sandbox| {
            damage::truncate(&sandbox.path("step-18.bin.reproof/trajectory/trajectory.json"), 100);
        }),
        ("digest blob-v1:", |sandbox| {
            damage::flip_bit(&sandbox.path("step-18.bin.reproof/trajectory/trajectory.json"), 300, 0);
        }),
        ("trajectory.json is not what was recorded: it is missing", |sandbox| {
            fs::remove_file(sandbox.path("step-18.bin.reproof/trajectory/trajectory.json")).unwrap();
        }),
        ("it belongs to the artifact", |sandbox| {
            let place = sandbox.path("step-18.bin.reproof/trajectory/manifest.json");
            let text = fs::read_to_string(&place).unwrap();
            let (head, tail) = text.split_once("artifact-v1:").unwrap();
            fs::write(&place, format!("{head}artifact-v1:{}{}", "0".repeat(64), &tail[64..])).unwrap();
        }),
    ];
    for (problem, change) in change {
        let sandbox = checkpoint();
        change(&sandbox);
        // Whether or not it is asked for: what lies beside a contract is whole or not.
        let finished = sandbox.run(["verify", "step-18.bin", "--json"]);
        finished.exits(1).says(problem);
        assert_eq!(finished.json()["verdict"], "corrupt");
    }
    let sandbox = checkpoint();
    fs::remove_dir_all(sandbox.path("step-18.bin.reproof/trajectory")).unwrap();
    sandbox.run(["verify", "step-18.bin"]).exits(0);
    verify(&sandbox, "true").exits(3).says("no trajectory was recorded after this checkpoint");
    sandbox
        .run(["drill", "step-18.bin", "--resume", "true"])
        .exits(3)
        .complains("no trajectory was recorded");
    sandbox.run(["drill", "nowhere", "--resume", "true"]).exits(2).complains("no artifact at nowhere");
}

#[test]
fn a_training_that_stops_early_or_shows_less_is_not_called_identical() {
    let sandbox = checkpoint();
    let mut short = trajectory(STEP, [2.0, 1.0]);
    short.moments.pop();
    observes(&sandbox, &short);
    let ended = verify(&sandbox, RESUMES);
    ended.exits(3);
    assert_eq!(told(&ended), ("undecided".into(), "the training ended after 1 of 2 recorded steps".into()));
    let failed = verify(&sandbox, &format!("{RESUMES}; exit 1"));
    failed.exits(1);
    assert_eq!(
        told(&failed),
        ("unloadable".into(), "the training failed after 1 of 2 steps: exit code 1".into())
    );
    let mut silent = trajectory(STEP, [2.0, 1.0]);
    for moment in &mut silent.moments {
        moment.streams.remove(&Stream::Loss);
    }
    observes(&sandbox, &silent);
    verify(&sandbox, RESUMES).exits(3);
    sandbox.write("observed.json", "{}");
    let garbled = verify(&sandbox, RESUMES);
    garbled.exits(3);
    assert_eq!(told(&garbled).1, "the training's recorder wrote what is no trajectory");
}

#[test]
fn steps_can_be_counted_from_anywhere_and_paths_can_be_in_quotes() {
    let sandbox = checkpoint();
    observes(&sandbox, &trajectory(0, [2.0, 1.0]));
    let quoted = RESUMES.replace("{checkpoint}", "\"{checkpoint}\"");
    let finished = verify(&sandbox, &quoted);
    finished.exits(0);
    assert_eq!(finished.json()["verdict"], "identical");
    observes(&sandbox, &trajectory(u64::MAX - 2, [2.0, 1.0]));
    verify(&sandbox, RESUMES).exits(0);
}

#[test]
fn what_a_training_started_ends_with_it() {
    let sandbox = checkpoint();
    // In a session of its own, as launchers of several ranks start theirs.
    let command = "setsid sh -c 'sleep 3; touch alive' & sleep 60";
    let finished = verify_in_time(&sandbox, command);
    finished.exits(3);
    thread::sleep(Duration::from_secs(4));
    assert!(!sandbox.path("alive").exists(), "it lived on");
}
