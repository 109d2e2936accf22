//! Renders a difference for a terminal, old and new side by side.

use std::fmt;

use super::{
    BOLD, GREEN, PLAIN, RED, YELLOW, notes, of,
    pairs::{Look, Pair, paired},
};
use crate::schema::diff::SchemaDiff;

/// Narrower columns show nothing that can be read.
const NARROWEST: usize = 20;
const BETWEEN: &str = " │ ";

/// The difference in two columns.
pub(super) struct SideBySide<'a> {
    pub(super) diff: &'a SchemaDiff,
    /// The width of both columns together, in characters.
    pub(super) width: usize,
}

impl fmt::Display for SideBySide<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.diff.is_empty() {
            writeln!(f, "no difference")?;
        }
        let column = (self.width.saturating_sub(BETWEEN.chars().count()) / 2).max(NARROWEST);
        for (at, block) in of(self.diff).iter().enumerate() {
            if at > 0 {
                writeln!(f)?;
            }
            for pair in paired(&block.head) {
                line(f, &pair, column, BOLD)?;
            }
            for pair in block.parts.iter().flat_map(|part| paired(part)) {
                line(f, &pair, column, "")?;
            }
        }
        let notes = notes(self.diff);
        if !notes.is_empty() && !self.diff.is_empty() {
            writeln!(f)?;
        }
        notes.iter().try_for_each(|note| writeln!(f, "{YELLOW}{note}{PLAIN}"))
    }
}

/// Writes a pair; a line that is too long for its column goes on below.
fn line(f: &mut fmt::Formatter<'_>, pair: &Pair, column: usize, same: &str) -> fmt::Result {
    let split = |side: &Option<(String, Look)>| {
        side.as_ref().map_or_else(Vec::new, |(text, look)| {
            let chars: Vec<char> = text.trim_end().chars().collect();
            let parts = chars.chunks(column).map(|part| (part.iter().collect::<String>(), *look));
            parts.collect::<Vec<_>>()
        })
    };
    let (old, new) = (split(&pair.old), split(&pair.new));
    for at in 0..old.len().max(new.len()).max(1) {
        let left = painted(old.get(at), same);
        let blanks = " ".repeat(column - old.get(at).map_or(0, |(text, _)| text.chars().count()));
        let right = painted(new.get(at), same);
        writeln!(f, "{}", format!("{left}{blanks}{BETWEEN}{right}").trim_end())?;
    }
    Ok(())
}

fn painted(part: Option<&(String, Look)>, same: &str) -> String {
    let Some((text, look)) = part else { return String::new() };
    let color = match look {
        Look::Old => RED,
        Look::New => GREEN,
        Look::Moved => YELLOW,
        Look::Same => same,
        Look::Gap => "",
    };
    if color.is_empty() { text.clone() } else { format!("{color}{text}{PLAIN}") }
}
