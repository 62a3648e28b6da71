//! stunnel: a configuration file with `ticketKeySecret` and `ticketMacSecret`, 16 or 32 bytes of hex each, at the top for
//! all services or in a `[service]` (`src/options.c`, `src/ctx.c`). The size of the first decides between AES-128 and
//! AES-256. stunnel neither sets nor looks at the key name of a ticket, so that every ticket is tried.

use zeroize::Zeroizing;

use crate::key::Role;
use crate::key::carried::{CBC_SHA256, Carried, only};
use crate::key::file::KeyFileError;
use crate::key::format::{KeyBytes, KeyFormat, Position};
use crate::key::layout::Layout;
use crate::key::layout::Order;
use crate::key::scheme::Hash;
use crate::key::unwritable::Unwritable;

/// Bytes that a secret can have.
const LENGTHS: [usize; 2] = [16, 32];
const OPTIONS: [&str; 2] = ["ticketKeySecret", "ticketMacSecret"];

pub(super) struct Stunnel;

/// A secret and the line it stands in.
type Secret = (usize, Zeroizing<Vec<u8>>);

/// The two secrets of a service, or of the top of the file.
#[derive(Clone, Default)]
struct Service {
    key: Option<Secret>,
    mac: Option<Secret>,
}

impl KeyFormat for Stunnel {
    fn name(&self) -> &'static str {
        "stunnel"
    }

    fn about(&self) -> &'static str {
        "stunnel: configuration with ticketKeySecret and ticketMacSecret"
    }

    fn takes(&self) -> &'static str {
        "a configuration with ticketKeySecret and ticketMacSecret, 32 or 64 hex digits each"
    }

    fn is_text(&self) -> bool {
        true
    }

    fn claims(&self, file: &[u8]) -> bool {
        self.recognises(file) && self.read(file).is_ok()
    }

    fn recognises(&self, file: &[u8]) -> bool {
        // a long list of something else is soon told
        memchr::memchr(b'=', file).is_some() && file.split(|&byte| byte == b'\n').any(|line| option(line).is_some())
    }

    fn read(&self, file: &[u8]) -> Result<Vec<KeyBytes>, KeyFileError> {
        let mut services = vec![Service::default()];
        for (line, number) in file.split(|&byte| byte == b'\n').zip(1..) {
            let begins_service = line.trim_ascii().first() == Some(&b'[');
            if begins_service {
                // a service begins with what was said at the top
                services.extend(services.first().cloned());
            }
            let (Some((is_mac, value)), Some(service)) = (option(line), services.last_mut()) else { continue };
            let secret = Some((number, self.secret(value, number)?));
            if is_mac { service.mac = secret } else { service.key = secret }
        }
        let mut keys: Vec<KeyBytes> = Vec::new();
        // without services, stunnel runs as one that the top describes
        let skipped = usize::from(services.len() > 1);
        for service in services.into_iter().skip(skipped) {
            let (key, mac) = match (service.key, service.mac) {
                (Some(key), Some(mac)) => (key, mac),
                (Some((line, _)), None) => return Err(self.wrong(line, "ticketMacSecret is missing beside it")),
                (None, Some((line, _))) => return Err(self.wrong(line, "ticketKeySecret is missing beside it")),
                (None, None) => continue,
            };
            let layout = Layout { order: Order::AesHmac, aes: key.1.len(), hmac: mac.1.len() };
            let bytes = Zeroizing::new([key.1.as_slice(), mac.1.as_slice()].concat());
            if keys.iter().all(|other| other.bytes != bytes || other.layout != layout) {
                keys.push(KeyBytes::new(keys.len(), &bytes, layout));
            }
        }
        if keys.is_empty() {
            return Err(KeyFileError::TooFewKeys { found: 0, wants: 1, format: self.name(), takes: self.takes() });
        }
        Ok(keys)
    }

    /// The name is left out, as stunnel does not look at it.
    fn write(&self, keys: &[KeyBytes]) -> Result<Zeroizing<Vec<u8>>, Unwritable> {
        let key = only(keys)?;
        let carried = Carried::new(key, &[Hash::Sha256], CBC_SHA256)?;
        let mac =
            LENGTHS.iter().find_map(|length| carried.mac(*length)).filter(|_| LENGTHS.contains(&carried.aes.len()));
        let mac = mac.ok_or_else(|| Unwritable::Sizes { layout: key.layout.to_string(), takes: self.takes() })?;
        let [cipher, authentication] = OPTIONS;
        let (aes, mac) = (Zeroizing::new(hex::encode(carried.aes)), Zeroizing::new(hex::encode(mac.as_slice())));
        let pieces = [cipher, " = ", &aes, "\n", authentication, " = ", &mac, "\n"];
        Ok(Zeroizing::new(pieces.concat().into_bytes()))
    }

    /// Each service seals with its own.
    fn role(&self, _: Position) -> Role {
        // each service has its own
        Role::Active
    }
}

impl Stunnel {
    fn wrong(&self, line: usize, problem: impl Into<String>) -> KeyFileError {
        KeyFileError::Line { line, problem: problem.into(), format: self.name(), takes: self.takes() }
    }

    fn secret(&self, value: &[u8], line: usize) -> Result<Zeroizing<Vec<u8>>, KeyFileError> {
        let mut digits = Zeroizing::new(Vec::with_capacity(value.len()));
        digits.extend(value.iter().filter(|&&byte| byte != b':'));
        let secret = hex::decode(digits.as_slice()).map(Zeroizing::new);
        let secret = secret.map_err(|_| self.wrong(line, "the secret is not hex"))?;
        if LENGTHS.contains(&secret.len()) {
            Ok(secret)
        } else {
            Err(self.wrong(line, format!("the secret has {} bytes, not 16 or 32", secret.len())))
        }
    }
}

/// The value of one of the two options, and whether it is the MAC's; names are in any case, `;` and `#` begin comments.
fn option(line: &[u8]) -> Option<(bool, &[u8])> {
    let line = line.trim_ascii();
    let equals = memchr::memchr(b'=', line)?;
    let (name, value) = line.split_at_checked(equals)?;
    let at = OPTIONS.iter().position(|option| option.as_bytes().eq_ignore_ascii_case(name.trim_ascii()))?;
    Some((at == 1, value.get(1..)?.trim_ascii()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "535de95734030166d2fbadd84b000fcb";
    const MAC: &str = "fd:1f:ca:d9:6b:f3:d6:5d:8f:ea:2d:b2:80:e6:c7:b0";

    #[test]
    fn services_have_their_own_or_what_the_top_says() {
        let file = format!(
            "; a comment\nticketkeysecret={KEY}\nticketMacSecret = {MAC}\n[one]\naccept = 1\n[two]\r\nticketKeySecret = {KEY}{KEY}\r\n[three]\n"
        );
        let keys = Stunnel.read(file.as_bytes()).unwrap();
        let layouts: Vec<String> = keys.iter().map(|key| key.layout.to_string()).collect();
        assert_eq!(layouts, ["aes16 hmac16", "aes32 hmac16"]);
    }

    #[test]
    fn mistakes_are_told_with_their_line() {
        let error = |file: &str| Stunnel.read(file.as_bytes()).err().unwrap().to_string();
        assert!(error(&format!("[s]\nticketKeySecret = {KEY}\n")).contains("line 2"));
        assert!(error(&format!("[s]\nticketKeySecret = {KEY}00\n")).contains("17 bytes"));
        assert!(error("[s]\nticketMacSecret = zz\n").contains("not hex"));
        assert!(error("[s]\ncert = x\n").contains("0 keys"));
        assert!(Stunnel.recognises(b"a = b\nTicketMacSecret = zz"));
        assert!(!Stunnel.recognises(b"; ticketMacSecret\n"));
    }
}
