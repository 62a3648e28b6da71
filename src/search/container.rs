//! What kind of file an image is: raw memory, an ELF core, `LiME`, or something that must be unpacked first.

use std::fmt;

use elf::endian::AnyEndian;
use elf::file::{Class, ELF32_EHDR_TAILSIZE, ELF64_EHDR_TAILSIZE, FileHeader, parse_ident};
use elf::parse::ParseAt;
use elf::section::SectionHeader;
use elf::segment::ProgramHeader;

use super::image::{Image, Run};

/// Bytes at the start of an image that tell its kind.
pub const HEAD_LENGTH: usize = 64;

/// The kind of an image, as its first bytes tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Container {
    /// Memory as it is.
    Raw,
    /// An ELF file, such as a core dump.
    Elf,
    /// `LiME`: ranges of physical memory, each behind a header.
    Lime,
    /// gzip (RFC 1952).
    Gzip,
    /// Zstandard (RFC 8878).
    Zstd,
    /// A form that another program must unpack.
    Packed {
        /// What it is.
        name: &'static str,
        /// The command that unpacks it.
        remedy: &'static str,
    },
}

/// First bytes and what they mean. `LiME` and AVML write their magic numbers little-endian.
const MAGICS: &[(&[u8], Container)] = &[
    (b"\x7fELF", Container::Elf),
    (b"EMiL\x01\0\0\0", Container::Lime),
    (b"\x1f\x8b\x08", Container::Gzip),
    (b"\x28\xb5\x2f\xfd", Container::Zstd),
    (b"AMVL", packed("compressed AVML", "avml-convert FILE IMAGE")),
    (b"EMiL\x02\0\0\0", packed("compressed AVML", "avml-convert FILE IMAGE")),
    (b"\xfd7zXZ\0", packed("xz", "xz -dc FILE > IMAGE; for a core of systemd: coredumpctl dump PID -o IMAGE")),
    (b"\x04\x22\x4d\x18", packed("LZ4", "lz4 -dc FILE > IMAGE; for a core of systemd: coredumpctl dump PID -o IMAGE")),
    (b"\x02\x21\x4c\x18", packed("LZ4", "lz4 -dc FILE > IMAGE; for a core of systemd: coredumpctl dump PID -o IMAGE")),
    (b"BZh", packed("bzip2", "bzip2 -dc FILE > IMAGE")),
    (b"PK\x03\x04", packed("a ZIP archive", "unzip FILE")),
    (b"7z\xbc\xaf\x27\x1c", packed("a 7-Zip archive", "7z x FILE")),
    (b"KDUMP   ", packed("a compressed kernel dump", "makedumpfile -d 0 -E FILE IMAGE.elf")),
    (b"QEVM", packed("a saved QEMU machine", "virsh dump --memory-only DOMAIN IMAGE.elf, while it runs")),
    (b"QFI\xfb", packed("a qcow2 disk", "virsh dump --memory-only DOMAIN IMAGE.elf, while the machine runs")),
    (b"LibvirtQemudSave", packed("a saved libvirt domain", "virsh dump --memory-only DOMAIN IMAGE.elf, while it runs")),
    (b"hibr", packed("a Windows hibernation file", "volatility's windows.hibernation plugins, to raw memory")),
];

const fn packed(name: &'static str, remedy: &'static str) -> Container {
    Container::Packed { name, remedy }
}

impl Container {
    /// The kind of an image that begins with some bytes.
    #[must_use]
    pub fn of(head: &[u8]) -> Self {
        MAGICS.iter().find(|(magic, _)| head.starts_with(magic)).map_or(Self::Raw, |(_, container)| *container)
    }
}

/// Why the runs of an image cannot be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum DamagedImage {
    /// The ELF header is not whole or not valid.
    ElfHeader,
    /// The table of segments is cut off or impossibly long.
    ElfSegments {
        /// Where the table should be, in bytes of the image.
        offset: u64,
    },
    /// No `LiME` header at the place of one.
    LimeHeader {
        /// Where it should be, in bytes of the image.
        offset: u64,
    },
}

impl fmt::Display for DamagedImage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ElfHeader => write!(f, "the ELF header is damaged or cut off"),
            Self::ElfSegments { offset } => write!(f, "the table of segments at byte {offset} is damaged or cut off"),
            Self::LimeHeader { offset } => write!(f, "there is no LiME header at byte {offset}, where one should be"),
        }
    }
}

impl std::error::Error for DamagedImage {}

/// Reads bytes of an image into a buffer and tells how many there were.
pub type ReadAt<'r> = &'r mut dyn FnMut(u64, &mut [u8]) -> usize;

impl Image {
    /// The runs of an image of some bytes, and how many bytes its headers promise that are not there.
    pub fn of(length: u64, read: ReadAt<'_>) -> Result<(Self, u64), DamagedImage> {
        let mut head = [0; HEAD_LENGTH];
        let count = read(0, &mut head);
        let head = head.get(..count).unwrap_or_default();
        match Container::of(head) {
            Container::Elf => elf(length, head, read),
            Container::Lime => lime(length, read),
            _ => Ok((Self::raw(length), 0)),
        }
    }
}

/// A segment that is loaded (`PT_LOAD`).
const LOAD: u32 = 1;
/// More segments than the ELF header can count (`PN_XNUM`).
const MANY_SEGMENTS: u16 = 0xffff;
/// The most segments that are read; Linux lets a process have 65,530 mappings unless told otherwise.
const MAX_SEGMENTS: u64 = 1 << 20;

/// The loaded segments of an ELF file; all of the file if it has none.
fn elf(length: u64, head: &[u8], read: ReadAt<'_>) -> Result<(Image, u64), DamagedImage> {
    let tail = head.get(16..).ok_or(DamagedImage::ElfHeader)?;
    let ident = parse_ident::<AnyEndian>(head).map_err(|_| DamagedImage::ElfHeader)?;
    let tail = match ident.1 {
        Class::ELF32 => tail.get(..ELF32_EHDR_TAILSIZE),
        Class::ELF64 => tail.get(..ELF64_EHDR_TAILSIZE),
    };
    let tail = tail.ok_or(DamagedImage::ElfHeader)?;
    let header = FileHeader::parse_tail(ident, tail).map_err(|_| DamagedImage::ElfHeader)?;
    let damaged = DamagedImage::ElfSegments { offset: header.e_phoff };
    let count = if header.e_phnum == MANY_SEGMENTS {
        let mut section = vec![0; SectionHeader::size_for(header.class)];
        read(header.e_shoff, &mut section);
        let first = SectionHeader::parse_at(header.endianness, header.class, &mut 0, &section).map_err(|_| damaged)?;
        u64::from(first.sh_info)
    } else {
        u64::from(header.e_phnum)
    };
    let size = ProgramHeader::size_for(header.class);
    if count > MAX_SEGMENTS || (count > 0 && usize::from(header.e_phentsize) != size) {
        return Err(damaged);
    }
    let (mut runs, mut missing) = (Vec::new(), 0);
    let mut segment = vec![0; size];
    for number in 0..count {
        let at = number.checked_mul(size as u64).and_then(|at| at.checked_add(header.e_phoff)).ok_or(damaged)?;
        if read(at, &mut segment) < size {
            return Err(damaged);
        }
        let segment =
            ProgramHeader::parse_at(header.endianness, header.class, &mut 0, &segment).map_err(|_| damaged)?;
        if segment.p_type != LOAD {
            continue;
        }
        // dumps of whole machines have physical addresses only
        let address = if segment.p_vaddr == 0 { segment.p_paddr } else { segment.p_vaddr };
        let there = segment.p_filesz.min(length.saturating_sub(segment.p_offset));
        missing += segment.p_filesz - there;
        runs.push(Run { offset: segment.p_offset, length: there, address: Some(address) });
    }
    if runs.is_empty() { Ok((Image::raw(length), missing)) } else { Ok((Image::new(apart(runs)), missing)) }
}

/// Runs in the order of the image, none of which has bytes of another, however often a damaged header names them.
fn apart(mut runs: Vec<Run>) -> Vec<Run> {
    runs.sort_by_key(|run| run.offset);
    let mut end = 0;
    for run in &mut runs {
        let shared = u64::saturating_sub(end, run.offset).min(run.length);
        run.offset += shared;
        run.length -= shared;
        run.address = run.address.and_then(|address| address.checked_add(shared));
        end = end.max(run.offset + run.length);
    }
    runs
}

/// Bytes of a header of `LiME`: magic number, version, first and last address, reserved.
const LIME_HEADER: usize = 32;

/// The ranges of a `LiME` image (`src/lime.h`).
fn lime(length: u64, read: ReadAt<'_>) -> Result<(Image, u64), DamagedImage> {
    let (mut runs, mut offset) = (Vec::new(), 0_u64);
    while offset < length {
        let damaged = DamagedImage::LimeHeader { offset };
        let mut header = [0; LIME_HEADER];
        let count = read(offset, &mut header);
        let number = |at: usize| header.get(at..).and_then(<[u8]>::first_chunk).copied().map_or(0, u64::from_le_bytes);
        if count < header.len() || Container::of(&header) != Container::Lime || runs.len() as u64 >= MAX_SEGMENTS {
            return Err(damaged);
        }
        let (first, last) = (number(8), number(16));
        let size = last.checked_sub(first).and_then(|size| size.checked_add(1)).ok_or(damaged)?;
        offset += LIME_HEADER as u64;
        let there = size.min(length.saturating_sub(offset));
        runs.push(Run { offset, length: there, address: Some(first) });
        if there < size {
            return Ok((Image::new(runs), size - there));
        }
        offset += size;
    }
    Ok((Image::new(runs), 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(bytes: &[u8]) -> Result<(Image, u64), DamagedImage> {
        Image::of(bytes.len() as u64, &mut |offset, buffer| {
            let from = bytes.get(usize::try_from(offset).unwrap()..).unwrap_or_default();
            let count = from.len().min(buffer.len());
            buffer[..count].copy_from_slice(&from[..count]);
            count
        })
    }

    /// Type, offset, address and length of segments.
    fn core(segments: &[(u32, u64, u64, u64)], length: usize) -> Vec<u8> {
        let mut file = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x04\0\x3e\0\x01\0\0\0".to_vec();
        file.extend([0; 8]);
        file.extend(64_u64.to_le_bytes());
        file.extend([0; 12]);
        for field in [64, 56, u16::try_from(segments.len()).unwrap(), 64, 0, 0] {
            file.extend(field.to_le_bytes());
        }
        for &(kind, offset, address, length) in segments {
            file.extend(kind.to_le_bytes());
            file.extend(6_u32.to_le_bytes());
            for field in [offset, address, 0, length, length, 4096] {
                file.extend(field.to_le_bytes());
            }
        }
        file.resize(length, 0xab);
        file
    }

    #[test]
    fn segments_of_a_core_are_runs_with_addresses() {
        let segments = [(4, 300, 0, 20), (1, 400, 0x7000, 100), (1, 500, 0x7064, 100), (1, 600, 0x9000, 80)];
        let (whole, missing) = image(&core(&segments, 680)).unwrap();
        let run = |offset, length, address| Run { offset, length, address: Some(address) };
        assert_eq!((whole.runs(), missing), (&[run(400, 200, 0x7000), run(600, 80, 0x9000)][..], 0));
        let (cut, missing) = image(&core(&segments, 610)).unwrap();
        assert_eq!((cut.length(), missing), (210, 70));
        let (overlapping, _) = image(&core(&[(1, 400, 0, 100), (1, 300, 7, 150), (1, 420, 9, 10)], 600)).unwrap();
        assert_eq!(overlapping.runs(), [run(300, 150, 7), run(450, 50, 50)]);
        let (none, _) = image(&core(&[(4, 300, 0, 20)], 400)).unwrap();
        assert_eq!(none.runs(), [Run { offset: 0, length: 400, address: None }]);
    }

    #[test]
    fn damage_is_told_with_its_place() {
        let whole = core(&[(1, 400, 0x7000, 100)], 500);
        assert_eq!(image(&whole[..100]).unwrap_err(), DamagedImage::ElfSegments { offset: 64 });
        assert_eq!(image(&whole[..63]).unwrap_err(), DamagedImage::ElfHeader);
        assert_eq!(image(b"\x7fELF").unwrap_err(), DamagedImage::ElfHeader);
        let mut sizes = whole;
        sizes[54] = 57;
        assert!(image(&sizes).is_err());
    }

    #[test]
    fn ranges_of_lime_are_runs() {
        let header = |first: u64, last: u64| {
            [&b"EMiL\x01\0\0\0"[..], &first.to_le_bytes(), &last.to_le_bytes(), &[0; 8]].concat()
        };
        let file = [header(0x1000, 0x10ff), vec![1; 256], header(0x9000, 0x900f), vec![2; 16]].concat();
        let (whole, missing) = image(&file).unwrap();
        let offsets: Vec<_> = whole.runs().iter().map(|run| (run.offset, run.length, run.address.unwrap())).collect();
        assert_eq!((offsets, missing), (vec![(32, 256, 0x1000), (320, 16, 0x9000)], 0));
        assert_eq!(image(&file[..330]).unwrap().1, 6);
        assert_eq!(image(&file[..300]).unwrap_err(), DamagedImage::LimeHeader { offset: 288 });
        assert!(image(&[header(5, 4), vec![0; 9]].concat()).is_err());
        assert!(image(&[header(0, u64::MAX), vec![0; 9]].concat()).is_err());
    }

    #[test]
    fn what_must_be_unpacked_is_known_by_its_first_bytes() {
        assert_eq!(Container::of(b"\x28\xb5\x2f\xfd..."), Container::Zstd);
        assert!(matches!(Container::of(b"\xfd7zXZ\0"), Container::Packed { name: "xz", .. }));
        assert_eq!(Container::of(b""), Container::Raw);
    }
}
