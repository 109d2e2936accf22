//! Error answers of the control plane, with the codes and texts of the Lakebase REST API.

use std::fmt;

use serde_json::{Value, json};

use crate::api::wire::error::ErrorBody;

/// The error codes that this server uses, with the HTTP status each one travels under.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Code {
    InvalidParameterValue,
    BadRequest,
    MalformedRequest,
    Unauthenticated,
    PermissionDenied,
    NotFound,
    EndpointNotFound,
    AlreadyExists,
    Aborted,
    ResourceExhausted,
    RequestTooLarge,
    Internal,
    NotImplemented,
    Unavailable,
}

impl Code {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::InvalidParameterValue => "INVALID_PARAMETER_VALUE",
            Self::BadRequest | Self::RequestTooLarge => "BAD_REQUEST",
            Self::MalformedRequest => "MALFORMED_REQUEST",
            Self::Unauthenticated => "UNAUTHENTICATED",
            Self::PermissionDenied => "PERMISSION_DENIED",
            Self::NotFound => "NOT_FOUND",
            Self::EndpointNotFound => "ENDPOINT_NOT_FOUND",
            Self::AlreadyExists => "ALREADY_EXISTS",
            Self::Aborted => "ABORTED",
            Self::ResourceExhausted => "RESOURCE_EXHAUSTED",
            Self::Internal => "INTERNAL_ERROR",
            Self::NotImplemented => "NOT_IMPLEMENTED",
            Self::Unavailable => "TEMPORARILY_UNAVAILABLE",
        }
    }

    pub(crate) fn status(self) -> u16 {
        match self {
            Self::InvalidParameterValue | Self::BadRequest | Self::MalformedRequest => 400,
            Self::Unauthenticated => 401,
            Self::PermissionDenied => 403,
            Self::NotFound | Self::EndpointNotFound => 404,
            Self::AlreadyExists | Self::Aborted => 409,
            Self::RequestTooLarge => 413,
            Self::ResourceExhausted => 429,
            Self::Internal => 500,
            Self::NotImplemented => 501,
            Self::Unavailable => 503,
        }
    }
}

/// The error answer of a call: a code, a text for the caller, and whether deleting the parent deletes the resource too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ErrorResponse {
    pub(crate) code: Code,
    pub(crate) message: String,
    managed_by_parent: bool,
}

impl ErrorResponse {
    pub(crate) fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), managed_by_parent: false }
    }

    /// A value that breaks a rule.
    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new(Code::InvalidParameterValue, message)
    }

    /// A call that the present state forbids.
    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(Code::BadRequest, message)
    }

    pub(crate) fn required(field: &str) -> Self {
        Self::invalid(format!("Field '{field}' is required, expected non-default value (not \"\")!"))
    }

    /// `project id not found` and its siblings; these texts carry a trace id, as the service's do.
    pub(crate) fn not_found(what: impl fmt::Display) -> Self {
        Self::new(Code::NotFound, format!("{what} not found [TraceId: {:032x}]", fastrand::u128(..)))
    }

    pub(crate) fn role_not_found(role_id: impl fmt::Display) -> Self {
        Self::new(
            Code::NotFound,
            format!("role not found; role_id:\"{role_id}\" [TraceId: {:032x}]", fastrand::u128(..)),
        )
    }

    /// A feature of the service that the local Lakebase lacks, with the alternative.
    pub(crate) fn not_implemented(feature: impl fmt::Display, instead: impl fmt::Display) -> Self {
        Self::new(Code::NotImplemented, format!("{feature} not supported by the local Lakebase; {instead}"))
    }

    pub(crate) fn internal(message: impl Into<String>) -> Self {
        Self::new(Code::Internal, message)
    }

    /// Marks a delete that declarative tools may ignore, because deleting the parent does it.
    pub(crate) fn managed_by_parent(mut self) -> Self {
        self.managed_by_parent = true;
        self
    }

    /// The JSON body, with a new request id.
    pub(crate) fn body(&self) -> ErrorBody {
        let mut details: Vec<Value> = Vec::new();
        if self.managed_by_parent {
            details.push(json!({
                "@type": "type.googleapis.com/google.rpc.ErrorInfo",
                "domain": "databricks.com",
                "reason": "RESOURCE_CONFLICT",
                "metadata": {"declarative_context": "MANAGED_BY_PARENT"},
            }));
        }
        details.push(json!({
            "@type": "type.googleapis.com/google.rpc.RequestInfo",
            "request_id": super::generated_ids::uuid(),
            "serving_data": "",
        }));
        ErrorBody {
            error_code: Some(self.code.as_str().to_owned()),
            message: Some(self.message.clone()),
            details,
        }
    }
}

impl fmt::Display for ErrorResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code.as_str(), self.message)
    }
}

impl std::error::Error for ErrorResponse {}
