//! Diameter at one point of a centre line: the profile across it, and its half-height positions on both sides.

use crate::Plane;
use crate::measure::rim::Edge as MeanEdge;

/// Distance in px between samples of a profile.
const STEP_PX: f64 = 0.5;
/// Each sample is a mean over this many px in both directions along the fibre: it reduces noise and keeps edges.
const ALONG_PX: i32 = 2;

/// Measures of a profile across a fibre, in px.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Width {
    /// From edge to edge.
    pub(super) diameter_px: f64,
    /// Distance of the middle between the edges from the point, along the normal.
    pub(super) off_px: f64,
    /// Both edges together.
    pub(super) edge: MeanEdge,
}

/// The width across `along` at `point`, expected to have about `radius`; `None` unless the profile falls by
/// `least` grey levels on both sides, near the expected positions.
pub(super) fn width(
    plane: &Plane,
    point: [f64; 2],
    along: [f64; 2],
    radius: f64,
    least: f64,
) -> Option<Width> {
    let across = [-along[1], along[0]];
    let side = |sign: f64| edge(plane, point, across.map(|part| sign * part), radius, least);
    let (ahead, behind) = (side(1.0)?, side(-1.0)?);
    Some(Width {
        diameter_px: ahead.at + behind.at,
        off_px: (ahead.at - behind.at) / 2.0,
        edge: MeanEdge {
            width_px: f64::midpoint(ahead.width, behind.width),
            rim: f64::midpoint(ahead.rim, behind.rim),
            radius_px: f64::midpoint(ahead.at, behind.at),
        },
    })
}

/// One edge of a profile, in px.
struct Edge {
    /// Distance from the point.
    at: f64,
    /// From a quarter to three quarters of its height.
    width: f64,
    /// How much higher the fibre is towards its edge than in the third around its middle, as a share of the height.
    rim: f64,
}

/// The edge from `point` towards `way`: where the profile is half way between its highest
/// inside, which is the rim where there is one, and its lowest outside.
fn edge(plane: &Plane, point: [f64; 2], way: [f64; 2], radius: f64, least: f64) -> Option<Edge> {
    let reach = radius + (0.8 * radius).max(4.0);
    let n = (reach / STEP_PX) as usize + 1;
    let profile: Vec<f64> = (0..n)
        .map(|i| {
            let t = i as f64 * STEP_PX;
            let mut sum = 0.0;
            for step in -ALONG_PX..=ALONG_PX {
                // along the fibre is across the way to its edge
                let (dy, dx) = (t * way[0] - f64::from(step) * way[1], t * way[1] + f64::from(step) * way[0]);
                sum += interpolated(plane, [point[0] + dy, point[1] + dx])?;
            }
            Some(sum / f64::from(2 * ALONG_PX + 1))
        })
        .collect::<Option<_>>()?;
    let border = ((radius + 1.0) / STEP_PX) as usize;
    let highest = |part: &[f64]| part.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let (middle, outer) = profile[..=border].split_at(border / 3 + 1);
    let (middle, outer) = (highest(middle), highest(outer));
    let inside = middle.max(outer);
    let from = (radius / STEP_PX) as usize;
    let (lowest, outside) =
        profile.iter().copied().enumerate().skip(from).min_by(|a, b| a.1.total_cmp(&b.1))?;
    if inside - outside < least {
        return None;
    }
    // inwards from the lowest: the first step that rises over this share of the height
    let rises_over = |share: f64| {
        let level = outside + share * (inside - outside);
        let last = (0..lowest).rev().find(|i| profile[*i] >= level)?;
        let (above, below) = (profile[last], profile[last + 1]);
        Some((last as f64 + (above - level) / (above - below)) * STEP_PX)
    };
    let at = rises_over(0.5)?;
    let likely = 0.5 * radius - 1.0..=1.5 * radius + 2.0;
    let rim = (outer - middle) / (inside - outside);
    likely.contains(&at).then_some(Edge { at, width: rises_over(0.25)? - rises_over(0.75)?, rim })
}

/// The value between four pixels, by its share of each; `None` outside.
fn interpolated(plane: &Plane, [y, x]: [f64; 2]) -> Option<f64> {
    let inside = y >= 0.0 && x >= 0.0 && y < (plane.height() - 1) as f64 && x < (plane.width() - 1) as f64;
    if !inside {
        return None;
    }
    let (top, left) = (y as usize, x as usize);
    let (v, u) = (y.fract(), x.fract());
    let row = |y: usize| f64::from(plane.at(y, left)) * (1.0 - u) + f64::from(plane.at(y, left + 1)) * u;
    Some(row(top) * (1.0 - v) + row(top + 1) * v)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A straight fibre through `(30, 40)` whose edges are as sharp as pixels let them be.
    fn fiber(radius: f64, axis_deg: f64) -> (Plane, [f64; 2]) {
        let (sin, cos) = axis_deg.to_radians().sin_cos();
        let plane = Plane::from_fn(61, 81, |y, x| {
            let off = (x as f64 - 40.0) * sin + (y as f64 - 30.0) * cos;
            (100.0 * (radius - off.abs() + 0.5).clamp(0.0, 1.0)) as f32
        });
        (plane, [-sin, cos])
    }

    #[test]
    fn the_width_of_a_sharp_fiber_is_found_below_a_pixel_at_any_axis() {
        for radius in [2.0, 5.25, 9.7] {
            for axis_deg in [0.0, 23.0, 45.0, 90.0, -70.0] {
                let (plane, along) = fiber(radius, axis_deg);
                // half a pixel beside the centre line; edges without blur are known to a part of a pixel
                let point = [30.0 + 0.5 * along[1], 40.0 - 0.5 * along[0]];
                let found = width(&plane, point, along, radius + 0.4, 50.0).unwrap();
                assert!((found.diameter_px - 2.0 * radius).abs() < 0.2, "{radius} {axis_deg}: {found:?}");
                assert!((found.off_px.abs() - 0.5).abs() < 0.1, "{radius} {axis_deg}: {found:?}");
                // half of an edge that rises over a pixel, widened between pixels
                assert!((0.4..1.1).contains(&found.edge.width_px), "{radius} {axis_deg}: {found:?}");
            }
        }
    }

    /// Signal of a cylinder at `off` px from its middle: it rises by `rise` times 0.35 (1/cos θ − 1) towards the
    /// edge and is brighter on one side.
    fn signal(off: f64, radius: f64, rise: f64) -> f64 {
        if off.abs() > radius {
            return 30.0;
        }
        let slope = off / (radius * radius - off * off).max((0.18 * radius).powi(2)).sqrt();
        let secant = slope.hypot(1.0);
        100.0 * (1.3 + 0.35 * rise * (secant - 1.0)) * (1.0 + 0.25 * slope / secant)
    }

    #[test]
    fn diameters_of_rimmed_cylinders_lie_within_what_rims_leave_open() {
        for (radius, blur) in
            [(3.0, 0.8), (5.5, 0.8), (12.5, 0.8), (30.0, 0.8), (5.5, 2.0), (12.5, 2.0), (30.0, 2.0)]
        {
            for rise in [0.0, 0.5, 1.0, 1.5] {
                // after averaging over a pixel and the beam, in steps of a twentieth of a px
                let fine = |y: f64| {
                    let near = (-100..=100).map(|step| f64::from(step) * 0.05);
                    let sums = near.map(|off| {
                        let weight = (-0.5 * (off / blur).powi(2)).exp();
                        (weight * signal(y + off - 0.23, radius, rise), weight)
                    });
                    let (sum, weights) = sums.fold((0.0, 0.0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
                    sum / weights
                };
                let pixel = |y: f64| {
                    (-10..10).map(|step| fine(y + f64::from(step) * 0.05 + 0.025)).sum::<f64>() / 20.0
                };
                let middle = 2 * radius as usize + 12;
                let rows: Vec<f32> =
                    (0..2 * middle).map(|y| pixel(y as f64 - middle as f64) as f32).collect();
                let plane = Plane::from_fn(rows.len(), 20, |y, _| rows[y]);
                let found = width(&plane, [middle as f64, 10.0], [0.0, 1.0], radius, 20.0).unwrap();
                let excess = found.edge.excess();
                let error = found.diameter_px - excess.px - 2.0 * radius;
                assert!(
                    error.abs() <= excess.doubt_px,
                    "{radius} {blur} {rise}: {error} {excess:?} {found:?}"
                );
            }
        }
    }

    #[test]
    fn without_two_edges_there_is_no_width() {
        let (plane, along) = fiber(5.0, 0.0);
        assert_eq!(width(&plane, [30.0, 40.0], along, 5.0, 101.0), None, "too little contrast");
        assert_eq!(width(&plane, [30.0, 40.0], along, 19.0, 50.0), None, "not where it is expected");
        assert_eq!(width(&plane, [2.0, 40.0], along, 5.0, 50.0), None, "cut by the border");
        assert_eq!(width(&Plane::filled(40, 40, 3.0), [20.0, 20.0], along, 5.0, 50.0), None, "nothing there");
    }
}
