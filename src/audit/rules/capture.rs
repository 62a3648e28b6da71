//! What only the order of connections shows.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};

use super::super::facts::capture::{KeptPlace, Offer, TicketHash};
use super::super::period::Period;
use super::super::room::Room;
use super::super::rule::{Check, OfferWatch, Rule};
use super::super::severity::Severity;
use super::super::subject::Subject;
use super::super::thresholds::Thresholds;
use crate::key::KeyName;

/// Tickets and servers that are kept in mind, so that memory is bounded.
const MAX_TICKETS: usize = 1 << 18;
const MAX_SERVERS: usize = 10_000;
/// Fewer offers than this say nothing about a rate.
const MIN_OFFERS: u64 = 10;

pub(super) static TICKET_FROM_SEVERAL_CLIENTS: Rule = Rule {
    id: "ticket-from-several-clients",
    severity: Severity::Warning,
    about: "One ticket came from several client addresses: who watches can follow the client from network to network.",
    hint: "Clients should use a ticket once, and none across a change of network; look for stolen tickets, too.",
    reference: "RFC 9846 (RFC 8446 appendix C.4); RFC 9846 (RFC 5077 section 5.8)",
    check: Check::Offers(|| Box::<Clients>::default()),
};

/// By whom or where something was offered first, and by whom or where else first, and the place of that.
type FirstTwo<T> = HashMap<TicketHash, (T, Option<Box<(T, KeptPlace)>>)>;

/// Who offered a ticket first, and the first other one.
#[derive(Default)]
struct Clients(FirstTwo<IpAddr>, Room);

impl OfferWatch for Clients {
    fn offer(&mut self, offer: &Offer<'_>) {
        let Self(tickets, room) = self;
        let has_place = tickets.len() < MAX_TICKETS;
        match tickets.get_mut(&offer.ticket) {
            Some((first, other)) if *first != offer.client && other.is_none() => {
                let place = KeptPlace::new(offer);
                if room.take(place.size(), true) {
                    *other = Some(Box::new((offer.client, place)));
                }
            }
            None if room.take(0, has_place) => {
                tickets.insert(offer.ticket, (offer.client, None));
            }
            _ => {}
        }
    }

    fn left_out(&self) -> u64 {
        self.1.left_out()
    }

    fn finish(&mut self, _: &Thresholds) -> Vec<(Subject, String)> {
        let several = self.0.values().filter_map(|(first, other)| other.as_ref().map(|other| (first, other)));
        several
            .map(|(first, found)| (found.1.subject(), format!("the ticket came from {first}, and from {}", found.0)))
            .collect()
    }
}

pub(super) static TICKETS_REFUSED: Rule = Rule {
    id: "tickets-refused",
    severity: Severity::Warning,
    about: "A server refused more of the tickets offered to it than max-refused-percent, 20 % unless set.",
    hint: "Look for a node with other keys, for keys that are dropped before their tickets expire, or for a restart.",
    reference: "RFC 9846 (RFC 5077 section 5.5)",
    check: Check::Offers(|| Box::<Refusals>::default()),
};

/// For each server the offers, the refusals, and where the last one is.
#[derive(Default)]
struct Refusals(HashMap<SocketAddr, (u64, u64, Option<KeptPlace>)>, Room);

impl OfferWatch for Refusals {
    fn offer(&mut self, offer: &Offer<'_>) {
        let Some(accepted) = offer.accepted else { return };
        let has_place = self.0.len() < MAX_SERVERS;
        if !self.0.contains_key(&offer.server) && !self.1.take(0, has_place) {
            return;
        }
        let (offers, refused, place) = self.0.entry(offer.server).or_default();
        *offers += 1;
        if !accepted {
            *refused += 1;
            *place = Some(KeptPlace::new(offer));
        }
    }

    fn left_out(&self) -> u64 {
        self.1.left_out()
    }

    fn finish(&mut self, thresholds: &Thresholds) -> Vec<(Subject, String)> {
        let over = |offers: u64, refused: u64| {
            offers >= MIN_OFFERS && refused * 100 > offers.saturating_mul(thresholds.max_refused_percent)
        };
        let servers = self.0.iter().filter(|(_, (offers, refused, _))| over(*offers, *refused));
        servers
            .filter_map(|(server, (offers, refused, place))| {
                Some((
                    place.as_ref()?.subject(),
                    format!("{server} refused {refused} of {offers} tickets offered to it"),
                ))
            })
            .collect()
    }
}

pub(super) static NEVER_ROTATED: Rule = Rule {
    id: "never-rotated",
    severity: Severity::Warning,
    about: "Over more than --max-key-age, 7 days unless set, all TLS 1.2 tickets offered to a server name one key.",
    hint: "Rotate ticket keys at least weekly, by a timer, and reload the servers.",
    reference: "RFC 9325 section 3.4; RFC 9846 (RFC 5077 section 5.5)",
    check: Check::Offers(|| Box::<Rotations>::default()),
};

/// For each server its first key name, and when it was seen.
#[derive(Default)]
struct Rotations(HashMap<SocketAddr, Seen>, Room);

struct Seen {
    name: KeyName,
    first: i64,
    last: i64,
    rotated: bool,
    place: KeptPlace,
}

impl OfferWatch for Rotations {
    fn offer(&mut self, offer: &Offer<'_>) {
        let Some(name) = offer.key_name.filter(|_| !offer.is_tls13) else { return };
        let has_place = self.0.len() < MAX_SERVERS;
        let place = || KeptPlace::new(offer);
        match self.0.get_mut(&offer.server) {
            Some(seen) => {
                seen.rotated |= seen.name != name;
                seen.first = seen.first.min(offer.time);
                if offer.time > seen.last {
                    seen.last = offer.time;
                    seen.place = place();
                }
            }
            None if self.1.take(0, has_place) => {
                let seen = Seen { name, first: offer.time, last: offer.time, rotated: false, place: place() };
                self.0.insert(offer.server, seen);
            }
            None => {}
        }
    }

    fn left_out(&self) -> u64 {
        self.1.left_out()
    }

    fn finish(&mut self, thresholds: &Thresholds) -> Vec<(Subject, String)> {
        let long = |seen: &Seen| seen.last.saturating_sub(seen.first);
        let stale = self.0.iter().filter(|(_, seen)| !seen.rotated && long(seen) > thresholds.max_key_age);
        stale
            .map(|(server, seen)| {
                (
                    seen.place.subject(),
                    format!("all tickets offered to {server} over {} name one key", Period(long(seen))),
                )
            })
            .collect()
    }
}

pub(super) static EARLY_DATA_REPLAYED: Rule = Rule {
    id: "early-data-replayed",
    severity: Severity::Warning,
    about: "One ClientHello with early data came in several connections: somebody replays it, or a network repeats it.",
    hint: "Check whether the server took the early data twice; accept it only for requests that may safely be repeated.",
    reference: "RFC 9846 (RFC 8446 section 8); RFC 8470",
    check: Check::Offers(|| Box::<Replays>::default()),
};

/// The connection in which a ClientHello with early data came first, and the first other one.
#[derive(Default)]
struct Replays(FirstTwo<u64>, Room);

impl OfferWatch for Replays {
    fn offer(&mut self, offer: &Offer<'_>) {
        let Some(hello) = offer.early_data else { return };
        let Self(hellos, room) = self;
        let has_place = hellos.len() < MAX_TICKETS;
        match hellos.get_mut(&hello) {
            Some((first, other)) if *first != offer.stream && other.is_none() => {
                let place = KeptPlace::new(offer);
                if room.take(place.size(), true) {
                    *other = Some(Box::new((offer.stream, place)));
                }
            }
            None if room.take(0, has_place) => {
                hellos.insert(hello, (offer.stream, None));
            }
            _ => {}
        }
    }

    fn left_out(&self) -> u64 {
        self.1.left_out()
    }

    fn finish(&mut self, _: &Thresholds) -> Vec<(Subject, String)> {
        let replayed = self.0.values().filter_map(|(first, other)| other.as_ref().map(|other| (first, other)));
        replayed
            .map(|(first, again)| {
                let (other, place) = &**again;
                let message = format!("the ClientHello with early data of connection {first} came again in {other}");
                (place.subject(), message)
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;
    use crate::audit::Policy;
    use crate::audit::{Auditor, testing};
    use crate::capture::container::Time;
    use crate::record::{Place, Source};

    const SERVER: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1)), 443);
    static SOURCE: Source = Source::plain("a.pcap");
    fn plain() -> Offer<'static> {
        Offer {
            place: Place { source: &SOURCE, index: 0, line: None, packet: None },
            ticket: TicketHash::ZERO,
            key_name: Some(KeyName::new([7; 16])),
            client: IpAddr::V4(Ipv4Addr::new(10, 0, 0, 1)),
            server: SERVER,
            time: testing::NOW,
            is_tls13: false,
            accepted: Some(true),
            early_data: None,
            stream: 0,
            sni: None,
            exact_time: Time { seconds: testing::NOW, nanoseconds: 0 },
        }
    }

    fn rules(offers: impl IntoIterator<Item = Offer<'static>>) -> Vec<&'static str> {
        let policy = Policy::default();
        let mut auditor = Auditor::new(&policy, testing::NOW);
        offers.into_iter().for_each(|offer| auditor.offer(&offer));
        testing::ids(&auditor.finish())
    }

    #[test]
    fn one_ticket_from_two_addresses_is_found() {
        let elsewhere = Offer { client: [10, 0, 0, 2].into(), ..plain() };
        assert_eq!(rules([plain(), elsewhere, elsewhere]), ["ticket-from-several-clients"]);
        assert!(rules([plain(), plain()]).is_empty());
        assert!(rules([plain(), Offer { ticket: TicketHash::of(b"another"), ..elsewhere }]).is_empty());
    }

    #[test]
    fn a_server_that_refuses_many_tickets_is_found() {
        let refused = Offer { accepted: Some(false), ..plain() };
        let mixed = |refusals| (0..20).map(move |at| if at < refusals { refused } else { plain() });
        assert_eq!(rules(mixed(5)), ["tickets-refused"]);
        assert!(rules(mixed(4)).is_empty());
        assert!(rules([refused; 9]).is_empty(), "too few to judge");
        assert!(rules([Offer { accepted: None, ..plain() }; 20]).is_empty());
    }

    #[test]
    fn a_key_name_that_stays_is_found() {
        let day = |days: i64| Offer { time: testing::NOW + days * 86400, ..plain() };
        assert_eq!(rules([day(0), day(4), day(8)]), ["never-rotated"]);
        assert!(rules([day(0), day(6)]).is_empty());
        assert!(rules([day(0), Offer { key_name: Some(KeyName::new([8; 16])), ..day(8) }]).is_empty());
        assert!(rules([day(0), day(8)].map(|offer| Offer { is_tls13: true, ..offer })).is_empty());
    }

    #[test]
    fn what_is_remembered_is_bounded_in_bytes_and_what_is_not_is_counted() {
        let name = vec![b'a'; 60_000];
        assert!(KeptPlace::new(&Offer { sni: Some(&name), ..plain() }).size() < 1000);
        let policy = Policy::default();
        let mut auditor = Auditor::new(&policy, testing::NOW);
        let more = 7;
        for number in 0..MAX_SERVERS + more {
            let address = u32::try_from(number).unwrap().to_be_bytes();
            auditor.offer(&Offer { server: SocketAddr::new(address.into(), 443), ..plain() });
        }
        let left_out: Vec<(&str, u64)> = auditor.left_out().into_iter().map(|(rule, count)| (rule.id, count)).collect();
        assert_eq!(left_out, [("tickets-refused", 7), ("never-rotated", 7)]);
    }

    #[test]
    fn early_data_that_comes_again_is_found() {
        let offer = Offer { early_data: Some(TicketHash::of(b"hello")), ..plain() };
        let again = Offer { stream: 7, ..offer };
        assert_eq!(rules([offer, again, again]), ["early-data-replayed"]);
        assert!(rules([offer, offer]).is_empty(), "identities of one hello");
        assert!(rules([plain(), Offer { stream: 7, ..plain() }]).is_empty(), "no early data");
    }
}
