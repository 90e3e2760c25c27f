//! What units answered to micrographs: one number for each micrograph and unit.
//!
//! The number may be the largest activation of a channel, its mean, or a logit; nothing here knows
//! which. Checked once, at this door; what reads it can trust the shape and that all is finite.

/// A table of activations, `[N, U]`: a row for each micrograph, in it a value for each unit.
#[derive(Clone, Copy, Debug)]
pub struct UnitValues<'a> {
    values: &'a [f32],
    n_units: usize,
}

/// Why a table can't be used.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[expect(missing_docs, reason = "fields are named in the variant's sentence")]
#[non_exhaustive]
pub enum UnitValuesError {
    /// There is no unit.
    #[error("expected at least 1 unit, found none")]
    NoUnits,
    /// There is no micrograph.
    #[error("expected at least 1 micrograph, found none")]
    NoImages,
    /// The table is not full.
    #[error("expected {n_images} x {n_units} values, found {found}")]
    Count { n_images: usize, n_units: usize, found: usize },
    /// A value is no number.
    #[error("micrograph {image}, unit {unit}: expected a finite value, found {found}")]
    NotFinite { image: usize, unit: usize, found: f32 },
}

impl<'a> UnitValues<'a> {
    /// The table whose rows are laid one after the other in `values`, `[n_images · n_units]`.
    ///
    /// ```
    /// use nanoaid::interpret::unit_values::UnitValues;
    ///
    /// let table = UnitValues::new(&[0.1, 0.2, 0.3, 0.4, 0.5, 0.6], 2, 3)?;
    /// assert_eq!(table.at(1, 0), 0.4);
    /// assert!(UnitValues::new(&[0.1, f32::NAN], 1, 2).is_err());
    /// # Ok::<(), nanoaid::interpret::unit_values::UnitValuesError>(())
    /// ```
    pub fn new(values: &'a [f32], n_images: usize, n_units: usize) -> Result<Self, UnitValuesError> {
        if n_units == 0 {
            return Err(UnitValuesError::NoUnits);
        }
        if n_images == 0 {
            return Err(UnitValuesError::NoImages);
        }
        if n_images.checked_mul(n_units) != Some(values.len()) {
            return Err(UnitValuesError::Count { n_images, n_units, found: values.len() });
        }
        if let Some(place) = values.iter().position(|value| !value.is_finite()) {
            let (image, unit) = (place / n_units, place % n_units);
            return Err(UnitValuesError::NotFinite { image, unit, found: values[place] });
        }
        Ok(Self { values, n_units })
    }

    /// Number of micrographs `N`.
    pub fn n_images(&self) -> usize {
        self.values.len() / self.n_units
    }

    /// Number of units `U`.
    pub fn n_units(&self) -> usize {
        self.n_units
    }

    /// What `unit` answered to micrograph `image`.
    ///
    /// # Panics
    /// If there is no such micrograph or unit.
    pub fn at(&self, image: usize, unit: usize) -> f32 {
        assert!(unit < self.n_units, "unit {unit} of {}", self.n_units);
        self.values[image * self.n_units + unit]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_micrographs() {
        let table = UnitValues::new(&[0.0, 1.0, 2.0, 3.0, 4.0, 5.0], 2, 3).unwrap();
        assert_eq!((table.n_images(), table.n_units()), (2, 3));
        assert_eq!((table.at(0, 2), table.at(1, 0)), (2.0, 3.0));
    }

    #[test]
    fn tables_that_are_none_are_refused() {
        let cases: [(&[f32], usize, usize, &str); 5] = [
            (&[], 2, 0, "expected at least 1 unit, found none"),
            (&[], 0, 3, "expected at least 1 micrograph, found none"),
            (&[1.0; 5], 2, 3, "expected 2 x 3 values, found 5"),
            (&[1.0; 5], usize::MAX, 3, "expected 18446744073709551615 x 3 values, found 5"),
            (
                &[0.0, 1.0, 2.0, 3.0, f32::NAN, 5.0],
                2,
                3,
                "micrograph 1, unit 1: expected a finite value, found NaN",
            ),
        ];
        for (values, n_images, n_units, expected) in cases {
            assert_eq!(UnitValues::new(values, n_images, n_units).unwrap_err().to_string(), expected);
        }
    }
}
