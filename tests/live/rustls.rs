//! rustls on ring, in this process: no interface gives its ticket key, so it is found in the memory.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::Arc,
    thread,
};

use rustls::{
    ServerConfig, ServerConnection, Stream,
    crypto::ring::Ticketer,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
};

use crate::{
    client::{self, BOTH},
    failure::{Context as _, Failure},
    keyfind,
    lab::Lab,
    report::{Case, Report},
};

pub(crate) fn cases(lab: &Lab, report: &mut Report) -> Result<(), Failure> {
    let address = start(lab)?;
    for tls in BOTH {
        let case = Case { server: "rustls on ring", version: "0.23", key_format: "memory, --pid", tls: tls.name() };
        let found = client::take(lab, address, tls).and_then(|session| {
            let process = std::process::id().to_string();
            keyfind::finds(&session, "aead", &["--pid", &process], &session.file.with_extension("pid.key"))
        });
        report.add(&case, found);
    }
    Ok(())
}

/// A server that answers every connection with what it is sent, until the test ends.
fn start(lab: &Lab) -> Result<SocketAddr, Failure> {
    let certificate = CertificateDer::from_pem_file(lab.certificate()).context("the certificate")?;
    let key = PrivateKeyDer::from_pem_file(lab.private_key()).context("the private key")?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .context("the protocol versions")?
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .context("the certificate's key")?;
    config.ticketer = Ticketer::new().context("the ticketer")?;
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    thread::spawn(move || {
        for connection in listener.incoming().flatten() {
            // what a client does to its connection is seen there
            let _ = echo(connection, &config);
        }
    });
    Ok(address)
}

fn echo(mut connection: TcpStream, config: &Arc<ServerConfig>) -> Result<(), Failure> {
    let mut server = ServerConnection::new(Arc::clone(config)).context("a connection")?;
    let mut stream = Stream::new(&mut server, &mut connection);
    let mut buffer = [0; 1024];
    loop {
        match stream.read(&mut buffer)? {
            0 => return Ok(()),
            length => stream.write_all(buffer.get(..length).unwrap_or_default())?,
        }
    }
}
