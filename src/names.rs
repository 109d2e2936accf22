//! Ids and resource names: what a project, branch or endpoint is called.
//!
//! An *id* is the last segment that the caller chooses (`dev-readonly`), a *name* is the whole path that the
//! service uses (`projects/shop/branches/dev-readonly`). Both are checked when they are made, so a wrong one
//! fails before anything is sent, with the rule and the offending character in the error.
//!
//! ```
//! use lakebase::{BranchId, BranchName};
//!
//! let name: BranchName = "projects/shop/branches/dev-readonly".parse()?;
//! assert_eq!(name.id().as_str(), "dev-readonly");
//! assert_eq!(name.project().to_string(), "projects/shop");
//!
//! let wrong = "Dev_1".parse::<BranchId>().unwrap_err();
//! assert!(wrong.to_string().contains("'D' at position 1"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::{fmt, str::FromStr, sync::Arc};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Why a text is not an id or a resource name.
///
/// ```
/// use lakebase::ProjectId;
///
/// let error = ProjectId::new("shop!").unwrap_err();
/// assert_eq!(error.value(), "shop!");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{kind} '{value}' is not valid: {reason}")]
pub struct InvalidName {
    kind: &'static str,
    value: String,
    reason: String,
}

impl InvalidName {
    /// The text that was refused.
    pub fn value(&self) -> &str {
        &self.value
    }

    /// What the text was to be: `branch id`, `project name` …
    pub fn kind(&self) -> &'static str {
        self.kind
    }

    fn new(kind: &'static str, value: &str, reason: impl Into<String>) -> Self {
        Self { kind, value: value.to_owned(), reason: reason.into() }
    }
}

const RULE: &str =
    "an id has 1 to 63 characters of a-z, 0-9 and '-', starts with a letter and does not end with '-'";

/// The rule that the service states in its own refusals: `^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$`.
fn check_id(kind: &'static str, text: &str) -> Result<(), InvalidName> {
    let reason = if text.is_empty() {
        format!("it is empty; {RULE}")
    } else if let Some((at, wrong)) = text.chars().enumerate().find(|&(at, c)| !allowed(at, c)) {
        format!("{wrong:?} at position {} is not allowed; {RULE}", at + 1)
    } else if text.len() > 63 {
        format!("it has {} characters; {RULE}", text.len())
    } else if text.ends_with('-') {
        format!("it ends with '-'; {RULE}")
    } else {
        return Ok(());
    };
    Err(InvalidName::new(kind, text, reason))
}

fn allowed(position: usize, c: char) -> bool {
    c.is_ascii_lowercase() || (position > 0 && (c.is_ascii_digit() || c == '-'))
}

/// What the service says exists, exists: an id in an answer needs only to be one path segment.
fn check_segment(kind: &'static str, text: &str) -> Result<(), InvalidName> {
    if text.is_empty() || text == "." || text == ".." || text.contains(|c: char| c == '/' || c.is_control()) {
        return Err(InvalidName::new(kind, text, "it is not one path segment"));
    }
    Ok(())
}

macro_rules! id {
    ($(#[$doc:meta])* $id:ident, $kind:literal) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $id(Arc<str>);

        impl $id {
            /// Checks the text against the id rule.
            ///
            /// # Errors
            ///
            /// [`InvalidName`] with the rule and the first character that breaks it.
            pub fn new(text: impl AsRef<str>) -> Result<Self, InvalidName> {
                check_id($kind, text.as_ref())?;
                Ok(Self(text.as_ref().into()))
            }

            /// The id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }

            fn from_service(text: &str) -> Result<Self, InvalidName> {
                check_segment($kind, text)?;
                Ok(Self(text.into()))
            }
        }

        text_traits!($id);

        impl AsRef<str> for $id {
            fn as_ref(&self) -> &str {
                self.as_str()
            }
        }

        impl fmt::Display for $id {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl FromStr for $id {
            type Err = InvalidName;

            fn from_str(text: &str) -> Result<Self, InvalidName> {
                Self::new(text)
            }
        }
    };
}

macro_rules! text_traits {
    ($type:ident) => {
        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({self})", stringify!($type))
            }
        }

        impl TryFrom<&str> for $type {
            type Error = InvalidName;

            fn try_from(text: &str) -> Result<Self, InvalidName> {
                text.parse()
            }
        }

        impl TryFrom<String> for $type {
            type Error = InvalidName;

            fn try_from(text: String) -> Result<Self, InvalidName> {
                text.parse()
            }
        }

        impl TryFrom<&String> for $type {
            type Error = InvalidName;

            fn try_from(text: &String) -> Result<Self, InvalidName> {
                text.parse()
            }
        }

        impl From<&$type> for $type {
            fn from(value: &$type) -> Self {
                value.clone()
            }
        }

        impl Serialize for $type {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                Self::from_service(&text).map_err(serde::de::Error::custom)
            }
        }
    };
}

id! {
    /// The id of a project: the part that its creator chooses.
    ///
    /// ```
    /// assert_eq!(lakebase::ProjectId::new("shop")?.as_str(), "shop");
    /// # Ok::<(), lakebase::InvalidName>(())
    /// ```
    ProjectId, "project id"
}
id! {
    /// The id of a branch within its project.
    ///
    /// ```
    /// assert!(lakebase::BranchId::new("ci-pr-42").is_ok());
    /// assert!(lakebase::BranchId::new("feature/42").is_err());
    /// ```
    BranchId, "branch id"
}
id! {
    /// The id of an endpoint (a compute) within its branch.
    ///
    /// ```
    /// assert!(lakebase::EndpointId::new("primary").is_ok());
    /// ```
    EndpointId, "endpoint id"
}
id! {
    /// The id of a role within its branch; not the PostgreSQL role name.
    ///
    /// ```
    /// assert!(lakebase::RoleId::new("app-reader").is_ok());
    /// ```
    RoleId, "role id"
}
id! {
    /// The id of a database within its branch; not the PostgreSQL database name.
    ///
    /// ```
    /// assert!(lakebase::DatabaseId::new("databricks-postgres").is_ok());
    /// ```
    DatabaseId, "database id"
}
id! {
    /// The id of a snapshot within its project.
    ///
    /// ```
    /// assert!(lakebase::SnapshotId::new("before-release").is_ok());
    /// ```
    SnapshotId, "snapshot id"
}

/// A name whose parent is the workspace: `projects/{project_id}`.
///
/// ```
/// use lakebase::{ProjectId, ProjectName};
///
/// let name = ProjectName::new(ProjectId::new("shop")?);
/// assert_eq!(name.to_string(), "projects/shop");
/// assert_eq!(name.branch("dev".parse()?).to_string(), "projects/shop/branches/dev");
/// # Ok::<(), lakebase::InvalidName>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ProjectName(ProjectId);

impl ProjectName {
    /// The name of the project with this id.
    pub fn new(id: ProjectId) -> Self {
        Self(id)
    }

    /// The last segment.
    pub fn id(&self) -> &ProjectId {
        &self.0
    }

    /// The name of a branch of this project.
    pub fn branch(&self, id: BranchId) -> BranchName {
        BranchName { parent: self.clone(), id }
    }

    /// The name of a snapshot of this project.
    pub fn snapshot(&self, id: SnapshotId) -> SnapshotName {
        SnapshotName { parent: self.clone(), id }
    }

    const KIND: &'static str = "project name";
    const SHAPE: &'static str = "projects/{project_id}";

    fn parse_with(text: &str, read: Read) -> Result<Self, InvalidName> {
        match text.split('/').collect::<Vec<_>>()[..] {
            ["projects", id] => Ok(Self(read.id(id, ProjectId::from_str, ProjectId::from_service)?)),
            _ => Err(wrong_shape(Self::KIND, text, Self::SHAPE)),
        }
    }
}

impl fmt::Display for ProjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "projects/{}", self.0)
    }
}

impl FromStr for ProjectName {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        Self::parse_with(text, Read::Strictly)
    }
}

impl ProjectName {
    fn from_service(text: &str) -> Result<Self, InvalidName> {
        Self::parse_with(text, Read::AsGiven)
    }
}

text_traits!(ProjectName);

/// How ids inside a name are checked: what a caller writes strictly, what the service answers as it stands.
#[derive(Clone, Copy)]
enum Read {
    Strictly,
    AsGiven,
}

impl Read {
    fn id<T>(
        self,
        text: &str,
        strict: fn(&str) -> Result<T, InvalidName>,
        lenient: fn(&str) -> Result<T, InvalidName>,
    ) -> Result<T, InvalidName> {
        match self {
            Self::Strictly => strict(text),
            Self::AsGiven => lenient(text),
        }
    }
}

fn wrong_shape(kind: &'static str, text: &str, shape: &str) -> InvalidName {
    InvalidName::new(kind, text, format!("its shape is {shape}"))
}

macro_rules! child_name {
    ($(#[$doc:meta])* $name:ident, $kind:literal, $parent:ident, $parent_method:ident, $collection:literal, $id:ident, $shape:literal) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name {
            parent: $parent,
            id: $id,
        }

        impl $name {
            #[allow(dead_code, reason = "only names that have children are asked")]
            const KIND: &'static str = $kind;

            /// Puts the name together from its parent and the last segment.
            pub fn new(parent: $parent, id: $id) -> Self {
                Self { parent, id }
            }

            /// The last segment.
            pub fn id(&self) -> &$id {
                &self.id
            }

            /// The name of the resource that this one belongs to.
            pub fn $parent_method(&self) -> &$parent {
                &self.parent
            }

            fn parse_with(text: &str, read: Read) -> Result<Self, InvalidName> {
                let wrong = || wrong_shape($kind, text, $shape);
                let (head, id) = text.rsplit_once('/').ok_or_else(wrong)?;
                let parent = head.strip_suffix(concat!("/", $collection)).ok_or_else(wrong)?;
                let parent = $parent::parse_with(parent, read)
                    .map_err(|error| if error.kind == $parent::KIND { wrong() } else { error })?;
                Ok(Self { parent, id: read.id(id, $id::from_str, $id::from_service)? })
            }

            fn from_service(text: &str) -> Result<Self, InvalidName> {
                Self::parse_with(text, Read::AsGiven)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!("{}/", $collection, "/{}"), self.parent, self.id)
            }
        }

        impl FromStr for $name {
            type Err = InvalidName;

            fn from_str(text: &str) -> Result<Self, InvalidName> {
                Self::parse_with(text, Read::Strictly)
            }
        }

        text_traits!($name);
    };
}

child_name! {
    /// The name of a branch: `projects/{project_id}/branches/{branch_id}`.
    ///
    /// ```
    /// let name: lakebase::BranchName = "projects/shop/branches/dev".parse()?;
    /// assert_eq!(name.endpoint("primary".parse()?).to_string(), "projects/shop/branches/dev/endpoints/primary");
    /// # Ok::<(), lakebase::InvalidName>(())
    /// ```
    BranchName, "branch name", ProjectName, project, "branches", BranchId, "projects/{project_id}/branches/{branch_id}"
}
child_name! {
    /// The name of a snapshot: `projects/{project_id}/snapshots/{snapshot_id}`.
    ///
    /// ```
    /// let name: lakebase::SnapshotName = "projects/shop/snapshots/before-release".parse()?;
    /// assert_eq!(name.project().id().as_str(), "shop");
    /// # Ok::<(), lakebase::InvalidName>(())
    /// ```
    SnapshotName, "snapshot name", ProjectName, project, "snapshots", SnapshotId, "projects/{project_id}/snapshots/{snapshot_id}"
}
child_name! {
    /// The name of an endpoint: `projects/{project_id}/branches/{branch_id}/endpoints/{endpoint_id}`.
    ///
    /// ```
    /// let name: lakebase::EndpointName = "projects/shop/branches/dev/endpoints/primary".parse()?;
    /// assert_eq!(name.branch().id().as_str(), "dev");
    /// # Ok::<(), lakebase::InvalidName>(())
    /// ```
    EndpointName, "endpoint name", BranchName, branch, "endpoints", EndpointId, "projects/{project_id}/branches/{branch_id}/endpoints/{endpoint_id}"
}
child_name! {
    /// The name of a role: `projects/{project_id}/branches/{branch_id}/roles/{role_id}`.
    ///
    /// ```
    /// let name: lakebase::RoleName = "projects/shop/branches/dev/roles/app".parse()?;
    /// assert_eq!(name.id().as_str(), "app");
    /// # Ok::<(), lakebase::InvalidName>(())
    /// ```
    RoleName, "role name", BranchName, branch, "roles", RoleId, "projects/{project_id}/branches/{branch_id}/roles/{role_id}"
}
child_name! {
    /// The name of a database: `projects/{project_id}/branches/{branch_id}/databases/{database_id}`.
    ///
    /// ```
    /// let name: lakebase::DatabaseName = "projects/shop/branches/dev/databases/app-db".parse()?;
    /// assert_eq!(name.branch().project().id().as_str(), "shop");
    /// # Ok::<(), lakebase::InvalidName>(())
    /// ```
    DatabaseName, "database name", BranchName, branch, "databases", DatabaseId, "projects/{project_id}/branches/{branch_id}/databases/{database_id}"
}

impl BranchName {
    /// The name of an endpoint of this branch.
    pub fn endpoint(&self, id: EndpointId) -> EndpointName {
        EndpointName { parent: self.clone(), id }
    }

    /// The name of a role of this branch.
    pub fn role(&self, id: RoleId) -> RoleName {
        RoleName { parent: self.clone(), id }
    }

    /// The name of a database of this branch.
    pub fn database(&self, id: DatabaseId) -> DatabaseName {
        DatabaseName { parent: self.clone(), id }
    }
}

/// The name of an operation: `{resource}/operations/{operation_id}`.
///
/// The id is the service's own and may contain `+`, `/` and `=`, so it is everything behind `/operations/`.
///
/// ```
/// use lakebase::OperationName;
///
/// let name: OperationName = "projects/shop/branches/dev/operations/AbC+/12==".parse()?;
/// assert_eq!(name.resource(), "projects/shop/branches/dev");
/// assert_eq!(name.id(), "AbC+/12==");
/// # Ok::<(), lakebase::InvalidName>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OperationName {
    text: Arc<str>,
    resource: usize,
}

impl OperationName {
    const MARK: &'static str = "/operations/";

    /// The name of the resource that the operation works on.
    pub fn resource(&self) -> &str {
        &self.text[..self.resource]
    }

    /// The service's id of the operation.
    pub fn id(&self) -> &str {
        &self.text[self.resource + Self::MARK.len()..]
    }

    /// The whole name as text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    fn from_service(text: &str) -> Result<Self, InvalidName> {
        let wrong = || wrong_shape("operation name", text, "{resource}/operations/{operation_id}");
        let at = text.find(Self::MARK).ok_or_else(wrong)?;
        let clean = |part: &str| !part.is_empty() && !part.contains(char::is_control);
        if !clean(&text[..at])
            || !clean(&text[at + Self::MARK.len()..])
            || text.split('/').any(|part| part == "..")
        {
            return Err(wrong());
        }
        Ok(Self { text: text.into(), resource: at })
    }
}

impl fmt::Display for OperationName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for OperationName {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        Self::from_service(text)
    }
}

text_traits!(OperationName);

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_error_names_the_rule_and_the_first_wrong_character() {
        for (text, part) in [
            ("", "it is empty"),
            ("Dev", "'D' at position 1"),
            ("1dev", "'1' at position 1"),
            ("-dev", "'-' at position 1"),
            ("de_v", "'_' at position 3"),
            ("dév", "'é' at position 2"),
            ("dev/..", "'/' at position 4"),
            ("dev\0", "'\\0' at position 4"),
            ("dev-", "it ends with '-'"),
            (&"a".repeat(64), "it has 64 characters"),
        ] {
            let message = BranchId::new(text).unwrap_err().to_string();
            assert!(message.contains(part), "{text:?}: {message}");
            assert!(message.starts_with("branch id '"), "{message}");
            assert!(message.contains("1 to 63 characters"), "{message}");
        }
    }

    #[test]
    fn ids_at_the_edges_are_accepted() {
        for text in ["a", "a1", "a-b", &"a".repeat(63)] {
            assert_eq!(BranchId::new(text).unwrap().as_str(), text);
        }
    }

    #[test]
    fn a_name_of_the_wrong_shape_says_which_shape_it_needs() {
        for text in [
            "",
            "projects",
            "branches/b",
            "projects/p",
            "projects/p/branches",
            "projects/p/branches/b/endpoints/e",
            "x/p/branches/b",
        ] {
            let message = text.parse::<BranchName>().unwrap_err().to_string();
            assert!(message.contains("projects/{project_id}/branches/{branch_id}"), "{text:?}: {message}");
        }
    }

    #[test]
    fn a_wrong_id_inside_a_name_is_named() {
        let message = "projects/Shop/branches/dev".parse::<BranchName>().unwrap_err().to_string();
        assert!(message.contains("project id 'Shop'"), "{message}");
    }

    #[test]
    fn what_the_service_answers_is_read_even_where_our_rule_would_refuse_it() {
        let name: RoleName = serde_json::from_str("\"projects/p/branches/b/roles/0a1b_C\"").unwrap();
        assert_eq!(name.id().as_str(), "0a1b_C");
        assert!(serde_json::from_str::<RoleName>("\"projects/p/branches/../roles/r\"").is_err());
    }

    #[test]
    fn an_operation_name_needs_a_resource_and_an_id() {
        for text in [
            "operations/x",
            "/operations/x",
            "projects/p/operations/",
            "projects/p",
            "projects/../operations/x",
        ] {
            assert!(text.parse::<OperationName>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn an_accepted_id_survives_every_round_trip(text in "[a-z]([a-z0-9-]{0,61}[a-z0-9])?") {
            let id = BranchId::new(&text).unwrap();
            let name = ProjectName::new("shop".parse().unwrap()).branch(id.clone());
            prop_assert_eq!(name.to_string().parse::<BranchName>().unwrap(), name.clone());
            prop_assert_eq!(serde_json::from_str::<BranchName>(&serde_json::to_string(&name).unwrap()).unwrap(), name.clone());
            let url = url::Url::parse("http://h/").unwrap().join(&name.to_string()).unwrap();
            prop_assert_eq!(url.path(), format!("/{name}"));
        }

        #[test]
        fn no_text_makes_a_parser_panic(text in "\\PC*") {
            let _ = BranchId::new(&text);
            let _ = text.parse::<EndpointName>();
            let _ = text.parse::<OperationName>();
        }
    }
}
