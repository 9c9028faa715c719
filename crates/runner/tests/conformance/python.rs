//! The promises to the runner of Python's frameworks, which takes functions where the engines take graphs.

use std::path::Path;

use reproof_contract::run::{Device, LimitKind, Precision, Status};
use reproof_tensor::{DType, Key, StringTensor, Tensor, Value};

use crate::Promise;
use crate::containers::pattern;
use crate::model::code;
use crate::subject::{Answer, Ran, Subject, Trial};

const PROMISES: &[Promise] = &[
    ("texts arrive as they were sent", strings),
    ("a tensor of no texts keeps its shape", no_strings),
    ("a text with a zero byte arrives whole", zero_byte),
    ("a sequence arrives as it was sent", sequence),
    ("an optional arrives with its value", optional),
    ("an absent input is absent", absent_input),
    ("a map arrives as it was sent", map),
    ("a number and a truth value come out", scalars),
    ("a missing input is refused", missing_input),
    ("an unknown input is refused by name", unknown_input),
    ("impossible values are refused", impossible_values),
    ("an output of another kind is unsupported by name", strange_output),
    ("garbage is refused", garbage),
    ("a missing file is refused", missing_file),
    ("an unknown engine option is unsupported by name", unknown_option),
    ("an unknown adapter is unsupported by name", unknown_adapter),
    ("an unknown device is unsupported", unknown_device),
    ("float64 is float64 or unsupported", float64),
    ("the time limit ends the run", time_limit),
    ("the memory limit ends the case", memory_limit),
    ("a death is blamed on its case", death),
    ("what a case leaves behind ends with it", left_behind),
    ("what is printed is no answer", printed),
    ("an input that was changed in place is whole in the repeat", repeats),
    ("a run without cases loads", no_cases),
    ("the environment is told", environment),
];

/// The functions that the promises call, each made by a loader of its name.
const FUNCTIONS: &str = r#"
import os, time
import numpy

def made(function):
    return lambda path: function

echo = made(lambda x: {"y": x})
texts = made(lambda x: {"y": numpy.array(x, dtype=object)})
scalars = made(lambda: {"y": 3, "z": 0.5, "truth": True, "none": None})
strange = made(lambda x: {"y": object()})
pick = made(lambda x, at: {"y": x[at]})
absent = made(lambda x: {"y": numpy.array(x is None)})

def read(path):
    with open(path, "rb") as file:
        if file.read(4) != b"good":
            raise ValueError("not a good file")
    return lambda x: {"y": x}

def change(x):
    x += 1
    return {"y": x}

changing = made(change)

def act(what):
    word = str(numpy.array(what).reshape(-1)[0])
    if word == "sleep":
        time.sleep(600)
    elif word == "eat":
        blocks = [bytearray(16 << 20) for _ in range(64)]
        time.sleep(600)
    elif word == "die":
        print("assertion failed in the kernel", flush=True)
        os.abort()
    elif word == "fork":
        if os.fork() == 0:
            time.sleep(600)
            os._exit(0)
    elif word == "print":
        print('{"id": 1, "reply": {"status": {"status": "done"}, "seconds": 0, "outputs": []}}')
        os.write(2, b"and on the other one\n")
    return {"y": numpy.zeros(1, "float32")}

acting = made(act)

def tell(x):
    print("parent", os.getppid(), flush=True)
    return {"y": x}

telling = made(tell)

def order(x):
    print("parent", os.getppid(), flush=True)
    return {"y": x + numpy.float32(hash("a text") % 1000003)}

hashing = made(order)
"#;

/// All of them.
pub(crate) fn promises() -> impl Iterator<Item = Promise> {
    PROMISES.iter().copied()
}

/// The dtypes, each a promise.
pub(crate) fn dtypes() -> impl Iterator<Item = DType> {
    DType::ALL.iter().copied().filter(|dtype| code(*dtype).is_some())
}

/// A run of a function by the name of its loader.
pub(crate) fn call(loader: &str) -> Trial {
    Trial::of(b"good").with(|spec| {
        let folder = spec.artifact.parent().map(Path::to_owned).expect("the artifact lies in a folder");
        std::fs::write(folder.join("functions.py"), FUNCTIONS).expect("a temporary file can be written");
        spec.loading.loader = Some(format!("functions:{loader}"));
        spec.loading.modules = vec![folder];
    })
}

pub(crate) fn floats(values: &[f32]) -> Value {
    Value::Tensor(Tensor::from_f32(vec![values.len() as u64], values).expect("one dim"))
}

pub(crate) fn text(word: &str) -> Value {
    Value::Strings(StringTensor { shape: vec![1], values: vec![word.to_owned()] })
}

fn echoed(subject: &Subject, loader: &str, value: &Value) -> Answer {
    call(loader).case(&[("x", value.clone())]).run(subject).gives(&[("y", value.clone())])
}

/// All shapes of a dtype.
pub(crate) fn dtype(subject: &Subject, dtype: DType) -> Answer {
    let shapes: [&[u64]; 6] = [&[], &[1], &[3], &[2, 3], &[0], &[2, 0, 3]];
    let trial = shapes.iter().fold(call("echo"), |trial, shape| trial.case(&[("x", pattern(dtype, shape))]));
    let ran = trial.run(subject);
    if let Status::Unsupported { what, .. } = ran.status(0) {
        return Answer::Lacks(what.clone());
    }
    for (index, shape) in shapes.iter().enumerate() {
        assert!(ran.status(index).is_done(), "{shape:?}: {:?}", ran.status(index));
        assert_eq!(ran.outputs(index, 0), [("y".to_owned(), pattern(dtype, shape))], "{shape:?}");
    }
    Answer::Kept
}

fn strings(subject: &Subject) -> Answer {
    let values = ["", "a b\n", "żółw", "🐢"].map(str::to_owned).to_vec();
    echoed(subject, "texts", &Value::Strings(StringTensor { shape: vec![2, 2], values }))
}

fn no_strings(subject: &Subject) -> Answer {
    let empty = Value::Strings(StringTensor { shape: vec![0, 2], values: Vec::new() });
    let ran = call("texts").case(&[("x", empty.clone())]).run(subject);
    if ran.outputs(0, 0) == [("y".to_owned(), empty)] {
        return Answer::Kept;
    }
    Answer::Lacks("a list of no texts has no second dim".to_owned())
}

fn zero_byte(subject: &Subject) -> Answer {
    echoed(subject, "texts", &text("a\0b"))
}

fn sequence(subject: &Subject) -> Answer {
    echoed(subject, "echo", &Value::Sequence(Vec::new()));
    let inner = Value::Sequence(vec![floats(&[f32::NAN]), Value::Text("one".to_owned())]);
    echoed(subject, "echo", &Value::Sequence(vec![floats(&[1.0, 2.0]), inner]))
}

/// Python has no box around a value that is there.
fn optional(subject: &Subject) -> Answer {
    let given = Value::Optional(Some(Box::new(floats(&[3.0]))));
    call("echo").case(&[("x", given)]).run(subject).gives(&[("y", floats(&[3.0]))])
}

fn absent_input(subject: &Subject) -> Answer {
    let yes = Value::Tensor(Tensor::new(DType::Bool, Vec::new(), vec![1]).expect("one byte"));
    call("absent").case(&[("x", Value::Optional(None))]).run(subject).gives(&[("y", yes)])
}

fn map(subject: &Subject) -> Answer {
    let entries =
        vec![(Key::Integer(-1), floats(&[0.75])), (Key::Text("a".to_owned()), Value::Real(f64::NAN))];
    let ran = call("echo").case(&[("x", Value::Map(entries))]).run(subject);
    let outputs = ran.outputs(0, 0);
    let [(_, Value::Map(entries))] = outputs.as_slice() else { panic!("no map: {outputs:?}") };
    assert_eq!(entries[0], (Key::Integer(-1), floats(&[0.75])));
    assert!(matches!(&entries[1], (Key::Text(key), Value::Real(number)) if key == "a" && number.is_nan()));
    Answer::Kept
}

fn scalars(subject: &Subject) -> Answer {
    call("scalars").case(&[]).run(subject).gives(&[
        ("y", Value::Integer(3)),
        ("z", Value::Real(0.5)),
        ("truth", Value::Boolean(true)),
        ("none", Value::Optional(None)),
    ])
}

/// Asserts that the second case is refused with a message that holds `word`, and that those around it run.
fn refused(
    subject: &Subject,
    loader: &str,
    good: &[(&str, Value)],
    bad: &[(&str, Value)],
    word: &str,
) -> Answer {
    let ran = call(loader).case(good).case(bad).case(good).run(subject);
    assert!(ran.status(0).is_done() && ran.status(2).is_done(), "{:?}", ran.outcome.cases);
    match ran.status(1) {
        Status::Refused { message } => assert!(message.contains(word), "expected `{word}` in: {message}"),
        other => panic!("expected a refusal, got {other:?}"),
    }
    assert!(ran.outcome.cases[1].outputs.is_empty(), "a refused case has no outputs");
    Answer::Kept
}

fn missing_input(subject: &Subject) -> Answer {
    refused(subject, "echo", &[("x", floats(&[2.0]))], &[], "'x'")
}

fn unknown_input(subject: &Subject) -> Answer {
    let both = [("x", floats(&[2.0])), ("gamma", floats(&[2.0]))];
    refused(subject, "echo", &[("x", floats(&[2.0]))], &both, "`gamma`")
}

fn impossible_values(subject: &Subject) -> Answer {
    let at = |index| {
        let index = Tensor::from_i64(vec![1], &[index]).expect("one element");
        [("x", floats(&[1.0, 2.0])), ("at", Value::Tensor(index))]
    };
    refused(subject, "pick", &at(1), &at(9), "index 9")
}

/// Asserts that the only case, or loading, lacks something whose description holds `word`.
fn lacks(subject: &Subject, trial: Trial, word: &str) -> Answer {
    let ran = trial.case(&[("x", floats(&[1.0]))]).run(subject);
    match ran.status(0) {
        Status::Unsupported { what, hint } => {
            assert!(what.contains(word), "expected `{word}` in: {what}");
            assert!(!hint.is_empty(), "what is lacking comes with a way out");
        }
        other => panic!("expected something lacking, got {other:?}"),
    }
    Answer::Kept
}

fn strange_output(subject: &Subject) -> Answer {
    lacks(subject, call("strange"), "builtins.object")
}

fn unknown_option(subject: &Subject) -> Answer {
    let option = ("fastmath".to_owned(), "on".to_owned());
    lacks(subject, call("echo").with(|spec| spec.options.extend([option])), "fastmath")
}

fn unknown_adapter(subject: &Subject) -> Answer {
    lacks(subject, call("echo").with(|spec| spec.loading.adapter = Some("caffe".to_owned())), "caffe")
}

fn unknown_device(subject: &Subject) -> Answer {
    lacks(subject, call("echo").with(|spec| spec.device = Device::Cuda(7)), "device")
}

fn float64(subject: &Subject) -> Answer {
    lacks(subject, call("echo").with(|spec| spec.precision = Precision::Float64), "float64")
}

fn refused_load(subject: &Subject, trial: Trial, word: &str) -> Answer {
    let ran = trial.case(&[("x", floats(&[1.0]))]).run(subject);
    match &ran.outcome.load.status {
        Status::Refused { message } => assert!(message.contains(word), "expected `{word}` in: {message}"),
        other => panic!("expected a refusal, got {other:?}"),
    }
    assert_eq!(ran.status(0), &ran.outcome.load.status);
    assert_eq!(ran.advanced, 1, "a case that was never reached counts too");
    Answer::Kept
}

fn garbage(subject: &Subject) -> Answer {
    let bad = |spec: &mut reproof_contract::run::RunSpec| {
        std::fs::write(&spec.artifact, b"no model at all").expect("a temporary file can be written");
    };
    refused_load(subject, call("read").with(bad), "not a good file")
}

fn missing_file(subject: &Subject) -> Answer {
    refused_load(
        subject,
        call("read").with(|spec| spec.artifact = spec.artifact.with_extension("gone")),
        "No such file",
    )
}

/// A run with one odd case between two ordinary ones.
fn between(word: &str) -> Trial {
    call("acting").case(&[("what", text("go"))]).case(&[("what", text(word))]).case(&[("what", text("go"))])
}

fn ran(ran: &Ran, case: usize) {
    assert!(ran.status(case).is_done(), "case {case}: {:?}", ran.outcome.cases);
    assert_eq!(ran.outputs(case, 0), [("y".to_owned(), floats(&[0.0]))]);
}

fn time_limit(subject: &Subject) -> Answer {
    const PATIENCE: u64 = 8000;
    let done = between("sleep").with(|spec| spec.limits.milliseconds = Some(PATIENCE)).run(subject);
    ran(&done, 0);
    let limit = Status::Limit { limit: LimitKind::Time, value: PATIENCE };
    assert_eq!([done.status(1), done.status(2)], [&limit, &limit]);
    assert_eq!(done.advanced, 3);
    Answer::Kept
}

fn memory_limit(subject: &Subject) -> Answer {
    const MEMORY: u64 = 300 << 20;
    let done = between("eat").with(|spec| spec.limits.memory_bytes = Some(MEMORY)).run(subject);
    assert_eq!(done.status(1), &Status::Limit { limit: LimitKind::Memory, value: MEMORY });
    ran(&done, 0);
    ran(&done, 2);
    assert_eq!(done.advanced, 3);
    Answer::Kept
}

fn death(subject: &Subject) -> Answer {
    let done = between("die").run(subject);
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

fn left_behind(subject: &Subject) -> Answer {
    let started = std::time::Instant::now();
    let done = between("fork").run(subject);
    (0..3).for_each(|case| ran(&done, case));
    assert!(started.elapsed().as_secs() < 120, "a process that was left behind held up the run");
    Answer::Kept
}

fn printed(subject: &Subject) -> Answer {
    let done = between("print").run(subject);
    (0..3).for_each(|case| ran(&done, case));
    assert!(done.outcome.printed.contains("and on the other one"), "{}", done.outcome.printed);
    Answer::Kept
}

fn repeats(subject: &Subject) -> Answer {
    let done = call("changing").case(&[("x", floats(&[1.0]))]).with(|spec| spec.repeats = 3).run(subject);
    for repeat in 0..3 {
        assert_eq!(done.outputs(0, repeat), [("y".to_owned(), floats(&[2.0]))]);
    }
    Answer::Kept
}

fn no_cases(subject: &Subject) -> Answer {
    let done = call("echo").run(subject);
    assert!(done.outcome.load.status.is_done(), "{:?}", done.outcome.load.status);
    Answer::Kept
}

fn environment(subject: &Subject) -> Answer {
    let done = call("echo").with(|spec| spec.threads = Some(2)).run(subject);
    let environment = done.outcome.environment.expect("a worker that loaded tells where it is");
    assert_eq!(environment.class, format!("cpu-{}", std::env::consts::ARCH));
    assert_eq!(environment.engine.name, "numpy");
    assert_eq!(environment.threads, 2);
    assert_eq!(environment.variables["OMP_NUM_THREADS"], "2");
    assert_eq!(environment.settings["adapter"], "callable");
    assert_eq!(
        environment.settings["network"],
        if cfg!(target_os = "linux") { "denied" } else { "unavailable" }
    );
    assert_eq!(done.outcome.sources[0].file, "functions.py");
    assert_eq!(environment.cpu.architecture, std::env::consts::ARCH);
    Answer::Kept
}
