//! Model of the site: everything its pages show, as plain values; pages are functions of it.
//!
//! [`Site`] is what all pages share and is kept in memory: networks, layers, a summary of each
//! unit, micrographs without their pixels, classes, comparisons. What is large comes one at a time
//! and is let go of after it was written: [`UnitView`] for the page of a unit, [`MicrographView`]
//! for that of a micrograph. Each page has its value as JSON beside it, so page and JSON cannot
//! differ.
//!
//! Places in the lists are how values name each other: a micrograph is its place in
//! [`Site::micrographs`], a class its place in [`Site::classes`], a unit a [`UnitRef`]. Lengths are
//! in px of the micrograph's specimen (its data bar cut off); nanometres appear on the page, through
//! `nm_per_px`.

use micrograph::Rect;
use serde::Serialize;

/// What all pages share.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Site {
    /// Heading of the first page, e.g. `Atlas of 147 micrographs through two networks`.
    pub title: String,
    /// From what the site was made.
    pub made: Made,
    /// Networks, in the order asked for.
    pub networks: Vec<NetworkView>,
    /// Micrographs that were looked at, in the order of the data set.
    pub micrographs: Vec<MicrographSummary>,
    /// Names of the classes of the data set, sorted; empty where it tells none.
    pub classes: Vec<ClassView>,
    /// Class against class; the first is shown as the example.
    pub contrasts: Vec<ContrastView>,
    /// Layers of several networks side by side.
    pub side_by_sides: Vec<SideBySideView>,
    /// Self-tests, at most one a network.
    pub self_tests: Vec<SelfTestView>,
}

/// Record of the site: enough to make it again.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Made {
    /// Version of the record's format.
    pub schema_version: u32,
    /// Version of the program.
    pub program_version: String,
    /// The command line, e.g. `nanoaid site runs/a --data sem --out atlas`.
    pub command: String,
    /// The data set as it was named.
    pub data: String,
    /// SHA-256 of its names and contents.
    pub data_digest: String,
    /// Where the networks ran.
    pub device: String,
    /// Everything else that decides, as written to the record.
    pub settings: serde_json::Value,
    /// What the reader must know before the pages are believed, with advice; may be empty.
    pub warnings: Vec<String>,
}

/// A network and its layers.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NetworkView {
    /// Its folder in the site: lower-case letters, digits, `-`, `_`, `.`; unique.
    pub id: String,
    /// Its name as the reader knows it, e.g. the name of the run.
    pub name: String,
    /// What it is, in one sentence, e.g. `Autoencoder of 4 stages with a latent of 64 numbers`.
    pub what: String,
    /// SHA-256 of the network as a file.
    pub sha256: String,
    /// Names and values, e.g. number of parameters, data it learnt from, its accuracy.
    pub facts: Vec<(String, String)>,
    /// Layers in the order of the forward pass.
    pub layers: Vec<LayerView>,
}

/// A layer, with a summary of each of its units.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LayerView {
    /// Its name, e.g. `encoder.2`; also its folder.
    pub name: String,
    /// What it does, e.g. `convolution 3 × 3, ReLU, pooling`; may be empty.
    pub what: String,
    /// Rows and columns of its maps for an input of [`Self::input`].
    pub map: (usize, usize),
    /// Rows and columns of that input, px.
    pub input: (usize, usize),
    /// Pixels of the image from one position of the map to the next.
    pub stride_px: usize,
    /// Side of the receptive field in px; `None` where a position sees the whole image.
    pub field_px: Option<usize>,
    /// One a channel, in their order.
    pub units: Vec<UnitSummary>,
}

/// Where a unit is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct UnitRef {
    /// Place in [`Site::networks`].
    pub network: usize,
    /// Place in [`NetworkView::layers`].
    pub layer: usize,
    /// Place in [`LayerView::units`]: the channel.
    pub channel: usize,
}

/// What the grid of a layer shows of a unit, and what it can be ordered by.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct UnitSummary {
    /// Its own name where it has one: the class of a logit.
    pub name: Option<String>,
    /// Whether it answered alike to every position of every micrograph.
    pub dead: bool,
    /// Largest activation over all micrographs.
    pub largest: f32,
    /// Median over micrographs of the largest activation in each.
    pub median: f32,
    /// Share of micrographs in which it is above 0 somewhere, in `[0, 1]`.
    pub firing_share: f64,
    /// Preferred period of gratings in px, where it prefers one.
    pub period_px: Option<f64>,
    /// Preferred axis of gratings in degrees, in `[-90, 90]`, where it prefers one.
    pub axis_deg: Option<f64>,
    /// Selectivity for orientation: 1 minus the circular variance, in `[0, 1]`.
    pub selectivity: Option<f64>,
    /// Machine score of its real exemplars, in `[0, 1]`; chance is 0.5.
    pub machine_score: Option<f64>,
    /// The class it tells best from the rest (place in [`Site::classes`]) and the AUC, among those that
    /// it is found to tell.
    pub class: Option<(usize, f64)>,
    /// Its synthetic picture as PNG, about 64 to 96 px a side, for the grid; empty: none was made.
    #[serde(skip)]
    pub picture_png: Vec<u8>,
}

/// The page of a unit.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct UnitView {
    /// Which one.
    pub unit: UnitRef,
    /// Synthetic pictures, one a preset; may be empty.
    pub pictures: Vec<UnitPicture>,
    /// Strongest first; at most 9.
    pub strongest: Vec<ExemplarView>,
    /// From the middle quantiles; at most 9.
    pub middle: Vec<ExemplarView>,
    /// Weakest first; at most 9.
    pub weakest: Vec<ExemplarView>,
    /// Strongest of each class (place in [`Site::classes`]).
    pub of_class: Vec<(usize, Vec<ExemplarView>)>,
    /// Its largest activation in each micrograph, as a histogram.
    pub histogram: HistogramView,
    /// Answers to synthetic gratings, lattices, discs, noise.
    pub tuning: Option<TuningView>,
    /// How well exemplars and pictures predict what drives the unit; may be empty.
    pub machine_scores: Vec<ScoreView>,
    /// Units of the same network that answer most alike; most alike first.
    pub alike_here: Vec<AlikeView>,
    /// The most alike unit of each other network.
    pub alike_elsewhere: Vec<AlikeView>,
    /// AUC of each class against the rest.
    pub classes: Vec<ClassAnswer>,
    /// What to know before the page is believed, with advice.
    pub warnings: Vec<String>,
}

/// A synthetic picture of a unit.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct UnitPicture {
    /// The preset, e.g. `natural`.
    pub preset: String,
    /// How it was made, in one short sentence.
    pub how: String,
    /// Score of the picture, in units of the activation.
    pub score: f32,
    /// Period of its strongest wave in px, where there is a clear one.
    pub period_px: Option<f64>,
    /// What to know before it is believed.
    pub warnings: Vec<String>,
    /// Width and height in px.
    pub size_px: (usize, usize),
    /// PNG, at most about 12 kB.
    #[serde(skip)]
    pub png: Vec<u8>,
}

/// A real patch and what the unit answered to it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct ExemplarView {
    /// Place in [`Site::micrographs`].
    pub micrograph: usize,
    /// Largest activation in that micrograph.
    pub value: f32,
    /// Receptive field of the position, inside the specimen, px.
    pub field: Rect,
}

/// Counts of micrographs in bins of the largest activation.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct HistogramView {
    /// Borders of the bins, one more than bins.
    pub edges: Vec<f32>,
    /// Micrographs in each bin.
    pub all: Vec<u32>,
    /// The same for each class (place in [`Site::classes`]).
    pub of_class: Vec<(usize, Vec<u32>)>,
}

/// What synthetic stimuli tell of a unit.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct TuningView {
    /// Names and values in words, e.g. preferred axis, half-width in octaves, polarity.
    pub facts: Vec<(String, String)>,
    /// Preferred period of gratings in px, where it prefers one.
    pub period_px: Option<f64>,
    /// Curves, each one panel.
    pub curves: Vec<CurvePanel>,
    /// Why something is not told, or not to be trusted.
    pub notes: Vec<String>,
}

/// Answers over one property of a stimulus.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CurvePanel {
    /// Unique on its page, fit for an address: `orientation`, `period`, `disc-radius`, `noise`.
    pub id: String,
    /// Over the chart, e.g. `Period of gratings`.
    pub title: String,
    /// Under the axis, without its unit.
    pub x_label: String,
    /// What x is measured in.
    pub x_unit: XUnit,
    /// Whether x is laid out by doublings.
    pub log2: bool,
    /// Named curves of `(x, activation)`.
    pub series: Vec<(String, Vec<(f64, f64)>)>,
    /// The answer to a plain grey image, drawn as a dashed line.
    pub plain: Option<f64>,
    /// Where the largest answer lies.
    pub preferred: Option<f64>,
}

/// What a property of a stimulus is measured in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum XUnit {
    /// Pixels; shown in nanometres too for a nm/px that the reader types.
    Px,
    /// Degrees.
    Degrees,
    /// A plain number.
    Number,
}

/// A machine score.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ScoreView {
    /// What was shown: `real exemplars`, `synthetic picture`.
    pub shown: String,
    /// Share of questions answered rightly, in `[0, 1]`; chance is 0.5.
    pub share: f64,
    /// Interval of the share.
    pub interval: Option<(f64, f64)>,
    /// Questions.
    pub n_questions: usize,
}

/// A unit that answers alike.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct AlikeView {
    /// Which one.
    pub unit: UnitRef,
    /// Correlation of the answers over micrographs, in `[-1, 1]`.
    pub correlation: f64,
}

/// How a unit tells one class from the rest.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct ClassAnswer {
    /// Place in [`Site::classes`].
    pub class: usize,
    /// Probability that a micrograph of the class drives it more than one of the rest.
    pub auc: f64,
    /// Its interval over groups.
    pub interval: Option<(f64, f64)>,
    /// After control of the share of false discoveries; `None` where it was not tested.
    pub q: Option<f64>,
}

/// A micrograph in a list.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MicrographSummary {
    /// Its name in the site, from its content: see `crate::site::micrograph_ids`.
    pub id: String,
    /// Its name in the data set.
    pub file: String,
    /// SHA-256 of its content.
    pub sha256: String,
    /// Place in [`Site::classes`].
    pub class: Option<usize>,
    /// Micrographs of one specimen or near-duplicates share a group.
    pub group: String,
    /// `train`, `validation` or `test`.
    pub split: String,
    /// Rows of the specimen, px.
    pub height: usize,
    /// Columns of the specimen, px.
    pub width: usize,
    /// Calibration, where the file tells one.
    pub nm_per_px: Option<f64>,
    /// Rows of the data bar that were cut off.
    pub data_bar_px: usize,
    /// Names and values from the data set's index, e.g. source and licence.
    pub facts: Vec<(String, String)>,
}

/// The page of a micrograph.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct MicrographView {
    /// Place in [`Site::micrographs`].
    pub micrograph: usize,
    /// Units that it drives most against the other micrographs, per network; strongest first.
    pub units: Vec<NetworkAnswers>,
    /// The prepared specimen as grey JPEG (see `micrograph::paint::gray_jpeg`), `height × width`
    /// px; stored once.
    #[serde(skip)]
    pub jpeg: Vec<u8>,
    /// Coarse activations, at most one a network.
    #[serde(skip)]
    pub grids: Vec<Grid>,
}

/// Units of one network that a micrograph drives most.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct NetworkAnswers {
    /// Place in [`Site::networks`].
    pub network: usize,
    /// At most 24, strongest first.
    pub units: Vec<UnitAnswer>,
}

/// What a unit answered to a micrograph.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct UnitAnswer {
    /// Which one.
    pub unit: UnitRef,
    /// Largest activation.
    pub value: f32,
    /// Share of the micrographs whose largest activation is below it, in `[0, 1]`.
    pub rank: f64,
    /// Receptive field of that position, px.
    pub field: Rect,
}

/// Coarse activations of all units of a network on one micrograph: where in it each one fires.
#[derive(Clone, Debug, PartialEq)]
pub struct Grid {
    /// Place in [`Site::networks`].
    pub network: usize,
    /// Rows of cells; cell `(row, col)` covers rows `row·H/rows .. (row+1)·H/rows` of the specimen.
    pub rows: usize,
    /// Columns of cells.
    pub cols: usize,
    /// `[unit][row][col]`, units of all layers in order. Largest activation of the positions whose
    /// receptive fields are centred in the cell (the nearest position where none is), as
    /// `round(255 · (v − low) / (high − low))` cut to 0–255, with `low` and `high` the smallest and
    /// the largest that the unit gave on the data set; 0 for a dead unit.
    pub values: Vec<u8>,
}

/// How all units of a network answered to all micrographs: for "more like this".
#[derive(Clone, Debug, PartialEq)]
pub struct RankTable {
    /// Place in [`Site::networks`].
    pub network: usize,
    /// `[micrograph][unit]`, units of all layers in order: `round(255 · r)`, `r` being the share
    /// of micrographs whose largest activation is below this one's; 0 for a dead unit.
    pub ranks: Vec<u8>,
}

/// A class of the data set.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ClassView {
    /// Its name.
    pub name: String,
    /// Units that tell it best from the rest; per network, at most 24, best first.
    pub units: Vec<ClassUnits>,
}

/// Units of one network that tell a class from the rest.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ClassUnits {
    /// Place in [`Site::networks`].
    pub network: usize,
    /// Units and how well they do.
    pub units: Vec<(UnitRef, ClassAnswer)>,
}

/// Two sets of micrographs, one network, and what every unit makes of their difference.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ContrastView {
    /// Part of its address: unique, letters, digits, `-`, `_`, `.`; e.g. `mems-or-patterned-against-particles`.
    pub id: String,
    /// Place in [`Site::networks`].
    pub network: usize,
    /// The first set.
    pub a: SetView,
    /// The second set.
    pub b: SetView,
    /// What was compared, e.g. `largest activation in each micrograph`.
    pub statistic: String,
    /// Share of false discoveries that is borne, e.g. 0.05.
    pub fdr: f64,
    /// How intervals were made, in words.
    pub interval_how: String,
    /// Every unit that was tested.
    pub units: Vec<ContrastUnit>,
    /// What the same procedure says where nothing should be found.
    pub controls: Vec<ControlView>,
    /// What to know before it is believed.
    pub warnings: Vec<String>,
}

/// A set of micrographs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SetView {
    /// Its name, e.g. `MEMS or patterned surface`.
    pub name: String,
    /// Places in [`Site::classes`].
    pub classes: Vec<usize>,
    /// Micrographs.
    pub n_micrographs: usize,
    /// Groups.
    pub n_groups: usize,
}

/// A unit in a comparison of two sets.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct ContrastUnit {
    /// Which one.
    pub unit: UnitRef,
    /// Probability that a micrograph of `a` drives it more than one of `b`.
    pub auc: f64,
    /// Its interval.
    pub interval: Option<(f64, f64)>,
    /// After control of the share of false discoveries.
    pub q: f64,
    /// Whether it counts as found at [`ContrastView::fdr`].
    pub found: bool,
}

/// A negative control, or the thing itself in the same table.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ControlView {
    /// Its name, e.g. `shuffled labels`, `random weights`, `data bar alone`.
    pub name: String,
    /// What it is, and what would be expected of it, in one sentence.
    pub what: String,
    /// Units tested.
    pub n_units: usize,
    /// Units found; for a control that was repeated, in the run that found most.
    pub n_found: f64,
    /// Share of repetitions in which any unit was found, and their number.
    pub any_found: Option<(f64, usize)>,
    /// Largest |AUC − 0.5|; not told of repetitions.
    pub largest_effect: Option<f64>,
}

/// One layer of several networks, unit by unit.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SideBySideView {
    /// Part of its address, unique.
    pub id: String,
    /// Heading, e.g. `encoder.3 of A1, A2, A3`.
    pub title: String,
    /// Place of network and layer, two or more; units of the first lead the rows.
    pub members: Vec<(usize, usize)>,
    /// How alike each pair of members is.
    pub pairs: Vec<PairView>,
    /// One row a unit of the first member.
    pub rows: Vec<SideBySideRow>,
    /// How units were matched, in words.
    pub how: String,
}

/// How alike two layers are.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct PairView {
    /// Places in [`SideBySideView::members`].
    pub members: (usize, usize),
    /// Mean over live units of the first of the |correlation| with their best match.
    pub mean_best: Option<f64>,
    /// The same where the micrographs of one were shuffled.
    pub mean_best_shuffled: Option<f64>,
    /// Units of the first whose best match has chosen them too.
    pub n_mutual: usize,
    /// Units compared.
    pub n_units: usize,
}

/// A unit and its best matches.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SideBySideRow {
    /// Channel of the first member.
    pub channel: usize,
    /// For each further member: channel, correlation, whether each is the other's best match.
    pub matches: Vec<Option<MatchView>>,
}

/// A best match.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct MatchView {
    /// Its channel.
    pub channel: usize,
    /// Correlation over micrographs.
    pub correlation: f64,
    /// Whether each is the other's best match.
    pub mutual: bool,
}

/// Twenty questions: which of two patches drives the unit more?
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SelfTestView {
    /// Place in [`Site::networks`].
    pub network: usize,
    /// Seed by which units, sides and patches were drawn.
    pub seed: u64,
    /// The questions.
    pub questions: Vec<QuestionView>,
}

/// One question.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct QuestionView {
    /// The unit that is asked about.
    pub unit: UnitRef,
    /// References that drive it most; not the query.
    pub strongest: Vec<ExemplarView>,
    /// References that drive it least; not the query.
    pub weakest: Vec<ExemplarView>,
    /// The two patches of the question.
    pub queries: [ExemplarView; 2],
    /// Which of them drives it more: 0 or 1.
    pub answer: usize,
    /// Share of such questions the machine answers rightly, for this unit.
    pub machine_score: Option<f64>,
}

impl Site {
    /// The layer of `unit`.
    pub fn layer(&self, unit: UnitRef) -> &LayerView {
        &self.networks[unit.network].layers[unit.layer]
    }

    /// The summary of `unit`.
    pub fn summary(&self, unit: UnitRef) -> &UnitSummary {
        &self.layer(unit).units[unit.channel]
    }
}

impl NetworkView {
    /// Number of units of all layers.
    pub fn n_units(&self) -> usize {
        self.layers.iter().map(|layer| layer.units.len()).sum()
    }
}
