//! Stimulus set: which stimuli every unit is shown, and in which views.
//!
//! A view is a stimulus at one phase, shift or turn. What a unit answers to a stimulus is the largest
//! activation over its views, so that neither decides; beside it stands the mean. Between the phases
//! of a grating the largest is found by a parabola through the three highest neighbours.

use micrograph::synth::DotLattice;
use serde::{Deserialize, Serialize};

use super::TuningConfig;
use super::reader::ReadPosition;
use super::stimulus::{Disc, Grating, Lattice, Polarity, Profile, Stimulus};

/// Shares of the period that lines take. At a half, polarity is a matter of phase.
pub(super) const PROFILES: [Profile; 3] = [
    Profile { duty: 0.5, polarity: Polarity::Bright },
    Profile { duty: 0.25, polarity: Polarity::Bright },
    Profile { duty: 0.25, polarity: Polarity::Dark },
];
/// Pitch of the smallest lattice in px; dots of half of that are still seen by the probe.
const LEAST_PITCH_PX: f64 = 5.0;
/// Diameters of dots as shares of the pitch: sparse and dense, with grey levels in `[0, 1]`.
const DIAMETERS: [f64; 2] = [0.55, 0.75];
/// Shares of missing sites.
const MISSING: [f64; 2] = [0.0, 0.3];
/// Radius of the smallest disc in px.
const LEAST_RADIUS_PX: f64 = 1.5;
/// Shifts of a disc along each axis.
const DISC_SHIFTS: usize = 5;
/// The largest discs are as wide as so many fields, the longest periods as so many, the largest
/// pitches: beyond, a neuron sees no more than an edge or shading.
const FIELDS_PER_DIAMETER: f64 = 1.0;
const FIELDS_PER_PERIOD: f64 = 2.0;
const FIELDS_PER_PITCH: f64 = 1.0;
/// What of each kind there is however small the field is.
const LEAST_LENGTHS: usize = 4;

/// The activations of a unit for the views of a stimulus.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct StimulusActivation {
    /// Largest activation over the views.
    pub max: f32,
    /// Mean activation over the views.
    pub mean: f32,
}

/// A kind of lattice, whatever its shift and axis.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct LatticeKind {
    /// How the sites lie.
    pub kind: DotLattice,
    /// Distance of the nearest sites in px.
    pub pitch_px: f64,
    /// Diameter of a dot as a share of the pitch.
    pub diameter: f64,
    /// Share of the sites without a dot.
    pub missing: f64,
    /// Whether dots are brighter than the background.
    pub polarity: Polarity,
}

/// A kind of disc, wherever it lies.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct DiscKind {
    /// Its radius in px.
    pub radius_px: f64,
    /// Whether it is brighter than the background.
    pub polarity: Polarity,
}

/// All stimuli for one layer.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct StimulusSet {
    pub axes_deg: Vec<f64>,
    pub periods_px: Vec<f64>,
    pub lattices: Vec<LatticeKind>,
    pub discs: Vec<DiscKind>,
}

impl StimulusSet {
    pub(super) fn of(site: &ReadPosition, config: &TuningConfig) -> Self {
        let lengths = |least: f64, per_octave: f64, most: f64| -> Vec<f64> {
            let all = (0..).map(|index| least * (f64::from(index) / per_octave).exp2());
            all.enumerate()
                .take_while(|(index, length)| *index < LEAST_LENGTHS || *length <= most)
                .map(|(_, length)| length)
                .collect()
        };
        let field = site.seen_px() as f64;
        let per_octave = config.periods_per_octave as f64;
        let axes = config.axes;
        let pitches = lengths(LEAST_PITCH_PX, 2.0, FIELDS_PER_PITCH * field);
        let radii = lengths(LEAST_RADIUS_PX, 2.0, FIELDS_PER_DIAMETER * field / 2.0);
        let mut lattices = Vec::new();
        for kind in [DotLattice::Square, DotLattice::Hexagonal] {
            for &pitch_px in &pitches {
                for diameter in DIAMETERS {
                    for missing in MISSING {
                        let of = |polarity| LatticeKind { kind, pitch_px, diameter, missing, polarity };
                        lattices.extend(Polarity::BOTH.map(of));
                    }
                }
            }
        }
        let disc =
            |radius_px: &f64| Polarity::BOTH.map(|polarity| DiscKind { radius_px: *radius_px, polarity });
        Self {
            axes_deg: (0..axes).map(|index| -90.0 + 180.0 * (index + 1) as f64 / axes as f64).collect(),
            periods_px: lengths(config.shortest_px, per_octave, FIELDS_PER_PERIOD * field),
            lattices,
            discs: radii.iter().flat_map(disc).collect(),
        }
    }

    /// All gratings, `[profile][axis][period]`.
    pub(super) fn gratings(&self) -> Vec<Grating> {
        let mut gratings = Vec::new();
        for profile in PROFILES {
            for &axis_deg in &self.axes_deg {
                let of = |&period_px: &f64| Grating { axis_deg, period_px, profile, phase: 0.0 };
                gratings.extend(self.periods_px.iter().map(of));
            }
        }
        gratings
    }

    /// Place of a grating in [`StimulusSet::gratings`].
    pub(super) fn index(&self, profile: usize, axis: usize, period: usize) -> usize {
        (profile * self.axes_deg.len() + axis) * self.periods_px.len() + period
    }
}

/// `grating` at `n` phases.
pub(super) fn phases(grating: Grating, n: usize) -> impl Iterator<Item = Stimulus> {
    (0..n).map(move |index| Stimulus::Grating(Grating { phase: index as f64 / n as f64, ..grating }))
}

/// `kind` at `n` shifts spread evenly over a cell (Roberts' sequence of the plastic number), each
/// with an axis of its own, spread over what is not the same by symmetry, and other missing sites.
pub(super) fn lattices(kind: &LatticeKind, n: usize, seed: u64) -> impl Iterator<Item = Stimulus> {
    /// Root of x³ = x + 1.
    const PLASTIC: f64 = 1.324_717_957_244_746;
    let LatticeKind { kind, pitch_px, diameter, missing, polarity } = *kind;
    let symmetry_deg = match kind {
        DotLattice::Square => 90.0,
        DotLattice::Hexagonal => 60.0,
    };
    (0..n).map(move |index| {
        let at = index as f64 + 0.5;
        Stimulus::Lattice(Lattice {
            kind,
            pitch_px,
            diameter,
            missing,
            polarity,
            axis_deg: symmetry_deg * index as f64 / n as f64,
            shift: [(at / PLASTIC).fract(), (at / (PLASTIC * PLASTIC)).fract()],
            seed: seed.wrapping_add(index as u64),
        })
    })
}

/// `kind` at places over the middle half of a field of `field_px`, row after row.
pub(super) fn discs(kind: &DiscKind, field_px: usize) -> impl Iterator<Item = Stimulus> {
    let DiscKind { radius_px, polarity } = *kind;
    let shift = move |index: usize| (index as f64 / (DISC_SHIFTS - 1) as f64 - 0.5) * field_px as f64 / 2.0;
    (0..DISC_SHIFTS * DISC_SHIFTS).map(move |index| {
        let shift_px = [shift(index / DISC_SHIFTS), shift(index % DISC_SHIFTS)];
        Stimulus::Disc(Disc { radius_px, polarity, shift_px })
    })
}

impl StimulusActivation {
    /// From the activations for all views.
    pub(super) fn of(activations: &[f32]) -> Self {
        let max = activations.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        Self { max, mean: mean(activations) }
    }

    /// From the activations for phases that go once around, and the phase of the largest.
    pub(super) fn of_phases(activations: &[f32]) -> (Self, f64) {
        let n = activations.len();
        let highest = (0..n).rev().max_by(|&a, &b| activations[a].total_cmp(&activations[b])).unwrap_or(0);
        let at = |index: usize| f64::from(activations[index % n]);
        let (before, here, after) = (at(highest + n - 1), at(highest), at(highest + 1));
        let (offset, max) = vertex([before, here, after]);
        (Self { max: max as f32, mean: mean(activations) }, (highest as f64 + offset) / n as f64)
    }
}

fn mean(activations: &[f32]) -> f32 {
    (activations.iter().map(|&value| f64::from(value)).sum::<f64>() / activations.len() as f64) as f32
}

/// Where, in steps from the middle, and how high the parabola through three values of which the
/// middle one is the largest has its vertex; the middle one itself where they are all the same.
pub(super) fn vertex([before, here, after]: [f64; 3]) -> (f64, f64) {
    let curvature = before - 2.0 * here + after;
    if curvature < 0.0 {
        let offset = ((before - after) / (2.0 * curvature)).clamp(-0.5, 0.5);
        (offset, here + (after - before) / 2.0 * offset + curvature / 2.0 * offset * offset)
    } else {
        (0.0, here)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parabola_has_its_vertex() {
        for (place, height) in [(0.0, 3.0), (0.3, 1.0), (-0.5, 2.0)] {
            let value = |x: f64| height - 0.7 * (x - place).powi(2);
            let (offset, max) = vertex([-1.0, 0.0, 1.0].map(value));
            assert!((offset - place).abs() < 1e-12 && (max - height).abs() < 1e-12, "{place}");
        }
        assert_eq!(vertex([2.0, 2.0, 2.0]), (0.0, 2.0));
    }

    #[test]
    fn the_largest_over_phases_hardly_depends_on_where_the_phases_begin() {
        // of a cosine, whose phases are eight
        for start in 0..40 {
            let start = f64::from(start) / 40.0;
            let turn = |index: i32| std::f64::consts::TAU * (f64::from(index) / 8.0 - start);
            let activations: Vec<f32> = (0..8).map(|index| turn(index).cos() as f32).collect();
            let (answer, phase) = StimulusActivation::of_phases(&activations);
            assert!((answer.max - 1.0).abs() < 0.01 && answer.mean.abs() < 1e-6, "{start}: {answer:?}");
            let off = (phase - start + 0.5).rem_euclid(1.0) - 0.5;
            assert!(off.abs() < 0.01, "{start}: {phase}");
        }
    }

    #[test]
    fn the_stimuli_of_the_survey_are_grey_levels() {
        let site = ReadPosition { side_px: 64, position: 3, origin_px: 31.5, field_px: 60, inside: true };
        let config = TuningConfig::default();
        let stimulus_set = StimulusSet::of(&site, &config);
        let gratings = stimulus_set.gratings();
        assert_eq!(gratings[stimulus_set.index(2, 5, 1)].axis_deg, stimulus_set.axes_deg[5]);
        assert_eq!(gratings[stimulus_set.index(2, 5, 1)].period_px, stimulus_set.periods_px[1]);
        let mut stimuli: Vec<Stimulus> = gratings.iter().flat_map(|grating| phases(*grating, 2)).collect();
        stimuli.extend(stimulus_set.lattices.iter().flat_map(|kind| lattices(kind, 3, 0)));
        stimuli.extend(stimulus_set.discs.iter().flat_map(|kind| discs(kind, site.field_px)));
        for stimulus in stimuli {
            let (low, high) = stimulus.plane(64, 31.5, config.contrast).range().unwrap();
            assert!(low >= 0.0 && high <= 1.0, "{stimulus:?}: {low} to {high}");
        }
    }
}
