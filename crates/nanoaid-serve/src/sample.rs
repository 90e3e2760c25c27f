//! Sample: a part of a micrograph, and what an autoencoder that learns gives back of it.

use std::ops::ControlFlow;

use micrograph::Plane;
use micrograph::paint::{ColorMap, Picture};
use nanoaid::Network;
use nanoaid::data::dataset::{Dataset, Entry, Origin, Split};
use nanoaid::data::prepare;
use nanoaid::interpret::lens::{Threshold, TileConfig, reconstruction};

/// Longest side in px.
const MOST_PX: usize = 256;
/// Pixels between the two, and their color.
const GAP_PX: usize = 6;
const GAP: [u8; 3] = [255, 255, 255];

/// The middle of a micrograph that the training does not see, or of another where there is none; `None` if none of the first can be
/// read.
pub(crate) fn part_of(dataset: &Dataset) -> Option<Plane> {
    let config = dataset.prepare_config();
    let of = |entry: &Entry| match &entry.origin {
        Origin::File(path) => prepare::file(path, &config).ok(),
        Origin::Synthetic { .. } => None,
    };
    let unseen = dataset.of(Split::Validation).chain(dataset.of(Split::Train)).take(8);
    let plane = unseen.filter_map(of).next()?.plane;
    Some(plane.middle(plane.height().min(MOST_PX), plane.width().min(MOST_PX)))
}

/// `part`, and beside it what `network` gives back of it; `None` if it gives nothing back.
pub(crate) fn drawn(network: &Network, part: &Plane) -> Option<Picture> {
    let go_on = &mut |_, _| ControlFlow::Continue(());
    let found = reconstruction(network, part, &TileConfig::default(), Threshold::default(), go_on).ok()?;
    let mut picture = Picture::new(part.height(), 2 * part.width() + GAP_PX, GAP);
    for (place, plane) in [part, &found.output].into_iter().enumerate() {
        let gray = Picture::from_plane(plane, 0.0, 1.0, ColorMap::Gray);
        picture.blit(0, place * (part.width() + GAP_PX), &gray);
    }
    Some(picture)
}
