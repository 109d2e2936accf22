//! Makes schemas of different major versions of PostgreSQL comparable.

mod locale;
mod view;

use std::borrow::Cow;
use std::ops::RangeInclusive;

use super::model::{Attr, Draft, Kind, ON_TABLES, Schema, requote};
use crate::sql::{Requoting, clause, significant, split_list};

/// The oldest and the newest version of the servers that schemas were read from.
pub(super) type Versions = RangeInclusive<u32>;

/// The schemas in the form that their servers have in common and in the quoting of the first; and the versions of their
/// servers, if the major ones differ.
pub(super) fn alike<const N: usize>(schemas: [&Schema; N]) -> ([Schema; N], Option<Versions>) {
    let versions = || schemas.iter().map(|schema| schema.server_version());
    let first = versions().next().unwrap_or_default();
    let differ = versions().any(|version| version / 10_000 != first / 10_000);
    let range = versions().min().zip(versions().max()).filter(|_| differ);
    let range = range.map(|(oldest, newest)| oldest..=newest);
    (schemas.map(|schema| schema.normalized(first, range.as_ref())), range)
}

impl Schema {
    /// The schema in the quoting of a server version and, where the major versions of several servers differ, without
    /// what depends on the version alone: versions of extensions, names of not-null constraints, `MAINTAIN` where all
    /// privileges are granted, qualifiers in views. Objects are only copied if some change.
    pub(super) fn normalized(&self, quoting: u32, versions: Option<&Versions>) -> Self {
        let requoting = Requoting::between(self.server_version(), quoting);
        let requoting = requoting.filter(|requoting| requoting.concerns(self.objects.joined_texts()));
        if requoting.is_none() && versions.is_none() {
            return self.clone();
        }
        let qualifies = self.server_version() < 160_000;
        let edited = self.objects.iter().enumerate().filter_map(|(at, object)| {
            let mut draft = object.draft();
            if let Some(requoting) = &requoting {
                requote(&mut draft, requoting);
            }
            if let Some(versions) = versions {
                make_portable(&mut draft, versions);
                if !qualifies && *versions.start() < 160_000 {
                    drop_no_indent(&mut draft);
                }
                if qualifies && matches!(object.key.kind, Kind::View | Kind::MaterializedView) {
                    unqualify(&mut draft);
                }
            }
            draft.differs(&object).then_some((at, draft))
        });
        self.with(&edited.collect::<Vec<_>>())
    }
}

fn unqualify(view: &mut Draft<'_>) {
    for (_, definition) in view.attrs.iter_mut().filter(|(attr, _)| *attr == Attr::Definition) {
        if let Some(bare) = view::later_form(definition) {
            *definition = bare.into();
        }
    }
}

/// Attributes with expressions or queries.
const PARSED: [Attr; 9] = [
    Attr::Definition,
    Attr::Expression,
    Attr::Generated,
    Attr::GeneratedVirtual,
    Attr::IndexDefinition,
    Attr::Using,
    Attr::WithCheck,
    Attr::Where,
    Attr::Default,
];

/// Removes ` NO INDENT` from `XMLSERIALIZE(…)`, the default that 16 and later print and 15 does not know.
fn drop_no_indent(draft: &mut Draft<'_>) {
    for (attr, text) in &mut draft.attrs {
        if !PARSED.contains(attr) || !text.contains(" NO INDENT)") {
            continue;
        }
        let Ok(tokens) = significant(&*text) else { continue };
        let (mut shorter, mut copied) = (String::with_capacity(text.len()), 0);
        for four in
            tokens.windows(4).filter(|t| t[1].text == "NO" && t[2].text == "INDENT" && t[3].is_sign(')'))
        {
            shorter.push_str(&text[copied..four[0].end()]);
            copied = four[2].end();
        }
        shorter.push_str(&text[copied..]);
        *text = shorter.into();
    }
}

fn make_portable(draft: &mut Draft<'_>, versions: &Versions) {
    let (oldest, newest) = (*versions.start(), *versions.end());
    let get = |wanted: Attr| draft.attrs.iter().find(|(attr, _)| *attr == wanted).map(|(_, value)| &**value);
    let (is_partitioned, is_icu) = (get(Attr::PartitionKey).is_some(), get(Attr::Provider) == Some("icu"));
    match draft.key.kind {
        Kind::Extension => draft.attrs.retain(|(attr, _)| *attr != Attr::Version),
        Kind::Column => {
            if oldest < 180_000 {
                without_name(draft);
            }
            if oldest < 170_000 {
                without_inherited_identity(draft);
            }
        }
        Kind::Domain if oldest < 170_000 => without_name(draft),
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
        Kind::Table if newest >= 180_000 && is_partitioned => {
            draft.attrs.retain(|(attr, _)| *attr != Attr::Persistence);
        }
        Kind::Collation if oldest < 160_000 && is_icu => {
            for (_, locale) in draft.attrs.iter_mut().filter(|(attr, _)| *attr == Attr::Locale) {
                *locale = locale::language_tag(locale).into();
            }
        }
        _ => {}
    }
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
