//! Objects that are no part of a user's schema: records of migrations, and what the platform makes in every database.

use super::reader::Reader;
use crate::schema::model::{Attr, Kind, Object};
use crate::schema::options::Options;

/// The table in which sqlx records applied migrations.
const SQLX_RECORDS: &str = "_sqlx_migrations";
/// The platform's schema; the catalog queries do not read it.
pub(super) const PLATFORM_SCHEMA: &str = "__db_system";
const PLATFORM_EXTENSION: &str = "databricks_auth";
/// The condition on `pg_class c` and `pg_namespace n` that a relation belongs neither to PostgreSQL, the platform nor an
/// extension.
pub(crate) const USER_RELATION: &str = "n.nspname !~ '^pg_' and n.nspname not in ('information_schema', '__db_system')
    and not exists (select from pg_catalog.pg_depend d where d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
        and d.objid = c.oid and d.deptype = 'e')";
/// The superuser of the platform.
const PLATFORM_ROLE: &str = "cloud_admin";

impl Reader {
    /// Omits what the options do not ask for, and all parts of it.
    pub(super) fn omit(&mut self, options: &Options) {
        let records = !options.include.iter().any(|name| name == SQLX_RECORDS);
        let platform = !options.platform_objects;
        self.omit_trees(|object| records && is_record(object) || platform && is_of_platform(object));
    }

    fn omit_trees(&mut self, is_root: impl Fn(Object<'_>) -> bool) {
        let objects = self.collection.objects();
        let mut gone: Vec<bool> = objects.iter().map(is_root).collect();
        if !gone.contains(&true) {
            return;
        }
        loop {
            let above = |f: Object<'_>| f.parent.and_then(|parent| self.collection.place(parent));
            let goes = |f: Object<'_>| above(f).is_some_and(|at| gone[at as usize]);
            let more: Vec<bool> = objects.iter().zip(&gone).map(|(f, itself)| *itself || goes(f)).collect();
            if more == gone {
                break;
            }
            gone = more;
        }
        self.collection.retain(|at| !gone[at as usize]);
    }
}

fn is_record(object: Object<'_>) -> bool {
    object.key.kind == Kind::Table && object.get(Attr::Name) == Some(SQLX_RECORDS)
}

fn is_of_platform(object: Object<'_>) -> bool {
    let of_platform = object.owner == Some(PLATFORM_ROLE);
    match object.key.kind {
        Kind::Extension => object.key.name == PLATFORM_EXTENSION,
        Kind::EventTrigger => of_platform,
        Kind::Function => of_platform && object.get(Attr::Result) == Some("event_trigger"),
        _ => false,
    }
}
