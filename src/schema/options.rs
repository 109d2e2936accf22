//! The scope of a snapshot.

use serde::{Deserialize, Serialize};

/// The objects to read and compare: by default all objects outside the system's schemas.
///
/// ```
/// use lakebase::schema::Options;
/// let options = Options::default().exclude_schemas(["audit"]).owners(false);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Options {
    pub(super) include: Vec<String>,
    pub(super) exclude: Vec<String>,
    pub(super) owners: bool,
    pub(super) privileges: bool,
    pub(super) comments: bool,
    #[serde(default)]
    pub(super) platform_objects: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            include: Vec::new(),
            exclude: Vec::new(),
            owners: true,
            privileges: true,
            comments: true,
            platform_objects: false,
        }
    }
}

impl Options {
    /// Reads only these schemas, named without quotes. Objects that are in no schema (extensions, publications, …)
    /// are then left out. Empty, the default, means all schemas.
    ///
    /// Records of applied migrations are left out unless they are named here: the schema `_lakebase`, and tables called
    /// `_sqlx_migrations` (beside the schemas they are in).
    #[must_use]
    pub fn include_schemas<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.include = names.into_iter().map(Into::into).collect();
        self
    }

    /// Excludes these schemas, named without quotes. None by default; the system's schemas are never read.
    #[must_use]
    pub fn exclude_schemas<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.exclude = names.into_iter().map(Into::into).collect();
        self
    }

    /// Whether owners are compared. On by default.
    #[must_use]
    pub fn owners(mut self, compare: bool) -> Self {
        self.owners = compare;
        self
    }

    /// Whether privileges and default privileges are compared. On by default.
    #[must_use]
    pub fn privileges(mut self, compare: bool) -> Self {
        self.privileges = compare;
        self
    }

    /// Whether comments are compared. On by default.
    #[must_use]
    pub fn comments(mut self, compare: bool) -> Self {
        self.comments = compare;
        self
    }

    /// Whether the objects are compared that Lakebase makes in every database: the extension `databricks_auth`, the
    /// schema `__db_system`, event triggers of `cloud_admin` and their functions. Off by default, so that a branch can
    /// be compared with a database elsewhere, which has none of them.
    #[must_use]
    pub fn platform_objects(mut self, compare: bool) -> Self {
        self.platform_objects = compare;
        self
    }
}
