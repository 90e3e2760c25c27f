//! Part: lines or dots that fill only a part of an image, for where its spectrum shows neither grating nor lattice.
//!
//! A few lines, an array that fills a part of the image, is seen in perspective or is faint leave no prominent peaks in
//! the spectrum of the whole. They are looked for one by one on a reduced copy of the image: first [`dots`], whose rows
//! are lines too, then [`lines`]. What is found is placed again in the pixels of its part of the image. Letters and
//! scale bars, which are as regular, are filled before.

mod directions;
mod dots;
mod extremes;
mod grown;
mod lines;
mod placed;
mod profile;
mod run;
mod steps;
mod straight;
mod turned;
mod vectors;

use super::flatten::{FlattenConfig, flattened, noise};
use super::geometry::{Geometry, axis_deg};
use super::grating::{Evidence, Grating, check};
use super::large::Working;
use super::lattice::{self, Lattice};
use super::quantity::{Component, Quantity, Unit};
use crate::smooth::averaged;
use crate::{Plane, Rect, annotations};

use dots::Dots;
use placed::Placed;

/// Longest side of the copy that is searched, in px.
const LONGEST_SIDE: usize = 640;
/// Least side of it, in px.
const LEAST_SIDE: usize = 32;
/// What surrounds lines where they are placed again, in pitches.
const MARGIN: f64 = 0.5;

/// A pattern in a part of an image, which it names.
pub(super) enum InPart {
    Lines(Grating),
    Dots(Lattice),
}

/// The pattern that a part of `plane` shows; `None` if the evidence is not enough.
pub(super) fn in_part(plane: &Plane, geometry: &Geometry) -> Option<InPart> {
    check(plane).ok()?;
    let plane = annotations::mask(plane).filled(plane);
    let factor = plane.height().max(plane.width()).div_ceil(LONGEST_SIDE);
    if plane.height().min(plane.width()) / factor < LEAST_SIDE {
        return None;
    }
    // whole squares only
    let whole = |side: usize| side / factor * factor;
    let whole = Rect { y: 0, x: 0, height: whole(plane.height()), width: whole(plane.width()) };
    let small = flattened(&averaged(&plane.crop(whole), factor), FlattenConfig::default()).plane;
    if small.range() == Some((0.0, 0.0)) {
        return None;
    }
    if let Some(dots) = dots::dots(&small) {
        return lattice_of(&plane, &dots.enlarged(factor), geometry).map(InPart::Dots);
    }
    let seen = lines::lines(&small)?;
    if factor == 1 {
        return Some(InPart::Lines(grating_of(&plane, &seen, geometry)));
    }
    let enlarged = Rect {
        y: factor * seen.part.y,
        x: factor * seen.part.x,
        height: factor * seen.part.height,
        width: factor * seen.part.width,
    };
    let pitch = factor as f64 / seen.wave[0].hypot(seen.wave[1]);
    let part = Working::part(&plane, widened(enlarged, MARGIN * pitch, &plane));
    let found = lines::lines_near(&part.plane, seen.axis, pitch)?;
    Some(InPart::Lines(part.grating(grating_of(&part.plane, &found, geometry))))
}

/// `rect` with `margin` px on each side, as far as that is inside `plane`.
fn widened(rect: Rect, margin: f64, plane: &Plane) -> Rect {
    let margin = margin.ceil() as usize;
    let ends =
        |first: usize, n: usize, side: usize| (first.saturating_sub(margin), (first + n + margin).min(side));
    let (top, bottom) = ends(rect.y, rect.height, plane.height());
    let (left, right) = ends(rect.x, rect.width, plane.width());
    Rect { y: top, x: left, height: bottom - top, width: right - left }
}

/// The grating of lines that were placed one by one in `plane`.
fn grating_of(plane: &Plane, found: &Placed, geometry: &Geometry) -> Grating {
    let [fx, fy] = geometry.wave(found.wave[0], found.wave[1]);
    let pitch = fx.hypot(fy).recip();
    let evidence = Evidence {
        cycles: (found.n_lines - 1) as f64,
        prominence: 0.0,
        agreement: 1.0,
        correlation: found.repeated,
        persistence: None,
        coherence: found.repeated.sqrt(),
        explained: found.repeated,
    };
    let components = vec![
        Component::estimated("placement of lines", found.placement * pitch, found.degrees_of_freedom),
        Component::bounded("change along the lines", found.fan * pitch),
    ];
    let method = "straight line through the positions of the lines";
    let turn =
        vec![Component::estimated("placement of lines", found.turn.to_degrees(), found.degrees_of_freedom)];
    Grating {
        pitch: Quantity::new(pitch, Unit::Px, method, components),
        axis: Quantity::new(axis_deg(fy.atan2(fx).to_degrees() + 90.0), Unit::Degrees, method, turn),
        duty_cycle: None,
        n_lines: found.n_lines,
        edge_roughness: None,
        width_roughness: None,
        signal_to_noise: found.rms / noise(plane).max(1e-6),
        wave: found.wave,
        phase: found.phase,
        evidence,
        part: Some(found.part),
    }
}

/// The lattice of dots that were found one by one in `plane`.
fn lattice_of(plane: &Plane, dots: &Dots, geometry: &Geometry) -> Option<Lattice> {
    let [a, b] = dots.grown.vectors;
    let places = dots.grown.sites.iter().map(|site| site.expected);
    let tight = turned::bounds((plane.height(), plane.width()), places);
    let rect = widened(tight, vectors::length(a).min(vectors::length(b)) / 2.0, plane);
    let part = Working::part(plane, rect);
    let sites = dots.placed(&part.plane, [rect.y, rect.x].map(|first| first as f64));
    let mut found = lattice::of_dots(&part.plane, sites, [a, b], geometry).ok()?;
    found.part = Some(Rect { y: 0, x: 0, height: rect.height, width: rect.width });
    Some(part.lattice(found))
}

#[cfg(test)]
mod tests;
