//! A program that serves a console, and a client that sends exactly the headers that a test wants.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    process::{Child, Command, Stdio},
};

use secrecy::ExposeSecret as _;
use tempfile::TempDir;
use url::Url;

use super::{
    child::{self, LIMIT},
    directory::directory,
    fixture::{Fixture, server},
};

/// `lakebase console`, killed when dropped.
pub(crate) struct Console {
    pub(crate) child: Child,
    /// The address that logs in.
    pub(crate) login: Url,
    directory: TempDir,
}

impl Console {
    /// Shows the Lakebase at this address.
    pub(crate) fn start(host: &str, token: &str, arguments: &[&str]) -> Self {
        let directory = directory();
        let log = std::fs::File::create(directory.path().join("log")).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_lakebase"));
        for (name, _) in std::env::vars_os() {
            let name = name.to_string_lossy();
            if ["DATABRICKS_", "LAKEBASE_", "GIT_", "PG"].iter().any(|ours| name.starts_with(ours)) {
                command.env_remove(&*name);
            }
        }
        command.args(["console", "--no-open"]).args(arguments).current_dir(directory.path());
        command.env("HOME", directory.path()).env("RUST_LOG", "debug,hyper=info");
        command.env("DATABRICKS_HOST", host).env("DATABRICKS_TOKEN", token);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let line = child::line(child.stdout.take().unwrap(), |line| line.starts_with("http"));
        let login = Url::parse(&line.expect("the console says where it is")).unwrap();
        Self { child, login, directory }
    }

    /// Shows the project of a test.
    pub(crate) fn of(fixture: &Fixture, arguments: &[&str]) -> Self {
        let project = fixture.project.name.id().to_string();
        let server = server();
        Self::start(
            &server.host,
            server.token.expose_secret(),
            &[&["--project", &project], arguments].concat(),
        )
    }

    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.directory.path().join("log")).unwrap()
    }

    pub(crate) fn browser(&self) -> Client {
        Client::of(&self.login)
    }
}

impl Drop for Console {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = child::ended(&mut self.child, LIMIT);
    }
}

/// An answer: status, headers in lower case, body.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head
            .lines()
            .find_map(|line| line.split_once(": ").filter(|(key, _)| *key == name).map(|(_, value)| value))
    }

    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}\n{}", self.head, self.body);
        self
    }

    #[track_caller]
    pub(crate) fn has(self, text: &str) -> Self {
        assert!(self.body.contains(text), "{text:?} is not in {}", self.body);
        self
    }
}

/// A client of one console.
#[derive(Clone)]
pub(crate) struct Client {
    /// `127.0.0.1:8433`
    pub(crate) host: String,
    /// The path in front of all others.
    pub(crate) base: String,
    pub(crate) cookie: String,
}

impl Client {
    pub(crate) fn of(login: &Url) -> Self {
        let host = format!("{}:{}", login.host_str().unwrap(), login.port().unwrap());
        let base = login.path().strip_suffix("/login").unwrap().to_owned();
        Self { host, base, cookie: String::new() }
    }

    /// Sends a request with these headers and no others.
    pub(crate) fn send(&self, call: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let mut stream = TcpStream::connect(&self.host).unwrap();
        stream.set_read_timeout(Some(LIMIT)).unwrap();
        let lines: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let length = body.len();
        write!(
            stream,
            "{call} HTTP/1.1\r\n{lines}Connection: close\r\nContent-Length: {length}\r\n\r\n{body}"
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let head = head.lines().map(|line| match line.split_once(": ") {
            Some((name, value)) => format!("{}: {value}\n", name.to_lowercase()),
            None => format!("{line}\n"),
        });
        Answer { status, head: head.collect(), body: body.to_owned() }
    }

    /// Logs in and keeps the cookie.
    #[track_caller]
    pub(crate) fn log_in(mut self, login: &Url) -> Self {
        let path = format!("{}?{}", login.path(), login.query().unwrap());
        let answer = self.send(&format!("GET {path}"), &[("Host", &self.host)], "").expect(200);
        let cookie = answer.header("set-cookie").unwrap();
        assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"), "{cookie}");
        self.cookie = cookie.split(';').next().unwrap().to_owned();
        self
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        let call = format!("GET {}{path}", self.base);
        self.send(&call, &[("Host", &self.host), ("Cookie", &self.cookie)], "")
    }

    /// Sends a form as a page of the console does.
    pub(crate) fn post(&self, path: &str, form: &str) -> Answer {
        let own = format!("http://{}", self.host);
        let headers = [
            ("Host", self.host.as_str()),
            ("Cookie", &self.cookie),
            ("Origin", &own),
            ("Sec-Fetch-Site", "same-origin"),
            ("Content-Type", "application/x-www-form-urlencoded"),
        ];
        self.send(&format!("POST {}{path}", self.base), &headers, form)
    }

    /// The token of the session, from a form of this page.
    #[track_caller]
    pub(crate) fn csrf(&self, path: &str) -> String {
        let page = self.get(path).expect(200).body;
        let after = page.split_once("name=\"csrf\" value=\"").expect("the page has a form").1;
        after.split('"').next().unwrap().to_owned()
    }
}
