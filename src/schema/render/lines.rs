//! Differences between two lists of lines.

/// One line of a difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Row {
    /// On both sides.
    Same(String),
    /// Only in the old schema.
    Old(String),
    /// Only in the new schema.
    New(String),
    /// One object under two names; `what` is the kind in front of them.
    Renamed { what: String, before: String, after: String },
    /// Lines that both sides have and that are left out.
    Gap,
}

impl Row {
    pub(super) fn is_change(&self) -> bool {
        !matches!(self, Self::Same(_) | Self::Gap)
    }

    pub(super) fn sign(&self) -> char {
        match self {
            Self::Same(_) | Self::Gap => ' ',
            Self::Old(_) => '-',
            Self::New(_) => '+',
            Self::Renamed { .. } => '~',
        }
    }

    pub(super) fn text(&self) -> String {
        match self {
            Self::Same(text) | Self::Old(text) | Self::New(text) => text.clone(),
            Self::Renamed { what, before, after } => format!("{what}{before} → {after}"),
            Self::Gap => "    …".to_owned(),
        }
    }
}

/// The maximum number of cells of the table of common subsequences; larger texts are not worth its cost.
const CELLS: usize = 4_000_000;

/// Old and new lines merged into one list.
pub(super) fn merged(old: &[String], new: &[String]) -> Vec<Row> {
    let head = old.iter().zip(new).take_while(|(a, b)| a == b).count();
    let (one, other) = (&old[head..], &new[head..]);
    let tail = one.iter().rev().zip(other.iter().rev()).take_while(|(a, b)| a == b).count();
    let (one, other) = (&one[..one.len() - tail], &other[..other.len() - tail]);
    let mut rows: Vec<Row> = old[..head].iter().cloned().map(Row::Same).collect();
    rows.extend(middle(one, other));
    rows.extend(old[old.len() - tail..].iter().cloned().map(Row::Same));
    rows
}

/// The difference between the common prefix and the common suffix, by the longest common subsequence.
fn middle(old: &[String], new: &[String]) -> Vec<Row> {
    let width = new.len() + 1;
    if old.len().saturating_mul(new.len()) > CELLS {
        return replaced(old, new);
    }
    let mut common = vec![0u32; (old.len() + 1) * width];
    for i in (0..old.len()).rev() {
        for j in (0..new.len()).rev() {
            common[i * width + j] = if old[i] == new[j] {
                common[(i + 1) * width + j + 1] + 1
            } else {
                common[(i + 1) * width + j].max(common[i * width + j + 1])
            };
        }
    }
    let (mut i, mut j) = (0, 0);
    let mut rows = Vec::new();
    while i < old.len() && j < new.len() {
        if old[i] == new[j] {
            rows.push(Row::Same(old[i].clone()));
            (i, j) = (i + 1, j + 1);
        } else if common[(i + 1) * width + j] >= common[i * width + j + 1] {
            rows.push(Row::Old(old[i].clone()));
            i += 1;
        } else {
            rows.push(Row::New(new[j].clone()));
            j += 1;
        }
    }
    rows.extend(replaced(&old[i..], &new[j..]));
    rows
}

fn replaced(old: &[String], new: &[String]) -> Vec<Row> {
    old.iter().cloned().map(Row::Old).chain(new.iter().cloned().map(Row::New)).collect()
}

/// Omits the lines that are more than `context` lines away from every change.
pub(super) fn near(rows: Vec<Row>, context: usize) -> Vec<Row> {
    let mut keep = vec![false; rows.len()];
    for at in rows.iter().enumerate().filter(|(_, row)| row.is_change()).map(|(at, _)| at) {
        let end = rows.len().min(at + context + 1);
        keep[at.saturating_sub(context)..end].fill(true);
    }
    let mut near: Vec<Row> = Vec::new();
    for (row, keep) in rows.into_iter().zip(keep) {
        match (keep, near.last()) {
            (true, _) => near.push(row),
            (false, Some(Row::Gap)) => {}
            (false, _) => near.push(Row::Gap),
        }
    }
    near
}
