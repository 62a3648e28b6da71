//! Blocks of the pcapng capture format (draft-ietf-opsawg-pcapng), for writing.
//!
//! Every function appends one whole block to a buffer, in either byte order.

use std::fmt;

use super::pcapng::{DECRYPTION_SECRETS, TLS_KEY_LOG};
pub use super::step::ByteOrder;

/// A block of more than 2^32 - 1 bytes, which the format has no number for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooLong;

impl fmt::Display for TooLong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("too long for a pcapng block")
    }
}

impl std::error::Error for TooLong {}

const SECTION_HEADER: u32 = 0x0a0d_0d0a;
const INTERFACE_DESCRIPTION: u32 = 1;
const ENHANCED_PACKET: u32 = 6;

pub(super) const OPTION_END: u16 = 0;
const SHB_USERAPPL: u16 = 4;
const IF_TSRESOL: u16 = 9;

/// A writer of blocks in one byte order.
#[derive(Debug, Clone, Copy)]
pub struct BlockWriter {
    order: ByteOrder,
}

/// One packet of an Enhanced Packet Block.
#[derive(Debug, Clone, Copy)]
pub struct Packet<'a> {
    /// The n-th interface of the section, from 0.
    pub interface: u32,
    /// Since the epoch, in units of the interface's resolution.
    pub timestamp: u64,
    /// Bytes on the wire, of which `data` may be only the first ones.
    pub original_length: u32,
    /// The bytes captured.
    pub data: &'a [u8],
}

impl BlockWriter {
    /// For sections in this byte order.
    #[must_use]
    pub const fn new(order: ByteOrder) -> Self {
        Self { order }
    }

    /// Section Header Block of a section whose length is not said; `application` is the program that writes it.
    pub fn section_header(self, application: &str, out: &mut Vec<u8>) -> Result<(), TooLong> {
        let mut body = Vec::new();
        body.extend(self.u32(0x1a2b_3c4d));
        body.extend(self.u16(1));
        body.extend(self.u16(0));
        body.extend(self.u32(u32::MAX));
        body.extend(self.u32(u32::MAX));
        if !application.is_empty() {
            self.option(SHB_USERAPPL, application.as_bytes(), &mut body)?;
            self.option(OPTION_END, &[], &mut body)?;
        }
        self.block(SECTION_HEADER, &[&body], out)
    }

    /// Interface Description Block.
    ///
    /// `link_type` is one of the LINKTYPE numbers, `snap_length` in bytes (0: no limit). `resolution` is the unit of
    /// time stamps: 6 for microseconds, 9 for nanoseconds, with the high bit set a power of two (`if_tsresol`).
    pub fn interface(self, link_type: u16, snap_length: u32, resolution: u8, out: &mut Vec<u8>) -> Result<(), TooLong> {
        let mut body = Vec::new();
        body.extend(self.u16(link_type));
        body.extend(self.u16(0));
        body.extend(self.u32(snap_length));
        self.option(IF_TSRESOL, &[resolution], &mut body)?;
        self.option(OPTION_END, &[], &mut body)?;
        self.block(INTERFACE_DESCRIPTION, &[&body], out)
    }

    /// Enhanced Packet Block.
    pub fn packet(self, packet: &Packet<'_>, out: &mut Vec<u8>) -> Result<(), TooLong> {
        let high = u32::try_from(packet.timestamp >> 32).unwrap_or(u32::MAX);
        let low = u32::try_from(packet.timestamp & u64::from(u32::MAX)).unwrap_or(u32::MAX);
        let captured = u32::try_from(packet.data.len()).map_err(|_| TooLong)?;
        let fields = [packet.interface, high, low, captured, packet.original_length].map(|field| self.u32(field));
        self.block(ENHANCED_PACKET, &[fields.as_flattened(), packet.data], out)
    }

    /// Decryption Secrets Block with a TLS key log. It stands ahead of the packets that it is for, and behind the
    /// interfaces: Wireshark's command-line tools refuse a file in which it stands before them.
    pub fn tls_key_log(self, key_log: &[u8], out: &mut Vec<u8>) -> Result<(), TooLong> {
        let length = u32::try_from(key_log.len()).map_err(|_| TooLong)?;
        self.block(DECRYPTION_SECRETS, &[&self.u32(TLS_KEY_LOG), &self.u32(length), key_log], out)
    }

    /// Type, length, body, padding to 32 bits, length.
    pub(super) fn block(self, kind: u32, body: &[&[u8]], out: &mut Vec<u8>) -> Result<(), TooLong> {
        const FRAME: usize = 12;
        let body_length: usize = body.iter().map(|part| part.len()).sum();
        let padding = padding(body_length);
        let length = u32::try_from(body_length + padding.len() + FRAME).map_err(|_| TooLong)?;
        out.extend(self.u32(kind));
        out.extend(self.u32(length));
        for part in body {
            out.extend_from_slice(part);
        }
        out.extend_from_slice(padding);
        out.extend(self.u32(length));
        Ok(())
    }

    pub(super) fn option(self, code: u16, value: &[u8], out: &mut Vec<u8>) -> Result<(), TooLong> {
        out.extend(self.u16(code));
        out.extend(self.u16(u16::try_from(value.len()).map_err(|_| TooLong)?));
        out.extend_from_slice(value);
        out.extend_from_slice(padding(value.len()));
        Ok(())
    }

    const fn u16(self, value: u16) -> [u8; 2] {
        match self.order {
            ByteOrder::Little => value.to_le_bytes(),
            ByteOrder::Big => value.to_be_bytes(),
        }
    }

    const fn u32(self, value: u32) -> [u8; 4] {
        match self.order {
            ByteOrder::Little => value.to_le_bytes(),
            ByteOrder::Big => value.to_be_bytes(),
        }
    }
}

/// What brings a length to a multiple of four.
const fn padding(length: usize) -> &'static [u8] {
    match length % 4 {
        0 => &[],
        1 => &[0; 3],
        2 => &[0; 2],
        _ => &[0],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use pcap_parser::{Block, PcapNGSlice, SecretsType, parse_pcapng};

    /// A section with an interface, key logs and packets of every length modulo four.
    fn section(order: ByteOrder) -> Vec<u8> {
        let writer = BlockWriter::new(order);
        let mut out = Vec::new();
        writer.section_header("tktdump 0.1.0", &mut out).unwrap();
        for length in 0..5_u8 {
            writer.tls_key_log(&vec![b'k'; length.into()], &mut out).unwrap();
        }
        writer.interface(113, 0x0004_0000, 9, &mut out).unwrap();
        for length in 0..5_u8 {
            let packet = Packet {
                interface: 0,
                timestamp: 0x0123_4567_89ab_cdef,
                original_length: 1500,
                data: &vec![length; length.into()],
            };
            writer.packet(&packet, &mut out).unwrap();
        }
        out
    }

    #[test]
    fn blocks_are_read_back() {
        for order in [ByteOrder::Little, ByteOrder::Big] {
            let bytes = section(order);
            assert_eq!(bytes.len() % 4, 0);
            let capture = PcapNGSlice::from_slice(&bytes).unwrap();
            let mut logs = Vec::new();
            let mut packets = Vec::new();
            for block in capture {
                match block.unwrap() {
                    pcap_parser::PcapBlockOwned::NG(Block::SectionHeader(header)) => {
                        assert_eq!(header.big_endian(), order == ByteOrder::Big);
                        assert_eq!((header.major_version, header.minor_version, header.section_len), (1, 0, -1));
                        assert_eq!(header.options[0].value.as_ref(), b"tktdump 0.1.0\0\0\0");
                    }
                    pcap_parser::PcapBlockOwned::NG(Block::InterfaceDescription(interface)) => {
                        assert_eq!(interface.linktype.0, 113);
                        assert_eq!((interface.snaplen, interface.if_tsresol), (0x0004_0000, 9));
                    }
                    pcap_parser::PcapBlockOwned::NG(Block::DecryptionSecrets(secrets)) => {
                        assert_eq!(secrets.secrets_type, SecretsType::TlsKeyLog);
                        logs.push(secrets.data[..secrets.secrets_len as usize].to_vec());
                    }
                    pcap_parser::PcapBlockOwned::NG(Block::EnhancedPacket(packet)) => {
                        assert_eq!((packet.if_id, packet.origlen), (0, 1500));
                        assert_eq!((packet.ts_high, packet.ts_low), (0x0123_4567, 0x89ab_cdef));
                        packets.push(packet.data[..packet.caplen as usize].to_vec());
                    }
                    _ => panic!("another block"),
                }
            }
            assert_eq!(logs, (0..5).map(|length| vec![b'k'; length]).collect::<Vec<_>>());
            assert_eq!(packets, (0..5_u8).map(|length| vec![length; length.into()]).collect::<Vec<_>>());
            assert!(parse_pcapng(&bytes).is_ok());
        }
    }
}
