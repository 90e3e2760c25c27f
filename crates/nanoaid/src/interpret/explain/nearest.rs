//! Nearest: micrographs of a labelled data set that a classifier sees most like the explained one: those it gets right, and
//! those it gets wrong.
//!
//! A decision that rests on what right decisions rest on has right neighbours; one whose nearest neighbours are mistakes
//! is likely to be one, too. Likeness is the cosine of the mean activations of the last layer with positions, each channel
//! as its deviation from the mean of the data set in standard deviations.

use std::ops::ControlFlow;
use std::path::Path;

use micrograph::Plane;
use micrograph::paint::{ColorMap, Picture, Sampling};
use serde::{Deserialize, Serialize};

use super::error::ExplainError;
use crate::Network;
use crate::data::dataset::{Dataset, Entry, Skipped};
use crate::data::pass::pass;
use crate::evaluate::classify::TrainedClassifier;
use crate::interpret::exemplar::ActivationReader;
use crate::interpret::gallery::DataUsed;

/// Neighbours of either kind.
const N: usize = 4;
/// Longer side of their pictures in px.
const SMALL_PX: usize = 240;
/// Quality of these as JPEG.
const QUALITY: u8 = 82;

/// Pictures by the names of their files.
type Pictures = Vec<(String, Vec<u8>)>;

/// A micrograph that is seen alike.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Neighbour {
    /// Its name in the data set.
    pub file: String,
    /// What it shows.
    pub category: String,
    /// The most probable class.
    pub class: String,
    /// Its probability.
    pub probability: f64,
    /// Cosine of the activations with those of the explained micrograph, in `[-1, 1]`.
    pub likeness: f64,
    /// Its picture, a file beside the page.
    pub picture: String,
}

/// The neighbours of a micrograph.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Nearest {
    /// The data set.
    pub data: DataUsed,
    /// The layer by which micrographs are compared.
    pub layer: String,
    /// Micrographs of the data set that were classified right, and wrong.
    pub n_right: usize,
    /// See `n_right`.
    pub n_wrong: usize,
    /// The most alike of those that were classified right, most alike first; only what is alike at all, above 0.
    pub right: Vec<Neighbour>,
    /// The most alike of those that were classified wrong.
    pub wrong: Vec<Neighbour>,
}

/// What a classifier makes of a labelled data set.
pub struct References {
    data: DataUsed,
    layer: String,
    reader: ActivationReader,
    seen: Vec<Reference>,
    /// Mean and standard deviation of each channel over the micrographs.
    spread: Vec<(f64, f64)>,
    /// Micrographs that could not be read.
    pub skipped: Vec<Skipped>,
}

struct Reference {
    file: String,
    sha256: Option<String>,
    category: String,
    class: String,
    probability: f64,
    means: Vec<f32>,
    small: Vec<u8>,
}

impl References {
    /// What `network`, a classifier that was opened as `run`, makes of those micrographs of `dataset`, opened from `path`, whose
    /// category is one of its classes. `progress` is given how many are done of how many.
    ///
    /// # Errors
    /// If the network is no classifier, no micrograph has one of its classes, or `progress` ended the work.
    pub fn of(
        (run, network): (&Path, &Network),
        (path, dataset): (&Path, &Dataset),
        progress: &mut dyn FnMut(usize, usize) -> ControlFlow<()>,
    ) -> Result<Self, ExplainError> {
        let classifier = TrainedClassifier::of_opened(run, network.clone())?;
        let classes = classifier.classes();
        let of_class = |entry: &&Entry| entry.category.as_ref().is_some_and(|own| classes.contains(own));
        let contents = dataset.contents()?;
        let work: Vec<(&Entry, Option<&String>)> = dataset
            .entries
            .iter()
            .zip(&contents)
            .filter(|(entry, _)| of_class(entry))
            .map(|(entry, sha256)| (entry, sha256.as_ref()))
            .collect();
        if work.is_empty() {
            let (data, known) = (path.to_owned(), classes.join(", "));
            return Err(ExplainError::NoReference { data, known });
        }
        let layer = ActivationReader::usual_layers_with_positions(network).pop().unwrap_or_default();
        let reader = ActivationReader::new(network, std::slice::from_ref(&layer))?;
        let prepare = dataset.prepare_config();
        let look = |(entry, sha256): &(&Entry, Option<&String>)| -> Result<Reference, String> {
            let plane = entry.plane(&prepare)?;
            let answer = classifier.answer(&plane).map_err(|error| error.to_string())?;
            let first = answer.probabilities.first().ok_or("no class")?;
            Ok(Reference {
                file: entry.file.clone(),
                sha256: sha256.cloned(),
                category: entry.category.clone().unwrap_or_default(),
                class: first.class.clone(),
                probability: first.probability,
                means: means(&reader, &plane).map_err(|error| error.to_string())?,
                small: small(&plane),
            })
        };
        let mut n_done = 0;
        let looked = pass(&work, look, &mut || {
            n_done += 1;
            progress(n_done, work.len())
        });
        let (mut seen, mut skipped) = (Vec::new(), Vec::new());
        for (one, (entry, _)) in looked.ok_or(ExplainError::Cancelled)?.into_iter().zip(&work) {
            match one {
                Ok(one) => seen.push(one),
                Err(reason) => skipped.push(Skipped { file: entry.file.clone(), reason }),
            }
        }
        let spread = spread(&seen);
        let data = DataUsed { path: path.to_owned(), digest: dataset.digest()?, category: None };
        Ok(Self { data, layer, reader, seen, spread, skipped })
    }

    /// The neighbours of `plane`, whose file has the hash `sha256`: it is no neighbour of itself. Also their pictures, names and
    /// bytes, which begin with `name`.
    ///
    /// # Errors
    /// If the network cannot read it.
    pub(super) fn nearest(
        &self,
        plane: &Plane,
        sha256: &str,
        name: &str,
    ) -> Result<(Nearest, Pictures), ExplainError> {
        let own = self.standard(&means(&self.reader, plane)?);
        let mut order: Vec<(f64, &Reference)> = self
            .seen
            .iter()
            .filter(|other| other.sha256.as_deref() != Some(sha256))
            .map(|other| (cosine(&own, &self.standard(&other.means)), other))
            .filter(|(likeness, _)| *likeness > 0.0)
            .collect();
        order.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.file.cmp(&b.1.file)));
        let mut files = Vec::new();
        let mut of_kind = |is_right: bool| -> Vec<Neighbour> {
            let kind = if is_right { "right" } else { "wrong" };
            let same = order.iter().filter(|(_, one)| (one.category == one.class) == is_right).take(N);
            same.enumerate()
                .map(|(place, (likeness, one))| {
                    let picture = format!("{name}.nearest-{kind}-{}.jpg", place + 1);
                    files.push((picture.clone(), one.small.clone()));
                    Neighbour {
                        file: one.file.clone(),
                        category: one.category.clone(),
                        class: one.class.clone(),
                        probability: one.probability,
                        likeness: *likeness,
                        picture,
                    }
                })
                .collect()
        };
        let (right, wrong) = (of_kind(true), of_kind(false));
        let n_right = self.seen.iter().filter(|one| one.category == one.class).count();
        let nearest = Nearest {
            data: self.data.clone(),
            layer: self.layer.clone(),
            n_right,
            n_wrong: self.seen.len() - n_right,
            right,
            wrong,
        };
        Ok((nearest, files))
    }

    /// Deviations from the data set's means, in standard deviations; channels that never vary are 0.
    fn standard(&self, means: &[f32]) -> Vec<f64> {
        let of = |(value, (mean, deviation)): (&f32, &(f64, f64))| {
            if *deviation > 0.0 { (f64::from(*value) - mean) / deviation } else { 0.0 }
        };
        means.iter().zip(&self.spread).map(of).collect()
    }
}

/// The mean activation of each channel.
fn means(reader: &ActivationReader, plane: &Plane) -> Result<Vec<f32>, ExplainError> {
    Ok(reader.peaks(plane)?.concat().iter().map(|peak| peak.mean).collect())
}

fn spread(seen: &[Reference]) -> Vec<(f64, f64)> {
    let n = seen.len() as f64;
    let channels = seen.first().map_or(0, |one| one.means.len());
    (0..channels)
        .map(|channel| {
            let of = || seen.iter().map(|one| f64::from(one.means[channel]));
            let mean = of().sum::<f64>() / n;
            (mean, (of().map(|value| (value - mean).powi(2)).sum::<f64>() / n).sqrt())
        })
        .collect()
}

fn cosine(a: &[f64], b: &[f64]) -> f64 {
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let lengths = (dot(a, a) * dot(b, b)).sqrt();
    if lengths > 0.0 { dot(a, b) / lengths } else { 0.0 }
}

/// A small picture of a prepared plane.
fn small(plane: &Plane) -> Vec<u8> {
    let longer = plane.height().max(plane.width()).max(SMALL_PX);
    let scaled = |side: usize| (side * SMALL_PX / longer).max(1);
    let picture = Picture::from_plane(plane, 0.0, 1.0, ColorMap::Gray);
    let picture = picture.resized(scaled(plane.height()), scaled(plane.width()), Sampling::Area);
    picture.jpeg_bytes(QUALITY).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::dataset::DatasetConfig;
    use crate::{Architecture, CompactConfig, Device};
    use micrograph::paint::gray_png;

    /// Lines of a period in px, along rows or columns.
    fn lines(period: usize, upright: bool) -> Plane {
        Plane::from_fn(96, 128, |y, x| {
            let along = if upright { x } else { y };
            if along % period < period / 2 { 1.0 } else { 0.0 } // as preparing stretches it
        })
    }

    #[test]
    fn the_nearest_are_those_that_look_alike_and_never_the_micrograph_itself() {
        let folder = tempfile::tempdir().unwrap();
        for (category, upright) in [("rows", false), ("columns", true)] {
            std::fs::create_dir_all(folder.path().join(category)).unwrap();
            for period in [6, 8, 10, 12] {
                let bytes = gray_png(&lines(period, upright), 0.0, 1.0);
                std::fs::write(folder.path().join(format!("{category}/{period}.png")), bytes).unwrap();
            }
        }
        std::fs::create_dir_all(folder.path().join("unknown")).unwrap();
        std::fs::write(folder.path().join("unknown/8.png"), gray_png(&lines(8, true), 0.0, 1.0)).unwrap();
        std::fs::write(folder.path().join("rows/damaged.png"), b"\x89PNG").unwrap();
        let classes = ["columns", "rows"].map(str::to_owned).to_vec();
        let config = CompactConfig { stages: vec![8, 12], classes, ..CompactConfig::default() };
        let network = Network::random(Architecture::Compact(config), 1, Device::Cpu).unwrap();
        let dataset = Dataset::open(folder.path(), &DatasetConfig::default()).unwrap();
        let mut last = (0, 0);
        let references =
            References::of((Path::new("random"), &network), (folder.path(), &dataset), &mut |done, total| {
                last = (done, total);
                ControlFlow::Continue(())
            })
            .unwrap();
        // of the classes alone: the folder `unknown` is left out, and the damaged file is named
        assert_eq!((last, references.seen.len(), references.skipped.len()), ((9, 9), 8, 1));
        let own = references.seen.last().unwrap();
        let sha256 = own.sha256.clone().unwrap();
        let (nearest, files) = references.nearest(&lines(10, true), &sha256, "image").unwrap();
        assert_eq!(nearest.n_right + nearest.n_wrong, 8);
        let all: Vec<&Neighbour> = nearest.right.iter().chain(&nearest.wrong).collect();
        assert_eq!(files.len(), all.len());
        assert!(all.iter().all(|one| one.file != own.file), "{all:?}");
        assert!(nearest.right.iter().all(|one| one.class == one.category));
        assert!(nearest.wrong.iter().all(|one| one.class != one.category));
        for kind in [&nearest.right, &nearest.wrong] {
            assert!(kind.is_sorted_by(|a, b| a.likeness >= b.likeness), "{kind:?}");
        }
        // the file with these very pixels
        let twin = all.iter().max_by(|a, b| a.likeness.total_cmp(&b.likeness)).unwrap();
        assert!(twin.likeness > 0.999, "{twin:?}");
        assert_eq!(twin.file, "columns/10.png");
    }

    #[test]
    fn a_data_set_without_its_classes_and_a_network_without_classes_are_named() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("grains")).unwrap();
        let bytes = gray_png(&lines(8, true), 0.0, 1.0);
        std::fs::write(folder.path().join("grains/a.png"), bytes).unwrap();
        let dataset = Dataset::open(folder.path(), &DatasetConfig::default()).unwrap();
        let of = |network: &Network| {
            let data = (folder.path(), &dataset);
            References::of((Path::new("random"), network), data, &mut |_, _| ControlFlow::Continue(()))
                .map(drop)
                .unwrap_err()
                .to_string()
        };
        let classes = ["columns", "rows"].map(str::to_owned).to_vec();
        let config = CompactConfig { stages: vec![4], classes, ..CompactConfig::default() };
        let error = of(&Network::random(Architecture::Compact(config), 1, Device::Cpu).unwrap());
        assert!(error.contains("columns, rows") && error.contains("--data"), "{error}");
        let config = crate::AutoencoderConfig { stages: vec![4], latent: 2, ..Default::default() };
        let error = of(&Network::random(Architecture::Autoencoder(config), 1, Device::Cpu).unwrap());
        assert!(error.contains("without classes"), "{error}");
    }
}
