//! What a view found, in numbers and names of files: all that its page is made from.

use micrograph::data_bar::{DataBar, DataBarEvidence};
use micrograph::{FileFacts, calibration::length_text};
use serde::{Deserialize, Serialize};

use super::settings::ViewSettings;
use crate::evaluate::classify::NamedClass;
use crate::interpret::lens::LensResult;

/// Version of [`View`]; 2 since it holds more than the numbers of each layer.
pub const SCHEMA_VERSION: u32 = 2;

/// One micrograph through the lens; `result.json`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct View {
    /// [`SCHEMA_VERSION`].
    pub schema_version: u32,
    /// Version of the program.
    pub program_version: String,
    /// How it was made.
    pub settings: ViewSettings,
    /// What the file says.
    pub facts: FileFacts,
    /// The data bar that was cut off.
    pub data_bar: Option<DataBar>,
    /// Values of the file that became black and white.
    pub contrast: [f32; 2],
    /// Its class by a classifier; absent where none was requested or built in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub class: Option<NamedClass>,
    /// The numbers of each layer.
    pub layers: Vec<LensResult>,
    /// Names of the pictures beside it.
    pub pictures: ViewPictures,
}

/// Names of a view's pictures.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ViewPictures {
    /// The micrograph as the network got it, with a scale bar; absent where only sheets are made.
    pub micrograph: Option<String>,
    /// Those of each layer, in the order of [`View::layers`].
    pub layers: Vec<LayerPictures>,
    /// Those of the reconstruction, where the network is an autoencoder.
    pub reconstruction: Option<ReconstructionPictures>,
}

/// Names of the pictures of one layer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LayerPictures {
    /// Contact sheet, each map on its own scale.
    pub sheet: String,
    /// Contact sheet, all maps on one scale; absent where only sheets are made.
    pub shared_sheet: Option<String>,
    /// The maps as one picture; absent where only sheets are made.
    pub false_color: Option<String>,
    /// The contact sheets as SVG, where they were requested: each map on its own scale, all on one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub svg: Vec<String>,
}

/// Names of the pictures of what the whole network makes of the image.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReconstructionPictures {
    /// Its output.
    pub output: String,
    /// Where it is wrong.
    pub error_map: String,
    /// Where it is more wrong than usual where the image has as much contrast.
    #[serde(default)]
    pub relative_map: Option<String>,
    /// The micrograph with what is above the threshold outlined.
    pub overlay: String,
}

impl View {
    /// What was cut off, in words.
    pub fn cut_text(&self) -> String {
        let Some(bar) = self.data_bar else { return "no data bar was cut off".to_owned() };
        let evidence = match bar.evidence {
            DataBarEvidence::Metadata => "from the metadata",
            DataBarEvidence::Pixels => "found in the pixels",
            DataBarEvidence::Typed => "as typed",
        };
        let below = match self.facts.height.saturating_sub(bar.end_row) {
            0 => String::new(),
            1 => ", with 1 row of specimen below it".to_owned(),
            n_rows => format!(", with {n_rows} rows of specimen below it"),
        };
        format!("data bar cut off: rows {} to {}{below}, {evidence}", bar.first_row, bar.end_row - 1)
    }
}

/// Stride and receptive field in words, in nm too where the image is calibrated.
pub fn field_text(result: &LensResult) -> String {
    let nm = result
        .receptive_field_nm
        .map_or(String::new(), |field| format!(" ({})", length_text(field.width_nm)));
    format!("stride {} px, receptive field {} px{nm}", result.stride, result.receptive_field_px)
}
