//! Numbers as people read them.

use reproof_contract::Real;

/// Seconds with about three digits: `4 ms`, `1.28 s`, `3 min 5 s`; what is not a duration is written `?`.
pub(crate) fn seconds(value: f64) -> String {
    match value {
        value if !value.is_finite() || value < 0.0 => "?".to_owned(),
        value if value < 0.000_5 => "< 1 ms".to_owned(),
        value if value < 0.999_5 => format!("{:.0} ms", value * 1e3),
        value if value < 9.995 => format!("{value:.2} s"),
        value if value < 59.95 => format!("{value:.1} s"),
        value => {
            let whole = value.round() as u64;
            match (whole / 3600, whole / 60 % 60, whole % 60) {
                (0, minutes, seconds) => format!("{minutes} min {seconds} s"),
                (hours, minutes, _) => format!("{} h {minutes} min", count(hours)),
            }
        }
    }
}

/// Bytes in binary units: `512 B`, `1.5 MiB`.
pub(crate) fn bytes(value: u64) -> String {
    const UNITS: [&str; 6] = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    if value < 1024 {
        return format!("{value} B");
    }
    let mut scaled = value as f64 / 1024.0;
    let mut unit = 0;
    while scaled >= 999.5 && unit + 1 < UNITS.len() {
        scaled /= 1024.0;
        unit += 1;
    }
    let digits = usize::from(scaled < 99.95);
    format!("{scaled:.digits$} {}", UNITS[unit])
}

/// A whole number with its thousands set apart: `1,234,567`.
pub(crate) fn count(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A count with its noun: `1 case`, `2 cases`.
pub(crate) fn counted(value: u64, noun: &str) -> String {
    format!("{} {noun}{}", count(value), if value == 1 { "" } else { "s" })
}

/// A measure with three digits.
pub(crate) fn measure(value: Real) -> String {
    let Real(number) = value;
    if !number.is_finite() {
        named(number).to_owned()
    } else if number == 0.0 {
        "0".to_owned()
    } else if (0.001..100_000.0).contains(&number.abs()) {
        let decimals = (2 - number.abs().log10().floor() as i32).max(0) as usize;
        let text = format!("{number:.decimals$}");
        if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
    } else {
        let text = format!("{number:.2e}");
        match text.split_once('e') {
            Some((digits, exponent)) => {
                format!("{}e{exponent}", digits.trim_end_matches('0').trim_end_matches('.'))
            }
            None => text,
        }
    }
}

/// A value with every digit it takes to tell it from its neighbours.
pub(crate) fn exact(value: Real) -> String {
    let Real(number) = value;
    if number.is_finite() { format!("{number:?}") } else { named(number).to_owned() }
}

fn named(number: f64) -> &'static str {
    match number {
        number if number.is_nan() => "NaN",
        number if number > 0.0 => "Infinity",
        _ => "-Infinity",
    }
}

/// A part of a whole in percent; never rounded to 0 or 100 unless it is.
pub(crate) fn percent(part: u64, whole: u64) -> String {
    let share = part as f64 / whole.max(1) as f64 * 100.0;
    match share {
        share if part == 0 || part == whole => format!("{share:.0} %"),
        share if share < 0.1 => "< 0.1 %".to_owned(),
        share if share > 99.9 => "> 99.9 %".to_owned(),
        share => format!("{share:.1} %"),
    }
}

/// A share from 0 to 1, that is only an estimate, in whole percent.
pub(crate) fn share(share: f64) -> String {
    if share > 0.0 && share < 0.005 { "< 1 %".to_owned() } else { format!("{:.0} %", share * 100.0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        let texts = [0.0, 0.000_6, 0.25, 1.284, 12.04, 59.96, 185.2, 7_260.0, f64::NAN, -1.0].map(seconds);
        let expected =
            ["< 1 ms", "1 ms", "250 ms", "1.28 s", "12.0 s", "1 min 0 s", "3 min 5 s", "2 h 1 min", "?", "?"];
        assert_eq!(texts, expected);
    }

    #[test]
    fn sizes_and_counts() {
        assert_eq!([0, 1023, 1536, 222_298_112].map(bytes), ["0 B", "1023 B", "1.5 KiB", "212 MiB"]);
        assert_eq!(bytes(u64::MAX), "16.0 EiB");
        assert_eq!([0, 999, 1_000, 1_234_567].map(count), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!([counted(1, "case"), counted(0, "case")], ["1 case", "0 cases"]);
    }

    #[test]
    fn measures() {
        let texts = [0.0, 1.0, 0.012_34, 41.26, 3.123_4e-7, 1e-9, 123_456.0, f64::NAN, f64::NEG_INFINITY];
        let expected = ["0", "1", "0.0123", "41.3", "3.12e-7", "1e-9", "1.23e5", "NaN", "-Infinity"];
        assert_eq!(texts.map(|value| measure(Real(value))), expected);
        assert_ne!(exact(Real(1.25)), exact(Real(f64::from(1.250_000_1_f32))));
    }

    #[test]
    fn shares_do_not_round_to_nothing() {
        assert_eq!(percent(1, 1_000_000), "< 0.1 %");
        assert_eq!(percent(999_999, 1_000_000), "> 99.9 %");
        assert_eq!([percent(0, 0), percent(5, 5), percent(1, 8)], ["0 %", "100 %", "12.5 %"]);
    }
}
