//! What a token opens. One of a login is as good as its person; one that was made for a tool is good for its scopes only.
//!
//! Every door asks [`authorize_token_for_door`] first, and then [`crate::policy`], which knows what the person may do: a
//! token never opens more than its owner.

use serde::{Deserialize, Serialize};
use ts_rs::TS;
use utoipa::ToSchema;

use crate::{DomainError, Result, model::text_enum};

text_enum! {
    /// What an API token may be good for.
    Scope {
        /// Report incidents, and deliver alerts to the hooks.
        Report = "report",
        /// Read incidents, comments, timelines, receipts, notifications, presence and people.
        Read = "read",
        /// Change, take and resolve incidents; write and delete comments.
        Write = "write",
        /// Read and stream events, and connect sockets.
        Events = "events",
    }
}

impl Scope {
    const fn as_bit(self) -> u8 {
        1 << self as u8
    }

    /// What whoever comes with a token that lacks it is told.
    pub const fn describe_refusal_when_missing(self) -> &'static str {
        match self {
            Self::Report => "This token lacks the scope report",
            Self::Read => "This token lacks the scope read",
            Self::Write => "This token lacks the scope write",
            Self::Events => "This token lacks the scope events",
        }
    }
}

/// Scopes of one token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ScopeSet(u8);

impl ScopeSet {
    /// Whether the scope is one of them.
    pub const fn is_scope_within_set(self, scope: Scope) -> bool {
        self.0 & scope.as_bit() != 0
    }

    /// The scopes in the order of the documentation.
    pub fn iter(self) -> impl Iterator<Item = Scope> {
        Scope::ALL.iter().copied().filter(move |scope| self.is_scope_within_set(*scope))
    }
}

impl FromIterator<Scope> for ScopeSet {
    fn from_iter<I: IntoIterator<Item = Scope>>(scopes: I) -> Self {
        Self(scopes.into_iter().fold(0, |bits, scope| bits | scope.as_bit()))
    }
}

/// Who acts with a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Authority {
    /// The person themselves: the token is of a login, of the command line or of an identity provider.
    Person,
    /// A tool of the person, with an API token of these scopes.
    Tool(ScopeSet),
}

impl Authority {
    /// Whether it is the person themselves, who is present where they are connected.
    pub const fn is_person(self) -> bool {
        matches!(self, Self::Person)
    }
}

/// Something that can be asked for with a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    /// Open to tools with this scope.
    OfScope(Scope),
    /// Open to people only: what concerns themselves (their login, password, tokens, what they have seen and that they
    /// type) and the administration of others.
    OfPeople,
}

/// Allows or forbids, for every door: REST, streams, sockets of every protocol and each of their calls.
pub fn authorize_token_for_door(authority: Authority, door: Door) -> Result<()> {
    match (authority, door) {
        (Authority::Person, _) => Ok(()),
        (Authority::Tool(scopes), Door::OfScope(scope)) if scopes.is_scope_within_set(scope) => {
            Ok(())
        }
        (Authority::Tool(_), Door::OfScope(scope)) => {
            Err(DomainError::Forbidden(scope.describe_refusal_when_missing()))
        }
        (Authority::Tool(_), Door::OfPeople) => {
            Err(DomainError::Forbidden("This is for people who are logged in, not for API tokens"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn should_open_to_each_scope_its_own_doors_and_no_others() {
        for scope in Scope::ALL.iter().copied() {
            let tool = Authority::Tool(ScopeSet::from_iter([scope]));
            for other in Scope::ALL.iter().copied() {
                let opened = authorize_token_for_door(tool, Door::OfScope(other));
                match opened {
                    Ok(()) => assert_eq!(scope, other),
                    Err(refusal) => {
                        assert_ne!(scope, other);
                        assert!(refusal.to_string().ends_with(other.as_str()), "{refusal}");
                    }
                }
            }
            assert!(authorize_token_for_door(tool, Door::OfPeople).is_err());
            assert!(authorize_token_for_door(Authority::Person, Door::OfScope(scope)).is_ok());
        }
        let all = Authority::Tool(Scope::ALL.iter().copied().collect());
        assert!(authorize_token_for_door(all, Door::OfPeople).is_err(), "whatever it has");
        assert!(authorize_token_for_door(Authority::Person, Door::OfPeople).is_ok());
    }

    #[test]
    fn should_read_each_scope_as_it_is_written() {
        for scope in Scope::ALL.iter().copied() {
            assert_eq!(scope.as_str().parse::<Scope>().expect("a scope"), scope);
        }
        for text in ["", "Report", "admin", "report "] {
            assert!(text.parse::<Scope>().is_err(), "{text:?}");
        }
    }
}
