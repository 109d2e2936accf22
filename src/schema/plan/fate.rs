//! What happens to each fact, and what that does to those who need it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::PlanOptions;
use super::order::Graph;
use crate::schema::ddl::{self, Context, Verdict};
use crate::schema::diff::{SchemaDiff, pairs};
use crate::schema::error::{PlanError, Refusal};
use crate::schema::model::{Fact, Kind, Schema};
use crate::schema::statement::Statement;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Keep,
    Add,
    Remove,
    Alter,
    Replace,
}

#[derive(Debug)]
struct Item {
    old: Option<usize>,
    new: Option<usize>,
    fate: Fate,
    alter: Vec<Statement>,
    /// Whether its type changes, which its views and such do not survive.
    retyped: bool,
    /// Whether it is a type whose columns move from the old one to the new one.
    moved: bool,
}

impl Item {
    fn drops(&self) -> bool {
        matches!(self.fate, Fate::Remove | Fate::Replace)
    }

    fn creates(&self) -> bool {
        matches!(self.fate, Fate::Add | Fate::Replace)
    }
}

struct Planner<'a> {
    ctx: Context<'a>,
    items: Vec<Item>,
    of_old: Vec<u32>,
    of_new: Vec<u32>,
    old_dependents: Vec<Vec<u32>>,
    refusals: BTreeSet<Refusal>,
}

/// Everything the plan does, not yet in order.
pub(super) fn nodes(diff: &SchemaDiff, options: &PlanOptions) -> Result<Graph, PlanError> {
    if diff.is_empty() && !options.strict {
        return Ok(Graph::default());
    }
    let (old, new) = (&diff.old, &diff.new);
    let new_parts = new.parts();
    let mut items = Vec::with_capacity(new.facts.len());
    let (mut of_old, mut of_new) = (vec![0; old.facts.len()], vec![0; new.facts.len()]);
    for (at, (one, other)) in pairs(old, new).into_iter().enumerate() {
        let fate = match (one, other) {
            (Some(_), None) => Fate::Remove,
            (None, _) => Fate::Add,
            (Some(a), Some(b)) if old.facts[a].same_as(&new.facts[b]) => Fate::Keep,
            _ => Fate::Alter,
        };
        if let Some(one) = one {
            of_old[one] = at as u32;
        }
        if let Some(other) = other {
            of_new[other] = at as u32;
        }
        items.push(Item { old: one, new: other, fate, alter: Vec::new(), retyped: false, moved: false });
    }
    let fresh = items.iter().filter(|i| i.fate == Fate::Add).filter_map(|i| i.new).map(|at| &new.facts[at]);
    let fresh = fresh
        .filter(|f| matches!(f.key.kind, Kind::Table | Kind::MaterializedView))
        .map(|f| f.key.name.as_str())
        .collect();
    let ctx =
        Context { old, new, online: options.online, fresh, inline: BTreeSet::new(), new_parts: &new_parts };
    let mut planner =
        Planner { ctx, items, of_old, of_new, old_dependents: old.dependents(), refusals: BTreeSet::new() };
    planner.judge();
    planner.judge_domains();
    planner.spread();
    planner.check(options.strict);
    if !planner.refusals.is_empty() {
        return Err(PlanError::Refused(planner.refusals.into_iter().collect()));
    }
    planner.fold_creations();
    Ok(planner.graph())
}

impl<'a> Planner<'a> {
    fn old_fact(&self, item: usize) -> Option<&'a Fact> {
        self.items[item].old.map(|at| &self.ctx.old.facts[at])
    }

    fn new_fact(&self, item: usize) -> Option<&'a Fact> {
        self.items[item].new.map(|at| &self.ctx.new.facts[at])
    }

    fn refuse(&mut self, fact: &Fact, reason: impl Into<String>) {
        self.refusals.insert(Refusal { object: fact.key.to_string(), reason: reason.into() });
    }

    /// Asks each changed fact how it changes.
    fn judge(&mut self) {
        for at in 0..self.items.len() {
            if self.items[at].fate != Fate::Alter {
                continue;
            }
            let (Some(old), Some(new)) = (self.old_fact(at), self.new_fact(at)) else { continue };
            match ddl::change(&self.ctx, old, new) {
                Verdict::Alter(statements) => self.items[at].alter = statements,
                Verdict::Retype(statements) => {
                    self.items[at].alter = statements;
                    self.items[at].retyped = true;
                }
                Verdict::Replace => self.replace(at),
                Verdict::Refuse(reason) => self.refuse(new, reason),
            }
        }
    }

    /// A domain inside arrays or composite types cannot get a constraint: it is made anew and its columns move.
    fn judge_domains(&mut self) {
        for at in 0..self.items.len() {
            let Some(new) = self
                .new_fact(at)
                .filter(|f| f.key.kind == Kind::DomainConstraint && self.items[at].creates())
            else {
                continue;
            };
            let Some(domain) = new.parent.as_ref().and_then(|p| self.ctx.old.find(p)) else { continue };
            let contains = |d: &u32| {
                let fact = &self.ctx.old.facts[*d as usize];
                fact.key.kind == Kind::Composite
                    || fact.key.kind == Kind::Column
                        && fact.text("type") != self.ctx.old.facts[domain].key.name
            };
            if self.old_dependents[domain].iter().any(contains) {
                self.replace(self.of_old[domain] as usize);
            }
        }
    }

    fn replace(&mut self, at: usize) {
        let Some(new) = self.new_fact(at) else { return };
        match new.key.kind {
            // A foreign table holds no rows of its own.
            Kind::Table if new.has("foreign") && self.old_fact(at).is_some_and(|f| f.has("foreign")) => {
                self.ctx.fresh.insert(new.key.name.as_str());
                self.items[at].fate = Fate::Replace;
                self.items[at].alter.clear();
            }
            Kind::Table => self.refuse(new, "it would have to be dropped and made anew, with all its rows"),
            Kind::Extension => self.refuse(new, "the extension would have to be dropped and made anew"),
            Kind::Schema => self.refuse(new, "the schema would have to be dropped and made anew"),
            kind => {
                if kind == Kind::Domain {
                    self.ctx.fresh.insert(new.key.name.as_str());
                }
                self.items[at].fate = Fate::Replace;
                self.items[at].alter.clear();
            }
        }
    }

    /// Carries drops, replacements and changes of type on to those who depend on them.
    fn spread(&mut self) {
        let mut queue: Vec<usize> =
            (0..self.items.len()).filter(|at| self.items[*at].drops() || self.items[*at].retyped).collect();
        let mut seen = HashMap::new();
        while let Some(at) = queue.pop() {
            let state = (self.items[at].drops(), self.items[at].retyped);
            if seen.insert(at, state) == Some(state) {
                continue;
            }
            let Some(old) = self.items[at].old else { continue };
            for dependent in self.old_dependents[old].clone() {
                let dependent = self.of_old[dependent as usize] as usize;
                if let Some(child) = self.torn_along(at, dependent) {
                    queue.push(child);
                }
                let before = (self.items[dependent].drops(), self.items[dependent].retyped);
                self.affect(at, dependent);
                if before != (self.items[dependent].drops(), self.items[dependent].retyped) {
                    queue.push(dependent);
                }
            }
        }
    }

    /// The index of a partition that disappears with the partitioned index it is a part of, and has to come back.
    fn torn_along(&mut self, at: usize, attach: usize) -> Option<usize> {
        let fact = self.old_fact(attach).filter(|f| f.key.kind == Kind::IndexAttach)?;
        let parent =
            self.old_fact(at).filter(|f| self.items[at].drops() && Some(&f.key) != fact.parent.as_ref())?;
        if !matches!(parent.key.kind, Kind::Index | Kind::Constraint) {
            return None;
        }
        let child = self.of_old[fact.parent.as_ref().and_then(|p| self.ctx.old.find(p))?] as usize;
        if self.items[child].drops() {
            return None;
        }
        self.replace(child);
        Some(child)
    }

    fn affect(&mut self, at: usize, dependent: usize) {
        let item = &self.items[dependent];
        let (Some(needed), Some(old), Some(new)) =
            (self.old_fact(at), self.old_fact(dependent), self.new_fact(dependent))
        else {
            return;
        };
        if item.drops() || item.fate == Fate::Add {
            return;
        }
        let (x, d) = (needed.key.kind, new.key.kind);
        if !self.items[at].drops() {
            match (x, d) {
                (Kind::Column, Kind::Column) if old.has("generated") || old.has("generated_virtual") => {
                    self.replace(dependent)
                }
                (
                    Kind::Column,
                    Kind::View
                    | Kind::MaterializedView
                    | Kind::Rule
                    | Kind::Policy
                    | Kind::Trigger
                    | Kind::Default
                    | Kind::Function
                    | Kind::PublicationTable,
                )
                | (Kind::Composite, Kind::View | Kind::MaterializedView | Kind::Rule) => {
                    self.replace(dependent)
                }
                (Kind::Column, Kind::Constraint)
                    if new.text("type") == "foreign key" && !self.stays_comparable(at) =>
                {
                    self.replace(dependent)
                }
                (Kind::Composite, Kind::Column) => {
                    let reason = format!(
                        "PostgreSQL cannot change an attribute's type in {} while this column uses it",
                        needed.key.name
                    );
                    self.refuse(new, reason);
                }
                _ => {}
            }
            return;
        }
        let gone = self.items[at].fate == Fate::Remove;
        match d {
            _ if gone && item.fate == Fate::Alter => {}
            Kind::Column
                if matches!(x, Kind::Enum | Kind::Domain | Kind::Range | Kind::Collation)
                    && (!gone || item.fate == Fate::Keep) =>
            {
                self.move_column(at, dependent, old, new)
            }
            Kind::Column
                if (old.has("generated") || old.has("generated_virtual"))
                    && matches!(x, Kind::Function | Kind::Operator | Kind::Column) =>
            {
                self.replace(dependent)
            }
            Kind::Column if x == Kind::Table && old.parent.as_ref() == Some(&needed.key) => {
                self.replace(dependent)
            }
            Kind::Column | Kind::Table | Kind::Schema | Kind::Extension => {
                let reason = format!("it needs {}, which would have to be dropped and made anew", needed.key);
                self.refuse(new, reason);
            }
            _ => self.replace(dependent),
        }
    }

    /// Whether the two ends of a foreign key can be compared while only one has its new type.
    fn stays_comparable(&self, column: usize) -> bool {
        let (Some(old), Some(new)) = (self.old_fact(column), self.new_fact(column)) else { return true };
        let family = |of: &str| match of {
            "smallint" | "integer" | "bigint" => "integer",
            t if t == "text" || t.starts_with("character varying") => "text",
            _ => "",
        };
        let (one, other) = (old.text("type"), new.text("type"));
        family(one) == family(other) && !family(one).is_empty()
    }

    /// The type of a column is made anew under its name: the column moves from the one to the other.
    fn move_column(&mut self, at: usize, column: usize, old: &'a Fact, new: &'a Fact) {
        self.items[at].moved = true;
        if ddl::is_partition_key(&self.ctx, new) {
            self.refuse(new, "PostgreSQL cannot change the type of a column in a partition key");
            return;
        }
        if self.items[column].retyped {
            return;
        }
        if !new.has("has_parent") {
            let name = new.text("name");
            let mut statement = ddl::retype(&self.ctx, old, new);
            if self.old_fact(at).is_some_and(|f| f.key.kind != Kind::Collation) {
                statement.sql = format!(
                    "ALTER TABLE {} ALTER COLUMN {name} TYPE {} USING {name}::text::{}",
                    ddl::parent(new),
                    new.text("type"),
                    new.text("type")
                );
            }
            self.items[column].alter.insert(0, statement);
        }
        self.items[column].fate = Fate::Alter;
        self.items[column].retyped = true;
    }

    /// Refuses what cannot work on the old side's server.
    fn check(&mut self, strict: bool) {
        let version = self.ctx.old.server_version();
        for at in 0..self.items.len() {
            let item = &self.items[at];
            let fact = self.new_fact(at).or(self.old_fact(at));
            let Some(fact) = fact else { continue };
            if fact.key.kind == Kind::Uncompared && (strict || item.fate != Fate::Keep) {
                self.refuse(
                    fact,
                    "objects of its kind are not compared in detail, so nothing can be planned for it",
                );
            }
            let Some(new) = self.new_fact(at).filter(|_| self.items[at].fate != Fate::Keep) else { continue };
            let role = match new.key.kind {
                Kind::Owner => new.get("role"),
                Kind::Privilege => new.get("@grantee").filter(|g| !matches!(*g, "OWNER" | "PUBLIC")),
                Kind::DefaultPrivileges => new.get("grantee").filter(|g| *g != "PUBLIC"),
                _ => None,
            };
            let roles: Vec<&str> = match new.key.kind {
                Kind::Policy => new.text("roles").split(", ").filter(|r| *r != "PUBLIC").collect(),
                Kind::DefaultPrivileges => role.into_iter().chain(new.get("role")).collect(),
                _ => role.into_iter().collect(),
            };
            for role in roles.into_iter().filter(|r| !self.ctx.old.origin.roles.contains(*r)) {
                self.refuse(new, format!("role {role} does not exist on the old side's server"));
            }
            let too_new = match new.key.kind {
                Kind::Column if new.has("generated_virtual") => (180_000, "virtual generated columns"),
                Kind::Collation if new.get("provider") == Some("builtin") => {
                    (170_000, "the builtin collation provider")
                }
                Kind::Constraint if new.text("definition").contains("NOT ENFORCED") => {
                    (180_000, "constraints that are not enforced")
                }
                Kind::Constraint if new.text("definition").contains("WITHOUT OVERLAPS") => {
                    (180_000, "temporal constraints")
                }
                _ => (0, ""),
            };
            if version < too_new.0 {
                self.refuse(new, format!("the old side's server does not know {}", too_new.1));
            }
            if new.key.kind == Kind::Extension && self.items[at].creates() {
                let wanted = format!("{} {}", new.key.name, new.text("version"));
                if !self.ctx.old.origin.available_extensions.contains(&wanted) {
                    self.refuse(
                        new,
                        format!("version {} is not available on the old side's server", new.text("version")),
                    );
                }
            }
        }
    }

    /// Finds the facts that are created as a part of their table or column.
    fn fold_creations(&mut self) {
        let mut inline = BTreeSet::new();
        for at in 0..self.items.len() {
            let Some(new) = self.items[at].new.filter(|_| self.items[at].creates()) else { continue };
            let fact = &self.ctx.new.facts[new];
            let Some(parent) = fact.parent.as_ref().and_then(|p| self.ctx.new.find(p)) else { continue };
            if !self.items[self.of_new[parent] as usize].creates() {
                continue;
            }
            let folds = match fact.key.kind {
                Kind::Column => true,
                Kind::Default => {
                    self.ctx.new.facts[parent].key.kind == Kind::Column
                        && !self.ctx.new.facts[parent].has("inherited")
                        && self.stands_alone(fact)
                        || self.ctx.new.facts[parent].has("inherited")
                            && self
                                .ctx
                                .new
                                .fact(Kind::Table, fact.text("table"))
                                .is_some_and(|t| !t.has("inherits"))
                            && self.stands_alone(fact)
                }
                Kind::Constraint => {
                    let kind = fact.text("type");
                    let simple = !["index_options", "tablespace", "clustered", "replica_identity"]
                        .iter()
                        .any(|a| fact.has(a));
                    let foreign = self
                        .ctx
                        .new
                        .fact(Kind::Table, ddl::parent(fact))
                        .is_some_and(|t| t.has("inherits") && fact.has("inherited"));
                    !foreign
                        && matches!(kind, "check" | "primary key" | "unique")
                        && simple
                        && self.stands_alone(fact)
                        && !fact.text("definition").ends_with("NOT VALID")
                }
                _ => false,
            };
            if folds {
                inline.insert(new);
            }
        }
        self.ctx.inline = inline;
    }

    /// Whether a fact needs no relation but its own, not even through a function.
    fn stands_alone(&self, fact: &Fact) -> bool {
        let own = fact.key.name.as_str();
        let relation = |f: &Fact| {
            matches!(
                f.key.kind,
                Kind::Table
                    | Kind::View
                    | Kind::MaterializedView
                    | Kind::Column
                    | Kind::Function
                    | Kind::Aggregate
            )
        };
        fact.needs.iter().map(|n| &self.ctx.new.facts[*n as usize]).all(|need| match need.key.kind {
            Kind::Table | Kind::Column => {
                own.starts_with(need.key.name.as_str())
                    || need.parent.as_ref().is_some_and(|p| own.starts_with(&format!("{}.", p.name)))
            }
            Kind::View | Kind::MaterializedView | Kind::Constraint | Kind::Index => false,
            Kind::Function => !need.needs.iter().any(|n| relation(&self.ctx.new.facts[*n as usize])),
            _ => true,
        })
    }
}

type Ends = Option<(u32, u32)>;

impl Planner<'_> {
    fn graph(&mut self) -> Graph {
        let mut graph = Graph::default();
        let count = self.items.len();
        let (mut drops, mut creates, mut purges): (Vec<Ends>, Vec<Ends>, Vec<Ends>) =
            (vec![None; count], vec![None; count], vec![None; count]);
        let identities: HashMap<&str, usize> = (0..count)
            .filter(|at| self.items[*at].fate == Fate::Alter)
            .filter_map(|at| self.new_fact(at).and_then(|f| f.get("identity_sequence")).map(|s| (s, at)))
            .collect();
        let mut handed: Vec<(usize, usize)> = Vec::new();
        let hosts: Vec<Option<usize>> = (0..count).map(|at| self.drop_host(at)).collect();
        for at in 0..count {
            let rank = self.old_fact(at).or(self.new_fact(at)).map(|f| f.key.kind as u32).unwrap_or_default();
            if self.items[at].drops()
                && hosts[at].is_none()
                && let Some(old) = self.old_fact(at)
            {
                let mut statements = ddl::drop(&self.ctx, old);
                if let Some(column) =
                    identities.get(old.key.name.as_str()).filter(|_| old.key.kind == Kind::Sequence)
                {
                    let (away, hand) = hand_over(old);
                    statements = away;
                    purges[at] =
                        Some(graph.chain(hand, (2, rank, at as u32), || format!("drop {}", old.key)));
                    handed.push((at, *column));
                } else if self.items[at].moved {
                    let aside = aside(old);
                    statements =
                        vec![Statement::new(format!("ALTER {} RENAME TO {aside}", ddl::phrase(old)))];
                    let schema = old.text("schema");
                    let word = match old.key.kind {
                        Kind::Domain => "DOMAIN",
                        Kind::Collation => "COLLATION",
                        _ => "TYPE",
                    };
                    let purge = vec![Statement::new(format!("DROP {word} {schema}.{aside}"))];
                    purges[at] =
                        Some(graph.chain(purge, (2, rank, at as u32), || format!("drop {}", old.key)));
                }
                drops[at] = Some(
                    graph.chain(statements, (0, u32::MAX - rank, at as u32), || format!("drop {}", old.key)),
                );
            }
        }
        for at in 0..count {
            if self.items[at].drops() {
                let mut host = at;
                while let Some(above) = hosts[host] {
                    host = above;
                }
                drops[at] = drops[host];
            }
        }
        for at in 0..count {
            let Some(new) = self.new_fact(at) else { continue };
            let rank = (1, new.key.kind as u32, at as u32);
            if self.items[at].creates() {
                if self.create_host(at).is_some() {
                    continue;
                }
                let statements = self.creation(new);
                creates[at] = Some(graph.chain(statements, rank, || format!("create {}", new.key)));
            } else if self.items[at].fate == Fate::Alter {
                let statements = std::mem::take(&mut self.items[at].alter);
                creates[at] = Some(graph.chain(statements, rank, || format!("alter {}", new.key)));
                if let Some(old) = self.old_fact(at).filter(|_| new.key.kind == Kind::Table) {
                    let inherit = ddl::inherit(old, new);
                    if !inherit.is_empty() {
                        purges[at] = Some(
                            graph.chain(inherit, (2, rank.1, rank.2), || format!("inherit {}", new.key)),
                        );
                    }
                }
            }
        }
        for at in 0..count {
            if self.items[at].creates() && creates[at].is_none() {
                let mut host = at;
                while let Some(above) = self.create_host(host) {
                    host = above;
                }
                creates[at] = creates[host];
            }
        }
        for (sequence, column) in handed {
            if let Some(((_, tail), (head, _))) = creates[column].zip(purges[sequence]) {
                graph.edges.push((tail, head));
            }
        }
        self.edges(&mut graph, &drops, &creates, &purges);
        graph
    }

    fn creation(&self, new: &Fact) -> Vec<Statement> {
        if new.key.kind == Kind::Privilege {
            let object = new
                .parent
                .as_ref()
                .and_then(|p| self.ctx.new.find(p))
                .map(|at| (at, &self.ctx.new.facts[at]));
            if let Some((at, object)) = object
                && self.items[self.of_new[at] as usize].creates()
            {
                // What default privileges gave it is settled where the object is created.
                if ddl::born_with(self.ctx.old, object).iter().any(|born| born.key == new.key) {
                    return Vec::new();
                }
            }
        }
        let mut statements = ddl::create(&self.ctx, new);
        for born in ddl::born_with(self.ctx.old, new) {
            let wanted = self.ctx.new.find(&born.key).map(|at| &self.ctx.new.facts[at]);
            statements.extend(ddl::shift_privileges(&self.ctx, &born, wanted));
        }
        statements
    }

    /// The item whose drop takes this one along.
    fn drop_host(&self, at: usize) -> Option<usize> {
        let old = self.old_fact(at).filter(|_| self.items[at].drops())?;
        let dropped = |key: &crate::schema::model::Key| {
            self.ctx.old.find(key).map(|at| self.of_old[at] as usize).filter(|at| self.items[*at].drops())
        };
        let parent = old.parent.as_ref().and_then(dropped);
        let by = |kind: Kind, name: &str| dropped(&ddl::key(kind, name)).filter(|host| *host != at);
        match old.key.kind {
            Kind::UserMapping => None,
            Kind::Constraint if old.text("type") == "foreign key" => parent.filter(|_| {
                old.text("references") == ddl::parent(old)
                    || by(Kind::Table, old.text("references")).is_none()
            }),
            Kind::Sequence if self.items[at].fate == Fate::Remove => {
                let owner = self.ctx.old.fact(Kind::SequenceOwner, &old.key.name)?;
                by(Kind::Column, owner.text("column"))
            }
            Kind::Column if old.has("inherited") && parent.is_none() => {
                let above = ddl::parent_column(self.ctx.old, old)?;
                by(Kind::Column, &above.key.name)
            }
            Kind::Constraint if old.has("inherited") && parent.is_none() && old.text("type") == "check" => {
                self.parent_constraint(self.ctx.old, old).and_then(|above| by(Kind::Constraint, &above))
            }
            Kind::Index | Kind::Constraint if parent.is_none() => {
                self.attached_to(old).and_then(|(kind, name)| by(kind, &name))
            }
            _ => parent,
        }
    }

    fn attached_to(&self, old: &Fact) -> Option<(Kind, String)> {
        let name = match old.key.kind {
            Kind::Index => old.key.name.clone(),
            _ => format!("{}.{}", old.text("schema"), old.text("name")),
        };
        let attach = self.ctx.old.fact(Kind::IndexAttach, &name)?;
        Some(match attach.get("of_constraint") {
            Some(constraint) => (Kind::Constraint, constraint.to_owned()),
            None => (Kind::Index, attach.text("of").to_owned()),
        })
    }

    fn parent_constraint(&self, schema: &Schema, fact: &Fact) -> Option<String> {
        let table = ddl::parent(fact);
        let partition = schema.fact(Kind::Partition, table).map(|p| p.text("of"));
        let parents = schema.fact(Kind::Table, table).and_then(|t| t.get("inherits"));
        let mut above = partition.into_iter().chain(ddl::lines(parents));
        above
            .find_map(|name| schema.fact(Kind::Constraint, &format!("{name}.{}", fact.text("name"))))
            .map(|f| f.key.name.clone())
    }

    /// The item whose creation brings this one along.
    fn create_host(&self, at: usize) -> Option<usize> {
        let new = self.items[at].new.filter(|_| self.items[at].creates())?;
        let fact = &self.ctx.new.facts[new];
        let created = |key: &crate::schema::model::Key| {
            self.ctx.new.find(key).map(|at| self.of_new[at] as usize).filter(|at| self.items[*at].creates())
        };
        let parent = fact.parent.as_ref().and_then(created);
        if self.ctx.inline.contains(&new) {
            return parent;
        }
        match fact.key.kind {
            Kind::Column if fact.has("has_parent") && parent.is_none() => {
                let above = ddl::parent_column(self.ctx.new, fact)?;
                created(&above.key)
            }
            Kind::Constraint if fact.has("inherited") && fact.text("type") == "check" => {
                let fresh = self.ctx.is_fresh(ddl::parent(fact));
                let partition = self.ctx.new.fact(Kind::Partition, ddl::parent(fact)).is_some();
                if fresh && partition {
                    return None;
                }
                let above = self.parent_constraint(self.ctx.new, fact)?;
                created(&ddl::key(Kind::Constraint, &above)).or(parent)
            }
            _ => None,
        }
    }

    fn edges(&self, graph: &mut Graph, drops: &[Ends], creates: &[Ends], purges: &[Ends]) {
        let mut edges = Vec::new();
        let mut before = |one: Ends, other: Ends| {
            if let Some(((_, tail), (head, _))) = one.zip(other) {
                edges.push((tail, head));
            }
        };
        for at in 0..self.items.len() {
            let item = &self.items[at];
            before(drops[at].filter(|_| item.creates()), creates[at]);
            before(creates[at], purges[at]);
            if let Some(new) = item.new.filter(|_| purges[at].is_some())
                && self.ctx.new.facts[new].key.kind == Kind::Table
            {
                for part in &self.ctx.new_parts[new] {
                    before(creates[self.of_new[*part as usize] as usize], purges[at]);
                }
                for need in &self.ctx.new.facts[new].needs {
                    before(creates[self.of_new[*need as usize] as usize], purges[at]);
                }
            }
            // A table leaves its parents before its columns go.
            if let Some(parent) = self
                .old_fact(at)
                .filter(|_| item.drops())
                .and_then(|f| f.parent.as_ref())
                .filter(|p| p.kind == Kind::Table)
            {
                let table = self.ctx.old.find(parent).map(|p| self.of_old[p] as usize);
                before(
                    table.and_then(|t| creates[t].filter(|_| self.items[t].fate == Fate::Alter)),
                    drops[at],
                );
            }
            if let Some(old) = item.old {
                let sensitive = self.old_fact(at).is_some_and(|f| {
                    matches!(f.key.kind, Kind::Column | Kind::Composite | Kind::Domain | Kind::Partition)
                });
                for dependent in &self.old_dependents[old] {
                    let dependent = self.of_old[*dependent as usize] as usize;
                    if item.drops() {
                        before(drops[dependent].filter(|d| Some(*d) != drops[at]), drops[at]);
                        if self.items[dependent].fate == Fate::Alter {
                            let moved = item.moved && self.items[dependent].retyped;
                            before(creates[dependent], if moved { purges[at] } else { drops[at] });
                        }
                    } else if item.fate == Fate::Alter && sensitive {
                        before(drops[dependent], creates[at]);
                    }
                }
            }
            if let Some(new) = item.new.filter(|_| item.creates() || item.fate == Fate::Alter) {
                for need in &self.ctx.new.facts[new].needs {
                    let need = self.of_new[*need as usize] as usize;
                    before(creates[need].filter(|c| Some(*c) != creates[at]), creates[at]);
                    // A domain that is made anew gets its constraints before a column uses it.
                    if let Some(domain) = self.items[need].new.filter(|_| self.items[need].moved) {
                        let parts = self.ctx.new_parts[domain]
                            .iter()
                            .map(|p| (self.of_new[*p as usize] as usize, &self.ctx.new.facts[*p as usize]));
                        for (part, _) in
                            parts.filter(|(part, f)| f.key.kind == Kind::DomainConstraint && *part != at)
                        {
                            before(creates[part], creates[at]);
                        }
                    }
                }
                self.partition_edges(at, &self.ctx.new.facts[new], creates, &mut before);
            }
        }
        self.names(drops, creates, purges, &mut before);
        graph.edges.extend(edges);
    }

    fn partition_edges(&self, at: usize, fact: &Fact, creates: &[Ends], before: &mut impl FnMut(Ends, Ends)) {
        match fact.key.kind {
            Kind::Partition => {
                let table = fact.parent.as_ref().and_then(|p| self.ctx.new.find(p));
                for part in table.into_iter().flat_map(|t| &self.ctx.new_parts[t]) {
                    let kind = self.ctx.new.facts[*part as usize].key.kind;
                    if matches!(kind, Kind::Index | Kind::Constraint | Kind::Column | Kind::Default) {
                        before(creates[self.of_new[*part as usize] as usize], creates[at]);
                    }
                }
            }
            Kind::IndexAttach => {
                let host = fact
                    .parent
                    .as_ref()
                    .and_then(|p| self.ctx.new.find(p))
                    .and_then(|at| self.ctx.new.facts[at].parent.clone());
                let place = host.and_then(|table| self.ctx.new.find(&ddl::key(Kind::Partition, &table.name)));
                before(place.and_then(|p| creates[self.of_new[p] as usize]), creates[at]);
            }
            _ => {}
        }
    }

    /// A name is free only once what had it is gone.
    fn names(&self, drops: &[Ends], creates: &[Ends], purges: &[Ends], before: &mut impl FnMut(Ends, Ends)) {
        let mut freed: BTreeMap<(u8, String), Vec<Ends>> = BTreeMap::new();
        for at in 0..self.items.len() {
            let item = &self.items[at];
            let Some(old) = self.old_fact(at) else { continue };
            if item.drops() {
                let gone = drops[at];
                let _ = purges;
                occupied(old).into_iter().for_each(|name| freed.entry(name).or_default().push(gone));
            } else if item.fate == Fate::Alter
                && old.has("identity")
                && !self.new_fact(at).is_some_and(|n| n.has("identity"))
            {
                occupied(old).into_iter().for_each(|name| freed.entry(name).or_default().push(creates[at]));
            }
        }
        if freed.is_empty() {
            return;
        }
        for (at, create) in creates.iter().copied().enumerate() {
            let item = &self.items[at];
            let Some(new) = self.new_fact(at).filter(|_| item.creates() || item.fate == Fate::Alter) else {
                continue;
            };
            for name in occupied(new) {
                for gone in freed.get(&name).into_iter().flatten() {
                    before(gone.filter(|g| Some(*g) != create), create);
                }
            }
        }
    }
}

/// The names a fact takes, in the namespaces of relations, types and functions.
pub(in crate::schema) fn occupied(fact: &Fact) -> Vec<(u8, String)> {
    let name = fact.key.name.clone();
    match fact.key.kind {
        Kind::Table | Kind::View | Kind::MaterializedView | Kind::Composite => {
            vec![(0, name.clone()), (1, name)]
        }
        Kind::Index | Kind::Sequence => vec![(0, name)],
        Kind::Constraint if matches!(fact.text("type"), "primary key" | "unique" | "exclusion") => {
            vec![(0, format!("{}.{}", fact.text("schema"), fact.text("name")))]
        }
        Kind::Enum | Kind::Domain => vec![(1, name)],
        Kind::Range => vec![(1, name), (1, fact.text("multirange").to_owned())],
        Kind::Function | Kind::Aggregate => vec![(2, name)],
        Kind::Column => fact.get("identity_sequence").map(|s| (0, s.to_owned())).into_iter().collect(),
        _ => Vec::new(),
    }
}

/// A sequence that becomes the column's identity: it makes way, gives its position to the new one, and goes.
fn hand_over(sequence: &Fact) -> (Vec<Statement>, Vec<Statement>) {
    let (name, aside) = (&sequence.key.name, aside(sequence));
    let old = format!("{}.{aside}", sequence.text("schema"));
    let position = format!(
        "DO $$ BEGIN PERFORM pg_catalog.setval('{}', last_value, is_called) FROM {old}; END $$",
        name.replace('\'', "''")
    );
    let away = vec![
        Statement::new(format!("ALTER SEQUENCE {name} OWNED BY NONE")).exclusive(name),
        Statement::new(format!("ALTER SEQUENCE {name} RENAME TO {aside}")).exclusive(name),
    ];
    (away, vec![Statement::new(position), Statement::new(format!("DROP SEQUENCE {old}"))])
}

/// The name an old type goes by while its columns move to the new one.
fn aside(fact: &Fact) -> String {
    let plain: String =
        fact.text("name").chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').take(45).collect();
    format!("lakebase_old_{}", plain.to_lowercase())
}
