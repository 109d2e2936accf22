//! Scripted answers, for tests that measure the requests and the time between them.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use tokio::time::Instant;

use super::transport::{Answer, Exchange, Exchanged, TransportError, TransportErrorKind};

/// The outcome of one request.
#[derive(Clone)]
pub(crate) enum Step {
    Answer(Answer),
    Break(TransportErrorKind),
    /// No answer for this long, then `{}`.
    Silence(Duration),
}

/// A request as it was sent.
#[derive(Clone)]
pub(crate) struct Sent {
    /// Since the script was written.
    pub(crate) at: Duration,
    pub(crate) method: String,
    pub(crate) url: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Sent {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

type Play = Box<dyn Fn(usize, &Sent) -> Step + Send + Sync>;

pub(crate) struct Script {
    started: Instant,
    play: Play,
    sent: Mutex<Vec<Sent>>,
}

impl Script {
    /// Answers by rule; `play` gets the number of requests before this one.
    pub(crate) fn new(play: impl Fn(usize, &Sent) -> Step + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Self { started: Instant::now(), play: Box::new(play), sent: Mutex::default() })
    }

    /// Answers in order; the last step repeats.
    pub(crate) fn steps(steps: Vec<Step>) -> Arc<Self> {
        Self::new(move |index, _| steps[index.min(steps.len() - 1)].clone())
    }

    pub(crate) fn sent(&self) -> Vec<Sent> {
        self.sent.lock().unwrap().clone()
    }

    /// How much time has passed since the script was written.
    pub(crate) fn started_elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    pub(crate) fn count(&self) -> usize {
        self.sent.lock().unwrap().len()
    }
}

impl Exchange for Script {
    fn exchange(&self, request: reqwest::Request) -> Exchanged<'_> {
        let sent = Sent {
            at: self.started.elapsed(),
            method: request.method().to_string(),
            url: request.url().to_string(),
            headers: request.headers().clone(),
            body: request
                .body()
                .and_then(|body| body.as_bytes())
                .map(|body| String::from_utf8_lossy(body).into_owned())
                .unwrap_or_default(),
        };
        let step = {
            let mut all = self.sent.lock().unwrap();
            let step = (self.play)(all.len(), &sent);
            all.push(sent);
            step
        };
        Box::pin(async move {
            // An exchange is never done at once.
            tokio::task::yield_now().await;
            match step {
                Step::Answer(answer) => Ok(answer),
                Step::Break(kind) => Err(TransportError { kind, source: "connection reset by peer".into() }),
                Step::Silence(time) => {
                    tokio::time::sleep(time).await;
                    Ok(answer(200, "{}"))
                }
            }
        })
    }
}

pub(crate) fn answer(status: u16, body: &str) -> Answer {
    Answer { status, headers: HeaderMap::new(), body: body.to_owned().into() }
}

pub(crate) fn ok(body: &str) -> Step {
    Step::Answer(answer(200, body))
}

pub(crate) fn refusal(status: u16, body: &str) -> Step {
    Step::Answer(answer(status, body))
}

pub(crate) fn with_header(step: Step, name: &'static str, value: &str) -> Step {
    let Step::Answer(mut answer) = step else { return step };
    answer.headers.insert(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap());
    Step::Answer(answer)
}
