//! Objects that are being added to a schema.

use std::borrow::Cow;
use std::collections::HashMap;

use serde::Deserialize;

use super::adjacency::Adjacency;
use super::object::{Address, Id, Object, Objects, Row};
use super::text::Interner;
use super::{Attr, Key, Name};

/// An owned object that is not stored yet.
#[derive(Clone, Debug, Deserialize)]
pub(in crate::schema) struct Draft<'a> {
    pub(in crate::schema) key: Key,
    #[serde(default)]
    pub(in crate::schema) parent: Option<Key>,
    #[serde(default)]
    pub(in crate::schema) owner: Option<Cow<'a, str>>,
    pub(in crate::schema) attrs: Vec<(Attr, Cow<'a, str>)>,
    pub(in crate::schema) needs: Vec<u32>,
    pub(in crate::schema) address: Address,
    #[serde(default)]
    pub(in crate::schema) stamps: [u32; 3],
}

impl Draft<'_> {
    /// An object without an address in a catalog.
    pub(in crate::schema) fn new(key: Key, parent: Option<Key>) -> Self {
        Self {
            key,
            parent,
            owner: None,
            attrs: Vec::new(),
            needs: Vec::new(),
            address: (0, 0, 0),
            stamps: [0; 3],
        }
    }
}

impl Draft<'_> {
    /// Whether it differs from the object that it is a copy of.
    pub(in crate::schema) fn differs(&self, object: &Object<'_>) -> bool {
        Name::from(&self.key) != object.key
            || self.parent.as_ref().map(Name::from) != object.parent
            || self.owner.as_deref() != object.owner
            || !self.attrs.iter().map(|(attr, value)| (*attr, &**value)).eq(object.attrs.iter())
    }
}

impl<'a> Object<'a> {
    /// A copy that can be changed.
    pub(in crate::schema) fn draft(&self) -> Draft<'a> {
        Draft {
            key: self.key.to_key(),
            parent: self.parent.map(Name::to_key),
            owner: self.owner.map(Into::into),
            attrs: self.attrs.iter().map(|(attr, value)| (attr, value.into())).collect(),
            needs: self.needs.to_vec(),
            address: self.address,
            stamps: self.stamps,
        }
    }
}

/// Objects in the order in which they arrive.
#[derive(Default)]
pub(in crate::schema) struct Collection {
    objects: Objects,
    known: Interner,
    places: HashMap<Id, u32>,
    needs: Vec<(u32, u32)>,
}

impl Collection {
    pub(in crate::schema) fn objects(&self) -> &Objects {
        &self.objects
    }

    /// The position of an object.
    pub(in crate::schema) fn place<'k>(&self, key: impl Into<Name<'k>>) -> Option<u32> {
        let key = key.into();
        let name = self.known.find(&self.objects.texts, key.name)?;
        self.places.get(&Id { kind: key.kind, name }).copied()
    }

    pub(in crate::schema) fn push(&mut self, draft: &Draft<'_>) -> u32 {
        let row = self.row(draft);
        let at = self.objects.rows.len() as u32;
        self.objects.rows.push(row);
        self.needs.extend(draft.needs.iter().map(|need| (at, *need)));
        self.places.insert(row.id, at);
        at
    }

    /// Stores the texts of an object.
    fn row(&mut self, draft: &Draft<'_>) -> Row {
        let Objects { texts, attrs, .. } = &mut self.objects;
        let mut symbol = |text: &str| self.known.symbol(texts, text);
        let id = Id { kind: draft.key.kind, name: symbol(&draft.key.name) };
        let parent = draft.parent.as_ref().map(|key| Id { kind: key.kind, name: symbol(&key.name) });
        let owner = draft.owner.as_deref().map(&mut symbol);
        let start = attrs.len() as u32;
        attrs.extend(draft.attrs.iter().map(|(attr, value)| (*attr, symbol(value))));
        let attrs = (start, attrs.len() as u32);
        Row { id, parent, owner, attrs, address: draft.address, stamps: draft.stamps }
    }

    pub(in crate::schema) fn need(&mut self, object: u32, needed: u32) {
        self.needs.push((object, needed));
    }

    pub(in crate::schema) fn stamp(&mut self, object: u32, stamps: [u32; 3]) {
        self.objects.rows[object as usize].stamps = stamps;
    }

    /// Replaces the value of one attribute.
    pub(in crate::schema) fn set(&mut self, object: u32, attribute: usize, value: &str) {
        let start = self.objects.rows[object as usize].attrs.0 as usize;
        self.objects.attrs[start + attribute].1 = self.known.symbol(&mut self.objects.texts, value);
    }

    /// Keeps only some objects.
    pub(in crate::schema) fn retain(&mut self, stays: impl Fn(u32) -> bool) {
        let mut places = Vec::with_capacity(self.objects.len());
        let mut next = 0;
        for at in 0..self.objects.len() as u32 {
            places.push(stays(at).then_some(next));
            next += u32::from(stays(at));
        }
        let mut at = 0..;
        self.objects.rows.retain(|_| at.next().is_some_and(&stays));
        let place = |at: u32| places.get(at as usize).copied().flatten();
        self.needs = self.needs.iter().filter_map(|(from, to)| place(*from).zip(place(*to))).collect();
        self.places.clear();
    }

    /// The objects sorted by key, with dependencies renumbered accordingly.
    pub(in crate::schema) fn sorted(self) -> Objects {
        let Self { mut objects, known, places, mut needs } = self;
        drop((known, places));
        let count = objects.len() as u32;
        let mut order: Vec<u32> = (0..count).collect();
        order.sort_by(|a, b| objects.key(*a as usize).cmp(&objects.key(*b as usize)));
        let mut place = vec![0; order.len()];
        for (new, old) in order.iter().enumerate() {
            place[*old as usize] = new as u32;
        }
        drop(order);
        // The numbers of a recorded schema are untrusted input.
        needs.retain(|(_, to)| *to < count);
        for (from, to) in &mut needs {
            (*from, *to) = (place[*from as usize], place[*to as usize]);
        }
        needs.sort_unstable();
        needs.dedup();
        objects.needs = Adjacency::new(objects.len(), needs.iter().copied());
        for at in 0..objects.len() {
            while place[at] as usize != at {
                let to = place[at] as usize;
                objects.rows.swap(at, to);
                place.swap(at, to);
            }
        }
        objects.texts.shrink();
        objects.rows.shrink_to_fit();
        objects.attrs.shrink_to_fit();
        objects
    }
}

impl Objects {
    /// A copy in which some objects, by position, have another form and the same dependencies.
    pub(in crate::schema) fn with(&self, edited: &[(usize, Draft<'_>)]) -> Self {
        let needs = |at: usize| self.needs(at).iter().map(move |need| (at as u32, *need));
        let mut copy = Collection {
            objects: self.clone(),
            known: Interner::of(&self.texts),
            places: HashMap::new(),
            needs: (0..self.len()).flat_map(needs).collect(),
        };
        for (at, draft) in edited {
            copy.objects.rows[*at] = copy.row(draft);
        }
        copy.sorted()
    }
}

impl<'a> FromIterator<Draft<'a>> for Objects {
    fn from_iter<I: IntoIterator<Item = Draft<'a>>>(drafts: I) -> Self {
        let mut collection = Collection::default();
        for draft in drafts {
            collection.push(&draft);
        }
        collection.sorted()
    }
}
