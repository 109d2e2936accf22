//! Schema comparison held to the truth: what a plan makes of the old schema must be the new one, in the eyes of
//! the comparison and of `pg_dump`.
//!
//! * `pairs/<kind>/<promise>.sql`: two schemas; the plan runs both ways.
//! * `releases/<application>/<nn_release>.sql`: migrations; each step is a pair, and first to last.
//! * `branches/<promise>.sql`: a source and a branch of it, which is a physical copy.
//! * `triples/<promise>.sql`: base, ours, theirs; a conflict, or both replay on each other to one schema.
//!
//! `LAKEBASE_SCHEMA_PAIRS=all cargo test --test main schema::` runs every pair, `LAKEBASE_SCHEMA_PAIRS=enum/` those
//! whose name contains the text; without it a part that takes some seconds. `LAKEBASE_SCHEMA_REPORT=file` writes the failures.

#![expect(clippy::expect_used, clippy::panic, reason = "a test says by panicking that it fails")]

mod branches;
mod case;
mod definitions;
mod dump;
mod example;
mod generated;
mod hazards;
mod identity;
mod matrix;
mod needs_versions;
mod no_difference;
mod observe;
mod odd_names;
mod pairs;
mod platform;
mod records;
mod rights;
mod run;
mod settings;
mod triples;
