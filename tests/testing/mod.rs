//! A branch or a database for each test.

mod branch;
mod database;
mod runners;
