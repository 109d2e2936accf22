//! Sequences that become the identity of a column, and identities that become sequences: the position is transferred.

use std::collections::HashMap;

use super::{Action, Planner};
use crate::schema::ddl::{Context, temporary};
use crate::schema::model::{Attr, Kind, Object};
use crate::schema::statement::Statement;
use crate::sql::{dollar_quote, quote_literal};

/// A position that is transferred between a sequence and the identity of a column, given as items.
pub(in crate::schema::plan) enum Transfer {
    ToIdentity { sequence: usize, column: usize },
    FromIdentity { sequence: usize, column: usize },
}

/// The columns that get (`true`) or lose an identity, each with the name of the identity's sequence, by the name of the
/// column and by that of the sequence.
pub(in crate::schema::plan) type IdentityChanges<'a> = HashMap<(bool, &'a str), (usize, &'a str)>;

pub(in crate::schema::plan) fn identity_changes<'a>(planner: &Planner<'a>) -> IdentityChanges<'a> {
    let mut changes = IdentityChanges::new();
    for at in (0..planner.items.len()).filter(|at| planner.items[*at].action == Action::Alter) {
        let (Some(old), Some(new)) = (planner.old_object(at), planner.new_object(at)) else { continue };
        let (before, after) = (old.get(Attr::IdentitySequence), new.get(Attr::IdentitySequence));
        let (gets, sequence) = match (before, after) {
            (None, Some(sequence)) => (true, sequence),
            (Some(sequence), None) => (false, sequence),
            _ => continue,
        };
        changes.insert((gets, sequence), (at, sequence));
        changes.insert((gets, new.key.name), (at, sequence));
    }
    changes
}

/// The column whose identity takes over the position of a dropped sequence, and the name of the identity's sequence.
pub(in crate::schema::plan) fn transferred_to<'a>(
    planner: &Planner<'a>,
    changes: &IdentityChanges<'a>,
    old: &Object,
) -> Option<(usize, &'a str)> {
    counterpart(changes, true, old, planner.ctx.old.object(Kind::SequenceOwner, old.key.name))
}

/// The column whose dropped identity transfers its position to a new sequence, and the name of the identity's sequence.
pub(in crate::schema::plan) fn transferred_from<'a>(
    planner: &Planner<'a>,
    changes: &IdentityChanges<'a>,
    new: &Object,
) -> Option<(usize, &'a str)> {
    counterpart(changes, false, new, planner.ctx.new.object(Kind::SequenceOwner, new.key.name))
}

fn counterpart<'a>(
    changes: &IdentityChanges<'a>,
    gets: bool,
    sequence: &Object,
    owner: Option<Object<'a>>,
) -> Option<(usize, &'a str)> {
    if sequence.key.kind != Kind::Sequence {
        return None;
    }
    let by_name = changes.get(&(gets, sequence.key.name));
    by_name.or_else(|| changes.get(&(gets, owner?.text(Attr::Column)))).copied()
}

/// Sets one sequence to the position of another.
pub(super) fn position(of: &str, from: &str) -> Statement {
    let body = format!(
        " BEGIN PERFORM pg_catalog.setval({}, last_value, is_called) FROM {from}; END ",
        quote_literal(of)
    );
    Statement::new(format!("DO {}", dollar_quote(&body)))
}

/// Detaches the sequence from its column, renames it if the identity needs its name, transfers its position to the
/// identity, and drops it.
pub(in crate::schema::plan) fn transfer_to_identity(
    ctx: &Context<'_>,
    sequence: &Object,
    identity: &str,
) -> (Vec<Statement>, Vec<Statement>) {
    let name = sequence.key.name;
    let mut away = vec![Statement::new(format!("ALTER SEQUENCE {name} OWNED BY NONE")).exclusive(name)];
    let mut from = name.to_owned();
    if name == identity {
        let temporary_name = temporary(ctx, "old", sequence);
        away.push(
            Statement::new(format!("ALTER SEQUENCE {name} RENAME TO {temporary_name}")).exclusive(name),
        );
        from = format!("{}.{temporary_name}", sequence.text(Attr::Schema));
    }
    (away, vec![position(identity, &from), Statement::new(format!("DROP SEQUENCE {from}"))])
}

/// Transfers the position to the new sequence before the identity is dropped. If the identity's sequence still has its
/// name, the new sequence is created under a temporary one and renamed afterwards.
pub(in crate::schema::plan) fn transfer_from_identity(
    ctx: &Context<'_>,
    mut creation: Vec<Statement>,
    sequence: &Object,
    identity: &str,
) -> (Vec<Statement>, Vec<Statement>) {
    let name = sequence.key.name;
    if name != identity {
        creation.push(position(name, identity));
        return (creation, Vec::new());
    }
    let temporary_name = temporary(ctx, "new", sequence);
    let made = format!("{}.{temporary_name}", sequence.text(Attr::Schema));
    let mut after = creation.split_off(1.min(creation.len()));
    for create in &mut creation {
        create.sql = create.sql.replacen(name, &made, 1);
    }
    creation.push(position(&made, identity));
    after.insert(0, Statement::new(format!("ALTER SEQUENCE {made} RENAME TO {}", sequence.text(Attr::Name))));
    (creation, after)
}
