//! The parts that all pages have: head, navigation, notices; the forms of a session.

use std::sync::Arc;

use askama::Template;
use axum::{
    Extension, Form, RequestExt as _,
    extract::{self, FromRequest, FromRequestParts, Request},
    http::{StatusCode, request::Parts},
    middleware::Next,
    response::{Html, IntoResponse as _, Response},
};
use serde::{Deserialize, de::DeserializeOwned};

use super::{
    App, State,
    access::Session,
    failure::{Failure, Result},
};

/// The frame of one page.
#[derive(Clone)]
pub(super) struct Frame {
    pub(super) base: String,
    pub(super) csrf: String,
    pub(super) allow: bool,
    pub(super) description: String,
    pub(super) title: String,
    /// The id of the project that the page is about.
    pub(super) project: String,
    /// The entry of the navigation that is current.
    pub(super) section: &'static str,
    pub(super) notice: Option<String>,
}

impl State {
    fn frame(&self, session: Option<&Session>) -> Frame {
        Frame {
            base: self.base.clone(),
            csrf: session.map(|session| session.csrf.clone()).unwrap_or_default(),
            allow: self.options.allow_changes,
            // Without a login, it is not said what is shown here.
            description: session.map(|_| self.options.description.clone()).unwrap_or_default(),
            title: String::new(),
            project: String::new(),
            section: "",
            notice: None,
        }
    }
}

impl Frame {
    pub(super) fn title(mut self, title: impl Into<String>) -> Self {
        self.title = title.into();
        self
    }

    pub(super) fn of(mut self, project: &str, section: &'static str) -> Self {
        self.project = project.to_owned();
        self.section = section;
        self
    }
}

impl FromRequestParts<App> for Frame {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self> {
        let session = session(parts, app).await?;
        let mut frame = app.frame(Some(&session));
        // A part that is replaced in a page shows no notice.
        if !parts.headers.contains_key("hx-request") && parts.method == "GET" {
            frame.notice = session.take_notice();
        }
        Ok(frame)
    }
}

async fn session(parts: &mut Parts, app: &App) -> Result<Arc<Session>> {
    let session = Extension::<Arc<Session>>::from_request_parts(parts, app).await;
    session.map(|Extension(session)| session).map_err(|_| Failure::not_logged_in())
}

/// A form of this session that changes nothing.
pub(super) struct Posted<T>(pub(super) T);

/// A form of this session that changes something, where that is allowed.
pub(super) struct Change<T> {
    pub(super) fields: T,
    session: Arc<Session>,
    base: String,
}

#[derive(Deserialize)]
struct Fields<T> {
    csrf: String,
    #[serde(flatten)]
    fields: T,
}

impl<T: DeserializeOwned + Send + 'static> FromRequest<App> for Posted<T> {
    type Rejection = Failure;

    async fn from_request(mut request: Request, app: &App) -> Result<Self> {
        let Extension(session): Extension<Arc<Session>> =
            request.extract_parts().await.map_err(|_| Failure::not_logged_in())?;
        let Form(Fields { csrf, fields }): Form<Fields<T>> = Form::from_request(request, app)
            .await
            .map_err(|error| Failure::invalid(format!("the form cannot be read: {error}")))?;
        if session.is_own(&csrf) { Ok(Self(fields)) } else { Err(Failure::foreign_form()) }
    }
}

impl<T: DeserializeOwned + Send + 'static> FromRequest<App> for Change<T> {
    type Rejection = Failure;

    async fn from_request(mut request: Request, app: &App) -> Result<Self> {
        if !app.options.allow_changes {
            return Err(Failure::read_only());
        }
        let Extension(session): Extension<Arc<Session>> =
            request.extract_parts().await.map_err(|_| Failure::not_logged_in())?;
        let Posted(fields) = Posted::from_request(request, app).await?;
        Ok(Self { fields, session, base: app.base.clone() })
    }
}

impl<T> Change<T> {
    /// Leads to a page that says what was done.
    pub(super) fn done(&self, path: &str, notice: String) -> Response {
        self.session.notify(notice);
        axum::response::Redirect::to(&format!("{}{path}", self.base)).into_response()
    }
}

/// Runs a change to its end, also where the browser goes away meanwhile.
pub(super) async fn to_its_end<T: Send + 'static>(
    change: impl Future<Output = lakebase::Result<T>> + Send + 'static,
) -> Result<T> {
    match tokio::spawn(change).await {
        Ok(done) => Ok(done?),
        Err(_) => Err(Failure::internal("the change ended early")),
    }
}

/// Renders a page or a part of one.
pub(super) fn rendered(template: &impl Template) -> Result<Response> {
    let text = template.render().map_err(|error| Failure::internal(error.to_string()))?;
    Ok(Html(text).into_response())
}

#[derive(Template)]
#[template(path = "failure.html")]
struct FailurePage {
    page: Frame,
    failure: Failure,
}

/// Puts the failure of a request into a page.
pub(super) async fn show_failure(
    extract::State(app): extract::State<App>,
    request: Request,
    next: Next,
) -> Response {
    let session = app.access.session_of(request.headers());
    let mut response = next.run(request).await;
    match response.extensions_mut().remove::<Failure>() {
        Some(failure) => failure_page(&app, session.as_deref(), failure),
        None => response,
    }
}

fn failure_page(app: &App, session: Option<&Session>, failure: Failure) -> Response {
    let status = failure.status;
    let page = app.frame(session).title(failure.title.clone());
    match (FailurePage { page, failure }).render() {
        Ok(text) => (status, Html(text)).into_response(),
        Err(error) => (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response(),
    }
}
