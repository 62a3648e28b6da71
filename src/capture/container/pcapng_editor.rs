//! Blocks of a pcapng capture that is written again: what each of them is, and packets with other comments.
//!
//! A comment is an option of a packet block (`opt_comment`, draft-ietf-opsawg-pcapng section 3.5): the bytes of the packet
//! stay as they are.

use super::pcapng::{
    BYTE_ORDER_MAGIC, DECRYPTION_SECRETS, ENHANCED_PACKET, FRAME_LENGTH, INTERFACE_DESCRIPTION, OLD_PACKET,
    SECTION_HEADER, SIMPLE_PACKET,
};
use super::pcapng_writer::{BlockWriter, OPTION_END};
use super::step::ByteOrder;
use crate::tls::wire::Reader;

/// How many bytes of a block [`Editor::next`] looks at: no block is shorter.
pub const HEAD_LENGTH: usize = 12;
const OPTION_COMMENT: u16 = 1;
/// Bytes of a packet block before the packet, of either kind that has options, and where the packet's length is.
const PACKET_HEADER_LENGTH: usize = 20;
const CAPTURED_AT: usize = 12;

/// What a block is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// The start of a section.
    Section,
    /// The description of an interface.
    Interface,
    /// A packet, which may have comments.
    Packet,
    /// A packet in a block that has no room for comments.
    SimplePacket,
    /// Keys with which something is decrypted.
    Secrets,
    /// Anything else.
    Other,
}

/// A packet block that cannot take comments: it has no options, or contradicts itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoRoom;

/// Goes from block to block, and keeps in mind the byte order of the section.
#[derive(Debug, Clone, Copy, Default)]
pub struct Editor {
    order: ByteOrder,
}

impl Editor {
    /// What a block is, and its length in bytes, of which these are the first ones. `None` if it is not a block.
    pub fn next(&mut self, head: &[u8; HEAD_LENGTH]) -> Option<(Kind, u32)> {
        let mut head = Reader(head);
        let (kind, length, magic) = (head.array()?, head.array()?, head.array()?);
        if u32::from_be_bytes(kind) == SECTION_HEADER {
            self.order = match u32::from_be_bytes(magic) {
                BYTE_ORDER_MAGIC => ByteOrder::Big,
                magic if magic.swap_bytes() == BYTE_ORDER_MAGIC => ByteOrder::Little,
                _ => return None,
            };
        }
        let (kind, length) = (self.order.u32(kind), self.order.u32(length));
        let kind = match kind {
            SECTION_HEADER => Kind::Section,
            INTERFACE_DESCRIPTION => Kind::Interface,
            ENHANCED_PACKET | OLD_PACKET => Kind::Packet,
            SIMPLE_PACKET => Kind::SimplePacket,
            DECRYPTION_SECRETS => Kind::Secrets,
            _ => Kind::Other,
        };
        (length as usize >= FRAME_LENGTH && length % 4 == 0).then_some((kind, length))
    }

    /// The byte order of the section.
    #[must_use]
    pub fn order(&self) -> ByteOrder {
        self.order
    }

    /// Appends a whole packet block with other comments: those that are in it and do not begin with `prefix` stay, and
    /// `comments` follow them. Where nothing is to be changed, the block stays as it is; so it does if it has no room.
    pub fn comment(self, block: &[u8], prefix: &str, comments: &[&str], out: &mut Vec<u8>) -> Result<(), NoRoom> {
        let edited = self.edit(block, prefix, comments, out);
        if edited != Some(true) {
            out.extend_from_slice(block);
        }
        if edited.is_none() && !comments.is_empty() { Err(NoRoom) } else { Ok(()) }
    }

    /// Whether the block was written with other comments; `None` if that is not possible.
    fn edit(self, block: &[u8], prefix: &str, comments: &[&str], out: &mut Vec<u8>) -> Option<bool> {
        let kind = self.order.u32(*block.first_chunk()?);
        if !matches!(kind, ENHANCED_PACKET | OLD_PACKET) {
            return None;
        }
        let body = block.get(8..block.len().checked_sub(4)?)?;
        let captured = self.order.u32(*body.get(CAPTURED_AT..)?.first_chunk()?) as usize;
        let end = captured.checked_next_multiple_of(4)?.checked_add(PACKET_HEADER_LENGTH)?;
        let (packet, options) = body.split_at_checked(end)?;
        let (kept, removed) = self.options(options, prefix)?;
        if comments.is_empty() && !removed {
            return Some(false);
        }
        let writer = BlockWriter::new(self.order);
        let mut added = Vec::new();
        for comment in comments {
            writer.option(OPTION_COMMENT, comment.as_bytes(), &mut added).ok()?;
        }
        if !kept.is_empty() || !added.is_empty() {
            writer.option(OPTION_END, &[], &mut added).ok()?;
        }
        writer.block(kind, &[packet, &kept, &added], out).ok()?;
        Some(true)
    }

    /// The options that stay, and whether there are others; `None` if they are not to be understood.
    fn options(self, options: &[u8], prefix: &str) -> Option<(Vec<u8>, bool)> {
        let (mut kept, mut removed) = (Vec::new(), false);
        let mut rest = Reader(options);
        while !rest.is_empty() {
            let start = rest.0;
            let (code, length) = (self.order.u16(rest.array()?), usize::from(self.order.u16(rest.array()?)));
            if code == OPTION_END {
                break;
            }
            let value = rest.take(length)?;
            rest.take(length.next_multiple_of(4) - length)?;
            if code == OPTION_COMMENT && value.starts_with(prefix.as_bytes()) {
                removed = true;
            } else {
                kept.extend_from_slice(start.get(..start.len() - rest.0.len())?);
            }
        }
        Some((kept, removed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::container::pcapng_writer::Packet;
    use crate::capture::container::{Reader as Captures, Step};

    const PREFIX: &str = "we: ";

    fn block(order: ByteOrder, data: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        let packet = Packet { interface: 0, timestamp: 9, original_length: 1500, data };
        BlockWriter::new(order).packet(&packet, &mut out).unwrap();
        out
    }

    fn editor(order: ByteOrder) -> Editor {
        let mut editor = Editor::default();
        let mut section = Vec::new();
        BlockWriter::new(order).section_header("", &mut section).unwrap();
        assert_eq!(editor.next(section.first_chunk().unwrap()), Some((Kind::Section, 28)));
        assert_eq!(editor.order(), order);
        editor
    }

    /// The comments of a block, and the packet in it.
    fn read(order: ByteOrder, block: &[u8]) -> (Vec<String>, Vec<u8>) {
        let mut reader = Captures::new();
        let mut file = Vec::new();
        BlockWriter::new(order).section_header("", &mut file).unwrap();
        BlockWriter::new(order).interface(1, 0, 9, &mut file).unwrap();
        file.extend_from_slice(block);
        let mut rest = &file[..];
        let data = loop {
            match reader.step(rest).unwrap() {
                Step::Packet { packet, used } => {
                    assert_eq!(used, block.len());
                    break packet.data.to_vec();
                }
                Step::Skip(length) => rest = &rest[usize::try_from(length).unwrap()..],
                step => panic!("{step:?}"),
            }
        };
        let options = &block[28 + data.len().next_multiple_of(4)..block.len() - 4];
        let (kept, _) = editor(order).options(options, "\0none").unwrap();
        let (mut rest, mut comments) = (Reader(&kept), Vec::new());
        while !rest.is_empty() {
            let (code, length) = (order.u16(rest.array().unwrap()), usize::from(order.u16(rest.array().unwrap())));
            let value = rest.take(length.next_multiple_of(4)).unwrap();
            assert_eq!(code, OPTION_COMMENT);
            comments.push(String::from_utf8(value[..length].to_vec()).unwrap());
        }
        (comments, data)
    }

    #[test]
    fn own_comments_are_replaced_and_others_stay() {
        for order in [ByteOrder::Little, ByteOrder::Big] {
            for length in 0..6 {
                let (editor, data) = (editor(order), vec![7; length]);
                let plain = block(order, &data);
                let with = |block: &[u8], comments: &[&str]| {
                    let mut out = Vec::new();
                    editor.comment(block, PREFIX, comments, &mut out).unwrap();
                    out
                };
                assert_eq!(with(&plain, &[]), plain);
                let theirs = with(&plain, &["theirs"]);
                let once = with(&theirs, &["we: a", "we: second"]);
                assert_eq!(
                    read(order, &once),
                    (vec!["theirs".into(), "we: a".into(), "we: second".into()], data.clone())
                );
                assert_eq!(with(&once, &["we: a", "we: second"]), once, "a second run changes nothing");
                assert_eq!(read(order, &with(&once, &["we: b"])).0, ["theirs", "we: b"]);
                assert_eq!(with(&once, &[]), theirs);
                assert_eq!(with(&with(&plain, &["we: a"]), &[]), plain, "nothing is left of them");
            }
        }
    }

    #[test]
    fn blocks_of_before_2008_have_room_and_simple_ones_have_none() {
        let editor = editor(ByteOrder::Little);
        let mut out = Vec::new();
        let mut old = block(ByteOrder::Little, b"abc");
        old[0] = 2;
        assert_eq!(editor.clone().next(old.first_chunk().unwrap()), Some((Kind::Packet, 36)));
        editor.comment(&old, PREFIX, &["we: a"], &mut out).unwrap();
        assert_eq!(read(ByteOrder::Little, &out), (vec!["we: a".into()], b"abc".to_vec()));
        let simple = [&[3, 0, 0, 0, 20, 0, 0, 0, 3, 0, 0, 0][..], b"abc\0", &[20, 0, 0, 0]].concat();
        assert_eq!(editor.clone().next(simple.first_chunk().unwrap()), Some((Kind::SimplePacket, 20)));
        out.clear();
        assert_eq!(editor.comment(&simple, PREFIX, &["we: a"], &mut out), Err(NoRoom));
        assert_eq!(out, simple);
    }

    #[test]
    fn options_that_contradict_themselves_stay() {
        let editor = editor(ByteOrder::Little);
        let plain = block(ByteOrder::Little, b"abcd");
        let mut commented = Vec::new();
        editor.comment(&plain, PREFIX, &["theirs"], &mut commented).unwrap();
        // the length of the comment, which then goes beyond the block
        let at = plain.len() - 4 + 2;
        commented[at] = 200;
        let mut out = Vec::new();
        assert_eq!(editor.comment(&commented, PREFIX, &["we: a"], &mut out), Err(NoRoom));
        assert_eq!(out, commented);
        // nor does one whose packet does
        let mut long = plain.clone();
        long[20] = 200;
        out.clear();
        assert_eq!(editor.comment(&long, PREFIX, &["we: a"], &mut out), Err(NoRoom));
        assert_eq!(out, long);
    }
}
