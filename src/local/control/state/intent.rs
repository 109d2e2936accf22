//! Intents: changes of roles and databases in progress, applied by [`super::super::intents`].

use serde::{Deserialize, Serialize};

use super::{Branch, Database, Role};

/// A change of a branch's roles or databases in progress. Each can be executed again.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(in crate::local::control) enum Intent {
    CreateRole { role: Role },
    AlterRole { role: Role },
    DropRole { role: Role, successor: Option<Role> },
    CreateDatabase { database: Database },
    AlterDatabase { before: Database, after: Database },
    DropDatabase { database: Database },
}

impl Intent {
    /// The name of the point between two steps, for crash tests.
    pub(in crate::local::control) fn point(&self, step: &str) -> String {
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
    pub(in crate::local::control) fn acknowledge(self, branch: &mut Branch) {
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
