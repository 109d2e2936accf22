//! Follows tables and columns that were renamed, where the schema comparison is certain.

use super::{
    catalog::{begin, end},
    error::DataError,
    model::{Database, TableName},
    narrow::Connections,
    pair::Renames,
};
use crate::schema::{self, Change, Kind, Schema};

/// The renames between two physical copies. Reading both schemas costs time, so they are read only where a name of
/// one side is missing on the other, before the snapshots begin anew.
pub(super) async fn follow_renames(
    both: &mut Connections<'_>,
    old: &mut Database,
    new: &mut Database,
) -> Result<Renames, DataError> {
    let mut renames = Renames::default();
    if old.origin.is_none() || old.origin != new.origin || !names_differ(old, new) {
        return Ok(renames);
    }
    tokio::try_join!(end(both.old), end(both.new))?;
    let options = schema::Options::default().owners(false).privileges(false).comments(false);
    let (before, after) =
        tokio::try_join!(Schema::read(both.old, &options), Schema::read(both.new, &options))?;
    let diff = schema::compare(&before, &after);
    let mut schemas = Vec::new();
    for change in diff.changes() {
        let Change::Renamed { key, before } = change else { continue };
        match (key.kind, (parts(&before.name), parts(&key.name))) {
            (Kind::Schema, _) => schemas.push((split(&before.name).concat(), split(&key.name).concat())),
            (Kind::Table, ((Some(old), None), (Some(new), None))) => {
                renames.tables.insert(old, new);
            }
            (Kind::Column, ((_, Some(old)), (Some(table), Some(new)))) => {
                renames.columns.insert((table, old), new);
            }
            _ => {}
        }
    }
    for table in &old.tables {
        let renamed = schemas.iter().find(|(before, _)| *before == table.name.schema);
        if let Some((_, schema)) = renamed.filter(|_| !renames.tables.contains_key(&table.name)) {
            let name = TableName { schema: schema.clone(), name: table.name.name.clone() };
            renames.tables.insert(table.name.clone(), name);
        }
    }
    tokio::try_join!(begin(both.old), begin(both.new))?;
    (*old, *new) = tokio::try_join!(Database::read(both.old, |_| true), Database::read(both.new, |_| true))?;
    Ok(renames)
}

/// Whether a table or column of the old side is missing in the new one while another is added.
fn names_differ(old: &Database, new: &Database) -> bool {
    let gone = old.tables.iter().any(|table| new.table(&table.name).is_none());
    let added = new.tables.iter().any(|table| old.table(&table.name).is_none());
    let column = |old: &super::model::Table| {
        let Some(new) = new.table(&old.name) else { return false };
        let gone = old.columns.iter().any(|column| new.column(&column.name).is_none());
        gone && new.columns.iter().any(|column| old.column(&column.name).is_none())
    };
    gone && added || old.tables.iter().any(column)
}

/// The table and the column of a qualified name: `schema.table` or `schema.table.column`.
fn parts(name: &str) -> (Option<TableName>, Option<String>) {
    let mut parts = split(name).into_iter();
    let table = match (parts.next(), parts.next()) {
        (Some(schema), Some(name)) => Some(TableName { schema, name }),
        _ => None,
    };
    (table, parts.next())
}

/// The identifiers of a qualified name without their quotes.
fn split(name: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut quoted = false;
    let mut letters = name.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' if quoted && letters.peek() == Some(&'"') => {
                letters.next();
                parts.last_mut().into_iter().for_each(|part| part.push('"'));
            }
            '"' => quoted = !quoted,
            '.' if !quoted => parts.push(String::new()),
            _ => parts.last_mut().into_iter().for_each(|part| part.push(letter)),
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_split_at_dots_outside_of_quotes() {
        assert_eq!(split(r#"public."a.b"".c".d"#), ["public", "a.b\".c", "d"]);
        let table = TableName { schema: "s".to_owned(), name: "t".to_owned() };
        assert_eq!(parts("s.t"), (Some(table.clone()), None));
        assert_eq!(parts("s.t.c"), (Some(table), Some("c".to_owned())));
    }
}
