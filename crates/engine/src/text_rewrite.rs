//! A change to what clients send, before the engine's user reads it.

use engineioxide_core::Str;

/// A text as the engine's user can read it.
#[derive(Debug, Clone)]
pub struct ReadableText {
    /// The text.
    pub text: Str,
    /// Messages of bytes that belong to it and come behind it. They are waited for as long as an upgrade may take, and
    /// a client that keeps them back loses its session.
    pub attachments: usize,
}

/// Changes each text message of a session before [`crate::handler::EngineIoHandler::on_message`] is called with it.
///
/// Whoever puts the engine in front of a router sets it in the extensions of the request that begins the session: it is
/// for what the engine's user cannot read and cannot be taught to. It is called in the task of the connection and must
/// not wait.
#[derive(Debug, Clone, Copy)]
pub struct TextRewrite(pub fn(Str) -> ReadableText);
