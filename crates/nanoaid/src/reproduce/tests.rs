//! Figures are made of what there is, and say what is missing.

use super::*;
use crate::data::dataset::DatasetConfig;
use crate::{AutoencoderConfig, CompactConfig, Device};
use micrograph::paint::gray_png;
use micrograph::synth::{Category, demo_specimens};
use micrograph::{Plane, synth};

fn autoencoder() -> Network {
    let config = AutoencoderConfig { stages: vec![4, 6, 8], latent: 2, ..AutoencoderConfig::default() };
    Network::random(Architecture::Autoencoder(config), 0, Device::Cpu).unwrap()
}

fn classifier() -> Network {
    let names = ["mems", "particles"].map(str::to_owned).to_vec();
    let config = CompactConfig { stages: vec![4, 6], classes: names, ..CompactConfig::default() };
    Network::random(Architecture::Compact(config), 0, Device::Cpu).unwrap()
}

/// A folder of categories with synthetic files, `n` in each.
fn folder_of(categories: &[&str], n: usize) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (place, category) in categories.iter().enumerate() {
        std::fs::create_dir_all(folder.path().join(category)).unwrap();
        for number in 0..n {
            let plane = Plane::from_fn(64, 80, |y, x| {
                ((y * (3 + place) + x * (5 + number) + (y * x) % 7) % 11) as f32 / 10.0
            });
            let file = folder.path().join(category).join(format!("{number}.png"));
            std::fs::write(file, gray_png(&plane, 0.0, 1.0)).unwrap();
        }
    }
    folder
}

fn made(
    figures: &[FigureName],
    data: Option<&Path>,
    starts: &[PathBuf],
    out: &Path,
) -> Result<Reproduction, ReproduceError> {
    let (autoencoder, classifier) = (autoencoder(), classifier());
    let dataset = data.map(|path| Dataset::open(path, &DatasetConfig::default()).unwrap());
    let demo = &demo_specimens()[0];
    let drawn = synth::micrograph(&demo.config, demo.seed).unwrap();
    let bytes = gray_png(&drawn.plane, 0.0, 255.0);
    let input = ReproduceInput {
        figures: figures.to_vec(),
        data: data.zip(dataset.as_ref()),
        built_in: BuiltInMicrograph { file: "built-in.png", bytes: &bytes, about: "built in" },
        autoencoder: (Path::new("autoencoder"), &autoencoder),
        classifier: (Path::new("classifier"), &classifier),
        segmenter: None,
        starts,
        config: ReproduceConfig { synthetic_per_category: 2, steps: Some(2), ..ReproduceConfig::default() },
    };
    let folder = OutputFolder::create(out, false).unwrap();
    reproduce(&input, &|_| String::new(), &folder, &mut |_| ControlFlow::Continue(()))
}

fn shown(made: &Reproduction) -> Vec<(FigureName, &Shown)> {
    made.figures.iter().map(|figure| (figure.name, &figure.shown)).collect()
}

#[test]
fn a_figure_takes_micrographs_of_the_preferred_categories_and_of_the_test_split() {
    let data = folder_of(&["a", "mems", "particles"], 12);
    let out = tempfile::tempdir().unwrap();
    let wanted = [FigureName::Fig5, FigureName::Fig1, FigureName::Fig3, FigureName::Fig1];
    let made = made(&wanted, Some(data.path()), &[], &out.path().join("out")).unwrap();
    let dataset = Dataset::open(data.path(), &DatasetConfig::default()).unwrap();
    let mut categories = Vec::new();
    for (_, shown) in shown(&made) {
        let Shown::Lens(lens) = shown else { panic!("expected the lens") };
        assert_eq!(lens.depths.iter().map(|depth| depth.depth).collect::<Vec<_>>(), [1, 2, 3]);
        let file = out.path().join("out").join(&lens.depths[2].sheet);
        assert!(file.is_file(), "{}", file.display());
        let entry = dataset.entries.iter().find(|entry| entry.file == lens.micrograph).unwrap();
        let has_test = |entry: &&crate::data::dataset::Entry| {
            entry.category == lens.category && entry.split == crate::data::dataset::Split::Test
        };
        assert_eq!(
            entry.split == crate::data::dataset::Split::Test,
            dataset.entries.iter().any(|e| has_test(&e))
        );
        categories.push(lens.category.clone().unwrap());
    }
    // nothing of the third preference, so the first file that is left
    assert_eq!(categories[..2], ["mems", "particles"]);
    assert_eq!(
        made.figures.iter().map(|figure| figure.name.name()).collect::<Vec<_>>(),
        ["fig1", "fig3", "fig5"]
    );
}

#[test]
fn what_is_missing_is_said_and_the_other_figures_are_made() {
    let data = folder_of(&["grains"], 2);
    let out = tempfile::tempdir().unwrap();
    let made = made(&[], Some(data.path()), &[], &out.path().join("out")).unwrap();
    assert_eq!(made.figures.len(), FigureName::ALL.len());
    for (name, shown) in shown(&made) {
        match (name, shown) {
            (FigureName::Fig4 | FigureName::Fig5 | FigureName::Fig6, Shown::Missing { reason, advice }) => {
                let names_what_to_do = advice.contains("--") || advice.contains("nanoaid");
                assert!(!reason.is_empty() && names_what_to_do, "{name}: {reason}. {advice}");
            }
            (FigureName::Table1, Shown::Data(table)) => {
                assert_eq!((table.rows.len(), table.rows[0].n, table.rows[0].n_groups), (1, 2, 2));
            }
            (FigureName::Fig1 | FigureName::Fig3, Shown::Lens(_)) => {}
            (FigureName::Fig2, Shown::Classes(found)) => {
                assert!(found.comparison.is_none() && found.classes.len() == 2);
            }
            (name, shown) => panic!("{name}: {shown:?}"),
        }
    }
}

#[test]
fn the_same_figures_come_out_twice_and_without_data_synthetic_ones_stand_in() {
    let out = tempfile::tempdir().unwrap();
    let figures = [FigureName::Table1, FigureName::Fig1, FigureName::Fig2];
    let made = |name: &str| made(&figures, None, &[], &out.path().join(name)).unwrap();
    let (one, other) = (made("one"), made("other"));
    let Shown::Data(table) = &one.figures[0].shown else { panic!("expected a table") };
    assert!(table.synthetic && table.rows.len() == Category::ALL.len());
    let Shown::Classes(found) = &one.figures[2].shown else { panic!("expected classes") };
    let comparison = found.comparison.as_ref().expect("micromachines and particles are among the categories");
    assert_eq!(comparison.contrast.b.classes, ["particles"]);
    // the specimens have no data bars, so only the random weights are a control
    let controls: Vec<&str> = comparison.controls.others.iter().map(|other| other.name.as_str()).collect();
    assert_eq!(controls, [crate::atlas::RANDOM_WEIGHTS]);
    for unit in found.more_in_a.iter().chain(&found.more_in_b) {
        assert!(
            unit.auc.value > 0.5 && unit.auc.interval.is_none_or(|interval| interval.holds(unit.auc.value))
        );
    }
    let text = |name: &str| std::fs::read_to_string(out.path().join(name).join(RESULT)).unwrap();
    assert_eq!(text("one"), text("other"));
    assert_eq!(one.data_sha256, other.data_sha256);
    for picture in &found.classes {
        let bytes = |name: &str| std::fs::read(out.path().join(name).join(&picture.picture)).unwrap();
        assert_eq!(bytes("one"), bytes("other"), "{}", picture.picture);
    }
}

#[test]
fn a_pattern_is_measured_and_a_damaged_file_is_named() {
    let data = folder_of(&["patterned_surface"], 2);
    let broken = data.path().join("patterned_surface/broken.png");
    std::fs::write(&broken, b"\x89PNG\r\n\x1a\nno").unwrap();
    let out = tempfile::tempdir().unwrap();
    let made = made(&[FigureName::Fig6], Some(data.path()), &[], &out.path().join("out")).unwrap();
    let Shown::Patterned(found) = &made.figures[0].shown else { panic!("expected patterns") };
    assert_eq!((found.n_all, found.micrographs.len()), (3, 3));
    for one in &found.micrographs {
        if one.micrograph.ends_with("broken.png") {
            assert!(one.failed.as_ref().unwrap().contains("broken.png") && one.report.is_none());
        } else {
            assert!(
                one.report.is_some() && out.path().join("out").join(one.overlay.as_ref().unwrap()).is_file()
            );
        }
    }
}

#[test]
fn a_start_has_to_be_a_run_of_a_classifier() {
    let out = tempfile::tempdir().unwrap();
    let nowhere = out.path().join("nowhere");
    let error =
        made(&[FigureName::Fig4], None, std::slice::from_ref(&nowhere), &out.path().join("out")).unwrap_err();
    assert!(error.to_string().contains("nowhere"), "{error}");
}

#[test]
fn the_built_in_lattice_has_the_pitch_that_it_was_drawn_with() {
    let out = tempfile::tempdir().unwrap();
    let made = made(&[FigureName::Fig6], None, &[], &out.path().join("out")).unwrap();
    let Shown::Patterned(found) = &made.figures[0].shown else { panic!("expected patterns") };
    let lattice = &found.micrographs[1];
    assert!(lattice.known.as_ref().unwrap().contains("200 nm"), "{:?}", lattice.known);
    let findings = lattice.report.as_ref().unwrap().answers.iter().flat_map(|answer| &answer.findings);
    let first = findings.into_iter().find(|finding| finding.name == "first vector").expect("a lattice");
    assert!((first.quantity.value - 200.0).abs() < 1.0, "{}", first.quantity.text());
}
