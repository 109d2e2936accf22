//! Reads a live catalog into a [`Schema`].

mod cell;
mod compose;
mod identity;
mod origin;
mod queries;
mod versions;

use std::collections::{BTreeMap, HashMap};

use futures_util::TryStreamExt as _;
use sqlx::Either;
use sqlx::postgres::{PgRow, types::Oid};
use sqlx::{AssertSqlSafe, Column as _, ColumnIndex, Executor as _, PgConnection, Row as _};

use super::error::SchemaError;
use super::model::{Address, Attribute, Collection, Draft, Fact, Key, Kind, Name, Schema};
use super::options::Options;
use cell::Cell;
use compose::Composed;
use identity::IdentitySequence;
use origin::{read_catalogs, read_classes, read_empty, read_origin, read_schemas};
use queries::{
    ALIASES, COMMENTS, DEPENDENCIES, GENERATED, GENERATED_FROM, PRIVILEGES, Query, SECURITY_LABELS,
    SYSTEM_PRIVILEGES, UNCOMPARED,
};
use versions::Text;

/// An attribute that says which part of a fact is meant.
type Part = (Attribute, String);

impl Schema {
    /// Reads the schema of the connected database in one repeatable-read transaction, which is rolled back.
    ///
    /// # Errors
    ///
    /// [`SchemaError::Denied`] when the role may not read a catalog, [`SchemaError::Read`] when a catalog cannot be read
    /// otherwise or the connection fails,
    /// [`SchemaError::UnsupportedVersion`] before PostgreSQL 15.
    pub async fn read(conn: &mut PgConnection, options: &Options) -> Result<Self, SchemaError> {
        let failed = |source| SchemaError::read("a snapshot", source);
        conn.execute(BEGIN).await.map_err(failed)?;
        let read = read_snapshot(conn, options).await;
        let ended = conn.execute("rollback").await.map_err(failed);
        let schema = read?;
        ended?;
        Ok(schema)
    }
}

const BEGIN: &str = "begin isolation level repeatable read read only;
    set local search_path = ''; set local jit = off; set local quote_all_identifiers = off";

async fn fetch(conn: &mut PgConnection, what: &'static str, sql: String) -> Result<Vec<PgRow>, SchemaError> {
    sqlx::raw_sql(AssertSqlSafe(sql)).fetch_all(conn).await.map_err(|source| SchemaError::read(what, source))
}

async fn read_snapshot(conn: &mut PgConnection, options: &Options) -> Result<Schema, SchemaError> {
    let origin = read_origin(conn).await?;
    let text = Text { version: origin.version, schemas: read_schemas(conn, options).await? };
    let empty = read_empty(conn).await?;
    let catalogs = read_catalogs(conn).await?;
    let of = |name: &str| catalogs.get(name).copied().unwrap_or_default();
    let (relations, defaults) = (of("pg_class"), of("pg_attrdef"));
    let classes = read_classes(conn).await?;
    let mut dependencies = read_dependencies(conn, text.fill(DEPENDENCIES)).await?;
    let identity_columns = identity::columns(&dependencies, relations);
    let mut reader = Reader { catalogs, relations, defaults, classes, identity_columns, ..Reader::default() };
    let wanted = |query: &&Query| {
        !(empty.contains(query.catalog)
            || query.kind == Kind::Range && empty.contains("pg_range")
            || query.kind == Kind::UserMapping && empty.contains("pg_foreign_server")
            || query.database_wide && !options.include.is_empty()
            || query.kind == Kind::DefaultPrivileges && !options.privileges)
    };
    let (owners, queries): (Vec<_>, Vec<_>) =
        queries::all().filter(wanted).partition(|query| query.kind == Kind::SequenceOwner);
    let queries: Vec<_> = queries.into_iter().map(|query| (query, text.fill(query.sql))).collect();
    reader.facts(conn, &queries).await?;
    if let Some(owned) = reader.owned_sequences(&dependencies) {
        let owners = owners.into_iter().map(|query| (query, query.sql.replace("{OWNED}", &owned)));
        reader.facts(conn, &owners.collect::<Vec<_>>()).await?;
    }
    reader.definitions(conn).await.map_err(|source| SchemaError::read(Kind::Index.label(), source))?;
    // What is no longer needed is not kept: the peak is what a large schema costs.
    reader.types = HashMap::new();
    let mut uncompared = fetch(conn, "uncompared objects", text.fill(UNCOMPARED)).await?;
    if !empty.contains("pg_seclabel") {
        uncompared.extend(fetch(conn, "security labels", text.fill(SECURITY_LABELS)).await?);
    }
    let mut generated = Vec::new();
    if reader.collection.facts().iter().any(|f| f.has("generated") || f.has("generated_virtual")) {
        generated = fetch(conn, "expressions", text.fill(GENERATED)).await?;
        dependencies.extend(read_dependencies(conn, text.fill(GENERATED_FROM)).await?);
    }
    let aliases = fetch(conn, "addresses", text.fill(ALIASES)).await?;
    let comments =
        if options.comments { fetch(conn, "comments", text.fill(COMMENTS)).await? } else { Vec::new() };
    let privileges =
        if options.privileges { fetch(conn, "privileges", text.fill(PRIVILEGES)).await? } else { Vec::new() };
    let others = match options.privileges && options.include.is_empty() {
        true => fetch(conn, "privileges", text.fill(SYSTEM_PRIVILEGES)).await?,
        false => Vec::new(),
    };
    let linked = (|| {
        reader.uncompared(&uncompared)?;
        reader.aliases(&generated, &aliases, &dependencies)?;
        reader.comments(&comments)?;
        reader.privileges(&privileges)?;
        reader.system_privileges(&others)?;
        if options.owners {
            reader.owners();
        }
        reader.dependencies(&dependencies);
        Ok(())
    })();
    linked.map_err(|source| SchemaError::read("dependencies", source))?;
    reader.structural();
    if !options.include.iter().any(|name| name == SQLX_RECORDS) {
        reader.forget_records();
    }
    drop(dependencies);
    Ok(Schema::new(options.clone(), origin, reader.into_collection().sorted()))
}

async fn read_dependencies(conn: &mut PgConnection, sql: String) -> Result<Vec<Dependency>, SchemaError> {
    Reader::dependencies_of(conn, sql).await.map_err(|source| SchemaError::read("dependencies", source))
}

/// Where sqlx records the migrations it applied: like `_lakebase` no part of anybody's schema.
const SQLX_RECORDS: &str = "_sqlx_migrations";

#[derive(Default)]
struct Reader {
    catalogs: HashMap<String, u32>,
    /// The catalog of tables.
    relations: u32,
    /// Default operator classes of B-trees, and their types.
    classes: HashMap<u32, u32>,
    /// The catalog of the defaults of columns.
    defaults: u32,
    /// The columns of identities' sequences, and then the sequences of these columns.
    identity_columns: HashMap<u32, (u32, i32)>,
    identities: HashMap<(u32, i32), IdentitySequence>,
    /// The types and collations of columns.
    types: HashMap<(u32, i32), (u32, u32)>,
    /// Indexes whose definitions only the server knows: the fact, and the place among its attributes.
    asked: BTreeMap<u32, (u32, usize)>,
    collection: Collection,
    /// Facts by their own address.
    exact: HashMap<Address, u32>,
    /// Other addresses that mean a fact.
    alias: HashMap<Address, u32>,
}

/// A row of `pg_depend`.
struct Dependency {
    from: Address,
    to: Address,
    kind: u8,
}

type Decoded<T> = Result<T, sqlx::Error>;

impl Reader {
    fn catalog(&self, name: &str) -> u32 {
        self.catalogs.get(name).copied().unwrap_or_default()
    }

    fn into_collection(self) -> Collection {
        self.collection
    }

    fn fact(&self, at: u32) -> Fact<'_> {
        self.collection.facts().at(at as usize)
    }

    /// Rows become facts as they arrive: those of a large schema are never all in memory. The queries go to the server at once,
    /// which need not wait for us between them.
    async fn facts(
        &mut self,
        conn: &mut PgConnection,
        queries: &[(&Query, String)],
    ) -> Result<(), SchemaError> {
        let sql: Vec<&str> = queries.iter().map(|(_, sql)| sql.as_str()).collect();
        let mut answers = sqlx::raw_sql(AssertSqlSafe(sql.join(";\n"))).fetch_many(conn);
        for (query, _) in queries {
            let failed = |source| SchemaError::read(query.kind.label(), source);
            let class = self.catalog(query.catalog);
            let mut cells: Vec<Cell> = Vec::new();
            while let Some(Either::Right(row)) = answers.try_next().await.map_err(failed)? {
                if cells.is_empty() {
                    cells = row.columns().iter().map(|column| Cell::named(column.name())).collect();
                }
                if let Some(composed) = self.compose(&row, query.kind, class, &cells).map_err(failed)? {
                    self.keep(query.kind, composed);
                }
            }
        }
        Ok(())
    }

    fn keep(&mut self, kind: Kind, composed: Composed<'_>) {
        let Composed { fact, types, default, asks } = composed;
        let address = fact.address;
        if kind == Kind::Column && address.2 < 0 {
            return self.made(address.1, fact.stamps[0]);
        }
        if kind == Kind::Sequence
            && let Some(column) = self.identity_columns.get(&address.1)
        {
            self.identities.insert(*column, IdentitySequence::of(&fact));
            return;
        }
        if self.collection.place(&fact.key).is_some() {
            return;
        }
        self.types.extend(types.map(|types| ((address.1, address.2), types)));
        let at = self.collection.push(&fact);
        self.asked.extend(asks.map(|place| (address.1, (at, place))));
        let addressed = !matches!(
            kind,
            Kind::Partition | Kind::IndexAttach | Kind::SequenceOwner | Kind::DefaultPrivileges
        );
        if addressed {
            self.exact.insert(address, at);
        }
        if let Some(default) = default {
            let address = default.address;
            let at = self.collection.push(&default);
            self.exact.insert(address, at);
        }
    }

    /// The first rows of a table in the catalogs tell which transaction made it.
    fn made(&mut self, table: u32, stamp: u32) {
        if let Some(at) = self.exact.get(&(self.relations, table, 0)) {
            let [written, defined, _] = self.fact(*at).stamps;
            self.collection.stamp(*at, [written, defined, stamp]);
        }
    }

    /// Definitions of indexes that are not plain ones after all.
    async fn definitions(&mut self, conn: &mut PgConnection) -> Decoded<()> {
        if self.asked.is_empty() {
            return Ok(());
        }
        let oids: Vec<String> = self.asked.keys().map(u32::to_string).collect();
        let oids = oids.join(",");
        let sql = format!("select i, pg_get_indexdef(i) from unnest('{{{oids}}}'::oid[]) i");
        let mut rows = sqlx::raw_sql(AssertSqlSafe(sql)).fetch(conn);
        while let Some(row) = rows.try_next().await? {
            if let Some((at, place)) = self.asked.get(&row.try_get::<Oid, _>(0)?.0) {
                self.collection.set(*at, *place, row.try_get(1)?);
            }
        }
        self.asked.clear();
        Ok(())
    }

    async fn dependencies_of(conn: &mut PgConnection, sql: String) -> Decoded<Vec<Dependency>> {
        let mut found = Vec::new();
        let mut rows = sqlx::raw_sql(AssertSqlSafe(sql)).fetch(conn);
        while let Some(row) = rows.try_next().await? {
            let oid = |at: usize| row.try_get::<Oid, _>(at).map(|oid| oid.0);
            found.push(Dependency {
                from: (oid(0)?, oid(1)?, row.try_get(2)?),
                to: (oid(3)?, oid(4)?, row.try_get(5)?),
                kind: row.try_get::<&str, _>(6)?.bytes().next().unwrap_or_default(),
            });
        }
        Ok(found)
    }

    /// Leaves out the table of sqlx with all that belongs to it.
    fn forget_records(&mut self) {
        let facts = self.collection.facts();
        let table = |f: Fact<'_>| f.key.kind == Kind::Table && f.get("name") == Some(SQLX_RECORDS);
        let mut gone: Vec<bool> = facts.iter().map(table).collect();
        if !gone.contains(&true) {
            return;
        }
        loop {
            let above = |f: Fact<'_>| f.parent.and_then(|parent| self.collection.place(parent));
            let goes = |f: Fact<'_>| above(f).is_some_and(|at| gone[at as usize]);
            let more: Vec<bool> = facts.iter().zip(&gone).map(|(f, itself)| *itself || goes(f)).collect();
            if more == gone {
                break;
            }
            gone = more;
        }
        self.collection.retain(|at| !gone[at as usize]);
    }

    fn uncompared(&mut self, rows: &[PgRow]) -> Decoded<()> {
        for row in rows {
            let (key, digest): (&str, Option<&str>) = (row.try_get("key")?, row.try_get("digest")?);
            let attrs = vec![("digest".into(), digest.unwrap_or_default().into())];
            let key = Key::new(Kind::Uncompared, key);
            self.collection.push(&Draft { attrs, ..Draft::new(key, None) });
        }
        Ok(())
    }

    fn find(&self, address: Address) -> Option<u32> {
        let whole = (address.0, address.1, 0);
        let exact = self.exact.get(&address).or_else(|| self.alias.get(&address));
        exact.or_else(|| self.exact.get(&whole)).or_else(|| self.alias.get(&whole)).copied()
    }

    fn aliases(
        &mut self,
        generated: &[PgRow],
        aliases: &[PgRow],
        dependencies: &[Dependency],
    ) -> Decoded<()> {
        let (attrdef, class) = (self.catalog("pg_attrdef"), self.catalog("pg_class"));
        for row in generated {
            let (expression, table): (Oid, Oid) = (row.try_get("objid")?, row.try_get("refobjid")?);
            if let Some(at) = self.exact.get(&(class, table.0, row.try_get("refsub")?)) {
                self.alias.insert((attrdef, expression.0, 0), *at);
            }
        }
        let whole = |(class, object, _): Address| (class, object, 0);
        for row in dependencies.iter().filter(|row| row.kind == b'e') {
            if let Some(at) = self.find(whole(row.to)) {
                self.alias.entry(whole(row.from)).or_insert(at);
            }
        }
        let mut inner: Vec<(Address, Address)> = Vec::new();
        for row in aliases {
            let address = (oid(row, "classid")?, oid(row, "objid")?, 0);
            inner.push((address, (oid(row, "refclassid")?, oid(row, "refobjid")?, 0)));
        }
        // The row and array types and rewrite rule of a relation, the sequence of an identity column, the index of a
        // constraint, the members of an operator class.
        let program = self.catalog("pg_proc");
        let internal = dependencies.iter().filter(|row| row.kind == b'i' && row.from.0 != program);
        inner.extend(
            internal.map(|row| (whole(row.from), if row.from.0 == class { row.to } else { whole(row.to) })),
        );
        inner.retain(|(address, _)| !self.exact.contains_key(address));
        // Twice: an array's or row's alias may lead over another alias.
        for (address, target) in inner.iter().chain(&inner) {
            if let Some(at) = self.find(*target) {
                self.alias.entry(*address).or_insert(at);
            }
        }
        Ok(())
    }

    /// The fact a comment or privilege belongs to, and what of it where that is no fact of its own: a column of a view, the
    /// index of a constraint, the sequence of an identity.
    fn target(
        &self,
        row: &PgRow,
        class: &str,
        object: &str,
        sub: &str,
    ) -> Decoded<Option<(u32, Option<Part>)>> {
        let address = (oid(row, class)?, oid(row, object)?, row.try_get(sub)?);
        if let Some(at) = self.exact.get(&address) {
            return Ok(Some((*at, None)));
        }
        let column: Option<String> = row.try_get("attribute")?;
        let whole = (address.0, address.1, 0);
        let relation = self.exact.get(&whole).or_else(|| self.alias.get(&whole)).copied();
        let Some((at, fact)) = relation.map(|at| (at, self.fact(at))) else { return Ok(None) };
        let hidden = (address == whole && address.0 == self.relations).then_some(fact);
        let hidden = hidden.and_then(|fact| match fact.key.kind {
            Kind::Constraint => Some(format!("index {}.{}", fact.text("schema"), fact.text("name"))),
            Kind::Column => fact.get("identity_sequence").map(|name| format!("sequence {name}")),
            _ => None,
        });
        let ours = fact.key.kind != Kind::Extension;
        let column = column.filter(|_| ours).map(|column| ("@column".into(), column));
        Ok(hidden.map(|of| ("@of".into(), of)).or(column).map(|of| (at, Some(of))))
    }

    fn part(
        &mut self,
        kind: Kind,
        at: u32,
        of: Option<Part>,
        suffix: &str,
        mut attrs: Vec<(Attribute, String)>,
    ) -> u32 {
        let parent = self.fact(at).key.to_key();
        let name = match &of {
            Some((what, column)) if what == "@column" => format!("column {}.{column}{suffix}", parent.name),
            Some((_, whole)) => format!("{whole}{suffix}"),
            None => format!("{parent}{suffix}"),
        };
        attrs.extend(of);
        let attrs = attrs.into_iter().map(|(name, value)| (name, value.into())).collect();
        let fact = Draft { attrs, needs: vec![at], ..Draft::new(Key::new(kind, name), Some(parent)) };
        self.collection.push(&fact)
    }

    fn comments(&mut self, rows: &[PgRow]) -> Decoded<()> {
        for row in rows {
            if let Some((at, of)) = self.target(row, "classoid", "objoid", "objsubid")? {
                let text: String = row.try_get("description")?;
                self.part(Kind::Comment, at, of, "", vec![("text".into(), text)]);
            }
        }
        Ok(())
    }

    fn privileges(&mut self, rows: &[PgRow]) -> Decoded<()> {
        for row in rows {
            if let Some((at, of)) = self.target(row, "classid", "objid", "sub")? {
                let (suffix, attrs) = granted(row)?;
                self.part(Kind::Privilege, at, of, &suffix, attrs);
            }
        }
        Ok(())
    }

    /// Privileges on what is no fact itself: a part of the system or of an extension.
    fn system_privileges(&mut self, rows: &[PgRow]) -> Decoded<()> {
        for row in rows {
            let on: String = row.try_get("phrase")?;
            let (suffix, mut attrs) = granted(row)?;
            let column: Option<String> = row.try_get("attribute")?;
            let name = match &column {
                Some(column) => format!("column {column} of {on}{suffix}"),
                None => format!("{on}{suffix}"),
            };
            attrs.push(("@on".into(), on));
            attrs.extend(column.map(|column| ("@column".into(), column)));
            let extension: Option<&str> = row.try_get("extension")?;
            let extension = extension.map(|name| Key::new(Kind::Extension, name));
            let attrs = attrs.into_iter().map(|(name, value)| (name, value.into())).collect();
            let fact = Draft { attrs, ..Draft::new(Key::new(Kind::Privilege, name), extension) };
            self.collection.push(&fact);
        }
        Ok(())
    }

    fn owners(&mut self) {
        for at in 0..self.collection.facts().len() as u32 {
            let fact = self.fact(at);
            if fact.key.kind != Kind::Extension
                && let Some(owner) = fact.owner.map(str::to_owned)
            {
                self.part(Kind::Owner, at, None, "", vec![("role".into(), owner)]);
            }
        }
    }

    /// An object that goes with an extension it is no part of.
    fn mark(&mut self, at: u32, extension: u32) {
        let name = self.fact(extension).key.name.to_owned();
        let suffix = format!(" with {name}");
        let mark = self.part(Kind::ExtensionMark, at, None, &suffix, vec![("extension".into(), name)]);
        self.collection.need(mark, extension);
    }

    fn dependencies(&mut self, rows: &[Dependency]) {
        for row in rows {
            let (from, to) = (self.find(row.from), self.find(row.to));
            if row.kind == b'x' {
                if let Some((from, to)) = from.zip(to).filter(|(from, to)| from != to) {
                    self.mark(from, to);
                }
                continue;
            }
            let Some((from, to)) = from.zip(to).filter(|(from, to)| from != to && row.kind != b'P') else {
                continue;
            };
            let (one, other) = (self.fact(from), self.fact(to));
            // Ownership of a sequence and the place of a partition are facts of their own.
            let placed = match (one.key.kind, other.key.kind) {
                (Kind::Sequence, Kind::Column | Kind::Table) => row.kind == b'a',
                (Kind::Table, Kind::Table) => one.has("is_partition"),
                (Kind::Table, Kind::Column) => other.parent == Some(one.key),
                _ => false,
            };
            if !placed {
                self.collection.need(from, to);
            }
        }
    }

    /// The privileges by which a role may hand on this one: those on the object, its table and its schema.
    fn sources(&self, handed: Fact<'_>) -> Vec<u32> {
        let find =
            |key: Option<Name<'_>>| key.and_then(|key| self.collection.place(key)).map(|at| self.fact(at));
        let object = find(handed.parent);
        let table = object.filter(|o| o.key.kind == Kind::Column).and_then(|o| o.parent);
        let schema = find(table).or(object).and_then(|o| o.get("schema")).map(|s| Name::new(Kind::Schema, s));
        let source = |fact: Fact<'_>| {
            let above = fact.parent == table || fact.parent == schema;
            let one = fact.get("@on") == handed.get("@on");
            fact.key.kind == Kind::Privilege
                && matches!(fact.text("@grantee"), grantee if grantee == "PUBLIC" || grantee == handed.text("@grantor"))
                && (one && fact.parent == handed.parent || above && fact.parent.is_some())
        };
        (0..)
            .zip(self.collection.facts().iter())
            .filter(|(_, fact)| source(*fact))
            .map(|(at, _)| at)
            .collect()
    }

    /// What the grantee of a privilege on a column has on the whole table: revoking that revokes this.
    fn on_table(&self, privilege: Fact<'_>) -> Option<u32> {
        let parent = privilege.parent?;
        let table = match parent.kind {
            Kind::Column => self.fact(self.collection.place(parent)?).parent?,
            _ if privilege.has("@column") => parent,
            _ => return None,
        };
        let by = privilege.get("@grantor").map(|grantor| format!(" by {grantor}")).unwrap_or_default();
        let name = format!("{table} to {}{by}", privilege.text("@grantee"));
        self.collection.place(Name::new(Kind::Privilege, &name))
    }

    /// Dependencies that follow from the model itself.
    fn structural(&mut self) {
        for at in 0..self.collection.facts().len() as u32 {
            let fact = self.fact(at);
            let mut needs: Vec<Name<'_>> = fact.parent.into_iter().collect();
            let mut found: Vec<u32> = Vec::new();
            match fact.key.kind {
                Kind::Partition => needs.push(Name::new(Kind::Table, fact.text("of"))),
                Kind::IndexAttach => needs.push(match fact.get("of_constraint") {
                    Some(constraint) => Name::new(Kind::Constraint, constraint),
                    None => Name::new(Kind::Index, fact.text("of")),
                }),
                Kind::SequenceOwner => needs.push(Name::new(Kind::Column, fact.text("column"))),
                Kind::PublicationTable => needs.push(Name::new(Kind::Table, fact.text("table"))),
                Kind::Trigger if fact.has("above") => {
                    needs.extend(fact.text("above").lines().map(|name| Name::new(Kind::Trigger, name)));
                    needs.extend(fact.parent.map(|table| Name::new(Kind::Partition, table.name)));
                }
                Kind::PublicationSchema => needs.push(Name::new(Kind::Schema, fact.text("schema"))),
                Kind::Privilege => {
                    if fact.has("@grantor") {
                        found.extend(self.sources(fact));
                    }
                    found.extend(self.on_table(fact));
                }
                Kind::DefaultPrivileges => {
                    needs.extend(fact.get("schema").map(|s| Name::new(Kind::Schema, s)))
                }
                Kind::Constraint if fact.text("type") == "foreign key" => {
                    needs.push(Name::new(Kind::Table, fact.text("references")));
                }
                _ => {}
            }
            found.extend(needs.iter().filter_map(|key| self.collection.place(*key)));
            for need in found.into_iter().filter(|need| *need != at) {
                self.collection.need(at, need);
            }
        }
    }
}

/// How a privilege is told from the others on its object, and what it is.
fn granted(row: &PgRow) -> Decoded<(String, Vec<(Attribute, String)>)> {
    let grantee: String = row.try_get("grantee")?;
    let grantor: Option<String> = row.try_get("grantor")?;
    let by = grantor.as_ref().map(|grantor| format!(" by {grantor}")).unwrap_or_default();
    let suffix = format!(" to {grantee}{by}");
    let mut attrs = vec![("@grantee".into(), grantee)];
    attrs.extend(grantor.map(|grantor| ("@grantor".into(), grantor)));
    for name in ["granted", "revoked"] {
        attrs.extend(row.try_get::<Option<String>, _>(name)?.map(|value| (name.into(), value)));
    }
    Ok((suffix, attrs))
}

/// The number of a transaction, which the protocol's text form says in decimal; 0 where there is none.
fn transaction<I: ColumnIndex<PgRow>>(row: &PgRow, column: I) -> Decoded<u32> {
    let number: Option<&str> = row.try_get_unchecked(column)?;
    Ok(number.and_then(|number| number.parse().ok()).unwrap_or_default())
}

fn oid(row: &PgRow, name: &str) -> Decoded<u32> {
    row.try_get::<Oid, _>(name).map(|oid| oid.0)
}
