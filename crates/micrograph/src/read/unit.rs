//! Units of length, as instruments, `ImageJ` and OME write them, in nanometres.

/// Names of units that are the same in either case, and nanometres in one.
const WORDS: &[(&[&str], f64)] = &[
    (&["angstrom", "angstroms", "ångström", "ångströms", "ångstrom", "angström"], 0.1),
    (&["nanometer", "nanometers", "nanometre", "nanometres"], 1.0),
    (&["micron", "microns", "micrometer", "micrometers", "micrometre", "micrometres"], 1e3),
    (&["millimeter", "millimeters", "millimetre", "millimetres"], 1e6),
    (&["centimeter", "centimeters", "centimetre", "centimetres"], 1e7),
    (&["meter", "meters", "metre", "metres"], 1e9),
    (&["kilometer", "kilometers", "kilometre", "kilometres"], 1e12),
    (&["picometer", "picometers", "picometre", "picometres"], 1e-3),
    (&["inch", "inches"], INCH),
    (&["thou", "mil"], INCH / 1e3),
];

/// An inch in nanometres, by definition.
const INCH: f64 = 25.4e6;

/// Symbols, whose case counts, and nanometres in one: those of the metric system, and the others of the OME schema
/// (`UnitsLength` of 2016-06).
const SYMBOLS: &[(&str, f64)] = &[
    ("ym", 1e-15),
    ("zm", 1e-12),
    ("am", 1e-9),
    ("fm", 1e-6),
    ("pm", 1e-3),
    ("A", 0.1),
    ("Å", 0.1),
    ("\u{212b}", 0.1), // the sign of the unit, which looks the same as the letter above
    ("A\u{30a}", 0.1), // a letter and a ring
    ("nm", 1.0),
    ("µm", 1e3),
    ("\u{3bc}m", 1e3), // the Greek letter, which looks the same as the sign above
    ("um", 1e3),
    ("µ", 1e3),
    ("\u{3bc}", 1e3),
    ("mm", 1e6),
    ("cm", 1e7),
    ("dm", 1e8),
    ("m", 1e9),
    ("dam", 1e10),
    ("hm", 1e11),
    ("km", 1e12),
    ("Mm", 1e15),
    ("Gm", 1e18),
    ("Tm", 1e21),
    ("Pm", 1e24),
    ("Em", 1e27),
    ("Zm", 1e30),
    ("Ym", 1e33),
    ("pt", INCH / 72.0),
    ("li", INCH / 12.0),
    ("in", INCH),
    ("\"", INCH),
    ("ft", 12.0 * INCH),
    ("yd", 36.0 * INCH),
    ("mi", 63_360.0 * INCH),
    ("ua", 149_597_870_700e9),
    ("ly", 9.460_730_472_580_8e24),
    ("pc", 30_856_775_814_913_672e9),
];

/// Nanometres in `unit`; `None` where it is not a known unit of length. Letters may be escaped as `\u00B5`.
pub(super) fn nm_per_unit(unit: &str) -> Option<f64> {
    let unit = unescaped(unit);
    // UTF-8 that was read as Latin-1 on its way: `Â` is the first byte of `µ`
    let unit = unit.trim().trim_start_matches('Â');
    let symbol = SYMBOLS.iter().find(|(symbol, _)| *symbol == unit).map(|(_, nm)| *nm);
    symbol.or_else(|| {
        let word = unit.to_lowercase();
        WORDS.iter().find(|(words, _)| words.contains(&word.as_str())).map(|(_, nm)| *nm)
    })
}

/// `text` with each `\uXXXX` (a UTF-16 unit in hexadecimal digits) replaced by its letter.
pub(super) fn unescaped(text: &str) -> String {
    let mut units: Vec<u16> = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let escape = rest.strip_prefix("\\u").and_then(|after| {
            let digits =
                after.get(..4).filter(|digits| digits.bytes().all(|byte| byte.is_ascii_hexdigit()))?;
            Some((u16::from_str_radix(digits, 16).ok()?, &after[4..]))
        });
        match escape {
            Some((unit, after)) => {
                units.push(unit);
                rest = after;
            }
            None => {
                units.extend(first.encode_utf16(&mut [0; 2]).iter());
                rest = &rest[first.len_utf8()..];
            }
        }
    }
    String::from_utf16_lossy(&units)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_unit_of_the_ome_schema_has_its_length() {
        // in meters, from the documentation of the schema
        for (unit, meters) in [
            ("Ym", 1e24),
            ("Zm", 1e21),
            ("Em", 1e18),
            ("Pm", 1e15),
            ("Tm", 1e12),
            ("Gm", 1e9),
            ("Mm", 1e6),
            ("km", 1e3),
            ("hm", 1e2),
            ("dam", 1e1),
            ("m", 1.0),
            ("dm", 1e-1),
            ("cm", 1e-2),
            ("mm", 1e-3),
            ("µm", 1e-6),
            ("nm", 1e-9),
            ("pm", 1e-12),
            ("fm", 1e-15),
            ("am", 1e-18),
            ("zm", 1e-21),
            ("ym", 1e-24),
            ("Å", 1e-10),
            ("thou", 2.54e-5),
            ("li", 0.0254 / 12.0),
            ("in", 0.0254),
            ("ft", 0.3048),
            ("yd", 0.9144),
            ("mi", 1609.344),
            ("ua", 149_597_870_700.0),
            ("ly", 9.4607304725808e15),
            ("pc", 3.085_677_581_491_367e16),
            ("pt", 0.0254 / 72.0),
        ] {
            let nm = nm_per_unit(unit).unwrap_or_else(|| panic!("{unit}"));
            assert!((nm / (meters * 1e9) - 1.0).abs() < 1e-12, "{unit}: {nm}");
        }
        for none in ["pixel", "reference frame", "", "1/nm", "deg", "s", "eV", "furlong", "\\u00B", "nM"] {
            assert_eq!(nm_per_unit(none), None, "{none}");
        }
    }

    #[test]
    fn a_micrometer_and_an_angstrom_are_known_in_every_spelling() {
        for (nm, spellings) in [
            (
                1e3,
                &["µm", "\u{3bc}m", "um", "\\u00B5m", "\\u00b5m", "\\u03BCm", "micron", "Microns", "Âµm"][..],
            ),
            (
                0.1,
                &["Å", "\u{212b}", "A", "A\u{30a}", "\\u00C5", "\\u00c5", "\\u212B", "Angstrom", "Ångström"]
                    [..],
            ),
            (25.4e6, &["in", "inch", "Inches", "\""][..]),
        ] {
            for spelling in spellings {
                assert_eq!(nm_per_unit(spelling), Some(nm), "{spelling}");
            }
        }
    }

    #[test]
    fn what_is_no_escape_stays_as_it_is() {
        for (text, expected) in [
            ("\\u00B5m", "µm"),
            ("a\\u00C5\\u00e9", "aÅé"),
            ("\\uD83D\\uDD2C", "🔬"),
            ("\\u00B", "\\u00B"),
            ("\\u00µm", "\\u00µm"),
            ("\\\\", "\\\\"),
            ("\\uD83D", "\u{fffd}"),
        ] {
            assert_eq!(unescaped(text), expected, "{text}");
        }
    }
}
