//! `nanoaid ablate`: what becomes of the answer, the reconstruction and later layers where units are switched off or up.

use std::path::PathBuf;

use clap::Args;
use micrograph::Source;
use micrograph::paint::number_text;
use nanoaid::Address;
use nanoaid::interpret::ablate::{
    AblateConfig, AblateRecord, AblateSettings, ConceptsUsed, ablate_file, ablated_csv,
};
use nanoaid::network::builtin;
use nanoaid::output::{folder_names, json_text};
use nanoaid::record::{Input, NetworkUsed};

use super::images::{ReadArguments, abstention, each_image, images_of};
use super::network::OpenArguments;
use super::output::{OutputArguments, default_folder, page_of_several};
use crate::interrupt;
use crate::outcome::{Failure, Outcome, print, say};

/// Arguments of `ablate`.
#[derive(Args)]
pub(crate) struct AblateArguments {
    /// Micrographs, or folders that hold them
    #[arg(required = true, value_name = "IMAGE")]
    images: Vec<PathBuf>,
    /// Run folder, file of weights, or built-in network: `classifier`, `autoencoder`
    #[arg(long, default_value = builtin::CLASSIFIER)]
    run: PathBuf,
    /// A channel that is switched, as `encoder.2:17`; can be given several times
    #[arg(
        long = "unit",
        value_name = "UNIT",
        required_unless_present = "concepts",
        conflicts_with = "concepts"
    )]
    units: Vec<Address>,
    /// Concepts instead of channels: the folder that `nanoaid concepts` wrote
    #[arg(long, value_name = "FOLDER", requires = "numbers")]
    concepts: Option<PathBuf>,
    /// Number of a concept that is switched, as on its page; can be given several times
    #[arg(long = "concept", value_name = "N", requires = "concepts")]
    numbers: Vec<usize>,
    /// What its activations, or codes, are multiplied by: 0 switches it off, 2 doubles it; −100 to 100
    #[arg(long, value_name = "FACTOR", default_value_t = AblateConfig::default().times, allow_negative_numbers = true)]
    times: f32,
    /// How often as many other channels of the same layers, or concepts, are switched, drawn at random; 0: never
    #[arg(long, value_name = "N", default_value_t = AblateConfig::default().n_controls)]
    controls: usize,
    /// Seed of random numbers
    #[arg(long, default_value_t = 0)]
    seed: u64,
    #[command(flatten)]
    read: ReadArguments,
    #[command(flatten)]
    open: OpenArguments,
    #[command(flatten)]
    output: OutputArguments,
}

/// Passes each image through both networks; a bad one is named and skipped.
pub(crate) fn run(arguments: &AblateArguments) -> Result<Outcome, Failure> {
    let mut settings = arguments.settings()?;
    let bank = match &arguments.concepts {
        Some(path) => {
            let (used, bank) = ConceptsUsed::read(path)?;
            settings.concepts = Some(used);
            Some(bank)
        }
        None => None,
    };
    let network = arguments.open.open_gray(&arguments.run)?;
    settings.ablate.check(&network, bank.as_ref())?;
    let images = images_of(&arguments.images)?;
    let named: Vec<(&PathBuf, String)> = images.iter().zip(folder_names(&images)).collect();
    let folder = arguments.output.folder(|| default_folder("ablate", &arguments.images))?;
    let (records, n_skipped) = each_image(&named, |image, name, bar| {
        let source = Source::read(image)?;
        let input = (&source, Input::of(&source));
        let by = (&network, NetworkUsed::of(&arguments.run, &network), bank.as_ref());
        let record = ablate_file(input, name, by, &settings, &folder, &mut interrupt::flow)?.record;
        let page = nanoaid_pages::ablate::report(name, &record);
        folder.write(&format!("{name}.html"), page.as_bytes())?;
        if !arguments.output.json {
            bar.print(&text_of(name, &record))?;
        }
        for warning in record.warnings.iter().chain(&record.ablation.warnings) {
            bar.say(&format!("{name}: {warning}"));
        }
        Ok(record)
    })?;
    let Some((first, _)) = records.first() else {
        return Err(Failure::new("no image could be passed through"));
    };
    folder.write("ablated.csv", ablated_csv(&records).as_bytes())?;
    let page = page_of_several(first, &records, &folder, nanoaid_pages::ablate::contents)?;
    if arguments.output.json {
        let records: Vec<&AblateRecord> = records.iter().map(|(_, record)| record).collect();
        print(&json_text(&records)?)?;
    }
    say(&format!("pictures, numbers and pages: {}", folder.file(&page).display()));
    Ok(Outcome::of_skipped(n_skipped))
}

fn text_of(name: &str, record: &AblateRecord) -> String {
    let found = &record.ablation;
    let signed = |value: f64| format!("{}{}", if value > 0.0 { "+" } else { "" }, number_text(value));
    let mut text = format!("{name}:");
    if let (Some((before, after)), Some(change)) = (&found.answers, found.change) {
        text += &format!(" {before}, change of its logit {}", signed(change));
        if before != after {
            text += &format!("; now {after}");
        }
        text += abstention(record.answer.as_ref());
    }
    if let (Some((before, after)), Some(change)) = (found.reconstruction, found.change) {
        text += &format!(" share of the variance {before:.4}, now {after:.4}, change {}", signed(change));
    }
    if found.change.is_none() {
        text += " the network has neither classes nor a reconstruction; units of later layers:";
    }
    let n = found.controls.len();
    if n > 0 {
        let low = found.controls.iter().copied().fold(f64::INFINITY, f64::min);
        let high = found.controls.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        text += &format!("; by others, {n} draws, {} to {}", signed(low), signed(high));
    }
    text.push('\n');
    for (one, change) in found.switched.iter().zip(&found.alone) {
        text += &format!("  {one} alone {}\n", signed(*change));
    }
    for later in found.later.iter().take(4) {
        text += &format!("  {} {} standard deviations\n", later.unit, signed(later.change));
    }
    text
}

impl AblateArguments {
    fn settings(&self) -> Result<AblateSettings, Failure> {
        let config = AblateConfig {
            units: self.units.clone(),
            concepts: self.numbers.clone(),
            times: self.times,
            n_controls: self.controls,
            seed: self.seed,
        };
        let options = [
            ("units", "--unit"),
            ("concepts", "--concept"),
            ("times", "--times"),
            ("n_controls", "--controls"),
        ];
        let ablate = config.checked().map_err(|error| Failure::of_option(error, &options))?;
        Ok(AblateSettings { ablate, read: self.read.settings(), concepts: None })
    }
}
