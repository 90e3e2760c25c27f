//! Scale bars that were drawn on figures: any thickness, color, background, text, posts and box around them; as drawn,
//! and blurred. The truth is where they were drawn.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

use std::f64::consts::TAU;
use std::ops::Range;

use micrograph::data_bar::{DataBar, DataBarEvidence};
use micrograph::random::Stream;
use micrograph::read::{self, ReadConfig};
use micrograph::scale_bar::{self, ScaleBarError};
use micrograph::{Micrograph, Plane, Rect, Source};

/// What is behind a bar.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Ground {
    /// Waves of 24 px with noise, and the axis across them.
    Waves { upright: bool },
    /// Noise of this mean.
    Noise(f32),
    /// A level without noise.
    Flat(f32),
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Text {
    None,
    Above,
    Below,
    Beside,
}

#[derive(Clone, Copy, Debug)]
struct Figure {
    ground: Ground,
    /// Level of the box behind bar and text.
    backing: Option<f32>,
    level: f32,
    length: usize,
    thickness: usize,
    /// Width of the posts at both ends, and rows above and below.
    posts: Option<(usize, usize)>,
    text: Text,
}

const HEIGHT: usize = 240;
const WIDTH: usize = 420;
const ROW: usize = 180;
const COLUMN: usize = 150;

fn fill(plane: &mut Plane, rows: Range<usize>, columns: Range<usize>, level: f32) {
    let width = plane.width();
    for y in rows {
        plane.values_mut()[y * width + columns.start..y * width + columns.end].fill(level);
    }
}

/// Letters of 12 rows with strokes of 2 px.
fn write(plane: &mut Plane, y: usize, x: usize, level: f32) {
    for letter in 0..4 {
        let x = x + 13 * letter;
        fill(plane, y..y + 12, x..x + 2, level);
        fill(plane, y + 5..y + 7, x..x + 9, level);
        fill(plane, y..y + 12, x + 7..x + 9, level);
    }
}

impl Figure {
    fn ground(&self, stream: &mut Stream) -> Plane {
        let ground = self.ground;
        Plane::from_fn(HEIGHT, WIDTH, |y, x| {
            let noise = stream.between(-25.0, 25.0);
            let level = match ground {
                Ground::Waves { upright } => {
                    100.0 + 55.0 * (TAU * if upright { x } else { y } as f64 / 24.0).cos() + noise
                }
                Ground::Noise(mean) => f64::from(mean) + noise,
                Ground::Flat(level) => f64::from(level),
            };
            level.round().clamp(0.0, 255.0) as f32
        })
    }

    /// The figure, and the rectangle of all that was drawn.
    fn draw(&self, stream: &mut Stream) -> (Plane, Rect) {
        let mut plane = self.ground(stream);
        let (rows, columns) = (ROW..ROW + self.thickness, COLUMN..COLUMN + self.length);
        let over = self.posts.map_or(0, |(_, over)| over);
        let mut all =
            Rect { y: ROW - over, x: COLUMN, height: self.thickness + 2 * over, width: self.length };
        match self.text {
            Text::Above => all = Rect { y: all.y - 18, height: all.height + 18, ..all },
            Text::Below => all.height += 18,
            Text::Beside => all.width += 64,
            Text::None => {}
        }
        if let Some(backing) = self.backing {
            fill(
                &mut plane,
                all.y - 6..all.y + all.height + 6,
                all.x - 9..all.x + all.width.max(52) + 9,
                backing,
            );
        }
        fill(&mut plane, rows, columns.clone(), self.level);
        if let Some((width, over)) = self.posts {
            let rows = ROW - over..ROW + self.thickness + over;
            fill(&mut plane, rows.clone(), columns.start..columns.start + width, self.level);
            fill(&mut plane, rows, columns.end - width..columns.end, self.level);
        }
        match self.text {
            Text::Above => write(&mut plane, all.y, all.x, self.level),
            Text::Below => write(&mut plane, all.y + all.height - 12, all.x, self.level),
            Text::Beside => write(&mut plane, ROW, COLUMN + self.length + 10, self.level),
            Text::None => {}
        }
        (plane, all)
    }

    /// Whether the bar can be seen on what is behind it.
    fn is_visible(&self) -> bool {
        let behind = match (self.backing, self.ground) {
            (Some(level), _) | (None, Ground::Flat(level)) => level..level,
            (None, Ground::Noise(mean)) => mean - 25.0..mean + 25.0,
            (None, Ground::Waves { .. }) => return true,
        };
        self.level < behind.start - 30.0 || self.level > behind.end + 30.0
    }

    /// Length between the ends, or between the middles of the posts.
    fn truth(&self) -> f64 {
        (self.length - self.posts.map_or(0, |(width, _)| width)) as f64
    }
}

/// White, black, yellow (its luma), red, and two greys.
const LEVELS: [f32; 6] = [255.0, 0.0, 226.0, 76.0, 128.0, 190.0];

fn figure(stream: &mut Stream, thickness: usize, level: f32) -> Figure {
    loop {
        let length = 40 + stream.below(160);
        let posts = (1 + stream.below(3), 3 + thickness / 2 + stream.below(6));
        let figure = Figure {
            ground: [
                Ground::Waves { upright: true },
                Ground::Waves { upright: false },
                Ground::Noise(90.0),
                Ground::Noise(200.0),
                Ground::Flat(30.0),
                Ground::Flat(255.0),
            ][stream.below(6)],
            backing: [None, None, Some(0.0), Some(255.0), Some(60.0)][stream.below(5)],
            level,
            length: length.max(3 * thickness),
            thickness,
            posts: (stream.below(3) == 0).then_some(posts),
            text: [Text::None, Text::Above, Text::Below, Text::Beside][stream.below(4)],
        };
        if figure.is_visible() {
            return figure;
        }
    }
}

/// A box with margins around `all`, inside of the figure.
fn around(all: Rect, margins: [usize; 4]) -> Rect {
    let [top, left, bottom, right] = margins;
    let (y, x) = (all.y.saturating_sub(top), all.x.saturating_sub(left));
    let (end_y, end_x) = ((all.y + all.height + bottom).min(HEIGHT), (all.x + all.width + right).min(WIDTH));
    Rect { y, x, height: end_y - y, width: end_x - x }
}

#[test]
fn a_bar_of_any_thickness_color_ground_text_and_box_is_right_within_a_pixel() {
    let (mut n, mut wrong) = (0, Vec::new());
    for thickness in 1..=20 {
        for (idx, level) in LEVELS.into_iter().enumerate() {
            for round in 0..6 {
                let mut stream = Stream::new(round, "figures", (thickness * 10 + idx) as u64);
                let figure = figure(&mut stream, thickness, level);
                let (plane, all) = figure.draw(&mut stream);
                let margins = std::array::from_fn(|_| 12 + stream.below(30));
                n += 1;
                match scale_bar::find_in(&plane, around(all, margins)) {
                    Ok(bar) if (bar.length_px - figure.truth()).abs() <= 1.0 => {}
                    other => wrong.push(format!("{figure:?} {margins:?}: {other:?}")),
                }
            }
        }
    }
    eprintln!("{} of {n} are off by more than a pixel", wrong.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// `plane`, blurred by binomial weights of 3 pixels along rows and columns.
fn blurred(plane: &Plane) -> Plane {
    let at = |y: isize, x: isize| {
        let inside = |at: isize, n: usize| at.clamp(0, n as isize - 1) as usize;
        plane.at(inside(y, plane.height()), inside(x, plane.width()))
    };
    Plane::from_fn(plane.height(), plane.width(), |y, x| {
        let mut sum = 0.0;
        for (dy, row) in [1.0, 2.0, 1.0].into_iter().enumerate() {
            for (dx, weight) in [1.0, 2.0, 1.0].into_iter().enumerate() {
                sum += row * weight / 16.0 * at(y as isize + dy as isize - 1, x as isize + dx as isize - 1);
            }
        }
        sum.round()
    })
}

#[test]
fn ends_that_cover_pixels_in_part_or_are_blurred_are_measured_between_pixels() {
    let mut worst = [0f64; 2];
    for thickness in [3, 4, 7, 12, 20] {
        for tenths in 0..10 {
            for (ground, level) in [(40.0, 255.0), (220.0, 0.0), (100.0, 226.0)] {
                let mut stream = Stream::new(tenths, "between", thickness as u64);
                let mut plane =
                    Plane::from_fn(HEIGHT, WIDTH, |_, _| (ground + stream.between(-8.0, 8.0)).round() as f32);
                let part = tenths as f32 / 10.0;
                fill(&mut plane, ROW..ROW + thickness, COLUMN..COLUMN + 120, level);
                // the last pixel is covered in part
                for y in ROW..ROW + thickness {
                    let behind = plane.at(y, COLUMN + 120);
                    fill(&mut plane, y..y + 1, COLUMN + 120..COLUMN + 121, behind + part * (level - behind));
                }
                let within = Rect { y: ROW - 25, x: COLUMN - 40, height: 70, width: 200 };
                let truth = 120.0 + f64::from(part);
                for (which, plane) in [plane.clone(), blurred(&plane)].iter().enumerate() {
                    let found = scale_bar::find_in(plane, within).unwrap();
                    let off = (found.length_px - truth).abs();
                    worst[which] = worst[which].max(off);
                    assert!(off <= 0.35, "{thickness} {tenths} {ground}: {found:?} for {truth}");
                    // what is claimed covers it
                    let calibration = found.calibration(truth * 2.0).unwrap();
                    assert!((calibration.nm_per_px_x / 2.0 - 1.0).abs() <= calibration.relative_uncertainty);
                }
            }
        }
    }
    eprintln!("off by up to {:.2} px, blurred {:.2} px", worst[0], worst[1]);
}

#[test]
fn the_bars_of_reported_figures_are_right_in_every_box_and_without() {
    let Some(folder) = test_support::shared("data/reported/scale-bars") else { return };
    for (name, length) in [
        ("yellow-121px-thick-9.png", 121.0),
        ("white-133px-thick-9.png", 133.0),
        ("figure-rgb-121px.png", 121.0),
    ] {
        let plane = read::micrograph(&folder.join(name), &ReadConfig::default()).unwrap().plane;
        let mut boxes = vec![
            Rect { y: 455, x: 480, height: 40, width: 170 },
            Rect { y: 440, x: 480, height: 60, width: 170 },
        ];
        // from close around the bar to a quarter of the image
        for margin in [8, 12, 20, 33, 34] {
            boxes.push(Rect {
                y: 470 - margin,
                x: 500 - margin,
                height: 9 + 2 * margin.min(33),
                width: 133 + 2 * margin,
            });
        }
        boxes.push(Rect { y: 380, x: 350, height: 132, width: 350 });
        for within in boxes {
            let found = scale_bar::find_in(&plane, within).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert!((found.length_px - length).abs() <= 0.5, "{name} {within:?}: {found:?}");
            assert_eq!((found.rect.y, found.rect.height), (470, 9), "{name} {within:?}");
        }
        let found = scale_bar::find_on_figure(&plane).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!((found.length_px - length).abs() <= 0.5, "{name}: {found:?}");
    }
}

#[test]
fn on_a_figure_without_a_box_the_bar_is_found_or_refused_and_never_another() {
    let (mut n, mut n_found) = (0, 0);
    for thickness in 2..=12 {
        for (idx, level) in LEVELS.into_iter().enumerate() {
            for round in 0..3 {
                let mut stream = Stream::new(round, "unboxed", (thickness * 10 + idx) as u64);
                let figure = figure(&mut stream, thickness, level);
                let (plane, _) = figure.draw(&mut stream);
                n += 1;
                match scale_bar::find_on_figure(&plane) {
                    Ok(bar) => {
                        n_found += 1;
                        assert!((bar.length_px - figure.truth()).abs() <= 1.0, "{figure:?}: {bar:?}");
                    }
                    Err(ScaleBarError::NotOnFigure | ScaleBarError::Several { .. }) => {}
                    Err(error) => panic!("{figure:?}: {error}"),
                }
                // without a bar
                let ground = figure.ground(&mut stream);
                assert_eq!(scale_bar::find_on_figure(&ground), Err(ScaleBarError::NotOnFigure), "{figure:?}");
            }
        }
    }
    eprintln!("{n_found} of {n} are found");
    assert!(n_found * 10 >= n * 8, "{n_found} of {n}");
    // two that may be it
    let mut stream = Stream::new(1, "two", 0);
    let figure = Figure {
        ground: Ground::Noise(90.0),
        backing: None,
        level: 255.0,
        length: 100,
        thickness: 5,
        posts: None,
        text: Text::None,
    };
    let (mut plane, _) = figure.draw(&mut stream);
    fill(&mut plane, 40..45, 30..110, 255.0);
    let error = scale_bar::find_on_figure(&plane).unwrap_err().to_string();
    assert!(error.contains("2 lines") && error.contains("rows 180 to 184, columns 150 to 249"), "{error}");
}

#[test]
fn boxes_of_any_size_and_place_end_in_an_answer() {
    let mut stream = Stream::new(5, "boxes", 0);
    let figure = figure(&mut stream, 6, 255.0);
    let (plane, _) = figure.draw(&mut stream);
    let extreme =
        [0, 1, 2, 3, 7, 100, 239, 240, 241, 419, 420, 421, 1 << 31, 1 << 32, usize::MAX - 1, usize::MAX];
    for round in 0..4000 {
        let mut stream = Stream::new(round, "extreme boxes", 0);
        let mut number =
            || if stream.below(3) == 0 { stream.below(430) } else { extreme[stream.below(extreme.len())] };
        let within = Rect { y: number(), x: number(), height: number(), width: number() };
        match scale_bar::find_in(&plane, within) {
            Ok(bar) => {
                assert!(
                    within.is_within(HEIGHT, WIDTH) && bar.rect.is_within(HEIGHT, WIDTH),
                    "{within:?}: {bar:?}"
                );
            }
            Err(error) => {
                let text = error.to_string();
                assert!(text.contains("row") && text.contains("column"), "{text}");
                assert_eq!(matches!(error, ScaleBarError::Outside { .. }), !within.is_within(HEIGHT, WIDTH));
            }
        }
    }
    let all = Rect { y: usize::MAX, x: 0, height: 2, width: 2 };
    let text = scale_bar::find_in(&plane, all).unwrap_err().to_string();
    assert!(text.contains("box inside of 420 × 240 px") && text.contains("18446744073709551615"), "{text}");
    for (height, width) in [(1, 1), (1, 50), (50, 1), (2, 3), (3, 700)] {
        let tiny = Plane::from_fn(height, width, |y, x| ((7 * y + 3 * x) % 5) as f32);
        let _ = scale_bar::find_on_figure(&tiny);
        let _ = scale_bar::find_in(&tiny, Rect { y: 0, x: 0, height, width });
    }
}

/// `plane` as an 8-bit image.
fn gray(plane: &Plane) -> image::GrayImage {
    image::GrayImage::from_fn(plane.width() as u32, plane.height() as u32, |x, y| {
        image::Luma([plane.at(y as usize, x as usize).round() as u8])
    })
}

/// `plane` as it is read from a JPEG file of this `quality`.
fn as_jpeg(plane: &Plane, quality: u8) -> Plane {
    let mut bytes = Vec::new();
    image::codecs::jpeg::JpegEncoder::new_with_quality(&mut bytes, quality)
        .encode_image(&gray(plane))
        .unwrap();
    let source = Source::from_bytes(std::path::Path::new("figure.jpg"), bytes);
    Micrograph::from_source(&source, &ReadConfig::default()).unwrap().plane
}

#[test]
fn bars_of_jpeg_files_and_of_resized_figures_are_right_within_a_pixel() {
    let (mut n, mut wrong) = (0, Vec::new());
    for thickness in [2, 3, 5, 8, 13, 20] {
        for level in [255.0, 0.0, 226.0] {
            for round in 0..6 {
                let mut stream = Stream::new(round, "jpeg", thickness as u64);
                let figure = Figure { posts: None, ..figure(&mut stream, thickness, level) };
                let (plane, all) = figure.draw(&mut stream);
                let within = around(all, [25, 30, 25, 30]);
                let quality = [75, 90, 95][stream.below(3)];
                let zoom = [0.75, 1.5, 2.25][stream.below(3)];
                let size = |n: usize| (n as f64 * zoom).round() as u32;
                let filter = image::imageops::FilterType::Triangle;
                let resized = image::imageops::resize(&gray(&plane), size(WIDTH), size(HEIGHT), filter);
                let resized = Plane::from_fn(resized.height() as usize, resized.width() as usize, |y, x| {
                    f32::from(resized.get_pixel(x as u32, y as u32).0[0])
                });
                let zoomed = |n: usize| (n as f64 * zoom) as usize;
                let large = Rect {
                    y: zoomed(within.y),
                    x: zoomed(within.x),
                    height: zoomed(within.height),
                    width: zoomed(within.width),
                };
                for (name, plane, within, scale) in [
                    (format!("quality {quality}"), as_jpeg(&plane, quality), within, 1.0),
                    (format!("× {zoom}"), resized, large, zoom),
                ] {
                    n += 1;
                    match scale_bar::find_in(&plane, within) {
                        Ok(bar) if (bar.length_px - scale * figure.truth()).abs() <= 1.0 => {}
                        other => wrong.push(format!("{name} {figure:?}: {other:?}")),
                    }
                }
            }
        }
    }
    eprintln!("{} of {n} are off by more than a pixel", wrong.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_bar_in_a_data_bar_is_right_for_every_thickness_or_not_found() {
    let (mut n_found, mut wrong) = (0, Vec::new());
    for thickness in 1..=14 {
        for (ground, level) in [(0.0, 255.0), (0.0, 128.0), (255.0, 0.0), (60.0, 226.0)] {
            for quality in [None, Some(90), Some(75)] {
                let mut stream = Stream::new(thickness as u64, "data bar", 0);
                let length = 90 + stream.below(80);
                let mut plane =
                    Plane::from_fn(HEIGHT, WIDTH, |_, _| stream.between(70.0, 180.0).round() as f32);
                fill(&mut plane, 190..HEIGHT, 0..WIDTH, ground);
                fill(&mut plane, 205..205 + thickness, 200..200 + length, level);
                write(&mut plane, 222, 240, level);
                write(&mut plane, 205, 20, level);
                let plane = quality.map_or(plane.clone(), |quality| as_jpeg(&plane, quality));
                let data_bar = DataBar { first_row: 190, end_row: HEIGHT, evidence: DataBarEvidence::Typed };
                match scale_bar::find(&plane, &data_bar) {
                    Some(bar) if (bar.length_px - length as f64).abs() <= 1.0 => n_found += 1,
                    None => {}
                    other => wrong
                        .push(format!("{thickness} {ground} {level} {quality:?}, {length} px: {other:?}")),
                }
            }
        }
    }
    eprintln!("{n_found} of {} are found", 14 * 12);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(n_found >= 14 * 12 * 9 / 10, "{n_found}");
}

#[test]
fn a_bar_in_a_data_bar_that_was_blurred_keeps_its_length() {
    // each round is a blur of σ = 0.71 px, three of 1.2 px, six of 1.7 px
    for rounds in [1, 2, 3, 6] {
        for thickness in [4, 6, 9] {
            for length in [60, 137, 200] {
                let mut plane = Plane::from_fn(HEIGHT, WIDTH, |y, x| 120.0 + ((y + 2 * x) % 40) as f32);
                fill(&mut plane, 190..HEIGHT, 0..WIDTH, 0.0);
                fill(&mut plane, 205..205 + thickness, 120..120 + length, 255.0);
                write(&mut plane, 222, 240, 255.0);
                for _ in 0..rounds {
                    plane = blurred(&plane);
                }
                let data_bar = DataBar { first_row: 194, end_row: HEIGHT, evidence: DataBarEvidence::Typed };
                let bar = scale_bar::find(&plane, &data_bar).unwrap();
                let case =
                    format!("{rounds} rounds, {thickness} px thick, {length} px long: {}", bar.length_px);
                assert!((bar.length_px - length as f64).abs() <= 1.0, "{case}");
            }
        }
    }
}

#[test]
fn a_bar_of_a_blurred_figure_keeps_its_length_or_is_refused() {
    let (mut n_found, mut wrong) = (0, Vec::new());
    // σ = 0.7 to 2 px; with 2.8 px bars are read 2 to 4 px short
    for rounds in [1, 2, 4, 8] {
        for (ground, level) in [(40.0, 255.0), (160.0, 0.0), (90.0, 200.0)] {
            for (thickness, length) in [(6, 90), (10, 137), (14, 200)] {
                let mut plane = Plane::filled(HEIGHT, WIDTH, ground);
                fill(&mut plane, ROW..ROW + thickness, COLUMN..COLUMN + length, level);
                for _ in 0..rounds {
                    plane = blurred(&plane);
                }
                let within = Rect { y: ROW - 24, x: COLUMN - 40, height: thickness + 48, width: length + 80 };
                for found in [scale_bar::find_in(&plane, within), scale_bar::find_on_figure(&plane)] {
                    match found {
                        Ok(bar) if (bar.length_px - length as f64).abs() <= 1.5 => n_found += 1,
                        Ok(bar) => wrong.push(format!(
                            "{rounds} {ground} {level} {thickness} {length}: {}",
                            bar.length_px
                        )),
                        Err(_) => {}
                    }
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(n_found > 50, "{n_found} of 72 are found");
}

#[test]
fn an_outlined_bar_ends_at_its_outline_whatever_is_behind() {
    for (level, outline) in [(150.0, 0.0), (76.0, 0.0), (179.0, 0.0), (110.0, 255.0)] {
        for seed in 0..8 {
            let mut stream = Stream::new(seed, "outlined", level as u64);
            let (length, thickness) = (60 + stream.below(160), 3 + stream.below(12));
            let ground = Ground::Waves { upright: seed % 2 == 0 };
            let figure =
                Figure { ground, backing: None, level, length, thickness, posts: None, text: Text::None };
            let mut plane = figure.ground(&mut stream);
            fill(&mut plane, ROW - 2..ROW + thickness + 2, COLUMN - 2..COLUMN + length + 2, outline);
            fill(&mut plane, ROW..ROW + thickness, COLUMN..COLUMN + length, level);
            let within = Rect { y: ROW - 12, x: COLUMN - 20, height: thickness + 24, width: length + 40 };
            let found = scale_bar::find_in(&plane, within).unwrap();
            let case = format!("level {level}, outline {outline}, {length} × {thickness} px");
            assert!((found.length_px - length as f64).abs() <= 1.0, "{case}: {}", found.length_px);
        }
    }
}

#[test]
fn the_interval_of_thick_posts_holds_their_middles_and_their_borders() {
    for post in 1..=8 {
        let mut stream = Stream::new(post as u64, "posts", 0);
        let figure = Figure {
            ground: Ground::Noise(90.0),
            backing: Some(0.0),
            level: 255.0,
            length: 120,
            thickness: 4,
            posts: Some((post, 6)),
            text: Text::None,
        };
        let (plane, all) = figure.draw(&mut stream);
        let found = scale_bar::find_in(&plane, around(all, [8; 4])).unwrap();
        let (middles, borders) = (120.0 - post as f64, 120.0);
        assert!((found.length_px - middles).abs() <= 1.0, "{post}: {}", found.length_px);
        assert!(found.length_px + found.uncertainty_px() >= borders - 1.0, "{post}: {found:?}");
        if post <= 2 {
            assert_eq!(found.uncertainty_px(), 1.0, "{post}");
        }
    }
}
