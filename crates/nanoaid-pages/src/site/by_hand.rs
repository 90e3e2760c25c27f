//! A small site made by hand from synthetic micrographs, to look at pages and to test them.
//!
//! Numbers are drawn, not measured: this tests how things are shown, not what is found.

use micrograph::paint::{gray_jpeg, gray_png};
use micrograph::random::Stream;
use micrograph::synth::{Category, varied_of};
use micrograph::{Plane, Rect};

use crate::site::SiteFolder;
use crate::site::model::{
    AlikeView, ClassAnswer, ClassUnits, ClassView, ContrastUnit, ContrastView, ControlView, CurvePanel,
    ExemplarView, Grid, HistogramView, LayerView, Made, MatchView, MicrographSummary, MicrographView,
    NetworkAnswers, NetworkView, PairView, QuestionView, RankTable, ScoreView, SelfTestView, SetView,
    SideBySideRow, SideBySideView, Site, TuningView, UnitAnswer, UnitPicture, UnitRef, UnitSummary, UnitView,
    XUnit,
};
use nanoaid::output::OutputFolder;

const CATEGORIES: [Category; 4] = [
    Category::MemsDevicesAndElectrodes,
    Category::Nanowires,
    Category::Particles,
    Category::PatternedSurface,
];
const PER_CATEGORY: usize = 7;
const HEIGHT: usize = 210;
const WIDTH: usize = 280;
const ROWS: usize = 6;
const COLS: usize = 8;

/// What all pages share.
pub(super) fn site() -> Site {
    let classes = CATEGORIES.map(Category::name);
    let micrographs: Vec<MicrographSummary> =
        (0..CATEGORIES.len() * PER_CATEGORY).map(|idx| summary_of(idx, &classes)).collect();
    let layer = |name: &str, n: usize, stride: usize, field: Option<usize>, seed: u64| LayerView {
        name: name.to_owned(),
        what: "convolution 3 × 3, ReLU, pooling".to_owned(),
        map: (192 / stride, 256 / stride),
        input: (192, 256),
        stride_px: stride,
        field_px: field,
        units: (0..n).map(|channel| unit_summary(seed, channel, n, classes.len())).collect(),
    };
    let mut logits = layer("head", classes.len(), 192, None, 9);
    for (unit, class) in logits.units.iter_mut().zip(classes) {
        unit.name = Some(class.to_owned());
        unit.dead = false;
    }
    let network = |id: &str, what: &str, layers: Vec<LayerView>| NetworkView {
        id: id.to_owned(),
        name: id.to_owned(),
        what: what.to_owned(),
        sha256: format!("{:064x}", id.len()),
        facts: vec![
            ("parameters".to_owned(), "97 000".to_owned()),
            ("learnt from".to_owned(), "synthetic micrographs".to_owned()),
        ],
        layers,
    };
    let networks = vec![
        network(
            "classifier",
            "Classifier of 2 stages for 4 classes",
            vec![layer("encoder.1", 16, 2, Some(4), 1), layer("encoder.2", 512, 4, Some(10), 2), logits],
        ),
        network(
            "autoencoder",
            "Autoencoder of 2 stages with a latent of 16 numbers",
            vec![layer("encoder.1", 16, 2, Some(4), 3), layer("encoder.2", 24, 4, Some(70), 4)],
        ),
    ];
    let mut site = Site {
        title: "Atlas of 28 micrographs through two networks".to_owned(),
        made: Made {
            schema_version: 1,
            program_version: env!("CARGO_PKG_VERSION").to_owned(),
            command: "nanoaid site runs/classifier runs/autoencoder --data synthetic --out atlas".to_owned(),
            data: "synthetic".to_owned(),
            data_digest: "0f".repeat(32),
            device: "cpu".to_owned(),
            settings: serde_json::json!({ "seed": 0, "presets": ["plain", "natural"], "fdr": 0.05 }),
            warnings: vec![
                "numbers on these pages are drawn, not measured; they show how pages look".to_owned(),
            ],
        },
        networks,
        micrographs,
        classes: Vec::new(),
        contrasts: Vec::new(),
        side_by_sides: Vec::new(),
        self_tests: Vec::new(),
    };
    let draw = &mut Stream::new(5, "by hand", 0);
    let n_classes = classes.len();
    site.classes = classes
        .iter()
        .enumerate()
        .map(|(idx, name)| ClassView {
            name: (*name).to_owned(),
            units: (0..2)
                .map(|network| ClassUnits {
                    network,
                    units: (0..8)
                        .map(|channel| {
                            (UnitRef { network, layer: 1, channel: channel * 2 + 1 }, answer(draw, idx))
                        })
                        .collect(),
                })
                .collect(),
        })
        .collect();
    site.contrasts = vec![contrast(&site, draw)];
    site.side_by_sides = vec![side_by_side(draw)];
    site.self_tests = (0..2)
        .map(|network| SelfTestView {
            network,
            seed: 7,
            questions: (0..20).map(|nth| question(draw, network, nth, n_classes)).collect(),
        })
        .collect();
    site
}

/// Writes the site into `out`; pages of units for a few channels of each layer only with `few`.
pub(super) fn write(out: OutputFolder, few: bool) {
    let site = site();
    let folder = SiteFolder::create(out, &site).expect("ids are parts of addresses");
    for micrograph in 0..site.micrographs.len() {
        folder.write_micrograph(&micrograph_view(&site, micrograph)).expect("a micrograph is written");
    }
    for network in 0..site.networks.len() {
        for layer in 0..site.networks[network].layers.len() {
            let n = site.networks[network].layers[layer].units.len();
            for channel in 0..if few { n.min(4) } else { n } {
                folder
                    .write_unit(&unit_view(&site, UnitRef { network, layer, channel }))
                    .expect("a unit is written");
            }
        }
        let n = site.networks[network].n_units() * site.micrographs.len();
        let draw = &mut Stream::new(11, "ranks", network as u64);
        folder
            .write_ranks(&RankTable { network, ranks: (0..n).map(|_| draw.below(256) as u8).collect() })
            .expect("ranks are written");
    }
    folder.finish().expect("the other pages are written");
}

fn summary_of(idx: usize, classes: &[&str]) -> MicrographSummary {
    let class = idx / PER_CATEGORY;
    MicrographSummary {
        id: format!("{:012x}", 0x1000_0000 + idx * 7919),
        file: format!(
            "{}/{}-{:02}.png",
            classes[class],
            classes[class].to_lowercase().replace(' ', "-"),
            idx % PER_CATEGORY
        ),
        sha256: format!("{:012x}{}", 0x1000_0000 + idx * 7919, "a".repeat(52)),
        class: Some(class),
        group: format!("g{}", idx / 2),
        split: ["train", "validation", "test"][idx % 3].to_owned(),
        height: HEIGHT,
        width: WIDTH,
        // one of the four classes has no calibration
        nm_per_px: (class != 1).then_some(2.0 + idx as f64),
        data_bar_px: if idx.is_multiple_of(2) { 0 } else { 22 },
        facts: vec![("source".to_owned(), "micrograph::synth".to_owned())],
    }
}

fn unit_summary(seed: u64, channel: usize, n: usize, n_classes: usize) -> UnitSummary {
    let draw = &mut Stream::new(seed, "unit", channel as u64);
    let dead = n > 8 && channel % 37 == 5;
    let tuned = !dead && draw.below(4) > 0;
    UnitSummary {
        name: None,
        dead,
        largest: if dead { 0.0 } else { draw.between(0.5, 9.0) as f32 },
        median: if dead { 0.0 } else { draw.between(0.0, 0.5) as f32 },
        firing_share: if dead { 0.0 } else { draw.uniform() },
        period_px: tuned.then(|| draw.between(3.0, 24.0)),
        axis_deg: tuned.then(|| draw.between(-90.0, 90.0)),
        selectivity: tuned.then(|| draw.uniform()),
        machine_score: (!dead).then(|| draw.between(0.45, 1.0)),
        class: (!dead).then(|| (draw.below(n_classes), draw.between(0.5, 1.0))),
        picture_png: if dead { Vec::new() } else { grating(seed * 1000 + channel as u64, 72) },
    }
}

/// A picture as a unit might want to see it: a wave with noise.
fn grating(seed: u64, side: usize) -> Vec<u8> {
    let draw = &mut Stream::new(seed, "grating", 0);
    let (angle, period) = (draw.between(0.0, 3.1), draw.between(4.0, 24.0));
    let values = (0..side * side).map(|i| {
        let (y, x) = ((i / side) as f64, (i % side) as f64);
        let phase = std::f64::consts::TAU * (x * angle.cos() + y * angle.sin()) / period;
        (0.5 + 0.4 * phase.sin() + 0.06 * draw.normal()) as f32
    });
    gray_png(&Plane::new(side, side, values.collect()), 0.0, 1.0)
}

fn field(draw: &mut Stream, side: usize) -> Rect {
    Rect { y: draw.below(HEIGHT - side), x: draw.below(WIDTH - side), height: side, width: side }
}

fn exemplars(draw: &mut Stream, n: usize, from: f64, side: usize) -> Vec<ExemplarView> {
    let mut values: Vec<f64> = (0..n).map(|_| from * draw.between(0.7, 1.0)).collect();
    values.sort_by(|a, b| b.total_cmp(a));
    values
        .into_iter()
        .map(|value| ExemplarView {
            micrograph: draw.below(CATEGORIES.len() * PER_CATEGORY),
            value: value as f32,
            field: field(draw, side),
        })
        .collect()
}

fn of_class(draw: &mut Stream, class: usize, side: usize) -> Vec<ExemplarView> {
    let mut found = exemplars(draw, 7, 5.0, side);
    for (nth, exemplar) in found.iter_mut().enumerate() {
        exemplar.micrograph = class * PER_CATEGORY + nth;
    }
    found
}

fn answer(draw: &mut Stream, class: usize) -> ClassAnswer {
    let auc = draw.between(0.35, 0.97);
    ClassAnswer {
        class,
        auc,
        interval: Some(((auc - 0.08).max(0.0), (auc + 0.06).min(1.0))),
        q: Some(draw.uniform() * 0.2),
    }
}

/// The page of a unit.
pub(super) fn unit_view(site: &Site, unit: UnitRef) -> UnitView {
    let draw =
        &mut Stream::new(17, "view", (unit.network * 10_000 + unit.layer * 1000 + unit.channel) as u64);
    let (summary, layer) = (site.summary(unit), site.layer(unit));
    let side = layer.field_px.unwrap_or(HEIGHT - 1);
    let largest = f64::from(summary.largest);
    UnitView {
        unit,
        pictures: if summary.dead {
            Vec::new()
        } else {
            [("plain", "cosine canvas, no transforms"), ("robust", "cosine canvas, shifts, turns and scales"), ("natural", "spectrum of the micrographs, shifts and turns")].iter().enumerate().map(|(nth, (preset, how))| UnitPicture {
                preset: (*preset).to_owned(),
                how: (*how).to_owned(),
                score: draw.between(1.0, 20.0) as f32,
                period_px: (nth != 1).then(|| draw.between(3.0, 30.0)),
                warnings: if nth == 2 { vec!["on the way to the layer the picture is no nearer to micrographs of its class than to others".to_owned()] } else { Vec::new() },
                size_px: (96, 96),
                png: grating(unit.channel as u64 * 3 + nth as u64, 96),
            }).collect()
        },
        strongest: exemplars(draw, 9, largest, side),
        middle: exemplars(draw, 9, largest * 0.4, side),
        weakest: exemplars(draw, 9, largest * 0.05, side),
        of_class: (0..site.classes.len()).map(|class| (class, of_class(draw, class, side))).collect(),
        histogram: histogram(draw, summary.largest, site.classes.len()),
        tuning: (!summary.dead).then(|| tuning(draw, summary)),
        machine_scores: if summary.dead {
            Vec::new()
        } else {
            ["real exemplars", "synthetic picture"]
                .iter()
                .map(|shown| {
                    let share = draw.between(0.5, 0.95);
                    ScoreView {
                        shown: (*shown).to_owned(),
                        share,
                        interval: Some((share - 0.1, (share + 0.08).min(1.0))),
                        n_questions: 100,
                    }
                })
                .collect()
        },
        alike_here: (0..6)
            .map(|nth| AlikeView {
                unit: UnitRef { layer: 1, channel: (unit.channel + nth + 1) % 20, ..unit },
                correlation: 0.9 - 0.1 * nth as f64,
            })
            .collect(),
        alike_elsewhere: vec![AlikeView {
            unit: UnitRef { network: 1 - unit.network, layer: 1, channel: unit.channel % 24 },
            correlation: 0.71,
        }],
        classes: (0..site.classes.len()).map(|class| answer(draw, class)).collect(),
        warnings: if unit.channel == 1 {
            vec![
                "the strongest exemplars come from 3 groups only; more micrographs would tell more"
                    .to_owned(),
            ]
        } else {
            Vec::new()
        },
    }
}

fn histogram(draw: &mut Stream, largest: f32, n_classes: usize) -> HistogramView {
    let of_class: Vec<(usize, Vec<u32>)> =
        (0..n_classes).map(|class| (class, (0..16).map(|_| draw.below(4) as u32).collect())).collect();
    HistogramView {
        edges: (0..=16).map(|bin| largest * bin as f32 / 16.0).collect(),
        all: (0..16).map(|bin| of_class.iter().map(|(_, counts)| counts[bin]).sum()).collect(),
        of_class,
    }
}

fn tuning(draw: &mut Stream, summary: &UnitSummary) -> TuningView {
    let bell =
        |x: f64, at: f64, width: f64| (-0.5 * ((x - at) / width).powi(2)).exp() * f64::from(summary.largest);
    let period = summary.period_px.unwrap_or(8.0);
    let axis = summary.axis_deg.unwrap_or(0.0);
    let periods: Vec<f64> = (0..17).map(|i| 2f64.powf(1.0 + f64::from(i) / 4.0)).collect();
    let phase = draw.uniform();
    let panel =
        |id: &str, title: &str, x_label: &str, x_unit, log2, points: Vec<(f64, f64)>, preferred| CurvePanel {
            id: id.to_owned(),
            title: title.to_owned(),
            x_label: x_label.to_owned(),
            x_unit,
            log2,
            series: vec![("gratings".to_owned(), points)],
            plain: Some(0.3),
            preferred,
        };
    let mut of_period = panel(
        "period",
        "Period of gratings",
        "period",
        XUnit::Px,
        true,
        periods.iter().map(|p| (*p, bell(p.log2(), period.log2(), 0.6))).collect(),
        Some(period),
    );
    of_period.series.push((
        "square lattices".to_owned(),
        periods.iter().map(|p| (*p, 0.7 * bell(p.log2(), period.log2() + 0.3, 0.8))).collect(),
    ));
    TuningView {
        facts: [
            ("preferred axis", format!("{axis:.0}°")),
            ("half-width", "0.9 octaves".to_owned()),
            ("polarity", "bright lines on dark".to_owned()),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .to_vec(),
        period_px: summary.period_px,
        curves: vec![
            panel(
                "orientation",
                "Axis of gratings",
                "axis",
                XUnit::Degrees,
                false,
                (0..=24)
                    .map(|i| {
                        let x = -90.0 + 7.5 * f64::from(i);
                        (x, bell(x, axis, 20.0))
                    })
                    .collect(),
                Some(axis),
            ),
            of_period,
            panel(
                "disc-radius",
                "Radius of discs",
                "radius",
                XUnit::Px,
                true,
                periods.iter().map(|p| (*p, bell(p.log2(), 2.5 + phase, 0.9))).collect(),
                None,
            ),
            panel(
                "noise",
                "Noise over the preferred grating",
                "noise level",
                XUnit::Number,
                false,
                (0..9)
                    .map(|i| {
                        let x = f64::from(i) / 8.0;
                        (x, bell(x, 0.0, 0.4))
                    })
                    .collect(),
                None,
            ),
        ],
        notes: Vec::new(),
    }
}

/// The page of a micrograph.
pub(super) fn micrograph_view(site: &Site, micrograph: usize) -> MicrographView {
    let category = CATEGORIES[micrograph / PER_CATEGORY];
    let drawn = varied_of(category, 3, micrograph as u64, HEIGHT, WIDTH).expect("the size is in range");
    let (low, high) = drawn
        .plane
        .values()
        .iter()
        .fold((f32::INFINITY, f32::NEG_INFINITY), |(l, h), v| (l.min(*v), h.max(*v)));
    let draw = &mut Stream::new(23, "micrograph", micrograph as u64);
    MicrographView {
        micrograph,
        units: (0..site.networks.len())
            .map(|network| NetworkAnswers {
                network,
                units: (0..12)
                    .map(|nth| UnitAnswer {
                        unit: UnitRef { network, layer: 1, channel: nth + micrograph % 4 },
                        value: draw.between(1.0, 9.0) as f32,
                        rank: 1.0 - 0.02 * nth as f64,
                        field: field(draw, 40),
                    })
                    .collect(),
            })
            .collect(),
        jpeg: gray_jpeg(&drawn.plane, low, high, 88).expect("the plane has sides"),
        grids: (0..site.networks.len())
            .map(|network| grid(site, network, &drawn.plane, (low, high)))
            .collect(),
    }
}

/// Unit `u` answers to cells whose mean is about `u` hundredths of the range: bright cells drive
/// other units than dark ones, so a box finds what belongs to it.
fn grid(site: &Site, network: usize, plane: &Plane, (low, high): (f32, f32)) -> Grid {
    let mut values = Vec::new();
    for unit in 0..site.networks[network].n_units() {
        let wanted = (unit % 100) as f32 / 99.0;
        for cell in 0..ROWS * COLS {
            let rect = Rect {
                y: cell / COLS * (HEIGHT / ROWS),
                x: cell % COLS * (WIDTH / COLS),
                height: HEIGHT / ROWS,
                width: WIDTH / COLS,
            };
            let crop = plane.crop(rect);
            let mean = (crop.values().iter().sum::<f32>() / crop.values().len() as f32 - low) / (high - low);
            values.push((255.0 * (1.0 - 4.0 * (mean - wanted).abs()).max(0.0)) as u8);
        }
    }
    Grid { network, rows: ROWS, cols: COLS, values }
}

fn contrast(site: &Site, draw: &mut Stream) -> ContrastView {
    let mut units = Vec::new();
    for (layer, view) in site.networks[0].layers.iter().enumerate() {
        for channel in (0..view.units.len()).filter(|channel| !view.units[*channel].dead) {
            let effect = 0.12 * draw.normal();
            let q =
                (1.0 - effect.abs() * 3.0).clamp(0.0, 1.0).powi(6).clamp(1e-4, 1.0) * draw.between(0.4, 1.0);
            let auc = (0.5 + effect).clamp(0.02, 0.98);
            units.push(ContrastUnit {
                unit: UnitRef { network: 0, layer, channel },
                auc,
                interval: Some((auc - 0.07, auc + 0.07)),
                q,
                found: q <= 0.05,
            });
        }
    }
    let set = |name: &str, classes: &[usize]| SetView {
        name: name.to_owned(),
        classes: classes.to_vec(),
        n_micrographs: classes.len() * PER_CATEGORY,
        n_groups: classes.len() * 4,
    };
    let control = |name: &str, what: &str, n_found, any_found| ControlView {
        name: name.to_owned(),
        what: what.to_owned(),
        n_units: units.len(),
        n_found,
        any_found,
        largest_effect: Some(0.14),
    };
    ContrastView {
        id: "mems-or-patterned-against-particles".to_owned(),
        network: 0,
        a: set("MEMS or patterned surface", &[0, 3]),
        b: set("particles", &[2]),
        statistic: "largest activation in each micrograph".to_owned(),
        fdr: 0.05,
        interval_how: "Intervals of 95 % by 1000 resamples of groups.".to_owned(),
        controls: vec![
            control(
                "shuffled labels",
                "classes given to groups by lot; nothing is to be found",
                0.02,
                Some((0.02, 200)),
            ),
            control(
                "random weights",
                "the same network before learning; what it finds, the images alone tell",
                31.0,
                None,
            ),
            control(
                "data bar alone",
                "the strip below the specimen; what it finds, the instrument tells",
                0.0,
                None,
            ),
        ],
        warnings: Vec::new(),
        units,
    }
}

fn side_by_side(draw: &mut Stream) -> SideBySideView {
    SideBySideView {
        id: "encoder.1".to_owned(),
        title: "encoder.1 of classifier and autoencoder".to_owned(),
        members: vec![(0, 0), (1, 0)],
        pairs: vec![PairView {
            members: (0, 1),
            mean_best: Some(0.62),
            mean_best_shuffled: Some(0.21),
            n_mutual: 7,
            n_units: 16,
        }],
        rows: (0..16)
            .map(|channel| SideBySideRow {
                channel,
                matches: vec![(channel != 5).then(|| MatchView {
                    channel: draw.below(16),
                    correlation: draw.between(0.2, 0.95),
                    mutual: draw.below(2) == 0,
                })],
            })
            .collect(),
        how:
            "Units are matched by the correlation of their largest activations over the same 28 micrographs."
                .to_owned(),
    }
}

fn question(draw: &mut Stream, network: usize, nth: usize, n_classes: usize) -> QuestionView {
    let side = 40;
    let right = draw.below(2);
    let queries = [0, 1].map(|choice| {
        let value = if choice == right { 5.0 } else { 0.2 };
        ExemplarView { micrograph: draw.below(n_classes * PER_CATEGORY), value, field: field(draw, side) }
    });
    QuestionView {
        unit: UnitRef { network, layer: 1, channel: nth },
        strongest: exemplars(draw, 9, 6.0, side),
        weakest: exemplars(draw, 9, 0.3, side),
        queries,
        answer: right,
        machine_score: Some(draw.between(0.5, 1.0)),
    }
}
