//! Pages of a list: oldest first, a hundred at a time unless fewer are asked for.

use chrono::{DateTime, Utc};

use super::error_response::ErrorResponse;

const LARGEST_PAGE: usize = 100;

/// The page of a list that a caller asks for.
#[derive(Clone, Debug, Default, serde::Deserialize)]
#[serde(default)]
pub(crate) struct PageRequest {
    pub(crate) page_size: Option<i64>,
    pub(crate) page_token: Option<String>,
}

/// The items of one page and the token of the next, empty on the last.
pub(super) fn page<T>(
    mut items: Vec<(DateTime<Utc>, String, T)>,
    request: &PageRequest,
    smallest: i64,
) -> Result<(Vec<T>, String), ErrorResponse> {
    let size = page_size(request.page_size, smallest)?;
    let after =
        request.page_token.as_deref().filter(|token| !token.is_empty()).map(read_token).transpose()?;
    items.sort_by(|a, b| (&a.0, &a.1).cmp(&(&b.0, &b.1)));
    let mut rest = items
        .into_iter()
        .filter(|(time, id, _)| after.as_ref().is_none_or(|(t, last)| (time, id) > (t, last)))
        .peekable();
    let mut page = Vec::new();
    let mut last = None;
    while page.len() < size {
        let Some((time, id, item)) = rest.next() else { break };
        last = Some((time, id));
        page.push(item);
    }
    let token = last.filter(|_| rest.peek().is_some()).map(|(time, id)| write_token(time, &id));
    Ok((page, token.unwrap_or_default()))
}

fn page_size(asked: Option<i64>, smallest: i64) -> Result<usize, ErrorResponse> {
    match asked {
        None | Some(0) => Ok(LARGEST_PAGE),
        Some(size) if size < smallest => {
            Err(ErrorResponse::invalid(format!("Field 'page_size' must be at least {smallest}, got {size}")))
        }
        Some(size) => Ok(usize::try_from(size).unwrap_or(LARGEST_PAGE).min(LARGEST_PAGE)),
    }
}

fn write_token(time: DateTime<Utc>, id: &str) -> String {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    URL_SAFE_NO_PAD.encode(format!("{} {id}", time.timestamp_nanos_opt().unwrap_or_default()))
}

fn read_token(token: &str) -> Result<(DateTime<Utc>, String), ErrorResponse> {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
    let read = || {
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
        let (time, id) = text.split_once(' ')?;
        Some((DateTime::from_timestamp_nanos(time.parse().ok()?), id.to_owned()))
    };
    read().ok_or_else(|| ErrorResponse::invalid("Field 'page_token' is not a token of this list"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(size: i64, token: &str) -> PageRequest {
        PageRequest { page_size: Some(size), page_token: Some(token.to_owned()) }
    }

    #[test]
    fn pages_follow_each_other_without_gap_or_repetition() {
        let at = |n: i64| DateTime::from_timestamp(n, 0).unwrap();
        // Two of the same second: the id decides.
        let items =
            || vec![(at(2), "c".to_owned(), 'c'), (at(1), "b".to_owned(), 'b'), (at(1), "a".to_owned(), 'a')];
        let (first, token) = page(items(), &request(2, ""), 1).unwrap();
        assert_eq!(first, ['a', 'b']);
        let (second, last) = page(items(), &request(2, &token), 1).unwrap();
        assert_eq!((second, last.as_str()), (vec!['c'], ""));
    }

    #[test]
    fn a_size_that_is_too_small_and_a_token_that_is_none_are_refused() {
        assert!(page::<()>(vec![], &request(-1, ""), 0).is_err());
        assert!(page::<()>(vec![], &request(9, ""), 10).is_err());
        assert!(page::<()>(vec![], &request(10, "!"), 10).is_err());
        assert!(page::<()>(vec![], &request(0, ""), 10).is_ok());
    }
}
