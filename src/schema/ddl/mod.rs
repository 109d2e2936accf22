//! The SQL that creates, drops and alters each kind of object.

mod access;
mod children;
mod column;
mod constraint;
mod context;
mod foreign;
mod identity;
mod index;
mod not_null;
mod operators;
mod partition;
mod publication;
mod recreate;
mod relation;
mod replica_identity;
mod retype;
mod routines;
mod sql;
mod table;
mod text_search;
mod types;
mod volatile;

use super::model::{Attr, Kind, Object};
use super::statement::Statement;

pub(super) use access::{initial_privileges, shift_privileges};
pub(super) use column::{is_partition_key, parent_column, stored};
pub(super) use constraint::{adopt, same_index};
pub(super) use context::{AlterStrategy, Context, IndexUse, Swap};
pub(super) use index::{INVALID as INVALID_INDEX, build_under_temporary_name};
pub(super) use not_null::{
    change as change_not_null, constraint_name as not_null_name, default_name as default_not_null,
    keep as keep_not_null,
};
pub(super) use partition::{HALF_DETACHED, PENDING as PENDING_DETACH, is_kept_key, moves_rows};
pub(super) use recreate::{Moved, columns, copy, drop_moved, move_away, moved_sequence};
pub(super) use relation::table_owner;
pub(super) use retype::{base, retype};
pub(super) use sql::{key, lines, parent, phrase, temporary};
pub(super) use table::{ORDER_OF_TYPE, follows_type, join};

/// The swap of a changed index, primary key or unique constraint, if that is possible.
pub(super) fn swap(ctx: &Context<'_>, old: &Object, new: &Object, usage: &IndexUse<'_>) -> Option<Swap> {
    match new.key.kind {
        Kind::Index => Some(index::swap(ctx, old, new, usage)),
        Kind::Constraint => constraint::swap(ctx, old, new, usage),
        _ => None,
    }
}

/// The statements that create an object.
pub(super) fn create(ctx: &Context<'_>, object: &Object) -> Vec<Statement> {
    match object.key.kind {
        Kind::Table => table::create(ctx, object),
        Kind::Partition => partition::attach(ctx, object),
        Kind::Column => column::create(ctx, object),
        Kind::Default => column::set_default(object),
        Kind::Constraint => constraint::create(ctx, object),
        Kind::Index => index::create(ctx, object),
        Kind::IndexAttach => index::attach(object),
        Kind::SequenceOwner => relation::own(ctx, object),
        Kind::Sequence
        | Kind::View
        | Kind::MaterializedView
        | Kind::Schema
        | Kind::Extension
        | Kind::Statistics => relation::create(ctx, object),
        Kind::Enum
        | Kind::Domain
        | Kind::DomainConstraint
        | Kind::Composite
        | Kind::Range
        | Kind::Collation => types::create(ctx, object),
        Kind::Function
        | Kind::Aggregate
        | Kind::Trigger
        | Kind::Rule
        | Kind::EventTrigger
        | Kind::Language
        | Kind::Policy => routines::create(object),
        Kind::Operator | Kind::OperatorClass | Kind::OperatorFamily | Kind::Cast | Kind::AccessMethod => {
            operators::create(object)
        }
        Kind::Publication | Kind::PublicationTable | Kind::PublicationSchema => publication::create(object),
        Kind::ForeignDataWrapper | Kind::Server | Kind::UserMapping => foreign::create(object),
        Kind::TextSearchConfiguration | Kind::TextSearchDictionary => text_search::create(object),
        Kind::Owner | Kind::Privilege | Kind::Comment | Kind::DefaultPrivileges | Kind::ExtensionMark => {
            access::change(ctx, None, Some(object))
        }
        Kind::Uncompared => Vec::new(),
    }
}

/// The statements that drop an object.
pub(super) fn drop(ctx: &Context<'_>, object: &Object) -> Vec<Statement> {
    match object.key.kind {
        Kind::Table => table::drop(ctx, object),
        Kind::Partition => partition::detach(ctx, object),
        Kind::Column => column::drop(object),
        Kind::Default => column::drop_default(object),
        Kind::Constraint => constraint::drop(ctx, object),
        Kind::Index => index::drop(ctx, object),
        Kind::SequenceOwner => relation::disown(object),
        Kind::PublicationTable | Kind::PublicationSchema => publication::drop(object),
        Kind::Owner | Kind::Privilege | Kind::Comment | Kind::DefaultPrivileges | Kind::ExtensionMark => {
            access::change(ctx, Some(object), None)
        }
        Kind::DomainConstraint => vec![Statement::new(format!(
            "ALTER DOMAIN {} DROP CONSTRAINT {}",
            parent(object),
            object.text(Attr::Name)
        ))],
        Kind::Trigger if object.has(Attr::ParentTriggers) => vec![routines::as_above(ctx.old, object)],
        Kind::UserMapping => vec![Statement::new(format!("DROP USER MAPPING FOR {}", object.key.name))],
        Kind::IndexAttach | Kind::Uncompared => Vec::new(),
        _ => relation::drop(object),
    }
}

/// The strategy that changes an object.
pub(super) fn change(ctx: &Context<'_>, old: &Object, new: &Object) -> AlterStrategy {
    match new.key.kind {
        Kind::Table => table::change(ctx, old, new),
        Kind::Column => column::change(ctx, old, new),
        Kind::Default => AlterStrategy::Alter(column::set_default(new)),
        Kind::Constraint => constraint::change(ctx, old, new),
        Kind::Index => index::change(ctx, old, new),
        Kind::Partition => partition::change(old, new),
        Kind::Sequence
        | Kind::SequenceOwner
        | Kind::View
        | Kind::MaterializedView
        | Kind::Schema
        | Kind::Extension
        | Kind::Statistics => relation::change(ctx, old, new),
        Kind::Enum | Kind::Domain | Kind::Composite => types::change(ctx, old, new),
        Kind::Function | Kind::Aggregate | Kind::Trigger | Kind::Rule | Kind::EventTrigger | Kind::Policy => {
            routines::change(old, new)
        }
        Kind::Publication | Kind::PublicationTable => publication::change(old, new),
        Kind::ForeignDataWrapper | Kind::Server | Kind::UserMapping => foreign::change(old, new),
        Kind::TextSearchConfiguration | Kind::TextSearchDictionary => text_search::change(old, new),
        // Privileges that a role granted are revoked before the role loses its own, and granted after it gains them.
        Kind::Privilege if new.has(Attr::Grantor) => AlterStrategy::Replace,
        Kind::Operator | Kind::OperatorFamily => operators::change(old, new),
        Kind::Owner | Kind::Privilege | Kind::Comment | Kind::DefaultPrivileges | Kind::ExtensionMark => {
            AlterStrategy::Alter(access::change(ctx, Some(old), Some(new)))
        }
        Kind::Uncompared => {
            AlterStrategy::Refuse("differs, and objects of its kind are not compared in detail".to_owned())
        }
        _ => AlterStrategy::Replace,
    }
}
