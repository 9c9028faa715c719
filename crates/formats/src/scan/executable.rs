//! Programs and libraries of operating systems and virtual machines, by their first bytes.

use reproof_digest::ReadAt;

use super::place::Place;
use super::session::{Report, Session};
use crate::Severity;

/// Names under which weights and settings travel: a program behind one of them hides.
const DATA: &[&str] = &[
    "bin",
    "ckpt",
    "csv",
    "gguf",
    "h5",
    "hdf5",
    "joblib",
    "json",
    "keras",
    "md",
    "model",
    "msgpack",
    "npy",
    "npz",
    "onnx",
    "pb",
    "pickle",
    "pkl",
    "pt",
    "pt2",
    "pth",
    "safetensors",
    "tflite",
    "txt",
    "yaml",
    "yml",
];

/// What kind of program a file is.
pub(super) fn kind(source: &dyn ReadAt, head: &[u8]) -> Option<&'static str> {
    let word = |at: usize| head.get(at..at + 4).and_then(|bytes| bytes.try_into().ok());
    match head {
        [0x7f, b'E', b'L', b'F', ..] => return Some("a program or library for Linux (ELF)"),
        [b'M', b'Z', ..] => {
            let offset = word(0x3c).map(u32::from_le_bytes);
            let signature = offset.and_then(|offset| source.read_range(offset.into(), 4).ok());
            if signature.is_some_and(|signature| signature == b"PE\0\0") {
                return Some("a program or library for Windows (PE)");
            }
        }
        [b'\0', b'a', b's', b'm', 1, 0, 0, 0, ..] => return Some("a WebAssembly module"),
        [b'd', b'e', b'x', b'\n', ..] => return Some("Android code (DEX)"),
        [b'!', b'<', b'a', b'r', b'c', b'h', b'>', b'\n', ..] => return Some("a static library"),
        // Compiled Python: the number of the version, then a line break.
        [_, 0x0a..=0x0f, b'\r', b'\n', 0..=3, 0, 0, 0, ..] if head.len() >= 16 => {
            return Some("compiled Python code");
        }
        _ => {}
    }
    match word(0).map(u32::from_be_bytes)? {
        0xfeed_face | 0xfeed_facf | 0xcefa_edfe | 0xcffa_edfe => {
            Some("a program or library for macOS (Mach-O)")
        }
        // Java has its version where Mach-O has a small number of architectures.
        0xcafe_babe => Some("a program for macOS (Mach-O) or the Java machine"),
        _ => None,
    }
}

impl Session {
    /// Reports a program.
    pub(super) fn executable(&mut self, place: &Place, what: &'static str) {
        let hides = DATA.binary_search(&place.extension().as_str()).is_ok();
        let (severity, more) = if hides {
            (Severity::Dangerous, " under the name of a data file")
        } else {
            (Severity::Warning, "")
        };
        let report = Report::new("file.executable", severity, format!("{what}{more}"));
        self.report(place, report.would("run as a program, if started or loaded as a library").at(0));
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn tables_are_sorted() {
        assert!(super::DATA.is_sorted());
    }
}
