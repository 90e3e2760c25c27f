//! Merge: of the objects that different scales find in one place, the most credible is kept.

use micrograph::regions::{Labels, RegionsError};

use super::SegmentConfig;
use super::basins::Basins;

/// Share of an object that others may have taken before it is given up.
const MOST_TAKEN: f64 = 0.35;

/// An object at one scale.
struct Candidate {
    confidence: f32,
    /// Which scale it is of, and its label there.
    scale: usize,
    label: u32,
    /// First and last row and column at its scale.
    rows: (usize, usize),
    columns: (usize, usize),
    /// Pixels at its scale.
    area: usize,
}

/// The objects of all scales.
pub(super) struct Candidates {
    height: usize,
    width: usize,
    /// Labels of each scale with their width, and the pixels of the image in one of theirs.
    scales: Vec<(Vec<u32>, usize, usize)>,
    candidates: Vec<Candidate>,
}

impl Candidates {
    /// None yet, for an image of this height and width.
    pub(super) fn new((height, width): (usize, usize)) -> Self {
        Self { height, width, scales: Vec::new(), candidates: Vec::new() }
    }

    /// Adds the objects of a scale with `px` pixels of the image in one of its own.
    pub(super) fn add(&mut self, basins: &Basins, px: usize) {
        let scale = self.scales.len();
        let first = self.candidates.len();
        for (index, &confidence) in basins.confidence.iter().enumerate() {
            let (rows, columns) = ((usize::MAX, 0), (usize::MAX, 0));
            let label = index as u32 + 1;
            self.candidates.push(Candidate { confidence, scale, label, rows, columns, area: 0 });
        }
        debug_assert_eq!(basins.labels.len(), basins.height * basins.width);
        for (index, &label) in basins.labels.iter().enumerate().filter(|(_, label)| **label > 0) {
            let candidate = &mut self.candidates[first + label as usize - 1];
            let (y, x) = (index / basins.width, index % basins.width);
            candidate.rows = (candidate.rows.0.min(y), candidate.rows.1.max(y));
            candidate.columns = (candidate.columns.0.min(x), candidate.columns.1.max(x));
            candidate.area += 1;
        }
        self.scales.push((basins.labels.clone(), basins.width, px));
    }

    /// The objects that are kept, each with its confidence.
    pub(super) fn labels(mut self, config: &SegmentConfig) -> Result<Labels, RegionsError> {
        // equally credible ones in the order in which they were found
        self.candidates.sort_by(|one, other| other.confidence.total_cmp(&one.confidence));
        let mut values = vec![0_u32; self.height * self.width];
        let mut confidences = Vec::new();
        let mut free = Vec::new();
        for candidate in &self.candidates {
            let px = self.scales[candidate.scale].2;
            let diameter = px as f64 * (candidate.area as f64 * 4.0 / std::f64::consts::PI).sqrt();
            let too_large = config.max_size_px.is_some_and(|most| diameter > most);
            if f64::from(candidate.confidence) < config.least_confidence
                || diameter < config.min_size_px
                || too_large
            {
                continue;
            }
            let n_all = self.free_pixels(candidate, &values, &mut free);
            if (free.len() as f64) < (1.0 - MOST_TAKEN) * n_all as f64 {
                continue;
            }
            confidences.push(candidate.confidence);
            free.iter().for_each(|&index| values[index] = confidences.len() as u32);
        }
        Labels::with_confidence(self.height, self.width, values, &confidences)
    }

    /// Puts the pixels of the image that belong to `candidate` alone into `free`; returns how many belong to it.
    fn free_pixels(&self, candidate: &Candidate, values: &[u32], free: &mut Vec<usize>) -> usize {
        free.clear();
        let (labels, width, px) = &self.scales[candidate.scale];
        let mut n_all = 0;
        for y in candidate.rows.0 * px..((candidate.rows.1 + 1) * px).min(self.height) {
            for x in candidate.columns.0 * px..((candidate.columns.1 + 1) * px).min(self.width) {
                if labels[y / px * width + x / px] == candidate.label {
                    n_all += 1;
                    let index = y * self.width + x;
                    if values[index] == 0 {
                        free.push(index);
                    }
                }
            }
        }
        n_all
    }
}
