//! `nanoaid explain`: why a network gives a micrograph its class, or why a unit fires.

use std::path::PathBuf;
use std::str::FromStr;

use clap::Args;
use micrograph::Source;
use nanoaid::Network;
use nanoaid::data::dataset::{Dataset, DatasetConfig};
use nanoaid::interpret::explain::{
    Baseline, ExplainConfig, ExplainRecord, ExplainSettings, Explainer, Fill, Method, NoMethod, References,
    Thoroughness, explain_file, groups_in, methods_csv, summary, summary_csv,
};
use nanoaid::network::builtin;
use nanoaid::output::{folder_names, json_text};
use nanoaid::record::{Input, NetworkUsed};
use nanoaid_pages::site::OpenedSite;
use nanoaid_pages::unit_links::UnitLinks;

use super::images::{ReadArguments, ShardArguments, abstention, each_image, images_of};
use super::network::OpenArguments;
use super::output::{OutputArguments, default_folder, page_of_several};
use super::target::TargetArguments;
use super::training::{say_notices, say_skipped};
use crate::interrupt;
use crate::outcome::{Failure, Outcome, print, say};
use crate::progress::Progress;

/// Arguments of `explain`.
#[derive(Args)]
pub(crate) struct ExplainArguments {
    /// Micrographs, or folders that hold them
    #[arg(required = true, value_name = "IMAGE")]
    images: Vec<PathBuf>,
    /// Run folder, file of weights, or built-in network; `classifier` is the built-in one
    #[arg(long, default_value = builtin::CLASSIFIER)]
    run: PathBuf,
    #[command(flatten)]
    target: TargetArguments,
    /// Methods, separated by commas, the first decides what the counterfactual removes; `all`; of: hires-cam, grad-cam,
    /// layer-cam, gradient-x-input, integrated-gradients, smooth-grad, guided-backprop, deconvnet, lrp, occlusion, rise
    /// [default: hires-cam, grad-cam, integrated-gradients, lrp, occlusion]
    #[arg(long, value_name = "METHODS", value_delimiter = ',')]
    methods: Vec<Methods>,
    /// Layer of class activation maps [default: those that the score takes means of]
    #[arg(long, value_name = "LAYER")]
    layer: Option<String>,
    /// From where gradients are integrated: blurred, mean, black
    #[arg(long, default_value = "blurred")]
    baseline: Baseline,
    /// What stands where parts are removed: blur, mean, road, black
    #[arg(long, default_value = "blur")]
    fill: Fill,
    /// Most steps of integrated gradients
    #[arg(long, default_value_t = ExplainConfig::default().most_steps, value_name = "N")]
    steps: usize,
    /// Most masks of rise
    #[arg(long, default_value_t = ExplainConfig::default().most_masks, value_name = "N")]
    masks: usize,
    /// Show the micrographs of this folder of categories, or index CSV, that the classifier sees most alike: some that it gets
    /// right, and some that it gets wrong
    #[arg(long, value_name = "DATA")]
    data: Option<PathBuf>,
    /// Link units to their pages in the site in this folder, with what they look for and real patches
    #[arg(long, value_name = "SITE")]
    site: Option<PathBuf>,
    /// Index CSV with a column `group`, such as of laboratories: intervals over several micrographs are over its groups
    #[arg(long, value_name = "INDEX")]
    groups: Option<PathBuf>,
    /// Do not look for particles, fibres and pores
    #[arg(long)]
    no_structures: bool,
    /// Only maps by quick methods, what they lie on, and units: no deletion and insertion, no counterfactual
    #[arg(long, conflicts_with = "checks")]
    quick: bool,
    /// Check each method further: three fills, random weights, noise, another class; takes minutes
    #[arg(long)]
    checks: bool,
    /// Write the maps as a TIFF stack of 32 bits, too
    #[arg(long)]
    maps: bool,
    /// Seed of random numbers
    #[arg(long, default_value_t = 0)]
    seed: u64,
    #[command(flatten)]
    read: ReadArguments,
    #[command(flatten)]
    open: OpenArguments,
    #[command(flatten)]
    shard: ShardArguments,
    #[command(flatten)]
    output: OutputArguments,
}

/// One method, or all.
#[derive(Clone, Copy, Debug)]
enum Methods {
    All,
    One(Method),
}

impl FromStr for Methods {
    type Err = NoMethod;

    fn from_str(text: &str) -> Result<Self, NoMethod> {
        if text == "all" { Ok(Self::All) } else { text.parse().map(Self::One) }
    }
}

/// Explains each image; a bad one is named and skipped.
pub(crate) fn run(arguments: &ExplainArguments) -> Result<Outcome, Failure> {
    let settings = arguments.settings()?;
    let network = arguments.open.open_gray(&arguments.run)?;
    settings.explain.check(&network)?;
    let images = images_of(&arguments.images)?;
    let named = images.iter().zip(folder_names(&images)).collect();
    let named: Vec<(&PathBuf, String)> = arguments.shard.of(named, |(image, _)| image.as_path());
    if named.is_empty() && arguments.shard.is_given() {
        return Ok(Outcome::Done);
    }
    let references = arguments.references(&network)?;
    let site = arguments.site(&network)?;
    let index = arguments.groups.as_ref();
    let index = index.map(|index| Dataset::open(index, &DatasetConfig::default())).transpose()?;
    if let (Some(path), Some(index)) = (&arguments.groups, &index)
        && index.entries.iter().all(|entry| entry.group.is_none())
    {
        let text = "no micrograph of it has a group, expected an index CSV with a column `group`";
        return Err(Failure::new(format!("--groups {}: {text}", path.display())));
    }
    let folder = arguments.output.folder(|| default_folder("explain", &arguments.images))?;
    let (records, n_skipped) = each_image(&named, |image, name, bar| {
        let source = Source::read(image)?;
        let input = (&source, Input::of(&source));
        let used = NetworkUsed::of(&arguments.run, &network);
        let by = Explainer { network: &network, used, references: references.as_ref() };
        let record = explain_file(input, name, by, &settings, &folder, &mut interrupt::flow)?.record;
        let links = match &site {
            Some(site) => {
                let units = record.explanation.units.iter().map(|unit| &unit.unit);
                UnitLinks::of(site, network.sha256(), units, folder.path())?
            }
            None => UnitLinks::default(),
        };
        let page = nanoaid_pages::explain::report(name, &record, &links);
        folder.write(&format!("{name}.html"), page.as_bytes())?;
        if !arguments.output.json {
            bar.print(&text_of(name, &record))?;
        }
        for warning in record.warnings.iter().chain(&record.explanation.warnings) {
            bar.say(&format!("{name}: {warning}"));
        }
        Ok(record)
    })?;
    let Some((first, _)) = records.first() else {
        return Err(Failure::new("no image could be explained"));
    };
    folder.write("methods.csv", methods_csv(&records).as_bytes())?;
    let all: Vec<ExplainRecord> = records.iter().map(|(_, record)| record.clone()).collect();
    let groups = index.map(|index| groups_in(&index, &records));
    if let Some(groups) = &groups {
        let n = groups.iter().filter(|group| group.is_none()).count();
        if n > 0 {
            say(&format!(
                "--groups: {n} of {} micrographs are not in the index, or have no group there; each counts as one of its own",
                groups.len()
            ));
        }
    }
    let summary = summary(&all, groups.as_deref());
    if records.len() > 1 {
        folder.write("summary.csv", summary_csv(&summary).as_bytes())?;
    }
    let contents = |records: &[_]| nanoaid_pages::explain::contents(records, &summary);
    let page = page_of_several(first, &records, &folder, contents)?;
    if arguments.output.json {
        let records: Vec<&ExplainRecord> = records.iter().map(|(_, record)| record).collect();
        print(&json_text(&records)?)?;
    }
    say(&format!("maps, numbers and page: {}", folder.file(&page).display()));
    Ok(Outcome::of_skipped(n_skipped))
}

/// What is explained, and how well.
fn text_of(name: &str, record: &ExplainRecord) -> String {
    let found = &record.explanation;
    let abstains = abstention(record.answer.as_ref());
    let mut text = format!("{name}: {}, score {:.3}{abstains}\n", found.target, found.score);
    for one in &found.methods {
        let mut facts = Vec::new();
        if let Some(faithful) = one.faithfulness.first() {
            facts.push(format!("deletion {:.2}, insertion {:.2}", faithful.deletion, faithful.insertion));
        }
        if let Some(complete) = &one.completeness {
            facts.push(format!("sum {:.3} of {:.3}", complete.sum, complete.expected));
        }
        text += &format!("  {:<22} {}\n", one.method.name(), facts.join("; "));
    }
    if let Some(less) = &found.counterfactual {
        text += &format!("  {} without {:.1} % of the micrograph\n", less.class, 100.0 * less.share);
    }
    text
}

impl ExplainArguments {
    /// What the network makes of the data set, if one is named.
    fn references(&self, network: &Network) -> Result<Option<References>, Failure> {
        let Some(data) = &self.data else { return Ok(None) };
        let dataset = Dataset::open(data, &DatasetConfig::default())?;
        say_notices(&dataset.notices);
        let mut bar = Progress::new(0, "micrographs");
        let found = References::of((&self.run, network), (data, &dataset), &mut |done, total| {
            bar.set_length(total as u64);
            bar.set(done as u64, "looking for neighbours");
            interrupt::flow()
        })?;
        bar.finish();
        say_skipped(&dataset.skipped);
        say_skipped(&found.skipped);
        Ok(Some(found))
    }

    /// The site that shows units, if one is named.
    fn site(&self, network: &Network) -> Result<Option<OpenedSite>, Failure> {
        let Some(path) = &self.site else { return Ok(None) };
        let site = OpenedSite::open(path)?;
        if !site.has_network(network.sha256()) {
            let text = format!("it does not show {}, so no unit can be linked", self.run.display());
            return Err(Failure::new(format!("--site {}: {text}", path.display())));
        }
        Ok(Some(site))
    }

    fn settings(&self) -> Result<ExplainSettings, Failure> {
        let of = |methods: &Methods| match methods {
            Methods::All => Method::ALL.to_vec(),
            Methods::One(method) => vec![*method],
        };
        let explain = ExplainConfig {
            target: self.target.target(),
            methods: self.methods.iter().flat_map(of).collect(),
            layer: self.layer.clone(),
            baseline: self.baseline,
            most_steps: self.steps,
            fill: self.fill,
            most_masks: self.masks,
            structures: !self.no_structures,
            thoroughness: match (self.quick, self.checks) {
                (true, _) => Thoroughness::Quick,
                (_, true) => Thoroughness::Checks,
                _ => Thoroughness::Usual,
            },
            seed: self.seed,
        };
        let options = [("methods", "--methods"), ("most_steps", "--steps"), ("most_masks", "--masks")];
        let explain = explain.checked().map_err(|error| Failure::of_option(error, &options))?;
        let prepare = self.read.config();
        Ok(ExplainSettings {
            explain,
            nm_per_px: prepare.read.nm_per_px,
            page: prepare.read.page,
            data_bar: prepare.data_bar,
            maps: self.maps,
        })
    }
}
