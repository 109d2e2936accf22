//! Statements for owners, privileges, default privileges and comments.

use std::collections::{BTreeMap, BTreeSet};

use super::context::Context;
use super::sql::{parent, phrase};
use crate::schema::hazard::HazardKind;
use crate::schema::model::ON_TABLES;
use crate::schema::model::{Attr, Draft, Key, Kind, Object, Objects, Schema};
use crate::schema::statement::Statement;
use crate::sql::{bracket, clause, quote_literal, split_list};

pub(super) fn change(
    ctx: &Context<'_>,
    old: Option<&Object<'_>>,
    new: Option<&Object<'_>>,
) -> Vec<Statement> {
    let Some(entry) = new.or(old) else { return Vec::new() };
    let schema = if new.is_some() { ctx.new } else { ctx.old };
    let object = entry.parent.as_ref().and_then(|p| schema.find(p)).map(|at| schema.objects.at(at));
    match (entry.key.kind, object) {
        (Kind::DefaultPrivileges, _) => default_privileges(ctx, old, new, entry),
        (Kind::Comment, Some(object)) => {
            let on = match (
                entry.get(Attr::HiddenObject).and_then(|of| of.split_once(' ')),
                entry.get(Attr::PartColumn),
            ) {
                (Some((word, name)), _) => format!("{} {name}", word.to_uppercase()),
                (None, Some(column)) => format!("COLUMN {}.{column}", object.key.name),
                (None, None) => phrase(&object),
            };
            let text = new.map_or("NULL".to_owned(), |f| quote_literal(f.text(Attr::Text)));
            vec![Statement::new(format!("COMMENT ON {on} IS {text}"))]
        }
        (Kind::Owner, Some(object)) => owner(ctx, old, new, &object),
        (Kind::Privilege, object) => privileges(ctx, old, new, entry, object.as_ref()),
        (Kind::ExtensionMark, Some(object)) => {
            let no = if new.is_some() { "" } else { "NO " };
            vec![Statement::new(format!(
                "ALTER {} {no}DEPENDS ON EXTENSION {}",
                phrase(&object),
                entry.text(Attr::Extension)
            ))]
        }
        _ => Vec::new(),
    }
}

fn owner(
    ctx: &Context<'_>,
    old: Option<&Object<'_>>,
    new: Option<&Object<'_>>,
    object: &Object,
) -> Vec<Statement> {
    let Some(role) = new.map(|f| f.text(Attr::Role)) else { return Vec::new() };
    if old.is_none() && role == ctx.old.origin.user {
        return Vec::new();
    }
    let made = old.is_none() && ctx.new.object(Kind::SequenceOwner, object.key.name).is_some();
    if object.key.kind == Kind::Sequence && (made || follows_table(ctx, object, role)) {
        return Vec::new();
    }
    let what = match object.key.kind {
        Kind::Table if !object.has(Attr::Foreign) => format!("TABLE {}", object.key.name),
        _ => phrase(object),
    };
    let name = object.key.name;
    let change = Statement::new(format!("ALTER {what} OWNER TO {role}"));
    // Code and views run with the privileges of their owner; the owner of any other new object is no hazard.
    let runs = matches!(object.key.kind, Kind::Function | Kind::View | Kind::MaterializedView);
    if ctx.old.find(object.key).is_none() && !runs {
        return vec![change];
    }
    vec![change.hazard(HazardKind::Authorization, name, format!("{role} becomes the owner"))]
}

/// Whether a sequence gets its new owner with its table: one owned by a column before and after cannot change alone.
fn follows_table(ctx: &Context<'_>, sequence: &Object, role: &str) -> bool {
    let owner = |schema: &Schema| {
        schema.object(Kind::SequenceOwner, sequence.key.name).map(|o| o.text(Attr::Table).to_owned())
    };
    let table = owner(ctx.old).filter(|table| owner(ctx.new).as_ref() == Some(table));
    table.and_then(|t| ctx.new.object(Kind::Table, &t)).is_some_and(|t| t.owner == Some(role))
}

/// Parses privileges into a map from each to its grant option.
fn parse(list: Option<&str>) -> BTreeMap<&str, bool> {
    let each = list.into_iter().flat_map(|l| l.split(", "));
    each.map(|p| p.strip_suffix('*').map_or((p, false), |p| (p, true))).collect()
}

struct Shift {
    grant: BTreeMap<bool, Vec<String>>,
    revoke: Vec<String>,
    revoke_option: Vec<String>,
}

/// The grants and revocations between two states, each of which is a difference from the initial privileges.
///
/// `implicit`: the grantee keeps a privilege whose grant option is revoked.
fn shift(old: Option<&Object<'_>>, new: Option<&Object<'_>>, implicit: bool) -> Shift {
    let get = |f: Option<&Object<'_>>, attr: Attr| f.and_then(|f| f.get(attr)).map(str::to_owned);
    let (had, has) = (get(old, Attr::Granted), get(new, Attr::Granted));
    let (lacked, lacks) = (get(old, Attr::Revoked), get(new, Attr::Revoked));
    let (had, has) = (parse(had.as_deref()), parse(has.as_deref()));
    let (lacked, lacks) = (parse(lacked.as_deref()), parse(lacks.as_deref()));
    let mut shift = Shift { grant: BTreeMap::new(), revoke: Vec::new(), revoke_option: Vec::new() };
    for (privilege, option) in &has {
        match had.get(privilege) {
            Some(before) if before == option => {}
            Some(true) => shift.revoke_option.push((*privilege).to_owned()),
            _ => shift.grant.entry(*option).or_default().push((*privilege).to_owned()),
        }
    }
    let back = lacked.keys().filter(|p| !lacks.contains_key(*p) && !has.contains_key(*p));
    shift.grant.entry(false).or_default().extend(back.map(|p| (*p).to_owned()));
    let passes_on_no_more =
        |(privilege, option): &(&&str, &bool)| **option && implicit && !lacks.contains_key(**privilege);
    let kept: Vec<&str> = had
        .iter()
        .filter(|(privilege, _)| !has.contains_key(*privilege))
        .filter(passes_on_no_more)
        .map(|(privilege, _)| *privilege)
        .collect();
    shift.revoke_option.extend(kept.iter().map(|privilege| (*privilege).to_owned()));
    let lost: BTreeSet<&str> = had
        .keys()
        .filter(|p| !has.contains_key(*p))
        .chain(lacks.keys().filter(|p| !lacked.contains_key(*p)))
        .copied()
        .filter(|privilege| !kept.contains(privilege))
        .collect();
    shift.revoke = lost.into_iter().map(str::to_owned).collect();
    shift
}

/// Takes `MAINTAIN` with other privileges on tables from a grantee that has all, if the other server does not know it.
fn take_maintain(ctx: &Context<'_>, old: Option<&Object<'_>>, shift: &mut Shift) {
    let had = parse(old.and_then(|old| old.get(Attr::Granted)));
    let unknown = ctx.old.server_version() >= 170_000 && ctx.new.server_version() < 170_000;
    if !unknown || !ON_TABLES.iter().all(|privilege| had.contains_key(privilege)) {
        return;
    }
    let mut lost = [&mut shift.revoke, &mut shift.revoke_option].into_iter();
    if let Some(lost) = lost.find(|lost| !lost.is_empty()) {
        lost.push("MAINTAIN".to_owned());
    }
}

/// The object of a `GRANT`, with the keyword that `GRANT` requires.
fn target(object: &Object) -> String {
    let kind = match object.key.kind {
        Kind::Column => return format!("TABLE {}", parent(object)),
        Kind::Table | Kind::View | Kind::MaterializedView => "TABLE",
        Kind::Function if object.text(Attr::Type) == "procedure" => "PROCEDURE",
        Kind::Function | Kind::Aggregate => "FUNCTION",
        Kind::Enum | Kind::Composite | Kind::Range | Kind::Domain => "TYPE",
        Kind::Server => "FOREIGN SERVER",
        Kind::ForeignDataWrapper => "FOREIGN DATA WRAPPER",
        Kind::Sequence => "SEQUENCE",
        Kind::Language => "LANGUAGE",
        _ => "SCHEMA",
    };
    match object.key.kind {
        Kind::Aggregate => format!("{kind} {}", plain_signature(object.key.name)),
        _ => format!("{kind} {}", object.key.name),
    }
}

/// The signature of an aggregate as that of a function: its aggregated arguments follow the direct ones. The deparser
/// prints a variadic last argument of a hypothetical-set aggregate twice.
fn plain_signature(name: &str) -> String {
    let arguments = bracket(name).and_then(|at| Some((at, name[at..].strip_prefix('(')?.strip_suffix(')')?)));
    let Some((at, arguments)) = arguments else { return name.to_owned() };
    let Some(order) = clause(arguments, "ORDER BY") else { return name.to_owned() };
    let mut all = split_list(arguments[..order.start].trim_end());
    let aggregated = split_list(arguments[order.end..].trim_start());
    let twice = all.last().is_some_and(|last| last.starts_with("VARIADIC ") && aggregated == [*last]);
    all.extend(aggregated.into_iter().filter(|_| !twice));
    format!("{}({})", &name[..at], all.join(", "))
}

/// The object, column and grantee of one entry of an access control list, as `GRANT` writes them.
struct Subject {
    on: String,
    /// With its brackets; empty for the whole object.
    column: String,
    grantee: String,
}

impl Subject {
    fn of(ctx: &Context<'_>, entry: &Object, object: Option<&Object<'_>>) -> Option<Self> {
        let hidden = entry.get(Attr::HiddenObject).and_then(|of| of.strip_prefix("sequence "));
        let hidden = hidden.map(|name| format!("SEQUENCE {name}"));
        let on =
            entry.get(Attr::SystemObject).map(str::to_owned).or(hidden).or_else(|| object.map(target))?;
        let column = match object.filter(|o| o.key.kind == Kind::Column && !entry.has(Attr::HiddenObject)) {
            Some(column) => Some(column.text(Attr::Name)),
            None => entry.get(Attr::PartColumn),
        };
        let grantee = match entry.text(Attr::PrivilegeGrantee) {
            "OWNER" => {
                let table = object
                    .and_then(|o| ctx.new.object(Kind::Table, parent(o)))
                    .filter(|_| entry.has(Attr::HiddenObject));
                table.as_ref().or(object).and_then(|o| o.owner).unwrap_or("CURRENT_USER").to_owned()
            }
            grantee => grantee.to_owned(),
        };
        Some(Self { on, column: column.map(|name| format!(" ({name})")).unwrap_or_default(), grantee })
    }
}

fn privileges(
    ctx: &Context<'_>,
    old: Option<&Object<'_>>,
    new: Option<&Object<'_>>,
    entry: &Object,
    object: Option<&Object<'_>>,
) -> Vec<Statement> {
    let Some(Subject { on, column, grantee }) = Subject::of(ctx, entry, object) else { return Vec::new() };
    let implicit = column.is_empty() && entry.text(Attr::PrivilegeGrantee) == "OWNER";
    let mut shift = shift(old, new, implicit);
    if on.starts_with("TABLE ") && column.is_empty() {
        take_maintain(ctx, old, &mut shift);
    }
    let list = |privileges: &[String]| {
        privileges.iter().map(|p| format!("{p}{column}")).collect::<Vec<_>>().join(", ")
    };
    let mut sql = Vec::new();
    if !shift.revoke.is_empty() {
        sql.push(format!("REVOKE {} ON {on} FROM {grantee}", list(&shift.revoke)));
    }
    if !shift.revoke_option.is_empty() {
        let privileges = list(&shift.revoke_option);
        sql.push(format!("REVOKE GRANT OPTION FOR {privileges} ON {on} FROM {grantee}"));
    }
    if let Some(table) = object.filter(|_| column.is_empty() && !sql.is_empty()) {
        let lost: Vec<&str> = shift.revoke.iter().chain(&shift.revoke_option).map(String::as_str).collect();
        sql.extend(
            kept_on_columns(ctx, table, entry, &lost)
                .into_iter()
                .map(|(what, with)| format!("GRANT {what} ON {on} TO {grantee}{with}")),
        );
    }
    for (option, privileges) in shift.grant.iter().filter(|(_, p)| !p.is_empty()) {
        let with = if *option { " WITH GRANT OPTION" } else { "" };
        sql.push(format!("GRANT {} ON {on} TO {grantee}{with}", list(privileges)));
    }
    let (_, name) = on.split_once(' ').unwrap_or(("", &on));
    let why = format!("the privileges of {grantee} change");
    let hazard = |s| Statement::new(s).hazard(HazardKind::Authorization, name, why.clone());
    let mut statements: Vec<Statement> = sql.into_iter().map(hazard).collect();
    // PostgreSQL records the grantor, and only that role can revoke.
    if let Some(grantor) = entry.get(Attr::Grantor).filter(|_| !statements.is_empty()) {
        statements.insert(0, Statement::new(format!("SET LOCAL ROLE {grantor}")));
        statements.push(Statement::new(format!("SET LOCAL ROLE {}", ctx.old.origin.user)));
    }
    statements
}

/// The privileges on columns to grant again, as revoking them on the table revokes them on its columns too.
fn kept_on_columns(
    ctx: &Context<'_>,
    table: &Object,
    revoked: &Object,
    lost: &[&str],
) -> Vec<(String, &'static str)> {
    let mut kept = Vec::new();
    for after in ctx.new.objects.of_kind(Kind::Privilege) {
        let place = after.parent;
        let on_column = match after.get(Attr::PartColumn) {
            Some(column) => (place == Some(table.key)).then(|| column.to_owned()),
            None => place
                .filter(|at| at.kind == Kind::Column)
                .and_then(|at| ctx.new.find(at))
                .map(|at| ctx.new.objects.at(at))
                .filter(|column| column.parent == Some(table.key))
                .map(|column| column.text(Attr::Name).to_owned()),
        };
        let same =
            [Attr::PrivilegeGrantee, Attr::Grantor].iter().all(|attr| after.get(*attr) == revoked.get(*attr));
        let (Some(column), true) = (on_column, same) else { continue };
        let before = ctx.old.find(after.key).map(|at| ctx.old.objects.at(at));
        let before = parse(before.and_then(|f| f.get(Attr::Granted)));
        for (privilege, option) in parse(after.get(Attr::Granted)) {
            if lost.contains(&privilege) && before.contains_key(privilege) {
                let with = if option { " WITH GRANT OPTION" } else { "" };
                kept.push((format!("{privilege} ({column})"), with));
            }
        }
    }
    kept
}

fn default_privileges(
    ctx: &Context<'_>,
    old: Option<&Object<'_>>,
    new: Option<&Object<'_>>,
    entry: &Object,
) -> Vec<Statement> {
    let own = !entry.has(Attr::Schema) && entry.get(Attr::Grantee) == entry.get(Attr::Role);
    let (on, grantee) = (entry.text(Attr::Objects), entry.text(Attr::Grantee));
    let mut shift = shift(old, new, own);
    if on == "TABLES" {
        take_maintain(ctx, old, &mut shift);
    }
    let alter = format!("ALTER DEFAULT PRIVILEGES {}", entry.text(Attr::Scope));
    let mut sql = Vec::new();
    if !shift.revoke.is_empty() {
        sql.push(format!("{alter} REVOKE {} ON {on} FROM {grantee}", shift.revoke.join(", ")));
    }
    if !shift.revoke_option.is_empty() {
        sql.push(format!(
            "{alter} REVOKE GRANT OPTION FOR {} ON {on} FROM {grantee}",
            shift.revoke_option.join(", ")
        ));
    }
    for (option, privileges) in shift.grant.iter().filter(|(_, p)| !p.is_empty()) {
        let with = if *option { " WITH GRANT OPTION" } else { "" };
        sql.push(format!("{alter} GRANT {} ON {on} TO {grantee}{with}", privileges.join(", ")));
    }
    sql.into_iter()
        .map(|s| {
            Statement::new(s).hazard(HazardKind::Authorization, on, "privileges of future objects change")
        })
        .collect()
}

/// Whether a grantee has a privilege on every new object by default.
fn is_implicit(grantee: &str, class: &str, privilege: &str) -> bool {
    match grantee {
        "OWNER" => !privilege.ends_with('*'),
        "PUBLIC" => matches!((class, privilege), ("FUNCTIONS", "EXECUTE") | ("TYPES", "USAGE")),
        _ => false,
    }
}

/// The privileges that a new object gets from the default privileges in force while it is created.
pub(in crate::schema) fn initial_privileges(ctx: &Context<'_>, object: &Object) -> Objects {
    let class = match object.key.kind {
        Kind::Table | Kind::View | Kind::MaterializedView => "TABLES",
        Kind::Sequence => "SEQUENCES",
        Kind::Column if object.has(Attr::Identity) => "SEQUENCES",
        Kind::Function | Kind::Aggregate => "FUNCTIONS",
        Kind::Enum | Kind::Composite | Kind::Range | Kind::Domain => "TYPES",
        Kind::Schema => "SCHEMAS",
        _ => return Objects::default(),
    };
    let of = object.get(Attr::IdentitySequence).map(|name| format!("sequence {name}"));
    let table = of.as_ref().and_then(|_| ctx.new.object(Kind::Table, parent(object)));
    let schema = table.unwrap_or(*object).get(Attr::Schema);
    let old = ctx.old;
    let mut by_grantee: BTreeMap<&str, (BTreeSet<&str>, BTreeSet<&str>)> = BTreeMap::new();
    for entry in old.objects.of_kind(Kind::DefaultPrivileges).filter(|f| f.text(Attr::Objects) == class) {
        let here = entry.get(Attr::Schema).is_none_or(|s| Some(s) == schema);
        if here && entry.text(Attr::Role) == old.origin.user {
            let grantee = if entry.text(Attr::Grantee) == old.origin.user {
                "OWNER"
            } else {
                entry.text(Attr::Grantee)
            };
            let sets = by_grantee.entry(grantee).or_default();
            sets.0.extend(entry.get(Attr::Granted).into_iter().flat_map(|g| g.split(", ")));
            sets.1.extend(entry.get(Attr::Revoked).into_iter().flat_map(|g| g.split(", ")));
        }
    }
    for (grantee, (granted, revoked)) in &mut by_grantee {
        // A privilege that the schema's defaults grant again is not revoked, and an implicit one need not be granted.
        revoked.retain(|privilege| !granted.iter().any(|g| g.trim_end_matches('*') == *privilege));
        granted.retain(|privilege| !is_implicit(grantee, class, privilege));
    }
    let born = by_grantee.into_iter().map(|(grantee, (granted, revoked))| {
        let on = of.clone().unwrap_or_else(|| object.key.to_string());
        let key = Key::new(Kind::Privilege, format!("{on} to {grantee}"));
        let mut entry = Draft::new(key, Some(object.key.to_key()));
        entry.attrs.push((Attr::PrivilegeGrantee, grantee.into()));
        for (name, set) in [(Attr::Granted, granted), (Attr::Revoked, revoked)] {
            let list = set.into_iter().collect::<Vec<_>>().join(", ");
            entry.attrs.extend((!list.is_empty()).then(|| (name, list.into())));
        }
        entry.attrs.extend(of.clone().map(|of| (Attr::HiddenObject, of.into())));
        entry
    });
    born.collect()
}

/// The statements that take the initial privileges of a new object to the wanted ones.
pub(in crate::schema) fn shift_privileges(
    ctx: &Context<'_>,
    born: &Object,
    wanted: Option<&Object<'_>>,
) -> Vec<Statement> {
    let object = born.parent.as_ref().and_then(|p| ctx.new.find(p)).map(|at| ctx.new.objects.at(at));
    object.map(|object| privileges(ctx, Some(born), wanted, born, Some(&object))).unwrap_or_default()
}
