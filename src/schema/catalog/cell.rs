//! The columns of catalog queries, by their aliases.

use crate::schema::model::Attr;

pub(super) enum Cell {
    Oid,
    Sub,
    /// The transaction that wrote the row.
    Stamp,
    /// The transaction that wrote the row with the definition, where that is another row.
    Defined,
    Key,
    Parent,
    ParentKind,
    Owner,
    Attribute(Attr),
    /// The OID of the table that the object is a part of, which must be an object.
    Relation,
    /// As `Relation`; it is also the OID of the object.
    OidAndRelation,
    /// As `Relation`; the schema of the table becomes an attribute.
    RelationAndSchema,
    TypeOid,
    CollationOid,
    /// Whether a column is an identity; its sequence and that one's options follow.
    Identity,
    DefaultOid,
    DefaultStamp,
    DefaultExpression,
    /// The numbers of the constraint's columns.
    ColumnsOf,
    /// The numbers of the columns of a constraint's index, where it has more than the constraint.
    IncludedToo,
    /// The OID of the table that is referenced, which is an object.
    ForeignRelation,
    ForeignColumnsOf,
    /// A primary, unique or foreign key whose definition follows from its columns.
    KeyShape,
    /// The name of the plain index of a constraint.
    IndexOf,
    IndexRelation,
    IndexWhere,
    /// A plain index: unique, then its keys, operator classes, collations and orders.
    IndexShape,
}

impl Cell {
    /// The meaning of a column by its alias; none where the alias is unknown.
    pub(super) fn named(alias: &str) -> Option<Self> {
        Some(match alias {
            "oid" => Self::Oid,
            "sub" => Self::Sub,
            "stamp" => Self::Stamp,
            "defined" => Self::Defined,
            "key" => Self::Key,
            "parent" => Self::Parent,
            "parent_kind" => Self::ParentKind,
            "owner" => Self::Owner,
            "relation" => Self::Relation,
            "oid_and_relation" => Self::OidAndRelation,
            "relation_and_schema" => Self::RelationAndSchema,
            "type_oid" => Self::TypeOid,
            "collation_oid" => Self::CollationOid,
            "identity" => Self::Identity,
            "default_oid" => Self::DefaultOid,
            "default_stamp" => Self::DefaultStamp,
            "default_expression" => Self::DefaultExpression,
            "columns_of" => Self::ColumnsOf,
            "included_too" => Self::IncludedToo,
            "foreign_relation" => Self::ForeignRelation,
            "foreign_columns_of" => Self::ForeignColumnsOf,
            "key_shape" => Self::KeyShape,
            "index_of" => Self::IndexOf,
            "index_relation" => Self::IndexRelation,
            "index_where" => Self::IndexWhere,
            "index_shape" => Self::IndexShape,
            alias => Self::Attribute(Attr::from_alias(alias)?),
        })
    }
}
