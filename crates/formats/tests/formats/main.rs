//! Round trips, hostile files with their exact refusal, and every small damage to sample files.
#![allow(missing_docs, unreachable_pub, clippy::unwrap_used)]

mod architecture;
mod checkpoint_damage;
mod damage;
mod external;
mod gguf;
mod npy;
mod npy_describe;
mod onnx;
mod oracle;
mod pickles;
mod safetensors;
mod scan;
mod schema;
mod storage;
mod test_data;
mod values;
mod wire;
mod zipped;

use std::error::Error;

use reproof_formats::FormatError;

/// The problem in words, with its causes, as a user reads it.
fn words(error: &FormatError) -> String {
    let mut words = error.problem().to_string();
    let mut cause = error.problem().source();
    while let Some(error) = cause {
        words = format!("{words}: {error}");
        cause = error.source();
    }
    words
}
