//! External data: which files a model may name.

use std::fs;
use std::path::Path;

use prost::Message;
use reproof_formats::{Description, ErrorKind, FormatError, Storage, open};

use crate::schema::{Entry, Model, linear};
use crate::words;

fn entry(key: &str, value: &str) -> Entry {
    Entry { key: key.into(), value: value.into() }
}

/// The linear model with its weight of 24 bytes in an external file.
fn external(entries: Vec<Entry>) -> Model {
    let mut model = linear();
    let weight = &mut model.graph.as_mut().unwrap().initializer[0];
    weight.raw_data = None;
    weight.data_location = 1;
    weight.external_data = entries;
    model
}

fn opened(folder: &Path, entries: Vec<Entry>) -> Result<Description, FormatError> {
    let path = folder.join("model.onnx");
    fs::write(&path, external(entries).encode_to_vec()).unwrap();
    open(&path)
}

#[test]
fn data_beside_the_model_is_found() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("data")).unwrap();
    fs::write(folder.path().join("data/w.bin"), [7; 40]).unwrap();
    let inside = open_inside(&linear());
    for location in ["data/w.bin", "./data/w.bin"] {
        let entries = vec![entry("location", location), entry("offset", "8"), entry("length", "24")];
        let description = opened(folder.path(), entries).unwrap();
        assert_eq!(description.files.len(), 2);
        assert_eq!(description.files[1].path, "data/w.bin");
        assert_eq!(description.files[1].layout.segments().len(), 3);
        assert!(matches!(description.tensors[0].storage, Storage::Range { file: 1, offset: 8, length: 24 }));
        assert_eq!(description.architecture, inside.architecture, "the place of values does not steer");
    }
    // Without a length, the dims tell it.
    let entries = vec![entry("location", "data/w.bin"), entry("offset", "16")];
    assert!(opened(folder.path(), entries).is_ok());
}

fn open_inside(model: &Model) -> Description {
    crate::onnx::described(model)
}

#[test]
fn shared_data_is_tied() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("w.bin"), [7; 24]).unwrap();
    let mut model = external(vec![entry("location", "w.bin")]);
    let graph = model.graph.as_mut().unwrap();
    let twin = graph.initializer[0].clone();
    graph.initializer.push(crate::schema::Tensor { name: "twin".into(), ..twin });
    let path = folder.path().join("model.onnx");
    fs::write(&path, model.encode_to_vec()).unwrap();
    let description = open(&path).unwrap();
    assert_eq!(description.tensors[2].tied_to.as_deref(), Some("weight"));
    assert_eq!(description.tensors[0].tied_to, None);
}

#[test]
fn paths_out_of_the_folder_are_refused() {
    let outer = tempfile::tempdir().unwrap();
    let folder = outer.path().join("model");
    fs::create_dir(&folder).unwrap();
    fs::write(outer.path().join("secret"), [7; 24]).unwrap();
    let cases = [
        ("../secret", "holds `..`"),
        ("data/../../secret", "holds `..`"),
        ("/etc/passwd", "is absolute"),
        ("..\\secret", "holds a backslash"),
        ("C:secret", "begins with a drive letter"),
        ("a\0b", "holds a NUL character"),
        ("", "has an empty component"),
        (".", "has an empty component"),
        ("a//b", "has an empty component"),
    ];
    for (location, reason) in cases {
        let error = opened(&folder, vec![entry("location", location)]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::External);
        assert_eq!(
            words(&error),
            format!(
                "external data of tensor `weight`: location `{location}` {reason}, expected a relative path \
                 inside the model's folder"
            )
        );
    }
}

#[cfg(unix)]
#[test]
fn links_out_of_the_folder_are_refused() {
    let outer = tempfile::tempdir().unwrap();
    let folder = outer.path().join("model");
    fs::create_dir(&folder).unwrap();
    fs::write(outer.path().join("secret"), [7; 24]).unwrap();
    std::os::unix::fs::symlink(outer.path(), folder.join("up")).unwrap();
    std::os::unix::fs::symlink(outer.path().join("secret"), folder.join("link")).unwrap();
    for location in ["up/secret", "link"] {
        let error = opened(&folder, vec![entry("location", location)]).unwrap_err();
        assert_eq!(
            words(&error),
            format!(
                "external data of tensor `weight`: file `{location}` is a link that leads out of the model's folder"
            )
        );
        assert!(error.hint().is_some());
    }
    // A link that stays inside is nobody's harm.
    fs::write(folder.join("real"), [7; 24]).unwrap();
    std::os::unix::fs::symlink("real", folder.join("alias")).unwrap();
    assert!(opened(&folder, vec![entry("location", "alias")]).is_ok());
}

#[test]
fn wrong_places_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("w.bin"), [7; 40]).unwrap();
    fs::create_dir(folder.path().join("sub")).unwrap();
    let at = |rest: &[(&str, &str)]| {
        let mut entries = vec![entry("location", "w.bin")];
        entries.extend(rest.iter().map(|(key, value)| entry(key, value)));
        words(&opened(folder.path(), entries).unwrap_err())
    };
    let prefix = "external data of tensor `weight`: ";
    let short = "file `w.bin` has 40 bytes, expected 24 bytes from byte 17 on";
    assert_eq!(at(&[("offset", "17")]), format!("{prefix}{short}"));
    let overflow = "file `w.bin` has 40 bytes, expected 24 bytes from byte 18446744073709551615 on";
    assert_eq!(at(&[("offset", "18446744073709551615")]), format!("{prefix}{overflow}"));
    assert_eq!(at(&[("length", "25")]), format!("{prefix}length is 25 bytes, expected 24"));
    assert_eq!(at(&[("offset", "+1")]), format!("{prefix}offset `+1` is not a number of bytes"));
    let missing = opened(folder.path(), vec![entry("location", "absent")]).unwrap_err();
    assert_eq!(words(&missing), format!("{prefix}file `absent` is missing"));
    let subfolder = opened(folder.path(), vec![entry("location", "sub")]).unwrap_err();
    assert_eq!(words(&subfolder), format!("{prefix}`sub` is not a regular file"));
    let nowhere = opened(folder.path(), vec![]).unwrap_err();
    assert_eq!(words(&nowhere), format!("{prefix}no location is given"));
}

/// A small file that pretends to hold gigabytes by naming its bytes over and over.
#[test]
fn overlapping_ranges_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("w.bin"), vec![7; 200_000]).unwrap();
    let mut model = linear();
    let graph = model.graph.as_mut().unwrap();
    for index in 0..100_i64 {
        graph.initializer.push(crate::schema::Tensor {
            name: format!("t{index}"),
            dims: vec![40_000],
            data_type: 1,
            data_location: 1,
            external_data: vec![entry("location", "w.bin"), entry("offset", &index.to_string())],
            ..Default::default()
        });
    }
    let path = folder.path().join("model.onnx");
    fs::write(&path, model.encode_to_vec()).unwrap();
    let error = open(&path).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge);
    assert!(words(&error).starts_with("tensors refer to 16000040 bytes in files of"), "{}", words(&error));
}
