//! Client socket with immediate TCP acknowledgments (`TCP_QUICKACK`) during login.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

use tokio::{
    io::{AsyncRead, ReadBuf},
    net::TcpStream,
};

use super::delegate::delegate_async_write;

/// More reads than a login takes.
const LOGIN_READS: u8 = 16;

/// A socket without delayed acknowledgements during the login.
///
/// Clients that leave Nagle's algorithm on hold back the end of the TLS handshake until its beginning was
/// acknowledged, which a system that has nothing to send puts off for 40 ms.
#[derive(Debug)]
pub(super) struct QuickAckSocket {
    stream: TcpStream,
    reads_left: u8,
}

impl QuickAckSocket {
    pub(super) fn new(stream: TcpStream) -> QuickAckSocket {
        QuickAckSocket { stream, reads_left: LOGIN_READS }
    }
}

/// The system forgets the setting with the next acknowledgement. Without it a login is slower.
fn acknowledge(stream: &TcpStream) {
    #[cfg(target_os = "linux")]
    let _ = stream.set_quickack(true);
    #[cfg(not(target_os = "linux"))]
    let _ = stream;
}

impl AsyncRead for QuickAckSocket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let read = Pin::new(&mut self.stream).poll_read(cx, buf);
        if self.reads_left > 0 && read.is_ready() {
            self.reads_left -= 1;
            acknowledge(&self.stream);
        }
        read
    }
}

delegate_async_write!(QuickAckSocket);
