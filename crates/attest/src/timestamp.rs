//! Points in time as statements write them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// A point in time: RFC 3339 in UTC, such as `2026-11-27T19:48:00Z`. It is kept as it was written.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(transparent)]
pub struct Timestamp(String);

/// Why something is not a [`Timestamp`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TimestampError {
    /// The text is not RFC 3339 in UTC.
    #[error("time `{text}`: expected RFC 3339 in UTC, such as 2026-11-27T19:48:00Z")]
    Text {
        /// The refused text, its first 80 characters.
        text: String,
    },
    /// The seconds are outside the years that RFC 3339 can write.
    #[error("time of {seconds} seconds since 1970: expected a year from 0 to 9999")]
    Range {
        /// The refused seconds.
        seconds: i64,
    },
}

impl Timestamp {
    /// The time `seconds` after the start of 1970 in UTC.
    pub fn from_unix(seconds: i64) -> Result<Self, TimestampError> {
        let written =
            OffsetDateTime::from_unix_timestamp(seconds).ok().and_then(|at| at.format(&Rfc3339).ok());
        written.map(Self).ok_or(TimestampError::Range { seconds })
    }

    /// The time as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whole seconds since the start of 1970 in UTC.
    pub fn unix(&self) -> i64 {
        OffsetDateTime::parse(&self.0, &Rfc3339).map_or(0, OffsetDateTime::unix_timestamp)
    }
}

impl FromStr for Timestamp {
    type Err = TimestampError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // 40 characters are nine digits of a second and room to spare.
        let right = text.len() <= 40 && text.ends_with('Z') && OffsetDateTime::parse(text, &Rfc3339).is_ok();
        if right {
            Ok(Self(text.to_owned()))
        } else {
            Err(TimestampError::Text { text: text.chars().take(80).collect() })
        }
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_and_texts_are_the_same_time() {
        let time = Timestamp::from_unix(1_795_808_908).unwrap();
        assert_eq!(time.as_str(), "2026-11-27T19:48:28Z");
        assert_eq!(time.as_str().parse::<Timestamp>().unwrap().unix(), 1_795_808_908);
        assert_eq!("2026-11-27T19:48:28.25Z".parse::<Timestamp>().unwrap().unix(), 1_795_808_908);
    }

    #[test]
    fn what_is_no_time_in_utc_is_refused() {
        for text in ["", "2026-11-27", "2026-11-27T21:08:28+01:00", "2026-13-27T21:08:28Z", "now"] {
            assert!(matches!(text.parse::<Timestamp>(), Err(TimestampError::Text { .. })), "{text}");
        }
        assert_eq!(Timestamp::from_unix(i64::MAX), Err(TimestampError::Range { seconds: i64::MAX }));
    }
}
