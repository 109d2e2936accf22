//! Two-way comparison of schemas.

use super::diff::{Change, FieldChange, SchemaDiff};
use super::model::{Name, Object, Schema};
use super::portable::alike;
use super::rename::{Renamed, certain, likely};

/// Compares two schemas. [`SchemaDiff::migration`] plans the change from `old` to `new`.
///
/// ```no_run
/// # fn show(old: &lakebase::schema::Schema, new: &lakebase::schema::Schema) {
/// assert!(lakebase::schema::compare(old, old).is_empty());
/// # }
/// ```
pub fn compare(old: &Schema, new: &Schema) -> SchemaDiff {
    let ([old_alike, new_alike], versions) = alike([old, new]);
    let mut diff = compare_alike(&old_alike, &new_alike);
    (diff.original, diff.versions) = (old.fingerprint(), versions);
    diff
}

/// Compares schemas that are [`alike`] in form.
pub(super) fn compare_alike(old: &Schema, new: &Schema) -> SchemaDiff {
    let Renamed { schema: renamed, pairs, renames, members, statements, schemas, refusals } =
        certain(old, new);
    let mut changes: Vec<Change> =
        renames.iter().map(|r| Change::Renamed { key: r.after.clone(), before: r.before.clone() }).collect();
    changes.extend(schemas.into_iter().map(|key| Change::Added { key, parent: None, fields: Vec::new() }));
    let differing = pairs.into_iter().filter(|(one, other)| match (one, other) {
        (Some(one), Some(other)) => !renamed.same(*one, new, *other),
        _ => true,
    });
    for (one, other) in differing {
        changes.extend(match (one.map(|at| renamed.objects.at(at)), other.map(|at| new.objects.at(at))) {
            (Some(old), None) => Some(Change::Removed {
                key: old.key.to_key(),
                parent: old.parent.map(Name::to_key),
                fields: fields(Some(old), None),
            }),
            (None, Some(new)) => Some(Change::Added {
                key: new.key.to_key(),
                parent: new.parent.map(Name::to_key),
                fields: fields(None, Some(new)),
            }),
            (Some(old), Some(new)) => Some(Change::Changed {
                key: new.key.to_key(),
                parent: new.parent.map(Name::to_key),
                fields: fields(Some(old), Some(new)),
            }),
            (None, None) => None,
        });
    }
    let hints = likely(&renamed, new, &changes);
    SchemaDiff {
        original: old.fingerprint(),
        versions: None,
        old: renamed,
        new: new.clone(),
        changes,
        hints,
        members,
        prelude: statements,
        refusals,
    }
}

fn fields(old: Option<Object<'_>>, new: Option<Object<'_>>) -> Vec<FieldChange> {
    let mut fields = Vec::new();
    for (name, before) in old.iter().flat_map(|f| f.attrs.compared()) {
        let after = new.and_then(|f| f.get(name));
        if after != Some(before) {
            fields.push(FieldChange {
                name: name.to_string(),
                before: Some(before.to_owned()),
                after: after.map(str::to_owned),
            });
        }
    }
    for (name, after) in new.iter().flat_map(|f| f.attrs.compared()) {
        if !old.is_some_and(|f| f.has(name)) {
            fields.push(FieldChange { name: name.to_string(), before: None, after: Some(after.to_owned()) });
        }
    }
    fields
}
