//! Endings of file names: the one list of the files that are read from a folder of images. The format
//! of a file is identified by its content.

use std::path::Path;

/// Endings of the formats that are read, in lower case.
pub const EXTENSIONS: [&str; 15] = [
    "png", "jpg", "jpeg", "jpe", "jfif", "bmp", "dib", "tif", "tiff", "pbm", "pgm", "ppm", "pnm", "dm3",
    "dm4",
];

/// Whether `path` has one of [`EXTENSIONS`], in whatever case.
pub fn is_image(path: impl AsRef<Path>) -> bool {
    let ending = path.as_ref().extension().and_then(|ending| ending.to_str()).unwrap_or_default();
    EXTENSIONS.iter().any(|known| ending.eq_ignore_ascii_case(known))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endings_count_in_any_case_and_nothing_else_does() {
        for (name, image) in [
            ("a.png", true),
            ("b/c.TIF", true),
            ("d.Dm4", true),
            ("png", false),
            (".png", false),
            ("a.png.txt", false),
            ("a.gif", false),
        ] {
            assert_eq!(is_image(name), image, "{name}");
        }
    }
}
