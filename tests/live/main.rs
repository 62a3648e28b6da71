//! Live tests: servers on loopback with fresh random ticket keys, tickets taken by `openssl s_client`,
//! opened by the built command and compared with what the client knows of the same session.
//!
//! One module a server. A new one has a `cases` function that starts the server, and a line in the list below.
//! The servers come from Debian, `PyPI` and npm; `.ci/run` installs them.
//!
//! With `TKTDUMP_LIVE_KEEP=FOLDER` in the environment, each ticket stays there with its session and its keys.

mod check;
mod client;
mod failure;
mod lab;
mod process;
mod recipe;
mod report;
mod sniffer;
mod trial;

mod caddy;
mod dnsdist;
mod envoy;
mod erlang;
mod gnutls;
mod go;
mod h2o;
mod haproxy;
mod keyfind;
mod keylog;
mod knot;
mod lighttpd;
mod mbedtls;
mod nginx;
mod node;
mod openssl;
mod probe;
mod rotation;
mod rustls;
mod stunnel;
mod trafficserver;
mod unbound;
mod wireshark;

use failure::Failure;
use probe::{
    documents as probe_documents, mail as probe_mail, nginx as probe_nginx, peers as probe_peers, pools as probe_pools,
    servers as probe_servers,
};

macro_rules! servers {
    ($($server:ident),+ $(,)?) => {
        const TESTS: usize = [$(stringify!($server)),+].len();
        $(
            #[test]
            #[ignore = "needs the servers themselves; run by .ci/run"]
            fn $server() -> Result<(), Failure> {
                report::run(stringify!($server), TESTS, $server::cases)
            }
        )+
    };
}

servers![
    caddy,
    dnsdist,
    envoy,
    erlang,
    gnutls,
    go,
    h2o,
    haproxy,
    keyfind,
    keylog,
    knot,
    lighttpd,
    mbedtls,
    nginx,
    node,
    openssl,
    probe_documents,
    probe_mail,
    probe_nginx,
    probe_peers,
    probe_pools,
    probe_servers,
    rotation,
    rustls,
    stunnel,
    trafficserver,
    unbound,
    wireshark,
];
