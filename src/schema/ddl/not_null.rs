//! What forbids nulls in a column: a mark, and since PostgreSQL 18 a constraint with a name.

use super::{Context, column::alter, parent};
use crate::schema::model::{Attr, Kind, Object, Schema};
use crate::schema::statement::{HazardKind, LockMode, Phase, Statement};

/// The name PostgreSQL gives a not-null constraint by itself, quoted where needed.
pub(in crate::schema) fn default_name(table: &str, column: &str) -> String {
    let bare = |name: &str| match name.strip_prefix('"').and_then(|n| n.strip_suffix('"')) {
        Some(quoted) => quoted.replace("\"\"", "\""),
        None => name.to_owned(),
    };
    let name = format!("{}_{}_not_null", bare(table), bare(column));
    let plain = name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    if plain && !name.starts_with(|c: char| c.is_ascii_digit()) {
        name
    } else {
        format!("\"{}\"", name.replace('"', "\"\""))
    }
}

/// The name of a column's not-null constraint.
fn constraint_name(schema: &Schema, column: &Object) -> String {
    let own = column.get(Attr::NotNullConstraint).and_then(|text| text.strip_prefix("CONSTRAINT "));
    let own = own.map(|text| text.trim_end_matches(" NOT VALID").trim_end_matches(" NO INHERIT"));
    if let Some(name) = own.or_else(|| column.get(Attr::InheritedNotNullName)) {
        return name.to_owned();
    }
    let table = schema.object(Kind::Table, parent(column)).map(|t| t.text(Attr::Name)).unwrap_or_default();
    default_name(table, column.text(Attr::Name))
}

/// Since 18 a not-null constraint can be renamed, validated, and told whether children inherit it.
pub(super) fn change(ctx: &Context<'_>, old: &Object, new: &Object) -> Result<Vec<Statement>, String> {
    let table = parent(new);
    let (before, after) = (constraint_name(ctx.old, old), constraint_name(ctx.new, new));
    let says =
        |column: &Object, words: &str| column.get(Attr::NotNullConstraint).is_some_and(|c| c.contains(words));
    let mut statements = Vec::new();
    let name = if new.has(Attr::HasParent) { &before } else { &after };
    if before != *name {
        let children = ctx.old.objects.iter().filter(|f| {
            f.key.kind == Kind::Partition && f.text(Attr::Of) == table
                || f.key.kind == Kind::Table && super::lines(f.get(Attr::Inherits)).contains(&table)
        });
        for child in children.map(|f| f.parent.unwrap_or(f.key).name) {
            let column = ctx.old.object(Kind::Column, &format!("{child}.{}", old.text(Attr::Name)));
            if column.is_some_and(|c| c.has(Attr::NotNull) && constraint_name(ctx.old, &c) != before) {
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
    if says(old, "NO INHERIT") != says(new, "NO INHERIT") {
        let word = if says(new, "NO INHERIT") { "NO INHERIT" } else { "INHERIT" };
        statements.push(
            Statement::new(format!("ALTER TABLE {table} ALTER CONSTRAINT {name} {word}")).exclusive(table),
        );
    }
    match (says(old, "NOT VALID"), says(new, "NOT VALID")) {
        (true, false) => {
            let validate = Statement::new(format!("ALTER TABLE {table} VALIDATE CONSTRAINT {name}"))
                .lock(table, LockMode::ShareUpdateExclusive)
                .hazard(HazardKind::MayFailOnData, table, "rows that do not fit are refused");
            statements.push(if ctx.online { validate.at(Phase::Validate) } else { validate });
        }
        (false, true) => {
            statements.push(Statement::new(alter(new, "DROP NOT NULL")).exclusive(table));
            let tail = if says(new, "NO INHERIT") { " NO INHERIT" } else { "" };
            statements.push(
                Statement::new(format!(
                    "ALTER TABLE {table} ADD CONSTRAINT {name} NOT NULL {}{tail} NOT VALID",
                    new.text(Attr::Name)
                ))
                .exclusive(table),
            );
        }
        _ => {}
    }
    Ok(statements)
}

/// Sets again what went with the one above, which since 18 may have left its name.
pub(in crate::schema) fn keep(ctx: &Context<'_>, old: &Object, new: &Object) -> Vec<Statement> {
    let table = parent(new);
    let set = Statement::new(alter(new, "SET NOT NULL")).exclusive(table);
    let mut statements = vec![set.hazard(HazardKind::ScanUnderLock, table, "every row is checked")];
    let (before, after) = (constraint_name(ctx.old, old), constraint_name(ctx.new, new));
    if ctx.old.server_version() >= 180_000 && before != after {
        let rename = format!(
            "DO $$ BEGIN IF EXISTS (SELECT FROM pg_catalog.pg_constraint WHERE conrelid = {}::pg_catalog.regclass \
             AND contype = 'n' AND pg_catalog.quote_ident(conname) = {}) THEN ALTER TABLE {table} RENAME CONSTRAINT {before} TO {after}; END IF; END $$",
            super::literal(table),
            super::literal(&before)
        );
        statements.push(Statement::new(rename).exclusive(table));
    }
    statements
}

/// Whether the column stops being required for its table alone: before 18, the children would lose their own too.
pub(super) fn drops_alone(ctx: &Context<'_>, column: &Object) -> bool {
    let table = parent(column);
    let heirs = |f: Object<'_>| super::lines(f.get(Attr::Inherits)).contains(&table);
    ctx.old.server_version() < 180_000 && ctx.old.objects.of_kind(Kind::Table).any(heirs)
}

/// Whether the children of a column get its constraint, which they did not inherit before.
pub(super) fn is_handed_down(old: &Object, new: &Object) -> bool {
    old.text(Attr::NotNullConstraint).contains("NO INHERIT")
        && new.has(Attr::NotNull)
        && !new.text(Attr::NotNullConstraint).contains("NO INHERIT")
}

/// A child gets the constraint from above as it is there, not validated, and may be validated by itself.
pub(super) fn validate_below(ctx: &Context<'_>, above: &Object, column: &Object) -> Option<Statement> {
    let pending = |column: &Object| column.text(Attr::NotNullConstraint).contains("NOT VALID");
    if !pending(above) || pending(column) || !column.has(Attr::NotNull) {
        return None;
    }
    let (table, name) = (parent(column), constraint_name(ctx.new, above));
    let validate = Statement::new(format!("ALTER TABLE {table} VALIDATE CONSTRAINT {name}"))
        .lock(table, LockMode::ShareUpdateExclusive)
        .hazard(HazardKind::MayFailOnData, table, "rows that do not fit are refused");
    Some(validate.at(Phase::Validate))
}

/// Whether PostgreSQL would choose another name than the usual: partitions that are made before have constraints of that.
fn has_to_be_named(ctx: &Context<'_>, column: &Object) -> bool {
    let table = ctx.new.object(Kind::Table, parent(column));
    ctx.old.server_version() >= 180_000 && table.is_some_and(|table| table.has(Attr::PartitionKey))
}

/// As part of the column's definition.
pub(super) fn inline(ctx: &Context<'_>, column: &Object) -> String {
    match column.get(Attr::NotNullConstraint) {
        Some(named) if named.contains("NOT VALID") => String::new(),
        Some(named) if named.starts_with("CONSTRAINT") => match named.strip_suffix(" NO INHERIT") {
            Some(name) => format!(" {name} NOT NULL NO INHERIT"),
            None => format!(" {named} NOT NULL"),
        },
        Some(_) => " NOT NULL NO INHERIT".to_owned(),
        None => match column.get(Attr::InheritedNotNullName) {
            Some(name) => format!(" CONSTRAINT {name} NOT NULL"),
            None if has_to_be_named(ctx, column) => {
                format!(" CONSTRAINT {} NOT NULL", constraint_name(ctx.new, column))
            }
            None => " NOT NULL".to_owned(),
        },
    }
}

/// Without blocking: a check that is validated under a weak lock spares the scan under the strong one.
pub(super) fn set(ctx: &Context<'_>, column: &Object) -> Vec<Statement> {
    let table = parent(column);
    let name = column.text(Attr::Name);
    let set = match column.get(Attr::NotNullConstraint) {
        Some(named) if named.starts_with("CONSTRAINT") || named.contains("NO") => {
            let (named, tail) =
                named.split_once(" NO").map_or((named, String::new()), |(n, t)| (n, format!(" NO{t}")));
            Statement::new(format!("ALTER TABLE {table} ADD {named} NOT NULL {name}{tail}"))
        }
        None if has_to_be_named(ctx, column) => {
            let own = constraint_name(ctx.new, column);
            Statement::new(format!("ALTER TABLE {table} ADD CONSTRAINT {own} NOT NULL {name}"))
        }
        _ => Statement::new(alter(column, "SET NOT NULL")),
    }
    .exclusive(table)
    .hazard(HazardKind::MayFailOnData, table, format!("rows without {name} are refused"));
    let foreign = ctx.new.object(Kind::Table, table).is_some_and(|t| t.has(Attr::Foreign));
    if !ctx.online || ctx.is_fresh(table) || column.has(Attr::HasParent) || foreign {
        return vec![if ctx.is_fresh(table) || foreign {
            set
        } else {
            set.hazard(HazardKind::ScanUnderLock, table, "every row is checked")
        }];
    }
    let plain: String = name.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').take(40).collect();
    let check = format!("lakebase_{}_not_null", plain.to_lowercase());
    vec![
        Statement::new(format!(
            "ALTER TABLE {table} ADD CONSTRAINT {check} CHECK ({name} IS NOT NULL) NOT VALID"
        ))
        .exclusive(table),
        Statement::new(format!("ALTER TABLE {table} VALIDATE CONSTRAINT {check}"))
            .lock(table, LockMode::ShareUpdateExclusive)
            .hazard(HazardKind::MayFailOnData, table, format!("rows without {name} are refused"))
            .at(Phase::Validate),
        set.at(Phase::Finish),
        Statement::new(format!("ALTER TABLE {table} DROP CONSTRAINT {check}"))
            .exclusive(table)
            .at(Phase::Finish),
    ]
}
