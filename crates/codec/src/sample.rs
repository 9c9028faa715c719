//! What a block would cost, told from a few pieces of it.
//!
//! Pieces, not single numbers, because reading whole cache lines is what costs; spread evenly, because rows of a matrix
//! differ from each other more than neighbours do.

use crate::element::Element;
use crate::histogram::Histogram;
use crate::{histogram, plane, planes};

/// Numbers of one piece.
const PIECE: usize = 256;

/// Pieces of a sample: 8192 numbers tell the entropy of a plane of noise within 0.01 bits, and of others well enough to
/// choose; they cost a few percent of encoding a block.
const PIECES: usize = 32;

/// What a sample says about each plane.
pub(crate) struct Sample {
    histograms: Vec<Histogram>,
}

impl Sample {
    /// Looks at pieces of `bytes`, or of their differences from a base.
    pub(crate) fn take(element: Element, bytes: &[u8], base: Option<&[u8]>) -> Self {
        let width = element.width();
        let (piece, whole) = (PIECE * width, bytes.len() / width * width);
        let mut picked = Vec::new();
        let mut picked_base = base.map(|_| Vec::new());
        // The distance between pieces is a whole number of elements.
        let step = (whole / PIECES / width * width).max(piece);
        for (start, index) in (0..whole).step_by(step).zip(0..PIECES) {
            // Each begins elsewhere in its part, or all would look at the same columns of a matrix.
            let start = start + index * piece % step;
            let range = start..whole.min(start + piece);
            picked.extend_from_slice(bytes.get(range.clone()).unwrap_or_default());
            if let (Some(picked), Some(base)) = (&mut picked_base, base) {
                picked.extend_from_slice(base.get(range).unwrap_or_default());
            }
        }
        let mut split = vec![0; picked.len()];
        let length = (picked.len() / width).max(1);
        let mut targets = planes::Planes::default();
        for (target, plane) in targets.iter_mut().zip(split.chunks_exact_mut(length)) {
            *target = plane;
        }
        planes::split(element, &picked, picked_base.as_deref(), targets);
        let histograms = split.chunks_exact(length).map(histogram::count).collect();
        Self { histograms }
    }

    /// The predicted size, as a share of the bytes.
    pub(crate) fn share(&self) -> f64 {
        let total: f64 = self.histograms.iter().map(plane::estimate).sum();
        total / self.histograms.len().max(1) as f64
    }

    /// The histogram of each plane's part, the lowest plane first; none for a block without a whole number.
    pub(crate) fn histograms(&self) -> &[Histogram] {
        &self.histograms
    }

    /// How many of the lowest planes would gain nothing from coding.
    pub(crate) fn leading_noise(&self) -> usize {
        self.histograms.iter().take_while(|histogram| plane::is_noise(histogram)).count()
    }
}
