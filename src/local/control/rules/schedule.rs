//! Schedules of snapshots: their rules on the wire, and the times at which they fire.

use std::time::Duration;

use chrono::{DateTime, Datelike as _, Days, Months, NaiveDate, Utc, Weekday};

use crate::{
    api::wire::{
        format::Seconds,
        snapshot::{Cadence as WireCadence, ScheduleRule as WireRule},
    },
    local::control::{
        error_response::ErrorResponse,
        state::{Cadence, Schedule, ScheduleRule},
    },
};

const SHORTEST_RETENTION: Duration = Duration::from_secs(3600);

const DAYS: [(Weekday, &str); 7] = [
    (Weekday::Mon, "MONDAY"),
    (Weekday::Tue, "TUESDAY"),
    (Weekday::Wed, "WEDNESDAY"),
    (Weekday::Thu, "THURSDAY"),
    (Weekday::Fri, "FRIDAY"),
    (Weekday::Sat, "SATURDAY"),
    (Weekday::Sun, "SUNDAY"),
];

/// Reads a rule of a request.
pub(in crate::local::control) fn read(wire: &WireRule) -> Result<ScheduleRule, ErrorResponse> {
    let retention = wire.retention.ok_or_else(|| ErrorResponse::required("schedule.retention"))?.0;
    if retention < SHORTEST_RETENTION {
        return Err(ErrorResponse::invalid("Field 'schedule.retention' must be at least 3600s"));
    }
    let cadence = match (&wire.daily_schedule, &wire.weekly_schedule, &wire.monthly_schedule) {
        (Some(at), None, None) => Cadence::Daily { hour: hour(at)? },
        (None, Some(at), None) => Cadence::Weekly { day: weekday(at)?, hour: hour(at)? },
        (None, None, Some(at)) => Cadence::Monthly { day: number("day", at.day, 1, 31)?, hour: hour(at)? },
        _ => {
            return Err(ErrorResponse::invalid(
                "Exactly one of 'daily_schedule', 'weekly_schedule' and 'monthly_schedule' must be given for each \
                 entry of 'schedule'",
            ));
        }
    };
    Ok(ScheduleRule { cadence, retention })
}

/// The rule as an answer shows it.
pub(in crate::local::control) fn to_wire(rule: &ScheduleRule) -> WireRule {
    let wire = WireRule { retention: Some(Seconds(rule.retention)), ..WireRule::default() };
    let at = |hour: u32| WireCadence { hour: Some(i64::from(hour)), ..WireCadence::default() };
    match rule.cadence {
        Cadence::Daily { hour } => WireRule { daily_schedule: Some(at(hour)), ..wire },
        Cadence::Weekly { day, hour } => {
            let name = DAYS.iter().find(|(other, _)| *other == day).map(|(_, name)| (*name).to_owned());
            WireRule { weekly_schedule: Some(WireCadence { day_of_week: name, ..at(hour) }), ..wire }
        }
        Cadence::Monthly { day, hour } => {
            let at = WireCadence { day: Some(i64::from(day)), ..at(hour) };
            WireRule { monthly_schedule: Some(at), ..wire }
        }
    }
}

/// Midnight is zero, which some clients leave out.
fn hour(at: &WireCadence) -> Result<u32, ErrorResponse> {
    number("hour", at.hour.or(Some(0)), 0, 23)
}

fn weekday(at: &WireCadence) -> Result<Weekday, ErrorResponse> {
    let text = at.day_of_week.as_deref().unwrap_or_default();
    let day = DAYS.iter().find(|(_, name)| *name == text).map(|(day, _)| *day);
    day.ok_or_else(|| {
        ErrorResponse::invalid(format!(
            "Field 'schedule.day_of_week' must be one of MONDAY to SUNDAY, got '{}'",
            text.escape_debug()
        ))
    })
}

fn number(field: &str, value: Option<i64>, least: u32, most: u32) -> Result<u32, ErrorResponse> {
    let number = value.and_then(|value| u32::try_from(value).ok()).filter(|n| (least..=most).contains(n));
    number.ok_or_else(|| {
        let got = value.map_or_else(|| "nothing".to_owned(), |value| value.to_string());
        ErrorResponse::invalid(format!("Field 'schedule.{field}' must be from {least} to {most}, got {got}"))
    })
}

/// The snapshot that is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::local::control) struct Due {
    /// The latest time of the schedule that has come.
    pub(in crate::local::control) time: DateTime<Utc>,
    /// The longest retention of the rules whose time has come.
    pub(in crate::local::control) retention: Duration,
}

/// The snapshot that is due at `now`: one, however many times and rules have come since the last one.
pub(in crate::local::control) fn due(schedule: &Schedule, now: DateTime<Utc>) -> Option<Due> {
    let come = schedule.rules.iter().filter_map(|rule| {
        let time = latest(rule.cadence, now).filter(|time| *time > schedule.done_until)?;
        Some(Due { time, retention: rule.retention })
    });
    come.reduce(|a, b| Due { time: a.time.max(b.time), retention: a.retention.max(b.retention) })
}

/// The latest time of a cadence up to `now`.
fn latest(cadence: Cadence, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let today = now.date_naive();
    let at = |date: NaiveDate, hour: u32| date.and_hms_opt(hour, 0, 0).map(|time| time.and_utc());
    // A time later today is not one that has come: then it is the day, the week or the month before.
    let mut dates: Box<dyn Iterator<Item = Option<NaiveDate>>> = match cadence {
        Cadence::Daily { .. } => Box::new((0..2).map(|back| today.checked_sub_days(Days::new(back)))),
        Cadence::Weekly { day, .. } => Box::new(
            (0..8)
                .map(move |back| today.checked_sub_days(Days::new(back)))
                .filter(move |date| date.is_some_and(|date| date.weekday() == day)),
        ),
        Cadence::Monthly { day, .. } => Box::new((0..2).map(move |back| {
            let first = today.with_day(1)?.checked_sub_months(Months::new(back))?;
            let last = first.checked_add_months(Months::new(1))?.pred_opt()?.day();
            first.with_day(day.min(last))
        })),
    };
    let (Cadence::Daily { hour } | Cadence::Weekly { hour, .. } | Cadence::Monthly { hour, .. }) = cadence;
    dates.find_map(|date| at(date?, hour).filter(|time| *time <= now))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn each_cadence_knows_the_last_time_that_has_come() {
        for (cadence, now, expected) in [
            (Cadence::Daily { hour: 3 }, "2026-11-30T02:59:59Z", "2026-11-29T03:00:00Z"),
            (Cadence::Daily { hour: 3 }, "2026-11-30T03:00:00Z", "2026-11-30T03:00:00Z"),
            (Cadence::Weekly { day: Weekday::Mon, hour: 3 }, "2026-11-30T03:00:00Z", "2026-11-30T03:00:00Z"),
            (Cadence::Weekly { day: Weekday::Mon, hour: 3 }, "2026-11-30T02:00:00Z", "2026-11-23T03:00:00Z"),
            (Cadence::Weekly { day: Weekday::Sun, hour: 23 }, "2026-11-30T02:00:00Z", "2026-11-29T23:00:00Z"),
            (Cadence::Monthly { day: 31, hour: 0 }, "2026-11-30T00:00:00Z", "2026-11-30T00:00:00Z"),
            (Cadence::Monthly { day: 31, hour: 0 }, "2026-11-29T00:00:00Z", "2026-10-31T00:00:00Z"),
            (Cadence::Monthly { day: 31, hour: 0 }, "2026-03-30T12:00:00Z", "2026-02-28T00:00:00Z"),
            (Cadence::Monthly { day: 1, hour: 0 }, "2026-01-01T00:00:00Z", "2026-01-01T00:00:00Z"),
            (Cadence::Monthly { day: 2, hour: 0 }, "2026-01-01T00:00:00Z", "2025-12-02T00:00:00Z"),
        ] {
            assert_eq!(latest(cadence, time(now)), Some(time(expected)), "{cadence:?} at {now}");
        }
    }

    #[test]
    fn missed_times_are_one_snapshot_with_the_longest_retention_of_those_that_came() {
        let hours = |hours: u64| Duration::from_secs(hours * 3600);
        let rules = vec![
            ScheduleRule { cadence: Cadence::Daily { hour: 3 }, retention: hours(24) },
            ScheduleRule { cadence: Cadence::Weekly { day: Weekday::Wed, hour: 4 }, retention: hours(240) },
            ScheduleRule { cadence: Cadence::Monthly { day: 1, hour: 5 }, retention: hours(2400) },
        ];
        let mut schedule = Schedule { rules, done_until: time("2026-11-30T02:00:00Z") };
        assert_eq!(due(&schedule, time("2026-11-30T02:30:00Z")), None);
        let first = due(&schedule, time("2026-11-30T03:00:00Z")).unwrap();
        assert_eq!(first, Due { time: time("2026-11-30T03:00:00Z"), retention: hours(24) });
        let missed = due(&schedule, time("2026-12-10T12:00:00Z")).unwrap();
        assert_eq!(missed, Due { time: time("2026-12-10T03:00:00Z"), retention: hours(2400) });
        schedule.done_until = missed.time;
        assert_eq!(due(&schedule, time("2026-12-10T12:00:01Z")), None, "once, not once each");
    }

    #[test]
    fn a_rule_out_of_range_or_with_two_cadences_is_refused() {
        let at = |hour| Some(WireCadence { hour: Some(hour), ..WireCadence::default() });
        let rule = |seconds, hour| WireRule {
            retention: Some(Seconds::from_secs(seconds)),
            daily_schedule: at(hour),
            ..WireRule::default()
        };
        let good = read(&rule(3600, 23)).unwrap();
        assert_eq!(to_wire(&good), rule(3600, 23));
        let day = |text: &str| {
            let at = WireCadence { day_of_week: Some(text.to_owned()), ..WireCadence::default() };
            WireRule { daily_schedule: None, weekly_schedule: Some(at), ..rule(3600, 1) }
        };
        assert_eq!(read(&day("SUNDAY")).unwrap().cadence, Cadence::Weekly { day: Weekday::Sun, hour: 0 });
        let month = WireCadence { day: Some(32), ..WireCadence::default() };
        let bad = [
            rule(3599, 1),
            rule(3600, 24),
            rule(3600, -1),
            WireRule { retention: None, ..rule(3600, 1) },
            WireRule { daily_schedule: None, ..rule(3600, 1) },
            WireRule { weekly_schedule: at(1), ..rule(3600, 1) },
            WireRule { daily_schedule: None, monthly_schedule: Some(month), ..rule(3600, 1) },
            day("Sunday"),
        ];
        for bad in bad {
            assert!(read(&bad).is_err(), "{bad:?}");
        }
    }
}
