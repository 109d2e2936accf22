//! What a snapshot says of an index or a constraint is, byte for byte, what PostgreSQL itself says of it.

use std::collections::BTreeMap;

use lakebase::schema::Schema;
use sqlx::{Executor, PgConnection, Row};

/// The object, its attribute, and what the server says that is.
const DEFINITIONS: &str = "
    SELECT coalesce('constraint ' || t.oid::regclass || '.' || quote_ident(k.conname), 'index ' || i.indexrelid::regclass),
           CASE WHEN k.oid IS NULL THEN 'definition' ELSE 'index_definition' END, pg_get_indexdef(i.indexrelid)
    FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid
         LEFT JOIN pg_constraint k ON k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x')
    WHERE i.indexrelid >= 16384
    UNION ALL
    SELECT 'constraint ' || conrelid::regclass || '.' || quote_ident(conname), 'definition', pg_get_constraintdef(oid)
    FROM pg_constraint WHERE conrelid >= 16384 AND contype IN ('p', 'u', 'f', 'c', 'x')";

/// Names the definitions that are not what the server says.
pub(super) async fn check(connection: &mut PgConnection, schema: &Schema) -> Result<(), String> {
    connection.execute("SET search_path = ''").await.map_err(|error| error.to_string())?;
    let rows = sqlx::query(DEFINITIONS).fetch_all(connection).await.map_err(|error| error.to_string())?;
    let said: BTreeMap<(String, String), String> =
        rows.iter().map(|row| ((row.get(0), row.get(1)), row.get(2))).collect();
    let written = serde_json::to_value(schema).map_err(|error| error.to_string())?;
    let objects = written["objects"].as_array().ok_or("the recorded schema has no objects")?;
    for object in objects {
        let key = format!("{} {}", text(&object["key"]["kind"]), text(&object["key"]["name"]));
        for attribute in ["definition", "index_definition"] {
            let Some(server) = said.get(&(key.clone(), attribute.to_owned())) else { continue };
            let attributes = object["attrs"].as_array().into_iter().flatten();
            let ours: Vec<&str> =
                attributes.filter(|pair| pair[0] == attribute).map(|pair| text(&pair[1])).collect();
            if ours != [server] && !(ours.is_empty() && attribute == "index_definition") {
                return Err(format!("{key}: the snapshot says {ours:?}, the server {server}"));
            }
        }
    }
    Ok(())
}

fn text(value: &serde_json::Value) -> &str {
    value.as_str().unwrap_or_default()
}
