//! Labels: which region each pixel of an image belongs to.
//!
//! Labels are compact and in reading order: region 1 has the first pixel of all, and each number up to the last one
//! occurs. So equal segmentations have equal labels, whatever the numbers they were made with. A region may have several
//! parts (a fibre below another one); regions never overlap.

use std::collections::HashMap;

use crate::Rect;

use super::RegionsError;
use super::shape::Shape;

/// The region of each pixel, `[H, W]`: 0 for the background, 1 to [`n_regions`](Self::n_regions) for regions.
#[derive(Clone, Debug, PartialEq)]
pub struct Labels {
    height: usize,
    width: usize,
    values: Vec<u32>,
    n_regions: usize,
    confidence: Option<Vec<f32>>,
}

impl Labels {
    /// The regions of `values`, row after row: 0 for the background, any other number for a region. They are
    /// renumbered in reading order.
    ///
    /// # Errors
    /// If the image has no pixels, or `values` holds another number of them.
    ///
    /// # Examples
    /// ```
    /// use micrograph::regions::Labels;
    ///
    /// let labels = Labels::new(2, 3, vec![7, 7, 0, 0, 0, 2])?;
    /// assert_eq!(labels.values(), [1, 1, 0, 0, 0, 2]);
    /// assert_eq!(labels.n_regions(), 2);
    /// # Ok::<(), micrograph::regions::RegionsError>(())
    /// ```
    pub fn new(height: usize, width: usize, values: Vec<u32>) -> Result<Self, RegionsError> {
        Ok(Self::numbered(height, width, values)?.0)
    }

    /// As [`Self::new`], with the confidence of each region, in `[0, 1]`: the first is that of the region numbered 1 in
    /// `values`. Those of numbers that do not occur are left out.
    ///
    /// # Errors
    /// As [`Self::new`], and if a region has no confidence, or one that is not in `[0, 1]`.
    pub fn with_confidence(
        height: usize,
        width: usize,
        values: Vec<u32>,
        confidence: &[f32],
    ) -> Result<Self, RegionsError> {
        if let Some(wrong) = confidence.iter().find(|value| !(0.0..=1.0).contains(*value)) {
            return Err(RegionsError::given("confidence of a region", "a number from 0 to 1", wrong));
        }
        let (mut labels, names) = Self::numbered(height, width, values)?;
        let of_name = |name: &u32| confidence.get(*name as usize - 1).copied();
        let kept: Option<Vec<f32>> = names.iter().map(of_name).collect();
        let most = names.iter().max().copied().unwrap_or(0);
        let missing = || {
            RegionsError::given("confidences", format!("one for each label up to {most}"), confidence.len())
        };
        labels.confidence = Some(kept.ok_or_else(missing)?);
        Ok(labels)
    }

    /// An image without regions.
    ///
    /// # Errors
    /// If the image has no pixels, or more than 2³².
    pub fn empty(height: usize, width: usize) -> Result<Self, RegionsError> {
        match height.checked_mul(width).filter(|n| *n <= MOST_PIXELS) {
            Some(n) => Self::new(height, width, vec![0; n]),
            None => {
                let found = format!("{height} × {width} px (height × width)");
                Err(RegionsError::given("labels", "an image of at most 2³² pixels", found))
            }
        }
    }

    /// The connected regions of `mask`, row after row; pixels are connected through all eight neighbours.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn of_mask(height: usize, width: usize, mask: &[bool]) -> Result<Self, RegionsError> {
        let whole = Self::new(height, width, mask.iter().map(|inside| u32::from(*inside)).collect())?;
        Ok(whole.parts())
    }

    /// The `shapes` painted in the order of their sizes, the largest first, so that small ones on large ones stay whole.
    /// A shape of which no pixel remains is not among the regions.
    ///
    /// # Errors
    /// As [`Self::new`], and if the shapes cover more than [`MOST_COVERS`] times the image: a damaged file would take
    /// forever.
    pub(super) fn of_shapes(
        height: usize,
        width: usize,
        shapes: &[Shape],
        confidence: Option<&[f32]>,
    ) -> Result<Self, RegionsError> {
        let mut values = Self::empty(height, width)?.values;
        let most = values.len().saturating_mul(MOST_COVERS).max(LEAST_WORK);
        let within = |work: usize| {
            if work <= most {
                return Ok(());
            }
            let expected = format!("shapes that cover the image at most {MOST_COVERS} times");
            let found = format!("more, in {} shapes", shapes.len());
            Err(RegionsError::given("shapes", expected, found))
        };
        let mut work = 0_usize;
        let mut order = Vec::with_capacity(shapes.len());
        for (index, shape) in shapes.iter().enumerate() {
            work = work.saturating_add(shape.work(height));
            within(work)?;
            let mut area = 0;
            shape.for_each_run(height, width, |_, columns| area += columns.len())?;
            work = work.saturating_add(area);
            within(work)?;
            order.push((std::cmp::Reverse(area), index));
        }
        order.sort_unstable();
        for (_, index) in order {
            shapes[index].for_each_run(height, width, |y, columns| {
                values[y * width..][columns].fill(index as u32 + 1);
            })?;
        }
        match confidence {
            Some(confidence) => Self::with_confidence(height, width, values, confidence),
            None => Self::new(height, width, values),
        }
    }

    /// Rows.
    pub fn height(&self) -> usize {
        self.height
    }

    /// Columns.
    pub fn width(&self) -> usize {
        self.width
    }

    /// The label of each pixel, row after row.
    pub fn values(&self) -> &[u32] {
        &self.values
    }

    /// The label at row `y`, column `x`; 0 outside the image.
    pub fn at(&self, y: usize, x: usize) -> u32 {
        if y < self.height && x < self.width { self.values[y * self.width + x] } else { 0 }
    }

    /// How many regions there are; also the largest label.
    pub fn n_regions(&self) -> usize {
        self.n_regions
    }

    /// The confidence of each region in `[0, 1]`, that of label 1 first; `None` where nothing gave one.
    pub fn confidence(&self) -> Option<&[f32]> {
        self.confidence.as_deref()
    }

    /// Pixels of each region, of label 1 first.
    pub fn areas(&self) -> Vec<usize> {
        let mut areas = vec![0; self.n_regions + 1];
        for value in &self.values {
            areas[*value as usize] += 1;
        }
        areas.remove(0);
        areas
    }

    /// The labels without regions of fewer than `least_area` px.
    pub fn without_small(&self, least_area: usize) -> Self {
        let areas = self.areas();
        self.keeping(|label| areas[label as usize - 1] >= least_area)
    }

    /// The labels without the regions that touch the first or last row or column.
    pub fn without_cut(&self) -> Self {
        let mut cut = vec![false; self.n_regions + 1];
        let last = (self.height - 1) * self.width;
        let rows = (0..self.width).chain(last..last + self.width);
        let columns = (0..self.height).flat_map(|y| [y * self.width, (y + 1) * self.width - 1]);
        for at in rows.chain(columns) {
            cut[self.values[at] as usize] = true;
        }
        self.keeping(|label| !cut[label as usize])
    }

    /// The labels of the regions for which `keep` is true.
    pub fn keeping(&self, keep: impl Fn(u32) -> bool) -> Self {
        let kept: Vec<bool> = (0..=self.n_regions as u32).map(|label| label > 0 && keep(label)).collect();
        let value = |value: &u32| if kept[*value as usize] { *value } else { 0 };
        self.renamed_here(self.values.iter().map(value).collect(), |name| name)
    }

    /// The labels inside `rect`, e.g. without the rows of a data bar.
    ///
    /// # Errors
    /// If `rect` is empty or reaches outside.
    pub fn crop(&self, rect: Rect) -> Result<Self, RegionsError> {
        let Rect { y, x, height, width } = rect;
        if !rect.is_within(self.height, self.width) {
            let expected = format!("a part of {} × {} px (height × width)", self.height, self.width);
            let found = format!("{height} × {width} px at row {y}, column {x}");
            return Err(RegionsError::given("part of labels", expected, found));
        }
        let rows = (y..y + height).map(|row| &self.values[row * self.width + x..][..width]);
        self.renamed(height, width, rows.flatten().copied().collect(), |name| name)
    }

    /// The labels with each connected part a region of its own; pixels are connected through all eight neighbours.
    pub fn parts(&self) -> Self {
        let mut values = vec![0; self.values.len()];
        let mut of_part = Vec::new();
        let mut open = Vec::new();
        for start in 0..values.len() {
            let label = self.values[start];
            if label == 0 || values[start] != 0 {
                continue;
            }
            of_part.push(label);
            let part = of_part.len() as u32;
            values[start] = part;
            open.push(start);
            while let Some(at) = open.pop() {
                for next in neighbours(at, self.height, self.width) {
                    if self.values[next] == label && values[next] == 0 {
                        values[next] = part;
                        open.push(next);
                    }
                }
            }
        }
        self.renamed_here(values, |part| of_part[part as usize - 1])
    }

    /// `values` of another image, in which each number stands for a part of the region that `origin` gives.
    fn renamed(
        &self,
        height: usize,
        width: usize,
        values: Vec<u32>,
        origin: impl Fn(u32) -> u32,
    ) -> Result<Self, RegionsError> {
        let (mut labels, names) = Self::numbered(height, width, values)?;
        let of = |confidence: &Vec<f32>| {
            names.iter().map(|name| confidence[origin(*name) as usize - 1]).collect::<Vec<f32>>()
        };
        labels.confidence = self.confidence.as_ref().map(of);
        Ok(labels)
    }

    /// As [`Self::renamed`], for `values` of the same image.
    fn renamed_here(&self, values: Vec<u32>, origin: impl Fn(u32) -> u32) -> Self {
        let renamed = self.renamed(self.height, self.width, values, origin);
        renamed.expect("the size is that of labels that exist")
    }

    /// The renumbered labels, and the number that each region had before.
    fn numbered(height: usize, width: usize, mut values: Vec<u32>) -> Result<(Self, Vec<u32>), RegionsError> {
        let expected = height.checked_mul(width).filter(|n| *n > 0);
        if expected != Some(values.len()) {
            let expected = match expected {
                Some(expected) => format!("{expected} values for {height} × {width} px (height × width)"),
                None => "an image with pixels".to_owned(),
            };
            return Err(RegionsError::given("labels", expected, values.len()));
        }
        let mut label_of = HashMap::new();
        let mut names = Vec::new();
        // neighbours in a row mostly belong together
        let mut last = (0, 0);
        for value in values.iter_mut().filter(|value| **value != 0) {
            if *value != last.0 {
                let label = *label_of.entry(*value).or_insert_with(|| {
                    names.push(*value);
                    names.len() as u32
                });
                last = (*value, label);
            }
            *value = last.1;
        }
        let labels = Self { height, width, values, n_regions: names.len(), confidence: None };
        Ok((labels, names))
    }
}

/// Most pixels of an image that is made here: 16 GiB of labels.
const MOST_PIXELS: usize = 1 << 32;
/// Most times that shapes may cover an image; segmentations cover it about once.
pub(super) const MOST_COVERS: usize = 64;
/// Work that is always allowed, in pixels: small images with long lists of shapes.
const LEAST_WORK: usize = 1 << 26;

/// The neighbours of pixel `at`, of eight, inside the image.
fn neighbours(at: usize, height: usize, width: usize) -> impl Iterator<Item = usize> {
    const STEPS: [(isize, isize); 8] = [(-1, -1), (-1, 0), (-1, 1), (0, -1), (0, 1), (1, -1), (1, 0), (1, 1)];
    let (y, x) = (at / width, at % width);
    STEPS.into_iter().filter_map(move |(dy, dx)| {
        let (y, x) = (y.wrapping_add_signed(dy), x.wrapping_add_signed(dx));
        (y < height && x < width).then(|| y * width + x)
    })
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Labels from rows of digits; `.` is background.
    pub(in crate::regions) fn labels(rows: &[&str]) -> Labels {
        let values = rows.iter().flat_map(|row| row.chars().map(|c| c.to_digit(36).unwrap_or(0))).collect();
        Labels::new(rows.len(), rows[0].len(), values).unwrap()
    }

    #[test]
    fn labels_are_compact_and_in_reading_order() {
        let found = Labels::new(2, 4, vec![0, 9, 9, u32::MAX, 4, 4, 0, 9]).unwrap();
        assert_eq!(found.values(), [0, 1, 1, 2, 3, 3, 0, 1]);
        assert_eq!((found.n_regions(), found.areas()), (3, vec![3, 1, 2]));
        assert_eq!((found.at(1, 3), found.at(2, 0), found.at(0, 4)), (1, 0, 0));
        assert_eq!(Labels::empty(3, 2).unwrap().n_regions(), 0);
    }

    #[test]
    fn confidences_follow_their_regions() {
        let found = Labels::with_confidence(1, 5, vec![3, 0, 1, 0, 3], &[0.25, 0.5, 0.75]).unwrap();
        assert_eq!(found.confidence(), Some(&[0.75, 0.25][..]));
        assert_eq!(found.without_small(2).confidence(), Some(&[0.75][..]));
        assert_eq!(found.parts().confidence(), Some(&[0.75, 0.25, 0.75][..]));
    }

    #[test]
    fn what_is_no_label_image_is_refused() {
        let text = |result: Result<Labels, RegionsError>| result.unwrap_err().to_string();
        let short = text(Labels::new(2, 3, vec![0; 5]));
        assert_eq!(short, "labels: expected 6 values for 2 × 3 px (height × width), found 5");
        assert_eq!(text(Labels::new(0, 3, vec![])), "labels: expected an image with pixels, found 0");
        assert!(Labels::new(usize::MAX, 2, vec![]).is_err() && Labels::empty(usize::MAX, 2).is_err());
        let few = text(Labels::with_confidence(1, 2, vec![1, 3], &[0.5; 2]));
        assert_eq!(few, "confidences: expected one for each label up to 3, found 2");
        for wrong in [-0.1, 1.1, f32::NAN] {
            assert!(Labels::with_confidence(1, 1, vec![1], &[wrong]).is_err());
        }
    }

    #[test]
    fn masks_are_split_into_what_is_connected_through_eight_neighbours() {
        let mask: Vec<bool> = "##..#.#...#..#....#".chars().map(|c| c == '#').take(18).collect();
        // ##..#.
        // #...#.
        // .#....
        let found = Labels::of_mask(3, 6, &mask).unwrap();
        assert_eq!(found, labels(&["11..2.", "1...2.", ".1...."]));
    }

    #[test]
    fn a_part_has_its_own_numbers() {
        let whole = Labels::with_confidence(2, 4, vec![1, 2, 0, 3, 1, 2, 2, 3], &[0.1, 0.2, 0.3]).unwrap();
        let part = whole.crop(Rect { y: 0, x: 1, height: 1, width: 3 }).unwrap();
        assert_eq!((part.values(), part.confidence()), (&[1, 0, 2][..], Some(&[0.2, 0.3][..])));
        assert!(whole.crop(Rect { y: 1, x: 0, height: 2, width: 4 }).is_err());
    }

    #[test]
    fn regions_at_the_border_can_be_left_out() {
        let found = labels(&["1....", "..22.", ".3..4", "....."]).without_cut();
        assert_eq!(found, labels(&[".....", "..11.", ".2...", "....."]));
    }
}
