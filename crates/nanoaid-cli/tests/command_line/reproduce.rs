//! `reproduce`: the figures of the paper without files, with a folder, with trained starts; what is missing is named.

use crate::page::assert_self_contained;
use crate::program::Place;

#[test]
fn figures_without_files_have_a_page_and_their_views_replay() {
    let place = Place::new();
    let command = ["reproduce", "table1", "fig1", "fig6", "fig4", "--out", "paper"];
    let said = place.run(&command).ended_with(0).told(&["fig4 was not made", "--start"]);
    assert!(said.out.contains("index.html"), "{}", said.out);
    let page = place.text("paper/index.html");
    assert_self_contained(&page);
    for part in
        ["Table 1", "Fig. 1", "Fig. 4", "Fig. 6", "Depth 3", "Not made", "drawn with a pitch of 200 nm"]
    {
        assert!(page.contains(part), "{part}");
    }
    let made = place.json("paper/reproduce.json");
    let names: Vec<&str> =
        made["figures"].as_array().unwrap().iter().map(|figure| figure["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["table1", "fig1", "fig4", "fig6"]);
    let said = place.run(&["replay", "paper/fig1/record.json", "--out", "again"]).ended_with(0);
    assert!(said.out.contains("the same bytes"), "{}", said.out);
    place.run(&["replay", "paper/fig6/02.json", "--out", "again-6"]).ended_with(0);
    // a folder with files is not written over
    place.run(&command).ended_with(1).told(&["--force"]);
}

#[test]
fn starts_are_shown_side_by_side_and_classes_of_a_folder_are_compared() {
    let place = Place::new();
    for n in 0..6_u64 {
        place.micrograph(&format!("data/fibres/{n}.png"), (96, 128), 2 * n);
        place.micrograph(&format!("data/particles/{n}.png"), (128, 96), 2 * n + 1);
    }
    for (start, more) in [("random", &[][..]), ("frozen", &["--base", "autoencoder"])] {
        let train =
            ["train", "classifier", "data", "--start", start, "--epochs", "1", "--views-per-epoch", "8"];
        let train = [&train[..], more, &["--out", start]].concat();
        let code = place.run(&train).code;
        assert!(matches!(code, Some(0 | 3 | 4)), "{start}: {code:?}");
    }
    let command = [
        "reproduce",
        "fig4",
        "fig2",
        "--data",
        "data",
        "--classifier",
        "random",
        "--start",
        "random",
        "--start",
        "frozen",
        "--steps",
        "2",
        "--out",
        "paper",
        "--json",
    ];
    let said = place.run(&command).ended_with(0);
    let made: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    let (classes, starts) = (&made["figures"][0]["shown"], &made["figures"][1]["shown"]);
    assert_eq!(classes["classes"].as_array().unwrap().len(), 2);
    assert!(classes["comparison"]["contrast"]["n_dead"].is_u64());
    // frozen first, as in the paper, and what no run was given of
    let order: Vec<&str> =
        starts["starts"].as_array().unwrap().iter().map(|start| start["start"].as_str().unwrap()).collect();
    assert_eq!((order, &starts["absent"]), (vec!["frozen", "random"], &serde_json::json!(["fine-tuned"])));
    for picture in starts["starts"][0]["channels"].as_array().unwrap() {
        assert!(place.path("paper").join(picture["picture"].as_str().unwrap()).is_file(), "{picture}");
    }
    assert_self_contained(&place.text("paper/index.html"));
}

#[test]
fn what_cannot_be_used_is_named() {
    let place = Place::new();
    place.run(&["reproduce", "fig7"]).ended_with(2).told(&["fig7", "table1, fig1"]);
    place.run(&["reproduce", "fig4", "--start", "nowhere", "--out", "a"]).ended_with(1).told(&["nowhere"]);
    place.run(&["reproduce", "fig2", "--data", "nowhere", "--out", "b"]).ended_with(1).told(&["nowhere"]);
    assert!(!place.path("b").exists() || std::fs::read_dir(place.path("b")).unwrap().next().is_none());
    let other = ["reproduce", "fig1", "--autoencoder", "classifier", "--out", "d"];
    place.run(&other).ended_with(1).told(&["classifier", "no autoencoder", "--autoencoder"]);
    place.micrograph("data/a/0.png", (64, 64), 0);
    place.micrograph("data/b/0.png", (64, 64), 1);
    let wrong = ["reproduce", "fig2", "--data", "data", "--contrast", "a:c", "--out", "e"];
    place.run(&wrong).ended_with(1).told(&["class c", "a, b", "--contrast"]);
    let said = place.run(&["reproduce", "fig2", "--classifier", "autoencoder", "--out", "c"]).ended_with(0);
    said.told(&["fig2 was not made", "no named classes", "--classifier"]);
}
