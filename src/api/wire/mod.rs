//! The JSON of the Lakebase Postgres REST API (`/api/2.0/postgres`), once, for the client and for the local server.
//!
//! Every resource is one struct with both `spec` (what a caller sends) and `status` (what the service answers):
//! requests carry the bare resource, answers never echo `spec`. Output-only fields that a client sends along and
//! fields that are not known here are ignored, as the service does.

pub(crate) mod branch;
pub(crate) mod credential;
pub(crate) mod endpoint;
pub(crate) mod error;
pub(crate) mod format;
#[cfg(feature = "data")]
pub(crate) mod masked;
pub(crate) mod operation;
pub(crate) mod permission;
pub(crate) mod project;
pub(crate) mod role;
pub(crate) mod snapshot;
#[cfg(feature = "data")]
pub(crate) mod written_blocks;

/// The path prefix of every call of this API.
pub(crate) const BASE_PATH: &str = "/api/2.0/postgres";

/// A list of any resource as the local server writes it; the key of the items differs, so each has its own name.
/// The client reads every list through one generic page.
macro_rules! page {
    ($page:ident, $item:ty, $key:literal) => {
        #[cfg(feature = "local")]
        #[derive(Debug, Default, serde::Serialize, serde::Deserialize)]
        #[serde(default)]
        pub(crate) struct $page {
            #[serde(rename = $key)]
            pub(crate) items: Vec<$item>,
            #[serde(deserialize_with = "crate::api::wire::format::null_as_default")]
            pub(crate) next_page_token: String,
        }
    };
}

page!(Projects, project::Project, "projects");
page!(Branches, branch::Branch, "branches");
page!(Endpoints, endpoint::Endpoint, "endpoints");
page!(Roles, role::Role, "roles");
page!(Databases, role::Database, "databases");
page!(Snapshots, snapshot::Snapshot, "snapshots");
