//! The model of a schema: catalog objects, their attributes and dependencies.

mod adjacency;
mod attr;
mod children;
mod column_lists;
mod digest;
mod draft;
mod key;
mod kind;
mod namespace;
mod object;
mod pairs;
mod requote;
mod text;
mod views;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

pub(super) use adjacency::Adjacency;
pub(super) use attr::Attr;
pub(super) use children::Children;

#[cfg(test)]
pub(super) use attr::Shape;
pub use digest::Fingerprint;
use digest::Fnv;
pub(super) use draft::{Collection, Draft};
pub use key::Key;
pub(super) use key::Name;
pub use kind::Kind;
pub(super) use namespace::{Namespace, TEMPORARY, occupied, taken_names};
pub(super) use object::{Address, Identity, Object, Objects};
pub(super) use pairs::{Pair, pairs};
pub(super) use requote::requote;
pub(super) use views::{
    Column, Composite, Constraint, ConstraintKind, Enum, Generated, Index, Policy, Routine, Sequence, Table,
};

/// The privileges on tables that every supported version has.
pub(super) const ON_TABLES: [&str; 7] =
    ["DELETE", "INSERT", "REFERENCES", "SELECT", "TRIGGER", "TRUNCATE", "UPDATE"];

/// Types, by their key after all renames of objects, and the names of their renamed labels or attributes before and
/// after.
pub(super) type MemberRenames = BTreeMap<Key, Vec<(String, String)>>;

/// The server and database that a snapshot was taken from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ServerInfo {
    /// The server's version number, such as 150004.
    pub(super) version: u32,
    /// The cluster's system identifier where the role may read it, with the database's OID: equal in physical copies.
    pub(super) system_identifier: Option<String>,
    /// The role that read the snapshot, quoted.
    pub(super) user: String,
    /// The roles of the cluster, quoted.
    pub(super) roles: BTreeSet<String>,
    /// Pairs of types between which a cast exists.
    pub(super) casts: BTreeSet<String>,
    /// Installable extensions, each with a version.
    pub(super) available_extensions: BTreeSet<String>,
}

/// A snapshot of the schema of one database: owned, serializable, comparable.
///
/// ```no_run
/// # async fn show(conn: &mut sqlx::PgConnection) -> Result<(), lakebase::schema::SchemaError> {
/// use lakebase::schema::{Options, Schema};
/// let schema = Schema::read(conn, &Options::default()).await?;
/// println!("{} objects, fingerprint {}", schema.len(), schema.fingerprint());
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Recorded")]
pub struct Schema {
    pub(super) options: super::Options,
    pub(super) origin: ServerInfo,
    /// Sorted by key.
    pub(super) objects: Arc<Objects>,
    /// A digest of the compared attributes of each object: most objects of two schemas are equal, and comparing their
    /// digests suffices.
    #[serde(skip)]
    digests: Arc<[u128]>,
}

/// A recorded schema.
#[derive(Deserialize)]
#[serde(rename = "Schema")]
struct Recorded {
    options: super::Options,
    origin: ServerInfo,
    objects: Vec<Draft<'static>>,
}

impl From<Recorded> for Schema {
    fn from(Recorded { options, origin, objects }: Recorded) -> Self {
        Self::new(options, origin, objects.into_iter().collect())
    }
}

impl Schema {
    pub(super) fn new(options: super::Options, origin: ServerInfo, objects: Objects) -> Self {
        let digests = objects.iter().map(|object| object.digest()).collect();
        Self { options, origin, objects: Arc::new(objects), digests }
    }

    /// The schema with some of its objects, by position, in another form. Shares the objects if there are none.
    pub(super) fn with(&self, edited: &[(usize, Draft<'_>)]) -> Self {
        if edited.is_empty() {
            return self.clone();
        }
        Self::new(self.options.clone(), self.origin.clone(), self.objects.with(edited))
    }

    /// The number of objects in the snapshot.
    pub fn len(&self) -> usize {
        self.objects.len()
    }

    /// Whether the snapshot holds no objects.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The server's version number, such as `170004` for 17.4.
    pub fn server_version(&self) -> u32 {
        self.origin.version
    }

    /// The digest of the compared attributes.
    pub fn fingerprint(&self) -> Fingerprint {
        let mut hash = Fnv::default();
        for digest in self.digests.iter() {
            hash.word(*digest as u64);
            hash.word((*digest >> 64) as u64);
        }
        Fingerprint(hash.0)
    }

    /// Whether an object is what another schema has already: the same key and equal compared attributes. Lists of
    /// columns may be longer than the other schema has them, but not shorter.
    pub(super) fn same(&self, here: usize, new: &Self, there: usize) -> bool {
        self.digests[here] == new.digests[there] && !grows(self.objects.at(here), new.objects.at(there))
    }

    /// The objects that are present and not compared in detail, by name.
    pub fn uncompared(&self) -> impl Iterator<Item = &str> {
        self.objects.of_kind(Kind::Uncompared).map(|object| object.key.name)
    }

    pub(super) fn find<'k>(&self, key: impl Into<Name<'k>>) -> Option<usize> {
        self.objects.find(key.into())
    }

    pub(super) fn object(&self, kind: Kind, name: &str) -> Option<Object<'_>> {
        self.get(Name::new(kind, name))
    }

    pub(super) fn get<'k>(&self, key: impl Into<Name<'k>>) -> Option<Object<'_>> {
        self.find(key).map(|at| self.objects.at(at))
    }

    /// The parts of each object, such as the columns of a table.
    pub(super) fn parts(&self) -> Adjacency {
        let above = |at| Some((self.objects.above(at)? as u32, at as u32));
        let parts: Vec<(u32, u32)> = (0..self.len()).filter_map(above).collect();
        Adjacency::new(self.len(), parts.iter().copied())
    }

    /// The dependents of each object.
    pub(super) fn dependents(&self) -> Adjacency {
        let needs = |at: usize| self.objects.needs(at).iter().map(move |need| (*need, at as u32));
        Adjacency::new(self.len(), (0..self.len()).flat_map(needs))
    }

    pub(super) fn by_address(&self) -> HashMap<Identity, usize> {
        (0..self.len()).filter_map(|at| Some((self.objects.identity(at)?, at))).collect()
    }
}

/// Whether the definition has longer lists of columns.
fn grows(old: Object<'_>, new: Object<'_>) -> bool {
    column_lists::grow(old.key.kind, old.text(Attr::Definition), new.text(Attr::Definition))
}

#[cfg(test)]
mod tests;
