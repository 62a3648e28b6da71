//! One round of a probe: connections by plan, several addresses at a time, one connection at a time to each.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, PoisonError, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use rustls::client::{Tls12ClientSessionValue, Tls13ClientSessionValue};
use rustls::pki_types::ServerName;
use tktdump::audit::Finding;
use tktdump::capture::{Capture, Connection};
use tktdump::probe::matrix::{self, Pair};
use tktdump::probe::plan::{Budget, Plan, Step, Version};
use tktdump::probe::seen::{Altered, Failure, NodeFacts, Seen, VersionFacts};
use tktdump::probe::tamper::{Answer, Part};
use tktdump::probe::verdicts::Context;

use super::args::ProbeArgs;
use super::client::{Client, Session};
use super::connect::{self, Outcome, Request};
use super::scribe::Scribe;
use super::targets::{Target, Targets, server_name};
use super::write::Writer;

/// What one round showed.
pub(super) struct Round {
    pub(super) nodes: Vec<NodeFacts>,
    pub(super) pools: Vec<Pool>,
    pub(super) contexts: Vec<Context>,
    /// Sessions offered under other names or at other ports.
    pub(super) crossings: Vec<Pair>,
    /// About the tickets of nodes: which node, and what.
    pub(super) findings: Vec<(usize, Finding)>,
}

/// The nodes of one host.
pub(super) struct Pool {
    pub(super) pairs: Vec<Pair>,
    pub(super) groups: Vec<Vec<usize>>,
}

/// Who gave out a session: a node, or a context of `--names`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Holder {
    Node(usize),
    Context(usize),
}

/// What a connection is for.
#[derive(Debug, Clone, Copy)]
enum Purpose {
    Own(usize, Step),
    Pair { from: usize, to: usize, version: Version },
    Enter { context: usize, version: Version },
    Cross { from: usize, to: usize, version: Version },
}

/// Connections to one address, in order.
struct Job {
    address: SocketAddr,
    purposes: Vec<Purpose>,
}

/// A connection that was made, or why it was not.
struct Done {
    purpose: Purpose,
    /// `None` if there was no session to offer.
    outcome: Option<Outcome>,
}

/// Sessions that can be offered.
#[derive(Default)]
struct Stock {
    v12: Option<(Tls12ClientSessionValue, Vec<u8>)>,
    v13: VecDeque<Tls13ClientSessionValue>,
    altered: BTreeMap<Part, Session>,
}

/// What all threads share.
struct Shared<'r> {
    args: &'r ProbeArgs,
    targets: &'r Targets,
    client: &'r Client,
    plan: &'r Plan,
    budget: &'r Budget,
    contexts: &'r [Context],
    stocks: Mutex<HashMap<(Holder, Version), Stock>>,
    last: Mutex<HashMap<SocketAddr, Instant>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The contexts that `--names` asks for, each without and, if there is one, with the client certificate.
pub(super) fn contexts(args: &ProbeArgs, targets: &Targets) -> Vec<Context> {
    let mut contexts = Vec::new();
    if args.names.is_empty() {
        return contexts;
    }
    let mut seen = Vec::new();
    for (node, target) in targets.nodes.iter().enumerate() {
        if seen.contains(&target.address) {
            continue;
        }
        seen.push(target.address);
        for with_certificate in [false, true] {
            if with_certificate && args.cert.is_none() {
                continue;
            }
            for name in args.names.iter().cloned().map(Some).chain([None]) {
                contexts.push(Context { node, name, with_certificate, versions: Vec::new() });
            }
        }
    }
    contexts
}

/// The number of contexts at each IP address.
pub(super) fn context_sizes(contexts: &[Context], targets: &Targets) -> Vec<usize> {
    let mut sizes: Vec<(std::net::IpAddr, usize)> = Vec::new();
    for context in contexts.iter().filter(|context| !context.with_certificate) {
        let Some(target) = targets.nodes.get(context.node) else { continue };
        let ip = target.address.ip();
        match sizes.iter_mut().find(|(known, _)| *known == ip) {
            Some((_, size)) => *size += 1,
            None => sizes.push((ip, 1)),
        }
    }
    sizes.into_iter().map(|(_, size)| size).collect()
}

/// Makes a round.
pub(super) fn round(
    args: &ProbeArgs,
    targets: &Targets,
    client: &Client,
    plan: &Plan,
    scribe: &mut Scribe<'_>,
    writer: Option<&mut Writer>,
) -> anyhow::Result<Round> {
    let budget = Budget::new(plan.most());
    let contexts = contexts(args, targets);
    let shared = Shared {
        args,
        targets,
        client,
        plan,
        budget: &budget,
        contexts: &contexts,
        stocks: Mutex::default(),
        last: Mutex::default(),
    };
    let mut state = State {
        shared: &shared,
        scribe,
        writer,
        nodes: targets.nodes.iter().map(|target| facts(target, plan)).collect(),
        contexts: contexts.clone(),
        pairs: Vec::new(),
        findings: Vec::new(),
    };
    let own =
        (0..targets.nodes.len()).flat_map(|node| plan.steps().into_iter().map(move |step| Purpose::Own(node, step)));
    state.run(own.collect())?;
    let pools = state.pools()?;
    state.cross_names()?;
    let State { nodes, contexts, pairs: mut crossings, mut findings, .. } = state;
    // in the order of the names, and that without one last
    let place = |node: usize, name: &Option<String>| {
        (node, args.names.iter().position(|known| Some(known) == name.as_ref()).unwrap_or(usize::MAX))
    };
    crossings.sort_by_key(|pair| {
        let [from, to] = &pair.names;
        (place(pair.from, from), place(pair.to, to), pair.certificate, pair.version)
    });
    findings.sort_by_key(|(node, _)| *node);
    Ok(Round { nodes, pools, contexts, crossings, findings })
}

fn facts(target: &Target, plan: &Plan) -> NodeFacts {
    NodeFacts {
        host: target.host.clone(),
        pool: target.pool,
        sni: target.sni.clone(),
        address: target.address,
        versions: plan.versions.iter().map(|version| VersionFacts::new(*version)).collect(),
        certificate_problem: None,
        altered: Vec::new(),
    }
}

struct State<'r, 's, 'w> {
    shared: &'r Shared<'r>,
    scribe: &'w mut Scribe<'s>,
    writer: Option<&'w mut Writer>,
    nodes: Vec<NodeFacts>,
    contexts: Vec<Context>,
    pairs: Vec<Pair>,
    findings: Vec<(usize, Finding)>,
}

impl State<'_, '_, '_> {
    /// Makes connections and takes what they show.
    fn run(&mut self, purposes: Vec<Purpose>) -> anyhow::Result<()> {
        let shared = self.shared;
        let mut jobs: Vec<Job> = Vec::new();
        for purpose in purposes {
            let Some(address) = shared.address(purpose) else { continue };
            match jobs.iter_mut().find(|job| job.address == address) {
                Some(job) => job.purposes.push(purpose),
                None => jobs.push(Job { address, purposes: vec![purpose] }),
            }
        }
        let threads = shared.args.threads.get().min(jobs.len());
        let queue = Mutex::new(VecDeque::from(jobs));
        let (sender, receiver) = mpsc::channel();
        thread::scope(|scope| {
            for _ in 0..threads {
                let (sender, queue) = (sender.clone(), &queue);
                scope.spawn(move || {
                    while let Some(job) = { lock(queue).pop_front() } {
                        shared.work(&job, &sender);
                    }
                });
            }
            drop(sender);
            let mut result = Ok(());
            for done in receiver {
                // whoever waits for the end of the output waits for nothing
                if result.is_ok() {
                    result = self.take(done);
                }
                if result.is_err() {
                    lock(&queue).clear();
                }
            }
            result
        })
    }

    /// Takes what a connection showed.
    fn take(&mut self, done: Done) -> anyhow::Result<()> {
        let Done { purpose, outcome } = done;
        let keys = self.shared.target_of(purpose).map_or(0, |target| target.keys);
        let Some(outcome) = outcome else {
            self.untried(purpose);
            return Ok(());
        };
        let problem = outcome.certificate_problem.clone();
        let offered = match purpose {
            Purpose::Own(_, Step::Full(_)) | Purpose::Enter { .. } => None,
            Purpose::Own(_, Step::Offer(version) | Step::Altered(version, _))
            | Purpose::Pair { version, .. }
            | Purpose::Cross { version, .. } => Some(version),
        };
        let (seen, connection, findings) = self.scribe.take(outcome, keys, offered, self.writer.as_deref_mut())?;
        if let Purpose::Own(node, _) = purpose {
            for finding in findings {
                let is_known = |(at, known): &(usize, Finding)| *at == node && known.rule.id == finding.rule.id;
                if !self.findings.iter().any(is_known) {
                    self.findings.push((node, finding));
                }
            }
            if let Some(facts) = self.nodes.get_mut(node) {
                facts.certificate_problem = facts.certificate_problem.take().or(problem);
            }
        }
        self.scribe.flush()?;
        match purpose {
            Purpose::Own(node, Step::Altered(version, part)) => {
                let answer = answer(&seen, connection.as_ref());
                self.altered(node, version, part, answer);
            }
            Purpose::Own(node, Step::Full(version) | Step::Offer(version)) => {
                let versions = self.nodes.get_mut(node).map(|node| node.versions.as_mut_slice()).unwrap_or_default();
                if let Some(facts) = versions.iter_mut().find(|facts| facts.version == version) {
                    facts.add(seen);
                }
            }
            Purpose::Pair { from, to, version } => self.pair(from, to, version, Some(&seen)),
            Purpose::Enter { context, version } => {
                if let Some(context) = self.contexts.get_mut(context) {
                    let mut facts = VersionFacts::new(version);
                    facts.add(seen);
                    context.versions.push(facts);
                }
            }
            Purpose::Cross { from, to, version } => self.crossing(from, to, version, Some(&seen)),
        }
        Ok(())
    }

    fn untried(&mut self, purpose: Purpose) {
        match purpose {
            Purpose::Own(node, Step::Altered(version, part)) => self.altered(node, version, part, Answer::NoTicket),
            Purpose::Own(..) | Purpose::Enter { .. } => {}
            Purpose::Pair { from, to, version } => self.pair(from, to, version, None),
            Purpose::Cross { from, to, version } => self.crossing(from, to, version, None),
        }
    }

    fn altered(&mut self, node: usize, version: Version, part: Part, answer: Answer) {
        if let Some(node) = self.nodes.get_mut(node) {
            node.altered.push(Altered { version, part, answer });
        }
    }

    fn pair(&mut self, from: usize, to: usize, version: Version, seen: Option<&Seen>) {
        let (Some(one), Some(other)) = (self.nodes.get(from), self.nodes.get(to)) else { return };
        let names = [one.sni.clone(), other.sni.clone()];
        let (Some(issuer), Some(taker)) = (one.of_version(version), other.of_version(version)) else { return };
        let (resumed, failure) = result(seen);
        let (reason, why) = matrix::judge(issuer, taker, resumed, failure);
        self.pairs.push(Pair { from, to, names, certificate: None, version, resumed, reason, why });
    }

    fn crossing(&mut self, from: usize, to: usize, version: Version, seen: Option<&Seen>) {
        let (Some(one), Some(other)) = (self.contexts.get(from), self.contexts.get(to)) else { return };
        let facts = |context: &Context| context.versions.iter().find(|facts| facts.version == version).cloned();
        let (Some(issuer), Some(taker)) = (facts(one), facts(other)) else { return };
        let (resumed, failure) = result(seen);
        let (reason, why) = matrix::judge(&issuer, &taker, resumed, failure);
        let names = [one.name.clone(), other.name.clone()];
        let certificate = self.shared.args.cert.is_some().then_some(other.with_certificate);
        let (from, to) = (one.node, other.node);
        self.pairs.push(Pair { from, to, names, certificate, version, resumed, reason, why });
    }

    /// Tries the pairs of each pool.
    fn pools(&mut self) -> anyhow::Result<Vec<Pool>> {
        let plan = self.shared.plan;
        let mut pools = Vec::new();
        for (pool, &all) in plan.pools.iter().enumerate() {
            let alive: Vec<usize> = self
                .nodes
                .iter()
                .enumerate()
                .filter(|(_, node)| node.pool == pool && node.is_up())
                .map(|(at, _)| at)
                .collect();
            let order = matrix::order(&self.nodes, &alive);
            let tried = plan.pairs(all, &order);
            self.offer_pairs(&tried)?;
            let groups = matrix::groups_of_pairs(&alive, &self.pairs);
            let further = plan.between(all, &groups, &tried);
            self.offer_pairs(&further)?;
            let mut pairs = std::mem::take(&mut self.pairs);
            pairs.sort_by_key(|pair| (pair.from, pair.to, pair.version));
            let groups = if tried.is_empty() { Vec::new() } else { matrix::groups_of_pairs(&alive, &pairs) };
            pools.push(Pool { pairs, groups });
        }
        Ok(pools)
    }

    fn offer_pairs(&mut self, pairs: &[(usize, usize)]) -> anyhow::Result<()> {
        let mut purposes = Vec::new();
        for &(from, to) in pairs {
            for &version in &self.shared.plan.versions {
                let speaks = |at: usize| self.nodes.get(at).is_some_and(|node| node.of_version(version).is_some());
                if speaks(from) && speaks(to) {
                    purposes.push(Purpose::Pair { from, to, version });
                }
            }
        }
        self.run(purposes)
    }

    /// Gets sessions under all names, and offers them under all others at the same IP address.
    fn cross_names(&mut self) -> anyhow::Result<()> {
        let shared = self.shared;
        let versions = &shared.plan.versions;
        let all = 0..self.contexts.len();
        let speaks = |context: &usize, version: Version| {
            let node = shared.contexts.get(*context).and_then(|context| self.nodes.get(context.node));
            node.is_some_and(|node| node.of_version(version).is_some())
        };
        let enter = all.clone().flat_map(|context| {
            let spoken = versions.iter().filter(move |version| speaks(&context, **version));
            spoken.map(move |&version| Purpose::Enter { context, version })
        });
        self.run(enter.collect())?;
        let mut purposes = Vec::new();
        for from in all.clone() {
            for to in all.clone().filter(|to| *to != from) {
                let (Some(one), Some(other)) = (self.contexts.get(from), self.contexts.get(to)) else { continue };
                let ip = |context: &Context| shared.targets.nodes.get(context.node).map(|target| target.address.ip());
                if ip(one) != ip(other) || one.with_certificate != other.with_certificate {
                    continue;
                }
                for &version in versions {
                    let has = |context: &Context| {
                        context.versions.iter().any(|facts| facts.version == version && facts.is_spoken())
                    };
                    if has(one) && has(other) {
                        purposes.push(Purpose::Cross { from, to, version });
                    }
                }
            }
        }
        self.run(purposes)
    }
}

/// Whether an offer was taken up, and why nothing is known of it.
fn result(seen: Option<&Seen>) -> (Option<bool>, Option<&Failure>) {
    match seen {
        None => (None, None),
        // a server that ends the handshake over an offer does not resume it
        Some(Seen { failure: Some(failure @ Failure::Alert(_)), .. }) => (Some(false), Some(failure)),
        Some(Seen { failure: Some(failure), .. }) => (None, Some(failure)),
        Some(seen) if !seen.offered => (None, None),
        Some(seen) => (Some(seen.is_resumed()), None),
    }
}

/// How a server answered an altered ticket: only what it sent up to its ServerHello's flight counts.
fn answer(seen: &Seen, connection: Option<&Connection>) -> Answer {
    let took = connection.is_some_and(|connection| {
        let server = connection.server_hello();
        // a handshake that failed afterwards was a resumption all the same
        server.is_some_and(|server| server.selected_identity.is_some()) || seen.handshake.is_resumed()
    });
    let began = connection.is_some_and(|connection| {
        let flight = connection.flight;
        let tls13 = connection.server_hello().is_some_and(|server| server.protocol.has_psk());
        tls13 || flight.certificate || flight.hello_done || flight.key_exchange
    });
    match &seen.failure {
        _ if took => Answer::Resumed,
        Some(Failure::Alert(description)) if !began => Answer::Alert(*description),
        _ if began => Answer::Full,
        Some(Failure::Reset) => Answer::Reset,
        Some(Failure::Closed) => Answer::Closed,
        Some(Failure::Timeout) => Answer::Silence,
        _ => Answer::NotTried,
    }
}

impl Shared<'_> {
    fn target_of(&self, purpose: Purpose) -> Option<&Target> {
        let node = match purpose {
            Purpose::Own(node, _) => node,
            Purpose::Pair { to, .. } => to,
            Purpose::Enter { context, .. } | Purpose::Cross { to: context, .. } => self.contexts.get(context)?.node,
        };
        self.targets.nodes.get(node)
    }

    fn address(&self, purpose: Purpose) -> Option<SocketAddr> {
        self.target_of(purpose).map(|target| target.address)
    }

    /// Makes the connections of a job.
    fn work(&self, job: &Job, sender: &mpsc::Sender<Done>) {
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
