//! Durations and sizes as people write them.

use std::time::Duration;

/// `90s`, `10m`, `2h`, `30d`, `500ms`, or a plain number of seconds.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let (number, unit) = split(text);
    let seconds = match unit {
        "ms" => 1e-3,
        "" | "s" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3600.0,
        "d" => 86_400.0,
        _ => return Err(format!("unknown unit `{unit}`: expected ms, s, m, h or d")),
    };
    let value: f64 = number.parse().map_err(|_| "expected a number with a unit, such as 90s".to_owned())?;
    Duration::try_from_secs_f64(value * seconds).map_err(|error| error.to_string())
}

/// `512M`, `4GiB`, or a plain number of bytes; every unit is a power of 1024.
pub(crate) fn memory(text: &str) -> Result<u64, String> {
    let (number, unit) = split(text);
    let factor: u64 = match unit.trim_end_matches("iB").trim_end_matches('B') {
        "" => 1,
        "K" | "k" => 1 << 10,
        "M" => 1 << 20,
        "G" => 1 << 30,
        "T" => 1 << 40,
        _ => return Err(format!("unknown unit `{unit}`: expected KiB, MiB, GiB or TiB")),
    };
    let value: f64 = number.parse().map_err(|_| "expected a number with a unit, such as 4GiB".to_owned())?;
    let bytes = value * factor as f64;
    if bytes.is_finite() && bytes >= 1.0 {
        Ok(bytes as u64)
    } else {
        Err("expected at least 1 byte".to_owned())
    }
}

fn split(text: &str) -> (&str, &str) {
    let end = text.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(text.len());
    (&text[..end], text[end..].trim())
}

/// A share from `1%` or `0.01`, as a number from 0 to 1.
pub(crate) fn share(text: &str) -> Result<f64, String> {
    let (number, divisor) = text.strip_suffix('%').map_or((text, 1.0), |percent| (percent, 100.0));
    let share = number.trim().parse::<f64>().ok().map(|number| number / divisor);
    let share = share.filter(|share| (0.0..=1.0).contains(share));
    share.ok_or_else(|| "expected a share like 1% or 0.01".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_and_sizes_are_read_as_written() {
        assert_eq!(duration("90s"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("1.5m"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("250ms"), Ok(Duration::from_millis(250)));
        assert_eq!(memory("4GiB"), Ok(4 << 30));
        assert_eq!(memory("512M"), Ok(512 << 20));
        assert_eq!(memory("1000"), Ok(1000));
    }

    #[test]
    fn nonsense_is_refused_with_what_is_expected() {
        for text in ["", "fast", "-1s", "1y"] {
            assert!(duration(text).is_err(), "{text}");
        }
        for text in ["", "0", "much", "1XB"] {
            assert!(memory(text).is_err(), "{text}");
        }
    }
}
