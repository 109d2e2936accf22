//! Aligned columns without lines.

use std::fmt::Write as _;

use anstyle::Style;

use crate::output::DIM;

/// A cell: its text, and how it is shown where colors are.
pub(crate) struct Cell {
    text: String,
    style: Style,
    right: bool,
}

impl Cell {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), style: Style::new(), right: false }
    }

    pub(crate) fn style(mut self, style: Style) -> Self {
        self.style = style;
        self
    }

    /// Aligns it on the right, as numbers are.
    pub(crate) fn right(mut self) -> Self {
        self.right = true;
        self
    }
}

/// Rows under a header, two spaces between columns.
pub(crate) fn table<const N: usize>(header: [&str; N], rows: Vec<[Cell; N]>) -> String {
    let mut widths = header.map(|text| text.chars().count());
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.text.chars().count());
        }
    }
    let mut text = String::new();
    let right: [bool; N] = std::array::from_fn(|at| rows.first().is_some_and(|row| row[at].right));
    let header: [Cell; N] =
        std::array::from_fn(|at| Cell { text: header[at].to_owned(), style: DIM, right: right[at] });
    for row in std::iter::once(&header).chain(&rows) {
        // Nothing follows the last text.
        let last = row.iter().rposition(|cell| !cell.text.is_empty()).unwrap_or_default();
        for (at, (cell, width)) in row.iter().zip(widths).take(last + 1).enumerate() {
            let blanks = " ".repeat(width - cell.text.chars().count());
            let (before, after) = if cell.right { (blanks.as_str(), "") } else { ("", blanks.as_str()) };
            let after = if at == last { "" } else { after };
            let gap = if at == 0 { "" } else { "  " };
            let style = cell.style;
            let _ = write!(text, "{gap}{before}{style}{}{style:#}{after}", cell.text);
        }
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned() {
        let rows = vec![
            [Cell::new("production"), Cell::new("31.5 MB").right(), Cell::new("never")],
            [Cell::new("dev"), Cell::new("1 B").right(), Cell::new("")],
        ];
        let text = anstream::adapter::strip_str(&table(["branch", "size", "expires"], rows)).to_string();
        assert_eq!(text, "branch         size  expires\nproduction  31.5 MB  never\ndev             1 B\n");
    }
}
