//! Caricature: a part of the micrograph with that enhanced which a layer sees in it, by gradient ascent.

use std::sync::Arc;

use micrograph::{Plane, Rect};
use nanoaid::interpret::visualize::{Objective, Preset, VisualizeConfig, validate};
use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::ascent::{climb, snapshots};
use crate::http::Fault;
use crate::jobs::{Job, Lane, Wish};
use crate::shown::{Shown, prepared};

/// Least and largest side of a caricature in px.
const LEAST_PX: usize = 64;
const MOST_PX: usize = 256;
/// Power of the cosine that holds the picture to the micrograph, as of `nanoaid visualize --unit "caricature(LAYER)"`.
const COSINE_POWER: f32 = 0.0;

/// What is wanted.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct CaricatureWish {
    shown: Shown,
    network: String,
    layer: String,
    /// The part, in pixels of the specimen.
    part: Rect,
}

/// Begins one.
pub(crate) async fn begin(app: &Arc<App>, wish: CaricatureWish) -> Result<Job, Fault> {
    let open = app.network(&wish.network)?;
    let layer = open.network.known_layer(&wish.layer).map_err(Fault::refused)?.name.clone();
    let decoded = wish.shown.decoded(app).await?;
    let (config, compared) = part_of(&prepared(&decoded)?.plane, wish.part)?;
    let objective = Objective::Caricature { layer, cosine_power: COSINE_POWER };
    validate(&open.network, std::slice::from_ref(&objective), &config, Some(&compared))
        .map_err(Fault::refused)?;
    let steps = config.steps;
    Ok(app.jobs.begin(Wish::Caricature(wish), steps, Lane::Short, move |reporter| {
        climb(&open.network, objective, &config, Some(&compared), reporter)
    }))
}

/// Settings for a square in the middle of `part`, and what `plane` shows there and in the margin around it.
fn part_of(plane: &Plane, part: Rect) -> Result<(VisualizeConfig, Plane), Fault> {
    let (height, width) = (plane.height(), plane.width());
    if part.height == 0 || part.width == 0 || part.y >= height || part.x >= width {
        let Rect { y, x, height: rows, width: columns } = part;
        return Err(Fault::wrong(format!(
            "part: found {rows} × {columns} px from row {y}, column {x}, expected a part of the specimen, {height} rows of {width}"
        )));
    }
    let config = Preset::Fast.config();
    let room = plane.height().min(plane.width()).saturating_sub(2 * config.margin_px);
    let side = part.height.max(part.width).clamp(LEAST_PX, MOST_PX).min(room);
    if side < LEAST_PX {
        let least = LEAST_PX + 2 * config.margin_px;
        return Err(Fault::refused(format!(
            "specimen of {width} × {height} px: a caricature needs at least {least} × {least} px"
        )));
    }
    let canvas = side + 2 * config.margin_px;
    let first = |start: usize, length: usize, all: usize| {
        start.saturating_add(length / 2).saturating_sub(canvas / 2).min(all - canvas)
    };
    let rect = Rect {
        y: first(part.y, part.height, plane.height()),
        x: first(part.x, part.width, plane.width()),
        height: canvas,
        width: canvas,
    };
    let transforms = Preset::Fast.transforms().transforms(canvas);
    let snapshots = snapshots(config.steps);
    let config = VisualizeConfig { height: side, width: side, transforms, snapshots, ..config };
    Ok((config.checked().map_err(Fault::refused)?, plane.crop(rect)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn squares_lie_inside_and_around_the_middle_of_their_part() {
        let plane = Plane::from_fn(300, 400, |y, x| (y * 400 + x) as f32);
        for part in [(0, 0, 10, 10), (290, 390, 10, 10), (100, 50, 80, 130), (0, 0, 300, 400)] {
            let (y, x, height, width) = part;
            let (config, compared) = part_of(&plane, Rect { y, x, height, width }).unwrap();
            assert_eq!([compared.height(), compared.width()], config.canvas_px());
            assert!((LEAST_PX..=MOST_PX).contains(&config.height), "{part:?}");
            let first = compared.values()[0] as usize;
            let middle = |first: usize, canvas: usize| first + canvas / 2;
            if part == (100, 50, 80, 130) {
                assert_eq!(middle(first / 400, compared.height()), 140);
                assert_eq!(middle(first % 400, compared.width()), 115);
            }
        }
        let fault = part_of(&Plane::filled(40, 400, 0.5), Rect { y: 0, x: 0, height: 40, width: 40 });
        assert!(fault.unwrap_err().text.contains("400 × 40 px"));
        // what a request may hold
        let whole = Rect { y: 299, x: 399, height: usize::MAX, width: usize::MAX };
        assert!(part_of(&plane, whole).is_ok());
        for (y, x, height, width) in [(usize::MAX, 0, 9, 9), (0, 400, 9, 9), (0, 0, 0, 9), (0, 0, 9, 0)] {
            assert!(part_of(&plane, Rect { y, x, height, width }).is_err());
        }
    }
}
