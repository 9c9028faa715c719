//! Whether a place keeps the promise that history stands on: a key is written once, by one writer.
//!
//! Real services exist that accept a conditional write and overwrite all the same, or decide it by looking first and
//! writing later. Nothing that they answer tells; only trying does.

use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::{Bucket, StoreError};

/// Writers that try for the same key at the same time.
const RACERS: usize = 8;

/// Keys that they race for: a service that looks first and writes later lets several win in most rounds.
const ROUNDS: usize = 3;

/// Writes a few small objects below `probe/NAME/`, checks that a taken key stays taken and that of racing writers
/// exactly one wins, and removes them. `name` must be new.
pub fn probe(bucket: &Bucket, name: &str) -> Result<(), StoreError> {
    let unfit = |problem: String| StoreError::Unfit { store: bucket.name().to_owned(), problem };
    let folder = format!("probe/{name}");
    let mut keys = vec![format!("{folder}/taken")];
    let outcome = (|| {
        let key = &keys[0];
        if !bucket.create(key, "first")? {
            return Err(unfit(format!("a key that nobody wrote is taken: {key}")));
        }
        if bucket.create(key, "second")? {
            return Err(unfit(
                "a second write to the same key was accepted (If-None-Match is ignored)".into(),
            ));
        }
        let found = bucket.get(key, 64)?;
        if found.as_deref() != Some(b"first") {
            return Err(unfit("a refused write changed what was stored".into()));
        }
        if bucket.range(key, 1..3)?.as_ref() != b"ir" {
            return Err(unfit("a range of an object is not what was stored".into()));
        }
        for round in 0..ROUNDS {
            let key = format!("{folder}/race-{round}");
            keys.push(key.clone());
            let winners = race(bucket, &key)?;
            if winners != 1 {
                return Err(unfit(format!(
                    "of {RACERS} writers of one key {winners} were told that they had written it: \
                     conditional writes are not atomic"
                )));
            }
        }
        Ok(())
    })();
    for key in &keys {
        // What cannot be removed is a few bytes; the verdict matters more.
        let _ = bucket.remove(key);
    }
    outcome
}

/// How many of [`RACERS`] writers were told that they had created `key`.
fn race(bucket: &Bucket, key: &str) -> Result<usize, StoreError> {
    let (start, winners) = (Barrier::new(RACERS), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        let racer = |index: usize| {
            let (start, winners) = (&start, &winners);
            move || {
                start.wait();
                if bucket.create(key, format!("racer {index}"))? {
                    winners.fetch_add(1, Ordering::Relaxed);
                }
                Ok::<(), StoreError>(())
            }
        };
        let racers: Vec<_> = (0..RACERS).map(|index| scope.spawn(racer(index))).collect();
        racers.into_iter().try_for_each(|racer| racer.join().expect("a racer does not panic"))
    })?;
    Ok(winners.into_inner())
}
