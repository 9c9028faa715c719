//! Pickles assembled by hand: those that contain themselves, that share without end, and checkpoints whose parts are
//! told apart by what they hold.

use std::path::Path;

use reproof_formats::{Description, FormatError, OpenOptions, describe, describe_with};

fn read(pickle: &[u8]) -> Result<Description, FormatError> {
    let mut bytes = b"\x80\x04".to_vec();
    bytes.extend(pickle);
    bytes.push(b'.');
    describe(&bytes, Path::new("a.pkl"))
}

/// A text.
fn text(text: &str) -> Vec<u8> {
    let mut bytes = vec![0x8c, text.len() as u8];
    bytes.extend(text.as_bytes());
    bytes
}

/// A name to import.
fn global(module: &str, name: &str) -> Vec<u8> {
    format!("c{module}\n{name}\n").into_bytes()
}

/// An array of so many float32 ones.
fn array(count: u8) -> Vec<u8> {
    let mut bytes = global("numpy.core.numeric", "_frombuffer");
    bytes.extend([b'(', b'C', count * 4]);
    bytes.extend(1_f32.to_le_bytes().repeat(usize::from(count)));
    bytes.extend(global("numpy", "dtype"));
    bytes.extend(text("f4"));
    bytes.extend([0x89, 0x88, 0x87, b'R', b'(', b'K', 3]);
    bytes.extend(text("<"));
    // No subdtype, names or fields; size and alignment follow from the code; no flags.
    bytes.extend(b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb");
    bytes.extend([b'K', count, 0x85]);
    bytes.extend(text("C"));
    bytes.extend(b"tR");
    bytes
}

/// A dictionary of texts and values.
fn dictionary(entries: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut bytes = b"}(".to_vec();
    for (key, value) in entries {
        bytes.extend(text(key));
        bytes.extend(value);
    }
    bytes.push(b'u');
    bytes
}

#[test]
fn values_that_contain_themselves_end() {
    // torch.Size of a list that holds that torch.Size.
    let mut size = global("torch", "Size");
    size.extend(b"]q\x00\x85Rq\x01h\x00h\x01a0h\x01");
    assert!(read(&size).is_ok());
    // bytes(bytearray(bytes(...))) in a circle of two.
    let mut circle = global("builtins", "bytes");
    circle.extend(b"(");
    circle.extend(global("builtins", "bytearray"));
    circle.extend(b"]\x85Rq\x00tRq\x01h\x00");
    assert!(read(&circle).is_ok());
    // A list that holds itself.
    assert!(read(b"]q\x00h\x00a").is_ok());
    let mut rebuilt = global("torch._tensor", "_rebuild_from_type_v2");
    rebuilt.extend(b"q\x00(h\x00Nh\x00NtR");
    assert!(read(&rebuilt).is_err());
}

#[test]
fn a_small_file_cannot_become_large() {
    // One long text, referred to a million times.
    let mut shared = vec![b'X'];
    shared.extend(8000_u32.to_le_bytes());
    shared.extend([b'a'; 8000]);
    shared.extend(b"q\x00(");
    shared.extend(b"h\x00".repeat(1_000_000));
    shared.push(b't');
    let error = crate::words(&read(&shared).unwrap_err());
    assert!(
        error.ends_with("more than 67108864 bytes of values would have to be unpacked in memory"),
        "{error}"
    );
    // Tuples of two times the tuple before: two to the power of a hundred leaves.
    let mut doubled = b")q\x00".to_vec();
    for level in 0..100_u8 {
        doubled.extend([b'h', level, b'h', level, 0x86, b'q', level + 1]);
    }
    let error = crate::words(&read(&doubled).unwrap_err());
    assert!(error.ends_with("values expand to more than 2000000"), "{error}");
}

#[test]
fn nothing_beside_a_nested_model_is_lost() {
    let half = || dictionary(&[("weight", array(2))]);
    let names = |description: &Description| -> Vec<String> {
        description.tensors.iter().map(|tensor| format!("{}:{}", tensor.part, tensor.name)).collect()
    };
    let both = dictionary(&[("encoder", half()), ("decoder", half())]);
    let nested = read(&dictionary(&[("model", both.clone())])).unwrap();
    assert_eq!(names(&nested), ["model:encoder.weight", "model:decoder.weight"]);
    assert_eq!(names(&read(&both).unwrap()), names(&nested));
    let optimizer = dictionary(&[
        ("state", dictionary(&[("0", dictionary(&[("exp_avg", array(2))]))])),
        ("param_groups", b"]".to_vec()),
    ]);
    let inside = dictionary(&[("state_dict", half()), ("optimizer", optimizer)]);
    let inside = read(&dictionary(&[("model", inside)])).unwrap();
    assert_eq!(names(&inside), ["model:weight", "optimizer:state.0.exp_avg"]);
    // An average of weights alone is the model; a weight whose name has a telling word stays a weight.
    assert_eq!(
        names(&read(&dictionary(&[("model", b"N".to_vec()), ("ema", half())])).unwrap()),
        ["model:weight"]
    );
    let telling = dictionary(&[("time_step.weight", array(1)), ("a._extra_state", b"N".to_vec())]);
    assert_eq!(names(&read(&telling).unwrap()), ["model:time_step.weight"]);
}

#[test]
fn keys_that_read_alike_stay_apart() {
    let mut alike = b"}(K\x00".to_vec();
    alike.extend(array(1));
    alike.extend(text("0"));
    alike.extend(array(2));
    alike.push(b'u');
    let names: Vec<String> = read(&alike).unwrap().tensors.into_iter().map(|tensor| tensor.name).collect();
    assert_eq!(names, ["0", "0 (1)"]);
}

#[test]
fn a_name_that_two_tensors_have_is_told() {
    let nested = dictionary(&[("b", array(1))]);
    let shared = read(&dictionary(&[("a.b", array(2)), ("a", nested)])).unwrap();
    let [finding] = shared.findings.as_slice() else { panic!("{:?}", shared.findings) };
    assert_eq!(finding.id, "tensors.shared-name");
    assert_eq!(finding.message, "2 tensors of the part `model` are called `a.b`");
}

#[test]
fn the_model_can_be_named_wherever_it_is() {
    let student = || dictionary(&[("weight", array(2))]);
    let mut networks = b"](".to_vec();
    networks.extend(student());
    networks.extend(dictionary(&[("weight", array(3))]));
    networks.push(b'e');
    let mut bytes = b"\x80\x04".to_vec();
    bytes.extend(dictionary(&[("run", dictionary(&[("networks", networks)])), ("model", student())]));
    bytes.push(b'.');
    let named = |keys: &str| {
        let options = OpenOptions { model: Some(keys.to_owned()) };
        describe_with(&bytes, Path::new("a.pkl"), &options)
    };
    let second = named("run.networks.1").unwrap();
    let shapes = second.tensors.iter().filter(|tensor| tensor.part == "model").map(|tensor| &tensor.shape);
    assert_eq!(shapes.collect::<Vec<_>>(), [&[3]]);
    let error = crate::words(&named("networks").unwrap_err());
    assert!(
        error.ends_with(
            "there is no `networks` that could be the model: tensors lie below `run`, `model`, `run.networks`, \
             `run.networks.0`, `run.networks.1`"
        ),
        "{error}"
    );
}
