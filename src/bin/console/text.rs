//! Times and sizes as people read them.

use std::time::Duration;

use bytesize::ByteSize;
use chrono::{DateTime, TimeDelta, Utc};

/// The time left, in seconds where it is short: `23 h 59 min`.
pub(super) fn length(time: TimeDelta) -> String {
    let seconds = time.num_seconds().max(0);
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0..2) => format!("{seconds} s"),
        (0, 0, minutes) => format!("{minutes} min"),
        (0, hours, 0) => format!("{hours} h"),
        (0, hours, minutes) => format!("{hours} h {minutes} min"),
        (days, 0, _) => format!("{days} d"),
        (days, hours, _) => format!("{days} d {hours} h"),
    }
}

/// When a branch expires, seen from now.
pub(super) fn expiry(time: Option<DateTime<Utc>>, now: DateTime<Utc>) -> String {
    match time {
        None => "never expires".to_owned(),
        Some(time) if time <= now => "expired".to_owned(),
        Some(time) => format!("expires in {}", length(time - now)),
    }
}

/// How long ago something was.
pub(super) fn ago(time: DateTime<Utc>, now: DateTime<Utc>) -> String {
    if now - time < TimeDelta::seconds(1) {
        "just now".to_owned()
    } else {
        format!("{} ago", length(now - time))
    }
}

/// `2026-11-30 15:00:00 UTC`.
pub(super) fn moment(time: DateTime<Utc>) -> String {
    time.format("%F %T UTC").to_string()
}

/// The form of the field that picks a time.
pub(super) fn field(time: DateTime<Utc>) -> String {
    time.format("%FT%T").to_string()
}

/// Reads the field that picks a time, which is in UTC.
pub(super) fn from_field(text: &str) -> Option<DateTime<Utc>> {
    let forms = ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%dT%H:%M"];
    let time = forms.iter().find_map(|form| chrono::NaiveDateTime::parse_from_str(text.trim(), form).ok())?;
    Some(time.and_utc())
}

/// `31.5 MB`.
pub(super) fn size(bytes: u64) -> String {
    ByteSize::b(bytes).display().si().to_string()
}

/// `4.2 ms`, `310 ms`, `1.5 s`.
pub(super) fn took(time: Duration) -> String {
    match time.as_secs_f64() {
        s if s < 0.01 => format!("{:.1} ms", s * 1e3),
        s if s < 1.0 => format!("{:.0} ms", s * 1e3),
        s => format!("{s:.1} s"),
    }
}

/// `1 row`, `2 rows`.
pub(super) fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_countdown_ends_in_seconds() {
        assert_eq!(length(TimeDelta::seconds(119)), "119 s");
        assert_eq!(length(TimeDelta::seconds(120)), "2 min");
        assert_eq!(length(TimeDelta::minutes(1439)), "23 h 59 min");
        assert_eq!(length(TimeDelta::hours(25)), "1 d 1 h");
        assert_eq!(length(TimeDelta::seconds(-5)), "0 s");
    }

    #[test]
    fn a_time_is_read_as_it_was_shown() {
        let time = "2026-11-30T15:00:07Z".parse().unwrap();
        assert_eq!(from_field(&field(time)), Some(time));
        assert!(from_field("2026-11-30T15:00").is_some());
        assert_eq!(from_field("yesterday"), None);
    }
}
