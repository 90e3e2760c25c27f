//! `explain`: a page, numbers and pictures for each micrograph, the same again from the record, and clear errors.

use crate::page::assert_self_contained;
use crate::program::{Place, assert_same_files};

#[test]
fn a_micrograph_is_explained_and_the_record_replays() {
    let place = Place::new();
    place.micrograph("a.png", (96, 128), 0);
    let explain =
        ["explain", "a.png", "--methods", "hires-cam,lrp", "--maps", "--no-structures", "--out", "out"];
    let said = place.run(&explain).ended_with(0);
    assert!(said.out.contains("hires-cam") && said.out.contains("deletion"), "{}", said.out);
    let record = place.json("out/a.json");
    let methods = record["explanation"]["methods"].as_array().unwrap();
    assert_eq!(methods.len(), 2);
    let complete = &methods[0]["completeness"];
    let (sum, expected) = (complete["sum"].as_f64().unwrap(), complete["expected"].as_f64().unwrap());
    assert!((sum - expected).abs() < 0.01 * expected.abs(), "the map sums up to the score: {complete}");
    let page = place.text("out/a.html");
    assert_self_contained(&page);
    assert!(page.contains("why class ") && page.contains("a.lrp.jpg"), "{page}");
    for file in ["a.micrograph.jpg", "a.hires-cam.jpg", "a.attributions.tif", "methods.csv"] {
        assert!(place.path("out").join(file).exists(), "{file}");
    }
    place.run(&["replay", "out/a.json", "--out", "again"]).ended_with(0);
    for file in ["a.json", "a.lrp.jpg", "a.attributions.tif"] {
        let [found, expected] =
            ["again", "out"].map(|folder| std::fs::read(place.path(folder).join(file)).unwrap());
        assert!(found == expected, "{file}");
    }
}

#[test]
fn units_lead_to_their_pages_in_a_site() {
    let place = Place::new();
    for (n, category) in [(0, "a"), (1, "a"), (2, "b"), (3, "b")] {
        place.micrograph(&format!("images/{category}/{n}.png"), (96, 96), n);
    }
    let site = "site autoencoder --data images --layer encoder.1 --presets fast --steps 1 --out site";
    place.run(&site.split(' ').collect::<Vec<_>>()).ended_with(0);
    let explain = "explain images/a/0.png --quick --no-structures --site site";
    let of_unit = " --run autoencoder --unit encoder.2:3 --layer encoder.1 --out linked";
    let unit = explain.to_owned() + of_unit;
    place.run(&unit.split(' ').collect::<Vec<_>>()).ended_with(0);
    let page = place.text("linked/0.html");
    assert!(page.contains("href=\"../site/networks/autoencoder/encoder.1/"), "{page}");
    let classifier = place.run(&explain.split(' ').collect::<Vec<_>>()).ended_with(1);
    classifier.told(&["--site site", "does not show classifier"]);
}

#[test]
fn a_folder_has_one_page_over_all_and_bad_files_are_named() {
    let place = Place::new();
    place.micrograph("images/a.png", (96, 128), 0);
    place.micrograph("images/b.png", (96, 96), 1);
    std::fs::write(place.path("images/broken.png"), "these are words").unwrap();
    let explain = ["explain", "images", "--methods", "grad-cam", "--no-structures", "--out", "out"];
    let said = place.run(&explain).ended_with(3);
    assert!(said.err.contains("skipped") && said.err.contains("broken.png"), "{}", said.err);
    let page = place.text("out/report.html");
    assert_self_contained(&page);
    assert!(page.contains("a.html") && page.contains("b.html"), "{page}");
    let table = place.text("out/summary.csv");
    // a method and three controls
    assert_eq!(table.lines().count(), 1 + 4, "{table}");
    assert!(table.lines().nth(1).unwrap().starts_with("grad-cam,blur,2,2,"), "{table}");
    // both of one laboratory, then one that the index does not know
    let grouped = |rows: &str| {
        std::fs::write(place.path("index.csv"), rows).unwrap();
        let options = ["--groups", "index.csv", "--out", "grouped", "--force"];
        place.run(&[&["explain", "images/a.png", "images/b.png"], &explain[2..5], &options].concat())
    };
    for (other, n_groups, n_said) in [("images/b.png", 1, 0), ("other.png", 2, 1)] {
        let said = grouped(&format!("file,group\nimages/a.png,lab\n{other},lab\n")).ended_with(0);
        assert_eq!(
            said.err.matches("1 of 2 micrographs are not in the index").count(),
            n_said,
            "{}",
            said.err
        );
        let table = place.text("grouped/summary.csv");
        assert!(table.contains(&format!("grad-cam,blur,2,{n_groups},")), "{table}");
    }
    grouped("file,category\nimages/a.png,x\n").ended_with(1).told(&["--groups", "column `group`"]);
    // the same from one thread
    let mut command = place.command(&[
        "explain",
        "images/a.png",
        "--methods",
        "grad-cam",
        "--no-structures",
        "--out",
        "one",
    ]);
    assert!(command.env("RAYON_NUM_THREADS", "1").output().unwrap().status.success());
    place
        .run(&["explain", "images/a.png", "--methods", "grad-cam", "--no-structures", "--out", "many"])
        .ended_with(0);
    assert_same_files("threads", &place.path("one"), &place.path("many"));
}

#[test]
fn units_of_other_networks_are_explained_and_what_is_not_there_is_named() {
    let place = Place::new();
    place.micrograph("a.png", (96, 128), 0);
    let quick = ["explain", "a.png", "--quick", "--no-structures"];
    let unit = ["--run", "autoencoder", "--unit", "encoder.2:5", "--out", "unit"];
    let said = place.run(&[&quick[..], &unit].concat()).ended_with(0);
    assert!(said.out.contains("unit encoder.2:5, score"), "{}", said.out);
    let out = ["--out", "none"];
    for (arguments, parts) in [
        (&["--class", "fibers"][..], &["no class `fibers`, expected one of: biological, fibres"][..]),
        (&["--class", "fibres", "--against", "fibres"], &["compared with itself"]),
        (&["--run", "autoencoder"], &["the network has no classes", "--unit"]),
        (&["--unit", "nowhere:1"], &["no layer `nowhere`"]),
        (&["--methods", "hires-cam,hires-cam"], &["--methods", "each method once"]),
        (&["--steps", "0"], &["--steps", "1 to 1024"]),
        (&["--layer", "head"], &["no map on the way"]),
    ] {
        place.run(&[&quick[..], arguments, &out].concat()).ended_with(1).told(parts);
    }
    place.run(&[&quick[..], &["--methods", "gradcam"]].concat()).ended_with(2).told(&["no method `gradcam`"]);
}
