//! Operators of the domain `ai.onnx.ml`: what they give, what they refuse, and that nothing but the model moves a bit.

mod any;
mod encoders;
mod features;
mod maps;
mod models;
mod node;
mod trees;

#[test]
fn what_is_lacking_is_told_by_name() {
    use reproof_referee::Model;
    use reproof_referee::graph::{Graph, Node};

    let node = |operator: &str| Node {
        operator: operator.to_owned(),
        domain: "ai.onnx.ml".to_owned(),
        ..Node::default()
    };
    let nodes = ["Scaler", "ZipMap", "CastMap", "Relu"].map(node).to_vec();
    let model = Model { graph: Graph { nodes, ..Graph::default() }, ..Model::default() };
    let lacking = ["CastMap", "Relu"].map(|name| format!("ai.onnx.ml:{name}"));
    assert_eq!(model.lacking(), lacking);
}
