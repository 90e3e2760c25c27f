//! Pictures: the micrographs of a split of a data set, held small, and random views of them.

use micrograph::paint::{Sampling, resampled};
use micrograph::random::Stream;
use micrograph::smooth::smooth;
use micrograph::{Plane, Rect};
use rayon::prelude::*;

use super::ClassifierConfig;
use crate::data::dataset::{Dataset, Entry, Origin, Skipped, Split};
use crate::data::prepare::PrepareConfig;
use crate::evaluate::classify::{scaled, views};

/// Shorter side at which a micrograph is held, in sides of a view: a crop of 40 % of the area still
/// has all the pixels that a view shows.
const HELD_SIDES: f64 = 1.6;

/// A micrograph that is held.
#[derive(Clone, Debug)]
pub(super) struct Picture {
    /// Its name in the data set.
    pub file: String,
    /// Micrographs of one specimen, session or laboratory; its name if it is alone.
    pub group: String,
    /// Place of its category among the classes.
    pub label: usize,
    /// Whether it was drawn, not taken.
    pub synthetic: bool,
    plane: Plane,
}

/// Micrographs of one split that have a category among `classes`, and the files that could not be
/// read.
pub(super) fn pictures(
    dataset: &Dataset,
    split: Split,
    classes: &[String],
    side: usize,
) -> (Vec<Picture>, Vec<Skipped>) {
    let prepare = dataset.prepare_config();
    let labelled: Vec<(&Entry, usize)> = dataset
        .of(split)
        .filter_map(|entry| {
            let category = entry.category.as_ref()?;
            Some((entry, classes.iter().position(|class| class == category)?))
        })
        .collect();
    let read: Vec<Result<Picture, Skipped>> =
        labelled.par_iter().map(|&(entry, label)| picture(entry, label, &prepare, side)).collect();
    let (mut pictures, mut skipped) = (Vec::new(), Vec::new());
    for result in read {
        match result {
            Ok(picture) => pictures.push(picture),
            Err(file) => skipped.push(file),
        }
    }
    (pictures, skipped)
}

fn picture(entry: &Entry, label: usize, prepare: &PrepareConfig, side: usize) -> Result<Picture, Skipped> {
    let plane = entry.plane(prepare).map_err(|reason| Skipped { file: entry.file.clone(), reason })?;
    let synthetic = matches!(entry.origin, Origin::Synthetic { .. });
    let group = entry.group.clone().unwrap_or_else(|| entry.file.clone());
    Ok(Picture { file: entry.file.clone(), group, label, synthetic, plane: held(plane, side) })
}

/// `plane` with its shorter side reduced to what views of `side` pixels need.
fn held(plane: Plane, side: usize) -> Plane {
    let short = plane.height().min(plane.width());
    let wanted = (HELD_SIDES * side as f64).ceil();
    let zoom = wanted / short as f64;
    if zoom >= 1.0 {
        return plane;
    }
    let scaled = |length: usize| ((length as f64 * zoom).round() as usize).max(1);
    resampled(&plane, scaled(plane.height()), scaled(plane.width()), Sampling::Area)
}

impl Picture {
    /// One of `plane`.
    #[cfg(test)]
    pub(super) fn of_plane(plane: Plane, label: usize, group: &str, synthetic: bool) -> Self {
        Self { file: String::new(), group: group.to_owned(), label, synthetic, plane }
    }

    /// The views that a classifier sees of it.
    pub(super) fn views(&self, side: usize) -> Vec<Plane> {
        views(&self.plane, side)
    }

    /// A random view, `side × side`: a crop, one of the eight positions of a square, and the contrast,
    /// sharpness and noise of another instrument.
    pub(super) fn random_view(&self, side: usize, config: &ClassifierConfig, stream: &mut Stream) -> Plane {
        let (height, width) = (self.plane.height(), self.plane.width());
        let share = stream.between(config.least_area, 1.0).sqrt();
        let length = ((height.min(width) as f64 * share).round() as usize).max(1);
        let (y, x) = (stream.below(height - length + 1), stream.below(width - length + 1));
        let crop = scaled(&self.plane.crop(Rect { y, x, height: length, width: length }), side);
        let position = stream.below(8);
        let turned = Plane::from_fn(side, side, |y, x| {
            let (y, x) = if position & 1 == 0 { (y, x) } else { (x, y) };
            let y = if position & 2 == 0 { y } else { side - 1 - y };
            let x = if position & 4 == 0 { x } else { side - 1 - x };
            crop.at(y, x)
        });
        Imaging::drawn(config, stream).apply(turned, stream)
    }
}

/// What another instrument would have done to the same specimen.
struct Imaging {
    gain: f32,
    shift: f32,
    exponent: f32,
    inverted: bool,
    blur_px: f64,
    noise: f64,
}

impl Imaging {
    /// Settings drawn within those of `config`.
    fn drawn(config: &ClassifierConfig, stream: &mut Stream) -> Self {
        let factor = |most: f64, stream: &mut Stream| stream.between(-most.ln(), most.ln()).exp() as f32;
        let of_half = |most: f64, stream: &mut Stream| {
            let is_on = stream.uniform() < 0.5;
            if is_on { stream.between(0.0, most) } else { 0.0 }
        };
        Self {
            gain: factor(config.contrast, stream),
            shift: stream.between(-config.brightness, config.brightness) as f32,
            exponent: factor(config.gamma, stream),
            inverted: stream.uniform() < config.inverted,
            blur_px: of_half(config.blur, stream),
            noise: of_half(config.noise, stream),
        }
    }

    /// `view`, values in `[0, 1]`, with it; values in `[0, 1]`.
    fn apply(&self, view: Plane, stream: &mut Stream) -> Plane {
        let mut view = smooth(&view, self.blur_px);
        for value in view.values_mut() {
            let mut changed = value.clamp(0.0, 1.0).powf(self.exponent);
            if self.inverted {
                changed = 1.0 - changed;
            }
            changed = 0.5 + self.gain * (changed - 0.5) + self.shift;
            if self.noise > 0.0 {
                changed += (self.noise * stream.normal()) as f32;
            }
            *value = changed.clamp(0.0, 1.0);
        }
        view
    }
}

/// Which pictures the views of an epoch show, `n` of them: every picture about equally often, or,
/// where `balanced`, every class, and in a class drawn pictures as often as taken ones.
pub(super) fn order(pictures: &[Picture], n: usize, balanced: bool, stream: &mut Stream) -> Vec<usize> {
    if !balanced {
        let mut order: Vec<usize> = Vec::with_capacity(n + pictures.len());
        while order.len() < n {
            let mut round: Vec<usize> = (0..pictures.len()).collect();
            stream.shuffle(&mut round);
            order.extend(round);
        }
        order.truncate(n);
        return order;
    }
    let n_classes = pictures.iter().map(|picture| picture.label + 1).max().unwrap_or(0);
    let of = |label: usize, synthetic: bool| -> Vec<usize> {
        let own = |picture: &Picture| picture.label == label && picture.synthetic == synthetic;
        (0..pictures.len()).filter(|&index| own(&pictures[index])).collect()
    };
    // for each class the kinds of pictures that it has
    let classes: Vec<Vec<Vec<usize>>> = (0..n_classes)
        .map(|label| {
            [of(label, false), of(label, true)].into_iter().filter(|kind| !kind.is_empty()).collect()
        })
        .filter(|kinds: &Vec<Vec<usize>>| !kinds.is_empty())
        .collect();
    let mut order: Vec<usize> = (0..n)
        .map(|place| {
            let kinds = &classes[place % classes.len()];
            let kind = &kinds[stream.below(kinds.len())];
            kind[stream.below(kind.len())]
        })
        .collect();
    stream.shuffle(&mut order);
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture(label: usize, synthetic: bool) -> Picture {
        let plane = Plane::from_fn(20, 30, |y, x| (y * 30 + x) as f32 / 600.0);
        Picture::of_plane(plane, label, "", synthetic)
    }

    #[test]
    fn a_balanced_epoch_shows_every_class_and_kind_equally_often() {
        let mut pictures = vec![picture(0, false); 30];
        pictures.extend([picture(2, false), picture(2, true), picture(2, true)]);
        let order = order(&pictures, 4000, true, &mut Stream::new(0, "order", 0));
        let count = |wanted: &dyn Fn(&Picture) -> bool| {
            order.iter().filter(|&&index| wanted(&pictures[index])).count()
        };
        assert_eq!(count(&|picture| picture.label == 0), 2000);
        let drawn = count(&|picture| picture.synthetic);
        // half of 2000, four standard deviations of √(2000 / 4) around
        assert!(drawn.abs_diff(1000) < 90, "{drawn}");
    }

    #[test]
    fn an_epoch_that_is_not_balanced_shows_every_picture() {
        let pictures = vec![picture(0, false); 7];
        let mut order = order(&pictures, 14, false, &mut Stream::new(0, "order", 0));
        order.sort_unstable();
        assert_eq!(order, (0..7).flat_map(|index| [index, index]).collect::<Vec<_>>());
    }

    #[test]
    fn a_view_without_changes_is_a_turned_crop() {
        let config = ClassifierConfig {
            least_area: 1.0,
            contrast: 1.0,
            brightness: 0.0,
            ..ClassifierConfig::default()
        };
        let picture = picture(0, false);
        let view = picture.random_view(20, &config, &mut Stream::new(1, "view", 0));
        let mut corners = [view.at(0, 0), view.at(0, 19), view.at(19, 0), view.at(19, 19)];
        corners.sort_unstable_by(f32::total_cmp);
        // the corners of a crop of all rows: a step of 19 columns, then one of 19 rows
        let steps = [corners[1] - corners[0], corners[2] - corners[0], corners[3] - corners[0]];
        for (found, expected) in steps.iter().zip([19.0, 570.0, 589.0]) {
            assert!((found - expected / 600.0).abs() < 1e-5, "{steps:?}");
        }
    }

    #[test]
    fn another_instrument_changes_contrast_sharpness_and_noise_as_its_settings_say() {
        let config = ClassifierConfig { contrast: 1.0, brightness: 0.0, ..ClassifierConfig::default() };
        let edge = || Plane::from_fn(64, 64, |_, x| if x < 32 { 0.2 } else { 0.8 });
        let view = |config: &ClassifierConfig| {
            let mut stream = Stream::new(0, "imaging", 0);
            Imaging::drawn(config, &mut stream).apply(edge(), &mut stream)
        };
        let as_it_is = view(&config);
        assert!((as_it_is.at(9, 9) - 0.2).abs() < 1e-6);
        let inverted = view(&ClassifierConfig { inverted: 1.0, ..config.clone() });
        assert!((inverted.at(9, 9) - 0.8).abs() < 1e-6 && (inverted.at(9, 50) - 0.2).abs() < 1e-6);
        // half of the views are blurred, half get noise
        let many = |config: &ClassifierConfig, figure: &dyn Fn(&Plane) -> bool| {
            let one = |number| {
                let mut stream = Stream::new(0, "imaging", number);
                Imaging::drawn(config, &mut stream).apply(edge(), &mut stream)
            };
            (0..200).filter(|&number| figure(&one(number))).count()
        };
        let blurred = ClassifierConfig { blur: 2.0, ..config.clone() };
        let n_blurred = many(&blurred, &|view| (0.21..0.79).contains(&view.at(30, 32)));
        let noisy = ClassifierConfig { noise: 0.1, ..config.clone() };
        let n_noisy = many(&noisy, &|view| view.at(5, 5) != view.at(9, 9));
        // 100 of 200, four standard deviations of √50 around
        for n in [n_blurred, n_noisy] {
            assert!(n.abs_diff(100) < 29, "{n_blurred} blurred, {n_noisy} noisy");
        }
    }
}
