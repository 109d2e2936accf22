//! Statements on roles and databases, and the platform's sessions that run them.
//!
//! The sessions see names of `pg_catalog` only, and have limits for statements and locks
//! (`compute::superuser_session`).

mod session;
mod waits;

pub(super) use self::session::Session;
use super::state::{Attributes, Role};
pub(super) use crate::local::engine::MAINTENANCE_DATABASE;
use crate::{
    api::wire::role::AuthMethod,
    local::{compute::SessionLimits, scram::Verifier},
    sql::{quote_ident, quote_literal},
};

const LIMITS: SessionLimits = SessionLimits::CATALOG;
/// The group of roles that administer a branch without being superusers.
pub(super) const SUPERUSER_GROUP: &str = "databricks_superuser";

/// Creates the group in a new cluster, before its first role.
///
/// Without `pg_read_all_data`, which also reads the passwords in `pg_authid`; and without rights in the maintenance
/// database, where only the platform creates anything.
pub(super) fn platform() -> String {
    format!(
        "CREATE ROLE {SUPERUSER_GROUP} NOLOGIN CREATEDB CREATEROLE BYPASSRLS;
         GRANT pg_write_all_data, pg_monitor, pg_signal_backend TO {SUPERUSER_GROUP} WITH ADMIN OPTION;"
    )
}

/// Creates a role, with the verifier of its password where it has one.
pub(super) fn create_role(role: &Role, verifier: Option<&Verifier>) -> String {
    let login = if role.auth == AuthMethod::NoLogin { "NOLOGIN" } else { "LOGIN" };
    let name = quote_ident(&role.postgres_role);
    let mut sql =
        format!("CREATE ROLE {name} {login} {}{};", attributes(role.attributes), password(verifier));
    if !role.memberships.is_empty() {
        sql.push_str(&membership(role));
    }
    sql
}

/// Alters an existing role to match its row.
pub(super) fn alter_role(role: &Role) -> String {
    format!(
        "ALTER ROLE {} {};{}",
        quote_ident(&role.postgres_role),
        attributes(role.attributes),
        membership(role)
    )
}

/// Sets the verifier of a role's password; `None` removes the password.
pub(super) fn set_password(postgres_role: &str, verifier: Option<&Verifier>) -> String {
    let password = verifier.map_or_else(|| " PASSWORD NULL".to_owned(), |verifier| password(Some(verifier)));
    format!("ALTER ROLE {}{password};", quote_ident(postgres_role))
}

/// The verifier stands for the password, which no log of PostgreSQL then shows.
fn password(verifier: Option<&Verifier>) -> String {
    verifier.map(|verifier| format!(" PASSWORD {}", quote_literal(&verifier.to_string()))).unwrap_or_default()
}

fn attributes(Attributes { bypassrls, createdb, createrole }: Attributes) -> String {
    let word = |on: bool, word: &str| if on { word.to_owned() } else { format!("NO{word}") };
    [word(bypassrls, "BYPASSRLS"), word(createdb, "CREATEDB"), word(createrole, "CREATEROLE")].join(" ")
}

fn membership(role: &Role) -> String {
    let role_name = quote_ident(&role.postgres_role);
    if role.memberships.is_empty() {
        format!("REVOKE {SUPERUSER_GROUP} FROM {role_name};")
    } else {
        format!("GRANT {SUPERUSER_GROUP} TO {role_name};")
    }
}

pub(super) fn create_database(name: &str, owner: &str) -> String {
    // Sessions cannot connect to template0, so none can block this.
    format!("CREATE DATABASE {} OWNER {} TEMPLATE template0", quote_ident(name), quote_ident(owner))
}

/// Privileges of the owner of a new database, granted inside that database.
pub(super) fn open_database(name: &str, owner: &str) -> String {
    let (name, owner) = (quote_ident(name), quote_ident(owner));
    format!(
        "GRANT ALL ON DATABASE {name} TO {SUPERUSER_GROUP};
         GRANT ALL ON SCHEMA public TO {owner} WITH GRANT OPTION;
         GRANT ALL ON SCHEMA public TO {SUPERUSER_GROUP} WITH GRANT OPTION;"
    )
}

pub(super) fn rename_database(from: &str, to: &str) -> String {
    format!("ALTER DATABASE {} RENAME TO {}", quote_ident(from), quote_ident(to))
}

pub(super) fn own_database(name: &str, owner: &str) -> String {
    format!("ALTER DATABASE {} OWNER TO {}", quote_ident(name), quote_ident(owner))
}

pub(super) fn drop_database(name: &str) -> String {
    format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", quote_ident(name))
}

/// Reassigns the objects of a role in the current database, and revokes its privileges there.
pub(super) fn reassign(from: &str, to: &str) -> String {
    let (from, to) = (quote_ident(from), quote_ident(to));
    format!("REASSIGN OWNED BY {from} TO {to}; DROP OWNED BY {from};")
}

pub(super) fn drop_role(name: &str) -> String {
    format!("DROP ROLE IF EXISTS {}", quote_ident(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_break_out_of_their_quotes() {
        assert_eq!(drop_role(r#"a"; DROP ROLE x; --"#), r#"DROP ROLE IF EXISTS "a""; DROP ROLE x; --""#);
        assert_eq!(
            create_database("a\"b", "o'c"),
            r#"CREATE DATABASE "a""b" OWNER "o'c" TEMPLATE template0"#
        );
    }
}
