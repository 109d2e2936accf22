//! Fixtures shared by the tests: servers, a scripted HTTP service, child processes, temporary directories.
//!
//! A test whose requirement is missing does not pass: it fails and names the requirement, or it is `#[ignore]`d in a
//! module `needs_root`, `needs_network`, `needs_versions` or `needs_browser` and runs with `-- --ignored needs_`.

pub(crate) mod child;
pub(crate) mod console;
pub(crate) mod directory;
pub(crate) mod fixture;
pub(crate) mod mock;
pub(crate) mod postgres;
pub(crate) mod reaper;
pub(crate) mod serve;
