//! A compute's socket of which is only watched what it says.

use std::{
    io::{self, Read as _, Write as _},
    net::Shutdown,
    os::unix::net::UnixStream as Socket,
    pin::Pin,
    task::{Context, Poll, ready},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, Interest, ReadBuf, unix::AsyncFd},
    net::UnixStream,
};

/// Linux reports that a Unix socket can be written to each time its peer has read from it. To watch for that
/// means a wake-up for every query that PostgreSQL takes, a third of all; so it is watched for only while a
/// write waits.
#[derive(Debug)]
pub(super) struct Unwatched {
    socket: AsyncFd<Socket>,
    /// While a write waits.
    full: Option<AsyncFd<Socket>>,
}

impl Unwatched {
    pub(super) fn new(stream: UnixStream) -> io::Result<Unwatched> {
        let socket = watch(stream.into_std()?, Interest::READABLE)?;
        Ok(Unwatched { socket, full: None })
    }

    fn poll_room(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if let Some(full) = &self.full {
            ready!(full.poll_write_ready(cx))?.retain_ready();
            self.full = None;
        }
        Poll::Ready(Ok(()))
    }
}

// What replaces it is `unsafe`, because a type may change or close its descriptor while it is watched. `Socket`
// does neither: `AsyncFd` owns it, and it is only borrowed shared.
#[allow(
    deprecated,
    reason = "sound for a socket that is never replaced, and the replacement needs a newer tokio"
)]
fn watch(socket: Socket, interest: Interest) -> io::Result<AsyncFd<Socket>> {
    AsyncFd::with_interest(socket, interest)
}

impl AsyncRead for Unwatched {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        loop {
            let mut guard = ready!(self.socket.poll_read_ready(cx))?;
            let unfilled = buf.initialize_unfilled();
            let room = unfilled.len();
            let Ok(read) = guard.try_io(|socket| socket.get_ref().read(unfilled)) else { continue };
            let read = read?;
            if 0 < read && read < room {
                // It is drained; asking once more would only tell that.
                guard.clear_ready();
            }
            buf.advance(read);
            return Poll::Ready(Ok(()));
        }
    }
}

impl AsyncWrite for Unwatched {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        loop {
            ready!(self.poll_room(cx))?;
            match self.socket.get_ref().write(buf) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    let socket = self.socket.get_ref().try_clone()?;
                    self.full = Some(watch(socket, Interest::WRITABLE)?);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                written => return Poll::Ready(written),
            }
        }
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(self.socket.get_ref().shutdown(Shutdown::Write))
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::{
            Arc,
            atomic::{AtomicUsize, Ordering},
        },
        task::Wake,
        time::Duration,
    };

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;

    #[derive(Default)]
    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    fn pair() -> (Unwatched, UnixStream) {
        let (ours, theirs) = UnixStream::pair().unwrap();
        (Unwatched::new(ours).unwrap(), theirs)
    }

    #[tokio::test]
    async fn a_compute_that_reads_wakes_nobody_and_one_that_answers_does() {
        let (mut ours, mut theirs) = pair();
        ours.write_all(b"query").await.unwrap();
        let count = Arc::new(Count::default());
        let waker = count.clone().into();
        let mut bytes = [0; 8];
        let mut buffer = ReadBuf::new(&mut bytes);
        assert!(Pin::new(&mut ours).poll_read(&mut Context::from_waker(&waker), &mut buffer).is_pending());
        theirs.read_exact(&mut [0; 5]).await.unwrap();
        tokio::time::sleep(Duration::from_millis(20)).await;
        assert_eq!(count.0.load(Ordering::SeqCst), 0);
        theirs.write_all(b"answer").await.unwrap();
        while count.0.load(Ordering::SeqCst) == 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        ours.read_exact(&mut [0; 6]).await.unwrap();
    }

    #[tokio::test]
    async fn a_write_waits_for_room_and_loses_nothing() {
        let (mut ours, mut theirs) = pair();
        let sent: Vec<u8> = (0..8_000_000_u32).map(|number| (number % 251) as u8).collect();
        let expected = sent.clone();
        let writer = tokio::spawn(async move {
            ours.write_all(&sent).await.unwrap();
            ours.shutdown().await.unwrap();
            let mut answer = String::new();
            ours.read_to_string(&mut answer).await.unwrap();
            (ours.full.is_none(), answer)
        });
        tokio::time::sleep(Duration::from_millis(20)).await;
        assert!(!writer.is_finished());
        let mut received = Vec::new();
        theirs.read_to_end(&mut received).await.unwrap();
        assert!(received == expected);
        theirs.write_all(b"taken").await.unwrap();
        drop(theirs);
        assert_eq!(writer.await.unwrap(), (true, "taken".to_owned()));
    }

    #[tokio::test]
    async fn a_write_that_waits_fails_when_the_compute_goes() {
        let (mut ours, theirs) = pair();
        let writer = tokio::spawn(async move { ours.write_all(&vec![0; 8_000_000]).await });
        tokio::time::sleep(Duration::from_millis(20)).await;
        drop(theirs);
        assert!(writer.await.unwrap().is_err());
    }

    #[tokio::test]
    async fn the_last_words_are_read_before_the_end() {
        let (mut ours, mut theirs) = pair();
        for end_first in [false, true] {
            if end_first {
                (ours, theirs) = pair();
            }
            theirs.write_all(b"farewell").await.unwrap();
            if end_first {
                drop(std::mem::replace(&mut theirs, UnixStream::pair().unwrap().0));
            }
            let mut said = [0; 64];
            assert_eq!(ours.read(&mut said).await.unwrap(), 8);
            if !end_first {
                drop(std::mem::replace(&mut theirs, UnixStream::pair().unwrap().0));
            }
            assert_eq!(ours.read(&mut said).await.unwrap(), 0);
        }
    }
}
