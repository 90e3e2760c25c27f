//! `concepts`: a page, tables and pictures; the same from any number of threads; names that stay; clear errors.

use crate::page::assert_self_contained;
use crate::program::{Place, assert_same_files};

/// Micrographs of two classes.
fn data(place: &Place) {
    for n in 0..5_u64 {
        place.micrograph(&format!("data/fibres/{n}.png"), (96, 128), n);
        place.micrograph(&format!("data/particles/{n}.png"), (128, 96), 10 + n);
    }
}

const FEW: [&str; 14] = [
    "concepts",
    "autoencoder",
    "--data",
    "data",
    "--layer",
    "encoder.2",
    "--concepts",
    "3",
    "--starts",
    "2",
    "--effects",
    "2",
    "--structures",
    "0",
];

#[test]
fn concepts_have_a_page_tables_and_names() {
    let place = Place::new();
    data(&place);
    let boxes = "file,name,y,x,height,width\nfibres/0.png,top,0,0,48,128\nfibres/1.png,top,0,0,48,128\n";
    std::fs::write(place.path("boxes.csv"), boxes).unwrap();
    let more = ["--controls", "1", "--map", "2", "--boxes", "boxes.csv", "--no-tuning", "--out", "out"];
    let command = [&FEW[..], &more].concat();
    let said = place.run(&command).ended_with(0);
    assert!(said.out.contains("3 concepts by nmf from"), "{}", said.out);
    let page = place.text("out/report.html");
    assert_self_contained(&page);
    assert!(page.contains("Concept 3") && page.contains("A map of the layer"), "{page}");
    let record = place.json("out/concepts.json");
    let concepts = record["found"]["concepts"].as_array().unwrap();
    assert_eq!(concepts.len(), 3);
    let marked = &record["found"]["marked"][0];
    assert_eq!((&marked["name"], &marked["n_files"]), (&"top".into(), &2.into()));
    assert!(marked["accuracy"].as_f64().is_some());
    let share: f64 = concepts.iter().map(|concept| concept["energy"].as_f64().unwrap()).sum();
    assert!((share - 1.0).abs() < 1e-6, "all concepts are shown: {share}");
    for concept in concepts {
        let direction = concept["direction"].as_array().unwrap();
        let squares: f64 = direction.iter().map(|value| value.as_f64().unwrap().powi(2)).sum();
        assert!((squares - 1.0).abs() < 1e-3, "a direction has the length 1: {squares}");
        assert_eq!(concept["classes"].as_array().unwrap().len(), 2);
    }
    for file in record["files"].as_object().unwrap().keys() {
        assert!(place.path("out").join(file).exists(), "{file}");
    }
    assert_eq!(place.text("out/concepts.csv").lines().count(), 1 + 3);
    assert_eq!(place.text("out/directions.csv").lines().count(), 1 + 3);

    // a name that was written is there the next time, and not for other concepts
    let names = place.text("out/names.csv").replacen("\n2,,", "\n2,edges,", 1);
    std::fs::write(place.path("out/names.csv"), names).unwrap();
    place.run(&[&command[..], &["--force"]].concat()).ended_with(0);
    assert!(place.text("out/report.html").contains("Concept 2: edges"));
    place.run(&[&command[..], &["--force", "--sparsity", "0.3"]].concat()).ended_with(0);
    assert!(!place.text("out/report.html").contains("edges"));
}

#[test]
fn concepts_are_the_same_from_one_thread() {
    let place = Place::new();
    data(&place);
    let command = [&FEW[..], &["--controls", "0", "--no-pictures", "--out"]].concat();
    let mut one = place.command(&[&command[..], &["one"]].concat());
    assert!(one.env("RAYON_NUM_THREADS", "1").output().unwrap().status.success());
    place.run(&[&command[..], &["many"]].concat()).ended_with(0);
    assert_same_files("threads", &place.path("one"), &place.path("many"));

    // the same again from the record, and off and on by hand
    place.run(&["replay", "many/concepts.json", "--out", "again"]).ended_with(0);
    let [found, expected] =
        ["again", "many"].map(|folder| std::fs::read(place.path(folder).join("concepts.json")).unwrap());
    assert!(found == expected);
    let ablate =
        ["ablate", "data/fibres/0.png", "--run", "autoencoder", "--concepts", "many", "--out", "off"];
    let said = place.run(&[&ablate[..], &["--concept", "1", "--concept", "3"]].concat()).ended_with(0);
    assert!(said.out.contains("concept 3 of encoder.2 alone"), "{}", said.out);
    assert!(said.err.contains("there are no controls"), "two of three concepts: {}", said.err);
    place.run(&["replay", "off/0.json", "--out", "off-again"]).ended_with(0);
    place
        .run(&[&ablate[..], &["--concept", "4", "--force"]].concat())
        .ended_with(1)
        .told(&["no concept 4, expected 1 to 3"]);
}

#[test]
fn what_cannot_be_taken_apart_is_named() {
    let place = Place::new();
    data(&place);
    std::fs::write(place.path("few.csv"), "file,name,y,x,height\n").unwrap();
    std::fs::write(place.path("gone.csv"), "file,name,y,x,height,width\nc.png,top,0,0,9,9\n").unwrap();
    let cases: [(&[&str], &str); 7] = [
        (&["--layer", "encoder.9"], "no layer `encoder.9`"),
        (&["--class", "fibers"], "expected one of: fibres, particles"),
        (&["--method", "svd"], "expected one of: nmf, semi-nmf, topk, k-means, pca"),
        (&["--concepts", "1"], "--concepts"),
        (&["--names", "nowhere.csv"], "nowhere.csv"),
        (&["--boxes", "few.csv"], "no column `width`"),
        (&["--boxes", "gone.csv", "--no-tuning", "--no-pictures"], "box on `c.png`"),
    ];
    for (arguments, expected) in cases {
        let command = [&["concepts", "autoencoder", "--data", "data", "--out", "out"], arguments].concat();
        let said = place.run(&command);
        assert!(said.err.contains(expected), "{arguments:?}: {}", said.err);
        let _ = std::fs::remove_dir_all(place.path("out"));
    }
}
