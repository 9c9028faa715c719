//! Compares what operators gave in two environments, and reads from the set of those that moved which library it is.

use std::collections::BTreeMap;

use reproof_contract::environment::Fingerprint;
use reproof_contract::report::FingerprintComparison;

/// Which operators move when one thing changes, as measured with PyTorch (docs/environment.md). The names are those of the
/// probe; one that several things move is counted for each.
const READINGS: [(&str, &[&str]); 5] = [
    (
        "loops of another instruction set (ATen: ATEN_CPU_CAPABILITY or the processor)",
        &[
            "torch.softmax",
            "torch.log_softmax",
            "torch.attention",
            "torch.sigmoid",
            "torch.silu",
            "torch.gelu_tanh",
            "torch.layer_norm",
            "torch.layer_norm_gradients",
            "torch.batch_norm_training",
            "torch.group_norm",
            "torch.interpolate_bilinear",
            "torch.interpolate_bicubic",
            "torch.gru",
            "torch.random_normal",
        ],
    ),
    (
        "another BLAS, or another code branch of it (MKL_CBWR)",
        &[
            "torch.mm",
            "torch.mv",
            "torch.bmm",
            "torch.linear",
            "torch.mm_float64",
            "torch.linear_weight_gradient",
            "torch.svd_values",
            "torch.solve",
            "torch.exp",
            "torch.log",
            "torch.tanh",
            "torch.erf",
            "torch.sqrt",
            "torch.dot",
            "torch.fft",
            "torch.logsumexp",
            "torch.attention",
            "torch.gru",
        ],
    ),
    (
        "another oneDNN, or another instruction set of it (ONEDNN_MAX_CPU_ISA)",
        &[
            "torch.gelu",
            "torch.conv1d",
            "torch.conv2d",
            "torch.conv3d",
            "torch.conv_transpose2d",
            "torch.conv2d_bfloat16",
            "torch.conv2d_gradients",
            "torch.mm_bfloat16",
            "torch.lstm",
        ],
    ),
    (
        "another number of threads",
        &[
            "torch.sum",
            "torch.dot",
            "torch.layer_norm_gradients",
            "torch.conv2d_gradients",
            "torch.mse_loss",
            "torch.index_put_accumulate",
        ],
    ),
    (
        "another BLAS of NumPy",
        &[
            "numpy.dot",
            "numpy.matmul",
            "numpy.matmul_float64",
            "numpy.matmul_vector",
            "numpy.matmul_stack",
            "numpy.solve",
            "numpy.inverse",
            "numpy.cholesky",
            "numpy.svd_values",
            "numpy.eigenvalues",
        ],
    ),
];

/// Compares two fingerprints; nothing where the probes are of two versions.
pub fn compare(recorded: &Fingerprint, current: &Fingerprint) -> Option<FingerprintComparison> {
    if recorded.probe != current.probe {
        return None;
    }
    let (old, new) = (flat(recorded), flat(current));
    let common = old.iter().filter_map(|(name, before)| Some((name, before, new.get(name)?)));
    let common: Vec<_> = common.collect();
    let moved: Vec<String> = common
        .iter()
        .filter(|(_, before, after)| before != after)
        .map(|(name, ..)| (*name).clone())
        .collect();
    let compared = u32::try_from(common.len()).unwrap_or(u32::MAX);
    let has =
        |framework: &&String| common.iter().any(|(name, ..)| name.starts_with(&format!("{framework}.")));
    let silent: Vec<&str> =
        recorded.frameworks.keys().filter(|framework| !has(framework)).map(String::as_str).collect();
    let reading = reading(&moved, compared, &silent);
    Some(FingerprintComparison { compared, moved, reading })
}

/// Digests by dotted name, of what ran.
fn flat(fingerprint: &Fingerprint) -> BTreeMap<String, &str> {
    let operators = fingerprint.frameworks.iter().flat_map(|(framework, found)| {
        found.operators.iter().map(move |(name, digest)| (format!("{framework}.{name}"), digest.as_str()))
    });
    operators.filter(|(_, digest)| !digest.starts_with("unavailable")).collect()
}

/// What a set of operators that moved points to: the fewest readings that explain most of it, best first. `silent`
/// frameworks were recorded, and none of their operators ran on both sides.
fn reading(moved: &[String], compared: u32, silent: &[&str]) -> String {
    if compared == 0 {
        return "no operator could be compared".to_owned();
    }
    if moved.is_empty() && !silent.is_empty() {
        return format!("no operator moved, and none of {} could be compared", silent.join(", "));
    }
    if moved.is_empty() {
        return "no operator moved: the difference is in the model, its input or its code".to_owned();
    }
    let mut left: Vec<&str> = moved.iter().map(String::as_str).collect();
    let mut found = Vec::new();
    while let Some((text, operators)) = READINGS
        .iter()
        .filter(|(_, operators)| left.iter().any(|name| operators.contains(name)))
        .max_by_key(|(_, operators)| share(&left, operators))
    {
        found.push(*text);
        left.retain(|name| !operators.contains(name));
    }
    if !left.is_empty() {
        found.push("something else in the framework, such as its version");
    }
    format!("points to {}", found.join(", and to "))
}

/// How well a reading explains what moved: how many it covers, then how large a part of what it would move that is.
fn share(left: &[&str], operators: &[&str]) -> (usize, usize) {
    let covered = left.iter().filter(|name| operators.contains(name)).count();
    (covered, covered * 1000 / operators.len().max(1))
}

#[cfg(test)]
mod tests {
    use reproof_contract::environment::FrameworkFingerprint;

    use super::*;

    fn fingerprint(digests: &[(&str, &str)]) -> Fingerprint {
        let operators = digests.iter().map(|(name, digest)| ((*name).to_owned(), (*digest).to_owned()));
        let torch = FrameworkFingerprint { version: "2".to_owned(), operators: operators.collect() };
        Fingerprint { probe: 1, threads: 1, frameworks: [("torch".to_owned(), torch)].into() }
    }

    #[test]
    fn what_moved_is_named_and_read() {
        let recorded =
            fingerprint(&[("softmax", "a"), ("attention", "b"), ("mm", "c"), ("fft", "unavailable: X")]);
        let current =
            fingerprint(&[("softmax", "x"), ("attention", "y"), ("mm", "c"), ("fft", "d"), ("new", "e")]);
        let found = compare(&recorded, &current).unwrap();
        assert_eq!(
            (found.compared, found.moved.as_slice()),
            (3, ["torch.attention".to_owned(), "torch.softmax".to_owned()].as_slice())
        );
        assert!(
            found.reading.contains("ATEN_CPU_CAPABILITY") && !found.reading.contains("BLAS"),
            "{}",
            found.reading
        );
    }

    #[test]
    fn measured_sets_are_read_as_what_was_changed() {
        // As measured: one change each.
        let cases: [(&[&str], &str); 4] = [
            (&["softmax", "log_softmax", "attention"], "ATEN_CPU_CAPABILITY"),
            (&["gelu", "mm_bfloat16", "conv2d_bfloat16", "conv2d_gradients"], "ONEDNN_MAX_CPU_ISA"),
            (&["mm", "mv", "bmm", "linear", "svd_values", "exp", "attention", "gru", "dot"], "MKL_CBWR"),
            (&["dot", "layer_norm_gradients"], "number of threads"),
        ];
        for (moved, expected) in cases {
            let moved: Vec<String> = moved.iter().map(|name| format!("torch.{name}")).collect();
            let text = reading(&moved, 50, &[]);
            assert!(text.contains(expected) && !text.contains("and to"), "{text}");
        }
    }

    #[test]
    fn two_versions_of_the_probe_do_not_compare_and_nothing_moved_is_said() {
        let one = fingerprint(&[("mm", "a")]);
        let other = Fingerprint { probe: 2, ..one.clone() };
        assert_eq!(compare(&one, &other), None);
        assert!(
            compare(&one, &one)
                .unwrap()
                .reading
                .contains("no operator moved: the difference is in the model")
        );
        // A framework of which nothing ran is not acquitted.
        let mut more = one.clone();
        let silent = fingerprint(&[("mm", "unavailable: no memory")]).frameworks.remove("torch").unwrap();
        more.frameworks.insert("jax".to_owned(), silent);
        let reading = compare(&more, &more).unwrap().reading;
        assert_eq!(reading, "no operator moved, and none of jax could be compared");
    }
}
