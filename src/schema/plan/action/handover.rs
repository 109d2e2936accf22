//! Sequences that become the identity of their column, and identities that become sequences: the position goes along.

use std::collections::HashMap;

use super::{Action, Planner};
use crate::schema::ddl::{literal, temporary};
use crate::schema::model::{Attr, Kind, Object};
use crate::schema::statement::Statement;

/// By the name of the column and by that of its identity's sequence: the columns that get or lose an identity, with the
/// name of that sequence.
pub(super) type Heirs<'a> = HashMap<(bool, &'a str), (usize, &'a str)>;

impl<'a> Planner<'a> {
    pub(super) fn heirs(&self) -> Heirs<'a> {
        let mut heirs = Heirs::new();
        for at in (0..self.items.len()).filter(|at| self.items[*at].action == Action::Alter) {
            let (Some(old), Some(new)) = (self.old_object(at), self.new_object(at)) else { continue };
            let (before, after) = (old.get(Attr::IdentitySequence), new.get(Attr::IdentitySequence));
            let (gets, sequence) = match (before, after) {
                (None, Some(sequence)) => (true, sequence),
                (Some(sequence), None) => (false, sequence),
                _ => continue,
            };
            heirs.insert((gets, sequence), (at, sequence));
            heirs.insert((gets, new.key.name), (at, sequence));
        }
        heirs
    }

    /// The column that a sequence which goes leaves its position to, and the name of the identity's sequence.
    pub(super) fn handed_to(&self, heirs: &Heirs<'a>, old: &Object) -> Option<(usize, &'a str)> {
        heir(heirs, true, old, self.ctx.old.object(Kind::SequenceOwner, old.key.name))
    }

    /// The column whose identity leaves its position to a new sequence.
    pub(super) fn taken_from(&self, heirs: &Heirs<'a>, new: &Object) -> Option<(usize, &'a str)> {
        heir(heirs, false, new, self.ctx.new.object(Kind::SequenceOwner, new.key.name))
    }
}

fn heir<'a>(
    heirs: &Heirs<'a>,
    gets: bool,
    sequence: &Object,
    owner: Option<Object<'a>>,
) -> Option<(usize, &'a str)> {
    if sequence.key.kind != Kind::Sequence {
        return None;
    }
    let by_name = heirs.get(&(gets, sequence.key.name));
    by_name.or_else(|| heirs.get(&(gets, owner?.text(Attr::Column)))).copied()
}

/// Sets one sequence where another one is.
fn position(of: &str, from: &str) -> Statement {
    Statement::new(format!(
        "DO $$ BEGIN PERFORM pg_catalog.setval({}, last_value, is_called) FROM {from}; END $$",
        literal(of)
    ))
}

/// The sequence makes way, gives its position to the identity, and goes.
pub(super) fn hand_over(sequence: &Object, identity: &str) -> (Vec<Statement>, Vec<Statement>) {
    let name = sequence.key.name;
    let mut away = vec![Statement::new(format!("ALTER SEQUENCE {name} OWNED BY NONE")).exclusive(name)];
    let mut from = name.to_owned();
    if name == identity {
        let aside = temporary("old", sequence);
        away.push(Statement::new(format!("ALTER SEQUENCE {name} RENAME TO {aside}")).exclusive(name));
        from = format!("{}.{aside}", sequence.text(Attr::Schema));
    }
    (away, vec![position(identity, &from), Statement::new(format!("DROP SEQUENCE {from}"))])
}

/// The new sequence takes the position before the identity goes, and its name afterwards.
pub(super) fn take_over(
    mut creation: Vec<Statement>,
    sequence: &Object,
    identity: &str,
) -> (Vec<Statement>, Vec<Statement>) {
    let name = sequence.key.name;
    if name != identity {
        creation.push(position(name, identity));
        return (creation, Vec::new());
    }
    let aside = temporary("new", sequence);
    let made = format!("{}.{aside}", sequence.text(Attr::Schema));
    let mut after = creation.split_off(1.min(creation.len()));
    for create in &mut creation {
        create.sql = create.sql.replacen(name, &made, 1);
    }
    creation.push(position(&made, identity));
    after.insert(0, Statement::new(format!("ALTER SEQUENCE {made} RENAME TO {}", sequence.text(Attr::Name))));
    (creation, after)
}
