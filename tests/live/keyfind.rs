//! `tktdump keyfind`: servers with their defaults, without any key file. The key is taken from the memory of the running
//! process, and opens the client's ticket to the client's secret; a core of nginx by `gcore` does as well.

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use serde_json::Value;

use crate::{
    check,
    client::{self, BOTH, Session, Tls},
    envoy,
    failure::{Context as _, Failure},
    lab::Lab,
    nginx,
    process::{Server, cached_program, fixture, free_address, output, program, succeed, version},
    recipe,
    report::{Case, Report},
};

/// A server without a key of its own.
struct Default {
    name: &'static str,
    version: String,
    start: fn(&Lab, SocketAddr) -> Result<Command, Failure>,
    protocols: &'static [Tls],
}

pub(crate) fn cases(lab: &Lab, report: &mut Report) -> Result<(), Failure> {
    let go = |command: Result<Command, Failure>| version(command?.arg("version"), "go version go");
    let servers = [
        Default {
            name: "nginx",
            version: version(program("nginx")?.arg("-v"), "nginx/")?,
            start: default_nginx,
            protocols: &BOTH,
        },
        Default {
            name: "HAProxy",
            version: version(program("haproxy")?.arg("-v"), "version ")?,
            start: haproxy,
            protocols: &BOTH,
        },
        Default {
            name: "Node.js",
            version: version(program("node")?.arg("--version"), "v")?,
            start: node,
            protocols: &BOTH,
        },
        Default { name: "Go", version: go(program("go"))?, start: old_go, protocols: &BOTH },
        Default { name: "Go", version: go(cached_program("servers/bin/go"))?, start: new_go, protocols: &BOTH },
        Default {
            name: "Envoy",
            version: version(cached_program("servers/bin/envoy")?.arg("--version"), "/")?,
            start: default_envoy,
            protocols: &BOTH,
        },
        Default {
            name: "gnutls-serv",
            version: version(program("gnutls-serv")?.arg("--version"), "gnutls-serv ")?,
            start: gnutls,
            protocols: &BOTH,
        },
    ];
    for server in &servers {
        server.run(lab, report);
    }
    Ok(())
}

impl Default {
    fn run(&self, lab: &Lab, report: &mut Report) {
        let started = free_address().and_then(|address| {
            let mut command = (self.start)(lab, address)?;
            Server::start(lab, &mut command, address)
        });
        let server = match started {
            Ok(server) => server,
            Err(failure) => return self.report(report, "defaults, --pid", Tls::V13, Err(failure)),
        };
        for &tls in self.protocols {
            let session = match client::take(lab, server.address(), tls) {
                Ok(session) => session,
                Err(failure) => {
                    self.report(report, "defaults, --pid", tls, Err(failure));
                    continue;
                }
            };
            self.report(report, "defaults, --pid", tls, of_process(&server, &session));
            if self.name == "nginx" {
                self.report(report, "defaults, gcore", tls, of_core(lab, &server, &session));
                let shown = recipe::find_as_shown(server.pid(), &session.file, &lab.path(tls.name()));
                self.report(report, "by the README's command", tls, shown);
            }
        }
        if self.name == "nginx" {
            // its worker does not end with a master that is killed
            server.terminate();
        }
    }

    fn report(&self, report: &mut Report, key_format: &str, tls: Tls, outcome: Result<(), Failure>) {
        report.add(&Case { server: self.name, version: &self.version, key_format, tls: tls.name() }, outcome);
    }
}

/// The key is in the memory of the process or of its children.
fn of_process(server: &Server, session: &Session) -> Result<(), Failure> {
    let pid = server.pid().to_string();
    finds(session, "mac", &["--pid", &pid], &session.file.with_extension("pid.key"))
}

/// The key is in a core of the process.
fn of_core(lab: &Lab, server: &Server, session: &Session) -> Result<(), Failure> {
    let prefix = lab.path(&format!("core-{}", session.tls.name()));
    succeed(program("gcore")?.arg("-o").arg(&prefix).arg(server.pid().to_string()), b"")?;
    let core = PathBuf::from(format!("{}.{}", prefix.display(), server.pid()));
    let shown = core.to_string_lossy();
    finds(session, "mac", &[&shown], &session.file.with_extension("core.key"))?;
    fs::remove_file(&core).context("the core")
}

/// Finds one key, which is proved, and opens the ticket with it to the client's secret.
pub(crate) fn finds(session: &Session, proof: &str, images: &[&str], key: &Path) -> Result<(), Failure> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tktdump"));
    command.arg("keyfind").args(images).arg("--ticket").arg(&session.file).args(["-f", "json", "-o"]).arg(key);
    let done = output(&mut command, b"")?;
    let records = records(&done)?;
    let is_found = |record: &&Value| record.get("type").is_some_and(|kind| kind == "found");
    let [found] = records.iter().filter(is_found).collect::<Vec<_>>()[..] else {
        return Err(check::explain("not exactly one key", &done));
    };
    if !done.status.success() || found.get("proof").is_none_or(|found| found != proof) {
        return Err(check::explain("the key is not proved", &done));
    }
    let secret = fs::read(key).context(key.display())?;
    let told = [done.stdout.as_slice(), &done.stderr].concat();
    if told.windows(8).any(|window| secret.windows(8).any(|part| part == window)) {
        return Err(check::explain("the key is in the output", &done));
    }
    check::opens_to_the_secret(session, key)
}

fn records(done: &Output) -> Result<Vec<Value>, Failure> {
    let printed = String::from_utf8_lossy(&done.stdout);
    let records = printed.lines().map(serde_json::from_str).collect::<Result<_, _>>();
    records.map_err(|_| check::explain("not JSON", done))
}

fn default_nginx(lab: &Lab, address: SocketAddr) -> Result<Command, Failure> {
    let server = format!("server {{ listen {address} ssl; return 200; }}");
    let file = nginx::configure(lab, "default", "user root; worker_processes 1;", &nginx::http(lab, &server))?;
    let mut nginx = program("nginx")?;
    nginx.arg("-p").arg(lab.folder()).arg("-c").arg(file);
    Ok(nginx)
}

fn haproxy(lab: &Lab, address: SocketAddr) -> Result<Command, Failure> {
    let configuration = format!(
        "defaults
            mode http
            timeout client 10s
            timeout server 10s
            timeout connect 10s
        frontend lab
            bind {address} ssl crt {certificate} ssl-min-ver TLSv1.2
            http-request return status 204\n",
        certificate = lab.certificate_and_key()?.display(),
    );
    let file = lab.write("default.cfg", configuration)?;
    let mut haproxy = program("haproxy")?;
    haproxy.arg("-db").arg("-f").arg(file);
    Ok(haproxy)
}

fn node(lab: &Lab, address: SocketAddr) -> Result<Command, Failure> {
    let mut node = program("node")?;
    node.arg(fixture("server.js")).arg(address.port().to_string()).arg(lab.certificate()).arg(lab.private_key());
    Ok(node)
}

fn old_go(lab: &Lab, address: SocketAddr) -> Result<Command, Failure> {
    go(lab, address, program("go")?, "old-go-server")
}

fn new_go(lab: &Lab, address: SocketAddr) -> Result<Command, Failure> {
    go(lab, address, cached_program("servers/bin/go")?, "new-go-server")
}

fn go(lab: &Lab, address: SocketAddr, mut go: Command, name: &str) -> Result<Command, Failure> {
    let program = lab.path(name);
    go.envs([("GOTOOLCHAIN", "local"), ("GOFLAGS", ""), ("CGO_ENABLED", "0"), ("GO111MODULE", "off")]);
    succeed(go.arg("build").arg("-o").arg(&program).arg(fixture("server.go")), b"").context("the server in Go")?;
    let mut server = Command::new(program);
    server.arg(address.to_string()).arg(lab.certificate()).arg(lab.private_key());
    Ok(server)
}

fn default_envoy(lab: &Lab, address: SocketAddr) -> Result<Command, Failure> {
    let file = envoy::configure(lab, address, "default.yaml", "")?;
    let mut envoy = cached_program("servers/bin/envoy")?;
    envoy.args(["--use-dynamic-base-id", "--concurrency", "1", "--log-level", "warn", "-c"]).arg(file);
    Ok(envoy)
}

fn gnutls(lab: &Lab, address: SocketAddr) -> Result<Command, Failure> {
    let mut server = program("gnutls-serv")?;
    server.args(["--http", "--disable-client-cert", "--port"]).arg(address.port().to_string());
    server.arg("--x509certfile").arg(lab.certificate()).arg("--x509keyfile").arg(lab.private_key());
    Ok(server)
}
