//! Relations that store no rows, so that nothing is rewritten or scanned.

use crate::schema::hazard::HazardKind;
use crate::schema::model::{Attr, Children, Kind, Schema};
use crate::schema::statement::Statement;

/// Removes the announced rewrites and scans of foreign tables, and of partitioned tables without local partitions.
pub(super) fn drop_empty_hazards(old: &Schema, statements: &mut [Statement]) {
    let touches = |kind: HazardKind| matches!(kind, HazardKind::TableRewrite | HazardKind::ScanUnderLock);
    let children = Children::new(old);
    for hazards in statements.iter_mut().map(|statement| &mut statement.hazards) {
        hazards.retain(|hazard| {
            !touches(hazard.kind)
                || stores_rows(old, &hazard.relation)
                || has_stored_child(old, &children, &hazard.relation)
        });
    }
}

fn stores_rows(schema: &Schema, relation: &str) -> bool {
    let table = schema.object(Kind::Table, relation);
    table.is_none_or(|table| !table.has(Attr::Foreign) && !table.has(Attr::PartitionKey))
}

fn has_stored_child(schema: &Schema, children: &Children<'_>, relation: &str) -> bool {
    let mut below = children.of(relation);
    below.any(|child| stores_rows(schema, child) || has_stored_child(schema, children, child))
}
