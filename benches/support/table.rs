//! The table of a bench: what, goal, measured, met or not; with `Durability::Fast` and `Full` where both are measured.

use std::collections::BTreeMap;

use comfy_table::{Table as Drawing, presets::UTF8_FULL_CONDENSED};
use lakebase::local::Durability;

pub(crate) use super::figures::{Goal, Unit, median, milliseconds};
use super::{
    Result,
    figures::{figure, machine, verdict},
    page::{self, Plot},
};

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
    notes: Vec<String>,
    plots: BTreeMap<&'static str, Plot>,
}

impl Table {
    pub(crate) fn new(filter: &str) -> Self {
        Self {
            filter: filter.to_owned(),
            durability: Durability::Fast,
            rows: Vec::new(),
            notes: Vec::new(),
            plots: BTreeMap::new(),
        }
    }

    /// Sets the durability of the rows that follow.
    pub(crate) fn now(&mut self, durability: Durability) {
        self.durability = durability;
    }

    pub(crate) fn durability(&self) -> String {
        self.durability.to_string()
    }

    /// Whether the rows that follow are of `Durability::Full`.
    pub(crate) fn is_durable(&self) -> bool {
        self.durability == Durability::Full
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

    /// Adds a line under the table.
    pub(crate) fn note(&mut self, text: String) {
        eprintln!("{text}");
        self.notes.push(text);
    }

    /// The plot of this name, to add points to; of `Durability::Fast` alone.
    pub(crate) fn plot(
        &mut self,
        name: &'static str,
        title: &'static str,
        axes: (&'static str, &'static str),
    ) -> &mut Plot {
        self.plots.entry(name).or_insert_with(|| Plot::new(title, axes))
    }

    /// The median of a row measured with the present durability.
    pub(crate) fn median_of(&self, what: &str) -> Option<f64> {
        let row = self.rows.iter().find(|row| row.what == what)?;
        median(if self.durability == Durability::Full { &row.full } else { &row.fast })
    }

    pub(crate) fn print(&self) {
        let mut drawing = Drawing::new();
        drawing.load_style(UTF8_FULL_CONDENSED);
        let mut cells = self.cells().into_iter();
        drawing.set_header(cells.next().unwrap_or_default());
        drawing.add_rows(cells);
        println!("{drawing}");
        self.notes.iter().for_each(|note| println!("{note}"));
        println!("{}", machine());
    }

    /// Makes the table a section of the page of figures.
    pub(crate) fn write(&self, section: &str) -> Result<()> {
        let plots: Vec<_> = self.plots.iter().map(|(name, plot)| (*name, plot)).collect();
        page::write(section, &self.cells(), &self.notes, &plots)
    }

    /// The head and the rows.
    fn cells(&self) -> Vec<Vec<String>> {
        let both = self.rows.iter().any(|row| !row.full.is_empty());
        let fast = if both { "Fast: median (min–max)" } else { "median (min–max)" };
        let mut head = vec!["what", "goal", fast, "met"];
        if both {
            head.push("Full");
        }
        let row = |row: &Row| {
            let (goal, met) = verdict(row.goal, row.unit, &row.fast);
            let mut cells = vec![row.what.clone(), goal, figure(row.unit, &row.fast), met.to_owned()];
            if both {
                cells.push(figure(row.unit, &row.full));
            }
            cells
        };
        let head = head.into_iter().map(str::to_owned).collect();
        std::iter::once(head).chain(self.rows.iter().map(row)).collect()
    }
}
