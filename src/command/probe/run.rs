//! One round of a probe: connections by plan, several addresses at a time, one connection at a time to each.

use std::collections::VecDeque;
use std::sync::{Mutex, mpsc};
use std::thread;

use tktdump::audit::{self, Finding};
use tktdump::capture::Connection;
use tktdump::probe::matrix::{self, Pair};
use tktdump::probe::plan::{Budget, Plan, Step, Version};
use tktdump::probe::seen::{Altered, Failure, NodeFacts, Seen, VersionFacts};
use tktdump::probe::tamper::{Answer, Part};
use tktdump::probe::verdicts::Context;

use super::args::ProbeArgs;
use super::client::Client;
use super::scribe::Scribe;
use super::targets::{Target, Targets};
use super::work::{Done, Job, Purpose, Shared, lock};
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
        seen: None,
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
                facts.seen = facts.seen.take().or(connection.as_ref().map(|connection| audit::Seen {
                    server: connection.server,
                    sni: connection.client_hello().and_then(|hello| hello.server_name.map(<[u8]>::to_vec)),
                    time: connection.time,
                    stream: connection.stream,
                }));
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
                    // a name that ends a full handshake for want of a certificate may take the session all the same
                    let is_known = other.versions.iter().any(|facts| facts.version == version);
                    if has(one) && is_known {
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
    let server = connection.and_then(Connection::server_hello);
    let flight = connection.map(|connection| connection.flight).unwrap_or_default();
    let is_tls13 = server.as_ref().is_some_and(|server| server.protocol.has_psk());
    let new = flight.certificate || flight.hello_done || flight.key_exchange;
    // the client stops there, so that a resumption never comes to its end
    let took = match &server {
        Some(server) if is_tls13 => server.selected_identity.is_some(),
        Some(_) => flight.server_changed && !new,
        None => false,
    };
    let began = is_tls13 || new;
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
