//! Color maps: numbers in `[0, 1]` as colors.
//!
//! Perceptually ordered maps for quantities, one diverging map for values with a sign; `turbo`
//! is included because it is in common use, but its brightness does not rise with the value.

use std::fmt;
use std::str::FromStr;

use colorous::Gradient;
use serde::{Deserialize, Serialize};

/// Red, green, blue, 8 bits each, sRGB.
pub type Color = [u8; 3];

/// The color of NaN in every map: magenta, which no map contains.
pub const NAN_COLOR: Color = [255, 0, 255];

/// A map from `[0, 1]` to colors.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ColorMap {
    /// Black to white, linear in the 8-bit value.
    #[default]
    Gray,
    /// Dark violet over green to yellow.
    Viridis,
    /// Black over violet to pale yellow.
    Magma,
    /// Black over red to yellow.
    Inferno,
    /// Blue to yellow, the same to readers with a color vision deficiency.
    Cividis,
    /// The rainbow; not ordered in brightness.
    Turbo,
    /// Blue over white to red, for values with a sign: 0.5 is white.
    BlueWhiteRed,
}

/// A name that is not a color map.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown color map `{found}`: expected one of {}", names())]
pub struct UnknownColorMap {
    /// The name that was given.
    pub found: String,
}

fn names() -> String {
    ColorMap::ALL.map(ColorMap::name).join(", ")
}

impl ColorMap {
    /// Every color map.
    pub const ALL: [Self; 7] = [
        Self::Gray,
        Self::Viridis,
        Self::Magma,
        Self::Inferno,
        Self::Cividis,
        Self::Turbo,
        Self::BlueWhiteRed,
    ];

    /// Its name on the command line, in URLs and in records.
    pub fn name(self) -> &'static str {
        match self {
            Self::Gray => "gray",
            Self::Viridis => "viridis",
            Self::Magma => "magma",
            Self::Inferno => "inferno",
            Self::Cividis => "cividis",
            Self::Turbo => "turbo",
            Self::BlueWhiteRed => "blue_white_red",
        }
    }

    /// Whether its middle means zero, so that ranges should reach as far below 0 as above.
    pub fn diverging(self) -> bool {
        self == Self::BlueWhiteRed
    }

    /// The color at `t`; outside `[0, 1]` the color of the nearer end, NaN as [`NAN_COLOR`].
    pub fn rgb(self, t: f32) -> Color {
        if t.is_nan() {
            return NAN_COLOR;
        }
        let t = f64::from(t.clamp(0.0, 1.0));
        let gradient: Gradient = match self {
            Self::Gray => return [(t * 255.0).round() as u8; 3],
            Self::Viridis => colorous::VIRIDIS,
            Self::Magma => colorous::MAGMA,
            Self::Inferno => colorous::INFERNO,
            Self::Cividis => colorous::CIVIDIS,
            Self::Turbo => colorous::TURBO,
            // the crate's map runs from red to blue
            Self::BlueWhiteRed => return colorous::RED_BLUE.eval_continuous(1.0 - t).into_array(),
        };
        gradient.eval_continuous(t).into_array()
    }

    /// The colors at `0, 1/255, …, 1`.
    pub fn table(self) -> [Color; 256] {
        std::array::from_fn(|idx| self.rgb(idx as f32 / 255.0))
    }
}

impl fmt::Display for ColorMap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for ColorMap {
    type Err = UnknownColorMap;

    fn from_str(name: &str) -> Result<Self, UnknownColorMap> {
        Self::ALL
            .into_iter()
            .find(|map| map.name() == name)
            .ok_or_else(|| UnknownColorMap { found: name.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_the_same_in_text_and_in_records() {
        for map in ColorMap::ALL {
            assert_eq!(map.name().parse::<ColorMap>(), Ok(map));
            assert_eq!(serde_json::to_string(&map).unwrap(), format!("\"{map}\""));
        }
        let error = "jet".parse::<ColorMap>().unwrap_err().to_string();
        assert!(error.contains("`jet`") && error.contains("viridis") && error.contains("blue_white_red"));
    }

    #[test]
    fn values_outside_take_the_end_colors_and_nan_its_own() {
        for map in ColorMap::ALL {
            assert_eq!(map.rgb(-3.0), map.rgb(0.0), "{map}");
            assert_eq!(map.rgb(f32::INFINITY), map.rgb(1.0), "{map}");
            assert_eq!(map.rgb(f32::NAN), NAN_COLOR, "{map}");
            let apart = |a: Color| a.iter().zip(NAN_COLOR).map(|(&a, b)| a.abs_diff(b) as u32).sum::<u32>();
            assert!(
                map.table().into_iter().all(|color| apart(color) > 60),
                "{map} comes near to NaN's color"
            );
        }
    }

    #[test]
    fn ends_are_the_published_colors() {
        // first and last colors of the maps as matplotlib lists them; red and blue of ColorBrewer RdBu
        for (map, low, high) in [
            (ColorMap::Gray, [0, 0, 0], [255, 255, 255]),
            (ColorMap::Viridis, [68, 1, 84], [253, 231, 37]),
            (ColorMap::Magma, [0, 0, 4], [252, 253, 191]),
            (ColorMap::Inferno, [0, 0, 4], [252, 255, 164]),
            (ColorMap::BlueWhiteRed, [5, 48, 97], [103, 0, 31]),
        ] {
            for (t, expected) in [(0.0, low), (1.0, high)] {
                let found = map.rgb(t);
                let near = found.iter().zip(expected).all(|(&a, b): (&u8, u8)| a.abs_diff(b) <= 2);
                assert!(near, "{map} at {t}: {found:?}, expected {expected:?}");
            }
        }
        assert!(ColorMap::BlueWhiteRed.rgb(0.5).iter().all(|&c| c > 235));
    }
}
