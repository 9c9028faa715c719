//! The conformance suite of the trait `Runner`: every engine keeps every promise, or its gap is listed here.
//!
//! The suite is its own child process: started with a hidden command and a folder it serves that folder, as the
//! product's binary does. ONNX Runtime comes from the Python environment `suite` of the tests.

mod containers;
#[cfg(unix)]
mod copies;
mod kept;
mod model;
mod processes;
#[cfg(unix)]
mod python;
mod refusals;
mod subject;
mod taps;

use std::path::Path;
use std::process::ExitCode;

use libtest_mimic::{Arguments, Failed, Trial};
use reproof_tensor::DType;

use subject::{Answer, Subject};

/// A promise and how it is put to the test.
type Promise = (&'static str, fn(&Subject) -> Answer);

const PROMISES: &[Promise] = &[
    ("texts arrive as they were sent", containers::strings),
    ("a tensor of no texts keeps its shape", containers::no_strings),
    ("a text with a zero byte arrives whole", containers::zero_byte),
    ("a sequence arrives as it was sent", containers::sequence),
    ("an empty sequence arrives as it was sent", containers::empty_sequence),
    ("a sequence of texts arrives as it was sent", containers::sequence_of_strings),
    ("an optional arrives with its value", containers::optional),
    ("an absent input is absent", containers::absent_input),
    ("an absent output is absent", containers::absent_output),
    ("an absent sequence is absent", containers::absent_sequence_output),
    ("a map comes out", containers::map_output),
    ("a map goes in", containers::map_input),
    ("an input of another shape is refused", refusals::wrong_shape),
    ("an input of another rank is refused", refusals::wrong_rank),
    ("an input of another dtype is refused", refusals::wrong_dtype),
    ("a missing input is refused by name", refusals::missing_input),
    ("an unknown input is refused by name", refusals::unknown_input),
    ("impossible values are refused", refusals::impossible_values),
    ("garbage is refused", refusals::garbage),
    ("a truncated model is refused", refusals::truncated),
    ("a missing file is refused", refusals::missing_file),
    ("an output that nothing makes is refused", refusals::output_from_nowhere),
    ("an input that nothing makes is refused", refusals::input_from_nowhere),
    ("an unknown operator is unsupported by name", refusals::unknown_operator),
    ("a custom operator is unsupported by name", refusals::custom_operator),
    ("a custom operator is not its standard namesake", refusals::custom_namesake),
    ("an unknown operator in a branch is named", refusals::unknown_operator_in_a_branch),
    ("an unknown engine option is refused by name", refusals::unknown_option),
    ("an unknown device is unsupported", refusals::unknown_device),
    ("float64 is float64 or unsupported", refusals::float64),
    ("the time limit ends the run", processes::time_limit),
    ("the memory limit ends the case", processes::memory_limit),
    ("a death is blamed on its case", processes::death),
    ("repeats have folders of their own", processes::repeats),
    ("a run without cases loads", processes::no_cases),
    ("the environment is told", processes::environment),
    ("two threads are two threads", processes::threads),
    ("every level of optimisation is recorded", processes::optimisation),
    ("taps show every step", taps::every_step),
    ("the values of a named step are kept", taps::named_step),
    ("steps take values that were given elsewhere", taps::given_values),
];

/// What an engine lacks, and why. A gap that has closed fails the suite: take it off the list.
const GAPS: &[(&str, &str, &str)] = &[
    ("referee", "F4 arrives bit for bit", NO_BLOCKS),
    ("referee", "F8_E8M0 arrives bit for bit", NO_BLOCKS),
    ("referee", "C64 arrives bit for bit", NO_COMPLEX),
    ("referee", "C128 arrives bit for bit", NO_COMPLEX),
    ("python", "a tensor of no texts keeps its shape", "texts go in as lists, and an empty list has no dims"),
    ("python", "U2 arrives bit for bit", NO_PARTS),
    ("python", "I2 arrives bit for bit", NO_PARTS),
    ("python", "U4 arrives bit for bit", NO_PARTS),
    ("python", "I4 arrives bit for bit", NO_PARTS),
    ("python", "F4 arrives bit for bit", NO_PARTS),
    ("python", "F8_E5M2FNUZ arrives bit for bit", NO_RARE),
    ("python", "F8_E4M3FNUZ arrives bit for bit", NO_RARE),
    ("python", "F8_E8M0 arrives bit for bit", NO_RARE),
    ("onnxruntime", "a text with a zero byte arrives whole", "its C interface ends texts at a zero byte"),
    (
        "onnxruntime",
        "steps take values that were given elsewhere",
        "its graphs take inputs at their beginning alone",
    ),
    ("onnxruntime", "C64 arrives bit for bit", NO_COMPLEX),
    ("onnxruntime", "C128 arrives bit for bit", NO_COMPLEX),
];

const NO_BLOCKS: &str = "types for blocks of scaled numbers, which no operator computes in";
const NO_PARTS: &str = "arrays have no elements of less than a byte";
const NO_RARE: &str = "taken by PyTorch alone, not as an array";
const NO_COMPLEX: &str = "the engine reads no complex tensors from ONNX";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    match arguments.as_slice() {
        [_, command, folder] if command == "run-unit" => return serve(Path::new(folder)),
        [_, command, folder] if command == "run-unit-and-die" => {
            subject::die_after_first_case(Path::new(folder));
            return serve(Path::new(folder));
        }
        _ => {}
    }
    let python = reproof_testing::python::environment("suite").expect("the Python environment of the tests");
    let located = reproof_runner::locate(None, None, Some(&python));
    let library = located.expect("the environment has the package onnxruntime").library;
    let subjects = [
        Subject { engine: "referee", library: None },
        Subject { engine: "onnxruntime", library: Some(library) },
    ];
    let kept = || {
        kept::a_run_that_was_ended_is_gone_on_with();
        Ok::<(), Failed>(())
    };
    let mut trials = vec![Trial::test("referee: a run that was ended is gone on with", kept)];
    for subject in &subjects {
        for (name, check) in PROMISES {
            let (subject, check) = (subject.clone(), *check);
            trials.push(trial(subject.engine, name, move || check(&subject)));
        }
        for dtype in DType::ALL.iter().filter(|dtype| model::code(**dtype).is_some()) {
            let (subject, dtype) = (subject.clone(), *dtype);
            let name = format!("{dtype} arrives bit for bit");
            trials.push(trial(subject.engine, &name, move || containers::dtype(&subject, dtype)));
        }
    }
    #[cfg(unix)]
    {
        let subject = Subject { engine: "python", library: Some(python) };
        for (name, check) in python::promises() {
            let subject = subject.clone();
            trials.push(trial("python", name, move || check(&subject)));
        }
        // Once more in copies of an interpreter, which must not be told from new ones.
        let copied = Subject { engine: "copies", ..subject.clone() };
        let promises = python::promises().chain(copies::PROMISES.iter().copied());
        for (name, check) in promises.filter(|_| cfg!(target_os = "linux")) {
            let copied = copied.clone();
            trials.push(trial("copies", name, move || check(&copied)));
        }
        for dtype in python::dtypes() {
            let subject = subject.clone();
            let name = format!("{dtype} arrives bit for bit");
            trials.push(trial("python", &name, move || python::dtype(&subject, dtype)));
        }
    }
    for (engine, promise, _) in GAPS {
        let name = format!("{engine}: {promise}");
        assert!(trials.iter().any(|trial| trial.name() == name), "no promise `{name}` for a listed gap");
    }
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

/// One promise to one engine.
fn trial(engine: &'static str, promise: &str, check: impl FnOnce() -> Answer + Send + 'static) -> Trial {
    let lacking = if engine == "copies" { "python" } else { engine };
    let gap = GAPS.iter().find(|(known, name, _)| *known == lacking && *name == promise);
    Trial::test(format!("{engine}: {promise}"), move || match (check(), gap) {
        (Answer::Kept, None) | (Answer::Lacks(_), Some(_)) => Ok(()),
        (Answer::Kept, Some(_)) => Err(Failed::from("the listed gap has closed: take it off the list")),
        (Answer::Lacks(what), None) => Err(Failed::from(format!("a gap that is not listed: {what}"))),
    })
}

/// The child.
fn serve(folder: &Path) -> ExitCode {
    match reproof_runner::serve(folder) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}
