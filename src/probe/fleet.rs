//! Fleet files: the hosts to probe, the nodes behind them, and the key files of each, as TOML.
//!
//! ```toml
//! [[host]]
//! name = "www.example.org"       # asked for by SNI
//! port = 443
//! keys = ["tickets/current.key", "tickets/previous.key"]   # in the server's own order
//! nodes = ["10.0.0.1", "10.0.0.2", "[2001:db8::3]:8443"]
//!
//! [[host.node]]                  # a node that has its own keys
//! address = "10.0.0.4"
//! keys = ["node4/"]
//! ```

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use serde::Deserialize;

/// A fleet as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fleet {
    /// The hosts, in order.
    pub hosts: Vec<Host>,
}

/// One host of a fleet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host {
    /// The name that is asked for.
    pub name: String,
    /// The port of nodes that have none of their own.
    pub port: Option<u16>,
    /// The nodes; the name is looked up if there are none.
    pub nodes: Vec<Node>,
    /// Paths of key files, of nodes that have none of their own.
    pub keys: Vec<String>,
}

/// One node of a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Its address, and its port if that is another one than the host's.
    pub address: Address,
    /// Paths of its key files; `None`: those of its host.
    pub keys: Option<Vec<String>>,
}

/// An address with or without a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Address {
    /// The address.
    pub ip: IpAddr,
    /// The port, if one is named.
    pub port: Option<u16>,
}

impl Address {
    /// With the port of the host if it has none of its own.
    #[must_use]
    pub fn with_port(self, port: u16) -> SocketAddr {
        SocketAddr::new(self.ip, self.port.unwrap_or(port))
    }

    /// Reads `192.0.2.1`, `192.0.2.1:443`, `2001:db8::1` or `[2001:db8::1]:443`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if let Ok(address) = text.parse::<SocketAddr>() {
            return Some(Self { ip: address.ip(), port: Some(address.port()) });
        }
        let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
        Some(Self { ip: bare.parse().ok()?, port: None })
    }
}

/// Why a fleet file cannot be used, in one sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FleetError(pub(super) String);

impl fmt::Display for FleetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for FleetError {}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    host: Vec<FileHost>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileHost {
    name: String,
    port: Option<u16>,
    #[serde(default)]
    keys: Vec<String>,
    #[serde(default)]
    nodes: Vec<String>,
    #[serde(default)]
    node: Vec<FileNode>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileNode {
    address: String,
    keys: Option<Vec<String>>,
}

impl Fleet {
    /// Reads a fleet file.
    ///
    /// # Errors
    ///
    /// If it is not TOML, has settings that are not known, or an address that is none.
    pub fn parse(text: &str) -> Result<Self, FleetError> {
        let file: File = toml::from_str(text).map_err(|error| {
            let line =
                error.span().and_then(|span| text.get(..span.start)).map(|before| before.matches('\n').count() + 1);
            let message = error.message().replace('\n', " ");
            FleetError(line.map_or_else(|| message.clone(), |line| format!("line {line}: {message}")))
        })?;
        if file.host.is_empty() {
            return Err(FleetError("no [[host]] in it".to_owned()));
        }
        let hosts = file.host.into_iter().map(FileHost::read).collect::<Result<_, _>>()?;
        Ok(Self { hosts })
    }
}

impl FileHost {
    fn read(self) -> Result<Host, FleetError> {
        let plain = self.nodes.into_iter().map(|address| FileNode { address, keys: None });
        let nodes = plain
            .chain(self.node)
            .map(|node| match Address::parse(&node.address) {
                Some(address) => Ok(Node { address, keys: node.keys }),
                None => Err(FleetError(format!(
                    "host {:?}: the node {:?} is not an IP address, with or without a port",
                    self.name, node.address
                ))),
            })
            .collect::<Result<_, _>>()?;
        Ok(Host { name: self.name, port: self.port, nodes, keys: self.keys })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_have_the_keys_of_their_host_or_their_own() {
        let fleet = Fleet::parse(
            "[[host]]\nname = \"www.lab.test\"\nport = 8443\nkeys = [\"a.key\", \"b.key\"]\nnodes = [\"127.0.0.1\", \"[::1]:99\"]\n\
             [[host.node]]\naddress = \"127.0.0.3:7\"\nkeys = [\"c.key\"]\n[[host]]\nname = \"x\"\n",
        )
        .unwrap();
        let [www, x] = fleet.hosts.as_slice() else { panic!("{fleet:?}") };
        let addresses: Vec<String> =
            www.nodes.iter().map(|node| node.address.with_port(www.port.unwrap()).to_string()).collect();
        assert_eq!(addresses, ["127.0.0.1:8443", "[::1]:99", "127.0.0.3:7"]);
        assert_eq!(www.keys, ["a.key", "b.key"]);
        assert_eq!(www.nodes[0].keys, None);
        assert_eq!(www.nodes[2].keys, Some(vec!["c.key".to_owned()]));
        assert_eq!((x.port, x.nodes.len()), (None, 0));
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line() {
        let error = |text: &str| Fleet::parse(text).unwrap_err().to_string();
        assert!(error("[[host]]\nname = 1\n").starts_with("line 2: "), "{}", error("[[host]]\nname = 1\n"));
        assert!(error("[[host]]\nname = \"a\"\nnode = \"x\"\n").starts_with("line 3: "));
        assert!(error("[[host]]\nname = \"a\"\nports = 1\n").contains("ports"));
        assert!(error("host = []").contains("no [[host]]"));
        assert!(error("[[host]]\nname = \"a\"\nnodes = [\"n1\"]\n").contains("\"n1\" is not an IP address"));
    }

    #[test]
    fn addresses_have_a_port_or_none() {
        let parse = |text| Address::parse(text).map(|address| address.with_port(443).to_string());
        assert_eq!(parse("127.0.0.1").as_deref(), Some("127.0.0.1:443"));
        assert_eq!(parse("::1").as_deref(), Some("[::1]:443"));
        assert_eq!(parse("[::1]").as_deref(), Some("[::1]:443"));
        assert_eq!(parse("[::1]:8"), Some("[::1]:8".to_owned()));
        assert_eq!(parse("localhost"), None);
    }
}
