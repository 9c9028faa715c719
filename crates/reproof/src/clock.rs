//! Times as documents write them.

use std::time::SystemTime;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// RFC 3339 in UTC, whole seconds. The caller says what time it is, so that documents can be made again.
pub fn rfc3339(now: SystemTime) -> String {
    let moment = OffsetDateTime::from(now);
    let whole = moment.replace_nanosecond(0).unwrap_or(moment);
    whole.format(&Rfc3339).unwrap_or_default()
}

/// Seconds since 1970 of a time in RFC 3339; `None` for what is none, and before 1970.
pub fn parse_rfc3339(text: &str) -> Option<u64> {
    let moment = OffsetDateTime::parse(text, &Rfc3339).ok()?;
    u64::try_from(moment.unix_timestamp()).ok()
}
