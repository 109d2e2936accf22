//! Renames: certain between physical copies and where nothing but a constraint's or index's name differs; hints elsewhere.

use std::collections::{BTreeMap, BTreeSet};

use super::diff::{Change, RenameHint};
use super::model::{Fact, Key, Kind, Schema};
use super::statement::{HazardKind, Statement};

/// An object that has another name in the new schema.
#[derive(Clone, Debug)]
pub(super) struct Rename {
    pub(super) before: Key,
    pub(super) after: Key,
    sql: String,
    relation: String,
}

impl Rename {
    pub(super) fn statement(&self) -> Statement {
        let statement = Statement::new(self.sql.clone());
        match self.before.kind {
            Kind::Table | Kind::Column | Kind::View | Kind::MaterializedView => {
                statement.exclusive(&self.relation).hazard(
                    HazardKind::BreaksClients,
                    &self.relation,
                    format!("{} is called {}", self.before, self.after.name),
                )
            }
            _ => statement.exclusive(&self.relation),
        }
    }
}

/// The old schema under its new names, and the renames.
pub(super) fn certain(old: &Schema, new: &Schema) -> (Schema, Vec<Rename>) {
    let mut renames = Vec::new();
    let mut schema = old.clone();
    if old.origin.lineage.is_some() && old.origin.lineage == new.origin.lineage {
        for kind in [Kind::Table, Kind::Column] {
            (schema, renames) = relations(schema, new, kind, renames);
        }
    }
    parts(schema, new, renames)
}

/// Tables and columns that have the same OID or number under another name.
fn relations(schema: Schema, new: &Schema, kind: Kind, mut renames: Vec<Rename>) -> (Schema, Vec<Rename>) {
    let places: BTreeMap<(u32, u32, i32), &Fact> =
        new.facts.iter().filter(|f| f.key.kind == kind).map(|f| (f.address, f)).collect();
    let mut words: Vec<Swap> = Vec::new();
    for fact in schema.facts.iter().filter(|f| f.key.kind == kind) {
        let Some(after) = places.get(&fact.address).filter(|a| {
            a.key != fact.key && a.parent == fact.parent && a.get("schema") == fact.get("schema")
        }) else {
            continue;
        };
        if schema.find(&after.key).is_some()
            || new.find(&fact.key).is_some()
            || !same_column(&schema, fact, after)
        {
            continue;
        }
        let relation = fact.parent.as_ref().map_or(&fact.key.name, |p| &p.name).clone();
        let (from, to) = (fact.text("name"), after.text("name"));
        let inherited = fact.has("has_parent");
        let sql = match kind {
            Kind::Table => format!("ALTER TABLE {} RENAME TO {to}", fact.key.name),
            _ => format!("ALTER TABLE {relation} RENAME COLUMN {from} TO {to}"),
        };
        words.push(Swap {
            before: fact.key.clone(),
            after: after.key.clone(),
            from: from.to_owned(),
            to: to.to_owned(),
        });
        if !inherited {
            renames.push(Rename { before: fact.key.clone(), after: after.key.clone(), sql, relation });
        }
    }
    if words.is_empty() { (schema, renames) } else { (renamed(schema, &words), renames) }
}

/// Columns made on both sides since they parted may share a number. Types without a cast between them tell them apart.
fn same_column(schema: &Schema, before: &Fact, after: &Fact) -> bool {
    let base = |f: &Fact| f.text("type").split('(').next().unwrap_or_default().to_owned();
    let (one, other) = (base(before), base(after));
    one == other || schema.origin.casts.contains(&format!("{one} > {other}"))
}

struct Swap {
    before: Key,
    after: Key,
    from: String,
    to: String,
}

/// The schema as it is once the renames are done: names, and the words in definitions of those who need them.
fn renamed(schema: Schema, swaps: &[Swap]) -> Schema {
    let by_key: BTreeMap<&Key, &Swap> = swaps.iter().map(|s| (&s.before, s)).collect();
    let mut facts = Schema::clone(&schema).facts.as_ref().clone();
    for (at, fact) in facts.iter_mut().enumerate() {
        let original = &schema.facts[at];
        let needed = original.needs.iter().map(|n| &schema.facts[*n as usize].key);
        let above = original
            .parent
            .iter()
            .chain(original.needs.iter().filter_map(|n| schema.facts[*n as usize].parent.as_ref()));
        let mut touched: Vec<&Swap> =
            needed.chain(above).chain([&original.key]).filter_map(|k| by_key.get(k).copied()).collect();
        touched.sort_by(|a, b| a.before.cmp(&b.before));
        touched.dedup_by(|a, b| a.before == b.before);
        for swap in touched {
            let qualified = swap.before.kind == Kind::Table;
            let replace = |text: &str| {
                if qualified {
                    words(text, &swap.before.name, &swap.after.name)
                } else {
                    words(text, &swap.from, &swap.to)
                }
            };
            let name = |text: &str| words(text, &swap.before.name, &swap.after.name);
            fact.key.name = name(&fact.key.name);
            if let Some(parent) = &mut fact.parent {
                parent.name = name(&parent.name);
            }
            for (attr, value) in &mut fact.attrs.0 {
                let own = original.key == swap.before && attr == "name";
                *value = if own {
                    swap.to.clone()
                } else if attr == "type" || attr == "schema" {
                    value.clone()
                } else {
                    replace(value)
                };
            }
        }
    }
    Schema::new(schema.options.clone(), schema.origin.clone(), facts)
}

/// Replaces whole words, names of columns and such, leaving string literals as they are.
fn words(text: &str, from: &str, to: &str) -> String {
    let edge = |c: Option<char>| !c.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == '"' || c == '$');
    let mut out = String::with_capacity(text.len());
    let (mut at, mut quoted) = (0, false);
    while at < text.len() {
        let rest = &text[at..];
        if !quoted
            && rest.starts_with(from)
            && edge(out.chars().next_back())
            && edge(rest[from.len()..].chars().next())
        {
            out += to;
            at += from.len();
            continue;
        }
        let Some(c) = rest.chars().next() else { break };
        quoted ^= c == '\'';
        out.push(c);
        at += c.len_utf8();
    }
    out
}

/// Constraints and indexes of which nothing but the name differs.
fn parts(schema: Schema, new: &Schema, mut renames: Vec<Rename>) -> (Schema, Vec<Rename>) {
    let kinds = [Kind::Constraint, Kind::DomainConstraint, Kind::Index];
    let signature = |f: &Fact| {
        let attrs: Vec<String> = f
            .attrs
            .compared()
            .filter(|(n, _)| *n != "name")
            .map(|(n, v)| format!("{n}={}", nameless(f, n, v)))
            .collect();
        (f.key.kind, f.parent.clone(), attrs)
    };
    let attached = |s: &Schema, f: &Fact| {
        let index = format!("{}.{}", f.text("schema"), f.text("name"));
        s.facts
            .iter()
            .any(|a| a.key.kind == Kind::IndexAttach && (a.key.name == index || a.text("of") == index))
    };
    let only = |s: &Schema, other: &Schema| {
        let gone = s.facts.iter().filter(|f| {
            kinds.contains(&f.key.kind)
                && !f.has("inherited")
                && other.find(&f.key).is_none()
                && f.parent.as_ref().is_some_and(|p| other.find(p).is_some())
        });
        gone.map(|f| f.key.clone()).collect::<BTreeSet<Key>>()
    };
    let (gone, come) = (only(&schema, new), only(new, &schema));
    let mut wanted: BTreeMap<_, Vec<&Fact>> = BTreeMap::new();
    for fact in come.iter().filter_map(|k| new.find(k)).map(|at| &new.facts[at]) {
        wanted.entry(signature(fact)).or_default().push(fact);
    }
    let mut facts = schema.facts.as_ref().clone();
    // Renames come first, while every old name is still in use.
    let relations =
        [Kind::Table, Kind::View, Kind::MaterializedView, Kind::Sequence, Kind::Index, Kind::Constraint];
    let taken: BTreeSet<(Option<&str>, &str)> = match gone.is_empty() || come.is_empty() {
        true => BTreeSet::new(),
        false => schema
            .facts
            .iter()
            .filter(|f| relations.contains(&f.key.kind))
            .map(|f| (f.get("schema"), f.text("name")))
            .collect(),
    };
    let mut moved: BTreeMap<Key, Key> = BTreeMap::new();
    for at in gone.iter().filter_map(|k| schema.find(k)) {
        let fact = &schema.facts[at];
        let Some(after) = wanted.get_mut(&signature(fact)).filter(|l| !l.is_empty()).map(|l| l.remove(0))
        else {
            continue;
        };
        if attached(&schema, fact)
            || attached(new, after)
            || taken.contains(&(after.get("schema"), after.text("name")))
        {
            continue;
        }
        let relation = fact.parent.as_ref().map(|p| p.name.clone()).unwrap_or_default();
        let (from, to) = (fact.text("name"), after.text("name"));
        let sql = match fact.key.kind {
            Kind::Index => format!("ALTER INDEX {} RENAME TO {to}", fact.key.name),
            Kind::Constraint => format!("ALTER TABLE {relation} RENAME CONSTRAINT {from} TO {to}"),
            _ => format!("ALTER DOMAIN {relation} RENAME CONSTRAINT {from} TO {to}"),
        };
        moved.insert(fact.key.clone(), after.key.clone());
        renames.push(Rename { before: fact.key.clone(), after: after.key.clone(), sql, relation });
        facts[at].key = after.key.clone();
        facts[at].attrs = after.attrs.clone();
    }
    if moved.is_empty() {
        return (schema, renames);
    }
    for fact in &mut facts {
        if let Some(after) = fact.parent.as_ref().and_then(|p| moved.get(p)) {
            fact.key.name = after.to_string();
            fact.parent = Some(after.clone());
        }
    }
    (Schema::new(schema.options.clone(), schema.origin.clone(), facts), renames)
}

/// The definition of an index without the index's name.
fn nameless(fact: &Fact, attr: &str, value: &str) -> String {
    match attr {
        "definition" | "index_definition" => {
            value.replacen(&format!(" INDEX {} ON ", fact.text("name")), " INDEX ON ", 1)
        }
        _ => value.to_owned(),
    }
}

/// Removed and added objects of one kind that have the same parts.
pub(super) fn likely(old: &Schema, new: &Schema, changes: &[Change]) -> Vec<RenameHint> {
    let shape = |schema: &Schema, key: &Key| {
        let at = schema.find(key)?;
        let fact = &schema.facts[at];
        let own = (fact.parent.clone(), fact.get("type").map(str::to_owned));
        (key.kind == Kind::Column).then_some((own, String::new()))
    };
    let mut hints = Vec::new();
    let removed = changes.iter().filter_map(|c| match c {
        Change::Removed { key, .. } => Some(key),
        _ => None,
    });
    let mut added: BTreeMap<_, Vec<&Key>> = BTreeMap::new();
    for change in changes {
        if let Change::Added { key, parent: Some(parent), .. } = change
            && old.find(parent).is_some()
            && let Some(shape) = shape(new, key)
        {
            added.entry(shape).or_default().push(key);
        }
    }
    for key in removed {
        if let Some([after]) = shape(old, key).and_then(|s| added.get(&s)).map(Vec::as_slice) {
            hints.push(RenameHint { before: key.clone(), after: (*after).clone() });
        }
    }
    hints
}

#[cfg(test)]
mod tests {
    use super::words;

    #[test]
    fn whole_words_are_replaced() {
        assert_eq!(words("(a + aa) > a", "a", "b"), "(b + aa) > b");
    }

    #[test]
    fn literals_stay_as_they_are() {
        assert_eq!(words("a = 'a'::text", "a", "b"), "b = 'a'::text");
    }

    #[test]
    fn a_part_of_a_quoted_name_stays_as_it_is() {
        assert_eq!(words("\"a\" = a", "a", "b"), "\"a\" = b");
    }
}
