//! What tells a session or a bare key from a ticket, by a few bytes or their number.

use super::message::unwrap_message;

/// How the PEM block of a session begins.
pub(super) const BEGIN: &[u8] = b"-----BEGIN SSL SESSION PARAMETERS";
/// Sizes of keys at which no family has tickets: in 80 bytes, key name, IV and MAC of OpenSSL's leave one block, and
/// those of an AEAD 52 bytes at most. No session is as short: version, cipher suite and secret alone take 36 to 52.
const BARE: [usize; 3] = [48, 64, 80];
/// Bytes that hold the marks of a session: three bytes of length and three of a version before the last are the most.
const MARKS_LENGTH: usize = 16;

/// Whether the DER of an `SSL_SESSION` begins here, whole or damaged: a SEQUENCE, the structure version and the protocol
/// version, both INTEGERs, and the cipher suite, an OCTET STRING of two or three bytes. One of these marks may be
/// wrong. A ticket begins with a random key name, which looks like this once in 2^40 times.
pub(crate) fn begins_session(head: &[u8]) -> bool {
    let Some(head) = head.first_chunk() else {
        // what is not there is as wrong as zeros
        let mut padded = [0; MARKS_LENGTH];
        padded.iter_mut().zip(head).for_each(|(to, from)| *to = *from);
        return has_marks(&padded);
    };
    has_marks(head)
}

fn has_marks(head: &[u8; MARKS_LENGTH]) -> bool {
    // the length takes one, two or three bytes
    (2..=4).any(|start| {
        let byte = |at: usize| head.get(start + at).copied().unwrap_or(0);
        let wrong = [head.first() != Some(&0x30), byte(0) != 2, byte(1) != 1, byte(3) != 2];
        let wrong = wrong.iter().filter(|wrong| **wrong).count();
        // already enough for nearly every ticket
        if wrong > 1 {
            return false;
        }
        let version = Some(byte(4)).filter(|length| (1..=3).contains(length));
        let suite = 5 + usize::from(version.unwrap_or(2));
        let others = [version.is_none(), byte(suite) != 4, !matches!(byte(suite + 1), 2 | 3)];
        wrong + others.iter().filter(|wrong| **wrong).count() <= 1
    })
}

/// Whether bytes that stand where a ticket should be have the size of a key, and of no ticket; a line end may be behind
/// them.
#[must_use]
pub fn is_bare_key(bytes: &[u8]) -> bool {
    let is_size = |bytes: &[u8]| BARE.contains(&bytes.len());
    let line = || bytes.strip_suffix(b"\n").map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    let is_other = || unwrap_message(bytes).is_some() || begins_session(bytes);
    (is_size(bytes) || line().is_some_and(is_size)) && !is_other()
}
