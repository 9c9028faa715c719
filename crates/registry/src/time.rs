//! Times, as callers tell them.

use std::fmt;

/// A moment: microseconds since 1970-01-01 UTC. The registry has no clock of its own; whoever acts says when.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct At(i64);

/// Microseconds per second.
const SECOND: i64 = 1_000_000;

/// Seconds per day.
const DAY: i64 = 86_400;

impl At {
    /// The last moment that can be told: the end of the year 9999, as RFC 3339 has four digits for a year.
    pub const LAST: Self = Self(253_402_300_799 * SECOND + SECOND - 1);

    /// A moment from microseconds since 1970; `None` before that and after [`Self::LAST`].
    pub fn from_microseconds(microseconds: i64) -> Option<Self> {
        (0..=Self::LAST.0).contains(&microseconds).then_some(Self(microseconds))
    }

    /// A moment from seconds since 1970; `None` after [`Self::LAST`].
    pub fn from_seconds(seconds: u64) -> Option<Self> {
        Self::from_microseconds(i64::try_from(seconds).ok()?.checked_mul(SECOND)?)
    }

    /// Whole seconds since 1970.
    pub const fn seconds(self) -> u64 {
        self.0.unsigned_abs() / SECOND.unsigned_abs()
    }

    /// Microseconds since 1970.
    pub const fn microseconds(self) -> i64 {
        self.0
    }

    /// The moment so many seconds later, at most [`Self::LAST`].
    #[must_use]
    pub fn plus_seconds(self, seconds: u64) -> Self {
        let later = i64::try_from(seconds).ok().and_then(|seconds| seconds.checked_mul(SECOND));
        Self(
            later.and_then(|later| self.0.checked_add(later)).map_or(Self::LAST.0, |at| at.min(Self::LAST.0)),
        )
    }
}

impl fmt::Display for At {
    /// RFC 3339 in UTC with microseconds, such as `2026-11-27T20:16:39.000000Z`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (seconds, microseconds) = (self.0 / SECOND, self.0 % SECOND);
        let (year, month, day) = civil(seconds / DAY);
        let second = seconds % DAY;
        write!(
            f,
            "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}.{microseconds:06}Z",
            second / 3600,
            second / 60 % 60,
            second % 60
        )
    }
}

/// Year, month and day of a number of days since 1970, by Howard Hinnant's `civil_from_days`
/// (<https://howardhinnant.github.io/date_algorithms.html>): years that begin in March put the odd day last.
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days / 146_097;
    let day_of_era = days % 146_097;
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_written_as_dates() {
        // From `date -u -d @SECONDS --iso-8601=seconds`.
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00.000000Z"),
            (951_782_400, "2000-02-29T00:00:00.000000Z"),
            (1_764_273_599, "2025-11-27T19:59:59.000000Z"),
            (4_107_542_400, "2100-03-01T00:00:00.000000Z"),
            (253_402_300_799, "9999-12-31T23:59:59.000000Z"),
        ] {
            assert_eq!(At::from_seconds(seconds).unwrap().to_string(), text);
        }
    }

    #[test]
    fn moments_outside_the_calendar_are_refused() {
        assert_eq!(At::from_microseconds(-1), None);
        assert_eq!(At::from_microseconds(At::LAST.0 + 1), None);
        assert_eq!(At::from_seconds(u64::MAX), None);
        assert_eq!(At::LAST.plus_seconds(u64::MAX), At::LAST);
        assert_eq!(At(5).plus_seconds(2), At(2_000_005));
    }
}
