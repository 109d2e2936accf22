//! Masks personal data in a database: rules, their check, and their application.
//!
//! [`apply`] changes the connected database and is meant for a branch that has no users yet; to create such a branch see
//! [`CreateBranch::masked`](crate::builder::CreateBranch::masked). [`check`] changes nothing and is meant for CI.
//!
//! ```no_run
//! # async fn show(connection: &mut sqlx::PgConnection) -> Result<(), Box<dyn std::error::Error>> {
//! use lakebase::data::mask::{Rules, check};
//!
//! let rules = Rules::from_toml(
//!     r#"
//!     [tables.customers]
//!     email = "fake_email"
//!     name = "fake_name"
//!     born = { shift_days = 30, by = "id" }
//!     city = "keep"
//!     "#,
//! )?;
//! let report = check(connection, &rules).await?;
//! assert!(report.is_clean(), "{report}");
//! # Ok(()) }
//! ```

// Each layer imports only from earlier ones: rule; rules, patterns; model; fit, report, key; code, looks; extensions;
// expression; collisions, check; steps; run.
mod check;
mod code;
mod collisions;
mod expression;
mod extensions;
mod fakes;
mod fit;
mod key;
mod looks;
mod model;
mod patterns;
mod report;
mod rule;
mod rules;
mod run;
mod steps;

pub use check::check;
pub use report::{Finding, FindingKind, Report};
pub use rule::Rule;
pub use rules::{LargeObjects, Rules};
#[cfg(feature = "local")]
pub(crate) use run::replace;
pub use run::{Masked, apply};
