//! Views whose accessors each read one attribute.

use crate::schema::model::{Attr, Object};
use crate::sql::{entries, entry};

/// Defines a view of the objects of one kind. For an absent attribute `text`, `list` and `pairs` are empty, `option` is
/// `None` and `flag` is false.
macro_rules! view {
    ($(#[$doc:meta])* $view:ident { $($(#[$about:meta])* $method:ident: $shape:ident $attr:ident,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub(in crate::schema) struct $view<'a>(Object<'a>);

        impl<'a> $view<'a> {
            /// An object whose kind is known to be this one.
            pub(in crate::schema) fn new(object: &Object<'a>) -> Self {
                Self(*object)
            }

            $(view!(@accessor $(#[$about])* $method $shape $attr);)*
        }
    };
    (@accessor $(#[$about:meta])* $method:ident text $attr:ident) => {
        $(#[$about])*
        pub(in crate::schema) fn $method(self) -> &'a str { self.0.text(Attr::$attr) }
    };
    (@accessor $(#[$about:meta])* $method:ident option $attr:ident) => {
        $(#[$about])*
        pub(in crate::schema) fn $method(self) -> Option<&'a str> { self.0.get(Attr::$attr) }
    };
    (@accessor $(#[$about:meta])* $method:ident flag $attr:ident) => {
        $(#[$about])*
        pub(in crate::schema) fn $method(self) -> bool { self.0.has(Attr::$attr) }
    };
    (@accessor $(#[$about:meta])* $method:ident list $attr:ident) => {
        $(#[$about])*
        pub(in crate::schema) fn $method(self) -> Vec<&'a str> { entries(self.0.text(Attr::$attr)) }
    };
    (@accessor $(#[$about:meta])* $method:ident pairs $attr:ident) => {
        $(#[$about])*
        pub(in crate::schema) fn $method(self) -> Vec<(&'a str, &'a str)> {
            entries(self.0.text(Attr::$attr)).into_iter().map(entry).collect()
        }
    };
}

view! {
    /// A table, partitioned table or foreign table.
    Table {
        is_foreign: flag Foreign,
        is_unlogged: flag Persistence,
        is_partitioned: flag PartitionKey,
        partition_key: option PartitionKey,
        parents: list Inherits,
        of_type: option OfType,
        access_method: option AccessMethod,
        tablespace: option Tablespace,
        server: option Server,
        foreign_options: option FdwOptions,
        /// None where it is the default one.
        replica_identity: option ReplicaIdentity,
    }
}

view! {
    /// An index that is not part of a constraint.
    Index {
        name: text Name,
        schema: text Schema,
        definition: text Definition,
        tablespace: option Tablespace,
        is_unique: flag Unique,
        is_partitioned: flag Partitioned,
        is_clustered: flag Clustered,
        is_replica_identity: flag ReplicaIdentity,
        is_invalid: flag Invalid,
        /// The statistics targets of its columns, by number.
        statistics: pairs Statistics,
    }
}

view! {
    /// A sequence.
    Sequence {
        data_type: text Type,
        start: text Start,
        increment: text Increment,
        /// None where it follows from type and direction.
        least: option Minvalue,
        /// None where it follows from type and direction.
        most: option Maxvalue,
        cache: text Cache,
        cycles: flag Cycle,
        is_unlogged: flag Persistence,
    }
}

view! {
    /// A function, procedure or window function.
    Routine {
        kind: text Type,
        definition: text Definition,
        result: option Result,
        identity_arguments: text IdentityArguments,
        /// The names of all arguments, empty where an argument has none.
        argument_names: list ArgumentNames,
        default_count: text DefaultCount,
    }
}

view! {
    /// A row-level security policy.
    Policy {
        name: text Name,
        command: text Command,
        roles: text Roles,
        using: option Using,
        with_check: option WithCheck,
        is_restrictive: flag Restrictive,
    }
}

view! {
    /// An enumerated type.
    Enum {
        /// The labels, as literals.
        labels: list Labels,
    }
}

view! {
    /// A composite type.
    Composite {
        /// Name and type of each attribute.
        attributes: pairs Attributes,
    }
}
