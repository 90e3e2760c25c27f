//! The page of one micrograph: its image, the units that it drives, where each of them fires.

use micrograph::Plane;
use micrograph::paint::gray_jpeg;
use nanoaid::interpret::activation_index::ActivationIndex;
use nanoaid::interpret::exemplar::ActivationReader;

use super::Atlas;
use crate::outcome::Failure;
use nanoaid_pages::site::model::{Grid, MicrographView, NetworkAnswers, RankTable, UnitAnswer, UnitRef};

/// Quality of the images, at which grain is still grain.
const JPEG_QUALITY: u8 = 88;
/// Rows and columns of the grid of activations.
const GRID: (usize, usize) = (9, 12);
/// Units of a network on a page.
const MOST_UNITS: usize = 24;

/// How the units of one network answered to all micrographs, as ranks.
pub(crate) struct Ranks {
    /// `[image][unit]`: share of the micrographs whose largest activation is below this one's.
    shares: Vec<f32>,
    /// Smallest and largest activation of each unit.
    ranges: Vec<(f32, f32)>,
    n_units: usize,
}

impl Ranks {
    /// Of a survey.
    pub(crate) fn of(survey: &ActivationIndex) -> Self {
        let values = super::units::largest(survey);
        let n_images = survey.seen.len();
        let n_units = values.len() / n_images.max(1);
        let mut shares = vec![0.0; values.len()];
        let mut ranges = Vec::with_capacity(n_units);
        for unit in 0..n_units {
            let mut sorted: Vec<f32> = (0..n_images).map(|image| values[image * n_units + unit]).collect();
            sorted.sort_by(f32::total_cmp);
            for image in 0..n_images {
                let place = image * n_units + unit;
                let below = sorted.partition_point(|value| *value < values[place]);
                shares[place] = below as f32 / n_images as f32;
            }
            let range = sorted.first().zip(sorted.last()).map_or((0.0, 0.0), |(low, high)| (*low, *high));
            ranges.push(range);
        }
        Self { shares, ranges, n_units }
    }

    /// The share for a micrograph and unit.
    pub(crate) fn share(&self, image: usize, unit: usize) -> f32 {
        self.shares[image * self.n_units + unit]
    }

    /// The table as scripts read it.
    pub(crate) fn table(&self, network: usize) -> RankTable {
        RankTable { network, ranks: self.shares.iter().map(|share| (255.0 * share).round() as u8).collect() }
    }

    fn level(&self, unit: usize, value: f32) -> u8 {
        let (low, high) = self.ranges[unit];
        if low < high { (255.0 * ((value - low) / (high - low)).clamp(0.0, 1.0)).round() as u8 } else { 0 }
    }
}

impl Atlas {
    /// The page of micrograph `image`, of which `plane` is the specimen; `readers` has one for each
    /// network.
    pub(crate) fn micrograph_view(
        &self,
        image: usize,
        plane: &Plane,
        readers: &[ActivationReader],
    ) -> Result<MicrographView, Failure> {
        let mut grids = Vec::new();
        let mut units = Vec::new();
        for (network, reader) in readers.iter().enumerate() {
            grids.push(self.grid(network, plane, reader)?);
            units.push(NetworkAnswers { network, units: self.answers(network, image) });
        }
        let jpeg = gray_jpeg(plane, 0.0, 1.0, JPEG_QUALITY).ok_or_else(|| {
            let file = &self.seen()[image].file;
            Failure::new(format!("{file}: {} × {} px are no JPEG", plane.height(), plane.width()))
        })?;
        Ok(MicrographView { micrograph: image, units, jpeg, grids })
    }

    fn grid(&self, network: usize, plane: &Plane, reader: &ActivationReader) -> Result<Grid, Failure> {
        let (_, grids) = reader.peaks_and_grids(plane, GRID)?;
        let (rows, cols) = GRID;
        let ranks = &self.ranks[network];
        let values = grids.iter().flat_map(|grid| grid.values.chunks_exact(rows * cols)).enumerate();
        let levels = values.flat_map(|(unit, cells)| cells.iter().map(move |&cell| ranks.level(unit, cell)));
        Ok(Grid { network, rows, cols, values: levels.collect() })
    }

    /// The units that the micrograph drives most against others.
    fn answers(&self, network: usize, image: usize) -> Vec<UnitAnswer> {
        let findings = &self.findings[network];
        let ranks = &self.ranks[network];
        let mut order: Vec<usize> = (0..findings.units.n()).collect();
        order.retain(|&unit| ranks.ranges[unit].0 < ranks.ranges[unit].1);
        order.sort_by(|&a, &b| ranks.share(image, b).total_cmp(&ranks.share(image, a)).then(a.cmp(&b)));
        order
            .into_iter()
            .take(MOST_UNITS)
            .map(|number| {
                let (layer, channel) = findings.units.place(number);
                let peak = findings.survey.layers[layer].peak(image, channel);
                let seen = &findings.survey.seen[image];
                let described = &findings.network.layer(&findings.survey.layers[layer].layer);
                let described = described.expect("the survey is of this network");
                let position = (peak.y as usize, peak.x as usize);
                UnitAnswer {
                    unit: UnitRef { network, layer, channel },
                    value: peak.value,
                    rank: f64::from(ranks.share(image, number)),
                    field: ActivationReader::field(described, position, (seen.height, seen.width)),
                }
            })
            .collect()
    }
}
