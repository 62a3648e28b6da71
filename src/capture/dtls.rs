//! DTLS 1.0 and 1.2 (RFC 6347), and what was before them (`DTLS1_BAD_VER` of OpenSSL, AnyConnect): records that need no order, handshake messages in fragments.

use super::collect::{Collector, Stamp};
use super::message::longest;
use crate::tls::number::content;
use crate::tls::number::handshake as kind;
use crate::tls::wire::Reader;

/// Messages in pieces at a time.
const MAX_PARTIAL: usize = 8;
/// Holes that a message may have at a time.
const MAX_RANGES: usize = 256;
/// Messages whose numbers are remembered, so that retransmissions count once.
const MAX_NUMBERS: u16 = 64;

/// Whether a datagram begins with a hello: a plain handshake record of DTLS.
pub(super) fn begins_handshake(datagram: &[u8]) -> bool {
    matches!(
        datagram,
        [content::HANDSHAKE, 0xfe, 0xff | 0xfd, 0, 0, _, _, _, _, _, _, _, _, first, ..]
        | [content::HANDSHAKE, 1, 0, 0, 0, _, _, _, _, _, _, _, _, first, ..]
            if (kind::CLIENT_HELLO..=kind::HELLO_VERIFY_REQUEST).contains(first)
    )
}

/// The random of the `ClientHello` that a datagram begins with.
fn client_random(datagram: &[u8]) -> Option<[u8; 32]> {
    let mut rest = Reader(datagram);
    let (content::HANDSHAKE, 0, _, body) = record(&mut rest)? else { return None };
    let mut body = Reader(body);
    if body.u8()? != kind::CLIENT_HELLO {
        return None;
    }
    // length, number, offset, length of the fragment; then the version
    let (_, _, 0, _, _) = (body.u24()?, body.u16()?, body.u24()?, body.u24()?, body.u16()?) else { return None };
    body.0.first_chunk().copied()
}

/// Whether a datagram begins another handshake than the one that goes on: the answer to a `HelloVerifyRequest` keeps
/// the random (RFC 6347 section 4.2.1), and so does what is sent again.
pub(super) fn begins_another(datagram: &[u8], sides: &[Dtls; 2]) -> bool {
    client_random(datagram).is_some_and(|new| sides.iter().filter_map(|side| side.random).any(|known| known != new))
}

/// One direction of a flow.
#[derive(Debug, Default)]
pub(super) struct Dtls {
    partial: Vec<Partial>,
    /// Bit n: message n is complete.
    complete: u64,
    /// The random of its `ClientHello`.
    random: Option<[u8; 32]>,
}

#[derive(Debug)]
struct Partial {
    number: u16,
    kind: u8,
    /// Header and body; the header as TLS has it.
    bytes: Vec<u8>,
    /// Which bytes of the body are there: disjoint, in order.
    ranges: Vec<(usize, usize)>,
}

impl Dtls {
    /// Bytes of memory in use besides the struct itself.
    pub(super) fn memory(&self) -> usize {
        self.partial.iter().map(|partial| partial.bytes.capacity() + partial.ranges.capacity() * 16).sum()
    }

    /// Takes a datagram.
    pub(super) fn datagram(&mut self, datagram: &[u8], side: usize, stamp: Stamp, collector: &mut Collector) {
        if self.random.is_none() {
            self.random = client_random(datagram);
        }
        let mut rest = Reader(datagram);
        while let Some((kind, epoch, record, body)) = record(&mut rest) {
            match (kind, epoch) {
                (content::HANDSHAKE, 0) => {
                    let mut fragments = Reader(body);
                    while self.fragment(&mut fragments, side, stamp, collector).is_some() {}
                }
                (content::CHANGE_CIPHER_SPEC, 0) => collector.change_cipher_spec(side),
                (content::ALERT, 0) => {
                    if let &[level, description] = body {
                        collector.alert(side, level, description, stamp);
                    }
                }
                (content::HANDSHAKE, 1) => {
                    if self.has_holes() {
                        collector.lost(side);
                    }
                    collector.encrypted_handshake(side, record);
                }
                _ => {}
            }
        }
    }

    /// Whether messages between those that are there are missing, or parts of some.
    fn has_holes(&self) -> bool {
        let numbers = self.complete >> self.complete.trailing_zeros().min(63);
        !self.partial.is_empty() || numbers & numbers.wrapping_add(1) != 0
    }

    fn fragment(&mut self, rest: &mut Reader<'_>, side: usize, stamp: Stamp, collector: &mut Collector) -> Option<()> {
        let (kind, length, number) = (rest.u8()?, rest.u24()?, rest.u16()?);
        let (offset, fragment_length) = (rest.u24()?, rest.u24()?);
        let body = rest.take(fragment_length)?;
        if offset + fragment_length > length || number >= MAX_NUMBERS || self.complete >> number & 1 == 1 {
            return Some(());
        }
        if length > longest(kind) || length == 0 {
            self.complete |= 1 << number;
            collector.message(side, kind, None, stamp);
            return Some(());
        }
        let known = self.partial.iter().position(|partial| partial.number == number);
        let at = known.unwrap_or_else(|| {
            if self.partial.len() >= MAX_PARTIAL {
                self.partial.remove(0);
            }
            let mut bytes = vec![kind];
            bytes.extend_from_slice(length.to_be_bytes().last_chunk::<3>().unwrap_or(&[0; 3]));
            bytes.resize(bytes.len() + length, 0);
            self.partial.push(Partial { number, kind, bytes, ranges: Vec::new() });
            self.partial.len() - 1
        });
        let partial = self.partial.get_mut(at)?;
        if partial.put(offset, body, length) {
            let partial = self.partial.remove(at);
            self.complete |= 1 << number;
            collector.message(side, partial.kind, Some(partial.bytes), stamp);
        }
        Some(())
    }
}

impl Partial {
    /// Takes a piece of the body; tells whether all is there.
    fn put(&mut self, offset: usize, body: &[u8], length: usize) -> bool {
        const HEADER: usize = 4;
        let end = offset + body.len();
        // fragments that disagree about the length of the message are no fragments of one message
        let Some(place) = self.bytes.get_mut(HEADER + offset..HEADER + end) else { return false };
        if self.ranges.len() >= MAX_RANGES {
            return false;
        }
        place.copy_from_slice(body);
        self.ranges.push((offset, end));
        self.ranges.sort_unstable();
        let mut merged: Vec<(usize, usize)> = Vec::with_capacity(self.ranges.len());
        for &(start, end) in &self.ranges {
            match merged.last_mut() {
                Some(last) if start <= last.1 => last.1 = last.1.max(end),
                _ => merged.push((start, end)),
            }
        }
        self.ranges = merged;
        self.ranges == [(0, length)]
    }
}

/// Takes the next record off: its type and epoch, the whole of it, its content.
fn record<'a>(rest: &mut Reader<'a>) -> Option<(u8, u16, &'a [u8], &'a [u8])> {
    let whole = rest.0;
    let (kind, version, epoch) = (rest.u8()?, rest.u16()?, rest.u16()?);
    if !matches!(version, 0xfeff | 0xfefd | 0x0100) {
        return None;
    }
    rest.take(6)?;
    let body = rest.vec16()?;
    let record = whole.get(..whole.len() - rest.0.len())?;
    Some((kind, epoch, record, body))
}
