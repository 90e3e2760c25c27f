//! Rim: how far the bright rim of a body pushes its edges outwards, and how well that is known.
//!
//! The edge of an image is where it is half way between the highest inside and the lowest outside. Without a rim that
//! is where the body ends. A rim that is narrower than the blur looks like an edge farther out: by up to 0.58 widths
//! of the edge (from a quarter to three quarters of its height) where all of the rim lies inside, as calculated for
//! cylinders and spheres whose signal rises towards the edge by 0 to 3 times the usual 1/cos θ, and for rims of
//! constant height; by up to 0.9 where the rim lies half outside. How the rim would look without blur, the image
//! does not show. But it shows its height, which bounds the shift: a tenth of the height allows 0.6 widths of each
//! edge, a rim that is hardly visible 0.4.

/// Excess of a diameter in widths of an edge, and half of the range within which it lies, without a visible rim.
const WITHOUT: [f64; 2] = [0.05, 0.7];
/// The same for a rim of [`EVIDENT`] and more.
const WITH: [f64; 2] = [0.6, 1.25];
/// Height of a rim over the middle of the body, as a share of its height over the background, from which on the shift does
/// not depend on it.
const EVIDENT: f64 = 0.1;

/// The same where the body is hardly wider than its edges, so that they hide whether there is a rim.
const HIDDEN: [f64; 2] = [0.4, 1.4];
/// Radius of a body over the width of its edges, up to which a rim is hidden, and from which on it is seen.
const SEEN: [f64; 2] = [1.0, 3.0];

/// Mean edge of the bodies of an image.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Edge {
    /// From a quarter to three quarters of its height, in px.
    pub(super) width_px: f64,
    /// Height of the rim over the middle, as a share of the height over the background; below 0 where the middle
    /// is brighter.
    pub(super) rim: f64,
    /// Radius of the bodies in px.
    pub(super) radius_px: f64,
}

/// How much larger a diameter between edges at half height is than that of the body, in px.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Excess {
    /// Middle of the range.
    pub(super) px: f64,
    /// Half of it.
    pub(super) doubt_px: f64,
}

impl Edge {
    pub(super) fn excess(self) -> Excess {
        let share = (self.rim / EVIDENT).clamp(0.0, 1.0);
        let width_px = self.width_px.max(0.0);
        let radii = self.radius_px / width_px.max(f64::MIN_POSITIVE);
        let seen = ((radii - SEEN[0]) / (SEEN[1] - SEEN[0])).clamp(0.0, 1.0);
        let [px, doubt_px] = [0, 1].map(|at| {
            let of_rim = WITHOUT[at] + share * (WITH[at] - WITHOUT[at]);
            width_px * (HIDDEN[at] + seen * (of_rim - HIDDEN[at]))
        });
        Excess { px, doubt_px }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Profile of one edge at 0 after blur by `blur` px, every twentieth of a px from `-reach` to 8.
    fn blurred(signal: &dyn Fn(f64) -> f64, blur: f64, reach: f64) -> Vec<(f64, f64)> {
        let at = |x: f64| {
            let taps = (-80..=80).map(|tap| f64::from(tap) * blur / 20.0);
            let sums = taps.map(|by| {
                ((-0.5 * (by / blur).powi(2)).exp() * signal(x + by), (-0.5 * (by / blur).powi(2)).exp())
            });
            let (sum, weights) = sums.fold((0.0, 0.0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
            sum / weights
        };
        (0..=((reach + 8.0) * 20.0) as i32)
            .map(|step| f64::from(step) / 20.0 - reach)
            .map(|x| (x, at(x)))
            .collect()
    }

    #[test]
    fn edges_of_rims_of_any_kind_are_within_the_range() {
        // height of the rim over the body's, its width, and whether half of it is outside
        for (blur, height, width, centred) in [0.5, 0.8, 1.2, 2.0].into_iter().flat_map(|blur| {
            [0.0, 0.15, 0.3, 0.6, 1.2].into_iter().flat_map(move |height| {
                [0.5, 1.0].into_iter().flat_map(move |width| {
                    [false, true].into_iter().map(move |centred| (blur, height, width, centred))
                })
            })
        }) {
            let signal = |x: f64| {
                let body = if x <= 0.0 { 1.0 } else { 0.3 };
                let rim = if centred {
                    (-0.5 * (x / width).powi(2)).exp()
                } else {
                    f64::from(u8::from(x <= 0.0 && x > -2.0 * width))
                };
                body + height * rim
            };
            let profile = blurred(&signal, f64::hypot(blur, 12.0_f64.sqrt().recip()), 10.0);
            let highest = profile.iter().map(|(_, value)| *value).fold(0.0, f64::max);
            let level = |share: f64| 0.3 + share * (highest - 0.3);
            let falls =
                |share: f64| profile.iter().rev().find(|(_, value)| *value >= level(share)).unwrap().0;
            let edge = Edge {
                width_px: falls(0.25) - falls(0.75),
                rim: (highest - profile[0].1) / (highest - 0.3),
                radius_px: 10.0,
            };
            let excess = edge.excess();
            let error = 2.0 * falls(0.5) - excess.px;
            assert!(
                error.abs() <= excess.doubt_px,
                "{blur} {height} {width} {centred}: {error} {excess:?} {edge:?}"
            );
        }
    }
}
