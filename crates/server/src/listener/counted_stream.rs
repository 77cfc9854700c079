//! The accepted stream, with the place it takes.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};

use owlpost_admission::Place;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};
use tokio_rustls::server::TlsStream;

/// What an accepted connection is read from and written to.
#[derive(Debug)]
pub enum AcceptedStream {
    /// As it is.
    Plain(TcpStream),
    /// Encrypted by us.
    Tls(Box<TlsStream<TcpStream>>),
}

/// Polls whichever it is.
macro_rules! poll_accepted_stream {
    ($counted:expr, $poll:ident $(, $argument:expr)*) => {
        match &mut $counted.stream {
            AcceptedStream::Plain(stream) => Pin::new(stream).$poll($($argument),*),
            AcceptedStream::Tls(stream) => Pin::new(stream).$poll($($argument),*),
        }
    };
}

/// A stream that holds its place under the cap on open connections, so that an upgraded connection keeps the
/// place for as long as it lives.
#[derive(Debug)]
pub struct CountedStream {
    stream: AcceptedStream,
    _place: Place,
}

impl CountedStream {
    /// Joins an accepted stream to its place.
    pub fn new(stream: AcceptedStream, place: Place) -> Self {
        Self { stream, _place: place }
    }
}

impl AsyncRead for CountedStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        poll_accepted_stream!(self, poll_read, cx, buf)
    }
}

impl AsyncWrite for CountedStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        poll_accepted_stream!(self, poll_write, cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        poll_accepted_stream!(self, poll_write_vectored, cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        match &self.stream {
            AcceptedStream::Plain(stream) => stream.is_write_vectored(),
            AcceptedStream::Tls(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        poll_accepted_stream!(self, poll_flush, cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        poll_accepted_stream!(self, poll_shutdown, cx)
    }
}
