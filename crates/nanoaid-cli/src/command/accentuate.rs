//! `nanoaid accentuate`: a micrograph changed towards what a class or a unit responds to, no further than allowed.

use std::path::PathBuf;

use clap::Args;
use micrograph::Source;
use nanoaid::interpret::accentuate::{
    AccentuateConfig, AccentuateRecord, AccentuateSettings, accentuate_file, accentuated_csv,
};
use nanoaid::network::builtin;
use nanoaid::output::{folder_names, json_text};
use nanoaid::record::{Input, NetworkUsed};

use super::images::{ReadArguments, abstention, each_image, images_of};
use super::network::OpenArguments;
use super::output::{OutputArguments, default_folder, page_of_several};
use super::target::TargetArguments;
use crate::interrupt;
use crate::outcome::{Failure, Outcome, print, say};

/// Arguments of `accentuate`.
#[derive(Args)]
pub(crate) struct AccentuateArguments {
    /// Micrographs, or folders that hold them
    #[arg(required = true, value_name = "IMAGE")]
    images: Vec<PathBuf>,
    /// Run folder, file of weights, or built-in network; `classifier` is the built-in one
    #[arg(long, default_value = builtin::CLASSIFIER)]
    run: PathBuf,
    #[command(flatten)]
    target: TargetArguments,
    /// How much grey levels may change: root mean squares as shares of the micrograph's standard deviation, rising, separated by
    /// commas [default: 0.05,0.1,0.2,0.4]
    #[arg(long, value_name = "SHARES", value_delimiter = ',', allow_negative_numbers = true)]
    strengths: Vec<f64>,
    /// Lower the score instead of raising it
    #[arg(long)]
    away: bool,
    /// Steps of each strength
    #[arg(long, value_name = "N", default_value_t = AccentuateConfig::default().steps)]
    steps: usize,
    /// Random changes of the same size and spectrum beside each strength; 0: none
    #[arg(long, value_name = "N", default_value_t = AccentuateConfig::default().n_controls)]
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

/// Accentuates each image; a bad one is named and skipped.
pub(crate) fn run(arguments: &AccentuateArguments) -> Result<Outcome, Failure> {
    let settings = arguments.settings()?;
    let network = arguments.open.open_gray(&arguments.run)?;
    settings.accentuate.target.check(&network)?;
    let images = images_of(&arguments.images)?;
    let named: Vec<(&PathBuf, String)> = images.iter().zip(folder_names(&images)).collect();
    let folder = arguments.output.folder(|| default_folder("accentuate", &arguments.images))?;
    let (records, n_skipped) = each_image(&named, |image, name, bar| {
        let source = Source::read(image)?;
        let input = (&source, Input::of(&source));
        let by = (&network, NetworkUsed::of(&arguments.run, &network));
        let record = accentuate_file(input, name, by, &settings, &folder, &mut interrupt::flow)?.record;
        let page = nanoaid_pages::accentuate::report(name, &record);
        folder.write(&format!("{name}.html"), page.as_bytes())?;
        if !arguments.output.json {
            bar.print(&text_of(name, &record))?;
        }
        for warning in record.warnings.iter().chain(&record.accentuation.warnings) {
            bar.say(&format!("{name}: {warning}"));
        }
        Ok(record)
    })?;
    let Some((first, _)) = records.first() else {
        return Err(Failure::new("no image could be accentuated"));
    };
    folder.write("accentuated.csv", accentuated_csv(&records).as_bytes())?;
    let page = page_of_several(first, &records, &folder, nanoaid_pages::accentuate::contents)?;
    if arguments.output.json {
        let records: Vec<&AccentuateRecord> = records.iter().map(|(_, record)| record).collect();
        print(&json_text(&records)?)?;
    }
    say(&format!("pictures, numbers and pages: {}", folder.file(&page).display()));
    Ok(Outcome::of_skipped(n_skipped))
}

fn text_of(name: &str, record: &AccentuateRecord) -> String {
    let found = &record.accentuation;
    let answer =
        |answer: &Option<String>| answer.as_ref().map_or(String::new(), |class| format!(", {class}"));
    let abstains = abstention(record.answer.as_ref());
    let mut text =
        format!("{name}: {}, score {:.3}{}{abstains}\n", found.target, found.score, answer(&found.answer));
    for level in &found.levels {
        let random =
            level.random.map_or(String::new(), |random| format!("; best at random {:.3}", random.most));
        text += &format!(
            "  {:>5.1} % of the contrast: {:.3}{}{random}\n",
            100.0 * level.change,
            level.score,
            answer(&level.answer)
        );
    }
    text
}

impl AccentuateArguments {
    fn settings(&self) -> Result<AccentuateSettings, Failure> {
        let default = AccentuateConfig::default();
        let config = AccentuateConfig {
            target: self.target.target(),
            strengths: if self.strengths.is_empty() { default.strengths } else { self.strengths.clone() },
            away: self.away,
            steps: self.steps,
            n_controls: self.controls,
            seed: self.seed,
        };
        let options = [("strengths", "--strengths"), ("steps", "--steps"), ("n_controls", "--controls")];
        let accentuate = config.checked().map_err(|error| Failure::of_option(error, &options))?;
        Ok(AccentuateSettings { accentuate, read: self.read.settings() })
    }
}
