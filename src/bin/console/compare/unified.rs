//! Reads a unified difference, as the library prints it: objects, each with its lines.

/// A line of a difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sign {
    Same,
    Old,
    New,
    Renamed,
}

impl Sign {
    /// The class of a line.
    pub(super) fn class(self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Old => "old",
            Self::New => "new",
            Self::Renamed => "moved",
        }
    }

    /// As it is read aloud, and seen where colors are not.
    pub(super) fn mark(self) -> &'static str {
        match self {
            Self::Same => " ",
            Self::Old => "−",
            Self::New => "+",
            Self::Renamed => "~",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) sign: Sign,
    pub(super) text: String,
}

/// An object that differs, with its lines; the first of them name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Block {
    /// Such as `TABLE public.customers`.
    pub(super) title: String,
    /// Such as `TABLE`.
    pub(super) kind: String,
    pub(super) rows: Vec<Row>,
}

impl Block {
    pub(super) fn count(&self, sign: Sign) -> usize {
        self.rows.iter().filter(|row| row.sign == sign).count()
    }

    /// The action on the object as a whole.
    pub(super) fn action(&self) -> &'static str {
        match self.rows.first().map(|row| row.sign) {
            Some(Sign::New) => "new",
            Some(Sign::Old) if self.count(Sign::New) == 0 => "removed",
            Some(Sign::Renamed) => "renamed",
            _ => "changed",
        }
    }
}

/// Objects, and the notes after them.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Unified {
    pub(super) blocks: Vec<Block>,
    pub(super) notes: Vec<String>,
}

/// Reads lines that are indented by this number of blanks. Each has a sign, a blank and its text; a text that is not
/// indented names an object.
pub(super) fn read<'a>(lines: impl IntoIterator<Item = &'a str>, indent: usize) -> Unified {
    let mut read = Unified::default();
    let mut in_head = false;
    for line in lines {
        let line = line.get(indent..).unwrap_or_default();
        let Some(row) = row(line) else {
            read.notes.push(line.to_owned());
            continue;
        };
        let names = !row.text.is_empty() && !row.text.starts_with(' ');
        if names && !in_head {
            let title = row.text.clone();
            read.blocks.push(Block { kind: kind(&title), title, rows: Vec::new() });
        }
        in_head = names;
        if let Some(block) = read.blocks.last_mut() {
            if names {
                // The old name of an object that is now another one comes before the new one.
                block.title.clone_from(&row.text);
            }
            block.rows.push(row);
        }
    }
    for block in &mut read.blocks {
        // The empty line before the next object.
        while block.rows.last().is_some_and(|row| row.sign == Sign::Same && row.text.is_empty()) {
            block.rows.pop();
        }
    }
    read.notes.retain(|note| !note.is_empty() && note != "no difference");
    read
}

fn row(line: &str) -> Option<Row> {
    let mut rest = line.chars();
    let sign = match rest.next() {
        None | Some(' ') => Sign::Same,
        Some('-') => Sign::Old,
        Some('+') => Sign::New,
        Some('~') => Sign::Renamed,
        _ => return None,
    };
    match rest.next() {
        None | Some(' ') => Some(Row { sign, text: rest.as_str().to_owned() }),
        _ => None,
    }
}

/// The words in capitals that a title begins with.
fn kind(title: &str) -> String {
    let capitals = |word: &&str| word.chars().all(|c| c.is_ascii_uppercase());
    title.split(' ').take_while(capitals).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_lines_and_notes_are_told_apart() {
        let text = "\
+ TABLE shop.t
+     a text

~ FUNCTION shop.e → shop.f
- FUNCTION shop.f(integer)
+ FUNCTION shop.f(bigint)
      1

-     2
+
      …

hint: column shop.t.mail may have become shop.t.email
";
        let read = read(text.lines(), 0);
        let titles: Vec<_> =
            read.blocks.iter().map(|block| (block.title.as_str(), block.kind.as_str())).collect();
        assert_eq!(titles, [("TABLE shop.t", "TABLE"), ("FUNCTION shop.f(bigint)", "FUNCTION")]);
        assert_eq!(read.blocks[0].action(), "new");
        let signs: Vec<_> = read.blocks[1].rows.iter().map(|row| row.sign.mark()).collect();
        assert_eq!(signs.concat(), "~−+  −+ ");
        assert_eq!(read.notes, ["hint: column shop.t.mail may have become shop.t.email"]);
        assert_eq!(super::read("no difference\n".lines(), 0), Unified::default());
    }
}
