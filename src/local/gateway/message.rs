//! Messages of PostgreSQL's protocol that the gateway reads and writes itself.
//!
//! Layouts and codes: <https://www.postgresql.org/docs/17/protocol-message-formats.html>

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt as _};

use super::error_response::ErrorResponse;

/// PostgreSQL's own limit on a start-up packet.
const MAX_STARTUP_BYTES: usize = 10_000;
/// PostgreSQL's own limit on an authentication message.
const MAX_PASSWORD_BYTES: usize = 65_535;
/// Protocol 3.2 allows keys up to 256 bytes.
const MAX_CANCEL_KEY_BYTES: usize = 256;

const CANCEL_REQUEST: u32 = 80_877_102;
const TLS_REQUEST: u32 = 80_877_103;
const GSS_REQUEST: u32 = 80_877_104;
/// The first byte of a TLS handshake record. As a message length it would be far above every limit.
const TLS_HANDSHAKE: u8 = 0x16;

/// The first eight bytes of a connection: a length and a request code.
pub(super) type Head = [u8; 8];

/// The first request of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Opening {
    /// Requests TLS.
    TlsRequest,
    /// Requests GSSAPI encryption.
    GssRequest,
    /// Has begun with TLS without asking, as PostgreSQL 17 clients can.
    DirectTls,
    Cancel(CancelKey),
    Startup(Startup),
}

/// Process id and secret of a session, as `BackendKeyData` gave it and `CancelRequest` shows it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct CancelKey(Vec<u8>);

impl std::fmt::Debug for CancelKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self(_) = self;
        f.debug_struct("CancelKey").finish_non_exhaustive()
    }
}

impl CancelKey {
    /// From the body of a `BackendKeyData` or what follows the code of a `CancelRequest`.
    pub(super) fn new(bytes: &[u8]) -> Option<CancelKey> {
        (4 < bytes.len() && bytes.len() <= 4 + MAX_CANCEL_KEY_BYTES).then(|| CancelKey(bytes.to_vec()))
    }

    pub(super) fn request(&self) -> Vec<u8> {
        untagged(CANCEL_REQUEST, &self.0)
    }
}

/// A start-up packet: version and parameters in the client's order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Startup {
    version: u32,
    user: String,
    parameters: Vec<(Vec<u8>, Vec<u8>)>,
}

impl Startup {
    pub(super) fn user(&self) -> &str {
        &self.user
    }

    /// Encodes the packet for the compute: the client's parameters, each once.
    pub(super) fn encode(&self) -> Vec<u8> {
        let mut body = Vec::new();
        for (name, value) in &self.parameters {
            for text in [name, value] {
                body.extend_from_slice(text);
                body.push(0);
            }
        }
        body.push(0);
        untagged(self.version, &body)
    }

    fn parse(version: u32, body: &[u8]) -> Result<Startup, ErrorResponse> {
        let malformed =
            || ErrorResponse::protocol("invalid startup packet layout: expected terminator as last byte");
        let mut parameters: Vec<(Vec<u8>, Vec<u8>)> = Vec::new();
        // A text before each zero byte; the packet ends with an empty name.
        let body = body.strip_suffix(&[0]).ok_or_else(malformed)?;
        let mut texts = body.split(|&byte| byte == 0);
        if !body.is_empty() {
            // The zero byte of the last value splits off one empty text, which is no name.
            if body.last() != Some(&0) {
                return Err(malformed());
            }
            while let Some(name) = texts.next() {
                let Some(value) = texts.next() else {
                    if name.is_empty() {
                        break;
                    }
                    return Err(malformed());
                };
                if name.is_empty() {
                    return Err(malformed());
                }
                // The last one counts, as in PostgreSQL, so that the name checked is the name used.
                parameters.retain(|(known, _)| known != name);
                parameters.push((name.to_vec(), value.to_vec()));
            }
        }
        let get = |name: &[u8]| parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value);
        let user = get(b"user").filter(|user| !user.is_empty()).ok_or_else(|| {
            ErrorResponse::new("28000", "no PostgreSQL user name specified in startup packet")
        })?;
        let user = String::from_utf8(user.clone())
            .map_err(|_| ErrorResponse::new("28000", "the user name is not valid UTF-8"))?;
        if get(b"replication").is_some_and(|value| !is_false(value)) {
            return Err(ErrorResponse::new(
                "28000",
                "replication connections are not accepted here; remove the parameter replication",
            ));
        }
        Ok(Startup { version, user, parameters })
    }
}

/// Whether PostgreSQL reads the value as false.
fn is_false(value: &[u8]) -> bool {
    let value = value.to_ascii_lowercase();
    [&b"false"[..], b"off", b"no", b"0", b"f", b"n"].contains(&&value[..])
}

/// A message that could not be read.
#[derive(Debug)]
pub(super) enum ReadError {
    /// The connection failed or ended.
    Io(io::Error),
    /// The message breaks the protocol; the client gets the error.
    Invalid(ErrorResponse),
}

impl From<io::Error> for ReadError {
    fn from(error: io::Error) -> Self {
        ReadError::Io(error)
    }
}

impl From<ErrorResponse> for ReadError {
    fn from(response: ErrorResponse) -> Self {
        ReadError::Invalid(response)
    }
}

/// Reads the first packet and not one byte more: what follows a TLS request belongs to TLS, and reading it
/// here would let a third party put plaintext in front of it.
pub(super) async fn read_opening(
    stream: &mut (impl AsyncRead + Unpin),
) -> Result<(Head, Opening), ReadError> {
    let mut head: Head = [0; 8];
    stream.read_exact(&mut head).await?;
    let [first, b, c, d, code @ ..] = head;
    if first == TLS_HANDSHAKE {
        return Ok((head, Opening::DirectTls));
    }
    let length = u32::from_be_bytes([first, b, c, d]) as usize;
    let code = u32::from_be_bytes(code);
    if !(head.len()..=MAX_STARTUP_BYTES).contains(&length) {
        return Err(ErrorResponse::protocol("invalid length of startup packet").into());
    }
    let mut body = vec![0; length - head.len()];
    stream.read_exact(&mut body).await?;
    let opening = match code {
        TLS_REQUEST if body.is_empty() => Opening::TlsRequest,
        GSS_REQUEST if body.is_empty() => Opening::GssRequest,
        CANCEL_REQUEST => Opening::Cancel(
            CancelKey::new(&body)
                .ok_or_else(|| ErrorResponse::protocol("invalid length of cancel request"))?,
        ),
        _ if code >> 16 == 3 => Opening::Startup(Startup::parse(code, &body)?),
        _ => {
            let (major, minor) = (code >> 16, code & 0xffff);
            return Err(ErrorResponse::protocol(format!(
                "unsupported frontend protocol {major}.{minor}: server supports 3.0 to 3.2"
            ))
            .into());
        }
    };
    Ok((head, opening))
}

/// Reads the answer to the question for a cleartext password.
pub(super) async fn read_password(stream: &mut (impl AsyncRead + Unpin)) -> Result<String, ReadError> {
    let mut head = [0; 5];
    stream.read_exact(&mut head).await?;
    let [tag, length @ ..] = head;
    let length = u32::from_be_bytes(length) as usize;
    if tag != b'p' {
        return Err(ErrorResponse::protocol(format!(
            "expected password response, got message type {:?}",
            tag as char
        ))
        .into());
    }
    if !(5..=MAX_PASSWORD_BYTES).contains(&length) {
        return Err(ErrorResponse::protocol("invalid length of password message").into());
    }
    let mut body = vec![0; length - 4];
    stream.read_exact(&mut body).await?;
    // Exactly one zero byte, at the end.
    if body.iter().position(|&byte| byte == 0) != Some(body.len() - 1) {
        return Err(ErrorResponse::protocol("invalid password packet size").into());
    }
    body.pop();
    String::from_utf8(body).map_err(|_| ErrorResponse::protocol("the password is not valid UTF-8").into())
}

/// `AuthenticationCleartextPassword`.
pub(super) const ASK_PASSWORD: &[u8] = &[b'R', 0, 0, 0, 8, 0, 0, 0, 3];

/// Encodes an `ErrorResponse` of severity `FATAL`.
pub(super) fn fatal(response: &ErrorResponse) -> Vec<u8> {
    let mut body = Vec::new();
    let fields = [
        (b'S', Some("FATAL")),
        (b'V', Some("FATAL")),
        (b'C', Some(response.sqlstate())),
        (b'M', Some(response.message())),
        (b'H', response.hint()),
    ];
    for (field, text) in fields.into_iter().filter_map(|(field, text)| Some((field, text?))) {
        body.push(field);
        body.extend(text.bytes().filter(|&byte| byte != 0));
        body.push(0);
    }
    body.push(0);
    let mut message = vec![b'E'];
    message.extend_from_slice(&length(body.len() + 4));
    message.extend_from_slice(&body);
    message
}

fn untagged(code: u32, body: &[u8]) -> Vec<u8> {
    let mut packet = Vec::with_capacity(body.len() + 8);
    packet.extend_from_slice(&length(body.len() + 8));
    packet.extend_from_slice(&code.to_be_bytes());
    packet.extend_from_slice(body);
    packet
}

/// All messages written here are far below 4 GB, as the messages read are limited.
fn length(bytes: usize) -> [u8; 4] {
    u32::try_from(bytes).unwrap_or(u32::MAX).to_be_bytes()
}

/// The text of an `ErrorResponse`'s message field (`M`), for the log.
pub(super) fn message_of_error(body: &[u8]) -> String {
    let text = body.split(|&byte| byte == 0).find_map(|field| field.strip_prefix(b"M"));
    String::from_utf8_lossy(text.unwrap_or_default()).into_owned()
}
