//! Large images: what is measured in place of an image that would need too much memory.
//!
//! Spectra, segmentations and gradients hold a dozen planes at once. Up to [`MOST_PX`] they see the image itself. A
//! larger one is measured on a copy reduced to [`WORKING_PX`], in which each pixel is the mean of a square; where
//! what is found there is too fine for it, and for orientation, on as many pixels in the middle of the image, as they
//! are. All results
//! are then brought back to px of the image, with a text that says in which of the two they were found.

use super::count::{Count, Labels};
use super::fibers::Fibers;
use super::grating::{Grating, n_lines};
use super::lattice::Lattice;
use super::pores::Pores;
use super::quantity::{Quantity, Unit};
use crate::smooth::averaged;
use crate::{Plane, Rect};

/// Pixels up to which an image is measured as it is: 4096 × 4096.
const MOST_PX: usize = 1 << 24;
/// Pixels of what is measured in place of a larger one.
const WORKING_PX: usize = 1 << 23;
/// Least side of a reduced copy, in px.
const LEAST_SIDE: usize = 256;
/// Most pixels along a side: some of what is measured needs memory for each row.
const LONGEST_SIDE: usize = 1 << 16;

/// A plane that stands for an image.
pub(super) struct Working {
    pub(super) plane: Plane,
    /// Pixels of the image along each side of one of the plane.
    factor: usize,
    /// Row and column of the image where it begins.
    first: [usize; 2],
    /// Rows and columns of the image.
    image: (usize, usize),
}

impl Working {
    /// What `plane` is measured in, the first that resolves what is found: itself, unless it is too large.
    pub(super) fn all(plane: &Plane) -> Vec<Self> {
        Self::within(plane, MOST_PX, WORKING_PX)
    }

    /// The same for other limits.
    fn within(plane: &Plane, most: usize, working: usize) -> Vec<Self> {
        let (height, width) = (plane.height(), plane.width());
        let image = (height, width);
        let n = height * width;
        if n <= most && height.max(width) <= LONGEST_SIDE {
            return vec![Self { plane: plane.clone(), factor: 1, first: [0; 2], image }];
        }
        let mut found = Vec::new();
        let factor = (n as f64 / working as f64).sqrt().ceil() as usize;
        if height.min(width) / factor >= LEAST_SIDE {
            // whole squares only
            let whole = Rect { y: 0, x: 0, height: height / factor * factor, width: width / factor * factor };
            let reduced = averaged(&plane.crop(whole), factor);
            found.push(Self { plane: reduced, factor, first: [0; 2], image });
        }
        let share = (working as f64 / n as f64).sqrt();
        let short = ((height.min(width) as f64 * share) as usize).max(LEAST_SIDE).min(height.min(width));
        let long = (working / short).min(height.max(width)).min(LONGEST_SIDE);
        let (rows, columns) = if height <= width { (short, long) } else { (long, short) };
        let rect = Rect { y: (height - rows) / 2, x: (width - columns) / 2, height: rows, width: columns };
        found.push(Self { plane: plane.crop(rect), factor: 1, first: [rect.y, rect.x], image });
        found
    }

    /// The part `rect` of `plane`, as it is.
    pub(super) fn part(plane: &Plane, rect: Rect) -> Self {
        let image = (plane.height(), plane.width());
        Self { plane: plane.crop(rect), factor: 1, first: [rect.y, rect.x], image }
    }

    /// Whether it is the image itself.
    fn is_whole(&self) -> bool {
        (self.plane.height(), self.plane.width()) == self.image
    }

    /// What was measured in place of the image, in words; `None` if it is the image itself.
    pub(super) fn text(&self) -> Option<String> {
        let (height, width) = (self.plane.height(), self.plane.width());
        match self.factor {
            _ if self.is_whole() => None,
            1 => Some(format!("in the {width} × {height} px in the middle of the image")),
            factor => Some(format!("on a copy of the image reduced {factor} times along each side")),
        }
    }

    /// The position `[y, x]` in the image of one in the plane.
    fn place(&self, place: [f64; 2]) -> [f64; 2] {
        let (factor, half) = (self.factor as f64, (self.factor as f64 - 1.0) / 2.0);
        [0, 1].map(|axis| self.first[axis] as f64 + factor * place[axis] + half)
    }

    /// The part of the image that a part of the plane shows.
    fn rect(&self, rect: Rect) -> Rect {
        Rect {
            y: self.first[0] + self.factor * rect.y,
            x: self.first[1] + self.factor * rect.x,
            height: self.factor * rect.height,
            width: self.factor * rect.width,
        }
    }

    pub(super) fn grating(&self, found: Grating) -> Grating {
        if self.is_whole() {
            return found;
        }
        let factor = self.factor as f64;
        let wave = found.wave.map(|component| component / factor);
        let middle = |height: usize, width: usize| [height, width].map(|side| (side as f64 - 1.0) / 2.0);
        let own = self.place(middle(self.plane.height(), self.plane.width()));
        let of_image = middle(self.image.0, self.image.1);
        // phases are those at the middle, which of a reduced copy may be some px beside that of the image
        let moved = wave[0] * (own[1] - of_image[1]) + wave[1] * (own[0] - of_image[0]);
        let phase = (found.phase + moved).rem_euclid(1.0);
        let mut evidence = found.evidence;
        let part = found.part.map(|part| self.rect(part));
        let mut lines = found.n_lines;
        // lines that fill only a part are all in it
        if part.is_none() {
            evidence.cycles = wave[0].abs() * self.image.1 as f64 + wave[1].abs() * self.image.0 as f64;
            lines = n_lines(self.image, wave, phase);
        }
        Grating {
            pitch: found.pitch.scaled(factor, Unit::Px),
            edge_roughness: found.edge_roughness.map(|found| found.scaled(factor, Unit::Px)),
            width_roughness: found.width_roughness.map(|found| found.scaled(factor, Unit::Px)),
            n_lines: lines,
            part,
            wave,
            phase,
            evidence,
            ..found
        }
    }

    pub(super) fn lattice(&self, mut found: Lattice) -> Lattice {
        if self.is_whole() {
            return found;
        }
        let factor = self.factor as f64;
        for length in [&mut found.first, &mut found.second, &mut found.placement] {
            *length = length.scaled(factor, Unit::Px);
        }
        found.vectors = found.vectors.map(|vector| vector.map(|part| factor * part));
        found.origin = self.place(found.origin);
        found.part = found.part.map(|part| self.rect(part));
        for site in &mut found.sites {
            site.expected = self.place(site.expected);
            site.found = site.found.map(|found| self.place(found));
        }
        found.extra.iter_mut().for_each(|place| *place = self.place(*place));
        found
    }

    pub(super) fn pores(&self, mut found: Pores) -> Pores {
        let factor = self.factor as f64;
        let scaled = |quantity: &Quantity| quantity.scaled(factor, Unit::Px);
        found.mean_diameter_px = found.mean_diameter_px.as_ref().map(scaled);
        found.median_diameter_px = found.median_diameter_px.as_ref().map(scaled);
        for bin in &mut found.sizes {
            (bin.from_px, bin.to_px) = (factor * bin.from_px, factor * bin.to_px);
        }
        for region in &mut found.regions {
            [region.y, region.x] = self.place([region.y, region.x]);
            region.bounds = self.rect(region.bounds);
            region.area_px *= self.factor * self.factor;
            region.diameter_px *= factor;
        }
        found
    }

    pub(super) fn count(&self, mut found: Count) -> Count {
        if self.is_whole() {
            return found;
        }
        let factor = self.factor as f64;
        found.area_px *= factor * factor;
        for length in [&mut found.mean_diameter_px, &mut found.median_diameter_px, &mut found.nearest_px] {
            *length = length.as_ref().map(|length| length.scaled(factor, Unit::Px));
        }
        for bin in &mut found.sizes {
            (bin.from_px, bin.to_px) = (factor * bin.from_px, factor * bin.to_px);
        }
        for region in &mut found.regions {
            [region.y, region.x] = self.place([region.y, region.x]);
            region.area_px *= self.factor * self.factor;
            region.diameter_px *= factor;
            region.nearest_px = region.nearest_px.map(|nearest| factor * nearest);
            region.bounds = self.rect(region.bounds);
        }
        found
    }

    pub(super) fn labels(&self, labels: Labels) -> Labels {
        Labels { factor: self.factor, first: self.first, ..labels }
    }

    /// Its pixels for each one of the image, along an axis.
    pub(super) fn px(&self) -> f64 {
        1.0 / self.factor as f64
    }

    pub(super) fn fibers(&self, mut found: Fibers) -> Fibers {
        if self.is_whole() {
            return found;
        }
        let factor = self.factor as f64;
        for length in [&mut found.mean_diameter_px, &mut found.median_diameter_px] {
            *length = length.scaled(factor, Unit::Px);
        }
        found.length_px *= factor;
        found.spread_px *= factor;
        for bin in &mut found.diameters {
            (bin.from_px, bin.to_px) = (factor * bin.from_px, factor * bin.to_px);
        }
        for point in &mut found.points {
            [point.y, point.x] = self.place([point.y, point.x]);
            point.diameter_px *= factor;
            point.length_px *= factor;
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::count::{CountConfig, particles};
    use crate::measure::{GratingConfig, LatticeConfig, grating, lattice};
    use crate::random::Stream;

    /// What stands for `plane` if 2¹⁸ px are too many: a copy reduced by three, and its middle.
    fn working(plane: &Plane) -> Vec<Working> {
        Working::within(plane, 1 << 18, 1 << 17)
    }

    fn lines(pitch_px: f64) -> Plane {
        let mut stream = Stream::new(1, "test", 0);
        Plane::from_fn(800, 901, |y, x| {
            let turns = (0.8 * x as f64 + 0.6 * y as f64) / pitch_px;
            (100.0 + 40.0 * (std::f64::consts::TAU * turns).sin() + 10.0 * stream.normal()) as f32
        })
    }

    #[test]
    fn images_up_to_the_limit_are_measured_themselves_and_larger_ones_in_less() {
        let plane = Plane::filled(512, 512, 1.0);
        let found = Working::within(&plane, 1 << 18, 1 << 17);
        assert!(found.len() == 1 && found[0].text().is_none() && found[0].plane == plane);
        for (height, width) in [(800, 901), (901, 800), (16, 40_000), (40_000, 16), (300, 3000)] {
            for found in working(&Plane::filled(height, width, 1.0)) {
                let n = found.plane.values().len();
                assert!(n <= 1 << 17 && n > 1 << 15 && found.text().is_some(), "{height} × {width}: {n}");
            }
        }
    }

    #[test]
    fn a_grating_is_that_of_the_image() {
        let plane = lines(48.0);
        let expected = grating(&plane, &GratingConfig::default()).unwrap();
        for working in working(&plane) {
            let found = working.grating(grating(&working.plane, &GratingConfig::default()).unwrap());
            let pitch = &found.pitch;
            assert!((pitch.value - 48.0).abs() < pitch.expanded_uncertainty.max(0.02), "{pitch:?}");
            let cycles = found.evidence.cycles - expected.evidence.cycles;
            assert!(cycles.abs() < 0.05 && found.n_lines.abs_diff(expected.n_lines) <= 1, "{found:?}");
            // the same lines: their phases agree where the lines are known best
            let off = (found.phase - expected.phase + 0.5).rem_euclid(1.0) - 0.5;
            assert!(off.abs() < 0.02, "{} {}", found.phase, expected.phase);
        }
    }

    #[test]
    fn sites_and_particles_are_at_their_places_in_the_image() {
        let mut stream = Stream::new(2, "test", 0);
        let plane = Plane::from_fn(800, 901, |y, x| {
            let off = |at: usize| (at % 60) as f32 - 30.0;
            let disc = 40.0 * (15.0 - off(y).hypot(off(x))).tanh();
            100.0 + disc + 4.0 * stream.normal() as f32
        });
        let near_middle = |[y, x]: [f64; 2]| {
            let off = |at: f64| (at - 30.0 + 30.0).rem_euclid(60.0) - 30.0;
            off(y).abs() < 0.7 && off(x).abs() < 0.7
        };
        for working in working(&plane) {
            let found = working.lattice(lattice(&working.plane, &LatticeConfig::default()).unwrap());
            assert!((found.first.value - 60.0).abs() < 0.05, "{:?}", found.first);
            let places: Vec<[f64; 2]> =
                found.sites.iter().filter(|s| !s.at_edge).filter_map(|s| s.found).collect();
            assert!(places.len() > 8 && places.iter().all(|&place| near_middle(place)), "{places:?}");
            let (found, _) = particles(&working.plane, &CountConfig::default()).unwrap();
            let found = working.count(found);
            let diameter = found.mean_diameter_px.as_ref().unwrap().value;
            assert!((diameter - 30.0).abs() < 1.5, "{diameter}");
            let whole: Vec<_> = found.regions.iter().filter(|region| region.sides.none()).collect();
            assert!(whole.iter().all(|region| near_middle([region.y, region.x])), "{whole:?}");
            let density = found.in_frame.value / found.area_px * 3600.0;
            assert!((density - 1.0).abs() < 0.1, "{density}");
        }
    }

    #[test]
    fn of_an_image_with_a_very_long_side_the_middle_is_measured() {
        for (height, width) in [(250_000, 16), (16, 250_000)] {
            let working = Working::all(&Plane::filled(height, width, 1.0));
            assert_eq!(working.len(), 1);
            let plane = &working[0].plane;
            assert_eq!(
                (plane.height().max(plane.width()), plane.height().min(plane.width())),
                (LONGEST_SIDE, 16)
            );
            let text = working[0].text().unwrap();
            assert!(text.contains("in the middle"), "{text}");
        }
    }
}
