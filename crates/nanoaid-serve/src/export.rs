//! Files to take home: feature maps as a calibrated 32-bit TIFF stack, numbers as JSON and CSV.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;
use micrograph::paint::TiffStack;
use nanoaid::interpret::lens::{ChannelState, LensResult};
use nanoaid::output::{csv_text, json_text};

use crate::app::{App, Asked};
use crate::http::{Fault, Query, attachment};
use crate::lens::Looked;

/// The `what` of the query: maps.tif (all maps, or the `channel`), layer.json, channels.csv.
pub(crate) async fn export(State(app): State<Arc<App>>, request: Request) -> Result<Response, Fault> {
    let query = Query::of(request.uri());
    let asked = Asked::of(&query)?;
    let image = app.session.image(&asked.image)?;
    let looked = asked.looked(&app).await?;
    let stem =
        std::path::Path::new(&image.name).file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let layer = &looked.lens.result.layer;
    match query.required("what")? {
        "layer.json" => {
            let text = json_text(&looked.lens.result).map_err(Fault::own)?;
            Ok(attachment("application/json", &format!("{stem}.{layer}.json"), text.into_bytes()))
        }
        "channels.csv" => {
            let text = channels_csv(&looked.lens.result);
            Ok(attachment("text/csv; charset=utf-8", &format!("{stem}.{layer}.csv"), text.into_bytes()))
        }
        "maps.tif" => {
            let channel: Option<usize> = query.number("channel")?;
            let name = match channel {
                Some(channel) => format!("{stem}.{layer}.{channel}.tif"),
                None => format!("{stem}.{layer}.maps.tif"),
            };
            let folder = app.session.fresh_folder()?;
            let path = folder.path().join("maps.tif");
            let written = tokio::task::spawn_blocking(move || {
                write_maps(&looked, channel, &path)?;
                std::fs::read(&path).map_err(Fault::own)
            });
            let bytes = written.await.map_err(|_| Fault::own("writing the maps has panicked"))??;
            Ok(attachment("image/tiff", &name, bytes))
        }
        what => Err(Fault::missing(format!("there is no file called `{what}`"))),
    }
}

fn write_maps(looked: &Looked, channel: Option<usize>, path: &std::path::Path) -> Result<(), Fault> {
    let (maps, result) = (&looked.lens.maps, &looked.lens.result);
    let channels = match channel {
        Some(channel) if channel >= maps.n_channels() => {
            return Err(Fault::missing(format!("channel {channel}: the layer has {}", maps.n_channels())));
        }
        Some(channel) => channel..channel + 1,
        None => 0..maps.n_channels(),
    };
    let labels: Vec<String> = channels.clone().map(|channel| format!("{}:{channel}", result.layer)).collect();
    let size = (maps.height(), maps.width());
    let mut stack =
        TiffStack::create(path, size, &labels, result.map_calibration.as_ref()).map_err(Fault::refused)?;
    for channel in channels {
        let plane = maps.plane(channel).map_err(Fault::own)?;
        stack.push(&plane).map_err(Fault::refused)?;
    }
    stack.finish().map_err(Fault::own)
}

/// A row for each channel.
fn channels_csv(result: &LensResult) -> String {
    let head = [
        "unit",
        "rank",
        "state",
        "near-copy of",
        "mean",
        "standard deviation",
        "min",
        "max",
        "energy",
        "spatial entropy [bit]",
    ];
    let rows = result.channels.iter().map(|channel| {
        let (state, of) = match channel.state {
            ChannelState::Live => ("live", String::new()),
            ChannelState::NearCopy { of, .. } => ("near-copy", of.to_string()),
            ChannelState::Dead => ("dead", String::new()),
        };
        let found = &channel.statistics;
        let mut cells = vec![channel.address.to_string(), channel.rank.to_string(), state.to_owned(), of];
        cells.extend([found.mean, found.standard_deviation].map(|value| value.to_string()));
        cells.extend([found.min, found.max].map(|value| value.to_string()));
        cells.extend([found.energy, found.entropy_bits].map(|value| value.to_string()));
        cells
    });
    csv_text(&head, rows)
}
