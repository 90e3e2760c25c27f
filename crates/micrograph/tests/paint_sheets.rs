//! Contact sheets, overlays and charts as they are used: of real micrographs where the shared data
//! is there, and of every odd plane a network may give. Pictures are left in cargo's folder for
//! temporary files of tests, to be looked at.

#![cfg(feature = "paint")]

use std::path::{Path, PathBuf};

use micrograph::Plane;
use micrograph::paint::{
    Cell, ColorMap, ContactSheet, Corner, LengthUnit, Picture, Sampling, ScaleBar, Scaling, Section, Theme,
    contact_sheet, outline_mask, overlay_mask, resampled, robust_range,
};

fn out(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}

// A micrograph with `height ≠ width` from the shared data, its long side brought to 288 pixels.
fn shared_micrograph(name: &str) -> Option<Plane> {
    let path = test_support::shared(Path::new("data/sem").join(name))?;
    let image = image::open(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let gray = image.to_luma32f();
    let (width, height) = (gray.width() as usize, gray.height() as usize);
    let plane = Plane::new(height, width, gray.into_raw());
    let shrink = 288.0 / height.max(width) as f64;
    let side = |n: usize| (n as f64 * shrink) as usize;
    Some(resampled(&plane, side(height), side(width), Sampling::Area))
}

// Rectified oriented waves, as a first stage of a network learns them; every ninth channel is dead.
fn feature_maps(plane: &Plane, n: usize, stride: usize) -> Vec<Plane> {
    let reach = 6i64;
    (0..n)
        .map(|channel| {
            if channel % 9 == 8 {
                return Plane::filled(plane.height() / stride, plane.width() / stride, 0.0);
            }
            let angle = channel as f32 * 2.399;
            let wavelength = 3.0 + (channel % 7) as f32 * 1.3;
            let mut taps: Vec<(i64, i64, f32)> = Vec::new();
            for dy in -reach..=reach {
                for dx in -reach..=reach {
                    let along = dx as f32 * angle.cos() + dy as f32 * angle.sin();
                    let window = (-((dx * dx + dy * dy) as f32) / (0.4 * wavelength * wavelength)).exp();
                    taps.push((
                        dy,
                        dx,
                        window * (std::f32::consts::TAU * along / wavelength + channel as f32).sin(),
                    ));
                }
            }
            let mean = taps.iter().map(|tap| tap.2).sum::<f32>() / taps.len() as f32;
            Plane::from_fn(plane.height() / stride, plane.width() / stride, |y, x| {
                let sum: f32 = taps
                    .iter()
                    .map(|(dy, dx, weight)| {
                        let y = ((y * stride) as i64 + dy).clamp(0, plane.height() as i64 - 1) as usize;
                        let x = ((x * stride) as i64 + dx).clamp(0, plane.width() as i64 - 1) as usize;
                        (weight - mean) * plane.at(y, x)
                    })
                    .sum();
                sum.max(0.0)
            })
        })
        .collect()
}

fn cells<'a>(maps: &'a [Plane], live: bool) -> Vec<Cell<'a>> {
    let energy = |plane: &Plane| plane.map(|v| v * v).mean().sqrt();
    maps.iter()
        .enumerate()
        .filter(|(_, plane)| (energy(plane) > 0.0) == live)
        .map(|(channel, plane)| Cell {
            plane,
            label: format!("encoder.2:{channel}"),
            note: if live { format!("energy {:.2}", energy(plane)) } else { String::new() },
            dead: !live,
        })
        .collect()
}

#[test]
fn sheets_of_real_micrographs_keep_to_their_width_and_proportions() {
    let sources = [
        (8, 1, "biological/axondeepseg__sub-rat1-sample-data1-sem.jpg"),
        (32, 2, "biological/avkudr__brassica01.jpg"),
        (64, 4, "biological/avkudr__pot1-00.jpg"),
        (128, 8, "biological/avkudr__pot-00.jpg"),
    ];
    for (n, stride, source) in sources {
        let Some(plane) = shared_micrograph(source) else { return };
        let maps = feature_maps(&plane, n, stride);
        for (scaling, theme) in [(Scaling::PerMap, Theme::Light), (Scaling::Shared, Theme::Dark)] {
            let sheet = ContactSheet {
                title: format!("Feature maps at depth 2 of {source}"),
                subtitle: format!(
                    "{n} channels of the built-in autoencoder, receptive field 38 px (443 nm), stride {stride} px, \
                     11.65 nm per pixel from FEI [Scan] PixelWidth; ordered by energy"
                ),
                sections: vec![
                    Section { heading: "live channels".to_owned(), cells: cells(&maps, true) },
                    // the sheet of 8 has none of these, and so no heading
                    Section { heading: "dead channels".to_owned(), cells: cells(&maps, false) },
                ],
                scaling,
                nm_per_px: Some(11.65 * stride as f64),
                theme,
                ..ContactSheet::default()
            };
            let picture = contact_sheet(&sheet);
            picture.write_png(&out(&format!("sheet-{n}-{theme:?}.png")), None).unwrap();
            let aspect = picture.width() as f64 / picture.height() as f64;
            assert!(picture.width() <= 2400, "{n} cells: {} px wide", picture.width());
            assert!((0.9..2.0).contains(&aspect), "{n} cells: {} × {}", picture.height(), picture.width());
        }
    }
}

#[test]
fn overlays_leave_the_micrograph_visible() {
    let Some(plane) = shared_micrograph("biological/avkudr__brassica01.jpg") else { return };
    let (low, high) = robust_range(&plane).unwrap();
    let mut picture = Picture::from_plane(&plane, low, high, ColorMap::Gray).resized(
        2 * plane.height(),
        2 * plane.width(),
        Sampling::Bilinear,
    );
    let map = &feature_maps(&plane, 3, 8)[1];
    let mask = resampled(map, picture.height(), picture.width(), Sampling::Bilinear);
    let threshold = map.quantiles(&[0.85])[0];
    overlay_mask(&mut picture, &mask, threshold, [230, 159, 0], 0.35);
    outline_mask(&mut picture, &mask, threshold, [230, 159, 0]);
    let within = picture.rect();
    let bar =
        ScaleBar::fit(within.width as f64, 0.25, LengthUnit::drawn(Some(11.65), 2.0)).expect("a bar fits");
    bar.draw(&mut picture, within, Corner::BottomRight);
    picture.write_png(&out("overlay.png"), Some((5.825, 5.825))).unwrap();
    assert!(picture.rgb().chunks(3).filter(|c| c[0] == c[1] && c[1] == c[2]).count() > within.width);
}

#[test]
fn every_odd_plane_has_its_place_on_a_sheet() {
    let planes = [
        Plane::filled(1, 1, 3.0),
        Plane::filled(5, 9, f32::NAN),
        Plane::filled(0, 0, 0.0),
        Plane::filled(0, 4, 0.0),
        Plane::filled(7, 3, f32::INFINITY),
        Plane::from_fn(90, 2, |y, _| y as f32),
        Plane::from_fn(2, 900, |_, x| -(x as f32)),
        Plane::from_fn(7, 5, |y, x| if (y, x) == (3, 1) { f32::NAN } else { (y * x) as f32 }),
    ];
    for scaling in [Scaling::PerMap, Scaling::Shared, Scaling::Given { low: 1.0, high: 1.0 }] {
        for map in [ColorMap::Viridis, ColorMap::BlueWhiteRed] {
            for max_width_px in [0, 500, 2400] {
                let cells = |dead| {
                    let cell =
                        |plane| Cell {
                            plane, label: "日本 \u{0} \n".to_owned(), note: "n".to_owned(), dead
                        };
                    planes.iter().map(cell).collect()
                };
                let sheet = ContactSheet {
                    title: "a\nb\u{7}".repeat(90),
                    subtitle: "😀 ".repeat(300),
                    sections: vec![
                        Section { heading: "x".repeat(900), cells: cells(false) },
                        Section::default(),
                        Section { heading: String::new(), cells: cells(true) },
                    ],
                    scaling,
                    map,
                    max_width_px,
                    ..ContactSheet::default()
                };
                let picture = contact_sheet(&sheet);
                assert!(picture.width() <= max_width_px.max(420), "{max_width_px}: {}", picture.width());
            }
        }
    }
    let empty = contact_sheet(&ContactSheet::default());
    assert!(empty.height() > 0 && empty.width() > 0);
}

#[test]
fn a_flat_map_is_a_plain_field_and_not_stretched_noise() {
    let flat = Plane::filled(40, 60, 2.5);
    let noisy = Plane::from_fn(40, 60, |y, x| ((y * 7 + x * 13) % 10) as f32);
    let sheet = |planes: [&'static str; 2], dead| {
        let cell = |label: &str| Cell {
            plane: if label == "flat" { &flat } else { &noisy },
            label: label.to_owned(),
            note: String::new(),
            dead,
        };
        let cells = planes.map(cell).to_vec();
        contact_sheet(&ContactSheet {
            sections: vec![Section { heading: String::new(), cells }],
            map: ColorMap::Turbo,
            ..ContactSheet::default()
        })
    };
    // turbo's colors are saturated, those of paper and ink are not
    let n_colored = |picture: &Picture| {
        let saturated = |c: &&[u8]| c.iter().max().unwrap() - c.iter().min().unwrap() > 60;
        picture.rgb().chunks(3).filter(saturated).count()
    };
    assert_eq!(n_colored(&sheet(["flat", "flat"], false)), 0);
    assert_eq!(n_colored(&sheet(["noise", "noise"], true)), 0);
    assert!(n_colored(&sheet(["flat", "noise"], false)) > 40 * 60);
}

#[test]
fn pictures_keep_their_colors_on_a_sheet() {
    let plane = Plane::filled(24, 30, 0.5);
    let cell = |dead| Cell { plane: &plane, label: "a:0".to_owned(), note: String::new(), dead };
    let [red, blue] = [[220, 20, 30], [10, 40, 210]].map(|color| Picture::new(24, 30, color));
    let picture = contact_sheet(&ContactSheet {
        sections: vec![
            Section { heading: "live".to_owned(), cells: vec![cell(false), cell(false)] },
            Section { heading: "dead".to_owned(), cells: vec![cell(true)] },
        ],
        scaling: Scaling::Given { low: 0.0, high: 1.0 },
        map: ColorMap::Turbo,
        pictures: &[red, blue.clone(), blue],
        ..ContactSheet::default()
    });
    let count = |color: [u8; 3]| picture.rgb().chunks(3).filter(|pixel| **pixel == color).count();
    let (n_red, n_blue) = (count([220, 20, 30]), count([10, 40, 210]));
    assert!(n_red >= 24 * 30 && n_red == n_blue, "{n_red} {n_blue}: each once, the dead one is not drawn");
    // no turbo: neither cells nor a color bar
    let saturated = |c: &&[u8]| c.iter().max().unwrap() - c.iter().min().unwrap() > 60;
    assert_eq!(picture.rgb().chunks(3).filter(saturated).count(), n_red + n_blue);
}

#[test]
fn small_maps_are_enlarged_in_whole_blocks() {
    let plane = Plane::from_fn(3, 4, |y, x| (y * 4 + x) as f32);
    let cell = Cell { plane: &plane, label: "a:0".to_owned(), note: String::new(), dead: false };
    let picture = contact_sheet(&ContactSheet {
        sections: vec![Section { heading: String::new(), cells: vec![cell] }],
        scaling: Scaling::Given { low: 0.0, high: 11.0 },
        map: ColorMap::Viridis,
        max_width_px: 900,
        ..ContactSheet::default()
    });
    let saturated = |c: [u8; 3]| c.iter().max().unwrap() - c.iter().min().unwrap() > 60;
    let row = (0..picture.height())
        .find(|&y| (0..picture.width() / 2).any(|x| saturated(picture.at(y, x))))
        .expect("the map is drawn");
    let start = (0..picture.width()).find(|&x| saturated(picture.at(row, x))).unwrap();
    let run =
        |x: usize| (x..picture.width()).take_while(|&i| picture.at(row, i) == picture.at(row, x)).count();
    let block = run(start);
    assert!(block > 20 && (1..4).all(|idx| run(start + idx * block) == block), "{block}");
}
