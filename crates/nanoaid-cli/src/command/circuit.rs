//! `nanoaid circuit`: of which units of a lower layer a unit is made.

use std::path::PathBuf;

use clap::Args;
use micrograph::paint::number_text;
use nanoaid::Address;
use nanoaid::interpret::circuit::{CircuitConfig, CircuitRecord, CircuitSettings, circuit_files};
use nanoaid::output::json_text;
use nanoaid::record::NetworkUsed;

use super::network::OpenArguments;
use super::output::{OutputArguments, default_folder};
use crate::interrupt;
use crate::outcome::{Failure, Outcome, print, say};
use crate::progress::Progress;

/// Arguments of `circuit`.
#[derive(Args)]
pub(crate) struct CircuitArguments {
    /// Run folder, file of a network (.safetensors, .onnx), or a built-in network: `autoencoder`, `classifier`
    run: PathBuf,
    /// The channel that is taken apart, as `encoder.3:17`
    #[arg(long, value_name = "UNIT")]
    unit: Address,
    /// The lower layer, or `image` [default: the nearest usual layer before the unit's]
    #[arg(long, value_name = "LAYER")]
    from: Option<String>,
    /// Lower units that are shown, those with the largest weights
    #[arg(long, value_name = "N", default_value_t = 8)]
    count: usize,
    /// Do not make pictures of what the units look for
    #[arg(long)]
    no_pictures: bool,
    /// Seed of random numbers
    #[arg(long, default_value_t = 0)]
    seed: u64,
    #[command(flatten)]
    open: OpenArguments,
    #[command(flatten)]
    output: OutputArguments,
}

/// Takes a unit apart and writes its page.
pub(crate) fn run(arguments: &CircuitArguments) -> Result<Outcome, Failure> {
    let config = CircuitConfig {
        unit: arguments.unit.clone(),
        from: arguments.from.clone(),
        count: arguments.count,
        pictures: !arguments.no_pictures,
        seed: arguments.seed,
    };
    let circuit = config.checked().map_err(|error| Failure::of_option(error, &[("count", "--count")]))?;
    let network = arguments.open.open_gray(&arguments.run)?;
    let folder = arguments.output.folder(|| default_folder("circuit", &[&arguments.run]))?;
    let mut bar = Progress::of_shares(1, "pictures");
    let by = (&network, NetworkUsed::of(&arguments.run, &network));
    let record = circuit_files(by, &CircuitSettings { circuit }, &folder, &mut |share| {
        bar.set_share(0, share, "pictures of what units look for", &|time| {
            format!("this takes about {time}")
        });
        interrupt::flow()
    })?;
    bar.finish();
    folder.write("report.html", nanoaid_pages::circuit::report(&record).as_bytes())?;
    print(&if arguments.output.json { json_text(&record)? } else { text_of(&record) })?;
    say(&format!("pictures, numbers and page: {}", folder.file("report.html").display()));
    Ok(Outcome::Done)
}

fn text_of(record: &CircuitRecord) -> String {
    let found = &record.circuit;
    let mut text = format!(
        "{} from {}: kernels of {} × {}; {} of {} units have {:.0} % of the squares of all weights\n",
        found.unit,
        found.from,
        found.height,
        found.width,
        found.parts.len(),
        found.n_channels,
        100.0 * found.shown_share
    );
    for part in &found.parts {
        let (unit, sum) = (part.unit.to_string(), number_text(part.sum));
        text += &format!("  {unit:<24} {:>4.0} %, sum {sum}\n", 100.0 * part.share);
    }
    text
}
