//! Checkpoints that follow each other are differences, and no difference is deeper than it may be.

use reproof_store::{AddOptions, Manifest};

use crate::support::{Made, Place, Tensor, add, float_bytes, restored, weights};

/// A checkpoint after so many small steps.
fn checkpoint(step: u32) -> Made {
    let moved = |seed: u64| -> Vec<f32> {
        let steps = (0..step).map(|step| weights(seed * 1000 + 7 + u64::from(step), 300_000));
        steps.fold(weights(seed, 300_000), |values, step| {
            values.iter().zip(step).map(|(value, by)| value * (1.0 + by * 1e-6)).collect()
        })
    };
    let wide = moved(1);
    let narrow: Vec<u8> =
        wide.iter().flat_map(|value| half::bf16::from_f32(*value).to_bits().to_le_bytes()).collect();
    let tensors = vec![
        Tensor { name: "master.layer.weight".into(), dtype: "F32", bytes: float_bytes(&wide) },
        Tensor { name: "layer.weight".into(), dtype: "BF16", bytes: narrow },
    ];
    Made { head: format!("step {step}").into_bytes(), tensors, tail: Vec::new() }
}

#[test]
fn a_series_costs_less_than_its_members_and_each_comes_back() {
    let store = Place::sound().store();
    let mut manifests: Vec<Manifest> = Vec::new();
    let mut written = Vec::new();
    for step in 0..20 {
        let like = manifests.last().cloned();
        let options = AddOptions { like: like.as_slice(), session: step, ..AddOptions::default() };
        let added = add(&store, &checkpoint(step), &options).expect("it is stored");
        written.push(added.written);
        manifests.push(store.manifest(&added.manifest).expect("it is there"));
    }
    for (step, manifest) in manifests.iter().enumerate() {
        let bytes = restored(&store, manifest).expect("it is restored");
        assert_eq!(bytes, checkpoint(step as u32).bytes(), "step {step}");
    }
    // The first and the seventeenth stand alone; the others are differences.
    let alone = written[0];
    for (step, written) in written.iter().enumerate() {
        let keyframe = step % 16 == 0;
        assert!(
            if keyframe { *written * 10 > alone * 9 } else { *written * 10 < alone * 9 },
            "{step}: {written} of {alone}"
        );
    }
}

#[test]
fn a_copy_in_half_precision_costs_nothing() {
    let store = Place::sound().store();
    let whole = add(&store, &checkpoint(0), &AddOptions::default()).expect("it is stored");
    let alone = Place::sound().store();
    let mut wide = checkpoint(0);
    wide.tensors.truncate(1);
    let wide = add(&alone, &wide, &AddOptions::default()).expect("it is stored");
    assert!(whole.written < wide.written + 1000, "{} against {}", whole.written, wide.written);
}

/// Moments of an optimizer have the shapes of their weights, and names that end alike: the copy is still found to be one.
#[test]
fn a_copy_among_moments_costs_nothing() {
    let store = Place::sound().store();
    let state = |with_copy: bool| {
        let made = checkpoint(0);
        let [wide, narrow] = made.tensors.try_into().unwrap_or_else(|_| panic!("two tensors"));
        let moment = |name, seed| Tensor { name, dtype: "F32", bytes: float_bytes(&weights(seed, 300_000)) };
        let moments = [moment("first.layer.weight".into(), 90), moment("second.layer.weight".into(), 91)];
        let mut tensors: Vec<Tensor> = std::iter::once(wide).chain(moments).collect();
        tensors.extend(Some(narrow).filter(|_| with_copy));
        Made { tensors, ..made }
    };
    let whole = add(&store, &state(true), &AddOptions::default()).expect("it is stored");
    let alone = Place::sound().store();
    let wide = add(&alone, &state(false), &AddOptions::default()).expect("it is stored");
    assert!(whole.written < wide.written + 1000, "{} against {}", whole.written, wide.written);
}
