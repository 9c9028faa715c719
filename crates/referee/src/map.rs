//! Dictionaries: what a classifier of a table gives for each row, and what rows of a dictionary are made of.

use std::sync::Arc;

use reproof_tensor::DType;

use crate::Failure;
use crate::tensor::Data;

/// Values by their keys.
#[derive(Clone, Debug, PartialEq)]
pub struct Map {
    keys: Arc<Data>,
    values: Data,
}

impl Map {
    /// From entries in any order. Of equal keys the last one counts.
    pub fn new(keys: &Data, values: &Data) -> Result<Self, Failure> {
        if keys.len() != values.len() {
            return Err(Failure::refused(format!(
                "a map: expected {} values, got {}",
                keys.len(),
                values.len()
            )));
        }
        let order = Order::of(keys)?;
        Ok(order.map(values, 0))
    }

    /// The keys, int64 or texts, in their order and each of them once.
    pub fn keys(&self) -> &Data {
        &self.keys
    }

    /// The value of each key.
    pub fn values(&self) -> &Data {
        &self.values
    }

    /// The same keys with other values.
    pub(crate) fn with(&self, values: Data) -> Self {
        Self { keys: self.keys.clone(), values }
    }
}

/// Keys for many maps, and where their values lie.
pub(crate) struct Order {
    keys: Arc<Data>,
    places: Vec<usize>,
}

impl Order {
    pub(crate) fn of(keys: &Data) -> Result<Self, Failure> {
        let places = match keys {
            Data::Integer(DType::I64, keys) => places(keys),
            Data::Text(keys) => places(keys),
            other => {
                return Err(Failure::refused(format!(
                    "keys of a map: expected I64 or string, got {}",
                    other.kind()
                )));
            }
        };
        Ok(Self { keys: Arc::new(keys.gather(places.iter().copied())), places })
    }

    /// The map of the values that begin here.
    pub(crate) fn map(&self, values: &Data, begin: usize) -> Map {
        Map { keys: self.keys.clone(), values: values.gather(self.places.iter().map(|place| begin + place)) }
    }
}

/// The places of the keys in their order; of equal ones the last.
fn places<K: Ord>(keys: &[K]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..keys.len()).collect();
    order.sort_by_key(|place| &keys[*place]);
    let equal = order.chunk_by(|one, other| keys[*one] == keys[*other]);
    equal.filter_map(|places| places.last().copied()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_sorted_and_the_last_of_equal_keys_counts() {
        let keys = Data::Integer(DType::I64, vec![7, -1, 7]);
        let map = Map::new(&keys, &Data::Text(["a", "b", "c"].map(str::to_owned).to_vec())).unwrap();
        assert_eq!(map.keys(), &Data::Integer(DType::I64, vec![-1, 7]));
        assert_eq!(map.values(), &Data::Text(["b", "c"].map(str::to_owned).to_vec()));
    }

    #[test]
    fn keys_that_are_none_and_values_that_are_missing_are_refused() {
        let floats = Data::Float(DType::F32, vec![1.0]);
        let error = Map::new(&floats, &floats).unwrap_err();
        assert_eq!(error.to_string(), "keys of a map: expected I64 or string, got F32");
        let error = Map::new(&Data::Text(Vec::new()), &floats).unwrap_err();
        assert_eq!(error.to_string(), "a map: expected 0 values, got 1");
    }
}
