//! Opens a page in the person's browser.

use std::{process::Stdio, time::Duration};

use tokio::process::Command;
use url::Url;

use crate::{
    auth::Env,
    error::{Error, ErrorKind, Result},
};

/// A launcher that runs longer than this has found a browser and stays with it.
const LAUNCH: Duration = Duration::from_secs(2);

/// Starts the browser of the desktop, without waiting for it.
pub(super) async fn page(url: &Url, env: &Env) -> Result<()> {
    let mut failures = Vec::new();
    for launcher in open::commands(url.as_str()) {
        let name = launcher.get_program().to_string_lossy().into_owned();
        let mut launcher = Command::from(launcher);
        launcher.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        env.apply(&mut launcher);
        match launcher.spawn() {
            Ok(mut child) => match tokio::time::timeout(LAUNCH, child.wait()).await {
                Ok(Ok(status)) if !status.success() => failures.push(format!("{name} ended with {status}")),
                Ok(Err(error)) => failures.push(format!("{name}: {error}")),
                Ok(Ok(_)) | Err(_) => return Ok(()),
            },
            Err(error) => failures.push(format!("{name}: {error}")),
        }
    }
    let message = format!(
        "no browser can be opened ({}); on a machine without one use the login of the Databricks CLI \
         (`databricks auth login`) or of a service principal",
        failures.join("; ")
    );
    Err(Error::new(ErrorKind::Config, message))
}
