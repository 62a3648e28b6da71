//! The frames that an Initial packet may have (RFC 9000 section 12.4, table 3).

use super::packet::varint;
use crate::tls::wire::Reader;

/// A piece of the handshake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Crypto<'a> {
    /// Where it belongs in the stream.
    pub(super) offset: u64,
    pub(super) data: &'a [u8],
}

/// What a frame tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Frame<'a> {
    Crypto(Crypto<'a>),
    /// `CONNECTION_CLOSE`, with the number of an error of the transport.
    Close(u64),
    Other,
}

/// The frames of a payload, up to its end or a frame that does not belong there.
pub(super) fn frames(payload: &[u8]) -> impl Iterator<Item = Frame<'_>> {
    let mut rest = Reader(payload);
    std::iter::from_fn(move || next_frame(&mut rest))
}

fn next_frame<'a>(rest: &mut Reader<'a>) -> Option<Frame<'a>> {
    match varint(rest)? {
        // PADDING, PING
        0 | 1 => Some(Frame::Other),
        kind @ (2 | 3) => ack(rest, kind == 3).map(|()| Frame::Other),
        6 => {
            let offset = varint(rest)?;
            let length = varint(rest)?;
            Some(Frame::Crypto(Crypto { offset, data: rest.take(length.try_into().ok()?)? }))
        }
        0x1c => {
            let error = varint(rest)?;
            // the type of the frame that is to blame, and words
            varint(rest)?;
            let length = varint(rest)?;
            rest.take(length.try_into().ok()?)?;
            Some(Frame::Close(error))
        }
        // others are not allowed here
        _ => None,
    }
}

fn ack(rest: &mut Reader<'_>, with_ecn_counts: bool) -> Option<()> {
    varint(rest)?;
    varint(rest)?;
    let ranges = varint(rest)?;
    varint(rest)?;
    // more ranges than there are bytes end with the bytes
    for _ in 0..ranges {
        varint(rest)?;
        varint(rest)?;
    }
    if with_ecn_counts {
        for _ in 0..3 {
            varint(rest)?;
        }
    }
    Some(())
}
