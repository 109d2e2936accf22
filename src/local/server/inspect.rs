//! Examination of a machine for a local Lakebase, without starting one.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::{BranchCopies, LocalError, LocalLakebaseBuilder};
use crate::local::{account::FileWorkers, compute::find_installed, engine::DEFAULT_MAJOR, storage::probe_in};

/// The PostgreSQL and the file system that a local Lakebase would use: [`LocalLakebaseBuilder::inspect`].
///
/// ```no_run
/// # async fn example() -> Result<(), lakebase::local::LocalError> {
/// let machine = lakebase::local::LocalLakebase::builder().inspect().await?;
/// match &machine.pg_version {
///     Some(version) => println!("PostgreSQL {version}"),
///     None => println!("PostgreSQL is downloaded at the first start"),
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct LocalInspection {
    /// The data directory, which need not exist.
    pub data_dir: PathBuf,
    /// The directory of the PostgreSQL programs that would be used; `None` where they would be downloaded.
    pub pg_bin: Option<PathBuf>,
    /// Their version, such as `17.10`.
    pub pg_version: Option<String>,
    /// The clone method on the file system of the data directory; `Unknown` where no file can be created there.
    pub copies: BranchCopies,
}

impl LocalLakebaseBuilder {
    /// Looks for PostgreSQL and at the file system of the data directory. Starts and downloads nothing; two small files
    /// are created for a moment.
    ///
    /// # Errors
    ///
    /// [`LocalError::NoHome`], and those of options that [`start`](Self::start) would reject.
    pub async fn inspect(&self) -> Result<LocalInspection, LocalError> {
        let data_dir = self.dir()?;
        let given = self.chosen_pg_bin();
        let look = move || {
            let found = find_installed(given.as_deref(), DEFAULT_MAJOR);
            let copies = nearest(&data_dir).and_then(|dir| probe_in(dir).ok());
            Ok(LocalInspection {
                pg_version: found.as_ref().map(|found| found.version.to_string()),
                pg_bin: found.map(|found| found.bin),
                copies: copies.map_or(BranchCopies::Unknown, Into::into),
                data_dir,
            })
        };
        FileWorkers::privileged().run(look).await
    }
}

/// The directory itself, else the nearest one above it that exists.
fn nearest(dir: &Path) -> Option<&Path> {
    dir.ancestors().find(|dir| dir.is_dir())
}
