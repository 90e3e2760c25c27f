//! Quantity: a measured value and how well it is known.
//!
//! The words are those of the GUM (JCGM 100:2008). Standard uncertainties of independent components add in
//! squares; the expanded uncertainty covers 95 %. Its coverage factor is that of Student's t, with the degrees of
//! freedom of Welch and Satterthwaite (annex G). Where a component has known bounds and dominates the sum, the
//! interval is that of the sum's own distribution (JCGM 101:2008), because 1.96 standard deviations would extend
//! beyond the bounds. Measurements are in px; a report converts to nanometres and adds the calibration's component.

use serde::{Deserialize, Serialize};
use statrs::distribution::{ContinuousCDF, Normal, StudentsT};

/// Unit of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Pixels, as wide as the image's columns.
    Px,
    /// Square pixels.
    Px2,
    /// Degrees.
    Degrees,
    /// Per square pixel.
    PerPx2,
    /// Nanometres.
    Nm,
    /// Per square micrometre.
    PerUm2,
    /// A bare number: counts, shares, ratios.
    One,
}

impl Unit {
    /// The unit as it follows a number, empty for a bare one.
    pub fn symbol(self) -> &'static str {
        match self {
            Self::Px => "px",
            Self::Px2 => "px²",
            Self::Degrees => "°",
            Self::PerPx2 => "1/px²",
            Self::Nm => "nm",
            Self::PerUm2 => "1/µm²",
            Self::One => "",
        }
    }
}

/// A component of uncertainty: what one cause contributes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Component {
    /// The cause, e.g. `fit` (noise of the pixels), `sampling` (another field of the specimen).
    pub cause: String,
    /// Standard uncertainty, in the unit of the value, at least 0.
    pub standard_uncertainty: f64,
    /// Degrees of freedom of `standard_uncertainty`; absent if it is known.
    pub degrees_of_freedom: Option<f64>,
    /// Half the width of a uniform distribution; present where only bounds are known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub half_width: Option<f64>,
}

impl Component {
    /// A normal component, estimated with this many degrees of freedom.
    pub fn estimated(cause: &str, standard_uncertainty: f64, degrees_of_freedom: f64) -> Self {
        let degrees_of_freedom = Some(degrees_of_freedom.max(1.0));
        Self { degrees_of_freedom, ..Self::known(cause, standard_uncertainty) }
    }

    /// A normal component with a known standard uncertainty.
    pub fn known(cause: &str, standard_uncertainty: f64) -> Self {
        Self { cause: cause.to_owned(), standard_uncertainty, degrees_of_freedom: None, half_width: None }
    }

    /// A component of an integer that is wrong by at most `n`: each integer represents the values within ±½.
    pub fn of_whole_numbers(cause: &str, n: usize) -> Self {
        Self::bounded(cause, if n > 0 { n as f64 + 0.5 } else { 0.0 })
    }

    /// A uniform component: only the bounds `± half_width` are known.
    pub fn bounded(cause: &str, half_width: f64) -> Self {
        let half_width = half_width.abs();
        Self { half_width: Some(half_width), ..Self::known(cause, half_width / 3.0_f64.sqrt()) }
    }
}

/// A measured value with its uncertainty.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Quantity {
    /// The best estimate.
    pub value: f64,
    /// Its unit.
    pub unit: Unit,
    /// Standard uncertainty: all components together.
    pub standard_uncertainty: f64,
    /// Half the width of the interval that holds the truth in 95 % of cases.
    pub expanded_uncertainty: f64,
    /// The components of its uncertainty.
    pub components: Vec<Component>,
    /// How it was measured, for a reader.
    pub method: String,
}

impl Quantity {
    /// A value with its `components`.
    ///
    /// # Examples
    /// ```
    /// use micrograph::measure::{Component, Quantity, Unit};
    ///
    /// let components = vec![Component::known("fit", 0.03), Component::known("calibration", 0.04)];
    /// let pitch = Quantity::new(12.3, Unit::Nm, "by hand", components);
    /// assert!((pitch.standard_uncertainty - 0.05).abs() < 1e-12);
    /// assert_eq!(pitch.text(), "12.300 ± 0.098 nm");
    /// ```
    pub fn new(value: f64, unit: Unit, method: &str, components: Vec<Component>) -> Self {
        let variance: f64 = components.iter().map(|component| component.standard_uncertainty.powi(2)).sum();
        // a sum of nothing is −0
        let standard_uncertainty = variance.sqrt() + 0.0;
        let expanded_uncertainty = expanded_uncertainty(&components) + 0.0;
        Self {
            value,
            unit,
            standard_uncertainty,
            expanded_uncertainty,
            components,
            method: method.to_owned(),
        }
    }

    /// The ends of the 95 % interval.
    pub fn interval(&self) -> (f64, f64) {
        (self.value - self.expanded_uncertainty, self.value + self.expanded_uncertainty)
    }

    /// `factor` times the quantity, as of another `unit`.
    pub fn scaled(&self, factor: f64, unit: Unit) -> Self {
        let component = |component: &Component| Component {
            standard_uncertainty: component.standard_uncertainty * factor.abs(),
            half_width: component.half_width.map(|half_width| half_width * factor.abs()),
            ..component.clone()
        };
        Self {
            value: self.value * factor,
            unit,
            standard_uncertainty: self.standard_uncertainty * factor.abs(),
            expanded_uncertainty: self.expanded_uncertainty * factor.abs(),
            components: self.components.iter().map(component).collect(),
            method: self.method.clone(),
        }
    }

    /// Value and expanded uncertainty as text, both down to the second digit of the latter.
    pub fn texts(&self) -> (String, String) {
        const MOST_DIGITS: f64 = 9.0;
        let exact = self.expanded_uncertainty == 0.0;
        let known_to = if exact { self.value.abs().max(1.0) * 1e-3 } else { self.expanded_uncertainty };
        let digits = match known_to {
            _ if exact && self.value.fract() == 0.0 => 0,
            _ => (1.0 - known_to.log10().floor()).clamp(0.0, MOST_DIGITS) as usize,
        };
        (format!("{:.digits$}", self.value), format!("{:.digits$}", self.expanded_uncertainty))
    }

    /// The quantity as text: `12.3 ± 0.4 nm`.
    pub fn text(&self) -> String {
        let (value, expanded_uncertainty) = self.texts();
        match self.unit {
            Unit::One => format!("{value} ± {expanded_uncertainty}"),
            Unit::Degrees => format!("{value} ± {expanded_uncertainty}°"),
            unit => format!("{value} ± {expanded_uncertainty} {}", unit.symbol()),
        }
    }

    /// The same value with one more cause of uncertainty.
    pub fn with_component(mut self, component: Component) -> Self {
        self.components.push(component);
        Self::new(self.value, self.unit, &self.method, self.components)
    }
}

/// Half the width of the 95 % interval of the sum of `components`.
fn expanded_uncertainty(components: &[Component]) -> f64 {
    let mut uniform: Vec<f64> = components
        .iter()
        .filter_map(|component| component.half_width)
        .filter(|&half_width| half_width > 0.0)
        .collect();
    uniform.sort_by(|a, b| b.total_cmp(a));
    // the sum of three or more is close to normal
    let further: f64 = uniform.drain(uniform.len().min(2)..).map(|half_width| half_width.powi(2) / 3.0).sum();
    let normal = || components.iter().filter(|component| component.half_width.is_none());
    let variance: f64 = normal().map(|component| component.standard_uncertainty.powi(2)).sum();
    let of_variance: f64 = normal()
        .filter_map(|component| Some(component.standard_uncertainty.powi(4) / component.degrees_of_freedom?))
        .sum();
    // Welch and Satterthwaite
    let degrees_of_freedom = if of_variance > 0.0 { variance.powi(2) / of_variance } else { f64::INFINITY };
    let coverage_factor = student_95(degrees_of_freedom);
    if uniform.is_empty() {
        return coverage_factor * variance.sqrt();
    }
    // few degrees of freedom count as a wider normal distribution
    let widening = coverage_factor / student_95(f64::INFINITY);
    let deviation = (variance * widening.powi(2) + further).sqrt();
    half_width_95(deviation, &uniform)
}

/// Half the width of the interval that holds 95 % of the sum of a normal distribution of this standard
/// deviation and of one or two uniform ones of these half widths; accurate to 0.5 %.
fn half_width_95(deviation: f64, uniform: &[f64]) -> f64 {
    /// Points that represent a uniform distribution.
    const POSITIONS: [usize; 2] = [256, 48];
    let n = POSITIONS[uniform.len() - 1];
    let positions =
        |half_width: f64| (0..n).map(move |index| half_width * ((2 * index + 1) as f64 / n as f64 - 1.0));
    let sums: Vec<f64> = match *uniform {
        [one] => positions(one).collect(),
        [one, other, ..] => positions(one).flat_map(|a| positions(other).map(move |b| a + b)).collect(),
        [] => vec![0.0],
    };
    // no narrower than the distance between positions
    let deviation = deviation.max(uniform[0] / n as f64);
    let most = uniform.iter().sum::<f64>() + 3.0 * deviation;
    let normal = Normal::standard();
    let (mut low, mut high) = (0.0, most);
    for _ in 0..30 {
        let middle = f64::midpoint(low, high);
        let below = |bound: f64, sum: f64| normal.cdf((bound - sum) / deviation);
        let held: f64 = sums.iter().map(|&sum| below(middle, sum) - below(-middle, sum)).sum();
        if held < 0.95 * sums.len() as f64 { low = middle } else { high = middle }
    }
    high
}

/// Coverage factor for 95 %: Student's t with `degrees_of_freedom`, at least 1, stays within ± this value.
///
/// # Examples
/// ```
/// use micrograph::measure::quantity::student_95;
///
/// assert!((student_95(f64::INFINITY) - 1.960).abs() < 1e-3);
/// assert!((student_95(4.0) - 2.776).abs() < 1e-3);
/// ```
pub fn student_95(degrees_of_freedom: f64) -> f64 {
    const UPPER: f64 = 0.975;
    match StudentsT::new(0.0, 1.0, degrees_of_freedom.max(1.0)) {
        Ok(student) if degrees_of_freedom.is_finite() => student.inverse_cdf(UPPER),
        _ => Normal::standard().inverse_cdf(UPPER),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn students_t_is_that_of_tables() {
        let cases = [
            (1.0, 12.706),
            (2.0, 4.303),
            (3.0, 3.182),
            (4.0, 2.776),
            (5.0, 2.571),
            (8.0, 2.306),
            (20.0, 2.086),
            (100.0, 1.984),
            (f64::INFINITY, 1.960),
        ];
        for (degrees_of_freedom, expected) in cases {
            let found = student_95(degrees_of_freedom);
            assert!((found - expected).abs() < 0.000_6, "{degrees_of_freedom}: {found}");
        }
        let falling: Vec<f64> = (4..60).map(|quarters| student_95(f64::from(quarters) / 4.0)).collect();
        assert!(falling.is_sorted_by(|a, b| a >= b), "{falling:?}");
    }

    #[test]
    fn the_interval_of_a_uniform_distribution_is_its_middle_95_percent() {
        let of =
            |components: Vec<Component>| Quantity::new(0.0, Unit::Px, "", components).expanded_uncertainty;
        assert!((of(vec![Component::bounded("a", 2.0)]) / 1.9 - 1.0).abs() < 0.006);
        // the sum of two equal ones is triangular: 2 (1 − √0.05)
        let triangle = 2.0 * (1.0 - 0.05_f64.sqrt());
        assert!(
            (of(vec![Component::bounded("a", 1.0), Component::bounded("b", 1.0)]) / triangle - 1.0).abs()
                < 0.006
        );
        // much narrower than a normal distribution it only adds in squares
        let both = of(vec![Component::known("a", 1.0), Component::bounded("b", 0.3)]);
        assert!((both / (1.959_964 * (1.0_f64 + 0.03).sqrt()) - 1.0).abs() < 0.006, "{both}");
        // a million random sums
        let mut stream = crate::random::Stream::new(8, "test", 0);
        let mut sums: Vec<f64> = (0..1_000_000)
            .map(|_| (0.5 * stream.normal() + stream.between(-1.5, 1.5) + stream.between(-0.7, 0.7)).abs())
            .collect();
        sums.sort_by(f64::total_cmp);
        let components =
            vec![Component::known("a", 0.5), Component::bounded("b", 0.7), Component::bounded("c", 1.5)];
        assert!((of(components) / sums[950_000] - 1.0).abs() < 0.006);
        // scaling and adding keep the properties of the components
        let one = Quantity::new(5.0, Unit::Px, "", vec![Component::bounded("a", 2.0)]).scaled(-3.0, Unit::Nm);
        assert_eq!(
            one.with_component(Component::known("b", 0.0)).expanded_uncertainty,
            3.0 * of(vec![Component::bounded("a", 2.0)])
        );
    }

    #[test]
    fn texts_end_at_the_second_digit_of_the_uncertainty() {
        for (value, expanded_uncertainty, texts) in [
            (123.4567, 0.234, ("123.46", "0.23")),
            (123.4567, 23.4, ("123", "23")),
            (12345.6, 1234.5, ("12346", "1234")),
            (0.000_123_4, 0.000_056, ("0.000123", "0.000056")),
            (7.0, 0.0, ("7", "0")),
            (7.25, 0.0, ("7.2500", "0.0000")),
        ] {
            let quantity =
                Quantity { expanded_uncertainty, ..Quantity::new(value, Unit::Px, "", Vec::new()) };
            let (found_value, found_expanded) = quantity.texts();
            assert_eq!((found_value.as_str(), found_expanded.as_str()), texts);
        }
        assert_eq!(Quantity::new(36.0, Unit::One, "", Vec::new()).text(), "36 ± 0");
    }

    #[test]
    fn components_add_in_squares_and_few_degrees_of_freedom_widen_the_interval() {
        let known =
            Quantity::new(10.0, Unit::Px, "", vec![Component::known("a", 3.0), Component::known("b", 4.0)]);
        assert!(
            (known.standard_uncertainty - 5.0).abs() < 1e-12
                && (known.expanded_uncertainty - 9.7998).abs() < 1e-3
        );
        let few = Quantity::new(10.0, Unit::Px, "", vec![Component::estimated("a", 5.0, 4.0)]);
        assert!((few.expanded_uncertainty - 13.882).abs() < 1e-3, "{few:?}");
        let more = few.clone().with_component(Component::known("calibration", 5.0));
        assert!((more.standard_uncertainty - 50.0_f64.sqrt()).abs() < 1e-12 && more.components.len() == 2);
        assert_eq!(
            few.scaled(-2.0, Unit::Px).interval(),
            (-20.0 - 2.0 * few.expanded_uncertainty, -20.0 + 2.0 * few.expanded_uncertainty)
        );
    }
}
