//! Sequences of columns. Those of identity columns are parts of their columns, not objects.

use std::collections::HashMap;

use super::reader::{Dependency, IdentitySequence, Reader};
use crate::schema::model::{Attr, Draft, Kind};

impl IdentitySequence {
    pub(super) fn of(sequence: &Draft<'_>) -> Self {
        let get =
            |attr: Attr| sequence.attrs.iter().find(|(a, _)| *a == attr).map(|(_, value)| value.as_ref());
        let limit = |attr: Attr, word: &str| match get(attr) {
            Some(value) => format!("{word} {value}"),
            None => format!("NO {word}"),
        };
        let options = [
            format!("START WITH {}", get(Attr::Start).unwrap_or_default()),
            format!("INCREMENT BY {}", get(Attr::Increment).unwrap_or_default()),
            limit(Attr::Minvalue, "MINVALUE"),
            limit(Attr::Maxvalue, "MAXVALUE"),
            format!("CACHE {}", get(Attr::Cache).unwrap_or_default()),
            if get(Attr::Cycle).is_some() { "CYCLE" } else { "NO CYCLE" }.to_owned(),
        ];
        let unlogged = get(Attr::Persistence).is_some();
        Self { name: sequence.key.name.clone(), options: options.join("\n"), unlogged }
    }
}

/// The column that each identity's sequence belongs to.
pub(super) fn columns(dependencies: &[Dependency], relations: u32) -> HashMap<u32, (u32, i32)> {
    of_columns(dependencies, relations, b'i').collect()
}

fn of_columns(
    dependencies: &[Dependency],
    relations: u32,
    kind: u8,
) -> impl Iterator<Item = (u32, (u32, i32))> {
    let between = move |d: &&Dependency| d.kind == kind && d.from.0 == relations && d.to.0 == relations;
    dependencies.iter().filter(between).filter(|d| d.to.2 > 0).map(|d| (d.from.1, (d.to.1, d.to.2)))
}

impl Reader {
    /// The sequences that columns own and that belong to no identity, with these columns, as an SQL table; `None` if
    /// there are none.
    pub(super) fn owned_sequences(&self, dependencies: &[Dependency]) -> Option<String> {
        let (mut sequences, mut tables, mut columns) = (Vec::new(), Vec::new(), Vec::new());
        for (sequence, (table, column)) in of_columns(dependencies, self.relations, b'a') {
            if self.relation(sequence).is_some_and(|object| object.key.kind == Kind::Sequence) {
                sequences.push(sequence.to_string());
                tables.push(table.to_string());
                columns.push(column.to_string());
            }
        }
        let [sequences, tables, columns] = [sequences, tables, columns].map(|list| list.join(","));
        let unnest =
            format!("unnest('{{{sequences}}}'::oid[], '{{{tables}}}'::oid[], '{{{columns}}}'::int[])");
        (!sequences.is_empty()).then_some(unnest)
    }
}
