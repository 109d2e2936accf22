//! A fact as a reader would write it: lines like DDL, short, everything that is compared in them.

use crate::schema::ddl::{self, Context};
use crate::schema::model::{Fact, Key, Kind, Links, Name, Schema};

/// A definition: how it is introduced, and the lines below that.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Definition {
    pub(super) head: String,
    pub(super) body: Vec<String>,
}

impl Definition {
    fn line(head: impl Into<String>) -> Self {
        Self::block(head, [])
    }

    /// Every line break makes a line, so that none of them hides in another.
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

/// How the object or part is written; `width` is that of the widest column name beside it.
pub(super) fn define(schema: &Schema, fact: &Fact, top: &Key, width: usize) -> Definition {
    match fact.key.kind {
        Kind::Table => table(fact),
        Kind::Column => Definition::line(column(schema, fact, width)),
        Kind::Default => {
            Definition::line(format!("COLUMN {} DEFAULT {}", fact.text("name"), fact.text("expression")))
        }
        Kind::Constraint => Definition::line(constraint(fact)),
        Kind::DomainConstraint => {
            Definition::line(format!("CONSTRAINT {} {}", fact.text("name"), fact.text("definition")))
        }
        Kind::Index => Definition::line(index(fact)),
        Kind::IndexAttach => Definition::line(format!("INDEX {} PART OF {}", fact.key.name, fact.text("of"))),
        Kind::Partition => {
            let pending = if fact.has("detach_pending") { " -- detach pending" } else { "" };
            Definition::line(format!("PARTITION OF {} {}{pending}", fact.text("of"), fact.text("bound")))
        }
        Kind::Trigger | Kind::Rule => Definition::line(fired(fact)),
        Kind::Policy => Definition::line(policy(fact)),
        Kind::Sequence => sequence(fact),
        Kind::SequenceOwner => Definition::line(format!("OWNED BY {}", fact.text("column"))),
        Kind::View | Kind::MaterializedView => view(fact),
        Kind::Function => function(fact),
        Kind::Enum => Definition::block(
            format!("TYPE {} AS ENUM", fact.key.name),
            fact.get("labels").map(str::to_owned),
        ),
        Kind::Composite => Definition::block(
            format!("TYPE {} AS", fact.key.name),
            fact.get("attributes").map(|lines| lines.replace('\t', " ")),
        ),
        Kind::Domain => domain(fact),
        Kind::Owner => Definition::line(format!("OWNER {}", fact.text("role"))),
        Kind::Comment => {
            Definition::line(format!("COMMENT{} IS {}", on(fact, top), ddl::literal(fact.text("text"))))
        }
        Kind::Privilege => privilege(fact, top),
        Kind::Uncompared => Definition::line(title(fact.key)),
        _ => from_sql(schema, fact),
    }
}

/// The attribute after a word, where there is one.
fn word(fact: &Fact, attr: &str, word: &str) -> String {
    fact.get(attr).map(|value| format!("{word}{value}")).unwrap_or_default()
}

fn flag(fact: &Fact, attr: &str, words: &'static str) -> &'static str {
    if fact.has(attr) { words } else { "" }
}

/// One `key=value` or `key<tab>value` a line, as `key=value, …`.
fn list(lines: &str) -> String {
    lines.replace('\t', " ").replace('\n', ", ")
}

fn table(fact: &Fact) -> Definition {
    let kind = match (fact.has("foreign"), fact.has("persistence")) {
        (true, _) => "FOREIGN TABLE",
        (_, true) => "UNLOGGED TABLE",
        _ => "TABLE",
    };
    let with = |attr: &str, open: &str| fact.get(attr).map(|lines| format!("{open} ({})", list(lines)));
    let after = |attr: &str, word: &str| fact.get(attr).map(|value| format!("{word} {value}"));
    let when = |attr: &str, words: &str| fact.has(attr).then(|| words.to_owned());
    let body = [
        after("of_type", "OF"),
        with("inherits", "INHERITS"),
        after("partition_key", "PARTITION BY"),
        after("access_method", "USING"),
        with("options", "WITH"),
        after("tablespace", "TABLESPACE"),
        after("server", "SERVER"),
        with("fdw_options", "OPTIONS"),
        when("row_security", "ENABLE ROW LEVEL SECURITY"),
        when("force_row_security", "FORCE ROW LEVEL SECURITY"),
        fact.get("replica_identity").map(|how| format!("REPLICA IDENTITY {}", how.to_uppercase())),
    ];
    Definition::block(format!("{kind} {}", fact.key.name), body.into_iter().flatten())
}

/// Whether a part says only what its table has from the table above.
pub(super) fn comes_down(schema: &Schema, fact: &Fact) -> bool {
    if !fact.has("inherited") {
        return false;
    }
    let own = |line: String| line.strip_suffix(INHERITED).map(str::to_owned).unwrap_or(line);
    match (fact.key.kind, &fact.parent) {
        (Kind::Column, _) => ddl::parent_column(schema, fact)
            .is_some_and(|above| own(column(schema, &above, 0)) == own(column(schema, fact, 0))),
        (Kind::Constraint, Some(table)) => {
            let partition = schema.fact(Kind::Partition, table.name).map(|p| p.text("of"));
            let parents = schema.fact(Kind::Table, table.name).and_then(|t| t.get("inherits"));
            let above = partition.into_iter().chain(ddl::lines(parents));
            let name = fact.text("name");
            above
                .filter_map(|parent| schema.fact(Kind::Constraint, &format!("{parent}.{name}")))
                .any(|above| own(constraint(&above)) == own(constraint(fact)))
        }
        _ => false,
    }
}

const INHERITED: &str = " -- inherited";

fn column(schema: &Schema, fact: &Fact, width: usize) -> String {
    let mut text = format!("{:width$} {}", fact.text("name"), fact.text("type"));
    text += &word(fact, "collation", " COLLATE ");
    if let Some(default) = schema.fact(Kind::Default, fact.key.name) {
        text += &format!(" DEFAULT {}", default.text("expression"));
    }
    for (attr, how) in [("generated", "STORED"), ("generated_virtual", "VIRTUAL")] {
        if let Some(expression) = fact.get(attr) {
            text += &format!(" GENERATED ALWAYS AS ({expression}) {how}");
        }
    }
    text += &identity(fact);
    text += flag(fact, "not_null", " NOT NULL");
    text += &fact.get("not_null_constraint").map(|named| format!(" ({named})")).unwrap_or_default();
    text += &word(fact, "compression", " COMPRESSION ");
    text += &fact.get("storage").map(|s| format!(" STORAGE {}", s.to_uppercase())).unwrap_or_default();
    text += &word(fact, "statistics", " STATISTICS ");
    text += &fact.get("options").map(|o| format!(" WITH ({})", list(o))).unwrap_or_default();
    text += &fact.get("fdw_options").map(|o| format!(" OPTIONS ({})", list(o))).unwrap_or_default();
    text + match (fact.has("inherited"), fact.has("has_parent")) {
        (true, _) => INHERITED,
        (_, true) => " -- inherited and its own",
        _ => "",
    }
}

/// What is as PostgreSQL chooses by itself is left away.
fn identity(fact: &Fact) -> String {
    let Some(when) = fact.get("identity") else { return String::new() };
    let usual = ["START WITH 1", "INCREMENT BY 1", "NO MINVALUE", "NO MAXVALUE", "CACHE 1", "NO CYCLE"];
    let mut options: Vec<String> =
        ddl::lines(fact.get("identity_options")).into_iter().map(str::to_owned).collect();
    options.retain(|line| !usual.contains(&line.as_str()));
    let sequence = fact.text("identity_sequence");
    if !sequence.is_empty() && sequence != format!("{}_{}_seq", ddl::parent(fact), fact.text("name")) {
        options.insert(0, format!("SEQUENCE NAME {sequence}"));
    }
    let options = if options.is_empty() { String::new() } else { format!(" ({})", options.join(" ")) };
    format!(" GENERATED {} AS IDENTITY{options}", when.to_uppercase())
}

fn constraint(fact: &Fact) -> String {
    let mut text = format!("CONSTRAINT {} {}", fact.text("name"), fact.text("definition"));
    text += &fact.get("index_options").map(|o| format!(" WITH ({})", list(o))).unwrap_or_default();
    text += &word(fact, "tablespace", " USING INDEX TABLESPACE ");
    text += flag(fact, "clustered", " -- clustered");
    text += flag(fact, "replica_identity", " -- replica identity");
    text + flag(fact, "inherited", INHERITED)
}

fn index(fact: &Fact) -> String {
    if fact.has("above") {
        return format!("TRIGGER {} -- {}", fact.text("name"), fact.get("enabled").unwrap_or("enabled"));
    }
    let definition = fact.text("definition");
    let definition = definition.strip_prefix("CREATE ").unwrap_or(definition);
    let on = ddl::parent(fact);
    let mut text = definition.replacen(&format!(" ON {on} USING "), " USING ", 1);
    text = text.replacen(&format!(" ON ONLY {on} USING "), " ON ONLY USING ", 1);
    text += &word(fact, "tablespace", " TABLESPACE ");
    text += &fact.get("statistics").map(|s| format!(" STATISTICS ({})", list(s))).unwrap_or_default();
    text += flag(fact, "clustered", " -- clustered");
    text += flag(fact, "replica_identity", " -- replica identity");
    text + flag(fact, "invalid", " -- invalid")
}

fn fired(fact: &Fact) -> String {
    let definition = fact.text("definition");
    let definition = definition.strip_prefix("CREATE ").unwrap_or(definition);
    let on = format!(" ON {} ", ddl::parent(fact));
    let enabled = fact.get("enabled").map(|how| format!(" -- {how}")).unwrap_or_default();
    definition.replacen(&on, " ", 1) + &enabled
}

fn policy(fact: &Fact) -> String {
    let restrictive = flag(fact, "restrictive", " AS RESTRICTIVE");
    let mut text = format!(
        "POLICY {}{restrictive} FOR {} TO {}",
        fact.text("name"),
        fact.text("command"),
        fact.text("roles")
    );
    text += &fact.get("using").map(|e| format!(" USING ({e})")).unwrap_or_default();
    text + &fact.get("with_check").map(|e| format!(" WITH CHECK ({e})")).unwrap_or_default()
}

/// What is as PostgreSQL chooses by itself is left away.
fn sequence(fact: &Fact) -> Definition {
    let unlogged = flag(fact, "persistence", "UNLOGGED ");
    let other = |attr: &str, usual: &str, word: &str| {
        fact.get(attr).filter(|value| *value != usual).map(|value| format!("{word} {value}"))
    };
    let body = [
        other("type", "bigint", "AS"),
        other("start", "1", "START WITH"),
        other("increment", "1", "INCREMENT BY"),
        other("minvalue", "", "MINVALUE"),
        other("maxvalue", "", "MAXVALUE"),
        other("cache", "1", "CACHE"),
        fact.has("cycle").then(|| "CYCLE".to_owned()),
    ];
    Definition::block(format!("{unlogged}SEQUENCE {}", fact.key.name), body.into_iter().flatten())
}

fn view(fact: &Fact) -> Definition {
    let each = |attr: &str, word: &str| {
        ddl::lines(fact.get(attr))
            .into_iter()
            .map(|line| format!("COLUMN {}", line.replace('\t', &format!(" {word} "))))
            .collect::<Vec<_>>()
    };
    let mut body = Vec::new();
    body.extend(fact.get("access_method").map(|m| format!("USING {m}")));
    body.extend(fact.get("options").map(|o| format!("WITH ({})", list(o))));
    body.extend(fact.get("tablespace").map(|t| format!("TABLESPACE {t}")));
    body.extend(each("statistics", "STATISTICS"));
    body.extend(each("storage", "STORAGE"));
    // The server puts a blank before the first word; with it the query would stand askew.
    let definition = fact.text("definition");
    body.push(definition.strip_prefix(' ').unwrap_or(definition).to_owned());
    Definition::block(title(fact.key), body)
}

fn function(fact: &Fact) -> Definition {
    let definition = fact.text("definition").trim_end();
    let definition = definition.strip_prefix("CREATE OR REPLACE ").unwrap_or(definition);
    let mut lines = definition.split('\n');
    let head = lines.next().unwrap_or_default();
    let mut said = true;
    let body = lines.map(|line| {
        // What is said about a function stands one blank in; its body is as its author wrote it.
        said = said && line.starts_with(' ');
        line.strip_prefix(' ').filter(|_| said).unwrap_or(line).to_owned()
    });
    Definition::block(head, body)
}

fn domain(fact: &Fact) -> Definition {
    let default = fact.get("default").or_else(|| fact.get("default_text"));
    let body = [
        fact.get("collation").map(|c| format!("COLLATE {c}")),
        default.map(|d| format!("DEFAULT {d}")),
        fact.get("not_null_constraint").map(str::to_owned),
        fact.has("not_null").then(|| "NOT NULL".to_owned()),
    ];
    let head = format!("DOMAIN {} AS {}", fact.key.name, fact.text("type"));
    Definition::block(head, body.into_iter().flatten())
}

/// ` ON COLUMN email`: what a comment or privilege is on, nothing where it is the object itself.
fn on(fact: &Fact, top: &Key) -> String {
    if let Some((word, name)) = fact.get("@of").and_then(|of| of.split_once(' ')) {
        return format!(" ON {} {name}", word.to_uppercase());
    }
    match (fact.get("@column"), &fact.parent) {
        (Some(column), _) if fact.has("@on") => format!(" ON COLUMN {column} OF {}", fact.text("@on")),
        (None, _) if fact.has("@on") => format!(" ON {}", fact.text("@on")),
        (Some(column), _) => format!(" ON COLUMN {column}"),
        (None, Some(parent)) if *parent != Name::from(top) => {
            format!(" ON {} {}", parent.kind.label().to_uppercase(), short(parent, top))
        }
        _ => String::new(),
    }
}

fn privilege(fact: &Fact, top: &Key) -> Definition {
    let by = word(fact, "@grantor", " GRANTED BY ");
    let (on, role) = (on(fact, top), format!("{}{by}", fact.text("@grantee")));
    let all = fact.get("granted").into_iter().flat_map(|list| list.split(", "));
    let (passed_on, granted): (Vec<&str>, Vec<&str>) = all.partition(|p| p.ends_with('*'));
    let mut lines = Vec::new();
    if !granted.is_empty() {
        lines.push(format!("GRANT {}{on} TO {role}", granted.join(", ")));
    }
    if !passed_on.is_empty() {
        let names = passed_on.join(", ").replace('*', "");
        lines.push(format!("GRANT {names}{on} TO {role} WITH GRANT OPTION"));
    }
    lines.extend(fact.get("revoked").map(|list| format!("REVOKE {list}{on} FROM {role}")));
    let mut lines = lines.into_iter();
    Definition { head: lines.next().unwrap_or_default(), body: lines.collect() }
}

/// What is rare is shown as the statements that create it.
fn from_sql(schema: &Schema, fact: &Fact) -> Definition {
    let ctx = Context {
        old: schema,
        new: schema,
        online: false,
        fresh: Default::default(),
        inline: Default::default(),
        new_parts: &Links::default(),
    };
    let statements = ddl::create(&ctx, fact);
    let member = format!("ALTER PUBLICATION {} ADD ", ddl::parent(fact));
    let mut lines = statements.iter().flat_map(|s| s.sql.split('\n')).map(|line| {
        let line = line.strip_prefix("CREATE ").or_else(|| line.strip_prefix("    ")).unwrap_or(line);
        line.strip_prefix(&member).unwrap_or(line).to_owned()
    });
    Definition { head: lines.next().unwrap_or_else(|| title(fact.key)), body: lines.collect() }
}
