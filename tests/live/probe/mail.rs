//! STARTTLS with real mail servers.

use std::{fs, net::SocketAddr, path::Path};

use super::tool::{Cases, Run, probe, secrets};
use crate::{
    failure::Failure,
    lab::Lab,
    process::{PATIENCE, Server, free_address, output, program, succeed, version, wait_for},
    report::Report,
};

pub(crate) fn cases(lab: &Lab, report: &mut Report) -> Result<(), Failure> {
    let number = version(program("postconf")?.args(["-d", "mail_version"]), "mail_version = ")?;
    let mut cases = Cases { report, server: "Postfix", version: &number };
    cases.add("STARTTLS (SMTP)", postfix(lab));
    // 2.3.19.1 (9b53102964)
    let said = output(program("dovecot")?.arg("--version"), b"")?;
    let number = String::from_utf8_lossy(&said.stdout).split(' ').next().unwrap_or_default().to_owned();
    let mut cases = Cases { report, server: "Dovecot", version: &number };
    cases.add("STARTTLS (IMAP)", dovecot(lab, false).and_then(|(_dovecot, address)| resumes(address, "imap")));
    cases.add("STARTTLS (IMAP), a process for each connection", one_each(lab));
    Ok(())
}

fn resumes(address: SocketAddr, protocol: &str) -> Result<(), Failure> {
    let (host, connect) = (format!("www.lab.test:{}", address.port()), address.to_string());
    let capture = std::env::temp_dir().join(format!("tktdump-{}.pcapng", address.port()));
    let run = probe(&[
        &host,
        &"--connect",
        &connect,
        &"--starttls",
        &protocol,
        &"--tamper",
        &"-f",
        &"json",
        &"--write",
        &capture,
    ])?;
    let outcome = run.expect(0, &[]).and_then(|run| {
        super::servers::agrees(&run, &capture, &[])?;
        tells_no_secret(&run, &capture)?;
        Ok(run)
    });
    fs::remove_file(&capture)?;
    let run = outcome?;
    for node in run.of_type("node")? {
        if node["resumed"] != 2 || node["kind"] != "stateless" {
            return Err(Failure::new(format!("not resumed: {node}")));
        }
    }
    // another protocol than the server's is said, not waited for
    probe(&[&host, &"--connect", &connect, &"--timeout", &"2s"])?.expect(2, &["--starttls"])?;
    let wrong = if protocol == "smtp" { "imap" } else { "smtp" };
    probe(&[&host, &"--connect", &connect, &"--starttls", &wrong, &"--timeout", &"2s"])?
        .expect(2, &["STARTTLS: the server answered"])
        .map(drop)
}

/// Nothing that decrypts the connections stands in an output.
fn tells_no_secret(run: &Run, capture: &Path) -> Result<(), Failure> {
    let said = format!("{}{}", run.stdout, run.stderr);
    match secrets(capture, &[])?.iter().find(|secret| said.contains(secret.as_str())) {
        Some(_) => Err(Failure::new("a secret of the client's key log is in the output")),
        None => Ok(()),
    }
}

fn postfix(lab: &Lab) -> Result<(), Failure> {
    let address = free_address()?;
    let folder = lab.path("postfix");
    for part in ["etc", "queue", "data"] {
        fs::create_dir_all(folder.join(part))?;
    }
    let (etc, shown) = (folder.join("etc"), folder.display());
    fs::write(
        etc.join("main.cf"),
        format!(
            "compatibility_level = 3.6\nqueue_directory = {shown}/queue\ndata_directory = {shown}/data\ninet_interfaces = 127.0.0.1\n\
             inet_protocols = ipv4\nmyhostname = www.lab.test\nmaillog_file = {shown}/log\nmaillog_file_prefixes = {shown}\n\
             smtpd_tls_security_level = may\nsmtpd_tls_cert_file = {certificate}\nsmtpd_tls_key_file = {key}\n\
             smtpd_tls_session_cache_database = btree:{shown}/data/smtpd_scache\nsmtpd_tls_ask_ccert = no\nalias_maps =\n\
             alias_database =\nlocal_recipient_maps =\nsmtputf8_enable = no\n",
            certificate = lab.certificate().display(),
            key = lab.private_key().display(),
        ),
    )?;
    let service =
        |name: &str, kind: &str, command: &str, limit: &str| format!("{name} {kind} n - n - {limit} {command}\n");
    let master = service(&address.to_string(), "inet", "smtpd", "-")
        + &service("tlsmgr", "unix", "tlsmgr", "1").replace(" n - n - 1 ", " - - n 1000? 1 ")
        + &service("rewrite", "unix", "trivial-rewrite", "-")
        + &service("cleanup", "unix", "cleanup", "0")
        + &service("proxymap", "unix", "proxymap", "-")
        + &service("anvil", "unix", "anvil", "1")
        + &service("postlog", "unix-dgram", "postlogd", "1");
    fs::write(etc.join("master.cf"), master)?;
    succeed(program("chown")?.args(["-R", "postfix"]).arg(folder.join("data")), b"")?;
    let running = Postfix { etc: &etc };
    let started = output(program("postfix")?.arg("-c").arg(&etc).arg("start"), b"")?;
    let listens = wait_for(PATIENCE, || std::net::TcpStream::connect(address).is_ok());
    if !listens {
        let log = fs::read_to_string(folder.join("log")).unwrap_or_default();
        let said = String::from_utf8_lossy(&started.stderr).into_owned();
        return Err(Failure::new(format!("Postfix does not listen on {address}:\n{said}{log}")));
    }
    let outcome = resumes(address, "smtp").map_err(|failure| {
        let log = fs::read_to_string(folder.join("log")).unwrap_or_default();
        Failure::new(format!("{failure}\n{log}"))
    });
    drop(running);
    outcome
}

struct Postfix<'p> {
    etc: &'p Path,
}

impl Drop for Postfix<'_> {
    fn drop(&mut self) {
        if let Ok(mut postfix) = program("postfix") {
            let _ = output(postfix.arg("-c").arg(self.etc).arg("stop"), b"");
        }
    }
}

/// As installed, Dovecot has a process for each connection, each with a key of its own: no session is ever resumed.
fn one_each(lab: &Lab) -> Result<(), Failure> {
    let (_dovecot, address) = dovecot(lab, true)?;
    let connect = address.to_string();
    let said = ["several-keys-on-address", "0 of 4 offers were resumed"];
    probe(&[&"www.lab.test", &"--connect", &connect, &"--starttls", &"imap"])?.expect(1, &said).map(drop)
}

fn dovecot(lab: &Lab, one_each: bool) -> Result<(Server, SocketAddr), Failure> {
    let address = free_address()?;
    let folder = lab.path(&format!("dovecot-{}", address.port()));
    fs::create_dir_all(&folder)?;
    let configuration = lab.write(
        &format!("dovecot-{}.conf", address.port()),
        format!(
            "protocols = imap\nbase_dir = {run}/run\nstate_dir = {run}/state\nlog_path = {run}/log\nlisten = 127.0.0.1\n\
             ssl = yes\nssl_cert = <{certificate}\nssl_key = <{key}\nssl_min_protocol = TLSv1.2\n\
             service imap-login {{\n inet_listener imap {{\n  port = {port}\n }}\n inet_listener imaps {{\n  port = 0\n }}\n chroot =\n service_count = {count}\n}}\n\
             passdb {{\n driver = static\n args = password=x\n}}\nuserdb {{\n driver = static\n args = uid=nobody gid=nogroup home=/nonexistent\n}}\n",
            run = folder.display(),
            certificate = lab.certificate().display(),
            key = lab.private_key().display(),
            port = address.port(),
            count = u8::from(one_each),
        ),
    )?;
    let mut dovecot = program("dovecot")?;
    let server = Server::start(lab, dovecot.arg("-F").arg("-c").arg(configuration), address).map_err(|failure| {
        let log = fs::read_to_string(folder.join("log")).unwrap_or_default();
        Failure::new(format!("{failure}\n{log}"))
    })?;
    Ok((server, address))
}
