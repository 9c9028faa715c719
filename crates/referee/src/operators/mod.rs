//! The operators, each a function from a call to values.

#![expect(clippy::unnecessary_wraps, reason = "operators have one type")]

mod arrange;
mod attention;
mod binary;
mod boxes;
mod cast;
mod control;
mod conv;
mod deform;
mod extreme;
mod find;
mod gather;
mod grams;
mod grid;
mod integer;
mod loss;
mod make;
mod matrix;
mod ml;
mod normalize;
mod pad;
mod patches;
mod planes;
mod pool;
mod quantize;
mod recurrent;
mod reduce;
mod resize;
mod restore;
mod shape;
mod slice;
mod softmax;
mod spectrum;
mod text;
mod unary;
mod window;

use crate::call::Call;
use crate::graph::Node;
use crate::run::Scope;
use crate::{Failure, Tensor, Value};

/// What an operator gives.
pub(crate) type Outputs = Result<Vec<Value>, Failure>;

/// An operator.
#[derive(Clone, Copy)]
pub(crate) enum Operator {
    /// One that needs its inputs alone.
    Plain(fn(&Call<'_>) -> Outputs),
    /// One that runs graphs, which see the values around them.
    Scoped(fn(&Call<'_>, &Scope<'_>) -> Outputs),
}

/// A single tensor.
fn one(tensor: Tensor) -> Outputs {
    Ok(vec![tensor.into()])
}

/// The operators of a domain, by name.
fn table(domain: &str) -> &'static [(&'static str, Operator)] {
    match domain {
        "" => OPERATORS,
        ml::DOMAIN => ml::OPERATORS,
        _ => &[],
    }
}

/// The operator that a node applies.
pub(crate) fn find(node: &Node) -> Option<Operator> {
    let table = table(&node.domain);
    let place = table.binary_search_by_key(&node.operator.as_str(), |(name, _)| name).ok()?;
    Some(table[place].1)
}

/// Whether an operator computes something that engines may round differently, and does not only choose among its inputs or
/// run graphs.
pub(crate) fn computes(node: &Node) -> bool {
    const CHOOSES: [&str; 68] = [
        "Abs",
        "BitCast",
        "Cast",
        "CastLike",
        "Ceil",
        "CenterCropPad",
        "Clip",
        "Compress",
        "Concat",
        "ConcatFromSequence",
        "Constant",
        "ConstantOfShape",
        "DepthToSpace",
        "Dropout",
        "Expand",
        "EyeLike",
        "Flatten",
        "Floor",
        "Gather",
        "GatherElements",
        "GatherND",
        "GlobalMaxPool",
        "Hardmax",
        "Identity",
        "If",
        "Loop",
        "Max",
        "MaxPool",
        "MaxRoiPool",
        "MaxUnpool",
        "Min",
        "Neg",
        "OneHot",
        "Optional",
        "OptionalGetElement",
        "Pad",
        "Range",
        "ReduceMax",
        "ReduceMin",
        "Relu",
        "Reshape",
        "ReverseSequence",
        "Round",
        "Scan",
        "Scatter",
        "ScatterElements",
        "ScatterND",
        "SequenceAt",
        "SequenceConstruct",
        "SequenceErase",
        "SequenceInsert",
        "SequenceMap",
        "Sign",
        "Slice",
        "SpaceToDepth",
        "Split",
        "SplitToSequence",
        "Squeeze",
        "StringNormalizer",
        "StringSplit",
        "ThresholdedRelu",
        "Tile",
        "TopK",
        "Transpose",
        "Trilu",
        "Unique",
        "Unsqueeze",
        "Where",
    ];
    let chooses = if node.domain == ml::DOMAIN { &ml::CHOOSES[..] } else { &CHOOSES };
    !chooses.contains(&node.operator.as_str())
}

/// Names of the operators of a domain that this engine defines: of ONNX's own, which is the empty one, or of `ai.onnx.ml`.
pub fn operators(domain: &str) -> Vec<&'static str> {
    table(domain).iter().map(|(name, _)| *name).collect()
}

use Operator::{Plain, Scoped};

/// By name, in the order of names.
const OPERATORS: &[(&str, Operator)] = &[
    ("Abs", Plain(unary::abs)),
    ("Acos", Plain(unary::acos)),
    ("Acosh", Plain(unary::acosh)),
    ("Add", Plain(binary::add)),
    ("AffineGrid", Plain(grid::affine_grid)),
    ("And", Plain(binary::and)),
    ("ArgMax", Plain(extreme::arg_max)),
    ("ArgMin", Plain(extreme::arg_min)),
    ("Asin", Plain(unary::asin)),
    ("Asinh", Plain(unary::asinh)),
    ("Atan", Plain(unary::atan)),
    ("Atanh", Plain(unary::atanh)),
    ("Attention", Plain(attention::attention)),
    ("AveragePool", Plain(pool::average)),
    ("BatchNormalization", Plain(normalize::batch_norm)),
    ("Bernoulli", Plain(make::random)),
    ("BitCast", Plain(cast::bit_cast)),
    ("BitShift", Plain(binary::bit_shift)),
    ("BitwiseAnd", Plain(binary::bit_and)),
    ("BitwiseNot", Plain(unary::bit_not)),
    ("BitwiseOr", Plain(binary::bit_or)),
    ("BitwiseXor", Plain(binary::bit_xor)),
    ("BlackmanWindow", Plain(make::blackman_window)),
    ("Cast", Plain(cast::cast)),
    ("CastLike", Plain(cast::cast_like)),
    ("Ceil", Plain(unary::ceil)),
    ("Celu", Plain(unary::celu)),
    ("CenterCropPad", Plain(pad::center_crop_pad)),
    ("Clip", Plain(unary::clip)),
    ("Col2Im", Plain(restore::col_to_im)),
    ("Compress", Plain(find::compress)),
    ("Concat", Plain(slice::concat)),
    ("ConcatFromSequence", Plain(control::concat_from_sequence)),
    ("Constant", Plain(make::constant)),
    ("ConstantOfShape", Plain(make::constant_of_shape)),
    ("Conv", Plain(conv::conv)),
    ("ConvInteger", Plain(integer::convolution)),
    ("ConvTranspose", Plain(conv::conv_transpose)),
    ("Cos", Plain(unary::cos)),
    ("Cosh", Plain(unary::cosh)),
    ("CumSum", Plain(reduce::cumulative_sum)),
    ("DFT", Plain(spectrum::dft)),
    ("DeformConv", Plain(deform::deform_conv)),
    ("DepthToSpace", Plain(arrange::depth_to_space)),
    ("DequantizeLinear", Plain(quantize::dequantize_linear)),
    ("Det", Plain(matrix::determinant)),
    ("Div", Plain(binary::div)),
    ("Dropout", Plain(unary::dropout)),
    ("DynamicQuantizeLinear", Plain(quantize::dynamic_quantize_linear)),
    ("Einsum", Plain(matrix::einsum)),
    ("Elu", Plain(unary::elu)),
    ("Equal", Plain(binary::equal)),
    ("Erf", Plain(unary::erf)),
    ("Exp", Plain(unary::exponential)),
    ("Expand", Plain(shape::expand)),
    ("EyeLike", Plain(make::eye_like)),
    ("Flatten", Plain(shape::flatten)),
    ("Floor", Plain(unary::floor)),
    ("GRU", Plain(recurrent::gru)),
    ("Gather", Plain(gather::gather)),
    ("GatherElements", Plain(gather::gather_elements)),
    ("GatherND", Plain(gather::gather_nd)),
    ("Gelu", Plain(unary::gelu)),
    ("Gemm", Plain(matrix::gemm)),
    ("GlobalAveragePool", Plain(pool::global_average)),
    ("GlobalLpPool", Plain(pool::global_norm)),
    ("GlobalMaxPool", Plain(pool::global_max)),
    ("Greater", Plain(binary::greater)),
    ("GreaterOrEqual", Plain(binary::greater_or_equal)),
    ("GridSample", Plain(grid::grid_sample)),
    ("GroupNormalization", Plain(normalize::group_norm)),
    ("HammingWindow", Plain(make::hamming_window)),
    ("HannWindow", Plain(make::hann_window)),
    ("HardSigmoid", Plain(unary::hard_sigmoid)),
    ("HardSwish", Plain(unary::hard_swish)),
    ("Hardmax", Plain(softmax::hardmax)),
    ("Identity", Plain(unary::identity)),
    ("If", Scoped(control::branch)),
    ("InstanceNormalization", Plain(normalize::instance_norm)),
    ("IsInf", Plain(unary::is_inf)),
    ("IsNaN", Plain(unary::is_nan)),
    ("LRN", Plain(normalize::local_response)),
    ("LSTM", Plain(recurrent::lstm)),
    ("LayerNormalization", Plain(normalize::layer_norm)),
    ("LeakyRelu", Plain(unary::leaky_relu)),
    ("Less", Plain(binary::less)),
    ("LessOrEqual", Plain(binary::less_or_equal)),
    ("Log", Plain(unary::log)),
    ("LogSoftmax", Plain(softmax::log_softmax)),
    ("Loop", Scoped(control::repeat)),
    ("LpNormalization", Plain(normalize::lp_norm)),
    ("LpPool", Plain(pool::norm)),
    ("MatMul", Plain(matrix::matmul)),
    ("MatMulInteger", Plain(integer::matmul)),
    ("Max", Plain(binary::max)),
    ("MaxPool", Plain(pool::max)),
    ("MaxUnpool", Plain(restore::max_unpool)),
    ("Mean", Plain(binary::mean)),
    ("MeanVarianceNormalization", Plain(normalize::mean_variance)),
    ("MelWeightMatrix", Plain(spectrum::mel_weight_matrix)),
    ("Min", Plain(binary::min)),
    ("Mish", Plain(unary::mish)),
    ("Mod", Plain(binary::modulo)),
    ("Mul", Plain(binary::mul)),
    ("Multinomial", Plain(make::random)),
    ("Neg", Plain(unary::neg)),
    ("NegativeLogLikelihoodLoss", Plain(loss::negative_log_likelihood)),
    ("NonMaxSuppression", Plain(boxes::non_max_suppression)),
    ("NonZero", Plain(find::non_zero)),
    ("Not", Plain(unary::not)),
    ("OneHot", Plain(find::one_hot)),
    ("Optional", Plain(control::optional)),
    ("OptionalGetElement", Plain(control::optional_get_element)),
    ("OptionalHasElement", Plain(control::optional_has_element)),
    ("Or", Plain(binary::or)),
    ("PRelu", Plain(binary::prelu)),
    ("Pad", Plain(pad::pad)),
    ("Pow", Plain(binary::pow)),
    ("QLinearConv", Plain(integer::quantised_conv)),
    ("QLinearMatMul", Plain(integer::quantised_matmul)),
    ("QuantizeLinear", Plain(quantize::quantize_linear)),
    ("RMSNormalization", Plain(normalize::rms_norm)),
    ("RNN", Plain(recurrent::rnn)),
    ("RandomNormal", Plain(make::random)),
    ("RandomNormalLike", Plain(make::random)),
    ("RandomUniform", Plain(make::random)),
    ("RandomUniformLike", Plain(make::random)),
    ("Range", Plain(make::range)),
    ("Reciprocal", Plain(unary::reciprocal)),
    ("ReduceL1", Plain(reduce::l1)),
    ("ReduceL2", Plain(reduce::l2)),
    ("ReduceLogSum", Plain(reduce::log_sum)),
    ("ReduceLogSumExp", Plain(reduce::log_sum_exp)),
    ("ReduceMax", Plain(extreme::max)),
    ("ReduceMean", Plain(reduce::mean)),
    ("ReduceMin", Plain(extreme::min)),
    ("ReduceProd", Plain(reduce::product)),
    ("ReduceSum", Plain(reduce::sum)),
    ("ReduceSumSquare", Plain(reduce::sum_square)),
    ("Relu", Plain(unary::relu)),
    ("Reshape", Plain(shape::reshape)),
    ("Resize", Plain(resize::resize)),
    ("ReverseSequence", Plain(arrange::reverse_sequence)),
    ("Round", Plain(unary::round)),
    ("STFT", Plain(spectrum::stft)),
    ("Scan", Scoped(control::scan)),
    ("Scatter", Plain(gather::scatter_elements)),
    ("ScatterElements", Plain(gather::scatter_elements)),
    ("ScatterND", Plain(gather::scatter_nd)),
    ("Selu", Plain(unary::selu)),
    ("SequenceAt", Plain(control::sequence_at)),
    ("SequenceConstruct", Plain(control::sequence_construct)),
    ("SequenceEmpty", Plain(control::sequence_empty)),
    ("SequenceErase", Plain(control::sequence_erase)),
    ("SequenceInsert", Plain(control::sequence_insert)),
    ("SequenceLength", Plain(control::sequence_length)),
    ("SequenceMap", Scoped(control::sequence_map)),
    ("Shape", Plain(shape::shape)),
    ("Shrink", Plain(unary::shrink)),
    ("Sigmoid", Plain(unary::logistic)),
    ("Sign", Plain(unary::sign)),
    ("Sin", Plain(unary::sin)),
    ("Sinh", Plain(unary::sinh)),
    ("Size", Plain(shape::size)),
    ("Slice", Plain(slice::slice)),
    ("Softmax", Plain(softmax::softmax)),
    ("SoftmaxCrossEntropyLoss", Plain(loss::softmax_cross_entropy)),
    ("Softplus", Plain(unary::soft_plus)),
    ("Softsign", Plain(unary::softsign)),
    ("SpaceToDepth", Plain(arrange::space_to_depth)),
    ("Split", Plain(slice::split)),
    ("SplitToSequence", Plain(control::split_to_sequence)),
    ("Sqrt", Plain(unary::sqrt)),
    ("Squeeze", Plain(shape::squeeze)),
    ("StringConcat", Plain(text::string_concat)),
    ("StringNormalizer", Plain(text::string_normalizer)),
    ("StringSplit", Plain(text::string_split)),
    ("Sub", Plain(binary::sub)),
    ("Sum", Plain(binary::sum)),
    ("Swish", Plain(unary::swish)),
    ("Tan", Plain(unary::tan)),
    ("Tanh", Plain(unary::hyperbolic_tangent)),
    ("TfIdfVectorizer", Plain(grams::tf_idf_vectorizer)),
    ("ThresholdedRelu", Plain(unary::thresholded_relu)),
    ("Tile", Plain(arrange::tile)),
    ("TopK", Plain(find::top_k)),
    ("Transpose", Plain(arrange::transpose)),
    ("Trilu", Plain(arrange::trilu)),
    ("Unique", Plain(find::unique)),
    ("Unsqueeze", Plain(shape::unsqueeze)),
    ("Upsample", Plain(resize::upsample)),
    ("Where", Plain(binary::choose)),
    ("Xor", Plain(binary::xor)),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operators_are_found_by_their_names() {
        for domain in ["", "ai.onnx.ml"] {
            assert!(table(domain).is_sorted_by_key(|(name, _)| *name), "{domain}");
        }
        let is_found = |domain: &str, operator: &str| {
            find(&Node { operator: operator.to_owned(), domain: domain.to_owned(), ..Node::default() })
                .is_some()
        };
        assert!(is_found("", "Relu") && is_found("ai.onnx.ml", "Scaler"));
        assert!(
            !is_found("com.example", "Relu") && !is_found("ai.onnx.ml", "Relu") && !is_found("", "Scaler")
        );
        assert!(ml::CHOOSES.iter().all(|name| is_found("ai.onnx.ml", name)));
    }
}
