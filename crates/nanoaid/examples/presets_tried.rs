//! What was tried for the presets of feature visualization, as tables in Markdown and as pictures.
//!
//! Usage: `cargo run --release -p nanoaid --example presets_tried -- DATA SQUEEZENET.safetensors OUT
//! [fast|robust|maco]…` prints the tables of docs/method.md and writes a picture for each into OUT: a
//! row for each setting, a column for each unit. DATA are micrographs.
//!
//! For each setting the mean over four units, each from two seeds, of
//!
//! - *score*: how much the picture's score, without transforms, gained over its start, as a share of the
//!   most that any setting of the table gained for the unit;
//! - *held*: how much of that is left when the picture is enlarged or made smaller by a tenth;
//! - *spectrum*: log spectral distance to the mean spectrum of micrographs' middles of the same size, in
//!   powers of e;
//! - *path*: share of the layers in which the picture is nearer to micrographs that drive the unit than
//!   to others.
//!
//! Seeds are fixed: the same command prints the same figures but for the times.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "tables are what it is for")]

use std::error::Error;
use std::ops::ControlFlow;
use std::path::Path;
use std::time::Instant;

use micrograph::Plane;
use micrograph::fourier::log_ring_shares;
use micrograph::paint::{ColorMap, Picture, Sampling, resampled};
use nanoaid::dataset::{Dataset, DatasetConfig};
use nanoaid::natural::{Natural, NaturalPaths, unit_of};
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
    let settings = tried(preset);
    let size = [settings[0].1.height, settings[0].1.width];
    let spectrum = natural.spectrum(size);
    let reals = units.iter().map(|(network, unit)| Real::of(network, unit.parse()?, natural, size));
    let reals = reals.collect::<Result<Vec<_>, _>>()?;
    // of each setting: the figures of each unit, and the time
    let mut measured = Vec::new();
    let mut sheet = Sheet::default();
    for (name, config) in &settings {
        let begun = Instant::now();
        let mut figures = Vec::new();
        for real in &reals {
            let [first, second] =
                [0, 1].map(|seed| made(real, &VisualizeConfig { seed, ..config.clone() }, spectrum.as_ref()));
            let made = [first?, second?];
            figures.push(real.figures(&made));
            sheet.add(&made[0].plane);
        }
        sheet.end_row();
        eprintln!("{name}: {figures:.2?}");
        measured.push((name, figures, begun.elapsed().as_secs_f64() / (2 * units.len()) as f64));
    }
    println!(
        "\n| `{preset}` | score | held | spectrum | path | s a picture |\n\
         | --- | --- | --- | --- | --- | --- |"
    );
    for (name, figures, seconds) in &measured {
        let mut mean = [0.0; 4];
        for (unit, figures) in figures.iter().enumerate() {
            let most = measured.iter().map(|(_, figures, _)| figures[unit][0]).fold(0.0, f64::max);
            for (index, (sum, figure)) in mean.iter_mut().zip(figures).enumerate() {
                *sum += if index == 0 { figure / most } else { *figure } / units.len() as f64;
            }
        }
        let [score, held, spectrum, path] = mean;
        println!("| {name} | {score:.2} | {held:.2} | {spectrum:.2} | {path:.2} | {seconds:.1} |");
    }
    std::fs::create_dir_all(out)?;
    sheet.write(&out.join(format!("{preset}.png")))
}

/// Pictures in rows.
#[derive(Default)]
struct Sheet {
    rows: Vec<Vec<Picture>>,
    row: Vec<Picture>,
}

impl Sheet {
    fn add(&mut self, plane: &Plane) {
        self.row.push(Picture::from_plane(plane, 0.0, 1.0, ColorMap::Gray));
    }

    fn end_row(&mut self) {
        self.rows.push(std::mem::take(&mut self.row));
    }

    fn write(&self, path: &Path) -> Result<(), Failure> {
        let rows = &self.rows;
        let (height, width) = (rows[0][0].height() + GAP, rows[0][0].width() + GAP);
        let mut sheet = Picture::new(rows.len() * height - GAP, rows[0].len() * width - GAP, [255; 3]);
        for (y, row) in rows.iter().enumerate() {
            for (x, picture) in row.iter().enumerate() {
                sheet.blit(y * height, x * width, picture);
            }
        }
        sheet.write_png(path, None)?;
        Ok(())
    }
}

/// A picture and the score of its start.
struct Made {
    plane: Plane,
    start: f64,
}

fn made(real: &Real, config: &VisualizeConfig, spectrum: Option<&Spectrum>) -> Result<Made, Failure> {
    let materials = Materials { spectrum, ..Materials::default() };
    let objective = std::slice::from_ref(&real.objective);
    let mut made = None;
    visualize(real.network, objective, config, materials, None, &mut |event| {
        if let Event::Done { visualization, .. } = event {
            let start = f64::from(visualization.scores[0].1);
            made = Some(Made { plane: visualization.pictures[0][0].clone(), start });
        }
        ControlFlow::Continue(())
    })?;
    made.ok_or_else(|| "no picture was made".into())
}

/// A unit, and what micrographs do to it.
struct Real<'a> {
    network: &'a Network,
    objective: Objective,
    layer: String,
    channel: usize,
    paths: NaturalPaths<'a>,
    /// Mean of the logarithms of their rings' shares.
    rings: Vec<f64>,
}

impl<'a> Real<'a> {
    fn of(
        network: &'a Network,
        objective: Objective,
        natural: &Natural,
        [height, width]: [usize; 2],
    ) -> Result<Self, Failure> {
        let (layer, channel) = unit_of(&objective, network).ok_or("not about one unit")?;
        let middles = natural.planes().iter().map(|plane| plane.middle(height, width));
        let middles: Vec<Plane> =
            middles.filter(|plane| (plane.height(), plane.width()) == (height, width)).collect();
        let mut rings = vec![0.0; RINGS.count()];
        for plane in &middles {
            for (sum, share) in rings.iter_mut().zip(log_ring_shares(plane, RINGS)) {
                *sum += share / middles.len() as f64;
            }
        }
        let paths = natural.paths(network, &layer, [height, width]).ok_or("too few micrographs")?;
        Ok(Self { network, objective, layer, channel, paths, rings })
    }

    /// What the score gained, held, spectrum and path, as means of both.
    fn figures(&self, made: &[Made; 2]) -> [f64; 4] {
        let mut figures = [0.0; 4];
        for Made { plane, start } in made {
            let gained = |plane: &Plane| mean_of(self.network, plane, &self.layer, self.channel) - start;
            let gain = gained(plane);
            let (height, width) = (plane.height(), plane.width());
            let scaled = [0.9, 1.1].map(|factor| {
                let side = |length: usize| (length as f64 * factor).round() as usize;
                let scaled = resampled(plane, side(height), side(width), Sampling::Bilinear);
                gained(&scaled.middle(height, width))
            });
            let squares = log_ring_shares(plane, RINGS).into_iter().zip(&self.rings);
            let squares: f64 = squares.map(|(a, b)| (a - b).powi(2)).sum();
            let (nearness, _) = self.paths.compare(std::slice::from_ref(plane), self.channel);
            let nearer = nearness.iter().filter(|layer| layer.to_driving > layer.to_others).count();
            let of_this = [
                gain,
                (scaled[0] + scaled[1]) / 2.0 / gain,
                (squares / self.rings.len() as f64).sqrt(),
                nearer as f64 / nearness.len() as f64,
            ];
            for (sum, figure) in figures.iter_mut().zip(of_this) {
                *sum += figure / 2.0;
            }
        }
        figures
    }
}

/// The mean of a map.
fn mean_of(network: &Network, plane: &Plane, layer: &str, channel: usize) -> f64 {
    network.maps(plane, layer)[channel].mean()
}
