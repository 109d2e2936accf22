//! Lists: one pager for every kind of resource.

use std::{collections::VecDeque, marker::PhantomData};

use futures_util::{
    StreamExt, TryStreamExt,
    future::BoxFuture,
    stream::{self, BoxStream},
};
use serde_json::Value;

use crate::{
    Lakebase,
    error::Result,
    http::Request,
    model::{Model, unexpected},
};

/// A list request. Awaited, it gives everything in one `Vec`; [`stream`](Self::stream) gives one after the other.
///
/// ```no_run
/// # async fn example(lakebase: lakebase::Lakebase) -> lakebase::Result<()> {
/// use futures_util::TryStreamExt;
///
/// for project in lakebase.projects().await? {
///     println!("{}", project.name);
/// }
/// let mut projects = lakebase.projects().page_size(10).stream();
/// while let Some(project) = projects.try_next().await? {
///     println!("{}", project.name);
/// }
/// # Ok(())
/// # }
/// ```
#[must_use = "nothing is sent until the list is awaited or streamed"]
pub struct List<T> {
    client: Lakebase,
    request: Request,
    smallest_page: u32,
    _items: PhantomData<fn() -> T>,
}

impl<T: Model> List<T> {
    pub(crate) fn new(client: &Lakebase, request: Request) -> Self {
        Self { client: client.clone(), request, smallest_page: 1, _items: PhantomData }
    }

    /// The service refuses pages of endpoints that are smaller than this.
    pub(crate) fn smallest_page(mut self, items: u32) -> Self {
        self.smallest_page = items;
        self
    }

    /// How many items one answer may carry; by default the service decides.
    ///
    /// At most 100 for projects; at least 10 for endpoints, where a smaller number is raised to 10.
    pub fn page_size(mut self, items: u32) -> Self {
        self.request.query.retain(|(key, _)| *key != "page_size");
        self.request = self.request.query("page_size", items.max(self.smallest_page));
        self
    }

    /// Includes what was deleted softly and not yet purged (projects and branches).
    pub fn show_deleted(mut self) -> Self {
        self.request.query.retain(|(key, _)| *key != "show_deleted");
        self.request = self.request.query("show_deleted", true);
        self
    }

    /// Everything, as one `Vec`; the same as awaiting the list.
    ///
    /// # Errors
    ///
    /// [`NotFound`](crate::ErrorKind::NotFound) when the parent does not exist;
    /// [`Protocol`](crate::ErrorKind::Protocol) when an answer cannot be read or its page token was seen before.
    pub async fn all(self) -> Result<Vec<T>> {
        self.stream().try_collect().await
    }

    /// The items one after the other; the next page is fetched when it is needed.
    pub fn stream(self) -> BoxStream<'static, Result<T>> {
        let state = Pager { list: self, waiting: VecDeque::new(), next: Next::Page(None), seen: Vec::new() };
        stream::try_unfold(
            state,
            |mut pager| async move { Ok(pager.next().await?.map(|item| (item, pager))) },
        )
        .boxed()
    }
}

impl<T: Model> IntoFuture for List<T> {
    type Output = Result<Vec<T>>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.all())
    }
}

enum Next {
    Page(Option<String>),
    End,
}

struct Pager<T> {
    list: List<T>,
    waiting: VecDeque<Value>,
    next: Next,
    seen: Vec<String>,
}

impl<T: Model> Pager<T> {
    async fn next(&mut self) -> Result<Option<T>> {
        loop {
            if let Some(item) = self.waiting.pop_front() {
                let doing = self.list.request.doing.clone();
                return T::read(&self.list.client, item).map(Some).map_err(|error| error.doing(doing));
            }
            match std::mem::replace(&mut self.next, Next::End) {
                Next::End => return Ok(None),
                Next::Page(token) => self.fetch(token).await?,
            }
        }
    }

    async fn fetch(&mut self, token: Option<String>) -> Result<()> {
        let mut request = self.list.request.clone();
        if let Some(token) = token {
            request = request.query("page_token", &token);
            self.seen.push(token);
        }
        let doing = request.doing.clone();
        let answer: Value = self.list.client.send(request).await?;
        let (items, token) = take_apart(answer, T::ITEMS).map_err(|error| error.doing(doing.clone()))?;
        self.waiting.extend(items);
        if let Some(token) = token {
            if self.seen.contains(&token) {
                let what = format!("the page token '{token}' came a second time, the list would never end");
                return Err(unexpected(&what).doing(doing));
            }
            self.next = Next::Page(Some(token));
        }
        Ok(())
    }
}

/// The items and the token of the next page; both may be absent.
fn take_apart(answer: Value, key: &str) -> Result<(Vec<Value>, Option<String>)> {
    let Value::Object(mut page) = answer else { return Err(unexpected("a list is no JSON object")) };
    let items = match page.remove(key) {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(items)) => items,
        Some(_) => return Err(unexpected(&format!("'{key}' is no list"))),
    };
    let token = match page.remove("next_page_token") {
        Some(Value::String(token)) if !token.is_empty() => Some(token),
        _ => None,
    };
    Ok((items, token))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_empty_page_may_lack_everything() {
        for page in [json!({}), json!({"roles": null}), json!({"roles": [], "next_page_token": ""})] {
            assert_eq!(take_apart(page, "roles").unwrap(), (Vec::new(), None));
        }
        assert!(take_apart(json!([]), "roles").is_err());
        assert!(take_apart(json!({"roles": 1}), "roles").is_err());
    }
}
