//! Places that cannot hold history are told.

use std::sync::Arc;

use object_store::ObjectStore;
use reproof_store::{Bucket, probe};

use crate::support::Place;

fn bucket(place: &Arc<Place>) -> Bucket {
    Bucket::new(Arc::clone(place) as Arc<dyn ObjectStore>, "memory")
}

#[test]
fn a_folder_and_memory_hold_history_and_nothing_of_the_probe_is_left() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    for bucket in [Bucket::folder(folder.path()).expect("it is a folder"), bucket(&Place::sound())] {
        probe(&bucket, "one").expect("it is sound");
        let mut left = Vec::new();
        bucket.list("probe", |entry| left.push(entry.key)).expect("it can be listed");
        assert!(left.is_empty(), "{left:?}");
    }
}

#[test]
fn a_place_that_overwrites_is_refused() {
    let error = probe(&bucket(&Place::careless()), "one").expect_err("it overwrites");
    assert_eq!(
        error.to_string(),
        "memory cannot hold history: a second write to the same key was accepted (If-None-Match is ignored)"
    );
}

#[test]
fn a_place_that_cannot_be_written_is_an_error_of_that_place() {
    let place = Place::sound();
    place.break_after(0);
    let error = probe(&bucket(&place), "one").expect_err("it is broken");
    assert_eq!(error.to_string(), "memory: could not write probe/one/taken");
}
