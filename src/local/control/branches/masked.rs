//! Creation of masked branches: the rules are applied between the copy and the first address.

use std::{future::Future, sync::Arc};

use futures_util::FutureExt as _;

use super::Branches;
use crate::{
    api::{
        name::ProjectName,
        wire::{masked::MaskedBranch, operation::Operation},
    },
    data::{
        DataError,
        mask::{Rules, replace},
    },
    local::{
        control::{
            error_conversion::with_sources,
            error_response::{Code, ErrorResponse},
            failpoint,
            state::Branch,
        },
        engine::{Engine, KeptFiles, MaskingServer},
    },
};

/// Rules with their secret key.
pub(super) struct Masks(Rules);

impl Branches {
    /// Creates a branch that is masked before it has an address. Where that fails there is no branch.
    pub(crate) async fn create_masked(
        &self,
        project: ProjectName,
        id: String,
        body: MaskedBranch,
    ) -> Result<Operation, ErrorResponse> {
        let MaskedBranch { branch, rules, key } = body;
        let rules: Rules = serde_json::from_value(rules)
            .map_err(|error| ErrorResponse::invalid(format!("Field 'rules': {error}")))?;
        let rules = match key {
            Some(key) => rules.key(key),
            None => rules,
        };
        let masks = Masks(rules.with_some_key()?);
        let spec = branch.spec.unwrap_or_default();
        self.operations.submit(self.clone().begin_create(project, id, false, spec, Some(masks))).await
    }
}

impl Masks {
    /// Masks all databases of a branch that has no address yet, and removes its past; ends with the error of `cancelled`
    /// when that ends.
    pub(super) async fn apply(
        self,
        engine: &Engine,
        branch: &Branch,
        cancelled: impl Future<Output = ErrorResponse>,
    ) -> Result<(), ErrorResponse> {
        let name = branch.name();
        engine.mask(&branch.key(), cancelled, |server| self.mask(server).boxed()).await?;
        failpoint::reached("create-branch.masked");
        tracing::info!(branch = %name, "masked the branch");
        Ok(())
    }

    async fn mask(self, server: Arc<MaskingServer>) -> Result<KeptFiles, ErrorResponse> {
        let databases = server.databases().await?;
        if let Some(unknown) = self.0.databases().find(|name| !databases.iter().any(|known| known == name)) {
            return Err(ErrorResponse::bad_request(format!(
                "the rules name database {unknown:?}, which does not exist"
            )));
        }
        server.create_masker().await?;
        for database in &databases {
            let mut session = server.masker(database).await?;
            let masked = replace(&mut session, &self.0.for_database(database)).await;
            drop(sqlx::Connection::close(session).await);
            let (masked, _) = masked.map_err(|error| in_database(database, error))?;
            tracing::debug!(database, %masked, "masked a database");
            failpoint::reached("create-branch.database-masked");
        }
        server.drop_masker().await?;
        for database in &databases {
            server.purge_catalogs(database).await?;
        }
        let files = server.relation_files().await?;
        server.begin_wal().await?;
        Ok(files)
    }
}

fn in_database(database: &str, error: DataError) -> ErrorResponse {
    let answer = ErrorResponse::from(error);
    ErrorResponse::new(answer.code, format!("database {database}: {}", answer.message))
}

impl From<DataError> for ErrorResponse {
    fn from(error: DataError) -> Self {
        let code = match &error {
            DataError::MaskRefused { .. } | DataError::Mask { .. } => Code::BadRequest,
            DataError::MaskRules { .. } => Code::InvalidParameterValue,
            _ => Code::Internal,
        };
        Self::new(code, with_sources(&error))
    }
}
