//! Crops: real patches shown as windows onto the one stored image of their micrograph.
//!
//! The window is a box that hides what lies outside; the image in it is placed and scaled in
//! percent of the box. So a crop costs some hundred bytes of text and no file, at any size.

use maud::{Markup, html};
use micrograph::Rect;
use micrograph::paint::{LengthUnit, ScaleBar, number_text};

use crate::site::address::From;
use crate::site::model::Site;
use nanoaid::interpret::exemplar::{Exemplar, IndexedMicrograph};

/// Side in px below which a window is widened beyond the receptive field, so that its surroundings are visible.
const LEAST_WINDOW_PX: usize = 48;
/// Most of a window's width that its scale bar takes.
const BAR_SHARE: f64 = 0.45;

/// The square part of a micrograph that is shown for a receptive field: at least
/// [`LEAST_WINDOW_PX`] a side, moved so as to lie inside; less than square where the micrograph ends.
pub(super) fn window(field: Rect, micrograph: &IndexedMicrograph) -> Rect {
    let side = field.height.max(field.width).max(LEAST_WINDOW_PX);
    let (y, height) = span(field.y, field.height, side, micrograph.height);
    let (x, width) = span(field.x, field.width, side, micrograph.width);
    Rect { y, x, height, width }
}

/// `side` numbers around the middle of `start .. start + length`, inside `0 .. all`.
fn span(start: usize, length: usize, side: usize, all: usize) -> (usize, usize) {
    let side = side.min(all);
    let middle = 2 * start + length;
    let first = middle.saturating_sub(side) / 2;
    (first.min(all - side), side)
}

/// A list of crops, each a link to its place in its micrograph; `name` is for screen readers. The class is shown
/// below each where crops of several classes are mixed.
pub(super) fn crops(site: &Site<'_>, from: From, name: &str, exemplars: &[Exemplar], mixed: bool) -> Markup {
    html! {
        ul.crops aria-label=(name) {
            @for exemplar in exemplars { li { (crop(site, from, exemplar, mixed)) } }
        }
    }
}

/// One crop with the activation below it.
fn crop(site: &Site<'_>, from: From, exemplar: &Exemplar, mixed: bool) -> Markup {
    let Exemplar { image: micrograph, value, field, .. } = *exemplar;
    let seen = site.micrograph(micrograph);
    let class = site.class_of(micrograph).filter(|_| mixed).map(|class| site.class_name(class));
    html! {
        a.crop href={ (from.to(&site.micrograph_page(micrograph))) "#box=" (rect_text(field)) } data-v=(value) {
            (pane(site, from, micrograph, field, &seen.file))
            span.value { (number_text(f64::from(value))) }
            @if let Some(class) = class { span.class { (class) } }
        }
    }
}

/// The window itself, without link and number; `alt` is for screen readers.
pub(super) fn pane(site: &Site<'_>, from: From, micrograph: usize, field: Rect, alt: &str) -> Markup {
    let seen = site.micrograph(micrograph);
    let window = window(field, seen);
    let side = window.height.max(window.width) as f64;
    let percent = |px: f64| format!("{:.1}%", 100.0 * px / side);
    // a window that is not square lies in the middle of its box
    let top = (side - window.height as f64) / 2.0 - window.y as f64;
    let left = (side - window.width as f64) / 2.0 - window.x as f64;
    let bar = ScaleBar::fit(side, BAR_SHARE, LengthUnit::drawn(seen.nm_per_px, 1.0));
    let outlined = field.height * field.width < window.height * window.width;
    html! {
        span.pane {
            img src=(from.to(&site.micrograph_image(micrograph))) alt=(alt) loading="lazy"
                width=(seen.width) height=(seen.height)
                style={ "width:" (percent(seen.width as f64)) ";left:" (percent(left)) ";top:" (percent(top)) };
            @if outlined {
                i.field style={
                    "left:" (percent(field.x as f64 + left)) ";top:" (percent(field.y as f64 + top))
                    ";width:" (percent(field.width as f64)) ";height:" (percent(field.height as f64))
                } {}
            }
            @if let Some(bar) = bar {
                i.bar aria-hidden="true" style={ "width:" (percent(bar.length_px)) } { b { (bar.label) } }
            }
        }
    }
}

/// `y,x,height,width`.
pub(super) fn rect_text(rect: Rect) -> String {
    format!("{},{},{},{}", rect.y, rect.x, rect.height, rect.width)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_shows_what_is_around_a_small_field_and_stays_inside() {
        let seen = IndexedMicrograph {
            file: "a.png".to_owned(),
            sha256: String::new(),
            category: None,
            group: String::new(),
            part: String::new(),
            height: 100,
            width: 60,
            nm_per_px: None,
            data_bar_px: 0,
        };
        let rect = |y, x, height, width| Rect { y, x, height, width };
        let cases = [
            ("in the middle", rect(50, 30, 4, 4), rect(28, 8, 48, 48)),
            ("at the corner", rect(0, 0, 3, 3), rect(0, 0, 48, 48)),
            ("at the far corner", rect(97, 57, 3, 3), rect(52, 12, 48, 48)),
            ("larger than the least", rect(10, 5, 50, 50), rect(10, 5, 50, 50)),
            ("cut at the border", rect(0, 10, 30, 50), rect(0, 10, 50, 50)),
            ("the whole micrograph", rect(0, 0, 100, 60), rect(0, 0, 100, 60)),
        ];
        for (name, field, expected) in cases {
            assert_eq!(window(field, &seen), expected, "{name}");
        }
    }
}
