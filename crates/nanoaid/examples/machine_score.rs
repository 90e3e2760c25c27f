//! Machine scores of the built-in networks' channels over real micrographs, as a table.
//!
//! `cargo run --release -p nanoaid --example machine_score -- FOLDER [classifier:_blocks.10]…`
//! FOLDER is a data set with an index. Beside each layer's scores stand those of the same patches with
//! activations dealt out at random. The same command gives the same table.

#![expect(clippy::print_stdout, reason = "a table is what it is for")]

use std::error::Error;
use std::ops::ControlFlow;
use std::path::Path;

use micrograph::random::Stream;
use micrograph::{Plane, Rect};
use nanoaid::data::dataset::{Dataset, DatasetConfig, Origin};
use nanoaid::interpret::machine_score::{MachineScoreConfig, Patch, Score, Unit};
use nanoaid::interpret::visualize::{Event, Materials, Objective, Preset, visualize};
use nanoaid::{Device, Network, data::prepare, network::builtin};
use rayon::prelude::*;

/// Height and width at most that are looked at of a micrograph, its middle.
const MIDDLE_PX: usize = 384;
/// Channels of a layer of which pictures are made, the first.
const PICTURES: usize = 16;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().ok_or("expected a folder with micrographs")?;
    let mut named: Vec<String> = arguments.collect();
    if named.is_empty() {
        named.extend([0, 2, 4, 10].map(|block| format!("classifier:_blocks.{block}")));
        named.extend(["autoencoder:encoder.2", "autoencoder:latent"].map(String::from));
    }
    let (planes, groups) = micrographs(Path::new(&folder))?;
    println!("{} micrographs", planes.len());
    println!(
        "| layer | units | scored | mean | above chance | of shuffled: mean | above or below chance | pictures: mean of the first {PICTURES} |"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- | --- |");
    for name in named {
        let (network, layer) = name.split_once(':').ok_or("expected network:layer")?;
        let network = builtin::named(network, Device::Cpu).ok_or("expected a built-in network")??;
        line(&name, &network, layer, &planes, &groups)?;
    }
    Ok(())
}

fn line(
    name: &str,
    network: &Network,
    layer: &str,
    planes: &[Plane],
    groups: &[String],
) -> Result<(), Box<dyn Error>> {
    let found: Vec<Vec<(f32, Rect)>> =
        planes.par_iter().map(|plane| strongest(network, layer, plane)).collect();
    let n_channels = found.iter().map(Vec::len).max().unwrap_or(0);
    let config = MachineScoreConfig::default();
    let pictures = pictures(network, layer, n_channels.min(PICTURES))?;
    type Scores = (Option<Score>, Option<Score>, Option<Score>);
    let scores: Vec<Scores> = (0..n_channels)
        .into_par_iter()
        .map(|channel| {
            let seen: Vec<(Plane, f32, &str)> = found
                .iter()
                .zip(planes)
                .zip(groups)
                .filter(|((found, _), _)| !found.is_empty())
                .map(|((found, plane), group)| {
                    (plane.crop(found[channel].1), found[channel].0, group.as_str())
                })
                .collect();
            let patches: Vec<Patch<'_>> = seen
                .iter()
                .map(|(plane, activation, group)| Patch { plane, activation: *activation, group })
                .collect();
            let mut order: Vec<usize> = (0..patches.len()).collect();
            Stream::new(1, "shuffled activations", channel as u64).shuffle(&mut order);
            let shuffled: Vec<Patch<'_>> = patches
                .iter()
                .zip(order)
                .map(|(patch, other)| Patch { activation: patches[other].activation, ..*patch })
                .collect();
            let unit = Unit::new(&patches, &config).expect("patches of micrographs are finite");
            let control = Unit::new(&shuffled, &config).expect("patches of micrographs are finite");
            let maximal: Vec<&Plane> = pictures.get(channel).into_iter().collect();
            let synthetic = unit.synthetic(&maximal, &[]).expect("pictures are finite");
            (unit.real().score().cloned(), control.real().score().cloned(), synthetic.score().cloned())
        })
        .collect();
    let mean = |scores: &[&Score]| scores.iter().map(|score| score.value).sum::<f64>() / scores.len() as f64;
    let off = |scores: &[&Score], below: bool| {
        let away = scores.iter().filter_map(|score| score.interval);
        away.filter(|interval| interval.low > 0.5 || (below && interval.high < 0.5)).count()
    };
    let real: Vec<&Score> = scores.iter().filter_map(|scores| scores.0.as_ref()).collect();
    let control: Vec<&Score> = scores.iter().filter_map(|scores| scores.1.as_ref()).collect();
    let synthetic: Vec<&Score> = scores.iter().filter_map(|scores| scores.2.as_ref()).collect();
    println!(
        "| {name} | {n_channels} | {} | {:.2} | {} | {:.2} | {} | {:.2} |",
        real.len(),
        mean(&real),
        off(&real, false),
        mean(&control),
        off(&control, true),
        mean(&synthetic),
    );
    Ok(())
}

/// The middles of the micrographs of a data set, and their groups.
fn micrographs(folder: &Path) -> Result<(Vec<Plane>, Vec<String>), Box<dyn Error>> {
    let dataset = Dataset::open(folder, &DatasetConfig::default())?;
    let config = dataset.prepare_config();
    let read: Vec<Option<(Plane, String)>> = dataset
        .entries
        .par_iter()
        .map(|entry| {
            let Origin::File(path) = &entry.origin else { return None };
            let plane = prepare::file(path, &config).ok()?.plane;
            let (height, width) = (plane.height().min(MIDDLE_PX), plane.width().min(MIDDLE_PX));
            let (y, x) = ((plane.height() - height) / 2, (plane.width() - width) / 2);
            let group = entry.group.clone().unwrap_or_else(|| entry.file.clone());
            Some((plane.crop(Rect { y, x, height, width }), group))
        })
        .collect();
    Ok(read.into_iter().flatten().unzip())
}

/// Of each channel the largest activation, and the receptive field of its first position; of positions
/// whose field lies inside, none if there are none.
fn strongest(network: &Network, layer: &str, plane: &Plane) -> Vec<(f32, Rect)> {
    let described = network.layer(layer).expect("the layer exists");
    let least = described.least_px();
    if plane.height() < least || plane.width() < least {
        return Vec::new();
    }
    let inside = |length: usize| -> Vec<(usize, usize, usize)> {
        let positions = (0..described.map_length(length))
            .map(|position| (position, described.image_from_feature(position)));
        positions
            .filter(|(_, (first, end))| *first >= 0 && *end <= length as isize)
            .map(|(position, (first, end))| (position, first as usize, end as usize))
            .collect()
    };
    let (rows, columns) = (inside(plane.height()), inside(plane.width()));
    if rows.is_empty() || columns.is_empty() {
        return Vec::new();
    }
    let of_map = |map: &Plane| {
        let mut best = (f32::NEG_INFINITY, Rect { y: 0, x: 0, height: 0, width: 0 });
        for &(row, y, bottom) in &rows {
            for &(column, x, right) in &columns {
                if map.at(row, column) > best.0 {
                    best = (map.at(row, column), Rect { y, x, height: bottom - y, width: right - x });
                }
            }
        }
        best
    };
    network.maps(plane, layer).expect("the layer was checked to exist").iter().map(of_map).collect()
}

fn pictures(network: &Network, layer: &str, n: usize) -> Result<Vec<Plane>, Box<dyn Error>> {
    let units: Vec<Objective> = (0..n).map(|channel| Objective::channel(layer, channel)).collect();
    let mut made: Vec<Option<Plane>> = vec![None; n];
    let mut keep = |event: Event<'_>| {
        if let Event::Done { index, visualization } = event {
            made[index] = visualization.pictures.first().and_then(|planes| planes.first()).cloned();
        }
        ControlFlow::Continue(())
    };
    visualize(network, &units, &Preset::Robust.config(), Materials::default(), None, &mut keep)?;
    Ok(made.into_iter().flatten().collect())
}
