//! Pools: who shares a key with whom, what stands behind one address, what resumes under another name, and what changes.

use std::{
    ffi::OsStr,
    fs,
    io::{BufRead as _, BufReader, Read as _},
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
    thread,
    time::Instant,
};

use data_encoding::BASE64;

use super::{
    nginx::{Nginx, debian, keys, server, wheel},
    tool::{Cases, Run, equal, probe},
};
use crate::{
    failure::{Context as _, Failure},
    lab::{Lab, random},
    process::{PATIENCE, Server, free_address, program, succeed, version, wait_for},
    report::Report,
};

pub(crate) fn cases(lab: &Lab, report: &mut Report) -> Result<(), Failure> {
    for program in [debian as fn() -> Result<Command, Failure>, wheel] {
        let version = version(program()?.arg("-v"), "nginx/")?;
        let mut cases = Cases { report, server: "nginx", version: &version };
        cases.add("a pool", pool(lab, program));
        cases.add("another certificate", contexts(lab, program));
        cases.add("caches of their own", caches(lab, program));
        cases.add("virtual hosts", nginx_names(lab, program));
        cases.add("50 nodes", fifty(lab, program));
        cases.add("watched", watched(lab, program));
    }
    let haproxy = version(program("haproxy")?.arg("-v"), "version ")?;
    let apache = version(program("apache2")?.arg("-v"), "Apache/")?;
    let mut cases = Cases { report, server: "HAProxy", version: &haproxy };
    cases.add("round robin over two keys", round_robin(lab));
    cases.add("virtual hosts", haproxy_names(lab));
    let mut cases = Cases { report, server: "Apache httpd", version: &apache };
    cases.add("virtual hosts", apache_names(lab));
    Ok(())
}

/// Another address of the loopback network, at that port.
pub(super) fn node(number: u8, port: u16) -> SocketAddr {
    SocketAddr::new(IpAddr::V4(Ipv4Addr::new(127, 0, 0, number)), port)
}

fn run(port: u16, nodes: &[u8], keys: &[&Path], more: &[&str]) -> Result<Run, Failure> {
    let host = format!("www.lab.test:{port}");
    let connect: Vec<String> = nodes.iter().map(|number| node(*number, port).to_string()).collect();
    let mut arguments: Vec<&dyn AsRef<OsStr>> = vec![&host];
    for address in &connect {
        arguments.extend([&"--connect" as &dyn AsRef<OsStr>, address]);
    }
    for key in keys {
        arguments.extend([&"--key" as &dyn AsRef<OsStr>, key]);
    }
    for argument in more {
        arguments.push(argument);
    }
    probe(&arguments)
}

/// The reasons of refused pairs, without repetition.
fn reasons(run: &Run) -> Result<Vec<String>, Failure> {
    let pairs = run.of_type("pair")?;
    let refused = pairs.iter().filter(|pair| pair["resumed"] == false);
    let mut reasons: Vec<String> = refused.filter_map(|pair| pair["reason"].as_str().map(str::to_owned)).collect();
    reasons.sort_unstable();
    reasons.dedup();
    Ok(reasons)
}

fn pool(lab: &Lab, program: fn() -> Result<Command, Failure>) -> Result<(), Failure> {
    let address = free_address()?;
    let port = address.port();
    let shared = lab.random_file(&format!("pool-{port}.key"), 80)?;
    let other = lab.random_file(&format!("pool-{port}-other.key"), 80)?;
    let servers = [1, 2, 4].map(|number| server(node(number, port), &keys(&[&shared]))).concat();
    let servers = servers + &server(node(3, port), &keys(&[&other]));
    let _nginx = Nginx::start(lab, program, address, &servers)?;

    let done = run(port, &[1, 2], &[&shared], &["-f", "json", "--expect-shared"])?.expect(0, &[])?.expect_rules(&[])?;
    let pairs = done.of_type("pair")?;
    let resumed = pairs.iter().filter(|pair| pair["resumed"] == true && pair["reason"] == "resumed").count();
    equal("pairs", &pairs.len().into(), 4)?;
    equal("resumed", &resumed.into(), 4)?;

    let said = [
        "4 nodes in 2 groups that do not resume each other's sessions",
        "none of the keys given",
        "TLSv1.2 and TLSv1.3 agree",
        "a client that changes node resumes in 6 of 12 cases",
        "127.0.0.3 encrypts tickets under a key that the other 3 nodes do not have",
        "key-not-shared",
    ];
    run(port, &[1, 2, 3, 4], &[&shared], &[])?.expect(1, &said)?;
    let done = run(port, &[1, 2, 3, 4], &[&shared], &["-f", "json"])?.expect(1, &[])?;
    if reasons(&done)? != ["other_key"] {
        return Err(Failure::new(format!("the reasons are {:?}", reasons(&done)?)));
    }
    for node in done.of_type("node")? {
        let group =
            if node["address"].as_str().is_some_and(|address| address.starts_with("127.0.0.3")) { "B" } else { "A" };
        equal("group", &node["group"], group)?;
    }
    done.expect_rules(&["key-not-shared", "unknown-key"])?;
    // a ring tries fewer pairs and says the same
    run(port, &[1, 2, 3, 4], &[], &["--matrix", "ring"])?.expect(1, &["key-not-shared", "in 2 groups"])?;
    run(port, &[1, 2, 3, 4], &[], &["--matrix", "off"])?.expect(0, &["4 nodes"])?;
    // a node that does not answer: nothing is claimed of it
    run(port, &[1, 5], &[], &["--expect-shared", "--timeout", "1s"])?.expect(2, &["fewer than two nodes"])?;
    // the limit is looked at before the first connection
    let refused = run(port, &[1, 2, 3, 4], &[], &["--max-connections", "47"])?;
    refused.expect(2, &["takes up to 48 connections", "--max-connections is 47"])?.never(&["resumed"]).map(drop)
}

fn contexts(lab: &Lab, program: fn() -> Result<Command, Failure>) -> Result<(), Failure> {
    let address = free_address()?;
    let port = address.port();
    let key = lab.random_file(&format!("context-{port}.key"), 80)?;
    let (certificate, private_key) = (lab.path("second.pem"), lab.path("second.key"));
    self_signed(&certificate, &private_key, "/CN=www.lab.test")?;
    let other = format!("ssl_certificate {}; ssl_certificate_key {}; ", certificate.display(), private_key.display());
    let servers = server(address, &keys(&[&key])) + &server(node(2, port), &(other + &keys(&[&key])));
    let _nginx = Nginx::start(lab, program, address, &servers)?;
    let done = run(port, &[1, 2], &[&key], &["-f", "json"])?.expect(1, &[])?;
    if reasons(&done)? != ["other_context"] {
        return Err(Failure::new(format!("the reasons are {:?}", reasons(&done)?)));
    }
    done.expect_rules(&["context-not-shared"])?;
    // without the key the contexts are not seen: no more is said than that
    let done = run(port, &[1, 2], &[], &["-f", "json"])?.expect(1, &["certificates differ"])?;
    if reasons(&done)? != ["unknown"] {
        return Err(Failure::new(format!("without the key the reasons are {:?}", reasons(&done)?)));
    }
    done.never(&["other_key", "key-not-shared"]).map(drop)
}

fn self_signed(certificate: &Path, key: &Path, subject: &str) -> Result<(), Failure> {
    let mut openssl = program("openssl")?;
    openssl.args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", subject]);
    succeed(openssl.arg("-keyout").arg(key).arg("-out").arg(certificate), b"").map(drop)
}

fn caches(lab: &Lab, program: fn() -> Result<Command, Failure>) -> Result<(), Failure> {
    let address = free_address()?;
    let port = address.port();
    let with = |name: &str| format!("ssl_session_tickets off; ssl_session_cache shared:{name}:1m;");
    let servers = server(address, &with("one")) + &server(node(2, port), &with("two"));
    let _nginx = Nginx::start(lab, program, address, &servers)?;
    let done = run(port, &[1, 2], &[], &["-f", "json", "--tls", "1.2"])?.expect(0, &[])?;
    if reasons(&done)? != ["cache_miss"] {
        return Err(Failure::new(format!("the reasons are {:?}", reasons(&done)?)));
    }
    done.expect_rules(&["stateful-across-nodes", "no-tickets"])?;
    run(port, &[1, 2], &[], &["--expect-shared"])?.expect(1, &["stateful-across-nodes"]).map(drop)
}

/// Two virtual hosts of one nginx, one of which wants a client certificate.
fn nginx_names(lab: &Lab, program: fn() -> Result<Command, Failure>) -> Result<(), Failure> {
    let address = free_address()?;
    let key = lab.random_file(&format!("names-{}.key", address.port()), 80)?;
    let ca = lab.certificate();
    let block = |name: &str, with: &str| {
        format!("server {{ listen {address} ssl; server_name {name}; {with} {} return 200; }}\n", keys(&[&key]))
    };
    let verify = format!("ssl_client_certificate {}; ssl_verify_client on;", ca.display());
    let servers = block("open.test", "") + &block("closed.test", &verify);
    let _nginx = Nginx::start(lab, program, address, &servers)?;
    names(lab, address, &[&key])
}

/// Two certificates at one `bind` of HAProxy, one of which wants a client certificate.
fn haproxy_names(lab: &Lab) -> Result<(), Failure> {
    let address = free_address()?;
    let name = |part: &str| format!("names-{}{part}", address.port());
    let lines: Result<Vec<String>, Failure> = (0..3).map(|_| Ok(BASE64.encode(&random(80)?) + "\n")).collect();
    let key = lab.write(&name(".keys"), lines?.concat())?;
    let (both, ca) = (lab.certificate_and_key()?, lab.certificate());
    let (both, ca) = (both.display(), ca.display());
    let list = format!("{both} open.test\n{both} [ca-file {ca} verify required] closed.test\n");
    let list = lab.write(&name(".list"), list)?;
    let configuration = format!(
        "defaults
            mode http
            timeout client 10s
            timeout server 10s
            timeout connect 10s
        frontend lab
            bind {address} ssl crt-list {} tls-ticket-keys {} ssl-min-ver TLSv1.2
            http-request return status 204\n",
        list.display(),
        key.display(),
    );
    let file = lab.write(&name(".cfg"), configuration)?;
    let _haproxy = Server::start(lab, program("haproxy")?.arg("-db").arg("-f").arg(file), address)?;
    names(lab, address, &[&key])
}

/// Two virtual hosts of Apache httpd, one of which wants a client certificate, with keys that only the server has.
fn apache_names(lab: &Lab) -> Result<(), Failure> {
    let address = free_address()?;
    let name = |part: &str| format!("names-{}{part}", address.port());
    let (certificate, private_key) = (lab.certificate(), lab.private_key());
    let host = |name: &str, with: &str| {
        format!(
            "<VirtualHost {address}>
                ServerName {name}
                SSLEngine on
                SSLCertificateFile {}
                SSLCertificateKeyFile {}
                {with}
            </VirtualHost>\n",
            certificate.display(),
            private_key.display(),
        )
    };
    let verify = format!("SSLCACertificateFile {}\nSSLVerifyClient require", certificate.display());
    let modules = ["mpm_event", "authz_core", "ssl", "socache_shmcb"]
        .map(|module| format!("LoadModule {module}_module /usr/lib/apache2/modules/mod_{module}.so\n"))
        .concat();
    let configuration = format!(
        "{modules}ServerRoot {folder}\nPidFile {folder}/{pid}\nErrorLog /dev/stderr\nListen {address}\nServerName lab.test
        DefaultRuntimeDir {folder}\nMutex file:{folder} default\nUser www-data\nGroup www-data\n{hosts}",
        folder = lab.folder().display(),
        pid = name(".pid"),
        hosts = host("open.test", "") + &host("closed.test", &verify),
    );
    let file = lab.write(&name(".apache"), configuration)?;
    let apache = Server::start(lab, program("apache2")?.args(["-D", "FOREGROUND", "-f"]).arg(file), address)?;
    let outcome = names(lab, address, &[]);
    // its children do not end with a parent that is killed
    apache.terminate();
    outcome
}

/// Two names at one address, `open.test` and `closed.test`, which wants a client certificate: what this server does is what
/// is said.
fn names(lab: &Lab, address: SocketAddr, keys: &[&Path]) -> Result<(), Failure> {
    let port = address.port();
    let done = run(port, &[1], keys, &["--names", "open.test,closed.test", "-f", "json"])?;
    let crossed = |run: &Run, from: &str, to: &str| -> Result<Vec<bool>, Failure> {
        let pairs = run.of_type("pair")?;
        let wanted = pairs.iter().filter(|pair| pair["from_name"] == from && pair["to_name"] == to);
        Ok(wanted.filter_map(|pair| pair["resumed"].as_bool()).collect())
    };
    let resumed = crossed(&done, "open.test", "closed.test")?;
    if resumed.len() != 2 {
        return Err(Failure::new(format!("{resumed:?} for two versions:\n{}", done.stdout)));
    }
    // what openssl s_client sees is the judge
    for (version, resumed) in ["-tls1_2", "-tls1_3"].into_iter().zip(&resumed) {
        let session = lab.path(&format!("names-{port}{version}.pem"));
        s_client(address, version, "open.test", &[&"-sess_out", &session])?;
        let answer = s_client(address, version, "closed.test", &[&"-sess_in", &session])?;
        let reused = answer.contains("Reused, ");
        if reused != *resumed {
            return Err(Failure::new(format!("{version}: s_client says {reused}, the probe {resumed}")));
        }
    }
    let found = done.of_type("finding")?;
    let across = found.iter().any(|finding| {
        finding["rule"] == "resumes-across-names"
            && finding["severity"] == "error"
            && finding["message"].as_str().is_some_and(|message| {
                message.contains("under closed.test")
                    && message.contains("asks for a client certificate")
                    && (keys.is_empty() || message.contains("inside the first"))
            })
    });
    let any = resumed.contains(&true);
    if across != any || done.status != i32::from(any) {
        return Err(Failure::new(format!("resumed {resumed:?}, exit status {}, findings {found:?}", done.status)));
    }
    // pairs under no name are there, and the text says the same
    equal("under no name", &done.of_type("pair")?.iter().any(|pair| pair["to_name"].is_null()).into(), true)?;
    run(
        port,
        &[1],
        keys,
        &[
            "--names",
            "open.test,closed.test",
            "--cert",
            &lab.certificate().to_string_lossy(),
            "--cert-key",
            &lab.private_key().to_string_lossy(),
        ],
    )?
    .expect(i32::from(any), &["Across names: "])
    .map(drop)
}

fn s_client(address: SocketAddr, version: &str, name: &str, more: &[&dyn AsRef<OsStr>]) -> Result<String, Failure> {
    let mut client = program("openssl")?;
    client.args(["s_client", version, "-servername", name, "-connect"]).arg(address.to_string());
    let mut child = client
        .args(more)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .context("openssl s_client")?;
    // a ticket of TLS 1.3 comes after the handshake
    if let [_, session] =
        more.get(..2).filter(|more| more.first().is_some_and(|flag| flag.as_ref() == "-sess_out")).unwrap_or_default()
    {
        let came = || fs::metadata(Path::new(session.as_ref())).is_ok_and(|file| file.len() > 0);
        wait_for(PATIENCE, || came() || !matches!(child.try_wait(), Ok(None)));
    }
    drop(child.stdin.take());
    let done = child.wait_with_output()?;
    Ok(String::from_utf8_lossy(&done.stdout).into_owned())
}

fn fifty(lab: &Lab, program: fn() -> Result<Command, Failure>) -> Result<(), Failure> {
    let address = free_address()?;
    let port = address.port();
    let one = lab.random_file(&format!("fifty-{port}-1.key"), 80)?;
    let two = lab.random_file(&format!("fifty-{port}-2.key"), 80)?;
    let numbers: Vec<u8> = (1..=50).collect();
    let servers: String = numbers
        .iter()
        .map(|number| server(node(*number, port), &keys(&[if *number == 33 { &two } else { &one }])))
        .collect();
    let _nginx = Nginx::start(lab, program, address, &servers)?;
    run(port, &numbers, &[&one], &[])?.expect(2, &["takes up to 500 connections"])?;
    let start = Instant::now();
    let done = run(port, &numbers, &[&one], &["--max-connections", "500"])?;
    let taken = start.elapsed();
    done.expect(
        1,
        &["50 nodes in 2 groups", "127.0.0.33 encrypts tickets under a key that the other 49 nodes do not have"],
    )?;
    println!("50 nodes in {taken:.1?}");
    Ok(())
}

fn watched(lab: &Lab, program: fn() -> Result<Command, Failure>) -> Result<(), Failure> {
    let address = free_address()?;
    let name = |part: &str| format!("watch-{}/{part}.key", address.port());
    let (first, second) = (lab.random_file(&name("1"), 80)?, lab.random_file(&name("2"), 80)?);
    let folder: PathBuf = first.parent().unwrap_or(&first).to_owned();
    let nginx = Nginx::start(lab, program, address, &server(address, &keys(&[&first, &second])))?;
    let mut command = Command::new(env!("CARGO_BIN_EXE_tktdump"));
    command
        .args(["probe", &address.to_string(), "--watch", "6s", "--interval", "1s", "--delay", "10ms", "--key"])
        .arg(&folder);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    let mut stdout = BufReader::new(child.stdout.take().ok_or_else(|| Failure::new("no standard output"))?);
    let mut text = String::new();
    // the first round is over
    stdout.read_line(&mut text)?;
    // one rotation: the files, and at once the server
    fs::rename(&first, &second)?;
    fs::write(&first, random(80)?)?;
    nginx.reload()?;
    let reader = thread::spawn(move || stdout.read_to_string(&mut text).map(|_| text));
    if !wait_for(PATIENCE, || !matches!(child.try_wait(), Ok(None))) {
        child.kill()?;
        return Err(Failure::new("the watch did not end by itself"));
    }
    let text = reader.join().map_err(|_| Failure::new("no standard output"))??;
    let run = Run::of(&Output { stdout: text.into_bytes(), ..child.wait_with_output()? });
    let changes = run.stdout.matches(": key ").count();
    if changes != 1 || !run.stdout.contains(", was ") {
        return Err(Failure::new(format!("{changes} changes of the key:\n{}{}", run.stdout, run.stderr)));
    }
    Ok(())
}

fn round_robin(lab: &Lab) -> Result<(), Failure> {
    let (front, one, other) = (free_address()?, free_address()?, free_address()?);
    let key = |name: &str| lab.random_file(&format!("robin-{}-{name}.key", front.port()), 80);
    let (first, second) = (key("1")?, key("2")?);
    let servers = server(one, &keys(&[&first])) + &server(other, &keys(&[&second]));
    let _nginx = Nginx::start(lab, debian, one, &servers)?;
    let configuration = format!(
        "defaults
            mode tcp
            timeout client 10s
            timeout server 10s
            timeout connect 10s
        frontend lab
            bind {front}
            default_backend nodes
        backend nodes
            balance roundrobin
            server one {one}
            server other {other}\n"
    );
    let file = lab.write(&format!("robin-{}.cfg", front.port()), configuration)?;
    let _haproxy = Server::start(lab, program("haproxy")?.arg("-db").arg("-f").arg(file), front)?;
    let host = front.to_string();
    for rounds in ["1", "2", "4"] {
        for tls in ["1.2", "1.3", "1.2,1.3"] {
            let arguments: [&dyn AsRef<OsStr>; 7] = [&host, &"--rounds", &rounds, &"--tls", &tls, &"-f", &"json"];
            let plain = probe(&arguments)?.expect(1, &[]).context(format_args!("{rounds} rounds of {tls}"))?;
            plain.expect_rules(&["several-keys-on-address"]).context(format_args!("{rounds} rounds of {tls}"))?;
            let both: [&dyn AsRef<OsStr>; 4] = [&"--key", &first, &"--key", &second];
            probe(&[&arguments[..], &both].concat())?.expect(1, &["several-keys-on-address"])?;
        }
    }
    Ok(())
}
