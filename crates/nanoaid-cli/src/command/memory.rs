//! A size of memory as it is typed: a number and K, M, G or T, powers of 1024.

use std::str::FromStr;

/// A size of memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Memory {
    pub(crate) bytes: usize,
}

impl FromStr for Memory {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("found `{text}`, expected a size above 0 such as 8G or 900M");
        let upper = text.trim().to_uppercase();
        let short = upper.strip_suffix("IB").or(upper.strip_suffix('B')).unwrap_or(&upper);
        let shift = match short.chars().last() {
            Some('K') => 10,
            Some('M') => 20,
            Some('G') => 30,
            Some('T') => 40,
            _ => return Err(wrong()),
        };
        let number: f64 = short[..short.len() - 1].trim().parse().map_err(|_| wrong())?;
        let bytes = number * f64::from(shift).exp2();
        let possible = (1.0..=2f64.powi(60)).contains(&bytes);
        if possible { Ok(Self { bytes: bytes as usize }) } else { Err(wrong()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_powers_of_1024() {
        for (text, bytes) in
            [("8G", 8 << 30), ("900m", 900 << 20), ("1.5 GiB", 3 << 29), ("2TB", 2 << 40), ("64K", 64 << 10)]
        {
            assert_eq!(text.parse(), Ok(Memory { bytes }), "{text}");
        }
        for text in ["8", "", "G", "-1G", "0M", "1e30G", "nanG", "8X", "µ"] {
            let error = text.parse::<Memory>().unwrap_err();
            assert!(error.contains("expected a size above 0 such as 8G"), "{error}");
        }
    }
}
