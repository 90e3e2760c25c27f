//! `nanoaid exemplars`: the real patches that drive each unit most, least and in between.

use std::path::PathBuf;

use clap::Args;
use nanoaid::Address;
use nanoaid::interpret::exemplar::ChooseConfig;
use nanoaid::interpret::retrieval::{
    DataSetExemplars, ExemplarsConfig, exemplar_files, exemplars, holds_exemplars,
};
use nanoaid::output::{OutputFolder, json_text};

use super::micrographs::DataArguments;
use super::network::OpenArguments;
use super::output::{OutputArguments, default_folder};
use super::training::say_skipped;
use crate::outcome::{Failure, Outcome, print};
use crate::progress::Progress;

/// Arguments of `exemplars`.
#[derive(Args)]
pub(crate) struct ExemplarsArguments {
    /// Run folder, file of a network (.safetensors, .onnx), or a built-in network: `autoencoder`,
    /// `classifier`
    run: PathBuf,
    /// Folder of category folders, flat folder, or index CSV
    data: PathBuf,
    /// Layers to read; by default the end of each stage, the code and the classes. Can be given
    /// several times
    #[arg(long)]
    layer: Vec<String>,
    /// Draw a sheet of this unit's exemplars, e.g. `encoder.2:17`; can be given several times
    #[arg(long, value_name = "ADDRESS")]
    unit: Vec<Address>,
    /// Strongest, weakest and middle patches of each unit
    #[arg(long, value_name = "N", default_value_t = ChooseConfig::default().n)]
    count: usize,
    #[command(flatten)]
    data_set: DataArguments,
    #[command(flatten)]
    open: OpenArguments,
    #[command(flatten)]
    output: OutputArguments,
}

/// Chooses exemplars of all units and writes them.
pub(crate) fn run(arguments: &ExemplarsArguments) -> Result<Outcome, Failure> {
    let network = arguments.open.open_gray(&arguments.run)?;
    let config = ExemplarsConfig {
        layers: arguments.layer.clone(),
        units: arguments.unit.clone(),
        choose: ChooseConfig { n: arguments.count, ..ChooseConfig::default() },
    };
    // before what takes long
    arguments.unit.iter().try_for_each(|unit| network.channel_of(unit).map(|_| ()))?;
    let dataset = arguments.data_set.open(&arguments.data)?;
    let path = arguments.output.path(|| default_folder("exemplars", &[&arguments.run]));
    let folder = OutputFolder::create(&path, arguments.output.force || holds_exemplars(&path))?;
    let mut progress = Progress::new(dataset.entries.len() as u64, "micrographs");
    let found = exemplars(&network, &dataset, &config, &path, &mut progress.of_total("data-set pass"))?;
    progress.finish();
    say_skipped(&found.skipped);
    let (run, data) = ((&*arguments.run, &network), (&*arguments.data, &dataset));
    let record = exemplar_files(&found, run, data, &arguments.unit, &folder)?;
    if arguments.output.json {
        print(&json_text(&record)?)?;
    } else {
        print(&text(&found))?;
        print(&format!("{}\n", folder.file("exemplars.csv").display()))?;
    }
    Ok(Outcome::of_skipped(dataset.skipped.len() + found.skipped.len()))
}

fn text(found: &DataSetExemplars) -> String {
    let mut text = format!("{} micrographs, {} of them new\n", found.micrographs.len(), found.n_new);
    for layer in &found.layers {
        let dead = layer.units.iter().filter(|unit| unit.dead).count();
        let field = layer.receptive_field_px.map_or("the whole image".to_owned(), |px| format!("{px} px"));
        let (n, name) = (layer.units.len(), &layer.layer);
        text += &format!("{name}: {n} channels, {dead} dead, receptive field {field}\n");
    }
    text
}
