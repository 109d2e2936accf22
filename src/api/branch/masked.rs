//! Requests for masked branches.

use std::{mem, time::Duration};

use chrono::Utc;
use secrecy::SecretString;
use serde_json::Value;

use super::{Branch, BranchInfo, CreateBranch};
use crate::{
    api::{expiry::Expiry, operation::Operation, request::start, wire::masked::MaskedBranch},
    error::{Error, Result},
    http::Request,
};

impl CreateBranch {
    /// Asks for a branch that is masked before it has an address. Nothing where the service has no such call.
    pub(crate) async fn start_masked(
        self,
        rules: Value,
        key: Option<SecretString>,
    ) -> Result<Option<(Branch, Operation<BranchInfo>)>> {
        if self.replace_existing {
            return Err(Error::invalid(
                "a branch that exists is not masked in place: leave out replace_existing, and delete the branch first",
            ));
        }
        let client = self.project.client().clone();
        let path = format!("{}/masked-branches", self.project.name());
        let (branch, request) = self.request(Utc::now())?;
        let Request { body, query, context, .. } = request;
        let body = body.map(serde_json::from_value).transpose();
        let body = body.map_err(|error| Error::invalid(format!("the request has no JSON form: {error}")))?;
        let body = MaskedBranch { branch: body.unwrap_or_default(), rules, key };
        let request = Request { query, ..Request::post(&path, &body, context)? };
        match start(&client, request).await {
            Ok(operation) => Ok(Some((branch, operation))),
            // A missing project or source has a code of its own.
            Err(error) if error.is_not_found() && error.code() != Some("NOT_FOUND") => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The handle of the new branch.
    pub(crate) fn target(&self) -> Result<Branch> {
        let (branch, _) = self.clone().request(Utc::now())?;
        Ok(branch)
    }

    /// The request for a branch that lives so long, and the expiry and protection that it had.
    pub(crate) fn living(mut self, time: Duration) -> (Self, Expiry, bool) {
        let expiry = mem::replace(&mut self.expiry, Expiry::After(time));
        let protected = self.protected.take().unwrap_or_default();
        (self, expiry, protected)
    }
}
