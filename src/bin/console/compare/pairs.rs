//! Old lines beside the new ones that replace them, with the changes within each line.

use similar::{Algorithm, DiffOp, DiffTag, capture_diff_slices};

use super::unified::{Row, Sign};

/// Lines that share less than this part of their words are marked as a whole.
const ALIKE: f64 = 0.34;

/// A part of a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) text: String,
    pub(super) is_changed: bool,
}

/// A line of one side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Side {
    pub(super) class: &'static str,
    pub(super) mark: &'static str,
    pub(super) parts: Vec<Part>,
}

/// The line of each side, where it has one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pair {
    pub(super) old: Option<Side>,
    pub(super) new: Option<Side>,
}

impl Pair {
    /// The old line, then the new one.
    pub(super) fn sides(&self) -> [Option<&Side>; 2] {
        [self.old.as_ref(), self.new.as_ref()]
    }
}

/// Pairs the lines of an object.
pub(super) fn paired(rows: &[Row]) -> Vec<Pair> {
    let mut pairs = Vec::new();
    let (mut old, mut new) = (Vec::new(), Vec::new());
    for row in rows {
        match row.sign {
            Sign::Old => old.push(row.text.as_str()),
            Sign::New => new.push(row.text.as_str()),
            Sign::Same => {
                replaced(&mut pairs, &old, &new);
                (old, new) = (Vec::new(), Vec::new());
                let side = || Some(whole(Sign::Same, &row.text));
                pairs.push(Pair { old: side(), new: side() });
            }
            Sign::Renamed => {
                replaced(&mut pairs, &old, &new);
                (old, new) = (Vec::new(), Vec::new());
                pairs.push(renamed(&row.text));
            }
        }
    }
    replaced(&mut pairs, &old, &new);
    pairs
}

fn whole(sign: Sign, text: &str) -> Side {
    let part = Part { text: text.to_owned(), is_changed: false };
    Side { class: sign.class(), mark: sign.mark(), parts: vec![part] }
}

/// `    KIND before → after` as a line of each side.
fn renamed(text: &str) -> Pair {
    let (before, after) = text.split_once(" → ").unwrap_or((text, text));
    let start = before.rfind(' ').map_or(0, |at| at + 1);
    Pair {
        old: Some(whole(Sign::Renamed, before)),
        new: Some(whole(Sign::Renamed, &format!("{}{after}", &before[..start]))),
    }
}

/// The name that a line is about: its first word, or its second one where that is a keyword.
fn subject(line: &str) -> &str {
    let mut words = line.split_whitespace();
    let first = words.next().unwrap_or_default();
    if first.chars().all(|c| c.is_ascii_uppercase()) { words.next().unwrap_or(first) } else { first }
}

/// Lines about one name stand beside each other.
fn replaced(pairs: &mut Vec<Pair>, old: &[&str], new: &[&str]) {
    let subjects = |lines: &[&str]| lines.iter().map(|line| subject(line).to_owned()).collect::<Vec<_>>();
    for op in capture_diff_slices(Algorithm::Myers, &subjects(old), &subjects(new)) {
        let (before, after) = (&old[op.old_range()], &new[op.new_range()]);
        for at in 0..before.len().max(after.len()) {
            pairs.push(match (before.get(at), after.get(at)) {
                (Some(before), Some(after)) => marked(before, after),
                (before, after) => Pair {
                    old: before.map(|text| whole(Sign::Old, text)),
                    new: after.map(|text| whole(Sign::New, text)),
                },
            });
        }
    }
}

/// A line and the one that replaces it, with the words that differ marked.
fn marked(old: &str, new: &str) -> Pair {
    let (before, after) = (words(old), words(new));
    let ops = capture_diff_slices(Algorithm::Myers, &before, &after);
    let shared: usize =
        ops.iter().filter(|op| op.tag() == DiffTag::Equal).map(|op| letters(&before[op.old_range()])).sum();
    let all = letters(&before).max(letters(&after)).max(1);
    #[expect(clippy::cast_precision_loss, reason = "lengths of lines")]
    let is_alike = shared as f64 / all as f64 >= ALIKE;
    if !is_alike {
        return Pair { old: Some(whole(Sign::Old, old)), new: Some(whole(Sign::New, new)) };
    }
    let side = |sign: Sign, words: &[&str], range: fn(&DiffOp) -> std::ops::Range<usize>| Side {
        class: sign.class(),
        mark: sign.mark(),
        parts: ops
            .iter()
            .map(|op| Part { text: words[range(op)].concat(), is_changed: op.tag() != DiffTag::Equal })
            .filter(|part| !part.text.is_empty())
            .collect(),
    };
    Pair {
        old: Some(side(Sign::Old, &before, DiffOp::old_range)),
        new: Some(side(Sign::New, &after, DiffOp::new_range)),
    }
}

fn letters(words: &[&str]) -> usize {
    words.iter().filter(|word| !word.trim().is_empty()).map(|word| word.len()).sum()
}

/// Words, runs of blanks, and single other characters.
fn words(line: &str) -> Vec<&str> {
    fn class(c: char) -> u8 {
        match c {
            c if c.is_alphanumeric() || c == '_' => 0,
            c if c.is_whitespace() => 1,
            _ => 2,
        }
    }
    let mut words = Vec::new();
    let mut start = 0;
    let mut last = None;
    for (at, c) in line.char_indices() {
        let class = class(c);
        if last.is_some_and(|last| last != class || class == 2) {
            words.push(&line[start..at]);
            start = at;
        }
        last = Some(class);
    }
    if start < line.len() {
        words.push(&line[start..]);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(side: Option<&Side>) -> String {
        let parts = side.map(|side| side.parts.as_slice()).unwrap_or_default();
        parts
            .iter()
            .map(|part| if part.is_changed { format!("[{}]", part.text) } else { part.text.clone() })
            .collect()
    }

    fn row(sign: Sign, text: &str) -> Row {
        Row { sign, text: text.to_owned() }
    }

    #[test]
    fn changes_are_marked_within_the_lines_about_one_name() {
        let rows = [
            row(Sign::Old, "    email character varying(255)"),
            row(Sign::Old, "    tier text"),
            row(Sign::New, "    added date"),
            row(Sign::New, "    email character varying(320)"),
            row(Sign::New, "    tier text NOT NULL"),
        ];
        let pairs: Vec<_> =
            paired(&rows).iter().map(|pair| (shown(pair.old.as_ref()), shown(pair.new.as_ref()))).collect();
        let expected = [
            ("", "    added date"),
            ("    email character varying([255])", "    email character varying([320])"),
            ("    tier text", "    tier text[ NOT NULL]"),
        ];
        assert_eq!(pairs, expected.map(|(old, new)| (old.to_owned(), new.to_owned())));
    }

    #[test]
    fn lines_without_anything_in_common_are_not_cut_up() {
        let pairs = paired(&[row(Sign::Old, "a text"), row(Sign::New, "BEGIN RETURN 1; END")]);
        assert!(pairs.iter().all(|pair| !shown(pair.new.as_ref()).contains('[')), "{pairs:?}");
        let renamed = paired(&[row(Sign::Renamed, "    INDEX one → other")]);
        assert_eq!(shown(renamed[0].old.as_ref()), "    INDEX one");
        assert_eq!(shown(renamed[0].new.as_ref()), "    INDEX other");
    }

    #[test]
    fn no_character_of_a_line_is_lost() {
        for line in ["", "  a_b (c, 'ä ö')", "→→ x", "\t1.5::numeric"] {
            assert_eq!(words(line).concat(), line);
        }
    }
}
