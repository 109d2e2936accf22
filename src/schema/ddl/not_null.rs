//! Not-null constraints of columns: a flag, and since PostgreSQL 18 a named constraint.

use super::context::Context;
use super::sql::{alter, lines, parent, temporary};
use crate::schema::hazard::HazardKind;
use crate::schema::model::{Attr, ConstraintKind, Kind, Object, Schema};
use crate::schema::statement::{LockMode, Phase, Statement};
use crate::sql::{clause, dollar_quote, mentions, quote_ident, quote_literal, unquote_ident};

/// The name PostgreSQL generates for a not-null constraint, quoted where needed.
pub(in crate::schema) fn default_name(table: &str, column: &str) -> String {
    quoted(format!("{}_{}_not_null", unquote_ident(table), unquote_ident(column)))
}

/// The name PostgreSQL generates for the not-null constraint of a domain.
pub(super) fn default_name_of_domain(domain: &str) -> String {
    quoted(format!("{}_not_null", unquote_ident(domain)))
}

fn quoted(name: String) -> String {
    let plain = name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    if plain && !name.starts_with(|c: char| c.is_ascii_digit()) { name } else { quote_ident(&name) }
}

/// The parsed not-null attribute of a column: `CONSTRAINT name NO INHERIT NOT VALID`, or parts of that.
struct Marks<'a> {
    /// Set where it differs from the generated name.
    name: Option<&'a str>,
    no_inherit: bool,
    not_valid: bool,
}

impl<'a> Marks<'a> {
    fn of(column: &Object<'a>) -> Self {
        let text = column.text(Attr::NotNullConstraint);
        let flag = |keywords: &str| clause(text, keywords);
        let (no_inherit, not_valid) = (flag("NO INHERIT"), flag("NOT VALID"));
        let end = [&no_inherit, &not_valid].into_iter().flatten().map(|place| place.start).min();
        let name = text[..end.unwrap_or(text.len())].strip_prefix("CONSTRAINT ").map(str::trim_end);
        Self { name, no_inherit: no_inherit.is_some(), not_valid: not_valid.is_some() }
    }

    /// The clause after `NOT NULL` in a definition, except for `NOT VALID`.
    fn inheritance(&self) -> &'static str {
        if self.no_inherit { " NO INHERIT" } else { "" }
    }
}

/// The name of a column's not-null constraint.
pub(in crate::schema) fn constraint_name(schema: &Schema, column: &Object) -> String {
    if let Some(name) = Marks::of(column).name.or_else(|| column.get(Attr::InheritedNotNullName)) {
        return name.to_owned();
    }
    let table = schema.object(Kind::Table, parent(column)).map(|t| t.text(Attr::Name)).unwrap_or_default();
    default_name(table, column.text(Attr::Name))
}

/// Changes a not-null constraint; since 18 its name, validity and inheritance can be altered.
pub(in crate::schema) fn change(
    ctx: &Context<'_>,
    old: &Object,
    new: &Object,
) -> Result<Vec<Statement>, String> {
    let table = parent(new);
    let (before, name) = (&constraint_name(ctx.old, old), &name_after(ctx, old, new));
    let (was, is) = (Marks::of(old), Marks::of(new));
    let mut statements = Vec::new();
    if before != name {
        for child in ctx.old_children.of(table) {
            let column = ctx.old.object(Kind::Column, &format!("{child}.{}", old.text(Attr::Name)));
            if column.is_some_and(|c| c.has(Attr::NotNull) && constraint_name(ctx.old, &c) != *before) {
                return Err(format!(
                    "its not-null constraint has another name in {child}, so PostgreSQL cannot rename it"
                ));
            }
        }
        statements.push(
            Statement::new(format!("ALTER TABLE {table} RENAME CONSTRAINT {before} TO {name}"))
                .exclusive(table),
        );
    }
    if was.no_inherit != is.no_inherit {
        let word = if is.no_inherit { "NO INHERIT" } else { "INHERIT" };
        statements.push(
            Statement::new(format!("ALTER TABLE {table} ALTER CONSTRAINT {name} {word}")).exclusive(table),
        );
    }
    match (was.not_valid, is.not_valid) {
        (true, false) => {
            let validate = Statement::new(format!("ALTER TABLE {table} VALIDATE CONSTRAINT {name}"))
                .lock(table, LockMode::ShareUpdateExclusive)
                .hazard(HazardKind::MayFailOnData, table, "rows that do not fit are refused");
            statements.push(if ctx.online { validate.at(Phase::Validate) } else { validate });
        }
        (false, true) => {
            statements.push(Statement::new(alter(new, "DROP NOT NULL")).exclusive(table));
            statements.push(
                Statement::new(format!(
                    "ALTER TABLE {table} ADD CONSTRAINT {name} NOT NULL {}{} NOT VALID",
                    new.text(Attr::Name),
                    is.inheritance()
                ))
                .exclusive(table),
            );
        }
        _ => {}
    }
    Ok(statements)
}

/// Sets the comment on the constraint, once it is what the new side has.
pub(super) fn comment(ctx: &Context<'_>, old: Option<&Object<'_>>, new: &Object) -> Option<Statement> {
    let wanted = new.get(Attr::NotNullComment);
    if !new.has(Attr::NotNull) {
        return None;
    }
    let old = old.filter(|old| old.has(Attr::NotNull));
    // A constraint that was valid is dropped, with its comment, to make it one that is not.
    let kept = old.filter(|old| Marks::of(old).not_valid || !Marks::of(new).not_valid);
    if wanted == kept.and_then(|old| old.get(Attr::NotNullComment)) {
        return None;
    }
    let name = match old {
        Some(old) => name_after(ctx, old, new),
        None => constraint_name(ctx.new, new),
    };
    let text = wanted.map_or("NULL".to_owned(), quote_literal);
    Some(Statement::new(format!("COMMENT ON CONSTRAINT {name} ON {} IS {text}", parent(new))))
}

/// The name of the constraint after the change: PostgreSQL renames none that is inherited.
fn name_after(ctx: &Context<'_>, old: &Object, new: &Object) -> String {
    if new.has(Attr::HasParent) && !is_attached(ctx, new) {
        constraint_name(ctx.old, old)
    } else {
        constraint_name(ctx.new, new)
    }
}

/// Whether the table of a column becomes a partition, or one of another table.
fn is_attached(ctx: &Context<'_>, column: &Object) -> bool {
    let place = |schema: &Schema| {
        schema.object(Kind::Partition, parent(column)).map(|at| at.text(Attr::ParentRelation).to_owned())
    };
    place(ctx.new).is_some_and(|now| place(ctx.old) != Some(now))
}

/// Restores the constraint that was dropped with the parent's; since 18 it may still exist under the parent's name.
pub(in crate::schema) fn keep(ctx: &Context<'_>, old: &Object, new: &Object) -> Vec<Statement> {
    let table = parent(new);
    let set = Statement::new(alter(new, "SET NOT NULL")).exclusive(table);
    let mut statements = vec![set.hazard(HazardKind::ScanUnderLock, table, "every row is checked")];
    let (before, after) = (constraint_name(ctx.old, old), constraint_name(ctx.new, new));
    if ctx.old.server_version() >= 180_000 && before != after {
        let body = format!(
            " BEGIN IF EXISTS (SELECT FROM pg_catalog.pg_constraint WHERE conrelid = {}::pg_catalog.regclass \
             AND contype = 'n' AND pg_catalog.quote_ident(conname) = {}) \
             THEN ALTER TABLE {table} RENAME CONSTRAINT {before} TO {after}; END IF; END ",
            quote_literal(table),
            quote_literal(&before)
        );
        statements.push(Statement::new(format!("DO {}", dollar_quote(&body))).exclusive(table));
    }
    let comment = new
        .get(Attr::NotNullComment)
        .map(|text| format!("COMMENT ON CONSTRAINT {after} ON {table} IS {}", quote_literal(text)));
    statements.extend(comment.map(Statement::new));
    statements
}

/// Whether NOT NULL is dropped on the parent only (`ALTER TABLE ONLY`): before 18, children would lose theirs too.
pub(super) fn drops_alone(ctx: &Context<'_>, column: &Object) -> bool {
    let table = parent(column);
    let children = |f: Object<'_>| lines(f.get(Attr::Inherits)).contains(&table);
    ctx.old.server_version() < 180_000 && ctx.old.objects.of_kind(Kind::Table).any(children)
}

/// Whether the constraint of a parent, set on the new side or dropped from the old one, is one that children have too.
pub(super) fn reaches_children(old: &Object, new: &Object) -> bool {
    let constraint = if new.has(Attr::NotNull) { new } else { old };
    !Marks::of(constraint).no_inherit
}

/// Whether the constraint becomes inheritable, so that children get it.
pub(super) fn is_handed_down(old: &Object, new: &Object) -> bool {
    Marks::of(old).no_inherit && new.has(Attr::NotNull) && !Marks::of(new).no_inherit
}

/// Validates the constraint on a child, which inherits it from the parent as `NOT VALID`.
pub(super) fn validate_below(ctx: &Context<'_>, above: &Object, column: &Object) -> Option<Statement> {
    if !Marks::of(above).not_valid || Marks::of(column).not_valid || !column.has(Attr::NotNull) {
        return None;
    }
    let (table, name) = (parent(column), constraint_name(ctx.new, above));
    let validate = Statement::new(format!("ALTER TABLE {table} VALIDATE CONSTRAINT {name}"))
        .lock(table, LockMode::ShareUpdateExclusive)
        .hazard(HazardKind::MayFailOnData, table, "rows that do not fit are refused");
    Some(validate.at(Phase::Validate))
}

/// Whether the name must be given: existing partitions may have constraints of the default name, so that PostgreSQL
/// would generate another one.
fn has_to_be_named(ctx: &Context<'_>, column: &Object) -> bool {
    let table = ctx.new.object(Kind::Table, parent(column));
    ctx.old.server_version() >= 180_000 && table.is_some_and(|table| table.has(Attr::PartitionKey))
}

/// The constraint as part of the column's definition.
pub(super) fn inline(ctx: &Context<'_>, column: &Object) -> String {
    let marks = Marks::of(column);
    if marks.not_valid {
        return String::new();
    }
    let name = match marks.name {
        None if column.has(Attr::NotNullConstraint) => None,
        None if has_to_be_named(ctx, column) => Some(constraint_name(ctx.new, column)),
        name => name.or_else(|| column.get(Attr::InheritedNotNullName)).map(str::to_owned),
    };
    let name = name.map(|name| format!(" CONSTRAINT {name}")).unwrap_or_default();
    format!("{name} NOT NULL{}", marks.inheritance())
}

/// Adds NOT NULL to a column, as a named constraint where the name is not the default one.
pub(super) fn own(ctx: &Context<'_>, column: &Object) -> Statement {
    let table = parent(column);
    let name = column.text(Attr::Name);
    let marks = Marks::of(column);
    let own = marks.name.map(str::to_owned);
    let own = own.or_else(|| column.get(Attr::InheritedNotNullName).map(str::to_owned));
    let own = own.or_else(|| has_to_be_named(ctx, column).then(|| constraint_name(ctx.new, column)));
    if own.is_some() || column.has(Attr::NotNullConstraint) {
        let named = own.map(|own| format!("CONSTRAINT {own} ")).unwrap_or_default();
        let tail = if marks.not_valid { " NOT VALID" } else { "" };
        let tail = format!("{}{tail}", marks.inheritance());
        Statement::new(format!("ALTER TABLE {table} ADD {named}NOT NULL {name}{tail}"))
    } else {
        Statement::new(alter(column, "SET NOT NULL"))
    }
}

/// Sets NOT NULL without a long lock: a check validated under a weak lock avoids the scan under the strong one.
pub(super) fn set(ctx: &Context<'_>, column: &Object) -> Vec<Statement> {
    let table = parent(column);
    let name = column.text(Attr::Name);
    let marks = Marks::of(column);
    let set = own(ctx, column).exclusive(table);
    if marks.not_valid {
        return vec![set];
    }
    let set = set.hazard(HazardKind::MayFailOnData, table, format!("rows without {name} are refused"));
    let foreign = ctx.new.object(Kind::Table, table).is_some_and(|t| t.has(Attr::Foreign));
    if !ctx.online || ctx.is_fresh(table) || column.has(Attr::HasParent) || foreign {
        return vec![if ctx.is_fresh(table) || foreign {
            set
        } else {
            set.hazard(HazardKind::ScanUnderLock, table, "every row is checked")
        }];
    }
    let check = temporary(ctx, "not_null", column);
    let add = format!("ALTER TABLE {table} ADD CONSTRAINT {check} CHECK ({name} IS NOT NULL) NOT VALID");
    let mut statements = vec![
        Statement::new(add).exclusive(table),
        Statement::new(format!("ALTER TABLE {table} VALIDATE CONSTRAINT {check}"))
            .lock(table, LockMode::ShareUpdateExclusive)
            .hazard(HazardKind::MayFailOnData, table, format!("rows without {name} are refused"))
            .at(Phase::Validate),
    ];
    let below = handed_up(ctx, column);
    let alter_below = |how: &str, below: &Object<'_>| {
        Statement::new(alter(below, how)).exclusive(parent(below)).at(Phase::Finish)
    };
    statements.extend(below.iter().map(|below| alter_below("DROP NOT NULL", below)));
    statements.push(set.at(Phase::Finish));
    let own = below.iter().filter(|below| below.has(Attr::OwnNotNull));
    statements.extend(own.map(|below| alter_below("SET NOT NULL", below)));
    let drop = Statement::new(format!("ALTER TABLE {table} DROP CONSTRAINT {check}"));
    statements.push(drop.exclusive(table).at(Phase::Finish));
    statements
}

/// The columns below that have a not-null constraint of their own which becomes that of the column above. Since 18
/// PostgreSQL would keep it, with its name, beside the inherited one; it cannot be dropped from keys and identities.
fn handed_up<'a>(ctx: &Context<'a>, above: &Object<'_>) -> Vec<Object<'a>> {
    if ctx.old.server_version() < 180_000 {
        return Vec::new();
    }
    let column = above.text(Attr::Name);
    let droppable = |schema: &'a Schema, table: &str| {
        let object = schema.object(Kind::Column, &format!("{table}.{column}"));
        object.filter(|object| {
            object.has(Attr::NotNull) && !object.has(Attr::Identity) && !is_key(schema, object)
        })
    };
    let mut found = Vec::new();
    for child in ctx.new_children.of(parent(above)).filter(|child| !ctx.is_fresh(child)) {
        let Some(old) = droppable(ctx.old, child) else { continue };
        let is_below = ctx.old_children.of(parent(above)).any(|before| before == child);
        let alone = children_above(ctx.old, child) == 1;
        let Some(new) = droppable(ctx.new, child).filter(|_| is_below && alone) else { continue };
        let custom = Marks::of(&old).name.is_some() && new.has(Attr::OwnNotNull);
        let same_kind = !Marks::of(&new).not_valid && !Marks::of(&old).no_inherit;
        if same_kind && !custom && new.get(Attr::NotNullComment).is_none() {
            found.push(new);
            found.extend(handed_up(ctx, &new));
        }
    }
    found
}

/// The number of parents of a table.
fn children_above(schema: &Schema, table: &str) -> usize {
    let inherited = schema.object(Kind::Table, table).map(|table| lines(table.get(Attr::Inherits)).len());
    inherited.unwrap_or_default() + usize::from(schema.object(Kind::Partition, table).is_some())
}

/// Whether a column is in a primary key, or in an index that is the replica identity of its table.
fn is_key(schema: &Schema, column: &Object<'_>) -> bool {
    let parts = schema.objects.iter().filter(|part| part.parent == column.parent);
    let key = |part: &Object<'_>| {
        part.has(Attr::ReplicaIdentity) && part.key.kind != Kind::Table
            || part.constraint_kind() == Some(ConstraintKind::PrimaryKey)
    };
    parts.filter(key).any(|part| {
        let definition = part.get(Attr::Definition).or(part.get(Attr::IndexDefinition)).unwrap_or_default();
        mentions(definition, column.text(Attr::Name))
    })
}
