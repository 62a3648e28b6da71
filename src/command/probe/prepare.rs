//! From the arguments to a probe: the policy, the targets, the plan and the client.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use rustls::RootCertStore;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use tktdump::probe::plan::Plan;
use tktdump::report::findings::FindingTally;

use super::args::ProbeArgs;
use super::client::{Client, Setup};
use super::run as rounds;
use super::scribe::Numbers;
use super::targets::{self, Targets};
use super::write::Writer;
use super::{Probe, watch};
use crate::command::exit::Exit;
use crate::command::failure::Failure;
use crate::command::notes::Notes;
use crate::command::{audit, source};

pub(in crate::command) fn run(args: &ProbeArgs, notes: &Notes) -> anyhow::Result<Exit> {
    let policy = audit::policy(&args.policy)?;
    let baseline = audit::baseline(&args.policy)?;
    let targets = Targets::find(args)?;
    if policy.thresholds.expect_active
        && targets.nodes.iter().any(|node| targets.key_paths.get(node.keys).is_none_or(Vec::is_empty))
    {
        let failure = Failure::new("--expect-active needs the keys that the server is to encrypt with");
        return Err(failure.with_hint("--key FILE, in the server's own order, or keys in the fleet file").into());
    }
    let plan = plan(args, &targets)?;
    let client = client(args)?;
    let writer = args.write.as_deref().map(Writer::new).transpose()?;
    if writer.is_some() {
        notes.warning("what --write saves decrypts the connections of this probe");
    }
    let mut probe = Probe {
        args,
        notes,
        policy: &policy,
        baseline,
        targets: &targets,
        plan,
        client,
        writer,
        numbers: Numbers::default(),
        tally: FindingTally::default(),
    };
    match args.watch {
        Some(length) => watch::run(&mut probe, length),
        None => probe.once(),
    }
}

/// The plan, if it stays within what may be done.
fn plan(args: &ProbeArgs, targets: &Targets) -> anyhow::Result<Plan> {
    let pools = targets.nodes.iter().map(|node| node.pool + 1).max().unwrap_or(0);
    let size = |pool| targets.nodes.iter().filter(|node| node.pool == pool).count();
    let mut versions = args.tls.clone();
    versions.sort_unstable();
    versions.dedup();
    let plan = Plan {
        versions,
        rounds: args.rounds.get(),
        tamper: args.tamper,
        pairs: args.matrix.pairs(),
        pools: (0..pools).map(size).collect(),
        contexts: rounds::context_sizes(&rounds::contexts(args, targets), targets),
        with_certificate: args.cert.is_some(),
    };
    for name in args.names.iter().chain(&args.sni) {
        targets::server_name(name)?;
    }
    let (most, limit) = (plan.most(), args.max_connections);
    if most > limit {
        let each = if args.watch.is_some() { " in each interval" } else { "" };
        let failure =
            Failure::new(format_args!("the plan takes up to {most} connections{each}, --max-connections is {limit}"));
        return Err(failure
            .with_hint(format!("--max-connections {most} allows it; --matrix ring and --tls take fewer"))
            .into());
    }
    Ok(plan)
}

fn client(args: &ProbeArgs) -> anyhow::Result<Client> {
    let provider = Arc::new(ring::default_provider());
    let certificate = match (&args.cert, &args.cert_key) {
        (Some(chain), Some(key)) => Some(certificate(chain, key, &provider)?),
        _ => None,
    };
    let roots = roots(args.ca.as_deref())?;
    if args.verify {
        if let Err(error) = &roots {
            return Err(Failure::new(error).with_hint("--ca FILE names the certificates to trust").into());
        }
    }
    let alpn = args.alpn.iter().map(|protocol| protocol.clone().into_bytes()).collect();
    Ok(Client::new(&provider, Setup { roots, enforce: args.verify, certificate, alpn })?)
}

/// The certificates that are trusted, or why there are none.
fn roots(ca: Option<&Path>) -> anyhow::Result<Result<RootCertStore, String>> {
    let mut roots = RootCertStore::empty();
    let Some(path) = ca else {
        let found = rustls_native_certs::load_native_certs();
        roots.add_parsable_certificates(found.certs);
        return Ok(if roots.is_empty() { Err("this machine trusts no certificates".to_owned()) } else { Ok(roots) });
    };
    let shown = source::shown(path);
    for certificate in certificates(path)? {
        roots.add(certificate).with_context(|| shown.clone())?;
    }
    Ok(Ok(roots))
}

fn certificates(path: &Path) -> anyhow::Result<Vec<CertificateDer<'static>>> {
    let shown = source::shown(path);
    let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let found = read.map_err(|error| Failure::new(format_args!("{shown}: {error}")))?;
    if found.is_empty() {
        return Err(Failure::new(format_args!("{shown}: there is no certificate in PEM in it")).into());
    }
    Ok(found)
}

fn certificate(chain: &Path, key: &Path, provider: &CryptoProvider) -> anyhow::Result<Arc<CertifiedKey>> {
    let shown = source::shown(key);
    let key = PrivateKeyDer::from_pem_file(key).map_err(|error| Failure::new(format_args!("{shown}: {error}")))?;
    let key = provider.key_provider.load_private_key(key).with_context(|| shown.clone())?;
    let certified = CertifiedKey::new(certificates(chain)?, key);
    if matches!(certified.keys_match(), Err(rustls::Error::InconsistentKeys(rustls::InconsistentKeys::KeyMismatch))) {
        return Err(Failure::new(format_args!("{shown}: the key does not belong to the certificate")).into());
    }
    Ok(Arc::new(certified))
}
