//! A throw-away folder with what every server needs: a certificate, and keys that are random each time.

use std::{
    fs,
    io::Read as _,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    sync::atomic::{AtomicUsize, Ordering},
};

use tempfile::TempDir;

use crate::{
    failure::{Context as _, Failure},
    process::{program, succeed},
};

/// The folder of one test; gone when it ends.
pub(crate) struct Lab {
    folder: TempDir,
    sessions: AtomicUsize,
}

impl Lab {
    /// A folder with `server.pem` and `server.key`.
    pub(crate) fn new() -> Result<Self, Failure> {
        let folder = tempfile::Builder::new().prefix("tktdump-live.").tempdir()?;
        // some servers, started by root, read their files as another user
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755))?;
        let lab = Self { folder, sessions: AtomicUsize::new(0) };
        let mut openssl = program("openssl")?;
        openssl.args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]);
        openssl.args(["-subj", "/CN=www.lab.test", "-keyout"]).arg(lab.private_key());
        succeed(openssl.arg("-out").arg(lab.certificate()), b"")?;
        fs::set_permissions(lab.private_key(), fs::Permissions::from_mode(0o644))?;
        Ok(lab)
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder().join(name)
    }

    /// The server's certificate: P-256, self-signed, PEM.
    pub(crate) fn certificate(&self) -> PathBuf {
        self.path("server.pem")
    }

    pub(crate) fn private_key(&self) -> PathBuf {
        self.path("server.key")
    }

    /// Both in one file, as some servers want them.
    pub(crate) fn certificate_and_key(&self) -> Result<PathBuf, Failure> {
        let both = [fs::read(self.certificate())?, fs::read(self.private_key())?].concat();
        self.write("server.both.pem", both)
    }

    /// Writes a file, with the folders on the way to it.
    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) -> Result<PathBuf, Failure> {
        let file = self.path(name);
        fs::create_dir_all(file.parent().unwrap_or(self.folder()))?;
        fs::write(&file, content).context(file.display())?;
        Ok(file)
    }

    /// Writes a key file of `size` random bytes.
    pub(crate) fn random_file(&self, name: &str, size: usize) -> Result<PathBuf, Failure> {
        self.write(name, random(size)?)
    }

    /// Where the client is to put its next session, without an extension.
    pub(crate) fn next_session(&self) -> PathBuf {
        self.path(&format!("session{}", self.sessions.fetch_add(1, Ordering::Relaxed)))
    }
}

/// Random bytes of the system.
pub(crate) fn random(size: usize) -> Result<Vec<u8>, Failure> {
    let mut bytes = vec![0; size];
    fs::File::open("/dev/urandom").and_then(|mut random| random.read_exact(&mut bytes)).context("/dev/urandom")?;
    Ok(bytes)
}
