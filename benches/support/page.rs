//! The page of measured figures, `docs/performance.md`: each bench writes a section of its own, and its plots.

use std::{collections::BTreeMap, fs, path::PathBuf};

use plotters::prelude::*;

use super::{Result, figures::machine};

const SIZE: (u32, u32) = (760, 420);
const FONT: &str = "sans-serif";
const COLORS: [RGBColor; 5] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(86, 86, 86),
];

/// Lines of points over logarithmic axes.
pub(crate) struct Plot {
    title: &'static str,
    axes: (&'static str, &'static str),
    lines: BTreeMap<String, Vec<(f64, f64)>>,
}

impl Plot {
    pub(crate) fn new(title: &'static str, axes: (&'static str, &'static str)) -> Self {
        Self { title, axes, lines: BTreeMap::new() }
    }

    /// Adds a point, in the place of one that was measured before.
    pub(crate) fn point(&mut self, line: &str, x: f64, y: f64) {
        let points = self.lines.entry(line.to_owned()).or_default();
        points.retain(|point| point.0 != x);
        points.push((x, y));
        points.sort_by(|one, other| one.0.total_cmp(&other.0));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// Draws it as `docs/images/NAME.svg`.
    fn draw(&self, name: &str) -> Result<()> {
        fs::create_dir_all(docs().join("images"))?;
        let file = docs().join("images").join(format!("{name}.svg"));
        let area = SVGBackend::new(&file, SIZE).into_drawing_area();
        area.fill(&WHITE)?;
        // The upper part is for the names of the lines.
        let (x, y) = (self.range(|point| point.0, 2.0), self.range(|point| point.1, 30.0));
        let mut chart = ChartBuilder::on(&area)
            .caption(self.title, (FONT, 18))
            .margin(12)
            .x_label_area_size(40)
            .y_label_area_size(60)
            .build_cartesian_2d(x.log_scale(), y.log_scale())?;
        let label = |value: &f64| format!("{value}");
        let mut mesh = chart.configure_mesh();
        mesh.x_desc(self.axes.0).y_desc(self.axes.1).label_style((FONT, 13));
        mesh.x_label_formatter(&label).y_label_formatter(&label).draw()?;
        for (number, (line, points)) in self.lines.iter().enumerate() {
            let color = COLORS[number % COLORS.len()];
            let marks = points.iter().map(|point| Circle::new(*point, 4, color.filled()));
            chart
                .draw_series(LineSeries::new(points.iter().copied(), color.stroke_width(2)))?
                .label(line.as_str())
                .legend(move |(x, y)| PathElement::new([(x, y), (x + 18, y)], color.stroke_width(2)));
            chart.draw_series(marks)?;
        }
        chart
            .configure_series_labels()
            .label_font((FONT, 13))
            .background_style(WHITE.mix(0.8))
            .border_style(BLACK.mix(0.3))
            .position(SeriesLabelPosition::UpperLeft)
            .draw()?;
        area.present()?;
        Ok(())
    }

    /// From a little below the points to `room` times the largest.
    fn range(&self, coordinate: impl Fn(&(f64, f64)) -> f64, room: f64) -> std::ops::Range<f64> {
        let all = || self.lines.values().flatten().map(&coordinate);
        all().fold(f64::MAX, f64::min) / 1.5..all().fold(f64::MIN, f64::max) * room
    }
}

/// Replaces the section of a bench: its table, lines under it, and the plots under their names.
pub(crate) fn write(
    section: &str,
    rows: &[Vec<String>],
    notes: &[String],
    plots: &[(&str, &Plot)],
) -> Result<()> {
    let page = docs().join("performance.md");
    let text = fs::read_to_string(&page)?;
    let [begin, end] = ["begin", "end"].map(|edge| format!("<!-- {section}: {edge} -->"));
    let (before, rest) =
        text.split_once(&begin).ok_or_else(|| format!("no {begin} in {}", page.display()))?;
    let (_, after) = rest.split_once(&end).ok_or_else(|| format!("no {end} in {}", page.display()))?;
    let mut section = format!("{begin}\n{}\n", markdown(rows));
    for note in notes {
        section += &format!("\n* {note}");
    }
    for (name, plot) in plots.iter().filter(|(_, plot)| !plot.is_empty()) {
        plot.draw(name)?;
        section += &format!("\n\n![{}](images/{name}.svg)\n", plot.title);
    }
    let today = chrono::Utc::now().format("%Y-%m-%d");
    section += &format!("\n\nMeasured on {today}: {}.\n{end}", machine());
    Ok(fs::write(&page, format!("{before}{section}{after}"))?)
}

/// A table whose first row is its head.
fn markdown(rows: &[Vec<String>]) -> String {
    let cell = |text: &String| match text.replace('|', "\\|").strip_prefix("  ") {
        Some(part) => format!("… {part}"),
        None => text.replace('|', "\\|"),
    };
    let line =
        |cells: &Vec<String>| format!("| {} |", cells.iter().map(cell).collect::<Vec<_>>().join(" | "));
    let mut lines: Vec<_> = rows.iter().map(line).collect();
    let columns = rows.first().map_or(0, Vec::len);
    lines.insert(1.min(lines.len()), format!("|{}", "---|".repeat(columns)));
    lines.join("\n")
}

fn docs() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs")
}
