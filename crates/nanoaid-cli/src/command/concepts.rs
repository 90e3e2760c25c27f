//! `nanoaid concepts`: the directions that a layer works with, where they lie, and what they are used for.

use std::path::PathBuf;

use clap::Args;
use nanoaid::interpret::concept::{
    ConceptConfig, ConceptMethod, ConceptNames, ConceptProgress, ConceptRecord, ConceptSettings, SAME,
    concept_files, concepts, read_boxes,
};
use nanoaid::output::json_text;
use nanoaid::record::NetworkUsed;

use super::micrographs::DataArguments;
use super::network::OpenArguments;
use super::output::{OutputArguments, default_folder};
use super::training::say_skipped;
use crate::interrupt;
use crate::outcome::{Failure, Outcome, print, say};
use crate::progress::Progress;

/// Arguments of `concepts`.
#[derive(Args)]
pub(crate) struct ConceptsArguments {
    /// Run folder, file of a network (.safetensors, .onnx), or a built-in network: `autoencoder`,
    /// `classifier`
    run: PathBuf,
    /// Folder of category folders, flat folder, or index CSV
    #[arg(long, value_name = "DATA")]
    data: PathBuf,
    /// Layer whose activations are taken apart [default: the deepest that has positions side by side]
    #[arg(long)]
    layer: Option<String>,
    /// How: nmf, semi-nmf, topk, k-means, pca [default: nmf, or semi-nmf where activations are negative]
    #[arg(long)]
    method: Option<ConceptMethod>,
    /// Compare all methods, not only k-means and pca; takes some minutes more
    #[arg(long)]
    compare: bool,
    /// Only micrographs of this class
    #[arg(long, value_name = "CLASS")]
    class: Option<String>,
    /// Number of concepts; of topk those that are shown
    #[arg(long, value_name = "N", default_value_t = ConceptConfig::default().n_concepts)]
    concepts: usize,
    /// Atoms of topk
    #[arg(long, value_name = "N", default_value_t = ConceptConfig::default().n_sparse)]
    atoms: usize,
    /// Atoms of topk that a position has at most
    #[arg(long, value_name = "N", default_value_t = ConceptConfig::default().n_active)]
    active: usize,
    /// Price of a code of nmf and semi-nmf, 0 to 1: more of it leaves fewer concepts at a position
    #[arg(long, value_name = "PRICE", default_value_t = ConceptConfig::default().sparsity)]
    sparsity: f64,
    /// Positions of a micrograph that concepts are fitted to
    #[arg(long, value_name = "N", default_value_t = ConceptConfig::default().per_micrograph)]
    per_micrograph: usize,
    /// Micrographs at most; of more some are drawn, all classes and groups alike
    #[arg(long, value_name = "N", default_value_t = ConceptConfig::default().most_micrographs)]
    micrographs: usize,
    /// Independent starts, from which the stability of concepts is known
    #[arg(long, value_name = "N", default_value_t = ConceptConfig::default().n_starts)]
    starts: usize,
    /// Exemplars of a concept
    #[arg(long, value_name = "N", default_value_t = ConceptConfig::default().n_exemplars)]
    count: usize,
    /// Micrographs on which concepts are taken off, to see what the output loses; 0: none
    #[arg(long, value_name = "N", default_value_t = ConceptConfig::default().n_effects)]
    effects: usize,
    /// Micrographs on which concepts are compared with particles, fibres and pores; 0: none
    #[arg(long, value_name = "N", default_value_t = ConceptConfig::default().n_structures)]
    structures: usize,
    /// Do not show concepts gratings and discs
    #[arg(long)]
    no_tuning: bool,
    /// Do not make pictures of what concepts look for
    #[arg(long)]
    no_pictures: bool,
    /// Networks with random weights beside it: what their concepts do as well is no claim; 0: none
    #[arg(long, value_name = "N", default_value_t = ConceptConfig::default().n_controls)]
    controls: usize,
    /// Make a map of the layer of this many cells along a side, too, as 10; takes minutes
    #[arg(long, value_name = "N", default_value_t = ConceptConfig::default().map)]
    map: usize,
    /// Concepts that you mark, and whether classes depend on them (TCAV): CSV with the columns `file`, `name`,
    /// `y`, `x`, `height`, `width`, in px of the specimen
    #[arg(long, value_name = "FILE")]
    boxes: Option<PathBuf>,
    /// Names of concepts: CSV with the columns `concept` and `name`
    #[arg(long, value_name = "FILE")]
    names: Option<PathBuf>,
    /// Seed of random numbers
    #[arg(long, default_value_t = 0)]
    seed: u64,
    #[command(flatten)]
    data_set: DataArguments,
    #[command(flatten)]
    open: OpenArguments,
    #[command(flatten)]
    output: OutputArguments,
}

/// Finds concepts and writes their page.
pub(crate) fn run(arguments: &ConceptsArguments) -> Result<Outcome, Failure> {
    let config = arguments.config()?;
    let names = arguments.names.as_deref().map(ConceptNames::read).transpose()?;
    let network = arguments.open.open_gray(&arguments.run)?;
    let dataset = arguments.data_set.open(&arguments.data)?;
    let folder = arguments.output.folder(|| default_folder("concepts", &[&arguments.run]))?;
    let mut shown: Option<(&'static str, Progress)> = None;
    let found = concepts(&network, &dataset, &config, &mut |at| {
        show(&mut shown, at);
        interrupt::flow()
    })?;
    if let Some((_, bar)) = shown {
        bar.finish();
    }
    say_skipped(&found.skipped);
    for warning in &found.found.warnings {
        say(warning);
    }
    let settings = ConceptSettings {
        concepts: config,
        data: arguments.data.clone(),
        dataset: arguments.data_set.config(),
        data_digest: dataset.digest()?,
    };
    let used = NetworkUsed::of(&arguments.run, &network);
    let record = concept_files(&found, used, settings, names.as_ref(), &folder)?;
    folder.write("report.html", nanoaid_pages::concepts::report(&record).as_bytes())?;
    if arguments.output.json {
        print(&json_text(&record)?)?;
    } else {
        print(&text_of(&record))?;
    }
    say(&format!("pictures, numbers and page: {}", folder.file("report.html").display()));
    Ok(Outcome::of_skipped(dataset.skipped.len() + found.skipped.len()))
}

/// Shows what is done: a bar for each kind of work.
fn show(shown: &mut Option<(&'static str, Progress)>, at: ConceptProgress) {
    let (done, n, note) = match at {
        ConceptProgress::Read { n_done, n } => (n_done, n, "activations"),
        ConceptProgress::Fit { method } => (0, 1, method.name()),
        ConceptProgress::Structures { n_done, n } => (n_done, n, "particles, fibres and pores"),
        ConceptProgress::Effects { n_done, n } => (n_done, n, "output without concepts"),
        ConceptProgress::Tune => (0, 1, "gratings and discs"),
        ConceptProgress::Visualize { n_done, n } => (n_done, n, "pictures of what they look for"),
        ConceptProgress::Marked => (0, 1, "marked concepts"),
        ConceptProgress::Map => (0, 1, "map of the layer"),
    };
    if shown.as_ref().is_none_or(|(last, _)| *last != note) {
        if let Some((_, bar)) = shown.take() {
            bar.finish();
        }
        let unit = if matches!(at, ConceptProgress::Visualize { .. }) { "pictures" } else { "micrographs" };
        *shown = Some((note, Progress::new(n as u64, unit)));
    }
    // how long work of one step takes is not known
    if let Some((_, bar)) = shown.as_mut().filter(|_| n > 1) {
        bar.set(done as u64, note);
    }
}

fn text_of(record: &ConceptRecord) -> String {
    let found = &record.found;
    let percent = |share: f64| format!("{:.0} %", 100.0 * share);
    let mut text = format!(
        "{}: {} concepts by {} from {} positions of {} micrographs\n",
        found.layer,
        found.concepts.len(),
        found.method,
        found.n_vectors + found.n_held_out,
        found.micrographs.len()
    );
    let of = if found.n_held_out > 0 { " of held-out groups" } else { " it was fitted to" };
    for one in &found.methods {
        let known = |value: Option<f64>| value.map_or("–".to_owned(), |value| format!("{value:.2}"));
        text += &format!(
            "  {:<9} explains {} of the variance{of}, cosine over starts {}, over halves {}, by chance {:.2}\n",
            one.method.name(),
            one.r2.or(one.r2_fitted).map_or("–".to_owned(), percent),
            known(one.starts.as_ref().map(|starts| starts.mean)),
            known(one.halves.as_ref().map(|halves| halves.mean)),
            one.random.mean,
        );
    }
    for concept in &found.concepts {
        let mut facts = Vec::new();
        if let Some(stability) = concept.stability {
            let doubt = if stability < SAME { ", not stable" } else { "" };
            facts.push(format!("stability {stability:.2}{doubt}"));
        }
        if let Some(class) = concept.classes.first().filter(|class| class.claimed) {
            facts.push(format!("{} (AUC {:.2})", class.class, class.auc.value));
        }
        if let Some(overlap) = concept.overlaps.first().filter(|overlap| overlap.iou > 2.0 * overlap.shifted)
        {
            facts.push(format!("on {} (IoU {:.2})", overlap.structure, overlap.iou));
        }
        let name = concept.name.as_ref().map_or(String::new(), |name| format!(" {name}"));
        text += &format!("  {:>2}{name} {} of the activations", concept.number, percent(concept.energy));
        text += &facts.iter().map(|fact| format!("; {fact}")).collect::<String>();
        text.push('\n');
    }
    for marked in &found.marked {
        let accuracy = marked.accuracy.map_or("–".to_owned(), |accuracy| format!("{accuracy:.2}"));
        text += &format!("  {}: {} positions, accuracy {accuracy}", marked.name, marked.n_positions);
        for class in marked.classes.iter().take(3) {
            text += &format!("; {} {:.2} (p {:.2})", class.class, class.score, class.p);
        }
        text.push('\n');
    }
    text
}

impl ConceptsArguments {
    fn config(&self) -> Result<ConceptConfig, Failure> {
        let default = ConceptConfig::default();
        let config = ConceptConfig {
            layer: self.layer.clone(),
            method: self.method,
            compared: if self.compare { ConceptMethod::ALL.to_vec() } else { default.compared.clone() },
            class: self.class.clone(),
            n_concepts: self.concepts,
            n_sparse: self.atoms,
            n_active: self.active,
            sparsity: self.sparsity,
            per_micrograph: self.per_micrograph,
            most_micrographs: self.micrographs,
            n_starts: self.starts,
            n_exemplars: self.count,
            n_effects: self.effects,
            n_structures: self.structures,
            tuning: !self.no_tuning,
            pictures: !self.no_pictures,
            n_controls: self.controls,
            map: self.map,
            boxes: self.boxes.as_deref().map(read_boxes).transpose()?.unwrap_or_default(),
            seed: self.seed,
            ..default
        };
        let options = [
            ("n_concepts", "--concepts"),
            ("n_sparse", "--atoms"),
            ("n_active", "--active"),
            ("sparsity", "--sparsity"),
            ("per_micrograph", "--per-micrograph"),
            ("most_micrographs", "--micrographs"),
            ("n_starts", "--starts"),
            ("n_exemplars", "--count"),
            ("n_effects", "--effects"),
            ("n_structures", "--structures"),
            ("n_controls", "--controls"),
            ("map", "--map"),
        ];
        config.checked().map_err(|error| Failure::of_option(error, &options))
    }
}
