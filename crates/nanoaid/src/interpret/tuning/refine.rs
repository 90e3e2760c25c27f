//! Refine: the preferred grating between those of the stimuli.
//!
//! The stimuli's largest gain and its neighbours give a first place by parabolas through their
//! logarithms (a Gaussian tuning curve has a parabola as its logarithm). Around it a cross of five
//! gratings is shown, and moved on while one of its arms is better than its middle; parabolas through
//! the cross give the place. All units of a layer are refined together.

use super::reader::PositionReader;
use super::stimulus::{Grating, LEAST_PERIOD_PX, Stimulus};
use super::stimulus_set::{StimulusActivation, phases, vertex};

/// Length of the arms of the cross over axes, in degrees.
const AXIS_STEP_DEG: f64 = 4.0;
/// Length of the arms over periods, in octaves.
const PERIOD_STEP: f64 = 0.125;
/// Gratings of a cross.
pub(super) const MOST_IN_CROSS: usize = 5;
/// Shortest period that is tried.
const SHORTEST_PX: f64 = 1.05 * LEAST_PERIOD_PX;

/// The search of one unit.
#[derive(Clone, Copy, Debug)]
pub(super) struct Search {
    pub channel: usize,
    /// Activation for uniform grey.
    pub uniform: f64,
    /// The best grating so far; at its best phase once it was shown.
    pub grating: Grating,
    /// Its answer, once it was shown.
    pub answer: StimulusActivation,
    /// Whether its period may be changed.
    pub over_periods: bool,
    /// Whether a cross was shown around it.
    pub shown: bool,
}

/// Values beside a largest one in the middle: offset of the vertex in steps, by logarithms if all are
/// above 0.
pub(super) fn offset(gains: [f64; 3]) -> f64 {
    let logs = gains.map(f64::ln);
    vertex(if gains.iter().all(|&gain| gain > 0.0) { logs } else { gains }).0
}

/// Searches around `searches`, with crosses that are shown at most `rounds` times.
pub(super) fn refine(searches: &mut [Search], reader: &PositionReader, n_phases: usize, rounds: usize) {
    let mut open: Vec<usize> = (0..searches.len()).collect();
    for round in 0..rounds {
        let crosses: Vec<Vec<Grating>> = open.iter().map(|&index| cross(&searches[index])).collect();
        let channels: Vec<usize> = open.iter().map(|&index| searches[index].channel).collect();
        let answers = shown(reader, &crosses, &channels, n_phases);
        let last = round + 1 == rounds;
        let mut still = Vec::new();
        for ((&index, cross), answers) in open.iter().zip(&crosses).zip(&answers) {
            if !searches[index].follow(cross, answers) && !last {
                still.push(index);
            }
        }
        open = still;
    }
}

/// Middle, axis before and after, and, if it may be changed, period before and after.
fn cross(search: &Search) -> Vec<Grating> {
    let middle = search.grating;
    let turned = |by: f64| Grating { axis_deg: middle.axis_deg + by, ..middle };
    let scaled = |octaves: f64| Grating { period_px: middle.period_px * octaves.exp2(), ..middle };
    let mut cross = vec![middle, turned(-AXIS_STEP_DEG), turned(AXIS_STEP_DEG)];
    if search.over_periods && middle.period_px * (-PERIOD_STEP).exp2() > SHORTEST_PX {
        cross.extend([scaled(-PERIOD_STEP), scaled(PERIOD_STEP)]);
    }
    cross
}

/// Answers of one channel to each cross, with their phases.
fn shown(
    reader: &PositionReader,
    crosses: &[Vec<Grating>],
    channels: &[usize],
    n_phases: usize,
) -> Vec<Vec<(StimulusActivation, f64)>> {
    let stimuli: Vec<Stimulus> =
        crosses.iter().flatten().flat_map(|grating| phases(*grating, n_phases)).collect();
    let activations = &reader.stimuli(&stimuli)[0];
    let mut rest = activations.chunks(n_phases);
    crosses
        .iter()
        .zip(channels)
        .map(|(cross, &channel)| {
            let of_grating = |phases: &[Vec<f32>]| {
                let values: Vec<f32> = phases.iter().map(|picture| picture[channel]).collect();
                StimulusActivation::of_phases(&values)
            };
            rest.by_ref().take(cross.len()).map(of_grating).collect()
        })
        .collect()
}

impl Search {
    /// Goes where the answers to its cross lead; returns whether its middle was the best.
    fn follow(&mut self, cross: &[Grating], answers: &[(StimulusActivation, f64)]) -> bool {
        let gain = |index: usize| f64::from(answers[index].0.max) - self.uniform;
        let mut settled = true;
        let mut along = |before: usize, after: usize| {
            if gain(before).max(gain(after)) > gain(0) {
                settled = false;
                return if gain(after) > gain(before) { 1.0 } else { -1.0 };
            }
            offset([gain(before), gain(0), gain(after)])
        };
        let axis_deg = cross[0].axis_deg + along(1, 2) * AXIS_STEP_DEG;
        let octaves = if cross.len() > 3 { along(3, 4) * PERIOD_STEP } else { 0.0 };
        let period_px = (cross[0].period_px * octaves.exp2()).max(SHORTEST_PX);
        let (answer, phase) = answers[0];
        self.answer = answer;
        self.shown = true;
        self.grating = Grating { axis_deg, period_px, phase, ..self.grating };
        settled
    }
}
