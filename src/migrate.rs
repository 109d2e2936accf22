//! Migrations: apply them, rehearse them on a branch, promote them to production.

mod apply;
mod failure;
mod files;
mod ledger;
mod lock;
mod migration;
mod options;
mod report;
mod statements;
mod table;
mod tokens;
mod transaction;

pub use apply::apply;
pub use failure::Failure;
pub use migration::{Migration, Migrations};
pub use options::ApplyOptions;
pub use report::{ApplyReport, MigrationReport, Outcome, StatementReport};
pub use statements::Statement;
