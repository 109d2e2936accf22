//! The children of tables: partitions, and tables that inherit.

use std::cell::OnceCell;
use std::collections::BTreeMap;

use super::{Attr, Kind, Object, Schema};
use crate::sql::entries;

/// The partitions and inheritance children of every table of a schema.
pub(in crate::schema) struct Children<'a> {
    schema: &'a Schema,
    /// Their positions by the name of the parent, once one was asked for.
    by_parent: OnceCell<BTreeMap<String, Vec<usize>>>,
}

impl<'a> Children<'a> {
    pub(in crate::schema) fn new(schema: &'a Schema) -> Self {
        Self { schema, by_parent: OnceCell::new() }
    }

    /// The names of those of a table.
    pub(in crate::schema) fn of(&self, table: &str) -> impl Iterator<Item = &'a str> + use<'a, '_> {
        let schema = self.schema;
        let positions = self.by_parent.get_or_init(|| by_parent(schema)).get(table);
        positions.into_iter().flatten().map(|at| schema.objects.at(*at).key.name)
    }

    /// The table itself, a partition or a child of it that is foreign: PostgreSQL converts its values by no expression.
    pub(in crate::schema) fn foreign_below(&self, table: &str) -> Option<Object<'a>> {
        let own = self.schema.object(Kind::Table, table)?;
        if own.has(Attr::Foreign) {
            return Some(own);
        }
        self.of(table).find_map(|child| self.foreign_below(child))
    }
}

fn by_parent(schema: &Schema) -> BTreeMap<String, Vec<usize>> {
    let mut by_parent: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    let mut add = |parent: &str, child: Object<'_>| {
        by_parent.entry(parent.to_owned()).or_default().extend(schema.find(child.key));
    };
    for place in schema.objects.of_kind(Kind::Partition) {
        add(place.text(Attr::ParentRelation), place);
    }
    for table in schema.objects.of_kind(Kind::Table) {
        let parents = table.get(Attr::Inherits).map(entries).unwrap_or_default();
        parents.into_iter().for_each(|parent| add(parent, table));
    }
    by_parent
}
