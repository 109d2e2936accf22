//! Migrations: apply them, rehearse them on a branch, promote them to production.
//!
//! A [`Migration`] is SQL with an id; [`Migrations`] are several in order, from text, files, directories of other tools
//! or an sqlx `Migrator`. Each
//! is applied at most once to a database, which keeps the record in a table of its own.
//!
//! * [`status`] says which are applied.
//! * [`apply`] runs them on any PostgreSQL connection: under the migration lock, with a lock timeout and retries, in
//!   one transaction where SQL allows it.
//! * [`Branch::rehearse`](crate::Branch::rehearse) runs them on a temporary branch and reports times, locks and
//!   hazards.
//! * [`Branch::promote`](crate::Branch::promote) checks drift, rehearses, compares, applies and verifies.
//! * [`Branch::rebase`](crate::Branch::rebase) replays migrations on a new branch of the present source.
//!
//! A failed statement is described by a [`Failure`], which [`Failure::of`] finds in the error.

mod apply;
mod commands;
mod custom;
mod failure;
mod files;
mod ledger;
mod lock;
mod migration;
mod migrations;
mod observe;
mod observed_hazards;
mod options;
mod other_tools;
mod promote;
mod rebase;
mod rehearsal;
mod report;
mod session;
mod statements;
mod status;
mod text_table;
mod transaction;

pub use apply::apply;
pub use commands::{Apply, Rehearse};
pub use failure::Failure;
pub use migration::Migration;
pub use migrations::Migrations;
pub use observe::{ObservedLock, Rewrite};
pub use options::ApplyOptions;
pub use promote::{Promote, PromotionOutcome, PromotionReport, Step, StepOutcome, StepReport};
pub use rebase::{Rebase, RebaseReport};
pub use rehearsal::Rehearsal;
pub use report::{ApplyReport, MigrationReport, Outcome, StatementReport};
pub use statements::MigrationStatement;
pub use status::{MigrationState, MigrationStatus, status};
