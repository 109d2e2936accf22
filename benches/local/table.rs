//! The table: what, goal, measured with `Durability::Fast` and with `Full` beside it, met or not.

use std::{fs, time::Duration};

use comfy_table::{Table as Drawing, presets::UTF8_FULL_CONDENSED};
use lakebase::local::Durability;

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
}

impl Unit {
    fn show(self, value: f64) -> String {
        match self {
            Self::Milliseconds => format!("{value:.0} ms"),
            Self::Seconds => format!("{value:.2} s"),
            Self::Megabytes => format!("{value:.1} MB"),
            Self::Ratio => format!("{value:.2}×"),
        }
    }
}

struct Row {
    what: String,
    goal: Goal,
    unit: Unit,
    fast: Vec<f64>,
    full: Vec<f64>,
}

pub(crate) struct Table {
    filter: String,
    durability: Durability,
    rows: Vec<Row>,
}

impl Table {
    pub(crate) fn new(filter: &str) -> Self {
        Self { filter: filter.to_owned(), durability: Durability::Fast, rows: Vec::new() }
    }

    /// What is added from here on was measured with this durability.
    pub(crate) fn now(&mut self, durability: Durability) {
        self.durability = durability;
    }

    pub(crate) fn durability(&self) -> String {
        self.durability.to_string()
    }

    /// Whether anybody wants to see this row.
    pub(crate) fn wants(&self, what: &str) -> bool {
        what.to_lowercase().contains(&self.filter.to_lowercase())
    }

    pub(crate) fn add(&mut self, what: &str, goal: Goal, unit: Unit, samples: Vec<f64>) {
        eprintln!("{what}, {}: {}", self.durability, figure(unit, &samples));
        let place = match self.rows.iter().position(|row| row.what == what) {
            Some(place) => place,
            None => {
                let what = what.to_owned();
                self.rows.push(Row { what, goal, unit, fast: Vec::new(), full: Vec::new() });
                self.rows.len() - 1
            }
        };
        if let Some(row) = self.rows.get_mut(place) {
            match self.durability {
                Durability::Full => row.full = samples,
                _ => row.fast = samples,
            }
        }
    }

    /// The median of a row measured with the present durability.
    pub(crate) fn median_of(&self, what: &str) -> Option<f64> {
        let row = self.rows.iter().find(|row| row.what == what)?;
        median(if self.durability == Durability::Full { &row.full } else { &row.fast })
    }

    pub(crate) fn print(&self) {
        let mut drawing = Drawing::new();
        drawing.load_style(UTF8_FULL_CONDENSED);
        drawing.set_header(["what", "goal", "Fast: median (min–max)", "Full", "met"]);
        for row in &self.rows {
            let (goal, met) = verdict(row);
            let (fast, full) = (figure(row.unit, &row.fast), figure(row.unit, &row.full));
            drawing.add_row([row.what.as_str(), &goal, &fast, &full, met]);
        }
        println!("{drawing}");
        let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
        let cores = std::thread::available_parallelism().map_or(0, usize::from);
        println!("{cores} cores; load at the end: {}", load.trim());
    }
}

fn verdict(row: &Row) -> (String, &'static str) {
    let met = |met| if met { "yes" } else { "NO" };
    match (row.goal, median(&row.fast)) {
        (Goal::None, _) => (String::new(), ""),
        (Goal::AtMost(goal), Some(value)) => (format!("≤ {}", row.unit.show(goal)), met(value <= goal)),
        (Goal::AtLeast(goal), Some(value)) => (format!("≥ {}", row.unit.show(goal)), met(value >= goal)),
        (_, None) => (String::new(), "not measured"),
    }
}

fn figure(unit: Unit, samples: &[f64]) -> String {
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
