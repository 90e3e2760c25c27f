//! `lens` and `replay`: what is written, what is refused, and that it comes out the same again.

use std::fs::{self, File};
use std::io::BufReader;

use tiff::decoder::Decoder;
use tiff::tags::Tag;

use crate::page::assert_self_contained;
use crate::program::{Place, files};

fn place() -> Place {
    let place = Place::new();
    place.micrograph("a.png", (72, 104), 0);
    place
}

#[test]
fn one_depth_of_one_micrograph_gives_pictures_numbers_page_and_record() {
    let place = place();
    let said = place.run(&["lens", "a.png", "--depth", "2", "--out", "out"]).ended_with(0);
    assert!(said.out.contains("out/report.html"), "{}", said.out);
    let found: Vec<String> = files(&place.path("out")).into_keys().collect();
    let expected = [
        "encoder.2.false-color.jpg",
        "encoder.2.sheet-shared-scale.png",
        "encoder.2.sheet.png",
        "error-map.png",
        "error-overlay.jpg",
        "micrograph.jpg",
        "reconstruction.jpg",
        "record.json",
        "relative-error-map.png",
        "report.html",
        "result.json",
        "settings.json",
    ];
    assert_eq!(found, expected);
    for picture in found.iter().filter(|name| name.ends_with(".png") || name.ends_with(".jpg")) {
        let picture = image::open(place.path(&format!("out/{picture}"))).unwrap();
        assert!(picture.width() >= 26 && picture.height() >= 18);
    }
    assert_self_contained(&place.text("out/report.html"));
    let page = place.text("out/report.html");
    for picture in found.iter().filter(|name| name.ends_with(".png") || name.ends_with(".jpg")) {
        assert!(page.contains(&format!("src=\"{picture}\"")), "{picture} is not on the page");
    }
    let result = place.json("out/result.json");
    assert_eq!(
        (&result["layers"][0]["layer"], &result["layers"][0]["stride"]),
        (&"encoder.2".into(), &4.into())
    );
    assert_eq!(
        (&result["layers"][0]["maps"]["height"], &result["layers"][0]["maps"]["width"]),
        (&18.into(), &26.into())
    );
}

#[test]
fn a_flat_micrograph_is_an_error_and_has_no_maps() {
    let place = Place::new();
    let constant = image::ImageBuffer::from_pixel(104, 72, image::Luma([12_345_u16]));
    constant.save(place.path("constant.png")).unwrap();
    // noise of one level, as independent from pixel to pixel as a multiplicative hash makes it
    let noisy = image::GrayImage::from_fn(104, 72, |x, y| {
        let hash = (u64::from(104 * y + x) + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        image::Luma([117 + ((hash ^ (hash >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 63) as u8])
    });
    noisy.save(place.path("noisy.png")).unwrap();
    for (name, reason) in
        [("constant.png", "are 12345"), ("noisy.png", "only noise of the last digit, from 117 to 118")]
    {
        let said = place.run(&["lens", name, "--depth", "1", "--out", "out", "--force"]).ended_with(1);
        assert!(said.err.contains("found a flat one") && said.err.contains(reason), "{}", said.err);
        assert!(!place.path("out").exists(), "{name}: an empty folder is left behind");
    }
}

#[test]
fn a_folder_with_files_is_written_to_only_by_force() {
    let place = place();
    fs::create_dir(place.path("out")).unwrap();
    fs::write(place.path("out/mine.txt"), "mine").unwrap();
    let arguments = ["lens", "a.png", "--depth", "1", "--out", "out"];
    place.run(&arguments).ended_with(1).told(&["out", "--force"]);
    assert_eq!(files(&place.path("out")).len(), 1);
    place.run(&[&arguments[..], &["--force"]].concat()).ended_with(0);
    assert_eq!(place.text("out/mine.txt"), "mine");
    assert!(place.path("out/report.html").is_file());
}

#[test]
fn json_is_all_that_is_printed_and_equals_the_file() {
    let place = place();
    let said = place.run(&["lens", "a.png", "--depth", "3", "--out", "out", "--json"]).ended_with(0);
    let printed: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(printed[0]["layers"], place.json("out/result.json")["layers"]);
    assert_eq!((&printed[0]["image"], &printed[0]["folder"]), (&"a.png".into(), &"out".into()));
}

#[test]
fn what_is_not_there_is_refused_before_anything_is_written() {
    let place = place();
    fs::write(place.path("notes.png"), "words").unwrap();
    let cases: [(&[&str], &[&str]); 7] = [
        (&["a.png", "--depth", "9"], &["depth 9", "1 to 3"]),
        (&["a.png", "--depth", "0"], &["depth 0", "1 to 3"]),
        (&["a.png", "--layer", "encoder.7"], &["encoder.7", "encoder.1.relu", "36 in all"]),
        (&["a.png", "--run", "nowhere"], &["nowhere", "autoencoder, classifier"]),
        (&["a.png", "--nm-per-px=-5"], &["a.png", "pixel size", "-5"]),
        (&["notes.png"], &["notes.png"]),
        (&["none.png"], &["none.png"]),
    ];
    for (arguments, parts) in cases {
        let arguments = [&["lens", "--out", "out"], arguments].concat();
        let said = place.run(&arguments);
        assert_ne!(said.code, Some(0), "{arguments:?}");
        let said = said.told(parts);
        assert!(said.out.is_empty(), "{arguments:?}: {}", said.out);
        let written = place.path("out").exists() && !files(&place.path("out")).is_empty();
        assert!(!written, "{arguments:?}");
    }
}

#[test]
fn several_micrographs_get_a_page_each_and_bad_ones_are_named() {
    let place = place();
    place.micrograph("b.png", (64, 64), 1);
    fs::write(place.path("notes.png"), "words").unwrap();
    let said = place
        .run(&["lens", "a.png", "notes.png", "b.png", "--depth", "1", "--out", "out"])
        .ended_with(3)
        .told(&["skipped", "notes.png"]);
    assert!(said.out.contains("a.png") && said.out.contains("b.png"), "{}", said.out);
    let contents = place.text("out/index.html");
    assert_self_contained(&contents);
    for name in ["a", "b"] {
        assert!(contents.contains(&format!("href=\"{name}/report.html\"")), "{name}");
        assert!(place.path(&format!("out/{name}/report.html")).is_file());
    }
    place.run(&["lens", "a.png", "b.png", "--depth", "1", "--out", "good"]).ended_with(0);
}

#[test]
fn maps_are_calibrated_by_the_stride() {
    let place = place();
    let arguments =
        ["lens", "a.png", "--depth", "2", "--nm-per-px", "5", "--maps", "tiff,npz", "--out", "out"];
    place.run(&arguments).ended_with(0);
    let file = File::open(place.path("out/encoder.2.maps.tif")).unwrap();
    let mut decoder = Decoder::new(BufReader::new(file)).unwrap();
    let mut n_pages = 1;
    assert_eq!(decoder.dimensions().unwrap(), (26, 18));
    let resolution = |decoder: &mut Decoder<_>, tag| -> f64 {
        let parts = decoder.get_tag_u32_vec(tag).unwrap();
        f64::from(parts[0]) / f64::from(parts[1])
    };
    // ImageJ reads pixels per unit, and the unit from the description
    let description = decoder.get_tag_ascii_string(Tag::ImageDescription).unwrap();
    assert!(description.contains("unit=nm\n"), "{description}");
    for tag in [Tag::XResolution, Tag::YResolution] {
        let nm_per_px = 1.0 / resolution(&mut decoder, tag);
        assert!((nm_per_px / 20.0 - 1.0).abs() < 1e-4, "{nm_per_px}");
    }
    let result = place.json("out/result.json");
    assert_eq!(result["layers"][0]["map_calibration"]["nm_per_px_y"], 20.0);
    let n_channels = result["layers"][0]["channels"].as_array().unwrap().len();
    while decoder.more_images() {
        decoder.next_image().unwrap();
        n_pages += 1;
    }
    assert_eq!(n_pages, n_channels);
    assert!(fs::read(place.path("out/encoder.2.maps.npz")).unwrap().starts_with(b"PK"));
}

#[test]
fn a_name_that_is_markup_is_shown_as_text() {
    let place = Place::new();
    let name = "<script>alert(1)<!-- \"&.png";
    place.micrograph(name, (64, 72), 3);
    place.micrograph("b.png", (64, 72), 3);
    place.run(&["lens", name, "b.png", "--depth", "1", "--out", "out"]).ended_with(0);
    for (page, html) in files(&place.path("out")).iter().filter(|(name, _)| name.ends_with(".html")) {
        let html = String::from_utf8_lossy(html);
        assert!(!html.contains("<script>alert"), "{page}");
        assert_self_contained(&html);
    }
    assert!(place.text("out/index.html").contains("&lt;script&gt;alert(1)"));
}

#[test]
fn a_replay_gives_the_same_bytes_until_something_is_changed() {
    let place = place();
    let arguments =
        ["lens", "a.png", "--depth", "1", "--nm-per-px", "5", "--maps", "tiff,npz", "--out", "out"];
    place.run(&arguments).ended_with(0);
    let said = place.run(&["replay", "out/record.json", "--out", "again"]).ended_with(0);
    assert!(said.out.starts_with("the same bytes"), "{}", said.out);
    // what a folder is for belongs to the call that fills it
    let mut made = files(&place.path("out"));
    made.remove("settings.json").expect("it is resumed by this");
    assert_eq!(files(&place.path("again")), made);
    place.run(&["replay", "out/record.json", "--out", "again"]).ended_with(1).told(&["again", "--force"]);

    let record = place.text("out/record.json");
    let hash_of = |group: &str, name: &str| {
        place.json("out/record.json")[group][name].as_str().expect("the record has hashes").to_owned()
    };
    let (hash, network) = (hash_of("files", "report.html"), hash_of("network", "sha256"));
    let changed = [
        (record.replace(&hash, &hash.replace(['0', '1'], "2")), "report.html"),
        (record.replace("\"schema_version\": 2", "\"schema_version\": 9"), "schema version"),
        (record.replace(&network, &network.replace(['0', '1'], "2")), "network's SHA-256"),
        (record.replace("a.png", "c.png"), "c.png"),
        (record[..record.len() / 2].to_owned(), "changed.json"),
    ];
    for (i, (text, told)) in changed.into_iter().enumerate() {
        fs::write(place.path("changed.json"), text).unwrap();
        place.run(&["replay", "changed.json", "--out", &format!("changed {i}")]).ended_with(1).told(&[told]);
    }
    place.micrograph("a.png", (72, 104), 1);
    place.run(&["replay", "out/record.json", "--out", "other image"]).ended_with(1).told(&[
        "SHA-256 of",
        "a.png",
        "the record says",
    ]);
}

#[test]
fn a_folder_that_was_begun_is_resumed_and_what_is_whole_is_not_made_again() {
    let place = place();
    place.micrograph("b.png", (64, 64), 1);
    place.micrograph("c.png", (64, 72), 2);
    let lens = |more: &[&str]| {
        place.run(&[&["lens", "a.png", "b.png", "c.png", "--depth", "1", "--out", "out"], more].concat())
    };
    lens(&[]).ended_with(0);
    let whole = files(&place.path("out"));
    // as if the run had ended in the second one, and the third were damaged
    fs::remove_file(place.path("out/b/record.json")).unwrap();
    fs::write(place.path("out/c/result.json"), "{}").unwrap();
    let kept = fs::metadata(place.path("out/a/report.html")).unwrap().modified().unwrap();
    let said = lens(&[]).ended_with(0).told(&["1 of 3 were there already"]);
    assert!(said.out.contains("a.png") && said.out.contains("b.png"), "{}", said.out);
    assert_eq!(files(&place.path("out")), whole, "the same bytes as before");
    assert_eq!(fs::metadata(place.path("out/a/report.html")).unwrap().modified().unwrap(), kept);
    // other settings are another folder
    lens(&["--order", "channel"]).ended_with(1).told(&["out", "--force"]);
    // another image of that name is seen anew
    place.micrograph("a.png", (72, 104), 9);
    lens(&[]).ended_with(0).told(&["2 of 3 were there already"]);
    assert_ne!(files(&place.path("out"))["a/record.json"], whole["a/record.json"]);
}

#[test]
fn shared_colors_are_the_same_for_all_and_replay() {
    let place = place();
    place.micrograph("b.png", (64, 64), 1);
    let arguments = ["lens", "a.png", "b.png", "--depth", "2", "--shared-colors", "--out", "out"];
    place.run(&arguments).ended_with(0);
    let basis = |name: &str| place.json(&format!("out/{name}/record.json"))["settings"]["colors"].clone();
    assert_eq!(basis("a"), basis("b"));
    assert_eq!(basis("a")[0]["n_images"], 2);
    assert!(place.text("out/a/report.html").contains("A color means the same on all their pages"));
    place.run(&["replay", "out/a/record.json", "--out", "again"]).ended_with(0);
    // alone it has colors of its own
    place.run(&["lens", "a.png", "--depth", "2", "--out", "alone"]).ended_with(0);
    assert!(place.text("alone/report.html").contains("between micrographs they cannot be compared"));
    let picture = "encoder.2.false-color.jpg";
    assert_ne!(
        fs::read(place.path(&format!("out/a/{picture}"))).unwrap(),
        fs::read(place.path(&format!("alone/{picture}"))).unwrap()
    );
}

#[test]
fn the_class_with_its_reliability_stands_on_the_page_and_single_maps_are_files() {
    let place = place();
    let arguments = ["lens", "a.png", "--depth", "1", "--maps", "png", "--scale-bar", "none", "--out", "out"];
    place.run(&arguments).ended_with(0);
    let class = &place.json("out/result.json")["class"];
    let said = place.run(&["classify", "a.png", "--json"]).ended_with(0);
    let classified: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(class["answer"]["probabilities"], classified[0]["probabilities"], "as `classify` gives it");
    let page = place.text("out/report.html");
    let first = classified[0]["probabilities"][0]["class"].as_str().unwrap().replace('_', " ");
    assert!(page.contains(&first) && page.contains("on other laboratories' images"), "class and reliability");
    assert!(page.contains("squared activations"), "terms are explained");
    let map = image::open(place.path("out/encoder.1.0.png")).unwrap();
    assert_eq!((map.height(), map.width()), (36, 52), "one pixel a position");
    place.run(&["lens", "a.png", "--depth", "1", "--no-class", "--out", "none"]).ended_with(0);
    assert!(place.json("none/result.json")["class"].is_null());
}

#[test]
fn every_page_of_a_file_of_several_gets_a_view() {
    let place = Place::new();
    let mut file = std::io::BufWriter::new(File::create(place.path("stack.tif")).unwrap());
    let mut encoder = tiff::encoder::TiffEncoder::new(&mut file).unwrap();
    for page in 0..3_u32 {
        let pixels: Vec<u8> =
            (0..64 * 48_u32).map(|i| ((i * i / 7 + 31 * i * (page + 1)) % 251) as u8).collect();
        encoder.write_image::<tiff::encoder::colortype::Gray8>(48, 64, &pixels).unwrap();
    }
    drop(file);
    let arguments = ["lens", "stack.tif", "--pages", "all", "--depth", "1", "--out", "out"];
    let said = place.run(&arguments).ended_with(0);
    for page in 0..3 {
        assert!(said.out.contains(&format!("page {page} of 3")), "{}", said.out);
        let folder = format!("out/stack-page-{page}");
        assert_eq!(place.json(&format!("{folder}/result.json"))["settings"]["page"], page);
        assert!(place.text("out/index.html").contains(&format!("stack-page-{page}/report.html")));
    }
}

#[test]
fn sheets_for_print_have_their_resolution_and_letters_that_can_be_edited() {
    let place = place();
    let lens = ["lens", "a.png", "--depth", "1", "--top", "6", "--nm-per-px", "5", "--out", "out"];
    place.run(&[&lens[..], &["--dpi", "300", "--svg"]].concat()).ended_with(0);
    let file = BufReader::new(File::open(place.path("out/encoder.1.sheet.png")).unwrap());
    let reader = png::Decoder::new(file).read_info().unwrap();
    let dims = reader.info().pixel_dims.unwrap();
    // 300 dots in 25.4 mm
    assert_eq!((dims.xppu, dims.yppu, dims.unit), (11_811, 11_811, png::Unit::Meter));
    let text = place.text("out/encoder.1.sheet.svg");
    let sheet = image::open(place.path("out/encoder.1.sheet.png")).unwrap();
    let width = format!("width=\"{:.2}mm\"", 200.0 * f64::from(sheet.width()) / 2362.0);
    assert!(text.starts_with("<svg") && text.contains(&width), "{width}: {text:.200}");
    assert!(place.text("out/encoder.1.sheet-shared-scale.svg").contains("viewBox"));
    let n_maps = text.matches("<image ").count();
    let n_named = text.matches(">encoder.1:").count();
    assert_eq!((n_maps, n_named), (6, 6));
    assert!(text.contains(" nm</text>") || text.contains(" µm</text>"), "a scale bar with its length");
    assert!(place.text("out/report.html").contains("href=\"encoder.1.sheet.svg\""));
    assert_eq!(place.json("out/record.json")["settings"]["dpi"], 300);
    place.run(&["replay", "out/record.json"]).ended_with(0);
    let wrong = ["lens", "a.png", "--dpi", "5", "--out", "other"];
    place.run(&wrong).ended_with(1).told(&["--dpi", "50 to 1200", "found 5"]);
}
