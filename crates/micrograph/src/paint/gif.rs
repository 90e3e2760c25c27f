//! Animations as GIF files: the one animated format that every program shows.
//!
//! A GIF has at most 256 colors a frame. Pictures in grey keep all their levels; others are reduced to
//! 256 colors by `NeuQuant` (Dekker 1994), which here uses no random numbers. The same pictures give the same
//! bytes.

use std::borrow::Cow;

use super::Picture;

/// How long each picture is shown, in hundredths of a second, the unit of the format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GifTimes {
    /// Each picture but the last.
    pub each: u16,
    /// The last, before the loop restarts.
    pub last: u16,
}

impl Default for GifTimes {
    fn default() -> Self {
        // slow enough to see the changes; long enough to view the result
        Self { each: 40, last: 200 }
    }
}

/// `NeuQuant` samples every n-th pixel, 1 to 30: its author's compromise between speed and quality.
const QUANTIZER_STEP: i32 = 10;

/// `pictures` one after the other, in an endless loop, as a GIF file.
///
/// # Panics
/// If there is no picture, they differ in shape, are empty, or are wider or higher than 65 535.
pub fn gif_bytes(pictures: &[Picture], times: GifTimes) -> Vec<u8> {
    let side = |n: usize| u16::try_from(n).expect("a picture's sides fit into a GIF");
    let (height, width) = (side(pictures[0].height()), side(pictures[0].width()));
    assert!(height > 0 && width > 0, "a GIF has pixels");
    let mut bytes = Vec::new();
    let grays: Vec<u8> = (0..=u8::MAX).flat_map(|level| [level; 3]).collect();
    let in_gray = pictures.iter().all(|picture| indices_of_gray(picture).is_some());
    let palette: &[u8] = if in_gray { &grays } else { &[] };
    let mut encoder =
        gif::Encoder::new(&mut bytes, width, height, palette).expect("a header can be written into memory");
    encoder.set_repeat(gif::Repeat::Infinite).expect("a block can be written into memory");
    for (index, picture) in pictures.iter().enumerate() {
        assert_eq!(
            (picture.height(), picture.width()),
            (pictures[0].height(), pictures[0].width()),
            "pictures of a GIF have one shape"
        );
        let mut frame = match indices_of_gray(picture).filter(|_| in_gray) {
            Some(indices) => gif::Frame { width, height, buffer: Cow::Owned(indices), ..Default::default() },
            None => gif::Frame::from_rgb_speed(width, height, picture.rgb(), QUANTIZER_STEP),
        };
        frame.delay = if index + 1 < pictures.len() { times.each } else { times.last };
        encoder.write_frame(&frame).expect("a frame of the right size can be written into memory");
    }
    drop(encoder); // writes the end of the file
    bytes
}

/// The grey level of each pixel; `None` if one has a color.
fn indices_of_gray(picture: &Picture) -> Option<Vec<u8>> {
    let pixels = picture.rgb().as_chunks::<3>().0.iter();
    pixels.map(|&[red, green, blue]| (red == green && green == blue).then_some(red)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Plane;
    use crate::paint::ColorMap;

    /// Pixels `[H, W, 3]` and time of each frame, by the decoder.
    fn frames(bytes: &[u8]) -> Vec<(Vec<u8>, u16)> {
        let mut options = gif::DecodeOptions::new();
        options.set_color_output(gif::ColorOutput::RGBA);
        let mut decoder = options.read_info(bytes).unwrap();
        let mut frames = Vec::new();
        while let Some(frame) = decoder.read_next_frame().unwrap() {
            let rgb = frame.buffer.as_chunks::<4>().0.iter().flat_map(|&[r, g, b, _]| [r, g, b]).collect();
            frames.push((rgb, frame.delay));
        }
        frames
    }

    #[test]
    fn pictures_in_gray_come_back_as_they_were() {
        let picture = |shift: f32| {
            let plane = Plane::from_fn(20, 31, |y, x| (y * 31 + x) as f32 / 619.0 + shift);
            Picture::from_plane(&plane, 0.0, 1.0, ColorMap::Gray)
        };
        let pictures = [picture(0.0), picture(0.3), picture(-0.5)];
        let found = frames(&gif_bytes(&pictures, GifTimes { each: 7, last: 90 }));
        let expected: Vec<(Vec<u8>, u16)> =
            pictures.iter().zip([7, 7, 90]).map(|(picture, time)| (picture.rgb().to_vec(), time)).collect();
        assert!(found == expected);
    }

    #[test]
    fn colors_come_back_nearly_and_bytes_are_the_same() {
        let mut picture = Picture::new(24, 40, [250, 30, 20]);
        picture.fill_rect(crate::Rect { y: 3, x: 5, height: 9, width: 17 }, [10, 200, 60], 1.0);
        let pictures = [Picture::new(24, 40, [90; 3]), picture];
        let bytes = gif_bytes(&pictures, GifTimes::default());
        let found = frames(&bytes);
        assert_eq!(found.len(), 2);
        for ((found, _), picture) in found.iter().zip(&pictures) {
            let far = found.iter().zip(picture.rgb()).map(|(a, b)| a.abs_diff(*b)).max();
            assert!(far.is_some_and(|far| far <= 8), "{far:?} levels off");
        }
        assert_eq!(gif_bytes(&pictures, GifTimes::default()), bytes);
    }

    #[test]
    #[should_panic(expected = "one shape")]
    fn pictures_of_two_shapes_are_no_film() {
        gif_bytes(&[Picture::new(4, 5, [0; 3]), Picture::new(5, 4, [0; 3])], GifTimes::default());
    }
}
