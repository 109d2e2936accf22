//! Keys of catalog objects.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Kind;

/// The key of a catalog object: its kind and its name, quoted as SQL needs it.
///
/// ```
/// use lakebase::schema::{Kind, Key};
/// let key = Key::new(Kind::Column, "public.users.email");
/// assert_eq!(key.to_string(), "column public.users.email");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Key {
    /// The kind.
    pub kind: Kind,
    /// The qualified name, quoted where SQL needs it. Parts of a table follow the table's name after a dot.
    pub name: String,
}

impl Key {
    /// A key from its parts.
    pub fn new(kind: Kind, name: impl Into<String>) -> Self {
        Self { kind, name: name.into() }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Name::from(self).fmt(f)
    }
}

/// A borrowed key, ordered as `Key` is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub(in crate::schema) struct Name<'a> {
    pub(in crate::schema) kind: Kind,
    pub(in crate::schema) name: &'a str,
}

impl<'a> Name<'a> {
    pub(in crate::schema) fn new(kind: Kind, name: &'a str) -> Self {
        Self { kind, name }
    }

    pub(in crate::schema) fn to_key(self) -> Key {
        Key::new(self.kind, self.name)
    }
}

impl fmt::Display for Name<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind, self.name)
    }
}

impl<'a> From<&'a Key> for Name<'a> {
    fn from(key: &'a Key) -> Self {
        Self { kind: key.kind, name: &key.name }
    }
}

impl<'a> From<&Name<'a>> for Name<'a> {
    fn from(name: &Name<'a>) -> Self {
        *name
    }
}
