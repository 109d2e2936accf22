//! Lists that come in pages, as one stream of items.

use std::collections::{HashSet, VecDeque};

use futures_util::stream::{self, Stream};
use serde::de::DeserializeOwned;

use super::Request;
use crate::{
    Lakebase,
    error::{Error, ErrorKind, Result},
    wire::Page,
};

/// Where a listing stands.
struct Listing<T> {
    client: Lakebase,
    request: Request,
    items: VecDeque<T>,
    /// The token of the next page; `None` once the last page was read.
    next: Option<String>,
    /// Every token seen: a service that hands one out twice would be asked for ever.
    seen: HashSet<String>,
}

impl Lakebase {
    /// The items of a list, page after page, each page fetched when its first item is asked for. The stream ends
    /// after the last page and after an error.
    pub(crate) fn pages<P>(&self, request: Request) -> impl Stream<Item = Result<P::Item>> + Send + 'static
    where
        P: Page + DeserializeOwned + Send + 'static,
        P::Item: Send + 'static,
    {
        let listing = Listing {
            client: self.clone(),
            request,
            items: VecDeque::new(),
            next: Some(String::new()),
            seen: HashSet::new(),
        };
        stream::try_unfold(listing, |mut listing| async move {
            loop {
                if let Some(item) = listing.items.pop_front() {
                    return Ok(Some((item, listing)));
                }
                let Some(token) = listing.next.take() else { return Ok(None) };
                listing.fetch::<P>(token).await?;
            }
        })
    }
}

impl<T> Listing<T> {
    async fn fetch<P: Page<Item = T> + DeserializeOwned>(&mut self, token: String) -> Result<()> {
        let mut request = self.request.clone();
        if !token.is_empty() {
            request = request.query("page_token", token);
        }
        let page: P = self.client.send(request).await?;
        let (items, next) = page.into_parts();
        self.items = items.into();
        if next.is_empty() {
            return Ok(());
        }
        if !self.seen.insert(next.clone()) {
            let message = "the service gave the same page token twice, so the list would never end; \
                           what was read so far is not the whole list";
            return Err(Error::new(ErrorKind::Protocol, message).doing(self.request.doing.clone()));
        }
        self.next = Some(next);
        Ok(())
    }
}
