//! One block of PEM from a text that a person gave.

use pkcs8::der::pem;
use zeroize::Zeroizing;

use super::KeyError;

/// Bytes of a PEM text, at most: a P-384 key has 300, and files with certificates and comments have a few thousand.
const LIMIT: usize = 64 << 10;

/// What stands before a label, and after it.
const BEGIN: &str = "-----BEGIN ";
const DASHES: &str = "-----";

/// The label and bytes of the first block. The parameters of a curve, which `openssl ecparam -genkey` writes before the
/// key, are passed over: the key repeats them.
pub(super) fn block<'a>(
    what: &'static str,
    text: &'a str,
) -> Result<(&'a str, Zeroizing<Vec<u8>>), KeyError> {
    if text.len() > LIMIT {
        return Err(KeyError::TooLong { what, limit: LIMIT, got: text.len() });
    }
    let broken = |reason: &str| KeyError::Pem { what, reason: reason.to_owned() };
    let mut rest = text;
    loop {
        let start = rest.find(BEGIN).ok_or_else(|| broken("no block"))?;
        let block = &rest[start..];
        let after = &block[BEGIN.len()..];
        let label =
            after.split_once(DASHES).map(|(label, _)| label).ok_or_else(|| broken("an unfinished line"))?;
        let end_line = format!("-----END {label}-----");
        let end = block.find(&end_line).ok_or_else(|| broken("no end"))? + end_line.len();
        if label == "EC PARAMETERS" {
            rest = &block[end..];
            continue;
        }
        let (_, bytes) =
            pem::decode_vec(&block.as_bytes()[..end]).map_err(|error| broken(&error.to_string()))?;
        return Ok((label, Zeroizing::new(bytes)));
    }
}

/// The error for a block that is not a key of the wanted kind.
pub(super) fn wrong_label(what: &'static str, expected: &'static str, got: &str) -> KeyError {
    KeyError::Label { what, expected, got: got.chars().take(40).collect() }
}
