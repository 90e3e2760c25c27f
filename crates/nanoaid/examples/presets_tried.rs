//! What was tried for the presets of feature visualization, as tables in Markdown and as pictures.
//!
//! Usage: `cargo run --release -p nanoaid --example presets_tried -- DATA SQUEEZENET.safetensors OUT
//! [fast|robust|maco|borowski]…` prints the tables of docs/method.md and writes a picture for each into OUT: a
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
//! Of `borowski` the share of diversity is tried, *score* as above, of the mean over
//! pictures that were made together, without diversity; *alike*: mean over pairs of these pictures of the
//! product of their Gram matrices at the unit's layer, each scaled to norm 1, in `[0, 1]`.
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
use nanoaid::data::dataset::{Dataset, DatasetConfig};
use nanoaid::interpret::natural_statistics::{Natural, NaturalPaths, unit_of};
use nanoaid::interpret::visualize::{
    CanvasConfig, Event, Materials, Objective, OptimizerConfig, Penalty, PenaltyKind, Preset, Spectrum,
    Transform, TransformSet, VisualizeConfig, visualize,
};
use nanoaid::network::Input;
use nanoaid::{Device, Network, network::builtin};

type Failure = Box<dyn Error>;

/// Side of the pictures by which `robust` and `maco` are compared; theirs are larger.
const SIDE: usize = 128;
/// The same where the share of diversity is tried.
const DIVERSE_SIDE: usize = 64;
const RINGS: std::ops::RangeInclusive<usize> = 2..=40;
const GAP: usize = 4;

fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [data, squeezenet, out, presets @ ..] = &arguments[..] else {
        return Err("expected DATA SQUEEZENET.safetensors OUT [fast|robust|maco|borowski]…".into());
    };
    let asked = |preset: Preset| presets.is_empty() || presets.contains(&preset.to_string());
    let dataset = Dataset::open(Path::new(data), &DatasetConfig::default())?;
    let natural = Natural::of(&dataset, None);
    let squeezenet = Network::import(&std::fs::read(squeezenet)?, None, Device::Cpu)?;
    let squeezenet = squeezenet.for_gray(Input::GrayFolded).ok_or("no network for colors")?;
    let (autoencoder, classifier) = (builtin::autoencoder(Device::Cpu)?, builtin::classifier(Device::Cpu)?);
    let units = [
        (&autoencoder, "encoder.2:5"),
        (&classifier, "_blocks.10:3"),
        (&classifier, "class:fibres"),
        (&squeezenet, "fire6.expand3x3:1"),
    ];
    for preset in [Preset::Fast, Preset::Robust, Preset::Maco] {
        if asked(preset) {
            table(preset, &units, &natural, Path::new(out))?;
        }
    }
    if asked(Preset::Borowski) {
        diversities(&units, Path::new(out))?;
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
                (
                    "penalty on total variation",
                    VisualizeConfig { penalties: vec![variation], ..base.clone() },
                ),
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
            let by = |views, transforms| VisualizeConfig { views, transforms, ..base.clone() };
            let crops = |from, to| {
                let mut transforms = TransformSet::Maco.transforms(SIDE);
                if let Some(Transform::Crop { share, .. }) = transforms.first_mut() {
                    *share = (from, to);
                }
                by(8, transforms)
            };
            let with_noise = || {
                let noise = TransformSet::Maco.transforms(SIDE).into_iter().skip(1);
                TransformSet::Jitter.transforms(SIDE).into_iter().chain(noise).collect()
            };
            vec![
                ("as it is, at 128 px, 128 steps", base.clone()),
                ("256 steps", VisualizeConfig { steps: 256, ..base.clone() }),
                ("rate 0.1", rate(0.1)),
                ("rate 0.3", rate(0.3)),
                ("rate 3", rate(3.0)),
                ("shifts of 4 px and noise", by(1, with_noise())),
                ("`robust`'s transforms", by(1, TransformSet::Robust.transforms(SIDE))),
                ("four views a step", VisualizeConfig { views: 4, ..base.clone() }),
                ("crops of 0.5 to 0.1 and noise, eight views (Fel et al.)", crops(0.5, 0.1)),
                ("… crops of 0.5 to 0.25", crops(0.5, 0.25)),
                ("… crops of 0.9 to 0.5", crops(0.9, 0.5)),
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

/// Prints what each share of diversity gives, and writes the pictures: a row for each unit and share.
fn diversities(units: &[(&Network, &str)], out: &Path) -> Result<(), Failure> {
    let shares = [0.0, 0.1, 0.25, 0.5, 0.75, 1.0];
    let mut sheet = Sheet::default();
    println!(
        "\n| share of diversity |{}",
        units.iter().map(|(_, unit)| format!(" `{unit}`: score | alike |")).collect::<String>()
    );
    println!("| --- |{}", " --- | --- |".repeat(units.len()));
    let mut columns = Vec::new();
    for (network, unit) in units {
        let objective: Objective = unit.parse()?;
        let (layer, channel) = unit_of(&objective, network).ok_or("not about one unit")?;
        let mut column = Vec::new();
        for diversity in shares {
            let chosen = Preset::Borowski.config();
            let transforms = Preset::Borowski.transforms().transforms(DIVERSE_SIDE + 2 * chosen.margin_px);
            let (height, width) = (DIVERSE_SIDE, DIVERSE_SIDE);
            let config = VisualizeConfig {
                height,
                width,
                transforms,
                diversity,
                members: 4,
                steps: 512,
                check_every: 64,
                ..chosen
            };
            let mut pictures = Vec::new();
            let materials = Materials::default();
            visualize(network, std::slice::from_ref(&objective), &config, materials, None, &mut |event| {
                if let Event::Done { visualization, .. } = event {
                    pictures = visualization.pictures.iter().map(|planes| planes[0].clone()).collect();
                }
                ControlFlow::Continue(())
            })?;
            let scores = pictures.iter().map(|plane| mean_of(network, plane, &layer, channel));
            let score = scores.sum::<f64>() / pictures.len() as f64;
            let alike = alike(&pictures.iter().map(|plane| gram(network, plane, &layer)).collect::<Vec<_>>());
            eprintln!("{unit}, diversity {diversity}: score {score:.3}, alike {alike:.3}");
            pictures.iter().for_each(|plane| sheet.add(plane));
            sheet.end_row();
            column.push((score, alike));
        }
        columns.push(column);
    }
    for (row, share) in shares.iter().enumerate() {
        let cells = columns.iter().map(|column| {
            let most = column.iter().map(|(score, _)| *score).fold(0.0, f64::max);
            let (score, alike) = column[row];
            format!(" {:.2} | {alike:.2} |", score / most)
        });
        println!("| {share} |{}", cells.collect::<String>());
    }
    std::fs::create_dir_all(out)?;
    sheet.write(&out.join("borowski.png"))
}

/// The Gram matrix of a layer's maps, scaled to norm 1.
fn gram(network: &Network, plane: &Plane, layer: &str) -> Vec<f64> {
    let maps = network.maps(plane, layer).expect("the layer was checked to exist");
    let product = |a: &Plane, b: &Plane| {
        a.values().iter().zip(b.values()).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>()
    };
    let products: Vec<f64> = maps.iter().flat_map(|a| maps.iter().map(move |b| product(a, b))).collect();
    let norm = products.iter().map(|value| value * value).sum::<f64>().sqrt();
    products.iter().map(|value| value / norm).collect()
}

/// Mean of the products of pairs.
fn alike(grams: &[Vec<f64>]) -> f64 {
    let pairs =
        grams.iter().enumerate().flat_map(|(first, a)| grams[first + 1..].iter().map(move |b| (a, b)));
    let products: Vec<f64> = pairs.map(|(a, b)| a.iter().zip(b).map(|(a, b)| a * b).sum()).collect();
    products.iter().sum::<f64>() / products.len() as f64
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
    network.maps(plane, layer).expect("the layer was checked to exist")[channel].mean()
}
