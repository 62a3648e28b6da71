//! pcapng (draft-ietf-opsawg-pcapng): sections of blocks; a block's length stands before and after it.

use super::step::{ByteOrder, Damaged, MAX_BLOCK_LENGTH, MAX_SECRETS_LENGTH, Packet, Step, Time};
use crate::tls::wire::Reader;

/// The type of a section header reads the same in both byte orders.
pub(crate) const SECTION_HEADER: u32 = 0x0a0d_0d0a;
pub(super) const BYTE_ORDER_MAGIC: u32 = 0x1a2b_3c4d;
pub(super) const INTERFACE_DESCRIPTION: u32 = 1;
/// The packet block of before 2008.
pub(super) const OLD_PACKET: u32 = 2;
pub(super) const SIMPLE_PACKET: u32 = 3;
const INTERFACE_STATISTICS: u32 = 5;
pub(super) const ENHANCED_PACKET: u32 = 6;
pub(super) const DECRYPTION_SECRETS: u32 = 10;
/// A TLS key log, among the kinds of secrets: `TLSK`.
pub(super) const TLS_KEY_LOG: u32 = 0x544c_534b;

/// Type, length, and the length again.
pub(super) const FRAME_LENGTH: usize = 12;
/// Interfaces that a section may have; those beyond are not kept.
const MAX_INTERFACES: usize = 4096;

const OPTION_TIME_RESOLUTION: u16 = 9;
const OPTION_TIME_OFFSET: u16 = 14;
/// Of interface statistics: packets that the interface dropped, and the operating system, so far.
const OPTION_DROPPED: u16 = 5;
const OPTION_DROPPED_BY_SYSTEM: u16 = 7;

/// The state of a file: the section it is in.
#[derive(Debug, Default)]
pub(super) struct PcapNg {
    order: ByteOrder,
    interfaces: Vec<Interface>,
    unusable: u64,
    /// How many of those are packets.
    unusable_packets: u64,
    /// Packets dropped in the sections before.
    dropped_before: u64,
}

#[derive(Debug, Clone, Copy)]
struct Interface {
    link_type: u16,
    snap_length: usize,
    /// Ticks a second.
    resolution: u64,
    /// Seconds to add.
    offset: i64,
    /// Packets dropped, by the last statistics.
    dropped: u64,
}

impl PcapNg {
    pub(super) fn unusable(&self) -> u64 {
        self.unusable
    }

    pub(super) fn unusable_packets(&self) -> u64 {
        self.unusable_packets
    }

    /// Packets that were dropped while the capture was made.
    pub(super) fn dropped(&self) -> u64 {
        self.interfaces.iter().fold(self.dropped_before, |sum, interface| sum.saturating_add(interface.dropped))
    }

    pub(super) fn step<'b>(&mut self, bytes: &'b [u8]) -> Result<Step<'b>, Damaged> {
        let mut head = Reader(bytes);
        let (Some(kind), Some(length)) = (head.array(), head.array()) else { return Ok(Step::Need(8)) };
        let mut kind = u32::from_be_bytes(kind);
        if kind == SECTION_HEADER {
            // a new section may have another byte order
            let Some(magic) = head.array() else { return Ok(Step::Need(12)) };
            self.order = match u32::from_be_bytes(magic) {
                BYTE_ORDER_MAGIC => ByteOrder::Big,
                magic if magic.swap_bytes() == BYTE_ORDER_MAGIC => ByteOrder::Little,
                _ => return Err(Damaged::ByteOrder),
            };
        } else if self.order == ByteOrder::Little {
            kind = kind.swap_bytes();
        }
        let length = self.order.u32(length);
        let total = length as usize;
        if total < FRAME_LENGTH || total % 4 != 0 {
            return Err(Damaged::BlockLength { length });
        }
        if kind == DECRYPTION_SECRETS && total <= MAX_SECRETS_LENGTH {
            let Some(block) = bytes.get(..total) else { return Ok(Step::Need(total)) };
            return Ok(match self.key_log(block) {
                Some(key_log) => Step::Secrets { key_log, used: total },
                None => Step::Skip(total as u64),
            });
        }
        let wanted =
            matches!(kind, INTERFACE_DESCRIPTION | OLD_PACKET | SIMPLE_PACKET | INTERFACE_STATISTICS | ENHANCED_PACKET);
        if !wanted || total > MAX_BLOCK_LENGTH {
            self.unusable += u64::from(wanted);
            self.unusable_packets += u64::from(is_packet(kind));
            if kind == SECTION_HEADER {
                self.dropped_before = self.dropped();
                self.interfaces.clear();
            }
            return Ok(Step::Skip(total as u64));
        }
        let Some(block) = bytes.get(..total) else { return Ok(Step::Need(total)) };
        let mut body = Reader(block);
        body.take(8);
        let body = body.take(total - FRAME_LENGTH).unwrap_or_default();
        if block.last_chunk().map(|bytes| self.order.u32(*bytes)) != Some(length) {
            return Err(Damaged::BlockLength { length });
        }
        let found = if kind == INTERFACE_DESCRIPTION {
            self.interface(body);
            None
        } else if kind == INTERFACE_STATISTICS {
            self.statistics(body);
            None
        } else {
            let packet = self.packet(kind, body);
            self.unusable += u64::from(packet.is_none());
            self.unusable_packets += u64::from(packet.is_none());
            packet
        };
        Ok(found.map_or(Step::Skip(total as u64), |packet| Step::Packet { packet, used: total }))
    }

    /// The key log in a block with secrets, if it is a TLS key log.
    fn key_log<'b>(&self, block: &'b [u8]) -> Option<&'b [u8]> {
        let mut body = Reader(block.get(8..)?);
        let (kind, length) = (self.order.u32(body.array()?), self.order.u32(body.array()?));
        body.take(length as usize).filter(|_| kind == TLS_KEY_LOG)
    }

    fn interface(&mut self, body: &[u8]) {
        if self.interfaces.len() < MAX_INTERFACES {
            self.interfaces.extend(self.read_interface(body));
        }
    }

    fn read_interface(&self, body: &[u8]) -> Option<Interface> {
        let mut body = Reader(body);
        let link_type = self.order.u16(body.array()?);
        body.take(2)?;
        let snap_length = self.order.u32(body.array()?) as usize;
        let mut interface = Interface { link_type, snap_length, resolution: 1_000_000, offset: 0, dropped: 0 };
        // options that are cut off are as good as none
        while let (Some(code), Some(length)) = (body.array(), body.array()) {
            let (code, length) = (self.order.u16(code), usize::from(self.order.u16(length)));
            let Some(value) = body.take(length) else { break };
            body.take(length.next_multiple_of(4) - length);
            match (code, value) {
                (0, _) => break,
                (OPTION_TIME_RESOLUTION, &[exponent]) => interface.resolution = ticks(exponent),
                (OPTION_TIME_OFFSET, value) => {
                    if let Ok(bytes) = value.try_into() {
                        interface.offset = self.order.i64(bytes);
                    }
                }
                _ => {}
            }
        }
        Some(interface)
    }

    /// Statistics of an interface; those that cannot be read say nothing.
    fn statistics(&mut self, body: &[u8]) -> Option<()> {
        let mut body = Reader(body);
        let index = self.order.u32(body.array()?) as usize;
        body.take(8)?;
        let mut dropped = 0_u64;
        while let (Some(code), Some(length)) = (body.array(), body.array()) {
            let (code, length) = (self.order.u16(code), usize::from(self.order.u16(length)));
            let value = body.take(length)?;
            body.take(length.next_multiple_of(4) - length);
            if code == 0 {
                break;
            }
            if let (OPTION_DROPPED | OPTION_DROPPED_BY_SYSTEM, Ok(bytes)) = (code, value.try_into()) {
                dropped = dropped.saturating_add(u64::try_from(self.order.i64(bytes)).unwrap_or(0));
            }
        }
        self.interfaces.get_mut(index)?.dropped = dropped;
        Some(())
    }

    fn packet<'b>(&self, kind: u32, body: &'b [u8]) -> Option<Packet<'b>> {
        let mut body = Reader(body);
        let number = |cursor: &mut Reader<'b>| cursor.array().map(|bytes| self.order.u32(bytes));
        let (interface, ticks, captured, original) = if kind == SIMPLE_PACKET {
            let original = number(&mut body)? as usize;
            let first = self.interfaces.first()?;
            let limit = if first.snap_length == 0 { usize::MAX } else { first.snap_length };
            (first, 0, original.min(limit).min(body.0.len()), original)
        } else {
            let index = if kind == OLD_PACKET {
                let index = self.order.u16(body.array()?);
                // a count of dropped packets
                body.take(2)?;
                usize::from(index)
            } else {
                number(&mut body)? as usize
            };
            let (high, low) = (number(&mut body)?, number(&mut body)?);
            let (captured, original) = (number(&mut body)? as usize, number(&mut body)? as usize);
            (self.interfaces.get(index)?, u64::from(high) << 32 | u64::from(low), captured, original)
        };
        let data = body.take(captured)?;
        let original_length = original.max(captured);
        Some(Packet { time: interface.time(ticks), link_type: interface.link_type, data, original_length })
    }
}

/// Whether a block of that type is a packet.
pub(super) const fn is_packet(kind: u32) -> bool {
    matches!(kind, OLD_PACKET | SIMPLE_PACKET | ENHANCED_PACKET)
}

impl Interface {
    fn time(&self, ticks: u64) -> Time {
        let seconds = i64::try_from(ticks / self.resolution).unwrap_or(i64::MAX).saturating_add(self.offset);
        let fraction = u128::from(ticks % self.resolution) * 1_000_000_000 / u128::from(self.resolution);
        Time { seconds, nanoseconds: u32::try_from(fraction).unwrap_or(0) }
    }
}

/// Ticks a second of `if_tsresol`: a power of ten, or of two where the highest bit is set.
fn ticks(exponent: u8) -> u64 {
    match exponent {
        0..=19 => 10_u64.pow(exponent.into()),
        0x80..=0xbf => 1 << (exponent & 0x7f),
        // finer than 64 bits can count: no clock is
        _ => u64::MAX,
    }
}
