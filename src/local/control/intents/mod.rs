//! Changes of roles and databases, which exist twice: as rows of the state and as objects in PostgreSQL.
//!
//! Such a change is written to the branch's row first, as an [`Intent`], then made in PostgreSQL, then acknowledged:
//! one commit applies it to the row and removes the intent. An intent that a crash, a full disk or a broken session left
//! behind is finished before the branch is used again: at the start of the server, before a login, before the next
//! change and before a branch is made from it. Where PostgreSQL refuses the change then, the intent is removed.
//!
//! Nothing else needs one. Directories and processes follow from the rows: a directory without a row is removed at the
//! start, a row is written after its directory is complete and removed before it, and every start of a compute writes
//! its configuration anew.

mod catalog_changes;
mod execute;

use serde::{Deserialize, Serialize};

pub(super) use self::catalog_changes::CatalogChanges;
use super::state::{Branch, Database, Role};

/// A change of a branch's roles or databases that has begun. Each can be made again.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) enum Intent {
    CreateRole { role: Role },
    AlterRole { role: Role },
    DropRole { role: Role, successor: Option<Role> },
    CreateDatabase { database: Database },
    AlterDatabase { before: Database, after: Database },
    DropDatabase { database: Database },
}

impl Intent {
    /// The name of the point between two steps, for crash tests.
    fn point(&self, step: &str) -> String {
        let change = match self {
            Self::CreateRole { .. } => "create-role",
            Self::AlterRole { .. } => "alter-role",
            Self::DropRole { .. } => "drop-role",
            Self::CreateDatabase { .. } => "create-database",
            Self::AlterDatabase { .. } => "alter-database",
            Self::DropDatabase { .. } => "drop-database",
        };
        format!("{change}.{step}")
    }

    /// Applies the change to the row of the branch.
    fn acknowledge(self, branch: &mut Branch) {
        match self {
            Self::CreateRole { role } | Self::AlterRole { role } => {
                branch.roles.insert(role.id.clone(), role);
            }
            Self::DropRole { role, successor } => {
                branch.roles.remove(&role.id);
                let successor = successor.map(|successor| successor.id);
                for database in branch.databases.values_mut() {
                    if database.role.as_ref() == Some(&role.id) {
                        database.role.clone_from(&successor);
                    }
                }
            }
            Self::CreateDatabase { database } | Self::AlterDatabase { after: database, .. } => {
                branch.databases.insert(database.id.clone(), database);
            }
            Self::DropDatabase { database } => {
                branch.databases.remove(&database.id);
            }
        }
    }
}
