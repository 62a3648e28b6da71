//! nginx whose key files were changed: without a reload the old key seals on, which the recipe of `docs/ci.md` finds.

use std::{
    fs,
    net::SocketAddr,
    path::Path,
    process::{Command, Output},
};

use crate::{
    failure::{Context as _, Failure},
    lab::{self, Lab},
    nginx,
    process::{PATIENCE, Server, free_address, output, program, succeed, version, wait_for},
    report::{Case, Report},
};

/// What stands in the recipe in place of our server and its keys.
const SERVER: &str = "www.example.org:443";
const TICKETS: &str = "/etc/nginx/tickets";

pub(crate) fn cases(lab: &Lab, report: &mut Report) -> Result<(), Failure> {
    let version = version(program("nginx")?.arg("-v"), "nginx/")?;
    let keys = lab.path("tickets");
    lab.random_file("tickets/1.key", 80)?;
    lab.random_file("tickets/2.key", 80)?;
    let address = free_address()?;
    let configuration = configure(lab, address, &keys)?;
    let server = Server::start(lab, &mut command(lab, &configuration)?, address)?;
    let running = Running { lab, configuration: &configuration, _master: server };
    let mut add = |key_format: &str, outcome| {
        let tls = "TLSv1.3";
        report.add(&Case { server: "nginx, rotated", version: &version, key_format, tls }, outcome);
    };

    add("80 bytes, as started", expect(&recipe(lab, address)?, 0, "0 error"));
    fs::rename(keys.join("1.key"), keys.join("2.key"))?;
    fs::write(keys.join("1.key"), lab::random(80)?)?;
    add("80 bytes, changed and not reloaded", expect(&recipe(lab, address)?, 1, "not-active-key"));
    running.signal("reload")?;
    let mut last = recipe(lab, address)?;
    wait_for(PATIENCE, || {
        if !last.status.success() {
            if let Ok(done) = recipe(lab, address) {
                last = done;
            }
        }
        last.status.success()
    });
    add("80 bytes, changed and reloaded", expect(&last, 0, "0 error"));
    Ok(())
}

fn command(lab: &Lab, configuration: &Path) -> Result<Command, Failure> {
    let mut command = program("nginx")?;
    command.arg("-p").arg(lab.folder()).arg("-c").arg(configuration);
    Ok(command)
}

/// nginx with its worker, which would outlive a master that is killed.
struct Running<'l> {
    lab: &'l Lab,
    configuration: &'l Path,
    _master: Server,
}

impl Running<'_> {
    fn signal(&self, name: &str) -> Result<Output, Failure> {
        succeed(command(self.lab, self.configuration)?.args(["-s", name]), b"")
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        let pid = self.lab.path("rotation.pid");
        let _ = self.signal("stop");
        // the file goes when the worker has ended
        wait_for(PATIENCE, || !pid.exists());
    }
}

fn configure(lab: &Lab, address: SocketAddr, keys: &Path) -> Result<std::path::PathBuf, Failure> {
    let keys = keys.display();
    let server = format!(
        "server {{ listen {address} ssl; ssl_session_ticket_key {keys}/1.key; ssl_session_ticket_key {keys}/2.key; return 200; }}"
    );
    nginx::configure(lab, "rotation", "worker_processes 1;", &nginx::http(lab, &server))
}

/// Runs the recipe against `address`.
fn recipe(lab: &Lab, address: SocketAddr) -> Result<Output, Failure> {
    let text = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/ci.md"))?;
    let recipe = text
        .split("```sh\n")
        .filter_map(|after| after.split("```").next())
        .find(|block| block.contains(SERVER))
        .ok_or_else(|| Failure::new("docs/ci.md: no recipe with s_client"))?
        .replace(SERVER, &address.to_string())
        .replace(TICKETS, &lab.path("tickets").display().to_string());
    let binary = Path::new(env!("CARGO_BIN_EXE_tktdump")).parent();
    let binary = binary.ok_or_else(|| Failure::new("the binary is in no folder"))?;
    let path = format!("{}:{}", binary.display(), std::env::var("PATH").unwrap_or_default());
    let mut shell = program("sh")?;
    output(shell.args(["-c", &recipe]).current_dir(lab.folder()).env("PATH", path), b"").context("the recipe")
}

fn expect(done: &Output, status: i32, said: &str) -> Result<(), Failure> {
    let printed = String::from_utf8_lossy(&done.stdout);
    if done.status.code() == Some(status) && printed.contains(said) {
        return Ok(());
    }
    let errors = String::from_utf8_lossy(&done.stderr);
    Err(Failure::new(format!("not {status} with {said:?} but {}:\n{printed}{errors}", done.status)))
}
