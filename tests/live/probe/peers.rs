//! Peers that are not as they should be, and servers that want a client certificate.

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    thread,
    time::{Duration, Instant},
};

use super::{
    servers::s_server,
    tool::{Cases, Run, probe},
};
use crate::{
    failure::Failure,
    lab::{Lab, random},
    process::{Server, free_address, program, succeed},
    report::Report,
};

#[expect(clippy::unnecessary_wraps, reason = "as the other modules have it")]
pub(crate) fn cases(lab: &Lab, report: &mut Report) -> Result<(), Failure> {
    let mut cases = Cases { report, server: "peers", version: "-" };
    cases.add("silent", silent());
    cases.add("slow", slow());
    cases.add("refusing, resetting, closing", rude());
    cases.add("not TLS", plain());
    cases.add("TLS 1.1, static RSA", old(lab));
    cases.add("a client certificate is demanded", certificate(lab));
    cases.add("certificates are verified", verified(lab));
    Ok(())
}

fn run(address: SocketAddr, more: &[&str]) -> Result<(Run, Duration), Failure> {
    let host = address.to_string();
    let mut arguments: Vec<&dyn AsRef<std::ffi::OsStr>> = vec![&host, &"--timeout", &"1s"];
    for argument in more {
        arguments.push(argument);
    }
    let start = Instant::now();
    Ok((probe(&arguments)?, start.elapsed()))
}

/// Answers each connection in a thread, for as long as the test runs.
fn peer(answer: impl Fn(TcpStream) + Clone + Send + 'static) -> Result<SocketAddr, Failure> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let answer = answer.clone();
            thread::spawn(move || answer(stream));
        }
    });
    Ok(address)
}

/// How long a peer holds a connection: much longer than the deadline, which is what ends it.
const HELD: Duration = Duration::from_secs(30);

fn in_time(taken: Duration) -> Result<(), Failure> {
    if taken < HELD { Ok(()) } else { Err(Failure::new(format!("it took {taken:?}"))) }
}

fn silent() -> Result<(), Failure> {
    let address = peer(|stream| {
        thread::sleep(HELD);
        drop(stream);
    })?;
    let (run, taken) = run(address, &[])?;
    run.expect(2, &["no answer before the deadline"])?;
    in_time(taken)
}

/// A byte at a time keeps no deadline away.
fn slow() -> Result<(), Failure> {
    let address = peer(|mut stream| {
        for byte in [22, 3, 3, 0, 100].into_iter().chain(std::iter::repeat(2)) {
            thread::sleep(Duration::from_millis(100));
            if stream.write_all(&[byte]).is_err() {
                return;
            }
        }
    })?;
    let (run, taken) = run(address, &[])?;
    run.expect(2, &["no answer before the deadline"])?;
    in_time(taken)
}

fn rude() -> Result<(), Failure> {
    let (closed, _) = run(free_address()?, &[])?;
    closed.expect(2, &["connection refused"])?;
    // bytes that nobody has read make a reset of a close
    let resets = peer(|stream| {
        thread::sleep(Duration::from_millis(50));
        drop(stream);
    })?;
    run(resets, &[])?.0.expect(2, &["reset the connection"])?;
    let closing = peer(|mut stream| {
        let mut hello = [0; 4096];
        let _ = stream.read(&mut hello);
    })?;
    run(closing, &[])?.0.expect(2, &["closed the connection"])?;
    let alerts = peer(|mut stream| {
        let mut hello = [0; 4096];
        let _ = stream.read(&mut hello).and_then(|_| stream.write_all(&[21, 3, 3, 0, 2, 2, 80]));
    })?;
    run(alerts, &[])?.0.expect(2, &["internal_error"]).map(drop)
}

fn plain() -> Result<(), Failure> {
    let address = peer(|mut stream| {
        let mut hello = [0; 4096];
        let _ = stream.read(&mut hello).and_then(|_| stream.write_all(b"HTTP/1.1 400 \x1b[31mBad\r\n\r\n"));
    })?;
    run(address, &[])?.0.expect(2, &["not TLS", "HTTP/1.1 400 \\\\u{1b}[31mBad"])?.never(&["\u{1b}["]).map(drop)
}

fn old(lab: &Lab) -> Result<(), Failure> {
    let address = free_address()?;
    let mut server = s_server(lab, address)?;
    server.args(["-tls1_1", "-cipher", "ALL:@SECLEVEL=0"]);
    let _server = Server::start(lab, &mut server, address)?;
    run(address, &[])?.0.expect(2, &["openssl s_client -connect", "@SECLEVEL=0"])?;
    // static RSA wants a key of that kind
    let (certificate, key) = (lab.path("rsa.pem"), lab.path("rsa.key"));
    let mut openssl = program("openssl")?;
    openssl.args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=www.lab.test", "-keyout"]).arg(&key);
    succeed(openssl.arg("-out").arg(&certificate), b"")?;
    let address = free_address()?;
    let mut server = program("openssl")?;
    server.args(["s_server", "-quiet", "-www", "-tls1_2", "-cipher", "AES128-SHA:AES128-GCM-SHA256", "-accept"]);
    server.arg(address.to_string()).arg("-cert").arg(&certificate).arg("-key").arg(&key);
    let _server = Server::start(lab, &mut server, address)?;
    run(address, &[])?.0.expect(2, &["static RSA", "openssl s_client -connect"]).map(drop)
}

fn certificate(lab: &Lab) -> Result<(), Failure> {
    let address = free_address()?;
    let both = lab.certificate_and_key()?;
    let tickets = lab.write("demands.keys", {
        let mut lines = String::new();
        for _ in 0..3 {
            lines += &(data_encoding::BASE64.encode(&random(80)?) + "\n");
        }
        lines
    })?;
    let configuration = format!(
        "defaults
            mode http
            timeout client 10s
            timeout server 10s
            timeout connect 10s
        frontend lab
            bind {address} ssl crt {both} ca-file {ca} verify required tls-ticket-keys {tickets} ssl-min-ver TLSv1.2
            http-request return status 204\n",
        both = both.display(),
        ca = lab.certificate().display(),
        tickets = tickets.display(),
    );
    let file = lab.write("demands.cfg", configuration)?;
    let _haproxy = Server::start(lab, program("haproxy")?.arg("-db").arg("-f").arg(file), address)?;
    run(address, &[])?.0.expect(2, &["--cert FILE --cert-key FILE"])?;
    let (certificate, key) = (lab.certificate(), lab.private_key());
    let presented = ["--cert", &certificate.to_string_lossy(), "--cert-key", &key.to_string_lossy()];
    let tickets = tickets.to_string_lossy();
    let with = run(address, &[&presented[..], &["--key", &tickets, "--expect-active"]].concat())?.0;
    with.expect(0, &["resumed 2 of 2", "client-certificate-in-ticket"])?;
    // a key that belongs to another certificate
    let other = lab.path("other.key");
    succeed(
        program("openssl")?
            .args(["genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out"])
            .arg(&other),
        b"",
    )?;
    let wrong = ["--cert", &certificate.to_string_lossy(), "--cert-key", &other.to_string_lossy()];
    run(address, &wrong)?.0.expect(2, &["does not belong to the certificate"]).map(drop)
}

fn verified(lab: &Lab) -> Result<(), Failure> {
    let folder = lab.path("ca");
    std::fs::create_dir_all(&folder)?;
    let script = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=ca -keyout ca.key -out ca.pem &&
        openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=www.lab.test -keyout s.key -out s.csr &&
        printf 'subjectAltName=DNS:www.lab.test\\nbasicConstraints=CA:FALSE\\n' > ext &&
        openssl x509 -req -in s.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 30 -extfile ext -out s.pem";
    succeed(program("sh")?.args(["-c", script]).current_dir(&folder), b"")?;
    let address = free_address()?;
    let mut server = program("openssl")?;
    server.args(["s_server", "-quiet", "-www", "-accept"]).arg(address.to_string());
    server.arg("-cert").arg(folder.join("s.pem")).arg("-key").arg(folder.join("s.key"));
    let _server = Server::start(lab, &mut server, address)?;
    let ca = folder.join("ca.pem");
    let ca = ca.to_string_lossy();
    run(address, &["--verify", "--ca", &ca, "--sni", "www.lab.test"])?
        .0
        .expect(0, &["resumed 2 of 2"])?
        .never(&["not verified"])?;
    run(address, &["--ca", &ca, "--sni", "other.test"])?.0.expect(0, &["not verified: it is for other names"])?;
    run(address, &["--verify", "--ca", &ca, "--sni", "other.test"])?.0.expect(2, &["the certificate was refused"])?;
    run(address, &["--verify", "--sni", "www.lab.test"])?.0.expect(2, &["certificate"]).map(drop)
}
