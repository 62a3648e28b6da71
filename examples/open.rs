//! Opens one ticket with one key file, and prints what is inside: the whole library in thirty lines.
//!
//! `cargo run --no-default-features --example open -- testdata/nginx80_tls13_0rtt/ticket.{key,bin}`

use std::error::Error;
use std::{env, fs};

use tktdump::key::{file, ring::KeyRing};
use tktdump::open::{Opener, Outcome};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let (Some(key), Some(ticket)) = (arguments.next(), arguments.next()) else {
        return Err("give a key file and a ticket: open KEYFILE TICKET".into());
    };
    let keys = KeyRing::new(vec![(key.as_str().into(), file::read_auto(&fs::read(&key)?)?)]);
    let (opener, ticket, mut buffer) = (Opener::new(&keys), fs::read(ticket)?, Vec::new());
    let outcome = opener.open(&opener.check(&ticket), &mut buffer);
    println!("{outcome}");
    if let Outcome::Decrypted { session, .. } = outcome {
        println!("cipher suite: {}", session.cipher.openssl_name().unwrap_or("unknown"));
        if let Some(name) = session.hostname {
            println!("host name: {}", tktdump::escape::Text(name));
        }
    }
    Ok(())
}
