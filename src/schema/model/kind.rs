//! The kinds of catalog objects.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! kinds {
    ($($(#[$doc:meta])* $variant:ident = $label:literal,)*) => {
        /// The kind of a catalog object.
        ///
        /// ```
        /// use lakebase::schema::Kind;
        /// assert_eq!(Kind::MaterializedView.to_string(), "materialized view");
        /// ```
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        #[non_exhaustive]
        pub enum Kind { $($(#[$doc])* $variant,)* }

        impl Kind {
            /// The display name of the kind, in lower case.
            pub fn label(self) -> &'static str {
                match self { $(Self::$variant => $label,)* }
            }

            pub(in crate::schema) fn from_label(label: &str) -> Option<Self> {
                match label { $($label => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

kinds! {
    /// A schema (namespace).
    Schema = "schema",
    /// An extension.
    Extension = "extension",
    /// A procedural language.
    Language = "language",
    /// An access method.
    AccessMethod = "access method",
    /// A collation.
    Collation = "collation",
    /// An enumerated type.
    Enum = "enum",
    /// A composite type.
    Composite = "composite type",
    /// A range type.
    Range = "range type",
    /// A domain.
    Domain = "domain",
    /// A check constraint of a domain.
    DomainConstraint = "domain constraint",
    /// A foreign data wrapper.
    ForeignDataWrapper = "foreign data wrapper",
    /// A foreign server.
    Server = "server",
    /// A user mapping of a foreign server.
    UserMapping = "user mapping",
    /// A text search dictionary.
    TextSearchDictionary = "text search dictionary",
    /// A text search configuration.
    TextSearchConfiguration = "text search configuration",
    /// A function, procedure or window function.
    Function = "function",
    /// An aggregate.
    Aggregate = "aggregate",
    /// An operator family.
    OperatorFamily = "operator family",
    /// An operator class.
    OperatorClass = "operator class",
    /// An operator.
    Operator = "operator",
    /// A cast.
    Cast = "cast",
    /// A sequence.
    Sequence = "sequence",
    /// A table, partitioned table or foreign table.
    Table = "table",
    /// A column of a table.
    Column = "column",
    /// The default of a column.
    Default = "default",
    /// The column that owns a sequence.
    SequenceOwner = "sequence owner",
    /// A primary key, unique, foreign key, check or exclusion constraint of a table.
    Constraint = "constraint",
    /// An index that is not part of a constraint.
    Index = "index",
    /// A table's place as a partition of another.
    Partition = "partition",
    /// An index's place as a part of a partitioned index.
    IndexAttach = "index partition",
    /// A view.
    View = "view",
    /// A materialized view.
    MaterializedView = "materialized view",
    /// A rewrite rule.
    Rule = "rule",
    /// Extended statistics.
    Statistics = "statistics",
    /// A trigger.
    Trigger = "trigger",
    /// A row-level security policy.
    Policy = "policy",
    /// An event trigger.
    EventTrigger = "event trigger",
    /// A publication.
    Publication = "publication",
    /// A table in a publication.
    PublicationTable = "publication table",
    /// A schema in a publication.
    PublicationSchema = "publication schema",
    /// Privileges that new objects are created with.
    DefaultPrivileges = "default privileges",
    /// The owner of an object.
    Owner = "owner",
    /// The privileges of one role on an object.
    Privilege = "privilege",
    /// An extension that an object depends on without being a member of it.
    ExtensionMark = "extension of an object",
    /// A comment on an object.
    Comment = "comment",
    /// Something that is present and not compared in detail.
    Uncompared = "uncompared object",
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.label())
    }
}
