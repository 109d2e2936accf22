//! Options and positions of sequences, including those of identity columns.

use super::context::Context;
use super::sql::{alter, differing, lines, parent};
use crate::schema::hazard::HazardKind;
use crate::schema::model::{Attr, Column, Kind, Object, Sequence};
use crate::schema::statement::Statement;
use crate::sql::{dollar_quote, last_part, quote_literal};

/// The sequence options after `AS IDENTITY`.
pub(super) fn options(column: &Object) -> String {
    format!(
        "SEQUENCE NAME {} {}",
        column.text(Attr::IdentitySequence),
        column.text(Attr::IdentityOptions).replace('\n', " ")
    )
}

/// Logs the sequence otherwise than its table does, or like the table again.
pub(super) fn persistence(ctx: &Context<'_>, old: Option<&Object<'_>>, new: &Object) -> Option<Statement> {
    let sequence = new.get(Attr::IdentitySequence)?;
    let wanted = new.get(Attr::IdentityPersistence);
    if old.and_then(|old| old.get(Attr::IdentityPersistence)) == wanted {
        return None;
    }
    let table = ctx.new.object(Kind::Table, parent(new));
    let of_table =
        if table.is_some_and(|table| table.has(Attr::Persistence)) { "unlogged" } else { "logged" };
    let word = wanted.unwrap_or(of_table).to_uppercase();
    Some(Statement::new(format!("ALTER SEQUENCE {sequence} SET {word}")).exclusive(sequence))
}

/// The statements that keep the sequences of a table's columns as they are: PostgreSQL logs them like the table when
/// that changes.
pub(super) fn keep_persistence(ctx: &Context<'_>, table: &Object) -> Vec<Statement> {
    let unlogged = table.has(Attr::Persistence);
    let owners = ctx.old.objects.of_kind(Kind::SequenceOwner);
    let owned = owners.filter(|owner| owner.text(Attr::Table) == table.key.name);
    let sequences = owned.filter_map(|owner| ctx.new.object(Kind::Sequence, parent(&owner)));
    let other = sequences.filter(|sequence| sequence.has(Attr::Persistence) != unlogged);
    let word = if unlogged { "LOGGED" } else { "UNLOGGED" };
    let set = |sequence: Object<'_>| {
        let name = sequence.key.name;
        Statement::new(format!("ALTER SEQUENCE {name} SET {word}")).exclusive(name)
    };
    other.map(set).collect()
}

/// Whether a sequence takes over the position of a column's identity.
pub(super) fn lives_on(ctx: &Context<'_>, old: &Object) -> bool {
    let sequence = old.text(Attr::IdentitySequence);
    let owned = |f: Object<'_>| {
        f.text(Attr::Column) == old.key.name && f.parent.is_some_and(|s| ctx.old.find(s).is_none())
    };
    ctx.new.object(Kind::Sequence, sequence).is_some()
        || ctx.new.objects.of_kind(Kind::SequenceOwner).any(owned)
}

/// The bounds and the direction of a sequence.
#[derive(Clone, Copy)]
struct Range {
    start: i128,
    increment: i128,
    least: i128,
    most: i128,
}

impl Range {
    /// Parses start, increment, least and most; absent values get PostgreSQL's defaults.
    fn of([start, increment, least, most]: [Option<&str>; 4], data_type: &str) -> Self {
        let bits = match data_type {
            "smallint" => 15,
            "integer" => 31,
            _ => 63,
        };
        let number = |text: Option<&str>| text.and_then(|text| text.parse().ok());
        let increment = number(increment).unwrap_or(1);
        let usual = if increment > 0 { (1, (1 << bits) - 1) } else { (-(1 << bits), -1) };
        Self {
            start: number(start).unwrap_or(1),
            increment,
            least: number(least).unwrap_or(usual.0),
            most: number(most).unwrap_or(usual.1),
        }
    }

    fn of_sequence(sequence: Sequence<'_>) -> Self {
        let (start, increment) = (sequence.start(), sequence.increment());
        Self::of([Some(start), Some(increment), sequence.least(), sequence.most()], sequence.data_type())
    }

    fn of_identity(column: &Object) -> Self {
        let options = lines(column.get(Attr::IdentityOptions));
        let keywords = ["START WITH ", "INCREMENT BY ", "MINVALUE ", "MAXVALUE "];
        let written = keywords.map(|keyword| options.iter().find_map(|line| line.strip_prefix(keyword)));
        Self::of(written, Column::new(column).data_type())
    }

    fn holds(&self, number: i128) -> bool {
        (self.least..=self.most).contains(&number)
    }
}

/// Completes a statement that sets new bounds. A position before the new bounds moves to where they begin. PostgreSQL
/// refuses a position past their end; where the sequence started outside of them it is restarted.
fn bounded(mut alter: Statement, sequence: &str, old: Range, new: Range) -> Vec<Statement> {
    let upwards = new.increment > 0;
    let (raised, lowered) = (old.least < new.least, old.most > new.most);
    let (late, short) = if upwards { (raised, lowered) } else { (lowered, raised) };
    let edge = if upwards { new.least } else { new.most };
    let mut statements = Vec::new();
    // A sequence that started past the new end cannot be at a position within the bounds.
    let ended = short && if upwards { old.start > new.most } else { old.start < new.least };
    if late && !ended && old.holds(edge) && upwards == (old.increment > 0) {
        let beyond = if upwards { format!("last_value < {edge}") } else { format!("last_value > {edge}") };
        let body = format!(
            " BEGIN PERFORM pg_catalog.setval({}, {edge}, false) FROM {sequence} WHERE {beyond}; END ",
            quote_literal(sequence)
        );
        statements.push(Statement::new(format!("DO {}", dollar_quote(&body))));
        if short {
            let refused = "a position outside of the new bounds is refused";
            alter = alter.hazard(HazardKind::MayFailOnData, sequence, refused);
        }
    } else if (late || short) && !new.holds(old.start) {
        alter.sql += " RESTART";
        alter =
            alter.hazard(HazardKind::DataLoss, sequence, "the sequence starts anew within its new bounds");
    } else if short {
        let refused = "a position outside of the new bounds is refused";
        alter = alter.hazard(HazardKind::MayFailOnData, sequence, refused);
    }
    statements.push(alter);
    statements
}

/// The statements that change the sequence of an identity column and its `ALWAYS` or `BY DEFAULT`.
pub(super) fn change(old: &Object, new: &Object) -> Vec<Statement> {
    let table = parent(new);
    let mut statements = Vec::new();
    match (Column::new(old).own_identity(), Column::new(new).own_identity()) {
        (None, Some(when)) => {
            let add = format!("ADD GENERATED {when} AS IDENTITY ({})", options(new));
            statements.push(Statement::new(alter(new, &add)));
        }
        (Some(before), Some(after)) => {
            if before != after {
                let set = format!("SET GENERATED {after}");
                statements.push(Statement::new(alter(new, &set)));
            }
            statements.extend(change_options(old, new));
            if let (Some(one), Some(other)) =
                (old.get(Attr::IdentitySequence), new.get(Attr::IdentitySequence))
                && one != other
            {
                let name = last_part(other);
                statements.push(Statement::new(format!("ALTER SEQUENCE {one} RENAME TO {name}")));
            }
        }
        _ => {}
    }
    statements.into_iter().map(|s| s.exclusive(table)).collect()
}

fn change_options(old: &Object, new: &Object) -> Vec<Statement> {
    let (had, has) = (lines(old.get(Attr::IdentityOptions)), lines(new.get(Attr::IdentityOptions)));
    let (before, after) = (Range::of_identity(old), Range::of_identity(new));
    // Default bounds depend on the direction, so both are set when it changes.
    let turns = (before.increment > 0) != (after.increment > 0);
    let changed = |line: &&str| !had.contains(line) || turns && line.contains("VALUE");
    let set: Vec<String> = has.into_iter().filter(changed).map(|line| format!("SET {line}")).collect();
    if set.is_empty() {
        return Vec::new();
    }
    let alter = Statement::new(alter(new, &set.join(" ")));
    bounded(alter, old.text(Attr::IdentitySequence), before, after)
}

/// The statements that change a sequence that is no identity's.
pub(super) fn change_sequence(old: &Object, new: &Object) -> Vec<Statement> {
    let name = &new.key.name;
    let mut clauses = String::new();
    let mut statements = Vec::new();
    let differing = differing(old, new);
    for attr in differing.iter().copied() {
        clauses += &match attr {
            Attr::Type => format!(" AS {}", new.text(attr)),
            Attr::Start => format!(" START WITH {}", new.text(attr)),
            Attr::Increment => format!(" INCREMENT BY {}", new.text(attr)),
            Attr::Cache => format!(" CACHE {}", new.text(attr)),
            Attr::Cycle => if new.has(attr) { " CYCLE" } else { " NO CYCLE" }.to_owned(),
            _ => continue,
        };
    }
    let (before, after) = (Range::of_sequence(Sequence::new(old)), Range::of_sequence(Sequence::new(new)));
    let turns = (before.increment > 0) != (after.increment > 0);
    // A default bound follows the type.
    let said = |attr: Attr| new.get(attr).map(|value| format!(" {} {value}", attr.keyword()));
    for attr in [Attr::Minvalue, Attr::Maxvalue] {
        if turns || differing.contains(&attr) || differing.contains(&Attr::Type) && new.has(attr) {
            clauses += &said(attr).unwrap_or_else(|| format!(" NO {}", attr.keyword()));
        }
    }
    if !clauses.is_empty() {
        let alter = Statement::new(format!("ALTER SEQUENCE {name}{clauses}"));
        statements.extend(bounded(alter, name, before, after));
    }
    if old.get(Attr::Persistence) != new.get(Attr::Persistence) {
        let logged = if new.has(Attr::Persistence) { "UNLOGGED" } else { "LOGGED" };
        statements.push(Statement::new(format!("ALTER SEQUENCE {name} SET {logged}")));
    }
    statements
}
