//! Changes grouped by object, with the changes of its parts.

use std::collections::{BTreeMap, BTreeSet};

use super::define::{Definition, define, is_fully_inherited, short, title};
use super::lines::{Row, merged, near};
use crate::schema::diff::Change;
use crate::schema::model::{Attr, Key, Kind, Name, Object, Schema};

/// The number of context lines around each change of a function or view.
const CONTEXT: usize = 3;
/// The maximum width of column names up to which types are aligned.
const WIDEST: usize = 32;

/// The two schemas of a difference.
#[derive(Clone, Copy)]
pub(super) struct Sides<'a> {
    pub(super) old: &'a Schema,
    pub(super) new: &'a Schema,
    /// Whether every change between the two is shown, or only some.
    pub(super) all: bool,
}

/// The differences of one object and its parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Block {
    pub(super) key: Key,
    /// The line or lines that name it.
    pub(super) head: Vec<Row>,
    /// The differing parts, indented.
    pub(super) parts: Vec<Vec<Row>>,
}

impl Block {
    pub(super) fn rows(&self) -> impl Iterator<Item = &Row> {
        self.head.iter().chain(self.parts.iter().flatten())
    }
}

fn object<'a>(schema: &'a Schema, key: &Key) -> Option<Object<'a>> {
    schema.get(key)
}

impl<'a> Sides<'a> {
    fn either(&self, key: &Key) -> Option<Object<'a>> {
        object(self.new, key).or_else(|| object(self.old, key))
    }

    /// The object that a change belongs to.
    pub(super) fn top(&self, key: &Key) -> Key {
        let mut top = key.clone();
        // Parts are nested three deep; the limit ends the loop on a cycle in a forged snapshot.
        for _ in 0..8 {
            match self.either(&top).and_then(|f| f.parent) {
                Some(parent) => top = parent.to_key(),
                None => break,
            }
        }
        top
    }

    /// The part that shows a change: a default is shown with its column, except where only some changes are shown, as a
    /// column's line shows more than the default.
    fn shown_by(&self, key: &Key, changed: &BTreeSet<&Key>) -> Key {
        let parent = self.either(key).and_then(|f| f.parent).map(Name::to_key);
        match parent {
            Some(parent)
                if key.kind == Kind::Default
                    && parent.kind == Kind::Column
                    && (self.all || changed.contains(&parent)) =>
            {
                parent
            }
            _ => key.clone(),
        }
    }

    /// Whether a change is omitted because another line implies it.
    fn is_noise(&self, key: &Key) -> bool {
        let (old, new) = (object(self.old, key), object(self.new, key));
        match key.kind {
            Kind::Owner => self.owner_is_noise(old, new),
            Kind::Column | Kind::Constraint => {
                old.is_none_or(|f| is_fully_inherited(self.old, &f))
                    && new.is_none_or(|f| is_fully_inherited(self.new, &f))
            }
            _ => false,
        }
    }

    /// Whether an owner is omitted: that of a removed object, and that of a new object owned by the current role.
    fn owner_is_noise(&self, old: Option<Object<'_>>, new: Option<Object<'_>>) -> bool {
        let exists = |schema: &Schema, owner: Object<'_>| {
            owner.parent.is_some_and(|object| schema.find(object).is_some())
        };
        match (old, new) {
            (None, Some(new)) => !exists(self.old, new) && new.text(Attr::Role) == self.old.origin.user,
            (Some(old), None) => !exists(self.new, old),
            _ => false,
        }
    }

    fn order(&self, key: &Key) -> (u8, i32, String) {
        let rank = match key.kind {
            Kind::Column => 0,
            Kind::Constraint | Kind::DomainConstraint => 1,
            Kind::Partition => 3,
            Kind::SequenceOwner | Kind::Default => 4,
            Kind::Index | Kind::IndexAttach => 5,
            Kind::Trigger | Kind::Rule => 6,
            Kind::Policy => 7,
            Kind::Owner => 9,
            Kind::Privilege => 10,
            Kind::Comment => 11,
            _ => 8,
        };
        let place = self.either(key).filter(|_| key.kind == Kind::Column).map_or(0, |f| f.address.2);
        (rank, place, key.name.clone())
    }
}

#[derive(Default)]
struct Group<'a> {
    parts: BTreeSet<Key>,
    renames: Vec<(&'a Key, &'a Key)>,
    changes: Vec<&'a Change>,
}

/// One block for each object, by kind and name.
pub(super) fn blocks<'a>(sides: Sides<'_>, changes: impl IntoIterator<Item = &'a Change>) -> Vec<Block> {
    let changes: Vec<&Change> = changes.into_iter().collect();
    let changed: BTreeSet<&Key> = changes.iter().map(|c| c.key()).collect();
    let mut groups: BTreeMap<Key, Group<'a>> = BTreeMap::new();
    for change in changes {
        let group = groups.entry(sides.top(change.key())).or_default();
        match change {
            Change::Renamed { key, before } => group.renames.push((before, key)),
            _ => {
                let part = sides.shown_by(change.key(), &changed);
                if !sides.is_noise(&part) {
                    group.parts.insert(part);
                }
            }
        }
        group.changes.push(change);
    }
    groups.retain(|_, group| !group.parts.is_empty() || !group.renames.is_empty());
    groups.into_iter().map(|(key, group)| block(sides, key, group)).collect()
}

fn block(sides: Sides<'_>, key: Key, group: Group<'_>) -> Block {
    let mut parts: Vec<&Key> = group.parts.iter().filter(|part| **part != key).collect();
    parts.sort_by_cached_key(|part| sides.order(part));
    let width = parts.iter().filter(|part| part.kind == Kind::Column);
    let width = width.map(|part| short(*part, &key).chars().count()).filter(|w| *w <= WIDEST).max();
    let written = |schema: &Schema, part: &Key| {
        object(schema, part).map(|f| define(schema, &f, &key, width.unwrap_or_default()))
    };
    let (head, body) = written_object(sides, &key, &group, &written);
    let mut rows: Vec<Vec<Row>> = Vec::new();
    let renames = group.renames.iter().filter(|(_, after)| **after != key);
    let was = group.renames.iter().find(|(_, after)| **after == key).map_or(&key, |(before, _)| *before);
    rows.extend(renames.map(|(before, after)| vec![rename(sides, before, after, (was, &key))]));
    // The attributes of a table follow its columns and constraints; other objects start with their text.
    let first = parts.iter().take_while(|p| key.kind == Kind::Table && sides.order(p).0 < 2).count();
    for (at, part) in parts.iter().enumerate() {
        if at == first {
            rows.push(body.clone());
        }
        let (old, new) = (lines(written(sides.old, part)), lines(written(sides.new, part)));
        let mut differ = near(merged(&old, &new), if old.len() + new.len() > 2 { CONTEXT } else { 0 });
        if !differ.iter().any(Row::is_change) {
            differ = raw(&group, part, Some(short(*part, &key)));
        }
        rows.push(differ);
    }
    if parts.len() <= first {
        rows.push(body);
    }
    Block { key, head, parts: rows }
}

fn lines(definition: Option<Definition>) -> Vec<String> {
    let lines = definition.into_iter().flat_map(|d| [d.head].into_iter().chain(d.body));
    lines.map(|line| indented(&line)).collect()
}

/// A part under its old and its new name. Its parent may have been renamed as well.
fn rename(sides: Sides<'_>, before: &Key, after: &Key, (was, is): (&Key, &Key)) -> Row {
    let schema =
        sides.either(after).and_then(|f| f.get(Attr::Schema)).map(|s| format!("{s}.")).unwrap_or_default();
    let name = |key: &Key, top: &Key| {
        let name = short(key, top);
        visible(name.strip_prefix(&schema).unwrap_or(name))
    };
    let what = match after.kind {
        Kind::Column => "    ".to_owned(),
        kind => format!("    {} ", kind.label().to_uppercase()),
    };
    Row::Renamed { what, before: name(before, was), after: name(after, is) }
}

/// The heading rows of an object, and the rows of its definition.
fn written_object(
    sides: Sides<'_>,
    key: &Key,
    group: &Group<'_>,
    written: &dyn Fn(&Schema, &Key) -> Option<Definition>,
) -> (Vec<Row>, Vec<Row>) {
    let renamed = group.renames.iter().find(|(_, after)| *after == key);
    let mut heads: Vec<Row> = renamed
        .map(|(before, after)| Row::Renamed {
            what: format!("{} ", after.kind.label().to_uppercase()),
            before: visible(&before.name),
            after: visible(&after.name),
        })
        .into_iter()
        .collect();
    let name = || Row::Same(visible(&title(key)));
    if !group.parts.contains(key) {
        if heads.is_empty() {
            heads.push(name());
        }
        return (heads, Vec::new());
    }
    let (old, new) = (written(sides.old, key), written(sides.new, key));
    let all = |d: &Definition| d.body.iter().map(|l| indented(l)).collect::<Vec<_>>();
    match (old, new) {
        (Some(old), Some(new)) => {
            let context = if key.kind == Kind::Table { 0 } else { CONTEXT };
            let mut body = near(merged(&all(&old), &all(&new)), context);
            if key.kind == Kind::Table {
                body.retain(Row::is_change);
            }
            if old.head != new.head {
                heads.extend([Row::Old(visible(&old.head)), Row::New(visible(&new.head))]);
            } else if heads.is_empty() {
                heads.push(name());
            }
            if !body.iter().any(Row::is_change) {
                body.clear();
                if old.head == new.head {
                    body = raw(group, key, None);
                }
            }
            (heads, body)
        }
        (Some(old), None) => {
            (vec![Row::Old(visible(&old.head))], all(&old).into_iter().map(Row::Old).collect())
        }
        (None, Some(new)) => {
            (vec![Row::New(visible(&new.head))], all(&new).into_iter().map(Row::New).collect())
        }
        (None, None) => (vec![name()], Vec::new()),
    }
}

/// Attributes by name, for a difference that the definition does not show.
fn raw(group: &Group<'_>, key: &Key, name: Option<&str>) -> Vec<Row> {
    let fields = group.changes.iter().filter(|c| c.key() == key).flat_map(|c| c.fields());
    let prefix = name.map(|name| format!("{name} ")).unwrap_or_default();
    let line =
        |field: &str, value: &str| indented(&format!("{prefix}{field}: {}", value.replace('\n', ", ")));
    let rows = fields.flat_map(|field| {
        let before = field.before.as_deref().map(|value| Row::Old(line(&field.name, value)));
        let after = field.after.as_deref().map(|value| Row::New(line(&field.name, value)));
        before.into_iter().chain(after)
    });
    rows.collect()
}

fn indented(line: &str) -> String {
    if line.is_empty() { String::new() } else { format!("    {}", visible(line)) }
}

/// Escapes control and bidirectional characters of names and comments, which could move a terminal's cursor or reverse
/// text.
pub(super) fn visible(text: &str) -> String {
    let hidden = |c: char| {
        (c.is_control() && c != '\t') || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    if !text.contains(hidden) {
        return text.to_owned();
    }
    text.chars().fold(String::new(), |mut text, c| {
        if hidden(c) {
            text.extend(c.escape_default())
        } else {
            text.push(c)
        }
        text
    })
}
