//! Old lines beside the new ones that replace them.

use super::lines::Row;

/// How a line is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    Same,
    Old,
    New,
    /// One object under two names.
    Moved,
    /// Lines that both sides have and that are left out.
    Gap,
}

/// The line of each side, where it has one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pair {
    pub(super) old: Option<(String, Look)>,
    pub(super) new: Option<(String, Look)>,
}

/// Pairs the lines of a list. Removed lines stand beside the added ones that follow them.
pub(super) fn paired(rows: &[Row]) -> Vec<Pair> {
    let mut pairs = Vec::new();
    let (mut old, mut new) = (Vec::new(), Vec::new());
    for row in rows {
        match row {
            Row::Old(line) => old.push(line.clone()),
            Row::New(line) => new.push(line.clone()),
            other => {
                replaced(&mut pairs, &mut old, &mut new);
                pairs.push(on_both(other));
            }
        }
    }
    replaced(&mut pairs, &mut old, &mut new);
    pairs
}

fn on_both(row: &Row) -> Pair {
    let (old, new, look) = match row {
        Row::Renamed { what, before, after } => {
            (format!("{what}{before}"), format!("{what}{after}"), Look::Moved)
        }
        Row::Gap => (row.text(), row.text(), Look::Gap),
        other => (other.text(), other.text(), Look::Same),
    };
    Pair { old: Some((old, look)), new: Some((new, look)) }
}

fn replaced(pairs: &mut Vec<Pair>, old: &mut Vec<String>, new: &mut Vec<String>) {
    let (mut before, mut after) = (old.drain(..), new.drain(..));
    loop {
        let pair = Pair {
            old: before.next().map(|line| (line, Look::Old)),
            new: after.next().map(|line| (line, Look::New)),
        };
        if pair.old.is_none() && pair.new.is_none() {
            return;
        }
        pairs.push(pair);
    }
}
