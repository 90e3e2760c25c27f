//! Preparing: a micrograph → the plane a network sees, the same for training and for looking.
//!
//! The data bar is cut off first, then the contrast is stretched between two percentiles of the
//! specimen, so that a hot pixel or a charged edge does not set it. Pixels keep their places and
//! sizes. Data sets and networks are not known here.

use std::path::{Path, PathBuf};

use micrograph::contrast::Flat;
use micrograph::data_bar::{self, DataBarChoice, DataBarError};
use micrograph::synth::{self, demo_specimens};
use micrograph::{DataBar, FileFacts, Micrograph, Plane, ReadConfig, ReadError, Source, Specimen};
use serde::{Deserialize, Serialize};

use crate::ConfigError;

/// How a micrograph is prepared.
#[derive(Clone, Debug, PartialEq)]
pub struct PrepareConfig {
    /// How its file is read.
    pub read: ReadConfig,
    /// What to do about its data bar.
    pub data_bar: DataBarChoice,
    /// Share of the specimen's pixels that become black, in `[0, 1)`, below `high_share`.
    pub low_share: f64,
    /// Share of the specimen's pixels that are not yet white, in `(0, 1]`.
    pub high_share: f64,
    /// Whether a specimen without contrast between these two is refused; else it is taken between
    /// its smallest and largest value, or as 0 where these are one, with a warning.
    pub refuses_flat: bool,
}

impl Default for PrepareConfig {
    fn default() -> Self {
        Self {
            read: ReadConfig::default(),
            data_bar: DataBarChoice::default(),
            low_share: 0.005, // leaves hot and dead pixels and small letters out
            high_share: 0.995,
            refuses_flat: true, // it holds no information to train on
        }
    }
}

impl PrepareConfig {
    /// Returns the settings if every field is in range, else the first that is not.
    pub fn checked(self) -> Result<Self, ConfigError> {
        if !(0.0..1.0).contains(&self.low_share) {
            return Err(ConfigError::new("prepare.low_share", self.low_share, "0 or above, below 1"));
        }
        let above = self.high_share > self.low_share && self.high_share <= 1.0; // false for NaN too
        if !above {
            return Err(ConfigError::new(
                "prepare.high_share",
                self.high_share,
                "above low_share, at most 1",
            ));
        }
        Ok(self)
    }
}

/// What a user says about how a file is read, as it is kept in records.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ReadSettings {
    /// Size of a pixel in nanometres, where it is not to be that of the file.
    pub nm_per_px: Option<f64>,
    /// Page of the file, from 0.
    pub page: usize,
    /// What is done about the data bar.
    pub data_bar: DataBarChoice,
}

impl ReadSettings {
    /// How a micrograph is prepared by them.
    pub fn prepare(&self) -> PrepareConfig {
        let read = ReadConfig { page: self.page, nm_per_px: self.nm_per_px, ..ReadConfig::default() };
        PrepareConfig { read, data_bar: self.data_bar, ..PrepareConfig::default() }
    }
}

/// A micrograph as a network sees it.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// The specimen, data bar cut off, `[H, W]`, values in `[0, 1]`.
    pub plane: Plane,
    /// Value of the file that became 0; values below became 0 too.
    pub low: f32,
    /// Value of the file that became 1; values above became 1 too.
    pub high: f32,
    /// The data bar that was cut off.
    pub data_bar: Option<DataBar>,
    /// What the file says.
    pub facts: FileFacts,
}

/// Why a micrograph could not be prepared.
#[derive(Debug, thiserror::Error)]
#[expect(missing_docs, reason = "fields are named in the variant's sentence")]
#[non_exhaustive]
pub enum PrepareError {
    /// The file could not be read; the error names it.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The data bar of `path` could not be cut off.
    #[error("{}: {source}", path.display())]
    DataBar { path: PathBuf, source: DataBarError },
    /// `path` holds a value that is not finite at row `y`, column `x`.
    #[error("{}: expected finite values, found {value} at row {y}, column {x}", path.display())]
    NotFinite { path: PathBuf, value: f32, y: usize, x: usize },
    /// `path` has no contrast: the percentiles that should become black and white are the same value.
    #[error(
        "{}: expected an image with contrast, found a flat one: {:.1} % to {:.1} % of its pixels are {value}",
        path.display(), 100.0 * low_share, 100.0 * high_share
    )]
    Flat { path: PathBuf, value: f32, low_share: f64, high_share: f64 },
    /// `path` has no contrast but the noise of its last digit.
    #[error("{}: expected an image with contrast, found a flat one: {flat}", path.display())]
    OnlyNoise { path: PathBuf, flat: Flat },
    /// There is no built-in specimen of this name.
    #[error("no built-in specimen `{name}`, expected one of: {known}")]
    NoSpecimen { name: String, known: String },
}

/// Reads the file at `path` and prepares it.
///
/// # Errors
/// If it can't be read, its data bar can't be cut off, or it is flat.
pub fn file(path: &Path, config: &PrepareConfig) -> Result<Prepared, PrepareError> {
    source(&Source::read(path)?, config)
}

/// Decodes `source` and prepares it.
///
/// # Errors
/// As [`file()`].
pub fn source(source: &Source, config: &PrepareConfig) -> Result<Prepared, PrepareError> {
    micrograph(Micrograph::from_source(source, &config.read)?, config)
}

/// Prepares `micrograph`: cuts its data bar off and stretches the contrast of the specimen from
/// the percentiles `config.low_share` and `config.high_share` to 0 and 1; what lies beyond is
/// clamped.
///
/// # Errors
/// If its data bar can't be cut off, it is flat, or a value is not finite.
pub fn micrograph(micrograph: Micrograph, config: &PrepareConfig) -> Result<Prepared, PrepareError> {
    let Micrograph { plane, facts } = micrograph;
    let (plane, data_bar) = data_bar::specimen(&plane, &facts, config.data_bar)
        .map_err(|source| PrepareError::DataBar { path: facts.path.clone(), source })?;
    stretched(plane, facts, data_bar, config)
}

/// Prepares a specimen whose data bar was cut off before; `config.data_bar` does not matter.
///
/// # Errors
/// If it is flat, or a value is not finite.
pub fn specimen(specimen: &Specimen, config: &PrepareConfig) -> Result<Prepared, PrepareError> {
    let Specimen { micrograph, plane, data_bar } = specimen;
    stretched(plane.clone(), micrograph.facts.clone(), *data_bar, config)
}

/// The built-in synthetic specimen called `name`, prepared.
///
/// # Errors
/// If there is none.
pub fn built_in(name: &str) -> Result<Prepared, PrepareError> {
    let all = demo_specimens();
    let Some(demo) = all.iter().find(|demo| demo.name == name) else {
        let known: Vec<&str> = all.iter().map(|demo| demo.name).collect();
        return Err(PrepareError::NoSpecimen { name: name.to_owned(), known: known.join(", ") });
    };
    let synthetic = synth::micrograph(&demo.config, demo.seed).expect("built-in settings are in range");
    let config = PrepareConfig { data_bar: DataBarChoice::Keep, ..PrepareConfig::default() };
    micrograph(synthetic.into_micrograph(&format!("synthetic {name}")), &config)
}

fn stretched(
    mut plane: Plane,
    mut facts: FileFacts,
    data_bar: Option<DataBar>,
    config: &PrepareConfig,
) -> Result<Prepared, PrepareError> {
    if let Some(place) = plane.values().iter().position(|value| !value.is_finite()) {
        let (path, value) = (facts.path, plane.values()[place]);
        return Err(PrepareError::NotFinite {
            path,
            value,
            y: place / plane.width(),
            x: place % plane.width(),
        });
    }
    let (low_share, high_share) = (config.low_share, config.high_share);
    let quantiles = plane.quantiles(&[low_share, high_share]);
    let noise = if config.refuses_flat { Flat::of(&plane) } else { None };
    let (low, high) = match (&quantiles[..], plane.range()) {
        (&[low, high], _) if high > low => match noise {
            Some(flat) => return Err(PrepareError::OnlyNoise { path: facts.path, flat }),
            None => (low, high),
        },
        (_, Some(range)) if !config.refuses_flat => {
            facts.warnings.push(flat_warning(range));
            range
        }
        _ => {
            let value = quantiles.first().copied().unwrap_or(0.0); // no pixel at all
            return Err(PrepareError::Flat { path: facts.path, value, low_share, high_share });
        }
    };
    // in f64: the difference of two f32 may be beyond f32
    let (from, range) = (f64::from(low), f64::from(high) - f64::from(low));
    for value in plane.values_mut() {
        let share = if range > 0.0 { (f64::from(*value) - from) / range } else { 0.0 };
        *value = share.clamp(0.0, 1.0) as f32;
    }
    Ok(Prepared { plane, low, high, data_bar, facts })
}

fn flat_warning((low, high): (f32, f32)) -> String {
    if low < high {
        format!("hardly any contrast: shown between the smallest and the largest value, {low} and {high}")
    } else {
        format!("no contrast: every pixel of the specimen is {low}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(plane: Plane) -> Micrograph {
        let (height, width) = (plane.height(), plane.width());
        let facts = FileFacts {
            path: "made.png".into(),
            format: "PNG".into(),
            height,
            width,
            sample: "8-bit grey".into(),
            page: 0,
            n_pages: 1,
            calibration: None,
            instrument: Default::default(),
            specimen_rows: None,
            warnings: Vec::new(),
        };
        Micrograph { plane, facts }
    }

    fn keeping_rows() -> PrepareConfig {
        PrepareConfig { data_bar: DataBarChoice::Keep, ..PrepareConfig::default() }
    }

    #[test]
    fn contrast_is_stretched_between_the_percentiles_and_clamped() {
        // 1001 values 0, 1, … 1000: rank and value agree, so the percentiles are 5 and 995
        let plane = Plane::from_fn(7, 143, |y, x| (143 * y + x) as f32);
        let prepared = micrograph(taken(plane), &keeping_rows()).unwrap();
        assert_eq!((prepared.low, prepared.high), (5.0, 995.0));
        let at = |value: usize| prepared.plane.values()[value];
        assert_eq!([at(0), at(5), at(500), at(995), at(1000)], [0.0, 0.0, 0.5, 1.0, 1.0]);
    }

    #[test]
    fn the_same_picture_in_other_units_is_prepared_alike() {
        let eight_bits = Plane::from_fn(31, 41, |y, x| ((y * 37 + x * 11) % 256) as f32);
        let scaled = eight_bits.map(|value| 256.0 * value + 1024.0);
        let one = micrograph(taken(eight_bits), &keeping_rows()).unwrap();
        let other = micrograph(taken(scaled), &keeping_rows()).unwrap();
        assert_eq!(one.plane, other.plane);
    }

    #[test]
    fn a_hot_pixel_leaves_the_others_as_they_are() {
        let plain = Plane::from_fn(160, 192, |y, x| 15_000.0 + ((y * 37 + x * 11) % 256) as f32);
        for value in [65_535.0, 0.0, 1e30, -3e38] {
            let mut hot = plain.clone();
            hot.values_mut()[5000] = value;
            let [one, other] =
                [plain.clone(), hot].map(|plane| micrograph(taken(plane), &keeping_rows()).unwrap());
            let pairs = one.plane.values().iter().zip(other.plane.values()).enumerate();
            // the percentiles move by one of 30 720 ranks
            let most =
                pairs.filter(|(at, _)| *at != 5000).map(|(_, (a, b))| (a - b).abs()).fold(0.0, f32::max);
            assert!(most < 0.01, "{value}: {most}");
        }
    }

    #[test]
    fn values_as_far_apart_as_f32_allows_stay_in_range() {
        let plane = Plane::from_fn(5, 4, |y, _| if y % 2 == 0 { f32::MAX } else { f32::MIN });
        let prepared = micrograph(taken(plane), &keeping_rows()).unwrap();
        assert_eq!(prepared.plane.range(), Some((0.0, 1.0)));
    }

    /// 12345 with noise of one level, without any pattern.
    fn noise_of_one_level() -> Plane {
        let mut stream = micrograph::random::Stream::new(1, "test", 0);
        Plane::from_fn(160, 192, |_, _| 12344.0 + stream.below(3) as f32)
    }

    #[test]
    fn what_cannot_be_prepared_is_refused_with_its_reason() {
        let speck = Plane::from_fn(40, 50, |y, x| if (y, x) == (3, 7) { 255.0 } else { 12.0 });
        let hole = Plane::from_fn(4, 5, |y, x| if (y, x) == (2, 3) { f32::NAN } else { x as f32 });
        let crop_all = PrepareConfig { data_bar: DataBarChoice::CropBottom(4), ..PrepareConfig::default() };
        let cases = [
            ("one speck", speck, keeping_rows(), "flat"),
            ("one pixel", Plane::filled(1, 1, 3.0), keeping_rows(), "flat"),
            (
                "last digit",
                noise_of_one_level(),
                keeping_rows(),
                "noise of the last digit, from 12344 to 12346",
            ),
            ("not a number", hole.clone(), keeping_rows(), "NaN at row 2, column 3"),
            ("no rows left", hole, crop_all, "cannot crop 4 rows"),
        ];
        for (name, plane, config, reason) in cases {
            let message = micrograph(taken(plane), &config).expect_err(name).to_string();
            assert!(message.starts_with("made.png: ") && message.contains(reason), "{name}: {message}");
        }
    }

    #[test]
    fn what_is_flat_is_shown_where_it_is_not_refused_and_said_to_be_flat() {
        let speck = Plane::from_fn(40, 50, |y, x| if (y, x) == (3, 7) { 255.0 } else { 12.0 });
        let even = Plane::filled(9, 8, 3.0);
        let config = PrepareConfig { refuses_flat: false, ..keeping_rows() };
        for (name, plane, range, word) in
            [("one speck", speck, (0.0, 1.0), "hardly any"), ("even", even, (0.0, 0.0), "no contrast")]
        {
            let prepared = micrograph(taken(plane), &config).expect(name);
            assert_eq!(prepared.plane.range(), Some(range), "{name}");
            assert!(prepared.facts.warnings.iter().any(|warning| warning.contains(word)), "{name}");
        }
    }

    #[test]
    fn a_typed_bar_does_not_set_the_contrast() {
        let plane = Plane::from_fn(20, 30, |y, x| if y < 15 { 100.0 + x as f32 } else { 0.0 });
        let config = PrepareConfig { data_bar: DataBarChoice::CropBottom(5), ..PrepareConfig::default() };
        let prepared = micrograph(taken(plane), &config).unwrap();
        assert_eq!((prepared.plane.height(), prepared.low, prepared.high), (15, 100.0, 129.0));
        assert_eq!(prepared.data_bar.map(|bar| bar.first_row), Some(15));
    }

    #[test]
    fn shares_out_of_range_are_refused() {
        for (low_share, high_share) in [(-0.1, 0.9), (0.5, 0.5), (0.0, 1.1), (f64::NAN, 0.9), (0.0, f64::NAN)]
        {
            let config = PrepareConfig { low_share, high_share, ..PrepareConfig::default() };
            assert!(config.checked().is_err(), "{low_share} {high_share}");
        }
        assert!(PrepareConfig::default().checked().is_ok());
    }
}
