//! The figures of `assets/README.md` are those of the result files beside it; `UPDATE_GOLDEN=1` writes
//! them anew.

use std::fmt::Write as _;
use std::path::PathBuf;

use nanoaid::evaluate::classifier::{ClassifierReport, Estimate};
use nanoaid::train::TrainResult;
use serde::Deserialize;

/// The evaluation in `classifier-result.json`.
#[derive(Deserialize)]
struct Evaluation {
    report: ClassifierReport,
    left_out: ClassifierReport,
}

fn asset(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("assets").join(name)
}

fn read(name: &str) -> String {
    std::fs::read_to_string(asset(name)).expect("assets can be read")
}

fn words(class: &str) -> String {
    class.replace('_', " ")
}

/// The card of the autoencoder.
fn of_autoencoder() -> String {
    let result: TrainResult =
        serde_json::from_str(&read("autoencoder-result.json")).expect("autoencoder-result.json");
    let quality = result.quality;
    let mut card = format!(
        "{} test micrographs, {} patches of {} px, of laboratories that were not learnt from; kept: epoch {} of {}.\n\n",
        quality.n_micrographs,
        quality.all.n_patches,
        quality.patch_px,
        result.curve.best_epoch,
        result.curve.rows.len()
    );
    card += "| | MSE | PSNR | SSIM |\n|---|---|---|---|\n";
    let mut row = |name: &str, quality: &nanoaid::evaluate::image_quality::Quality| {
        writeln!(card, "| {name} | {:.5} | {:.2} dB | {:.4} |", quality.mse, quality.psnr_db, quality.ssim)
            .expect("text");
    };
    row("this network", &quality.all);
    for baseline in &quality.baselines {
        row(&baseline.name, &baseline.quality);
    }
    for (category, quality) in &quality.categories {
        row(&format!("this network on {}", words(category)), quality);
    }
    card
}

/// The card of the classifier.
fn of_classifier() -> String {
    let Evaluation { report, left_out } =
        serde_json::from_str(&read("classifier-result.json")).expect("classifier-result.json");
    let percent = |value: f64| format!("{:.1} %", 100.0 * value);
    let interval = |estimate: &Estimate| {
        estimate.interval.map_or("–".to_owned(), |found| {
            format!("{:.0} to {:.0} %", 100.0 * found.low, 100.0 * found.high)
        })
    };
    let mut card = String::from(
        "| figure | micrographs | value | 95 % interval over laboratories |\n|---|---|---|---|\n",
    );
    for (name, report) in
        [("every laboratory left out in turn", &left_out), ("laboratories never learnt from", &report)]
    {
        for (figure, estimate) in [
            ("accuracy", &report.accuracy),
            ("balanced accuracy", &report.balanced_accuracy),
            ("macro-F1", &report.macro_f1),
        ] {
            writeln!(
                card,
                "| {figure}, {name} ({}) | {} | {} | {} |",
                report.n_groups,
                report.n_images,
                percent(estimate.value),
                interval(estimate)
            )
            .expect("text");
        }
    }
    for least in [0.5, 0.6] {
        let answered: Vec<_> = report.images.iter().filter(|image| image.confidence() >= least).collect();
        let n_right = answered.iter().filter(|image| image.right()).count();
        writeln!(
            card,
            "| right, where at least {:.0} % sure, laboratories never learnt from | {} of {} | {} | |",
            100.0 * least,
            answered.len(),
            report.n_images,
            percent(n_right as f64 / answered.len() as f64)
        )
        .expect("text");
    }
    let temperature = report.calibration.temperature.as_ref().expect("it was fitted");
    let after = report.calibration.after.as_ref().expect("it was measured");
    writeln!(
        card,
        "| calibration error (ECE), temperature {:.2}; {:.3} if it were honest | {} | {:.3} | |",
        temperature.value, after.ece_if_honest, report.n_images, after.ece
    )
    .expect("text");
    card += "\n| class | right, of micrographs of laboratories left out | Wilson interval of the recall |\n|---|---|---|\n";
    for (index, class) in left_out.per_class.iter().enumerate() {
        let interval = class.recall_interval.map_or("–".to_owned(), |found| {
            format!("{:.0} to {:.0} %", 100.0 * found.low, 100.0 * found.high)
        });
        let n_right = left_out.confusion[index][index];
        writeln!(card, "| {} | {n_right} of {} | {interval} |", words(&class.class), class.n_images)
            .expect("text");
    }
    card
}

#[test]
fn the_cards_hold_the_figures_of_the_result_files() {
    let text = read("README.md");
    let mut expected = text.clone();
    for (file, card) in
        [("autoencoder-result.json", of_autoencoder()), ("classifier-result.json", of_classifier())]
    {
        let (start, end) = (format!("<!-- figures of {file} -->\n"), "<!-- end of figures -->");
        let begin = expected.find(&start).unwrap_or_else(|| panic!("no {start}")) + start.len();
        let length = expected[begin..].find(end).expect("the figures end");
        expected.replace_range(begin..begin + length, &card);
    }
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(asset("README.md"), expected).expect("text");
    } else {
        assert!(
            text == expected,
            "assets/README.md differs from its result files; UPDATE_GOLDEN=1 writes it anew"
        );
    }
}
