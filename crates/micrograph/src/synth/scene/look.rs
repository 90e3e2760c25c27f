//! How objects look: their level against the background, how brightness changes from the rim to the
//! centre, facets, texture, halos, and whether what lies below shines through.

use super::shape::Point;
use crate::random::Stream;

/// What all objects of one kind in a scene have in common.
#[derive(Clone, Debug)]
pub(super) struct Look {
    /// Grey level of the objects.
    level: f32,
    /// Standard deviation of the level between objects.
    level_spread: f32,
    /// Added at the rim.
    rim: f32,
    rim_px: f32,
    /// Added in the centre, where the object is like a dome.
    dome: f32,
    /// Shading by a light from one side.
    side: f32,
    light: [f32; 2],
    /// Differences of level between facets, and how many there are.
    facets: f32,
    n_facets: usize,
    /// Texture inside.
    texture: f32,
    texture_px: f32,
    /// Another level in the centre, out to this share: core and shell, or hollow.
    core: f32,
    core_share: f32,
    /// How much of what lies below is seen.
    transparent: f32,
    /// Added outside the rim.
    halo: f32,
    halo_px: f32,
    /// Width of the edge.
    edge_px: f32,
}

/// The look of one object.
#[derive(Clone, Debug)]
pub(super) struct One {
    look: Look,
    level: f32,
    turn: f32,
    /// Levels of its facets.
    facets: Vec<f32>,
    texture: [f32; 2],
    key: u64,
}

impl Look {
    /// Of particles of `diameter` px on a background of `level`.
    pub(super) fn of_particles(diameter: f64, level: f32, random: &mut Stream) -> Self {
        let transmitted = random.uniform() < 0.4;
        let mut look = Self::plain(diameter, random);
        let contrast = (0.06 + 0.6 * random.uniform().powf(1.3)) as f32;
        let brighter = if transmitted { random.uniform() < 0.2 } else { random.uniform() < 0.85 };
        look.level = if brighter { level + contrast } else { level - contrast };
        if transmitted {
            look.rim = 0.0;
            look.side = 0.0;
            // thickness: darker towards the centre, or even
            look.dome = if random.uniform() < 0.6 { (look.level - level) * 0.6 } else { 0.0 };
            look.transparent = if random.uniform() < 0.6 { random.between(0.2, 0.7) as f32 } else { 0.0 };
            // Fresnel fringe
            look.halo = if random.uniform() < 0.4 { 0.12 * random.normal() as f32 } else { 0.0 };
            look.halo_px = 2.0;
        } else {
            // some differ from the background by their rim only
            if random.uniform() < 0.15 {
                look.level = level + 0.05 * random.normal() as f32;
                look.rim = 0.2 + 0.3 * random.uniform() as f32;
            }
        }
        if random.uniform() < 0.12 {
            look.core_share = random.between(0.2, 0.75) as f32;
            look.core = 0.35 * random.normal() as f32;
        }
        look
    }

    /// Of holes: dark, often with a bright edge.
    pub(super) fn of_pores(diameter: f64, level: f32, random: &mut Stream) -> Self {
        let mut look = Self::plain(diameter, random);
        look.level = level - (0.1 + 0.5 * random.uniform()) as f32;
        look.rim = 0.0;
        // what distinguishes them from dark particles: darker towards the middle, and a bright edge outside
        look.dome = -(0.1 + 0.25 * random.uniform()) as f32;
        look.facets = 0.0;
        look.halo = (0.08 + 0.3 * random.uniform()) as f32;
        look.halo_px = (1.5 + 3.0 * random.uniform()) as f32;
        look
    }

    fn plain(diameter: f64, random: &mut Stream) -> Self {
        let (sin, cos) = random.between(0.0, std::f64::consts::TAU).sin_cos();
        let chance = |random: &mut Stream, share: f64, most: f64| {
            if random.uniform() < share { (most * random.uniform()) as f32 } else { 0.0 }
        };
        Self {
            level: 0.5,
            level_spread: (0.1 * random.uniform().powi(2)) as f32,
            rim: chance(random, 0.6, 0.5),
            rim_px: (1.0 + random.between(0.02, 0.15) * diameter) as f32,
            dome: chance(random, 0.4, 0.5) - chance(random, 0.3, 0.3),
            side: chance(random, 0.4, 0.35),
            light: [sin as f32, cos as f32],
            facets: chance(random, 0.25, 0.2),
            n_facets: 2 + random.below(4),
            texture: chance(random, 0.5, 0.15),
            texture_px: (1.5 + random.uniform() * diameter * 0.2) as f32,
            core: 0.0,
            core_share: 0.0,
            transparent: 0.0,
            halo: if random.uniform() < 0.35 { -0.25 * random.uniform() as f32 } else { 0.0 },
            halo_px: (1.0 + random.between(0.02, 0.3) * diameter) as f32,
            edge_px: (0.6 + 2.0 * random.uniform().powi(3)) as f32,
        }
    }

    /// One object; `depth` darkens it.
    pub(super) fn one(&self, depth: f32, random: &mut Stream) -> One {
        One {
            level: (self.level + self.level_spread * random.normal() as f32) * (1.0 - depth),
            turn: random.uniform() as f32,
            facets: (0..self.n_facets).map(|_| self.facets * random.normal() as f32).collect(),
            texture: [random.uniform() as f32, random.uniform() as f32],
            key: random.bits(),
            look: self.clone(),
        }
    }
}

impl One {
    /// How far outside the shape it still changes the image.
    pub(super) fn halo_px(&self) -> f64 {
        f64::from(if self.look.halo == 0.0 { self.look.edge_px } else { 2.5 * self.look.halo_px }) + 1.0
    }

    /// The value of the pixel at `(y, x)` after painting over `below`.
    pub(super) fn over(&self, below: f32, point: &Point, (y, x): (usize, usize)) -> f32 {
        let look = &self.look;
        let cover = (point.depth_px / look.edge_px + 0.5).clamp(0.0, 1.0);
        let mut under = below;
        if look.halo != 0.0 && cover < 1.0 {
            under += look.halo * (point.depth_px.min(0.0) / look.halo_px).exp();
        }
        if cover == 0.0 {
            return under;
        }
        let inside = point.share.min(1.0);
        let dome = (1.0 - inside * inside).sqrt();
        let mut value = self.level + look.dome * (dome - 0.5);
        value += look.rim * (-point.depth_px.max(0.0) / look.rim_px).exp();
        value += look.side * inside * (look.light[0] * point.outwards[0] + look.light[1] * point.outwards[1]);
        if look.facets > 0.0 {
            let sector = (point.angle / std::f32::consts::TAU + self.turn) * self.facets.len() as f32;
            value += self.facets[sector as usize % self.facets.len()];
        }
        if inside < look.core_share {
            value += look.core;
        }
        if look.texture > 0.0 {
            let at = [0, 1].map(|axis| [y, x][axis] as f32 / look.texture_px + 100.0 * self.texture[axis]);
            value += look.texture * grain(self.key, at);
        }
        if look.transparent > 0.0 {
            value += look.transparent * (under - self.level.max(under)).min(0.0);
        }
        under + (value - under) * cover
    }
}

/// Smooth noise of about unit size, in `[-1, 1]`.
pub(super) fn grain(key: u64, [y, x]: [f32; 2]) -> f32 {
    // turned, so that its squares do not follow the rows
    let (sin, cos) = ((key >> 32) as f32).sin_cos();
    let (y, x) = (y * cos - x * sin, y * sin + x * cos);
    let corner = |dy: i64, dx: i64| {
        let (i, j) = (y.floor() as i64 + dy, x.floor() as i64 + dx);
        let mut bits = key
            ^ (i as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15)
            ^ (j as u64).wrapping_mul(0xc2b2_ae3d_27d4_eb4f);
        bits = (bits ^ (bits >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        ((bits >> 40) as f32) / (1_u32 << 23) as f32 - 1.0
    };
    let (v, u) = (y - y.floor(), x - x.floor());
    let (v, u) = (v * v * (3.0 - 2.0 * v), u * u * (3.0 - 2.0 * u));
    let top = corner(0, 0) * (1.0 - u) + corner(0, 1) * u;
    let bottom = corner(1, 0) * (1.0 - u) + corner(1, 1) * u;
    top * (1.0 - v) + bottom * v
}
