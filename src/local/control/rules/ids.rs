//! Rules for ids and PostgreSQL names of new resources.

use std::str::FromStr;

use crate::local::control::error_response::ErrorResponse;

/// The rule that `FromStr` of the ids (`api::name::id`) checks, as the service prints it.
const PATTERN: &str = "^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$";
/// PostgreSQL truncates longer identifiers, so that two names could become one.
const IDENTIFIER_BYTES: usize = 63;

/// Reads the id of a new resource; `field` is its query parameter, such as `branch_id`.
pub(in crate::local::control) fn parse<T: FromStr>(field: &str, id: &str) -> Result<T, ErrorResponse> {
    if id.is_empty() {
        return Err(ErrorResponse::required(field));
    }
    id.parse().map_err(|_| {
        ErrorResponse::invalid(format!("Field {field} must match pattern {PATTERN}, got '{id}'."))
    })
}

/// The id that the creator chose; `None` leaves the choice to the service.
pub(in crate::local::control) fn parse_optional<T: FromStr>(
    field: &str,
    id: Option<&str>,
) -> Result<Option<T>, ErrorResponse> {
    id.filter(|id| !id.is_empty()).map(|id| parse(field, id)).transpose()
}

/// Checks the PostgreSQL name of a role or database.
pub(in crate::local::control) fn check_identifier(field: &str, name: &str) -> Result<(), ErrorResponse> {
    if name.is_empty() {
        return Err(ErrorResponse::required(field));
    }
    if name.len() > IDENTIFIER_BYTES || name.contains('\0') {
        return Err(ErrorResponse::invalid(format!(
            "Field {field} must have at most {IDENTIFIER_BYTES} bytes and no NUL, got '{}'.",
            name.escape_debug()
        )));
    }
    Ok(())
}

/// Refuses roles of PostgreSQL or the platform, which callers neither create nor drop.
pub(in crate::local::control) fn check_role_is_not_reserved(name: &str) -> Result<(), ErrorResponse> {
    let reserved = name.starts_with("pg_")
        || name.starts_with("databricks_")
        || ["cloud_admin", "public", "none"].contains(&name);
    if reserved {
        Err(ErrorResponse::bad_request(format!("role name \"{name}\" is reserved")))
    } else {
        Ok(())
    }
}

/// Refuses the databases that every PostgreSQL has.
pub(in crate::local::control) fn check_database_is_not_reserved(name: &str) -> Result<(), ErrorResponse> {
    if ["postgres", "template0", "template1"].contains(&name) {
        return Err(ErrorResponse::bad_request("database with that name already exists"));
    }
    Ok(())
}
