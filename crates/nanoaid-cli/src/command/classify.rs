//! `nanoaid classify`: names the class of each micrograph, with probabilities, or abstains.

use std::path::PathBuf;

use clap::Args;
use micrograph::file::write_whole;
use nanoaid::Device;
use nanoaid::evaluate::classify::{Answer, ClassProbability, FileAnswer, TrainedClassifier, answers_csv};
use nanoaid::network::builtin;
use nanoaid::output::json_text;

use super::images::{ReadArguments, ShardArguments, images_of};
use super::network::network;
use crate::interrupt;
use crate::outcome::{Failure, Outcome, print, say};

/// Classes that are printed beside the first.
const FURTHER: usize = 2;

/// Arguments of `classify`.
#[derive(Args)]
pub(crate) struct ClassifyArguments {
    /// Micrographs, or folders of them
    #[arg(required = true, value_name = "IMAGE")]
    images: Vec<PathBuf>,
    /// Run folder of `train classifier`; `classifier` is the built-in network
    #[arg(long, default_value = builtin::CLASSIFIER)]
    run: PathBuf,
    /// Abstain where no class reaches this probability [default: 0.5]
    #[arg(long, value_name = "PROBABILITY")]
    abstain_below: Option<f64>,
    #[command(flatten)]
    read: ReadArguments,
    /// Where the network runs
    #[arg(long, default_value_t = Device::Cpu)]
    device: Device,
    /// Write a table: file, class, and the probability of each class
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
    #[command(flatten)]
    shard: ShardArguments,
    /// Print JSON instead of text
    #[arg(long)]
    json: bool,
}

/// Classifies each image; those that cannot be read are named and skipped.
pub(crate) fn run(arguments: &ClassifyArguments) -> Result<Outcome, Failure> {
    let classifier = arguments.classifier()?;
    if !classifier.calibrated() {
        say(
            "the probabilities are not calibrated: this network has no temperature, which its evaluation fits on at least 20 validation micrographs",
        );
    }
    let images = arguments.shard.of(images_of(&arguments.images)?, PathBuf::as_path);
    if images.is_empty() && arguments.shard.is_given() {
        return Ok(Outcome::Done);
    }
    let config = arguments.read.config();
    if let Some(path) = arguments.csv.as_ref().filter(|path| path.exists()) {
        // never over an image, and never over another table
        let text = format!("--csv: {} exists already; name a file that does not exist", path.display());
        return Err(Failure::new(text));
    }
    let (mut answers, mut n_skipped) = (Vec::new(), 0);
    for image in &images {
        if interrupt::flow().is_break() {
            return Err(Failure::new("cancelled"));
        }
        match classifier.file(image, &config) {
            Ok(answer) => {
                if !arguments.json {
                    print(&line_of(&answer))?;
                }
                for warning in &answer.warnings {
                    say(&format!("{}: {warning}", image.display()));
                }
                answers.push(answer);
            }
            Err(error) => {
                n_skipped += 1;
                say(&format!("skipped {}", Failure::from(error)));
            }
        }
    }
    if answers.is_empty() {
        return Err(Failure::new("no image could be classified"));
    }
    if let Some(path) = &arguments.csv {
        write_whole(path, answers_csv(classifier.classes(), &answers).as_bytes())?;
    }
    if arguments.json {
        print(&json_text(&answers)?)?;
    }
    Ok(Outcome::of_skipped(n_skipped))
}

impl ClassifyArguments {
    fn classifier(&self) -> Result<TrainedClassifier, Failure> {
        let run = &self.run;
        let classifier = TrainedClassifier::of_opened(run, network(run, self.device)?);
        let classifier = classifier.map_err(|error| Failure::at(run, error))?;
        match self.abstain_below {
            Some(least) => Ok(classifier.abstaining_below(least)?),
            None => Ok(classifier),
        }
    }
}

/// The class with its probability, then the next ones.
fn line_of(found: &FileAnswer) -> String {
    let text = |one: &ClassProbability| format!("{} {:.2}", one.class, one.probability);
    let Answer { said, probabilities, .. } = &found.answer;
    let n_named = usize::from(said.is_some());
    let further: Vec<String> = probabilities.iter().skip(n_named).take(FURTHER).map(text).collect();
    let first = match (said, probabilities.first()) {
        (Some(_), Some(first)) => text(first),
        _ => "abstains".to_owned(),
    };
    format!("{}  {first}  ({})\n", found.file.display(), further.join(", "))
}
