//! Statements for columns and their defaults.

use super::children::drop_defaults_below;
use super::context::{AlterStrategy, Context};
use super::sql::{alter, alter_only, change_options, differing, fdw_options, foreign_options, lines, parent};
use super::{identity, not_null, retype, volatile};
use crate::schema::hazard::HazardKind;
use crate::schema::model::{Attr, Column, Generated, Kind, Object, Schema};
use crate::schema::statement::{LockMode, Statement};
use crate::sql::mentions;

/// The definition of a column for `CREATE TABLE` and `ADD COLUMN`.
pub(super) fn definition(ctx: &Context<'_>, column: &Object) -> String {
    let view = Column::new(column);
    let mut sql = format!("{} {}", view.name(), view.data_type());
    sql += &foreign_options(column.get(Attr::FdwOptions));
    sql += &view.compression().map(|method| format!(" COMPRESSION {method}")).unwrap_or_default();
    sql += &view.collation().map(|collation| format!(" COLLATE {collation}")).unwrap_or_default();
    sql + &options_of_typed(ctx, column)
}

/// The clauses of a column definition after the type.
pub(super) fn options_of_typed(ctx: &Context<'_>, column: &Object) -> String {
    let mut sql = String::new();
    let view = Column::new(column);
    sql += &match view.generated() {
        Some(Generated::Stored(expression)) => format!(" GENERATED ALWAYS AS ({expression}) STORED"),
        Some(Generated::Virtual(expression)) => format!(" GENERATED ALWAYS AS ({expression}) VIRTUAL"),
        None => String::new(),
    };
    if let Some(when) = view.own_identity() {
        sql += &format!(" GENERATED {when} AS IDENTITY ({})", identity::options(column));
    }
    let inline = ctx.parts(column).find(|(at, f)| f.key.kind == Kind::Default && ctx.inline.contains(at));
    if let Some((_, default)) = inline {
        sql += &format!(" DEFAULT {}", default.text(Attr::Expression));
    }
    if view.is_not_null() {
        sql += &not_null::inline(ctx, column);
    }
    sql
}

/// The column settings that `CREATE TABLE` cannot express.
pub(super) fn after_create(ctx: &Context<'_>, column: &Object, child: bool) -> Vec<Statement> {
    let mut statements = settings(ctx, None, column);
    if child && column.has(Attr::Inherited) && column.has(Attr::NotNull) {
        let above = parent_column(ctx.new, column);
        if !above.is_some_and(|c| c.has(Attr::NotNull)) {
            statements.push(not_null::own(ctx, column));
        }
    }
    statements
}

/// Storage, statistics target, per-column options, the sequence of an identity, the comment on NOT NULL.
fn settings(ctx: &Context<'_>, old: Option<&Object<'_>>, new: &Object) -> Vec<Statement> {
    let table = parent(new);
    let mut statements = Vec::new();
    let differs = |attr: Attr| old.and_then(|f| f.get(attr)) != new.get(attr);
    // A change of type, including an inherited one, has reset storage and compression.
    let reset = old.is_some_and(|f| {
        f.get(Attr::Type) != new.get(Attr::Type) || f.get(Attr::Collation) != new.get(Attr::Collation)
    });
    if reset {
        statements.extend(stored(new));
    } else if differs(Attr::Storage) {
        // `DEFAULT` is supported since 16; before, the type's own storage has to be named.
        let storage = new
            .get(Attr::Storage)
            .map_or_else(|| default_storage(new.text(Attr::Type)).to_owned(), str::to_uppercase);
        statements.push(Statement::new(alter_only(new, &format!("SET STORAGE {storage}"))));
    }
    if differs(Attr::Statistics) {
        let target = new.get(Attr::Statistics).unwrap_or("-1");
        statements.push(Statement::new(alter_only(new, &format!("SET STATISTICS {target}"))));
    }
    if old.is_some() && !reset && differs(Attr::Compression) {
        let method = new.get(Attr::Compression).unwrap_or("default");
        statements.push(Statement::new(alter_only(new, &format!("SET COMPRESSION {method}"))));
    }
    if differs(Attr::Options) {
        statements.extend(change_options(
            alter_only(new, "").trim_end(),
            old.and_then(|f| f.get(Attr::Options)),
            new.get(Attr::Options),
        ));
    }
    if old.is_some() && differs(Attr::FdwOptions) {
        let options = fdw_options(old.and_then(|f| f.get(Attr::FdwOptions)), new.get(Attr::FdwOptions));
        statements.push(Statement::new(format!(
            "ALTER FOREIGN TABLE {table} ALTER COLUMN {} OPTIONS ({options})",
            new.text(Attr::Name)
        )));
    }
    if old.is_some() {
        statements = statements.into_iter().map(|s| s.lock(table, LockMode::AccessExclusive)).collect();
    }
    statements.extend(identity::persistence(ctx, old, new));
    statements.extend(not_null::comment(ctx, old, new));
    statements
}

/// Sets the storage and compression of a column whose type was just set.
pub(in crate::schema) fn stored(column: &Object) -> Vec<Statement> {
    let storage = column.get(Attr::Storage).map(|storage| format!("SET STORAGE {}", storage.to_uppercase()));
    let method = column.get(Attr::Compression).map(|method| format!("SET COMPRESSION {method}"));
    storage
        .into_iter()
        .chain(method)
        .map(|what| Statement::new(alter_only(column, &what)).exclusive(parent(column)))
        .collect()
}

fn default_storage(of: &str) -> &'static str {
    match of {
        "numeric" => "MAIN",
        t if t.starts_with("numeric") || t == "inet" || t == "cidr" => "MAIN",
        _ => "EXTENDED",
    }
}

pub(super) fn create(ctx: &Context<'_>, column: &Object) -> Vec<Statement> {
    let table = parent(column);
    let default = ctx.parts(column).find(|(at, f)| f.key.kind == Kind::Default && ctx.inline.contains(at));
    let sql = format!("ALTER TABLE {table} ADD COLUMN {}", definition(ctx, column));
    if ctx.is_fresh(table) {
        return std::iter::once(Statement::new(sql)).chain(settings(ctx, None, column)).collect();
    }
    let mut statement = Statement::new(sql).exclusive(table);
    let volatile = default.is_some_and(|(_, f)| volatile::is_volatile(ctx, &f));
    let view = Column::new(column);
    let checked = retype::is_constrained(ctx.new, view.data_type());
    if view.is_stored() || view.is_identity() || volatile || checked {
        statement = statement.hazard(
            HazardKind::TableRewrite,
            table,
            format!("column {} gets a value in every row", view.name()),
        );
    }
    if view.is_not_null() && default.is_none() && !view.is_stored() && !view.is_identity() {
        statement = statement.hazard(
            HazardKind::MayFailOnData,
            table,
            "a required column without a default needs an empty table",
        );
        if !checked {
            statement = statement.hazard(HazardKind::ScanUnderLock, table, "every row is checked");
        }
    }
    let mut statements = vec![statement];
    statements
        .extend(default.into_iter().flat_map(|_| drop_defaults_below(ctx, table, column.text(Attr::Name))));
    statements.extend(settings(ctx, None, column));
    statements
}

pub(super) fn drop(column: &Object) -> Vec<Statement> {
    let table = parent(column);
    let name = column.text(Attr::Name);
    let mut statement = Statement::new(format!("ALTER TABLE {table} DROP COLUMN {name}")).exclusive(table);
    if !column.is_generated() {
        statement =
            statement.hazard(HazardKind::DataLoss, table, format!("the values of column {name} are deleted"));
    }
    vec![statement.hazard(HazardKind::BreaksClients, table, format!("column {name} is gone"))]
}

fn relation_of_default<'a>(default: &Object<'a>) -> (&'a str, &'a str) {
    match &default.parent {
        Some(parent) if parent.kind == Kind::View => ("ALTER VIEW", parent.name),
        _ => ("ALTER TABLE ONLY", default.text(Attr::Table)),
    }
}

pub(super) fn set_default(default: &Object) -> Vec<Statement> {
    let (alter, relation) = relation_of_default(default);
    let sql = format!(
        "{alter} {relation} ALTER COLUMN {} SET DEFAULT {}",
        default.text(Attr::Name),
        default.text(Attr::Expression)
    );
    vec![Statement::new(sql).exclusive(relation)]
}

pub(super) fn drop_default(default: &Object) -> Vec<Statement> {
    let (alter, relation) = relation_of_default(default);
    vec![
        Statement::new(format!("{alter} {relation} ALTER COLUMN {} DROP DEFAULT", default.text(Attr::Name)))
            .exclusive(relation),
    ]
}

/// The column a column is inherited from.
pub(in crate::schema) fn parent_column<'a>(schema: &'a Schema, column: &Object) -> Option<Object<'a>> {
    let table = column.parent.as_ref()?;
    let partition = schema.object(Kind::Partition, table.name).map(|p| p.text(Attr::ParentRelation));
    let parents = schema.object(Kind::Table, table.name).and_then(|t| t.get(Attr::Inherits));
    let mut above = partition.into_iter().chain(lines(parents));
    above.find_map(|name| schema.object(Kind::Column, &format!("{name}.{}", column.text(Attr::Name))))
}

pub(super) fn change(ctx: &Context<'_>, old: &Object, new: &Object) -> AlterStrategy {
    let change = Change::of(ctx, old, new);
    if let Some(strategy) = change.expression() {
        return strategy;
    }
    match change.refusal() {
        Some(reason) => AlterStrategy::Refuse(reason.to_owned()),
        None => change.statements(),
    }
}

/// A column on both sides, and the columns that both are inherited from.
struct Change<'c, 'a> {
    ctx: &'c Context<'a>,
    old: &'c Object<'a>,
    new: &'c Object<'a>,
    above: Option<(Object<'a>, Object<'a>)>,
    differing: Vec<Attr>,
}

impl<'c, 'a> Change<'c, 'a> {
    fn of(ctx: &'c Context<'a>, old: &'c Object<'a>, new: &'c Object<'a>) -> Self {
        let above = parent_column(ctx.old, old).zip(parent_column(ctx.new, new));
        Self { ctx, old, new, above, differing: differing(old, new) }
    }

    fn differs(&self, attr: Attr) -> bool {
        self.differing.contains(&attr)
    }

    /// Whether the parent changes the attribute in the same way, so that this column inherits the change.
    fn is_inherited(&self, attr: Attr) -> bool {
        let Some((above_old, above_new)) = self.above.filter(|_| self.new.has(Attr::HasParent)) else {
            return false;
        };
        let changes = above_old.get(attr) != above_new.get(attr)
            || attr == Attr::NotNull && not_null::is_handed_down(&above_old, &above_new);
        let stays_above = attr == Attr::NotNull
            && !self.new.has(Attr::NotNull)
            && not_null::drops_alone(self.ctx, &above_old);
        let stays_below = attr == Attr::NotNull && !not_null::reaches_children(&above_old, &above_new);
        changes && !stays_above && !stays_below && above_new.get(attr) == self.new.get(attr)
    }

    /// Whether the attribute changes here and is not inherited.
    fn is_own(&self, attr: Attr) -> bool {
        self.differs(attr) && !self.is_inherited(attr)
    }

    fn refusal(&self) -> Option<&'static str> {
        if self.ctx.recreated.contains(parent(self.new)) {
            return None;
        }
        let (ctx, new) = (self.ctx, self.new);
        let is_partition = |schema: &Schema| schema.object(Kind::Partition, parent(new)).is_some();
        let becomes_inherited =
            self.differs(Attr::Inherited) && (new.has(Attr::Inherited) || new.has(Attr::HasParent));
        if becomes_inherited && !is_partition(ctx.new) && !is_partition(ctx.old) {
            return Some("PostgreSQL cannot change whether a column is inherited only");
        }
        let retyped = self.is_own(Attr::Type) || self.is_own(Attr::Collation);
        let convertible = || retype::is_assignable(self.old.text(Attr::Type), new.text(Attr::Type));
        let partitioned = |table: &Object<'_>| !table.has(Attr::Foreign);
        if retyped
            && ctx.old.object(Kind::Table, parent(new)).is_some_and(|table| partitioned(&table))
            && ctx.old_children.foreign_below(parent(new)).is_some()
            && !convertible()
        {
            return Some("PostgreSQL cannot convert the values of a table with a foreign table below it");
        }
        (retyped && is_partition_key(ctx, new))
            .then_some(
                "PostgreSQL cannot change the type of a column in a partition key; PlanOptions::recreate_tables plans \
                 a new table and copies the rows",
            )
    }

    /// The strategy where a generation expression changes other than by being dropped.
    fn expression(&self) -> Option<AlterStrategy> {
        let (old, new) = (self.old, self.new);
        let attr = [Attr::Generated, Attr::GeneratedVirtual].into_iter().find(|attr| self.is_own(*attr))?;
        match (old.get(attr), new.get(attr)) {
            (Some(_), None) if !new.is_generated() && attr == Attr::Generated => None,
            (Some(_), Some(expression))
                if self.ctx.old.server_version() >= 170_000 && !has_fixed_dependent(self.ctx.old, old) =>
            {
                let table = parent(new);
                let sql = alter(new, &format!("SET EXPRESSION AS ({expression})"));
                let mut statement = Statement::new(sql).exclusive(table);
                if attr == Attr::Generated {
                    statement =
                        statement.hazard(HazardKind::TableRewrite, table, "the column is computed anew");
                }
                let mut statements = vec![statement];
                statements.extend(settings(self.ctx, Some(old), new));
                let more =
                    [Attr::Type, Attr::Collation, Attr::NotNull].into_iter().any(|attr| self.differs(attr));
                Some(if more { AlterStrategy::Replace } else { AlterStrategy::Retype(statements) })
            }
            _ => Some(AlterStrategy::Replace),
        }
    }

    fn statements(&self) -> AlterStrategy {
        let (old, new) = (self.old, self.new);
        let mut statements = self.drops();
        // The sequence takes the column's new type, so its bounds must fit first.
        let width =
            |c: &Object| ["smallint", "integer", "bigint"].iter().position(|t| *t == c.text(Attr::Type));
        let narrower = old.has(Attr::Identity) && width(new) < width(old);
        if narrower {
            statements.extend(identity::change(old, new));
        }
        if self.is_own(Attr::Type) || self.is_own(Attr::Collation) {
            statements.push(retype::retype(self.ctx, old, new));
        }
        match self.not_null() {
            Ok(changes) => statements.extend(changes),
            Err(reason) => return AlterStrategy::Refuse(reason),
        }
        if !narrower {
            statements.extend(identity::change(old, new));
        }
        statements.extend(settings(self.ctx, Some(old), new));
        match self.differs(Attr::Type) || self.differs(Attr::Collation) {
            true => AlterStrategy::Retype(statements),
            false => AlterStrategy::Alter(statements),
        }
    }

    /// Drops that must precede the change of type: generation expression, identity and not-null.
    fn drops(&self) -> Vec<Statement> {
        let (ctx, old, new) = (self.ctx, self.old, self.new);
        let table = parent(new);
        let mut statements = Vec::new();
        if self.is_own(Attr::Generated) {
            statements.push(Statement::new(alter(new, "DROP EXPRESSION")).exclusive(table));
        }
        // Since 17 a partition has the identity of its parent, and must have none of its own when it is attached.
        let owned = |column: &Object| column.has(Attr::Identity) && column.has(Attr::IdentitySequence);
        if owned(old) && !owned(new) && (self.is_own(Attr::Identity) || new.has(Attr::Identity)) {
            let drop = Statement::new(alter(new, "DROP IDENTITY")).exclusive(table);
            statements.push(if identity::lives_on(ctx, old) {
                drop
            } else {
                drop.hazard(HazardKind::DataLoss, table, "the position of the sequence is lost")
            });
        }
        if self.is_own(Attr::NotNull) && !new.has(Attr::NotNull) {
            let alone = not_null::drops_alone(ctx, old);
            let drop = if alone { alter_only(new, "DROP NOT NULL") } else { alter(new, "DROP NOT NULL") };
            statements.push(Statement::new(drop).exclusive(table));
        }
        statements
    }

    fn not_null(&self) -> Result<Vec<Statement>, String> {
        let (ctx, old, new) = (self.ctx, self.old, self.new);
        let mut statements = if self.is_own(Attr::NotNull) && new.has(Attr::NotNull) {
            not_null::set(ctx, new)
        } else if old.has(Attr::NotNull) && new.has(Attr::NotNull) && ctx.old.server_version() >= 180_000 {
            not_null::change(ctx, old, new)?
        } else {
            Vec::new()
        };
        if let Some((_, above)) = &self.above
            && self.differs(Attr::NotNull)
            && self.is_inherited(Attr::NotNull)
        {
            statements.extend(not_null::validate_below(ctx, above, new));
        }
        Ok(statements)
    }
}

/// Whether something outside the table depends on the column that `SET EXPRESSION` cannot rebuild and fails at.
fn has_fixed_dependent(schema: &Schema, column: &Object) -> bool {
    let Some(position) = schema.find(column.key).map(|at| at as u32) else { return false };
    let fixed = |object: &Object<'_>| match object.key.kind {
        Kind::DomainConstraint => true,
        Kind::Table => Some(object.key) != column.parent,
        Kind::Index => object.has(Attr::Partitioned) && object.parent != column.parent,
        _ => false,
    };
    schema.objects.iter().any(|object| fixed(&object) && object.needs.contains(&position))
}

/// Whether the column is mentioned in its table's partition key.
pub(in crate::schema) fn is_partition_key(ctx: &Context<'_>, column: &Object) -> bool {
    let key = ctx
        .new
        .object(Kind::Table, parent(column))
        .and_then(|t| t.get(Attr::PartitionKey))
        .unwrap_or_default();
    mentions(key, column.text(Attr::Name))
}
