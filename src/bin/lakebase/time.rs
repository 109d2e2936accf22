//! Times, lifetimes and sizes, as they are written on the command line and shown.

use std::{str::FromStr, time::Duration};

use bytesize::ByteSize;
use chrono::{DateTime, Local, NaiveDate, NaiveDateTime, TimeDelta, Utc};
use lakebase::Lsn;

const LONGEST_LIFETIME: Duration = lakebase::days(30);

/// Reads `90s`, `45m`, `24h`, `7d` or a sum of them: `1d12h`.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let rule = || format!("'{text}' is no length of time; write 45m, 24h, 7d or 1d12h");
    let mut total = 0_u64;
    let mut number = String::new();
    for c in text.chars() {
        if c.is_ascii_digit() {
            number.push(c);
            continue;
        }
        let unit = match c {
            's' => 1,
            'm' => 60,
            'h' => 3600,
            'd' => 86_400,
            _ => return Err(rule()),
        };
        let part = number.parse::<u64>().ok().and_then(|n| n.checked_mul(unit)).ok_or_else(rule)?;
        total = total.checked_add(part).ok_or_else(rule)?;
        number.clear();
    }
    if total == 0 || !number.is_empty() { Err(rule()) } else { Ok(Duration::from_secs(total)) }
}

/// Reads the lifetime of a branch: a [`duration`] of 30 days at most, which is the limit of the service.
pub(crate) fn lifetime(text: &str) -> Result<Duration, String> {
    let time = duration(text)?;
    if time > LONGEST_LIFETIME {
        return Err(format!("'{text}' is longer than 30 days, the longest lifetime of a branch"));
    }
    Ok(time)
}

/// A point of a branch's past.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Point {
    Time(DateTime<Utc>),
    Lsn(Lsn),
}

impl FromStr for Point {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(lsn) = Lsn::from_str(text) {
            return Ok(Self::Lsn(lsn));
        }
        time(text).map(Self::Time).map_err(|error| format!("{error}, or a log position such as 0/1DE2850"))
    }
}

/// Reads `2026-11-30T15:00:00Z`, `2026-11-30 15:00` (this machine's time) or `10m ago`.
pub(crate) fn time(text: &str) -> Result<DateTime<Utc>, String> {
    let rule = || format!("'{text}' is no time; write '10m ago', '2026-11-30 15:00' or 2026-11-30T15:00:00Z");
    if let Some(ago) = text.strip_suffix(" ago") {
        let ago = TimeDelta::from_std(duration(ago)?).map_err(|_| rule())?;
        return Utc::now().checked_sub_signed(ago).ok_or_else(rule);
    }
    if let Ok(time) = DateTime::parse_from_rfc3339(text) {
        return Ok(time.to_utc());
    }
    let forms = ["%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M"];
    let day = || NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().and_then(|day| day.and_hms_opt(0, 0, 0));
    let here = forms.iter().find_map(|form| NaiveDateTime::parse_from_str(text, form).ok()).or_else(day);
    // An hour that the clocks leave out has no time, one that they repeat two; the earlier counts.
    let time = here.and_then(|time| time.and_local_timezone(Local).earliest());
    time.map(|time| time.to_utc()).ok_or_else(rule)
}

/// A length of time, rounded to minutes: `23 h 59 min`.
pub(crate) fn length(time: TimeDelta) -> String {
    let minutes = ((time.num_seconds() + 30) / 60).max(0);
    match (minutes / 1440, minutes / 60 % 24, minutes % 60) {
        (0, 0, 0) => "less than a minute".to_owned(),
        (0, 0, minutes) => format!("{minutes} min"),
        (0, hours, 0) => format!("{hours} h"),
        (0, hours, minutes) => format!("{hours} h {minutes} min"),
        (days, 23, 30..) => format!("{} d", days + 1),
        (days, hours, minutes) => match hours + minutes / 30 {
            0 => format!("{days} d"),
            hours => format!("{days} d {hours} h"),
        },
    }
}

/// When a branch expires, seen from now.
pub(crate) fn expiry(time: Option<DateTime<Utc>>) -> String {
    match time {
        None => "never".to_owned(),
        Some(time) if time <= Utc::now() => "expired".to_owned(),
        Some(time) => format!("in {}", length(time - Utc::now())),
    }
}

/// `31.5 MB`.
pub(crate) fn size(bytes: u64) -> String {
    ByteSize::b(bytes).display().si().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time_have_units() {
        for (text, seconds) in
            [("90s", 90), ("45m", 2700), ("24h", 86_400), ("7d", 604_800), ("1d12h", 129_600)]
        {
            assert_eq!(duration(text), Ok(Duration::from_secs(seconds)));
        }
        for text in ["", "7", "h", "0h", "1w", "-1h", "1.5h", "99999999999999999999d", "9223372036854775807d"]
        {
            assert!(duration(text).unwrap_err().contains("45m, 24h"), "{text}");
        }
    }

    #[test]
    fn a_lifetime_has_a_limit() {
        assert_eq!(lifetime("30d"), Ok(lakebase::days(30)));
        for text in ["30d1s", "99999999999d"] {
            assert!(lifetime(text).unwrap_err().contains("longer than 30 days"), "{text}");
        }
    }

    #[test]
    fn a_point_is_a_time_or_a_log_position() {
        assert!(matches!("0/1DE2850".parse(), Ok(Point::Lsn(_))));
        let fixed = "2026-11-30T15:00:00Z".parse::<DateTime<Utc>>().unwrap();
        assert_eq!("2026-11-30T16:00:00+01:00".parse(), Ok(Point::Time(fixed)));
        let before = time("10m ago").unwrap();
        let ago = Utc::now() - before;
        assert!((600..602).contains(&ago.num_seconds()));
        assert!(time("2026-11-30 15:00").is_ok() && time("2026-11-30").is_ok());
        for text in ["yesterday", "ago", "-5m ago", "99999999999d ago", "2026-13-01"] {
            assert!(text.parse::<Point>().unwrap_err().contains("write"), "{text}");
        }
    }

    #[test]
    fn sizes_and_lengths_are_for_people() {
        assert_eq!(size(31_539_200), "31.5 MB");
        assert_eq!(size(u64::MAX), "18.4 EB");
        assert_eq!(length(TimeDelta::minutes(1439)), "23 h 59 min");
        assert_eq!(length(TimeDelta::hours(48)), "2 d");
        assert_eq!(length(TimeDelta::hours(48) - TimeDelta::seconds(40)), "2 d");
        assert_eq!(length(TimeDelta::hours(24) - TimeDelta::seconds(1)), "1 d");
        assert_eq!(length(TimeDelta::minutes(60 * 30 + 40)), "1 d 7 h");
        assert_eq!(expiry(None), "never");
    }
}
