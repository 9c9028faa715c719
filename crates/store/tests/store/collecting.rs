//! What nobody needs goes after a grace period, and never what somebody needs.

use std::collections::HashSet;

use reproof_digest::Digest;
use reproof_progress::Silent;
use reproof_store::{AddOptions, CollectOptions, Collected, Store, StoreError};

use crate::support::{Made, Place, Tensor, add, noise, restored};

const GRACE: i64 = 1000;

fn made(seeds: &[u64]) -> Made {
    let tensors = seeds.iter().map(|seed| Tensor {
        name: format!("t{seed}"),
        dtype: "U8",
        bytes: noise(*seed, 200_000),
    });
    Made { head: Vec::new(), tensors: tensors.collect(), tail: Vec::new() }
}

fn stored(store: &Store, seeds: &[u64], session: u32) -> Digest {
    let options = AddOptions { session, ..AddOptions::default() };
    add(store, &made(seeds), &options).expect("it is stored").manifest
}

/// Collects so many grace periods from now.
fn collect(store: &Store, live: &[Digest], periods: i64) -> Collected {
    try_collect(store, live, periods).expect("it is collected")
}

fn try_collect(store: &Store, live: &[Digest], periods: i64) -> Result<Collected, StoreError> {
    let live: HashSet<Digest> = live.iter().copied().collect();
    let now =
        std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("it is later").as_secs();
    let now = now as i64 + periods * (GRACE + 1);
    let options = CollectOptions { live: &live, now, grace: GRACE, dry_run: false, session: 99 };
    store.collect(&options, &Silent)
}

fn is_whole(store: &Store, manifest: &Digest, seeds: &[u64]) -> bool {
    let read = store.manifest(manifest).and_then(|manifest| restored(store, &manifest));
    read.is_ok_and(|bytes| bytes == made(seeds).bytes())
}

#[test]
fn what_is_young_stays_and_what_is_not_needed_goes_in_two_steps() {
    let place = Place::sound();
    let store = place.store();
    let (kept, dropped) = (stored(&store, &[1], 0), stored(&store, &[2], 1));
    assert_eq!(
        collect(&store, &[kept], 0),
        Collected { live_manifests: 2, live_objects: 2, ..Collected::default() }
    );
    let first = collect(&store, &[kept], 1);
    // The pack is still needed by the manifest that is marked.
    assert_eq!((first.marked, first.removed), (1, 0));
    let second = collect(&store, &[kept], 2);
    assert_eq!((second.marked, second.removed), (1, 1));
    let third = collect(&store, &[kept], 3);
    assert_eq!((third.marked, third.removed), (0, 1));
    assert!(third.removed_bytes > 200_000);
    assert!(is_whole(&place.store(), &kept, &[1]));
    assert!(place.store().manifest(&dropped).is_err());
}

#[test]
fn what_is_pushed_again_is_pardoned_and_what_is_marked_is_not_relied_on() {
    let place = Place::sound();
    let store = place.store();
    let once = stored(&store, &[1, 2], 0);
    for periods in 1..3 {
        collect(&store, &[], periods);
    }
    // The manifest is gone and the pack is marked: a push does not rely on it.
    let other = stored(&place.store(), &[2, 3], 1);
    collect(&place.store(), &[other], 4);
    assert!(is_whole(&place.store(), &other, &[2, 3]));
    let again = stored(&place.store(), &[1, 2], 2);
    assert_eq!(once, again);
    collect(&place.store(), &[other, again], 5);
    assert!(is_whole(&place.store(), &again, &[1, 2]));
}

#[test]
fn a_pack_that_is_mostly_useless_is_written_anew() {
    let place = Place::sound();
    let store = place.store();
    let many = stored(&store, &[1, 2, 3, 4, 5], 0);
    let few = stored(&store, &[1], 1);
    let mut total = Collected::default();
    for periods in 1..6 {
        let done = collect(&place.store(), &[few], periods);
        total.repacked += done.repacked;
        total.removed_bytes += done.removed_bytes;
        assert!(is_whole(&place.store(), &few, &[1]), "after {periods} periods");
    }
    assert_eq!(total.repacked, 1);
    assert!(total.removed_bytes > 900_000, "{} bytes", total.removed_bytes);
    assert!(place.store().manifest(&many).is_err());
}

#[test]
fn a_clock_that_went_backwards_removes_nothing() {
    let place = Place::sound();
    let store = place.store();
    let dropped = stored(&store, &[1], 0);
    collect(&store, &[], 1);
    let back = collect(&store, &[], -5);
    assert_eq!((back.marked, back.removed), (0, 0));
    assert!(is_whole(&place.store(), &dropped, &[1]));
}

/// Marks, packs that are written anew, indexes, removals: whichever is the last that happens, nothing that is needed is lost,
/// and whoever collects next goes on.
#[test]
fn a_collection_may_end_before_each_of_its_steps() {
    let mut changes = 0;
    loop {
        let place = Place::sound();
        let many = stored(&place.store(), &[1, 2, 3, 4, 5], 0);
        let few = stored(&place.store(), &[1], 1);
        place.break_after(changes);
        let mut done = Collected::default();
        let mut broken = false;
        for periods in 1..8 {
            match try_collect(&place.store(), &[few], periods) {
                Ok(collected) => {
                    done.repacked += collected.repacked;
                    done.removed += collected.removed;
                }
                Err(error) => {
                    assert!(!broken, "it fails once only: {error}");
                    broken = true;
                    place.mend();
                }
            }
            assert!(is_whole(&place.store(), &few, &[1]), "after {changes} changes and {periods} periods");
        }
        assert!(place.store().manifest(&many).is_err(), "after {changes} changes");
        if !broken {
            assert_eq!((done.repacked, done.removed), (1, 2), "the pack and the manifest");
            break;
        }
        changes += 1;
    }
    assert!(changes >= 8, "only {changes} steps were broken");
}
