//! Functions of users that an update of a masked table would call.

use sqlx::PgConnection;

use super::{
    report::{FindingKind, Report},
    rules::Rules,
};
use crate::data::{
    catalog::{fetch, text},
    error::DataError,
};

/// Functions that an update of a table can call: through check constraints, indexes, generated columns, partition keys,
/// operators, and types with their domain constraints and casts. Functions of the server have oids below 16384. The owner
/// of an extension can add functions to it, so they are trusted only where a superuser owns it.
const CALLED: &str = "with recursive tables(oid, root) as (
    select c.oid, coalesce(pg_partition_root(c.oid), c.oid)::oid from pg_class c
    where c.relkind in ('r', 'p') and coalesce(pg_partition_root(c.oid), c.oid)::oid = any('{RELATIONS}'::oid[])),
  reached(root, class, id) as (
    select * from (
      select t.root, 'pg_class'::regclass::oid, t.oid from tables t
      union select t.root, 'pg_constraint'::regclass::oid, k.oid from tables t
        join pg_constraint k on k.conrelid = t.oid and k.contype in ('c', 'x')
      union select t.root, 'pg_class'::regclass::oid, i.indexrelid from tables t join pg_index i on i.indrelid = t.oid
      union select t.root, 'pg_attrdef'::regclass::oid, d.oid from tables t
        join pg_attribute a on a.attrelid = t.oid and a.attgenerated <> ''
        join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum) first
    union
    select r.root, next.class, next.id from reached r cross join lateral (
      select d.refclassid, d.refobjid from pg_depend d where d.classid = r.class and d.objid = r.id
        and d.refclassid in ('pg_type'::regclass, 'pg_operator'::regclass, 'pg_opclass'::regclass,
          'pg_opfamily'::regclass, 'pg_proc'::regclass)
      union all select 'pg_constraint'::regclass, k.oid from pg_constraint k
        where r.class = 'pg_type'::regclass and k.contypid = r.id
      union all select 'pg_class'::regclass, y.typrelid from pg_type y
        where r.class = 'pg_type'::regclass and y.oid = r.id and y.typrelid <> 0
      union all select 'pg_proc'::regclass, c.castfunc from pg_cast c
        where r.class = 'pg_type'::regclass and r.id in (c.castsource, c.casttarget) and c.castfunc <> 0
    ) next(class, id) where r.class <> 'pg_proc'::regclass)
  select distinct 'call of ' || p.oid::regprocedure || ' in ' || r.root::regclass
  from reached r join pg_proc p on r.class = 'pg_proc'::regclass and p.oid = r.id
  join pg_language l on l.oid = p.prolang and l.lanname not in ('internal', 'c')
  where p.oid >= 16384 and not exists (select from pg_depend d join pg_roles o on o.oid = p.proowner and o.rolsuper
    where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e')
  order by 1";

/// Reports functions of users that would run while these tables are masked: with the rights of all owners of tables.
pub(super) async fn calls(
    conn: &mut PgConnection,
    masked: &[i64],
    rules: &Rules,
    report: &mut Report,
) -> Result<(), DataError> {
    let what = "functions of constraints and indexes";
    let oids = masked.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
    for row in &fetch(conn, what, CALLED.replace("RELATIONS", &oids)).await? {
        let object = text(row, 0, what)?.unwrap_or_default();
        if !rules.waived().contains(object) {
            let reason = "a constraint, an index, a generated column or a type has the function run while the table is \
                          masked, with the rights of all owners of tables: waive it by this name, or drop its caller";
            report.add(FindingKind::Unsupported, object, reason);
        }
    }
    Ok(())
}
