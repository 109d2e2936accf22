//! Makes schemas of different major versions of PostgreSQL comparable.

mod locale;
mod view;

use std::borrow::Cow;
use std::ops::RangeInclusive;

use super::model::{Attr, Draft, Kind, ON_TABLES, Object, Schema};
use crate::sql::{clause, split_list};

/// The oldest and the newest version of the servers that schemas were read from.
pub(super) type Versions = RangeInclusive<u32>;

/// The schemas in the form that their servers have in common and in the quoting of the first; and the versions of their
/// servers, if the major ones differ.
pub(super) fn alike<const N: usize>(schemas: [&Schema; N]) -> ([Schema; N], Option<Versions>) {
    let Some(first) = schemas.first().map(|schema| schema.server_version()) else {
        return (schemas.map(Clone::clone), None);
    };
    let versions = || schemas.iter().map(|schema| schema.server_version());
    let differ = versions().any(|version| version / 10_000 != first / 10_000);
    let oldest = versions().min().filter(|_| differ);
    let newest = versions().max().unwrap_or(first);
    let alike = schemas.map(|schema| {
        let schema = schema.requoted(first).unwrap_or_else(|| schema.clone());
        oldest.map_or_else(|| schema.clone(), |oldest| schema.portable(&(oldest..=newest)))
    });
    (alike, oldest.map(|oldest| oldest..=newest))
}

impl Schema {
    /// The schema without attributes that depend on the server version alone: versions of extensions, names of not-null
    /// constraints, `MAINTAIN` where all privileges are granted, qualifiers in views.
    pub(super) fn portable(&self, versions: &Versions) -> Self {
        let (oldest, newest) = (*versions.start(), *versions.end());
        let qualifies = self.server_version() < 160_000;
        let objects = self.objects.iter().map(|object| {
            let mut draft = portable(&object, oldest, newest);
            if qualifies && matches!(object.key.kind, Kind::View | Kind::MaterializedView) {
                unqualify(&mut draft);
            }
            draft
        });
        Self::new(self.options.clone(), self.origin.clone(), objects.collect())
    }
}

fn unqualify(view: &mut Draft<'_>) {
    for (_, definition) in view.attrs.iter_mut().filter(|(attr, _)| *attr == Attr::Definition) {
        if let Some(bare) = view::later_form(definition) {
            *definition = bare.into();
        }
    }
}

fn portable<'a>(object: &Object<'a>, oldest: u32, newest: u32) -> Draft<'a> {
    let mut draft = object.draft();
    match object.key.kind {
        Kind::Extension => draft.attrs.retain(|(attr, _)| *attr != Attr::Version),
        Kind::Column => {
            if oldest < 180_000 {
                without_name(&mut draft);
            }
            if oldest < 170_000 {
                without_inherited_identity(&mut draft);
            }
        }
        Kind::Domain if oldest < 170_000 => without_name(&mut draft),
        Kind::Privilege | Kind::DefaultPrivileges if oldest < 170_000 => {
            for (_, list) in
                draft.attrs.iter_mut().filter(|(attr, _)| matches!(attr, Attr::Granted | Attr::Revoked))
            {
                if let Some(before) = without_maintain(list) {
                    *list = before;
                }
            }
        }
        // Since 18 a partitioned table is never unlogged; before, the word had no effect.
        Kind::Table if newest >= 180_000 && object.has(Attr::PartitionKey) => {
            draft.attrs.retain(|(attr, _)| *attr != Attr::Persistence);
        }
        Kind::Collation if oldest < 160_000 && object.get(Attr::Provider) == Some("icu") => {
            for (_, locale) in draft.attrs.iter_mut().filter(|(attr, _)| *attr == Attr::Locale) {
                *locale = locale::language_tag(locale).into();
            }
        }
        _ => {}
    }
    draft
}

/// Removes the name of a not-null constraint, which older versions lack, and the comment on it.
fn without_name(draft: &mut Draft<'_>) {
    draft.attrs.retain(|(attr, _)| !matches!(attr, Attr::InheritedNotNullName | Attr::NotNullComment));
    let Some(at) = draft.attrs.iter().position(|(attr, _)| *attr == Attr::NotNullConstraint) else { return };
    let marks = &draft.attrs[at].1;
    let flags = ["NO INHERIT", "NOT VALID"].iter().filter_map(|flag| clause(marks, flag));
    match flags.map(|flag| flag.start).min().map(|start| marks[start..].to_owned()) {
        Some(flags) => draft.attrs[at].1 = flags.into(),
        None => drop(draft.attrs.remove(at)),
    }
}

/// Removes an inherited identity: before 17, partitions of a table with an identity had none.
fn without_inherited_identity(draft: &mut Draft<'_>) {
    if !draft.attrs.iter().any(|(attr, _)| *attr == Attr::IdentitySequence) {
        draft.attrs.retain(|(attr, _)| *attr != Attr::Identity);
    }
}

/// All privileges on a table without `MAINTAIN`; `None` unless the list holds all of them.
fn without_maintain(list: &str) -> Option<Cow<'static, str>> {
    let privileges = split_list(list);
    let has = |wanted: &str| privileges.iter().any(|privilege| privilege.trim_end_matches('*') == wanted);
    let rest: Vec<&str> = privileges.iter().copied().filter(|p| !p.starts_with("MAINTAIN")).collect();
    (rest.len() < privileges.len() && ON_TABLES.iter().all(|wanted| has(wanted)))
        .then(|| rest.join(", ").into())
}
