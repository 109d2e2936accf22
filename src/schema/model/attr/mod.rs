//! The attributes that catalog objects have.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Whether an attribute decides if two objects are the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    Compared,
    /// Used for planning only: implied by a compared attribute, or not a difference by itself.
    PlanOnly,
}

/// The format of an attribute's value.
#[cfg(test)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::schema) enum Shape {
    Text,
    /// `true`, or absent.
    Flag,
    /// A list with one entry per line.
    List,
}

macro_rules! attributes {
    ($($(#[$doc:meta])* $variant:ident = $alias:literal, $compared:ident, $shape:ident;)*) => {
        /// An attribute of catalog objects. Its alias is the name of the column in a catalog query, in differences
        /// and in recorded schemas.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub(in crate::schema) enum Attr { $($(#[$doc])* $variant,)* }

        impl Attr {
            #[cfg(test)]
            pub(in crate::schema) const ALL: &[Self] = &[$(Self::$variant),*];

            pub(in crate::schema) const fn alias(self) -> &'static str {
                match self { $(Self::$variant => $alias,)* }
            }

            pub(in crate::schema) fn from_alias(alias: &str) -> Option<Self> {
                match alias { $($alias => Some(Self::$variant),)* _ => None }
            }

            #[cfg(test)]
            pub(in crate::schema) const fn shape(self) -> Shape {
                match self { $(Self::$variant => Shape::$shape,)* }
            }

            pub(super) const fn usage(self) -> Use {
                match self { $(Self::$variant => Use::$compared,)* }
            }
        }
    };
}

mod list;

pub(in crate::schema) use list::Attr;

impl Attr {
    /// The alias as a keyword of SQL, for the attributes that have one.
    pub(in crate::schema) fn keyword(self) -> String {
        self.alias().to_uppercase()
    }

    /// Whether a difference in this attribute is a difference between objects.
    pub(in crate::schema) const fn is_compared(self) -> bool {
        matches!(self.usage(), Use::Compared)
    }
}

impl fmt::Display for Attr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.alias())
    }
}

impl Serialize for Attr {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.alias())
    }
}

impl<'de> Deserialize<'de> for Attr {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let alias = String::deserialize(deserializer)?;
        Self::from_alias(&alias).ok_or_else(|| {
            de::Error::custom(format!(
                "the schema was recorded by another version of this crate: unknown attribute `{alias}`; read it again"
            ))
        })
    }
}
