//! Two lists of places in one image, matched to each other: which are the same, which only one has.

/// Which places of two lists are the same.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Matched {
    /// Indices into the first and the second list, the nearest pair first.
    pub both: Vec<(usize, usize)>,
    /// Indices of places that only the first list has.
    pub only_first: Vec<usize>,
    /// Indices of places that only the second list has.
    pub only_second: Vec<usize>,
}

impl Matched {
    /// Share of the first list that is in the second, which is the truth; `None` for an empty first one.
    pub fn precision(&self) -> Option<f64> {
        share(self.both.len(), self.only_first.len())
    }

    /// Share of the second list, the truth, that is in the first; `None` for an empty second one.
    pub fn recall(&self) -> Option<f64> {
        share(self.both.len(), self.only_second.len())
    }
}

fn share(hits: usize, others: usize) -> Option<f64> {
    (hits + others > 0).then(|| hits as f64 / (hits + others) as f64)
}

/// Pairs places `[y, x]` of both lists, each with at most one other at most `reach_px` away, the nearest
/// pair first.
///
/// ```
/// use nanoaid::interpret::pattern::matched;
///
/// let found = matched(&[[0.0, 0.0], [9.0, 9.0]], &[[0.5, 0.0], [20.0, 20.0]], 2.0);
/// assert_eq!(found.both, [(0, 0)]);
/// assert_eq!((found.precision(), found.recall()), (Some(0.5), Some(0.5)));
/// ```
pub fn matched(first: &[[f64; 2]], second: &[[f64; 2]], reach_px: f64) -> Matched {
    let mut pairs = Vec::new();
    for (a, from) in first.iter().enumerate() {
        for (b, to) in second.iter().enumerate() {
            if (from[0] - to[0]).abs() <= reach_px {
                let apart = (from[0] - to[0]).hypot(from[1] - to[1]);
                if apart <= reach_px {
                    pairs.push((apart, a, b));
                }
            }
        }
    }
    pairs.sort_by(|one, other| one.0.total_cmp(&other.0));
    let (mut of_first, mut of_second) = (vec![true; first.len()], vec![true; second.len()]);
    let mut both = Vec::new();
    for (_, a, b) in pairs {
        if of_first[a] && of_second[b] {
            (of_first[a], of_second[b]) = (false, false);
            both.push((a, b));
        }
    }
    let left = |free: Vec<bool>| (0..free.len()).filter(|&index| free[index]).collect();
    Matched { both, only_first: left(of_first), only_second: left(of_second) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_place_has_one_partner_and_the_nearest_goes_first() {
        let first = [[10.0, 10.0], [10.0, 14.0], [50.0, 50.0]];
        let second = [[10.0, 13.0], [80.0, 80.0]];
        let found = matched(&first, &second, 5.0);
        assert_eq!(found.both, [(1, 0)]);
        assert_eq!((found.only_first.as_slice(), found.only_second.as_slice()), (&[0, 2][..], &[1][..]));
        assert_eq!((found.precision(), found.recall()), (Some(1.0 / 3.0), Some(0.5)));
        let none = matched(&[], &[], 5.0);
        assert_eq!((none.precision(), none.recall()), (None, None));
    }
}
