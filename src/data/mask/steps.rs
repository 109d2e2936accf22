//! Steps around the masks: foreign keys and triggers are removed before and put back after them, materialized views
//! refreshed.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use sqlx::PgConnection;

use super::model::Chosen;
use crate::{
    data::{catalog::read, error::DataError},
    sql::{quote_ident, quote_literal},
};

/// Statements before and after the rows are changed.
#[derive(Debug, Default)]
pub(super) struct Steps {
    pub(super) before: Vec<String>,
    pub(super) after: Vec<String>,
}

#[derive(Deserialize)]
struct ForeignKey {
    relation: String,
    name: String,
    definition: String,
    comment: Option<String>,
    from: i64,
    from_columns: Vec<String>,
    to: i64,
    to_columns: Vec<String>,
}

/// Those of partitions follow their partitioned table. Regclass quotes and qualifies.
const FOREIGN_KEYS: &str = "select k.conrelid::regclass::text as relation, k.conname as name,
    pg_get_constraintdef(k.oid) as definition, obj_description(k.oid, 'pg_constraint') as comment,
    coalesce(pg_partition_root(k.conrelid), k.conrelid)::oid::int8 as from,
    coalesce(pg_partition_root(k.confrelid), k.confrelid)::oid::int8 as to,
    (select json_agg(a.attname) from pg_attribute a where a.attrelid = k.conrelid and a.attnum = any(k.conkey))
      as from_columns,
    (select json_agg(a.attname) from pg_attribute a where a.attrelid = k.confrelid and a.attnum = any(k.confkey))
      as to_columns
  from pg_constraint k where k.contype = 'f' and k.conparentid = 0 order by k.oid";

/// Foreign keys over masked columns are made anew, which proves that masked values still match.
pub(super) async fn foreign_keys(conn: &mut PgConnection, masked: &Chosen) -> Result<Steps, DataError> {
    let all: Vec<ForeignKey> = read(conn, "foreign keys", FOREIGN_KEYS).await?;
    let touches = |table: i64, columns: &[String]| {
        masked.get(&table).is_some_and(|rules| columns.iter().any(|column| rules.contains_key(column)))
    };
    let mut steps = Steps::default();
    for key in all {
        if !touches(key.from, &key.from_columns) && !touches(key.to, &key.to_columns) {
            continue;
        }
        let (table, name) = (&key.relation, quote_ident(&key.name));
        steps.before.push(format!("alter table {table} drop constraint {name}"));
        steps.after.push(format!("alter table {table} add constraint {name} {}", key.definition));
        if let Some(comment) = key.comment {
            let comment = quote_literal(&comment);
            steps.after.push(format!("comment on constraint {name} on {table} is {comment}"));
        }
    }
    Ok(steps)
}

#[derive(Deserialize)]
struct Trigger {
    relation: String,
    name: String,
    enabled: String,
}

const TRIGGERS: &str =
    "select t.tgrelid::regclass::text as relation, t.tgname as name, t.tgenabled as enabled
  from pg_trigger t where not t.tgisinternal and t.tgenabled <> 'D'
    and coalesce(pg_partition_root(t.tgrelid), t.tgrelid)::oid = any('{RELATIONS}'::oid[])
  order by t.oid";

/// Triggers of users do not run: they could note old values elsewhere.
pub(super) async fn triggers(conn: &mut PgConnection, masked: &Chosen) -> Result<Steps, DataError> {
    let oids = masked.keys().map(ToString::to_string).collect::<Vec<_>>().join(",");
    let all: Vec<Trigger> = read(conn, "triggers", &TRIGGERS.replace("RELATIONS", &oids)).await?;
    let mut steps = Steps::default();
    for Trigger { relation, name, enabled } in all {
        let name = quote_ident(&name);
        let how = match enabled.as_str() {
            "A" => "enable always",
            "R" => "enable replica",
            _ => "enable",
        };
        steps.before.push(format!("alter table only {relation} disable trigger {name}"));
        steps.after.push(format!("alter table only {relation} {how} trigger {name}"));
    }
    Ok(steps)
}

#[derive(Deserialize)]
struct View {
    oid: i64,
    name: String,
    materialized: bool,
    uses: Vec<i64>,
}

const VIEWS: &str = "select c.oid::int8 as oid, c.oid::regclass::text as name,
    c.relkind = 'm' and c.relispopulated as materialized,
    coalesce((select json_agg(distinct d.refobjid::int8) from pg_rewrite r
      join pg_depend d on d.classid = 'pg_rewrite'::regclass and d.objid = r.oid
        and d.refclassid = 'pg_class'::regclass and d.refobjid <> r.ev_class
      where r.ev_class = c.oid), '[]') as uses
  from pg_class c where c.relkind in ('v', 'm') and c.oid >= 16384 order by c.oid";

/// All materialized views with rows, each after those that it reads.
pub(super) async fn materialized_views(conn: &mut PgConnection) -> Result<Vec<String>, DataError> {
    let all: Vec<View> = read(conn, "materialized views", VIEWS).await?;
    let views: BTreeMap<i64, &View> = all.iter().map(|view| (view.oid, view)).collect();
    let (mut seen, mut ordered) = (BTreeSet::new(), Vec::new());
    let mut open: Vec<(i64, bool)> = views.keys().rev().map(|oid| (*oid, false)).collect();
    while let Some((oid, expanded)) = open.pop() {
        let Some(view) = views.get(&oid) else { continue };
        if expanded {
            ordered.extend(view.materialized.then(|| view.name.clone()));
        } else if seen.insert(oid) {
            open.push((oid, true));
            open.extend(view.uses.iter().map(|used| (*used, false)));
        }
    }
    Ok(ordered)
}
