//! Connections as the plan wants them: which session each offers, and in which order they are made.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use rustls::client::{Tls12ClientSessionValue, Tls13ClientSessionValue};
use rustls::pki_types::ServerName;
use tktdump::capture::{Capture, Connection};
use tktdump::probe::plan::{Budget, Plan, Step, Version};
use tktdump::probe::seen::Failure;
use tktdump::probe::tamper::Part;
use tktdump::probe::verdicts::Context;

use super::args::ProbeArgs;
use super::client::{Client, Session};
use super::connect::{self, Outcome, Request};
use super::targets::{Target, Targets, server_name};

/// Who gave out a session: a node, or a context of `--names`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Holder {
    Node(usize),
    Context(usize),
}

/// What a connection is for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Purpose {
    Own(usize, Step),
    Pair { from: usize, to: usize, version: Version },
    Enter { context: usize, version: Version },
    Cross { from: usize, to: usize, version: Version },
}

/// Connections to one address, in order.
pub(super) struct Job {
    pub(super) address: SocketAddr,
    pub(super) purposes: Vec<Purpose>,
}

/// A connection that was made, or why it was not.
pub(super) struct Done {
    pub(super) purpose: Purpose,
    /// `None` if there was no session to offer.
    pub(super) outcome: Option<Outcome>,
}

/// Sessions that can be offered.
#[derive(Default)]
pub(super) struct Stock {
    v12: Option<(Tls12ClientSessionValue, Vec<u8>)>,
    v13: VecDeque<Tls13ClientSessionValue>,
    altered: BTreeMap<Part, Session>,
}

/// What all threads share.
pub(super) struct Shared<'r> {
    pub(super) args: &'r ProbeArgs,
    pub(super) targets: &'r Targets,
    pub(super) client: &'r Client,
    pub(super) plan: &'r Plan,
    pub(super) budget: &'r Budget,
    pub(super) contexts: &'r [Context],
    pub(super) stocks: Mutex<HashMap<(Holder, Version), Stock>>,
    pub(super) last: Mutex<HashMap<SocketAddr, Instant>>,
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Shared<'_> {
    pub(super) fn target_of(&self, purpose: Purpose) -> Option<&Target> {
        let node = match purpose {
            Purpose::Own(node, _) => node,
            Purpose::Pair { to, .. } => to,
            Purpose::Enter { context, .. } | Purpose::Cross { to: context, .. } => self.contexts.get(context)?.node,
        };
        self.targets.nodes.get(node)
    }

    pub(super) fn address(&self, purpose: Purpose) -> Option<SocketAddr> {
        self.target_of(purpose).map(|target| target.address)
    }

    /// Makes the connections of a job.
    pub(super) fn work(&self, job: &Job, sender: &mpsc::Sender<Done>) {
        // nodes that do not answer, and versions that they do not speak
        let mut dead = Vec::new();
        let mut unspoken = Vec::new();
        for &purpose in &job.purposes {
            if let Purpose::Own(node, step) = purpose {
                let (Step::Full(version) | Step::Offer(version) | Step::Altered(version, _)) = step;
                if dead.contains(&node) || unspoken.contains(&(node, version)) {
                    continue;
                }
            }
            let Some(outcome) = self.perform(purpose) else {
                if sender.send(Done { purpose, outcome: None }).is_err() {
                    return;
                }
                continue;
            };
            if let (Purpose::Own(node, Step::Full(version)), Some(failure)) = (purpose, &outcome.failure) {
                unspoken.push((node, version));
                if failure.is_final() {
                    dead.push(node);
                }
            }
            if sender.send(Done { purpose, outcome: Some(outcome) }).is_err() {
                return;
            }
        }
    }

    /// Makes one connection; `None` if there is nothing to offer in it.
    fn perform(&self, purpose: Purpose) -> Option<Outcome> {
        let target = self.target_of(purpose)?;
        let mut raw = Vec::new();
        let mut request = self.request(target);
        match purpose {
            Purpose::Own(node, Step::Full(version)) => {
                request.version = version;
                request.copies = self.copies(target.pool);
                request.altered_copies = self.plan.tamper;
                return Some(self.keep(Holder::Node(node), version, request));
            }
            Purpose::Own(node, Step::Offer(version)) => {
                request.version = version;
                request.early_data = self.args.early_data;
                request.offer = Some(self.session(Holder::Node(node), version)?);
            }
            Purpose::Own(node, Step::Altered(version, part)) => {
                request.version = version;
                request.offer = Some(self.altered(Holder::Node(node), version, part, &mut raw)?);
                request.alter = (version == Version::Tls12).then_some((raw.as_slice(), part));
            }
            Purpose::Pair { from, version, .. } => {
                request.version = version;
                request.offer = Some(self.session(Holder::Node(from), version)?);
            }
            Purpose::Enter { context, version } => {
                request.version = version;
                request.copies = self.contexts.len();
                self.enter(&mut request, context)?;
                return Some(self.keep(Holder::Context(context), version, request));
            }
            Purpose::Cross { from, to, version } => {
                request.version = version;
                self.enter(&mut request, to)?;
                request.offer = Some(self.session(Holder::Context(from), version)?);
            }
        }
        self.connect(request)
    }

    fn request(&self, target: &Target) -> Request<'_> {
        Request {
            address: target.address,
            name: target.name.clone(),
            sni: target.sni.is_some(),
            version: Version::Tls13,
            starttls: self.args.starttls,
            timeout: self.args.timeout,
            offer: None,
            alter: None,
            copies: 0,
            altered_copies: false,
            early_data: false,
            presents: self.args.cert.is_some(),
        }
    }

    /// Sets a connection up for a context.
    fn enter(&self, request: &mut Request<'_>, context: usize) -> Option<()> {
        let context = self.contexts.get(context)?;
        request.presents = context.with_certificate;
        request.sni = context.name.is_some();
        if let Some(name) = &context.name {
            request.name = server_name(name).ok()?;
        }
        request.sni &= matches!(request.name, ServerName::DnsName(_));
        Some(())
    }

    /// How many offers may need a ticket of a node.
    fn copies(&self, pool: usize) -> usize {
        let nodes = self.plan.pools.get(pool).copied().unwrap_or(1);
        // two of its own, and what the pairs take
        if self.plan.is_full(nodes) { nodes + 1 } else { 4 }
    }

    /// Waits for the address's turn and connects; `None` once the plan is used up.
    fn connect(&self, request: Request<'_>) -> Option<Outcome> {
        if !self.budget.take() {
            return None;
        }
        let address = request.address;
        let last = lock(&self.last).get(&address).copied();
        let delay = last.map_or(Duration::ZERO, |last| self.args.delay.saturating_sub(last.elapsed()));
        thread::sleep(delay);
        let outcome = connect::connect(self.client, request);
        lock(&self.last).insert(address, Instant::now());
        Some(outcome)
    }

    /// Makes a full handshake and keeps its sessions.
    fn keep(&self, holder: Holder, version: Version, request: Request<'_>) -> Outcome {
        let Some(mut outcome) = self.connect(request) else {
            return Outcome { failure: Some(Failure::Timeout), ..Outcome::default() };
        };
        let mut stock = Stock { altered: std::mem::take(&mut outcome.altered), ..Stock::default() };
        for session in std::mem::take(&mut outcome.sessions) {
            match session {
                Session::V12(value) => stock.v12 = Some((value, ticket_of(&outcome))),
                Session::V13(value) => stock.v13.push_back(value),
            }
        }
        lock(&self.stocks).insert((holder, version), stock);
        outcome
    }

    /// A session to offer.
    fn session(&self, holder: Holder, version: Version) -> Option<Session> {
        let mut stocks = lock(&self.stocks);
        let stock = stocks.get_mut(&(holder, version))?;
        match version {
            Version::Tls12 => stock.v12.as_ref().map(|(value, _)| Session::V12(value.clone())),
            Version::Tls13 => stock.v13.pop_front().map(Session::V13),
        }
    }

    /// A session whose ticket is to be altered, or is already.
    fn altered(&self, holder: Holder, version: Version, part: Part, raw: &mut Vec<u8>) -> Option<Session> {
        let mut stocks = lock(&self.stocks);
        let stock = stocks.get_mut(&(holder, version))?;
        match version {
            Version::Tls12 => {
                let (value, ticket) = stock.v12.as_ref().filter(|(_, ticket)| !ticket.is_empty())?;
                raw.clone_from(ticket);
                Some(Session::V12(value.clone()))
            }
            Version::Tls13 => stock.altered.remove(&part),
        }
    }
}

/// The ticket that a connection of TLS 1.2 was given.
fn ticket_of(outcome: &Outcome) -> Vec<u8> {
    let mut capture = Capture::default();
    let mut ticket = Vec::new();
    let mut sink = |connection: Connection| {
        if let Some((_, issued)) = connection.issued().next() {
            ticket = issued.ticket.to_vec();
        }
    };
    for recorded in &outcome.packets {
        capture.packet(&recorded.packet(), &mut sink);
    }
    capture.finish(&mut sink);
    ticket
}
