//! Shapes of particles and pores: all star-shaped about their centre but for rods, which are a line with
//! a width.

use crate::random::Stream;

/// A shape that a scene's objects share; members differ in size, turn and details.
#[derive(Clone, Copy, Debug)]
pub(super) enum Family {
    /// Discs and ellipses up to this ratio of axes.
    Ellipses { most: f64 },
    /// Between an ellipse (2) and a rectangle (large exponents).
    Boxes { exponent: f64, most: f64 },
    /// Polygons with this many corners.
    Polygons { n_corners: usize, irregular: f64 },
    /// Rods of this aspect.
    Rods { aspect: f64 },
    /// Outlines with random waves of this strength.
    Lumps { strength: f64 },
}

/// The outline of one object.
#[derive(Clone, Debug)]
pub(super) enum Shape {
    /// Radius at each of equally spaced angles.
    Star { radii: Vec<f32>, mean: f64, reach: f64 },
    /// A line of half length `half`, turned to `(sin, cos)`, with a half width.
    Rod { half: f64, half_width: f64, sin: f64, cos: f64 },
}

/// Where a pixel lies in a shape.
#[derive(Clone, Copy, Debug)]
pub(super) struct Point {
    /// 0 in the centre, 1 at the outline.
    pub share: f32,
    /// Distance from the outline in px, positive inside; about.
    pub depth_px: f32,
    /// Unit vector outwards, rows first.
    pub outwards: [f32; 2],
    /// Angle about the centre in radians.
    pub angle: f32,
}

const N_ANGLES: usize = 256;

impl Shape {
    /// A random family.
    pub(super) fn family(random: &mut Stream) -> Family {
        match random.uniform() {
            share if share < 0.38 => Family::Ellipses { most: 1.0 + 0.25 * random.uniform().powi(2) },
            share if share < 0.48 => Family::Ellipses { most: random.between(1.2, 2.2) },
            share if share < 0.63 => {
                Family::Boxes { exponent: random.between(2.5, 9.0), most: random.between(1.0, 1.7) }
            }
            share if share < 0.74 => {
                Family::Polygons { n_corners: 3 + random.below(6), irregular: random.between(0.0, 0.35) }
            }
            share if share < 0.84 => Family::Rods { aspect: random.between(1.6, 6.0) },
            _ => Family::Lumps { strength: random.between(0.05, 0.3) },
        }
    }

    /// Farthest point from the centre in px.
    pub(super) fn reach_px(&self) -> f64 {
        match self {
            Self::Star { reach, .. } => *reach,
            Self::Rod { half, half_width, .. } => half + half_width,
        }
    }

    /// Where `(y, x)`, relative to the centre, lies.
    pub(super) fn at(&self, y: f64, x: f64) -> Point {
        match self {
            Self::Star { radii, mean, .. } => {
                let distance = y.hypot(x);
                let angle = y.atan2(x).rem_euclid(std::f64::consts::TAU);
                let position = angle / std::f64::consts::TAU * N_ANGLES as f64;
                let (first, part) = (position as usize % N_ANGLES, position.fract());
                let next = (first + 1) % N_ANGLES;
                let radius = f64::from(radii[first]) * (1.0 - part) + f64::from(radii[next]) * part;
                let outwards = [y / distance.max(0.5), x / distance.max(0.5)];
                Point {
                    share: (distance / radius) as f32,
                    depth_px: (radius.min(2.0 * mean) - distance) as f32,
                    outwards: outwards.map(|value| value as f32),
                    angle: angle as f32,
                }
            }
            Self::Rod { half, half_width, sin, cos } => {
                let along = (x * cos + y * sin).clamp(-half, *half);
                let (dy, dx) = (y - along * sin, x - along * cos);
                let distance = dy.hypot(dx);
                let outwards = [dy / distance.max(0.5), dx / distance.max(0.5)];
                Point {
                    share: (distance / half_width) as f32,
                    depth_px: (half_width - distance) as f32,
                    outwards: outwards.map(|value| value as f32),
                    angle: dy.atan2(dx) as f32,
                }
            }
        }
    }

    fn star(radius: impl Fn(f64) -> f64, diameter: f64) -> Self {
        let angles = (0..N_ANGLES).map(|index| index as f64 / N_ANGLES as f64 * std::f64::consts::TAU);
        let raw: Vec<f64> = angles.map(radius).collect();
        // of the area of a disc of this diameter
        let mean_square = raw.iter().map(|radius| radius * radius).sum::<f64>() / N_ANGLES as f64;
        let scale = diameter / 2.0 / mean_square.sqrt();
        let radii: Vec<f32> = raw.iter().map(|radius| (radius * scale) as f32).collect();
        let reach = f64::from(radii.iter().copied().fold(0.0, f32::max));
        Self::Star { radii, mean: diameter / 2.0, reach }
    }
}

impl Family {
    /// A member of the area of a disc of `diameter` px.
    pub(super) fn member(self, diameter: f64, random: &mut Stream) -> Shape {
        let turn = random.between(0.0, std::f64::consts::TAU);
        match self {
            Self::Ellipses { most } => {
                let ratio = random.between(1.0, most.max(1.001));
                Shape::star(superellipse(2.0, ratio, turn), diameter)
            }
            Self::Boxes { exponent, most } => {
                let ratio = random.between(1.0, most.max(1.001));
                Shape::star(superellipse(exponent, ratio, turn), diameter)
            }
            Self::Polygons { n_corners, irregular } => {
                let step = std::f64::consts::TAU / n_corners as f64;
                let corners: Vec<[f64; 2]> = (0..n_corners)
                    .map(|index| {
                        let angle = turn + step * (index as f64 + irregular * (random.uniform() - 0.5));
                        let radius = 1.0 + irregular * (random.uniform() - 0.5);
                        [radius * angle.sin(), radius * angle.cos()]
                    })
                    .collect();
                let rounding = random.between(0.0, 0.3);
                Shape::star(
                    |angle| (1.0 - rounding) * polygon_radius(&corners, angle) + 0.8 * rounding,
                    diameter,
                )
            }
            Self::Rods { aspect } => {
                let aspect = (aspect * random.between(0.8, 1.25)).max(1.3);
                // the area of the line with round ends
                let area = std::f64::consts::FRAC_PI_4 * diameter * diameter;
                let half_width = (area / (4.0 * (aspect - 1.0) + std::f64::consts::PI)).sqrt();
                let (sin, cos) = turn.sin_cos();
                Shape::Rod { half: half_width * (aspect - 1.0), half_width, sin, cos }
            }
            Self::Lumps { strength } => {
                let waves: Vec<(f64, f64, f64)> = (2..9)
                    .map(|order| {
                        let order = f64::from(order);
                        let height = strength * random.normal() / order.powf(0.8);
                        (order, height, random.between(0.0, std::f64::consts::TAU))
                    })
                    .collect();
                let radius = |angle: f64| {
                    let sum: f64 = waves.iter().map(|(n, height, at)| height * (n * angle + at).cos()).sum();
                    (1.0 + sum).max(0.35)
                };
                Shape::star(radius, diameter)
            }
        }
    }
}

/// Radius of |x/a|ⁿ + |y|ⁿ = 1 at an angle, turned.
fn superellipse(exponent: f64, ratio: f64, turn: f64) -> impl Fn(f64) -> f64 {
    move |angle| {
        let (sin, cos) = (angle - turn).sin_cos();
        ((cos / ratio).abs().powf(exponent) + sin.abs().powf(exponent)).powf(-1.0 / exponent)
    }
}

/// Distance from the origin to the outline through `corners` at `angle`.
fn polygon_radius(corners: &[[f64; 2]], angle: f64) -> f64 {
    let (sin, cos) = angle.sin_cos();
    let mut nearest = f64::INFINITY;
    for (index, from) in corners.iter().enumerate() {
        let to = corners[(index + 1) % corners.len()];
        let edge = [to[0] - from[0], to[1] - from[1]];
        // t (sin, cos) = from + s edge
        let determinant = edge[0] * cos - edge[1] * sin;
        if determinant.abs() < 1e-12 {
            continue;
        }
        let t = (edge[0] * from[1] - edge[1] * from[0]) / determinant;
        let s = (sin * from[1] - cos * from[0]) / determinant;
        if t > 0.0 && (-1e-9..=1.0 + 1e-9).contains(&s) {
            nearest = nearest.min(t);
        }
    }
    if nearest.is_finite() { nearest } else { 1.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_have_the_area_of_their_disc() {
        let families = [
            Family::Ellipses { most: 2.0 },
            Family::Boxes { exponent: 6.0, most: 1.5 },
            Family::Polygons { n_corners: 3, irregular: 0.2 },
            Family::Rods { aspect: 4.0 },
            Family::Lumps { strength: 0.2 },
        ];
        let mut random = Stream::new(0, "test", 0);
        for family in families {
            let shape = family.member(60.0, &mut random);
            let pixels = (-90..90).flat_map(|y| (-90..90).map(move |x| (f64::from(y), f64::from(x))));
            let area = pixels.filter(|&(y, x)| shape.at(y, x).share <= 1.0).count() as f64;
            let expected = std::f64::consts::PI * 900.0;
            assert!((area / expected - 1.0).abs() < 0.02, "{family:?}: {area}, expected {expected}");
        }
    }
}
