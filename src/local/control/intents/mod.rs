//! Changes of roles and databases, which exist twice: as rows of the state and as objects in PostgreSQL.
//!
//! Such a change is written to the branch's row first, as an [`Intent`], then applied to PostgreSQL, then acknowledged:
//! one commit applies it to the row and removes the intent. An intent that a crash, a full disk or a broken session
//! left behind is finished before the branch is used again: at the start of the server, before a login, before the
//! next change and before a branch is made from it. Where PostgreSQL refuses the change then, the intent is removed.
//!
//! Nothing else needs one. Directories and processes follow from the rows: a directory without a row is removed at the
//! start, a row is written after its directory is complete and removed before it, and every start of a compute writes
//! its configuration anew.

mod catalog_changes;
mod execute;
mod interrupted;

pub(super) use self::catalog_changes::CatalogChanges;
