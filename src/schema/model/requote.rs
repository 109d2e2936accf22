//! Names of an object in the quoting of another version of the server.

use super::{Attr, Draft, Kind, Name};
use crate::sql::{NameContext, Requoting};

/// Puts the names in an object into the quoting of another server version, for comparing names and for plans that that
/// server runs.
pub(in crate::schema) fn requote(draft: &mut Draft<'_>, requoting: &Requoting) {
    let kind = draft.key.kind;
    for key in draft.parent.iter_mut().chain([&mut draft.key]) {
        if let Some(name) = requoting.text(&key.name, key_context(Name::from(&*key))) {
            key.name = name;
        }
    }
    if let Some(owner) = draft.owner.as_deref().and_then(|owner| requoting.text(owner, NameContext::Names)) {
        draft.owner = Some(owner.into());
    }
    for (attr, value) in &mut draft.attrs {
        let context = attribute_context(kind, *attr);
        if let Some(text) = context.and_then(|context| requoting.text(value, context)) {
            *value = text.into();
        }
    }
}

fn key_context(key: Name<'_>) -> NameContext {
    match key.kind {
        // Arguments, operands and types follow the name.
        Kind::Function | Kind::Aggregate | Kind::Operator | Kind::Cast | Kind::Uncompared => {
            NameContext::Signature
        }
        // Of any kind of object.
        Kind::Owner | Kind::Privilege | Kind::Comment | Kind::ExtensionMark if key.name.contains('(') => {
            NameContext::Signature
        }
        _ => NameContext::Names,
    }
}

/// The context of an attribute; none where its value is no SQL.
fn attribute_context(kind: Kind, attr: Attr) -> Option<NameContext> {
    Some(match attr {
        Attr::Text
        | Attr::NotNullComment
        | Attr::Digest
        | Attr::Initcond
        | Attr::Minitcond
        | Attr::Locale
        | Attr::LcCollate
        | Attr::LcCtype
        | Attr::Rules
        | Attr::Version
        | Attr::UpdateTargets
        | Attr::OptionsInOrder => return None,
        Attr::Type if kind == Kind::Server => return None,
        Attr::Definition if matches!(kind, Kind::Function) => NameContext::Signature,
        Attr::Arguments
        | Attr::IdentityArguments
        | Attr::Functions
        | Attr::Operators
        | Attr::Method
        | Attr::Attributes
        | Attr::ColumnTypes
        | Attr::SystemObject => NameContext::Signature,
        Attr::Name if matches!(kind, Kind::Operator | Kind::Cast) => NameContext::Signature,
        Attr::Type
        | Attr::OfType
        | Attr::Result
        | Attr::Leftarg
        | Attr::Rightarg
        | Attr::Stype
        | Attr::Mstype
        | Attr::Subtype => NameContext::Types,
        Attr::Storage if kind == Kind::OperatorClass => NameContext::Types,
        Attr::Definition
        | Attr::Expression
        | Attr::Default
        | Attr::DefaultText
        | Attr::Generated
        | Attr::GeneratedVirtual
        | Attr::IndexDefinition
        | Attr::Using
        | Attr::WithCheck
        | Attr::Where
        | Attr::PartitionKey
        | Attr::Bound => NameContext::Expression,
        _ => NameContext::Names,
    })
}
