//! Readers of model artifacts: untrusted bytes to inert descriptions.
//!
//! * [`open()`] decides by content what a file is and describes it: files, tensors, graph, interface.
//! * [`onnx`]: the model as a typed graph, and published test data.
//! * [`safetensors`]: whole small files in memory, and a deterministic writer.
//! * [`gguf`]: quantised language models.
//! * [`npy`]: arrays and archives of arrays as NumPy writes them.
//! * [`scan`](mod@scan): what would run, or leak, if a file were loaded.
//! * [`values`]: trees of values as a JSON file beside a safetensors file.
//!
//! Nothing here executes what a file says. Every length is checked against the bytes left and a named cap
//! before memory is taken; files are read at offsets and never mapped.
// The bytes are hostile; a reader that cannot corrupt memory can only be wrong.
#![forbid(unsafe_code)]

pub mod checkpoint;
mod compress;
mod description;
mod error;
mod file;
mod folder;
pub mod gguf;
pub mod npy;
pub mod onnx;
mod open;
pub mod pickle;
mod pickled;
pub mod safetensors;
pub mod scan;
mod section;
mod storage;
mod tar;
mod tensors;
pub mod torch;
mod unread;
pub mod values;
mod zip;

pub use checkpoint::{CheckpointError, Missing, PartDescription, Trainer, TrainingState};
pub use compress::{CompressError, Compression};
pub use description::{
    Description, FileDescription, Finding, Format, GraphSummary, OpenOptions, OperatorCount, Opset, Severity,
    TensorDescription,
};
pub use error::{ErrorKind, FormatError, Problem};
pub use folder::open_folder;
pub use open::{describe, describe_with, open, open_with};
pub use storage::{Gathered, Piece, Sources, Storage, StorageError, TensorBytes, View};
pub use tar::TarError;
pub use unread::unread;
pub use zip::ZipError;
