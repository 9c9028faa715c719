//! A push that ends anywhere leaves everything before it whole and nothing of itself to be seen.

use reproof_store::AddOptions;

use crate::support::{Made, Place, Tensor, add, noise, restored};

fn large(seed: u64) -> Made {
    // Noise does not become shorter: two packs and a part of a third.
    let tensors = (0..3).map(|index| Tensor {
        name: format!("t{index}"),
        dtype: "U8",
        bytes: noise(seed + index, 3 << 20),
    });
    Made { head: vec![7; 300], tensors: tensors.collect(), tail: Vec::new() }
}

#[test]
fn a_push_may_end_before_each_of_its_writes() {
    let before = Made { head: noise(1, 500_000), ..Made::default() };
    let after = large(10);
    let mut changes = 0;
    loop {
        let place = Place::sound();
        let store = place.store().with_pack_target(4 << 20);
        let first = add(&store, &before, &AddOptions::default()).expect("it is stored");
        place.break_after(changes);
        let second = add(&store, &after, &AddOptions { session: 1, ..AddOptions::default() });
        let broke = place.mend();
        // Whoever comes next sees the first, whole, and of the second nothing or all.
        let store = place.store().with_pack_target(4 << 20);
        let manifest = store.manifest(&first.manifest).expect("it is there");
        assert_eq!(
            restored(&store, &manifest).expect("it is whole"),
            before.bytes(),
            "after {changes} changes"
        );
        if let Ok(second) = second {
            assert!(!broke || changes > 0);
            let manifest = store.manifest(&second.manifest).expect("it is there");
            assert!(restored(&store, &manifest).expect("it is whole") == after.bytes());
            break;
        }
        // The push is done again: what arrived is not sent again.
        let again =
            add(&store, &after, &AddOptions { session: 2, ..AddOptions::default() }).expect("it is stored");
        let manifest = store.manifest(&again.manifest).expect("it is there");
        assert!(
            restored(&store, &manifest).expect("it is whole") == after.bytes(),
            "after {changes} changes"
        );
        if changes >= 4 {
            assert!(
                again.new < after.bytes().len() as u64,
                "nothing was found again after {changes} changes"
            );
        }
        changes += 1;
    }
    assert_eq!(changes, 7, "three packs with their indexes, and the manifest");
}
