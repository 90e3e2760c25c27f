//! Annotations: letters, arrows, scale bars and labels that were drawn on the specimen, found by their pixels.
//!
//! A program draws in one level, black or white, and from one pixel to the next; a beam does not. So ink is what lies at
//! an end of the grey levels, and ends sharply all around. Of its connected parts, those count that are the rectangle of
//! a scale bar, a box with a rectangular border, or letters: several parts of one height side by side, or one beside a bar
//! or in a box. Rows outside of the specimen are the business of [`data_bar`](crate::data_bar); drawings in grey
//! or in a color whose luminance is not at an end are not found. The text is not read.

use crate::{Plane, Rect};

/// Largest distance of ink from the end of the levels, as a share of their range; JPEG leaves that.
const INK: f32 = 0.13;
/// Least step from ink to what lies beside it, two pixels away, as a share of the range.
const LEAST_STEP: f32 = 0.27;
/// Least share of the border of a part with such a step.
const LEAST_SHARP: f64 = 0.7;
/// The same for a letter beside a scale bar.
const LEAST_SHARP_BESIDE_BAR: f64 = 0.3;
/// Largest share of the image that ink of one kind may cover: beyond, it is the specimen.
const MOST_INK: f64 = 0.35;
/// Largest height of a letter, and of a box, as a share of that of the image.
const MOST_LETTER: f64 = 0.2;
const MOST_BOX: f64 = 0.35;
/// Least height of a letter in px.
const LEAST_LETTER: usize = 5;
/// Parts of one shape from which on they are a pattern of the specimen.
const MANY_ALIKE: usize = 4;
/// Pixels around ink that its blur reaches.
const BLUR: usize = 2;

/// What was drawn on a plane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Annotations {
    /// For each pixel, row by row, whether it is drawn or beside what is, `[H, W]`.
    pub mask: Vec<bool>,
    /// A box around each drawing.
    pub boxes: Vec<Rect>,
}

impl Annotations {
    /// Share of the plane that they cover.
    pub fn share(&self) -> f64 {
        self.mask.iter().filter(|drawn| **drawn).count() as f64 / self.mask.len().max(1) as f64
    }

    /// `plane` with the drawings replaced by what is around them.
    ///
    /// # Panics
    /// If `plane` has another size than that they were found in.
    pub fn filled(&self, plane: &Plane) -> Plane {
        let (height, width) = (plane.height(), plane.width());
        assert_eq!(self.mask.len(), height * width, "the mask of a plane of this size");
        let mut values = plane.values().to_vec();
        let mut known: Vec<bool> = self.mask.iter().map(|drawn| !drawn).collect();
        let neighbours = |at: usize| neighbours(at, height, width);
        let mut rim: Vec<usize> =
            (0..known.len()).filter(|&at| !known[at] && neighbours(at).any(|by| known[by])).collect();
        // from the border inwards
        while !rim.is_empty() {
            let layer: Vec<(usize, f32)> = rim
                .iter()
                .map(|&at| {
                    let around: Vec<f32> =
                        neighbours(at).filter(|&by| known[by]).map(|by| values[by]).collect();
                    (at, around.iter().sum::<f32>() / around.len().max(1) as f32)
                })
                .collect();
            for &(at, value) in &layer {
                (values[at], known[at]) = (value, true);
            }
            rim = layer.iter().flat_map(|&(at, _)| neighbours(at)).filter(|&by| !known[by]).collect();
            // each once: it would multiply from layer to layer
            rim.sort_unstable();
            rim.dedup();
        }
        Plane::new(height, width, values)
    }
}

/// The drawings on `plane`, `[H, W]`.
///
/// # Examples
/// ```
/// use micrograph::{Plane, annotations};
///
/// // a white bar on grey
/// let plane = Plane::from_fn(120, 160, |y, x| {
///     if (100..106).contains(&y) && (90..150).contains(&x) { 255.0 } else { ((x * 7 + y * 13) % 90) as f32 }
/// });
/// let drawn = annotations::mask(&plane);
/// assert_eq!(drawn.boxes.len(), 1);
/// assert!(drawn.mask[103 * 160 + 120] && !drawn.mask[20 * 160 + 20]);
/// ```
pub fn mask(plane: &Plane) -> Annotations {
    let (height, width) = (plane.height(), plane.width());
    let mut drawn = Annotations { mask: vec![false; height * width], boxes: Vec::new() };
    let Some((low, high)) = plane.range().filter(|(low, high)| high > low) else { return drawn };
    let range = high - low;
    for bright in [true, false] {
        let depth = |value: f32| if bright { (high - value) / range } else { (value - low) / range };
        let ink: Vec<bool> = plane.values().iter().map(|&value| depth(value) <= INK).collect();
        if ink.iter().filter(|ink| **ink).count() as f64 > MOST_INK * ink.len() as f64 {
            continue;
        }
        let parts: Vec<Part> = parts(&ink, height, width)
            .into_iter()
            .map(|pixels| Part::of(pixels, plane, &ink, depth))
            .collect();
        for (part, kind) in parts.iter().zip(kinds(&parts, height, width)) {
            if kind == Kind::Specimen {
                continue;
            }
            drawn.boxes.push(part.bounds);
            match kind {
                // with the letters in it
                Kind::Box => drawn.cover(part.bounds, width, height),
                _ => part.pixels.iter().for_each(|&at| {
                    drawn.cover(Rect { y: at / width, x: at % width, height: 1, width: 1 }, width, height);
                }),
            }
        }
    }
    drawn.boxes.sort_by_key(|at| (at.y, at.x));
    drawn
}

impl Annotations {
    /// Marks `rect` and its blur.
    fn cover(&mut self, rect: Rect, width: usize, height: usize) {
        for y in rect.y.saturating_sub(BLUR)..(rect.y + rect.height + BLUR).min(height) {
            let columns = rect.x.saturating_sub(BLUR)..(rect.x + rect.width + BLUR).min(width);
            self.mask[y * width + columns.start..y * width + columns.end].fill(true);
        }
    }
}

/// What a connected part is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Bar,
    Box,
    Letter,
    Specimen,
}

/// A connected part of the ink.
struct Part {
    pixels: Vec<usize>,
    bounds: Rect,
    /// Share of its border beyond which the level changes at once.
    sharp: f64,
    /// Share of its bounds that it fills, and of the sides of its bounds.
    fill: f64,
    sides: f64,
}

impl Part {
    fn of(pixels: Vec<usize>, plane: &Plane, ink: &[bool], depth: impl Fn(f32) -> f32) -> Self {
        let (height, width) = (plane.height(), plane.width());
        let rows = || pixels.iter().map(|at| at / width);
        let columns = || pixels.iter().map(|at| at % width);
        let (top, bottom) = (rows().min().unwrap_or(0), rows().max().unwrap_or(0));
        let (left, right) = (columns().min().unwrap_or(0), columns().max().unwrap_or(0));
        let bounds = Rect { y: top, x: left, height: bottom - top + 1, width: right - left + 1 };
        let (mut border, mut steps) = (0_usize, 0_usize);
        let mut on_sides = 0_usize;
        for &at in &pixels {
            let (y, x) = ((at / width) as i64, (at % width) as i64);
            let side = at / width == top || at / width == bottom || at % width == left || at % width == right;
            on_sides += usize::from(side);
            for (dy, dx) in [(0, 1), (0, -1), (1, 0), (-1, 0)] {
                let inside =
                    |y: i64, x: i64| (0..height as i64).contains(&y) && (0..width as i64).contains(&x);
                let index = |y: i64, x: i64| (y * width as i64 + x) as usize;
                if !inside(y + dy, x + dx) || ink[index(y + dy, x + dx)] {
                    continue;
                }
                border += 1;
                let beyond = [1, 2].into_iter().filter(|by| inside(y + by * dy, x + by * dx));
                let deepest = beyond
                    .map(|by| depth(plane.values()[index(y + by * dy, x + by * dx)]))
                    .fold(0.0, f32::max);
                steps += usize::from(deepest - depth(plane.values()[at]) >= LEAST_STEP);
            }
        }
        let around = (2 * (bounds.height + bounds.width)).saturating_sub(4).max(1);
        let fill = pixels.len() as f64 / (bounds.height * bounds.width) as f64;
        Self {
            sharp: steps as f64 / border.max(1) as f64,
            fill,
            sides: on_sides as f64 / around as f64,
            bounds,
            pixels,
        }
    }

    /// A scale bar lies; what stands may be the edge of something.
    fn is_bar(&self) -> bool {
        let Rect { height, width, .. } = self.bounds;
        self.fill >= 0.88 && width >= 12 && width >= 3 * height
    }

    /// Whether `other` has its shape, as one line of a pattern has that of the next.
    fn is_like(&self, other: &Self) -> bool {
        let (a, b) = (self.bounds, other.bounds);
        let near = |a: usize, b: usize| a.abs_diff(b) <= 1 + a.max(b) / 10;
        near(a.width, b.width) && near(a.height, b.height) && near(self.pixels.len(), other.pixels.len())
    }

    fn is_box(&self, height: usize) -> bool {
        let Rect { height: tall, width: wide, .. } = self.bounds;
        let most = (MOST_BOX * height as f64) as usize;
        self.sides >= 0.9 && self.fill >= 0.5 && (10..=most).contains(&tall) && wide >= 10
    }

    fn may_be_letter(&self, height: usize) -> bool {
        let Rect { height: tall, width: wide, .. } = self.bounds;
        let most = (MOST_LETTER * height as f64).max(12.0) as usize;
        (LEAST_LETTER..=most).contains(&tall) && wide <= 2 * tall && self.pixels.len() >= LEAST_LETTER
    }

    /// Whether `other` stands beside it in one line of text.
    fn is_beside(&self, other: &Self) -> bool {
        let (a, b) = (self.bounds, other.bounds);
        let overlap = (a.y + a.height).min(b.y + b.height) as i64 - a.y.max(b.y) as i64;
        let gap = a.x.max(b.x) as i64 - (a.x + a.width).min(b.x + b.width) as i64;
        let (short, tall) = (a.height.min(b.height), a.height.max(b.height));
        2 * overlap >= short as i64 && tall <= 2 * short && gap <= tall as i64 && gap >= -(tall as i64) / 4
    }

    /// Whether it lies within twice the height of `letter` of it.
    fn is_near(&self, letter: &Self) -> bool {
        let (a, b) = (self.bounds, letter.bounds);
        let far = |first: usize, length: usize, other: usize, other_length: usize| {
            first.max(other) as i64 - (first + length).min(other + other_length) as i64
        };
        let reach = 2 * b.height as i64;
        far(a.y, a.height, b.y, b.height) <= reach && far(a.x, a.width, b.x, b.width) <= reach / 2
    }
}

/// What each part is.
fn kinds(parts: &[Part], height: usize, width: usize) -> Vec<Kind> {
    let mut kinds: Vec<Kind> = parts
        .iter()
        .map(|part| match part {
            _ if part.sharp < LEAST_SHARP => Kind::Specimen,
            // what goes from side to side is a margin or a layer
            _ if part.bounds.width + 4 >= width || part.bounds.height + 4 >= height => Kind::Specimen,
            _ if part.is_bar() => Kind::Bar,
            _ if part.is_box(height) => Kind::Box,
            _ => Kind::Specimen,
        })
        .collect();
    let pattern = |at: usize| {
        parts[at].pixels.len() >= LEAST_LETTER
            && parts.iter().filter(|other| parts[at].is_like(other)).count() >= MANY_ALIKE
    };
    let bars: Vec<usize> = (0..parts.len()).filter(|&at| kinds[at] == Kind::Bar && !pattern(at)).collect();
    let beside_bar = |at: usize| bars.iter().any(|&bar| parts[bar].is_near(&parts[at]));
    // thin letters on a light specimen are blurred; beside a bar they are letters nevertheless
    let is_sharp = |at: usize| {
        let sharp = parts[at].sharp;
        sharp >= LEAST_SHARP || (sharp >= LEAST_SHARP_BESIDE_BAR && beside_bar(at))
    };
    let letters: Vec<usize> = (0..parts.len())
        .filter(|&at| kinds[at] == Kind::Specimen && parts[at].may_be_letter(height) && is_sharp(at))
        .collect();
    // text: at least three in a line, or two, or one, beside a bar
    let lines: Vec<Vec<usize>> = letters
        .iter()
        .map(|&at| letters.iter().copied().filter(|&other| parts[at].is_beside(&parts[other])).collect())
        .collect();
    for (at, kind) in kinds.iter_mut().enumerate() {
        if *kind != Kind::Specimen && pattern(at) {
            *kind = Kind::Specimen;
        }
    }
    for (&at, line) in letters.iter().zip(&lines) {
        // letters differ, dots of an array do not
        let alike = line.iter().filter(|&&other| parts[at].is_like(&parts[other])).count();
        if (line.len() >= 3 && 2 * alike <= line.len() + 1) || beside_bar(at) {
            line.iter().for_each(|&other| kinds[other] = Kind::Letter);
            kinds[at] = Kind::Letter;
        }
    }
    // a short bar without text may be an edge of the specimen
    let text: Vec<usize> = (0..parts.len()).filter(|&at| kinds[at] == Kind::Letter).collect();
    for bar in bars {
        let Rect { height, width, .. } = parts[bar].bounds;
        let long = height.max(width);
        if long < 20 && !text.iter().any(|&letter| parts[bar].is_near(&parts[letter])) {
            kinds[bar] = Kind::Specimen;
        }
    }
    kinds
}

/// Connected parts of `ink`, of which corners touch.
fn parts(ink: &[bool], height: usize, width: usize) -> Vec<Vec<usize>> {
    let mut seen = vec![false; ink.len()];
    let mut parts = Vec::new();
    for first in 0..ink.len() {
        if !ink[first] || seen[first] {
            continue;
        }
        seen[first] = true;
        let (mut part, mut next) = (Vec::new(), vec![first]);
        while let Some(at) = next.pop() {
            part.push(at);
            for by in neighbours(at, height, width) {
                if ink[by] && !seen[by] {
                    seen[by] = true;
                    next.push(by);
                }
            }
        }
        parts.push(part);
    }
    parts
}

/// The up to eight pixels around one.
fn neighbours(at: usize, height: usize, width: usize) -> impl Iterator<Item = usize> {
    let (y, x) = (at / width, at % width);
    let rows = y.saturating_sub(1)..(y + 2).min(height);
    rows.flat_map(move |row| {
        (x.saturating_sub(1)..(x + 2).min(width)).map(move |column| row * width + column)
    })
    .filter(move |&by| by != at)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_drawing_is_filled_from_its_border() {
        let (height, width) = (300, 300);
        let inside = |at: usize| (50..250).contains(&(at / width)) && (50..250).contains(&(at % width));
        let mask: Vec<bool> = (0..height * width).map(inside).collect();
        let plane = Plane::from_fn(height, width, |y, x| if inside(y * width + x) { 1.0 } else { 0.25 });
        let filled = Annotations { mask, boxes: Vec::new() }.filled(&plane);
        assert!(filled.values().iter().all(|&value| value == 0.25));
    }
    use crate::random::Stream;

    /// Texture of 60 to 180 with an H, a bar and an O of 250 drawn on it.
    fn drawn() -> Plane {
        let mut stream = Stream::new(1, "test", 0);
        Plane::from_fn(150, 200, |y, x| {
            let letter = (110..124).contains(&y);
            let h = letter
                && ((120..123).contains(&x)
                    || (129..132).contains(&x)
                    || (x > 122 && x < 129 && (116..119).contains(&y)));
            let off = (y as f64 - 116.5).hypot(x as f64 - 144.0);
            let o = (4.5..7.0).contains(&off);
            let bar = (130..136).contains(&y) && (110..170).contains(&x);
            if h || o || bar {
                250.0
            } else {
                (60.0 + 40.0 * (x as f64 / 9.0).sin() + 30.0 + 8.0 * stream.normal()) as f32
            }
        })
    }

    #[test]
    fn a_bar_and_the_letters_beside_it_are_found_and_filled() {
        let plane = drawn();
        let found = mask(&plane);
        assert_eq!(found.boxes.len(), 3, "{:?}", found.boxes);
        let at = |y: usize, x: usize| found.mask[y * 200 + x];
        assert!(at(133, 140) && at(112, 121) && at(111, 144) && !at(60, 60));
        assert!(found.share() < 0.05, "{}", found.share());
        let filled = found.filled(&plane);
        assert!(filled.values().iter().all(|&value| value < 200.0));
        assert_eq!(filled.at(60, 60), plane.at(60, 60));
    }

    #[test]
    fn dots_and_lines_of_a_pattern_are_specimen() {
        let dots = Plane::from_fn(150, 200, |y, x| {
            let off = |at: usize| (at % 20) as f64 - 10.0;
            if off(y).hypot(off(x)) < 6.0 { 255.0 } else { 20.0 }
        });
        let lines =
            Plane::from_fn(150, 200, |y, x| if y % 20 < 8 && (40..160).contains(&x) { 255.0 } else { 20.0 });
        let mut stream = Stream::new(1, "test", 0);
        let noise = Plane::from_fn(150, 200, |_, _| stream.normal() as f32);
        for (name, plane) in
            [("dots", dots), ("lines", lines), ("noise", noise), ("flat", Plane::filled(50, 60, 1.0))]
        {
            let found = mask(&plane);
            assert!(found.boxes.is_empty(), "{name}: {:?}", found.boxes);
        }
    }
}
