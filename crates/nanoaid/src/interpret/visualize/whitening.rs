//! Whitening: directions in channel space with what is strong everywhere taken down (Carter et al.
//! 2019, activation atlas).

use micrograph::Plane;
use micrograph::random::Stream;
use nalgebra::{DMatrix, DVector};

use super::objective::Objective;
use crate::Network;
use crate::network::NetworkError;

/// The inverse of the second moments `S = XᵀX / n` of the activation vectors of a layer.
#[derive(Clone, Debug)]
pub struct Whitening {
    layer: String,
    inverse: DMatrix<f64>,
}

/// Positions that are taken of one micrograph.
const POSITIONS: usize = 64;
/// Share of the mean variance that is added to each channel, so that dead ones do no harm.
const LEAST_VARIANCE: f64 = 1e-3;

impl Whitening {
    /// From random positions of `micrographs`, prepared, at `layer`; `None` without micrographs or
    /// where nothing is active.
    ///
    /// # Errors
    /// If there is no such layer, or a micrograph is too small for it.
    pub fn of<'a>(
        network: &Network,
        layer: &str,
        micrographs: impl IntoIterator<Item = &'a Plane>,
        seed: u64,
    ) -> Result<Option<Self>, NetworkError> {
        let mut moments: Option<DMatrix<f64>> = None;
        let mut n = 0.0;
        for (index, micrograph) in micrographs.into_iter().enumerate() {
            let maps = network.maps(micrograph, layer)?;
            let mut stream = Stream::new(seed, "whitening", index as u64);
            let moments = moments.get_or_insert_with(|| DMatrix::zeros(maps.len(), maps.len()));
            for _ in 0..POSITIONS {
                let (y, x) = (stream.below(maps[0].height()), stream.below(maps[0].width()));
                let vector =
                    DVector::from_iterator(maps.len(), maps.iter().map(|map| f64::from(map.at(y, x))));
                moments.ger(1.0, &vector, &vector, 1.0);
                n += 1.0;
            }
        }
        let Some(moments) = moments else { return Ok(None) };
        let mut moments = moments / n;
        let least = LEAST_VARIANCE * moments.trace() / moments.nrows() as f64;
        for channel in 0..moments.nrows() {
            moments[(channel, channel)] += least;
        }
        let inverse = moments.cholesky().map(|decomposition| decomposition.inverse());
        Ok(inverse.map(|inverse| Self { layer: layer.to_owned(), inverse }))
    }

    /// `objective` with its whitened directions of this layer as plain ones, of the same length.
    pub fn resolved(&self, objective: &Objective) -> Objective {
        match objective {
            Objective::Direction { layer, components, cosine_power, whitened: true }
                if *layer == self.layer =>
            {
                let mut direction = DVector::zeros(self.inverse.nrows());
                for (channel, component) in components {
                    direction[*channel] += f64::from(*component);
                }
                let length = direction.norm();
                let turned = &self.inverse * direction;
                let scale = length / turned.norm().max(f64::MIN_POSITIVE);
                let components = turned
                    .iter()
                    .enumerate()
                    .map(|(channel, value)| (channel, (value * scale) as f32))
                    .collect();
                let (layer, cosine_power) = (layer.clone(), *cosine_power);
                Objective::Direction { layer, components, cosine_power, whitened: false }
            }
            Objective::Diverse { of, layer, share } => self.resolved(of).diverse(layer, *share),
            Objective::Between { from, to } => {
                Objective::Between { from: Box::new(self.resolved(from)), to: Box::new(self.resolved(to)) }
            }
            Objective::Sum(terms) => {
                Objective::Sum(terms.iter().map(|(weight, term)| (*weight, self.resolved(term))).collect())
            }
            _ => objective.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::interpret::visualize::tests::noise_plane;
    use crate::{Architecture, AutoencoderConfig, Device};

    #[test]
    fn a_common_direction_is_taken_down() {
        let config = AutoencoderConfig { stages: vec![4], latent: 2, ..AutoencoderConfig::default() };
        let network = Network::random(Architecture::Autoencoder(config), 1, Device::Cpu).unwrap();
        let planes: Vec<Plane> = (0..8).map(|seed| noise_plane(32, 32, seed)).collect();
        let whitening = Whitening::of(&network, "latent", &planes, 0).unwrap().unwrap();
        let objective: Objective = "2 * whitened(latent, 0:1)".parse().unwrap();
        let Objective::Sum(terms) = whitening.resolved(&objective) else { panic!("it stays a sum") };
        let Objective::Direction { components, whitened: false, .. } = &terms[0].1 else {
            panic!("it is a plain direction")
        };
        // S v' points along v: the direction differs from all others in the data as v does
        let turned: Vec<f64> = components.iter().map(|(_, value)| f64::from(*value)).collect();
        let length: f64 = turned.iter().map(|value| value * value).sum::<f64>().sqrt();
        assert!((length - 1.0).abs() < 1e-5, "{turned:?}");
        let moments = whitening.inverse.clone().try_inverse().unwrap();
        let back = moments * DVector::from_vec(turned);
        assert!(back[1].abs() < 1e-4 * back[0].abs() && back[0] > 0.0, "{back}");
        let other: Objective = "whitened(encoder.1, 0:1)".parse().unwrap();
        assert_eq!(whitening.resolved(&other), other, "another layer's is left");
    }
}
