//! Alerts of tools become incidents.
//!
//! A tool tells of alerts in groups, again and again; each group has one open incident at a time. Read in this order:
//!
//! - `group_news`: what of a delivery is not known yet, without a database;
//! - `wording`: what is written of it, within the limits of texts;
//! - `delivery`: one transaction for one delivery.

mod delivery;
mod group_news;
mod wording;
