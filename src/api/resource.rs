//! Conversion of answers to models: shared parts of handles, models and lists.

use std::marker::PhantomData;

use serde::{Deserializer, de::DeserializeSeed};

use crate::{
    api::{client::Lakebase, name::FromService},
    error::{Error, ErrorKind, Result},
};

/// An answer of the service: one of the `…Info` models, or `()` for an empty one.
///
/// This trait is sealed; it appears only as a bound, as in [`Operation<T>`](crate::Operation).
///
/// ```
/// fn end_of<T: lakebase::model::Resource>(operation: lakebase::Operation<T>) -> String {
///     operation.name().to_string()
/// }
/// ```
pub trait Resource: sealed::Read {}

impl<T: sealed::Read> Resource for T {}

pub(crate) mod sealed {
    use serde::{Deserialize, Deserializer, de::IgnoredAny};

    use super::Lakebase;

    pub trait Read: Sized + Send + 'static {
        /// The key under which a list carries the items.
        const ITEMS: &'static str;

        /// Reads one straight from the text of an answer.
        fn read<'de, D: Deserializer<'de>>(client: &Lakebase, answer: D) -> Result<Self, D::Error>;
    }

    impl Read for () {
        const ITEMS: &'static str = "";

        fn read<'de, D: Deserializer<'de>>(_: &Lakebase, answer: D) -> Result<Self, D::Error> {
            IgnoredAny::deserialize(answer).map(|_| ())
        }
    }
}

/// A model about to be read: it needs the client that its handle will work with.
pub(crate) struct Reading<'a, T> {
    client: &'a Lakebase,
    model: PhantomData<fn() -> T>,
}

impl<'a, T> Reading<'a, T> {
    pub(crate) fn new(client: &'a Lakebase) -> Self {
        Self { client, model: PhantomData }
    }
}

impl<T> Clone for Reading<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Reading<'_, T> {}

impl<'de, T: Resource> DeserializeSeed<'de> for Reading<'_, T> {
    type Value = T;

    fn deserialize<D: Deserializer<'de>>(self, answer: D) -> Result<T, D::Error> {
        T::read(self.client, answer)
    }
}

pub(crate) fn unexpected(what: &str) -> Error {
    Error::new(ErrorKind::Protocol, format!("the answer is not what the API promises: {what}"))
}

/// The reason why a field whose JSON type is right cannot be read.
#[derive(Debug, thiserror::Error)]
#[error("the field '{field}' {wrong}")]
pub(crate) struct InvalidField {
    field: &'static str,
    wrong: String,
}

/// A name or id as the service wrote it, which may be more than our own rule allows.
pub(crate) fn named<N: FromService>(text: Option<String>, field: &'static str) -> Result<N, InvalidField> {
    let wrong = |wrong: String| InvalidField { field, wrong };
    let text = text.ok_or_else(|| wrong("is missing".to_owned()))?;
    N::from_service(&text).map_err(|error| wrong(format!("is no name: {error}")))
}

pub(crate) fn maybe_named<N: FromService>(
    text: Option<String>,
    field: &'static str,
) -> Result<Option<N>, InvalidField> {
    text.filter(|text| !text.is_empty()).map(|text| named(Some(text), field)).transpose()
}

/// A size or count; the service has no negative ones.
pub(crate) fn count(number: Option<i64>) -> Option<u64> {
    number.and_then(|number| u64::try_from(number).ok())
}

/// A handle: a name and a client.
macro_rules! handle {
    ($(#[$doc:meta])* $handle:ident, $name:ident, $id:ident) => {
        $(#[$doc])*
        #[derive(Clone)]
        pub struct $handle {
            client: $crate::api::client::Lakebase,
            name: $crate::api::name::$name,
        }

        impl $handle {
            pub(crate) fn new(client: &$crate::api::client::Lakebase, name: $crate::api::name::$name) -> Self {
                Self { client: client.clone(), name }
            }

            /// The whole resource name.
            pub fn name(&self) -> &$crate::api::name::$name {
                &self.name
            }

            /// The last segment of the name.
            pub fn id(&self) -> &$crate::api::name::$id {
                self.name.id()
            }

            /// The client that this handle works with.
            pub fn client(&self) -> &$crate::api::client::Lakebase {
                &self.client
            }
        }

        impl std::fmt::Debug for $handle {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{}({})", stringify!($handle), self.name)
            }
        }

        impl PartialEq for $handle {
            fn eq(&self, other: &Self) -> bool {
                self.name == other.name && self.client.host() == other.client.host()
            }
        }

        impl Eq for $handle {}

        impl AsRef<$handle> for $handle {
            fn as_ref(&self) -> &Self {
                self
            }
        }

        impl From<&$handle> for $crate::api::name::$name {
            fn from(handle: &$handle) -> Self {
                handle.name.clone()
            }
        }

        impl From<$handle> for $crate::api::name::$name {
            fn from(handle: $handle) -> Self {
                handle.name
            }
        }
    };
}
pub(crate) use handle;

/// A model with the handle of the resource that it describes.
macro_rules! model {
    ($info:ident, $handle:ident, $name:ident, $id:ident, $wire:ty, $items:literal) => {
        impl AsRef<$handle> for $info {
            fn as_ref(&self) -> &$handle {
                &self.handle
            }
        }

        impl From<$info> for $handle {
            fn from(info: $info) -> Self {
                info.handle
            }
        }

        impl From<&$info> for $handle {
            fn from(info: &$info) -> Self {
                info.handle.clone()
            }
        }

        impl $crate::api::resource::sealed::Read for $info {
            const ITEMS: &'static str = $items;

            fn read<'de, D: serde::Deserializer<'de>>(
                client: &$crate::api::client::Lakebase,
                answer: D,
            ) -> Result<Self, D::Error> {
                let wire = <$wire as serde::Deserialize>::deserialize(answer)?;
                Self::from_wire(client, wire).map_err(serde::de::Error::custom)
            }
        }

        impl From<&$info> for $crate::api::name::$name {
            fn from(info: &$info) -> Self {
                info.name.clone()
            }
        }

        impl $info {
            /// The handle of the resource, which has all its methods.
            pub fn handle(&self) -> &$handle {
                &self.handle
            }

            /// The last segment of the name.
            pub fn id(&self) -> &$crate::api::name::$id {
                self.name.id()
            }
        }
    };
}
pub(crate) use model;

/// Methods of a model that call its handle: those that a program calls right after a create or read.
macro_rules! forward {
    ($handle:ident:) => {};
    ($handle:ident: $(#[$meta:meta])* async fn $verb:ident(&self $(, $arg:ident: $type:ty)*) -> $out:ty; $($rest:tt)*) => {
        #[doc = concat!("Calls [`", stringify!($handle), "::", stringify!($verb), "`](crate::", stringify!($handle), "::", stringify!($verb), ").")]
        ///
        /// # Errors
        ///
        /// Those of the method that it calls.
        $(#[$meta])*
        pub async fn $verb(&self $(, $arg: $type)*) -> $out {
            self.handle().$verb($($arg),*).await
        }
        $crate::api::resource::forward!($handle: $($rest)*);
    };
    ($handle:ident: $(#[$meta:meta])* fn $verb:ident(&self $(, $arg:ident: $type:ty)*) -> $out:ty; $($rest:tt)*) => {
        #[doc = concat!("Calls [`", stringify!($handle), "::", stringify!($verb), "`](crate::", stringify!($handle), "::", stringify!($verb), ").")]
        $(#[$meta])*
        pub fn $verb(&self $(, $arg: $type)*) -> $out {
            self.handle().$verb($($arg),*)
        }
        $crate::api::resource::forward!($handle: $($rest)*);
    };
}
pub(crate) use forward;
