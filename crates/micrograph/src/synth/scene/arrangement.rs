//! Where objects lie: apart, in touching groups, in a heap, or in a lattice.

use crate::random::Stream;

/// Most objects of one look in a scene.
const MOST: usize = 500;

/// How objects lie in relation to each other.
#[derive(Clone, Copy, Debug)]
pub(super) enum Arrangement {
    /// Randomly placed; they overlap where `gap`, in diameters, is below 0.
    Apart { coverage: f64, gap: f64 },
    /// Chains and islands of objects that touch.
    Groups { n_groups: usize, n_each: usize, gap: f64 },
    /// One upon the other until the background is covered.
    Heap { coverage: f64, darkening: f32 },
    /// A hexagonal or square lattice with missing sites.
    Lattice { spacing: f64, square: bool, missing: f64, jitter: f64 },
}

/// A place for an object.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spot {
    pub y: f64,
    pub x: f64,
    pub diameter_px: f64,
}

impl Arrangement {
    pub(super) fn random(random: &mut Stream) -> Self {
        match random.uniform() {
            share if share < 0.35 => Self::apart(random),
            share if share < 0.62 => Self::Groups {
                n_groups: 1 + random.below(6),
                n_each: 2 + random.below(30),
                gap: random.between(-0.2, 0.12),
            },
            share if share < 0.85 => {
                Self::Heap { coverage: random.between(0.5, 3.0), darkening: random.between(0.0, 0.6) as f32 }
            }
            _ => Self::Lattice {
                spacing: random.between(0.95, 1.8),
                square: random.uniform() < 0.3,
                missing: random.uniform().powi(2) * 0.5,
                jitter: random.uniform().powi(2) * 0.15,
            },
        }
    }

    /// Without overlap.
    pub(super) fn apart(random: &mut Stream) -> Self {
        Self::Apart { coverage: 0.5 * random.uniform().powi(2) + 0.01, gap: random.between(0.02, 0.5) }
    }

    /// How much darker the lowest objects are than the highest.
    pub(super) fn darkening(self) -> f32 {
        match self {
            Self::Heap { darkening, .. } => darkening,
            _ => 0.0,
        }
    }

    /// Places for objects of median `diameter` in an image, the lowest first; some lie across its border.
    pub(super) fn spots(self, size: (usize, usize), diameter: f64, random: &mut Stream) -> Vec<Spot> {
        let spread = 0.5 * random.uniform().powf(1.5); // standard deviation of the logarithm
        let one = |random: &mut Stream| diameter * (spread * random.normal().clamp(-2.5, 2.5)).exp().min(3.0);
        let (height, width) = (size.0 as f64, size.1 as f64);
        let margin = 0.4 * diameter;
        let anywhere = |random: &mut Stream| {
            (random.between(-margin, height + margin), random.between(-margin, width + margin))
        };
        let area = height * width;
        let mut spots: Vec<Spot> = Vec::new();
        match self {
            Self::Apart { coverage, gap } => {
                let mut covered = 0.0;
                for _ in 0..20 * MOST {
                    if covered >= coverage * area || spots.len() >= MOST {
                        break;
                    }
                    let diameter_px = one(random);
                    let (y, x) = anywhere(random);
                    if is_free(&spots, (y, x), diameter_px, gap) {
                        covered += 0.785 * diameter_px * diameter_px;
                        spots.push(Spot { y, x, diameter_px });
                    }
                }
                if spots.is_empty() {
                    let (y, x) = (random.between(0.0, height), random.between(0.0, width));
                    spots.push(Spot { y, x, diameter_px: diameter });
                }
            }
            Self::Groups { n_groups, n_each, gap } => {
                for _ in 0..n_groups {
                    let (y, x) = anywhere(random);
                    let first = spots.len();
                    spots.push(Spot { y, x, diameter_px: one(random) });
                    for _ in 1..n_each {
                        // beside any of the group; chains where the last one is taken
                        let beside = if random.uniform() < 0.5 {
                            spots.len() - 1
                        } else {
                            first + random.below(spots.len() - first)
                        };
                        let other = spots[beside];
                        let diameter_px = one(random);
                        for _ in 0..6 {
                            let (sin, cos) = random.between(0.0, std::f64::consts::TAU).sin_cos();
                            let apart = (other.diameter_px + diameter_px) / 2.0 * (1.0 + gap);
                            let (y, x) = (other.y + apart * sin, other.x + apart * cos);
                            if is_free(&spots, (y, x), diameter_px, gap - 0.02) && spots.len() < MOST {
                                spots.push(Spot { y, x, diameter_px });
                                break;
                            }
                        }
                    }
                }
            }
            Self::Heap { coverage, .. } => {
                let mut covered = 0.0;
                while covered < coverage * area && spots.len() < MOST {
                    let diameter_px = one(random);
                    let (y, x) = anywhere(random);
                    covered += 0.785 * diameter_px * diameter_px;
                    spots.push(Spot { y, x, diameter_px });
                }
            }
            Self::Lattice { spacing, square, missing, jitter } => {
                let pitch = (spacing * diameter).max(6.0);
                let row = if square { pitch } else { pitch * 0.866 };
                let (sin, cos) = random.between(0.0, std::f64::consts::PI).sin_cos();
                let reach = ((height + width) / row) as i64 / 2 + 2;
                for i in -reach..=reach {
                    for j in -reach..=reach {
                        let shift = if square || i % 2 == 0 { 0.0 } else { 0.5 };
                        let (v, u) = (i as f64 * row, (j as f64 + shift) * pitch);
                        let y = height / 2.0 + v * cos - u * sin + jitter * pitch * random.normal();
                        let x = width / 2.0 + v * sin + u * cos + jitter * pitch * random.normal();
                        let inside = y > -margin && x > -margin && y < height + margin && x < width + margin;
                        if inside && random.uniform() >= missing && spots.len() < MOST {
                            // alike, as a lattice is
                            let diameter_px = diameter * (one(random) / diameter).powf(0.25);
                            spots.push(Spot { y, x, diameter_px });
                        }
                    }
                }
            }
        }
        spots
    }
}

/// Whether an object finds room with a gap, in diameters, to all others.
fn is_free(spots: &[Spot], (y, x): (f64, f64), diameter: f64, gap: f64) -> bool {
    spots
        .iter()
        .all(|other| (y - other.y).hypot(x - other.x) >= (diameter + other.diameter_px) / 2.0 * (1.0 + gap))
}
