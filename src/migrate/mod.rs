//! Migrations: apply them, rehearse them on a branch, promote them to production.

mod apply;
mod failure;
mod files;
mod hazards;
mod ledger;
mod lock;
mod migration;
mod observe;
mod options;
mod promote;
mod rebase;
mod rehearsal;
mod report;
mod statements;
mod table;
mod transaction;
mod verbs;

pub use apply::apply;
pub use failure::Failure;
pub use migration::{Migration, Migrations};
pub use observe::{ObservedLock, Rewrite};
pub use options::ApplyOptions;
pub use promote::{Promote, PromotionOutcome, PromotionReport, Step, StepOutcome, StepReport};
pub use rebase::{Rebase, RebaseReport};
pub use rehearsal::Rehearsal;
pub use report::{ApplyReport, MigrationReport, Outcome, StatementReport};
pub use statements::Statement;
pub use verbs::{Apply, Rehearse};
