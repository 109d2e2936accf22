//! The table: what, goal, measured, met or not.

use comfy_table::{Table as Drawing, presets::UTF8_FULL_CONDENSED};

use super::figures::{Goal, Unit, figure, machine, median, verdict};

struct Row {
    what: String,
    goal: Goal,
    unit: Unit,
    samples: Vec<f64>,
}

#[derive(Default)]
pub(crate) struct Table(Vec<Row>);

impl Table {
    pub(crate) fn add(&mut self, what: &str, goal: Goal, unit: Unit, samples: Vec<f64>) {
        self.0.push(Row { what: what.to_owned(), goal, unit, samples });
    }

    pub(crate) fn median_of(&self, what: &str) -> Option<f64> {
        median(&self.0.iter().find(|row| row.what == what)?.samples)
    }

    pub(crate) fn print(&self) {
        let mut drawing = Drawing::new();
        drawing.load_style(UTF8_FULL_CONDENSED);
        drawing.set_header(["what", "goal", "median (min–max)", "met"]);
        for row in &self.0 {
            let (goal, met) = verdict(row.goal, row.unit, &row.samples);
            drawing.add_row([row.what.as_str(), &goal, &figure(row.unit, &row.samples), met]);
        }
        println!("{drawing}\n{}", machine());
    }
}
