//! People: who they are, how they prove it, and how they come and go.
//!
//! - `authentication`: from a token to its person, and `provider_people`, to the person of an identity provider's;
//! - [`directory`]: finding people, and adding them;
//! - [`name`] and [`password`]: what people may be called, and what they may prove themselves with;
//! - [`login`]: registration, login, renewal, logout; [`login_list`]: the logins of a person, and their ends;
//! - [`one_time_link`]: links that an Auror makes: a new password, an invitation;
//! - [`standing`]: roles, deactivation, deletion.

mod authentication;
pub mod directory;
pub mod login;
pub mod login_list;
pub mod name;
pub mod one_time_link;
pub mod password;
mod provider_people;
pub mod standing;
