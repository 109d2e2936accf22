//! What callers may name things.

use crate::local::control::rejection::Rejection;

const PATTERN: &str = "^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$";
/// PostgreSQL cuts longer identifiers off, which would make two names one.
const IDENTIFIER_BYTES: usize = 63;

/// Checks the id of a new resource; `field` is its query parameter, such as `branch_id`.
pub(in crate::local::control) fn check_id(field: &str, id: &str) -> Result<(), Rejection> {
    if id.is_empty() {
        return Err(Rejection::required(field));
    }
    crate::api::name::BranchId::new(id)
        .map(|_| ())
        .map_err(|_| Rejection::invalid(format!("Field {field} must match pattern {PATTERN}, got '{id}'.")))
}

/// Checks the PostgreSQL name of a role or database.
pub(in crate::local::control) fn check_identifier(field: &str, name: &str) -> Result<(), Rejection> {
    if name.is_empty() {
        return Err(Rejection::required(field));
    }
    if name.len() > IDENTIFIER_BYTES || name.contains('\0') {
        return Err(Rejection::invalid(format!(
            "Field {field} must have at most {IDENTIFIER_BYTES} bytes and no NUL, got '{}'.",
            name.escape_debug()
        )));
    }
    Ok(())
}

/// Roles that belong to PostgreSQL or to the platform; nobody makes or drops them.
pub(in crate::local::control) fn check_role_is_not_reserved(name: &str) -> Result<(), Rejection> {
    let reserved = name.starts_with("pg_")
        || name.starts_with("databricks_")
        || ["cloud_admin", "public", "none"].contains(&name);
    if reserved { Err(Rejection::bad_request(format!("role name \"{name}\" is reserved"))) } else { Ok(()) }
}

/// Databases that every PostgreSQL has.
pub(in crate::local::control) fn check_database_is_not_reserved(name: &str) -> Result<(), Rejection> {
    if ["postgres", "template0", "template1"].contains(&name) {
        return Err(Rejection::bad_request("database with that name already exists"));
    }
    Ok(())
}
