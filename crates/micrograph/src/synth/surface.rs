//! Surface: the surface of a specimen under the beam, as one facet for each pixel.
//!
//! A specimen is built from shapes laid over each other from the deepest to the topmost; each shape
//! knows its height and slope at a point exactly, and how much of the pixel it covers, so that edges
//! are smooth without supersampling. Heights are in px, upwards; the centre of pixel `(y, x)` is at
//! the integers `(y, x)`. This module does not know electrons.

use crate::Plane;
use crate::random::Stream;
use crate::smooth::smooth;

/// The bit of surface under one pixel.
#[derive(Clone, Copy, Debug)]
pub(super) struct Facet {
    /// Height in px.
    pub(super) z: f32,
    /// Rise in height for each px downwards on the screen.
    pub(super) slope_y: f32,
    /// Rise in height for each px to the right.
    pub(super) slope_x: f32,
    /// Relative signal of this material where it is flat; 0 gives no signal.
    pub(super) material: f32,
}

/// The facets of all pixels, `[H, W]`, row-major.
#[derive(Clone, Debug)]
pub(super) struct Surface {
    pub(super) height: usize,
    pub(super) width: usize,
    pub(super) facets: Vec<Facet>,
    /// Range in px of the shadows of the relief.
    pub(super) reach_px: f32,
}

impl Surface {
    /// A background at height 0 with `texture` of rms slope `roughness`.
    pub(super) fn background(size: (usize, usize), material: f32, texture: &Texture, roughness: f32) -> Self {
        let (height, width) = size;
        let mut facets = Vec::with_capacity(height * width);
        for y in 0..height {
            facets.extend((0..width).map(|x| {
                texture.laid_on(Facet { z: 0.0, slope_y: 0.0, slope_x: 0.0, material }, (y, x), roughness)
            }));
        }
        Self { height, width, facets, reach_px: 8.0 }
    }

    /// A sheet of height `relief` in px and signal `material`, both `[H, W]`, with the slopes of its heights.
    pub(super) fn of_relief(relief: &Plane, material: &Plane) -> Self {
        let (height, width) = (relief.height(), relief.width());
        let mut facets = Vec::with_capacity(height * width);
        for y in 0..height {
            facets.extend((0..width).map(|x| {
                let [slope_y, slope_x] = slopes(relief, y, x);
                Facet { z: relief.at(y, x), slope_y, slope_x, material: material.at(y, x) }
            }));
        }
        Self { height, width, facets, reach_px: 8.0 }
    }

    /// Lays `texture` of rms slope `roughness` on every pixel.
    pub(super) fn roughen(&mut self, texture: &Texture, roughness: f32) {
        let width = self.width;
        for (index, facet) in self.facets.iter_mut().enumerate() {
            *facet = texture.laid_on(*facet, (index / width, index % width), roughness);
        }
    }

    /// Lays `facet` over the `share` of pixel `(y, x)`, in `[0, 1]`.
    pub(super) fn cover(&mut self, y: usize, x: usize, share: f32, facet: Facet) {
        let below = &mut self.facets[y * self.width + x];
        let blend = |below: f32, above: f32| below + (above - below) * share;
        *below = Facet {
            z: blend(below.z, facet.z),
            slope_y: blend(below.slope_y, facet.slope_y),
            slope_x: blend(below.slope_x, facet.slope_x),
            material: blend(below.material, facet.material),
        };
    }

    /// Rows and columns of the pixels within `reach` of the point `(y, x)`, clipped to the surface.
    pub(super) fn around(
        &self,
        (y, x): (f64, f64),
        reach: f64,
    ) -> (std::ops::Range<usize>, std::ops::Range<usize>) {
        let span = |centre: f64, length: usize| {
            let start = (centre - reach).ceil().clamp(0.0, length as f64) as usize;
            let end = (centre + reach + 1.0).floor().clamp(start as f64, length as f64) as usize;
            start..end
        };
        (span(y, self.height), span(x, self.width))
    }
}

/// Rise of `plane` for each px downwards and to the right.
pub(super) fn slopes(plane: &Plane, y: usize, x: usize) -> [f32; 2] {
    let (above, below) = (y.saturating_sub(1), (y + 1).min(plane.height() - 1));
    let (left, right) = (x.saturating_sub(1), (x + 1).min(plane.width() - 1));
    [(plane.at(below, x) - plane.at(above, x)) / 2.0, (plane.at(y, right) - plane.at(y, left)) / 2.0]
}

/// The wall of a line, pillar or hole: rises by 1 over `wall_px` about the edge.
///
/// `depth_px` is the distance from the edge, positive inside. Returns the height in `[0, 1]`, and its
/// slope towards the inside.
pub(super) fn wall(depth_px: f32, wall_px: f32) -> (f32, f32) {
    let share = (depth_px / wall_px + 0.5).clamp(0.0, 1.0);
    // smoothstep: corners are rounded as etched and resist edges are
    (share * share * (3.0 - 2.0 * share), 6.0 * share * (1.0 - share) / wall_px)
}

/// A random relief of rms slope 1 that can be laid on any facet.
#[derive(Clone, Debug)]
pub(super) struct Texture {
    height: usize,
    width: usize,
    /// Height, slope downwards, slope to the right.
    reliefs: Vec<[f32; 3]>,
}

impl Texture {
    /// A relief with grains of about `grain_px` and finer ones on them.
    pub(super) fn new((height, width): (usize, usize), grain_px: f64, stream: &mut Stream) -> Self {
        let mut relief = vec![0.0_f32; height * width];
        let mut grain = grain_px;
        let mut strength = 1.0;
        // three octaves: finer ones vanish in the blur of the beam
        for _ in 0..3 {
            if grain < 1.0 {
                break;
            }
            add_bumps(&mut relief, width, grain, strength, stream);
            grain /= 2.0;
            strength *= 0.5;
        }
        let relief = smooth(&Plane::new(height, width, relief), 0.7);
        let mut reliefs = Vec::with_capacity(height * width);
        for y in 0..height {
            for x in 0..width {
                let [slope_y, slope_x] = slopes(&relief, y, x);
                reliefs.push([relief.at(y, x), slope_y, slope_x]);
            }
        }
        let sum: f64 = reliefs.iter().map(|[_, sy, sx]| f64::from(sy * sy + sx * sx)).sum();
        let rms = (sum / reliefs.len() as f64).sqrt();
        if rms > 0.0 {
            let scale = (1.0 / rms) as f32;
            reliefs.iter_mut().flatten().for_each(|value| *value *= scale);
        }
        Self { height, width, reliefs }
    }

    /// `facet` with the texture at `(y, x)` on it, repeated beyond its border, of rms slope `roughness`.
    pub(super) fn laid_on(&self, facet: Facet, (y, x): (usize, usize), roughness: f32) -> Facet {
        let [z, slope_y, slope_x] = self.reliefs[y % self.height * self.width + x % self.width];
        Facet {
            z: facet.z + roughness * z,
            slope_y: facet.slope_y + roughness * slope_y,
            slope_x: facet.slope_x + roughness * slope_x,
            material: facet.material,
        }
    }
}

/// Adds smooth bumps of random heights on a square net of `grain` px to `relief`.
fn add_bumps(relief: &mut [f32], width: usize, grain: f64, strength: f32, stream: &mut Stream) {
    let height = relief.len() / width;
    let columns = (width as f64 / grain) as usize + 3;
    let rows = (height as f64 / grain) as usize + 3;
    let knots: Vec<f32> = (0..rows * columns).map(|_| stream.normal() as f32 * strength).collect();
    let (shift_y, shift_x) = (stream.uniform(), stream.uniform());
    let place = |index: usize, shift: f64| {
        let position = index as f64 / grain + shift;
        let share = position.fract() as f32;
        (position as usize, share * share * (3.0 - 2.0 * share))
    };
    let columns_of: Vec<(usize, f32)> = (0..width).map(|x| place(x, shift_x)).collect();
    for (y, row) in relief.chunks_exact_mut(width).enumerate() {
        let (knot_y, share_y) = place(y, shift_y);
        let upper = &knots[knot_y * columns..(knot_y + 1) * columns];
        let lower = &knots[(knot_y + 1) * columns..(knot_y + 2) * columns];
        for (value, &(knot_x, share_x)) in row.iter_mut().zip(&columns_of) {
            let top = upper[knot_x] + (upper[knot_x + 1] - upper[knot_x]) * share_x;
            let bottom = lower[knot_x] + (lower[knot_x + 1] - lower[knot_x]) * share_x;
            *value += top + (bottom - top) * share_y;
        }
    }
}
