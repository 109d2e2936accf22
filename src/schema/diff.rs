//! Differences between two schemas.

use serde::{Serialize, Serializer};

use super::model::{Key, MemberRenames, Schema};

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
        /// The object.
        key: Key,
        /// The object it is a part of.
        parent: Option<Key>,
        /// Its attributes.
        fields: Vec<FieldChange>,
    },
    /// Only in the old schema.
    Removed {
        /// The object.
        key: Key,
        /// The object it is a part of.
        parent: Option<Key>,
        /// Its attributes.
        fields: Vec<FieldChange>,
    },
    /// In both, with other attributes.
    Changed {
        /// The object.
        key: Key,
        /// The object it is a part of.
        parent: Option<Key>,
        /// The attributes that differ.
        fields: Vec<FieldChange>,
    },
    /// An object with another name. Certain, because both schemas are physical copies of one database.
    Renamed {
        /// Its key in the new schema.
        key: Key,
        /// Its key in the old schema.
        before: Key,
    },
}

impl Change {
    /// The object that differs, by its key in the new schema if it exists there.
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

/// A likely rename. Only a hint: nothing proves it between unrelated databases.
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

/// The differences between two schemas, in a stable order.
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
    /// The renamed labels and attributes of types.
    pub(super) members: MemberRenames,
    /// The statements that do the renames, before all others.
    pub(super) prelude: Vec<super::Statement>,
    /// Reasons, found while comparing, why no plan is possible.
    pub(super) refusals: Vec<super::Refusal>,
    pub(super) original: super::Fingerprint,
    /// The servers' versions, where attributes that depend on the major version were removed from both sides.
    pub(super) versions: Option<super::portable::Versions>,
}

impl SchemaDiff {
    /// Whether the schemas have no difference in compared attributes.
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

    /// The objects on either side that are not compared in detail, each once, sorted.
    pub fn uncompared(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.old.uncompared().chain(self.new.uncompared()).collect();
        names.sort_unstable();
        names.dedup();
        names
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
