//! What all charts share: colors, dashes, text for XML, the beginning of a picture.

use std::fmt::Write;

/// Okabe & Ito 2008, without yellow, which is faint on white.
pub(super) const COLORS: [&str; 7] =
    ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#000000"];
/// Dashes of the curves of one chart, in turn.
pub(super) const DASHES: [&str; 4] = ["", "6 3", "2 2.5", "8 3 2 3"];
/// Letters where no page styles them.
const FONT: &str = "font-family=\"system-ui,'Helvetica Neue',Arial,sans-serif\"";

/// The beginning of an SVG of `width` × `height` with letters of `font_px`; `title` and `what` are read
/// out to those who do not see it.
pub(super) fn opened((width, height): (f64, f64), font_px: f64, title: &str, what: &str) -> String {
    format!(
        "<svg class=\"chart\" xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" role=\"img\" aria-label=\"{}: {}\" {FONT} font-size=\"{font_px}\" fill=\"#222\"><rect class=\"c-ground\" width=\"{width}\" height=\"{height}\" fill=\"#fff\"/>",
        escaped(title),
        escaped(what)
    )
}

pub(super) fn put(svg: &mut String, text: std::fmt::Arguments<'_>) {
    svg.write_fmt(text).expect("a string takes all that is written to it");
}

/// Text for XML 1.0, which has no way to write most control characters.
pub(super) fn escaped(text: &str) -> String {
    text.chars().filter(|c| !c.is_control() && !matches!(c, '\u{fffe}' | '\u{ffff}')).fold(
        String::new(),
        |mut out, c| {
            match c {
                '&' => out += "&amp;",
                '<' => out += "&lt;",
                '>' => out += "&gt;",
                '"' => out += "&quot;",
                '\'' => out += "&#39;",
                _ => out.push(c),
            }
            out
        },
    )
}

/// A name that fits beside a row; the table of the chart has the whole name.
pub(super) fn shortened(name: &str) -> String {
    const MOST: usize = 20;
    if name.chars().count() <= MOST {
        return name.to_owned();
    }
    name.chars().take(MOST - 1).collect::<String>() + "…"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_escaped() {
        assert_eq!(escaped("a\u{0}\u{1b}<script>"), "a&lt;script&gt;");
        assert_eq!(escaped("\"co\" & 'co'"), "&quot;co&quot; &amp; &#39;co&#39;");
    }
}
