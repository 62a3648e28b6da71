//! nginx: raw key files of 48 and 80 bytes, the two orders of their parts, and their rotation.

use std::{
    fs,
    io::Read as _,
    path::{Path, PathBuf},
};

use tempfile::TempDir;

use crate::{
    check::{self, Expected},
    client::{self, Session, Tls},
    failure::{Context as _, Failure},
    process::{Server, free_address, program, succeed},
    recipe,
    report::{Case, Report},
};

/// Sizes of key files, and the order of their parts.
const LAYOUTS: [(usize, &str); 2] = [(48, "name16 aes16 hmac16"), (80, "name16 hmac32 aes32")];

pub(crate) fn cases(report: &mut Report) -> Result<(), Failure> {
    let lab = Lab::new()?;
    for (size, layout) in LAYOUTS {
        let keys = [lab.make_key(&format!("only{size}.key"), size)?];
        let nginx = lab.start(&keys)?;
        for tls in [Tls::V12, Tls::V13] {
            let outcome = client::take(nginx.address(), tls, &lab.folder(), &format!("only{size}-{}", tls.name()))
                .and_then(|session| judge(&session, &keys, 0, layout));
            lab.report(report, &format!("nginx {size}"), tls, outcome);
        }
        if let [key] = &keys
            && size == 80
        {
            let outcome = recipe::take_and_open(nginx.address(), key, lab.folder.path());
            lab.report(report, "nginx 80, by the README's recipe", Tls::V13, outcome);
        }
    }
    for tls in [Tls::V12, Tls::V13] {
        let (before, after) = lab.rotate(tls);
        lab.report(report, "nginx 48, then second of two", tls, before);
        lab.report(report, "nginx 80, renewed on resumption", tls, after);
    }
    Ok(())
}

/// A folder with nginx's certificate, keys and configurations.
struct Lab {
    folder: TempDir,
    version: String,
}

impl Lab {
    fn new() -> Result<Self, Failure> {
        let folder = tempfile::tempdir()?;
        let mut openssl = program("openssl")?;
        openssl.current_dir(folder.path()).args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
        ]);
        succeed(
            openssl.args(["-nodes", "-subj", "/CN=www.lab.test", "-keyout", "server.key", "-out", "server.pem"]),
            b"",
        )?;
        // nginx version: nginx/1.22.1
        let said = succeed(program("nginx")?.arg("-v"), b"")?.stderr;
        let said = String::from_utf8_lossy(&said);
        let version = said.trim().rsplit('/').next().unwrap_or_default().to_owned();
        Ok(Self { folder, version })
    }

    fn folder(&self) -> PathBuf {
        self.folder.path().to_owned()
    }

    fn make_key(&self, name: &str, size: usize) -> Result<PathBuf, Failure> {
        let mut key = vec![0; size];
        fs::File::open("/dev/urandom").and_then(|mut random| random.read_exact(&mut key)).context("/dev/urandom")?;
        let file = self.folder.path().join(name);
        fs::write(&file, key)?;
        Ok(file)
    }

    fn start(&self, keys: &[PathBuf]) -> Result<Server, Failure> {
        let folder = self.folder.path().display();
        let address = free_address()?;
        let keys: Vec<_> = keys.iter().map(|key| format!("ssl_session_ticket_key {};\n", key.display())).collect();
        let keys = keys.concat();
        let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|kind| format!("{kind}_temp_path {folder}/{kind};\n"))
            .concat();
        let configuration = format!(
            "daemon off;
            master_process off;
            pid {folder}/{port}.pid;
            error_log stderr warn;
            events {{ }}
            http {{
                access_log off;
                {temporary}
                server {{
                    listen {address} ssl;
                    ssl_protocols TLSv1.2 TLSv1.3;
                    ssl_certificate {folder}/server.pem;
                    ssl_certificate_key {folder}/server.key;
                    {keys}
                    return 204;
                }}
            }}\n",
            port = address.port(),
        );
        let file = self.folder.path().join(format!("{}.conf", address.port()));
        fs::write(&file, configuration)?;
        let mut command = program("nginx")?;
        Server::start(
            command.arg("-p").arg(self.folder.path()).arg("-c").arg(&file),
            address,
            &file.with_extension("log"),
        )
    }

    /// Two keys, the older one 48 bytes and the newer one 80: the ticket from before the rotation is opened
    /// by the second key of the list, and the one that replaces it on resumption by the first.
    fn rotate(&self, tls: Tls) -> (Result<(), Failure>, Result<(), Failure>) {
        let [(old_size, old_layout), (new_size, new_layout)] = LAYOUTS;
        let name = |part: &str| format!("{part}-{}", tls.name());
        let sessions = || {
            let old = self.make_key(&name("old"), old_size)?;
            let new = self.make_key(&name("new"), new_size)?;
            let before = self.start(std::slice::from_ref(&old))?;
            let first = client::take(before.address(), tls, self.folder.path(), &name("first"))?;
            drop(before);
            let keys = [new, old];
            let after = self.start(&keys)?;
            let second = client::resume(after.address(), &first, self.folder.path(), &name("second"))?;
            Ok((first, second, keys))
        };
        match sessions() {
            Ok((first, second, keys)) => (judge(&first, &keys, 1, old_layout), judge(&second, &keys, 0, new_layout)),
            Err(failure) => (Err(failure), Err(Failure::new("there is no session to judge"))),
        }
    }

    fn report(&self, report: &mut Report, key_format: &str, tls: Tls, outcome: Result<(), Failure>) {
        report.add(&Case { server: "nginx", version: &self.version, key_format, tls: tls.name() }, outcome);
    }
}

/// `sealing`: place among `keys` of the key that sealed the ticket.
fn judge(session: &Session, keys: &[PathBuf], sealing: usize, layout: &str) -> Result<(), Failure> {
    let sealed_by: &Path = keys.get(sealing).ok_or_else(|| Failure::new("no such key"))?;
    let expected = Expected { keys, sealed_by, layout };
    check::opens(session, &expected)?;
    check::prints_as_openssl(session, &expected)
}
