//! Faults in what prepares pictures: the filter that resizes them, and the constants that normalise them.

use std::fs;

use super::FileFault;
use crate::artifact::Artifact;

/// Where folders of transformers say how pictures are prepared.
const SETTINGS: &str = "preprocessor_config.json";

/// The largest such file that is read, in bytes.
const LARGEST: u64 = 1 << 20;

/// A fault by name, a key, and the digit that takes the place of another.
type Change = (&'static str, &'static str, fn(u8) -> u8);

/// All of them. Filters are numbered as Pillow does: 2 is bilinear, 3 bicubic.
const FAULTS: [Change; 3] = [
    ("file=resample", "\"resample\"", |digit| if digit == b'3' { b'2' } else { b'3' }),
    ("file=mean", "\"image_mean\"", other),
    ("file=deviation", "\"image_std\"", other),
];

/// Another digit that is not 0, so that nothing is divided by it.
fn other(digit: u8) -> u8 {
    if digit == b'9' { b'8' } else { digit + 1 }
}

/// The faults that can be planted in the settings of an artifact.
pub(super) fn faults(artifact: &Artifact) -> Vec<FileFault> {
    let Some(file) = artifact.files.iter().find(|file| file.path == SETTINGS) else { return Vec::new() };
    let small = fs::metadata(&file.location).is_ok_and(|found| found.len() <= LARGEST);
    let text = if small { fs::read(&file.location).unwrap_or_default() } else { Vec::new() };
    let fault = |(name, key, change): Change| {
        let at = changed(&text, key)?;
        Some(FileFault {
            text: format!("{name}:{SETTINGS}"),
            location: file.location.clone(),
            offset: at as u64,
            bytes: vec![change(text[at])],
        })
    };
    FAULTS.into_iter().filter_map(fault).collect()
}

/// Where the digit lies that tells most of the first number after a key.
fn changed(text: &[u8], key: &str) -> Option<usize> {
    let key_at = text.windows(key.len()).position(|window| window == key.as_bytes())?;
    let after = key_at + key.len();
    let number = after + text[after..].iter().position(u8::is_ascii_digit)?;
    // Nothing but marks and spaces lies between a key and its number.
    if text[after..number].iter().any(|byte| byte.is_ascii_alphabetic() || *byte == b'"' || *byte == b'}') {
        return None;
    }
    let digits = text[number..].iter().take_while(|byte| byte.is_ascii_digit() || **byte == b'.').count();
    let telling = |byte: &u8| matches!(byte, b'1'..=b'9');
    Some(number + text[number..number + digits].iter().position(telling).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_digit_that_tells_is_found() {
        let text =
            br#"{"image_mean": [0.485, 0.456], "resample": 3, "size": {"height": 16}, "resized": null}"#;
        let digit = |key: &str| changed(text, key).map(|at| &text[at..at + 3]);
        assert_eq!(digit("\"image_mean\""), Some(&b"485"[..]));
        assert_eq!(digit("\"resample\""), Some(&b"3, "[..]));
        assert_eq!(digit("\"size\""), None, "no number of its own");
        assert_eq!(digit("\"resized\""), None);
        assert_eq!(digit("\"absent\""), None);
        assert_eq!(changed(br#"{"resample": "#, "\"resample\""), None);
        assert_eq!((other(b'9'), other(b'4')), (b'8', b'5'));
    }
}
