//! The project of the demonstration: created and filled on first use, found again afterwards.

use lakebase::{
    Branch, Expiry, Lakebase,
    model::{BranchInfo, ProjectInfo},
    name::ProjectId,
};
use sqlx::{Connection, PgConnection};

use super::{Result, service::Service};

/// The project with its default branch, which is production here.
pub struct Shop {
    pub project: ProjectInfo,
    pub created: bool,
    pub production: BranchInfo,
}

impl Shop {
    /// Ensures that the project and its rows exist.
    pub async fn open(service: &Service) -> Result<Self> {
        let shop = Self::without_rows(service).await?;
        shop.seed().await?;
        Ok(shop)
    }

    pub async fn without_rows(service: &Service) -> Result<Self> {
        let id = project_id(&service.lakebase).await?;
        let found = service
            .lakebase
            .create_project(id)
            .display_name("Lakebase branching")
            .if_missing()
            .outcome()
            .await?;
        let production = found.info.default_branch().await?;
        Ok(Self { project: found.info, created: found.created, production })
    }

    /// Creates and fills the schema; existing rows stay. Returns whether the schema is new.
    pub async fn seed(&self) -> Result<bool> {
        let mut connection = self.production.connect().await?;
        let mut transaction = connection.begin().await?;
        let is_new = sqlx::query_scalar("SELECT to_regnamespace('ecommerce') IS NULL");
        let is_new = is_new.fetch_one(&mut *transaction).await?;
        sqlx::raw_sql(include_str!("ecommerce.sql")).execute(&mut *transaction).await?;
        transaction.commit().await?;
        Ok(is_new)
    }
}

/// `lakebase-branching-<user>`, where `<user>` is the caller's name before the `@` in the alphabet of an id.
pub async fn project_id(lakebase: &Lakebase) -> Result<ProjectId> {
    let user = &lakebase.current_user().await?.user_name;
    let name = user.split('@').next().unwrap_or_default().to_lowercase();
    let safe: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let id: String = format!("lakebase-branching-{safe}").chars().take(63).collect();
    Ok(ProjectId::new(id.trim_end_matches('-'))?)
}

/// Creates a branch; one of the same id from an earlier run is deleted first.
pub async fn fresh_branch(source: impl AsRef<Branch>, id: &str, expiry: Expiry) -> Result<BranchInfo> {
    let source = source.as_ref();
    source.project().branch(id)?.delete().allow_missing().await?;
    Ok(source.create_branch(id, expiry).await?)
}

/// Runs a query for one number.
pub async fn count(connection: &mut PgConnection, sql: &'static str) -> Result<i64> {
    Ok(sqlx::query_scalar(sql).fetch_one(connection).await?)
}
