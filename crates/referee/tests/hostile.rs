//! Graphs that nobody would write: they run or are refused, and take no more than they may.

#[path = "hostile/graph.rs"]
mod graph;
#[path = "hostile/node.rs"]
mod node;

use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]

    #[test]
    fn any_graph_runs_or_is_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = graph::run(&bytes);
    }
}

mod bounds {
    use std::sync::Arc;

    use reproof_referee::graph::{Attribute, Graph};
    use reproof_referee::{Data, Failure, Limits, Options, Tensor, Value};
    use reproof_tensor::DType;

    fn floats(shape: &[usize]) -> Tensor {
        let count = shape.iter().product();
        Tensor::new(shape.to_vec(), Data::Float(DType::F32, vec![1.0; count]))
    }

    fn scalar(data: Data) -> Tensor {
        Tensor::new(Vec::new(), data)
    }

    /// What comes of one node on these tensors.
    fn run(operator: &str, attributes: &[(&str, Attribute)], inputs: Vec<Tensor>) -> Failure {
        let model = crate::node::model(operator, attributes, inputs);
        let limits = Limits { nodes: 1000, ..Limits::default() };
        let inputs: [(String, Value); 0] = [];
        model.run(&inputs, Options { limits, ..Options::default() }, &()).expect_err("it runs")
    }

    #[test]
    fn windows_that_reach_beyond_a_machine_word_are_refused() {
        let far = i64::MAX;
        let pool = |stride: i64| {
            [
                ("kernel_shape", Attribute::Integers(vec![1])),
                ("pads", Attribute::Integers(vec![far, far])),
                ("strides", Attribute::Integers(vec![stride])),
                ("ceil_mode", Attribute::Integer(1)),
            ]
        };
        let refused = run("MaxPool", &pool(far - 1), vec![floats(&[1, 1, 1])]);
        assert!(refused.to_string().contains("windows of [1] over [1]"), "{refused}");
        let turned = [
            ("strides", Attribute::Integers(vec![far])),
            ("auto_pad", Attribute::Text("SAME_UPPER".to_owned())),
        ];
        let refused = run("ConvTranspose", &turned, vec![floats(&[1, 1, 3]), floats(&[1, 1, 1])]);
        assert!(refused.to_string().contains("more than the"), "{refused}");
        let bent = [("offset_group", Attribute::Integer(far))];
        let taken = vec![floats(&[1, 0, 3, 3]), floats(&[1, 0, 2, 2]), floats(&[1, 8, 2, 2])];
        let refused = run("DeformConv", &bent, taken);
        assert!(refused.to_string().contains("weights and offsets of"), "{refused}");
    }

    #[test]
    fn more_planes_than_there_is_time_for_have_no_windows() {
        let attributes = [
            ("kernel_shape", Attribute::Integers(vec![1])),
            ("pads", Attribute::Integers(vec![0, 1])),
            ("ceil_mode", Attribute::Integer(1)),
        ];
        let inputs: [(String, Value); 0] = [];
        for shape in [[1 << 50, 1, 0], [1, 1 << 50, 0]] {
            let model = crate::node::model("MaxPool", &attributes, vec![floats(&shape)]);
            let outputs = model.run(&inputs, Options::default(), &()).unwrap();
            assert!(
                matches!(&outputs[..], [(_, Value::Tensor(found))] if found.shape() == shape),
                "{outputs:?}"
            );
        }
    }

    #[test]
    fn a_loop_over_nothing_ends() {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let body = Graph { inputs: names(&["i", "c", "s"]), outputs: names(&["c", "s"]), ..Graph::default() };
        let ends = run(
            "Loop",
            &[("body", Attribute::Graph(Arc::new(body)))],
            vec![
                scalar(Data::Integer(DType::I64, vec![i64::MAX])),
                scalar(Data::Boolean(vec![true])),
                floats(&[1]),
            ],
        );
        assert!(matches!(&ends, Failure::Limit { what, limit: 1000 } if what.contains("nodes")), "{ends}");
    }

    #[test]
    fn results_larger_than_any_memory_are_refused_before_they_are_made() {
        let huge = || Attribute::Integers(vec![i64::MAX]);
        let shape = |dims: Vec<i64>| Tensor::new(vec![dims.len()], Data::Integer(DType::I64, dims));
        let places = Tensor::new(vec![1, 1, 2], Data::Integer(DType::I64, vec![0, 1]));
        for (operator, attributes, inputs) in [
            ("ConstantOfShape", vec![], vec![shape(vec![1 << 40, 1 << 40])]),
            ("Expand", vec![], vec![floats(&[1]), shape(vec![1 << 50])]),
            ("Tile", vec![], vec![floats(&[2]), shape(vec![i64::MAX])]),
            ("Pad", vec![], vec![floats(&[2]), shape(vec![0, i64::MAX])]),
            ("Split", vec![("num_outputs", Attribute::Integer(i64::MAX))], vec![floats(&[2])]),
            (
                "MaxUnpool",
                vec![("kernel_shape", huge()), ("strides", huge())],
                vec![floats(&[1, 1, 2]), places],
            ),
            ("ConvTranspose", vec![("strides", huge())], vec![floats(&[1, 1, 3]), floats(&[1, 1, 3])]),
            (
                "Conv",
                vec![("dilations", huge()), ("auto_pad", Attribute::Text("SAME_UPPER".to_owned()))],
                vec![floats(&[1, 1, 3]), floats(&[1, 1, 3])],
            ),
            (
                "LSTM",
                vec![("hidden_size", Attribute::Integer(i64::MAX))],
                vec![floats(&[1, 1, 1]), floats(&[1, 4, 1]), floats(&[1, 4, 1])],
            ),
        ] {
            let attributes: Vec<(&str, Attribute)> = attributes;
            let refused = run(operator, &attributes, inputs);
            assert!(matches!(refused, Failure::Refused(_) | Failure::Limit { .. }), "{operator}: {refused}");
        }
    }
}
