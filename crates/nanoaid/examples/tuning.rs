//! Tuning of the built-in networks as tables, or of the layers named, with the time it took.
//!
//! `cargo run --release -p nanoaid --example tuning -- [units] [classifier:_blocks.4|autoencoder:latent]…`
//! With `units` each unit has a line. The same command gives the same tables but for the times.

#![expect(clippy::print_stdout, reason = "tables are what it is for")]

use std::error::Error;
use std::time::Instant;

use nanoaid::interpret::tuning::{GratingTuning, LayerTuning, Period, TuningConfig, tune};
use nanoaid::{Device, network::builtin};

/// Some blocks of the classifier, the stages and the code of the autoencoder.
const LAYERS: [&str; 8] = [
    "classifier:_blocks.0",
    "classifier:_blocks.2",
    "classifier:_blocks.4",
    "classifier:_blocks.10",
    "autoencoder:encoder.1",
    "autoencoder:encoder.2",
    "autoencoder:encoder.3",
    "autoencoder:latent",
];

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let units = arguments.iter().any(|argument| argument == "units");
    let mut named: Vec<&str> = arguments.iter().map(String::as_str).filter(|name| *name != "units").collect();
    if named.is_empty() {
        named.extend(LAYERS);
    }
    println!(
        "| layer | field | picture | units | tuned | constant | other | axis told | median selectivity |"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- | --- | --- |");
    let mut details = Vec::new();
    let start = Instant::now();
    for name in named {
        let (network, layer) = name.split_once(':').ok_or("expected network:layer")?;
        let network = builtin::named(network, Device::Cpu).ok_or("expected a built-in network")??;
        let start = Instant::now();
        let found =
            tune(&network, &[layer], &TuningConfig::default(), &mut |_| std::ops::ControlFlow::Continue(()))?;
        line(name, &found.layers[0]);
        details.push((name, found.layers.into_iter().next(), start.elapsed()));
    }
    println!("\nin all {:.1} s", start.elapsed().as_secs_f64());
    for (name, layer, time) in &details {
        println!("{name}: {:.1} s", time.as_secs_f64());
        if let Some(layer) = layer.as_ref().filter(|_| units) {
            table(layer);
        }
    }
    Ok(())
}

fn line(name: &str, layer: &LayerTuning) {
    let preferred: Vec<_> = layer.units.iter().filter_map(|unit| unit.grating.preferred()).collect();
    let constant = layer.units.iter().filter(|unit| {
        matches!(
            &unit.grating,
            GratingTuning::Untuned { reason: nanoaid::interpret::tuning::Untuned::Constant { .. } }
        )
    });
    let (n, tuned, constant) = (layer.units.len(), preferred.len(), constant.count());
    let mut selectivity: Vec<f64> = preferred.iter().map(|preferred| preferred.selectivity).collect();
    selectivity.sort_by(f64::total_cmp);
    println!(
        "| {name} | {} px{} | {} px | {n} | {tuned} | {constant} | {} | {} | {:.2} |",
        layer.field_px,
        if layer.inside { "" } else { ", not inside" },
        layer.side_px,
        n - tuned - constant,
        preferred.iter().filter(|preferred| preferred.axis_deg.is_some()).count(),
        selectivity.get(selectivity.len() / 2).copied().unwrap_or(f64::NAN),
    );
}

fn table(layer: &LayerTuning) {
    println!(
        "| channel | axis | selectivity | period | half-width | lines | line polarity | gain | phase | discs | half noise |"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |");
    let number = |value: Option<f64>, digits: usize| {
        value.map_or("–".to_owned(), |value| format!("{value:.digits$}"))
    };
    for unit in &layer.units {
        let found = match &unit.grating {
            GratingTuning::Tuned(found) => found,
            GratingTuning::Untuned { reason } => {
                println!("| {} | {reason} |", unit.channel);
                continue;
            }
        };
        let period = match found.period {
            Period::Shown { px } => format!("{px:.2} px"),
            Period::ShortestShown { px } => format!("≤ {px:.1} px"),
            Period::LongestShown { px } => format!("≥ {px:.1} px"),
        };
        println!(
            "| {} | {}° | {:.2} | {period} | {} | {} | {} | {:.3} | {:.2} | {} | {} |",
            unit.channel,
            number(found.axis_deg, 1),
            found.selectivity,
            number(found.half_width_octaves, 2),
            found.profile.map_or("–".to_owned(), |lines| format!("{} {:?}", lines.duty, lines.polarity)),
            number(found.line_polarity, 2),
            found.gain,
            found.phase_invariance,
            number(unit.polarity, 2),
            number(found.curves.noise.half_sd, 2),
        );
    }
}
