//! Paths, queries and bodies of requests, read leniently; errors have the service's texts.

use std::{collections::HashMap, time::Duration};

use axum::{
    body::Bytes,
    extract::{FromRequest, FromRequestParts, Path, Query, Request},
    http::request::Parts,
};
use serde::de::DeserializeOwned;
use serde_json::error::Category;
use tokio::time::timeout;

use crate::{
    api::name::{BranchName, DatabaseName, EndpointName, FromService, ProjectName, RoleName, SnapshotName},
    local::control::{Code, ErrorResponse, PageRequest},
};

/// A body holds up to a megabyte; any client on this machine sends it faster.
const BODY_WITHIN: Duration = Duration::from_secs(30);

/// The resource in a body. An empty body is an empty resource; unknown fields are ignored.
pub(super) struct Body<T>(pub(super) T);

impl<T: DeserializeOwned + Default, S: Send + Sync> FromRequest<S> for Body<T> {
    type Rejection = ErrorResponse;

    async fn from_request(request: Request, state: &S) -> Result<Self, ErrorResponse> {
        let received = timeout(BODY_WITHIN, Bytes::from_request(request, state)).await.map_err(|_| {
            let text = format!("the request body did not arrive within {} s", BODY_WITHIN.as_secs());
            ErrorResponse::new(Code::MalformedRequest, text)
        })?;
        let bytes = received.map_err(|error| {
            let code = if error.status() == 413 { Code::RequestTooLarge } else { Code::MalformedRequest };
            ErrorResponse::new(code, format!("the request body cannot be read: {}", error.body_text()))
        })?;
        if bytes.iter().all(u8::is_ascii_whitespace) {
            return Ok(Self(T::default()));
        }
        read(&bytes).map(Self).map_err(|error| {
            let code = match error.classify() {
                Category::Data => Code::InvalidParameterValue,
                _ => Code::MalformedRequest,
            };
            ErrorResponse::new(code, format!("Could not parse request object: {error}"))
        })
    }
}

/// Output-only fields, which clients that send back a whole resource send too.
const OUTPUT_ONLY: [&str; 9] = [
    "status",
    "name",
    "parent",
    "uid",
    "create_time",
    "update_time",
    "delete_time",
    "purge_time",
    "state_change_time",
];

fn read<T: DeserializeOwned>(bytes: &[u8]) -> serde_json::Result<T> {
    let mut body: serde_json::Value = serde_json::from_slice(bytes)?;
    // A list would pass for a message, its items for the fields.
    let expected =
        |what: &str| <serde_json::Error as serde::de::Error>::custom(format!("{what} is not an object"));
    let fields = body.as_object_mut().ok_or_else(|| expected("the body"))?;
    if let Some((name, _)) = fields.iter().find(|(name, value)| name.ends_with("spec") && value.is_array()) {
        return Err(expected(&format!("'{name}'")));
    }
    fields.retain(|field, _| !OUTPUT_ONLY.contains(&field.as_str()));
    serde_json::from_value(body)
}

/// The name of the resource that the path is about. An id that no resource can have is not found.
pub(super) struct Name<T>(pub(super) T);

/// A name as the ids of a path.
pub(super) trait PathName: Sized {
    fn from_ids<'a>(ids: &mut impl Iterator<Item = &'a str>) -> Result<Self, ErrorResponse>;
}

fn next_id<'a, T: FromService>(ids: &mut impl Iterator<Item = &'a str>) -> Result<T, ErrorResponse> {
    T::from_service(ids.next().unwrap_or_default()).map_err(|error| ErrorResponse::not_found(error.kind()))
}

impl PathName for ProjectName {
    fn from_ids<'a>(ids: &mut impl Iterator<Item = &'a str>) -> Result<Self, ErrorResponse> {
        Ok(Self::new(next_id(ids)?))
    }
}

/// Names whose path is that of a parent and one more id.
macro_rules! path_names {
    ($($name:ident),+) => {
        $(impl PathName for $name {
            fn from_ids<'a>(ids: &mut impl Iterator<Item = &'a str>) -> Result<Self, ErrorResponse> {
                Ok(Self::new(PathName::from_ids(ids)?, next_id(ids)?))
            }
        })+
    };
}

path_names!(BranchName, EndpointName, RoleName, DatabaseName, SnapshotName);

impl<T: PathName + Send, S: Send + Sync> FromRequestParts<S> for Name<T> {
    type Rejection = ErrorResponse;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ErrorResponse> {
        match Path::<Vec<String>>::from_request_parts(parts, state).await {
            Ok(Path(ids)) => T::from_ids(&mut ids.iter().map(String::as_str)).map(Self),
            Err(error) => {
                Err(ErrorResponse::invalid(format!("the path cannot be read: {}", error.body_text())))
            }
        }
    }
}

/// The query parameters of any route; unknown ones are ignored.
pub(super) struct Params(HashMap<String, String>);

impl Params {
    /// A text; empty when it is missing.
    pub(super) fn text(&self, name: &str) -> String {
        self.0.get(name).cloned().unwrap_or_default()
    }

    pub(super) fn optional(&self, name: &str) -> Option<String> {
        self.0.get(name).cloned()
    }

    /// A flag; absent is false.
    pub(super) fn flag(&self, name: &str) -> Result<bool, ErrorResponse> {
        match self.0.get(name).map(String::as_str) {
            None | Some("" | "false") => Ok(false),
            Some("true") => Ok(true),
            Some(other) => {
                Err(ErrorResponse::invalid(format!("Field '{name}' must be true or false, got '{other}'")))
            }
        }
    }

    pub(super) fn page(&self) -> Result<PageRequest, ErrorResponse> {
        let read = |text: &String| {
            text.parse().map_err(|_| {
                ErrorResponse::invalid(format!("Field 'page_size' must be a number, got '{text}'"))
            })
        };
        let page_size = self.0.get("page_size").filter(|text| !text.is_empty()).map(read).transpose()?;
        Ok(PageRequest { page_size, page_token: self.optional("page_token") })
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Params {
    type Rejection = ErrorResponse;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ErrorResponse> {
        match Query::<HashMap<String, String>>::from_request_parts(parts, state).await {
            Ok(Query(all)) => Ok(Self(all)),
            Err(error) => {
                Err(ErrorResponse::invalid(format!("the query cannot be read: {}", error.body_text())))
            }
        }
    }
}

#[cfg(fuzzing)]
pub(crate) fn fuzz_json_body(data: &[u8]) {
    use crate::api::wire;
    let _ = read::<wire::project::Project>(data);
    let _ = read::<wire::branch::Branch>(data);
    let _ = read::<wire::endpoint::Endpoint>(data);
    let _ = read::<wire::role::Role>(data);
    let _ = read::<wire::role::Database>(data);
    let _ = read::<wire::credential::CredentialRequest>(data);
    // Answers, as the client reads them.
    let _ = serde_json::from_slice::<wire::operation::Operation>(data);
    let _ = serde_json::from_slice::<wire::error::ErrorBody>(data);
}
