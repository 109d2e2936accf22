//! Figures of a bench: goals, units, medians, and how they are written.

use std::time::Duration;

#[derive(Clone, Copy)]
pub(crate) enum Goal {
    AtMost(f64),
    AtLeast(f64),
    /// Worth knowing, promised nowhere.
    None,
}

#[derive(Clone, Copy)]
pub(crate) enum Unit {
    Milliseconds,
    Seconds,
    Megabytes,
    Ratio,
    PerSecond,
    Percent,
}

impl Unit {
    pub(crate) fn show(self, value: f64) -> String {
        match self {
            Self::Milliseconds if value < 10.0 => format!("{value:.1} ms"),
            Self::Milliseconds => format!("{value:.0} ms"),
            Self::Seconds => format!("{value:.2} s"),
            Self::Megabytes => format!("{value:.1} MB"),
            Self::Ratio => format!("{value:.2}×"),
            Self::PerSecond => format!("{value:.1}/s"),
            Self::Percent => format!("{value:.2} %"),
        }
    }
}

/// The goal in words, and whether the median meets it.
pub(crate) fn verdict(goal: Goal, unit: Unit, samples: &[f64]) -> (String, &'static str) {
    let met = |met| if met { "yes" } else { "NO" };
    match (goal, median(samples)) {
        (Goal::None, _) => (String::new(), ""),
        (Goal::AtMost(goal), Some(value)) => (format!("≤ {}", unit.show(goal)), met(value <= goal)),
        (Goal::AtLeast(goal), Some(value)) => (format!("≥ {}", unit.show(goal)), met(value >= goal)),
        (_, None) => (String::new(), "not measured"),
    }
}

/// Median and range.
pub(crate) fn figure(unit: Unit, samples: &[f64]) -> String {
    let Some(middle) = median(samples) else { return "–".to_owned() };
    let (least, most) = samples.iter().fold((middle, middle), |(a, b), &x| (a.min(x), b.max(x)));
    match samples.len() {
        1 => unit.show(middle),
        _ => format!("{} ({}–{})", unit.show(middle), unit.show(least), unit.show(most)),
    }
}

pub(crate) fn median(samples: &[f64]) -> Option<f64> {
    let mut sorted = samples.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    let upper = *sorted.get(middle)?;
    Some(if sorted.len().is_multiple_of(2) { (upper + sorted.get(middle - 1)?) / 2.0 } else { upper })
}

pub(crate) fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// Cores and load, without which no time means anything.
pub(crate) fn machine() -> String {
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    format!("{cores} cores; load at the end: {}", load.trim())
}
