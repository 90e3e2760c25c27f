//! What a network says of a measured pattern: its arguments, its part of the record, its rows and columns.
//!
//! The numbers come from `nanoaid::interpret::pattern`; here they are kept, drawn and written beside the report.

mod picture;

use std::path::{Path, PathBuf};

use clap::Args;
use micrograph::read::ReadConfig;
use nanoaid::data::prepare::{self, PrepareConfig};
use nanoaid::hash::sha256;
use nanoaid::interpret::pattern::{
    Finding, Looker, PatternConfig, PatternResult, PatternView, Periodic, UnitCount,
};
use nanoaid::{Address, Device, Network};
use serde::{Deserialize, Serialize};

use super::super::micrographs::gray_network;
use super::{Drawn, Kept};
use crate::outcome::Failure;

/// Arguments of `measure` for a network.
#[derive(Args)]
pub(super) struct PatternArguments {
    /// Look through a network, too: its most periodic unit and the period that unit prefers, beside the
    /// period measured in the image. A run folder, or `autoencoder` or `classifier`
    #[arg(long)]
    run: Option<PathBuf>,
    /// Count the peaks of this channel, as in `encoder.2:17`, beside the count without a network; a layer
    /// alone, as in `encoder.2`, is searched for the most periodic unit instead of all stages
    #[arg(long, value_name = "ADDRESS", requires = "run")]
    unit: Option<String>,
    /// Where the network runs
    #[arg(long, default_value_t = Device::Cpu)]
    device: Device,
}

/// Which network looks, and at what.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NetworkSettings {
    /// The run as typed.
    pub run: PathBuf,
    /// SHA-256 of the network.
    pub network_sha256: String,
    /// Where it runs.
    pub device: String,
    /// The unit as typed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
}

impl NetworkSettings {
    /// The network; an error if it is no longer the same.
    pub(super) fn network(&self) -> Result<Network, Failure> {
        let network = gray_network(&self.run, self.device.parse::<Device>().map_err(Failure::new)?)?;
        if network.sha256() == self.network_sha256 {
            return Ok(network);
        }
        let (run, found) = (self.run.display(), network.sha256());
        Err(Failure::new(format!("{run}: the network is {found}, the record says {}", self.network_sha256)))
    }
}

/// What a record keeps of a network.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct NetworkKept {
    /// SHA-256 of the picture as a file.
    pub picture_sha256: String,
    /// The numbers.
    pub result: PatternResult,
}

impl PatternArguments {
    /// Reads the network, if one is asked for.
    pub(super) fn network(&self) -> Result<Option<Network>, Failure> {
        self.run.as_ref().map(|run| gray_network(run, self.device)).transpose()
    }

    pub(super) fn settings(&self, network: &Network) -> NetworkSettings {
        NetworkSettings {
            run: self.run.clone().unwrap_or_default(),
            network_sha256: network.sha256().to_owned(),
            device: network.device().to_string(),
            unit: self.unit.clone(),
        }
    }
}

/// Looks through `network` as `settings` say.
pub(super) fn looker<'a>(
    (settings, network): (&NetworkSettings, &'a Network),
) -> Result<Looker<'a>, Failure> {
    let unit = settings.unit.as_ref().map(|unit| unit.parse::<Address>()).transpose()?;
    Ok(Looker::new(network, PatternConfig { unit, ..PatternConfig::default() })?)
}

/// Adds what the network says of `image` to its record and pictures.
pub(super) fn look(
    looker: &mut Looker<'_>,
    image: &Path,
    kept: &mut Kept,
    drawn: &mut Drawn,
) -> Result<(), Failure> {
    let settings = &kept.settings;
    let read = ReadConfig { page: settings.page, nm_per_px: settings.nm_per_px, ..ReadConfig::default() };
    // one that is flat is looked at all the same, and has no period
    let config =
        PrepareConfig { read, data_bar: settings.data_bar, refuses_flat: false, ..PrepareConfig::default() };
    let prepared = prepare::file(image, &config)?;
    let plane = settings.part_of(prepared.plane)?;
    let view = looker.look(&plane, &drawn.measured)?;
    let picture = picture::picture(&plane, &drawn.measured, &view);
    let bytes = picture.png_bytes(None);
    let PatternView { result, .. } = view;
    kept.network = Some(NetworkKept { picture_sha256: sha256(&bytes), result });
    drawn.network = Some(bytes);
    Ok(())
}

/// A length in nm where it is known there.
fn length(px: f64, nm: Option<f64>) -> (String, &'static str) {
    match nm {
        Some(nm) => (format!("{nm:.1}"), "nm"),
        None => (format!("{px:.2}"), "px"),
    }
}

/// Quantity, value, unit and note of each row.
pub(super) fn rows(kept: &NetworkKept) -> Vec<[String; 4]> {
    let row = |quantity: &str, value: String, unit: &str, note: String| {
        [quantity.to_owned(), value, unit.to_owned(), note]
    };
    let none = |quantity: &str, reason: &str| row(quantity, "–".to_owned(), "", reason.to_owned());
    let mut rows = Vec::new();
    match &kept.result.periodic {
        Finding::NotMeasured(reason) => rows.push(none("most periodic unit", reason)),
        Finding::Measured(Periodic { address, clarity, image, preferred, curve, .. }) => {
            let note = format!("{address}; {:.0} % of its map's variance has the period", 100.0 * clarity);
            rows.push(row("most periodic unit", String::new(), "", note));
            let (value, unit) = length(image.px, image.nm);
            let note = format!("as measured, lines along {:.1}°", image.axis_deg);
            rows.push(row("period in the image", value, unit, note));
            match preferred {
                Finding::NotMeasured(reason) => rows.push(none("preferred period", reason)),
                Finding::Measured(preferred) => {
                    let (value, unit) = length(preferred.px, preferred.nm);
                    rows.push(row("preferred period", value, unit, "by drawn gratings".to_owned()));
                    let longest = curve.last().map_or(f64::INFINITY, |point| point[0]);
                    let note = if image.px > longest {
                        format!("the measured one is longer than the longest shown to it, {longest:.1} px")
                    } else {
                        String::new()
                    };
                    let ratio = format!("{:.3}", preferred.ratio);
                    rows.push(row("preferred over measured", ratio, "", note));
                }
            }
        }
    }
    match &kept.result.count {
        None => {}
        Some(Finding::NotMeasured(reason)) => rows.push(none("peaks of the unit", reason)),
        Some(Finding::Measured(count)) => rows.extend(count_rows(count, row, none)),
    }
    rows
}

/// Which part of the image both counts leave out.
pub(super) fn without_border(count: &UnitCount) -> String {
    let [down, right] = count.border_px;
    if down == right {
        format!("without {down:.0} px at the border")
    } else {
        format!("without {down:.0} px at the border above and below, {right:.0} px on the left and right")
    }
}

fn count_rows(
    count: &UnitCount,
    row: impl Fn(&str, String, &str, String) -> [String; 4],
    none: impl Fn(&str, &str) -> [String; 4],
) -> Vec<[String; 4]> {
    let note = format!(
        "{}, local maxima of {:.3} and more, {:.1} px and more apart; {}",
        count.address,
        count.level,
        count.distance_px,
        without_border(count)
    );
    let mut rows = vec![row("peaks of the unit", count.places.len().to_string(), "", note)];
    match &count.classical {
        Finding::NotMeasured(reason) => rows.push(none("count without network", reason)),
        Finding::Measured(classical) => {
            let n = classical.places.len().to_string();
            rows.push(row("count without network", n, "", classical.what.clone()));
        }
    }
    if let Some(disagreement) = &count.disagreement {
        let note = format!("{} are the same, within {:.1} px", disagreement.n_both, disagreement.reach_px);
        rows.push(row("only the unit's", disagreement.only_unit.len().to_string(), "", note));
        let n = disagreement.only_classical.len().to_string();
        rows.push(row("only without network", n, "", String::new()));
    }
    rows
}

/// Headings of the columns in the CSV.
pub(super) const COLUMNS: [&str; 15] = [
    "most periodic unit",
    "clarity",
    "period in the image [nm]",
    "period in the image [px]",
    "preferred period [nm]",
    "preferred period [px]",
    "preferred over measured",
    "counting unit",
    "peaks of the unit",
    "counted without network",
    "count without network",
    "in both counts",
    "only the unit's",
    "only without network",
    "refused by network",
];

/// The cells below [`COLUMNS`]; empty without a network.
pub(super) fn cells(kept: Option<&NetworkKept>) -> [String; 15] {
    let result = kept.map(|kept| &kept.result);
    let periodic = result.and_then(|result| result.periodic.measured());
    let preferred = periodic.and_then(|periodic| periodic.preferred.measured());
    let count = result.and_then(|result| result.count.as_ref()?.measured());
    let classical = count.and_then(|count| count.classical.measured());
    let disagreement = count.and_then(|count| count.disagreement.as_ref());
    let number = |value: Option<f64>| value.map(|value| value.to_string()).unwrap_or_default();
    let whole = |value: Option<usize>| value.map(|value| value.to_string()).unwrap_or_default();
    let reasons = [
        result.and_then(|result| result.periodic.not_measured()),
        periodic.and_then(|periodic| periodic.preferred.not_measured()),
        result.and_then(|result| result.count.as_ref()?.not_measured()),
        count.and_then(|count| count.classical.not_measured()),
    ];
    [
        periodic.map(|periodic| periodic.address.clone()).unwrap_or_default(),
        number(periodic.map(|periodic| periodic.clarity)),
        number(periodic.and_then(|periodic| periodic.image.nm)),
        number(periodic.map(|periodic| periodic.image.px)),
        number(preferred.and_then(|preferred| preferred.nm)),
        number(preferred.map(|preferred| preferred.px)),
        number(preferred.map(|preferred| preferred.ratio)),
        count.map(|count| count.address.clone()).unwrap_or_default(),
        whole(count.map(|count| count.places.len())),
        classical.map(|classical| classical.what.clone()).unwrap_or_default(),
        whole(classical.map(|classical| classical.places.len())),
        whole(disagreement.map(|disagreement| disagreement.n_both)),
        whole(disagreement.map(|disagreement| disagreement.only_unit.len())),
        whole(disagreement.map(|disagreement| disagreement.only_classical.len())),
        reasons.into_iter().flatten().collect::<Vec<_>>().join("; "),
    ]
}
