//! Frames that wait for their transaction to be committed.

use super::{decoder::BadFrame, frame::ClientFrame};

/// Transactions that a connection may have begun.
pub const MOST_TRANSACTIONS: usize = 8;
/// Frames that may wait in all transactions of a connection.
pub const MOST_WAITING_FRAMES: usize = 64;
/// Bytes of the frames that may wait.
pub const MOST_WAITING_BYTES: usize = 64_000;

struct Transaction {
    name: String,
    frames: Vec<ClientFrame>,
}

/// The transactions that a client has begun.
#[derive(Default)]
pub(crate) struct Transactions(Vec<Transaction>);

impl Transactions {
    pub(crate) fn begin_transaction_of_client(&mut self, name: &str) -> Result<(), BadFrame> {
        if self.0.iter().any(|known| known.name == name) {
            return Err(BadFrame::malformed("This transaction has begun already"));
        }
        if self.0.len() == MOST_TRANSACTIONS {
            return Err(BadFrame::malformed("There are as many transactions as may be"));
        }
        self.0.push(Transaction { name: name.to_owned(), frames: Vec::new() });
        Ok(())
    }

    /// Keeps a frame until its transaction ends.
    pub(crate) fn keep_frame_for_commit(
        &mut self,
        name: &str,
        frame: ClientFrame,
    ) -> Result<(), BadFrame> {
        let waiting = self.0.iter().flat_map(|known| &known.frames);
        let (frames, bytes) = waiting
            .fold((1, frame.bytes), |(frames, bytes), frame| (frames + 1, bytes + frame.bytes));
        if frames > MOST_WAITING_FRAMES || bytes > MOST_WAITING_BYTES {
            return Err(BadFrame {
                message: "The transactions hold more than may be",
                ..BadFrame::TOO_LARGE
            });
        }
        self.find_transaction_by_name(name)?.frames.push(frame);
        Ok(())
    }

    /// Ends a transaction; what it held, in order.
    pub(crate) fn end_transaction_of_client(
        &mut self,
        name: &str,
    ) -> Result<Vec<ClientFrame>, BadFrame> {
        let frames = std::mem::take(&mut self.find_transaction_by_name(name)?.frames);
        self.0.retain(|known| known.name != name);
        Ok(frames)
    }

    fn find_transaction_by_name(&mut self, name: &str) -> Result<&mut Transaction, BadFrame> {
        let mut known = self.0.iter_mut();
        known
            .find(|known| known.name == name)
            .ok_or(BadFrame::malformed("This transaction has not begun"))
    }
}
