//! The lens on the page: the result of [`look`] for one layer with small pictures of all maps, and each map, the false
//! colors, the reconstruction and its error as planes.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;
use micrograph::paint::{Sampling, resampled};
use micrograph::{Plane, Rect};
use nanoaid::interpret::lens::{
    ChannelStatistics, Lens, LensConfig, LensImage, LensResult, Reconstruction, ReconstructionMetrics,
    Threshold, TileConfig, likeness, look, reconstruction,
};
use nanoaid::interpret::view::field_text;
use nanoaid::{Address, Architecture, Network};
use rayon::prelude::*;
use serde::Serialize;

use crate::app::{App, Asked};
use crate::http::{Fault, Query, not_stored, of_bytes};
use crate::planes::{Wish, colors, floats, levels};

/// Longest side of a small picture of a map.
const SMALL_PX: usize = 160;

/// One layer of one micrograph.
pub(crate) struct Looked {
    pub(crate) lens: Lens,
    /// Height and width of a small picture, and 8 bits for each of its pixels, map after map, by channel.
    small: (usize, usize, Vec<u8>),
}

/// What is sent of a layer before its small pictures.
#[derive(Serialize)]
struct Header<'a> {
    result: &'a LensResult,
    field_text: String,
    warnings: Vec<[String; 2]>,
    small_height: usize,
    small_width: usize,
    positions_per_px: usize,
}

impl Asked {
    /// The lens at the layer that was asked for.
    pub(crate) async fn looked(&self, app: &Arc<App>) -> Result<Arc<Looked>, Fault> {
        let decoded = self.decoded(app).await?;
        let network = Arc::clone(&self.network(app)?.network);
        let layer = self.layer()?.to_owned();
        let name = format!("lens/{}/{layer}", self.seen_key());
        app.kept
            .get(name, move |wanted| {
                let prepared = decoded.prepared.as_ref().map_err(Clone::clone)?;
                let image =
                    LensImage { plane: &prepared.plane, calibration: prepared.facts.calibration.as_ref() };
                // reconstructions are asked for by themselves
                let config = LensConfig { reconstruct: false, ..LensConfig::default() };
                let lens = look(&network, &layer, image, &config, &mut |_, _, _| wanted.flow())
                    .map_err(Fault::refused)?;
                let small = small(&lens)?;
                let positions = lens.maps.height() * lens.maps.width();
                let bytes = (lens.maps.n_channels() + 3) * positions * size_of::<f32>() + small.2.len();
                Ok((Looked { lens, small }, bytes))
            })
            .await
    }

    /// The reconstruction by the network that was asked for.
    pub(crate) async fn reconstructed(&self, app: &Arc<App>) -> Result<Arc<Reconstruction>, Fault> {
        let decoded = self.decoded(app).await?;
        let network = Arc::clone(&self.network(app)?.network);
        let name = format!("reconstruction/{}", self.seen_key());
        app.kept
            .get(name, move |wanted| {
                let prepared = decoded.prepared.as_ref().map_err(Clone::clone)?;
                let (tiles, threshold) = (TileConfig::default(), Threshold::default());
                let found =
                    reconstruction(&network, &prepared.plane, &tiles, threshold, &mut |_, _| wanted.flow())
                        .map_err(Fault::refused)?;
                let bytes = found.output.values().len() * 2 * size_of::<f32>();
                Ok((found, bytes))
            })
            .await
    }
}

/// Small pictures of all maps, each from its 0.5 % to its 99.5 % quantile.
fn small(lens: &Lens) -> Result<(usize, usize, Vec<u8>), Fault> {
    let maps = &lens.maps;
    let longest = maps.height().max(maps.width());
    let scaled = |px: usize| if longest > SMALL_PX { (px * SMALL_PX / longest).max(1) } else { px };
    let (height, width) = (scaled(maps.height()), scaled(maps.width()));
    let mut statistics: Vec<Option<&ChannelStatistics>> = vec![None; maps.n_channels()];
    for channel in &lens.result.channels {
        if let Address::Layer { channel: Some(index), .. } = channel.address {
            statistics[index] = Some(&channel.statistics);
        }
    }
    let pictures: Result<Vec<Vec<u8>>, std::io::Error> = statistics
        .par_iter()
        .enumerate()
        .map(|(channel, statistics)| {
            let plane = maps.plane(channel)?;
            let reduced = resampled(&plane, height, width, Sampling::Area);
            let (low, high) = statistics.map_or((0.0, 1.0), |found| (found.low, found.high));
            let step = 255.0 / (high - low).max(f32::MIN_POSITIVE);
            Ok(reduced.values().iter().map(|value| ((value - low) * step) as u8).collect())
        })
        .collect();
    Ok((height, width, pictures.map_err(Fault::own)?.concat()))
}

/// A layer: length of the numbers (4 bytes), the numbers, the small pictures.
pub(crate) async fn layer(State(app): State<Arc<App>>, request: Request) -> Result<Response, Fault> {
    let asked = Asked::of(&Query::of(request.uri()))?;
    let looked = asked.looked(&app).await?;
    let result = &looked.lens.result;
    let (height, width, small) = &looked.small;
    let header = Header {
        result,
        field_text: field_text(result),
        warnings: result
            .warnings
            .iter()
            .map(|found| [found.to_string(), found.advice().to_owned()])
            .collect(),
        small_height: *height,
        small_width: *width,
        positions_per_px: looked.lens.false_color.as_ref().map_or(1, |colors| colors.positions_per_px),
    };
    let mut text = serde_json::to_vec(&header).map_err(Fault::own)?;
    // the pictures begin at a multiple of 4
    text.resize(text.len().next_multiple_of(4), b' ');
    let mut bytes = (text.len() as u32).to_le_bytes().to_vec();
    bytes.extend(text);
    bytes.extend_from_slice(small);
    Ok(not_stored(of_bytes("application/octet-stream", bytes)))
}

/// A plane: `what` is image, specimen, map, like (likeness to the place `at_y`, `at_x` in px), false-color, output, error, relative-error or anomalies.
pub(crate) async fn plane(State(app): State<Arc<App>>, request: Request) -> Result<Response, Fault> {
    let query = Query::of(request.uri());
    let (asked, wish) = (Asked::of(&query)?, Wish::of(&query)?);
    match query.required("what")? {
        "image" => {
            let decoded = asked.decoded(&app).await?;
            let (plane, part) = wish.of_plane(&decoded.plane)?;
            Ok(levels(&plane, part))
        }
        "specimen" => {
            let decoded = asked.decoded(&app).await?;
            let prepared = decoded.prepared.as_ref().map_err(Clone::clone)?;
            let (plane, part) = wish.of_plane(&prepared.plane)?;
            Ok(floats(&plane, part))
        }
        "map" => {
            let channel =
                query.number("channel")?.ok_or_else(|| Fault::wrong("the query has no `channel`"))?;
            let looked = asked.looked(&app).await?;
            let n_channels = looked.lens.maps.n_channels();
            if channel >= n_channels {
                let last = n_channels - 1;
                return Err(Fault::missing(format!("channel {channel}: the layer has channels 0 to {last}")));
            }
            let map = looked.lens.maps.plane(channel).map_err(Fault::own)?;
            let (plane, part) = wish.of_plane(&map)?;
            Ok(floats(&plane, part))
        }
        "like" => {
            let place = |name: &str, size: usize, stride: usize| {
                let found = query.number::<usize>(name)?;
                let found = found.ok_or_else(|| Fault::wrong(format!("the query has no `{name}`")))?;
                let position = found / stride;
                let last = size * stride - 1;
                let outside = || Fault::wrong(format!("{name}: found {found}, expected 0 to {last}"));
                (position < size).then_some(position).ok_or_else(outside)
            };
            let looked = asked.looked(&app).await?;
            let maps = &looked.lens.maps;
            let stride = maps.layer().stride.max(1);
            let place = [place("at_y", maps.height(), stride)?, place("at_x", maps.width(), stride)?];
            let name = format!("like/{}/{}/{place:?}", asked.seen_key(), asked.layer()?);
            let looked = Arc::clone(&looked);
            let found: Arc<Plane> = app
                .kept
                .get(name, move |_| {
                    let found = likeness(&looked.lens.maps, place).map_err(Fault::own)?;
                    let bytes = size_of_val(found.values());
                    Ok((found, bytes))
                })
                .await?;
            let (plane, part) = wish.of_plane(&found)?;
            Ok(floats(&plane, part))
        }
        "false-color" => {
            let looked = asked.looked(&app).await?;
            let Some(found) = &looked.lens.false_color else { return Err(Fault::own("no false colors")) };
            let (height, width) = (found.planes[0].height(), found.planes[0].width());
            Ok(colors(&found.planes, Rect { y: 0, x: 0, height, width }))
        }
        what => {
            let found = asked.reconstructed(&app).await?;
            let plane = match what {
                "output" => &found.output,
                "error" => &found.error_map,
                "relative-error" => &found.relative_errors,
                "anomalies" => &found.mask,
                _ => return Err(Fault::missing(format!("there is no plane called `{what}`"))),
            };
            let (plane, part) = wish.of_plane(plane)?;
            Ok(floats(&plane, part))
        }
    }
}

/// How well the network gives the image back.
pub(crate) async fn metrics(State(app): State<Arc<App>>, request: Request) -> Result<Response, Fault> {
    let asked = Asked::of(&Query::of(request.uri()))?;
    let found = asked.reconstructed(&app).await?;
    let metrics: &ReconstructionMetrics = &found.metrics;
    crate::http::json(metrics)
}

/// What the page has to know of a network.
#[derive(Serialize)]
pub(crate) struct NetworkInfo<'a> {
    pub(crate) id: &'a str,
    pub(crate) run: String,
    pub(crate) layers: &'a [nanoaid::Layer],
    /// Names of the layers of the depth slider.
    pub(crate) depths: Vec<&'a str>,
    pub(crate) classes: Option<&'a [String]>,
    pub(crate) reconstructs: bool,
    pub(crate) classifies: bool,
    /// Whether a classifier can start from it.
    pub(crate) is_base: bool,
    pub(crate) sha256: &'a str,
    pub(crate) notes: &'a [String],
}

/// Whether a classifier can start from a network.
pub(crate) fn is_base(network: &Network) -> bool {
    use Architecture::{Autoencoder, Compact, Transfer};
    matches!(network.architecture(), Autoencoder(_) | Compact(_) | Transfer(_))
}

/// The layers that the depth slider goes through: the encoder's stages, or, of a network without stages, the last block of
/// each stride, where its names have blocks, as `_blocks.4` is one of `_blocks.4._expand_conv`; else the last layer of it.
fn depths(network: &Network) -> Vec<&str> {
    if network.n_stages() > 0 {
        let stages = (1..=network.n_stages()).filter_map(|depth| network.layer_at_depth(depth));
        return stages.map(|layer| layer.name.as_str()).collect();
    }
    let with_positions: Vec<&nanoaid::Layer> = network
        .layers()
        .iter()
        .filter(|layer| layer.receptive_field_px.is_some() && layer.stride > 1)
        .collect();
    let is_block = |layer: &nanoaid::Layer| {
        let inside = format!("{}.", layer.name);
        // an activation alone makes no block of its convolution
        with_positions.iter().filter(|other| other.name.starts_with(&inside)).count() > 1
    };
    let blocks: Vec<&nanoaid::Layer> =
        with_positions.iter().copied().filter(|layer| is_block(layer)).collect();
    let mut depths: Vec<&nanoaid::Layer> = Vec::new();
    for layer in if blocks.is_empty() { with_positions } else { blocks } {
        match depths.last_mut() {
            Some(last) if last.stride == layer.stride => *last = layer,
            Some(last) if last.stride > layer.stride => {}
            _ => depths.push(layer),
        }
    }
    depths.into_iter().map(|layer| layer.name.as_str()).collect()
}

impl<'a> NetworkInfo<'a> {
    /// Of `network`, called `id`, opened from `run`.
    pub(crate) fn new(id: &'a str, run: String, network: &'a Network) -> Self {
        Self {
            id,
            run,
            layers: network.layers(),
            depths: depths(network),
            classes: network.classes(),
            reconstructs: nanoaid::interpret::lens::reconstructs(network),
            classifies: nanoaid::evaluate::classify::view_px(network).is_some(),
            is_base: is_base(network),
            sha256: network.sha256(),
            notes: network.notes(),
        }
    }
}

#[cfg(test)]
mod tests {
    use nanoaid::{Device, network::builtin};

    use super::depths;

    #[test]
    fn each_built_in_network_has_depths_from_fine_to_coarse() {
        let autoencoder = builtin::autoencoder(Device::Cpu).unwrap();
        assert_eq!(depths(&autoencoder), ["encoder.1", "encoder.2", "encoder.3"]);
        let classifier = builtin::classifier(Device::Cpu).unwrap();
        let expected = ["_blocks.0", "_blocks.2", "_blocks.4", "_blocks.10", "_blocks.15"];
        assert_eq!(depths(&classifier), expected);
    }
}
