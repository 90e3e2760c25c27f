//! Finding: from a marked part of an image to the channels that fire there, and from these to the
//! parts of other images where the same channels fire as much.

use std::ops::Range;

use micrograph::{Plane, Rect};
use serde::{Deserialize, Serialize};

use super::ExemplarError;
use super::reader::{ActivationReader, Map};
use crate::ConfigError;

/// How is searched.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FindConfig {
    /// Channels that stand for the marked part, at least 1.
    pub n_units: usize,
}

impl Default for FindConfig {
    fn default() -> Self {
        Self { n_units: 12 } // one says a texture is there, a dozen say which
    }
}

impl FindConfig {
    /// Returns the settings if every field is in range, else the first that is not.
    ///
    /// # Errors
    /// The setting that is out of range.
    pub fn checked(self) -> Result<Self, ConfigError> {
        if self.n_units == 0 {
            return Err(ConfigError::new("find.n_units", self.n_units, "at least 1"));
        }
        Ok(self)
    }
}

/// A channel that fires in a marked part more than elsewhere in the image.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fires {
    /// Index of its layer among those that are read.
    pub layer: usize,
    /// The channel.
    pub channel: usize,
    /// Mean activation inside.
    pub inside: f32,
    /// Mean activation outside; below `inside`.
    pub outside: f32,
    /// Their difference in standard deviations of the activations outside.
    pub contrast: f32,
}

/// A marked part and the channels that stand for it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Marked {
    /// The part, in pixels of the specimen.
    pub part: Rect,
    /// Those that fire there, highest contrast first.
    pub units: Vec<Fires>,
}

/// The part of an image that is most like a marked one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Like {
    /// The part, of the marked one's size where the image is large enough.
    pub part: Rect,
    /// How much the same channels fire as they do there, in `[0, 1]`: 1 is as much in all of them,
    /// 0 no more than around the marked part in any.
    pub likeness: f32,
}

/// The channels that fire inside `part` of `image` more than outside of it.
///
/// # Errors
/// If `part` is not inside the image, leaves nothing outside or is smaller than one step of a
/// layer; and as [`ActivationReader::peaks`].
pub fn find(
    reader: &ActivationReader,
    image: &Plane,
    part: Rect,
    config: &FindConfig,
) -> Result<Marked, ExemplarError> {
    let config = config.clone().checked()?;
    let least = reader.layers().iter().map(|layer| layer.stride).max().unwrap_or(1);
    let (height, width) = (image.height(), image.width());
    let fits = |first: usize, length: usize, whole: usize| {
        length >= least && first.checked_add(length).is_some_and(|end| end <= whole)
    };
    let whole = part.height == height && part.width == width;
    if !fits(part.y, part.height, height) || !fits(part.x, part.width, width) || whole {
        let Rect { y, x, height: box_height, width: box_width } = part;
        return Err(ExemplarError::Outside { y, x, box_height, box_width, least, height, width });
    }
    let mut units = Vec::new();
    reader.visit(image, &mut |map| units.extend(fires(reader, &map, part)))?;
    units.sort_by(|a, b| {
        b.contrast.total_cmp(&a.contrast).then((a.layer, a.channel).cmp(&(b.layer, b.channel)))
    });
    units.truncate(config.n_units);
    Ok(Marked { part, units })
}

/// The part of `image` in which the channels of `marked` fire most as they do there.
///
/// # Errors
/// As [`ActivationReader::peaks`].
pub fn like(reader: &ActivationReader, image: &Plane, marked: &Marked) -> Result<Like, ExemplarError> {
    let layers = reader.layers();
    let stride = marked.units.iter().map(|unit| layers[unit.layer].stride).max().unwrap_or(1);
    let height = marked.part.height.min(image.height());
    let width = marked.part.width.min(image.width());
    // places at which a part can begin
    let places = |length: usize, part: usize| (length - part) / stride + 1;
    let (rows, columns) = (places(image.height(), height), places(image.width(), width));
    let mut likeness = vec![0.0_f32; rows * columns];
    reader.visit(image, &mut |map| {
        let Some(unit) =
            marked.units.iter().find(|unit| unit.layer == map.layer && unit.channel == map.channel)
        else {
            return;
        };
        let sums = Sums::of(&map);
        let layer_stride = layers[map.layer].stride;
        for row in 0..rows {
            let ys = positions(row * stride, height, layer_stride, map.height);
            for column in 0..columns {
                let xs = positions(column * stride, width, layer_stride, map.width);
                let off = (sums.mean(ys.clone(), xs) - unit.inside).abs() / (unit.inside - unit.outside);
                likeness[row * columns + column] += (1.0 - off).max(0.0);
            }
        }
    })?;
    let mut best = 0;
    for (place, value) in likeness.iter().enumerate() {
        if *value > likeness[best] {
            best = place;
        }
    }
    Ok(Like {
        part: Rect { y: best / columns * stride, x: best % columns * stride, height, width },
        likeness: likeness[best] / marked.units.len().max(1) as f32,
    })
}

/// The channel of `map`, if it fires more in `part` than outside.
fn fires(reader: &ActivationReader, map: &Map<'_>, part: Rect) -> Option<Fires> {
    let stride = reader.layers()[map.layer].stride;
    let ys = positions(part.y, part.height, stride, map.height);
    let xs = positions(part.x, part.width, stride, map.width);
    let (mut inside, mut outside) = (Moments::default(), Moments::default());
    for (y, row) in map.values.chunks_exact(map.width).enumerate() {
        for (x, &value) in row.iter().enumerate() {
            let moments = if ys.contains(&y) && xs.contains(&x) { &mut inside } else { &mut outside };
            moments.add(f64::from(value));
        }
    }
    let (in_part, around) = (inside.mean()?, outside.mean()?);
    let spread = outside.deviation();
    // a channel that is silent outside has no spread there; its own strength is its measure
    let contrast = (in_part - around) / spread.max(1e-3 * in_part.abs()).max(f64::MIN_POSITIVE);
    (in_part > around).then_some(Fires {
        layer: map.layer,
        channel: map.channel,
        inside: in_part as f32,
        outside: around as f32,
        contrast: contrast as f32,
    })
}

/// The positions along an axis of a map of `length` whose steps begin in the pixels
/// `first .. first + pixels`; at least one.
fn positions(first: usize, pixels: usize, stride: usize, length: usize) -> Range<usize> {
    let from = first.div_ceil(stride).min(length - 1);
    let end = (first + pixels).div_ceil(stride).min(length);
    from..end.max(from + 1)
}

/// Number, sum and sum of squares.
#[derive(Default)]
struct Moments {
    n: f64,
    sum: f64,
    squares: f64,
}

impl Moments {
    fn add(&mut self, value: f64) {
        self.n += 1.0;
        self.sum += value;
        self.squares += value * value;
    }

    fn mean(&self) -> Option<f64> {
        (self.n > 0.0).then(|| self.sum / self.n)
    }

    fn deviation(&self) -> f64 {
        let mean = self.sum / self.n.max(1.0);
        (self.squares / self.n.max(1.0) - mean * mean).max(0.0).sqrt()
    }
}

/// Sums of a map over all rectangles that begin in its corner.
struct Sums {
    width: usize,
    values: Vec<f64>,
}

impl Sums {
    fn of(map: &Map<'_>) -> Self {
        let width = map.width + 1;
        let mut values = vec![0.0; width * (map.height + 1)];
        for (y, row) in map.values.chunks_exact(map.width).enumerate() {
            let mut sum = 0.0;
            for (x, &value) in row.iter().enumerate() {
                sum += f64::from(value);
                values[(y + 1) * width + x + 1] = values[y * width + x + 1] + sum;
            }
        }
        Self { width, values }
    }

    fn mean(&self, ys: Range<usize>, xs: Range<usize>) -> f32 {
        let at = |y: usize, x: usize| self.values[y * self.width + x];
        let sum = at(ys.end, xs.end) - at(ys.start, xs.end) - at(ys.end, xs.start) + at(ys.start, xs.start);
        (sum / (ys.len() * xs.len()) as f64) as f32
    }
}
