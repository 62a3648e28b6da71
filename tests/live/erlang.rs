//! Erlang/OTP: stateless tickets of TLS 1.3, whose nonce and shard the server itself writes down.

use std::{path::Path, time::Duration};

use crate::{
    check::Expected,
    client::Tls,
    failure::Failure,
    lab::Lab,
    process::{Server, fixture, free_address, program, version, wait_for},
    report::Report,
    trial::Trial,
};

pub(crate) fn cases(lab: &Lab, report: &mut Report) -> Result<(), Failure> {
    let mut erl = program("erl")?;
    erl.args(["-noshell", "-eval", "io:format(\"OTP ~s.0\", [erlang:system_info(otp_release)]), halt()."]);
    let version = version(&mut erl, "OTP ")?;
    let keys = [lab.path("ticket.key")];
    let trial = Trial {
        server: "Erlang/OTP ssl",
        version: version.trim_end_matches(".0"),
        key_format: "48 bytes",
        expected: Expected {
            keys: &keys,
            sealed_by: (0, 0),
            role: "active",
            format: "otp",
            layout: "nonce16 key32",
            openssl_reads_it: false,
        },
    };
    let [keys] = &keys;
    trial.run(report, lab, &[Tls::V13], start(lab, keys));
    Ok(())
}

fn start(lab: &Lab, keys: &Path) -> Result<Server, Failure> {
    let address = free_address()?;
    let mut server = program("escript")?;
    server.arg(fixture("server.escript")).arg(address.port().to_string());
    server.arg(lab.certificate()).arg(lab.private_key()).arg(keys);
    let server = Server::start(lab, &mut server, address)?;
    if wait_for(Duration::from_secs(10), || keys.exists()) {
        Ok(server)
    } else {
        Err(Failure::new("the server wrote no key"))
    }
}
