//! Error answers of the service, and the kind of failure that each is.

use std::time::Duration;

use super::ErrorKind;
use crate::api::wire::{error::ErrorBody, format::Seconds};

/// An error answer of the service.
#[derive(Debug, Clone, Default)]
pub(crate) struct ApiError {
    /// 0 inside a failed operation, which has no HTTP status.
    pub(crate) status: u16,
    pub(crate) code: Option<String>,
    pub(crate) message: String,
    pub(crate) request_id: Option<String>,
    pub(crate) managed_by_parent: bool,
    /// How long the service asks to wait before the next try.
    pub(crate) retry_delay: Option<Duration>,
}

impl ApiError {
    pub(crate) fn from_body(status: u16, body: ErrorBody) -> Self {
        let detail = |kind: &str, field: &str| {
            let wanted = format!("type.googleapis.com/google.rpc.{kind}");
            let found = body.details.iter().rev().find(|detail| detail["@type"] == wanted.as_str())?;
            Some(found.pointer(field)?.as_str()?.to_owned())
        };
        let context = detail("ErrorInfo", "/metadata/declarative_context");
        let request_id = detail("RequestInfo", "/request_id");
        Self {
            status,
            managed_by_parent: context.as_deref() == Some("MANAGED_BY_PARENT"),
            retry_delay: detail("RetryInfo", "/retry_delay")
                .and_then(|text| text.parse::<Seconds>().ok())
                .map(|delay| delay.0),
            request_id,
            code: body.error_code,
            message: body.message.unwrap_or_default(),
        }
    }

    /// The code wins over the status where both are known; some refusals can only be told by their text.
    pub(crate) fn kind(&self) -> ErrorKind {
        let text = self.message.to_lowercase();
        let says = |part: &str| text.contains(part);
        if says("already exists") {
            return ErrorKind::AlreadyExists;
        }
        if says("reconciliation") || says("conflicting operations in progress") {
            return ErrorKind::Reconciling;
        }
        // An expired or mistyped personal access token is a 403.
        if self.status == 403 && says("token") && (says("invalid") || says("expired")) {
            return ErrorKind::Unauthenticated;
        }
        match self.code.as_deref().unwrap_or_default() {
            "ALREADY_EXISTS" | "RESOURCE_ALREADY_EXISTS" => ErrorKind::AlreadyExists,
            "NOT_FOUND" | "RESOURCE_DOES_NOT_EXIST" | "ENDPOINT_NOT_FOUND" => ErrorKind::NotFound,
            "UNAUTHENTICATED" => ErrorKind::Unauthenticated,
            "PERMISSION_DENIED" | "CUSTOMER_UNAUTHORIZED" | "PRIVATE_LINK_VALIDATION_ERROR" => {
                ErrorKind::PermissionDenied
            }
            "RESOURCE_EXHAUSTED"
            | "REQUEST_LIMIT_EXCEEDED"
            | "QUOTA_EXCEEDED"
            | "RESOURCE_LIMIT_EXCEEDED" => ErrorKind::RateLimited,
            "INVALID_STATE" | "INVALID_STATE_TRANSITION" | "FAILED_PRECONDITION" | "RESOURCE_CONFLICT" => {
                ErrorKind::FailedPrecondition
            }
            "ABORTED" => ErrorKind::Reconciling,
            "INVALID_PARAMETER_VALUE" | "MALFORMED_REQUEST" => ErrorKind::Invalid,
            "TEMPORARILY_UNAVAILABLE"
            | "UNAVAILABLE"
            | "SERVICE_UNDER_MAINTENANCE"
            | "INTERNAL_ERROR"
            | "WORKSPACE_TEMPORARILY_UNAVAILABLE" => ErrorKind::Unavailable,
            "DEADLINE_EXCEEDED" => ErrorKind::Unavailable,
            "NOT_IMPLEMENTED" | "FEATURE_DISABLED" => ErrorKind::Unsupported,
            "BAD_REQUEST" if says("cannot delete") || says("child branches") || self.managed_by_parent => {
                ErrorKind::FailedPrecondition
            }
            _ => kind_of_status(self.status),
        }
    }

    /// Whether an IP access list or a private link rejected the caller's network.
    fn is_about_the_network(&self) -> bool {
        let text = self.message.to_lowercase();
        self.code.as_deref() == Some("PRIVATE_LINK_VALIDATION_ERROR")
            || ["ip acl", "ip access list", "ip address"].iter().any(|part| text.contains(part))
    }

    /// The service's message, its code and status, and the remedy where there is a usual one.
    pub(super) fn describe(&self, kind: ErrorKind) -> String {
        let mut text =
            if self.message.is_empty() { "no reason was given".to_owned() } else { self.message.clone() };
        let mut facts = Vec::new();
        facts.extend(self.code.clone());
        if self.status != 0 {
            facts.push(format!("HTTP {}", self.status));
        }
        facts.extend(self.request_id.as_ref().map(|id| format!("request id {id}")));
        if !facts.is_empty() {
            text = format!("{text} ({})", facts.join(", "));
        }
        let remedy = match kind {
            ErrorKind::Unauthenticated => "; check the credentials or log in again",
            ErrorKind::PermissionDenied if self.is_about_the_network() => {
                "; connect from a network that the workspace allows, or ask its administrator to allow this one"
            }
            ErrorKind::PermissionDenied => "; ask for CAN_USE or CAN_MANAGE on the project",
            _ => "",
        };
        text + remedy
    }
}

fn kind_of_status(status: u16) -> ErrorKind {
    match status {
        401 => ErrorKind::Unauthenticated,
        403 => ErrorKind::PermissionDenied,
        404 => ErrorKind::NotFound,
        409 => ErrorKind::FailedPrecondition,
        429 => ErrorKind::RateLimited,
        501 => ErrorKind::Unsupported,
        408 | 500 | 502..=504 => ErrorKind::Unavailable,
        400..=499 => ErrorKind::Invalid,
        _ => ErrorKind::Protocol,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;

    fn api_error(status: u16, code: &str, message: &str) -> Error {
        let code = (!code.is_empty()).then(|| code.to_owned());
        Error::from_api(ApiError { status, code, message: message.to_owned(), ..ApiError::default() })
    }

    #[test]
    fn the_recorded_refusals_have_the_kind_that_a_caller_expects() {
        for (status, code, message, kind) in [
            (
                400,
                "BAD_REQUEST",
                "branch already exists; branch_name:\"dev\" [TraceId: 1]",
                ErrorKind::AlreadyExists,
            ),
            (
                409,
                "ALREADY_EXISTS",
                "project with such id already exists in the workspace",
                ErrorKind::AlreadyExists,
            ),
            (400, "BAD_REQUEST", "role with that name already exists", ErrorKind::AlreadyExists),
            (409, "ABORTED", "Endpoint reconciliation still in progress", ErrorKind::Reconciling),
            (
                400,
                "",
                "Your project already has conflicting operations in progress. Please wait",
                ErrorKind::Reconciling,
            ),
            (404, "NOT_FOUND", "branch id not found [TraceId: 1]", ErrorKind::NotFound),
            (404, "", "Not Found", ErrorKind::NotFound),
            (400, "BAD_REQUEST", "cannot delete protected branch", ErrorKind::FailedPrecondition),
            (400, "INVALID_PARAMETER_VALUE", "Unknown field path in update_mask: 'x'", ErrorKind::Invalid),
            (401, "", "", ErrorKind::Unauthenticated),
            (403, "PERMISSION_DENIED", "no", ErrorKind::PermissionDenied),
            (429, "REQUEST_LIMIT_EXCEEDED", "m", ErrorKind::RateLimited),
            (400, "REQUEST_LIMIT_EXCEEDED", "m", ErrorKind::RateLimited),
            (503, "TEMPORARILY_UNAVAILABLE", "m", ErrorKind::Unavailable),
            (500, "INTERNAL_ERROR", "The request could not be processed.", ErrorKind::Unavailable),
            (501, "NOT_IMPLEMENTED", "m", ErrorKind::Unsupported),
        ] {
            assert_eq!(api_error(status, code, message).kind(), kind, "{status} {code} {message}");
        }
    }

    #[test]
    fn reasons_of_a_403_are_told_apart_by_kind_and_remedy() {
        let blocked = "Source IP address: 1.2.3.4 is blocked by Databricks IP ACL for workspace: 1";
        for (code, message, kind, remedy) in [
            ("", "Invalid access token.", ErrorKind::Unauthenticated, "check the credentials"),
            ("403", "Access token expired", ErrorKind::Unauthenticated, "check the credentials"),
            ("", blocked, ErrorKind::PermissionDenied, "connect from a network"),
            (
                "PERMISSION_DENIED",
                "Source IP address: 1.2.3.4 is blocked",
                ErrorKind::PermissionDenied,
                "connect from",
            ),
            ("PRIVATE_LINK_VALIDATION_ERROR", "no", ErrorKind::PermissionDenied, "connect from a network"),
            (
                "PERMISSION_DENIED",
                "User does not have CAN_USE",
                ErrorKind::PermissionDenied,
                "ask for CAN_USE",
            ),
        ] {
            let error = api_error(403, code, message);
            assert_eq!(error.kind(), kind, "{error}");
            assert!(error.to_string().contains(remedy), "{error}");
        }
    }

    #[test]
    fn details_give_the_request_id_and_the_marker_of_the_parent() {
        let body: ErrorBody = serde_json::from_str(
            r#"{"error_code":"BAD_REQUEST","message":"Cannot delete root branch 'projects/p/branches/b'.","details":[
                1, "text", {"@type":"type.googleapis.com/google.rpc.ErrorInfo","metadata":{"declarative_context":"MANAGED_BY_PARENT"}},
                {"@type":"type.googleapis.com/google.rpc.RequestInfo","request_id":"r-1","serving_data":""}]}"#,
        )
        .unwrap();
        let error = Error::from_api(ApiError::from_body(400, body));
        assert!(error.is_managed_by_parent());
        assert_eq!(error.request_id(), Some("r-1"));
        assert_eq!(error.kind(), ErrorKind::FailedPrecondition);
        assert!(error.to_string().contains("request id r-1"), "{error}");
    }
}
