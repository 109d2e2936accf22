//! Reads the server version, the selected schemas and the OIDs of the catalogs.

use std::collections::{BTreeSet, HashMap, HashSet};

use sqlx::postgres::{PgRow, types::Oid};
use sqlx::{PgConnection, Row as _};

use super::omitted;
use super::queries::{self, DEFAULT_CLASSES};
use super::reader::fetch;
use crate::schema::error::SchemaError;
use crate::schema::model::ServerInfo;
use crate::schema::options::Options;

pub(super) async fn read_origin(conn: &mut PgConnection) -> Result<ServerInfo, SchemaError> {
    let rows = fetch(conn, "the server", "select current_setting('server_version_num')::int4 as version, quote_ident(current_user) as role,
        (select string_agg(quote_ident(rolname), E'\n') from pg_roles) as roles,
        (select string_agg(format_type(castsource, null) || ' > ' || format_type(casttarget, null), E'\n') from pg_cast) as casts,
        (select string_agg(quote_ident(name) || ' ' || version, E'\n') from pg_available_extension_versions) as extensions,
        has_function_privilege('pg_control_system()', 'execute') as control,
        (select oid::int8 from pg_database where datname = current_database()) as database".to_owned()).await?;
    let what = "the server";
    let wrong = |source| SchemaError::read(what, source);
    let Some(row) = rows.first() else { return Err(wrong(sqlx::Error::RowNotFound)) };
    let version: i32 = row.try_get("version").map_err(wrong)?;
    if version < 150_000 {
        return Err(SchemaError::UnsupportedVersion {
            version: format!("{}.{}", version / 10_000, version % 100),
        });
    }
    let set = |name: &str| -> Result<BTreeSet<String>, SchemaError> {
        let text: Option<&str> = row.try_get(name).map_err(wrong)?;
        Ok(text.unwrap_or_default().lines().map(str::to_owned).collect())
    };
    let (roles, casts, available_extensions) = (set("roles")?, set("casts")?, set("extensions")?);
    let (control, database): (bool, i64) =
        (row.try_get("control").map_err(wrong)?, row.try_get("database").map_err(wrong)?);
    let user = row.try_get("role").map_err(wrong)?;
    let mut system_identifier = None;
    if control {
        let rows =
            fetch(conn, what, "select system_identifier::text as id from pg_control_system()".to_owned())
                .await?;
        system_identifier = rows
            .first()
            .and_then(|row| row.try_get::<String, _>("id").ok())
            .map(|id| format!("{id}/{database}"));
    }
    Ok(ServerInfo {
        version: version.unsigned_abs(),
        system_identifier,
        user,
        roles,
        casts,
        available_extensions,
    })
}

pub(super) async fn read_empty(conn: &mut PgConnection) -> Result<HashSet<&'static str>, SchemaError> {
    let rows = fetch(conn, "catalogs", queries::empty_catalogs::sql()).await?;
    let letters = rows.first().map_or(Ok(""), |row| row.try_get(0));
    Ok(queries::empty_catalogs::empty(letters.map_err(|source| SchemaError::read("catalogs", source))?))
}

pub(super) async fn read_schemas(conn: &mut PgConnection, options: &Options) -> Result<String, SchemaError> {
    let rows = fetch(conn, "schemas", "select oid, nspname::text as name from pg_namespace where nspname !~ '^pg_' and nspname <> 'information_schema'".to_owned()).await?;
    let mut oids = Vec::new();
    for row in &rows {
        let wrong = |source| SchemaError::read("schemas", source);
        let name: &str = row.try_get("name").map_err(wrong)?;
        let oid: Oid = row.try_get("oid").map_err(wrong)?;
        let wanted = options.include.is_empty() || options.include.iter().any(|n| n == name);
        let wanted = wanted && (name != omitted::PLATFORM_SCHEMA || options.platform_objects);
        // The record of applied migrations belongs to the tool, not to the schema, unless it is requested by name.
        let wanted = wanted && (name != "_lakebase" || !options.include.is_empty());
        if wanted && !options.exclude.iter().any(|n| n == name) {
            oids.push(oid.0.to_string());
        }
    }
    Ok(format!("'{{{}}}'::oid[]", oids.join(",")))
}

pub(super) async fn read_catalogs(conn: &mut PgConnection) -> Result<HashMap<String, u32>, SchemaError> {
    let mut names: BTreeSet<&str> = queries::all().map(|query| query.catalog).collect();
    names.extend(["pg_attrdef", "pg_class", "pg_proc"]);
    let names = names.into_iter().collect::<Vec<_>>().join(",");
    let sql = format!(
        "select relname::text as name, oid from pg_class where relnamespace = 'pg_catalog'::regnamespace and relname = any('{{{names}}}')"
    );
    let rows = fetch(conn, "catalogs", sql).await?;
    let pair = |row: &PgRow| Ok((row.try_get("name")?, row.try_get::<Oid, _>("oid")?.0));
    rows.iter().map(pair).collect::<Result<_, _>>().map_err(|source| SchemaError::read("catalogs", source))
}

pub(super) async fn read_classes(conn: &mut PgConnection) -> Result<HashMap<u32, u32>, SchemaError> {
    let rows = fetch(conn, "operator classes", DEFAULT_CLASSES.to_owned()).await?;
    let pair = |row: &PgRow| Ok((row.try_get::<Oid, _>(0)?.0, row.try_get::<Oid, _>(1)?.0));
    let pairs = rows.iter().map(pair).collect::<Result<_, _>>();
    pairs.map_err(|source| SchemaError::read("operator classes", source))
}
