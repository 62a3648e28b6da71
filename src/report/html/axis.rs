//! Where times are across a picture, and the marks on its axis.

use super::legend::Legend;
use super::markup::Html;

/// Where the lanes begin and end, in units of the picture.
pub(super) const LEFT: f64 = 236.0;
/// The end of the lanes.
pub(super) const RIGHT: f64 = 900.0;
/// Width of the picture.
pub(super) const WIDTH: f64 = 1120.0;

/// Round steps in milliseconds, for marks and for bars.
const STEPS: [i64; 33] = [
    1,
    2,
    5,
    10,
    20,
    50,
    100,
    200,
    500,
    1_000,
    2_000,
    5_000,
    10_000,
    20_000,
    30_000,
    60_000,
    120_000,
    300_000,
    600_000,
    1_200_000,
    1_800_000,
    3_600_000,
    7_200_000,
    10_800_000,
    21_600_000,
    43_200_000,
    86_400_000,
    172_800_000,
    604_800_000,
    2_592_000_000,
    7_776_000_000,
    31_536_000_000,
    315_360_000_000,
];

/// The way from time to place.
#[derive(Clone, Copy)]
pub(super) struct Axis {
    first: i64,
    last: i64,
}

impl Axis {
    pub(super) fn new(legend: &Legend<'_>) -> Self {
        Self { first: legend.first, last: legend.last }
    }

    /// Where a time is, in milliseconds since 1970.
    pub(super) fn at(self, millis: i64) -> f64 {
        let share = precise(millis.clamp(self.first, self.last) - self.first) / precise(self.last - self.first);
        LEFT + share * (RIGHT - LEFT)
    }

    /// The marks on the axis: where they are, and when.
    fn marks(self, has_date: bool) -> Vec<i64> {
        // a label takes about so much of the width
        let most = if has_date { 6 } else { 10 };
        let step = self.step(most, 1);
        let start = self.first.div_euclid(step).saturating_add(1).saturating_mul(step);
        (0..=most).map(|number| start.saturating_add(number * step)).take_while(|mark| *mark <= self.last).collect()
    }

    /// The shortest round step that is taken at most so often, and is a multiple of a unit.
    pub(super) fn step(self, most: i64, unit: i64) -> i64 {
        let span = self.last.saturating_sub(self.first);
        let fits = |step: &&i64| **step % unit == 0 && span / **step < most;
        STEPS
            .iter()
            .find(fits)
            .copied()
            .unwrap_or_else(|| (span / most + 1).div_euclid(unit).saturating_add(1).saturating_mul(unit))
    }

    /// Draws the marks, their labels at one height, and lines from there down.
    pub(super) fn draw(self, legend: &Legend<'_>, labels: f64, top: f64, bottom: f64, html: &mut Html) {
        let marks = self.marks(legend.clock.has_date());
        html.raw("<path class=\"grid\" d=\"");
        for mark in &marks {
            html.raw("M").at(self.at(*mark)).raw(" ").at(top).raw("V").at(bottom);
        }
        html.raw("\"/>");
        for mark in marks {
            html.raw("<text class=\"ax\" text-anchor=\"middle\" x=\"").at(self.at(mark)).raw("\" y=\"").at(labels);
            html.raw("\">").text(legend.clock.millis(mark)).raw("</text>");
        }
    }
}

/// A number for drawing.
#[expect(clippy::cast_precision_loss, reason = "a picture does not show the difference")]
pub(super) fn precise(number: i64) -> f64 {
    number as f64
}

/// A count for drawing.
pub(super) fn counted(count: u64) -> f64 {
    precise(i64::try_from(count).unwrap_or(i64::MAX))
}
