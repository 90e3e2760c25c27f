//! Synthetic strips over varied specimens are found to the row, and nothing is cut where there is
//! no strip.

#![cfg(feature = "synth")]

use micrograph::data_bar::{self, DataBarChoice, DataBarEvidence};
use micrograph::random::Stream;
use micrograph::synth::strip::{self, StripConfig};
use micrograph::{FileFacts, InstrumentSettings, Plane};

fn facts(plane: &Plane, specimen_rows: Option<usize>) -> FileFacts {
    FileFacts {
        path: "synthetic".into(),
        format: "PNG".into(),
        height: plane.height(),
        width: plane.width(),
        sample: "8-bit grey".into(),
        page: 0,
        n_pages: 1,
        calibration: None,
        instrument: InstrumentSettings::default(),
        specimen_rows,
        warnings: Vec::new(),
    }
}

// ---- specimens, in greys 0..=255 -------------------------------------------------------------

/// Value noise: random greys on a lattice of `cell` pixels, bilinear between.
fn texture(height: usize, width: usize, cell: usize, mean: f64, spread: f64, stream: &mut Stream) -> Plane {
    let columns = width / cell + 2;
    let lattice: Vec<f64> = (0..columns * (height / cell + 2)).map(|_| stream.normal()).collect();
    Plane::from_fn(height, width, |y, x| {
        let (fy, fx) = ((y % cell) as f64 / cell as f64, (x % cell) as f64 / cell as f64);
        let at = |dy: usize, dx: usize| lattice[(y / cell + dy) * columns + x / cell + dx];
        let above = at(0, 0) * (1.0 - fx) + at(0, 1) * fx;
        let below = at(1, 0) * (1.0 - fx) + at(1, 1) * fx;
        (mean + spread * (above * (1.0 - fy) + below * fy)) as f32
    })
}

fn eight_bits(plane: &Plane) -> Plane {
    plane.map(|gray| gray.round().clamp(0.0, 255.0))
}

fn noisy(plane: &Plane, spread: f64, stream: &mut Stream) -> Plane {
    let mut plane = plane.clone();
    plane.values_mut().iter_mut().for_each(|gray| *gray += (spread * stream.normal()) as f32);
    eight_bits(&plane)
}

/// A plane whose rows are flat, of `grey(share of the height)`.
fn vertical(height: usize, width: usize, gray: impl Fn(f64) -> f64) -> Plane {
    Plane::from_fn(height, width, |y, _| gray(y as f64 / height as f64) as f32)
}

fn particles(height: usize, width: usize, background: f32, count: usize, stream: &mut Stream) -> Plane {
    let mut plane = Plane::filled(height, width, background);
    for _ in 0..count {
        let (cy, cx) = (stream.between(0.0, height as f64), stream.between(0.0, width as f64));
        let (radius, gray) = (stream.between(3.0, 22.0), stream.between(120.0, 250.0));
        let rows = (cy - radius).max(0.0) as usize..((cy + radius) as usize + 1).min(height);
        for y in rows {
            for x in (cx - radius).max(0.0) as usize..((cx + radius) as usize + 1).min(width) {
                let distance = (y as f64 - cy).hypot(x as f64 - cx) / radius;
                if distance < 1.0 {
                    plane.values_mut()[y * width + x] = (gray * (0.6 + 0.4 * distance)) as f32;
                }
            }
        }
    }
    plane
}

fn fibers(height: usize, width: usize, count: usize, stream: &mut Stream) -> Plane {
    let mut plane = Plane::filled(height, width, 40.0);
    for _ in 0..count {
        let angle = stream.between(0.0, std::f64::consts::PI);
        let (sin, cos) = angle.sin_cos();
        let middle = stream.between(0.0, height as f64) * cos - stream.between(0.0, width as f64) * sin;
        let (half, gray) = (stream.between(1.5, 7.0), stream.between(90.0, 230.0));
        for y in 0..height {
            for x in 0..width {
                let distance = (y as f64 * cos - x as f64 * sin - middle).abs() / half;
                if distance < 1.0 {
                    plane.values_mut()[y * width + x] = (gray * (1.0 - 0.4 * distance * distance)) as f32;
                }
            }
        }
    }
    plane
}

/// Lines at `angle` (0: along the rows), `duty_cycle` of each period bright.
fn grating(height: usize, width: usize, period: f64, angle: f64, duty_cycle: f64) -> Plane {
    let (sin, cos) = angle.sin_cos();
    Plane::from_fn(height, width, |y, x| {
        let phase = ((y as f64 * cos + x as f64 * sin) / period).rem_euclid(1.0);
        if phase < duty_cycle { 190.0 } else { 60.0 }
    })
}

fn fill(plane: &mut Plane, rows: std::ops::Range<usize>, columns: std::ops::Range<usize>, gray: f32) {
    let width = plane.width();
    for y in rows {
        plane.values_mut()[y * width + columns.start..y * width + columns.end].fill(gray);
    }
}

const SIZES: [(usize, usize); 4] = [(512, 512), (480, 640), (768, 1024), (600, 400)];

/// Specimen number `index`: one of nine kinds.
fn specimen(index: usize, stream: &mut Stream) -> Plane {
    let (height, width) = SIZES[index % SIZES.len()];
    match index % 9 {
        0 => noisy(&texture(height, width, 24, 120.0, 40.0, stream), 10.0, stream),
        1 => noisy(&texture(height, width, 60, 60.0, 15.0, stream), 4.0, stream),
        2 => noisy(&particles(height, width, 30.0, 150, stream), 6.0, stream),
        3 => noisy(&fibers(height, width, 40, stream), 8.0, stream),
        4 => {
            let (period, angle) = (stream.between(6.0, 40.0), stream.between(0.0, 3.0));
            noisy(&grating(height, width, period, angle, 0.5), 5.0, stream)
        }
        5 => noisy(&vertical(height, width, |share| 200.0 - 150.0 * share), 5.0, stream),
        // saturated film with pores; low contrast; many particles
        6 => noisy(&texture(height, width, 16, 235.0, 60.0, stream), 12.0, stream),
        7 => noisy(&texture(height, width, 80, 128.0, 3.0, stream), 2.0, stream),
        _ => noisy(&particles(height, width, 110.0, 400, stream), 15.0, stream),
    }
}

#[test]
fn strips_of_many_styles_are_found_to_the_row() {
    let mut failures = Vec::new();
    for index in 0..270 {
        let mut stream = Stream::new(11, "strips", index);
        let mut plane = specimen(index as usize, &mut stream);
        let mut config = StripConfig::random(&mut stream);
        // a strip of the specimen's own grey has an edge only where it has a frame, and where it
        // floats it is only known where it begins
        let lower = plane.row(plane.height() * 9 / 10);
        let gray = lower.iter().sum::<f32>() / lower.len() as f32;
        if (config.background - gray).abs() < 40.0 {
            config = StripConfig { framed: true, rows_below: 0, ..config };
        }
        let truth = strip::draw(&mut plane, &config, &mut stream);
        // every third as 16 bits, every seventh as floats about 0
        if index % 3 == 0 {
            plane = plane.map(|gray| gray * 257.0);
        } else if index % 7 == 0 {
            plane = plane.map(|gray| gray / 255.0 - 0.5);
        }
        let found = data_bar::find(&plane, &facts(&plane, None));
        let overlap = found.map_or(0.0, |bar| {
            let shared =
                bar.end_row.min(truth.end_row).saturating_sub(bar.first_row.max(truth.first_row)) as f64;
            let together = bar.end_row.max(truth.end_row) - bar.first_row.min(truth.first_row);
            shared / together as f64
        });
        if overlap < 0.98 {
            failures.push(format!("{index} (kind {}): {truth:?}, found {found:?}, {config:?}", index % 9));
        }
    }
    assert!(failures.is_empty(), "{} of 270:\n{}", failures.len(), failures.join("\n"));
}

/// An image without data bar, number `index`: one of twenty kinds that tempt to see one.
fn strip_free(index: usize, stream: &mut Stream) -> (&'static str, Plane) {
    let (height, width) = SIZES[(index / 20) % SIZES.len()];
    let bottom = height - (height as f64 * stream.between(0.04, 0.22)) as usize;
    let mut plane = texture(height, width, 24, 120.0, 40.0, stream);
    match index % 20 {
        0 => {
            plane = noisy(&plane, 8.0, stream);
            fill(&mut plane, bottom..height, 0..width, 0.0);
            ("flat dark bottom", plane)
        }
        1 => {
            fill(&mut plane, bottom..height, 0..width, 25.0);
            ("noisy dark bottom", noisy(&plane, 5.0, stream))
        }
        2 => {
            plane = noisy(&plane, 8.0, stream);
            fill(&mut plane, bottom..height, 0..width, 255.0);
            ("white margin below", plane)
        }
        3 => {
            plane = noisy(&plane, 8.0, stream);
            let margin = 4 + stream.below(30);
            fill(&mut plane, height - margin..height, 0..width, 255.0);
            fill(&mut plane, 0..margin, 0..width, 255.0);
            fill(&mut plane, 0..height, 0..margin, 255.0);
            fill(&mut plane, 0..height, width - margin..width, 255.0);
            ("white margins", plane)
        }
        4 => {
            let plane = Plane::from_fn(height, width, |y, x| {
                let (dy, dx) = (y as f32 / height as f32 - 0.5, x as f32 / width as f32 - 0.5);
                (plane.at(y, x) * (1.4 - 4.0 * (dy * dy + dx * dx))).max(0.0)
            });
            ("vignette", eight_bits(&plane))
        }
        5 => {
            let film = texture(height, width, 30, 260.0, 40.0, stream);
            ("saturated film", noisy(&film, 5.0, stream))
        }
        6 => {
            let (period, duty_cycle) = (stream.between(4.0, 120.0), stream.between(0.2, 0.8));
            ("lines along the rows", grating(height, width, period, 0.0, duty_cycle))
        }
        7 => {
            let (period, duty_cycle) = (stream.between(4.0, 120.0), stream.between(0.2, 0.8));
            (
                "noisy lines along the rows",
                noisy(&grating(height, width, period, 0.0, duty_cycle), 4.0, stream),
            )
        }
        8 => ("particles on black", eight_bits(&particles(height, width, 0.0, 200, stream))),
        9 => ("few particles on black", eight_bits(&particles(height, width, 0.0, 25, stream))),
        10 => ("constant", Plane::filled(height, width, stream.between(0.0, 255.0).round() as f32)),
        11 => ("gradient", eight_bits(&vertical(height, width, |share| 250.0 * share))),
        12 => ("noisy gradient", noisy(&vertical(height, width, |share| 180.0 - 170.0 * share), 6.0, stream)),
        13 => {
            // electrodes that begin below an edge
            let mut comb =
                grating(height, width, stream.between(8.0, 40.0), std::f64::consts::FRAC_PI_2, 0.5);
            fill(&mut comb, 0..bottom, 0..width, 120.0);
            ("comb below an edge", noisy(&comb, 2.0, stream))
        }
        14 => ("fibres", noisy(&fibers(height, width, 50, stream), 5.0, stream)),
        15 => {
            plane = noisy(&plane, 8.0, stream);
            let length = width / 5;
            fill(&mut plane, height - 30..height - 24, width - 20 - length..width - 20, 255.0);
            ("drawn scale bar", plane)
        }
        16 => {
            // a box with a scale bar and its length in a corner, as figures have
            plane = noisy(&plane, 8.0, stream);
            let mut corner = Plane::filled(64, 128, 0.0);
            let config = StripConfig { height_share: 0.25, rows_below: 0, ..StripConfig::random(stream) };
            strip::draw(&mut corner, &config, stream);
            for y in 0..64 {
                for x in 0..128 {
                    plane.values_mut()[(height - 64 + y) * width + width - 128 + x] = corner.at(y, x);
                }
            }
            ("box in the corner", plane)
        }
        17 => {
            let pitch = 12 + stream.below(20);
            let plane = Plane::from_fn(height, width, |y, x| {
                let (dy, dx) = ((y % pitch) as f64 - 6.0, (x % pitch) as f64 - 6.0);
                if dy.hypot(dx) < 4.0 { 220.0 } else { 40.0 }
            });
            ("pillars", noisy(&plane, stream.between(0.0, 3.0), stream))
        }
        18 => {
            fill(&mut plane, bottom..height, 0..width, 70.0);
            ("film above flat substrate", noisy(&plane, 1.0, stream))
        }
        _ => {
            plane = noisy(&plane, 8.0, stream);
            fill(&mut plane, 0..40, 0..40, 255.0);
            fill(&mut plane, height - 40..height, 0..40, 255.0);
            fill(&mut plane, height - 32..height - 8, 12..16, 0.0);
            fill(&mut plane, height - 20..height - 17, 12..26, 0.0);
            ("panel letter", plane)
        }
    }
}

#[test]
fn nothing_is_cut_where_there_is_no_strip() {
    let mut failures = Vec::new();
    for index in 0..240 {
        let mut stream = Stream::new(12, "no strip", index);
        let (kind, plane) = strip_free(index as usize, &mut stream);
        if let Some(bar) = data_bar::find(&plane, &facts(&plane, None)) {
            failures.push(format!("{index} {kind} of {} rows: {bar:?}", plane.height()));
        }
    }
    assert!(failures.is_empty(), "{} of 240:\n{}", failures.len(), failures.join("\n"));
}

#[test]
fn metadata_goes_before_pixels_where_it_can_be_true() {
    let plane = texture(400, 300, 20, 120.0, 30.0, &mut Stream::new(1, "plane", 0));
    let bar = |rows| data_bar::find(&plane, &facts(&plane, Some(rows)));
    let found = bar(370).expect("a bar");
    assert_eq!((found.first_row, found.end_row, found.evidence), (370, 400, DataBarEvidence::Metadata));
    // of another size of the image, or no bar
    for rows in [0, 200, 399, 400, 884] {
        assert_eq!(bar(rows), None, "{rows}");
    }
}

#[test]
fn a_choice_says_which_rows_are_kept() {
    let mut stream = Stream::new(5, "choice", 0);
    let mut plane = specimen(0, &mut stream);
    let config = StripConfig { rows_below: 20, ..StripConfig::random(&mut stream) };
    let truth = strip::draw(&mut plane, &config, &mut stream);
    let cut = |choice| data_bar::specimen(&plane, &facts(&plane, None), choice);

    let (found, bar) = cut(DataBarChoice::Find).unwrap();
    assert_eq!(found.height(), truth.first_row);
    assert_eq!(found.row(truth.first_row - 1), plane.row(truth.first_row - 1));
    assert_eq!(bar.map(|bar| bar.end_row), Some(truth.end_row));

    assert_eq!(cut(DataBarChoice::Keep).unwrap(), (plane.clone(), None));
    assert_eq!(cut(DataBarChoice::CropBottom(0)).unwrap(), (plane.clone(), None));

    let (cropped, bar) = cut(DataBarChoice::CropBottom(12)).unwrap();
    let bar = bar.expect("a bar");
    assert_eq!((cropped.height(), bar.first_row, bar.end_row), (500, 500, 512));
    assert_eq!(bar.evidence, DataBarEvidence::Typed);

    for rows in [512, 9999] {
        let error = cut(DataBarChoice::CropBottom(rows)).unwrap_err().to_string();
        assert!(error.contains(&rows.to_string()) && error.contains("512"), "{error}");
    }
}
