//! Compact storage for catalog objects (interned strings) and a borrowing view of one.

use std::fmt;

use serde::{Serialize, Serializer};

use super::adjacency::Adjacency;
use super::column_lists::{may_have, without_unused_names};
use super::digest::Fnv;
use super::text::{Symbol, Texts};
use super::{Attr, Kind, Name};

/// Catalog, OID and sub-id.
pub(in crate::schema) type Address = (u32, u32, i32);

/// Kind, catalog, OID and sub-id.
pub(in crate::schema) type Identity = (Kind, u32, u32, i32);

/// A key among the objects of one schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Id {
    pub(super) kind: Kind,
    pub(super) name: Symbol,
}

/// The compact form of an object.
#[derive(Clone, Copy)]
pub(super) struct Row {
    pub(super) id: Id,
    pub(super) parent: Option<Id>,
    pub(super) owner: Option<Symbol>,
    /// The range of its attributes.
    pub(super) attrs: (u32, u32),
    pub(super) address: Address,
    pub(super) stamps: [u32; 3],
}

/// The objects of a schema. Ten thousand tables have two hundred thousand objects, so strings and lists are shared.
#[derive(Clone, Default)]
pub(in crate::schema) struct Objects {
    pub(super) texts: Texts,
    pub(super) rows: Vec<Row>,
    pub(super) attrs: Vec<(Attr, Symbol)>,
    pub(super) needs: Adjacency,
}

/// One object of a schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(in crate::schema) struct Object<'a> {
    pub(in crate::schema) key: Name<'a>,
    /// The object it is part of and dropped with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::schema) parent: Option<Name<'a>>,
    /// The owner; compared through its own object, kept here for creating.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::schema) owner: Option<&'a str>,
    pub(in crate::schema) attrs: Attributes<'a>,
    /// Positions of the objects that this one depends on.
    pub(in crate::schema) needs: &'a [u32],
    /// Catalog, OID and sub-id: proof of identity between physical copies.
    pub(in crate::schema) address: Address,
    /// The transactions that wrote its catalog row and its defining row, and for a table the one that created it.
    pub(in crate::schema) stamps: [u32; 3],
}

/// The attributes of an object, in catalog order.
#[derive(Clone, Copy)]
pub(in crate::schema) struct Attributes<'a> {
    texts: &'a Texts,
    pairs: &'a [(Attr, Symbol)],
}

impl Objects {
    pub(in crate::schema) fn len(&self) -> usize {
        self.rows.len()
    }

    pub(in crate::schema) fn at(&self, at: usize) -> Object<'_> {
        let row = &self.rows[at];
        let attrs = &self.attrs[row.attrs.0 as usize..row.attrs.1 as usize];
        Object {
            key: self.name(row.id),
            parent: row.parent.map(|id| self.name(id)),
            owner: row.owner.map(|owner| self.texts.get(owner)),
            attrs: Attributes { texts: &self.texts, pairs: attrs },
            needs: self.needs.of(at),
            address: row.address,
            stamps: row.stamps,
        }
    }

    /// The texts of all objects in one.
    pub(in crate::schema) fn joined_texts(&self) -> &str {
        self.texts.joined()
    }

    pub(in crate::schema) fn kind(&self, at: usize) -> Kind {
        self.rows[at].id.kind
    }

    pub(in crate::schema) fn key(&self, at: usize) -> Name<'_> {
        self.name(self.rows[at].id)
    }

    pub(in crate::schema) fn identity(&self, at: usize) -> Option<Identity> {
        identity(self.rows[at].id.kind, self.rows[at].address)
    }

    pub(in crate::schema) fn needs(&self, at: usize) -> &[u32] {
        self.needs.of(at)
    }

    pub(super) fn name(&self, id: Id) -> Name<'_> {
        Name { kind: id.kind, name: self.texts.get(id.name) }
    }

    pub(in crate::schema) fn iter(&self) -> impl Iterator<Item = Object<'_>> + Clone {
        (0..self.rows.len()).map(|at| self.at(at))
    }

    /// The objects of one kind, which are side by side.
    pub(in crate::schema) fn of_kind(&self, kind: Kind) -> impl Iterator<Item = Object<'_>> + Clone {
        let start = self.rows.partition_point(|row| row.id.kind < kind);
        let end = self.rows.partition_point(|row| row.id.kind <= kind);
        (start..end).map(|at| self.at(at))
    }

    /// The objects from a key on, with their positions.
    pub(in crate::schema) fn since(&self, key: Name<'_>) -> impl Iterator<Item = (usize, Object<'_>)> {
        let start = self.rows.partition_point(|row| self.name(row.id) < key);
        (start..self.rows.len()).map(|at| (at, self.at(at)))
    }

    pub(in crate::schema) fn find(&self, key: Name<'_>) -> Option<usize> {
        self.rows.binary_search_by(|row| self.name(row.id).cmp(&key)).ok()
    }

    /// The position of an object's parent, which is found among its dependencies without comparing texts.
    pub(super) fn above(&self, at: usize) -> Option<usize> {
        let parent = self.rows[at].parent?;
        let needed = self.needs.of(at).iter().map(|need| *need as usize);
        needed.clone().find(|need| self.rows[*need].id == parent).or_else(|| self.find(self.name(parent)))
    }
}

/// The identity of an object in physical copies of a database, independent of its name.
fn identity(kind: Kind, (class, object, sub): Address) -> Option<Identity> {
    (object != 0).then_some((kind, class, object, sub))
}

impl PartialEq for Objects {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for Objects {}

impl fmt::Debug for Objects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl Serialize for Objects {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl<'a> Object<'a> {
    pub(in crate::schema) fn get(&self, attr: Attr) -> Option<&'a str> {
        self.attrs.get(attr)
    }

    pub(in crate::schema) fn has(&self, attr: Attr) -> bool {
        self.attrs.get(attr).is_some()
    }

    /// The value of an attribute that every object of the kind has; empty if it is absent.
    pub(in crate::schema) fn text(&self, attr: Attr) -> &'a str {
        self.attrs.get(attr).unwrap_or_default()
    }

    pub(in crate::schema) fn same_as(&self, other: &Object<'_>) -> bool {
        self.attrs.compared().eq(other.attrs.compared())
    }

    /// The name of a relation, or of the index of a constraint, with its schema.
    pub(in crate::schema) fn qualified(&self) -> String {
        format!("{}.{}", self.text(Attr::Schema), self.text(Attr::Name))
    }

    pub(in crate::schema) fn identity(&self) -> Option<Identity> {
        identity(self.key.kind, self.address)
    }

    pub(super) fn digest(&self) -> u128 {
        let mut hash = Fnv::default();
        hash.text(self.key.kind.label());
        hash.text(self.key.name);
        let may_list = may_have(self.key.kind);
        for (attr, value) in self.attrs.compared() {
            hash.text(attr.alias());
            let cut = Some(value).filter(|_| may_list && attr == Attr::Definition);
            hash.text(cut.and_then(without_unused_names).as_deref().unwrap_or(value));
        }
        hash.0
    }
}

impl<'a> Attributes<'a> {
    pub(in crate::schema) fn iter(&self) -> impl Iterator<Item = (Attr, &'a str)> + use<'a> {
        let texts = self.texts;
        self.pairs.iter().map(|(attr, value)| (*attr, texts.get(*value)))
    }

    fn get(&self, attr: Attr) -> Option<&'a str> {
        let found = self.pairs.iter().find(|(a, _)| *a == attr);
        found.map(|(_, value)| self.texts.get(*value))
    }

    /// The attributes that are not for planning only.
    pub(in crate::schema) fn compared(&self) -> impl Iterator<Item = (Attr, &'a str)> + use<'a> {
        self.iter().filter(|(attr, _)| attr.is_compared())
    }
}

impl PartialEq for Attributes<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for Attributes<'_> {}

impl fmt::Debug for Attributes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}

impl Serialize for Attributes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}
