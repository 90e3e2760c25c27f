//! Files like those of public bug reports: each row of `shared/data/reported/index.md` about pixels and formats.
//!
//! What is right is in `reference.png`, which another program wrote: 160 rows of 192 pixels, lines of 12 px period.

#![expect(clippy::unwrap_used, reason = "a test may fail")]

use std::path::PathBuf;

use micrograph::read::{self, ReadConfig, is_image};
use micrograph::{Micrograph, Plane};

fn reported(name: &str) -> Option<PathBuf> {
    Some(test_support::shared("data/reported")?.join(name))
}

/// The file `name`, and the image that it shows.
fn with_reference(name: &str, reference: &str) -> Option<(Micrograph, Plane)> {
    let micrograph = Micrograph::open(reported(name)?).unwrap_or_else(|error| panic!("{error}"));
    let reference = Micrograph::open(reported(reference)?).unwrap().plane;
    assert_eq!((reference.height(), reference.width()), (160, 192));
    Some((micrograph, reference))
}

/// Whether `plane` is `scale` times `reference`, but for `most` grey levels of the reference.
fn agree(plane: &Plane, reference: &Plane, scale: f32, most: f32) {
    assert_eq!((plane.height(), plane.width()), (reference.height(), reference.width()));
    for (idx, (found, expected)) in plane.values().iter().zip(reference.values()).enumerate() {
        assert!(
            (found / scale - expected).abs() <= most,
            "pixel {idx}: {found}, expected {scale} × {expected}"
        );
    }
}

/// The correlation of two planes.
fn correlation(a: &Plane, b: &Plane) -> f64 {
    let (mean_a, mean_b) = (a.mean(), b.mean());
    let products = a.values().iter().zip(b.values());
    let sum: f64 = products.map(|(a, b)| (f64::from(*a) - mean_a) * (f64::from(*b) - mean_b)).sum();
    sum / a.values().len() as f64 / (a.variance() * b.variance()).sqrt()
}

macro_rules! shows_the_reference {
    ($($test:ident: $file:literal is $scale:literal times $reference:literal within $most:literal;)*) => {$(
        #[test]
        fn $test() {
            let Some((micrograph, reference)) = with_reference($file, $reference) else { return };
            agree(&micrograph.plane, &reference, $scale, $most);
            assert!(micrograph.facts.warnings.is_empty(), "{:?}", micrograph.facts.warnings);
        }
    )*};
}

shows_the_reference! {
    bits_in_reverse_are_turned: "fill-order-2-8bit.tif" is 1.0 times "reference.png" within 0.0;
    // the reference has 0 and 255, one bit 0 and 1
    fax_4_in_reverse_is_turned: "fill-order-2-fax4.tif" is 0.003921569 times "reference-1bit.png" within 0.001;
    fax_3_is_read: "fax3.tif" is 0.003921569 times "reference-1bit.png" within 0.001;
    a_missing_photometric_tag_means_grey: "no-photometric.tif" is 1.0 times "reference.png" within 0.0;
    undefined_samples_are_unsigned: "sample-format-undefined.tif" is 1.0 times "reference.png" within 0.0;
    a_strip_of_length_zero_has_its_rows_length: "strip-counts-zero.tif" is 1.0 times "reference.png" within 0.0;
    twelve_bits_are_unpacked: "packed-12bit.tif" is 16.0 times "reference.png" within 0.0;
    zstandard_is_read: "zstd.tif" is 1.0 times "reference.png" within 0.0;
    // black ink of 255 − level
    cmyk_becomes_grey: "cmyk.tif" is 1.0 times "reference.png" within 0.5;
    subsampled_colors_give_their_luma: "ycbcr-420-uncompressed.tif" is 1.0 times "reference.png" within 0.0;
    // coding of JPEG
    what_follows_the_end_of_a_jpeg_does_not_count: "bytes-after-end.jpg" is 1.0 times "reference.png" within 12.0;
    a_jfif_ending_is_a_jpeg: "jfif-folder/a.jfif" is 1.0 times "reference.png" within 12.0;
}

#[test]
fn a_reduced_first_page_is_passed_over() {
    let Some((micrograph, reference)) = with_reference("thumbnail-first.tif", "reference.png") else {
        return;
    };
    agree(&micrograph.plane, &reference, 1.0, 0.0);
    assert_eq!(micrograph.facts.page, 1);
    assert!(micrograph.facts.warnings.iter().any(|warning| warning.contains("page 0 is a reduced copy")));
}

#[test]
fn counts_with_a_large_offset_keep_their_contrast_and_say_what_was_subtracted() {
    let Some((micrograph, reference)) = with_reference("u32-large-offset.tif", "reference.png") else {
        return;
    };
    assert!(correlation(&micrograph.plane, &reference) > 0.999_999);
    let [warning] = micrograph.facts.warnings.as_slice() else { panic!("{:?}", micrograph.facts.warnings) };
    // the level is the file's less the number in the warning
    let offset = warning.split_once(": ").unwrap().1.split(' ').next().unwrap();
    let offset: f64 = offset.parse().unwrap();
    let level = f64::from(micrograph.plane.at(80, 96)) + offset;
    assert_eq!(level, 4.0e9 + f64::from(reference.at(80, 96)));
}

#[test]
fn a_jpeg_is_turned_as_its_exif_block_says() {
    let Some(path) = reported("exif-orientation-6.jpg") else { return };
    let micrograph = Micrograph::open(path).unwrap();
    let reference = Micrograph::open(reported("reference.png").unwrap()).unwrap().plane;
    // 6: row 0 is shown at the right, column 0 at the top
    let shown = Plane::from_fn(192, 160, |y, x| reference.at(159 - x, y));
    assert!(correlation(&micrograph.plane, &shown) > 0.99);
    assert_eq!((micrograph.facts.height, micrograph.facts.width), (192, 160));
    assert!(micrograph.facts.warnings[0].contains("turned by 90° clockwise (orientation 6)"));
}

#[test]
fn a_lossless_jpeg_is_refused_as_one() {
    let Some(path) = reported("lossless.jpg") else { return };
    for error in
        [Micrograph::open(&path).unwrap_err(), read::facts(&path, &ReadConfig::default()).unwrap_err()]
    {
        let error = error.to_string();
        assert!(error.contains("found lossless JPEG") && error.contains("save it as TIFF"), "{error}");
    }
}

#[test]
fn a_folder_takes_jfif_files() {
    assert!(is_image("a.jfif") && is_image("A.JPE"));
}

#[test]
fn other_formats_are_named_with_the_way_out() {
    for (file, name, advice) in [
        ("a.czi", "Zeiss CZI", "TIFF"),
        ("a.fits", "FITS", "TIFF"),
        ("a.nrrd", "NRRD", "TIFF"),
        ("a.ser", "SER", "TIFF"),
        ("a.jxl", "JPEG XL", "PNG or TIFF"),
        ("a.dcm", "DICOM", "TIFF"),
        ("git-lfs-pointer.tif", "a Git LFS pointer", "git lfs pull"),
    ] {
        let Some(path) = reported("other-formats") else { return };
        let error = Micrograph::open(path.join(file)).unwrap_err().to_string();
        let found = error.split_once("found ").unwrap().1;
        assert!(found.contains(name) && found.contains(advice), "{file}: {error}");
    }
}

#[test]
fn files_of_other_makers_programs_are_named() {
    for (file, name) in [
        ("phenom_eid_version4.elid", "Phenom ELID"),
        ("bruker_p45.bcf", "Bruker BCF"),
        ("thermo_velox_tem_stack.emd", "EMD"),
    ] {
        let Some(path) = test_support::shared("data/instrument2") else { return };
        let error = Micrograph::open(path.join(file)).unwrap_err().to_string();
        assert!(error.contains(name) && error.contains("export"), "{file}: {error}");
    }
}
