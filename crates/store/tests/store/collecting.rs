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

#[test]
fn a_difference_whose_base_was_collected_is_stored_again() {
    let place = Place::sound();
    let step = |step: u64| {
        let mut bytes = Vec::new();
        for (index, number) in noise(7, 400_000).chunks_exact(2).enumerate() {
            let value =
                u16::from_le_bytes([number[0], number[1]]).wrapping_add((index as u64 * step % 3) as u16);
            bytes.extend(value.to_le_bytes());
        }
        Tensor { name: "w".to_owned(), dtype: "BF16", bytes }
    };
    let of = |tensors| Made { head: Vec::new(), tensors, tail: Vec::new() };
    let other = || Tensor { name: "n".to_owned(), dtype: "U8", bytes: noise(8, 900_000) };
    let store = place.store();
    let first = add(&store, &of(vec![step(0)]), &AddOptions::default()).expect("it is stored");
    let like = [store.manifest(&first.manifest).expect("it is there")];
    let options = AddOptions { like: &like, session: 1, trusting: false };
    // One pack: a difference from the first, and something larger that stays.
    let second = add(&store, &of(vec![step(1), other()]), &options).expect("it is stored");
    assert!(second.written < 1_250_000, "{} bytes are no difference", second.written);
    let kept = add(&store, &of(vec![other()]), &AddOptions { session: 2, ..AddOptions::default() });
    let kept = kept.expect("it is stored").manifest;
    for periods in 1..=4 {
        collect(&place.store(), &[kept], periods);
    }
    let store = place.store();
    let again = add(&store, &of(vec![step(1)]), &AddOptions { session: 3, ..AddOptions::default() });
    let again = again.expect("it is stored");
    assert!(again.new > 0, "a difference without its base was taken for stored");
    let manifest = place.store().manifest(&again.manifest).expect("it is there");
    assert_eq!(restored(&place.store(), &manifest).expect("it is whole"), of(vec![step(1)]).bytes());
}

#[test]
fn packs_that_hold_the_same_are_written_anew_once() {
    // Two pushes at the same time, which do not see each other's packs.
    let [first, second] = [Place::sound(), Place::sound()];
    let (x, y, z) = ([1, 10, 11, 12, 13], [1, 2, 20, 21, 22], [2, 30]);
    for (place, seeds) in [(&first, &x[..]), (&second, &y[..])] {
        stored(&place.store(), seeds, seeds[1] as u32);
    }
    first.take_over(&second);
    let store = first.store();
    let live = [stored(&store, &[1, 10], 90), stored(&store, &[1, 2], 91), stored(&store, &z, 92)];
    for periods in 1..=5 {
        collect(&first.store(), &live, periods);
    }
    for (manifest, seeds) in live.iter().zip([&[1, 10][..], &[1, 2], &z]) {
        assert!(is_whole(&first.store(), manifest, seeds), "{seeds:?}");
    }
}
