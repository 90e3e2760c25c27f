//! Skeleton: a mask thinned to lines one pixel wide (Zhang and Suen 1984), and its branches.

/// The eight neighbours around `(y, x)`, clockwise from the one above; outside is false.
fn ring(mask: &[bool], (height, width): (usize, usize), at: usize) -> [bool; 8] {
    let (y, x) = (at / width, at % width);
    STEPS.map(|(dy, dx)| {
        let (y, x) = (y.wrapping_add_signed(dy), x.wrapping_add_signed(dx));
        y < height && x < width && mask[y * width + x]
    })
}

const STEPS: [(isize, isize); 8] = [(-1, 0), (-1, 1), (0, 1), (1, 1), (1, 0), (1, -1), (0, -1), (-1, -1)];

/// Thins `mask` until no pixel can be removed without disconnecting it.
pub(super) fn thinned(mask: &[bool], size: (usize, usize)) -> Vec<bool> {
    let mut mask = mask.to_vec();
    let bare = |mask: &[bool], at: usize| ring(mask, size, at).contains(&false);
    // only pixels at the border can be removed
    let mut front: Vec<usize> = (0..mask.len()).filter(|at| mask[*at] && bare(&mask, *at)).collect();
    let mut in_front = vec![false; mask.len()];
    front.iter().for_each(|at| in_front[*at] = true);
    loop {
        let mut any = false;
        for second in [false, true] {
            let goes: Vec<usize> =
                front.iter().copied().filter(|at| may_go(ring(&mask, size, *at), second)).collect();
            any |= !goes.is_empty();
            goes.iter().for_each(|at| mask[*at] = false);
            front.retain(|at| mask[*at]);
            for at in goes {
                for ((dy, dx), inside) in STEPS.into_iter().zip(ring(&mask, size, at)) {
                    let next = at.wrapping_add_signed(dy * size.1 as isize + dx);
                    if inside && !std::mem::replace(&mut in_front[next], true) {
                        front.push(next);
                    }
                }
            }
        }
        if !any {
            return mask;
        }
    }
}

/// Whether a pixel with these neighbours is removed in the first or second half of a round.
fn may_go([n, ne, e, se, s, sw, w, nw]: [bool; 8], second: bool) -> bool {
    let around = [n, ne, e, se, s, sw, w, nw];
    let n_around = around.iter().filter(|inside| **inside).count();
    let rises = (0..8).filter(|i| !around[*i] && around[(i + 1) % 8]).count();
    let closed = if second { n && w && (e || s) } else { e && s && (n || w) };
    (2..=6).contains(&n_around) && rises == 1 && !closed
}

/// Lines of the skeleton between ends and junctions, each as pixels in order; rings have no junction and
/// begin anywhere.
///
/// A junction is a pixel from which three or more lines go out; it and its neighbours belong to no branch.
pub(super) fn branches(skeleton: &[bool], size: (usize, usize)) -> Vec<Vec<usize>> {
    let width = size.1;
    let lines_out = |at: usize| {
        let around = ring(skeleton, size, at);
        (0..8).filter(|i| !around[*i] && around[(i + 1) % 8]).count()
    };
    let junctions: Vec<bool> = (0..skeleton.len()).map(|at| skeleton[at] && lines_out(at) > 2).collect();
    // its neighbours too: else a branch would step past it into another
    let mut free: Vec<bool> = (0..skeleton.len())
        .map(|at| skeleton[at] && !junctions[at] && !ring(&junctions, size, at).contains(&true))
        .collect();
    let next_of = |free: &[bool], at: usize| {
        let around = ring(free, size, at);
        // straight neighbours first, so that no corner is jumped
        [0, 2, 4, 6, 1, 3, 5, 7].into_iter().find(|i| around[*i]).map(|i| {
            let (dy, dx) = STEPS[i];
            at.wrapping_add_signed(dy * width as isize + dx)
        })
    };
    let mut branches = Vec::new();
    for start in 0..free.len() {
        if !free[start] {
            continue;
        }
        // both ways from the pixel that is met first
        free[start] = false;
        let mut walk = |from: usize| {
            let mut pixels = Vec::new();
            let mut at = from;
            while let Some(next) = next_of(&free, at) {
                free[next] = false;
                pixels.push(next);
                at = next;
            }
            pixels
        };
        let ahead = walk(start);
        let mut branch: Vec<usize> = walk(start).into_iter().rev().collect();
        branch.push(start);
        branch.extend(ahead);
        branches.push(branch);
    }
    branches
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::count::components;
    use crate::random::Stream;

    fn mask(rows: &[&str]) -> (Vec<bool>, (usize, usize)) {
        (
            rows.iter().flat_map(|row| row.bytes().map(|byte| byte == b'#')).collect(),
            (rows.len(), rows[0].len()),
        )
    }

    #[test]
    fn a_bar_becomes_its_middle_line() {
        let (bar, size) =
            mask(&["............", ".##########.", ".##########.", ".##########.", "............"]);
        let skeleton = thinned(&bar, size);
        let rows: Vec<usize> = (0..bar.len()).filter(|at| skeleton[*at]).map(|at| at / size.1).collect();
        assert!(rows.len() >= 6 && rows.iter().all(|row| *row == 2), "{rows:?}");
        assert_eq!(branches(&skeleton, size).len(), 1);
    }

    #[test]
    fn a_cross_has_four_branches_in_order() {
        let size = (41_usize, 47_usize);
        let cross: Vec<bool> = (0..size.0 * size.1)
            .map(|at| (at / size.1).abs_diff(20) < 3 || (at % size.1).abs_diff(23) < 3)
            .collect();
        let branches = branches(&thinned(&cross, size), size);
        let long = branches.iter().filter(|branch| branch.len() > 8);
        assert_eq!(long.count(), 4, "{branches:?}");
        for step in branches.iter().flat_map(|branch| branch.windows(2)) {
            let (a, b) = (step[0], step[1]);
            assert!((a / 47).abs_diff(b / 47) <= 1 && (a % 47).abs_diff(b % 47) <= 1);
        }
    }

    #[test]
    fn thinning_parts_nothing() {
        for seed in 0..6 {
            // coarse random spots, in which regions meet along sides only
            let size = (36, 52);
            let mut stream = Stream::new(seed, "test", 0);
            let coarse: Vec<bool> = (0..9 * 13).map(|_| stream.uniform() < 0.55).collect();
            let mask: Vec<bool> =
                (0..size.0 * size.1).map(|at| coarse[at / size.1 / 4 * 13 + at % size.1 / 4]).collect();
            let skeleton = thinned(&mask, size);
            let (labels, n_regions) = components(&mask, size.1);
            let mut kept = vec![false; n_regions + 1];
            (0..mask.len()).filter(|at| skeleton[*at]).for_each(|at| kept[labels[at] as usize] = true);
            assert!(kept[1..].iter().all(|kept| *kept), "each region keeps some of its skeleton");
            assert!((0..mask.len()).all(|at| mask[at] || !skeleton[at]));
        }
    }
}
