//! What stands in `docs/probe.md`, run as it stands there.

use std::{
    fs,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::Path,
};

use super::{
    nginx::{Nginx, debian, keys, server},
    tool::{Cases, Run},
};
use crate::{
    failure::{Context as _, Failure},
    lab::{Lab, random},
    process::{free_address, output, program, version},
    report::Report,
};

pub(crate) fn cases(lab: &Lab, report: &mut Report) -> Result<(), Failure> {
    let version = version(program("nginx")?.arg("-v"), "nginx/")?;
    let mut cases = Cases { report, server: "nginx", version: &version };
    cases.add("docs/probe.md", documents(lab));
    Ok(())
}

/// The blocks of that kind that contain a text.
fn block(text: &str, kind: &str, with: &str) -> Result<String, Failure> {
    let start = format!("```{kind}\n");
    let mut blocks = text.split(start.as_str()).skip(1).filter_map(|after| after.split("```").next());
    let found = blocks.find(|block| block.contains(with)).map(str::to_owned);
    found.ok_or_else(|| Failure::new(format!("docs/probe.md: no {kind} block with {with:?}")))
}

fn documents(lab: &Lab) -> Result<(), Failure> {
    let text = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/probe.md"))?;
    let first = free_address()?;
    let port = first.port();
    let node = |number: u8| SocketAddr::new(IpAddr::V4(Ipv4Addr::new(127, 0, 0, number)), port);
    let folder = lab.path("documents");
    let key = |name: &str| lab.random_file(&format!("documents/{name}"), 80);
    let (current, previous) = (key("tickets/current.key")?, key("tickets/previous.key")?);
    let own = key("tickets-of-node3/1.key")?;
    let servers = [1, 2].map(|number| server(node(number), &keys(&[&current, &previous]))).concat();
    let servers = servers + &server(node(3), &keys(&[&own]));
    let nginx = Nginx::start(lab, debian, first, &servers)?;
    // our nodes in place of those of the documents
    let here = |text: &str| {
        text.replace("10.0.0.", "127.0.0.")
            .replace("port = 443", &format!("port = {port}"))
            .replace("--connect 127.0.0.1 ", &format!("--connect 127.0.0.1:{port} "))
            .replace("/etc/nginx/tickets", "tickets")
            .replace("-active www.example.org", &format!("-active --connect 127.0.0.1:{port} www.example.org"))
            .replace("--watch 1h --interval 60s", "--watch 2s --interval 1s")
    };
    let shell = |script: &str| -> Result<Run, Failure> {
        let binary = Path::new(env!("CARGO_BIN_EXE_tktdump")).parent();
        let binary = binary.ok_or_else(|| Failure::new("the binary is in no folder"))?;
        let path = format!("{}:{}", binary.display(), std::env::var("PATH").unwrap_or_default());
        let mut command = program("sh")?;
        output(command.args(["-c", &here(script)]).current_dir(&folder).env("PATH", path), b"")
            .map(|done| Run::of(&done))
    };
    let fleet = here(&block(&text, "toml", "[[host]]")?);
    fs::write(folder.join("fleet.toml"), &fleet)?;

    // the third node has a key of its own: its role is right by its own files, and it is apart
    let of_fleet = block(&text, "sh", "--fleet fleet.toml --expect-active")?;
    shell(&of_fleet)?
        .expect(1, &["3 nodes in 2 groups", "key-not-shared"])?
        .never(&["stale-key-seals", "unknown-key"])?;
    let metrics = block(&text, "sh", "tktdump.prom")?;
    shell(&metrics)?.expect(0, &[])?;
    let written = fs::read_to_string(folder.join("tktdump.prom"))?;
    let alerts = block(&text, "yaml", "tktdump_probe_groups > 1")?;
    for word in alerts.split(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_') {
        if word.starts_with("tktdump_probe") && !written.contains(&format!("# TYPE {word} gauge")) {
            return Err(Failure::new(format!("the alert is about {word}, which is not written:\n{written}")));
        }
    }
    if !written.contains(&format!("tktdump_probe_groups{{host=\"www.example.org:{port}\"}} 2\n")) {
        return Err(Failure::new(format!("no two groups:\n{written}")));
    }

    // as it should be: one key on all nodes
    fs::copy(&current, &own)?;
    let gone =
        fs::read_to_string(folder.join("fleet.toml"))?.replace("\"tickets-of-node3\"", "\"tickets-of-node3/1.key\"");
    fs::write(folder.join("fleet.toml"), gone)?;
    nginx.reload()?;
    let job = block(&text, "yaml", "--expect-shared -f github")?;
    let job = job
        .split_once("run: ")
        .map(|(_, command)| command.to_owned())
        .ok_or_else(|| Failure::new("no command in the job"))?;
    let reloaded = crate::process::wait_for(crate::process::PATIENCE, || shell(&job).is_ok_and(|run| run.status == 0));
    if !reloaded {
        shell(&job)?.expect(0, &[]).context("the job in a pipeline")?;
    }
    shell(&block(&text, "sh", "--key /etc/nginx/tickets --expect-active www.example.org")?)?
        .expect(0, &["resumed 2 of 2", "active"])?;
    shell(&block(&text, "sh", "--watch")?)?.expect(0, &["3 nodes that resume each other's sessions"])?;
    shell(&block(&text, "sh", "--names")?)?.expect(0, &["Across names", "resumes-across-names"])?;
    let line = block(&text, "cron", "MAILTO")?;
    let line = line.lines().find_map(|line| line.split_once("* * * * ")).map(|(_, command)| command.to_owned());
    let line = line.ok_or_else(|| Failure::new("no line for cron"))?;
    let quiet = shell(&line)?.expect(0, &[])?;
    if !quiet.stdout.is_empty() {
        return Err(Failure::new(format!("cron would mail this:\n{}", quiet.stdout)));
    }

    // what `kubectl` would print
    let slices = format!(
        r#"{{"kind":"List","items":[{{"kind":"EndpointSlice","endpoints":[{{"addresses":["127.0.0.1"]}},{{"addresses":["127.0.0.2"]}}],
        "ports":[{{"name":"https","port":{port}}}]}}]}}"#
    );
    fs::write(folder.join("slices.json"), slices)?;
    let kubernetes = block(&text, "sh", "kubectl get endpointslice")?;
    let command = kubernetes.lines().find(|line| line.starts_with("tktdump ")).unwrap_or_default().to_owned();
    shell(&command)?.expect(0, &["2 nodes that resume each other's sessions"])?;

    // a rotation that nobody reloaded: cron speaks up
    fs::rename(&current, &previous)?;
    fs::write(&current, random(80)?)?;
    shell(&line)?.expect(0, &["stale-key-seals", "nginx -s reload"]).map(drop)
}
