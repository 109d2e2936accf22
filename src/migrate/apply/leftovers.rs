//! Catalog lookups after a failed statement: invalid indexes and lock holders.

use sqlx::PgConnection;

use crate::migrate::statements::MigrationStatement;

/// The invalid indexes that the statement mentions by their own name or by that of their table.
pub(super) async fn invalid_indexes(conn: &mut PgConnection, statement: &MigrationStatement) -> Vec<String> {
    let found: Result<Vec<(String, String, String)>, _> = sqlx::query_as(
        "select format('%I.%I', n.nspname, i.relname), i.relname::text, t.relname::text
         from pg_index x join pg_class i on i.oid = x.indexrelid join pg_class t on t.oid = x.indrelid
         join pg_namespace n on n.oid = i.relnamespace
         where not x.indisvalid and i.relkind = 'i' order by 1",
    )
    .fetch_all(conn)
    .await;
    let text = statement.text().to_lowercase();
    let names = |name: &str| text.contains(&name.to_lowercase());
    let found = found.unwrap_or_default().into_iter();
    found.filter(|(_, index, table)| names(index) || names(table)).map(|(name, ..)| name).collect()
}

/// Descriptions of the holders of locks on the relations that a statement names, the strongest and oldest first. Query
/// right after the timeout: once the wait ends, `pg_locks` no longer shows the blocking sessions.
pub(super) async fn holders(conn: &mut PgConnection, statement: &MigrationStatement) -> Vec<String> {
    let found: Result<Vec<(String, String, String)>, _> = sqlx::query_as(
        "select c.relname::text, format('%s on %s', string_agg(distinct l.mode, ', '), c.oid::regclass),
                format('session %s%s%s%s', l.pid, ' of ' || a.usename, ' (' || nullif(a.application_name, '') || ')',
                       ', ' || a.state || ' for ' || date_trunc('second', clock_timestamp() - a.state_change))
         from pg_locks l join pg_class c on c.oid = l.relation left join pg_stat_activity a using (pid)
         where l.locktype = 'relation' and l.granted and l.pid <> pg_backend_pid() and c.oid >= 16384
           and c.relkind in ('r', 'p', 'm', 'v', 'f', 'S')
           and l.database = (select oid from pg_database where datname = current_database())
         group by c.oid, c.relname, l.pid, a.usename, a.application_name, a.state, a.state_change, a.xact_start
         order by bool_or(l.mode like '%Exclusive%') desc, a.xact_start",
    )
    .fetch_all(conn)
    .await;
    let text = statement.text().to_lowercase();
    let found = found.unwrap_or_default().into_iter();
    let named = found.filter(|(relation, ..)| text.contains(&relation.to_lowercase()));
    named.map(|(_, locks, session)| format!("{session}: {locks}")).take(3).collect()
}
