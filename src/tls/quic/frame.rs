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

/// The CRYPTO frames of a payload, up to its end or a frame that does not belong there.
pub(super) fn crypto_frames(payload: &[u8]) -> impl Iterator<Item = Crypto<'_>> {
    let mut rest = Reader(payload);
    std::iter::from_fn(move || next_frame(&mut rest)).filter_map(|frame| match frame {
        Frame::Crypto(crypto) => Some(crypto),
        Frame::Other => None,
    })
}

enum Frame<'a> {
    Crypto(Crypto<'a>),
    Other,
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
        // CONNECTION_CLOSE ends everything, others are not allowed here
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
