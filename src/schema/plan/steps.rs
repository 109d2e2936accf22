//! The steps of a plan: drops, creations, alterations and final removals.

use super::action::containers::{create_host, drop_host};
use super::action::privileges::{gets_identity, initial_privileges, is_granted_at_creation};
use super::action::sequences::{self, IdentityChanges, Transfer};
use super::action::{Action, Planner, changes_parent, recreation_statements, swap};
use super::order::{Graph, Rank};
use super::view::{PlanView, Steps};
use crate::schema::ddl::{self, Context, temporary};
use crate::schema::model::{Attr, Kind, Object};
use crate::schema::statement::{Phase, Statement};
use crate::sql::bracket;

struct Builder<'p, 'a> {
    planner: &'p Planner<'a>,
    graph: Graph,
    steps: Vec<Steps>,
    drop_hosts: Vec<Option<usize>>,
    identities: IdentityChanges<'a>,
    transfers: Vec<Transfer>,
}

/// Builds the steps of every changed object, not yet ordered.
pub(super) fn build<'p, 'a>(planner: &'p Planner<'a>) -> (Graph, PlanView<'p, 'a>) {
    let touched = planner.touched();
    let count = planner.items.len();
    let mut builder = Builder {
        planner,
        graph: Graph::default(),
        steps: vec![Steps::default(); count],
        drop_hosts: (0..count).map(|at| drop_host(planner, at)).collect(),
        identities: sequences::identity_changes(planner),
        transfers: Vec::new(),
    };
    for at in touched.iter().copied() {
        if planner.swapped.contains(&at) {
            builder.swap(at);
        } else if planner.items[at].drops() && builder.drop_hosts[at].is_none() {
            builder.drop(at);
        }
    }
    builder.share_drops(&touched);
    for at in touched.iter().copied() {
        let Some(new) = planner.new_object(at) else { continue };
        if planner.items[at].creates() {
            builder.create(at, &new);
        } else if planner.items[at].action == Action::Alter {
            builder.alter(at, &new);
        }
    }
    builder.share_creations(&touched);
    let Builder { graph, steps, transfers, .. } = builder;
    (graph, PlanView { planner, touched, steps, transfers })
}

impl Builder<'_, '_> {
    /// Builds the new index or key beside the old one, and swaps the two.
    fn swap(&mut self, at: usize) {
        let Some(new) = self.planner.new_object(at) else { return };
        let name = || format!("swap {}", new.key);
        let (build, purge) = match swap::swap(self.planner, at) {
            Some(swap) => ([swap.build, swap.swap].concat(), swap.purge),
            None => Default::default(),
        };
        let (first, last) = self.graph.chain(build, Rank::create(new.key.kind, at), name);
        self.steps[at].create = Some((first, last));
        self.steps[at].drop = Some((last, last)).filter(|_| self.drop_hosts[at].is_none());
        if !purge.is_empty() {
            self.steps[at].purge = Some(self.graph.chain(purge, Rank::purge(new.key.kind, at), name));
        }
    }

    fn drop(&mut self, at: usize) {
        let Some(old) = self.planner.old_object(at) else { return };
        let mut statements = self.drop_statements(at, &old);
        let mut purge = Vec::new();
        if let Some(recreation) = self.planner.recreations.iter().find(|recreation| recreation.root == at) {
            (statements, purge) = recreation_statements(self.planner, recreation);
        } else if let Some((column, identity)) =
            sequences::transferred_to(self.planner, &self.identities, &old)
        {
            (statements, purge) = sequences::transfer_to_identity(&self.planner.ctx, &old, identity);
            self.transfers.push(Transfer::ToIdentity { sequence: at, column });
        } else if self.planner.items[at].renamed_away {
            (statements, purge) = rename_away(&self.planner.ctx, &old);
        }
        let name = || format!("drop {}", old.key);
        if !purge.is_empty() {
            self.steps[at].purge = Some(self.graph.chain(purge, Rank::purge(old.key.kind, at), name));
        }
        self.steps[at].drop = Some(self.graph.chain(statements, Rank::drop(old.key.kind, at), name));
    }

    fn drop_statements(&self, at: usize, old: &Object<'_>) -> Vec<Statement> {
        let planner = self.planner;
        let both = planner.items[at].old.zip(planner.items[at].new);
        let moved = both.is_some_and(|(a, b)| changes_parent((planner.ctx.old, a), (planner.ctx.new, b)));
        if moved || planner.succession.adopted.values().any(|index| *index == at) {
            return Vec::new();
        }
        let statements = ddl::drop(&planner.ctx, old);
        if !planner.succession.deferred_drops.contains(&at) {
            return statements;
        }
        statements.into_iter().map(|statement| statement.at(Phase::Finish)).collect()
    }

    /// Assigns the step of the host to each object that is dropped with it.
    fn share_drops(&mut self, touched: &[usize]) {
        for at in touched.iter().copied().filter(|at| self.planner.items[*at].drops()) {
            let mut host = at;
            while let Some(above) = self.drop_hosts[host] {
                host = above;
            }
            self.steps[at].drop = self.steps[host].drop;
        }
    }

    fn create(&mut self, at: usize, new: &Object<'_>) {
        if self.planner.swapped.contains(&at) || create_host(self.planner, at).is_some() {
            return;
        }
        let (rank, name) = (Rank::create(new.key.kind, at), || format!("create {}", new.key));
        let mut statements = self.create_statements(at, new);
        if let Some((column, identity)) = sequences::transferred_from(self.planner, &self.identities, new) {
            let prepare;
            (prepare, statements) =
                sequences::transfer_from_identity(&self.planner.ctx, statements, new, identity);
            self.steps[at].prepare = Some(self.graph.chain(prepare, rank, name));
            self.transfers.push(Transfer::FromIdentity { sequence: at, column });
        }
        self.steps[at].create = Some(self.graph.chain(statements, rank, name));
    }

    fn create_statements(&self, at: usize, new: &Object<'_>) -> Vec<Statement> {
        let planner = self.planner;
        if let Some(index) = planner.succession.adopted.get(&at).and_then(|at| planner.old_object(*at)) {
            return ddl::adopt(new, &index);
        }
        if planner.succession.temporarily_named.contains(&at) {
            return ddl::build_under_temporary_name(&planner.ctx, new);
        }
        if new.key.kind == Kind::Constraint && ddl::is_kept_key(&planner.ctx, new) {
            return Vec::new();
        }
        if new.key.kind == Kind::Privilege && is_granted_at_creation(planner, new) {
            return Vec::new();
        }
        let mut statements = ddl::create(&planner.ctx, new);
        statements.extend(initial_privileges(planner, new));
        if new.key.kind == Kind::Table {
            let columns = planner.ctx.parts(new).map(|(_, part)| part).filter(|f| f.key.kind == Kind::Column);
            statements.extend(columns.flat_map(|column| initial_privileges(planner, &column)));
        }
        statements
    }

    fn alter(&mut self, at: usize, new: &Object<'_>) {
        let planner = self.planner;
        let mut statements = planner.items[at].alter.clone();
        if gets_identity(planner, at) {
            statements.extend(initial_privileges(planner, new));
        }
        let rank = Rank::create(new.key.kind, at);
        let altered = self.graph.chain(statements, rank, || format!("alter {}", new.key));
        self.steps[at].create = Some(altered);
        let detached = !planner.items[at].detach.is_empty();
        if detached {
            let (rank, name) = (Rank::drop(new.key.kind, at), || format!("detach {}", new.key));
            let (first, last) = self.graph.chain(planner.items[at].detach.clone(), rank, name);
            self.graph.edges.push((last, altered.0));
            self.steps[at].drop = Some((first, last));
        }
        let Some(old) = planner.old_object(at).filter(|_| new.key.kind == Kind::Table) else { return };
        let inherit = ddl::join(&planner.ctx, &old, new, detached);
        if !inherit.is_empty() {
            let name = || format!("inherit {}", new.key);
            self.steps[at].purge = Some(self.graph.chain(inherit, Rank::purge(new.key.kind, at), name));
        }
    }

    /// Assigns the step of the host to each object that is created with it, and the step that creates a constraint to
    /// the index that the constraint adopts.
    fn share_creations(&mut self, touched: &[usize]) {
        for at in touched.iter().copied() {
            if !self.planner.items[at].creates() || self.steps[at].create.is_some() {
                continue;
            }
            let mut host = at;
            while let Some(above) = create_host(self.planner, host) {
                host = above;
            }
            self.steps[at].create = self.steps[host].create;
        }
        for (constraint, index) in &self.planner.succession.adopted {
            self.steps[*index].drop = self.steps[*constraint].create;
        }
    }
}

/// Renames an old type or function until its dependents use the new one; the second part drops it.
fn rename_away(ctx: &Context<'_>, old: &Object<'_>) -> (Vec<Statement>, Vec<Statement>) {
    let name = temporary(ctx, "old", old);
    let rename = format!("ALTER {} RENAME TO {name}", ddl::phrase(old));
    let word = match old.key.kind {
        Kind::Domain => "DOMAIN",
        Kind::Collation => "COLLATION",
        Kind::Function => "FUNCTION",
        _ => "TYPE",
    };
    let arguments = match old.key.kind {
        Kind::Function => bracket(old.key.name).map_or("", |at| &old.key.name[at..]),
        _ => "",
    };
    let drop = Statement::new(format!("DROP {word} {}.{name}{arguments}", old.text(Attr::Schema)));
    let mut renames = Vec::new();
    if old.key.kind == Kind::Domain && old.has(Attr::Default) {
        renames.push(Statement::new(format!("ALTER DOMAIN {} DROP DEFAULT", old.key.name)));
    }
    renames.push(Statement::new(rename));
    renames.extend(constructors_away(ctx, old, &name));
    (renames, vec![drop])
}

/// The multirange and the constructors of a range type keep their names when it is renamed.
fn constructors_away(ctx: &Context<'_>, old: &Object<'_>, away: &str) -> Vec<Statement> {
    let Some(multirange) = old.get(Attr::Multirange) else { return Vec::new() };
    let (name, of) = (old.key.name, old.text(Attr::Subtype));
    let many = temporary(ctx, "old_multirange", old);
    [
        format!("ALTER FUNCTION {name}({of}, {of}) RENAME TO {away}"),
        format!("ALTER FUNCTION {name}({of}, {of}, text) RENAME TO {away}"),
        format!("ALTER FUNCTION {multirange}() RENAME TO {many}"),
        format!("ALTER TYPE {multirange} RENAME TO {many}"),
    ]
    .map(Statement::new)
    .into()
}
