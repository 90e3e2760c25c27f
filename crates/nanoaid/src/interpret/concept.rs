//! Concepts: the directions that a layer works with, found in its activations for the micrographs of a data set; where they lie, in
//! nanometres; what measured structures they go with; and what the network's output loses without them.
//!
//! Activation vectors of many positions are taken apart into codes and atoms, `A ≈ Z · D`, by a [`ConceptMethod`]. An atom is only
//! called a concept of the network if it comes out again from other starts; that micrographs of a class have more of it is only
//! claimed if no concept of a network with random weights does as well. After CRAFT (Fel et al. 2023), network dissection (Bau et al.
//! 2017) and `TopK` sparse autoencoders (Gao et al. 2024).
//!
//! [`concepts`] computes, [`concept_files`] writes a folder.

mod activations;
mod assignment;
mod bank;
mod boxes;
mod clusters;
mod effect;
mod error;
mod factors;
mod file;
mod layout;
mod map;
mod matrix;
mod overlap;
mod picture;
mod quality;
mod result;
mod saved;
mod sparse;
mod survey;
#[cfg(test)]
mod tests;
mod tuned;
mod uses;

pub use bank::{ConceptMethod, NoConceptMethod};
pub use boxes::{ConceptBox, MarkedConcept, MarkedUse, read_boxes};
pub use effect::{Effect, Effects};
pub use error::ConceptError;
pub(crate) use file::COMMAND;
pub use file::{
    BANK, ConceptNames, ConceptPictures, ConceptRecord, ConceptSettings, concept_files, concepts_csv,
};
pub use map::{LayerMap, MapCell};
pub use overlap::Overlap;
pub use quality::{Matched, MethodQuality, SAME};
pub use result::{ClassUse, Concept, ConceptExemplar, ConceptTuning, ConceptsFound};
pub use saved::ConceptBank;

use std::ops::ControlFlow;

use micrograph::Plane;
use micrograph::random::Stream;
use serde::{Deserialize, Serialize};

use crate::data::dataset::{Dataset, Entry, Skipped};
use crate::interpret::exemplar::IndexedMicrograph;
use crate::interpret::explain::randomized;
use crate::{ConfigError, Network};
use activations::{LayerReader, Position};
use bank::{Bank, BankSize};
use error::{OnProgress, go_on};
use matrix::{Matrix, squares};
use quality::Vectors;
use survey::{Coded, Coder, Sampled};

/// Micrographs that can be read at least.
const LEAST_MICROGRAPHS: usize = 4;
/// Vectors for each concept at least.
const LEAST_VECTORS: usize = 10;
/// One of so many groups is held out.
const HELD_OUT: usize = 4;
/// Groups from which on some are held out, and halves compared.
const LEAST_GROUPS: usize = 8;
/// Far from the seeds that networks are trained with.
const RANDOM_SEED: u64 = 0x636f_6e63_6570_7400;

/// How concepts are looked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ConceptConfig {
    /// The layer; `None`: the deepest of the usual ones that has positions side by side.
    pub layer: Option<String>,
    /// How; `None`: `nmf` where activations are not negative, else `semi-nmf`.
    pub method: Option<ConceptMethod>,
    /// Further methods for the table of their quality.
    pub compared: Vec<ConceptMethod>,
    /// Only micrographs of this class.
    pub class: Option<String>,
    /// Concepts, 2 to 64; of `topk` those that are shown.
    pub n_concepts: usize,
    /// Atoms of `topk`, 16 to 4096.
    pub n_sparse: usize,
    /// Codes that are not 0 of `topk`, 1 to 64.
    pub n_active: usize,
    /// Vectors of a micrograph, 4 to 1024.
    pub per_micrograph: usize,
    /// Micrographs at most, 4 to 100 000; of more some are drawn, all classes and groups alike.
    pub most_micrographs: usize,
    /// Independent starts, 2 to 20.
    pub n_starts: usize,
    /// Rounds of a factorization at most, 10 to 10 000.
    pub n_rounds: usize,
    /// Price of a code of a factorization, 0 to 1: more of it leaves fewer concepts at a position.
    pub sparsity: f64,
    /// Exemplars of a concept, 1 to 48.
    pub n_exemplars: usize,
    /// Micrographs on which the effect of concepts is looked at, 0 to 1000.
    pub n_effects: usize,
    /// Micrographs on which concepts are compared with measured structures, 0 to 1000.
    pub n_structures: usize,
    /// Whether concepts are shown gratings and discs.
    pub tuning: bool,
    /// Whether pictures of concepts are climbed.
    pub pictures: bool,
    /// Networks with random weights that are looked at, too, 0 to 8.
    pub n_controls: usize,
    /// Cells along a side of the map of the layer, 2 to 24; 0: no map.
    pub map: usize,
    /// Parts of micrographs that show concepts of the user's.
    pub boxes: Vec<ConceptBox>,
    /// Seed of all random numbers.
    pub seed: u64,
}

impl Default for ConceptConfig {
    fn default() -> Self {
        Self {
            layer: None,
            method: None,
            compared: vec![ConceptMethod::KMeans, ConceptMethod::Pca],
            class: None,
            n_concepts: 12, // a page that can be read
            n_sparse: 512,
            n_active: 8,
            per_micrograph: 32,
            most_micrographs: 400,
            n_starts: 5,
            n_rounds: 400,
            sparsity: 0.1, // of 0 to 0.3 on two layers where factors of any sign came out again most
            n_exemplars: 6,
            n_effects: 40,
            n_structures: 16,
            tuning: true,
            pictures: true,
            n_controls: 2,
            map: 0,
            boxes: Vec::new(),
            seed: 0,
        }
    }
}

impl ConceptConfig {
    /// Returns the settings if every field is in range, else the first that is not.
    ///
    /// # Errors
    /// The setting that is out of range.
    pub fn checked(self) -> Result<Self, ConfigError> {
        let whole = |name: &str, value: usize, least: usize, most: usize| {
            ConfigError::unless_within(name, value as f64, least as f64..=most as f64)
        };
        whole("n_concepts", self.n_concepts, 2, 64)?;
        whole("n_sparse", self.n_sparse, 16, 4096)?;
        whole("n_active", self.n_active, 1, 64.min(self.n_sparse))?;
        whole("per_micrograph", self.per_micrograph, 4, 1024)?;
        whole("most_micrographs", self.most_micrographs, LEAST_MICROGRAPHS, 100_000)?;
        whole("n_starts", self.n_starts, 2, 20)?;
        whole("n_rounds", self.n_rounds, 10, 10_000)?;
        ConfigError::unless_within("sparsity", self.sparsity, 0.0..=1.0)?;
        whole("n_exemplars", self.n_exemplars, 1, 48)?;
        whole("n_effects", self.n_effects, 0, 1000)?;
        whole("n_structures", self.n_structures, 0, 1000)?;
        whole("n_controls", self.n_controls, 0, 8)?;
        if self.map == 1 || self.map > 24 {
            return Err(ConfigError::new("map", self.map, "0, or 2 to 24"));
        }
        Ok(self)
    }

    fn size(&self) -> BankSize {
        BankSize {
            n_concepts: self.n_concepts,
            n_sparse: self.n_sparse,
            n_active: self.n_active,
            n_rounds: self.n_rounds,
            sparsity: self.sparsity as f32,
        }
    }
}

/// What is done next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConceptProgress {
    /// Micrographs are read.
    Read {
        /// How many are done, and of how many.
        n_done: usize,
        /// See `n_done`.
        n: usize,
    },
    /// A bank is fitted by this method.
    Fit {
        /// The method.
        method: ConceptMethod,
    },
    /// Concepts are compared with measured structures.
    Structures {
        /// How many micrographs are done, and of how many.
        n_done: usize,
        /// See `n_done`.
        n: usize,
    },
    /// Concepts are taken off.
    Effects {
        /// How many micrographs are done, and of how many.
        n_done: usize,
        /// See `n_done`.
        n: usize,
    },
    /// Concepts are shown gratings and discs.
    Tune,
    /// Pictures of concepts, or of the cells of the map, are climbed.
    Visualize {
        /// How many are done, and of how many.
        n_done: usize,
        /// See `n_done`.
        n: usize,
    },
    /// Marked concepts are looked at.
    Marked,
    /// The map of the layer is made.
    Map,
}

/// Concepts with their pictures.
#[derive(Clone, Debug)]
pub struct Concepts {
    /// All numbers.
    pub found: ConceptsFound,
    /// What finds them in other micrographs.
    pub bank: ConceptBank,
    /// What each concept wants to see, `[H, W]`, values in `[0, 1]`; empty if that was not requested.
    pub pictures: Vec<Plane>,
    /// By concept and exemplar.
    pub exemplars: Vec<Vec<ExemplarPicture>>,
    /// The map of the layer; `None` if it was not requested.
    pub map: Option<LayerMap>,
    /// Micrographs that could not be used.
    pub skipped: Vec<Skipped>,
}

/// An exemplar as it is shown.
#[derive(Clone, Debug)]
pub struct ExemplarPicture {
    /// The part of the micrograph, `[H, W]`, values in `[0, 1]`.
    pub plane: Plane,
    /// The concept's code there over that from which on it counts as present, `[H, W]`.
    pub heat: Plane,
    /// Width of a pixel in nanometres, where it is known.
    pub nm_per_px: Option<f64>,
}

/// Looks for concepts in a layer of `network`, of grey images, over the micrographs of `dataset`. `on` hears what is done; where it
/// breaks, the work ends.
///
/// # Errors
/// If a setting is out of range, there is no such layer, class or method for it, too few micrographs can be read, or `on` ended
/// the work.
pub fn concepts(
    network: &Network,
    dataset: &Dataset,
    config: &ConceptConfig,
    on: &mut dyn FnMut(ConceptProgress) -> ControlFlow<()>,
) -> Result<Concepts, ConceptError> {
    let config = config.clone().checked()?;
    let is_there = |file: &String| dataset.entries.iter().any(|entry| entry.file == *file);
    if let Some(one) = config.boxes.iter().find(|one| !is_there(&one.file)) {
        return Err(ConceptError::NotThere { file: one.file.clone() });
    }
    let layer = match &config.layer {
        Some(layer) => layer.clone(),
        None => LayerReader::usual(network).ok_or(ConceptError::NoMap)?,
    };
    let random: Vec<Network> =
        (0..config.n_controls as u64).map(|n| randomized(network, 1.0, RANDOM_SEED + n)).collect();
    let networks = std::iter::once(network).chain(&random);
    let readers: Vec<LayerReader> =
        networks.map(|network| LayerReader::new(network, &layer)).collect::<Result<_, _>>()?;
    let reader = &readers[0];
    let chosen = chosen(dataset, &config)?;
    let (sample, of_random, skipped) = Sample::of(&readers, dataset, &chosen, &config, on)?;
    let mut warnings = sample.warnings();
    let prepare = dataset.prepare_config();
    // before what takes long: boxes may hold too little
    let marked = boxes::marked(reader, &sample, &config.boxes, (&prepare, config.seed), on)?;

    let method = sample.method(&layer, &config)?;
    let mut methods = Vec::new();
    let mut shown_bank = None;
    let further = config.compared.iter().copied().filter(|other| *other != method);
    for method in std::iter::once(method).chain(further) {
        if method == ConceptMethod::Nmf && sample.least < 0.0 {
            warnings.push(format!("nmf is left out of the table: layer {layer} gives negative activations"));
            continue;
        }
        go_on(on, ConceptProgress::Fit { method })?;
        let mut goes_on = || on(ConceptProgress::Fit { method }).is_continue();
        let fitted = quality::fit(
            &sample.vectors(),
            method,
            config.size(),
            (config.n_starts, config.seed),
            &mut goes_on,
        );
        let (bank, quality, per_atom) = fitted.ok_or(ConceptError::Cancelled)?;
        methods.push(quality);
        shown_bank.get_or_insert((bank, per_atom));
    }
    let (bank, per_atom) = shown_bank.expect("the method itself is fitted");
    let codes = bank.codes(&sample.fitted);
    let shown = strongest(&codes, config.n_concepts);
    let mut controls = Vec::new();
    for vectors in &of_random {
        go_on(on, ConceptProgress::Fit { method })?;
        let bank = Bank::fitted(vectors, sample.method_for(method, vectors), config.size(), config.seed);
        let shown = strongest(&bank.codes(vectors), config.n_concepts);
        controls.push((bank, shown));
    }
    let own = Coder { reader, bank: &bank, shown: &shown };
    let of_controls = readers[1..].iter().zip(&controls);
    let coders: Vec<Coder<'_>> = std::iter::once(own)
        .chain(of_controls.map(|(reader, (bank, shown))| Coder { reader, bank, shown }))
        .collect();
    let mut coded = sample.coded(&coders, dataset, on)?;
    let of_controls = coded.split_off(1);
    let coded = coded.remove(0);
    let stable: Vec<Option<f64>> =
        shown.iter().map(|&atom| (!method.has_no_start()).then(|| per_atom[atom])).collect();
    let classes = uses::of_classes((&sample.seen, &coded), &of_controls, &stable, config.seed)?;

    let few = sample.few(config.n_effects, config.seed);
    let entries: Vec<&Entry> = few.iter().map(|&place| sample.entries[place]).collect();
    let effects = effect::effects(reader, &entries, (&bank, &shown), &prepare, on)?;
    let few = sample.few(config.n_structures, config.seed);
    let entries: Vec<(&Entry, &str)> =
        few.iter().map(|&place| (sample.entries[place], sample.seen[place].group.as_str())).collect();
    let thresholds = overlap::thresholds(&codes, &shown);
    let overlaps = overlap::overlaps(
        reader,
        &entries,
        (&bank, &shown, &thresholds),
        (&prepare, config.seed),
        &mut warnings,
        on,
    )?;
    let chosen = uses::exemplars(&sample, &coded, config.n_exemplars);
    let zooms: Vec<Vec<f64>> = chosen.iter().map(|own| sample.nm_of_view_px(own)).collect();
    let tunings = if config.tuning {
        go_on(on, ConceptProgress::Tune)?;
        tuned::tuned(reader, (&bank, &shown), &zooms, &mut || on(ConceptProgress::Tune))?
    } else {
        vec![None; shown.len()]
    };
    let pictures =
        if config.pictures { tuned::pictures(reader, (&bank, &shown), config.seed, on)? } else { Vec::new() };
    let shown_exemplars =
        picture::exemplars(reader, (&bank, &shown, &thresholds), (&sample, &coded, &chosen), &prepare)?;

    let map = match config.map {
        0 => None,
        side => Some(map::map(reader, &sample, (side, config.seed), &prepare, on)?),
    };
    let saved = ConceptBank {
        network: network.sha256().to_owned(),
        layer: layer.clone(),
        bank: bank.clone(),
        shown: shown.clone(),
    };
    let energies = energies(&codes);
    let all: f64 = energies.iter().sum();
    let n_rows = codes.n_rows().max(1) as f64;
    let mut of_concepts = Vec::with_capacity(shown.len());
    let parts = shown.iter().zip(classes).zip(overlaps).zip(tunings).zip(&shown_exemplars).zip(&stable);
    for (place, (((((&atom, classes), overlaps), tuning), exemplars), &stability)) in parts.enumerate() {
        of_concepts.push(Concept {
            number: place + 1,
            name: None,
            energy: if all > 0.0 { energies[atom] / all } else { 0.0 },
            active_share: codes.rows().filter(|codes| codes[atom] != 0.0).count() as f64 / n_rows,
            stability,
            direction: bank.atoms.row(atom).to_vec(),
            exemplars: exemplars.iter().map(|(exemplar, _)| exemplar.clone()).collect(),
            classes,
            effects: effects.as_ref().map_or_else(Default::default, |all| all.concepts[place].clone()),
            overlaps,
            tuning,
        });
    }
    warnings.extend(doubts(&methods, &sample));
    Ok(Concepts {
        found: ConceptsFound {
            layer,
            n_channels: reader.layer.n_channels,
            class: config.class.clone(),
            n_vectors: sample.fitted.n_rows(),
            n_held_out: sample.held_out.n_rows(),
            method,
            methods,
            concepts: of_concepts,
            effects,
            marked,
            n_controls: config.n_controls,
            micrographs: sample.seen,
            warnings,
        },
        bank: saved,
        pictures,
        map,
        exemplars: shown_exemplars
            .into_iter()
            .map(|own| own.into_iter().map(|(_, picture)| picture).collect())
            .collect(),
        skipped,
    })
}

/// Share of the variance of `values`, vectors of `n_channels`, that concepts of `method` explain, once fitted to them.
pub(crate) fn fitted_r2(
    n_channels: usize,
    values: Vec<f32>,
    method: ConceptMethod,
    config: &ConceptConfig,
) -> f64 {
    let vectors = Matrix::new(n_channels, values);
    Bank::fitted(&vectors, method, config.size(), config.seed).r2(&vectors).unwrap_or(0.0)
}

/// The micrographs that are looked at.
fn chosen(dataset: &Dataset, config: &ConceptConfig) -> Result<Vec<usize>, ConceptError> {
    let known = dataset.categories();
    match &config.class {
        Some(class) if !known.contains(class) => {
            Err(ConceptError::NoClass { class: class.clone(), known: known.join(", ") })
        }
        class => {
            let mut chosen = survey::chosen(dataset, class.as_deref(), config.most_micrographs, config.seed);
            // those with boxes, whatever else was drawn
            let has_box = |file: &String| config.boxes.iter().any(|one| one.file == *file);
            chosen.extend((0..dataset.entries.len()).filter(|&index| has_box(&dataset.entries[index].file)));
            chosen.sort_unstable();
            chosen.dedup();
            Ok(chosen)
        }
    }
}

/// Vectors of many micrographs.
struct Sample<'a> {
    entries: Vec<&'a Entry>,
    seen: Vec<IndexedMicrograph>,
    prints: Vec<crate::data::dataset::Fingerprint>,
    /// Pixels of a micrograph along one that the network sees.
    zooms: Vec<f64>,
    fitted: Matrix,
    held_out: Matrix,
    halves: [Vec<usize>; 2],
    /// Micrograph and position of each vector to fit to.
    places: Vec<(usize, Position)>,
    /// The smallest activation.
    least: f32,
}

impl<'a> Sample<'a> {
    fn of(
        readers: &[LayerReader],
        dataset: &'a Dataset,
        chosen: &[usize],
        config: &ConceptConfig,
        on: OnProgress<'_>,
    ) -> Result<(Self, Vec<Matrix>, Vec<Skipped>), ConceptError> {
        let layer = &readers[0].layer;
        let contents = dataset.contents()?;
        let mut skipped = Vec::new();
        let mut work = Vec::new();
        for &index in chosen {
            let entry = &dataset.entries[index];
            match &contents[index] {
                Some(sha256) => work.push((entry, sha256.clone())),
                None => {
                    skipped.push(Skipped {
                        file: entry.file.clone(),
                        reason: "the file is not there".to_owned(),
                    });
                }
            }
        }
        let prepare = dataset.prepare_config();
        let (mut n_done, n) = (0, work.len());
        let sampled =
            survey::sampled(readers, &work, (&prepare, config.per_micrograph, config.seed), &mut || {
                n_done += 1;
                on(ConceptProgress::Read { n_done, n })
            })
            .ok_or(ConceptError::Cancelled)?;
        let (mut entries, mut all): (Vec<&Entry>, Vec<Sampled>) = (Vec::new(), Vec::new());
        for (found, (entry, _)) in sampled.into_iter().zip(&work) {
            match found {
                Ok(found) => {
                    entries.push(entry);
                    all.push(found);
                }
                Err(reason) => skipped.push(Skipped { file: entry.file.clone(), reason }),
            }
        }
        if all.len() < LEAST_MICROGRAPHS {
            let first = skipped.first().map_or(String::new(), |one| {
                format!("; the first that could not: {}: {}", one.file, one.reason)
            });
            return Err(ConceptError::TooFew { n: all.len(), least: LEAST_MICROGRAPHS, first });
        }
        let parts = parts(&all, config.seed);
        let of_part = |reader: usize, wanted: &dyn Fn(Part) -> bool| {
            let own = all.iter().zip(&parts).filter(|(_, part)| wanted(**part));
            let values = own.flat_map(|(one, _)| one.vectors[reader].values.iter().copied()).collect();
            Matrix::new(layer.n_channels, values)
        };
        let fitted = of_part(0, &|part| part != Part::HeldOut);
        let others = (1..readers.len()).map(|reader| of_part(reader, &|_| true)).collect();
        let mut halves = [Vec::new(), Vec::new()];
        let mut row = 0;
        let mut places = Vec::new();
        for (micrograph, (one, part)) in all.iter().zip(&parts).enumerate() {
            let own = row..row + one.vectors[0].n_rows();
            match part {
                Part::Half(half) => halves[*half].extend(own),
                Part::HeldOut => continue,
                Part::Alone => {}
            }
            places.extend(one.positions.iter().map(|&position| (micrograph, position)));
            row += one.vectors[0].n_rows();
        }
        let least_vectors = LEAST_VECTORS * config.n_concepts;
        if fitted.n_rows() < least_vectors {
            let (n, n_concepts) = (fitted.n_rows(), config.n_concepts);
            return Err(ConceptError::TooFewVectors { n, n_concepts, least: least_vectors });
        }
        if fitted.less(&fitted.means()).squares() <= 1e-12 * fitted.squares() {
            return Err(ConceptError::Constant { layer: layer.name.clone() });
        }
        let sample = Self {
            entries,
            held_out: of_part(0, &|part| part == Part::HeldOut),
            least: fitted.values.iter().copied().fold(f32::INFINITY, f32::min),
            fitted,
            places,
            halves,
            zooms: all.iter().map(|one| one.zoom).collect(),
            prints: all.iter().map(|one| one.print.clone()).collect(),
            seen: all.into_iter().map(|one| one.seen).collect(),
        };
        Ok((sample, others, skipped))
    }

    fn vectors(&self) -> Vectors<'_> {
        Vectors { fitted: &self.fitted, halves: self.halves.clone(), held_out: &self.held_out }
    }

    fn method(&self, layer: &str, config: &ConceptConfig) -> Result<ConceptMethod, ConceptError> {
        match config.method {
            None if self.least < 0.0 => Ok(ConceptMethod::SemiNmf),
            None => Ok(ConceptMethod::Nmf),
            Some(ConceptMethod::Nmf) if self.least < 0.0 => {
                Err(ConceptError::Negative { layer: layer.to_owned(), least: self.least })
            }
            Some(method) => Ok(method),
        }
    }

    /// `method` for the activations of a network with random weights, which may be negative where the network's own are not.
    fn method_for(&self, method: ConceptMethod, vectors: &Matrix) -> ConceptMethod {
        let has_negative = vectors.values.iter().any(|value| *value < 0.0);
        if method == ConceptMethod::Nmf && has_negative { ConceptMethod::SemiNmf } else { method }
    }

    /// The concepts of all micrographs, by coder.
    fn coded(
        &self,
        coders: &[Coder<'_>],
        dataset: &Dataset,
        on: OnProgress<'_>,
    ) -> Result<Vec<Vec<Coded>>, ConceptError> {
        let (mut n_done, n) = (0, self.entries.len());
        let found = survey::coded(coders, &self.entries, &dataset.prepare_config(), &mut || {
            n_done += 1;
            on(ConceptProgress::Read { n_done, n })
        });
        let mut of_coders: Vec<Vec<Coded>> = vec![Vec::with_capacity(n); coders.len()];
        for (place, one) in found.ok_or(ConceptError::Cancelled)?.into_iter().enumerate() {
            let one = one.map_err(|reason| self.gone(place, &reason))?;
            of_coders.iter_mut().zip(one).for_each(|(all, one)| all.push(one));
        }
        Ok(of_coders)
    }

    /// A micrograph that could be read before cannot be read again.
    fn gone(&self, place: usize, reason: &str) -> ConceptError {
        ConceptError::Gone { file: self.entries[place].file.clone(), reason: reason.to_owned() }
    }

    /// Places of at most `n` micrographs, in the order of a draw that takes one of each class in turn.
    fn few(&self, n: usize, seed: u64) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.seen.len()).collect();
        Stream::new(seed, "few micrographs", 0).shuffle(&mut order);
        let mut counts = std::collections::BTreeMap::new();
        let mut ranked: Vec<(usize, usize)> = order
            .into_iter()
            .map(|place| {
                let count: &mut usize = counts.entry(self.seen[place].category.clone()).or_default();
                *count += 1;
                (*count, place)
            })
            .collect();
        ranked.sort_by_key(|(count, _)| *count);
        ranked.into_iter().take(n).map(|(_, place)| place).collect()
    }

    /// Nanometres of one pixel that the network sees, on the micrographs of these exemplars that are calibrated.
    fn nm_of_view_px(&self, places: &[usize]) -> Vec<f64> {
        let nm = |&place: &usize| self.seen[place].nm_per_px.map(|nm| nm * self.zooms[place]);
        places.iter().filter_map(nm).collect()
    }

    fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        if self.entries.iter().all(|entry| entry.group.is_none()) {
            warnings.push(
                "no groups are known, so each micrograph counts as one: where several are of one specimen or paper, R² of held-out groups, halves and intervals look too good; give an index with a column `group`".to_owned(),
            );
        }
        if self.held_out.n_rows() == 0 {
            warnings.push(format!(
                "fewer than {LEAST_GROUPS} groups of micrographs: none are held out, and halves are not compared"
            ));
        }
        warnings
    }
}

/// What the vectors of a micrograph are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// To fit to, in one half.
    Half(usize),
    /// To fit to, where there are too few groups for halves.
    Alone,
    /// To judge by.
    HeldOut,
}

/// The part of each micrograph; groups stay together.
fn parts(all: &[Sampled], seed: u64) -> Vec<Part> {
    let mut groups: Vec<&str> = all.iter().map(|one| one.seen.group.as_str()).collect();
    groups.sort_unstable();
    groups.dedup();
    if groups.len() < LEAST_GROUPS {
        return vec![Part::Alone; all.len()];
    }
    Stream::new(seed, "parts of concepts", 0).shuffle(&mut groups);
    let part = |place: usize| match place % HELD_OUT {
        0 => Part::HeldOut,
        // those that are not held out in turn
        _ => Part::Half((place - place / HELD_OUT - 1) % 2),
    };
    let of: std::collections::BTreeMap<&str, Part> =
        groups.iter().enumerate().map(|(place, group)| (*group, part(place))).collect();
    all.iter().map(|one| of[one.seen.group.as_str()]).collect()
}

/// Sums of the squares of the codes, by atom.
fn energies(codes: &Matrix) -> Vec<f64> {
    let mut energies = vec![0.0; codes.n_columns];
    for row in codes.rows() {
        energies.iter_mut().zip(row).for_each(|(sum, code)| *sum += squares(&[*code]));
    }
    energies
}

/// The `n` atoms with the largest energies.
fn strongest(codes: &Matrix, n: usize) -> Vec<usize> {
    let energies = energies(codes);
    let mut order: Vec<usize> = (0..energies.len()).filter(|&atom| energies[atom] > 0.0).collect();
    order.sort_by(|&a, &b| energies[b].total_cmp(&energies[a]).then(a.cmp(&b)));
    order.truncate(n);
    order
}

/// What the numbers say against the concepts.
fn doubts(methods: &[MethodQuality], sample: &Sample<'_>) -> Vec<String> {
    let mut doubts = Vec::new();
    let own = &methods[0];
    if let Some(starts) = &own.starts
        && starts.deciles[1] < SAME
    {
        doubts.push(format!(
            "other starts give other concepts (median cosine {:.2}, at least {SAME} is expected): try fewer --concepts, more micrographs, or a higher --sparsity",
            starts.deciles[1]
        ));
    }
    if let Some(halves) = &own.halves
        && halves.deciles[1] < SAME
    {
        doubts.push(format!(
            "the two halves of the groups give other concepts (median cosine {:.2}, at least {SAME} is expected): these may depend on the micrographs; use more of them",
            halves.deciles[1]
        ));
    }
    let n_groups =
        sample.seen.iter().map(|seen| &seen.group).collect::<std::collections::BTreeSet<_>>().len();
    if n_groups < sample.seen.len() / 4 {
        doubts.push(format!("{} micrographs of only {n_groups} groups", sample.seen.len()));
    }
    doubts
}
