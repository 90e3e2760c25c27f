//! Numbers for axes and color bars: round ticks and short texts.

/// Round numbers (1, 2, 2.5 or 5 times a power of ten apart) within `[low, high]`, at least 2 where
/// possible and at most `most`; only `low` if the range is empty; empty if it is not finite.
pub fn nice_ticks(low: f64, high: f64, most: usize) -> Vec<f64> {
    if !(low.is_finite() && high.is_finite() && (high - low).is_finite()) {
        return Vec::new();
    }
    if high <= low {
        return vec![low];
    }
    let decade = 10f64.powf(((high - low) / most.max(2) as f64).log10().floor());
    let step = [1.0, 2.0, 2.5, 5.0, 10.0, 20.0, 50.0]
        .into_iter()
        .map(|factor| factor * decade)
        .find(|step| n_within(low, high, *step) <= most.max(2) as i64)
        .unwrap_or(high - low);
    let first = (low / step - 1e-9).ceil();
    (0..n_within(low, high, step))
        .map(|idx| (first + idx as f64) * step)
        // −0 would be written with its sign
        .map(|tick| if tick.abs() < step * 1e-9 { 0.0 } else { tick })
        .collect()
}

fn n_within(low: f64, high: f64, step: f64) -> i64 {
    // a tick that rounding puts next to the range's end belongs to it
    ((high / step + 1e-9).floor() - (low / step - 1e-9).ceil()) as i64 + 1
}

/// `value` with about three significant digits, as short as it can be: `0`, `0.012`, `1.23`, `−45.6`,
/// `1230`, `1.2e6`, `3.4e-5`. With a true minus sign.
pub fn number_text(value: f64) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "∞" } else { "−∞" }.to_owned();
    }
    let size = value.abs();
    let text = if size == 0.0 {
        "0".to_owned()
    } else if (1e-3..1e5).contains(&size) {
        // three significant digits, but all digits before the point
        let digits = (2 - size.log10().floor() as i32).clamp(0, 6) as usize;
        without_trailing_zeros(&format!("{value:.digits$}"))
    } else {
        let text = format!("{value:.2e}");
        match text.split_once('e') {
            Some((mantissa, exponent)) => format!("{}e{exponent}", without_trailing_zeros(mantissa)),
            None => text,
        }
    };
    text.replace('-', "−")
}

fn without_trailing_zeros(text: &str) -> String {
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { text }.to_owned()
}

/// The texts of `ticks`, all with the decimals that their distance needs.
pub fn tick_texts(ticks: &[f64]) -> Vec<String> {
    let largest = ticks.iter().fold(0.0, |largest: f64, tick| largest.max(tick.abs()));
    let step = match ticks {
        [first, second, ..] => second - first,
        _ => largest,
    };
    if !(1e-4..1e6).contains(&largest) || step < 1e-5 || ticks.len() < 2 {
        return ticks.iter().map(|tick| number_text(*tick)).collect();
    }
    let needed = |digits: usize| {
        let unit = 10f64.powi(digits as i32);
        ticks.iter().all(|tick| ((tick * unit).round() / unit - tick).abs() < step * 1e-6)
    };
    let digits = (0..8).find(|digits| needed(*digits)).unwrap_or(8);
    ticks.iter().map(|tick| format!("{tick:.digits$}").replace('-', "−")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_within_the_range() {
        for (low, high, expected) in [
            (0.0, 1.0, vec![0.0, 0.25, 0.5, 0.75, 1.0]),
            (-1.3, 2.1, vec![-1.0, 0.0, 1.0, 2.0]),
            (3.0, 47.0, vec![10.0, 20.0, 30.0, 40.0]),
            (5.0, 5.0, vec![5.0]),
        ] {
            let ticks = nice_ticks(low, high, 5);
            let same = ticks.len() == expected.len()
                && ticks.iter().zip(&expected).all(|(a, b)| (a - b).abs() < 1e-9);
            assert!(same, "{low} – {high}: {ticks:?}");
        }
        assert!(nice_ticks(f64::NAN, 1.0, 5).is_empty() && nice_ticks(0.0, f64::INFINITY, 5).is_empty());
    }

    #[test]
    fn every_range_gets_two_to_five_ticks() {
        for exponent in -12..12 {
            for (low, width) in [(0.0, 1.0), (0.37, 1.9), (-7.3, 8.8), (99.0, 3.3), (-0.5, 1.0)] {
                let unit = 10f64.powi(exponent);
                let (low, high) = (low * unit, (low + width) * unit);
                let ticks = nice_ticks(low, high, 5);
                assert!((2..=5).contains(&ticks.len()), "{low} – {high}: {ticks:?}");
                let slack = (high - low) * 1e-6;
                assert!(ticks.iter().all(|t| (low - slack..=high + slack).contains(t)), "{ticks:?}");
            }
        }
    }

    #[test]
    fn numbers_are_short_and_keep_three_digits() {
        for (value, text) in [
            (0.0, "0"),
            (0.0123, "0.0123"),
            (1.2345, "1.23"),
            (-45.64, "−45.6"),
            (1234.0, "1234"),
            (65535.0, "65535"),
            (1.2e6, "1.2e6"),
            (-3.4e-5, "−3.4e−5"),
            (2.0, "2"),
        ] {
            assert_eq!(number_text(value), text);
        }
    }

    #[test]
    fn ticks_of_one_axis_have_the_same_decimals() {
        assert_eq!(tick_texts(&[0.0, 0.25, 0.5]), ["0.00", "0.25", "0.50"]);
        assert_eq!(tick_texts(&[-20.0, 0.0, 20.0]), ["−20", "0", "20"]);
        assert_eq!(tick_texts(&[1e-7, 2e-7]), ["1e−7", "2e−7"]);
    }
}
