//! Lines: smooth centre lines from the branches of a skeleton, and which of them are one fibre that passes
//! below or above others.

/// A piece of a centre line between crossings, with the measurements along it; in px.
#[derive(Clone, Debug)]
pub(super) struct Line {
    /// Points `[y, x]`, about 1 px apart.
    pub(super) points: Vec<[f64; 2]>,
    /// Unit vector `[y, x]` along the line at each point.
    pub(super) along: Vec<[f64; 2]>,
    /// Distance of each point from the background as the mask has it.
    pub(super) radii: Vec<f64>,
}

impl Line {
    /// The line of a branch's pixels; `None` if it is shorter than wide after its ends, which are in crossings
    /// and caps, are cut off.
    pub(super) fn of_branch(branch: &[usize], squares: &[u32], width: usize) -> Option<Self> {
        let radius = |at: &usize| f64::from(squares[*at]).sqrt() - 0.5;
        let cut = |ends: &mut dyn Iterator<Item = &usize>| {
            let near: Vec<f64> = ends.take(60).map(radius).collect();
            // as far as the widest disc at the end reaches
            near.iter()
                .enumerate()
                .take_while(|(i, r)| (*i as f64) < **r + 1.0)
                .map(|(_, r)| *r as usize + 2)
                .max()
        };
        let first = cut(&mut branch.iter()).unwrap_or(0);
        let last = branch.len().saturating_sub(cut(&mut branch.iter().rev()).unwrap_or(0));
        let kept = branch.get(first..last)?;
        let radii: Vec<f64> = kept.iter().map(radius).collect();
        let mean = radii.iter().sum::<f64>() / radii.len().max(1) as f64;
        if (kept.len() as f64) < (2.0 * mean).max(6.0) {
            return None;
        }
        let raw: Vec<[f64; 2]> = branch.iter().map(|at| [(at / width) as f64, (at % width) as f64]).collect();
        // steps of pixels average out over a radius
        let reach = (mean as usize).clamp(3, 40);
        let span = |at: usize| reach.min(at).min(raw.len() - 1 - at).max(1);
        let points = (first..last).map(|at| {
            let near = &raw[at.saturating_sub(span(at))..(at + span(at) + 1).min(raw.len())];
            let sum = near.iter().fold([0.0; 2], |sum, point| [sum[0] + point[0], sum[1] + point[1]]);
            sum.map(|sum| sum / near.len() as f64)
        });
        let points: Vec<[f64; 2]> = points.collect();
        let along = (0..points.len()).map(|at| {
            let (from, to) = (points[at.saturating_sub(reach)], points[(at + reach).min(points.len() - 1)]);
            let step = [to[0] - from[0], to[1] - from[1]];
            let length = step[0].hypot(step[1]).max(1e-9);
            step.map(|part| part / length)
        });
        Some(Self { along: along.collect(), points, radii })
    }

    /// Length that each point represents: half the distances to the points before and after it.
    pub(super) fn lengths(&self) -> Vec<f64> {
        let n = self.points.len();
        let step = |a: usize, b: usize| {
            (self.points[b][0] - self.points[a][0]).hypot(self.points[b][1] - self.points[a][1]) / 2.0
        };
        (0..n).map(|at| step(at.saturating_sub(1), at) + step(at, (at + 1).min(n - 1))).collect()
    }
}

/// An end of a line that may continue beyond a crossing.
struct End {
    line: usize,
    at: [f64; 2],
    /// Outwards.
    out: [f64; 2],
    diameter_px: f64,
}

/// For each line the number of the fibre it is a piece of, from 0 on.
///
/// Two ends are joined where each points at the other within 20°, their diameters differ by less than a
/// third, and the gap between them is at most 6 diameters, or up to 30 where all but a tenth of it is `covered`,
/// as where other fibres cross over it; the straightest pairs first, each end once.
pub(super) fn fiber_of(lines: &[(&Line, f64)], covered: impl Fn([f64; 2]) -> bool) -> Vec<usize> {
    const MOST_TURN_DEG: f64 = 20.0;
    const NEAR: f64 = 6.0;
    const FAR: f64 = 30.0;
    const LEAST_COVERED: f64 = 0.9;
    let mut ends: Vec<End> = Vec::with_capacity(2 * lines.len());
    for (line, (shape, diameter_px)) in lines.iter().enumerate() {
        let last = shape.points.len() - 1;
        let [dy, dx] = shape.along[0];
        ends.push(End { line, at: shape.points[0], out: [-dy, -dx], diameter_px: *diameter_px });
        ends.push(End { line, at: shape.points[last], out: shape.along[last], diameter_px: *diameter_px });
    }
    let goes_on = |one: &End, way: [f64; 2], gap: f64| {
        let n = gap.ceil().max(1.0);
        let places = (0..=n as usize).map(|place| place as f64 / n);
        let n_covered =
            places.filter(|share| covered([one.at[0] + share * way[0], one.at[1] + share * way[1]])).count();
        n_covered as f64 >= LEAST_COVERED * (n + 1.0)
    };
    let least = MOST_TURN_DEG.to_radians().cos();
    let mut pairs: Vec<(f64, usize, usize)> = Vec::new();
    for (a, one) in ends.iter().enumerate() {
        for (b, other) in ends.iter().enumerate().skip(a + 1) {
            let way = [other.at[0] - one.at[0], other.at[1] - one.at[1]];
            let gap = way[0].hypot(way[1]);
            let (thin, thick) =
                (one.diameter_px.min(other.diameter_px), one.diameter_px.max(other.diameter_px));
            if one.line == other.line || gap > FAR * thick || thick > 1.33 * thin {
                continue;
            }
            let towards =
                |out: [f64; 2], sign: f64| sign * (out[0] * way[0] + out[1] * way[1]) / gap.max(1e-9);
            let straight = towards(one.out, 1.0).min(towards(other.out, -1.0));
            if straight > least && (gap <= NEAR * thick || goes_on(one, way, gap)) {
                let turn = straight.clamp(-1.0, 1.0).acos().to_degrees();
                pairs.push((turn / MOST_TURN_DEG + gap / (FAR * thick), a, b));
            }
        }
    }
    pairs.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)).then(a.2.cmp(&b.2)));
    let mut taken = vec![false; ends.len()];
    let mut fiber: Vec<usize> = (0..lines.len()).collect();
    for (_, a, b) in pairs {
        if taken[a] || taken[b] {
            continue;
        }
        (taken[a], taken[b]) = (true, true);
        let (keep, gone) = (fiber[ends[a].line], fiber[ends[b].line]);
        fiber.iter_mut().filter(|own| **own == gone).for_each(|own| *own = keep);
    }
    let mut seen: Vec<usize> = fiber.clone();
    seen.sort_unstable();
    seen.dedup();
    fiber.iter().filter_map(|own| seen.binary_search(own).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn straight(from: [f64; 2], to: [f64; 2]) -> Line {
        let length = (to[0] - from[0]).hypot(to[1] - from[1]);
        let along = [(to[0] - from[0]) / length, (to[1] - from[1]) / length];
        let n = length as usize + 1;
        let points = (0..n).map(|i| [from[0] + along[0] * i as f64, from[1] + along[1] * i as f64]).collect();
        Line { points, along: vec![along; n], radii: vec![3.0; n] }
    }

    #[test]
    fn pieces_on_both_sides_of_a_crossing_are_one_fiber() {
        let lines = [
            straight([20.0, 0.0], [20.0, 30.0]),
            straight([20.0, 45.0], [21.0, 80.0]),
            straight([0.0, 37.0], [14.0, 37.0]),
            straight([60.0, 37.5], [26.0, 37.0]),
            straight([70.0, 0.0], [70.0, 30.0]),
        ];
        let sized: Vec<(&Line, f64)> = lines.iter().map(|line| (line, 6.0)).collect();
        assert_eq!(fiber_of(&sized, |_| false), [0, 0, 1, 1, 2]);
        // one twice as thick continues alone
        let mut sized = sized;
        sized[1].1 = 12.0;
        assert_eq!(fiber_of(&sized, |_| false), [0, 1, 2, 2, 3]);
    }

    #[test]
    fn a_line_has_the_length_of_its_points() {
        let line = straight([3.0, 4.0], [33.0, 44.0]);
        assert!((line.lengths().iter().sum::<f64>() - 50.0).abs() < 1e-9);
    }
}
