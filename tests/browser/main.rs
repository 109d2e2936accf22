//! The console in Chromium: journeys, accessibility, and how large a project may be.
//!
//! A binary of its own, so that it is built and run where a browser is.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod chromium;
mod driver;
mod needs_browser;
#[allow(dead_code, unused_imports, reason = "the rest is used by the tests of `main`")]
#[path = "../support/mod.rs"]
mod support;
