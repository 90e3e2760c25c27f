//! What tuning gives: numbers of each unit, the curves they come from, or why there are none.

use serde::{Deserialize, Serialize};

use super::TuningConfig;
use super::stimulus::Profile;
use super::stimulus_set::{DiscKind, LatticeKind, StimulusActivation};

/// Version of the form of [`NetworkTuning`].
pub const SCHEMA_VERSION: u32 = 1;

/// The tuning of the units of some layers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NetworkTuning {
    /// [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// SHA-256 of the network.
    pub network_sha256: String,
    /// The settings.
    pub config: TuningConfig,
    /// The layers, in the order in which they were requested.
    pub layers: Vec<LayerTuning>,
}

/// The tuning of the units of one layer, and the stimuli they were shown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LayerTuning {
    /// Name of the layer.
    pub layer: String,
    /// Height and width of the pictures in px.
    pub side_px: usize,
    /// Height and width of the receptive field in px; of the picture where it is the whole image.
    pub field_px: usize,
    /// Whether the receptive field lies inside the picture; otherwise the zeros around it have a part
    /// in all answers.
    pub inside: bool,
    /// Axes of the gratings in degrees, rising, in `(-90, 90]`.
    pub axes_deg: Vec<f64>,
    /// Periods of the gratings in px, rising.
    pub periods_px: Vec<f64>,
    /// Lines of the gratings.
    pub profiles: Vec<Profile>,
    /// Lattices.
    pub lattices: Vec<LatticeKind>,
    /// Discs.
    pub discs: Vec<DiscKind>,
    /// Standard deviations of the noise, rising from 0.
    pub noise_sd: Vec<f64>,
    /// The channels, in their order.
    pub units: Vec<UnitTuning>,
}

/// The tuning of one channel.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct UnitTuning {
    /// The channel.
    pub channel: usize,
    /// Activation for the mean grey level everywhere; a *gain* is what an answer has more.
    pub uniform: f32,
    /// What it prefers among gratings, or why that is nothing.
    pub grating: GratingTuning,
    /// Answers to the lattices, in the order of [`LayerTuning::lattices`].
    pub lattices: Vec<StimulusActivation>,
    /// The lattice with the largest answer; `None` if none has a gain.
    pub best_lattice: Option<usize>,
    /// Answers to the discs, in the order of [`LayerTuning::discs`].
    pub discs: Vec<StimulusActivation>,
    /// The disc with the largest answer; `None` if none has a gain.
    pub best_disc: Option<usize>,
    /// `(B − D) / (B + D)` for the largest gains of bright and of dark discs, in `[-1, 1]`; `None` if
    /// there are none.
    pub polarity: Option<f64>,
}

/// What a unit prefers among gratings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
#[expect(clippy::large_enum_variant, reason = "most units are tuned")]
pub enum GratingTuning {
    /// Some gratings more than others.
    Tuned(Preferred),
    /// No tuning was measured, and why.
    Untuned {
        /// Why.
        reason: Untuned,
    },
}

/// Why a unit has no tuning to gratings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Untuned {
    /// The same activation whatever is shown.
    #[error("its activation is {activation} for every stimulus")]
    Constant {
        /// That activation.
        activation: f32,
    },
    /// No grating drives it more than the mean grey level does.
    #[error("no grating drives it more than uniform grey")]
    PrefersUniform,
    /// Gratings drive it, but so little that rounding decides.
    #[error("gratings drive it less than {least_share} of what they drive the layer's strongest unit")]
    Weak {
        /// The share of the layer's largest gain that it does not reach.
        least_share: f64,
    },
}

/// The grating that drives a unit most, and how much others do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Preferred {
    /// Axis of the lines in degrees, in `[-90, 90]`, anticlockwise from the rows as seen; `None`
    /// below a selectivity of [`LEAST_SELECTIVITY`].
    pub axis_deg: Option<f64>,
    /// Orientation selectivity, in `[0, 1]`: `|Σ R·exp(2iθ)| / Σ R` over axes θ with gains R (those
    /// below 0 as 0), which is 1 less the circular variance of the doubled angle.
    pub selectivity: f64,
    /// Its period.
    pub period: Period,
    /// Half the width, in octaves of the period, at which half of the gain is left; from the sides on
    /// which that lies among the periods shown, `None` if on neither.
    pub half_width_octaves: Option<f64>,
    /// The lines; `None` where lines and gaps cannot be distinguished, at periods below
    /// [`LEAST_TOLD_PX`].
    pub profile: Option<Profile>,
    /// `(B − D) / (B + D)` for the gains of thin bright and thin dark lines at its axis and period;
    /// `None` as for the profile.
    pub line_polarity: Option<f64>,
    /// What it adds to the activation for uniform grey.
    pub gain: f32,
    /// Mean gain over phases as a share of the largest: about 0 for a linear unit, 1/π after a ReLU
    /// that begins at uniform grey, 1 if the phase makes no difference.
    pub phase_invariance: f64,
    /// Whether axis and period were found between those of the stimuli by further stimuli.
    pub refined: bool,
    /// The curves.
    pub curves: Curves,
}

/// Orientation selectivity from which on an axis is reported. Below it the largest gain over axes is less than
/// about three times the smallest, as of a corner, whose gratings along its diagonal have 2.4 times the gain of
/// those across; an edge, whose gain falls as a cosine, has 0.33.
pub const LEAST_SELECTIVITY: f64 = 0.25;

/// Period in px below which a grating is a single wave, so that its profile cannot be determined.
pub const LEAST_TOLD_PX: f64 = 4.0;

/// The period that a unit prefers.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "among", rename_all = "snake_case")]
pub enum Period {
    /// It lies among those shown.
    Shown {
        /// The period in px.
        px: f64,
    },
    /// The shortest one shown drives it most; what it prefers may be shorter.
    ShortestShown {
        /// That one in px.
        px: f64,
    },
    /// The longest one shown drives it most; what it prefers may be longer, or an edge, or shading.
    LongestShown {
        /// That one in px.
        px: f64,
    },
}

/// Answers around the preferred grating, as the stimuli found them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Curves {
    /// The profile, axis and period that they go through, as indices into those of the layer.
    pub through: [usize; 3],
    /// Over axes, at that profile and period.
    pub axes: Vec<StimulusActivation>,
    /// Over periods, at that profile and axis.
    pub periods: Vec<StimulusActivation>,
    /// Over profiles, at that axis and period.
    pub profiles: Vec<StimulusActivation>,
    /// Largest activation at that profile, `[axis][period]`.
    pub map: Vec<Vec<f32>>,
    /// Under noise.
    pub noise: NoiseCurve,
}

/// Activations under growing noise, each a mean over draws.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NoiseCurve {
    /// For the preferred grating with noise, in the order of [`LayerTuning::noise_sd`].
    pub grating: Vec<f32>,
    /// For noise on uniform grey.
    pub alone: Vec<f32>,
    /// Standard deviation at which their difference is half of that without noise, between those
    /// shown; `None` if it is more at all of them.
    pub half_sd: Option<f64>,
}

impl Period {
    /// The period that was shown, in px, whether or not what is preferred lies beyond.
    pub fn px(&self) -> f64 {
        let (Self::Shown { px } | Self::ShortestShown { px } | Self::LongestShown { px }) = *self;
        px
    }
}

impl Preferred {
    /// The preferred period in px; `None` where it may lie beyond those shown.
    pub fn period_px(&self) -> Option<f64> {
        match self.period {
            Period::Shown { px } => Some(px),
            Period::ShortestShown { .. } | Period::LongestShown { .. } => None,
        }
    }

    /// The preferred period in nm where a pixel has `nm_per_px`; `None` as for
    /// [`Preferred::period_px`].
    pub fn period_nm(&self, nm_per_px: f64) -> Option<f64> {
        self.period_px().map(|px| px * nm_per_px)
    }
}

impl GratingTuning {
    /// What is preferred, if anything is.
    pub fn preferred(&self) -> Option<&Preferred> {
        match self {
            Self::Tuned(preferred) => Some(preferred),
            Self::Untuned { .. } => None,
        }
    }
}

/// `1 −` the circular variance of the doubled angle of `axes_deg`, weighted by `gains`; those below 0
/// count as 0. 0 if there are no others.
pub(super) fn selectivity(axes_deg: &[f64], gains: &[f64]) -> f64 {
    let (mut sin_sum, mut cos_sum, mut sum) = (0.0, 0.0, 0.0);
    for (axis, gain) in axes_deg.iter().zip(gains) {
        let gain = gain.max(0.0);
        let (sin, cos) = (2.0 * axis.to_radians()).sin_cos();
        sin_sum += gain * sin;
        cos_sum += gain * cos;
        sum += gain;
    }
    if sum > 0.0 { f64::hypot(sin_sum, cos_sum) / sum } else { 0.0 }
}

/// Half the width at half the height of `gains` around `peak`, in the unit of `places`, which rise.
pub(super) fn half_width(places: &[f64], gains: &[f64], peak: usize) -> Option<f64> {
    let half = gains[peak] / 2.0;
    let crossing = |inner: usize, outer: usize| {
        let share = (gains[inner] - half) / (gains[inner] - gains[outer]);
        (places[inner] + share * (places[outer] - places[inner]) - places[peak]).abs()
    };
    let right = (peak + 1..gains.len()).find(|&at| gains[at] < half).map(|at| crossing(at - 1, at));
    let left = (0..peak).rev().find(|&at| gains[at] < half).map(|at| crossing(at + 1, at));
    match (left, right) {
        (Some(left), Some(right)) => Some((left + right) / 2.0),
        (left, right) => left.or(right),
    }
}

/// `(a − b) / (a + b)` of gains, those below 0 as 0; `None` if no more than `least` is there.
pub(super) fn balance(a: f64, b: f64, least: f64) -> Option<f64> {
    let (a, b) = (a.max(0.0), b.max(0.0));
    (a + b > least.max(0.0)).then(|| (a - b) / (a + b))
}

impl NoiseCurve {
    /// From activations at standard deviations `noise_sd` that rise from 0.
    pub(super) fn new(noise_sd: &[f64], grating: Vec<f32>, alone: Vec<f32>) -> Self {
        let more: Vec<f64> = grating.iter().zip(&alone).map(|(a, b)| f64::from(*a) - f64::from(*b)).collect();
        let half = more[0] / 2.0;
        let half_sd = (1..more.len()).find(|&at| more[at] <= half).map(|at| {
            let share = (more[at - 1] - half) / (more[at - 1] - more[at]);
            noise_sd[at - 1] + share * (noise_sd[at] - noise_sd[at - 1])
        });
        Self { grating, alone, half_sd }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selectivity_is_one_for_one_axis_and_none_for_all() {
        let axes: Vec<f64> = (0..12).map(|index| -75.0 + 15.0 * f64::from(index)).collect();
        let only = |kept: &[usize]| {
            let gains: Vec<f64> =
                (0..12).map(|index| if kept.contains(&index) { 2.0 } else { -1.0 }).collect();
            selectivity(&axes, &gains)
        };
        assert!((only(&[3]) - 1.0).abs() < 1e-12);
        assert!(only(&[2, 8]).abs() < 1e-12, "two axes at a right angle");
        assert!(selectivity(&axes, &[1.0; 12]).abs() < 1e-12);
        assert_eq!(selectivity(&axes, &[-1.0; 12]), 0.0);
        // 1 + cos(2θ): the mean of cos(2θ)·(1 + cos(2θ)) is a half
        let cosine: Vec<f64> = axes.iter().map(|axis| 1.0 + (2.0 * axis.to_radians()).cos()).collect();
        assert!((selectivity(&axes, &cosine) - 0.5).abs() < 1e-12);
    }

    #[test]
    fn half_widths_are_those_of_a_triangle() {
        let places = [0.0, 1.0, 2.0, 3.0, 4.0];
        assert_eq!(half_width(&places, &[0.0, 2.0, 4.0, 2.0, 0.0], 2), Some(1.0));
        let one_side = half_width(&places, &[3.0, 3.5, 4.0, 1.0, 0.0], 2).unwrap();
        assert!((one_side - 2.0 / 3.0).abs() < 1e-12, "{one_side}");
        assert_eq!(half_width(&places, &[3.0, 3.5, 4.0, 3.0, 2.5], 2), None);
    }

    #[test]
    fn the_balance_of_gains_has_the_sign_of_the_larger() {
        assert_eq!(balance(3.0, 1.0, 0.0), Some(0.5));
        assert_eq!(balance(-3.0, 1.0, 0.0), Some(-1.0));
        assert_eq!(balance(-3.0, 0.0, 0.0), None);
    }

    #[test]
    fn half_the_difference_lies_between_two_levels_of_noise() {
        let curve = NoiseCurve::new(&[0.0, 0.1, 0.3], vec![5.0, 4.5, 3.0], vec![1.0, 1.5, 2.0]);
        // 4, 3, 1: two of them at a half of 0.1 … 0.3
        assert!((curve.half_sd.unwrap() - 0.2).abs() < 1e-9);
        assert_eq!(NoiseCurve::new(&[0.0, 0.1], vec![2.0, 2.0], vec![0.0, 0.0]).half_sd, None);
    }
}
