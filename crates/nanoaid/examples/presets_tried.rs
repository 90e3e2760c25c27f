//! What was tried for the presets of feature visualization, as tables in Markdown and as pictures.
//!
//! Usage: `cargo run --release -p nanoaid --example presets_tried -- DATA SQUEEZENET.safetensors OUT
//! [fast|robust|maco]…` prints the tables of docs/method.md and writes a picture for each into OUT: a
//! row for each setting, a column for each unit. DATA are micrographs.
//!
//! For each setting the mean over four units, each from two seeds, of
//!
//! - *score*: how far the picture's score, without transforms, is on the way from the start (0) to the
//!   strongest of the micrographs' middles of the same size (1);
//! - *held*: how much of that is left when the picture is enlarged or made smaller by a tenth;
//! - *spectrum*: log spectral distance to the mean spectrum of these middles, in powers of e;
//! - *alike*: correlation of the two seeds' pictures, by the mean activations of the unit's layer.
//!
//! Seeds are fixed: the same command prints the same figures but for the times.

#![expect(clippy::print_stdout, reason = "tables are what it is for")]

use std::error::Error;
use std::ops::ControlFlow;
use std::path::Path;
use std::time::Instant;

use micrograph::Plane;
use micrograph::fourier::log_ring_shares;
use micrograph::paint::{ColorMap, Picture, Sampling, resampled};
use nanoaid::dataset::{Dataset, DatasetConfig};
use nanoaid::natural::{Natural, unit_of};
use nanoaid::network::Input;
use nanoaid::visualize::{
    CanvasConfig, Event, Materials, Objective, OptimizerConfig, Penalty, PenaltyKind, Preset, Spectrum,
    Transform, TransformSet, VisualizeConfig, visualize,
};
use nanoaid::{Device, Network, builtin};

type Failure = Box<dyn Error>;

/// Side of the pictures by which `robust` and `maco` are compared; theirs are larger.
const SIDE: usize = 128;
const RINGS: std::ops::RangeInclusive<usize> = 2..=40;
const GAP: usize = 4;

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [data, squeezenet, out, presets @ ..] = &arguments[..] else {
        return Err("expected DATA SQUEEZENET.safetensors OUT [fast|robust|maco]…".into());
    };
    let asked = |preset: Preset| presets.is_empty() || presets.contains(&preset.to_string());
    let dataset = Dataset::open(Path::new(data), &DatasetConfig::default())?;
    let natural = Natural::of(&dataset, None);
    let squeezenet = Network::import(&std::fs::read(squeezenet)?, None, Device::Cpu)?;
    let squeezenet = squeezenet.for_gray(Input::GrayFolded).ok_or("no network for colors")?;
    let (autoencoder, classifier) = (builtin::autoencoder(Device::Cpu)?, builtin::classifier(Device::Cpu)?);
    let units = [
        (&autoencoder, "encoder.2:5"),
        (&classifier, "encoder.4.norm:3"),
        (&classifier, "class:fibres"),
        (&squeezenet, "fire6.expand3x3:1"),
    ];
    for preset in [Preset::Fast, Preset::Robust, Preset::Maco] {
        if asked(preset) {
            table(preset, &units, &natural, Path::new(out))?;
        }
    }
    Ok(())
}

/// The settings that are compared, the chosen ones first.
fn tried(preset: Preset) -> Vec<(&'static str, VisualizeConfig)> {
    let chosen = preset.config();
    match preset {
        Preset::Fast => {
            let rate = |rate| VisualizeConfig { optimizer: OptimizerConfig::Adam { rate }, ..chosen.clone() };
            let decay = |decay| VisualizeConfig {
                canvas: CanvasConfig::Fourier { decay, deviation: 0.01 },
                ..chosen.clone()
            };
            let shift = |px| VisualizeConfig { transforms: vec![Transform::Roll { px }], ..chosen.clone() };
            vec![
                ("as it is: rate 0.05, decay 1, shifts of 4 px, 256 steps", chosen.clone()),
                ("rate 0.02", rate(0.02)),
                ("rate 0.1", rate(0.1)),
                ("decay 0.5", decay(0.5)),
                ("decay 1.5", decay(1.5)),
                ("no shifts", VisualizeConfig { transforms: Vec::new(), ..chosen.clone() }),
                ("shifts of 8 px", shift(8)),
                ("128 steps", VisualizeConfig { steps: 128, ..chosen.clone() }),
                ("no redirected gradients", VisualizeConfig { redirected_steps: 0, ..chosen.clone() }),
            ]
        }
        Preset::Robust => {
            let base = VisualizeConfig {
                height: SIDE,
                width: SIDE,
                steps: 256,
                restarts: 1,
                transforms: preset.transforms().transforms(SIDE),
                ..chosen
            };
            let set =
                |set: TransformSet| VisualizeConfig { transforms: set.transforms(SIDE), ..base.clone() };
            let variation = Penalty { weight: 2.0, kind: PenaltyKind::TotalVariation };
            vec![
                ("as it is, at 128 px, 256 steps, one start", base.clone()),
                ("shifts of 4 px only (`fast`)", set(TransformSet::Jitter)),
                ("turns of at most 10° (`lucid`)", set(TransformSet::Lucid)),
                ("`borowski`'s transforms", set(TransformSet::Borowski)),
                (
                    "rate 0.02",
                    VisualizeConfig { optimizer: OptimizerConfig::Adam { rate: 0.02 }, ..base.clone() },
                ),
                ("total variation charged", VisualizeConfig { penalties: vec![variation], ..base.clone() }),
                ("two views a step", VisualizeConfig { views: 2, ..base.clone() }),
                ("three starts", VisualizeConfig { restarts: 3, ..base.clone() }),
            ]
        }
        _ => {
            let base = VisualizeConfig {
                height: SIDE,
                width: SIDE,
                steps: 128,
                transforms: preset.transforms().transforms(SIDE),
                ..chosen
            };
            let rate = |rate| VisualizeConfig { optimizer: OptimizerConfig::NAdam { rate }, ..base.clone() };
            let crops = |from, to| {
                let mut transforms = base.transforms.clone();
                if let Some(Transform::Crop { share, .. }) = transforms.first_mut() {
                    *share = (from, to);
                }
                VisualizeConfig { transforms, ..base.clone() }
            };
            vec![
                ("as it is, at 128 px, 128 steps", base.clone()),
                ("rate 0.1", rate(0.1)),
                ("rate 0.3", rate(0.3)),
                ("four views a step", VisualizeConfig { views: 4, ..base.clone() }),
                ("crops of 0.9 to 0.5", crops(0.9, 0.5)),
                ("crops of 0.5 to 0.25", crops(0.5, 0.25)),
                (
                    "shifts of 4 px in place of crops",
                    VisualizeConfig {
                        transforms: TransformSet::Jitter.transforms(SIDE),
                        views: 1,
                        ..base.clone()
                    },
                ),
            ]
        }
    }
}

/// Prints the table of a preset, and writes its pictures.
fn table(preset: Preset, units: &[(&Network, &str)], natural: &Natural, out: &Path) -> Result<(), Failure> {
    println!(
        "\n| `{preset}` | score | held | spectrum | alike | s a picture |\n| --- | --- | --- | --- | --- | --- |"
    );
    let mut rows = Vec::new();
    for (name, config) in tried(preset) {
        let size = [config.height, config.width];
        let spectrum = natural.spectrum(size);
        let begun = Instant::now();
        let mut figures = [0.0; 4];
        let mut row = Vec::new();
        for (network, unit) in units {
            let objective: Objective = unit.parse()?;
            let real = Real::of(network, &objective, natural, size)?;
            let made = [0, 1].map(|seed| {
                made(network, &objective, &VisualizeConfig { seed, ..config.clone() }, spectrum.as_ref())
            });
            let [first, second] = made;
            let (first, second) = (first?, second?);
            for (sum, figure) in figures.iter_mut().zip(real.figures(network, [&first, &second])) {
                *sum += figure / units.len() as f64;
            }
            row.push(Picture::from_plane(&first.plane, 0.0, 1.0, ColorMap::Gray));
        }
        let seconds = begun.elapsed().as_secs_f64() / (2 * units.len()) as f64;
        let [score, held, spectrum, alike] = figures;
        println!("| {name} | {score:.2} | {held:.2} | {spectrum:.2} | {alike:.2} | {seconds:.1} |");
        rows.push(row);
    }
    let (height, width) = (rows[0][0].height() + GAP, rows[0][0].width() + GAP);
    let mut sheet = Picture::new(rows.len() * height - GAP, rows[0].len() * width - GAP, [255; 3]);
    for (y, row) in rows.iter().enumerate() {
        for (x, picture) in row.iter().enumerate() {
            sheet.blit(y * height, x * width, picture);
        }
    }
    std::fs::create_dir_all(out)?;
    sheet.write_png(&out.join(format!("{preset}.png")), None)?;
    Ok(())
}

/// A picture and the score of its start.
struct Made {
    plane: Plane,
    start: f64,
}

fn made(
    network: &Network,
    objective: &Objective,
    config: &VisualizeConfig,
    spectrum: Option<&Spectrum>,
) -> Result<Made, Failure> {
    let materials = Materials { spectrum, ..Materials::default() };
    let mut made = None;
    visualize(network, std::slice::from_ref(objective), config, materials, None, &mut |event| {
        if let Event::Done { visualization, .. } = event {
            let start = f64::from(visualization.scores[0].1);
            made = Some(Made { plane: visualization.pictures[0][0].clone(), start });
        }
        ControlFlow::Continue(())
    })?;
    made.ok_or_else(|| "no picture was made".into())
}

/// What micrographs do to a unit.
struct Real {
    layer: String,
    channel: usize,
    /// The highest score of one.
    strongest: f64,
    /// Mean of the logarithms of their rings' shares.
    rings: Vec<f64>,
}

impl Real {
    fn of(
        network: &Network,
        objective: &Objective,
        natural: &Natural,
        [height, width]: [usize; 2],
    ) -> Result<Self, Failure> {
        let (layer, channel) = unit_of(objective, network).ok_or("not about one unit")?;
        let middles = natural.planes().iter().map(|plane| plane.middle(height, width));
        let middles: Vec<Plane> =
            middles.filter(|plane| (plane.height(), plane.width()) == (height, width)).collect();
        let scores = middles.iter().map(|plane| means(network, plane, &layer)[channel]);
        let strongest = scores.fold(f64::NEG_INFINITY, f64::max);
        let mut rings = vec![0.0; RINGS.count()];
        for plane in &middles {
            for (sum, share) in rings.iter_mut().zip(log_ring_shares(plane, RINGS)) {
                *sum += share / middles.len() as f64;
            }
        }
        Ok(Self { layer, channel, strongest, rings })
    }

    /// Score, held, spectrum and alike, the first three as means of both.
    fn figures(&self, network: &Network, made: [&Made; 2]) -> [f64; 4] {
        let maps = made.map(|made| means(network, &made.plane, &self.layer));
        let mut figures = [0.0, 0.0, 0.0, correlation(&maps[0], &maps[1])];
        for (made, maps) in made.iter().zip(&maps) {
            let gained = |score: f64| (score - made.start) / (self.strongest - made.start);
            let (height, width) = (made.plane.height(), made.plane.width());
            let scaled = [0.9, 1.1].map(|factor| {
                let side = |length: usize| (length as f64 * factor).round() as usize;
                let sampling = Sampling::Bilinear;
                let plane = resampled(&made.plane, side(height), side(width), sampling).middle(height, width);
                gained(means(network, &plane, &self.layer)[self.channel])
            });
            let score = gained(maps[self.channel]);
            let squares = log_ring_shares(&made.plane, RINGS).into_iter().zip(&self.rings);
            let squares: f64 = squares.map(|(a, b)| (a - b).powi(2)).sum();
            figures[0] += score / 2.0;
            figures[1] += (scaled[0] + scaled[1]) / 2.0 / score / 2.0;
            figures[2] += (squares / self.rings.len() as f64).sqrt() / 2.0;
        }
        figures
    }
}

/// The mean of each map.
fn means(network: &Network, plane: &Plane, layer: &str) -> Vec<f64> {
    network.maps(plane, layer).iter().map(Plane::mean).collect()
}

fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let (mean_a, mean_b) = (mean(a), mean(b));
    let sum = |part: &dyn Fn(f64, f64) -> f64| {
        a.iter().zip(b).map(|(a, b)| part(a - mean_a, b - mean_b)).sum::<f64>()
    };
    sum(&|a, b| a * b) / (sum(&|a, _| a * a) * sum(&|_, b| b * b)).sqrt()
}
