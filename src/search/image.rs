//! Where the bytes of an image lie: runs of contiguous memory, and the pieces that they are read in.

use std::ops::Range;

/// Bytes that lie side by side in the image and in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    /// Where it begins in the image, in bytes.
    pub offset: u64,
    /// Its bytes.
    pub length: u64,
    /// The address of its first byte, if the image tells.
    pub address: Option<u64>,
}

impl Run {
    fn end(&self) -> u64 {
        self.offset.saturating_add(self.length)
    }
}

/// The runs of an image.
#[derive(Debug, Clone, Default)]
pub struct Image {
    runs: Vec<Run>,
    /// First address, last address and offset of the runs that have addresses, in ascending order.
    addresses: Vec<(u64, u64, u64)>,
}

impl Image {
    /// An image that is one run without addresses: raw memory.
    #[must_use]
    pub fn raw(length: u64) -> Self {
        Self::new(vec![Run { offset: 0, length, address: None }])
    }

    /// An image of several runs. Neighbours in the image that are neighbours in memory become one run.
    #[must_use]
    pub fn new(runs: Vec<Run>) -> Self {
        let mut joined: Vec<Run> = Vec::new();
        for run in runs.into_iter().filter(|run| run.length > 0) {
            match joined.last_mut() {
                Some(last) if follows(last, &run) => last.length += run.length,
                _ => joined.push(run),
            }
        }
        let mut addresses: Vec<_> = joined
            .iter()
            .filter_map(|run| Some((run.address?, run.address?.saturating_add(run.length - 1), run.offset)))
            .collect();
        addresses.sort_unstable();
        Self { runs: joined, addresses }
    }

    /// The runs, in the order of the image.
    #[must_use]
    pub fn runs(&self) -> &[Run] {
        &self.runs
    }

    /// All bytes of the runs.
    #[must_use]
    pub fn length(&self) -> u64 {
        self.runs.iter().map(|run| run.length).sum()
    }

    /// The address of a byte of the image; `None` if the image does not tell.
    #[must_use]
    pub fn address(&self, offset: u64) -> Option<u64> {
        let run = self.runs.iter().find(|run| (run.offset..run.end()).contains(&offset))?;
        run.address?.checked_add(offset - run.offset)
    }

    /// Where the byte at an address is in the image.
    pub(super) fn offset(&self, address: u64) -> Option<u64> {
        let after = self.addresses.partition_point(|&(first, _, _)| first <= address);
        let &(first, last, offset) = self.addresses.get(after.checked_sub(1)?)?;
        (address <= last).then(|| offset + (address - first))
    }
}

fn follows(last: &Run, next: &Run) -> bool {
    let address = last.address.map(|address| address.checked_add(last.length));
    last.end() == next.offset && address == next.address.map(Some)
}

/// Bytes that a pass looks at in one go.
pub(super) const OWN_LENGTH: usize = 1 << 20;
/// Bytes that are read beside them on either side, so that a key and what belongs to it are seen together.
pub(super) const MARGIN_LENGTH: usize = 4096 + 128;
/// The most bytes that one piece has.
pub const PIECE_LENGTH: usize = OWN_LENGTH + 2 * MARGIN_LENGTH;

const OWN: u64 = OWN_LENGTH as u64;
const MARGIN: u64 = MARGIN_LENGTH as u64;

/// Part of a run that a pass looks at.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Span {
    image: usize,
    run: Run,
    /// Bytes of the image.
    own: Range<u64>,
    /// Number of its first piece.
    first: u64,
}

/// A piece to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cut {
    /// n-th image, from 0.
    pub image: usize,
    /// The bytes to read, in bytes of the image; [`PIECE_LENGTH`] at most.
    pub read: Range<u64>,
    /// The candidates that begin here are this piece's; the bytes around them are there to be looked at.
    pub(super) own: Range<u64>,
    /// Where its run begins, which alignment is counted from.
    pub(super) run: u64,
}

impl Cut {
    /// Bytes that no other piece of the step looks at.
    #[must_use]
    pub fn own_length(&self) -> u64 {
        self.own.end - self.own.start
    }
}

/// What one pass reads.
#[derive(Debug, Clone, Default)]
pub(super) struct Cuts {
    spans: Vec<Span>,
    pieces: u64,
}

impl Cuts {
    /// All of all images, but for the pieces that are not wanted by their image and beginning.
    pub(super) fn all(images: &[Image], is_wanted: impl Fn(usize, u64) -> bool) -> Self {
        let mut cuts = Self::default();
        for (number, image) in images.iter().enumerate() {
            for run in &image.runs {
                let mut from = run.offset;
                while from < run.end() {
                    let ends = |start: u64| start.saturating_add(OWN).min(run.end());
                    let (is_next, mut to) = (is_wanted(number, from), ends(from));
                    while to < run.end() && is_wanted(number, to) == is_next {
                        to = ends(to);
                    }
                    if is_next {
                        cuts.push(number, *run, from..to);
                    }
                    from = to;
                }
            }
        }
        cuts
    }

    /// Ranges of images, as far as they lie in the run of their middle; those that overlap become one.
    pub(super) fn ranges(images: &[Image], mut around: Vec<(usize, u64, u64)>) -> Self {
        let mut cuts = Self::default();
        around.sort_unstable();
        for (number, middle, reach) in around {
            let Some(image) = images.get(number) else { continue };
            let Some(run) = image.runs.iter().find(|run| (run.offset..run.end()).contains(&middle)) else { continue };
            let own = middle.saturating_sub(reach).max(run.offset)..middle.saturating_add(reach).min(run.end());
            match cuts.spans.last_mut() {
                Some(last) if last.image == number && last.run == *run && own.start <= last.own.end => {
                    last.own.end = last.own.end.max(own.end);
                    cuts.pieces = last.first + pieces(&last.own);
                }
                _ => cuts.push(number, *run, own),
            }
        }
        cuts
    }

    fn push(&mut self, image: usize, run: Run, own: Range<u64>) {
        let first = self.pieces;
        self.pieces += pieces(&own);
        self.spans.push(Span { image, run, own, first });
    }

    /// The n-th piece, from 0.
    pub(super) fn get(&self, number: u64) -> Option<Cut> {
        let after = self.spans.partition_point(|span| span.first <= number);
        let span = self.spans.get(after.checked_sub(1)?)?;
        let start = span.own.start + OWN * (number - span.first);
        let own = start..start.saturating_add(OWN).min(span.own.end);
        if own.is_empty() {
            return None;
        }
        let read = own.start.saturating_sub(MARGIN).max(span.run.offset)..(own.end + MARGIN).min(span.run.end());
        Some(Cut { image: span.image, read, own, run: span.run.offset })
    }

    pub(super) fn pieces(&self) -> u64 {
        self.pieces
    }

    pub(super) fn length(&self) -> u64 {
        self.spans.iter().map(|span| span.own.end - span.own.start).sum()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }
}

fn pieces(own: &Range<u64>) -> u64 {
    (own.end - own.start).div_ceil(OWN)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(offset: u64, length: u64, address: u64) -> Run {
        Run { offset, length, address: Some(address) }
    }

    #[test]
    fn neighbours_become_one_run() {
        let image = Image::new(vec![run(64, 10, 1000), run(74, 5, 1010), run(79, 5, 2000), run(90, 0, 1)]);
        assert_eq!(image.runs(), [run(64, 15, 1000), run(79, 5, 2000)]);
        assert_eq!((image.address(78), image.address(79), image.address(84)), (Some(1014), Some(2000), None));
        assert_eq!((image.offset(1014), image.offset(1015), image.offset(2004)), (Some(78), None, Some(83)));
        assert_eq!((image.offset(999), image.offset(u64::MAX)), (None, None));
    }

    #[test]
    fn every_byte_is_the_own_of_one_piece() {
        let images = [Image::raw(3 * OWN + 5), Image::new(vec![run(7, OWN, 0), run(OWN + 7, 1, 9 * OWN)])];
        let cuts = Cuts::all(&images, |_, _| true);
        let all: Vec<Cut> = (0..).map_while(|number| cuts.get(number)).collect();
        let total: u64 = all.iter().map(|cut| cut.own.end - cut.own.start).sum();
        assert_eq!((all.len(), total), (6, images.iter().map(Image::length).sum()));
        assert_eq!(all[1].read, OWN - MARGIN..2 * OWN + MARGIN);
        assert_eq!(all[4].read, 7..OWN + 7);
        assert!(all.iter().all(|cut| cut.read.end - cut.read.start <= PIECE_LENGTH as u64));
    }

    #[test]
    fn pieces_that_are_left_out_do_not_move_the_others() {
        let images = [Image::raw(4 * OWN + 5), Image::raw(OWN)];
        let all = Cuts::all(&images, |_, _| true);
        let some = Cuts::all(&images, |image, start| image == 0 && start != OWN && start != 3 * OWN);
        let own = |cuts: &Cuts| (0..).map_while(|number| cuts.get(number)).map(|cut| cut.own).collect::<Vec<_>>();
        let kept: Vec<_> = [0, 2, 4].into_iter().map(|number| own(&all)[number].clone()).collect();
        assert_eq!((own(&some), some.pieces(), some.length()), (kept, 3, 2 * OWN + 5));
        assert!(Cuts::all(&images, |_, _| false).is_empty());
    }

    #[test]
    fn ranges_stay_in_their_run_and_do_not_overlap() {
        let images = [Image::new(vec![run(0, 100, 0), run(100, 100, 1000)])];
        let cuts = Cuts::ranges(&images, vec![(0, 120, 30), (0, 10, 30), (0, 150, 30), (0, 500, 3), (4, 0, 1)]);
        let own: Vec<_> = (0..).map_while(|number| cuts.get(number)).map(|cut| cut.own).collect();
        assert_eq!(own, [0..40, 100..180]);
    }
}
