//! Pixels of TIFF files that are stored in less common ways, of PGM and NPY files, and how images are turned.

#[expect(dead_code, reason = "the tags of vendors are used by the tests of metadata")]
#[path = "reading_tiff/writer.rs"]
mod writer;

use std::io::Cursor;
use std::path::Path;

use image::{DynamicImage, GrayImage, ImageFormat, Luma};
use micrograph::read::{ReadConfig, colors};
use micrograph::{FileFacts, Micrograph, ReadError, Rect, Source};
use writer::{Page, file};

fn read(bytes: &[u8]) -> Result<Micrograph, ReadError> {
    let source = Source::from_bytes(Path::new("file"), bytes.to_vec());
    Micrograph::from_source(&source, &ReadConfig::default())
}

/// 5 rows of 7 pixels whose neighbors differ.
fn pixel(idx: usize) -> u64 {
    (idx as u64 * 37 + 11) % 251
}

const ROWS: usize = 5;
const COLUMNS: usize = 7;

fn page(big_endian: bool, bits: u16, strip: Vec<u8>) -> Page {
    Page::new(big_endian, ROWS as u16, COLUMNS as u16, bits, strip)
}

/// The rows of `numbers` of `bits` bits, highest bit first, each row from a whole byte on.
fn packed(numbers: impl Fn(usize) -> u64, bits: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    for row in 0..ROWS {
        let digits: Vec<bool> = (0..COLUMNS)
            .flat_map(|x| {
                let number = numbers(row * COLUMNS + x);
                (0..bits).rev().map(move |bit| number >> bit & 1 == 1)
            })
            .collect();
        let byte = |digits: &[bool]| {
            (0..8).fold(0, |byte, idx| byte << 1 | u8::from(digits.get(idx) == Some(&true)))
        };
        bytes.extend(digits.chunks(8).map(byte));
    }
    bytes
}

#[test]
fn numbers_of_any_bits_are_read_in_either_order_of_bits() {
    for bits in 1..=32 {
        let number = |idx: usize| ((pixel(idx) * 0x0101_0101) >> 8) & ((1 << bits) - 1);
        // words of whole bytes follow the byte order of the file, packed ones do not
        let big_endian = true;
        let bytes = packed(number, bits);
        let reversed: Vec<u8> = bytes.iter().map(|byte| byte.reverse_bits()).collect();
        let expected: Vec<f32> = (0..ROWS * COLUMNS).map(|idx| number(idx) as f32).collect();
        for (name, page) in [
            ("as usual", page(big_endian, bits as u16, bytes)),
            ("reversed", page(big_endian, bits as u16, reversed).short(266, &[2])),
        ] {
            let found = read(&file(&[page])).unwrap_or_else(|error| panic!("{bits}, {name}: {error}"));
            assert_eq!(found.plane.values(), expected, "{bits} bits, {name}");
        }
    }
}

#[test]
fn twelve_bits_in_words_of_sixteen_are_known_by_the_length_of_the_strip() {
    let words: Vec<u8> = (0..ROWS * COLUMNS).flat_map(|idx| (pixel(idx) as u16 * 16).to_le_bytes()).collect();
    let found = read(&file(&[page(false, 12, words)])).unwrap();
    let expected: Vec<f32> = (0..ROWS * COLUMNS).map(|idx| (pixel(idx) * 16) as f32).collect();
    assert_eq!((found.plane.values(), found.facts.sample.as_str()), (&expected[..], "12-bit grey"));
}

#[test]
fn what_the_tags_leave_out_follows_from_the_rest() {
    let pixels: Vec<u8> = (0..ROWS * COLUMNS).map(|idx| pixel(idx) as u8).collect();
    let expected: Vec<f32> = pixels.iter().copied().map(f32::from).collect();
    let whole = page(false, 8, pixels);
    for (name, page) in [
        ("no photometric", whole.clone().without(262)),
        ("samples undefined", whole.clone().short(339, &[4])),
        ("no compression, samples or rows of a strip", whole.clone().without(259).without(277).without(278)),
        ("lengths of 0", whole.clone().short(278, &[1]).strips(5).say_length(Some(0))),
        ("no lengths", whole.clone().short(278, &[1]).strips(5).say_length(None)),
    ] {
        let found = read(&file(&[page])).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(found.plane.values(), expected, "{name}");
        assert!(found.facts.warnings.is_empty(), "{name}: {:?}", found.facts.warnings);
    }
    // three samples are colors
    let colors = page(false, 8, vec![255; 3 * ROWS * COLUMNS]).short(277, &[3]).without(262);
    assert_eq!(read(&file(&[colors])).unwrap().facts.sample, "8-bit RGB");
}

#[test]
fn large_offsets_keep_their_contrast_in_every_kind_of_number() {
    // pixels differ by whole steps; the offset makes them equal in 32-bit floats
    let n = ROWS * COLUMNS;
    let bytes =
        |number: &dyn Fn(i128) -> Vec<u8>| (0..n).flat_map(|idx| number(i128::from(pixel(idx)))).collect();
    let cases: [(&str, u16, u16, Vec<u8>, f32); 6] = [
        ("u32", 32, 1, bytes(&|pixel| (4_000_000_000 + pixel as u32).to_le_bytes().to_vec()), 1.0),
        ("i32", 32, 2, bytes(&|pixel| (-2_000_000_000 + pixel as i32).to_le_bytes().to_vec()), 1.0),
        ("u64", 64, 1, bytes(&|pixel| ((1u64 << 60) + pixel as u64).to_le_bytes().to_vec()), 1.0),
        ("i64", 64, 2, bytes(&|pixel| (i64::MIN + pixel as i64).to_le_bytes().to_vec()), 1.0),
        ("f64", 64, 3, bytes(&|pixel| (1e12 + 0.25 * pixel as f64).to_le_bytes().to_vec()), 0.25),
        ("f64 below zero", 64, 3, bytes(&|pixel| (-1e6 + 1e-3 * pixel as f64).to_le_bytes().to_vec()), 1e-3),
    ];
    for (name, bits, format, strip, step) in cases {
        for inverted in [false, true] {
            let mut page = page(false, bits, strip.clone()).short(339, &[format]);
            if inverted {
                page = page.short(262, &[0]);
            }
            let found = read(&file(&[page])).unwrap();
            let sign = if inverted { -step } else { step };
            for (idx, level) in found.plane.values().iter().enumerate() {
                let expected = sign * (pixel(idx) as f32 - pixel(0) as f32);
                let found = level - found.plane.at(0, 0);
                assert!((found - expected).abs() < 1e-3 * step, "{name} {inverted}: {found} {expected}");
            }
            let warnings = &found.facts.warnings;
            assert!(
                warnings.len() == 1 && warnings[0].contains("was subtracted from every level"),
                "{warnings:?}"
            );
        }
    }
}

/// Facts of an image that is stored as 5 rows of 7 pixels of 2 nm by 3 nm.
fn check_turned(facts: &FileFacts, orientation: u16) {
    let exchanged = orientation > 4;
    let size = if exchanged { (COLUMNS, ROWS) } else { (ROWS, COLUMNS) };
    assert_eq!((facts.height, facts.width), size, "{orientation}");
    let said =
        facts.warnings.iter().filter(|warning| warning.contains(&format!("(orientation {orientation})")));
    assert_eq!(said.count(), usize::from(orientation > 1), "{orientation}: {:?}", facts.warnings);
}

/// The stored pixel that is shown at `(y, x)`, as TIFF 6.0 says where row 0 and column 0 are shown.
fn shown(orientation: u16, y: usize, x: usize) -> usize {
    let (row, column) = match orientation {
        1 => (y, x),
        2 => (y, COLUMNS - 1 - x),
        3 => (ROWS - 1 - y, COLUMNS - 1 - x),
        4 => (ROWS - 1 - y, x),
        5 => (x, y),
        6 => (ROWS - 1 - x, y),
        7 => (ROWS - 1 - x, COLUMNS - 1 - y),
        _ => (x, COLUMNS - 1 - y),
    };
    row * COLUMNS + column
}

/// An Exif block that says nothing but the orientation.
fn exif(orientation: u16, big_endian: bool) -> Vec<u8> {
    let number = |number: u16| if big_endian { number.to_be_bytes() } else { number.to_le_bytes() };
    let mut block = if big_endian { b"MM\0*\0\0\0\x08".to_vec() } else { b"II*\0\x08\0\0\0".to_vec() };
    let count = if big_endian { [0, 0, 0, 1] } else { [1, 0, 0, 0] };
    block.extend([number(1), number(274), number(3)].concat());
    block.extend(count);
    block.extend([number(orientation), [0, 0], [0, 0], [0, 0]].concat());
    block
}

#[test]
fn tiff_png_and_jpeg_are_turned_alike_with_their_calibration() {
    let description = b"ImageJ=1.53t\nunit=nm\n";
    for orientation in 1..=8 {
        let strip: Vec<u8> = (0..ROWS * COLUMNS).map(|idx| pixel(idx) as u8).collect();
        // 0.5 and 0.25 pixels per nm
        let tiff = page(true, 8, strip.clone())
            .short(274, &[orientation])
            .text(writer::DESCRIPTION, description)
            .rational(writer::X_RESOLUTION, (1, 2))
            .rational(writer::Y_RESOLUTION, (1, 4));
        let image = GrayImage::from_raw(COLUMNS as u32, ROWS as u32, strip).unwrap();
        let mut png = Cursor::new(Vec::new());
        DynamicImage::from(image).write_to(&mut png, ImageFormat::Png).unwrap();
        // before the pixels, and behind them
        for behind in [false, true] {
            let mut png = png.get_ref().clone();
            let chunk = chunk(b"eXIf", &exif(orientation, behind));
            let at = if behind { png.len() - 12 } else { 33 };
            png.splice(at..at, chunk);
            let found = read(&png).unwrap();
            check_turned(&found.facts, orientation);
            for y in 0..found.plane.height() {
                for x in 0..found.plane.width() {
                    assert_eq!(found.plane.at(y, x), pixel(shown(orientation, y, x)) as f32, "{orientation}");
                }
            }
            let source = Source::from_bytes(Path::new("file"), png);
            let [red, ..] = colors(&source, &ReadConfig::default()).unwrap();
            assert!((red.at(1, 2) - found.plane.at(1, 2) / 255.0).abs() < 1e-6);
        }
        let found = read(&file(&[tiff])).unwrap();
        check_turned(&found.facts, orientation);
        assert_eq!(found.plane.at(1, 2), pixel(shown(orientation, 1, 2)) as f32, "{orientation}");
        let calibration = found.facts.calibration.unwrap();
        let size = (calibration.nm_per_px_x, calibration.nm_per_px_y);
        assert_eq!(size, if orientation > 4 { (4.0, 2.0) } else { (2.0, 4.0) }, "{orientation}");
    }
}

#[test]
fn a_jpeg_is_turned_by_its_exif_block() {
    // bright left half: coding errors do not matter
    let image = GrayImage::from_fn(32, 16, |x, _| Luma([if x < 16 { 200 } else { 50 }]));
    let mut jpeg = Cursor::new(Vec::new());
    DynamicImage::from(image).write_to(&mut jpeg, ImageFormat::Jpeg).unwrap();
    for (orientation, bright) in [(1, (2, 2)), (2, (2, 29)), (6, (2, 2)), (8, (29, 2))] {
        let mut bytes = jpeg.get_ref().clone();
        let block = [&b"Exif\0\0"[..], &exif(orientation, true)].concat();
        let length = (block.len() as u16 + 2).to_be_bytes();
        bytes.splice(2..2, [&[0xff, 0xe1][..], &length, &block].concat());
        let found = read(&bytes).unwrap();
        assert!(found.plane.at(bright.0, bright.1) > 150.0, "{orientation}");
        let opposite = (found.plane.height() - 1 - bright.0, found.plane.width() - 1 - bright.1);
        assert!(found.plane.at(opposite.0, opposite.1) < 100.0, "{orientation}");
        assert_eq!(found.facts.warnings.len(), usize::from(orientation > 1));
    }
}

#[test]
fn a_part_needs_only_its_strips_or_tiles() {
    let value = |y: usize, x: usize| (y * 7 + x * 3) as u8;
    let grid =
        |height: usize, width: usize| (0..height).flat_map(move |y| (0..width).map(move |x| value(y, x)));
    let strips = Page::new(false, 40, 50, 8, grid(40, 50).collect()).short(278, &[4]).strips(10);
    let tile = |top: usize, left: usize| (0..256).map(move |idx| value(top + idx / 16, left + idx % 16));
    let corners = [(0, 0), (0, 16), (0, 32), (16, 0), (16, 16), (16, 32), (32, 0), (32, 16), (32, 32)];
    let pixels = corners.into_iter().flat_map(|(top, left)| tile(top, left)).collect();
    let tiles = Page::new(false, 40, 48, 8, pixels).short(322, &[16]).short(323, &[16]).tiles(9);
    let part = Rect { y: 18, x: 20, height: 9, width: 11 };
    for (name, page) in [("strips", strips), ("tiles", tiles)] {
        let source = Source::from_bytes(Path::new("file"), file(&[page]));
        // 99 pixels as f32; a row of at most 50 as bytes and as f32
        let config = ReadConfig { most_bytes: 99 * 4 + 50 * 5, ..ReadConfig::default() };
        assert!(
            matches!(Micrograph::from_source(&source, &config), Err(ReadError::TooLarge { .. })),
            "{name}"
        );
        let found = Micrograph::part_of_source(&source, &config, part).unwrap();
        for y in 0..9 {
            for x in 0..11 {
                assert_eq!(found.plane.at(y, x), f32::from(value(18 + y, 20 + x)), "{name} ({y}, {x})");
            }
        }
        assert_eq!((found.facts.height, found.facts.width), (9, 11));
        let outside = Rect { y: 32, ..part };
        let error = Micrograph::part_of_source(&source, &config, outside).unwrap_err().to_string();
        assert!(error.contains("found 11 × 9 px at row 32, column 20"), "{error}");
    }
}

/// A chunk of a PNG file with its check sum.
fn chunk(kind: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let body = [&kind[..], data].concat();
    let crc = body.iter().fold(!0u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| crc >> 1 ^ (0xedb8_8320 & (crc & 1).wrapping_neg()))
    });
    [&(data.len() as u32).to_be_bytes()[..], &body, &(!crc).to_be_bytes()].concat()
}

#[test]
fn a_reduced_page_is_passed_over_for_a_whole_one_and_read_where_there_is_no_other() {
    let small = Page::new(false, 1, 2, 8, vec![1, 2]).long(254, 1);
    let large = Page::new(false, 1, 3, 8, vec![7, 8, 9]);
    for pages in [&[small.clone(), large.clone()][..], &[small.clone(), small.clone(), large.clone()]] {
        let found = read(&file(pages)).unwrap();
        assert_eq!(found.plane.values(), [7.0, 8.0, 9.0]);
        assert_eq!(found.facts.page, pages.len() - 1);
        assert!(found.facts.warnings.iter().any(|warning| warning.contains("page 0 is a reduced copy")));
    }
    let only = read(&file(std::slice::from_ref(&small))).unwrap();
    assert_eq!(only.plane.values(), [1.0, 2.0]);
    assert!(only.facts.warnings[0].contains("page 0 is a reduced copy of an image"));
    // a reduced copy behind the image changes nothing
    let first = read(&file(&[large, small])).unwrap();
    assert_eq!((first.facts.page, first.plane.values()), (0, &[7.0, 8.0, 9.0][..]));
}

#[test]
fn subsampled_colors_end_inside_of_their_units() {
    // 3 rows of 5 pixels in units of 2 × 2: the last column and row of units reach over the edge
    let luma = |y: usize, x: usize| if y < 3 && x < 5 { (10 * y + x) as u8 } else { 99 };
    let units = (0..2).flat_map(|row| (0..3).map(move |column| (2 * row, 2 * column)));
    let strip: Vec<u8> = units
        .flat_map(|(y, x)| [luma(y, x), luma(y, x + 1), luma(y + 1, x), luma(y + 1, x + 1), 128, 128])
        .collect();
    let page =
        |strip| Page::new(false, 3, 5, 8, strip).short(258, &[8, 8, 8]).short(262, &[6]).short(277, &[3]);
    // two by two is what a missing tag means
    for page in [page(strip.clone()), page(strip).short(530, &[2, 2])] {
        let plane = read(&file(&[page])).unwrap().plane;
        for (y, x) in [(0, 0), (0, 4), (1, 3), (2, 0), (2, 4)] {
            assert_eq!(plane.at(y, x), f32::from(luma(y, x)), "({y}, {x})");
        }
    }
    let together: Vec<u8> = (0..15).flat_map(|idx| [idx, 1, 2]).collect();
    let plane = read(&file(&[page(together).short(530, &[1, 1])])).unwrap().plane;
    assert_eq!(plane.at(2, 4), 14.0);
}

#[test]
fn portable_maps_of_all_kinds_are_read() {
    let gray = [0.0, 1.0, 2.0, 100.0, 254.0, 255.0];
    let luma = 0.299 * 255.0;
    let cases: [(&str, Vec<u8>, &str, [f32; 6]); 8] = [
        (
            "P5",
            [&b"P5\n# a comment 9\n3 2\n255\n"[..], &[0, 1, 2, 100, 254, 255]].concat(),
            "8-bit grey",
            gray,
        ),
        (
            "P5, 16 bit",
            [&b"P5 3 2 65535\n"[..], &[0, 0, 0, 1, 0, 2, 0, 100, 0, 254, 0, 255]].concat(),
            "16-bit grey",
            gray,
        ),
        ("P2", b"P2\n3 2 # columns, rows\n255\n0 1 2\n100 254 255\n".to_vec(), "8-bit grey", gray),
        ("P6", [&b"P6\n3 2\n255\n"[..], &[255, 0, 0].repeat(6)].concat(), "8-bit RGB", [luma; 6]),
        ("P3", [&b"P3\n3 2\n255\n"[..], &b"255 0 0 ".repeat(6)].concat(), "8-bit RGB", [luma; 6]),
        // 1 is black
        ("P4", b"P4\n3 2\n\xa0\x40".to_vec(), "1-bit grey", [0.0, 1.0, 0.0, 1.0, 0.0, 1.0]),
        ("P1", b"P1\n3 2\n101\n0 1 0".to_vec(), "1-bit grey", [0.0, 1.0, 0.0, 1.0, 0.0, 1.0]),
        (
            "one value less",
            b"P2 3 2 100 0 1 2 100 100 100".to_vec(),
            "8-bit grey",
            [0.0, 1.0, 2.0, 100.0, 100.0, 100.0],
        ),
    ];
    for (name, bytes, sample, values) in cases {
        let found = read(&bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!((found.plane.height(), found.plane.width()), (2, 3), "{name}");
        let near =
            found.plane.values().iter().zip(values).all(|(found, expected)| (found - expected).abs() < 1e-4);
        assert!(near && found.facts.sample == sample, "{name}: {found:?}");
    }
    for (bytes, reason) in [
        (&b"P5\n3 2\n255\n\0\0"[..], "end at byte 17, the file at byte 13"),
        (b"P5\n3 x\n255\n", "its head has no height above 0"),
        (b"P2\n2 1\n255\n1 256 ", "a value above 255"),
        (b"P2\n2 1\n255\n1 -1 ", "a pixel that is no number"),
        (b"P2\n2 1\n255\n1   ", "it ends before its pixels do"),
        (b"P5\n2 1\n70000\n", "expected a largest value from 2 to 65535, found 70000"),
    ] {
        let error = read(bytes).unwrap_err().to_string();
        assert!(error.contains(reason), "{reason}: {error}");
    }
}

/// An NPY file, version 1.0.
fn npy(kind: &str, by_columns: &str, shape: &str, data: &[u8]) -> Vec<u8> {
    let head = format!("{{'descr': '{kind}', 'fortran_order': {by_columns}, 'shape': ({shape}), }}\n");
    [b"\x93NUMPY\x01\0", &(head.len() as u16).to_le_bytes()[..], head.as_bytes(), data].concat()
}

#[test]
fn arrays_of_numpy_are_read_if_they_are_images() {
    let numbers = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0];
    let words = |big_endian: bool| -> Vec<u8> {
        (0..6u16)
            .flat_map(|number| if big_endian { number.to_be_bytes() } else { number.to_le_bytes() })
            .collect()
    };
    let doubles: Vec<u8> = numbers.iter().flat_map(|number| f64::from(*number).to_le_bytes()).collect();
    for (name, bytes, sample) in [
        ("bytes", npy("|u1", "False", "2, 3", &[0, 1, 2, 3, 4, 5]), "8-bit grey"),
        ("little-endian", npy("<u2", "False", "2, 3", &words(false)), "16-bit grey"),
        ("big-endian", npy(">u2", "False", "2, 3,", &words(true)), "16-bit grey"),
        ("doubles", npy("<f8", "False", "2, 3", &doubles), "64-bit float"),
        ("by columns", npy("|u1", "True", "2, 3", &[0, 3, 1, 4, 2, 5]), "8-bit grey"),
        ("axes of one", npy("|i1", "False", "1, 2, 3, 1", &[0, 1, 2, 3, 4, 5]), "8-bit signed"),
    ] {
        let found = read(&bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!((found.plane.height(), found.plane.width()), (2, 3), "{name}");
        assert_eq!((found.plane.values(), found.facts.sample.as_str()), (&numbers[..], sample), "{name}");
    }
    for (bytes, reason) in [
        (npy("|u1", "False", "2, 3, 4", &[0; 24]), "an array of shape (2, 3, 4)"),
        (npy("|u1", "False", "6,", &[0; 6]), "an array of shape (6,)"),
        (npy("<c8", "False", "2, 3", &[0; 48]), "numbers of the kind <c8"),
        (npy("|u1", "False", "2, 3", &[0; 5]), "the file at byte"),
        (npy("|u1", "False", "0, 3", &[]), "the shape (0, 3)"),
        (b"\x93NUMPY\x01\0\xff".to_vec(), "it ends before its head does"),
    ] {
        let error = read(&bytes).unwrap_err().to_string();
        assert!(error.contains(reason), "{reason}: {error}");
    }
}

#[test]
fn mutated_files_end_in_an_answer_or_an_error() {
    let strip: Vec<u8> = (0..4 * ROWS * COLUMNS).map(|idx| pixel(idx) as u8).collect();
    let colors =
        |meaning| page(false, 8, strip.clone()).short(258, &[8; 4]).short(262, &[meaning]).short(277, &[4]);
    let mut files = vec![
        file(&[page(true, 12, strip.clone())]),
        file(&[colors(5)]),
        file(&[colors(6).short(277, &[3]).short(258, &[8; 3]).short(530, &[2, 2])]),
        file(&[page(false, 32, strip.clone()).short(274, &[6])]),
        npy("<u2", "True", "5, 7", &strip[..70]),
        [&b"P5\n7 5\n255\n"[..], &strip[..35]].concat(),
    ];
    // compressed ones, by other programs
    if let Some(folder) = test_support::shared("data/reported") {
        let names = ["fax3.tif", "fill-order-2-fax4.tif", "zstd.tif", "cmyk.tif", "exif-orientation-6.jpg"];
        files.extend(names.iter().map(|name| std::fs::read(folder.join(name)).unwrap()));
    }
    let config = ReadConfig { most_bytes: 64 << 20, ..ReadConfig::default() };
    let mut state = 1_u64;
    let mut next = |below: usize| {
        // xorshift (Marsaglia 2003)
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % below as u64) as usize
    };
    for (idx, whole) in files.iter().enumerate() {
        for round in 0..200 {
            let mut bytes = whole.clone();
            // anywhere, or among the tags at either end
            let (from, room) = match round % 3 {
                0 => (0, bytes.len()),
                1 => (0, bytes.len().min(300)),
                _ => (bytes.len().saturating_sub(300), bytes.len().min(300)),
            };
            for _ in 0..=next(3) {
                bytes[from + next(room)] = [0, 1, 0x80, 0xff, next(256) as u8][next(5)];
            }
            if round % 7 == 0 {
                bytes.truncate(next(bytes.len()));
            }
            let source = Source::from_bytes(Path::new("file"), bytes);
            let read = std::panic::catch_unwind(|| Micrograph::from_source(&source, &config).is_ok());
            assert!(read.is_ok(), "file {idx}, round {round}");
        }
    }
}
