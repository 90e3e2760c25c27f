//! Natural: micrographs of a data set as feature visualizations use them, for the mean spectrum and
//! for the way that images take through a network.
//!
//! Only the training part is looked at, prepared and without data bars, and of each micrograph the
//! middle, so that hundreds fit into memory.

use micrograph::{Plane, Rect};
use rayon::prelude::*;

use crate::dataset::{Dataset, Split};
use crate::visualize::path::{Means, Nearness, Paths, warning};
use crate::visualize::{Objective, Spectrum, Warning};
use crate::{Address, Network};

/// Most rows and columns that are kept of a micrograph.
const MOST_PX: usize = 512;
/// Micrographs that are compared with a picture on each side.
const COMPARED: usize = 8;

/// The middles of micrographs.
pub struct Natural {
    planes: Vec<Plane>,
    /// Files that could not be read, with the reason.
    pub skipped: Vec<(String, String)>,
}

impl Natural {
    /// Reads the training part of `dataset`; of one category where it is given.
    pub fn of(dataset: &Dataset, category: Option<&str>) -> Self {
        let prepare = dataset.prepare_config();
        let wanted = |found: Option<&str>| category.is_none_or(|category| found == Some(category));
        let entries: Vec<_> =
            dataset.of(Split::Train).filter(|entry| wanted(entry.category.as_deref())).collect();
        let read: Vec<_> = entries
            .par_iter()
            .map(|entry| match entry.plane(&prepare) {
                Ok(plane) => Ok(middle(&plane, [MOST_PX; 2])),
                Err(reason) => Err((entry.file.clone(), reason)),
            })
            .collect();
        let (mut planes, mut skipped) = (Vec::new(), Vec::new());
        for found in read {
            match found {
                Ok(plane) => planes.push(plane),
                Err(reason) => skipped.push(reason),
            }
        }
        Self { planes, skipped }
    }

    /// The middles.
    pub fn planes(&self) -> &[Plane] {
        &self.planes
    }

    /// Their mean spectrum for images of `[height, width]`; `None` if none is so large.
    pub fn spectrum(&self, size: [usize; 2]) -> Option<Spectrum> {
        Spectrum::of(&self.planes, size)
    }

    /// The ways of all micrographs that are at least of `size` through `network` as far as `layer`;
    /// `None` for fewer than two.
    ///
    /// # Panics
    /// If there is no such layer, or its images are not grey.
    pub fn paths<'a>(&self, network: &'a Network, layer: &str, size: [usize; 2]) -> Option<NaturalPaths<'a>> {
        let paths = Paths::to(network, layer);
        let [height, width] = size;
        let large = self.planes.iter().filter(|plane| plane.height() >= height && plane.width() >= width);
        let means: Vec<Means> = large.map(|plane| paths.means(&[middle(plane, size)])).collect();
        (means.len() >= 2).then_some(NaturalPaths { paths, means })
    }
}

/// The ways of micrographs through a network.
pub struct NaturalPaths<'a> {
    paths: Paths<'a>,
    means: Vec<Means>,
}

impl NaturalPaths<'_> {
    /// How near `picture` is, layer by layer, to the micrographs that drive `channel` of the last
    /// layer most and to those that drive it least, and the warning that follows.
    pub fn compare(&self, picture: &[Plane], channel: usize) -> (Vec<Nearness>, Option<Warning>) {
        let mut order: Vec<&Means> = self.means.iter().collect();
        order.sort_by(|a, b| b.last(channel).total_cmp(&a.last(channel)));
        let n = COMPARED.min(order.len() / 2);
        let (driving, others) = (&order[..n], &order[order.len() - n..]);
        let nearness = self.paths.nearness(&self.paths.means(picture), driving, others);
        let warning = warning(&nearness);
        (nearness, warning)
    }
}

/// The layer and channel that an objective is about, if it is about one; a class's is its logit.
pub fn unit_of(objective: &Objective, network: &Network) -> Option<(String, usize)> {
    match objective {
        Objective::Unit(Address::Layer { layer, channel: Some(channel), .. })
        | Objective::Center { layer, channel }
        | Objective::Energy { layer, channel } => {
            let name = network.layer(layer).map(|layer| layer.name.clone());
            name.or_else(|| layer.strip_suffix(crate::network::PREACTIVATION).map(str::to_owned))
                .map(|layer| (layer, *channel))
        }
        Objective::Unit(Address::Class(label)) => {
            let class = network.classes()?.iter().position(|class| class == label)?;
            Some((network.layers().last()?.name.clone(), class))
        }
        _ => None,
    }
}

/// The middle of `plane`, at most of this size.
fn middle(plane: &Plane, [height, width]: [usize; 2]) -> Plane {
    let (height, width) = (plane.height().min(height), plane.width().min(width));
    let (y, x) = ((plane.height() - height) / 2, (plane.width() - width) / 2);
    plane.crop(Rect { y, x, height, width })
}
