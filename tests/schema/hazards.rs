//! Hazards held to what the server does: rewrites by `pg_relation_filenode`, scans by `pg_stat_xact_all_tables`, locks
//! by `pg_locks`, statement by statement.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::sync::Arc;

use lakebase::schema::{HazardKind, Statement, compare};
use sqlx::{AssertSqlSafe, Executor, PgConnection, Row};

use super::case::{Case, Expect, corpus};
use super::observe::Observe;
use super::run::describe;
use crate::support::postgres::{self, Cluster, Database};

/// Kinds of pairs whose plans rewrite or scan tables.
const KINDS: [&str; 4] = ["hazard/", "domain/", "enum/a_value", "column/not_null"];

/// A function of SQL that is declared volatile and is not: the server inlines it, which the catalog does not tell.
const INLINED: &str = "column/a_default_of_a_volatile_function_is_added";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hazards_are_what_the_server_does() {
    let cluster = postgres::shared();
    let wanted = std::env::var("LAKEBASE_SCHEMA_HAZARDS").unwrap_or_default();
    let chosen = |case: &Case| match wanted.as_str() {
        "" => KINDS.iter().any(|kind| case.name.starts_with(kind)),
        "all" => true,
        part => part.split(',').any(|part| case.name.contains(part)),
    };
    let fits = |case: &Case| {
        case.fits(cluster.major)
            && case.extensions.is_empty()
            && !case.recreate_tables
            && case.expect == Expect::Equal
            && case.name != INLINED
    };
    let mut failures = String::new();
    for case in corpus("pairs").into_iter().filter(fits).filter(chosen) {
        for (old, new) in [("old", "new"), ("new", "old")].into_iter().take(2 - usize::from(case.one_way)) {
            if let Err(complaint) = judge(&case, old, new, &cluster).await {
                writeln!(failures, "## {} (from {old})\n{complaint}", case.name).expect("a string");
            }
        }
    }
    assert!(failures.is_empty(), "{failures}");
}

/// Runs a plan and says which statements do what they do not announce, or the reverse.
async fn judge(case: &Case, old: &str, new: &str, cluster: &Arc<Cluster>) -> Result<(), String> {
    let (before, after) = tokio::join!(
        Database::create(cluster, case.script(old)),
        Database::create(cluster, case.script(new))
    );
    let (before, after) = (before?, after?);
    let (was, wanted) = (before.schema().await?, after.schema().await?);
    // That a pair is refused is the business of the pairs.
    let Ok(plan) = case.plan(&compare(&was, &wanted)) else { return Ok(()) };
    let mut connection = before.connect().await;
    let mut complaint = String::new();
    run(&mut connection, "SET check_function_bodies = off").await?;
    let known: BTreeSet<String> = Observed::read(&mut connection).await.files.into_keys().collect();
    for group in plan.groups() {
        if group.transactional {
            run(&mut connection, "BEGIN").await?;
        }
        for statement in group.statements {
            let earlier = Observed::read(&mut connection).await;
            run(&mut connection, &statement.sql).await?;
            let now = Observed::read(&mut connection).await;
            for what in earlier.complaints(&now, statement, &known, group.transactional) {
                writeln!(complaint, "{what}: {}", statement.sql).expect("a string");
            }
        }
        if group.transactional {
            run(&mut connection, "COMMIT").await?;
        }
    }
    if complaint.is_empty() { Ok(()) } else { Err(complaint) }
}

async fn run(connection: &mut PgConnection, sql: &str) -> Result<(), String> {
    let sql = AssertSqlSafe(sql.to_owned());
    connection.execute(sqlx::raw_sql(sql)).await.map(drop).map_err(|error| describe(&error))
}

/// The tables of a session, by name.
struct Observed {
    files: BTreeMap<String, i64>,
    scans: BTreeMap<String, i64>,
    exclusive: BTreeSet<String>,
}

const TABLES: &str = "
    SELECT quote_ident(nspname) || '.' || quote_ident(relname) AS name,
           coalesce(pg_relation_filenode(c.oid), 0)::bigint AS file,
           coalesce((SELECT seq_scan FROM pg_stat_xact_all_tables s WHERE s.relid = c.oid), 0)::bigint AS scans,
           EXISTS (SELECT FROM pg_locks l WHERE l.relation = c.oid AND l.pid = pg_backend_pid()
             AND l.mode = 'AccessExclusiveLock' AND l.granted
             AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())) AS exclusive
    FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
    WHERE relkind IN ('r', 'p', 'm') AND nspname !~ '^pg_' AND nspname <> 'information_schema'";

impl Observed {
    async fn read(connection: &mut PgConnection) -> Self {
        let rows = sqlx::raw_sql(TABLES).fetch_all(connection).await.expect("the catalogs are readable");
        let mut observed =
            Self { files: BTreeMap::new(), scans: BTreeMap::new(), exclusive: BTreeSet::new() };
        for row in rows {
            let name: String = row.get("name");
            observed.files.insert(name.clone(), row.get("file"));
            observed.scans.insert(name.clone(), row.get("scans"));
            if row.get::<bool, _>("exclusive") {
                observed.exclusive.insert(name);
            }
        }
        observed
    }

    /// What a statement did and did not announce, or announced and did not do.
    fn complaints(
        &self,
        now: &Self,
        statement: &Statement,
        known: &BTreeSet<String>,
        in_transaction: bool,
    ) -> Vec<String> {
        let announces = |kind| statement.hazards.iter().any(|hazard| hazard.kind == kind);
        let (rewrites, scans) = (HazardKind::TableRewrite, HazardKind::ScanUnderLock);
        let mut complaints = Vec::new();
        let old = |name: &&String| known.contains(*name);
        let rewritten: Vec<&String> = now
            .files
            .keys()
            .filter(old)
            .filter(|name| self.files.get(*name).is_some_and(|file| now.files[*name] != *file))
            .collect();
        if !rewritten.is_empty() && !announces(rewrites) {
            complaints.push(format!("an unannounced rewrite of {rewritten:?}"));
        }
        if rewritten.is_empty() && announces(rewrites) {
            complaints.push("a rewrite is announced and does not happen".to_owned());
        }
        if !in_transaction {
            return complaints;
        }
        let scanned: Vec<&String> = now
            .scans
            .keys()
            .filter(old)
            .filter(|name| now.scans[*name] > self.scans.get(*name).copied().unwrap_or_default())
            .collect();
        let shut: Vec<&&String> = scanned.iter().filter(|name| now.exclusive.contains(**name)).collect();
        if !shut.is_empty() && !announces(rewrites) && !announces(scans) {
            complaints.push(format!("an unannounced scan of {shut:?}"));
        }
        if scanned.is_empty() && announces(scans) {
            complaints.push("a scan is announced and does not happen".to_owned());
        }
        complaints
    }
}
