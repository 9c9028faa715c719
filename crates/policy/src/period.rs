//! Periods of time as people write them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Seconds of each unit, the longest first. A year is 365 days: retention is counted, not taken from a calendar.
const UNITS: [(&str, u64); 6] =
    [("y", 365 * 86_400), ("w", 7 * 86_400), ("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)];

/// The longest period, in seconds: a thousand years.
const LONGEST: u64 = 1000 * 365 * 86_400;

/// A period in whole seconds, written as a number and one unit: `90d`, `12h`, `2y`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Period(u64);

/// A text that is no period.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("period `{}`: expected a whole number and one of y (365 days), w, d, h, m (minutes), s, at most 1000y", text.escape_debug())]
pub struct PeriodError {
    /// The refused text, cut.
    pub text: String,
}

impl Period {
    /// The period of so many seconds, at most a thousand years.
    pub const fn from_seconds(seconds: u64) -> Self {
        Self(if seconds > LONGEST { LONGEST } else { seconds })
    }

    /// Its seconds.
    pub const fn seconds(self) -> u64 {
        self.0
    }
}

impl FromStr for Period {
    type Err = PeriodError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let period = UNITS.iter().find_map(|(unit, seconds)| {
            let digits = text.strip_suffix(unit)?;
            let number =
                digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse::<u64>().ok())??;
            number.checked_mul(*seconds).filter(|seconds| *seconds <= LONGEST).map(Self)
        });
        period.ok_or_else(|| PeriodError { text: text.chars().take(40).collect() })
    }
}

/// The longest unit that gives a whole number.
impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = UNITS.iter().find(|(_, seconds)| self.0 >= *seconds && self.0.is_multiple_of(*seconds));
        let (unit, seconds) = whole.unwrap_or(&("s", 1));
        write!(f, "{}{unit}", self.0 / seconds)
    }
}

impl Serialize for Period {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Period {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn periods_are_read() {
        for (text, seconds) in
            [("0s", 0), ("90d", 7_776_000), ("2y", 63_072_000), ("3w", 1_814_400), ("5m", 300)]
        {
            assert_eq!(text.parse(), Ok(Period(seconds)));
        }
        for text in
            ["", "d", "90", "-1d", "+1d", "1.5d", "1 d", "1D", "1d2h", "1001y", "99999999999999999999d", "١d"]
        {
            assert!(text.parse::<Period>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_period_is_read_back(seconds in 0..=LONGEST) {
            let period = Period(seconds);
            prop_assert_eq!(period.to_string().parse(), Ok(period));
        }
    }
}
