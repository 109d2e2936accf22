//! The secret key, where the expressions of rules find it.
//!
//! It reaches the server as data of a `COPY`, which no log, statistics view or list of activities shows, unlike the text
//! and the parameters of a statement. The temporary table that holds it is never written to the write-ahead log and goes
//! at the end.

use ring::{
    digest,
    rand::{SecureRandom as _, SystemRandom},
};
use secrecy::{ExposeSecret as _, SecretString};
use sqlx::{Executor as _, PgConnection};

use crate::data::error::DataError;

/// The block size of SHA-256.
const BLOCK: usize = 64;

const TABLE: &str = "pg_temp.lakebase_mask_key";
const WHAT: &str = "the key of the masks";

/// A random key.
pub(super) fn random() -> Result<SecretString, DataError> {
    let mut bytes = [0; 32];
    let filled = SystemRandom::new().fill(&mut bytes);
    filled.map_err(|_| DataError::MaskRules {
        reason: "the system gives no random bytes for a key".to_owned(),
    })?;
    Ok(SecretString::from(hex(bytes)))
}

/// Creates the table and fills it.
pub(super) async fn load(conn: &mut PgConnection, key: &SecretString) -> Result<(), DataError> {
    let create =
        format!("create temporary table {TABLE} (inner_pad bytea not null, outer_pad bytea not null)");
    conn.execute(sqlx::AssertSqlSafe(create)).await.map_err(|source| DataError::mask(WHAT, &source))?;
    let copy = format!("copy {TABLE} from stdin");
    let mut sink = conn.copy_in_raw(&copy).await.map_err(|source| DataError::mask(WHAT, &source))?;
    let row = row(key);
    // On an error the sink ends the copy when it is dropped.
    sink.send(row.expose_secret().as_bytes()).await.map_err(|source| DataError::mask(WHAT, &source))?;
    sink.finish().await.map_err(|source| DataError::mask(WHAT, &source))?;
    Ok(())
}

/// Drops the table.
pub(super) async fn forget(conn: &mut PgConnection) -> Result<(), DataError> {
    let dropped = conn.execute(sqlx::AssertSqlSafe(format!("drop table {TABLE}"))).await;
    dropped.map(drop).map_err(|source| DataError::mask(WHAT, &source))
}

fn row(key: &SecretString) -> SecretString {
    let key = key.expose_secret().as_bytes();
    let mut block = [0; BLOCK];
    let hashed = digest::digest(&digest::SHA256, key);
    let key = if key.len() > BLOCK { hashed.as_ref() } else { key };
    block.iter_mut().zip(key).for_each(|(to, from)| *to = *from);
    let pad = |with: u8| hex(block.map(|byte| byte ^ with));
    SecretString::from(format!("\\\\x{}\t\\\\x{}\n", pad(0x36), pad(0x5c)))
}

fn hex(bytes: impl IntoIterator<Item = u8>) -> String {
    bytes.into_iter().map(|byte| format!("{byte:02x}")).collect()
}

/// HMAC-SHA-256 of a text, told apart from those for other purposes.
pub(super) fn hmac(purpose: &str, text: &str) -> String {
    let pad = |name: &str| format!("(select k.{name} from {TABLE} k)");
    format!(
        "sha256({} || sha256({} || convert_to('{purpose}:' || {text}, 'UTF8'::name)))",
        pad("outer_pad"),
        pad("inner_pad")
    )
}
