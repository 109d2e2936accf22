//! Copying bytes between a client and its compute, both ways at once.

use std::{
    future::poll_fn,
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::frames::Frames;

/// A TLS record holds at most this much.
const FROM_CLIENT_BYTES: usize = 16 * 1024;
/// PostgreSQL sends in pieces of 8 KB; taking several at once makes fewer and fuller TLS records.
const FROM_COMPUTE_BYTES: usize = 64 * 1024;
/// `Terminate`.
const TERMINATE: &[u8] = &[b'X', 0, 0, 0, 4];

/// How a splice ended, by the side that ended it.
#[derive(Debug)]
pub(super) enum End {
    /// The client sent `Terminate` or closed its side.
    Client,
    /// The compute sent an error and closed.
    Compute,
    /// The compute closed or failed without an error; the client can still be sent one.
    ComputeSilently(Option<io::Error>),
    /// The compute closed or failed in the middle of a message.
    ComputeMidway(Option<io::Error>),
    /// The connection to the client failed.
    ClientFailed(io::Error),
}

/// The state of both directions. Dropping a run and starting another loses nothing.
pub(super) struct Proxy {
    to_compute: Direction,
    to_client: Direction,
    frames: Frames,
    client_closed: bool,
    compute_deaf: bool,
}

impl Proxy {
    pub(super) fn new() -> Proxy {
        Proxy {
            to_compute: Direction::new(FROM_CLIENT_BYTES, OnEnd::Close),
            to_client: Direction::new(FROM_COMPUTE_BYTES, OnEnd::Flush),
            frames: Frames::default(),
            client_closed: false,
            compute_deaf: false,
        }
    }

    /// Whether everything the compute sent has been passed on and an error of the gateway may follow.
    pub(super) fn may_write_error(&self) -> bool {
        self.to_client.is_empty() && self.frames.between_messages() && !self.frames.ended_with_error()
    }

    /// Copies until one side ends.
    pub(super) async fn run<C, S>(&mut self, client: &mut C, compute: &mut S) -> End
    where
        C: AsyncRead + AsyncWrite + Unpin,
        S: AsyncRead + AsyncWrite + Unpin,
    {
        poll_fn(|cx| self.poll(cx, client, compute)).await
    }

    fn poll<C, S>(&mut self, cx: &mut Context<'_>, client: &mut C, compute: &mut S) -> Poll<End>
    where
        C: AsyncRead + AsyncWrite + Unpin,
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let Proxy { to_compute, to_client, frames, client_closed, compute_deaf } = self;
        if !*compute_deaf {
            let terminates = |bytes: &[u8]| *client_closed = bytes.ends_with(TERMINATE);
            match to_compute.poll_copy(cx, client, compute, terminates) {
                // The client closed its side; what the compute still sends is passed on below.
                Poll::Ready(Ok(())) => (*client_closed, *compute_deaf) = (true, true),
                Poll::Ready(Err(Failed::Reader(error))) => {
                    return Poll::Ready(if *client_closed { End::Client } else { End::ClientFailed(error) });
                }
                // A compute that takes nothing more may have sent an error, which is still to be read.
                Poll::Ready(Err(Failed::Writer(_))) => *compute_deaf = true,
                Poll::Pending => {}
            }
        }
        let error = match ready!(to_client.poll_copy(cx, compute, client, |bytes| frames.observe(bytes))) {
            Ok(()) => None,
            Err(Failed::Reader(error)) => Some(error),
            Err(Failed::Writer(_)) if *client_closed => return Poll::Ready(End::Client),
            Err(Failed::Writer(error)) => return Poll::Ready(End::ClientFailed(error)),
        };
        Poll::Ready(if *client_closed {
            End::Client
        } else if !frames.between_messages() {
            End::ComputeMidway(error)
        } else if frames.ended_with_error() {
            End::Compute
        } else {
            End::ComputeSilently(error)
        })
    }
}

/// Which end of a direction failed.
enum Failed {
    Reader(io::Error),
    Writer(io::Error),
}

/// The state of one direction.
struct Direction {
    buffer: Box<[u8]>,
    start: usize,
    end: usize,
    ended: bool,
    on_end: OnEnd,
    unflushed: bool,
}

/// How the writer learns that the reader has ended.
enum OnEnd {
    /// PostgreSQL ends a session whose client has closed its side, but first finishes and answers running statements.
    Close,
    /// The client may still be sent an error.
    Flush,
}

impl Direction {
    fn new(bytes: usize, on_end: OnEnd) -> Direction {
        Direction { buffer: vec![0; bytes].into(), start: 0, end: 0, ended: false, on_end, unflushed: false }
    }

    fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// Copies until nothing more can be done now; ready when the reader ended and the writer has everything.
    fn poll_copy<R, W>(
        &mut self,
        cx: &mut Context<'_>,
        reader: &mut R,
        writer: &mut W,
        mut seen: impl FnMut(&[u8]),
    ) -> Poll<Result<(), Failed>>
    where
        R: AsyncRead + Unpin,
        W: AsyncWrite + Unpin,
    {
        loop {
            while self.start < self.end {
                let bytes = &self.buffer[self.start..self.end];
                match ready!(Pin::new(&mut *writer).poll_write(cx, bytes)) {
                    Ok(0) => return Poll::Ready(Err(Failed::Writer(io::ErrorKind::WriteZero.into()))),
                    Ok(written) => self.start += written,
                    Err(error) => return Poll::Ready(Err(Failed::Writer(error))),
                }
                self.unflushed = true;
            }
            if self.ended {
                let writer = Pin::new(&mut *writer);
                return match self.on_end {
                    OnEnd::Close => writer.poll_shutdown(cx),
                    OnEnd::Flush => writer.poll_flush(cx),
                }
                .map_err(Failed::Writer);
            }
            let mut buffer = ReadBuf::new(&mut self.buffer);
            match Pin::new(&mut *reader).poll_read(cx, &mut buffer) {
                Poll::Ready(Ok(())) => {
                    seen(buffer.filled());
                    (self.start, self.end) = (0, buffer.filled().len());
                    self.ended = self.end == 0;
                }
                Poll::Ready(Err(error)) => return Poll::Ready(Err(Failed::Reader(error))),
                Poll::Pending => {
                    if self.unflushed {
                        ready!(Pin::new(&mut *writer).poll_flush(cx)).map_err(Failed::Writer)?;
                        self.unflushed = false;
                    }
                    return Poll::Pending;
                }
            }
        }
    }
}
