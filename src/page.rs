//! Lists: one pager for every kind of resource.

use std::{fmt, marker::PhantomData};

use futures_util::{StreamExt, TryStreamExt, future::BoxFuture, stream::BoxStream};
use serde::{Deserialize, Deserializer, de::Error as _};
use serde_json::{Map, Value};

use crate::{Lakebase, error::Result, http::Request, model::Model, wire::Page};

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
        let Self { client, request, .. } = self;
        let doing = request.doing.clone();
        let pages = client.pages::<PageOf<T>>(request);
        let read = move |item| {
            let item: Result<T> = T::read(&client, item).map_err(|error| error.doing(doing.clone()));
            futures_util::future::ready(item)
        };
        pages.and_then(read).boxed()
    }
}

impl<T> fmt::Debug for List<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("List").field("path", &self.request.path).finish_non_exhaustive()
    }
}

impl<T: Model> IntoFuture for List<T> {
    type Output = Result<Vec<T>>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.all())
    }
}

/// One page, its items still unread: what they are is `T`'s to say.
struct PageOf<T> {
    items: Vec<Value>,
    next: String,
    _items: PhantomData<fn() -> T>,
}

impl<T> Page for PageOf<T> {
    type Item = Value;

    fn into_parts(self) -> (Vec<Value>, String) {
        (self.items, self.next)
    }
}

impl<'de, T: Model> Deserialize<'de> for PageOf<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let page = Map::deserialize(deserializer)?;
        let (items, next) = take_apart(page, T::ITEMS).map_err(D::Error::custom)?;
        Ok(Self { items, next, _items: PhantomData })
    }
}

/// The items and the token of the next page; both may be absent.
fn take_apart(mut page: Map<String, Value>, key: &str) -> Result<(Vec<Value>, String), String> {
    let items = match page.remove(key) {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(items)) => items,
        Some(_) => return Err(format!("'{key}' is no list")),
    };
    let next = match page.remove("next_page_token") {
        Some(Value::String(token)) => token,
        _ => String::new(),
    };
    Ok((items, next))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_empty_page_may_lack_everything() {
        let page = |page: Value| take_apart(page.as_object().cloned().unwrap_or_default(), "roles");
        for empty in [json!({}), json!({"roles": null}), json!({"roles": [], "next_page_token": null})] {
            assert_eq!(page(empty).unwrap(), (Vec::new(), String::new()));
        }
        assert!(page(json!({"roles": 1})).is_err());
    }
}
