//! The objects of two schemas side by side.

use std::cmp::Ordering;

use super::Schema;

/// The positions of an object in both schemas.
pub(in crate::schema) type Pair = (Option<usize>, Option<usize>);

/// The positions of each object in both schemas, by key.
pub(in crate::schema) fn pairs(old: &Schema, new: &Schema) -> Vec<Pair> {
    let (mut one, mut other) = (0, 0);
    let mut pairs = Vec::with_capacity(old.len().max(new.len()));
    while one < old.len() || other < new.len() {
        let order = match (one < old.len(), other < new.len()) {
            (true, true) if old.same(one, new, other) => Ordering::Equal,
            (true, true) => old.objects.key(one).cmp(&new.objects.key(other)),
            (true, false) => Ordering::Less,
            (false, _) => Ordering::Greater,
        };
        pairs.push((order.is_le().then_some(one), order.is_ge().then_some(other)));
        one += usize::from(order.is_le());
        other += usize::from(order.is_ge());
    }
    pairs
}
