//! Axis: where values lie, and its ticks.

use micrograph::paint::{nice_ticks, number_text, tick_texts};

/// Share of the range of values that is left free at both ends.
const MARGIN: f64 = 0.04;

/// How values are laid out along an axis.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AxisScale {
    /// Equal steps for equal differences.
    #[default]
    Linear,
    /// The same with ticks at whole numbers only: epochs.
    Whole,
    /// Equal steps for doubling; values that are not above 0 are left out.
    Log2,
    /// Equal steps for factors of ten; values that are not above 0 are left out.
    Log10,
}

impl AxisScale {
    fn inner(self, value: f64) -> f64 {
        match self {
            Self::Linear | Self::Whole => value,
            // −∞ and NaN, which are not drawn, for what has no logarithm
            Self::Log2 => value.log2(),
            Self::Log10 => value.log10(),
        }
    }

    fn base(self) -> Option<f64> {
        match self {
            Self::Linear | Self::Whole => None,
            Self::Log2 => Some(2.0),
            Self::Log10 => Some(10.0),
        }
    }
}

/// An axis in its own scale (values, or their logarithms), and where its ends are drawn.
#[derive(Clone, Copy, Debug)]
pub(super) struct Axis {
    scale: AxisScale,
    low: f64,
    high: f64,
    /// Where the low and the high end are drawn.
    pub(super) drawn: (f64, f64),
}

impl Axis {
    /// Holds all `values` that have a place on it.
    pub(super) fn of(scale: AxisScale, values: impl IntoIterator<Item = f64>, drawn: (f64, f64)) -> Self {
        let inner = values.into_iter().map(|value| scale.inner(value)).filter(|value| value.is_finite());
        let (low, high) = inner
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)));
        let (low, high) = if low > high {
            (0.0, 1.0)
        } else if low == high {
            let around = if scale.base().is_none() { (low.abs() * 0.1).max(1e-9) } else { 1.0 };
            if low == 0.0 { (-1.0, 1.0) } else { (low - around, high + around) }
        } else {
            // curves do not run along the frame
            let margin = (high - low) * MARGIN;
            (low - margin, high + margin)
        };
        Self { scale, low, high, drawn }
    }

    /// From `low` to `high`, without margins.
    pub(super) fn between(low: f64, high: f64, drawn: (f64, f64)) -> Self {
        Self { scale: AxisScale::Linear, low, high, drawn }
    }

    /// Where `value` is drawn, if it has a place.
    pub(super) fn place(&self, value: f64) -> Option<f64> {
        let inner = self.scale.inner(value);
        let share = (inner - self.low) / (self.high - self.low);
        share.is_finite().then_some(self.drawn.0 + share * (self.drawn.1 - self.drawn.0))
    }

    /// The same for values between the ends only.
    pub(super) fn place_inside(&self, value: f64) -> Option<f64> {
        (self.low..=self.high).contains(&self.scale.inner(value)).then(|| self.place(value))?
    }

    /// At most `most` values with their texts and places.
    pub(super) fn ticks(&self, most: usize) -> Vec<Tick> {
        let tick = |(value, text)| Some(Tick { value, text, at: self.place(value)? });
        self.values(most).into_iter().filter_map(tick).collect()
    }

    fn values(&self, most: usize) -> Vec<(f64, String)> {
        let Some(base) = self.scale.base() else {
            let mut ticks = nice_ticks(self.low, self.high, most);
            ticks.retain(|value| self.scale == AxisScale::Linear || value.fract() == 0.0);
            return ticks.iter().copied().zip(tick_texts(&ticks)).collect();
        };
        let (first, last) = (self.low.ceil() as i64, self.high.floor() as i64);
        if self.scale == AxisScale::Log10 && (0.5..2.5).contains(&(self.high - self.low)) {
            let all = (first - 1..=last)
                .flat_map(|power| [1.0, 2.0, 5.0].map(|step| step * 10f64.powi(power as i32)));
            let shown = all.filter(|value| (self.low..=self.high).contains(&value.log10()));
            return shown.map(|value| (value, number_text(value))).collect();
        }
        if last > first {
            let stride = ((last - first) as usize / most + 1).max(1);
            let powers = (first..=last).step_by(stride).map(|power| base.powf(power as f64));
            return powers.map(|value| (value, number_text(value))).collect();
        }
        // less than two powers in view: round numbers say more
        let ticks = nice_ticks(base.powf(self.low), base.powf(self.high), most);
        ticks.iter().copied().zip(tick_texts(&ticks)).collect()
    }
}

/// A tick of an axis.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Tick {
    pub(super) value: f64,
    pub(super) text: String,
    /// Where it is drawn.
    pub(super) at: f64,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(axis: &Axis, most: usize) -> Vec<String> {
        axis.ticks(most).into_iter().map(|tick| tick.text).collect()
    }

    #[test]
    fn doublings_are_equal_steps_on_a_log2_axis() {
        let values = [4.0, 8.0, 16.0, 32.0, 64.0];
        let axis = Axis::of(AxisScale::Log2, values, (0.0, 100.0));
        let places: Vec<f64> = values.iter().map(|value| axis.place(*value).unwrap()).collect();
        let steps: Vec<f64> = places.windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert!(steps.iter().all(|step| (step - steps[0]).abs() < 1e-9 && *step > 0.0), "{steps:?}");
        assert_eq!(texts(&axis, 9), ["4", "8", "16", "32", "64"]);
    }

    #[test]
    fn a_short_log10_axis_has_ticks_at_one_two_and_five() {
        let axis = Axis::of(AxisScale::Log10, [0.015, 0.4], (0.0, 100.0));
        assert_eq!(texts(&axis, 6), ["0.02", "0.05", "0.1", "0.2"]);
    }

    #[test]
    fn epochs_have_ticks_at_whole_numbers() {
        let axis = |last: f64| Axis::of(AxisScale::Whole, [1.0, last], (0.0, 100.0));
        assert_eq!(texts(&axis(3.0), 9), ["1", "2", "3"]);
        // the margin of 4 % reaches below 0
        assert_eq!(texts(&axis(40.0), 9), ["0", "5", "10", "15", "20", "25", "30", "35", "40"]);
    }

    #[test]
    fn what_lies_outside_has_no_place_inside() {
        let axis = Axis::between(0.0, 10.0, (100.0, 200.0));
        assert_eq!(axis.place_inside(5.0), Some(150.0));
        assert_eq!([-1.0, 11.0, f64::NAN].map(|value| axis.place_inside(value)), [None; 3]);
    }
}
