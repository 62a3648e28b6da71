//! The README's recipe for taking a ticket from a server, run as it stands there.

use std::{fs, net::SocketAddr, path::Path};

use crate::{
    failure::Failure,
    process::{program, succeed},
};

/// The server in the recipe, in whose place ours is put.
const PLACEHOLDER: &str = "www.example.org:443";

/// Runs the recipe against `address`, whose server seals with `key`.
pub(crate) fn take_and_open(address: SocketAddr, key: &Path, folder: &Path) -> Result<(), Failure> {
    let readme = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md"))?;
    let recipe = readme
        .split("```sh\n")
        .filter_map(|after| after.split("```").next())
        .find(|block| block.contains(PLACEHOLDER))
        .ok_or_else(|| Failure::new("README.md: no recipe with s_client"))?
        .replace(PLACEHOLDER, &address.to_string());
    let folder = folder.join("recipe");
    fs::create_dir(&folder)?;
    fs::copy(key, folder.join("ticket.key"))?;
    let binary = Path::new(env!("CARGO_BIN_EXE_tktdump")).parent();
    let binary = binary.ok_or_else(|| Failure::new("the binary is in no folder"))?;
    let path = format!("{}:{}", binary.display(), std::env::var("PATH").unwrap_or_default());
    let mut bash = program("bash")?;
    bash.args(["-e", "-c", &recipe]).current_dir(&folder).env("PATH", path);
    let shown = String::from_utf8_lossy(&succeed(&mut bash, b"")?.stdout).into_owned();
    if shown.contains("session.pem: line 1  decrypted") {
        Ok(())
    } else {
        Err(Failure::new(format!("the recipe of README.md does not open the ticket:\n{shown}")))
    }
}
