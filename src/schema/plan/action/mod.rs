//! What happens to each object, and what that does to those who need it.

mod edges;
mod fold;
mod handover;
mod hosts;
mod lineage;
mod names;
mod server;
mod spread;
mod steps;
mod succession;
mod swap;

use std::collections::BTreeSet;

use super::PlanOptions;
use super::order::Graph;
use crate::schema::ddl::{self, AlterStrategy, Context};
use crate::schema::diff::{SchemaDiff, pairs};
use crate::schema::error::{PlanError, Refusal};
use crate::schema::model::{Adjacency, Attr, Kind, Object, Schema};
use crate::schema::statement::Statement;
pub(in crate::schema) use names::occupied;
use succession::Succession;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Action {
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
    action: Action,
    alter: Vec<Statement>,
    /// Whether its type changes, which its views and such do not survive.
    retyped: bool,
    /// Whether it is a type whose columns move from the old one to the new one.
    moved: bool,
}

impl Item {
    fn drops(&self) -> bool {
        matches!(self.action, Action::Remove | Action::Replace)
    }

    fn creates(&self) -> bool {
        matches!(self.action, Action::Add | Action::Replace)
    }
}

struct Planner<'a> {
    ctx: Context<'a>,
    items: Vec<Item>,
    of_old: Vec<u32>,
    of_new: Vec<u32>,
    old_dependents: Adjacency,
    refusals: BTreeSet<Refusal>,
    /// The items that are built anew beside what they replace.
    swapped: BTreeSet<usize>,
    succession: Succession,
}

/// Everything the plan does, not yet in order.
///
/// With `swap`, changed indexes are exchanged where that is possible; with `in_place`, views are.
pub(super) fn nodes(
    diff: &SchemaDiff,
    options: &PlanOptions,
    swap: bool,
    in_place: bool,
) -> Result<Graph, PlanError> {
    if diff.is_empty() && !options.strict {
        return Ok(Graph::default());
    }
    let (old, new) = (&diff.old, &diff.new);
    let new_parts = new.parts();
    let mut items = Vec::with_capacity(new.objects.len());
    let (mut of_old, mut of_new) = (vec![0; old.objects.len()], vec![0; new.objects.len()]);
    for (at, (one, other)) in pairs(old, new).into_iter().enumerate() {
        let action = match (one, other) {
            (Some(_), None) => Action::Remove,
            (None, _) => Action::Add,
            (Some(a), Some(b)) if moves((old, a), (new, b)) => Action::Replace,
            (Some(a), Some(b)) if old.same(a, new, b) => Action::Keep,
            _ => Action::Alter,
        };
        if let Some(one) = one {
            of_old[one] = at as u32;
        }
        if let Some(other) = other {
            of_new[other] = at as u32;
        }
        items.push(Item { old: one, new: other, action, alter: Vec::new(), retyped: false, moved: false });
    }
    let fresh =
        items.iter().filter(|i| i.action == Action::Add).filter_map(|i| i.new).map(|at| new.objects.at(at));
    let fresh = fresh
        .filter(|f| matches!(f.key.kind, Kind::Table | Kind::MaterializedView))
        .map(|f| f.key.name)
        .collect();
    let ctx =
        Context { old, new, online: options.online, fresh, inline: BTreeSet::new(), new_parts: &new_parts };
    let mut planner = Planner {
        ctx,
        items,
        of_old,
        of_new,
        old_dependents: old.dependents(),
        refusals: BTreeSet::new(),
        swapped: BTreeSet::new(),
        succession: Succession::default(),
    };
    planner.judge();
    if !in_place {
        planner.replace_views();
    }
    planner.judge_domains();
    planner.keep_not_null();
    planner.spread();
    planner.check(options.strict);
    if !planner.refusals.is_empty() {
        return Err(PlanError::Refused(planner.refusals.into_iter().collect()));
    }
    planner.fold_creations();
    if swap {
        planner.swapped = planner.swapped();
        planner.succession = planner.succession();
    }
    Ok(planner.graph())
}

/// Whether something is said of what has another nature on the other side: an identity's sequence, a constraint's index.
fn moves((old, one): (&Schema, usize), (new, other): (&Schema, usize)) -> bool {
    matches!(old.objects.kind(one), Kind::Comment | Kind::Privilege)
        && old.objects.at(one).parent != new.objects.at(other).parent
}

impl<'a> Planner<'a> {
    fn old_object(&self, item: usize) -> Option<Object<'a>> {
        self.items[item].old.map(|at| self.ctx.old.objects.at(at))
    }

    fn new_object(&self, item: usize) -> Option<Object<'a>> {
        self.items[item].new.map(|at| self.ctx.new.objects.at(at))
    }

    /// The items that something happens to: few of those of a large schema.
    fn touched(&self) -> Vec<usize> {
        (0..self.items.len()).filter(|at| self.items[*at].action != Action::Keep).collect()
    }

    fn refuse(&mut self, object: &Object, reason: impl Into<String>) {
        self.refusals.insert(Refusal { object: object.key.to_string(), reason: reason.into() });
    }

    /// Asks each changed object how it changes.
    fn judge(&mut self) {
        for at in 0..self.items.len() {
            if self.items[at].action != Action::Alter {
                continue;
            }
            let (Some(old), Some(new)) = (self.old_object(at), self.new_object(at)) else { continue };
            match ddl::change(&self.ctx, &old, &new) {
                AlterStrategy::Alter(statements) => self.items[at].alter = statements,
                AlterStrategy::Retype(statements) => {
                    self.items[at].alter = statements;
                    self.items[at].retyped = true;
                }
                AlterStrategy::Replace => self.replace(at),
                AlterStrategy::Refuse(reason) => self.refuse(&new, reason),
            }
        }
    }

    /// Changed views are dropped early and made late, so that nothing waits for them.
    fn replace_views(&mut self) {
        for at in self.touched() {
            let view = self.new_object(at).is_some_and(|f| f.key.kind == Kind::View);
            if view && self.items[at].action == Action::Alter {
                self.replace(at);
            }
        }
    }

    /// A domain inside arrays or composite types cannot get a constraint: it is made anew and its columns move.
    fn judge_domains(&mut self) {
        for at in self.touched() {
            let Some(new) = self
                .new_object(at)
                .filter(|f| f.key.kind == Kind::DomainConstraint && self.items[at].creates())
            else {
                continue;
            };
            let Some(domain) = new.parent.as_ref().and_then(|p| self.ctx.old.find(p)) else { continue };
            let contains = |d: &u32| {
                let object = self.ctx.old.objects.at(*d as usize);
                object.key.kind == Kind::Composite
                    || object.key.kind == Kind::Column
                        && object.text(Attr::Type) != self.ctx.old.objects.at(domain).key.name
            };
            if self.old_dependents.of(domain).iter().any(contains) {
                self.replace(self.of_old[domain] as usize);
            }
        }
    }

    /// `DROP NOT NULL` above also takes what a partition or child keeps: since 18 where that came from above alone, before
    /// always. Children are spared before 18, because there the one above can be dropped alone.
    fn keep_not_null(&mut self) {
        let named = self.ctx.old.server_version() >= 180_000;
        let dropped = |at: usize| {
            let column = self.new_object(at).filter(|f| f.key.kind == Kind::Column && !f.has(Attr::NotNull));
            column.is_some() && self.old_object(at).is_some_and(|f| f.has(Attr::NotNull))
        };
        if !self.touched().into_iter().any(dropped) {
            return;
        }
        for at in 0..self.items.len() {
            let (Some(old), Some(new)) = (self.old_object(at), self.new_object(at)) else { continue };
            let kept = new.key.kind == Kind::Column && old.has(Attr::NotNull) && new.has(Attr::NotNull);
            if !kept || !named && self.ctx.new.object(Kind::Partition, ddl::parent(&new)).is_none() {
                continue;
            }
            let above = ddl::parent_column(self.ctx.old, &old).zip(ddl::parent_column(self.ctx.new, &new));
            if above.is_some_and(|(old, new)| old.has(Attr::NotNull) && !new.has(Attr::NotNull)) {
                self.items[at].action = Action::Alter;
                let keep = ddl::keep_not_null(&self.ctx, &old, &new);
                self.items[at].alter.extend(keep);
            }
        }
    }

    fn replace(&mut self, at: usize) {
        let Some(new) = self.new_object(at) else { return };
        match new.key.kind {
            // A foreign table holds no rows of its own.
            Kind::Table
                if new.has(Attr::Foreign) && self.old_object(at).is_some_and(|f| f.has(Attr::Foreign)) =>
            {
                self.ctx.fresh.insert(new.key.name);
                self.items[at].action = Action::Replace;
                self.items[at].alter.clear();
            }
            Kind::Table => self.refuse(&new, "it would have to be dropped and made anew, with all its rows"),
            Kind::Extension => self.refuse(&new, "the extension would have to be dropped and made anew"),
            Kind::Schema => self.refuse(&new, "the schema would have to be dropped and made anew"),
            kind => {
                if kind == Kind::Domain {
                    self.ctx.fresh.insert(new.key.name);
                }
                self.items[at].action = Action::Replace;
                self.items[at].alter.clear();
            }
        }
    }
}
