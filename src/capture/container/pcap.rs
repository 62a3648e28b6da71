//! Classic pcap (draft-ietf-opsawg-pcap): a header of 24 bytes, then records of a header of 16 bytes and a packet.

use super::step::{ByteOrder, Damaged, MAX_PACKET_LENGTH, Packet, Step, Time};
use crate::tls::wire::Reader;

pub(super) const HEADER_LENGTH: usize = 24;
const RECORD_HEADER_LENGTH: usize = 16;

/// What the file header says.
#[derive(Debug)]
pub(super) struct Pcap {
    order: ByteOrder,
    /// Nanoseconds that the fraction of a time counts.
    unit: u32,
    link_type: u16,
    /// Record headers have 8 bytes more (a variant once made by patched kernels).
    modified: bool,
}

impl Pcap {
    pub(super) fn new(header: &[u8; HEADER_LENGTH]) -> Result<Self, Damaged> {
        let mut cursor = Reader(header);
        let magic: [u8; 4] = cursor.array().ok_or(Damaged::Magic)?;
        let (order, unit, modified) = match magic {
            [0xd4, 0xc3, 0xb2, 0xa1] => (ByteOrder::Little, 1000, false),
            [0xa1, 0xb2, 0xc3, 0xd4] => (ByteOrder::Big, 1000, false),
            [0x4d, 0x3c, 0xb2, 0xa1] => (ByteOrder::Little, 1, false),
            [0xa1, 0xb2, 0x3c, 0x4d] => (ByteOrder::Big, 1, false),
            [0x34, 0xcd, 0xb2, 0xa1] => (ByteOrder::Little, 1000, true),
            [0xa1, 0xb2, 0xcd, 0x34] => (ByteOrder::Big, 1000, true),
            _ => return Err(Damaged::Magic),
        };
        let major = order.u16(cursor.array().ok_or(Damaged::Magic)?);
        if major != 2 {
            return Err(Damaged::Version { major });
        }
        // minor version, time zone, accuracy and snapshot length tell nothing that the packets do not
        cursor.take(14);
        // the upper half tells of frame check sequences, which IP lengths leave out anyway
        let link_type = order.u32(cursor.array().ok_or(Damaged::Magic)?) & 0xffff;
        let link_type = u16::try_from(link_type).unwrap_or_default();
        Ok(Self { order, unit, link_type, modified })
    }

    #[inline]
    pub(super) fn step<'b>(&self, bytes: &'b [u8]) -> Result<Step<'b>, Damaged> {
        let header_length = RECORD_HEADER_LENGTH + if self.modified { 8 } else { 0 };
        let header = bytes.first_chunk::<RECORD_HEADER_LENGTH>();
        let (Some(header), Some(rest)) = (header, bytes.get(header_length..)) else {
            return Ok(Step::Need(header_length));
        };
        let [seconds, fraction, captured, original] = self.order.words(header);
        let length = captured as usize;
        if length > MAX_PACKET_LENGTH {
            return Err(Damaged::PacketLength { length: captured });
        }
        let used = header_length + length;
        let Some(data) = rest.get(..length) else { return Ok(Step::Need(used)) };
        let time = Time { seconds: seconds.into(), nanoseconds: fraction.saturating_mul(self.unit).min(999_999_999) };
        let packet = Packet { time, link_type: self.link_type, data, original_length: (original as usize).max(length) };
        Ok(Step::Packet { packet, used })
    }
}
