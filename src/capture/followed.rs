//! Connections whose server's records are opened with a key log: what goes on after the handshake is decided.

use super::flow::Flow;
use super::{Capture, Sink, finish, flush};

impl Capture {
    /// Gives a connection of TCP its secret, takes note of the tickets that were opened, and hands late ones over.
    pub(super) fn look_after(&mut self, at: usize, sink: &mut Sink<'_>) {
        let Some(flow) = self.flows.get(at) else { return };
        let Some(handshake) = flow.handshake.as_deref_mut() else { return };
        let collector = &mut handshake.collector;
        if let Some(secret) = collector.asks().and_then(|random| self.secrets.find(&random)) {
            collector.give(secret);
        }
        if collector.opened_tickets().is_empty() {
            return;
        }
        if collector.is_handed_over() {
            return sink(collector.hand_over());
        }
        self.issuers.add(collector.opened_tickets(), at, flow.stream);
    }

    /// A connection of TCP is decided: it is handed over, and goes on if more tickets may come.
    pub(super) fn end(&mut self, at: usize, sink: &mut Sink<'_>) {
        let goes_on = |flow: &mut Flow| flow.handshake.as_deref().is_some_and(|it| it.collector.goes_on());
        if self.secrets.is_empty() || !self.flows.get(at).is_some_and(goes_on) {
            return self.finish_flow(at, sink);
        }
        self.issuers_first(at, sink);
        self.hand_over(at, sink);
        self.account(at, sink);
    }

    /// Hands a connection over that goes on, once.
    pub(super) fn hand_over(&mut self, at: usize, sink: &mut Sink<'_>) {
        let Some(flow) = self.flows.get(at) else { return };
        let Some(handshake) = flow.handshake.as_deref_mut().filter(|it| !it.collector.is_handed_over()) else { return };
        self.issuers.remove(handshake.collector.opened_tickets());
        handshake.collector.conclude(&flow.halves, false);
        sink(handshake.collector.hand_over());
    }

    /// Ends what a flow holds; those that issued the tickets that its client brought go first.
    pub(super) fn finish_flow(&mut self, at: usize, sink: &mut Sink<'_>) {
        if !self.secrets.is_empty() {
            self.issuers_first(at, sink);
        }
        let Some(flow) = self.flows.get(at) else { return };
        if let Some(handshake) = flow.handshake.as_deref_mut() {
            flush(handshake, &mut flow.halves);
            self.issuers.remove(handshake.collector.opened_tickets());
        }
        flow.count_followed(&mut self.unopened, &mut self.followed_in_part);
        self.memory -= finish(flow, false, sink);
    }

    /// Hands over the connections that issued the tickets that a client brought.
    pub(super) fn issuers_first(&mut self, at: usize, sink: &mut Sink<'_>) {
        if self.issuers.is_empty() {
            return;
        }
        let flow = self.flows.get(at);
        let hello = flow.and_then(|flow| flow.handshake.as_deref()?.collector.last_hello());
        let identities = hello.map(|hello| hello.identities).unwrap_or_default();
        let found = identities.iter().filter_map(|identity| self.issuers.find(identity.identity));
        let found: Vec<(usize, u64)> = found.filter(|(other, _)| *other != at).collect();
        for (other, stream) in found {
            if self.flows.get(other).is_some_and(|flow| flow.stream == stream) {
                self.hand_over(other, sink);
            }
        }
    }
}
