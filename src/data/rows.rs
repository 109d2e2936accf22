//! Reads whole rows by where they lie.

use std::collections::BTreeMap;

use sqlx::PgConnection;

use super::{
    catalog::{fetch, number, text},
    change::Values,
    cursor::Place,
    error::DataError,
    pair::{Pair, Side},
    scope::from,
};

/// A row: the texts of its values and their hashes.
#[derive(Debug, Default)]
pub(super) struct Fetched {
    pub(super) values: Values,
    pub(super) hashes: Vec<i64>,
}

/// The rows at these places, in their order.
pub(super) async fn fetch_rows(
    conn: &mut PgConnection,
    pair: &Pair,
    side: &Side,
    places: &[Option<Place>],
) -> Result<Vec<Option<Fetched>>, DataError> {
    let what = format!("rows of {}", pair.head.shown);
    let mut parts: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    for (at, place) in places.iter().enumerate() {
        if let Some(place) = place {
            parts
                .entry(place.part)
                .or_default()
                .push(format!("({at},'({},{})'::tid)", place.block, place.line));
        }
    }
    let mut found: Vec<Option<Fetched>> = places.iter().map(|_| None).collect();
    let columns = pair.columns(side);
    let hashes = pair.column_hashes(side);
    let selected: String = columns.iter().map(|column| format!(", {column}")).collect();
    for (part, places) in parts {
        let Some(part) = side.parts.get(part) else { continue };
        // `offset 0` keeps the scan by place, one for each row.
        let sql = format!(
            "select r.at, x.* from (values {}) r(at, place) cross join lateral \
             (select {hashes}::text{selected} from {} where t.ctid = r.place offset 0) x",
            places.join(","),
            from(part)
        );
        for row in fetch(conn, &what, sql).await? {
            let values = (0..columns.len()).map(|at| Ok(text(&row, at + 2, &what)?.map(Into::into)));
            let values = values.collect::<Result<Values, DataError>>()?;
            let hashes = numbers(text(&row, 1, &what)?.unwrap_or_default(), &what)?;
            if let Some(slot) = found.get_mut(number::<usize>(&row, 0, &what)?) {
                *slot = Some(Fetched { values, hashes });
            }
        }
    }
    let complete = found.iter().zip(places).all(|(row, place)| row.is_some() == place.is_some());
    if complete { Ok(found) } else { Err(DataError::answer(what, "a row of the snapshot is gone")) }
}

/// The numbers of an array's text.
fn numbers(array: &str, what: &str) -> Result<Vec<i64>, DataError> {
    let inner = array.trim_matches(['{', '}']);
    let parse = |number: &str| number.parse().map_err(|_| DataError::answer(what, array));
    inner.split(',').filter(|number| !number.is_empty()).map(parse).collect()
}
