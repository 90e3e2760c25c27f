//! Explaining a file: its record, its pictures, and on request the maps as a stack of 32 bits.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use micrograph::data_bar::DataBarChoice;
use micrograph::paint::TiffStack;
use micrograph::{Calibration, DataBar, Plane, ReadConfig, Source};
use serde::{Deserialize, Serialize};

use super::area::Area;
use super::error::{ExplainError, Tick};
use super::picture::Canvas;
use super::removal::mean_logits;
use super::target::class_names;
use super::{
    ExplainConfig, Explained, Explanation, Faithfulness, Method, Nearest, Randomized, References, Target,
    Task, explain,
};
use crate::Network;
use crate::data::prepare::{self, PrepareConfig};
use crate::evaluate::classify::{NamedClass, answer_of};
use crate::hash::sha256_of_file;
use crate::interpret::picture_files::PictureFiles;
use crate::interpret::views::Views;
use crate::output::{OutputError, OutputFolder, csv_text, json_text, slug};
use crate::record::{Input, NetworkUsed, Record};
use crate::train::regression::argmax;

/// The command of these records.
pub(crate) const COMMAND: &str = "explain";

/// Everything but image and network that decides what comes out.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ExplainSettings {
    /// How the score is explained.
    pub explain: ExplainConfig,
    /// Size of a pixel in nanometres, where it is not to be that of the file.
    pub nm_per_px: Option<f64>,
    /// Page of the file, from 0.
    pub page: usize,
    /// What is done about the data bar.
    pub data_bar: DataBarChoice,
    /// Whether the maps are written as a TIFF stack of 32 bits.
    pub maps: bool,
}

/// What happens if the data bar is left on the micrograph: a network that looks at it has learned a shortcut.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BarShare {
    /// Share of the image that the bar is, in `[0, 1]`.
    pub area: f64,
    /// Share of the first method's magnitudes that lies on it, in `[0, 1]`.
    pub share: f64,
    /// The class that is then the most probable one; `None` without classes.
    pub class: Option<String>,
    /// The most probable class without the bar; `None` without classes.
    pub class_without: Option<String>,
}

/// Names of the pictures of an explanation.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ExplainPictures {
    /// The micrograph as the network saw it.
    pub micrograph: String,
    /// The map of each method.
    pub methods: Vec<String>,
    /// The map of each unit.
    pub units: Vec<String>,
    /// What the counterfactual removes.
    pub counterfactual: Option<String>,
}

/// The record of an explained micrograph.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ExplainRecord {
    /// Input, network, settings and files.
    #[serde(flatten)]
    pub record: Record<ExplainSettings>,
    /// Rows and columns of the specimen, without data bar.
    pub height: usize,
    /// See `height`.
    pub width: usize,
    /// The data bar that was cut off.
    pub data_bar: Option<DataBar>,
    /// The size of a pixel, where it is known.
    pub calibration: Option<Calibration>,
    /// What the classifier says, with probabilities; `None` for other networks.
    pub answer: Option<NamedClass>,
    /// All numbers of the explanation.
    pub explanation: Explanation,
    /// What happens if the data bar is kept; `None` where there is none.
    pub with_bar: Option<BarShare>,
    /// The micrographs that are seen most alike, where a data set was given. A replay does not look for them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nearest: Option<Nearest>,
    /// Its pictures.
    pub pictures: ExplainPictures,
    /// What to know about the file.
    pub warnings: Vec<String>,
}

/// An explained file.
#[derive(Clone, Debug)]
pub struct ExplainFiles {
    /// What is kept of it; it is written, too.
    pub record: ExplainRecord,
    /// The map of each method, `[H, W]`.
    pub maps: Vec<Plane>,
    /// All files but the record, with their hashes.
    pub hashes: BTreeMap<String, String>,
}

/// What explains.
pub struct Explainer<'a> {
    /// The network, of grey images.
    pub network: &'a Network,
    /// Where it was opened from.
    pub used: NetworkUsed,
    /// What it makes of a labelled data set, in which neighbours are looked for.
    pub references: Option<&'a References>,
}

/// Explains the file that was read as `source`, and writes pictures and record into `folder`; `name` is how all files begin,
/// and `input` what the record calls the file.
///
/// # Errors
/// See [`ExplainError`].
pub fn explain_file(
    (source, input): (&Source, Input),
    name: &str,
    Explainer { network, used, references }: Explainer<'_>,
    settings: &ExplainSettings,
    folder: &OutputFolder,
    tick: &mut dyn FnMut() -> ControlFlow<()>,
) -> Result<ExplainFiles, ExplainError> {
    let read = ReadConfig { page: settings.page, nm_per_px: settings.nm_per_px, ..ReadConfig::default() };
    let prepare = PrepareConfig { read, data_bar: settings.data_bar, ..PrepareConfig::default() };
    let prepared = prepare::source(source, &prepare)?;
    let plane = &prepared.plane;
    let calibration = prepared.facts.calibration.as_ref();
    let answer = answer_of(&used.run, network, plane)?;
    let found = explain(network, plane, &settings.explain, tick)?;
    let with_bar = match prepared.data_bar {
        Some(bar) => {
            let kept = PrepareConfig { data_bar: DataBarChoice::Keep, ..prepare };
            let kept = prepare::source(source, &kept)?.plane;
            Some(bar_share(
                network,
                (plane, &kept, bar.first_row),
                (&found.explanation, &settings.explain),
                tick,
            )?)
        }
        None => None,
    };
    let mut files = PictureFiles::new(folder);
    let pictures = pictures(&mut files, name, &Canvas::new((plane, &found.coverage), calibration), &found)?;
    if settings.maps {
        stack(&mut files, name, &found, calibration)?;
    }
    let nearest = match references {
        Some(references) => {
            let (nearest, files) = references.nearest(plane, source.sha256(), name)?;
            for (file, bytes) in files {
                folder.write(&file, &bytes)?;
            }
            Some(nearest)
        }
        None => None,
    };
    let mut record = Record::new(COMMAND, Some(input), Some(used), settings.clone());
    record.files = files.hashes.clone();
    let record = ExplainRecord {
        record,
        height: plane.height(),
        width: plane.width(),
        data_bar: prepared.data_bar,
        calibration: prepared.facts.calibration.clone(),
        answer,
        explanation: found.explanation,
        with_bar,
        nearest,
        pictures,
        warnings: prepared.facts.warnings,
    };
    // last: a record says that its files are there
    folder.write(&format!("{name}.json"), json_text(&record)?.as_bytes())?;
    Ok(ExplainFiles { record, maps: found.maps, hashes: files.hashes })
}

/// Writes the maps of all methods, in units of the score, as they are.
fn stack(
    files: &mut PictureFiles<'_>,
    name: &str,
    found: &Explained,
    calibration: Option<&Calibration>,
) -> Result<(), ExplainError> {
    let labels: Vec<String> = found.explanation.methods.iter().map(|one| one.method.to_string()).collect();
    let name = format!("{name}.attributions.tif");
    let path = files.folder.file(&name);
    let size = found.maps.first().map_or((0, 0), |map| (map.height(), map.width()));
    let mut stack = TiffStack::create(&path, size, &labels, calibration)?;
    for map in &found.maps {
        stack.push(map)?;
    }
    stack.finish()?;
    let hash = sha256_of_file(&path).map_err(|source| OutputError::Folder { path, source })?;
    files.hashes.insert(name, hash);
    Ok(())
}

fn pictures(
    files: &mut PictureFiles<'_>,
    name: &str,
    canvas: &Canvas<'_>,
    found: &Explained,
) -> Result<ExplainPictures, OutputError> {
    let mut names = ExplainPictures {
        micrograph: files.picture(&format!("{name}.micrograph"), &canvas.micrograph())?,
        ..ExplainPictures::default()
    };
    for (one, map) in found.explanation.methods.iter().zip(&found.maps) {
        let picture = canvas.attribution(one.method, map);
        names.methods.push(files.picture(&format!("{name}.{}", one.method), &picture)?);
    }
    for (unit, map) in found.explanation.units.iter().zip(&found.of_units) {
        let stem = format!("{name}.unit-{}", slug(&unit.unit.to_string()));
        names.units.push(files.picture(&stem, &canvas.unit(map))?);
    }
    if let Some(mask) = &found.removed {
        let stem = format!("{name}.counterfactual");
        names.counterfactual = Some(files.picture(&stem, &canvas.removed(mask))?);
    }
    Ok(names)
}

/// What the bar, from `first_row` of `kept` on, has of the first method's map of the image with its bar; `cut` is the image without.
fn bar_share(
    network: &Network,
    (cut, kept, first_row): (&Plane, &Plane, usize),
    (of, config): (&Explanation, &ExplainConfig),
    tick: Tick<'_>,
) -> Result<BarShare, ExplainError> {
    let class_of = |plane: &Plane| {
        let logits = mean_logits(network, &Views::of(network, (plane.height(), plane.width())).cut(plane));
        (!logits.is_empty()).then(|| class_names(network)[argmax(&logits)].clone())
    };
    // what was explained, whatever the bar makes of the answer
    let target = match (&config.target, &of.class) {
        (Target::Answer, Some(class)) => Target::Class(class.clone()),
        (Target::Difference { rival, .. }, Some(class)) => {
            Target::Difference { class: Some(class.clone()), rival: rival.clone() }
        }
        (target, _) => target.clone(),
    };
    let config = ExplainConfig { target, ..config.clone() };
    let task = Task::new(network, kept, &config)?;
    let method = of.methods.first().map_or(Method::HiresCam, |one| one.method);
    let map = task.subject(kept, &config).attribution(&task.of.scored, method, tick)?.map;
    let is_bar = (0..map.values().len()).map(|at| at / map.width() >= first_row);
    let share = Area::new("data bar", is_bar.collect()).share(&[&map]);
    Ok(BarShare {
        area: share.area,
        share: share.shares[0],
        class: class_of(kept),
        class_without: class_of(cut),
    })
}

/// A row for each micrograph, method and fill, and for each control, as CSV; each record with the name of its micrograph.
pub fn methods_csv(records: &[(String, ExplainRecord)]) -> String {
    let head = [
        "file",
        "target",
        "score",
        "method",
        "fill",
        "deletion",
        "insertion",
        "sum",
        "expected",
        "mu_fidelity",
        "sensitivity",
        "similarity_random",
        "entropy_rise_random",
        "similarity_second_class",
    ];
    let number = |value: Option<f64>| value.map_or(String::new(), |value| value.to_string());
    let mut rows: Vec<Vec<String>> = Vec::new();
    for (name, record) in records {
        let found = &record.explanation;
        let begin =
            |method: String| vec![name.clone(), found.target.clone(), found.score.to_string(), method];
        let of_fill = |of: Option<&Faithfulness>| {
            let fill = of.map_or("", |one| one.fill.name()).to_owned();
            [fill, number(of.map(|one| one.deletion)), number(of.map(|one| one.insertion))]
        };
        let of_fills = |all: &[Faithfulness]| -> Vec<[String; 3]> {
            if all.is_empty() {
                vec![of_fill(None)]
            } else {
                all.iter().map(|one| of_fill(Some(one))).collect()
            }
        };
        for one in &found.methods {
            let complete = one.completeness.as_ref();
            let checks = one.checks.as_ref();
            let random = checks.map(|checks| &checks.randomized);
            // where all weights are random
            let of_random =
                |of: fn(&Randomized) -> Option<f64>| random.and_then(|all| all.last()).and_then(of);
            for fill in of_fills(&one.faithfulness) {
                let mut row = begin(one.method.to_string());
                row.extend(fill);
                row.extend([
                    number(complete.map(|complete| complete.sum)),
                    number(complete.map(|complete| complete.expected)),
                    number(checks.and_then(|checks| checks.mu_fidelity)),
                    number(checks.and_then(|checks| checks.sensitivity)),
                    number(of_random(|one| one.similarity)),
                    number(of_random(|one| one.entropy_rise)),
                    number(checks.and_then(|checks| checks.second_class)),
                ]);
                rows.push(row);
            }
        }
        for rival in &found.controls {
            for fill in of_fills(&rival.faithfulness) {
                let mut row = begin(format!("control: {}", rival.control));
                row.extend(fill);
                row.resize(head.len(), String::new());
                rows.push(row);
            }
        }
    }
    csv_text(&head.map(str::to_owned), rows.into_iter())
}
