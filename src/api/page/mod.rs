//! Lists: one pager for every kind of resource.

use std::{collections::HashSet, fmt, marker::PhantomData};

use futures_util::{
    StreamExt, TryStreamExt,
    future::BoxFuture,
    stream::{self, BoxStream},
};
use serde::{
    Deserializer,
    de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor},
};

use crate::{
    api::client::Lakebase,
    api::resource::{Reading, Resource},
    error::{Error, ErrorKind, Result},
    http::Request,
};

/// A list request. Awaited, it returns all items in one `Vec`; [`stream`](Self::stream) returns them one by one.
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
///
/// # Errors
///
/// Awaiting it: [`NotFound`](crate::ErrorKind::NotFound) when the parent does not exist;
/// [`Invalid`](crate::ErrorKind::Invalid) for a page size that the service refuses;
/// [`Protocol`](crate::ErrorKind::Protocol) when an answer cannot be read or its page token was seen before. Also the
/// errors of [any call](crate::builder::RawRequest#errors).
#[derive(Clone)]
#[must_use = "nothing is sent until the list is awaited or streamed"]
pub struct List<T> {
    client: Lakebase,
    request: Request,
    smallest_page: u32,
    _items: PhantomData<fn() -> T>,
}

impl<T: Resource> List<T> {
    pub(crate) fn new(client: &Lakebase, request: Request) -> Self {
        Self { client: client.clone(), request, smallest_page: 1, _items: PhantomData }
    }

    /// The service refuses pages of endpoints that are smaller than this.
    pub(crate) fn smallest_page(mut self, items: u32) -> Self {
        self.smallest_page = items;
        self
    }

    /// The maximum number of items in one answer; by default the service decides.
    ///
    /// At most 100 for projects; at least 10 for endpoints, where a smaller number is raised to 10.
    pub fn page_size(mut self, items: u32) -> Self {
        self.request.query.retain(|(key, _)| *key != "page_size");
        self.request = self.request.query("page_size", items.max(self.smallest_page));
        self
    }

    /// Includes deleted resources that are not yet purged; the lists of projects and branches offer it.
    pub(crate) fn with_deleted(mut self) -> Self {
        self.request.query.retain(|(key, _)| *key != "show_deleted");
        self.request = self.request.query("show_deleted", true);
        self
    }

    /// Returns all items in one `Vec`, as awaiting the list does.
    ///
    /// # Errors
    ///
    /// [`NotFound`](crate::ErrorKind::NotFound) when the parent does not exist;
    /// [`Protocol`](crate::ErrorKind::Protocol) when an answer cannot be read or its page token was seen before.
    pub async fn all(self) -> Result<Vec<T>> {
        let mut pages = self.pages();
        let mut all = pages.next().await?.unwrap_or_default();
        while let Some(page) = pages.next().await? {
            all.extend(page);
        }
        Ok(all)
    }

    /// The items one after the other; the next page is fetched when it is needed. The stream ends after the last
    /// item and after an error.
    ///
    /// # Errors
    ///
    /// An item may be the error of fetching its page: those of [`all`](Self::all).
    pub fn stream(self) -> BoxStream<'static, Result<T>> {
        let pages = stream::try_unfold(self.pages(), |mut pages| async move {
            let page = pages.next().await?;
            Ok::<_, Error>(page.map(|page| (stream::iter(page.into_iter().map(Ok)), pages)))
        });
        pages.try_flatten().boxed()
    }

    fn pages(self) -> Pages<T> {
        let Self { client, request, .. } = self;
        Pages { client, request, next: Some(String::new()), seen: HashSet::new(), _items: PhantomData }
    }
}

impl<T> fmt::Debug for List<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("List").field("path", &self.request.path).finish_non_exhaustive()
    }
}

impl<T: Resource> IntoFuture for List<T> {
    type Output = Result<Vec<T>>;
    type IntoFuture = BoxFuture<'static, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.all())
    }
}

/// The state of a listing.
struct Pages<T> {
    client: Lakebase,
    request: Request,
    /// The token of the next page, empty for the first; `None` once the last page was read.
    next: Option<String>,
    /// The tokens seen: a token that the service returns twice would make the listing endless.
    seen: HashSet<String>,
    _items: PhantomData<fn() -> T>,
}

impl<T: Resource> Pages<T> {
    async fn next(&mut self) -> Result<Option<Vec<T>>> {
        let Some(token) = self.next.take() else { return Ok(None) };
        let mut request = self.request.clone();
        if !token.is_empty() {
            request = request.query("page_token", token);
        }
        let page = self.client.send_for(request, ReadPage(Reading::new(&self.client))).await?;
        if page.next.is_empty() {
            return Ok(Some(page.items));
        }
        if !self.seen.insert(page.next.clone()) {
            let message = "the service gave the same page token twice, so the list would never end; \
                           what was read so far is not the whole list";
            return Err(Error::new(ErrorKind::Protocol, message).with_context(self.request.context.clone()));
        }
        self.next = Some(page.next);
        Ok(Some(page.items))
    }
}

struct Page<T> {
    items: Vec<T>,
    next: String,
}

/// Reads one page straight into models; the key of the items is `T`'s to say.
struct ReadPage<'a, T>(Reading<'a, T>);

/// Reads the items of a page; `null` is no items.
struct ReadItems<'a, T>(Reading<'a, T>);

impl<T> Clone for ReadPage<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for ReadPage<'_, T> {}

impl<'de, T: Resource> DeserializeSeed<'de> for ReadPage<'_, T> {
    type Value = Page<T>;

    fn deserialize<D: Deserializer<'de>>(self, answer: D) -> Result<Page<T>, D::Error> {
        answer.deserialize_map(self)
    }
}

impl<'de, T: Resource> Visitor<'de> for ReadPage<'_, T> {
    type Value = Page<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a page of a list")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Page<T>, A::Error> {
        let mut page = Page { items: Vec::new(), next: String::new() };
        while let Some(key) = fields.next_key::<String>()? {
            if key == T::ITEMS {
                page.items = fields.next_value_seed(ReadItems(self.0))?;
            } else if key == "next_page_token" {
                page.next = fields.next_value::<Option<String>>()?.unwrap_or_default();
            } else {
                fields.next_value::<IgnoredAny>()?;
            }
        }
        Ok(page)
    }
}

impl<'de, T: Resource> DeserializeSeed<'de> for ReadItems<'_, T> {
    type Value = Vec<T>;

    fn deserialize<D: Deserializer<'de>>(self, items: D) -> Result<Vec<T>, D::Error> {
        items.deserialize_any(self)
    }
}

impl<'de, T: Resource> Visitor<'de> for ReadItems<'_, T> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_unit<E>(self) -> Result<Vec<T>, E> {
        Ok(Vec::new())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Vec<T>, A::Error> {
        let mut all = Vec::with_capacity(items.size_hint().unwrap_or_default().min(1000));
        while let Some(item) = items.next_element_seed(self.0)? {
            all.push(item);
        }
        Ok(all)
    }
}

#[cfg(test)]
mod tests;
