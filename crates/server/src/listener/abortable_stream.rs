//! The accepted TCP stream, wrapped so that a [`ConnectionHandle`] can end it.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

use owlpost_socketio::{ConnectionHalf, ConnectionHandle};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    sync::OwnedSemaphorePermit,
};

/// A TCP stream that fails with `ConnectionAborted` once its handle is aborted.
///
/// It also holds the connection's place under the cap on open connections, so that an upgraded connection
/// keeps its place for as long as it lives.
#[derive(Debug)]
pub struct AbortableStream {
    stream: TcpStream,
    handle: ConnectionHandle,
    _permit: OwnedSemaphorePermit,
}

impl AbortableStream {
    /// Wraps an accepted stream.
    pub fn new(stream: TcpStream, handle: ConnectionHandle, permit: OwnedSemaphorePermit) -> Self {
        Self { stream, handle, _permit: permit }
    }

    /// Fails when aborted, after telling the kernel to forget what is still queued: a reader that is stuck
    /// would otherwise keep the buffers until the retransmission timeout.
    fn fail_when_connection_aborted(&self) -> io::Result<()> {
        if self.handle.is_aborted() {
            let _ = self.stream.set_zero_linger();
            return Err(io::ErrorKind::ConnectionAborted.into());
        }
        Ok(())
    }

    fn wait_or_fail_when_aborted<T>(
        &self,
        half: ConnectionHalf,
        cx: &Context<'_>,
        polled: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if polled.is_pending() && !self.handle.register_waker_for_abort(half, cx.waker()) {
            self.fail_when_connection_aborted()?;
        }
        polled
    }
}

impl AsyncRead for AbortableStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.fail_when_connection_aborted()?;
        let polled = Pin::new(&mut self.stream).poll_read(cx, buf);
        self.wait_or_fail_when_aborted(ConnectionHalf::Read, cx, polled)
    }
}

impl AsyncWrite for AbortableStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.fail_when_connection_aborted()?;
        let polled = Pin::new(&mut self.stream).poll_write(cx, buf);
        self.wait_or_fail_when_aborted(ConnectionHalf::Write, cx, polled)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.fail_when_connection_aborted()?;
        let polled = Pin::new(&mut self.stream).poll_write_vectored(cx, bufs);
        self.wait_or_fail_when_aborted(ConnectionHalf::Write, cx, polled)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
