//! The jobs of a plan as packs: blocks are encoded on all cores and written by a thread beside them.

use std::sync::mpsc;

use rayon::prelude::*;
use reproof_digest::{Digest, Kind, tree};
use reproof_progress::Progress;

use super::base::order;
use super::encode::{self, Encoded};
use super::plan::{Job, Plan};
use super::{AddOptions, Source};
use crate::pack::{self, Entry, Pack, PackWriter, block_count};
use crate::{Store, StoreError};

/// Blocks that are encoded together.
const BATCH: usize = 32;

/// Writes what a plan asks for; the bytes written.
pub(super) fn write(
    store: &Store,
    source: &Source<'_>,
    plan: &Plan,
    options: &AddOptions<'_>,
    progress: &dyn Progress,
) -> Result<u64, StoreError> {
    if plan.jobs.is_empty() {
        return Ok(0);
    }
    std::thread::scope(|scope| {
        // No room between the two: one pack is filled while one is written.
        let (sender, receiver) = mpsc::sync_channel::<Pack>(0);
        let publisher = scope.spawn(move || {
            let mut written = 0;
            for pack in receiver {
                written += pack.size();
                let (name, entries) = pack::publish(&store.bucket, pack)?;
                store.learn(&name, entries);
            }
            Ok::<u64, StoreError>(written)
        });
        let filled = fill(store, source, plan, options, progress, &sender);
        drop(sender);
        let written = publisher.join().expect("the publisher does not panic");
        // Where the publisher failed, filling ended because nobody took the next pack.
        let written = written?;
        filled.map(|()| written)
    })
}

fn fill(
    store: &Store,
    source: &Source<'_>,
    plan: &Plan,
    options: &AddOptions<'_>,
    progress: &dyn Progress,
    packs: &mpsc::SyncSender<Pack>,
) -> Result<(), StoreError> {
    let jobs: Vec<&Job> = order(&plan.jobs).into_iter().map(|index| &plan.jobs[index]).collect();
    let blocks: Vec<(&Job, u32)> = jobs
        .iter()
        .flat_map(|job| (0..block_count(job.length) as u32).map(move |block| (*job, block)))
        .collect();
    let mut writer = PackWriter::default();
    let mut values: Vec<tree::ChainingValue> = Vec::new();
    let mut based = false;
    for batch in blocks.chunks(BATCH) {
        let encoded: Vec<Encoded> = batch
            .par_iter()
            .with_max_len(1)
            .map(|(job, block)| {
                let encoded = encode::block(store, source, job, *block, options.trusting)?;
                progress.advance(encoded.length as u64);
                Ok(encoded)
            })
            .collect::<Result<_, StoreError>>()?;
        for ((job, block), encoded) in batch.iter().zip(&encoded) {
            let begins = *block == 0 || writer.is_empty();
            if begins {
                writer.begin(&entry(job, *block, options.session));
            }
            writer.block(&encoded.bytes);
            values.push(encoded.value);
            based = encoded.based || (based && *block > 0);
            if u64::from(*block) + 1 == block_count(job.length) {
                if !based {
                    writer.leave_base_out();
                }
                check(source, job, &std::mem::take(&mut values))?;
            }
            if writer.length() >= store.pack_target && !send(packs, &mut writer) {
                return Ok(());
            }
        }
    }
    if !writer.is_empty() {
        send(packs, &mut writer);
    }
    Ok(())
}

/// Hands a pack over; `false` where nobody takes it any more.
fn send(packs: &mpsc::SyncSender<Pack>, writer: &mut PackWriter) -> bool {
    packs.send(std::mem::take(writer).finish()).is_ok()
}

fn entry(job: &Job, first: u32, session: u32) -> Entry {
    Entry {
        digest: *job.digest.as_bytes(),
        length: job.length,
        offset: 0,
        first,
        element: job.element,
        base: job.base.map(|base| *base.digest.as_bytes()),
        depth: job.base.map_or(0, |base| base.depth + 1),
        steps: job.base.map_or(0, |base| base.steps),
        session,
        blocks: Vec::new(),
    }
}

/// Refuses an object whose bytes are no longer those that were hashed, before its last pack is written.
fn check(source: &Source<'_>, job: &Job, values: &[tree::ChainingValue]) -> Result<(), StoreError> {
    let digest = match values {
        [only] => Digest::new(Kind::Blob, *only),
        parts => tree::join(parts),
    };
    if digest == job.digest {
        return Ok(());
    }
    let file = encode::file(source, job.place.0).path.clone();
    Err(StoreError::Changed { file, offset: job.place.1 })
}
