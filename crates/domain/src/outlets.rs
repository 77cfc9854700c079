//! Outlets, through which events leave the house: how far each has told of the log, and who may tell.
//!
//! - [`cursor`]: the position of each outlet, and what becomes of its deliveries;
//! - [`window`]: a stretch of the log, whoever may see it, with what is missing in front of it;
//! - [`seat`]: the place of the one node that publishes.

pub mod cursor;
pub mod seat;
pub mod window;
