//! Tables that are made anew with their rows, on request, because PostgreSQL cannot change how a table is partitioned.
//!
//! The old table moves to a schema of its own with all its partitions, so that every name is free; the new one is
//! created, filled from the old one, and the old one is dropped, all in one transaction.

use std::collections::{BTreeMap, BTreeSet};

use super::sequences::position;
use super::{Action, Planner};
use crate::schema::ddl;
use crate::schema::model::{Attr, Kind, Name, Object, Schema, TEMPORARY};
use crate::schema::statement::Statement;

/// A table that is made anew with all its partitions.
pub(in crate::schema::plan) struct Recreation {
    /// The table that is no partition of another recreated one.
    pub(in crate::schema::plan) root: usize,
    /// The old tables that move away: the root and the partitions that do not stay as tables of their own.
    pub(in crate::schema::plan) leaving: BTreeSet<usize>,
    /// The new tables: the root and its partitions, except those that were tables of their own.
    pub(in crate::schema::plan) arriving: BTreeSet<usize>,
    /// The schema that the old tables of each schema move to.
    pub(in crate::schema::plan) schemas: BTreeMap<String, String>,
}

/// Finds the tables and gives them and the places of their partitions their actions.
pub(super) fn recreate(planner: &mut Planner<'_>) {
    let mut schemas = 0;
    for root in roots(planner) {
        let Some(key) = planner.old_object(root).map(|old| old.key) else { continue };
        let (old, new) = (tree(planner.ctx.old, key), tree(planner.ctx.new, key));
        let item =
            |of: &[u32], schema: &Schema, table: Name<'_>| schema.find(table).map(|at| of[at] as usize);
        let leaving: BTreeSet<usize> = old
            .iter()
            .filter(|table| new.contains(*table) || planner.ctx.new.find(**table).is_none())
            .filter_map(|table| item(&planner.of_old, planner.ctx.old, *table))
            .collect();
        let arriving: BTreeSet<usize> = new
            .iter()
            .filter(|table| old.contains(*table) || planner.ctx.old.find(**table).is_none())
            .filter_map(|table| item(&planner.of_new, planner.ctx.new, *table))
            .collect();
        if let Some(foreign) = foreign(planner, leaving.iter().chain(&arriving)) {
            planner.refuse(&foreign, "a foreign table cannot be made anew with its rows");
            continue;
        }
        let mut moved: BTreeMap<String, String> = BTreeMap::new();
        for table in leaving.iter().filter_map(|at| planner.old_object(*at)) {
            moved.entry(table.text(Attr::Schema).to_owned()).or_insert_with(|| {
                loop {
                    schemas += 1;
                    let name = format!("{TEMPORARY}old_{schemas}");
                    if !planner.ctx.is_taken(&name) {
                        return name;
                    }
                }
            });
        }
        for at in arriving.iter().copied() {
            let Some(new) = planner.new_object(at) else { continue };
            planner.ctx.fresh.insert(new.key.name);
            planner.ctx.recreated.insert(new.key.name);
            if leaving.contains(&at) {
                planner.items[at].action = Action::Replace;
                planner.items[at].renamed_away = true;
                replace_place(planner, new.key.name);
            }
        }
        planner.recreations.push(Recreation { root, leaving, arriving, schemas: moved });
    }
    replace_columns(planner);
}

/// The columns of a table that is made anew are not altered one by one.
fn replace_columns(planner: &mut Planner<'_>) {
    if planner.recreations.is_empty() {
        return;
    }
    for at in 0..planner.items.len() {
        if planner.items[at].new.is_some() && is_left_column(planner, at) {
            planner.items[at].action = Action::Replace;
        }
    }
}

/// The topmost tables whose partitioning differs, whose keys have other types, or whose hash partitions have other
/// moduli.
fn roots(planner: &Planner<'_>) -> BTreeSet<usize> {
    let mut roots = BTreeSet::new();
    for at in 0..planner.items.len() {
        if planner.items[at].action != Action::Alter {
            continue;
        }
        let (Some(old), Some(new)) = (planner.old_object(at), planner.new_object(at)) else { continue };
        let table = match new.key.kind {
            Kind::Table if is_repartitioned(&old, &new) => new.key.name,
            Kind::Column if is_retyped_key(planner, &old, &new) => ddl::parent(&new),
            Kind::Partition
                if ddl::moves_rows(&old, &new)
                    && old.get(Attr::ParentRelation) == new.get(Attr::ParentRelation) =>
            {
                new.text(Attr::ParentRelation)
            }
            _ => continue,
        };
        let place = |schema: &Schema, table: &str| {
            schema.object(Kind::Partition, table).map(|p| p.text(Attr::ParentRelation).to_owned())
        };
        let mut top = table.to_owned();
        while let Some(above) =
            place(planner.ctx.old, &top).filter(|of| place(planner.ctx.new, &top).as_ref() == Some(of))
        {
            top = above;
        }
        roots
            .extend(planner.ctx.old.find(Name::new(Kind::Table, &top)).map(|at| planner.of_old[at] as usize));
    }
    roots
}

/// Whether how a table is partitioned, or whether a partitioned table is unlogged, differs.
fn is_repartitioned(old: &Object<'_>, new: &Object<'_>) -> bool {
    let partitioned = old.has(Attr::PartitionKey) && new.has(Attr::PartitionKey);
    old.get(Attr::PartitionKey) != new.get(Attr::PartitionKey)
        || partitioned && old.get(Attr::Persistence) != new.get(Attr::Persistence)
}

/// Whether the type or collation of a column in a partition key differs.
fn is_retyped_key(planner: &Planner<'_>, old: &Object<'_>, new: &Object<'_>) -> bool {
    [Attr::Type, Attr::Collation].iter().any(|attr| old.get(*attr) != new.get(*attr))
        && ddl::is_partition_key(&planner.ctx, new)
}

/// A table and all its partitions.
fn tree<'a>(schema: &'a Schema, root: Name<'a>) -> BTreeSet<Name<'a>> {
    let mut tree = BTreeSet::from([root]);
    let mut queue = vec![root.name];
    while let Some(of) = queue.pop() {
        for place in
            schema.objects.of_kind(Kind::Partition).filter(|place| place.text(Attr::ParentRelation) == of)
        {
            if tree.insert(Name::new(Kind::Table, place.key.name)) {
                queue.push(place.key.name);
            }
        }
    }
    tree
}

fn foreign<'a, 'i>(planner: &Planner<'a>, tables: impl Iterator<Item = &'i usize>) -> Option<Object<'a>> {
    let mut both = tables.flat_map(|at| [planner.old_object(*at), planner.new_object(*at)]).flatten();
    both.find(|table| table.has(Attr::Foreign))
}

/// Replaces the place of a partition that is made anew.
fn replace_place(planner: &mut Planner<'_>, table: &str) {
    let place = planner.ctx.new.find(Name::new(Kind::Partition, table));
    let Some(at) = place.map(|place| planner.of_new[place] as usize) else { return };
    if planner.items[at].old.is_some() {
        planner.items[at].action = Action::Replace;
    }
}

/// The types of the columns stay under another name until the old tables are dropped.
pub(super) fn keep_types(planner: &mut Planner<'_>) {
    if planner.recreations.is_empty() {
        return;
    }
    let columns: Vec<usize> = (0..planner.items.len()).filter(|at| is_left_column(planner, *at)).collect();
    for column in columns {
        for need in planner.old_object(column).map(|old| old.needs).unwrap_or_default() {
            let need = planner.of_old[*need as usize] as usize;
            let kind = planner.old_object(need).map(|old| old.key.kind);
            let is_type = matches!(
                kind,
                Some(Kind::Enum | Kind::Domain | Kind::Range | Kind::Composite | Kind::Collation)
            );
            planner.items[need].renamed_away |= is_type && planner.items[need].drops();
        }
    }
}

fn is_left_column(planner: &Planner<'_>, at: usize) -> bool {
    let column = planner.old_object(at).filter(|old| old.key.kind == Kind::Column);
    let table = column.and_then(|column| planner.ctx.old.find(column.parent?));
    table.is_some_and(|table| {
        let table = planner.of_old[table] as usize;
        planner.recreations.iter().any(|recreation| recreation.leaving.contains(&table))
    })
}

/// The statements that move the old tables away, and those that fill the new ones and drop the old.
pub(in crate::schema::plan) fn statements(
    planner: &Planner<'_>,
    recreation: &Recreation,
) -> (Vec<Statement>, Vec<Statement>) {
    let ctx = &planner.ctx;
    let schemas: Vec<&str> = recreation.schemas.values().map(String::as_str).collect();
    let moved = |at: usize| {
        let old = planner.old_object(at)?;
        Some((old, recreation.schemas.get(old.text(Attr::Schema))?.as_str()))
    };
    let tables: Vec<ddl::Moved<'_>> = recreation.leaving.iter().filter_map(|at| moved(*at)).collect();
    let away = ddl::move_away(&schemas, &tables);
    let Some((root, new)) = moved(recreation.root).zip(planner.new_object(recreation.root)) else {
        return (away, Vec::new());
    };
    let replaced = |column: &Object<'_>| {
        let needs = column.needs.iter().map(|need| planner.of_old[*need as usize] as usize);
        let moves = |need: usize| planner.items[need].drops() && planner.items[need].renamed_away;
        needs.into_iter().any(|need| moves(need) && Some(need) != table_of(planner, column))
    };
    let mut fill = ddl::copy(ctx, root, &new, &replaced);
    let arriving = || recreation.arriving.iter().filter_map(|at| planner.new_object(*at));
    let forced = arriving().filter(|table| table.has(Attr::ForceRowSecurity));
    fill.extend(
        forced
            .map(|table| Statement::new(format!("ALTER TABLE {} FORCE ROW LEVEL SECURITY", table.key.name))),
    );
    for (old, schema) in &tables {
        fill.extend(positions(planner, old, schema));
    }
    fill.extend(ddl::drop_moved(ctx, root, &new, &schemas));
    (away, fill)
}

fn table_of(planner: &Planner<'_>, column: &Object<'_>) -> Option<usize> {
    planner.ctx.old.find(column.parent?).map(|table| planner.of_old[table] as usize)
}

/// Passes the positions of sequences that leave with an old table to those of the new one.
fn positions(planner: &Planner<'_>, old: &Object<'_>, schema: &str) -> Vec<Statement> {
    let (before, after) = (planner.ctx.old, planner.ctx.new);
    let owned = |side: &Schema, column: &str| {
        let owner =
            side.objects.of_kind(Kind::SequenceOwner).find(|owner| owner.text(Attr::Column) == column);
        owner.and_then(|owner| side.find(Name::new(Kind::Sequence, owner.key.name)))
    };
    let mut statements = Vec::new();
    for column in ddl::columns(before, old) {
        let Some(now) = after.get(column.key) else { continue };
        let left = owned(before, column.key.name)
            .filter(|at| planner.items[planner.of_old[*at] as usize].action == Action::Drop)
            .map(|at| before.objects.key(at).name);
        let made = owned(after, now.key.name)
            .filter(|at| planner.items[planner.of_new[*at] as usize].creates())
            .map(|at| after.objects.key(at).name);
        let from = column.get(Attr::IdentitySequence).or(left);
        let to = now.get(Attr::IdentitySequence).or(made);
        if let Some((from, to)) = from.zip(to) {
            statements.push(position(to, &ddl::moved_sequence(from, schema)));
        }
    }
    statements
}

impl Planner<'_> {
    /// The recreation with which an old table moves away.
    pub(in crate::schema::plan) fn recreation(&self, table: usize) -> Option<&Recreation> {
        self.recreations.iter().find(|recreation| recreation.leaving.contains(&table))
    }
}
