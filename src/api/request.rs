//! Shared parts of all requests: arguments, sending, awaiting.

use crate::{
    api::{
        client::Lakebase,
        operation::Operation,
        resource::{Reading, Resource},
        wait::{PollResult, until},
        wire,
    },
    error::{Error, ErrorKind, Result},
    http::Request,
};

/// Collects invalid arguments of a request, so that building one never fails: the first is reported when it is sent.
#[derive(Debug, Clone, Default)]
pub(crate) struct Arguments {
    wrong: Option<Error>,
}

impl Arguments {
    pub(crate) fn check(&mut self, result: Result<()>) {
        if let Err(error) = result {
            self.wrong.get_or_insert(error);
        }
    }

    /// The converted argument; `None` if it is invalid.
    pub(crate) fn take<T>(&mut self, argument: impl TryInto<T, Error: Into<Error>>) -> Option<T> {
        argument.try_into().map_err(|error| self.check(Err(error.into()))).ok()
    }

    pub(crate) fn finish(self) -> Result<()> {
        self.wrong.map_or(Ok(()), Err)
    }
}

/// Sends a change, again for up to three minutes while the service is reconciling: such a rejection changes nothing.
pub(crate) async fn start<T: Resource>(client: &Lakebase, request: Request) -> Result<Operation<T>> {
    let context = request.context.clone();
    let answer = until!(client.deadlines().ready, {
        match client.send::<wire::operation::Operation>(request.clone()).await {
            Ok(answer) => Ok(PollResult::Ready(answer)),
            Err(error) if error.kind() == ErrorKind::Reconciling => {
                Ok(PollResult::Pending(error.to_string()))
            }
            Err(error) => Err(error),
        }
    });
    Operation::from_answer(client, answer.await.map_err(|error| error.with_context(context))?)
}

/// Reads one resource.
pub(crate) async fn read<T: Resource>(client: &Lakebase, request: Request) -> Result<T> {
    client.send_for(request, Reading::new(client)).await
}

/// Waits for the end of a deletion. With `allow_missing`, a missing resource counts as deleted.
pub(crate) async fn gone(started: Result<Operation<()>>, allow_missing: bool) -> Result<()> {
    match started {
        Ok(operation) => operation.await,
        Err(error) if error.kind() == ErrorKind::NotFound && allow_missing => Ok(()),
        Err(error) => Err(error),
    }
}

/// A missing resource is a value, not an error.
pub(crate) fn ok_or_missing<T>(result: Result<T>) -> Result<Option<T>> {
    match result {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Implements `IntoFuture` for a request builder by calling its `run`.
macro_rules! sent_when_awaited {
    ($builder:ty => $output:ty) => {
        impl IntoFuture for $builder {
            type Output = $crate::error::Result<$output>;
            type IntoFuture = futures_util::future::BoxFuture<'static, Self::Output>;

            fn into_future(self) -> Self::IntoFuture {
                Box::pin(self.run())
            }
        }
    };
}
pub(crate) use sent_when_awaited;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::name::BranchId;

    #[test]
    fn the_first_wrong_argument_is_reported() {
        let mut arguments = Arguments::default();
        assert_eq!(arguments.take::<BranchId>("dev").unwrap().as_str(), "dev");
        assert!(arguments.take::<BranchId>("First").is_none());
        assert!(arguments.take::<BranchId>("Second").is_none());
        let error = arguments.clone().finish().unwrap_err();
        assert!(error.to_string().contains("First"), "{error}");
        assert!(arguments.finish().is_err());
    }
}
