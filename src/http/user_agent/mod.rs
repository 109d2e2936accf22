//! The `User-Agent` header: caller, crate version, platform and login.

use std::fmt::Write as _;

use reqwest::header::HeaderValue;

use crate::auth::Env;

/// The value of the header, without the login.
#[derive(Debug, Clone)]
pub(crate) struct UserAgent(String);

impl UserAgent {
    /// `product` is a name and its version; without one this crate is the product.
    pub(crate) fn new(product: Option<(&str, &str)>, env: &Env) -> Self {
        let mut agent = Self(String::new());
        let version = env!("CARGO_PKG_VERSION");
        let (name, product_version) = product.unwrap_or(("lakebase", version));
        agent.add(name, product_version);
        agent.add("sdk-rust", version);
        // The compiler that builds us is not known without a build script; this is the oldest it can be.
        agent.add("rust", env!("CARGO_PKG_RUST_VERSION"));
        agent.add("os", std::env::consts::OS);
        let upstream = (env.get("DATABRICKS_SDK_UPSTREAM"), env.get("DATABRICKS_SDK_UPSTREAM_VERSION"));
        if let (Some(upstream), Some(version)) = upstream {
            agent.add("upstream", &upstream);
            agent.add("upstream-version", &version);
        }
        if let Some(runtime) = env.get("DATABRICKS_RUNTIME_VERSION") {
            agent.add("runtime", &runtime);
        }
        if let Some(provider) = cicd(env) {
            agent.add("cicd", provider);
        }
        agent
    }

    /// The header of calls with credentials of this type, or before any are known.
    pub(crate) fn header(&self, auth_type: Option<&str>) -> HeaderValue {
        let mut agent = self.clone();
        if let Some(auth_type) = auth_type {
            agent.add("auth", auth_type);
        }
        // Only characters that a header may carry have been added.
        HeaderValue::from_str(&agent.0).unwrap_or_else(|_| HeaderValue::from_static("lakebase"))
    }

    fn add(&mut self, key: &str, value: &str) {
        let space = if self.0.is_empty() { "" } else { " " };
        // Writing to a string cannot fail.
        let _ = write!(self.0, "{space}{}/{}", clean(key), clean(value));
    }
}

/// Every character that has no place in a `User-Agent` becomes a dash.
fn clean(text: &str) -> String {
    text.chars().map(|c| if c.is_ascii_alphanumeric() || "_.+-".contains(c) { c } else { '-' }).collect()
}

/// The build service that this process runs on; the first match wins.
fn cicd(env: &Env) -> Option<&'static str> {
    let is = |name: &str, value: &str| env.get(name).as_deref() == Some(value);
    let has = |names: &[&str]| names.iter().all(|name| env.get(name).is_some());
    let found = [
        (is("GITHUB_ACTIONS", "true"), "github"),
        (is("GITLAB_CI", "true"), "gitlab"),
        (has(&["JENKINS_URL"]), "jenkins"),
        (is("TF_BUILD", "True"), "azure-devops"),
        (is("CIRCLECI", "true"), "circle"),
        (is("TRAVIS", "true"), "travis"),
        (has(&["BITBUCKET_BUILD_NUMBER"]), "bitbucket"),
        (has(&["PROJECT_ID", "BUILD_ID", "PROJECT_NUMBER", "LOCATION"]), "google-cloud-build"),
        (has(&["CODEBUILD_BUILD_ARN"]), "aws-code-build"),
        (has(&["TFC_RUN_ID"]), "tf-cloud"),
    ];
    found.iter().find(|(matches, _)| *matches).map(|(_, name)| *name)
}

#[cfg(test)]
mod tests;
