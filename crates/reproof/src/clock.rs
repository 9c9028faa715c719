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
