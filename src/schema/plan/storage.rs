//! Relations that store no rows, so that nothing is rewritten or scanned.

use std::collections::BTreeMap;

use crate::schema::ddl;
use crate::schema::hazard::HazardKind;
use crate::schema::model::{Attr, Kind, Schema};
use crate::schema::statement::Statement;

/// Removes the announced rewrites and scans of foreign tables, and of partitioned tables without local partitions.
pub(super) fn drop_empty_hazards(old: &Schema, statements: &mut [Statement]) {
    let touches = |kind: HazardKind| matches!(kind, HazardKind::TableRewrite | HazardKind::ScanUnderLock);
    let mut children = None;
    for hazards in statements.iter_mut().map(|statement| &mut statement.hazards) {
        hazards.retain(|hazard| {
            !touches(hazard.kind)
                || stores_rows(old, &hazard.relation)
                || has_stored_child(old, children.get_or_insert_with(|| below(old)), &hazard.relation)
        });
    }
}

fn stores_rows(schema: &Schema, relation: &str) -> bool {
    let table = schema.object(Kind::Table, relation);
    table.is_none_or(|table| !table.has(Attr::Foreign) && !table.has(Attr::PartitionKey))
}

/// Partitions and inheritance children by their parent.
fn below(schema: &Schema) -> BTreeMap<&str, Vec<&str>> {
    let mut children: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for place in schema.objects.of_kind(Kind::Partition) {
        children.entry(place.text(Attr::ParentRelation)).or_default().push(place.key.name);
    }
    for table in schema.objects.of_kind(Kind::Table) {
        for parent in ddl::lines(table.get(Attr::Inherits)) {
            children.entry(parent).or_default().push(table.key.name);
        }
    }
    children
}

fn has_stored_child(schema: &Schema, children: &BTreeMap<&str, Vec<&str>>, relation: &str) -> bool {
    let mut below = children.get(relation).into_iter().flatten();
    below.any(|child| stores_rows(schema, child) || has_stored_child(schema, children, child))
}
