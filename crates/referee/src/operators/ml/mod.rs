//! The operators of the domain `ai.onnx.ml`: what scikit-learn, LightGBM and XGBoost become when they are converted.
//!
//! Where the specification is silent, they do what ONNX Runtime does, which converters test against; each place says so.

mod attributes;
mod coupling;
mod encode;
mod ensemble;
mod features;
mod forest;
mod labels;
mod linear;
mod maps;
mod planted;
mod rows;
mod transform;
mod vectors;

use super::Operator::{self, Plain};

/// The domain.
pub(super) const DOMAIN: &str = "ai.onnx.ml";

/// Operators that choose among their inputs and attributes, and compute nothing that engines may round differently.
pub(super) const CHOOSES: [&str; 9] = [
    "ArrayFeatureExtractor",
    "Binarizer",
    "CategoryMapper",
    "DictVectorizer",
    "FeatureVectorizer",
    "Imputer",
    "LabelEncoder",
    "OneHotEncoder",
    "ZipMap",
];

/// By name, in the order of names. CastMap is missing: how it writes numbers as texts is defined nowhere.
pub(super) const OPERATORS: &[(&str, Operator)] = &[
    ("ArrayFeatureExtractor", Plain(features::array_feature_extractor)),
    ("Binarizer", Plain(features::binarizer)),
    ("CategoryMapper", Plain(encode::category_mapper)),
    ("DictVectorizer", Plain(maps::dict_vectorizer)),
    ("FeatureVectorizer", Plain(features::feature_vectorizer)),
    ("Imputer", Plain(features::imputer)),
    ("LabelEncoder", Plain(encode::label_encoder)),
    ("LinearClassifier", Plain(linear::classifier)),
    ("LinearRegressor", Plain(linear::regressor)),
    ("Normalizer", Plain(features::normalizer)),
    ("OneHotEncoder", Plain(encode::one_hot_encoder)),
    ("SVMClassifier", Plain(vectors::classifier)),
    ("SVMRegressor", Plain(vectors::regressor)),
    ("Scaler", Plain(features::scaler)),
    ("TreeEnsemble", Plain(ensemble::ensemble)),
    ("TreeEnsembleClassifier", Plain(ensemble::classifier)),
    ("TreeEnsembleRegressor", Plain(ensemble::regressor)),
    ("ZipMap", Plain(maps::zip_map)),
];
