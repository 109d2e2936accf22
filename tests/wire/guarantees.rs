//! Guarantees to callers: handles and models go between threads, and builders are futures that do too.

use lakebase::{
    Branch, ConnectionInfo, Database, Endpoint, Error, ErrorKind, Expiry, Lakebase, LakebasePool, Operation,
    Project, Role, Snapshot,
    auth::{Env, Token},
    model::{
        BranchInfo, Created, CredentialCache, CurrentUser, DatabaseCredential, DatabaseInfo, EndpointInfo,
        EndpointType, ProjectInfo, RoleDefinition, RoleInfo, SnapshotInfo, SnapshotSchedule, Tree,
    },
};

use crate::support::mock::MockService;

fn shared<T: Send + Sync + Clone + std::fmt::Debug + 'static>() {}
fn sent<T: Send>(_: T) {}

#[tokio::test]
async fn handles_models_and_pools_are_shared_between_threads() {
    shared::<Project>();
    shared::<ProjectInfo>();
    shared::<Branch>();
    shared::<BranchInfo>();
    shared::<Endpoint>();
    shared::<EndpointInfo>();
    shared::<Role>();
    shared::<RoleInfo>();
    shared::<Database>();
    shared::<DatabaseInfo>();
    shared::<Snapshot>();
    shared::<SnapshotInfo>();
    shared::<Tree>();
    shared::<CredentialCache>();
    shared::<LakebasePool>();
    shared::<Lakebase>();
    shared::<ConnectionInfo>();
    shared::<DatabaseCredential>();
    shared::<CurrentUser>();
    shared::<SnapshotSchedule>();
    shared::<Created<BranchInfo>>();
    shared::<ErrorKind>();
    shared::<Env>();
    shared::<Token>();
    fn error<T: std::error::Error + Send + Sync + 'static>() {}
    error::<Error>();
    fn operation<T: Send + Sync + 'static>() {}
    operation::<Operation<BranchInfo>>();
}

#[tokio::test]
async fn futures_go_between_threads_and_send_nothing_until_they_are_awaited() {
    let service = MockService::new().await;
    let (shop, dev) = (service.project(), service.branch());
    let primary = dev.endpoint("primary").unwrap();
    sent(shop.create_branch("x", Expiry::Never).into_future());
    sent(shop.create_branch("x", Expiry::Never).if_missing().into_future());
    sent(shop.branches().stream());
    sent(shop.tree());
    sent(dev.delete().into_future());
    sent(dev.reset().into_future());
    sent(dev.pool().into_future());
    sent(dev.connect().into_future());
    sent(primary.update().max_cu(1.0).into_future());
    sent(primary.wait_until_ready());
    sent(service.lakebase.create_project("p").if_missing().into_future());
    sent(service.lakebase.current_user());
    sent(service.lakebase.request(lakebase::builder::Method::Get, "/x", None).into_future());
    sent(Lakebase::from_env());
    sent(shop.default_branch());
    sent(shop.create_snapshot("s", &dev, Expiry::Never).into_future());
    sent(dev.create_branch("x", Expiry::Never).start());
    sent(dev.update().protected(true).into_future());
    sent(dev.undelete().into_future());
    sent(dev.endpoints().into_future());
    sent(dev.create_endpoint("ro", EndpointType::ReadOnly).into_future());
    sent(dev.create_role(RoleDefinition::plain("r")).into_future());
    sent(dev.create_database("d", dev.role("r").unwrap()).into_future());
    sent(dev.set_snapshot_schedule([]));
    sent(dev.connection_info().into_future());
    sent(dev.wait_until_ready());
    sent(primary.credential().into_future());
    sent(service.lakebase.operation::<BranchInfo>("projects/shop/operations/x").unwrap().into_future());
    assert!(service.calls().await.is_empty());
}

#[tokio::test]
async fn names_are_walked_down_and_up_without_asking_the_service() {
    let service = MockService::new().await;
    let primary = service.lakebase.endpoint("projects/shop/branches/dev/endpoints/primary").unwrap();
    assert_eq!(primary.branch(), service.branch());
    assert_eq!(primary.branch().project(), service.project());
    assert_eq!(service.lakebase.branch("projects/shop/branches/dev").unwrap(), service.branch());
    assert_eq!(service.lakebase.project(primary.branch().project().name()).unwrap(), service.project());
    assert!(service.lakebase.branch("dev").is_err());
    assert!(service.project().branch("feature/42").is_err());
    assert!(service.calls().await.is_empty());
}
