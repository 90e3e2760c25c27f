//! Numbers as pages show them.

/// A number with `digits` decimals and a true minus sign, without one where it rounds to 0.
pub(crate) fn rounded(value: f64, digits: usize) -> String {
    let text = format!("{value:.digits$}");
    let is_zero = text.chars().all(|c| matches!(c, '-' | '0' | '.'));
    text.replace('-', if is_zero { "" } else { "−" })
}

/// A share as a percentage: of small ones with a decimal.
pub(crate) fn percent(share: f64) -> String {
    let digits = usize::from((100.0 * share).abs() < 9.95 && share != 0.0);
    format!("{} %", rounded(100.0 * share, digits))
}

/// A number with its sign and four significant digits.
pub(crate) fn signed(value: f64) -> String {
    let before = value.abs().max(1e-9).log10().floor() as i32 + 1;
    let digits = (4 - before).clamp(0, 6) as usize;
    let text = format!("{value:+.digits$}");
    let is_zero = text.chars().all(|c| matches!(c, '-' | '+' | '0' | '.'));
    if is_zero { "0".to_owned() } else { text.replace('-', "−") }
}
