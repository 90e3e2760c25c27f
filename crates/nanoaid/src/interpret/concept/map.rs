//! Map of a layer: what it gives for many positions, laid out so that what is alike is near, as a grid of pictures (activation atlas;
//! Carter et al. 2019), with a real part of a micrograph for each.

use std::collections::BTreeMap;

use micrograph::Plane;
use micrograph::random::Stream;
use serde::{Deserialize, Serialize};

use super::activations::LayerReader;
use super::bank::Bank;
use super::error::{ConceptError, OnProgress, go_on};
use super::layout::layout;
use super::matrix::{Matrix, dot};
use super::picture::around;
use super::tuned::climbed;
use super::{BankSize, ConceptMethod, ConceptProgress, Sample};
use crate::data::prepare::PrepareConfig;
use micrograph::Rect;

/// Vectors that are laid out at most, and components by which they are compared.
const MOST_VECTORS: usize = 1500;
const COMPONENTS: usize = 32;
/// Vectors of a cell at least.
const LEAST_IN_CELL: usize = 3;

/// One cell of a map.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MapCell {
    /// Its row, from above.
    pub row: usize,
    /// Its column, from the left.
    pub column: usize,
    /// Vectors in it.
    pub n: usize,
    /// The most frequent class of their micrographs, and its share; `None` without classes.
    pub class: Option<(String, f64)>,
    /// The micrograph that stands for it, by its place among those that were looked at.
    pub micrograph: usize,
    /// The part of it that is shown.
    pub shown: Rect,
}

/// A map with its pictures.
#[derive(Clone, Debug)]
pub struct LayerMap {
    /// Rows and columns.
    pub side: usize,
    /// Cells that are not empty, row after row.
    pub cells: Vec<MapCell>,
    /// What each cell looks for, `[H, W]`, values in `[0, 1]`.
    pub pictures: Vec<Plane>,
    /// The part of a micrograph that stands for each cell.
    pub parts: Vec<Plane>,
}

/// A map of `side × side` cells of the vectors of `sample`.
pub(super) fn map(
    reader: &LayerReader,
    sample: &Sample<'_>,
    (side, seed): (usize, u64),
    prepare: &PrepareConfig,
    on: OnProgress<'_>,
) -> Result<LayerMap, ConceptError> {
    go_on(on, ConceptProgress::Map)?;
    let mut drawn: Vec<usize> = (0..sample.fitted.n_rows()).collect();
    Stream::new(seed, "map", 0).shuffle(&mut drawn);
    drawn.truncate(MOST_VECTORS);
    let vectors = sample.fitted.select(&drawn);
    let size = BankSize { n_concepts: COMPONENTS, n_sparse: 16, n_active: 1, n_rounds: 10, sparsity: 0.0 };
    let components = Bank::fitted(&vectors, ConceptMethod::Pca, size, seed).codes(&vectors).normalized();
    let first_two =
        Matrix::new(2, components.rows().flat_map(|row| [row[0], row[1.min(row.len() - 1)]]).collect());
    let points = layout(&components, &first_two, &mut || on(ConceptProgress::Map).is_continue());
    let points = points.ok_or(ConceptError::Cancelled)?;

    let mut members: BTreeMap<(usize, usize), Vec<usize>> = BTreeMap::new();
    let (rows, columns) = (ranks(&points, 1, side), ranks(&points, 0, side));
    for (place, cell) in rows.into_iter().zip(columns).enumerate() {
        members.entry(cell).or_default().push(place);
    }
    members.retain(|_, own| own.len() >= LEAST_IN_CELL);
    let means = vectors.means();
    let (mut cells, mut parts, mut directions) = (Vec::new(), Vec::new(), Vec::new());
    for ((row, column), own) in members {
        go_on(on, ConceptProgress::Map)?;
        let of_cell = vectors.select(&own);
        let mean = of_cell.means();
        let direction: Vec<f32> = mean.iter().zip(&means).map(|(own, all)| own - all).collect();
        // the vector that is most like the mean of the cell
        let likeness = |place: usize| {
            let vector: Vec<f32> =
                vectors.row(place).iter().zip(&means).map(|(value, all)| value - all).collect();
            dot(&vector, &direction) / dot(&vector, &vector).sqrt().max(1e-12)
        };
        let best = own.iter().copied().max_by(|&a, &b| likeness(a).total_cmp(&likeness(b)).then(b.cmp(&a)));
        let best = drawn[best.expect("a cell has vectors")];
        let (micrograph, position) = sample.places[best];
        let entry = sample.entries[micrograph];
        let plane = entry.plane(prepare).map_err(|reason| sample.gone(micrograph, &reason))?;
        let activations = reader.activations(&plane)?;
        let size = (activations.plane.height(), activations.plane.width());
        let part = around(activations.field(position), 48.0 * activations.views.zoom(), size);
        parts.push(activations.plane.crop(part));
        let (y, x) = activations.origin;
        let shown = Rect { y: part.y + y, x: part.x + x, ..part };
        let micrographs = own.iter().map(|&place| sample.places[drawn[place]].0);
        let class = most_frequent(micrographs.map(|place| sample.seen[place].category.as_deref()));
        cells.push(MapCell { row, column, n: own.len(), class, micrograph, shown });
        directions.push(direction);
    }
    let directions = Matrix::new(vectors.n_columns, directions.concat()).normalized();
    let pictures = climbed(reader, &directions, seed, on)?;
    Ok(LayerMap { side, cells, pictures, parts })
}

/// The cell of each point along `axis`: as many points in each where they are spread evenly, with the layout's gaps kept in part by taking
/// half of the rank and half of the place.
fn ranks(points: &[[f64; 2]], axis: usize, side: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..points.len()).collect();
    order.sort_by(|&a, &b| points[a][axis].total_cmp(&points[b][axis]).then(a.cmp(&b)));
    let (low, high) = (points[order[0]][axis], points[order[order.len() - 1]][axis]);
    let mut cells = vec![0; points.len()];
    for (rank, &place) in order.iter().enumerate() {
        let by_rank = rank as f64 / points.len() as f64;
        let by_place = if high > low { (points[place][axis] - low) / (high - low) } else { 0.5 };
        let share = f64::midpoint(by_rank, by_place);
        cells[place] = ((share * side as f64) as usize).min(side - 1);
    }
    cells
}

fn most_frequent<'a>(classes: impl Iterator<Item = Option<&'a str>>) -> Option<(String, f64)> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    classes.flatten().for_each(|class| *counts.entry(class).or_default() += 1);
    let all: usize = counts.values().sum();
    let most = counts.into_iter().max_by(|a, b| a.1.cmp(&b.1).then(b.0.cmp(a.0)))?;
    Some((most.0.to_owned(), most.1 as f64 / all as f64))
}
