//! What the connections of a capture so far tell of its servers and of its tickets.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hash};
use std::net::{IpAddr, SocketAddr};

use super::attempt::{Attempt, Mark, Opened, Verdict};
use super::key_id::{KeyId, SealedUnder};
use super::reason::Reason;
use super::unrecognised::Unrecognised;
use crate::capture::connection::HandshakeKind;
use crate::capture::sighting::Carrier;
use crate::capture::{Connection, Hashed, Number};
use crate::key::Role;

/// Servers that are remembered, key names and contexts of each, tickets and secrets.
const MAX_SERVERS: usize = 1 << 12;
const MAX_NAMES: usize = 8;
const MAX_CONTEXTS: usize = 16;
const MAX_TICKETS: usize = 1 << 16;
/// Of this many tickets of one server that share nothing, the first bytes are no key names.
const NEVER_REPEATING: usize = 5;

/// What is known by marks, which are hashes already.
type Marked<T> = HashMap<Mark, T, BuildHasherDefault<Hashed>>;

/// The connection that issued a ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Issue {
    /// The connection.
    pub number: Number,
    /// Number of the packet with the ticket.
    pub packet: u64,
    /// Who issued it.
    pub server: SocketAddr,
}

/// What is known of a ticket: little, as there are many.
#[derive(Debug, Clone, Copy)]
struct Known {
    issue: Option<Issue>,
    /// When the full handshake was that it goes back to, seconds since 1970; `None` if that is not known.
    root: Option<i64>,
}

/// A ticket that a server accepted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Taken {
    /// The last connection in which it did.
    pub(super) number: Number,
    /// It did so more than once.
    pub(super) is_again: bool,
    /// It refused it after that, for a cause that remains open.
    is_refused: bool,
}

/// When something was seen first and last, in numbers of connections.
type Span = (u64, u64);

/// What a server did with a key.
#[derive(Debug, Clone)]
pub(super) struct Name {
    pub(super) is: SealedUnder,
    /// Stands for the first ticket under it.
    first: Mark,
    /// It issued tickets under it.
    pub(super) sealed: Option<Span>,
    /// It accepted tickets under it.
    pub(super) accepted: Option<Span>,
    /// It refused one, for want of the key.
    pub(super) refused: Option<u64>,
    /// It accepted, refused and accepted tickets under it, or sealed under it again after it had sealed under another.
    pub(super) by_turns: bool,
}

impl Name {
    /// Whether it refused a ticket under it, and has shown nothing of it since.
    pub(super) fn is_dropped(&self) -> bool {
        self.refused.is_some_and(|refused| self.last_shown().is_none_or(|shown| shown < refused))
    }

    /// The last connection in which the server showed that it has the key.
    pub(super) fn last_shown(&self) -> Option<u64> {
        self.sealed.map(|span| span.1).max(self.accepted.map(|span| span.1))
    }
}

/// A ticket, by its key.
struct Ticket<'a> {
    mark: Mark,
    under: &'a SealedUnder,
}

impl<'a> Ticket<'a> {
    fn of(attempt: &'a Attempt) -> Option<Self> {
        Some(Self { mark: attempt.mark, under: attempt.sealed_under.as_ref()? })
    }
}

/// What is known of a server.
#[derive(Debug, Default)]
pub(super) struct Server {
    names: Vec<Name>,
    /// Session ID contexts of the sessions that it sealed or took up.
    contexts: Vec<Mark>,
    /// It accepted a ticket of another host name than the client asked for.
    pub(super) takes_other_names: bool,
    /// It accepted, refused and accepted one and the same ticket, and nothing that is to be seen was in the way.
    pub(super) wavers: bool,
    /// It sealed under the first of the keys given, or accepted a ticket under it.
    pub(super) has_first_key: bool,
}

impl Server {
    pub(super) fn name(&self, key: &KeyId) -> Option<&Name> {
        self.names.iter().find(|known| known.is.key.is_same(key))
    }

    /// Whether the first bytes of its tickets name no key: none that it issued shares them with another one.
    pub(super) fn has_no_names(&self) -> bool {
        let alone = self.names.iter().filter(|known| known.sealed.is_some()).count();
        alone >= NEVER_REPEATING && !self.names.iter().any(|known| known.is.is_known)
    }

    /// The key that it was last seen to seal under.
    pub(super) fn seals_under(&self) -> Option<&Name> {
        self.names.iter().filter(|known| known.sealed.is_some()).max_by_key(|known| known.sealed.map(|span| span.1))
    }

    /// Whether several nodes answer at the address: it seals, or accepts and refuses, by turns.
    pub(super) fn has_several(&self) -> bool {
        self.names.iter().any(|name| name.by_turns)
    }

    /// Whether it has sealed under another key than this one.
    pub(super) fn sealed_under_other(&self, key: &KeyId) -> bool {
        self.names.iter().any(|known| known.sealed.is_some() && !known.is.key.is_same(key))
    }

    /// Whether contexts are known, and this is not one of them.
    pub(super) fn has_other_contexts(&self, context: Mark) -> bool {
        !self.contexts.is_empty() && self.contexts.len() < MAX_CONTEXTS && !self.contexts.contains(&context)
    }

    /// Takes note that a ticket was seen under a key: what several tickets share is a name.
    fn sees(&mut self, ticket: &Ticket<'_>) -> Option<&mut Name> {
        let known = self.names.iter_mut().find(|known| known.is.key.is_same(&ticket.under.key))?;
        known.is.is_known |= ticket.under.is_known || known.first != ticket.mark;
        Some(known)
    }

    fn name_mut(&mut self, ticket: &Ticket<'_>) -> Option<&mut Name> {
        let is_new = self.name(&ticket.under.key).is_none();
        if is_new && self.names.len() >= MAX_NAMES {
            return None;
        }
        if is_new {
            let (is, first) = (ticket.under.clone(), ticket.mark);
            self.names.push(Name { is, first, sealed: None, accepted: None, refused: None, by_turns: false });
        }
        self.sees(ticket)
    }

    fn seals(&mut self, ticket: &Ticket<'_>, at: u64) {
        let other = |known: &Name| !known.is.key.is_same(&ticket.under.key) && known.sealed.is_some();
        let began = self.names.iter().filter(|known| other(known)).filter_map(|known| Some(known.sealed?.0)).max();
        let Some(known) = self.name_mut(ticket) else { return };
        // it sealed under this one, then began another, and now seals under this one again
        known.by_turns |= known.sealed.zip(began).is_some_and(|(sealed, began)| sealed.1 < began);
        known.sealed = Some((known.sealed.map_or(at, |span| span.0), at));
    }

    fn accepts(&mut self, ticket: &Ticket<'_>, at: u64) {
        let Some(known) = self.name_mut(ticket) else { return };
        let before = known.last_shown();
        known.by_turns |= before.zip(known.refused).is_some_and(|(shown, refused)| shown < refused);
        known.accepted = Some((known.accepted.map_or(at, |span| span.0), at));
    }

    fn refuses(&mut self, ticket: &Ticket<'_>, at: u64) {
        if let Some(known) = self.name_mut(ticket) {
            known.refused = Some(at);
        }
    }

    fn has_context(&mut self, context: Option<Mark>) {
        let Some(context) = context else { return };
        if self.contexts.len() < MAX_CONTEXTS && !self.contexts.contains(&context) {
            self.contexts.push(context);
        }
    }
}

/// Servers that are looked for one by one: most captures have no more.
const FEW: usize = 8;

/// The servers that were seen, by their address.
#[derive(Debug)]
struct Servers<A> {
    places: HashMap<A, usize>,
    all: Vec<(A, Server)>,
}

impl<A> Default for Servers<A> {
    fn default() -> Self {
        Self { places: HashMap::new(), all: Vec::new() }
    }
}

impl<A: Copy + Eq + Hash> Servers<A> {
    fn place(&self, address: A) -> Option<usize> {
        let first = self.all.iter().take(FEW).position(|(known, _)| *known == address);
        first.or_else(|| if self.all.len() > FEW { self.places.get(&address).copied() } else { None })
    }

    fn get(&self, address: A) -> Option<&Server> {
        self.all.get(self.place(address)?).map(|(_, server)| server)
    }

    /// What is known of a server, a new one included; `None` if there are too many.
    fn add(&mut self, address: A) -> Option<&mut Server> {
        let at = match self.place(address) {
            Some(at) => at,
            None if self.all.len() >= MAX_SERVERS => return None,
            None => {
                let at = self.all.len();
                self.places.insert(address, at);
                self.all.push((address, Server::default()));
                at
            }
        };
        self.all.get_mut(at).map(|(_, server)| server)
    }
}

/// Remembers the connections of a capture, within bounds.
#[derive(Debug, Default)]
pub struct History {
    /// How many connections there were.
    count: u64,
    servers: Servers<SocketAddr>,
    /// What each host did with keys, at any port.
    hosts: Servers<IpAddr>,
    tickets: Marked<Known>,
    /// The tickets that servers accepted, each by the mark that it has at its server.
    accepted: Marked<Taken>,
    /// For master secrets, which all tickets of a TLS 1.2 session share, when their full handshake was.
    secrets: Marked<i64>,
}

impl History {
    /// The connection that issued a ticket, if it is known.
    #[must_use]
    pub fn issued_by(&self, ticket: Mark) -> Option<Issue> {
        self.tickets.get(&ticket)?.issue
    }

    /// The connection that issued the ticket of an attempt, if it is known.
    pub(super) fn issued(&self, attempt: &Attempt) -> Option<Issue> {
        self.tickets.get(&attempt.mark)?.issue
    }

    /// Whether the first bytes of an attempt's ticket are a key name for certain: other tickets of the server, or of its
    /// host, share them.
    #[must_use]
    pub fn knows_name(&self, server: SocketAddr, attempt: &Attempt) -> bool {
        let Some(under) = &attempt.sealed_under else { return false };
        let is_known =
            |facts: &Server| facts.name(&under.key).is_some_and(|name| name.is.is_known || name.first != attempt.mark);
        under.is_known || [self.server(server), self.host(server)].into_iter().flatten().any(is_known)
    }

    pub(super) fn server(&self, server: SocketAddr) -> Option<&Server> {
        self.servers.get(server)
    }

    /// What a host did with keys, at whatever port.
    pub(super) fn host(&self, server: SocketAddr) -> Option<&Server> {
        self.hosts.get(server.ip())
    }

    /// That the server accepted this very ticket before.
    pub(super) fn accepted_before(&self, attempt: &Attempt, server: SocketAddr) -> Option<Taken> {
        self.accepted.get(&attempt.mark.at(server)).copied()
    }

    /// When the full handshake was that a ticket goes back to, as far as this capture and the ticket show it.
    #[must_use]
    pub fn root(&self, attempt: &Attempt) -> Option<i64> {
        let opened = opened(attempt);
        let by_secret = opened.and_then(|opened| self.secrets.get(&opened.secret?)).copied();
        let by_ticket = self.tickets.get(&attempt.mark).and_then(|known| known.root);
        // a session of TLS 1.2 keeps the time of its first handshake through renewals
        let own = opened.filter(|opened| !opened.protocol.has_psk()).and_then(|opened| opened.time);
        let earlier =
            |one: Option<i64>, other: Option<i64>| one.map_or(other, |one| Some(one.min(other.unwrap_or(one))));
        earlier(earlier(by_secret, by_ticket), own)
    }

    /// Takes a connection, its attempts, and what was concluded.
    pub fn learn(&mut self, connection: &Connection, attempts: &[Attempt], reason: Reason, handshake: HandshakeKind) {
        self.count += 1;
        let (at, server) = (self.count, connection.server);
        let brought = brought(connection, attempts);
        let wavers = brought.is_some_and(|brought| self.wavers(brought, server, reason, handshake));
        let root = match handshake {
            // what came after the connection was handed over goes back as far as what came before
            _ if connection.origin.is_some() => None,
            HandshakeKind::Full => Some(connection.time.seconds),
            _ => brought.and_then(|attempt| self.root(attempt)).or(Some(connection.time.seconds)),
        };
        for attempt in attempts {
            let issue = (attempt.carrier == Carrier::NewSessionTicket).then_some(Issue {
                number: connection.number(),
                packet: attempt.packet,
                server,
            });
            let is_accepted = handshake.is_resumed() && is_taken(attempt, brought);
            let number = connection.number();
            let accepted = is_accepted.then_some(Taken { number, is_again: false, is_refused: false });
            if issue.is_none() && accepted.is_none() {
                continue;
            }
            if let Some(secret) = opened(attempt).and_then(|opened| opened.secret) {
                if let Some(root) = root {
                    remember(&mut self.secrets, secret, root, |known| *known = root.min(*known));
                }
            }
            remember(&mut self.tickets, attempt.mark, Known { issue, root }, |known| {
                known.root = root.into_iter().chain(known.root).min();
                known.issue = known.issue.or(issue);
            });
            if let Some(accepted) = accepted {
                let again = Taken { is_again: true, ..accepted };
                remember(&mut self.accepted, attempt.mark.at(server), accepted, |known| *known = again);
            }
        }
        let (Some(facts), Some(host)) = (self.servers.add(server), self.hosts.add(server.ip())) else { return };
        facts.wavers |= wavers;
        let shown = attempts.iter().filter(|attempt| attempt.carrier == Carrier::NewSessionTicket);
        let shown = shown.chain(brought.filter(|_| handshake.is_resumed()));
        facts.has_first_key |= shown.filter_map(opened).any(|ticket| ticket.role == Role::Active);
        for attempt in attempts.iter().filter(|attempt| attempt.carrier == Carrier::NewSessionTicket) {
            facts.has_context(opened(attempt).and_then(|opened| opened.context));
            if let Some(ticket) = Ticket::of(attempt) {
                facts.seals(&ticket, at);
                host.seals(&ticket, at);
            }
        }
        for ticket in attempts.iter().filter_map(Ticket::of) {
            facts.sees(&ticket);
            host.sees(&ticket);
        }
        let Some(brought) = brought else { return };
        let Some(ticket) = Ticket::of(brought) else { return };
        if handshake.is_resumed() {
            facts.accepts(&ticket, at);
            host.accepts(&ticket, at);
            facts.has_context(opened(brought).and_then(|opened| opened.context));
            facts.takes_other_names |= opened(brought).is_some_and(|opened| opened.other_name.is_some());
        } else if handshake == HandshakeKind::Full && reason.is_the_key() {
            facts.refuses(&ticket, at);
            host.refuses(&ticket, at);
        }
    }

    /// Takes note that a ticket was refused that had been accepted; whether it is accepted again.
    fn wavers(&mut self, brought: &Attempt, server: SocketAddr, reason: Reason, handshake: HandshakeKind) -> bool {
        let Some(taken) = self.accepted.get_mut(&brought.mark.at(server)) else { return false };
        let is_open = reason == Reason::Unknown && opened(brought).is_some();
        taken.is_refused |= handshake == HandshakeKind::Full && is_open;
        handshake.is_resumed() && taken.is_refused
    }
}

/// Remembers something new, if there is room, or adds to what is known.
fn remember<T>(all: &mut Marked<T>, mark: Mark, new: T, add: impl FnOnce(&mut T)) {
    if let Some(known) = all.get_mut(&mark) {
        add(known);
    } else if all.len() < MAX_TICKETS {
        all.insert(mark, new);
    }
}

/// The ticket that decided, or would have: of the last ClientHello, of the version that the server chose.
pub(super) fn brought<'t>(connection: &Connection, attempts: &'t [Attempt]) -> Option<&'t Attempt> {
    let last = connection.client_hellos.len().checked_sub(1)?;
    let mut of_last = attempts.iter().filter(|attempt| attempt.hello == Some(last)).peekable();
    // most connections bring none, and then nothing else need be known
    of_last.peek()?;
    let is_tls13 = connection.server_hello()?.is_tls13;
    let carrier = if is_tls13 { Carrier::Psk } else { Carrier::SessionTicket };
    let brought = of_last.filter(|attempt| attempt.carrier == carrier);
    let is_external = |attempt: &&Attempt| matches!(attempt.verdict, Verdict::Unrecognised(Unrecognised::External));
    // an external PSK says nothing about a ticket beside it
    let ticket = || brought.clone().find(|attempt| !is_external(attempt));
    brought.clone().find(|attempt| attempt.selected).or_else(ticket).or_else(|| brought.clone().next())
}

fn is_taken(attempt: &Attempt, brought: Option<&Attempt>) -> bool {
    brought.is_some_and(|brought| brought.mark == attempt.mark) && attempt.carrier != Carrier::NewSessionTicket
}

pub(super) fn opened(attempt: &Attempt) -> Option<&Opened> {
    match &attempt.verdict {
        Verdict::Opened(opened) => Some(opened),
        _ => None,
    }
}
