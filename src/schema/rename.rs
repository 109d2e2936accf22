//! Renames: certain between physical copies and where nothing but a constraint's or index's name differs; hints elsewhere.

mod alike;
mod evidence;
mod words;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::ddl;
use super::diff::{Pair, pairs};
use super::error::Refusal;
use super::model::{Fact, Key, Kind, Schema};
use super::plan::occupied;
use super::statement::{HazardKind, Statement};
pub(super) use alike::likely;
use evidence::{Evidence, Verdict};
use words::Words;

/// An object that has another name in the new schema.
#[derive(Clone, Debug)]
pub(super) struct Rename {
    pub(super) before: Key,
    pub(super) after: Key,
}

/// The old schema under its new names, and how it gets them.
#[derive(Debug)]
pub(super) struct Renamed {
    pub(super) schema: Schema,
    /// Its facts beside those of the new schema.
    pub(super) pairs: Vec<Pair>,
    pub(super) renames: Vec<Rename>,
    pub(super) statements: Vec<Statement>,
    /// Schemas that have to be there before something moves into them.
    pub(super) schemas: Vec<Key>,
    pub(super) refusals: Vec<Refusal>,
}

/// Objects in a schema, those that others name first.
const WHOLE: [Kind; 13] = [
    Kind::Enum,
    Kind::Composite,
    Kind::Range,
    Kind::Domain,
    Kind::Collation,
    Kind::Function,
    Kind::Aggregate,
    Kind::Table,
    Kind::View,
    Kind::MaterializedView,
    Kind::Sequence,
    Kind::Index,
    Kind::Statistics,
];
const PARTS: [Kind; 6] =
    [Kind::Column, Kind::Constraint, Kind::DomainConstraint, Kind::Trigger, Kind::Rule, Kind::Policy];

/// Finds the renames that are certain and gives the old schema as it is once they are done.
pub(super) fn certain(old: &Schema, new: &Schema) -> Renamed {
    let mut renamed = Renamed {
        schema: old.clone(),
        pairs: pairs(old, new),
        renames: Vec::new(),
        statements: Vec::new(),
        schemas: Vec::new(),
        refusals: Vec::new(),
    };
    if old.origin.lineage.is_some() && old.origin.lineage == new.origin.lineage {
        Finder::new(old, new).run(&mut renamed);
    }
    alike::parts(&mut renamed, new);
    renamed
}

struct Move {
    before: Key,
    after: Key,
    /// Its own name before and after.
    from: String,
    to: String,
}

struct Finder<'a> {
    old: &'a Schema,
    new: &'a Schema,
    words: Words,
    moves: BTreeMap<Key, Move>,
    /// Who has which name, once schemas are renamed.
    taken: HashMap<(u8, String), Key>,
    statements: Vec<Statement>,
    aside: u32,
}

fn slots(fact: &Fact, key: &str) -> Vec<(u8, String)> {
    if WHOLE.contains(&fact.key.kind) {
        let mut renamed = fact.clone();
        renamed.key.name = key.to_owned();
        return occupied(&renamed);
    }
    vec![(10 + fact.key.kind as u8, key.to_owned())]
}

impl<'a> Finder<'a> {
    fn new(old: &'a Schema, new: &'a Schema) -> Self {
        Self {
            old,
            new,
            words: Words::default(),
            moves: BTreeMap::new(),
            taken: HashMap::new(),
            statements: Vec::new(),
            aside: 0,
        }
    }

    fn run(mut self, renamed: &mut Renamed) {
        if !self.any_renamed(&renamed.pairs) {
            return;
        }
        let addresses = self.new.by_address();
        let evidence = Evidence::new(self.old, self.new, &addresses);
        let refuse = |renamed: &mut Renamed, old: &Fact, new: &Fact| {
            let reason = format!(
                "it may have become {}, or both were made since the two databases parted: rename it on one side first, or drop it",
                new.key
            );
            renamed.refusals.push(Refusal { object: old.key.to_string(), reason });
        };
        for fact in self.old.facts.iter().filter(|f| f.key.kind == Kind::Schema) {
            let Some(after) = evidence.twin(fact).filter(|a| a.key != fact.key) else { continue };
            match evidence.verdict(fact, after) {
                Verdict::Same => self.schema(fact, after),
                Verdict::Different => {}
                Verdict::Unclear => refuse(renamed, fact, after),
            }
        }
        for kinds in [&WHOLE[..], &PARTS[..]] {
            for kind in kinds {
                let mut found = Vec::new();
                for fact in self.old.facts.iter().filter(|f| f.key.kind == *kind) {
                    let Some(after) = evidence.twin(fact) else { continue };
                    // Nearly every fact of a branch: what it was called it is called still.
                    if fact.key == after.key && self.moves.is_empty() && self.statements.is_empty() {
                        continue;
                    }
                    let here = self.carried(fact);
                    if here == after.key {
                        if here != fact.key {
                            self.record(fact, after.key.clone(), after.text("name"));
                        }
                        continue;
                    }
                    if fact.key == after.key || !self.fits(fact, after) {
                        continue;
                    }
                    match evidence.verdict(fact, after) {
                        Verdict::Same => found.push((fact, after)),
                        Verdict::Different => {}
                        Verdict::Unclear if matches!(kind, Kind::Table | Kind::Column) => {
                            refuse(renamed, fact, after)
                        }
                        Verdict::Unclear => {}
                    }
                }
                for (fact, after) in found {
                    self.record(fact, after.key.clone(), after.text("name"));
                }
            }
            self.plan(kinds, renamed);
        }
        if self.moves.is_empty() {
            return;
        }
        renamed.renames = self
            .moves
            .values()
            .filter(|m| self.new.find(&m.after).is_some())
            .map(|m| Rename { before: m.before.clone(), after: m.after.clone() })
            .collect();
        let created: Vec<Fact> = renamed
            .schemas
            .iter()
            .filter_map(|key| self.new.find(key))
            .map(|at| Fact { needs: Vec::new(), address: (0, 0, 0), ..self.new.facts[at].clone() })
            .collect();
        renamed.schema = self.renamed(created, &addresses);
        renamed.pairs = pairs(&renamed.schema, self.new);
        let twice = renamed.schema.facts.windows(2).find(|pair| pair[0].key == pair[1].key);
        if let Some(pair) = twice {
            let reason = "renames lead two objects to this name".to_owned();
            renamed.refusals.push(Refusal { object: pair[0].key.to_string(), reason });
        }
        let create = created_first(&renamed.schemas);
        renamed.statements = create.into_iter().chain(self.statements).collect();
    }

    /// Whether an object of the old schema is in the new one under another name. One that is called the same in both is
    /// nothing else's, so only those that are not are looked up.
    fn any_renamed(&self, pairs: &[Pair]) -> bool {
        let identity = |schema: &Schema, at: Option<usize>| at.and_then(|at| schema.facts[at].identity());
        let (mut before, mut after) = (Vec::new(), HashSet::new());
        for (one, other) in pairs {
            let (one, other) = (identity(self.old, *one), identity(self.new, *other));
            if one != other {
                before.extend(one);
                after.extend(other);
            }
        }
        before.iter().any(|identity| after.contains(identity))
    }

    fn schema(&mut self, fact: &Fact, after: &Fact) {
        let (from, to) = (fact.key.name.clone(), after.key.name.clone());
        let statement = Statement::new(format!("ALTER SCHEMA {from} RENAME TO {to}"));
        self.statements.push(statement.hazard(
            HazardKind::BreaksClients,
            &from,
            format!("{} is called {to}", fact.key),
        ));
        self.words.schemas.insert(from, to.clone());
        self.record(fact, after.key.clone(), &to);
    }

    fn record(&mut self, fact: &Fact, after: Key, to: &str) {
        if WHOLE.contains(&fact.key.kind) && !matches!(fact.key.kind, Kind::Function | Kind::Aggregate) {
            self.words.qualified.insert(fact.key.name.clone(), after.name.clone());
        }
        let (before, from) = (fact.key.clone(), fact.text("name").to_owned());
        self.moves.insert(before.clone(), Move { before, after, from, to: to.to_owned() });
    }

    /// What the object is called once what it lies in or belongs to has its new name.
    fn carried(&self, fact: &Fact) -> Key {
        let name = fact.text("name");
        let follows = match fact.key.kind {
            Kind::Index => fact.parent.clone(),
            Kind::Sequence => self
                .old
                .fact(Kind::SequenceOwner, &fact.key.name)
                .map(|owner| Key::new(Kind::Table, owner.text("table"))),
            _ => None,
        };
        let table = follows.as_ref().and_then(|key| self.moves.get(key));
        if let Some(schema) =
            table.and_then(|m| self.new.find(&m.after)).and_then(|at| self.new.facts[at].get("schema"))
        {
            return Key::new(fact.key.kind, format!("{schema}.{name}"));
        }
        if PARTS.contains(&fact.key.kind) {
            let parent = fact.parent.as_ref().map(|p| self.moves.get(p).map_or(p, |m| &m.after));
            return Key::new(
                fact.key.kind,
                format!("{}.{name}", parent.map(|p| p.name.as_str()).unwrap_or_default()),
            );
        }
        // Its own new name is what is asked for: only its schema and its arguments may be called otherwise already.
        let schemas = Words { schemas: self.words.schemas.clone(), ..Words::default() };
        let arguments = fact.key.name.find('(').filter(|_| is_program(fact.key.kind));
        let (own, rest) = fact.key.name.split_at(arguments.unwrap_or(fact.key.name.len()));
        Key::new(fact.key.kind, format!("{}{}", schemas.key(own), self.words.key(rest)))
    }

    /// Whether both are parts of one thing.
    fn fits(&self, fact: &Fact, after: &Fact) -> bool {
        let parent = fact.parent.as_ref().map(|p| self.moves.get(p).map_or(p, |m| &m.after));
        parent == after.parent.as_ref()
    }

    /// The statements for all moves of some kinds: out of the way, then to their names.
    fn plan(&mut self, kinds: &[Kind], renamed: &mut Renamed) {
        if !self.moves.keys().any(|key| kinds.contains(&key.kind)) {
            return;
        }
        self.taken.clear();
        for fact in self.old.facts.iter().filter(|f| {
            WHOLE.contains(&f.key.kind) || f.key.kind == Kind::Constraint || kinds.contains(&f.key.kind)
        }) {
            for slot in slots(fact, &self.carried(fact).name) {
                self.taken.insert(slot, fact.key.clone());
            }
        }
        let moving: Vec<Key> = self.moves.keys().filter(|k| kinds.contains(&k.kind)).cloned().collect();
        let (mut away, mut direct, mut last) = (Vec::new(), Vec::new(), Vec::new());
        for key in moving {
            let Some(at) = self.old.find(&key) else { continue };
            let (fact, here) = (&self.old.facts[at], self.carried(&self.old.facts[at]));
            let Some(m) = self.moves.get(&key) else { continue };
            let (after, from, to) = (m.after.clone(), m.from.clone(), m.to.clone());
            if here == after || self.comes_down(fact) {
                continue;
            }
            let holders: BTreeSet<Key> = slots(fact, &after.name)
                .iter()
                .filter_map(|slot| self.taken.get(slot))
                .filter(|holder| **holder != key)
                .cloned()
                .collect();
            for holder in holders.iter().filter(|h| !self.moves.contains_key(*h)).cloned().collect::<Vec<_>>()
            {
                away.extend(self.set_aside(&holder));
            }
            let target = self
                .new
                .find(&after)
                .and_then(|at| self.new.facts[at].get("schema"))
                .unwrap_or_default()
                .to_owned();
            let schema = schema_of(&here, &from);
            let whole = kinds.contains(&Kind::Table);
            let moved = whole && key.kind != Kind::Index && schema != target;
            if moved
                && self.old.find(&Key::new(Kind::Schema, target.as_str())).is_none()
                && !self.words.schemas.values().any(|s| *s == target)
            {
                let schema = Key::new(Kind::Schema, target.as_str());
                if !renamed.schemas.contains(&schema) {
                    renamed.schemas.push(schema);
                }
            }
            if holders.is_empty() && (!moved || from == to) {
                direct.push(match moved {
                    true => step(fact, &here, &format!("SET SCHEMA {target}"), &after),
                    false => rename(fact, &here, &from, &to, &after),
                });
                continue;
            }
            let between = self.free_name();
            away.push(rename(fact, &here, &from, &between, &after));
            let mut at = sibling(&here, &from, &between);
            if moved {
                last.push(step(fact, &at, &format!("SET SCHEMA {target}"), &after));
                at = Key::new(
                    at.kind,
                    format!("{target}{}", at.name.strip_prefix(&schema).unwrap_or(&at.name)),
                );
            }
            last.push(rename(fact, &at, &between, &to, &after));
        }
        self.statements.extend(away.into_iter().chain(direct).chain(last));
    }

    /// Whether what it is inherited from brings the name down.
    fn comes_down(&self, fact: &Fact) -> bool {
        match fact.key.kind {
            Kind::Column => fact.has("has_parent"),
            Kind::Constraint => fact.has("inherited") && fact.text("type") == "check",
            _ => false,
        }
    }

    fn free_name(&mut self) -> String {
        self.aside += 1;
        format!("lakebase_renamed_{}", self.aside)
    }

    /// What will be dropped makes way for what takes its name.
    fn set_aside(&mut self, holder: &Key) -> Option<Statement> {
        let fact = &self.old.facts[self.old.find(holder)?];
        let (here, from, to) = (self.carried(fact), fact.text("name").to_owned(), self.free_name());
        let after = sibling(&here, &from, &to);
        let statement = rename(fact, &here, &from, &to, &after);
        self.record(fact, after, &to);
        Some(statement)
    }

    /// The old schema once every rename is done.
    fn renamed(&self, created: Vec<Fact>, addresses: &evidence::Addresses) -> Schema {
        let mut facts: Vec<Fact> = Vec::with_capacity(self.old.facts.len() + created.len());
        for fact in self.old.facts.iter() {
            let mut next = fact.clone();
            let above: Vec<&Key> = self.above(fact);
            let needed = fact.needs.iter().map(|n| &self.old.facts[*n as usize]);
            let mut words = self.words.clone();
            for m in
                above.iter().filter_map(|k| self.moves.get(*k)).filter(|m| PARTS.contains(&m.before.kind))
            {
                words.columns.insert(m.from.clone(), m.to.clone());
            }
            let key = |key: &Key, words: &Words| match self.moves.get(key) {
                Some(m) => m.after.clone(),
                None => Key::new(key.kind, words.key(&key.name)),
            };
            next.key = key(&fact.key, &words);
            next.parent = fact.parent.as_ref().map(|p| key(p, &words));
            let near = needed.flat_map(|n| std::iter::once(&n.key).chain(n.parent.as_ref())).chain(above);
            for m in near.filter_map(|k| self.moves.get(k)) {
                match m.before.kind {
                    Kind::Column => drop(words.columns.insert(m.from.clone(), m.to.clone())),
                    Kind::Table | Kind::View | Kind::MaterializedView => {
                        words.relations.insert(m.from.clone(), m.to.clone());
                    }
                    Kind::Function | Kind::Aggregate => {
                        let bare = |k: &Key| k.name.split('(').next().unwrap_or_default().to_owned();
                        words.qualified.insert(bare(&m.before), bare(&m.after));
                    }
                    _ => {}
                }
            }
            self.attributes(fact, &mut next, &words, addresses);
            self.keep_not_null(fact, &mut next);
            facts.push(next);
        }
        facts.extend(created);
        Schema::new(self.old.options.clone(), self.old.origin.clone(), facts)
    }

    /// The object and what it is a part of, up to the top.
    fn above(&self, fact: &'a Fact) -> Vec<&'a Key> {
        let mut keys = vec![&fact.key];
        let mut at = fact;
        while let Some(parent) = at.parent.as_ref().and_then(|p| self.old.find(p)) {
            at = &self.old.facts[parent];
            keys.push(&at.key);
        }
        keys
    }

    fn attributes(&self, fact: &Fact, next: &mut Fact, words: &Words, addresses: &evidence::Addresses) {
        let own = self.moves.get(&fact.key);
        let twin = addresses
            .get(&(fact.key.kind, fact.address.0, fact.address.1, fact.address.2))
            .map(|at| &self.new.facts[*at])
            .filter(|t| fact.address.1 != 0 && t.key == next.key);
        // A row that nobody wrote since the parting still says the same, in the new names.
        let kept = twin.filter(|t| t.stamps[1] != 0 && t.stamps[1] == fact.stamps[1]);
        for (attr, value) in &mut next.attrs.0 {
            *value = match attr.as_ref() {
                "name" => {
                    let column = fact.parent.as_ref().filter(|_| fact.key.kind == Kind::Default);
                    let called = own.or_else(|| column.and_then(|c| self.moves.get(c)));
                    called.map_or(value.clone(), |m| m.to.clone())
                }
                "schema" if fact.key.kind == Kind::Schema => value.clone(),
                "schema" => next
                    .key
                    .name
                    .strip_suffix(&next_name(fact, own))
                    .map(|s| s.trim_end_matches('.').to_owned())
                    .filter(|_| WHOLE.contains(&fact.key.kind))
                    .unwrap_or_else(|| self.schema_name(value, next.parent.as_ref())),
                "@names" | "@columns" | "labels" | "text" | "@grantee" | "role" | "grantee" => value.clone(),
                "type" | "of_type" | "server" => {
                    Words { columns: HashMap::new(), ..words.clone() }.text(value)
                }
                "identity_sequence" => self.follow(value, next.parent.as_ref(), words),
                "definition" | "expression" | "using" | "with_check" | "generated" | "index_definition" => {
                    match kept.and_then(|t| t.get(attr)) {
                        Some(now) => now.to_owned(),
                        None => {
                            let text = words.text(value);
                            own.map_or(text.clone(), |m| named(fact.key.kind, &text, m))
                        }
                    }
                }
                _ => words.text(value),
            };
        }
    }

    /// A not-null constraint keeps the name it was born with when its table or column is renamed.
    fn keep_not_null(&self, fact: &Fact, next: &mut Fact) {
        if fact.key.kind != Kind::Column || !fact.has("not_null") || self.old.server_version() < 180_000 {
            return;
        }
        let last = |parent: &Option<Key>, column: &Fact| {
            let table = parent.as_ref().map(|p| p.name.as_str()).unwrap_or_default();
            let (_, name) = table.rsplit_once('.').unwrap_or(("", table));
            ddl::default_not_null(name, column.text("name"))
        };
        let (before, after) = (last(&fact.parent, fact), last(&next.parent, next));
        if before == after {
            return;
        }
        let inherited = fact.has("@not_null_name") || fact.has("has_parent");
        let attr = if inherited { "@not_null_name" } else { "not_null_constraint" };
        let named = |name: &str| if inherited { name.to_owned() } else { format!("CONSTRAINT {name}") };
        match fact.get(attr).filter(|text| inherited || text.starts_with("CONSTRAINT")) {
            Some(text) if text == named(&after) => next.attrs.0.retain(|(name, _)| name != attr),
            Some(_) => {}
            None => {
                let rest = fact.get(attr).map(|flags| format!(" {flags}")).unwrap_or_default();
                next.attrs.0.retain(|(name, _)| name != attr);
                // Attributes stand in the order in which they are read.
                let place =
                    next.attrs.0.iter().position(|(name, _)| name == "not_null").map_or(0, |at| at + 1);
                next.attrs.0.insert(place, (attr.into(), named(&before) + &rest));
            }
        }
    }

    /// A part's schema is that of its table.
    fn schema_name(&self, value: &str, parent: Option<&Key>) -> String {
        let of_parent = parent.and_then(|p| self.new.find(p)).and_then(|at| self.new.facts[at].get("schema"));
        of_parent.or_else(|| self.words.schemas.get(value).map(String::as_str)).unwrap_or(value).to_owned()
    }

    /// The sequence of an identity goes where its table goes.
    fn follow(&self, sequence: &str, table: Option<&Key>, words: &Words) -> String {
        let moved = table.and_then(|t| self.moves.values().find(|m| m.after == *t));
        let from = moved.map(|m| schema_of(&m.before, &m.from));
        let to = moved.and_then(|m| self.new.find(&m.after)).and_then(|at| self.new.facts[at].get("schema"));
        match from
            .zip(to)
            .and_then(|(from, to)| sequence.strip_prefix(&format!("{from}.")).map(|name| (to, name)))
        {
            Some((schema, name)) => format!("{schema}.{name}"),
            None => words.text(sequence),
        }
    }
}

fn is_program(kind: Kind) -> bool {
    matches!(kind, Kind::Function | Kind::Aggregate)
}

fn next_name(fact: &Fact, own: Option<&Move>) -> String {
    let arguments =
        fact.key.name.find('(').filter(|_| matches!(fact.key.kind, Kind::Function | Kind::Aggregate));
    let name = own.map_or(fact.text("name"), |m| m.to.as_str());
    match (arguments, own) {
        (Some(_), Some(m)) => {
            format!("{name}{}", m.after.name.find('(').map(|at| &m.after.name[at..]).unwrap_or_default())
        }
        (Some(at), None) => format!("{name}{}", &fact.key.name[at..]),
        (None, _) => name.to_owned(),
    }
}

/// A definition says its own name without its schema.
fn named(kind: Kind, text: &str, m: &Move) -> String {
    let word = match kind {
        Kind::Index | Kind::Constraint => "INDEX",
        Kind::Trigger => "TRIGGER",
        Kind::Rule => "RULE",
        _ => return text.to_owned(),
    };
    text.replacen(&format!("{word} {} ", m.from), &format!("{word} {} ", m.to), 1)
}

fn schema_of(key: &Key, name: &str) -> String {
    let bare = key.name.find('(').map_or(key.name.as_str(), |at| &key.name[..at]);
    bare.strip_suffix(name).unwrap_or(bare).trim_end_matches('.').to_owned()
}

/// The key of the same object under another name.
fn sibling(key: &Key, from: &str, to: &str) -> Key {
    let arguments = key.name.find('(').filter(|_| matches!(key.kind, Kind::Function | Kind::Aggregate));
    let (bare, tail) = key.name.split_at(arguments.unwrap_or(key.name.len()));
    let head = bare.strip_suffix(from).unwrap_or(bare);
    Key::new(key.kind, format!("{head}{to}{tail}"))
}

fn created_first(schemas: &[Key]) -> Vec<Statement> {
    schemas.iter().map(|key| Statement::new(format!("CREATE SCHEMA {}", key.name))).collect()
}

fn step(fact: &Fact, here: &Key, what: &str, after: &Key) -> Statement {
    let mut named = fact.clone();
    named.key = here.clone();
    told(fact, Statement::new(format!("ALTER {} {what}", ddl::phrase(&named))), &here.name, after)
}

fn rename(fact: &Fact, here: &Key, from: &str, to: &str, after: &Key) -> Statement {
    let table = {
        let head = here.name.strip_suffix(from).map_or(here.name.as_str(), |t| t.trim_end_matches('.'));
        head.to_owned()
    };
    let sql = match fact.key.kind {
        Kind::Column => format!("ALTER TABLE {table} RENAME COLUMN {from} TO {to}"),
        Kind::Constraint => format!("ALTER TABLE {table} RENAME CONSTRAINT {from} TO {to}"),
        Kind::DomainConstraint => format!("ALTER DOMAIN {table} RENAME CONSTRAINT {from} TO {to}"),
        Kind::Trigger | Kind::Rule | Kind::Policy => {
            format!("ALTER {} {from} ON {table} RENAME TO {to}", fact.key.kind.label().to_uppercase())
        }
        _ => return step(fact, here, &format!("RENAME TO {to}"), after),
    };
    told(fact, Statement::new(sql), &table, after)
}

fn told(fact: &Fact, statement: Statement, relation: &str, after: &Key) -> Statement {
    let statement = match fact.key.kind {
        Kind::Enum
        | Kind::Composite
        | Kind::Range
        | Kind::Domain
        | Kind::Collation
        | Kind::Function
        | Kind::Aggregate => statement,
        _ => statement.exclusive(relation),
    };
    match fact.key.kind {
        Kind::Constraint
        | Kind::DomainConstraint
        | Kind::Index
        | Kind::Statistics
        | Kind::Trigger
        | Kind::Rule
        | Kind::Policy => statement,
        _ => statement.hazard(
            HazardKind::BreaksClients,
            relation,
            format!("{} is called {}", fact.key, after.name),
        ),
    }
}
