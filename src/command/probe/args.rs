//! The arguments of `tktdump probe`.

use std::num::{NonZeroU32, NonZeroUsize};
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use tktdump::probe::fleet::Address;
use tktdump::probe::plan::{Pairs, Version};

use super::starttls::StartTls;
use crate::command::args::shared::{Color, KeyFormatArg};
use crate::command::audit::PolicyArgs;

#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of its own")]
pub(in crate::command) struct ProbeArgs {
    /// Hosts to probe, on every address that they have; port 443 unless one is named
    #[arg(value_name = "HOST[:PORT]", required_unless_present = "fleet")]
    pub(super) hosts: Vec<String>,
    /// Ticket key file of the servers, or a directory of them; repeat it in the order the server lists them
    #[arg(short, long = "key", value_name = "FILE", env = "TKTDUMP_KEY", hide_env_values = true)]
    pub(super) keys: Vec<PathBuf>,
    #[command(flatten)]
    pub(super) key_format: KeyFormatArg,
    /// Hosts, nodes and the keys of each: TOML, or what kubectl get endpointslice -o json prints
    #[arg(long, value_name = "FILE")]
    pub(super) fleet: Option<PathBuf>,
    /// Address of a node, in place of those that the host's name has; repeatable
    #[arg(long, value_name = "ADDR[:PORT]", value_parser = address)]
    pub(super) connect: Vec<Address>,
    /// Name to ask for by SNI, in place of the host's
    #[arg(long, value_name = "NAME", conflicts_with = "no_sni")]
    pub(super) sni: Option<String>,
    /// Ask for no name
    #[arg(long)]
    pub(super) no_sni: bool,
    /// Application protocols to offer, such as h2,http/1.1
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    pub(super) alpn: Vec<String>,
    /// Protocol that TLS begins in
    #[arg(long, value_enum, value_name = "PROTOCOL")]
    pub(super) starttls: Option<StartTls>,
    /// Versions of TLS to probe
    #[arg(long, value_name = "LIST", value_delimiter = ',', default_value = "1.2,1.3")]
    pub(super) tls: Vec<Version>,
    /// Cycles of a full handshake and two offers, for each version
    #[arg(long, value_name = "N", default_value = "1")]
    pub(super) rounds: NonZeroU32,
    /// Which pairs of nodes to try
    #[arg(long, value_enum, value_name = "PAIRS", default_value_t = MatrixArg::Auto)]
    pub(super) matrix: MatrixArg,
    /// Names whose sessions are offered under each other, and under no name, at one address
    #[arg(long, value_name = "LIST", value_delimiter = ',')]
    pub(super) names: Vec<String>,
    /// Also offer the server's own tickets with one bit flipped
    #[arg(long)]
    pub(super) tamper: bool,
    /// Exit with status 1 unless all nodes are shown to resume each other's sessions
    #[arg(long)]
    pub(super) expect_shared: bool,
    #[command(flatten)]
    pub(super) policy: PolicyArgs,
    /// Offer 0-RTT, without sending any data in it
    #[arg(long)]
    pub(super) early_data: bool,
    /// Client certificate, PEM, with its chain
    #[arg(long, value_name = "FILE", requires = "cert_key")]
    pub(super) cert: Option<PathBuf>,
    /// Private key of the client certificate, PEM
    #[arg(long, value_name = "FILE", requires = "cert")]
    pub(super) cert_key: Option<PathBuf>,
    /// Refuse servers whose certificate does not verify
    #[arg(long)]
    pub(super) verify: bool,
    /// Certificates to trust, PEM, in place of this machine's
    #[arg(long, value_name = "FILE")]
    pub(super) ca: Option<PathBuf>,
    /// How long a connection may take in all
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = duration)]
    pub(super) timeout: Duration,
    /// How long to wait between two connections to one address
    #[arg(long, value_name = "TIME", default_value = "100ms", value_parser = duration)]
    pub(super) delay: Duration,
    /// Addresses that are probed at a time, each by one connection at a time
    #[arg(short = 'j', long, value_name = "N", default_value = "16")]
    pub(super) threads: NonZeroUsize,
    /// Connections that may be made, with --watch in each interval
    #[arg(long, value_name = "N", default_value_t = 200)]
    pub(super) max_connections: u64,
    /// Probe again and again for so long, and say what changes
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub(super) watch: Option<Duration>,
    /// From the start of one round of --watch to the start of the next
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = duration)]
    pub(super) interval: Duration,
    /// Save the connections as a capture, with the secrets that decrypt them
    #[arg(long, value_name = "FILE.pcapng")]
    pub(super) write: Option<PathBuf>,
    /// Output format
    #[arg(short, long, value_enum, value_name = "FORMAT", default_value_t = ProbeFormat::Text)]
    pub(super) format: ProbeFormat,
    /// Colours in text output
    #[arg(long, value_enum, value_name = "WHEN", default_value_t = Color::Auto)]
    pub(super) color: Color,
}

/// Pairs of nodes as option values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum MatrixArg {
    /// All pairs of up to 6 nodes, else a ring
    Auto,
    /// All pairs
    Full,
    /// Each node's session at the next node, and one pair for each two groups
    Ring,
    /// None
    Off,
}

impl MatrixArg {
    pub(super) fn pairs(self) -> Pairs {
        match self {
            Self::Auto => Pairs::Auto,
            Self::Full => Pairs::Full,
            Self::Ring => Pairs::Ring,
            Self::Off => Pairs::Off,
        }
    }
}

/// Outputs of a probe.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum ProbeFormat {
    /// Human-readable
    Text,
    /// One object a line
    Json,
    #[value(help = "The findings as SARIF 2.1.0")]
    Sarif,
    #[value(help = "The findings as annotations of GitHub Actions")]
    Github,
    /// Metrics in the text exposition format
    Prometheus,
}

fn duration(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text).map_err(|_| "not a length of time, such as 500ms, 10s or 1h".to_owned())
}

fn address(text: &str) -> Result<Address, String> {
    Address::parse(text).ok_or_else(|| "not an IP address, with or without a port".to_owned())
}
