//! Compare the schemas of two PostgreSQL databases, and plan the SQL that takes one to the other.
//!
//! Definitions come from the deparsers of the servers; they are tokenized to replace names, never parsed. See
//! [`Schema::read`], [`compare`], [`SchemaDiff::migration`] and [`drift`].
//!
//! ```no_run
//! # async fn show(old: &mut sqlx::PgConnection, new: &mut sqlx::PgConnection) -> Result<(), Box<dyn std::error::Error>> {
//! use lakebase::schema::{Options, Schema, compare};
//!
//! let before = Schema::read(old, &Options::default()).await?;
//! let after = Schema::read(new, &Options::default()).await?;
//! let diff = compare(&before, &after);
//! println!("{diff}");
//! let plan = diff.migration()?;
//! print!("{}", plan.to_sql());
//! plan.apply(old).await?;
//! # Ok(()) }
//! ```

// Each layer imports only from earlier ones: options, model, hazard, statement, error; catalog; ddl; diff; rename;
// portable; compare; plan; drift; render; apply.
mod apply;
mod catalog;
mod compare;
mod ddl;
mod diff;
mod drift;
mod error;
mod hazard;
mod model;
mod options;
mod plan;
mod portable;
mod rename;
mod render;
mod statement;

pub use apply::Applied;
pub(crate) use catalog::USER_RELATION;
pub use compare::compare;
pub use diff::{Change, FieldChange, RenameHint, SchemaDiff};
pub use drift::{Conflict, Drift, drift};
pub use error::{PlanError, Refusal, SchemaError};
pub use hazard::{Hazard, HazardKind};
pub use model::{Fingerprint, Key, Kind, Schema};
pub use options::Options;
pub use plan::{Group, Plan, PlanOptions};
pub use statement::{Lock, LockMode, Statement};
