//! Capture files: classic pcap and pcapng, taken apart as their bytes arrive.
//!
//! A [`Reader`] does no I/O and buffers nothing: it is shown what is there and says what it found, how much of it is
//! done with, or how much more it must see. A block that says it is larger than any packet is skipped, not held.

mod pcap;
mod pcapng;
pub mod pcapng_editor;
pub mod pcapng_writer;
mod step;

use self::pcap::Pcap;
use self::pcapng::PcapNg;
pub use self::step::{Damaged, MAX_BLOCK_LENGTH, MAX_PACKET_LENGTH, MAX_SECRETS_LENGTH, Packet, Step, Time};

/// Takes a capture file apart.
#[derive(Debug, Default)]
pub struct Reader {
    container: Option<Container>,
}

#[derive(Debug)]
enum Container {
    Pcap(Pcap),
    PcapNg(PcapNg),
}

impl Reader {
    /// A reader at the start of a file.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Looks at the start of `bytes`.
    // a step of pcap, inlined, stays in registers; the others come back in memory, from which they are taken
    #[inline]
    pub fn step<'b>(&mut self, bytes: &'b [u8]) -> Result<Step<'b>, Damaged> {
        match &mut self.container {
            Some(Container::Pcap(pcap)) => pcap.step(bytes),
            Some(Container::PcapNg(pcapng)) => Ok(pcapng.step(bytes)?),
            None => Ok(self.begin(bytes)?),
        }
    }

    /// Blocks of packets and interfaces that were passed over because they contradict themselves, refer to an interface
    /// that does not exist, or are larger than any packet.
    #[must_use]
    pub fn unusable_blocks(&self) -> u64 {
        match &self.container {
            Some(Container::PcapNg(pcapng)) => pcapng.unusable(),
            _ => 0,
        }
    }

    /// How many of the [unusable blocks](Self::unusable_blocks) are packets: others count them too.
    #[must_use]
    pub fn unusable_packets(&self) -> u64 {
        match &self.container {
            Some(Container::PcapNg(pcapng)) => pcapng.unusable_packets(),
            _ => 0,
        }
    }

    /// Packets that were dropped while the capture was made, as far as it says so (pcapng).
    #[must_use]
    pub fn dropped_packets(&self) -> u64 {
        match &self.container {
            Some(Container::PcapNg(pcapng)) => pcapng.dropped(),
            _ => 0,
        }
    }

    fn begin<'b>(&mut self, bytes: &'b [u8]) -> Result<Step<'b>, Damaged> {
        let Some(magic) = bytes.first_chunk() else { return Ok(Step::Need(4)) };
        if *magic == pcapng::SECTION_HEADER.to_be_bytes() {
            return self.container.insert(Container::PcapNg(PcapNg::default())).step(bytes);
        }
        let Some(header) = bytes.first_chunk() else { return Ok(Step::Need(pcap::HEADER_LENGTH)) };
        self.container = Some(Container::Pcap(Pcap::new(header)?));
        Ok(Step::Skip(pcap::HEADER_LENGTH as u64))
    }
}

impl Container {
    fn step<'b>(&mut self, bytes: &'b [u8]) -> Result<Step<'b>, Damaged> {
        match self {
            Self::Pcap(pcap) => pcap.step(bytes),
            Self::PcapNg(pcapng) => pcapng.step(bytes),
        }
    }
}
