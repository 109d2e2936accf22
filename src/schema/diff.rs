//! What differs between two schemas.

use std::fmt;

use serde::{Serialize, Serializer};

use super::model::{Key, Name, Object, Schema};
use super::plan::{Plan, PlanOptions};
use super::{PlanError, render};

/// One attribute that differs.
///
/// ```
/// fn show(field: &lakebase::schema::FieldChange) {
///     println!("{}: {:?} → {:?}", field.name, field.before, field.after);
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct FieldChange {
    /// The attribute.
    pub name: String,
    /// Its value in the old schema, nothing where it had none.
    pub before: Option<String>,
    /// Its value in the new schema.
    pub after: Option<String>,
}

/// One difference.
///
/// ```
/// use lakebase::schema::Change;
/// fn show(change: &Change) {
///     if let Change::Added { key, .. } = change { println!("new: {key}") }
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "change", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Change {
    /// Only in the new schema.
    Added {
        /// What it is.
        key: Key,
        /// The object it is a part of.
        parent: Option<Key>,
        /// Its attributes.
        fields: Vec<FieldChange>,
    },
    /// Only in the old schema.
    Removed {
        /// What it is.
        key: Key,
        /// The object it is a part of.
        parent: Option<Key>,
        /// Its attributes.
        fields: Vec<FieldChange>,
    },
    /// In both, with other attributes.
    Changed {
        /// What it is.
        key: Key,
        /// The object it is a part of.
        parent: Option<Key>,
        /// What differs.
        fields: Vec<FieldChange>,
    },
    /// The same object under another name: certain, because both schemas are physical copies of one database.
    Renamed {
        /// What it is called in the new schema.
        key: Key,
        /// What it was called in the old one.
        before: Key,
    },
}

impl Change {
    /// What differs, by its name in the new schema where it is there.
    pub fn key(&self) -> &Key {
        match self {
            Self::Added { key, .. }
            | Self::Removed { key, .. }
            | Self::Changed { key, .. }
            | Self::Renamed { key, .. } => key,
        }
    }

    /// The attributes that differ; empty for a rename.
    pub fn fields(&self) -> &[FieldChange] {
        match self {
            Self::Added { fields, .. } | Self::Removed { fields, .. } | Self::Changed { fields, .. } => {
                fields
            }
            Self::Renamed { .. } => &[],
        }
    }

    /// The object it is a part of.
    pub fn parent(&self) -> Option<&Key> {
        match self {
            Self::Added { parent, .. } | Self::Removed { parent, .. } | Self::Changed { parent, .. } => {
                parent.as_ref()
            }
            Self::Renamed { .. } => None,
        }
    }
}

/// Two objects that look like one under two names. Only a hint: nothing proves it between unrelated databases.
///
/// ```
/// fn show(hint: &lakebase::schema::RenameHint) {
///     println!("{} may have become {}", hint.before, hint.after);
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct RenameHint {
    /// The name in the old schema.
    pub before: Key,
    /// The name in the new schema.
    pub after: Key,
}

/// Everything that differs between two schemas, in a stable order.
///
/// `Display` is a unified DDL difference grouped by object.
///
/// ```no_run
/// # fn show(old: &lakebase::schema::Schema, new: &lakebase::schema::Schema) {
/// let diff = lakebase::schema::compare(old, new);
/// println!("{}\n{diff}", diff.summary());
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct SchemaDiff {
    /// The old schema under the names of the new one where objects were renamed.
    pub(super) old: Schema,
    pub(super) new: Schema,
    pub(super) changes: Vec<Change>,
    pub(super) hints: Vec<RenameHint>,
    /// The statements that do the renames, before all others.
    pub(super) prelude: Vec<super::Statement>,
    /// Why nothing can be planned, found while comparing.
    pub(super) refusals: Vec<super::Refusal>,
    pub(super) original: super::Fingerprint,
}

/// Compares two schemas. `new` is where [`SchemaDiff::migration`] leads.
///
/// ```no_run
/// # fn show(old: &lakebase::schema::Schema, new: &lakebase::schema::Schema) {
/// assert!(lakebase::schema::compare(old, old).is_empty());
/// # }
/// ```
pub fn compare(old: &Schema, new: &Schema) -> SchemaDiff {
    let super::rename::Renamed { schema: renamed, pairs, renames, statements, schemas, refusals } =
        super::rename::certain(old, new);
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
    let hints = super::rename::likely(&renamed, new, &changes);
    SchemaDiff {
        original: old.fingerprint(),
        old: renamed,
        new: new.clone(),
        changes,
        hints,
        prelude: statements,
        refusals,
    }
}

/// The positions of an object in both schemas.
pub(super) type Pair = (Option<usize>, Option<usize>);

/// The positions of each object in both schemas, by key.
pub(super) fn pairs(old: &Schema, new: &Schema) -> Vec<Pair> {
    let (mut one, mut other) = (0, 0);
    let mut pairs = Vec::with_capacity(old.len().max(new.len()));
    while one < old.len() || other < new.len() {
        let order = match (one < old.len(), other < new.len()) {
            (true, true) if old.same(one, new, other) => std::cmp::Ordering::Equal,
            (true, true) => old.objects.key(one).cmp(&new.objects.key(other)),
            (true, false) => std::cmp::Ordering::Less,
            (false, _) => std::cmp::Ordering::Greater,
        };
        pairs.push((order.is_le().then_some(one), order.is_ge().then_some(other)));
        one += usize::from(order.is_le());
        other += usize::from(order.is_ge());
    }
    pairs
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

impl SchemaDiff {
    /// Whether the schemas are the same in everything that is compared.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// The differences: renames first, then by kind and name.
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// Likely renames between unrelated databases. Never planned as renames.
    pub fn rename_hints(&self) -> &[RenameHint] {
        &self.hints
    }

    /// One line: how many objects were added, removed, changed and renamed.
    pub fn summary(&self) -> String {
        render::summary(self)
    }

    /// The unified DDL difference with terminal colors.
    pub fn colored(&self) -> impl fmt::Display + '_ {
        render::Text { diff: self, color: true }
    }

    /// The difference as Markdown, fit for a pull-request comment.
    pub fn markdown(&self) -> String {
        render::markdown(self)
    }

    /// The difference as an HTML page, old and new side by side.
    pub fn html(&self) -> String {
        render::html(self)
    }

    /// What is present on either side and not compared in detail, each once, sorted.
    pub fn uncompared(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.old.uncompared().chain(self.new.uncompared()).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// Plans the SQL that takes the old schema to the new one, safe to run while the database is in use.
    ///
    /// # Errors
    ///
    /// [`PlanError`] names every difference that cannot be planned; nothing is planned then.
    pub fn migration(&self) -> Result<Plan, PlanError> {
        self.migration_with(&PlanOptions::default())
    }

    /// Plans with other options.
    ///
    /// # Errors
    ///
    /// As [`migration`](Self::migration).
    pub fn migration_with(&self, options: &PlanOptions) -> Result<Plan, PlanError> {
        super::plan::plan(self, options)
    }
}

impl fmt::Display for SchemaDiff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        render::Text { diff: self, color: false }.fmt(f)
    }
}

impl Serialize for SchemaDiff {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Wire<'a> {
            summary: String,
            changes: &'a [Change],
            rename_hints: &'a [RenameHint],
            uncompared: Vec<&'a str>,
        }
        Wire {
            summary: self.summary(),
            changes: &self.changes,
            rename_hints: &self.hints,
            uncompared: self.uncompared(),
        }
        .serialize(serializer)
    }
}
