//! Pictures of concepts: parts of micrographs that have much of one, with where it lies.

use micrograph::Rect;
use micrograph::paint::{ColorMap, Corner, LengthUnit, Picture, Sampling, ScaleBar, outline_mask, resampled};

use super::activations::LayerReader;
use super::bank::Bank;
use super::error::ConceptError;
use super::result::ConceptExemplar;
use super::survey::Coded;
use super::{ExemplarPicture, Sample};
use crate::data::prepare::PrepareConfig;

/// Pixels, as the network sees them, that are shown around a position at least.
const LEAST_SHOWN_PX: f64 = 64.0;
/// Side of the picture of an exemplar.
const SIDE_PX: usize = 192;
/// Color of a concept on a micrograph, and its largest weight.
const COLOR: [u8; 3] = [230, 110, 0];
const MOST_COLOR: f32 = 0.45;

/// For each concept its exemplars, those that were chosen by their place.
pub(super) fn exemplars(
    reader: &LayerReader,
    (bank, shown, thresholds): (&Bank, &[usize], &[f32]),
    (sample, coded, chosen): (&Sample<'_>, &[Coded], &[Vec<usize>]),
    prepare: &PrepareConfig,
) -> Result<Vec<Vec<(ConceptExemplar, ExemplarPicture)>>, ConceptError> {
    let mut found: Vec<Vec<Option<(ConceptExemplar, ExemplarPicture)>>> =
        chosen.iter().map(|own| own.iter().map(|_| None).collect()).collect();
    // each micrograph is read once
    let mut uses: Vec<(usize, usize, usize)> = Vec::new();
    for (concept, own) in chosen.iter().enumerate() {
        uses.extend(own.iter().enumerate().map(|(rank, &place)| (place, concept, rank)));
    }
    uses.sort_unstable();
    for of_one in uses.chunk_by(|a, b| a.0 == b.0) {
        let place = of_one[0].0;
        let entry = sample.entries[place];
        let plane = entry.plane(prepare).map_err(|reason| sample.gone(place, &reason))?;
        let activations = reader.activations(&plane)?;
        let codes = bank.codes(&activations.vectors);
        let size = (activations.plane.height(), activations.plane.width());
        for &(_, concept, rank) in of_one {
            let (code, position) = coded[place].peaks[concept];
            let field = activations.field(position);
            let least = LEAST_SHOWN_PX * activations.views.zoom();
            let part = around(field, least, size);
            let own = activations.of_view(&codes, shown[concept], position.view);
            let heat = activations.spread(&own, position.view, part);
            let threshold = thresholds[concept].max(f32::MIN_POSITIVE);
            let (y, x) = activations.origin;
            let moved = |rect: Rect| Rect { y: rect.y + y, x: rect.x + x, ..rect };
            let exemplar =
                ConceptExemplar { micrograph: place, code, field: moved(field), shown: moved(part) };
            let picture = ExemplarPicture {
                plane: activations.plane.crop(part),
                heat: heat.map(|code| code / threshold),
                nm_per_px: sample.seen[place].nm_per_px,
            };
            found[concept][rank] = Some((exemplar, picture));
        }
    }
    Ok(found.into_iter().map(|own| own.into_iter().flatten().collect()).collect())
}

/// A square around `field`, of at least `least` pixels along a side and inside a plane of this size.
pub(super) fn around(field: Rect, least: f64, (height, width): (usize, usize)) -> Rect {
    let side = (field.height.max(field.width) as f64).max(least).round() as usize;
    let side = side.min(height).min(width).max(1);
    let along = |first: usize, length: usize, whole: usize| {
        (first + length / 2).saturating_sub(side / 2).min(whole - side)
    };
    Rect {
        y: along(field.y, field.height, height),
        x: along(field.x, field.width, width),
        height: side,
        width: side,
    }
}

impl ExemplarPicture {
    /// The part with the concept as a color, outlined where it counts as present, with a scale bar.
    pub fn painted(&self) -> Picture {
        let zoom = SIDE_PX as f64 / self.plane.height().max(1) as f64;
        let sampling = if zoom < 1.0 { Sampling::Area } else { Sampling::Bilinear };
        let plane = resampled(&self.plane, SIDE_PX, SIDE_PX, sampling);
        let heat = resampled(&self.heat, SIDE_PX, SIDE_PX, sampling);
        let mut picture = Picture::from_plane(&plane, 0.0, 1.0, ColorMap::Gray);
        let color = Picture::new(SIDE_PX, SIDE_PX, COLOR);
        picture.blend_masked(&color, &heat.map(|heat| MOST_COLOR * (heat / 2.0).clamp(0.0, 1.0)));
        outline_mask(&mut picture, &heat, 1.0, COLOR);
        let unit = LengthUnit::drawn(self.nm_per_px, zoom);
        if let Some(bar) = ScaleBar::fit(SIDE_PX as f64, 0.4, unit) {
            let rect = picture.rect();
            bar.draw(&mut picture, rect, Corner::BottomRight);
        }
        picture
    }
}
