//! Pictures of an accentuated micrograph.

use micrograph::paint::Picture;
use micrograph::{Calibration, Plane};

use super::Accentuated;
use crate::interpret::explain::Canvas;

/// Pictures of an accentuated micrograph.
#[derive(Clone, Debug)]
pub struct DrawnAccentuation {
    /// The micrograph as it was.
    pub micrograph: Picture,
    /// The micrograph at each strength.
    pub accentuated: Vec<Picture>,
    /// What was changed at each strength.
    pub changes: Vec<Picture>,
}

impl Accentuated {
    /// Its pictures, with scale bars where `calibration` is known; `plane` is the micrograph as it was.
    ///
    /// # Panics
    /// If `plane` has another size.
    pub fn pictures(&self, plane: &Plane, calibration: Option<&Calibration>) -> DrawnAccentuation {
        let once = plane.map(|_| 1.0);
        let canvas = Canvas::new((plane, &once), calibration);
        let changed = |new: &Plane| {
            let values = new.values().iter().zip(plane.values()).map(|(new, old)| new - old).collect();
            canvas.signed(&Plane::new(plane.height(), plane.width(), values))
        };
        let micrograph_of = |plane: &Plane| Canvas::new((plane, &once), calibration).micrograph();
        DrawnAccentuation {
            micrograph: canvas.micrograph(),
            accentuated: self.planes.iter().map(micrograph_of).collect(),
            changes: self.planes.iter().map(changed).collect(),
        }
    }
}
