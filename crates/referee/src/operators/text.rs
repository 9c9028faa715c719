//! Texts.

use std::collections::BTreeSet;

use super::{Outputs, one};
use crate::broadcast;
use crate::call::Call;
use crate::tensor::Data;
use crate::{Failure, Tensor};

/// The elements of an input that holds texts.
fn texts(tensor: &Tensor) -> Result<Vec<&str>, Failure> {
    match tensor.data() {
        Data::Text(texts) => Ok(texts.iter().map(String::as_str).collect()),
        other => Err(Failure::refused(format!("expected texts, got {}", other.kind()))),
    }
}

/// Texts joined one by one.
pub(super) fn string_concat(call: &Call<'_>) -> Outputs {
    let (left, right) = (call.tensor(0)?, call.tensor(1)?);
    let shape = broadcast::shape(&[left.shape(), right.shape()], call.limits())?;
    let (x, y) = (texts(left)?, texts(right)?);
    let joined = broadcast::zip(&shape, (&x, left.shape()), (&y, right.shape()), |x, y| format!("{x}{y}"));
    one(Tensor::new(shape, Data::Text(joined)))
}

/// Words without those that are stopped, in another case. Letters change as Unicode says for no language in particular.
pub(super) fn string_normalizer(call: &Call<'_>) -> Outputs {
    let words = call.tensor(0)?;
    let rows = match words.shape() {
        [_] => &[][..],
        [1, _] => &[1][..],
        other => return Err(Failure::refused(format!("expected one row of words, got {other:?}"))),
    };
    let locale = call.text("locale", "")?;
    if ["az", "lt", "tr"].iter().any(|language| locale.starts_with(language)) {
        return Err(Failure::unsupported(format!("letters as in the locale `{locale}`")));
    }
    let exact = call.flag("is_case_sensitive", false)?;
    let folded = |word: &str| if exact { word.to_owned() } else { word.to_lowercase() };
    let stopped: BTreeSet<String> =
        call.texts("stopwords")?.unwrap_or_default().iter().map(|word| folded(word)).collect();
    let changed: fn(&str) -> String = match call.text("case_change_action", "NONE")? {
        "NONE" | "" => str::to_owned,
        "LOWER" => str::to_lowercase,
        "UPPER" => str::to_uppercase,
        other => return Err(Failure::refused(format!("case_change_action `{other}`"))),
    };
    let kept = texts(words)?.into_iter().filter(|word| !stopped.contains(&folded(word)));
    let mut kept: Vec<String> = kept.map(changed).collect();
    if kept.is_empty() {
        kept.push(String::new());
    }
    one(Tensor::new([rows, &[kept.len()]].concat(), Data::Text(kept)))
}

/// The parts of each text, and how many it has; shorter rows end with empty texts.
pub(super) fn string_split(call: &Call<'_>) -> Outputs {
    let whole = call.tensor(0)?;
    let delimiter = call.text("delimiter", "")?;
    let most = match call.integer("maxsplit", i64::MAX)? {
        at_most if at_most < 0 => usize::MAX,
        at_most => usize::try_from(at_most).unwrap_or(usize::MAX),
    };
    let parts: Vec<Vec<&str>> = texts(whole)?.into_iter().map(|text| parts(text, delimiter, most)).collect();
    let widest = parts.iter().map(Vec::len).max().unwrap_or(0);
    let shape = [whole.shape(), &[widest]].concat();
    let mut padded = Vec::with_capacity(call.count(&shape)?);
    for row in &parts {
        padded.extend(row.iter().map(|part| (*part).to_owned()));
        padded.resize(padded.len() + widest - row.len(), String::new());
    }
    let counts = parts.iter().map(|row| row.len() as i64).collect();
    let counts = Tensor::wrapped(whole.shape().to_vec(), reproof_tensor::DType::I64, counts);
    Ok(vec![Tensor::new(shape, Data::Text(padded)).into(), counts.into()])
}

/// A text divided at most so often, from the left: at a delimiter, or between words where that is empty.
fn parts<'a>(text: &'a str, delimiter: &str, most: usize) -> Vec<&'a str> {
    if !delimiter.is_empty() {
        return text.splitn(most.saturating_add(1), delimiter).collect();
    }
    let (mut found, mut rest) = (Vec::new(), text.trim_start());
    while let Some((word, after)) = rest.split_once(char::is_whitespace).filter(|_| found.len() < most) {
        found.push(word);
        rest = after.trim_start();
    }
    if !rest.is_empty() {
        found.push(rest);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::parts;

    #[test]
    fn texts_are_divided_from_the_left() {
        for (text, delimiter, most, expected) in [
            (" a b\t c ", "", usize::MAX, &["a", "b", "c"][..]),
            // What is left keeps its white space.
            (" a b  c ", "", 1, &["a", "b  c "]),
            ("  ", "", 1, &[]),
            ("a--b-", "-", usize::MAX, &["a", "", "b", ""]),
            ("a-b-c", "-", 1, &["a", "b-c"]),
            ("a-b", "-", 0, &["a-b"]),
            ("", "-", usize::MAX, &[""]),
        ] {
            assert_eq!(parts(text, delimiter, most), expected, "{text:?} {delimiter:?} {most}");
        }
    }
}
