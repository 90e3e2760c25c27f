//! Boxes: concepts that a user marks on micrographs, and whether classes depend on them (TCAV; Kim et al. 2018).
//!
//! The direction of a marked concept is the normal of a linear classifier between activations inside its boxes and others. A class
//! depends on it if its logit rises along that direction, more than along directions between random activations.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use micrograph::Rect;
use micrograph::random::Stream;
use serde::{Deserialize, Serialize};

use super::activations::{Activations, LayerReader};
use super::error::{ConceptError, OnProgress, go_on};
use super::matrix::{Matrix, dot};
use super::{ConceptProgress, Sample};
use crate::data::prepare::PrepareConfig;
use crate::interpret::explain::{Scored, Target, class_names};
use crate::train::regression::{Examples, SoftmaxRegression};

/// Ridge of the linear classifier.
const RIDGE: f64 = 0.01;
/// Activations in boxes at least, and others at most.
const LEAST_INSIDE: usize = 10;
const MOST_OTHERS: usize = 500;
/// Directions between random activations.
const N_RANDOM: usize = 50;
/// Micrographs of a class at most, and at least.
const MOST_OF_CLASS: usize = 20;
const LEAST_OF_CLASS: usize = 3;

/// A part of a micrograph of a data set that shows a concept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConceptBox {
    /// The micrograph, by its name in the data set.
    pub file: String,
    /// The concept.
    pub name: String,
    /// The part, in pixels of the specimen.
    pub part: Rect,
}

/// A concept that a user marked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MarkedConcept {
    /// Its name.
    pub name: String,
    /// Micrographs with boxes of it.
    pub n_files: usize,
    /// Positions in its boxes.
    pub n_positions: usize,
    /// Share of positions of a micrograph that a classifier of the others puts on the right side of box and not box, mean of both sides;
    /// 0.5 is chance. `None` of boxes on one micrograph only.
    pub accuracy: Option<f64>,
    /// Its direction, by channel, of length 1.
    pub direction: Vec<f32>,
    /// Classes of the network, those that depend on it most first.
    pub classes: Vec<MarkedUse>,
}

/// How a class depends on a marked concept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MarkedUse {
    /// The class.
    pub class: String,
    /// Its micrographs.
    pub n: usize,
    /// TCAV score: share of them whose logit of the class rises along the direction, in `[0, 1]`.
    pub score: f64,
    /// Mean cosine of the logit's gradient with the direction, in `[-1, 1]`.
    pub cosine: f64,
    /// The same of directions between random activations: mean and standard deviation.
    pub random: (f64, f64),
    /// Share of the random directions that are as far from their mean, with the direction itself among them.
    pub p: f64,
}

/// Reads boxes from the CSV file at `path`, with the columns `file`, `name`, `y`, `x`, `height`, `width`, in px of the specimen.
///
/// # Errors
/// If it cannot be read, lacks a column, or a cell is no number.
pub fn read_boxes(path: &Path) -> Result<Vec<ConceptBox>, ConceptError> {
    let wrong = |reason: String| ConceptError::Boxes { path: path.display().to_string(), reason };
    let mut reader = csv::Reader::from_path(path).map_err(|error| wrong(error.to_string()))?;
    let head = reader.headers().map_err(|error| wrong(error.to_string()))?.clone();
    let column = |name: &str| {
        head.iter().position(|cell| cell.trim() == name).ok_or_else(|| {
            let found: Vec<&str> = head.iter().collect();
            wrong(format!(
                "no column `{name}`, expected file, name, y, x, height, width; found: {}",
                found.join(", ")
            ))
        })
    };
    let [file, name] = [column("file")?, column("name")?];
    let sides = [column("y")?, column("x")?, column("height")?, column("width")?];
    let mut boxes = Vec::new();
    for (line, row) in (2..).zip(reader.records()) {
        let row = row.map_err(|error| wrong(error.to_string()))?;
        let cell = |column: usize| row.get(column).unwrap_or_default().trim();
        let mut numbers = [0_usize; 4];
        for (number, column) in numbers.iter_mut().zip(sides) {
            let text = cell(column);
            *number = text
                .parse()
                .map_err(|_| wrong(format!("line {line}: `{text}` is no whole number of pixels")))?;
        }
        let [y, x, height, width] = numbers;
        let part = Rect { y, x, height, width };
        boxes.push(ConceptBox { file: cell(file).to_owned(), name: cell(name).to_owned(), part });
    }
    if boxes.is_empty() {
        return Err(wrong("it holds no box".to_owned()));
    }
    Ok(boxes)
}

/// What is known of the concepts that `boxes` mark on micrographs of `sample`.
pub(super) fn marked(
    reader: &LayerReader,
    sample: &Sample<'_>,
    boxes: &[ConceptBox],
    (prepare, seed): (&PrepareConfig, u64),
    on: OnProgress<'_>,
) -> Result<Vec<MarkedConcept>, ConceptError> {
    if boxes.is_empty() {
        return Ok(Vec::new());
    }
    let inside = inside(reader, sample, boxes, prepare)?;
    let gradients = gradients(reader, sample, (prepare, seed), on)?;
    let mut stream = Stream::new(seed, "marked concepts", 0);
    let mut found = Vec::new();
    for (name, files) in &inside {
        go_on(on, ConceptProgress::Marked)?;
        let n_positions = files.iter().map(Matrix::n_rows).sum();
        if n_positions < LEAST_INSIDE {
            return Err(ConceptError::FewMarked { name: name.clone(), n: n_positions, least: LEAST_INSIDE });
        }
        let own = joined(files.iter());
        let others = drawn(&sample.fitted, n_positions.clamp(LEAST_INSIDE, MOST_OTHERS), &mut stream);
        let direction = normal(&own, &others);
        let random: Vec<Matrix> = (0..N_RANDOM)
            .map(|_| {
                let one = drawn(&sample.fitted, own.n_rows().min(MOST_OTHERS), &mut stream);
                normal(&one, &drawn(&sample.fitted, others.n_rows(), &mut stream))
            })
            .collect();
        let mut classes: Vec<MarkedUse> =
            gradients.iter().map(|(class, own)| used(class, own, &direction, &random)).collect();
        classes.sort_by(|a, b| a.p.total_cmp(&b.p).then(b.cosine.abs().total_cmp(&a.cosine.abs())));
        found.push(MarkedConcept {
            name: name.clone(),
            n_files: files.len(),
            n_positions,
            accuracy: accuracy(files, &sample.fitted, &mut stream),
            direction: direction.values,
            classes,
        });
    }
    Ok(found)
}

/// By concept and micrograph, the vectors inside the boxes.
fn inside(
    reader: &LayerReader,
    sample: &Sample<'_>,
    boxes: &[ConceptBox],
    prepare: &PrepareConfig,
) -> Result<BTreeMap<String, Vec<Matrix>>, ConceptError> {
    let files: BTreeSet<&str> = boxes.iter().map(|one| one.file.as_str()).collect();
    let mut found: BTreeMap<String, Vec<Matrix>> = BTreeMap::new();
    for file in files {
        let place = sample.seen.iter().position(|seen| seen.file == file);
        let place = place.ok_or_else(|| ConceptError::NotThere { file: file.to_owned() })?;
        let plane = sample.entries[place].plane(prepare).map_err(|reason| sample.gone(place, &reason))?;
        let activations = reader.activations(&plane)?;
        let mut of_names: BTreeMap<&str, BTreeSet<usize>> = BTreeMap::new();
        for one in boxes.iter().filter(|one| one.file == file) {
            let rows = of_names.entry(&one.name).or_default();
            rows.extend(positions_in(&activations, one.part));
        }
        for (name, rows) in of_names {
            let rows: Vec<usize> = rows.into_iter().collect();
            if !rows.is_empty() {
                found.entry(name.to_owned()).or_default().push(activations.vectors.select(&rows));
            }
        }
    }
    let empty = boxes.iter().find(|one| !found.contains_key(&one.name));
    match empty {
        Some(one) => Err(ConceptError::FewMarked { name: one.name.clone(), n: 0, least: LEAST_INSIDE }),
        None => Ok(found),
    }
}

/// Rows of the vectors whose positions look at the middle of a pixel in `part` of the specimen.
fn positions_in(activations: &Activations, part: Rect) -> Vec<usize> {
    let (y0, x0) = activations.origin;
    let is_in = |(y, x): (usize, usize)| {
        let (y, x) = (y + y0, x + x0);
        y >= part.y && y < part.y + part.height && x >= part.x && x < part.x + part.width
    };
    let positions = activations.positions().into_iter();
    positions.filter(|&one| is_in(activations.pixel(one))).map(|one| activations.index(one)).collect()
}

/// By class of the network, for micrographs that are labelled so, the gradient of its logit for the activations, summed over positions.
fn gradients(
    reader: &LayerReader,
    sample: &Sample<'_>,
    (prepare, seed): (&PrepareConfig, u64),
    on: OnProgress<'_>,
) -> Result<BTreeMap<String, Vec<Vec<f32>>>, ConceptError> {
    let mut found: BTreeMap<String, Vec<Vec<f32>>> = BTreeMap::new();
    let order = sample.few(usize::MAX, seed);
    for class in class_names(&reader.network) {
        let is_own = |place: &usize| sample.seen[*place].category.as_deref() == Some(class.as_str());
        let own: Vec<usize> = order.iter().copied().filter(is_own).take(MOST_OF_CLASS).collect();
        if own.len() < LEAST_OF_CLASS {
            continue;
        }
        let score = Target::Class(class.clone()).score(&reader.network, &[])?;
        let scored = Scored::new(&reader.network, score);
        for place in own {
            go_on(on, ConceptProgress::Marked)?;
            let plane = sample.entries[place].plane(prepare).map_err(|reason| sample.gone(place, &reason))?;
            let activations = reader.activations(&plane)?;
            let id = scored.map_layer(&reader.layer.name, activations.views.size())?;
            let views = activations.views.cut(&activations.plane);
            let of_views = scored.at(&views, &[id], &mut || on(ConceptProgress::Marked))?;
            let of_channel = |channel: usize| -> f32 {
                of_views.iter().map(|layers| layers[0].channel(channel).1.iter().sum::<f32>()).sum()
            };
            let gradient = (0..reader.layer.n_channels).map(of_channel).collect();
            found.entry(class.clone()).or_default().push(gradient);
        }
    }
    Ok(found)
}

/// How a class depends on `direction`, beside `random` ones.
fn used(class: &str, gradients: &[Vec<f32>], direction: &Matrix, random: &[Matrix]) -> MarkedUse {
    let cosine = |gradient: &[f32], direction: &Matrix| {
        let length = dot(gradient, gradient).sqrt();
        if length > 0.0 { dot(gradient, direction.row(0)) / length } else { 0.0 }
    };
    let mean = |direction: &Matrix| {
        gradients.iter().map(|gradient| cosine(gradient, direction)).sum::<f64>() / gradients.len() as f64
    };
    let own = mean(direction);
    let of_random: Vec<f64> = random.iter().map(mean).collect();
    let n = of_random.len() as f64;
    let middle = of_random.iter().sum::<f64>() / n;
    let deviation = (of_random.iter().map(|one| (one - middle).powi(2)).sum::<f64>() / n).sqrt();
    let n_as_far = of_random.iter().filter(|one| (*one - middle).abs() >= (own - middle).abs()).count();
    let rising = gradients.iter().filter(|gradient| cosine(gradient, direction) > 0.0).count();
    MarkedUse {
        class: class.to_owned(),
        n: gradients.len(),
        score: rising as f64 / gradients.len() as f64,
        cosine: own,
        random: (middle, deviation),
        p: (n_as_far + 1) as f64 / (n + 1.0),
    }
}

/// The direction from `others` to `own`, of length 1, `[1, C]`.
fn normal(own: &Matrix, others: &Matrix) -> Matrix {
    let fit = fitted(own, others);
    let weights = fit.weights[1].iter().zip(&fit.weights[0]).map(|(own, other)| (own - other) as f32);
    Matrix::new(own.n_columns, weights.collect()).normalized()
}

fn fitted(own: &Matrix, others: &Matrix) -> SoftmaxRegression {
    let features: Vec<Vec<f64>> = others
        .rows()
        .chain(own.rows())
        .map(|row| row.iter().map(|&value| f64::from(value)).collect())
        .collect();
    let labels: Vec<usize> = (0..features.len()).map(|row| usize::from(row >= others.n_rows())).collect();
    // both sides count alike
    let importance: Vec<f64> = labels
        .iter()
        .map(|&label| 0.5 / if label == 1 { own.n_rows() } else { others.n_rows() } as f64)
        .collect();
    let examples = Examples {
        features: &features,
        labels: &labels,
        importance: &importance,
        n_classes: 2,
        label_smoothing: 0.0,
    };
    SoftmaxRegression::fit(&examples, RIDGE)
}

/// Mean share of positions on the right side, each micrograph by a classifier of the others.
fn accuracy(files: &[Matrix], others: &Matrix, stream: &mut Stream) -> Option<f64> {
    if files.len() < 2 {
        return None;
    }
    let is_inside = |fit: &SoftmaxRegression, row: &[f32]| {
        let features: Vec<f64> = row.iter().map(|&value| f64::from(value)).collect();
        let logits = fit.logits(&features);
        logits[1] > logits[0]
    };
    let mut shares = Vec::new();
    for held_out in 0..files.len() {
        let own =
            joined(files.iter().enumerate().filter(|(place, _)| *place != held_out).map(|(_, file)| file));
        let fit = fitted(&own, &drawn(others, own.n_rows().clamp(LEAST_INSIDE, MOST_OTHERS), stream));
        let other = drawn(others, files[held_out].n_rows().min(MOST_OTHERS), stream);
        let share = |rows: &Matrix, inside: bool| {
            let right = rows.rows().filter(|row| is_inside(&fit, row) == inside).count();
            right as f64 / rows.n_rows().max(1) as f64
        };
        shares.push(f64::midpoint(share(&files[held_out], true), share(&other, false)));
    }
    Some(shares.iter().sum::<f64>() / shares.len() as f64)
}

fn joined<'a>(parts: impl Iterator<Item = &'a Matrix>) -> Matrix {
    let mut all = Matrix::default();
    for part in parts {
        all.n_columns = part.n_columns;
        all.values.extend_from_slice(&part.values);
    }
    all
}

fn drawn(rows: &Matrix, n: usize, stream: &mut Stream) -> Matrix {
    let chosen: Vec<usize> = (0..n).map(|_| stream.below(rows.n_rows())).collect();
    rows.select(&chosen)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_that_depends_on_the_direction_is_found_and_one_that_does_not_is_not() {
        let mut stream = Stream::new(1, "boxes", 0);
        let noise = |n: usize, stream: &mut Stream| {
            Matrix::new(20, (0..20 * n).map(|_| stream.normal() as f32).collect())
        };
        // what is marked has more of channel 3
        let mut own = noise(80, &mut stream);
        (0..80).for_each(|row| own.row_mut(row)[3] += 4.0);
        let direction = normal(&own, &noise(80, &mut stream));
        // 160 examples leave some of it to the noise of the other 19 channels
        assert!(direction.row(0)[3] > 0.8, "{:?}", direction.row(0));
        let random: Vec<Matrix> =
            (0..N_RANDOM).map(|_| normal(&noise(80, &mut stream), &noise(80, &mut stream))).collect();
        let mut along = vec![0.0; 20];
        along[3] = 0.7;
        let depends = used("a", &vec![along; 5], &direction, &random);
        assert_eq!(depends.score, 1.0);
        assert!(depends.cosine > 0.8 && depends.p < 0.03, "{depends:?}");
        let mut across = vec![0.0; 20];
        across[7] = 0.7;
        let does_not = used("b", &vec![across; 5], &direction, &random);
        assert!(does_not.cosine.abs() < 0.3 && does_not.p > 0.05, "{does_not:?}");

        let parts: Vec<Matrix> =
            (0..4).map(|part| own.select(&(20 * part..20 * part + 20).collect::<Vec<_>>())).collect();
        let others = noise(500, &mut stream);
        assert!(accuracy(&parts, &others, &mut stream).unwrap() > 0.9);
        let same: Vec<Matrix> = (0..4).map(|_| noise(20, &mut stream)).collect();
        assert!((accuracy(&same, &others, &mut stream).unwrap() - 0.5).abs() < 0.15);
        assert_eq!(accuracy(&parts[..1], &others, &mut stream), None);
    }
}
