//! Missing sites by an autoencoder's error: how far the error at each site of a lattice stands out.
//!
//! A site is judged against the other sites of the same image, in robust standard deviations, above and
//! below: an empty place may be an anomaly to a network, or be easier to give back than what stands elsewhere.
//! It does not know which sites are missing.

use micrograph::Plane;

use crate::interpret::lens::Reconstruction;

/// Standard deviations of a normal distribution in its median absolute deviation.
const DEVIATIONS_PER_MAD: f64 = 1.4826;

/// On which side of the usual an error stands out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// More error than usual.
    Above,
    /// Less.
    Below,
}

/// The error at one site.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SiteError {
    /// The site, `[y, x]` in px.
    pub place: [f64; 2],
    /// Mean error around it.
    pub error: f64,
    /// How far that is above the median of all sites, in robust standard deviations; 0 where half of the
    /// sites have the same error.
    pub deviations: f64,
}

/// The errors at all sites.
#[derive(Clone, Debug, PartialEq)]
pub struct SiteErrors {
    /// The sites in the order in which they were given.
    pub sites: Vec<SiteError>,
}

impl SiteErrors {
    /// The sites whose error exceeds the rest by at least `deviations` robust standard deviations.
    pub fn standing_out(&self, deviations: f64, side: Side) -> Vec<[f64; 2]> {
        let out = |site: &&SiteError| match side {
            Side::Above => site.deviations >= deviations,
            Side::Below => -site.deviations >= deviations,
        };
        self.sites.iter().filter(out).map(|site| site.place).collect()
    }
}

/// The mean of `error`, of the image's size, within `radius_px` of each of `places` inside it.
pub fn site_errors(error: &Plane, places: &[[f64; 2]], radius_px: f64) -> SiteErrors {
    let means: Vec<f64> = places.iter().map(|&place| mean_around(error, place, radius_px)).collect();
    let usual = median(means.clone());
    let spread = DEVIATIONS_PER_MAD * median(means.iter().map(|mean| (mean - usual).abs()).collect());
    let sites = places.iter().zip(means).map(|(&place, error)| {
        let deviations = if spread > 0.0 { (error - usual) / spread } else { 0.0 };
        SiteError { place, error, deviations }
    });
    SiteErrors { sites: sites.collect() }
}

/// The squared difference of each pixel.
///
/// # Panics
/// If the planes differ in size.
pub fn squared_error(image: &Plane, output: &Plane) -> Plane {
    assert_eq!((image.height(), image.width()), (output.height(), output.width()), "planes of one size");
    Plane::from_fn(image.height(), image.width(), |y, x| (image.at(y, x) - output.at(y, x)).powi(2))
}

/// The error map as a plane of the image's size: each pixel has the error of its cell.
pub fn cell_error(reconstruction: &Reconstruction) -> Plane {
    let (cell, map) = (reconstruction.metrics.cell_px, &reconstruction.error_map);
    let output = &reconstruction.output;
    Plane::from_fn(output.height(), output.width(), |y, x| map.at(y / cell, x / cell))
}

/// The mean over pixels whose middle lies within `radius` of a place; the nearest pixel if none does.
fn mean_around(plane: &Plane, [y, x]: [f64; 2], radius: f64) -> f64 {
    let span = |at: f64, length: usize| {
        let first = (at - radius).ceil().max(0.0) as usize;
        first..((at + radius).floor() as usize + 1).min(length)
    };
    let (mut sum, mut n) = (0.0, 0);
    for row in span(y, plane.height()) {
        for column in span(x, plane.width()) {
            if (row as f64 - y).hypot(column as f64 - x) <= radius {
                sum += f64::from(plane.at(row, column));
                n += 1;
            }
        }
    }
    if n > 0 {
        return sum / f64::from(n);
    }
    let nearest = |at: f64, length: usize| (at.round().max(0.0) as usize).min(length - 1);
    f64::from(plane.at(nearest(y, plane.height()), nearest(x, plane.width())))
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    match values.len() {
        0 => 0.0,
        n if n % 2 == 1 => values[n / 2],
        n => f64::midpoint(values[n / 2 - 1], values[n / 2]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sites_with_more_and_with_less_error_than_others_stand_out_on_their_side() {
        let places: Vec<[f64; 2]> = (0..20)
            .map(|index| [10.0 + 20.0 * f64::from(index / 5), 12.0 + 20.0 * f64::from(index % 5)])
            .collect();
        let error = Plane::from_fn(84, 104, |y, x| {
            let near = |index: usize| (places[index][0] - y as f64).hypot(places[index][1] - x as f64) <= 6.0;
            let own = 2.0 + 0.1 * ((x / 20 + 5 * (y / 20)) % 7) as f32;
            if near(3) {
                9.0
            } else if near(11) {
                0.0
            } else {
                own
            }
        });
        let found = site_errors(&error, &places, 5.0);
        assert_eq!(found.standing_out(4.0, Side::Above), [places[3]]);
        assert_eq!(found.standing_out(4.0, Side::Below), [places[11]]);
        assert!((found.sites[3].error - 9.0).abs() < 1e-6);
        let even = site_errors(&Plane::filled(84, 104, 1.0), &places, 5.0);
        assert!(
            even.standing_out(0.5, Side::Above).is_empty() && even.standing_out(0.5, Side::Below).is_empty()
        );
    }
}
