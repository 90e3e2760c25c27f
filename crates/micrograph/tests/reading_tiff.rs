//! Reading TIFF files of every kind of pixel: hand-made bytes, and files by the `tiff` encoder.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

#[expect(dead_code, reason = "the tags of vendors are used by the tests of metadata")]
#[path = "reading_tiff/writer.rs"]
mod writer;

use std::io::Cursor;
use std::path::PathBuf;

use micrograph::Micrograph;
use micrograph::read::{self, ReadConfig, ReadError};
use tiff::encoder::{Compression, TiffEncoder, TiffKind, colortype};
use writer::{Page, file};

/// Writes `bytes` under a name that tells nothing, and reads them.
fn read_with(bytes: &[u8], config: &ReadConfig) -> Result<Micrograph, ReadError> {
    let folder = tempfile::tempdir().unwrap();
    let path: PathBuf = folder.path().join("file.png");
    std::fs::write(&path, bytes).unwrap();
    let read = read::micrograph(&path, config);
    if let Ok(micrograph) = &read {
        assert_eq!(read::facts(&path, config).unwrap(), micrograph.facts);
    }
    read
}

fn read(bytes: &[u8]) -> Result<Micrograph, ReadError> {
    read_with(bytes, &ReadConfig::default())
}

#[test]
fn every_kind_of_sample_keeps_its_values() {
    fn bytes<const N: usize>(values: &[[u8; N]]) -> Vec<u8> {
        values.concat()
    }
    struct Case {
        name: &'static str,
        page: Page,
        sample: &'static str,
        values: [f32; 6],
    }
    // two rows of three pixels
    let page = |big_endian, bits, strip| Page::new(big_endian, 2, 3, bits, strip);
    let little = |bits, strip| page(false, bits, strip);
    let i32s = [-3, -2, -1, 0, 1, 1 << 20].map(i32::to_le_bytes);
    let floats = [-1.5f32, 0.0, 0.25, 1e-3, 7.0, 1e6];
    let grays = [1.0, 2.0, 3.0, 4.0, 5.0, 255.0];
    let cases = [
        Case { name: "u8", page: little(8, vec![1, 2, 3, 4, 5, 255]), sample: "8-bit grey", values: grays },
        Case {
            name: "u16, big-endian",
            page: page(true, 16, bytes(&[1u16, 2, 3, 4, 5, 255].map(u16::to_be_bytes))),
            sample: "16-bit grey",
            values: grays,
        },
        Case {
            name: "u32",
            page: little(32, bytes(&[1u32, 2, 3, 4, 5, 255].map(u32::to_le_bytes))),
            sample: "32-bit grey",
            values: grays,
        },
        Case {
            name: "i8",
            page: little(8, [-128i8, -1, 0, 1, 2, 127].map(|value| value as u8).to_vec()).short(339, &[2]),
            sample: "8-bit signed",
            values: [-128.0, -1.0, 0.0, 1.0, 2.0, 127.0],
        },
        Case {
            name: "i32, as Gatan's software writes",
            page: little(32, bytes(&i32s)).short(339, &[2]),
            sample: "32-bit signed",
            values: [-3.0, -2.0, -1.0, 0.0, 1.0, 1_048_576.0],
        },
        Case {
            name: "f32, big-endian, as ImageJ writes",
            page: page(true, 32, bytes(&floats.map(f32::to_be_bytes))).short(339, &[3]),
            sample: "32-bit float",
            values: floats,
        },
        Case {
            name: "f64",
            page: little(64, bytes(&floats.map(|value| f64::from(value).to_le_bytes()))).short(339, &[3]),
            sample: "64-bit float",
            values: floats,
        },
        Case {
            name: "white is zero",
            page: little(8, vec![254, 253, 252, 251, 250, 0]).short(262, &[0]),
            sample: "8-bit grey, white is zero",
            values: grays,
        },
        Case {
            name: "1 bit, rows of a byte",
            page: little(1, vec![0b1010_0000, 0b0110_0000]),
            sample: "1-bit grey",
            values: [1.0, 0.0, 1.0, 0.0, 1.0, 1.0],
        },
        Case {
            name: "4 bits, an odd number a row",
            page: little(4, vec![0x1f, 0x20, 0x34, 0x50]),
            sample: "4-bit grey",
            values: [1.0, 15.0, 2.0, 3.0, 4.0, 5.0],
        },
        Case {
            name: "grey with a second sample",
            page: little(8, vec![1, 9, 2, 9, 3, 9, 4, 9, 5, 9, 255, 9])
                .short(258, &[8, 8])
                .short(277, &[2])
                .short(338, &[2]),
            sample: "8-bit grey",
            values: grays,
        },
        Case {
            name: "RGBA; grey colors keep their level, alpha does not count",
            page: little(8, [1u8, 2, 3, 4, 5, 255].iter().flat_map(|&gray| [gray, gray, gray, 0]).collect())
                .short(258, &[8, 8, 8, 8])
                .short(262, &[2])
                .short(277, &[4])
                .short(338, &[2]),
            sample: "8-bit RGBA",
            values: grays,
        },
    ];
    for Case { name, page, sample, values } in cases {
        let micrograph = read(&file(&[page])).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!((micrograph.plane.height(), micrograph.plane.width()), (2, 3), "{name}");
        assert_eq!(micrograph.plane.values(), values, "{name}");
        assert_eq!(micrograph.facts.sample, sample, "{name}");
        assert_eq!(micrograph.facts.format, "TIFF");
        assert_eq!(micrograph.facts.calibration, None, "{name}");
    }
}

#[test]
fn colors_become_luma() {
    // BT.601: red 0.299, green 0.587, blue 0.114
    let expected = [255.0 * 0.299, 255.0 * 0.587, 255.0 * 0.114];
    let rgb = |strip: Vec<u8>| {
        Page::new(false, 1, 3, 8, strip).short(258, &[8, 8, 8]).short(262, &[2]).short(277, &[3])
    };
    let together = rgb(vec![255, 0, 0, 0, 255, 0, 0, 0, 255]);
    let apart = rgb(vec![255, 0, 0, 0, 255, 0, 0, 0, 255]).short(284, &[2]).strips(3);
    let mut map = [vec![0u16; 256], vec![0; 256], vec![0; 256]];
    for (channel, levels) in map.iter_mut().enumerate() {
        levels[9 * (channel + 1)] = 65535;
    }
    let palette = Page::new(false, 1, 3, 8, vec![9, 18, 27]).short(262, &[3]).short(320, &map.concat());
    for (name, page) in [("together", together), ("apart", apart), ("palette", palette)] {
        let micrograph = read(&file(&[page])).unwrap_or_else(|error| panic!("{name}: {error}"));
        for (found, expected) in micrograph.plane.values().iter().zip(expected) {
            assert!((found - expected).abs() < 1e-3, "{name}: {found} for {expected}");
        }
    }
}

#[test]
fn a_palette_is_applied_and_must_be_whole() {
    // entry i is 257 · (255 − i): the inverse ramp
    let ramp: Vec<u16> = (0..256).map(|idx| 257 * (255 - idx)).collect();
    let page = Page::new(true, 1, 3, 8, vec![0, 100, 255]).short(262, &[3]);
    let whole = page.clone().short(320, &[&ramp[..], &ramp, &ramp].concat());
    let micrograph = read(&file(&[whole])).unwrap();
    assert_eq!(micrograph.plane.values(), [255.0, 155.0, 0.0]);
    assert_eq!(micrograph.facts.sample, "8-bit palette");
    // 8-bit values in the 16-bit fields
    let low: Vec<u16> = (0..256).collect();
    let micrograph = read(&file(&[page.clone().short(320, &[&low[..], &low, &low].concat())])).unwrap();
    assert_eq!(micrograph.plane.values(), [0.0, 100.0, 255.0]);
    for damaged in [page.clone(), page.short(320, &ramp)] {
        let error = read(&file(&[damaged])).unwrap_err().to_string();
        assert!(error.contains("color map"), "{error}");
    }
}

#[test]
fn compression_strips_and_big_files_change_nothing() {
    let (height, width) = (61, 37);
    let pixels: Vec<u16> = (0..height * width).map(|idx| (idx * 31 % 65_536) as u16).collect();
    let expected: Vec<f32> = pixels.iter().map(|pixel| f32::from(*pixel)).collect();
    fn encode<K: TiffKind>(
        encoder: tiff::TiffResult<TiffEncoder<&mut Cursor<Vec<u8>>, K>>,
        compression: Compression,
        (height, width): (u32, u32),
        pixels: &[u16],
    ) {
        let mut encoder = encoder.unwrap().with_compression(compression);
        let mut image = encoder.new_image::<colortype::Gray16>(width, height).unwrap();
        image.rows_per_strip(7).unwrap();
        image.write_data(pixels).unwrap();
    }
    let size = (height as u32, width as u32);
    for (name, compression) in [
        ("none", Compression::Uncompressed),
        ("LZW", Compression::Lzw),
        ("deflate", Compression::Deflate(tiff::encoder::DeflateLevel::Balanced)),
        ("PackBits", Compression::Packbits),
    ] {
        for big in [false, true] {
            let mut bytes = Cursor::new(Vec::new());
            if big {
                encode(TiffEncoder::new_big(&mut bytes), compression, size, &pixels);
            } else {
                encode(TiffEncoder::new(&mut bytes), compression, size, &pixels);
            }
            let micrograph = read(bytes.get_ref()).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(micrograph.plane.values(), expected, "{name}, big {big}");
            assert_eq!(micrograph.plane.width(), width);
        }
    }
}

#[test]
fn tiles_that_reach_over_the_edge_are_put_together() {
    // 17 × 18 pixels in four tiles of 16 × 16; beyond the image stands 255
    let value = |y: usize, x: usize| if y < 18 && x < 17 { (y * 10 + x) as u8 } else { 255 };
    let tile = |top: usize, left: usize| (0..256).map(move |idx| value(top + idx / 16, left + idx % 16));
    let pixels = tile(0, 0).chain(tile(0, 16)).chain(tile(16, 0)).chain(tile(16, 16)).collect();
    let page = Page::new(false, 18, 17, 8, pixels).short(322, &[16]).short(323, &[16]).tiles(4);
    let plane = read(&file(&[page])).unwrap().plane;
    for (y, x) in [(0, 0), (0, 16), (15, 15), (16, 0), (17, 16)] {
        assert_eq!(plane.at(y, x), f32::from(value(y, x)), "({y}, {x})");
    }
    assert!(!plane.values().contains(&255.0));
}

#[test]
fn one_page_is_read_and_the_others_are_reported() {
    // the second page can't be decoded, the third is a palette: neither hinders the others
    let pages = [
        Page::new(true, 1, 2, 8, vec![10, 20]),
        Page::new(true, 1, 2, 8, vec![0, 0]).short(259, &[9999]),
        Page::new(true, 1, 2, 8, vec![0, 255])
            .short(262, &[3])
            .short(320, &[vec![0; 765], vec![514; 3]].concat()),
    ];
    let bytes = file(&pages);
    let page = |page| read_with(&bytes, &ReadConfig { page, ..ReadConfig::default() });
    let first = page(0).unwrap();
    assert_eq!(first.plane.values(), [10.0, 20.0]);
    assert!(first.facts.warnings[0].contains("3 pages, page 0 was read"), "{:?}", first.facts.warnings);
    assert!(matches!(page(1), Err(ReadError::Unsupported { .. })));
    assert_eq!(page(2).unwrap().facts.page, 2);
    let error = page(3).unwrap_err().to_string();
    assert!(error.ends_with("expected a page from 0 to 2, found 3"), "{error}");
}

#[test]
fn values_that_are_not_finite_are_refused_with_their_number() {
    let strip: Vec<u8> =
        [1.0, f32::NAN, f32::INFINITY, 2.0].iter().flat_map(|value: &f32| value.to_le_bytes()).collect();
    let error = read(&file(&[Page::new(false, 2, 2, 32, strip).short(339, &[3])])).unwrap_err();
    assert!(matches!(error, ReadError::NotFinite { count: 2, total: 4, .. }), "{error}");
}

#[test]
fn pixels_that_can_not_be_are_refused_with_a_reason() {
    let page = |strip: usize| Page::new(false, 4, 4, 8, vec![7; strip]);
    for (name, page, reason) in [
        ("no rows", page(16).short(257, &[0]), "0 rows of 4 pixels"),
        ("short strip", page(10), "strip 0: expected 16 bytes, found 10"),
        ("12-bit floats", page(24).short(258, &[12]).short(339, &[3]), "found floats of 12 bits"),
        ("complex", page(32).short(339, &[6]), "found complex numbers"),
        ("two widths", page(32).short(258, &[8, 4]).short(277, &[2]), "samples of [8, 4] bits"),
        ("old JPEG", page(16).short(259, &[6]), "found old-style JPEG compression"),
        ("LZMA", page(16).short(259, &[34925]), "found LZMA compression"),
        ("JPEG 2000", page(16).short(259, &[34712]), "found JPEG 2000 compression"),
        ("no such compression", page(16).short(259, &[9999]), "found the unknown compression 9999"),
        ("one ink", page(16).short(262, &[5]), "found CMYK or other inks (1 samples of 8 bits)"),
        ("mask", page(16).short(262, &[4]), "found a transparency mask"),
        ("Bayer", page(16).short(262, &[32803]), "color filter array"),
        ("no samples", page(16).short(277, &[0]), "0 samples a pixel"),
        ("too few strips", page(16).short(278, &[2]), "expected 2 strips, found 1"),
        ("tiles of nothing", page(16).short(322, &[0]).short(323, &[16]), "tiles without pixels"),
    ] {
        let error = read(&file(&[page])).unwrap_err().to_string();
        assert!(error.contains(reason) && error.contains("file.png"), "{name}: {error}");
    }
}

#[test]
fn the_budget_counts_the_plane_and_a_row() {
    let bytes = file(&[Page::new(false, 10, 10, 16, vec![0; 200])]);
    // 100 pixels as f32; a row of 10 as 16 bit and as f32
    let read = |most_bytes| read_with(&bytes, &ReadConfig { most_bytes, ..ReadConfig::default() });
    assert!(read(460).is_ok());
    assert!(matches!(read(459), Err(ReadError::TooLarge { bytes: 460, .. })));
}

#[test]
fn other_files_are_refused_by_what_they_hold() {
    for (bytes, found) in [(&b"GIF89a\0\0"[..], "GIF: "), (b"", "an empty file"), (b"%PDF-1.4", "PDF: ")] {
        let error = read(bytes).unwrap_err().to_string();
        assert!(
            error.contains(&format!("expected PNG, JPEG, BMP, TIFF, PGM, NPY or Gatan DM, found {found}")),
            "{error}"
        );
    }
    let error = read::facts(&std::env::temp_dir(), &ReadConfig::default()).unwrap_err().to_string();
    assert!(error.contains("found a folder"), "{error}");
    let error = read::facts(&PathBuf::from("no such file"), &ReadConfig::default()).unwrap_err();
    assert!(matches!(error, ReadError::Io { .. }), "{error}");
}
