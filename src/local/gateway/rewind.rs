//! A stream whose first bytes were read already.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

use tokio::io::{AsyncRead, ReadBuf};

use super::{delegate::delegate_async_write, message::Head};

/// Gives back the head of a connection that begins with TLS, then the rest.
#[derive(Debug)]
pub(super) struct PrefixedStream<S> {
    head: Head,
    /// How many bytes of the head were given back.
    given: usize,
    stream: S,
}

impl<S> PrefixedStream<S> {
    pub(super) fn new(head: Option<Head>, stream: S) -> PrefixedStream<S> {
        let given = if head.is_some() { 0 } else { Head::default().len() };
        PrefixedStream { head: head.unwrap_or_default(), given, stream }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for PrefixedStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.given < self.head.len() {
            let until = self.head.len().min(self.given + buf.remaining());
            buf.put_slice(&self.head[self.given..until]);
            self.given = until;
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

delegate_async_write!(PrefixedStream<S>, S);
