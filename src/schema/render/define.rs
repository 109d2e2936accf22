//! Definitions of objects for readers: short lines similar to DDL, with all compared attributes.

use crate::schema::ddl::{self, Context};
use crate::schema::model::{Adjacency, Attr, Children, Key, Kind, Name, Object, Schema};
use crate::sql::{entries, entry, quote_literal};

/// A definition: its first line, and the lines below it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Definition {
    pub(super) head: String,
    pub(super) body: Vec<String>,
}

impl Definition {
    fn line(head: impl Into<String>) -> Self {
        Self::block(head, [])
    }

    /// Splits at line breaks, so that no line contains another one.
    fn block(head: impl Into<String>, body: impl IntoIterator<Item = String>) -> Self {
        let head = head.into();
        let mut rows = head.split('\n');
        let first = rows.next().unwrap_or_default().to_owned();
        let mut lines: Vec<String> = rows.map(|row| format!("    {row}")).collect();
        for text in body {
            lines.extend(text.split('\n').map(str::to_owned));
        }
        Self { head: first, body: lines }
    }
}

/// The name of a part within its object.
pub(super) fn short<'a>(key: impl Into<Name<'a>>, top: &Key) -> &'a str {
    let name = key.into().name;
    name.strip_prefix(top.name.as_str()).and_then(|rest| rest.strip_prefix('.')).unwrap_or(name)
}

/// `TABLE public.t`: the kind in capitals and the name.
pub(super) fn title<'a>(key: impl Into<Name<'a>>) -> String {
    let key = key.into();
    if key.kind == Kind::Uncompared {
        return key.name.to_owned();
    }
    format!("{} {}", key.kind.label().to_uppercase(), key.name)
}

/// The definition of an object or part; `width` is that of the widest column name beside it.
pub(super) fn define(schema: &Schema, object: &Object, top: &Key, width: usize) -> Definition {
    match object.key.kind {
        Kind::Table => table(object),
        Kind::Column => Definition::line(column(schema, object, width)),
        Kind::Default => Definition::line(format!(
            "COLUMN {} DEFAULT {}",
            object.text(Attr::Name),
            object.text(Attr::Expression)
        )),
        Kind::Constraint => Definition::line(constraint(object)),
        Kind::DomainConstraint => Definition::line(format!(
            "CONSTRAINT {} {}",
            object.text(Attr::Name),
            object.text(Attr::Definition)
        )),
        Kind::Index => Definition::line(index(object)),
        Kind::IndexAttach => Definition::line(format!(
            "INDEX {} PART OF {}",
            object.key.name,
            object.text(Attr::ParentRelation)
        )),
        Kind::Partition => {
            let pending = if object.has(Attr::DetachPending) { " -- detach pending" } else { "" };
            Definition::line(format!(
                "PARTITION OF {} {}{pending}",
                object.text(Attr::ParentRelation),
                object.text(Attr::Bound)
            ))
        }
        Kind::Trigger | Kind::Rule => Definition::line(fired(object)),
        Kind::Policy => Definition::line(policy(object)),
        Kind::Sequence => sequence(object),
        Kind::SequenceOwner => Definition::line(format!("OWNED BY {}", object.text(Attr::Column))),
        Kind::View | Kind::MaterializedView => view(object),
        Kind::Function => function(object),
        Kind::Enum => Definition::block(
            format!("TYPE {} AS ENUM", object.key.name),
            object.get(Attr::Labels).map(str::to_owned),
        ),
        Kind::Composite => Definition::block(
            format!("TYPE {} AS", object.key.name),
            object.get(Attr::Attributes).map(|lines| lines.replace('\t', " ")),
        ),
        Kind::Domain => domain(object),
        Kind::Owner => Definition::line(format!("OWNER {}", object.text(Attr::Role))),
        Kind::Comment => Definition::line(format!(
            "COMMENT{} IS {}",
            on(object, top),
            quote_literal(object.text(Attr::Text))
        )),
        Kind::Privilege => privilege(object, top),
        Kind::Uncompared => Definition::line(title(object.key)),
        _ => from_sql(schema, object),
    }
}

/// The attribute after a keyword, if it is present.
fn word(object: &Object, attr: Attr, word: &str) -> String {
    object.get(attr).map(|value| format!("{word}{value}")).unwrap_or_default()
}

fn flag(object: &Object, attr: Attr, words: &'static str) -> &'static str {
    if object.has(attr) { words } else { "" }
}

/// Joins lines of `key=value` or `key<tab>value` as `key=value, …`.
fn list(lines: &str) -> String {
    entries(lines).into_iter().map(|line| line.replacen('\t', " ", 1)).collect::<Vec<_>>().join(", ")
}

fn table(object: &Object) -> Definition {
    let kind = match (object.has(Attr::Foreign), object.has(Attr::Persistence)) {
        (true, _) => "FOREIGN TABLE",
        (_, true) => "UNLOGGED TABLE",
        _ => "TABLE",
    };
    let with = |attr: Attr, open: &str| object.get(attr).map(|lines| format!("{open} ({})", list(lines)));
    let after = |attr: Attr, word: &str| object.get(attr).map(|value| format!("{word} {value}"));
    let when = |attr: Attr, words: &str| object.has(attr).then(|| words.to_owned());
    let body = [
        after(Attr::OfType, "OF"),
        with(Attr::Inherits, "INHERITS"),
        after(Attr::PartitionKey, "PARTITION BY"),
        after(Attr::AccessMethod, "USING"),
        with(Attr::Options, "WITH"),
        after(Attr::Tablespace, "TABLESPACE"),
        after(Attr::Server, "SERVER"),
        with(Attr::FdwOptions, "OPTIONS"),
        when(Attr::RowSecurity, "ENABLE ROW LEVEL SECURITY"),
        when(Attr::ForceRowSecurity, "FORCE ROW LEVEL SECURITY"),
        object.get(Attr::ReplicaIdentity).map(|how| format!("REPLICA IDENTITY {}", how.to_uppercase())),
    ];
    Definition::block(format!("{kind} {}", object.key.name), body.into_iter().flatten())
}

/// Whether a part is fully inherited from the parent table.
pub(super) fn is_fully_inherited(schema: &Schema, object: &Object) -> bool {
    if !object.has(Attr::Inherited) {
        return false;
    }
    let own = |line: String| line.strip_suffix(INHERITED).map(str::to_owned).unwrap_or(line);
    match (object.key.kind, &object.parent) {
        (Kind::Column, _) => ddl::parent_column(schema, object)
            .is_some_and(|above| own(column(schema, &above, 0)) == own(column(schema, object, 0))),
        (Kind::Constraint, Some(table)) => {
            let partition = schema.object(Kind::Partition, table.name).map(|p| p.text(Attr::ParentRelation));
            let parents = schema.object(Kind::Table, table.name).and_then(|t| t.get(Attr::Inherits));
            let above = partition.into_iter().chain(ddl::lines(parents));
            let name = object.text(Attr::Name);
            above
                .filter_map(|parent| schema.object(Kind::Constraint, &format!("{parent}.{name}")))
                .any(|above| own(constraint(&above)) == own(constraint(object)))
        }
        _ => false,
    }
}

const INHERITED: &str = " -- inherited";

fn column(schema: &Schema, object: &Object, width: usize) -> String {
    let mut text = format!("{:width$} {}", object.text(Attr::Name), object.text(Attr::Type));
    text += &word(object, Attr::Collation, " COLLATE ");
    if let Some(default) = schema.object(Kind::Default, object.key.name) {
        text += &format!(" DEFAULT {}", default.text(Attr::Expression));
    }
    for (attr, how) in [(Attr::Generated, "STORED"), (Attr::GeneratedVirtual, "VIRTUAL")] {
        if let Some(expression) = object.get(attr) {
            text += &format!(" GENERATED ALWAYS AS ({expression}) {how}");
        }
    }
    text += &identity(object);
    text += flag(object, Attr::NotNull, " NOT NULL");
    text += &object.get(Attr::NotNullConstraint).map(|named| format!(" ({named})")).unwrap_or_default();
    text += &not_null_comment(object).map(|comment| format!(" {comment}")).unwrap_or_default();
    text += &word(object, Attr::Compression, " COMPRESSION ");
    text += &object.get(Attr::Storage).map(|s| format!(" STORAGE {}", s.to_uppercase())).unwrap_or_default();
    text += &word(object, Attr::Statistics, " STATISTICS ");
    text += &object.get(Attr::Options).map(|o| format!(" WITH ({})", list(o))).unwrap_or_default();
    text += &object.get(Attr::FdwOptions).map(|o| format!(" OPTIONS ({})", list(o))).unwrap_or_default();
    text + match (object.has(Attr::Inherited), object.has(Attr::HasParent)) {
        (true, _) => INHERITED,
        (_, true) => " -- inherited and its own",
        _ => "",
    }
}

/// Values that PostgreSQL chooses by default are omitted.
fn identity(object: &Object) -> String {
    let Some(when) = object.get(Attr::Identity) else { return String::new() };
    let usual = ["START WITH 1", "INCREMENT BY 1", "NO MINVALUE", "NO MAXVALUE", "CACHE 1", "NO CYCLE"];
    let mut options: Vec<String> =
        ddl::lines(object.get(Attr::IdentityOptions)).into_iter().map(str::to_owned).collect();
    options.retain(|line| !usual.contains(&line.as_str()));
    options.extend(object.get(Attr::IdentityPersistence).map(str::to_uppercase));
    let sequence = object.text(Attr::IdentitySequence);
    if !sequence.is_empty() && sequence != format!("{}_{}_seq", ddl::parent(object), object.text(Attr::Name))
    {
        options.insert(0, format!("SEQUENCE NAME {sequence}"));
    }
    let options = if options.is_empty() { String::new() } else { format!(" ({})", options.join(" ")) };
    format!(" GENERATED {} AS IDENTITY{options}", when.to_uppercase())
}

/// The comment on the not-null constraint of a column or domain.
fn not_null_comment(object: &Object) -> Option<String> {
    object.get(Attr::NotNullComment).map(|text| format!("COMMENT ON NOT NULL IS {}", quote_literal(text)))
}

fn constraint(object: &Object) -> String {
    let mut text = format!("CONSTRAINT {} {}", object.text(Attr::Name), object.text(Attr::Definition));
    text += &object.get(Attr::IndexOptions).map(|o| format!(" WITH ({})", list(o))).unwrap_or_default();
    text += &word(object, Attr::Tablespace, " USING INDEX TABLESPACE ");
    text += flag(object, Attr::Clustered, " -- clustered");
    text += flag(object, Attr::ReplicaIdentity, " -- replica identity");
    text + flag(object, Attr::Inherited, INHERITED)
}

fn index(object: &Object) -> String {
    if object.has(Attr::ParentTriggers) {
        return format!(
            "TRIGGER {} -- {}",
            object.text(Attr::Name),
            object.get(Attr::Enabled).unwrap_or("enabled")
        );
    }
    let definition = object.text(Attr::Definition);
    let definition = definition.strip_prefix("CREATE ").unwrap_or(definition);
    let on = ddl::parent(object);
    let mut text = definition.replacen(&format!(" ON {on} USING "), " USING ", 1);
    text = text.replacen(&format!(" ON ONLY {on} USING "), " ON ONLY USING ", 1);
    text += &word(object, Attr::Tablespace, " TABLESPACE ");
    text += &object.get(Attr::Statistics).map(|s| format!(" STATISTICS ({})", list(s))).unwrap_or_default();
    text += flag(object, Attr::Clustered, " -- clustered");
    text += flag(object, Attr::ReplicaIdentity, " -- replica identity");
    text + flag(object, Attr::Invalid, " -- invalid")
}

fn fired(object: &Object) -> String {
    let definition = object.text(Attr::Definition);
    let definition = definition.strip_prefix("CREATE ").unwrap_or(definition);
    let on = format!(" ON {} ", ddl::parent(object));
    let enabled = object.get(Attr::Enabled).map(|how| format!(" -- {how}")).unwrap_or_default();
    definition.replacen(&on, " ", 1) + &enabled
}

fn policy(object: &Object) -> String {
    let restrictive = flag(object, Attr::Restrictive, " AS RESTRICTIVE");
    let mut text = format!(
        "POLICY {}{restrictive} FOR {} TO {}",
        object.text(Attr::Name),
        object.text(Attr::Command),
        object.text(Attr::Roles)
    );
    text += &object.get(Attr::Using).map(|e| format!(" USING ({e})")).unwrap_or_default();
    text + &object.get(Attr::WithCheck).map(|e| format!(" WITH CHECK ({e})")).unwrap_or_default()
}

/// Values that PostgreSQL chooses by default are omitted.
fn sequence(object: &Object) -> Definition {
    let unlogged = flag(object, Attr::Persistence, "UNLOGGED ");
    let other = |attr: Attr, usual: &str, word: &str| {
        object.get(attr).filter(|value| *value != usual).map(|value| format!("{word} {value}"))
    };
    let body = [
        other(Attr::Type, "bigint", "AS"),
        other(Attr::Start, "1", "START WITH"),
        other(Attr::Increment, "1", "INCREMENT BY"),
        other(Attr::Minvalue, "", "MINVALUE"),
        other(Attr::Maxvalue, "", "MAXVALUE"),
        other(Attr::Cache, "1", "CACHE"),
        object.has(Attr::Cycle).then(|| "CYCLE".to_owned()),
    ];
    Definition::block(format!("{unlogged}SEQUENCE {}", object.key.name), body.into_iter().flatten())
}

fn view(object: &Object) -> Definition {
    let each = |attr: Attr, word: &str| {
        ddl::lines(object.get(attr))
            .into_iter()
            .map(entry)
            .map(|(column, value)| format!("COLUMN {column} {word} {value}"))
            .collect::<Vec<_>>()
    };
    let mut body = Vec::new();
    body.extend(object.get(Attr::AccessMethod).map(|m| format!("USING {m}")));
    body.extend(object.get(Attr::Options).map(|o| format!("WITH ({})", list(o))));
    body.extend(object.get(Attr::Tablespace).map(|t| format!("TABLESPACE {t}")));
    body.extend(each(Attr::Statistics, "STATISTICS"));
    body.extend(each(Attr::Storage, "STORAGE"));
    // The server puts a blank before the first word, which would misalign the query.
    let definition = object.text(Attr::Definition);
    body.push(definition.strip_prefix(' ').unwrap_or(definition).to_owned());
    Definition::block(title(object.key), body)
}

fn function(object: &Object) -> Definition {
    let definition = object.text(Attr::Definition).trim_end();
    let definition = definition.strip_prefix("CREATE OR REPLACE ").unwrap_or(definition);
    let mut lines = definition.split('\n');
    let head = lines.next().unwrap_or_default();
    let mut said = true;
    let body = lines.map(|line| {
        // The clauses of a function are indented by one blank; its body is shown as written.
        said = said && line.starts_with(' ');
        line.strip_prefix(' ').filter(|_| said).unwrap_or(line).to_owned()
    });
    Definition::block(head, body)
}

fn domain(object: &Object) -> Definition {
    let default = object.get(Attr::Default).or_else(|| object.get(Attr::DefaultText));
    let body = [
        object.get(Attr::Collation).map(|c| format!("COLLATE {c}")),
        default.map(|d| format!("DEFAULT {d}")),
        object.get(Attr::NotNullConstraint).map(str::to_owned),
        object.has(Attr::NotNull).then(|| "NOT NULL".to_owned()),
        not_null_comment(object),
    ];
    let head = format!("DOMAIN {} AS {}", object.key.name, object.text(Attr::Type));
    Definition::block(head, body.into_iter().flatten())
}

/// ` ON COLUMN email`: the part that a comment or privilege is on; empty where it is the object itself.
fn on(object: &Object, top: &Key) -> String {
    if let Some((word, name)) = object.get(Attr::HiddenObject).and_then(|of| of.split_once(' ')) {
        return format!(" ON {} {name}", word.to_uppercase());
    }
    match (object.get(Attr::PartColumn), &object.parent) {
        (Some(column), _) if object.has(Attr::SystemObject) => {
            format!(" ON COLUMN {column} OF {}", object.text(Attr::SystemObject))
        }
        (None, _) if object.has(Attr::SystemObject) => format!(" ON {}", object.text(Attr::SystemObject)),
        (Some(column), _) => format!(" ON COLUMN {column}"),
        (None, Some(parent)) if *parent != Name::from(top) => {
            format!(" ON {} {}", parent.kind.label().to_uppercase(), short(parent, top))
        }
        _ => String::new(),
    }
}

fn privilege(object: &Object, top: &Key) -> Definition {
    let by = word(object, Attr::Grantor, " GRANTED BY ");
    let (on, role) = (on(object, top), format!("{}{by}", object.text(Attr::PrivilegeGrantee)));
    let all = object.get(Attr::Granted).into_iter().flat_map(|list| list.split(", "));
    let (passed_on, granted): (Vec<&str>, Vec<&str>) = all.partition(|p| p.ends_with('*'));
    let mut lines = Vec::new();
    if !granted.is_empty() {
        lines.push(format!("GRANT {}{on} TO {role}", granted.join(", ")));
    }
    if !passed_on.is_empty() {
        let names = passed_on.join(", ").replace('*', "");
        lines.push(format!("GRANT {names}{on} TO {role} WITH GRANT OPTION"));
    }
    lines.extend(object.get(Attr::Revoked).map(|list| format!("REVOKE {list}{on} FROM {role}")));
    let mut lines = lines.into_iter();
    Definition { head: lines.next().unwrap_or_default(), body: lines.collect() }
}

/// Rare objects are shown as the statements that create them.
fn from_sql(schema: &Schema, object: &Object) -> Definition {
    let ctx = Context {
        old: schema,
        new: schema,
        members: &Default::default(),
        online: false,
        fresh: Default::default(),
        recreated: Default::default(),
        inline: Default::default(),
        new_parts: &Adjacency::default(),
        old_children: Children::new(schema),
        new_children: Children::new(schema),
        taken: Default::default(),
    };
    let statements = ddl::create(&ctx, object);
    let member = format!("ALTER PUBLICATION {} ADD ", ddl::parent(object));
    let mut lines = statements.iter().flat_map(|s| s.sql.split('\n')).map(|line| {
        let line = line.strip_prefix("CREATE ").or_else(|| line.strip_prefix("    ")).unwrap_or(line);
        line.strip_prefix(&member).unwrap_or(line).to_owned()
    });
    Definition { head: lines.next().unwrap_or_else(|| title(object.key)), body: lines.collect() }
}
