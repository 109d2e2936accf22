//! Typed async SDK for Databricks Lakebase Postgres, and a real Lakebase on one machine.
//!
//! Lakebase is PostgreSQL with git-like branches: a *project* holds data and its history, a *branch* is a
//! copy-on-write copy of it, an *endpoint* is the compute that serves a branch. This crate creates and deletes them,
//! logs in with credentials that renew themselves, compares the schemas of branches, and brings migrations from a
//! branch to production. With the feature `local` it also is such a service: PostgreSQL servers and branches on this
//! machine behind the same REST API, so that tests and development need no account.
//!
//! # A first example
//!
//! ```no_run
//! use lakebase::{Expiry, Lakebase, hours};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let lakebase = Lakebase::from_env().await?; // as every Databricks tool finds its settings
//! let production = lakebase.project("shop")?.default_branch().await?;
//!
//! let dev = production.create_branch("dev", Expiry::after(hours(24))).await?; // ready when it returns
//! let pool = dev.pool().await?; // a pool of sqlx that renews its credential
//! let customers: i64 = sqlx::query_scalar("SELECT count(*) FROM customers").fetch_one(&pool).await?;
//! println!("{customers} customers on {}; changes here do not reach production", dev.name);
//!
//! dev.delete().await?;
//! # Ok(())
//! # }
//! ```
//!
//! Without a workspace, take the client from a local Lakebase instead: `LocalLakebase::builder().attach_or_start()`
//! and then `client()`. Nothing else changes.
//!
//! # Concepts
//!
//! * [`Lakebase`] is the client: an address, a login, a connection pool for HTTP. Cloning it is cheap.
//! * [`Project`], [`Branch`], [`Endpoint`], [`Role`], [`Database`] and [`Snapshot`] are **handles**: a name and a
//!   client. Creating one sends no request and does not check that the resource exists. Its methods send the requests.
//! * [`ProjectInfo`](model::ProjectInfo), [`BranchInfo`](model::BranchInfo), … are **answers of the service**: plain
//!   data, returned by reads and creates. Each has the methods that usually come next (`info.pool()`,
//!   `info.delete()`); `info.handle()` has all of them.
//! * Names are types. [`BranchId`](name::BranchId) checks the rule for ids, [`BranchName`](name::BranchName) is
//!   `projects/shop/branches/dev`. Where a method takes one, it takes a `&str` too, and an invalid one is an error whose
//!   message states the rule.
//! * **Requests are builders that are awaited.** `create_branch(…)` sends nothing; `.await` sends it and waits until
//!   the branch can be used; `.start().await` gives the [`Operation`] instead, which can be waited for later, also by
//!   another process. Lists are [`List`](builder::List): awaited, a `Vec`; as a stream, page by page.
//! * [`Expiry`] is an argument because the service refuses a branch without one.
//! * There is one [`Error`]. Match on [`Error::kind`]; its `Display` is for users.
//! * [`schema`] compares any two PostgreSQL databases, [`data`] their rows. [`migrate`] applies, rehearses and promotes migrations.
//!   All are also methods of [`Branch`].
//!
//! # Common tasks
//!
//! | to | call |
//! |---|---|
//! | create a project if it is missing | [`lakebase.create_project(id)`](Lakebase::create_project)`.if_missing()` |
//! | find production | [`project.default_branch()`](Project::default_branch) |
//! | branch as of yesterday | [`production.create_branch(id, expiry)`](Branch::create_branch)`.at_time(t)` |
//! | a branch that is deleted when a guard is dropped | [`production.ephemeral(id, ttl)`](Branch::ephemeral) |
//! | reset a branch to the present state of its source | [`branch.reset()`](Branch::reset) |
//! | bring a branch back to a moment, in place | [`branch.restore_to(time)`](Branch::restore_to) |
//! | keep a branch longer | [`branch.update()`](Branch::update)`.expiry(…)` |
//! | query | [`branch.pool()`](Branch::pool), [`branch.connect()`](Branch::connect) |
//! | give a URL to another driver | [`branch.connection_info()`](Branch::connection_info) |
//! | generate a database password | [`endpoint.credential()`](Endpoint::credential) |
//! | resize or suspend a compute | [`endpoint.update()`](Endpoint::update) |
//! | draw all branches | [`project.tree()`](Project::tree) |
//! | see what a branch changed | [`branch.compare_schema(&other)`](Branch::compare_schema) |
//! | see what production changed meanwhile | [`branch.drift()`](Branch::drift) |
//! | try a migration on a temporary branch | [`production.rehearse(&m)`](Branch::rehearse) |
//! | bring it to production | [`branch.promote(&m)`](Branch::promote) |
//! | see which migrations are applied | [`branch.migration_status(&m)`](Branch::migration_status) |
//! | a branch or a database for each test | `lakebase::testing` (feature `testing`) |
//! | call an API without a method here | [`lakebase.request(…)`](Lakebase::request) |
//!
//! Apply a migration to a branch, look at the difference, promote it:
//!
//! ```no_run
//! use lakebase::{Branch, migrate::Migration, schema::HazardKind};
//!
//! async fn ship(feature: &Branch, production: &Branch) -> lakebase::Result<()> {
//!     let tier = Migration::new("add-tier", "ALTER TABLE customers ADD COLUMN tier text DEFAULT 'bronze'");
//!     feature.apply(&tier).await?;
//!     println!("{}", feature.compare_schema(production).await?);
//!     println!("{}", feature.promote(&tier).stop_on(HazardKind::DataLoss).await?);
//!     Ok(())
//! }
//! ```
//!
//! # Features
//!
//! | feature | default | what it adds |
//! |---|---|---|
//! | `sqlx` | on | pools and connections of [sqlx](https://docs.rs/sqlx), re-exported as `lakebase::sqlx` |
//! | `tokio-postgres` | off | connections of [tokio-postgres](https://docs.rs/tokio-postgres), re-exported |
//! | `deadpool` | off | `LakebaseConnect`, for pools of [deadpool-postgres](https://docs.rs/deadpool-postgres) |
//! | `diesel-async` | off | connections and pools of [diesel-async](https://docs.rs/diesel-async) |
//! | `schema` | on | [`schema`]: comparison of schemas, migration plans, drift |
//! | `data` | on | [`data`]: comparison of rows, taking rows back |
//! | `migrate` | on | [`migrate`]: migrations, rehearsal, promotion |
//! | `local` | off | `lakebase::local`, a Lakebase on this machine, and the program `lakebase-local` |
//! | `cli` | off | the program `lakebase`: branches from the command line |
//! | `testing` | off | `lakebase::testing`, a branch or a database for each test |
//! | `metrics` | off | calls, waits, logins and renewals for the `metrics` facade: [`telemetry`] |
//!
//! With `default-features = false` the crate is the REST client: no database driver is built, and
//! [`Branch::connection_info`] has what any driver needs. Features add API and never change behavior.
//!
//! TLS is rustls with the `ring` provider, which needs a C compiler to build and no cmake. HTTP and
//! PostgreSQL trust the same authorities: the operating system's store and the certificates that the client is given.
//!
//! # Limits
//!
//! * It needs a tokio runtime; its own work on databases (comparison, migrations) uses sqlx.
//! * The local Lakebase runs on Linux (tested) and macOS (not tested), serves loopback addresses only, and answers
//!   `NOT_IMPLEMENTED` ([`ErrorKind::Unsupported`]) to high availability.
//! * Certificates are always verified. A configuration that says otherwise is refused.
//! * Schema comparison says what it does not compare: see `SchemaDiff::uncompared`.
//!
//! The guides are in `docs/` of the repository: getting started, the program `lakebase`, the console, authentication, pools and
//! errors, the local Lakebase, branches and expiry, schema comparison, promotion, testing with branches, continuous
//! integration, design, and a table for users of the Python notebooks.
#![cfg_attr(docsrs, feature(doc_cfg))]

mod api;
pub mod auth;
#[cfg(feature = "data")]
pub mod data;
pub mod error;
#[cfg(fuzzing)]
#[doc(hidden)]
#[path = "../fuzz/entry_points.rs"]
pub mod fuzzing;
// One declaration for each: rustdoc runs no test of a module under `any(doctest, docsrs)`.
#[cfg(doctest)]
#[path = "../docs/guides.rs"]
pub mod guides;
#[cfg(all(docsrs, not(doctest)))]
#[path = "../docs/guides.rs"]
pub mod guides;
mod http;
#[cfg(feature = "local")]
pub mod local;
#[cfg(feature = "migrate")]
pub mod migrate;
mod postgres;
#[cfg(feature = "schema")]
pub mod schema;
#[cfg(feature = "schema")]
mod sql;
pub mod telemetry;
#[cfg(feature = "testing")]
pub mod testing;
mod workflow;

pub use api::{
    branch::Branch,
    client::Lakebase,
    database::Database,
    endpoint::Endpoint,
    expiry::{Expiry, days, hours},
    lsn::Lsn,
    operation::Operation,
    project::Project,
    role::Role,
    snapshot::Snapshot,
};
pub use error::{Error, ErrorKind, Result};
pub use postgres::info::ConnectionInfo;
#[cfg(feature = "sqlx")]
pub use postgres::pool::LakebasePool;
/// The driver behind pools and connections, so that a dependent uses the same version of it.
#[cfg(feature = "sqlx")]
pub use sqlx;
/// Other drivers, re-exported for the same reason.
#[cfg(feature = "tokio-postgres")]
pub use tokio_postgres;
pub use workflow::ephemeral::EphemeralBranch;
#[cfg(feature = "deadpool")]
pub use {deadpool_postgres, postgres::drivers::deadpool::LakebaseConnect};
#[cfg(feature = "diesel-async")]
pub use {diesel, diesel_async};

/// Ids and resource names, checked when they are made.
pub mod name {
    pub use crate::api::name::{
        BranchId, BranchName, DatabaseId, DatabaseName, EndpointId, EndpointName, OperationName, ProjectId,
        ProjectName, RoleId, RoleName, SnapshotId, SnapshotName,
    };
}

/// Plain data: answers of the service and parameters of requests.
pub mod model {
    #[cfg(feature = "tokio-postgres")]
    pub use crate::postgres::drivers::tokio_postgres::TokioPostgresConnection;
    #[cfg(feature = "schema")]
    pub use crate::workflow::restore::RestoredBranch;
    pub use crate::{
        api::{
            branch::{BranchInfo, BranchStorage, CopyCost},
            client::CurrentUser,
            created::Created,
            credential::{CredentialCache, DatabaseCredential},
            database::DatabaseInfo,
            endpoint::{EndpointGroup, EndpointHosts, EndpointInfo, Suspension},
            operation::Progress,
            project::{
                AccessEntry, AccessList, CustomTag, EndpointDefaults, Grant, Permission, Principal,
                ProjectInfo,
            },
            resource::Resource,
            role::{RoleAttributes, RoleDefinition, RoleInfo},
            snapshot::{Cadence, ScheduleRule, SnapshotInfo, SnapshotSchedule, Weekday},
            wire::{
                branch::{BranchState, CopyMethod},
                endpoint::{EndpointState, EndpointType},
                permission::PermissionLevel,
                role::{AuthMethod, IdentityType, MembershipRole},
            },
        },
        postgres::info::TlsMode,
        workflow::tree::{Tree, TreeBranch},
    };
}

/// Request builders, returned by the methods of handles and sent when awaited; and the client builder.
pub mod builder {
    #[cfg(feature = "sqlx")]
    pub use crate::postgres::connect::{OpenConnection, OpenPool};
    #[cfg(feature = "data")]
    pub use crate::workflow::data::{
        CompareData,
        apply::ApplyData,
        drift::CompareDataDrift,
        mask::{CheckMasking, CreateMasked},
    };
    #[cfg(feature = "schema")]
    pub use crate::workflow::restore::RestoreBranch;
    pub use crate::{
        api::{
            branch::{
                CreateBranch, CreateBranchIfMissing, DeleteBranch, ResetBranch, UndeleteBranch, UpdateBranch,
            },
            client::ClientBuilder,
            credential::GenerateCredential,
            database::{CreateDatabase, DeleteDatabase, UpdateDatabase},
            endpoint::{CreateEndpoint, DeleteEndpoint, UpdateEndpoint},
            page::List,
            project::{
                CreateProject, CreateProjectIfMissing, DeleteProject, ProjectPermissions, UndeleteProject,
                UpdateProject,
            },
            role::{CreateRole, DeleteRole, UpdateRole},
            snapshot::{CreateSnapshot, DeleteSnapshot, SetSnapshotSchedule},
        },
        http::{RawMethod as Method, RawRequest, RetryPolicy},
        postgres::DescribeConnection,
        workflow::ephemeral::CreateEphemeral,
    };
}
