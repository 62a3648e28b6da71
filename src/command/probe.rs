//! `tktdump probe`: what running servers do with sessions.

mod args;
mod client;
mod connect;
pub(super) mod prepare;
mod run;
mod scribe;
mod starttls;
mod targets;
mod watch;
mod wire;
mod work;
mod write;

use std::io::{self, Write as _};

use tktdump::audit::baseline::Baseline;
use tktdump::audit::facts::keys::KeySet;
use tktdump::audit::{Finding, Policy};
use tktdump::probe::plan::Plan;
use tktdump::probe::seen::{Failure as Trouble, NodeFacts};
use tktdump::probe::verdicts;
use tktdump::report::Page;
use tktdump::report::findings::{FindingTally, github, json as finding_json, sarif};
use tktdump::report::probe::json::Counts;
use tktdump::report::probe::text::Renderer;
use tktdump::report::probe::{PoolView, View, json, prometheus};

pub(super) use self::args::ProbeArgs;
use self::args::ProbeFormat;
use self::client::Client;
use self::run::Round;
use self::scribe::{Numbers, Scribe};
use self::targets::Targets;
use self::write::Writer;
use super::exit::Exit;
use super::notes::Notes;
use super::output::styles;

/// Alerts of a server that wants a client certificate: `handshake_failure` among others, which may mean it.
const ABOUT_CERTIFICATE: [u8; 6] = [41, 42, 43, 46, 48, 116];

/// A probe on its way.
struct Probe<'p> {
    args: &'p ProbeArgs,
    notes: &'p Notes,
    policy: &'p Policy,
    baseline: Baseline,
    targets: &'p Targets,
    plan: Plan,
    client: Client,
    writer: Option<Writer>,
    numbers: Numbers,
    /// Findings of all rounds.
    tally: FindingTally,
}

/// A round that was judged: which node a finding is about, and what it is.
struct Judged {
    round: Round,
    findings: Vec<(Option<usize>, Finding)>,
    exit: Exit,
}

impl Probe<'_> {
    /// One round, and its end.
    fn once(&mut self) -> anyhow::Result<Exit> {
        let keys = self.targets.load_keys(self.args, super::exit::now(), self.notes)?;
        let judged = self.round(&keys, self.args.format == ProbeFormat::Json)?;
        let mut page = Page::new();
        self.render(&judged, &mut page);
        self.close(&[judged.findings.as_slice()], Some(&judged.round.nodes), &mut page);
        print(&page)?;
        self.complain(&judged.round.nodes);
        Ok(judged.exit.max(self.expectations(&judged)))
    }

    /// Makes a round and judges it.
    fn round(&mut self, keys: &[KeySet], prints: bool) -> anyhow::Result<Judged> {
        let numbers = std::mem::take(&mut self.numbers);
        let mut scribe = Scribe::new(keys, self.policy, super::exit::now(), prints, numbers);
        let round = run::round(self.args, self.targets, &self.client, &self.plan, &mut scribe, self.writer.as_mut())?;
        if let Some(writer) = &mut self.writer {
            writer.flush()?;
        }
        let about_all = scribe.finish();
        self.numbers = std::mem::take(&mut scribe.numbers);
        let mut findings = self.findings(&round, keys);
        findings.extend(about_all.into_iter().map(|finding| (None, finding)));
        findings.retain(|(_, finding)| !self.baseline.knows(finding));
        let mut tally = FindingTally::default();
        for (_, finding) in &findings {
            tally.add(finding);
        }
        let failed = round.nodes.iter().any(|node| !node.is_up());
        let exit = match () {
            () if failed => Exit::Failed,
            () if tally.at_least(self.policy.fail_on) > 0 => Exit::NotAll,
            () => Exit::Done,
        };
        Ok(Judged { round, findings, exit })
    }

    fn findings(&self, round: &Round, keys: &[KeySet]) -> Vec<(Option<usize>, Finding)> {
        let mut all = Vec::new();
        for (at, node) in round.nodes.iter().enumerate() {
            if !node.is_up() {
                continue;
            }
            let key_set = self.targets.nodes.get(at).and_then(|target| keys.get(target.keys));
            let own = key_set.map(|keys| verdicts::of_node(node, keys, self.policy)).unwrap_or_default();
            all.extend(own.into_iter().map(|finding| (Some(at), finding)));
            for (_, finding) in round.findings.iter().filter(|(of, _)| *of == at) {
                let subject = verdicts::subject(node);
                all.push((Some(at), Finding { subject, ..finding.clone() }));
            }
        }
        for pool in &round.pools {
            let found = verdicts::of_pool(&round.nodes, &pool.groups, &pool.pairs, self.policy);
            all.extend(found.into_iter().map(|finding| (None, finding)));
        }
        let crossed = verdicts::across_names(&round.nodes, &round.contexts, &round.crossings, self.policy);
        all.extend(crossed.into_iter().map(|finding| (None, finding)));
        all
    }

    /// Renders a round, as far as the format has something for one.
    fn render(&self, judged: &Judged, page: &mut Page) {
        let pools: Vec<PoolView<'_>> =
            judged.round.pools.iter().map(|pool| PoolView { pairs: &pool.pairs, groups: &pool.groups }).collect();
        let view = View {
            nodes: &judged.round.nodes,
            pools: &pools,
            crossings: &judged.round.crossings,
            findings: &judged.findings,
        };
        match self.args.format {
            ProbeFormat::Text => self.text().view(&view, page),
            ProbeFormat::Json => json::view(&view, page),
            ProbeFormat::Prometheus => prometheus::view(&view, super::exit::now(), page),
            ProbeFormat::Sarif | ProbeFormat::Github => {}
        }
    }

    fn text(&self) -> Renderer {
        let has_keys = self.targets.key_paths.iter().any(|paths| !paths.is_empty());
        Renderer { styles: styles(self.args.color), has_keys }
    }

    /// Renders what comes at the end: findings, the summary. `nodes` are those that the summary counts.
    fn close(&mut self, rounds: &[&[(Option<usize>, Finding)]], nodes: Option<&[NodeFacts]>, page: &mut Page) {
        let findings: Vec<Finding> = rounds.iter().copied().flatten().map(|(_, finding)| finding.clone()).collect();
        for finding in &findings {
            self.tally.add(finding);
        }
        match self.args.format {
            ProbeFormat::Text | ProbeFormat::Prometheus => {}
            ProbeFormat::Json => {
                for finding in &findings {
                    finding_json::finding(finding, page);
                }
                json::summary(&self.counts(nodes.unwrap_or_default()), &self.tally, page);
            }
            ProbeFormat::Github => findings.iter().for_each(|finding| github::finding(finding, page)),
            ProbeFormat::Sarif => page.extend_from_slice(sarif::document(&findings, self.policy).as_bytes()),
        }
    }

    fn counts(&self, nodes: &[NodeFacts]) -> Counts {
        let offers = nodes.iter().flat_map(NodeFacts::spoken);
        let (offered, resumed) = offers.fold((0, 0), |(offered, resumed), facts| {
            (offered + u64::from(facts.offered), resumed + u64::from(facts.resumed))
        });
        Counts {
            connections: self.numbers.connections,
            tickets: self.numbers.tickets,
            nodes: nodes.len(),
            failed: nodes.iter().filter(|node| !node.is_up()).count(),
            offered,
            resumed,
        }
    }

    /// Says why nodes could not be probed, and what to do.
    fn complain(&self, nodes: &[NodeFacts]) {
        for node in nodes {
            let Some(failure) = node.failure() else { continue };
            let (host, address) = (&node.host, verdicts::shown(node));
            self.notes.error(format_args!("{host} at {address}: {failure}"));
            match failure {
                Trouble::Alert(description) if ABOUT_CERTIFICATE.contains(description) => {
                    self.notes.hint("--cert FILE --cert-key FILE present a client certificate");
                }
                Trouble::NotTls(_) => self.notes.hint("--starttls names a protocol that TLS begins in"),
                failure if failure.is_about_version() => {
                    let name = node.sni.as_ref().map(|name| format!(" -servername {name}")).unwrap_or_default();
                    self.notes.hint(format_args!(
                        "this client has TLS 1.3, and TLS 1.2 with ECDHE and AEAD suites; for older versions, static RSA and \
                         others: openssl s_client -connect {}{name} -cipher ALL:@SECLEVEL=0 -sess_out FILE </dev/null, then \
                         tktdump --key KEYFILE FILE",
                        node.address
                    ));
                }
                _ => {}
            }
        }
    }

    /// What was asked to be shown and was not.
    fn expectations(&self, judged: &Judged) -> Exit {
        let mut exit = Exit::Done;
        let mut miss = |who: &str, what: &str| {
            self.notes.error(format_args!("{who}: {what}"));
            exit = Exit::NotAll;
        };
        let nodes = &judged.round.nodes;
        if self.policy.thresholds.expect_active {
            for node in nodes.iter().filter(|node| node.is_up()) {
                if let Some(what) = verdicts::expect_active(node) {
                    miss(&format!("{} at {}", node.host, verdicts::shown(node)), &what);
                }
            }
        }
        if self.args.expect_shared {
            for (at, pool) in judged.round.pools.iter().enumerate() {
                let members = || nodes.iter().filter(|node| node.pool == at);
                let Some(host) = members().next().map(|node| node.host.as_str()) else { continue };
                let up = members().filter(|node| node.is_up()).count();
                let untried = pool.pairs.iter().filter(|pair| pair.resumed.is_none()).count();
                let refused = pool.pairs.iter().filter(|pair| pair.resumed == Some(false)).count();
                match () {
                    () if up < 2 => {
                        miss(host, "fewer than two nodes answered, so that nothing shows that they share a key");
                    }
                    () if pool.pairs.is_empty() => {
                        miss(host, "no pair of nodes was tried, so that nothing shows that they share a key");
                    }
                    () if untried > 0 => miss(host, &format!("{untried} pairs of nodes could not be tried")),
                    () if refused > 0 => miss(host, &format!("{refused} sessions were refused by another node")),
                    () => {}
                }
            }
        }
        exit
    }
}

fn print(page: &Page) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(page)?;
    stdout.flush()
}
