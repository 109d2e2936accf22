//! Names: the whole path of a resource.

use std::{fmt, str::FromStr};

use super::{
    BranchId, DatabaseId, EndpointId, FromService, InvalidName, ProjectId, RoleId, SnapshotId, wrong_shape,
};

/// A name whose parent is the workspace: `projects/{project_id}`.
///
/// ```
/// use lakebase::name::{ProjectId, ProjectName};
///
/// let name = ProjectName::new(ProjectId::new("shop")?);
/// assert_eq!(name.to_string(), "projects/shop");
/// assert_eq!(name.branch("dev".parse()?).to_string(), "projects/shop/branches/dev");
/// # Ok::<(), lakebase::error::InvalidName>(())
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

impl FromService for ProjectName {
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
        }

        impl FromService for $name {
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
    /// let name: lakebase::name::BranchName = "projects/shop/branches/dev".parse()?;
    /// assert_eq!(name.endpoint("primary".parse()?).to_string(), "projects/shop/branches/dev/endpoints/primary");
    /// # Ok::<(), lakebase::error::InvalidName>(())
    /// ```
    BranchName, "branch name", ProjectName, project, "branches", BranchId, "projects/{project_id}/branches/{branch_id}"
}
child_name! {
    /// The name of a snapshot: `projects/{project_id}/snapshots/{snapshot_id}`.
    ///
    /// ```
    /// let name: lakebase::name::SnapshotName = "projects/shop/snapshots/before-release".parse()?;
    /// assert_eq!(name.project().id().as_str(), "shop");
    /// # Ok::<(), lakebase::error::InvalidName>(())
    /// ```
    SnapshotName, "snapshot name", ProjectName, project, "snapshots", SnapshotId, "projects/{project_id}/snapshots/{snapshot_id}"
}
child_name! {
    /// The name of an endpoint: `projects/{project_id}/branches/{branch_id}/endpoints/{endpoint_id}`.
    ///
    /// ```
    /// let name: lakebase::name::EndpointName = "projects/shop/branches/dev/endpoints/primary".parse()?;
    /// assert_eq!(name.branch().id().as_str(), "dev");
    /// # Ok::<(), lakebase::error::InvalidName>(())
    /// ```
    EndpointName, "endpoint name", BranchName, branch, "endpoints", EndpointId, "projects/{project_id}/branches/{branch_id}/endpoints/{endpoint_id}"
}
child_name! {
    /// The name of a role: `projects/{project_id}/branches/{branch_id}/roles/{role_id}`.
    ///
    /// ```
    /// let name: lakebase::name::RoleName = "projects/shop/branches/dev/roles/app".parse()?;
    /// assert_eq!(name.id().as_str(), "app");
    /// # Ok::<(), lakebase::error::InvalidName>(())
    /// ```
    RoleName, "role name", BranchName, branch, "roles", RoleId, "projects/{project_id}/branches/{branch_id}/roles/{role_id}"
}
child_name! {
    /// The name of a database: `projects/{project_id}/branches/{branch_id}/databases/{database_id}`.
    ///
    /// ```
    /// let name: lakebase::name::DatabaseName = "projects/shop/branches/dev/databases/app-db".parse()?;
    /// assert_eq!(name.branch().project().id().as_str(), "shop");
    /// # Ok::<(), lakebase::error::InvalidName>(())
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

#[cfg(test)]
mod tests {
    use super::*;

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
        let name = RoleName::from_service("projects/p/branches/b/roles/0a1b_C").unwrap();
        assert_eq!(name.id().as_str(), "0a1b_C");
        assert!(RoleName::from_service("projects/p/branches/../roles/r").is_err());
    }
}
