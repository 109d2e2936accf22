//! The table: what, goal, measured with `Durability::Fast` and with `Full` beside it, met or not.

use comfy_table::{Table as Drawing, presets::UTF8_FULL_CONDENSED};
use lakebase::local::Durability;

pub(crate) use super::figures::{Goal, Unit, median, milliseconds};
use super::figures::{figure, machine, verdict};

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

    /// Sets the durability of the rows that follow.
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
            let (goal, met) = verdict(row.goal, row.unit, &row.fast);
            let (fast, full) = (figure(row.unit, &row.fast), figure(row.unit, &row.full));
            drawing.add_row([row.what.as_str(), &goal, &fast, &full, met]);
        }
        println!("{drawing}");
        println!("{}", machine());
    }
}
