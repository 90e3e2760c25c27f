//! Quantity: a measured value and how well it is known.
//!
//! Standard uncertainties of independent causes add in squares; the expanded uncertainty covers 95 %
//! by Student's t, with the degrees of freedom of Welch and Satterthwaite (GUM, JCGM 100:2008, annex
//! G). Where a cause has known bounds and rules the sum, the interval is that of the sum's own distribution
//! (JCGM 101:2008), as 1.96 standard deviations would reach beyond the bounds. Measuring itself gives px; nanometres and the calibration's part come in where a report is made.

use serde::{Deserialize, Serialize};

/// What a value counts.
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
    /// The unit as it stands behind a number, empty for a bare one.
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

/// What one cause adds to the uncertainty.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Part {
    /// The cause, e.g. `fit` (noise of the pixels), `sampling` (another place of the specimen).
    pub cause: String,
    /// Standard uncertainty, in the unit of the value, at least 0.
    pub standard: f64,
    /// Degrees of freedom behind `standard`; absent where it is as good as known.
    pub freedom: Option<f64>,
    /// Half the width of the range that it is evenly spread over, where that is what is known of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub half_width: Option<f64>,
}

impl Part {
    /// A part that is estimated with so many degrees of freedom.
    pub fn estimated(cause: &str, standard: f64, freedom: f64) -> Self {
        Self { cause: cause.to_owned(), standard, freedom: Some(freedom.max(1.0)), half_width: None }
    }

    /// A part that is as good as known.
    pub fn known(cause: &str, standard: f64) -> Self {
        Self { cause: cause.to_owned(), standard, freedom: None, half_width: None }
    }

    /// A part of a whole number that is off by at most `n`: each whole number stands for a half to both sides.
    pub fn of_whole_numbers(cause: &str, n: usize) -> Self {
        Self::bounded(cause, if n > 0 { n as f64 + 0.5 } else { 0.0 })
    }

    /// A part of which only a bound is known: evenly spread over `± half_width`.
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
    /// What it counts.
    pub unit: Unit,
    /// Standard uncertainty: all parts together.
    pub standard: f64,
    /// Half the width of the interval that holds the truth in 95 % of cases.
    pub expanded: f64,
    /// What went into it.
    pub parts: Vec<Part>,
    /// How it was measured, for a reader.
    pub method: String,
}

impl Quantity {
    /// A value with its `parts`.
    pub fn new(value: f64, unit: Unit, method: &str, parts: Vec<Part>) -> Self {
        let variance: f64 = parts.iter().map(|part| part.standard.powi(2)).sum();
        // a sum of nothing is −0
        let standard = variance.sqrt() + 0.0;
        let expanded = expanded(&parts) + 0.0;
        Self { value, unit, standard, expanded, parts, method: method.to_owned() }
    }

    /// The ends of the 95 % interval.
    pub fn interval(&self) -> (f64, f64) {
        (self.value - self.expanded, self.value + self.expanded)
    }

    /// `factor` times the quantity, as of another `unit`.
    pub fn scaled(&self, factor: f64, unit: Unit) -> Self {
        let part = |part: &Part| Part {
            standard: part.standard * factor.abs(),
            half_width: part.half_width.map(|half_width| half_width * factor.abs()),
            ..part.clone()
        };
        Self {
            value: self.value * factor,
            unit,
            standard: self.standard * factor.abs(),
            expanded: self.expanded * factor.abs(),
            parts: self.parts.iter().map(part).collect(),
            method: self.method.clone(),
        }
    }

    /// Value and expanded uncertainty as text, both down to the second digit of the latter.
    pub fn texts(&self) -> (String, String) {
        const MOST_DIGITS: f64 = 9.0;
        let exact = self.expanded == 0.0;
        let known_to = if exact { self.value.abs().max(1.0) * 1e-3 } else { self.expanded };
        let digits = match known_to {
            _ if exact && self.value.fract() == 0.0 => 0,
            _ => (1.0 - known_to.log10().floor()).clamp(0.0, MOST_DIGITS) as usize,
        };
        (format!("{:.digits$}", self.value), format!("{:.digits$}", self.expanded))
    }

    /// The quantity as text: `12.3 ± 0.4 nm`.
    pub fn text(&self) -> String {
        let (value, expanded) = self.texts();
        match self.unit {
            Unit::One => format!("{value} ± {expanded}"),
            Unit::Degrees => format!("{value} ± {expanded}°"),
            unit => format!("{value} ± {expanded} {}", unit.symbol()),
        }
    }

    /// The same value with one more cause of uncertainty.
    pub fn with_part(mut self, part: Part) -> Self {
        self.parts.push(part);
        Self::new(self.value, self.unit, &self.method, self.parts)
    }
}

/// Half the width of the 95 % interval of the sum of `parts`.
fn expanded(parts: &[Part]) -> f64 {
    let mut even: Vec<f64> =
        parts.iter().filter_map(|part| part.half_width).filter(|&half_width| half_width > 0.0).collect();
    even.sort_by(|a, b| b.total_cmp(a));
    // more of them are as good as normal
    let rest: f64 = even.drain(even.len().min(2)..).map(|half_width| half_width.powi(2) / 3.0).sum();
    let bell = || parts.iter().filter(|part| part.half_width.is_none());
    let variance: f64 = bell().map(|part| part.standard.powi(2)).sum();
    let spread: f64 =
        bell().map(|part| part.freedom.map_or(0.0, |freedom| part.standard.powi(4) / freedom)).sum();
    let freedom = if spread > 0.0 { variance.powi(2) / spread } else { f64::INFINITY };
    let within = student_95(freedom);
    if even.is_empty() {
        return within * variance.sqrt();
    }
    // few degrees of freedom as if the bell were wider
    let bell = (variance * (within / student_95(f64::INFINITY)).powi(2) + rest).sqrt();
    half_width_95(bell, &even)
}

/// Half the width of the interval that holds 95 % of the sum of a normal distribution of this standard
/// deviation and of even ones, one or two, of these half widths; good to 0.5 %.
fn half_width_95(bell: f64, even: &[f64]) -> f64 {
    /// Places that an even distribution is spread over.
    const PLACES: [usize; 2] = [256, 48];
    let n = PLACES[even.len() - 1];
    let places =
        |half_width: f64| (0..n).map(move |place| half_width * ((2 * place + 1) as f64 / n as f64 - 1.0));
    let sums: Vec<f64> = match *even {
        [one] => places(one).collect(),
        [one, other, ..] => places(one).flat_map(|a| places(other).map(move |b| a + b)).collect(),
        [] => vec![0.0],
    };
    // no narrower than the places lie apart
    let bell = bell.max(even[0] / n as f64);
    let most = even.iter().sum::<f64>() + 3.0 * bell;
    let (mut low, mut high) = (0.0, most);
    for _ in 0..30 {
        let middle = f64::midpoint(low, high);
        let held: f64 =
            sums.iter().map(|sum| below((middle - sum) / bell) - below((-middle - sum) / bell)).sum();
        if held < 0.95 * sums.len() as f64 { low = middle } else { high = middle }
    }
    high
}

/// Share of the standard normal distribution below `z`, to 1e-7 (Abramowitz and Stegun 26.2.17).
fn below(z: f64) -> f64 {
    const TERMS: [f64; 5] = [0.319_381_530, -0.356_563_782, 1.781_477_937, -1.821_255_978, 1.330_274_429];
    let t = 1.0 / (1.0 + 0.231_641_9 * z.abs());
    let density = (-0.5 * z * z).exp() / std::f64::consts::TAU.sqrt();
    let above = density * TERMS.iter().rev().fold(0.0, |sum, term| (sum + term) * t);
    if z >= 0.0 { 1.0 - above } else { above }
}

/// The value that Student's t with `freedom` ≥ 1 degrees of freedom stays within, in size, in 95 %
/// of cases; good to 0.5 % (tables to 4, then the series of Abramowitz and Stegun 26.7.5).
pub fn student_95(freedom: f64) -> f64 {
    const FIRST: [f64; 4] = [12.706, 4.3027, 3.1824, 2.7764];
    if freedom < 4.0 {
        let below = (freedom.max(1.0) as usize).min(3);
        // 1/ν is nearly what t is linear in
        let share = (1.0 / below as f64 - 1.0 / freedom.max(1.0)) * (below * (below + 1)) as f64;
        return FIRST[below - 1] + (FIRST[below] - FIRST[below - 1]) * share;
    }
    let z = 1.959_964_f64;
    let terms = [
        z,
        (z.powi(3) + z) / 4.0,
        (5.0 * z.powi(5) + 16.0 * z.powi(3) + 3.0 * z) / 96.0,
        (3.0 * z.powi(7) + 19.0 * z.powi(5) + 17.0 * z.powi(3) - 15.0 * z) / 384.0,
    ];
    terms.iter().rev().fold(0.0, |sum, term| sum / freedom + term)
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
        for (freedom, expected) in cases {
            let found = student_95(freedom);
            assert!((found / expected - 1.0).abs() < 0.005, "{freedom}: {found}");
        }
        let falling: Vec<f64> = (4..60).map(|quarters| student_95(f64::from(quarters) / 4.0)).collect();
        assert!(falling.is_sorted_by(|a, b| a >= b), "{falling:?}");
    }

    #[test]
    fn the_interval_of_an_even_spread_is_its_middle_95_percent() {
        let of = |parts: Vec<Part>| Quantity::new(0.0, Unit::Px, "", parts).expanded;
        assert!((of(vec![Part::bounded("a", 2.0)]) / 1.9 - 1.0).abs() < 0.006);
        // the sum of two alike is a triangle: 2 (1 − √0.05)
        let triangle = 2.0 * (1.0 - 0.05_f64.sqrt());
        assert!((of(vec![Part::bounded("a", 1.0), Part::bounded("b", 1.0)]) / triangle - 1.0).abs() < 0.006);
        // much smaller than a bell it only adds in squares
        let both = of(vec![Part::known("a", 1.0), Part::bounded("b", 0.3)]);
        assert!((both / (1.959_964 * (1.0_f64 + 0.03).sqrt()) - 1.0).abs() < 0.006, "{both}");
        // a drawn million of sums
        let mut stream = crate::random::Stream::new(8, "test", 0);
        let mut sums: Vec<f64> = (0..1_000_000)
            .map(|_| (0.5 * stream.normal() + stream.between(-1.5, 1.5) + stream.between(-0.7, 0.7)).abs())
            .collect();
        sums.sort_by(f64::total_cmp);
        let parts = vec![Part::known("a", 0.5), Part::bounded("b", 0.7), Part::bounded("c", 1.5)];
        assert!((of(parts) / sums[950_000] - 1.0).abs() < 0.006);
        // scaling and adding keep what is known of the parts
        let one = Quantity::new(5.0, Unit::Px, "", vec![Part::bounded("a", 2.0)]).scaled(-3.0, Unit::Nm);
        assert_eq!(one.with_part(Part::known("b", 0.0)).expanded, 3.0 * of(vec![Part::bounded("a", 2.0)]));
    }

    #[test]
    fn texts_end_at_the_second_digit_of_the_uncertainty() {
        for (value, expanded, texts) in [
            (123.4567, 0.234, ("123.46", "0.23")),
            (123.4567, 23.4, ("123", "23")),
            (12345.6, 1234.5, ("12346", "1234")),
            (0.000_123_4, 0.000_056, ("0.000123", "0.000056")),
            (7.0, 0.0, ("7", "0")),
            (7.25, 0.0, ("7.2500", "0.0000")),
        ] {
            let quantity = Quantity { expanded, ..Quantity::new(value, Unit::Px, "", Vec::new()) };
            let (found_value, found_expanded) = quantity.texts();
            assert_eq!((found_value.as_str(), found_expanded.as_str()), texts);
        }
        assert_eq!(Quantity::new(36.0, Unit::One, "", Vec::new()).text(), "36 ± 0");
    }

    #[test]
    fn parts_add_in_squares_and_few_degrees_of_freedom_widen_the_interval() {
        let known = Quantity::new(10.0, Unit::Px, "", vec![Part::known("a", 3.0), Part::known("b", 4.0)]);
        assert!((known.standard - 5.0).abs() < 1e-12 && (known.expanded - 9.7998).abs() < 1e-3);
        let few = Quantity::new(10.0, Unit::Px, "", vec![Part::estimated("a", 5.0, 4.0)]);
        assert!((few.expanded - 13.882).abs() < 0.07, "{few:?}");
        let more = few.clone().with_part(Part::known("calibration", 5.0));
        assert!((more.standard - 50.0_f64.sqrt()).abs() < 1e-12 && more.parts.len() == 2);
        assert_eq!(
            few.scaled(-2.0, Unit::Px).interval(),
            (-20.0 - 2.0 * few.expanded, -20.0 + 2.0 * few.expanded)
        );
    }
}
