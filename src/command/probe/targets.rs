//! Who is probed: hosts, their nodes, and the keys of each.

use std::fs;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use rustls::pki_types::ServerName;
use tktdump::audit::facts::keys::{KeySet, LoadedFile};
use tktdump::escape::Text;
use tktdump::probe::endpoints;
use tktdump::probe::fleet::{Address, Fleet};

use super::args::ProbeArgs;
use crate::command::failure::Failure;
use crate::command::key_files::{self, Unclaimed};
use crate::command::notes::Notes;
use crate::command::source;

/// The longest fleet file that is read.
const MAX_FLEET_LENGTH: u64 = 16 << 20;
const HTTPS: u16 = 443;

/// One node to probe.
pub(super) struct Target {
    /// Host and port as they are shown.
    pub(super) host: String,
    /// Which host, from 0.
    pub(super) pool: usize,
    /// The name for SNI; `None` for none.
    pub(super) sni: Option<String>,
    /// What the certificate is verified for.
    pub(super) name: ServerName<'static>,
    pub(super) address: SocketAddr,
    /// Which key files it has, as a place in [`Targets::key_paths`].
    pub(super) keys: usize,
}

/// All nodes, and the sets of key files that they have.
pub(super) struct Targets {
    pub(super) nodes: Vec<Target>,
    pub(super) key_paths: Vec<Vec<PathBuf>>,
}

/// One host as it was named.
struct Named {
    host: String,
    port: Option<u16>,
    nodes: Vec<(SocketAddr, Option<Vec<PathBuf>>)>,
    keys: Option<Vec<PathBuf>>,
}

impl Targets {
    /// Finds them; names are looked up.
    pub(super) fn find(args: &ProbeArgs) -> anyhow::Result<Self> {
        let default_port = args.starttls.map_or(HTTPS, super::starttls::StartTls::port);
        let mut named = Vec::new();
        for host in &args.hosts {
            let (host, port) = split(host)?;
            named.push(Named { host, port, nodes: Vec::new(), keys: None });
        }
        if let Some(path) = &args.fleet {
            named = fleet(path, named, default_port)?;
        }
        let mut targets = Self { nodes: Vec::new(), key_paths: vec![args.keys.clone()] };
        for (pool, host) in named.into_iter().enumerate() {
            targets.add(args, pool, host, default_port)?;
        }
        Ok(targets)
    }

    fn add(&mut self, args: &ProbeArgs, pool: usize, named: Named, default_port: u16) -> anyhow::Result<()> {
        let port = named.port.unwrap_or(default_port);
        let shown = if named.host.contains(':') {
            format!("[{}]:{port}", named.host)
        } else {
            format!("{}:{port}", named.host)
        };
        let name = server_name(&named.host)?;
        let sni = match (&args.sni, &name) {
            _ if args.no_sni => None,
            (Some(sni), _) => Some(sni.clone()),
            (None, ServerName::DnsName(name)) => Some(name.as_ref().to_owned()),
            _ => None,
        };
        let name = match &args.sni {
            Some(sni) => server_name(sni)?,
            None => name,
        };
        let host_keys = named.keys.map(|keys| self.keys(keys));
        let connect = args.connect.iter().map(|address| (address.with_port(port), None));
        let nodes: Vec<_> = match () {
            () if !args.connect.is_empty() => connect.collect(),
            () if !named.nodes.is_empty() => named.nodes,
            () => look_up(&named.host, port)?.into_iter().map(|address| (address, None)).collect(),
        };
        for (address, own) in nodes {
            if self.nodes.iter().any(|known| known.pool == pool && known.address == address) {
                continue;
            }
            let keys = own.map(|own| self.keys(own)).or(host_keys).unwrap_or(0);
            self.nodes.push(Target { host: shown.clone(), pool, sni: sni.clone(), name: name.clone(), address, keys });
        }
        Ok(())
    }

    /// The place of a set of key files.
    fn keys(&mut self, paths: Vec<PathBuf>) -> usize {
        self.key_paths.iter().position(|known| *known == paths).unwrap_or_else(|| {
            self.key_paths.push(paths);
            self.key_paths.len() - 1
        })
    }

    /// Reads all key files; those of a server are read anew for each round of `--watch`.
    pub(super) fn load_keys(&self, args: &ProbeArgs, now: i64, notes: &Notes) -> anyhow::Result<Vec<KeySet>> {
        self.key_paths.iter().map(|paths| load(paths, args, now, notes)).collect()
    }
}

fn load(paths: &[PathBuf], args: &ProbeArgs, now: i64, notes: &Notes) -> anyhow::Result<KeySet> {
    let mut files = Vec::new();
    for loaded in key_files::load(paths, args.key_format.format(), Unclaimed::Refused, notes) {
        let key_files::Loaded { path, content, file, .. } = loaded?;
        for warning in &file.warnings {
            notes.warning(format_args!("{}: {warning}", Text(path.as_bytes())));
        }
        files.push(LoadedFile { host: None, path, content, keys: file, disk: None });
    }
    if files.is_empty() && !paths.is_empty() {
        return Err(Failure::new("no key was found in what --key names").into());
    }
    Ok(KeySet::new(files, now))
}

/// The hosts of a fleet file; hosts that were named as arguments are given its nodes, or left out of it.
fn fleet(path: &Path, named: Vec<Named>, default_port: u16) -> anyhow::Result<Vec<Named>> {
    let shown = source::shown(path);
    let length = fs::metadata(path).with_context(|| shown.clone())?.len();
    if length > MAX_FLEET_LENGTH {
        return Err(Failure::new(format_args!("{shown}: longer than {MAX_FLEET_LENGTH} bytes")).into());
    }
    let text = fs::read_to_string(path).with_context(|| shown.clone())?;
    let wrong = |error| Failure::new(format_args!("{shown}: {error}")).with_hint("docs/probe.md shows a fleet file");
    if endpoints::is_json(&text) {
        return slices(&text, named).map_err(wrong).map_err(Into::into);
    }
    let folder = path.parent().unwrap_or(Path::new(""));
    let files = |keys: Vec<String>| keys.into_iter().map(|key| folder.join(key)).collect::<Vec<_>>();
    let wanted = |host: &str| named.is_empty() || named.iter().any(|named| named.host.eq_ignore_ascii_case(host));
    let hosts = Fleet::parse(&text).map_err(wrong)?.hosts.into_iter().filter(|host| wanted(&host.name));
    let hosts: Vec<Named> = hosts
        .map(|host| {
            let port = host.port.unwrap_or(default_port);
            let nodes = host.nodes.into_iter();
            Named {
                host: host.name,
                port: host.port,
                nodes: nodes.map(|node| (node.address.with_port(port), node.keys.map(files))).collect(),
                keys: (!host.keys.is_empty()).then(|| files(host.keys)),
            }
        })
        .collect();
    if let Some(missing) =
        named.iter().find(|named| !hosts.iter().any(|host| host.host.eq_ignore_ascii_case(&named.host)))
    {
        let failure = Failure::new(format_args!("{shown}: there is no host {:?} in it", missing.host));
        return Err(failure.with_hint("name one that is in the file, or none for all of them").into());
    }
    Ok(hosts)
}

fn slices(text: &str, named: Vec<Named>) -> Result<Vec<Named>, tktdump::probe::fleet::FleetError> {
    let services = endpoints::parse(text, named.first().and_then(|named| named.port))?;
    let node = |address: SocketAddr| (address, None);
    let mut named = named.into_iter();
    let Some(first) = named.next() else {
        let hosts = services.into_iter().map(|service| Named {
            host: service.name.unwrap_or_else(|| "localhost".to_owned()),
            port: service.nodes.first().map(SocketAddr::port),
            nodes: service.nodes.into_iter().map(node).collect(),
            keys: None,
        });
        return Ok(hosts.filter(|host| !host.nodes.is_empty()).collect());
    };
    // the name that clients use is not in the slices: whoever names it means all endpoints
    let nodes: Vec<_> = services.into_iter().flat_map(|service| service.nodes).map(node).collect();
    let port = first.port.or_else(|| nodes.first().map(|(address, _)| address.port()));
    Ok(std::iter::once(Named { port, nodes, ..first }).chain(named).collect())
}

/// Takes host and port apart.
fn split(text: &str) -> anyhow::Result<(String, Option<u16>)> {
    let text = text.strip_prefix("https://").map_or(text, |rest| rest.trim_end_matches('/'));
    if let Some(Address { ip, port }) = Address::parse(text) {
        return Ok((ip.to_string(), port));
    }
    let wrong = || {
        let failure =
            Failure::new(format_args!("{:?} is not of the form HOST[:PORT]", Text(text.as_bytes()).to_string()));
        failure.with_hint("such as www.example.org:443, 192.0.2.1 or [2001:db8::1]:8443")
    };
    match text.split_once(':') {
        None if !text.is_empty() => Ok((text.to_owned(), None)),
        Some((host, port)) if !host.is_empty() => {
            let port = port.parse().map_err(|_| wrong())?;
            Ok((host.to_owned(), Some(port)))
        }
        _ => Err(wrong().into()),
    }
}

/// A name as rustls takes it.
pub(super) fn server_name(name: &str) -> anyhow::Result<ServerName<'static>> {
    ServerName::try_from(name.to_owned())
        .map_err(|_| Failure::new(format_args!("{:?} is not a host name", Text(name.as_bytes()).to_string())).into())
}

fn look_up(host: &str, port: u16) -> anyhow::Result<Vec<SocketAddr>> {
    if let Ok(ip) = host.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(ip, port)]);
    }
    let shown = Text(host.as_bytes()).to_string();
    let found = (host, port).to_socket_addrs().map_err(|_| {
        Failure::new(format_args!("{shown}: the name has no address"))
            .with_hint("--connect ADDR names a node without DNS")
    })?;
    let mut addresses: Vec<SocketAddr> = found.collect();
    addresses.sort_unstable();
    addresses.dedup();
    Ok(addresses)
}
