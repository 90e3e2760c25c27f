//! Class: what a classifier names the micrograph of a view.

use std::path::Path;

use micrograph::Plane;

use super::error::ViewError;
use crate::evaluate::classify::{NamedClass, TrainedClassifier, view_px};
use crate::network::builtin;
use crate::{Device, Network};

/// The class of `plane`: by `network`, opened as `run`, if it classifies micrographs, else by the built-in
/// classifier; `None` where the program was built without that.
pub(super) fn of(plane: &Plane, run: &Path, network: &Network) -> Result<Option<NamedClass>, ViewError> {
    let (name, classifier) = if view_px(network).is_some() {
        (run.display().to_string(), TrainedClassifier::of_opened(run, network.clone())?)
    } else if builtin::has(builtin::CLASSIFIER) {
        (builtin::CLASSIFIER.to_owned(), TrainedClassifier::builtin(Device::Cpu)?)
    } else {
        return Ok(None);
    };
    Ok(Some(classifier.named(&name, plane)?))
}
