//! The time axis of the picture: the past to the left of now, the nearest expiries to its right.

use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};
use lakebase::model::BranchInfo;
use serde::Deserialize;

/// The place of now, in percent of the width.
const NOW: f64 = 72.0;
/// The steps of the picture: a smaller move of time changes nothing in it.
const STEPS: i64 = 600;
const FEWEST_TICKS: i64 = 4;

/// The past that is shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Span {
    /// Since the first branch left another one.
    #[default]
    Fit,
    Hour,
    Day,
    Week,
    Month,
}

impl Span {
    pub(super) const ALL: [Self; 5] = [Self::Fit, Self::Hour, Self::Day, Self::Week, Self::Month];

    pub(super) fn label(self) -> &'static str {
        match self {
            Self::Fit => "Fit",
            Self::Hour => "1 h",
            Self::Day => "1 d",
            Self::Week => "7 d",
            Self::Month => "30 d",
        }
    }

    fn length(self) -> Option<TimeDelta> {
        match self {
            Self::Fit => None,
            Self::Hour => Some(TimeDelta::hours(1)),
            Self::Day => Some(TimeDelta::days(1)),
            Self::Week => Some(TimeDelta::days(7)),
            Self::Month => Some(TimeDelta::days(30)),
        }
    }
}

/// As in an address.
impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Fit => "fit",
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
        })
    }
}

/// A mark of the axis.
pub(super) struct Tick {
    /// In percent of the width.
    pub(super) x: String,
    pub(super) label: String,
}

pub(super) struct Axis {
    pub(super) now: DateTime<Utc>,
    begin: DateTime<Utc>,
    /// Seconds from the left edge to now.
    past: f64,
    pub(super) now_x: String,
    pub(super) ticks: Vec<Tick>,
}

#[expect(clippy::cast_precision_loss, reason = "seconds of some years")]
fn seconds(time: TimeDelta) -> f64 {
    time.num_milliseconds() as f64 / 1000.0
}

impl Axis {
    /// The axis for these branches.
    pub(super) fn over(branches: &[BranchInfo], span: Span, now: DateTime<Utc>) -> Self {
        let left = |branch: &BranchInfo| {
            branch.source_branch.as_ref()?;
            [branch.source_branch_time, branch.create_time].into_iter().flatten().min()
        };
        let past = span.length().unwrap_or_else(|| {
            let first = branches.iter().filter_map(left).min();
            let oldest = || branches.iter().filter_map(|branch| branch.create_time).min();
            let since = first.or_else(oldest).map_or(TimeDelta::zero(), |first| now - first);
            // Some room to the left of the first one.
            (since + since / 12).max(TimeDelta::minutes(1))
        });
        let mut axis =
            Self { now, begin: now - past, past: seconds(past), now_x: percent(NOW), ticks: Vec::new() };
        axis.ticks = axis.marks(past);
        axis
    }

    /// The place of a time, in percent of the width; outside of the picture below 0 or above 100.
    pub(super) fn place(&self, time: DateTime<Utc>) -> f64 {
        let place = seconds(time - self.begin) / self.past * NOW;
        // As coarse as a screen.
        (place * 8.0).round() / 8.0
    }

    fn marks(&self, past: TimeDelta) -> Vec<Tick> {
        const LENGTHS: [i64; 15] = [
            60, 120, 300, 900, 1800, 3600, 7200, 14_400, 28_800, 43_200, 86_400, 172_800, 604_800, 2_592_000,
            31_536_000,
        ];
        let all = past.num_seconds();
        let step = LENGTHS.into_iter().rev().find(|step| all / step >= FEWEST_TICKS).unwrap_or(60);
        let form = if step < 86_400 { "%H:%M" } else { "%b %-d" };
        let begin = self.begin.timestamp();
        let first = begin + (step - begin.rem_euclid(step)).rem_euclid(step);
        let times = (0..STEPS).map(|n| first + n * step).filter_map(|time| DateTime::from_timestamp(time, 0));
        times
            .map(|time| (self.place(time), time))
            .take_while(|(x, _)| *x <= 97.0)
            // The one at the edge would be cut, one at now would be under its label.
            .filter(|(x, _)| *x > 2.0 && (*x - NOW).abs() > 4.0)
            .map(|(x, time)| Tick { x: percent(x), label: time.format(form).to_string() })
            .collect()
    }
}

pub(super) fn percent(place: f64) -> String {
    format!("{place:.3}%")
}
