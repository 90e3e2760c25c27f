//! The most periodic unit: the channel of a layer in whose feature map a wave of the pattern is clearest.
//!
//! *Clarity* is the share of the map's variance, under a Hann window, that lies in the spectral peak at
//! that wave: 1 for a map that is nothing but the wave, next to 0 for one that has it not. It does not
//! depend on how strong the channel is, but the faintest of a layer are left out. Harmonics do not count: they have other periods. Only positions
//! that see nothing but the image have a part: at the border some channels see the zeros around it and
//! nothing else.

use std::ops::Range;

use micrograph::Rect;
use micrograph::measure::geometry::axis_deg;
use micrograph::measure::wave_shares;

use super::result::{Clearest, Finding};
use crate::Layer;
use crate::interpret::lens::FeatureMaps;

/// Share of the layer's largest standard deviation from which on a map counts: a channel that fires
/// faintly at a few places has a spectrum, too, which describes these places alone.
const LEAST_SHARE: f64 = 0.1;

/// The channel of `maps`, which are of an image of this height and width, with the clearest of `waves`
/// (cycles per column and per row of the image); the first of equal ones. Refused where the layer's
/// positions lie too far apart for these waves, or there are fewer than three cycles on it.
///
/// # Errors
/// If spilled maps cannot be read back.
pub fn clearest(
    maps: &FeatureMaps,
    (height, width): (usize, usize),
    waves: &[[f64; 2]],
) -> std::io::Result<Finding<Clearest>> {
    let layer = maps.layer();
    let rows = inside(layer, maps.height(), height);
    let columns = inside(layer, maps.width(), width);
    let part = Rect { y: rows.start, x: columns.start, height: rows.len(), width: columns.len() };
    if part.height.min(part.width) == 0 {
        return Ok(Finding::NotMeasured("every position sees beyond the image".to_owned()));
    }
    let stride = layer.stride as f64;
    let on_map: Vec<[f64; 2]> = waves.iter().map(|wave| wave.map(|part| part * stride)).collect();
    let mut found = Vec::new();
    for channel in 0..maps.n_channels() {
        let map = maps.plane(channel)?.crop(part);
        let deviation = map.variance().sqrt();
        // an infinite or missing activation makes no spectrum
        if deviation.is_finite() && deviation > 0.0 {
            found.push((channel, deviation, wave_shares(&map, &on_map)));
        }
    }
    let largest = found.iter().map(|(_, deviation, _)| *deviation).fold(0.0, f64::max);
    let mut best: Option<Clearest> = None;
    for (channel, deviation, shares) in found {
        if deviation < LEAST_SHARE * largest {
            continue;
        }
        for (wave_index, share) in shares.into_iter().enumerate() {
            let Some(share) = share else { continue };
            if best.as_ref().is_some_and(|best| best.clarity >= share.share) {
                continue;
            }
            let [across, down] = share.wave.map(|part| part / stride);
            best = Some(Clearest {
                layer: layer.name.clone(),
                channel,
                clarity: share.share,
                wave_index,
                period_px: 1.0 / across.hypot(down),
                // y up; lines lie across the wave
                axis_deg: axis_deg((-down).atan2(across).to_degrees() + 90.0),
            });
        }
    }
    Ok(match best {
        Some(best) => Finding::Measured(best),
        None => Finding::NotMeasured(format!(
            "no channel resolves the period: positions lie {} px apart, {} × {} of them",
            layer.stride, part.height, part.width
        )),
    })
}

/// The positions of `n` along an axis whose receptive field lies inside the image's `length_px`.
fn inside(layer: &Layer, n: usize, length_px: usize) -> Range<usize> {
    let sees_within = |&position: &usize| {
        let (first, end) = layer.image_from_feature(position);
        first >= 0 && end <= length_px as isize
    };
    match ((0..n).find(sees_within), (0..n).rev().find(sees_within)) {
        (Some(first), Some(last)) => first..last + 1,
        _ => 0..0,
    }
}
