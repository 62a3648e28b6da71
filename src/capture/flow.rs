//! The flows of a capture, found by their ends; bounded in number, the least used give way.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, BuildHasherDefault, Hasher, RandomState};

use super::after::Followed;
use super::collect::Collector;
use super::dtls::Dtls;
use super::ends::{End, Ends, Number, Transport};
use super::half::Half;
use super::quic::Quic;
use super::tcp::Stream;

/// QUIC connections between the same ends that go on beside each other, and those that are remembered as decided.
const MAX_BESIDE: usize = 8;
const MAX_DECIDED: usize = 4;
/// Flows that are remembered, and those that there is room for from the start.
const MAX_FLOWS: usize = 50_000;
const FEW_FLOWS: usize = 64;
/// Flows with an open handshake that are passed over for each new one, on average: four in five may be such.
const CREDIT: usize = 4;
/// Connections that were given up and are remembered as such.
const MAX_GIVEN_UP: usize = 1 << 18;

/// A handshake that is going on.
#[derive(Debug)]
pub(super) struct Handshake {
    pub(super) collector: Collector,
    pub(super) talk: Talk,
    /// Bytes of memory it was last found to use.
    pub(super) memory: usize,
    /// QUIC: another connection between the same ends, which began after this one.
    pub(super) other: Option<Box<Self>>,
}

/// How the two directions are read.
#[derive(Debug)]
pub(super) enum Talk {
    Tcp([Stream; 2]),
    Dtls([Dtls; 2]),
    Quic(Quic),
}

impl Handshake {
    pub(super) fn new(collector: Collector, talk: Talk) -> Box<Self> {
        Box::new(Self { collector, talk, memory: 0, other: None })
    }

    /// Bytes of memory it uses now.
    pub(super) fn measure(&self) -> usize {
        let talk: usize = match &self.talk {
            Talk::Tcp(streams) => streams.iter().map(Stream::memory).sum(),
            Talk::Dtls(sides) => sides.iter().map(Dtls::memory).sum(),
            Talk::Quic(quic) => quic.memory(),
        };
        size_of::<Self>() + self.collector.memory() + talk
    }
}

/// A flow: two ends that talk to each other.
#[derive(Debug)]
pub(super) struct Flow {
    pub(super) ends: Ends,
    pub(super) transport: Transport,
    /// Number among the flows of the transport.
    pub(super) stream: u64,
    /// Connections that have begun in it.
    pub(super) begun: u32,
    pub(super) halves: [Half; 2],
    /// Nothing more of it matters.
    pub(super) done: bool,
    /// It was given up before it was decided, and has no record.
    pub(super) given_up: bool,
    /// Used since the last look.
    touched: bool,
    pub(super) handshake: Option<Box<Handshake>>,
    /// QUIC: what stands for the connection IDs of the last connections that were decided.
    pub(super) decided: [u32; MAX_DECIDED],
}

impl Flow {
    fn new(ends: Ends, transport: Transport, stream: u64) -> Self {
        let halves = [Half::default(); 2];
        let decided = [0; MAX_DECIDED];
        Self {
            ends,
            transport,
            stream,
            begun: 0,
            halves,
            done: false,
            given_up: false,
            touched: true,
            handshake: None,
            decided,
        }
    }

    /// What the next connection of the flow is called.
    pub(super) fn next(&self) -> Number {
        Number { transport: self.transport, stream: self.stream, nth: self.begun.saturating_add(1) }
    }

    /// The direction from a side, then the one to it.
    pub(super) fn from(&mut self, side: usize) -> [&mut Half; 2] {
        let [low, high] = &mut self.halves;
        if side == 0 { [low, high] } else { [high, low] }
    }

    /// Adds a connection that goes on beside the others.
    pub(super) fn add(&mut self, handshake: Box<Handshake>) {
        let mut last = &mut self.handshake;
        while let Some(each) = last {
            last = &mut each.other;
        }
        *last = Some(handshake);
    }

    /// Gives the first connection up if there are as many as there may be beside each other; what `end` gives.
    pub(super) fn make_room(&mut self, end: &mut dyn FnMut(Box<Handshake>) -> usize) -> usize {
        let others = std::iter::successors(self.handshake.as_deref(), |each| each.other.as_deref());
        if others.count() < MAX_BESIDE {
            return 0;
        }
        let Some(mut first) = self.handshake.take() else { return 0 };
        self.handshake = first.other.take();
        end(first)
    }

    /// Gives all connections that are decided to `end`; the sum of what it gives.
    pub(super) fn take_decided(&mut self, end: &mut dyn FnMut(Box<Handshake>) -> usize) -> usize {
        let (mut next, mut sum) = (self.handshake.take(), 0);
        while let Some(mut each) = next {
            next = each.other.take();
            if !each.collector.is_decided() {
                self.add(each);
                continue;
            }
            if let Talk::Quic(quic) = &each.talk {
                self.decided.rotate_right(1);
                if let Some(first) = self.decided.first_mut() {
                    *first = quic.id();
                }
            }
            sum += end(each);
        }
        sum
    }

    /// Counts how far its server was followed with a secret: not at all although records came, or in part.
    pub(super) fn count_followed(&self, unopened: &mut u64, in_part: &mut u64) {
        match self.handshake.as_deref().and_then(|handshake| handshake.collector.followed()) {
            Some(Followed::Unopened) => *unopened += 1,
            Some(Followed::InPart) => *in_part += 1,
            Some(Followed::NotAtAll | Followed::ToTheEnd) | None => {}
        }
    }

    /// Begins anew under the same ends: a port was used again.
    pub(super) fn renew(&mut self, stream: u64) {
        *self = Self::new(self.ends, self.transport, stream);
    }
}

/// Passes a hash on as it is.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Hashed(u64);

impl Hasher for Hashed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, _: &[u8]) {}

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}

/// All flows.
#[derive(Debug)]
pub(super) struct Flows {
    /// By a hash of the ends, keyed so that nobody can make two of them collide.
    index: HashMap<u64, u32, BuildHasherDefault<Hashed>>,
    hasher: RandomState,
    slots: Vec<Flow>,
    /// The flow of the last packet: the next one often belongs to it too.
    last: usize,
    /// Where the search for a flow to give up goes on.
    hand: usize,
    /// How many flows with an open handshake that search may still pass over.
    credit: usize,
    counts: [u64; 2],
    /// Hashes of the ends of connections that were given up: what goes on of them makes no record.
    given_up: HashSet<u64, BuildHasherDefault<Hashed>>,
}

impl Default for Flows {
    fn default() -> Self {
        // the index grows with the flows, since a small one stays in the processor's cache
        let index = HashMap::default();
        let slots = Vec::with_capacity(FEW_FLOWS);
        Self {
            index,
            hasher: RandomState::new(),
            slots,
            last: 0,
            hand: 0,
            credit: MAX_FLOWS,
            counts: [0; 2],
            given_up: HashSet::default(),
        }
    }
}

impl Flows {
    /// The next number of a flow.
    pub(super) fn number(&mut self, transport: Transport) -> u64 {
        let [tcp, udp] = &mut self.counts;
        let count = if transport == Transport::Tcp { tcp } else { udp };
        let number = *count;
        *count += 1;
        number
    }

    /// Where the flow of the last packet is, and which side of it `source` is, if `source` and `destination` are its
    /// ends.
    #[inline]
    pub(super) fn last(&self, source: &End, destination: &End, transport: Transport) -> Option<(usize, usize)> {
        let flow = self.slots.get(self.last).filter(|flow| flow.transport == transport)?;
        let Ends { low, high } = &flow.ends;
        if (low, high) == (source, destination) {
            return Some((self.last, 0));
        }
        ((high, low) == (source, destination)).then_some((self.last, 1))
    }

    /// Where the flow between two ends is; a new one takes the place of another if there are too many, which goes
    /// to `evicted` first.
    pub(super) fn find(&mut self, ends: Ends, transport: Transport, evicted: &mut dyn FnMut(&mut Flow)) -> usize {
        let is_it = |flow: &Flow| flow.ends == ends && flow.transport == transport;
        let hash = self.hasher.hash_one(ends.as_numbers(transport));
        let known = self.index.get(&hash).map(|&at| at as usize);
        if let Some(at) = known.filter(|&at| self.slots.get(at).is_some_and(is_it)) {
            self.last = at;
            return at;
        }
        let stream = self.number(transport);
        let mut flow = Flow::new(ends, transport, stream);
        flow.given_up = self.given_up.contains(&hash);
        flow.done = flow.given_up;
        if self.slots.len() < MAX_FLOWS {
            self.last = self.slots.len();
            if self.last == FEW_FLOWS {
                // no more are moved after these: room for all of them is address space until they come
                self.slots.reserve_exact(MAX_FLOWS - FEW_FLOWS);
            }
            self.slots.push(flow);
        } else {
            self.last = self.victim();
            if let Some(old) = self.slots.get_mut(self.last) {
                evicted(old);
                let hash = self.hasher.hash_one(old.ends.as_numbers(old.transport));
                self.index.remove(&hash);
                if old.given_up && self.given_up.len() < MAX_GIVEN_UP {
                    self.given_up.insert(hash);
                }
                *old = flow;
            }
        }
        self.index.insert(hash, u32::try_from(self.last).unwrap_or(u32::MAX));
        self.last
    }

    /// Another connection begins between ends whose last one was given up.
    pub(super) fn begin_anew(&mut self, at: usize) {
        let Some(flow) = self.slots.get_mut(at).filter(|flow| flow.given_up && flow.handshake.is_none()) else {
            return;
        };
        self.given_up.remove(&self.hasher.hash_one(flow.ends.as_numbers(flow.transport)));
        flow.renew(flow.stream);
    }

    pub(super) fn get(&mut self, at: usize) -> Option<&mut Flow> {
        let flow = self.slots.get_mut(at)?;
        flow.touched = true;
        Some(flow)
    }

    /// A flow that was not used for a while, rather one without an open handshake. Each new flow earns what it costs to pass
    /// over some of those, so that the search takes the same time on average however many there are.
    fn victim(&mut self) -> usize {
        self.credit = (self.credit + CREDIT).min(MAX_FLOWS);
        loop {
            self.hand = if self.hand + 1 < self.slots.len() { self.hand + 1 } else { 0 };
            let Some(flow) = self.slots.get_mut(self.hand) else { return self.hand };
            if std::mem::take(&mut flow.touched) {
                continue;
            }
            if flow.handshake.is_some() && self.credit > 0 {
                self.credit -= 1;
                continue;
            }
            return self.hand;
        }
    }

    /// A flow other than `current` with a handshake that can be given up to gain memory.
    pub(super) fn handshake_to_give_up(&mut self, current: usize) -> Option<&mut Flow> {
        for _ in 0..self.slots.len() {
            self.hand = if self.hand + 1 < self.slots.len() { self.hand + 1 } else { 0 };
            if self.hand != current && self.slots.get(self.hand).is_some_and(|flow| flow.handshake.is_some()) {
                return self.slots.get_mut(self.hand);
            }
        }
        self.slots.get_mut(current).filter(|flow| flow.handshake.is_some())
    }

    /// Every flow with a handshake that is still open, in order of their numbers.
    pub(super) fn open(&mut self) -> Vec<&mut Flow> {
        let mut open: Vec<&mut Flow> = self.slots.iter_mut().filter(|flow| flow.handshake.is_some()).collect();
        open.sort_by_key(|flow| (flow.transport == Transport::Udp, flow.stream));
        open
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handshake_is_small_enough_for_a_fast_allocation() {
        // the largest one that the C library keeps for the next that is as large
        assert!(size_of::<Handshake>() <= 1032, "{}", size_of::<Handshake>());
    }
}
