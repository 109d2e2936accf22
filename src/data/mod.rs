//! Compare the rows of two PostgreSQL databases, and take rows from one to the other.
//!
//! Two branches share nearly all of their rows. The servers find by checksums of block ranges where they do not, so that
//! the cost grows with the change; unrelated databases are compared by checksums of key ranges. See
//! [`compare`](fn@compare), [`stream`] and [`DataDiff`].
//!
//! ```no_run
//! # async fn show(old: &mut sqlx::PgConnection, new: &mut sqlx::PgConnection) -> Result<(), Box<dyn std::error::Error>> {
//! use lakebase::data::{Options, compare};
//!
//! let diff = compare(old, new, &Options::default()).await?;
//! println!("{}\n{diff}", diff.summary());
//! print!("{}", diff.to_sql());
//! # Ok(()) }
//! ```

// Each layer imports only from earlier ones: model, options, change, error; catalog, types; pair; scope; narrow;
// cursor, rows, extras, renames; walk; diff; compare, render, apply, drift, mask.
mod apply;
mod catalog;
mod change;
mod compare;
mod cursor;
mod diff;
mod drift;
mod error;
mod extras;
pub mod mask;
mod model;
mod narrow;
mod options;
mod pair;
mod renames;
mod render;
mod rows;
mod scope;
mod types;
mod walk;

pub use apply::{Applied, ApplyOptions, ConflictPolicy, Triggers};
pub use change::{ChangeKind, ChangedValue, RowChange, RowKey};
pub use compare::{DataEvent, compare, stream};
pub(crate) use compare::{compare_branches, stream_branches};
pub use diff::{DataDiff, TableDiff};
pub(crate) use drift::drift_of_branches;
pub use drift::{DataConflict, DataConflictKind, DataDrift, FromBase, drift};
pub use error::{DataError, RowConflict};
pub use extras::{LargeObjectChanges, SequenceChange};
pub(crate) use narrow::AskWritten;
pub use narrow::Method;
pub use options::Options;
pub use walk::Counts;
