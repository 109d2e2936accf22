//! The chain of causes: no line repeats the next one, whatever the error was made from.

use super::*;

/// Every line of the chain, the error's own first.
fn lines(error: &Error) -> Vec<String> {
    let (mut lines, mut next) = (vec![error.to_string()], error.source());
    while let Some(error) = next {
        lines.push(error.to_string());
        next = error.source();
    }
    lines
}

fn assert_no_repetition(error: &Error) {
    let lines = lines(error);
    for (at, line) in lines.iter().enumerate() {
        assert!(!line.is_empty(), "{lines:#?}");
        for next in &lines[at + 1..] {
            assert!(!line.contains(next.as_str()), "a line contains a later one: {lines:#?}");
        }
    }
}

#[test]
fn the_context_and_the_cause_are_printed_once() {
    let cause = std::io::Error::other("connection refused");
    let error = Error::new(ErrorKind::Connect, "cannot reach https://x")
        .with_context("listing projects")
        .with_source(cause);
    assert_eq!(error.to_string(), "listing projects: cannot reach https://x");
    assert_eq!(
        format!("{error:?}"),
        "listing projects: cannot reach https://x\n  caused by: connection refused"
    );
}

#[test]
fn names_positions_and_expiries_keep_their_own_error() {
    let name = Error::from(crate::api::name::BranchId::new("Dev").unwrap_err());
    let lsn = Error::from("16-B3".parse::<crate::api::lsn::Lsn>().unwrap_err());
    let expiry = crate::api::expiry::Expiry::After(std::time::Duration::ZERO).check(chrono::Utc::now());
    let expiry = Error::from(expiry.unwrap_err());
    for error in [&name, &lsn, &expiry] {
        assert_eq!(error.kind(), ErrorKind::Invalid);
        assert_no_repetition(error);
    }
    assert_eq!(name.downcast_ref::<InvalidName>().unwrap().value(), "Dev");
    assert!(lsn.downcast_ref::<InvalidLsn>().is_some());
    // Also behind another error of the crate.
    let outer = Error::new(ErrorKind::Refused, "no promotion").with_source(name);
    assert_eq!(outer.downcast_ref::<InvalidName>().unwrap().value(), "Dev");
}

#[test]
fn an_error_that_came_over_http_is_one_line() {
    let body = serde_json::from_str(r#"{"error_code": "NOT_FOUND", "message": "no such branch"}"#).unwrap();
    let error = Error::from_api(ApiError::from_body(404, body)).with_context("reading projects/p/branches/b");
    assert_no_repetition(&error);
    assert_eq!(error.kind(), ErrorKind::NotFound);
}

#[cfg(feature = "sqlx")]
mod database {
    use std::io;

    use super::*;

    fn io() -> io::Error {
        io::Error::new(io::ErrorKind::ConnectionRefused, "connection refused")
    }

    #[test]
    fn errors_of_the_driver_are_printed_without_their_cause() {
        let cases = [
            (sqlx::Error::Io(io()), ErrorKind::Connect),
            (sqlx::Error::Tls("bad certificate".into()), ErrorKind::Connect),
            (sqlx::Error::Configuration("no such option".into()), ErrorKind::Database),
            (sqlx::Error::Protocol("unexpected message".into()), ErrorKind::Database),
            (sqlx::Error::Decode("not a number".into()), ErrorKind::Database),
            (sqlx::Error::PoolTimedOut, ErrorKind::Timeout),
            (sqlx::Error::RowNotFound, ErrorKind::Database),
        ];
        for (case, kind) in cases {
            let error = Error::database("reading the table", case);
            assert_eq!(error.kind(), kind, "{error:?}");
            assert!(error.to_string().starts_with("reading the table: "), "{error}");
            assert_no_repetition(&error);
            assert!(error.downcast_ref::<DatabaseError>().is_some());
        }
    }

    #[cfg(feature = "schema")]
    #[test]
    fn errors_of_the_comparison_keep_their_cause() {
        use crate::schema::{PlanError, SchemaError};

        let error = Error::from(SchemaError::Read { what: "tables", source: sqlx::Error::Io(io()).into() });
        assert_eq!(lines(&error).len(), 3, "{error:?}");
        assert_no_repetition(&error);
        assert!(error.downcast_ref::<SchemaError>().is_some());
        assert!(error.downcast_ref::<DatabaseError>().is_some());
        let plan = Error::from(PlanError::Cycle(vec!["a".into(), "b".into()]));
        assert_eq!(plan.kind(), ErrorKind::Refused);
        assert_no_repetition(&plan);
    }

    #[cfg(feature = "local")]
    #[test]
    fn errors_of_the_local_lakebase_keep_their_cause() {
        use crate::local::LocalError;

        let listen = LocalError::Listen { address: ([127, 0, 0, 1], 80).into(), free: None, source: io() };
        let in_use = LocalError::InUse { data_dir: "/data".into(), pid: Some(1) };
        for (case, kind) in [(listen, ErrorKind::Config), (in_use, ErrorKind::Busy)] {
            let error = Error::from(case).with_context("starting");
            assert_eq!(error.kind(), kind);
            assert_no_repetition(&error);
            assert!(error.downcast_ref::<LocalError>().is_some());
        }
    }
}

mod kinds {
    use std::time::Duration;

    use super::*;
    use crate::{
        Lakebase,
        api::wait::{PollResult, until},
        auth::host::Host,
        builder::{Method, RetryPolicy},
        http::script::{Script, ok},
    };

    const ALL: [ErrorKind; 19] = [
        ErrorKind::Config,
        ErrorKind::Unauthenticated,
        ErrorKind::PermissionDenied,
        ErrorKind::Invalid,
        ErrorKind::NotFound,
        ErrorKind::AlreadyExists,
        ErrorKind::Mismatch,
        ErrorKind::FailedPrecondition,
        ErrorKind::Reconciling,
        ErrorKind::RateLimited,
        ErrorKind::Unavailable,
        ErrorKind::Connect,
        ErrorKind::Timeout,
        ErrorKind::Protocol,
        ErrorKind::OperationFailed,
        ErrorKind::Unsupported,
        ErrorKind::Database,
        ErrorKind::Refused,
        ErrorKind::Busy,
    ];

    fn answer(status: u16, code: &str, message: &str) -> Error {
        let body = serde_json::json!({ "error_code": code, "message": message });
        let body = serde_json::from_value(body).unwrap();
        Error::from_api(ApiError::from_body(status, body))
            .with_context("creating branch projects/p/branches/b")
    }

    async fn call(client: crate::builder::ClientBuilder) -> Error {
        let client = client.token("t").retry(RetryPolicy::never()).build().await.unwrap();
        client.request(Method::Get, "/api/2.0/postgres/projects", None).await.unwrap_err()
    }

    /// An error of this kind, made where the crate makes it; a new kind must be added here.
    async fn example(kind: ErrorKind) -> Error {
        match kind {
            ErrorKind::Config => Host::parse("https://a b").unwrap_err(),
            ErrorKind::Unauthenticated => answer(401, "", "Credential was not sent"),
            ErrorKind::PermissionDenied => answer(403, "PERMISSION_DENIED", "no"),
            ErrorKind::Invalid => Error::from(crate::api::name::BranchId::new("Dev").unwrap_err()),
            ErrorKind::NotFound => answer(404, "NOT_FOUND", "branch id not found"),
            ErrorKind::AlreadyExists => answer(409, "ALREADY_EXISTS", "it exists"),
            ErrorKind::FailedPrecondition => answer(400, "BAD_REQUEST", "cannot delete protected branch"),
            ErrorKind::Reconciling => answer(409, "ABORTED", "reconciliation still in progress"),
            ErrorKind::RateLimited => answer(429, "RESOURCE_EXHAUSTED", "slow down"),
            ErrorKind::Unavailable => answer(503, "TEMPORARILY_UNAVAILABLE", "later"),
            ErrorKind::Unsupported => answer(501, "NOT_IMPLEMENTED", "never"),
            // Nothing listens on port 1.
            ErrorKind::Connect => call(Lakebase::builder().host("http://127.0.0.1:1")).await,
            ErrorKind::Protocol => {
                let script = Script::new(|_, _| ok("{ no JSON"));
                call(Lakebase::builder().host("https://ws.example").exchange(script)).await
            }
            ErrorKind::Timeout => {
                until!(Duration::ZERO, Ok(PollResult::<()>::Pending("it is INIT".to_owned())))
                    .await
                    .unwrap_err()
            }
            ErrorKind::OperationFailed => {
                let body = serde_json::from_str(r#"{"message": "no space"}"#).unwrap();
                Error::from_operation("projects/p/operations/o", body)
            }
            #[cfg(feature = "sqlx")]
            ErrorKind::Database => Error::from(sqlx::Error::Decode("not a number".into())),
            #[cfg(feature = "schema")]
            ErrorKind::Refused => Error::from(crate::schema::PlanError::Cycle(vec!["a".into(), "b".into()])),
            kind => Error::new(kind, "the first line").with_source(std::io::Error::other("the second")),
        }
    }

    #[tokio::test]
    async fn no_line_of_any_kind_repeats_another() {
        for kind in ALL {
            let error = example(kind).await;
            assert_eq!(error.kind(), kind, "{error:?}");
            assert_no_repetition(&error);
            let outer = Error::new(ErrorKind::Refused, "the promotion was stopped").with_source(error);
            assert_no_repetition(&outer);
        }
    }
}
