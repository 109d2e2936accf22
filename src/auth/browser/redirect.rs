//! The address on this machine to which the login page sends the browser back.

use std::{io, time::Duration};

use secrecy::SecretString;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    time::timeout,
};
use url::Url;

use crate::error::{Error, ErrorKind, Result};

/// The time that a person has for the login.
const LOGIN_LIMIT: Duration = Duration::from_secs(300);
/// The time that a browser has for sending a request, and the size of the request.
const REQUEST_LIMIT: Duration = Duration::from_secs(5);
const REQUEST_SIZE: u64 = 16 * 1024;

/// The port that applications register, and those that the public client may use besides.
const FIRST_PORT: u16 = 8020;
const LAST_PORT: u16 = 8040;

/// A listener on the loopback interface.
pub(super) struct Redirect {
    listener: TcpListener,
    uri: String,
}

/// A request to the listener.
#[derive(Debug)]
enum Request {
    Code(SecretString),
    /// The login page's reason for a refusal.
    Refusal(String),
    /// Anything else: an icon, another page of this machine.
    Other,
}

impl Redirect {
    /// Listens on the configured port, else on the first that is free. `any_port` says whether the application accepts
    /// others than the registered one.
    pub(super) async fn listen(configured: Option<u16>, any_port: bool) -> Result<Self> {
        let ports = match configured {
            Some(port) => port..=port,
            None if any_port => FIRST_PORT..=LAST_PORT,
            None => FIRST_PORT..=FIRST_PORT,
        };
        let mut last = None;
        for port in ports.clone() {
            match TcpListener::bind(("127.0.0.1", port)).await {
                Ok(listener) => return Ok(Self { listener, uri: format!("http://localhost:{port}") }),
                Err(error) => last = Some(error),
            }
        }
        let (first, end) = (ports.start(), ports.end());
        let shown = if first == end { format!("port {first}") } else { format!("ports {first} to {end}") };
        let message = format!(
            "the browser cannot be answered, as {shown} of this machine cannot be used; set oauth_callback_port to \
             a port that is free and that the application allows"
        );
        let error = Error::new(ErrorKind::Config, message);
        Err(last.map_or(error.clone(), |last| error.with_source(last)))
    }

    /// The address for the login page.
    pub(super) fn uri(&self) -> &str {
        &self.uri
    }

    /// Waits for the browser to come back with the code of this login.
    pub(super) async fn code(&self, state: &str) -> Result<SecretString> {
        let message = format!(
            "the browser did not come back within {} s; log in on the page that was opened, or use another login",
            LOGIN_LIMIT.as_secs()
        );
        let waited = timeout(LOGIN_LIMIT, self.wait(state)).await;
        waited.map_err(|_| Error::new(ErrorKind::Timeout, message))?
    }

    async fn wait(&self, state: &str) -> Result<SecretString> {
        loop {
            let (mut socket, _) = self.listener.accept().await.map_err(|error| {
                Error::new(ErrorKind::Connect, format!("{} cannot be answered", self.uri)).with_source(error)
            })?;
            // A connection that says nothing must not hold up the one that follows; browsers open some in advance.
            let Ok(Ok(head)) = timeout(REQUEST_LIMIT, head(&mut socket)).await else { continue };
            let request = read(&head, state);
            let answered = answer(&mut socket, &request);
            let _ = timeout(REQUEST_LIMIT, answered).await;
            match request {
                Request::Code(code) => return Ok(code),
                Request::Refusal(reason) => {
                    return Err(Error::unauthenticated(format!(
                        "the login in the browser was refused: {reason}"
                    )));
                }
                Request::Other => {}
            }
        }
    }
}

/// Reads the head of an HTTP request.
async fn head(socket: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    let mut limited = socket.take(REQUEST_SIZE);
    while !head.windows(4).any(|end| end == b"\r\n\r\n") {
        if limited.read_buf(&mut head).await? == 0 {
            break;
        }
    }
    Ok(head)
}

/// Takes the parameters out of the request line. A wrong state belongs to another login, or to an attacker.
fn read(head: &[u8], state: &str) -> Request {
    let line = head.split(|byte| *byte == b'\r').next().unwrap_or_default();
    let line = String::from_utf8_lossy(line);
    let target = line.strip_prefix("GET ").and_then(|rest| rest.split(' ').next());
    let Some(url) = target.and_then(|target| Url::parse("http://localhost").ok()?.join(target).ok()) else {
        return Request::Other;
    };
    let get = |name: &str| {
        let found = url.query_pairs().find(|(key, _)| key == name);
        found.map(|(_, value)| value.into_owned()).filter(|value| !value.is_empty())
    };
    if get("state").as_deref() != Some(state) {
        return Request::Other;
    }
    match (get("error"), get("code")) {
        (Some(error), _) => {
            let described = get("error_description").map(|text| format!("{error}: {text}")).unwrap_or(error);
            let line = described.chars().map(|c| if c.is_control() { ' ' } else { c }).take(500).collect();
            Request::Refusal(line)
        }
        (None, Some(code)) => Request::Code(code.into()),
        (None, None) => Request::Other,
    }
}

async fn answer(socket: &mut TcpStream, request: &Request) -> io::Result<()> {
    let (status, text) = match request {
        Request::Code(_) => ("200 OK", "You are logged in. You can close this tab."),
        Request::Refusal(_) => ("400 Bad Request", "The login was refused. The program shows the reason."),
        Request::Other => ("404 Not Found", "This is not the answer to a login that is in progress."),
    };
    let answer = format!(
        "HTTP/1.1 {status}\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: {}\r\n\
         connection: close\r\n\r\n{text}",
        text.len()
    );
    socket.write_all(answer.as_bytes()).await?;
    socket.shutdown().await
}
