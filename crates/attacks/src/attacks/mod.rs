//! The list of attacks, and one file for each group of them.

mod floods;
mod packets;
mod requests;
mod rights;
mod sessions;
mod tokens;

use futures_util::FutureExt as _;
use owlpost_faults::lab::Scale;

use crate::attack::Attack;

/// The attacks of a run of this scale.
pub fn list_attacks_for_scale(scale: Scale) -> Vec<Attack> {
    let mut attacks = list_every_known_attack();
    attacks.retain(|attack| scale == Scale::Full || attack.in_short_run);
    attacks
}

macro_rules! attacks {
    ($($number:literal $name:literal $short:literal $group:ident::$run:ident { tried: $tried:literal, expected: $expected:literal $(,)? })*) => {
        vec![$(Attack {
            number: $number,
            name: $name,
            tried: $tried,
            expected: $expected,
            in_short_run: $short,
            run: |field| $group::$run(field).boxed(),
        }),*]
    };
}

/// All of them. Numbers are names, not an order; 12 is tried with 11, and 47 is `make deny-advisories`.
#[allow(clippy::too_many_lines)]
pub fn list_every_known_attack() -> Vec<Attack> {
    attacks! {
        1 "tokens without signature" true tokens::present_tokens_without_signature {
            tried: "alg none in every case, no signature, the signature of another token",
            expected: "refused and counted; nothing told of anybody",
        }
        2 "other algorithms and keys" true tokens::sign_with_other_algorithms {
            tried: "HS256 with another key or a public one; HS384, HS512, RS256, ES256 and EdDSA by name",
            expected: "refused: the algorithm is the server's choice, not the token's",
        }
        3 "keys named in headers" true tokens::name_keys_in_headers {
            tried: "kid, jku, x5u and jwk with paths, addresses, SQL; crit",
            expected: "refused; nothing is fetched",
        }
        4 "times of tokens" true tokens::bend_times_of_tokens {
            tried: "expired, not yet valid, no exp, exp as text, list, 1e400, year 9999",
            expected: "refused",
        }
        5 "claims of others" true tokens::claim_to_be_others {
            tried: "no sub, odd subs, another type, a role of one's choice",
            expected: "refused; the role is the database's",
        }
        6 "weak secrets" true tokens::start_with_weak_secrets {
            tried: "a start with an empty, short or usual secret",
            expected: "no start; the variable is named, its value is not",
        }
        7 "tokens in addresses" true tokens::put_token_into_query {
            tried: "a token in the query of every door",
            expected: "not taken where it need not be, in no log line, no referrer",
        }
        8 "tokens after the end" true tokens::use_tokens_after_logout {
            tried: "tokens and sockets after logout and after deactivation",
            expected: "sockets closed, tokens and renewals refused",
        }
        9 "events before entering" false tokens::send_events_before_entering {
            tried: "events, answers and nothing at all on a connection that never enters",
            expected: "nothing done, nothing answered, ended after a while",
        }
        10 "foreign pages" true rights::come_from_foreign_pages {
            tried: "websockets and polls with origins of other pages, at every door",
            expected: "403",
        }
        11 "rooms of others" true rights::enter_rooms_of_others {
            tried: "rooms of users and roles, with look-alikes, spaces, NUL (12 too)",
            expected: "refused, nothing of others is heard",
        }
        13 "guessed ids" true rights::guess_ids_of_incidents {
            tried: "ids of incidents by chance, by socket and REST",
            expected: "the same answer for all",
        }
        14 "listening on" true rights::listen_after_access_ends {
            tried: "a socket of somebody who is deactivated",
            expected: "closed, hears nothing more",
        }
        15 "others' things" true rights::reach_for_others_things {
            tried: "comments, notifications, incidents, accounts and pages of others",
            expected: "403 or 404, unchanged",
        }
        16 "fields of the server" true rights::set_fields_of_server {
            tried: "id, status, role, times and owners in bodies",
            expected: "refused or left out",
        }
        17 "others' names" true rights::type_in_others_names {
            tried: "typing with the id of another",
            expected: "only the sender's own name is told",
        }
        18 "names of prototypes" true packets::send_names_of_prototypes {
            tried: "__proto__ and its kin as events, rooms and members",
            expected: "refused, the socket goes on",
        }
        19 "reserved events" true packets::send_events_with_reserved_names {
            tried: "connect, disconnect, error and others as events",
            expected: "nothing is triggered",
        }
        20 "events without a name" true packets::send_events_without_name {
            tried: "objects, lists, null and nothing where a name should be",
            expected: "that connection ends, no other",
        }
        21 "placeholders" true packets::place_holders_in_text {
            tried: "placeholders of attachments that are not there",
            expected: "refused",
        }
        22 "announced attachments" true packets::announce_attachments_without_end {
            tried: "packets that announce too many attachments, or send none",
            expected: "refused at once, or waited for a while; no memory",
        }
        23 "unannounced bytes" true packets::send_bytes_nobody_announced {
            tried: "bytes without a packet, text inside of a binary one",
            expected: "that connection ends",
        }
        24 "broken texts" true packets::send_texts_with_broken_letters {
            tried: "broken UTF-8, letters of four bytes, lone surrogates, NUL",
            expected: "no panic; NUL never reaches the database",
        }
        25 "megabytes" true packets::send_messages_of_megabytes {
            tried: "a frame of 16 MiB, a million fragments, a message one too large",
            expected: "the connection ends at the bound",
        }
        26 "nested JSON" true packets::nest_json_without_end {
            tried: "depth, thousands of members, numbers out of range, members twice",
            expected: "refused with a code",
        }
        27 "compressed messages" true packets::ask_for_compressed_messages {
            tried: "permessage-deflate",
            expected: "not taken up",
        }
        28 "bodies of packets" true sessions::post_bodies_of_packets {
            tried: "polls with other types, separators, thousands of packets, no end",
            expected: "refused, cut off at the bound",
        }
        29 "guessed sessions" true sessions::guess_ids_of_sessions {
            tried: "ids of sessions by chance, and odd ones",
            expected: "unknown; ids are long",
        }
        30 "races for a session" true sessions::race_requests_of_session {
            tried: "two polls, two upgrades, a second websocket",
            expected: "ended cleanly; nobody takes over another's",
        }
        31 "unknown namespaces" true packets::enter_namespaces_nobody_has {
            tried: "a thousand namespaces, one of 10 kB",
            expected: "refused",
        }
        32 "rooms without end" false packets::join_rooms_without_end {
            tried: "more rooms than anybody needs",
            expected: "refused at the bound",
        }
        33 "floods of events" false floods::flood_with_client_events {
            tried: "5,000 events and 300 requests without a pause",
            expected: "refused with a code and a time to wait; others do not notice",
        }
        34 "sockets without end" false floods::open_sockets_without_end {
            tried: "sockets of one user, connections of one address, coming and going",
            expected: "refused at the bound, free again afterwards",
        }
        35 "slow requests" false floods::send_requests_byte_by_byte {
            tried: "nothing, half a line, half a head, half a body, 2,000 headers",
            expected: "ended in time",
        }
        36 "reading nothing" false floods::read_nothing_at_all {
            tried: "20 clients that never read",
            expected: "closed as slow; memory is level, others hear everything",
        }
        37 "injected queries" true requests::inject_statements_into_queries {
            tried: "SQL, patterns and numbers in every parameter",
            expected: "texts are texts; numbers have bounds",
        }
        38 "pages in texts" true requests::store_pages_in_texts {
            tried: "scripts, links and formulas in texts; names that turn around",
            expected: "texts stay texts; a policy without inline scripts",
        }
        39 "forged log lines" true requests::write_lines_into_log {
            tried: "line ends and control sequences in whatever is logged; secrets",
            expected: "escaped, bounded, no secret",
        }
        40 "repeated requests" true requests::repeat_what_was_sent {
            tried: "the same key again, with another body, by another person",
            expected: "the same answer, 409, their own",
        }
        41 "guessed passwords" false floods::guess_passwords_and_accounts {
            tried: "accounts told by time, passwords by guessing",
            expected: "equal times; guesses slowed down, the owner is not",
        }
        42 "mentions of everybody" false requests::mention_everybody_in_comment {
            tried: "a thousand mentions, groups, more than one may notify",
            expected: "refused at the bound",
        }
        43 "back doors" false requests::look_for_back_doors {
            tried: "pages of administrators, files, metrics without their token",
            expected: "nothing there; 401",
        }
        44 "paths" true sessions::walk_around_by_paths {
            tried: "doubled slashes, upper case, escapes, dots",
            expected: "no way around",
        }
        45 "smuggled requests" true sessions::smuggle_requests_in_heads {
            tried: "two lengths, two hosts, broken heads and handshakes",
            expected: "400",
        }
        46 "foreign forms" true requests::write_from_foreign_forms {
            tried: "forms with cookies",
            expected: "cookies are no tokens",
        }
    }
}
