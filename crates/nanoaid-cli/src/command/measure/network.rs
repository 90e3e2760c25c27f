//! What a network adds to a measured pattern: its arguments and its rows.

use std::path::PathBuf;

use clap::Args;
use nanoaid::interpret::pattern::{Finding, PatternResult, Periodic, UnitCount, without_border};
use nanoaid::{Device, Network};

use crate::command::network::OpenArguments;
use crate::outcome::Failure;

/// Arguments of `measure` for a network.
#[derive(Args)]
pub(super) struct PatternArguments {
    /// Look through a network, too: its most periodic unit and the period that unit prefers, beside the
    /// period measured in the image. A run folder, a file of a network, or `autoencoder` or `classifier`
    #[arg(long)]
    pub(super) run: Option<PathBuf>,
    /// Count the peaks of this channel, as in `encoder.2:17`, beside the count without a network; a layer
    /// alone, as in `encoder.2`, is searched for the most periodic unit instead of all stages
    #[arg(long, value_name = "ADDRESS", requires = "run")]
    pub(super) unit: Option<String>,
    #[command(flatten)]
    open: OpenArguments,
}

impl PatternArguments {
    /// Where networks run.
    pub(super) fn device(&self) -> Device {
        self.open.device
    }

    /// Opens the network, if one is named.
    pub(super) fn network(&self) -> Result<Option<Network>, Failure> {
        self.run.as_deref().map(|run| self.open.open_gray(run)).transpose()
    }
}

/// A length in nm where it is known there.
fn length(px: f64, nm: Option<f64>) -> (String, &'static str) {
    match nm {
        Some(nm) => (format!("{nm:.1}"), "nm"),
        None => (format!("{px:.2}"), "px"),
    }
}

/// Quantity, value, unit and note of each row.
pub(super) fn rows(result: &PatternResult) -> Vec<[String; 4]> {
    let row = |quantity: &str, value: String, unit: &str, note: String| {
        [quantity.to_owned(), value, unit.to_owned(), note]
    };
    let none = |quantity: &str, reason: &str| row(quantity, "–".to_owned(), "", reason.to_owned());
    let mut rows = Vec::new();
    match &result.periodic {
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
    match &result.count {
        None => {}
        Some(Finding::NotMeasured(reason)) => rows.push(none("peaks of the unit", reason)),
        Some(Finding::Measured(count)) => rows.extend(count_rows(count, row, none)),
    }
    rows
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
