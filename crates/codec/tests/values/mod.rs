//! Values for tests: the same on every machine.
#![allow(dead_code, reason = "each test binary uses some of it")]

use reproof_codec::Element;

/// splitmix64.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    /// In [0, 1).
    pub(crate) fn uniform(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// A sum of twelve uniform numbers: near enough to normal, and computed alike everywhere.
    pub(crate) fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.uniform()).sum::<f64>() - 6.0
    }
}

/// Weights of a layer: rows whose scales differ, as optimisers leave them.
pub(crate) fn weights(count: usize, seed: u64) -> Vec<f32> {
    const ROW: usize = 768;
    let mut random = Random(seed);
    let mut weights = Vec::with_capacity(count);
    while weights.len() < count {
        let scale = 0.02 * (0.5 + random.uniform());
        let row = ROW.min(count - weights.len());
        weights.extend((0..row).map(|_| (random.normal() * scale) as f32));
    }
    weights
}

/// The weights some steps of training later: each moves by about `step`, whatever its size.
pub(crate) fn trained(weights: &[f32], step: f64, seed: u64) -> Vec<f32> {
    let mut random = Random(seed);
    weights.iter().map(|weight| (f64::from(*weight) + random.normal() * step) as f32).collect()
}

pub(crate) fn single_bytes(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| value.to_le_bytes()).collect()
}

/// Multiplied by a number with a full mantissa, so that every bit of the products is noise.
pub(crate) fn double_bytes(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|value| (f64::from(*value) * 0.731_058_578_630_004_9).to_le_bytes()).collect()
}

/// To nearest, ties to even; no NaNs.
pub(crate) fn brain_bytes(values: &[f32]) -> Vec<u8> {
    let brain = |bits: u32| ((bits + 0x7fff + (bits >> 16 & 1)) >> 16) as u16;
    values.iter().flat_map(|value| brain(value.to_bits()).to_le_bytes()).collect()
}

/// What bytes of a tensor can be like.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    Zeros,
    Repeated,
    Counting,
    FewValues,
    RareOthers,
    Weights,
    Noise,
}

pub(crate) const KINDS: [Kind; 7] = [
    Kind::Zeros,
    Kind::Repeated,
    Kind::Counting,
    Kind::FewValues,
    Kind::RareOthers,
    Kind::Weights,
    Kind::Noise,
];

/// `length` bytes of a kind, for an element where that makes a difference.
pub(crate) fn bytes(kind: Kind, element: Element, length: usize, seed: u64) -> Vec<u8> {
    let mut random = Random(seed);
    let width = element.width();
    let mut bytes: Vec<u8> = match kind {
        Kind::Zeros => vec![0; length],
        Kind::Repeated => vec![random.next() as u8; length],
        Kind::Counting => {
            (0..length as u64).flat_map(|index| (index * 3).to_le_bytes().into_iter().take(width)).collect()
        }
        Kind::FewValues => (0..length).map(|_| random.below(random_limit(seed)) as u8).collect(),
        Kind::RareOthers => {
            (0..length).map(|_| if random.below(20) == 0 { random.next() as u8 } else { 7 }).collect()
        }
        Kind::Weights => {
            let weights = weights(length / width + 1, seed);
            match element {
                Element::BFloat16 => brain_bytes(&weights),
                Element::Float64 => double_bytes(&weights),
                _ => single_bytes(&weights).into_iter().chain(std::iter::repeat_n(1, length)).collect(),
            }
        }
        Kind::Noise => (0..length).map(|_| random.next() as u8).collect(),
    };
    bytes.resize(length, 0x5a);
    bytes
}

fn random_limit(seed: u64) -> u64 {
    2 + seed % 30
}

/// `bytes` with a small change to some of its numbers: a base or a later checkpoint.
pub(crate) fn nearby(bytes: &[u8], element: Element, seed: u64) -> Vec<u8> {
    let mut random = Random(seed);
    let mut changed = bytes.to_vec();
    for number in changed.chunks_exact_mut(element.width()) {
        if random.below(3) > 0 {
            number[0] = number[0].wrapping_add(random.below(5) as u8);
        }
    }
    changed
}
