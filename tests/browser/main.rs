//! The console in Chromium: journeys, accessibility, and how large a project may be.
//!
//! A binary of its own, because the client of the driver brings operators for strings that change how other tests are
//! read by the compiler.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod chromium;
mod needs_browser;
#[allow(dead_code, unused_imports, reason = "the rest is used by the tests of `main`")]
#[path = "../support/mod.rs"]
mod support;
