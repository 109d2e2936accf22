//! A service written with nothing but the documentation: a branch for each pull request, behind a trait
//! so that its own tests need no service.

use futures_util::future::{BoxFuture, FutureExt};
use lakebase::{Error, ErrorKind, Expiry, Project, Result, days, hours, name::BranchId};
use serde_json::json;

use crate::support::mock::{MockService, child, done, endpoint, gone, root};

trait PullRequests: Send + Sync {
    fn open(&self, number: u64) -> BoxFuture<'_, Result<String>>;
    fn list(&self) -> BoxFuture<'_, Result<Vec<String>>>;
    fn prolong(&self, number: u64) -> BoxFuture<'_, Result<()>>;
    fn close(&self, number: u64) -> BoxFuture<'_, Result<()>>;
}

#[derive(Debug, Clone)]
struct OnLakebase {
    shop: Project,
}

impl PullRequests for OnLakebase {
    fn open(&self, number: u64) -> BoxFuture<'_, Result<String>> {
        async move {
            let production = self.shop.default_branch().await?;
            let id = BranchId::from_pull_request(number)?;
            let branch = production.create_branch(id, Expiry::after(hours(24))).if_missing().await?;
            Ok(branch.name.to_string())
        }
        .boxed()
    }

    fn list(&self) -> BoxFuture<'_, Result<Vec<String>>> {
        async move {
            let branches = self.shop.branches().await?;
            Ok(branches
                .iter()
                .filter(|branch| !branch.is_default)
                .map(|branch| branch.id().to_string())
                .collect())
        }
        .boxed()
    }

    fn prolong(&self, number: u64) -> BoxFuture<'_, Result<()>> {
        async move {
            let branch = self.shop.branch(BranchId::from_pull_request(number)?)?;
            branch.update().expiry(Expiry::at(chrono::Utc::now() + days(7))).await?;
            Ok(())
        }
        .boxed()
    }

    fn close(&self, number: u64) -> BoxFuture<'_, Result<()>> {
        async move { self.shop.branch(BranchId::from_pull_request(number)?)?.delete().await }.boxed()
    }
}

/// The stand-in of the service's own tests.
struct Nowhere;

impl PullRequests for Nowhere {
    fn open(&self, number: u64) -> BoxFuture<'_, Result<String>> {
        async move { Ok(format!("projects/shop/branches/pr-{number}")) }.boxed()
    }

    fn list(&self) -> BoxFuture<'_, Result<Vec<String>>> {
        async { Ok(Vec::new()) }.boxed()
    }

    fn prolong(&self, number: u64) -> BoxFuture<'_, Result<()>> {
        async move { Err(Error::new(ErrorKind::NotFound, format!("no branch for {number}"))) }.boxed()
    }

    fn close(&self, _: u64) -> BoxFuture<'_, Result<()>> {
        async { Ok(()) }.boxed()
    }
}

/// The reaction to a pull request that gets a new push: it must not care whether the branch is there.
async fn pushed(branches: &dyn PullRequests, number: u64) -> Result<&'static str> {
    match branches.prolong(number).await {
        Ok(()) => Ok("prolonged"),
        Err(error) if error.is_not_found() => branches.open(number).await.map(|_| "opened"),
        Err(error) => Err(error),
    }
}

#[tokio::test]
async fn a_service_wraps_the_handles_in_a_trait_of_its_own() {
    let mock = MockService::new().await;
    let id = BranchId::from_pull_request(42).unwrap();
    let name = format!("projects/shop/branches/{id}");
    let missing = "branch id not found [TraceId: 1]";
    mock.refuse_once(&format!("PATCH {name}"), 404, "NOT_FOUND", missing).await;
    mock.refuse_once(&format!("GET {name}"), 404, "NOT_FOUND", missing).await;
    mock.on(&format!("PATCH {name}"), done(&name, child(id.as_str()))).await;
    mock.on("GET projects/shop/branches", json!({"branches": [root(), child(id.as_str())]})).await;
    mock.on("POST projects/shop/branches", done(&name, child(id.as_str()))).await;
    let primary = endpoint(id.as_str(), "primary");
    mock.on(&format!("GET {name}/endpoints"), json!({"endpoints": [primary]})).await;

    let real = OnLakebase { shop: mock.project() };
    let service: std::sync::Arc<dyn PullRequests> = std::sync::Arc::new(real.clone());
    let other = service.clone();
    let outcome = tokio::spawn(async move { pushed(&*other, 42).await }).await.unwrap();
    assert_eq!(outcome.unwrap(), "opened");
    assert_eq!(pushed(&*service, 42).await.unwrap(), "prolonged");
    assert_eq!(service.list().await.unwrap(), [id.to_string()]);

    mock.once(&format!("GET {name}"), child(id.as_str())).await;
    mock.refuse(&format!("GET {name}"), 404, "NOT_FOUND", missing).await;
    mock.once(&format!("DELETE {name}"), gone(&name)).await;
    mock.refuse(&format!("DELETE {name}"), 404, "NOT_FOUND", missing).await;
    service.close(42).await.unwrap();
    let error = service.close(42).await.unwrap_err();
    assert_eq!((error.code(), error.status()), (Some("NOT_FOUND"), Some(404)));
    assert!(format!("{real:?}").contains("projects/shop"));

    assert_eq!(pushed(&Nowhere, 42).await.unwrap(), "opened");
}
