//! Counts of short rows of words, as features of texts.

use std::collections::HashMap;
use std::hash::Hash;

use reproof_tensor::DType;

use super::{Outputs, one};
use crate::call::{Call, dim};
use crate::tensor::Data;
use crate::{Failure, Tensor};

/// What is looked for, and where each find is told.
struct Pool<'a, Word> {
    /// The numbers of a row of words among all rows.
    numbers: HashMap<Vec<Word>, Vec<usize>>,
    /// The column of each.
    columns: Vec<usize>,
    /// The weight of each; none where all are 1.
    weights: Option<&'a [f32]>,
    /// Whether finds are counted, and whether they are weighed.
    mode: (bool, bool),
    /// The fewest and the most words of a row.
    lengths: (usize, usize),
    /// How many words may lie between two of a row.
    skips: usize,
}

/// For each row of the input how often each row of words of the pool is there.
pub(super) fn tf_idf_vectorizer(call: &Call<'_>) -> Outputs {
    let (input, opposite) = (call.tensor(0)?, "the pool holds words of another kind");
    match (input.data(), call.texts("pool_strings")?, call.integers("pool_int64s")?) {
        (Data::Text(words), Some(pool), None) => vectors(call, input.shape(), words, pool),
        (Data::Integer(_, words), None, Some(pool)) => vectors(call, input.shape(), words, pool),
        _ => Err(Failure::refused(opposite)),
    }
}

fn vectors<Word: Clone + Eq + Hash>(
    call: &Call<'_>,
    shape: &[usize],
    words: &[Word],
    pool: &[Word],
) -> Outputs {
    let pool = Pool::of(call, pool)?;
    let width = pool.columns.iter().max().map_or(0, |last| last.saturating_add(1));
    let (rows, length) = match shape {
        [length] => (1, *length),
        [rows, length] => (*rows, *length),
        other => return Err(Failure::refused(format!("expected rows of words, got {other:?}"))),
    };
    let result = [&shape[..shape.len() - 1], &[width]].concat();
    let mut output = Vec::with_capacity(call.count(&result)?);
    // As many looks as elements of a tensor that may be made.
    call.count(&[pool.skips.min(length) + 1, pool.lengths.1, words.len()])?;
    for row in 0..rows {
        output.extend(pool.counted(&words[row * length..][..length], width));
    }
    one(Tensor::rounded(result, call.run.float(DType::F32), output))
}

impl<'a, Word: Clone + Eq + Hash> Pool<'a, Word> {
    fn of(call: &Call<'a>, words: &[Word]) -> Result<Self, Failure> {
        let told = |name: &str| Ok(call.integers(name)?.unwrap_or_default());
        let sizes = |name: &str| -> Result<Vec<usize>, Failure> {
            told(name)?.iter().map(|size| dim(*size)).collect()
        };
        let size = |name: &str| dim(call.integer(name, -1)?);
        let (starts, columns) = (sizes("ngram_counts")?, sizes("ngram_indexes")?);
        let mut numbers: HashMap<Vec<Word>, Vec<usize>> = HashMap::new();
        let mut number = 0;
        for (index, start) in starts.iter().enumerate() {
            let end = starts.get(index + 1).copied().unwrap_or(words.len());
            let group = words.get(*start..end).filter(|group| group.len() % (index + 1) == 0);
            let group = group.ok_or_else(|| {
                Failure::refused(format!("ngram_counts {starts:?} for {} words", words.len()))
            })?;
            for row in group.chunks_exact(index + 1) {
                numbers.entry(row.to_vec()).or_default().push(number);
                number += 1;
            }
        }
        let weights = call.reals("weights")?;
        if columns.len() != number || weights.is_some_and(|weights| weights.len() != number) {
            return Err(Failure::refused(format!(
                "columns and weights for {number} rows of words are needed"
            )));
        }
        let mode = match call.text("mode", "")? {
            "TF" => (true, false),
            "IDF" => (false, true),
            "TFIDF" => (true, true),
            other => return Err(Failure::refused(format!("mode `{other}`"))),
        };
        let lengths = (size("min_gram_length")?.max(1), size("max_gram_length")?.min(starts.len()));
        Ok(Self { numbers, columns, weights, mode, lengths, skips: size("max_skip_count")? })
    }

    /// The features of one row.
    fn counted(&self, words: &[Word], width: usize) -> Vec<f64> {
        let mut counts = vec![0_u64; self.columns.len()];
        let mut row = Vec::new();
        for length in self.lengths.0..=self.lengths.1 {
            // A single word has nothing to skip.
            let skips = if length == 1 { 0 } else { self.skips };
            for step in 1..=skips.saturating_add(1).min(words.len()) {
                let Some(last) = (length - 1).checked_mul(step).filter(|last| *last < words.len()) else {
                    break;
                };
                for start in 0..words.len() - last {
                    row.clear();
                    row.extend(words[start..=start + last].iter().step_by(step).cloned());
                    let found = self.numbers.get(row.as_slice()).map_or(&[][..], Vec::as_slice);
                    for number in found {
                        counts[*number] += 1;
                    }
                }
            }
        }
        let mut features = vec![0.0; width];
        for (number, count) in counts.into_iter().enumerate().filter(|(_, count)| *count > 0) {
            let weight =
                self.weights.filter(|_| self.mode.1).map_or(1.0, |weights| f64::from(weights[number]));
            features[self.columns[number]] += if self.mode.0 { count as f64 * weight } else { weight };
        }
        features
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What ONNX Runtime 1.32 gives: the weight is that of the row of words, and columns are in an order of their own.
    #[test]
    fn weights_go_with_rows_of_words_and_not_with_columns() {
        let weights = [2.0, 3.0, 5.0, 7.0, 11.0];
        let rows = [vec![2], vec![3], vec![5], vec![5, 4], vec![2, 3]];
        let numbers: HashMap<Vec<i64>, Vec<usize>> =
            rows.into_iter().enumerate().map(|(number, row)| (row, vec![number])).collect();
        let columns = vec![4, 1, 2, 0, 3];
        let mut pool =
            Pool { numbers, columns, weights: Some(&weights), mode: (true, true), lengths: (1, 2), skips: 2 };
        let words = [2, 3, 3, 5, 4, 2, 9, 3];
        assert_eq!(pool.counted(&words, 5), [7.0, 9.0, 5.0, 33.0, 4.0]);
        pool.mode = (false, true);
        assert_eq!(pool.counted(&words, 5), [7.0, 3.0, 5.0, 11.0, 2.0]);
        pool.mode = (true, false);
        assert_eq!(pool.counted(&words, 5), [1.0, 3.0, 1.0, 3.0, 2.0]);
        // More words between two of a row than there are.
        pool.skips = usize::MAX;
        assert_eq!(pool.counted(&[2, 9, 9, 3], 5), [0.0, 1.0, 0.0, 1.0, 1.0]);
        assert_eq!(pool.counted(&[], 5), [0.0; 5]);
    }
}
