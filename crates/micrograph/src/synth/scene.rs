//! Scenes: pictures with the outline of each particle, fibre and pore in them, for training a network
//! that segments.
//!
//! A scene does not imitate one microscope. Shapes, sizes, arrangement, shading, background, noise and
//! polarity are drawn at random and far apart (domain randomization, Tobin et al. 2017), so that real
//! micrographs, by secondary or transmitted electrons, lie between them. Objects are painted one over
//! the other; the last one owns the pixel. The same size, seed and index give the same scene.

mod arrangement;
mod background;
mod fibers;
mod grains;
mod look;
mod marks;
mod recording;
mod shape;

use crate::random::Stream;
use crate::{ObjectKind, Plane};

use arrangement::Arrangement;
use look::Look;
use shape::Shape;

/// Smallest visible part of an object that counts, in px; smaller ones become background.
const LEAST_VISIBLE_PX: usize = 16;
/// Smallest visible share of an object that counts.
const LEAST_VISIBLE_SHARE: f64 = 0.25;

/// A picture and the objects in it.
#[derive(Clone, Debug)]
pub struct Scene {
    /// Grey values, stretched as micrographs are for networks, `[H, W]`, in `[0, 1]`.
    pub plane: Plane,
    /// The object that owns each pixel, from 1; 0: background. `[H, W]`, row-major.
    pub labels: Vec<u32>,
    /// The kind of object 1, 2, …; those of which too little is seen stay in the list without pixels.
    pub kinds: Vec<ObjectKind>,
}

/// A scene on its way.
struct Canvas {
    height: usize,
    width: usize,
    values: Vec<f32>,
    labels: Vec<u32>,
    kinds: Vec<ObjectKind>,
    /// Pixels of each object before others covered it.
    painted: Vec<usize>,
}

/// Scene number `index` of `seed`, `height` × `width` px.
///
/// # Panics
/// If a side is 0.
///
/// ```
/// use micrograph::synth::scene;
///
/// let found = scene((96, 96), 0, 3);
/// assert_eq!(found.labels.len(), 96 * 96);
/// assert!(found.labels.iter().all(|&label| (label as usize) <= found.kinds.len()));
/// ```
pub fn scene((height, width): (usize, usize), seed: u64, index: u64) -> Scene {
    assert!(height > 0 && width > 0, "a scene has pixels");
    let mut random = Stream::new(seed, "scene", index);
    let mut canvas = Canvas {
        height,
        width,
        values: background::background((height, width), &mut random),
        labels: vec![0; height * width],
        kinds: Vec::new(),
        painted: Vec::new(),
    };
    match random.uniform() {
        share if share < 0.08 => background::structures(&mut canvas, &mut random),
        share if share < 0.66 => particles(&mut canvas, &mut random),
        share if share < 0.72 => {
            background::structures(&mut canvas, &mut random);
            particles(&mut canvas, &mut random);
        }
        share if share < 0.76 => grains::mosaic(&mut canvas, ObjectKind::Particle, &mut random),
        share if share < 0.81 => grains::mosaic(&mut canvas, ObjectKind::Pore, &mut random),
        share if share < 0.86 => pores(&mut canvas, &mut random),
        share if share < 0.97 => fibers::fibers(&mut canvas, &mut random),
        _ => {
            fibers::fibers(&mut canvas, &mut random);
            particles(&mut canvas, &mut random);
        }
    }
    canvas.leave_out_hidden();
    let plane = recording::record(&mut canvas, &mut random);
    Scene { plane, labels: canvas.labels, kinds: canvas.kinds }
}

/// Particles of one look, and at times of a second one.
fn particles(canvas: &mut Canvas, random: &mut Stream) {
    let n_looks = if random.uniform() < 0.15 { 2 } else { 1 };
    for _ in 0..n_looks {
        let diameter = size_px(random, 6.0, 95.0);
        let look = Look::of_particles(diameter, canvas.level(), random);
        let shapes = Shape::family(random);
        let arrangement = Arrangement::random(random);
        let spots = arrangement.spots((canvas.height, canvas.width), diameter, random);
        let n_spots = spots.len();
        for (order, spot) in spots.into_iter().enumerate() {
            let shape = shapes.member(spot.diameter_px, random);
            // what lies deep in a heap is darker
            let depth = arrangement.darkening() * (1.0 - order as f32 / n_spots as f32);
            canvas.paint(ObjectKind::Particle, (spot.y, spot.x), &shape, &look.one(depth, random));
        }
    }
}

/// Single holes in a surface.
fn pores(canvas: &mut Canvas, random: &mut Stream) {
    let diameter = size_px(random, 7.0, 80.0);
    let look = Look::of_pores(diameter, canvas.level(), random);
    let shapes = Shape::family(random);
    let spots = Arrangement::apart(random).spots((canvas.height, canvas.width), diameter, random);
    for spot in spots {
        let shape = shapes.member(spot.diameter_px, random);
        canvas.paint(ObjectKind::Pore, (spot.y, spot.x), &shape, &look.one(0.0, random));
    }
}

/// A length between two, each octave as likely as the next.
fn size_px(random: &mut Stream, least: f64, most: f64) -> f64 {
    random.between(least.ln(), most.ln()).exp()
}

impl Canvas {
    /// Mean grey value so far.
    fn level(&self) -> f32 {
        self.values.iter().sum::<f32>() / self.values.len() as f32
    }

    /// The label of a new object.
    fn begin(&mut self, kind: ObjectKind) -> u32 {
        self.kinds.push(kind);
        self.painted.push(0);
        self.kinds.len() as u32
    }

    /// Gives the pixel at `index` to `label`.
    fn own(&mut self, index: usize, label: u32) {
        self.labels[index] = label;
        self.painted[label as usize - 1] += 1;
    }

    /// Rows and columns within `reach` of `(y, x)`.
    fn around(&self, (y, x): (f64, f64), reach: f64) -> (std::ops::Range<usize>, std::ops::Range<usize>) {
        let span = |centre: f64, length: usize| {
            let start = (centre - reach).floor().clamp(0.0, length as f64) as usize;
            let end = (centre + reach + 1.0).ceil().clamp(start as f64, length as f64) as usize;
            start..end
        };
        (span(y, self.height), span(x, self.width))
    }

    /// Paints one object of `shape` with its centre at `(y, x)`.
    fn paint(&mut self, kind: ObjectKind, (y, x): (f64, f64), shape: &Shape, look: &look::One) {
        let label = self.begin(kind);
        let reach = shape.reach_px() + look.halo_px();
        let (rows, columns) = self.around((y, x), reach);
        for row in rows {
            for column in columns.clone() {
                let point = shape.at(row as f64 - y, column as f64 - x);
                let index = row * self.width + column;
                self.values[index] = look.over(self.values[index], &point, (row, column));
                if point.depth_px >= 0.0 {
                    self.own(index, label);
                }
            }
        }
    }

    /// Makes objects of which too little is seen background.
    fn leave_out_hidden(&mut self) {
        let mut visible = vec![0_usize; self.kinds.len() + 1];
        self.labels.iter().for_each(|&label| visible[label as usize] += 1);
        let counts: Vec<bool> = visible[1..]
            .iter()
            .zip(&self.painted)
            .zip(&self.kinds)
            .map(|((&visible, &painted), &kind)| {
                let whole = kind == ObjectKind::Fiber // crossed by others all along
                    || visible as f64 >= LEAST_VISIBLE_SHARE * painted as f64;
                visible >= LEAST_VISIBLE_PX && whole
            })
            .collect();
        for label in &mut self.labels {
            if *label > 0 && !counts[*label as usize - 1] {
                *label = 0;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scenes_repeat_and_differ_by_index() {
        let (one, again, other) = (scene((64, 80), 1, 5), scene((64, 80), 1, 5), scene((64, 80), 1, 6));
        assert_eq!((one.plane.values(), &one.labels), (again.plane.values(), &again.labels));
        assert_ne!(one.plane.values(), other.plane.values());
    }

    #[test]
    fn every_kind_comes_and_values_stay_in_range() {
        let mut seen = [0; 3];
        let mut empty = 0;
        for index in 0..60 {
            let Scene { plane, labels, kinds } = scene((96, 96), 3, index);
            assert!(plane.values().iter().all(|value| (0.0..=1.0).contains(value)), "scene {index}");
            let mut present: Vec<u32> = labels.into_iter().filter(|&label| label > 0).collect();
            present.sort_unstable();
            present.dedup();
            empty += usize::from(present.is_empty());
            present.iter().for_each(|&label| seen[kinds[label as usize - 1] as usize] += 1);
        }
        assert!(seen.iter().all(|&n| n > 20), "particles, fibres, pores: {seen:?}");
        assert!((1..20).contains(&empty), "scenes without objects: {empty}");
    }
}
