//! What shows key names alone: the first row of an `s_client` dump, and the debug log of nginx.

use crate::key::KeyName;

/// What a server did with a key, as far as a text tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Shown {
    /// A ticket has the name: nothing more is said.
    Ticket,
    /// The server sealed a ticket under it.
    Sealed,
    /// The server opened a ticket under it.
    Opened,
    /// A client brought a ticket under it, and the server has no such key.
    NotFound,
}

/// Finds the key names in a text, and hands each to `sink`; how many there were.
///
/// A row that begins with `0000 - ` counts if it has 16 bytes and no row `0010 - ` follows: more of a ticket is not
/// there. Lines of nginx are those of `ngx_ssl_ticket_key_callback` in `src/event/ngx_event_openssl.c`.
pub fn each(text: &[u8], sink: &mut dyn FnMut(KeyName, Shown)) -> u64 {
    let mut lines = text.split(|&byte| byte == b'\n').peekable();
    let mut count = 0;
    while let Some(line) = lines.next() {
        let follows = lines.peek().is_some_and(|next| row(next, b"0010 - ").is_some());
        let found = of_nginx(line).or_else(|| Some((first_row(line).filter(|_| !follows)?, Shown::Ticket)));
        if let Some((name, shown)) = found {
            count += 1;
            sink(name, shown);
        }
    }
    count
}

/// What follows the number of a row, wherever in the line it begins.
fn row<'l>(line: &'l [u8], number: &[u8]) -> Option<&'l [u8]> {
    let at = line.windows(number.len()).position(|window| window == number)?;
    // what stands before it is not part of a longer number
    let is_start = line.get(..at).is_some_and(|before| !before.last().is_some_and(u8::is_ascii_hexdigit));
    line.get(at + number.len()..).filter(|_| is_start)
}

/// The 16 bytes of a first row, as OpenSSL prints them: `BIO_dump` has a dash in the middle.
fn first_row(line: &[u8]) -> Option<KeyName> {
    let digits = row(line, b"0000 - ")?.get(..47)?;
    let mut name = [0; 16];
    for (place, pair) in name.iter_mut().zip(digits.chunks(3)) {
        let (pair, behind) = pair.split_at_checked(2)?;
        if !matches!(behind, [] | [b' ' | b'-']) {
            return None;
        }
        *place = *hex::decode(pair).ok()?.first()?;
    }
    Some(KeyName::new(name))
}

/// A line such as `ssl session ticket decrypt, key: "49095b…" (default)`.
fn of_nginx(line: &[u8]) -> Option<(KeyName, Shown)> {
    const MARK: &[u8] = b"ssl session ticket ";
    let at = line.windows(MARK.len()).position(|window| window == MARK)?;
    let rest = line.get(at + MARK.len()..)?;
    let (seals, rest) = match rest.strip_prefix(b"encrypt, key: \"") {
        Some(rest) => (true, rest),
        None => (false, rest.strip_prefix(b"decrypt, key: \"")?),
    };
    let (digits, after) = rest.split_at_checked(32)?;
    let name = hex::decode(digits).ok()?.try_into().ok().map(KeyName::new)?;
    let is_missing = after.windows(9).any(|window| window == b"not found");
    Some((
        name,
        if seals {
            Shown::Sealed
        } else if is_missing {
            Shown::NotFound
        } else {
            Shown::Opened
        },
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_and_logs_show_names() {
        let text = b"0000 - 00                                                .\n\
            Reused, TLSv1.2\n    0000 - 49 09 5b fd fd 2a 35 b0-33 eb 8b f5 4d 25 b0 90   I.[..*5.3...M%..\n\
            0000 - 01 02 03 04 05 06 07 08-09 0a 0b 0c 0d 0e 0f 10   ................\n\
            0010 - 01 02 03 04 05 06 07 08-09 0a 0b 0c 0d 0e 0f 10   ................\n\
            2026/11/28 04:21:08 [debug] 1#1: *1 ssl session ticket encrypt, key: \"000102030405060708090a0b0c0d0e0f\" (new session)\n\
            *2 ssl session ticket decrypt, key: \"000102030405060708090a0b0c0d0e0f\" (default)\n\
            *3 ssl session ticket decrypt, key: \"ff0102030405060708090a0b0c0d0e0f\" not found\n\
            *3 ssl session ticket decrypt, key: \"zz\" not found\n";
        let mut found = Vec::new();
        assert_eq!(each(text, &mut |name, shown| found.push((name.as_bytes()[0], shown))), 4);
        assert_eq!(found, [(0x49, Shown::Ticket), (0, Shown::Sealed), (0, Shown::Opened), (0xff, Shown::NotFound)]);
    }
}
