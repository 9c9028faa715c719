//! Whether values passed through a smaller type on their way.

use half::{bf16, f16};
use reproof_contract::trajectory::Fact;

/// A type by name, with what rounds to it.
type Rounding = (&'static str, fn(f32) -> f32);

/// The smaller type through which every one of these pairs went: what was seen is the recorded value rounded to it. Nothing if
/// there is none, or if too few values are known to tell.
pub(super) fn through<'a>(
    pairs: &(impl Iterator<Item = (&'a Fact, &'a Fact)> + Clone),
) -> Option<&'static str> {
    let types: [Rounding; 2] = [
        ("bfloat16", |value| bf16::from_f32(value).to_f32()),
        ("float16", |value| f16::from_f32(value).to_f32()),
    ];
    let found = types.into_iter().find(|(_, round)| {
        let mut moved = 0;
        let all = pairs.clone().all(|(expected, actual)| rounds(expected, actual, *round, &mut moved));
        all && moved >= 4
    });
    found.map(|(name, _)| name)
}

fn rounds(expected: &Fact, actual: &Fact, round: fn(f32) -> f32, moved: &mut usize) -> bool {
    let (Fact::Tensor { samples: a, shape: left, .. }, Fact::Tensor { samples: b, shape: right, .. }) =
        (expected, actual)
    else {
        return false;
    };
    left == right
        && a.len() == b.len()
        && a.iter().zip(b).all(|(a, b)| {
            #[expect(
                clippy::cast_possible_truncation,
                reason = "samples of float32 tensors are float32 values"
            )]
            let (a, b) = (a.0 as f32, b.0 as f32);
            *moved += usize::from(a != b);
            round(a).to_bits() == b.to_bits()
        })
}
