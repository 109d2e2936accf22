//! Roles and databases of a branch.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::format::open_enum;

open_enum! {
    /// The kind of Databricks identity that a role belongs to.
    ///
    /// ```
    /// assert_eq!(lakebase::model::IdentityType::from("USER"), lakebase::model::IdentityType::User);
    /// ```
    pub enum IdentityType {
        /// A plain PostgreSQL role.
        Unspecified => "IDENTITY_TYPE_UNSPECIFIED",
        /// A user; the role name is the e-mail address.
        User => "USER",
        /// A service principal; the role name is the application id.
        ServicePrincipal => "SERVICE_PRINCIPAL",
        /// A group; the role name is the group name.
        Group => "GROUP",
    }
}

open_enum! {
    /// The authentication method of a role.
    ///
    /// ```
    /// assert_eq!(lakebase::model::AuthMethod::NoLogin.as_str(), "NO_LOGIN");
    /// ```
    pub enum AuthMethod {
        /// With a generated database credential.
        Oauth => "LAKEBASE_OAUTH_V1",
        /// With a password, where the project allows it.
        Password => "PG_PASSWORD_SCRAM_SHA_256",
        /// Not at all.
        NoLogin => "NO_LOGIN",
    }
}

open_enum! {
    /// A role that a role can be made a member of.
    ///
    /// ```
    /// assert_eq!(lakebase::model::MembershipRole::DatabricksSuperuser.as_str(), "DATABRICKS_SUPERUSER");
    /// ```
    pub enum MembershipRole {
        /// `databricks_superuser`: nearly everything that a superuser may do.
        DatabricksSuperuser => "DATABRICKS_SUPERUSER",
    }
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Role {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) role_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) parent: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) create_time: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) update_time: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) spec: Option<RoleSpec>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) status: Option<RoleStatus>,
}

/// The answer to revealing a role's password. No `Debug`: it is a secret.
#[derive(Serialize, Deserialize)]
pub(crate) struct RolePassword {
    pub(crate) password: String,
}

/// The three rights that a role may carry; an answer always has all of them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct RoleAttributes {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) bypassrls: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) createdb: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) createrole: Option<bool>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct RoleSpec {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) postgres_role: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) identity_type: Option<IdentityType>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) auth_method: Option<AuthMethod>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) attributes: Option<RoleAttributes>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) membership_roles: Option<Vec<MembershipRole>>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct RoleStatus {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) role_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) postgres_role: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) identity_type: Option<IdentityType>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) auth_method: Option<AuthMethod>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) attributes: Option<RoleAttributes>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) membership_roles: Option<Vec<MembershipRole>>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Database {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) database_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) parent: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) create_time: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) update_time: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) spec: Option<DatabaseSpec>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) status: Option<DatabaseStatus>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct DatabaseSpec {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) postgres_database: Option<String>,
    /// The full name of the role that owns the database.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) role: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct DatabaseStatus {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) database_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) postgres_database: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) role: Option<String>,
}
