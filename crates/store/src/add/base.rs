//! What an object is stored as a difference from.
//!
//! In order: a wider copy of the same numbers in the artifact itself (trainers save a half-precision copy beside the
//! weights, of which nearly nothing remains); the tensor of the same name, dtype and shape in what the artifact is like;
//! a tensor of the same dtype and shape under another name. The first that promises enough is taken. What is written is never written again, so
//! that a base cannot change.
//!
//! Bases lie at most two deep, as `reproof-codec` demands. A series of checkpoints becomes a keyframe, differences from
//! it every few steps (anchors), and differences from the last anchor in between.

use std::collections::HashMap;

use reproof_codec::{BLOCK_LENGTH, Base, Element, MAX_DEPTH, predict};
use reproof_digest::Digest;

use super::plan::Job;
use super::{AddOptions, Source, SourceTensor};
use crate::catalog::Catalog;
use crate::{Store, StoreError};

/// The predicted share of the standalone size above which no base is taken; the codec has the same limit for a block.
const WORTH: f64 = 0.9;

/// Checkpoints after which a series begins anew.
const KEYFRAME_EVERY: u8 = 16;

/// Checkpoints after which a new anchor is written.
const ANCHOR_EVERY: u8 = 4;

/// Tensors of the same shape that are tried where no name fits, or several fit as well.
const CANDIDATES: usize = 4;

/// Blocks of an object that are looked at to choose.
const SAMPLES: u64 = 3;

/// Blocks of an object below which a look at a base in the store would cost as much as encoding: the one that fits by name is
/// taken unseen, and encoding leaves it out of each block that it does not help.
const UNSEEN_BELOW: u64 = 4 * SAMPLES;

/// Objects below this size are not worth reading another for.
const SMALLEST: u64 = 4 << 10;

/// A base, chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Chosen {
    pub(super) from: From,
    pub(super) digest: Digest,
    pub(super) element: Element,
    /// Of the base itself.
    pub(super) depth: u8,
    /// Of the object that is stored so.
    pub(super) steps: u8,
}

/// Where the bytes of a base are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum From {
    /// In the store.
    Store,
    /// In the artifact itself, at this file and offset: it is written by the same push.
    Source(usize, u64),
}

/// The tensors of the artifact and of what it is like, for looking up.
pub(super) struct Known<'a> {
    tensors: HashMap<(usize, u64), &'a SourceTensor>,
    /// Jobs by shape and element.
    jobs: HashMap<(&'a [u64], Element), Vec<usize>>,
}

impl<'a> Known<'a> {
    pub(super) fn new(jobs: &[Job], source: &'a Source<'_>) -> Self {
        let tensors: HashMap<_, _> =
            source.tensors.iter().map(|tensor| ((tensor.file, tensor.offset), tensor)).collect();
        let mut by_shape: HashMap<_, Vec<usize>> = HashMap::new();
        for (index, job) in jobs.iter().enumerate() {
            if let Some(tensor) = tensors.get(&job.place) {
                by_shape.entry((tensor.shape.as_slice(), job.element)).or_default().push(index);
            }
        }
        Self { tensors, jobs: by_shape }
    }
}

/// Jobs in the order in which their bases are chosen and they are written: wide numbers first, as narrow ones may be
/// copies of them.
pub(super) fn order(jobs: &[Job]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..jobs.len()).collect();
    order.sort_by_key(|index| std::cmp::Reverse(jobs[*index].element.width()));
    order
}

/// The base of a job, if one is worth it.
pub(super) fn choose(
    store: &Store,
    catalog: &Catalog,
    source: &Source<'_>,
    options: &AddOptions<'_>,
    known: &Known<'_>,
    jobs: &[Job],
    index: usize,
) -> Result<Option<Chosen>, StoreError> {
    let job = &jobs[index];
    let Some(tensor) = known.tensors.get(&job.place).filter(|_| job.length >= SMALLEST) else {
        return Ok(None);
    };
    let alone = share(store, catalog, source, job, None)?;
    let worth = |candidate: Chosen| -> Result<Option<Chosen>, StoreError> {
        let share = share(store, catalog, source, job, Some(candidate))?;
        Ok((share < alone * WORTH).then_some(candidate))
    };
    let unseen = job.length < UNSEEN_BELOW * BLOCK_LENGTH as u64;
    let same = |other: &&crate::StoredTensor| other.dtype == tensor.dtype && other.shape == tensor.shape;
    let named = |other: &&crate::StoredTensor| other.name == tensor.name && other.part == tensor.part;
    for candidate in wider(known, jobs, tensor, job) {
        if let Some(chosen) = worth(candidate)? {
            return Ok(Some(chosen));
        }
    }
    for manifest in options.like {
        let found = manifest.tensors.iter().filter(same).find(named);
        if let Some(candidate) = found.and_then(|other| stored(catalog, &other.object, job.element))
            && let Some(chosen) = if unseen { Some(candidate) } else { worth(candidate)? }
        {
            return Ok(Some(chosen));
        }
    }
    for manifest in options.like {
        let others = manifest.tensors.iter().filter(same).filter(|other| !named(other)).take(CANDIDATES);
        for other in others {
            if let Some(candidate) = stored(catalog, &other.object, job.element)
                && let Some(chosen) = worth(candidate)?
            {
                return Ok(Some(chosen));
            }
        }
    }
    Ok(None)
}

/// What to take of a series that ends with the stored object `last`.
fn stored(catalog: &Catalog, last: &Digest, element: Element) -> Option<Chosen> {
    let object = catalog.find(last.as_bytes())?;
    let steps = object.steps + 1;
    if object.element != element || steps >= KEYFRAME_EVERY {
        return None;
    }
    // Up from the last one until there is room below the limit, and to the keyframe where an anchor is due.
    let below = if steps % ANCHOR_EVERY == 1 { 0 } else { MAX_DEPTH - 1 };
    let (mut digest, mut object) = (*last.as_bytes(), object);
    while object.depth > below {
        digest = object.base?;
        object = catalog.find(&digest)?;
    }
    let digest = Digest::new(reproof_digest::Kind::Blob, digest);
    (object.element == element).then_some(Chosen {
        from: From::Store,
        digest,
        element,
        depth: object.depth,
        steps,
    })
}

/// Wider tensors of the artifact with the same shape, chosen before this one: those first whose names end alike. Moments of an
/// optimizer have the shape of their weights, and as much of their name.
fn wider(known: &Known<'_>, jobs: &[Job], tensor: &SourceTensor, job: &Job) -> Vec<Chosen> {
    if !matches!(job.element, Element::BFloat16 | Element::Float16) {
        return Vec::new();
    }
    let likeness = |index: &usize| {
        let other = known.tensors.get(&jobs[*index].place).map_or("", |other| other.name.as_str());
        let alike = other.bytes().rev().zip(tensor.name.bytes().rev()).take_while(|(a, b)| a == b);
        alike.count()
    };
    let mut candidates =
        known.jobs.get(&(tensor.shape.as_slice(), Element::Float32)).cloned().unwrap_or_default();
    candidates.sort_by_cached_key(|index| std::cmp::Reverse(likeness(index)));
    let chosen = candidates.into_iter().take(CANDIDATES).map(|index| {
        let other = &jobs[index];
        let (file, offset) = other.place;
        Chosen {
            from: From::Source(file, offset),
            digest: other.digest,
            element: other.element,
            depth: other.base.map_or(0, |base| base.depth + 1),
            steps: 1,
        }
    });
    chosen.filter(|chosen| chosen.depth < MAX_DEPTH).collect()
}

/// The predicted share of a job's bytes that remains, from a few of its blocks.
fn share(
    store: &Store,
    catalog: &Catalog,
    source: &Source<'_>,
    job: &Job,
    base: Option<Chosen>,
) -> Result<f64, StoreError> {
    let blocks = job.length.div_ceil(BLOCK_LENGTH as u64);
    let step = blocks.div_ceil(SAMPLES).max(1);
    let mut shares = Vec::new();
    for block in (0..blocks).step_by(step as usize) {
        let bytes = super::encode::raw(source, job, block as u32)?;
        let base_bytes =
            base.map(|base| super::encode::base_bytes(store, catalog, source, job, &base, block as u32));
        let base_bytes = base_bytes.transpose()?;
        let base = base.zip(base_bytes.as_deref());
        let base = base.map(|(base, bytes)| Base { element: base.element, bytes, depth: base.depth });
        let share = predict(job.element, &bytes, base);
        shares.push(share.map_err(|source| StoreError::Encode { digest: job.digest, source })?);
    }
    Ok(shares.iter().sum::<f64>() / shares.len().max(1) as f64)
}
