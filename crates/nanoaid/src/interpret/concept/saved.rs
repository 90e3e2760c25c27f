//! Saved: the concepts of a layer as a file, so that other micrographs can be looked at by them.

use serde::{Deserialize, Serialize};

use super::activations::{by_channel, by_position};
use super::bank::{Bank, ConceptMethod};
use super::factors::Factors;
use super::matrix::Matrix;
use super::sparse::Sparse;
use crate::network::{Weight, Weights, WeightsError};

/// Key of the description in the header of the file.
const KEY: &str = "nanoaid.concepts";

/// The concepts of a layer: what makes codes of activations, and which of them are shown.
#[derive(Clone, Debug, PartialEq)]
pub struct ConceptBank {
    /// SHA-256 of the network as a file.
    pub network: String,
    /// The layer.
    pub layer: String,
    pub(super) bank: Bank,
    /// Atoms in the order of the concepts' numbers.
    pub(super) shown: Vec<usize>,
}

/// What is no tensor.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Description {
    network: String,
    layer: String,
    method: ConceptMethod,
    shown: Vec<usize>,
    scale: f32,
    n_atoms: usize,
    sparsity: f32,
    active: usize,
}

impl ConceptBank {
    /// How many concepts there are; they are numbered from 1.
    pub fn n_concepts(&self) -> usize {
        self.shown.len()
    }

    /// Channels of the layer.
    pub fn n_channels(&self) -> usize {
        self.bank.atoms.n_columns
    }

    /// One concept without price, of activations that may be negative.
    #[cfg(test)]
    pub(in crate::interpret) fn of_direction((network, layer): (&str, &str), direction: &[f32]) -> Self {
        let n = direction.len();
        let bank = Bank {
            method: ConceptMethod::Pca,
            means: vec![0.0; n],
            scale: 1.0,
            atoms: Matrix::new(n, direction.to_vec()).normalized(),
            factors: Factors { n_atoms: 1, signed: true, sparsity: 0.0 },
            sparse: None,
            centres: None,
        };
        Self { network: network.to_owned(), layer: layer.to_owned(), bank, shown: vec![0] }
    }

    /// As a safetensors file.
    pub fn to_bytes(&self) -> Vec<u8> {
        let Bank { method, means, scale, atoms, factors, sparse, centres } = &self.bank;
        let matrix = |matrix: &Matrix| Weight {
            shape: vec![matrix.n_rows(), matrix.n_columns],
            values: matrix.values.clone(),
        };
        let vector = |values: &[f32]| Weight { shape: vec![values.len()], values: values.to_vec() };
        let mut weights = Weights::default();
        let mut add = |name: &str, weight: Weight| weights.tensors.insert(name.to_owned(), weight);
        add("atoms", matrix(atoms));
        add("means", vector(means));
        if let Some(sparse) = sparse {
            add("encoder", matrix(&sparse.encoder));
            add("biases", vector(&sparse.biases));
        }
        if let Some(centres) = centres {
            add("centres", matrix(centres));
        }
        let description = Description {
            network: self.network.clone(),
            layer: self.layer.clone(),
            method: *method,
            shown: self.shown.clone(),
            scale: *scale,
            n_atoms: factors.n_atoms,
            sparsity: factors.sparsity,
            active: sparse.as_ref().map_or(0, |sparse| sparse.active),
        };
        let text = serde_json::to_string(&description).expect("numbers and texts are JSON");
        weights.to_bytes(KEY, &text)
    }

    /// From a file that [`ConceptBank::to_bytes`] made.
    ///
    /// # Errors
    /// If it is damaged, or of something else.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, WeightsError> {
        let wrong = |reason: String| WeightsError::Format { reason };
        let (weights, texts) = Weights::from_bytes(bytes)?;
        let text = texts.get(KEY);
        let text =
            text.ok_or_else(|| wrong("no concepts: expected bank.safetensors of `nanoaid concepts`".into()))?;
        let found: Description =
            serde_json::from_str(text).map_err(|error| wrong(format!("description of concepts: {error}")))?;
        let shape = |name: &str| {
            let weight = weights.tensors.get(name);
            weight
                .map(|weight| weight.shape.clone())
                .ok_or_else(|| WeightsError::Missing { name: name.into() })
        };
        let &[n_atoms, n_channels] = &shape("atoms")?[..] else {
            return Err(wrong("`atoms` is no matrix".into()));
        };
        let matrix = |name: &str, rows: usize| -> Result<Matrix, WeightsError> {
            Ok(Matrix::new(n_channels, weights.checked(name, &[rows, n_channels])?.values.clone()))
        };
        let vector = |name: &str, length: usize| -> Result<Vec<f32>, WeightsError> {
            Ok(weights.checked(name, &[length])?.values.clone())
        };
        if n_channels == 0 || found.shown.iter().any(|&atom| atom >= n_atoms) || found.scale.is_nan() {
            return Err(wrong("concepts without atoms".into()));
        }
        let sparse = match found.method {
            ConceptMethod::Topk => Some(Sparse {
                encoder: matrix("encoder", n_atoms)?,
                biases: vector("biases", n_atoms)?,
                atoms: matrix("atoms", n_atoms)?,
                active: found.active,
            }),
            _ => None,
        };
        let centres = match found.method {
            ConceptMethod::KMeans => Some(matrix("centres", n_atoms)?),
            _ => None,
        };
        let signed = found.method != ConceptMethod::Nmf;
        let bank = Bank {
            method: found.method,
            means: vector("means", n_channels)?,
            scale: found.scale,
            atoms: matrix("atoms", n_atoms)?,
            factors: Factors { n_atoms: found.n_atoms, signed, sparsity: found.sparsity },
            sparse,
            centres,
        };
        Ok(Self { network: found.network, layer: found.layer, bank, shown: found.shown })
    }

    /// `maps`, `[C, H · W]`, with concepts times numbers: each is given by its number, from 1, and what its codes are multiplied
    /// by.
    pub(in crate::interpret) fn with_concepts_times(
        &self,
        maps: &[f32],
        changes: &[(usize, f32)],
    ) -> Vec<f32> {
        let n_channels = self.n_channels();
        let mut vectors = Matrix::new(n_channels, by_position(maps, n_channels));
        let codes = self.bank.codes(&vectors);
        for &(number, times) in changes {
            let atom = self.shown[number - 1];
            let added = self.bank.added(atom);
            for (row, codes) in codes.rows().enumerate().filter(|(_, codes)| codes[atom] != 0.0) {
                let code = (times - 1.0) * codes[atom];
                vectors.row_mut(row).iter_mut().zip(&added).for_each(|(value, added)| *value += code * added);
            }
        }
        by_channel(&vectors.values, n_channels)
    }
}

#[cfg(test)]
mod tests {
    use micrograph::random::Stream;

    use super::super::bank::BankSize;
    use super::*;

    fn bank(method: ConceptMethod) -> (ConceptBank, Matrix) {
        let mut stream = Stream::new(0, "saved", 0);
        let vectors = Matrix::new(6, (0..6 * 300).map(|_| stream.normal().max(0.0) as f32).collect());
        let size = BankSize { n_concepts: 4, n_sparse: 16, n_active: 3, n_rounds: 50, sparsity: 0.1 };
        let bank = Bank::fitted(&vectors, method, size, 1);
        (
            ConceptBank { network: "0123".into(), layer: "encoder.2".into(), bank, shown: vec![2, 0, 3] },
            vectors,
        )
    }

    #[test]
    fn concepts_come_back_from_their_file() {
        for method in ConceptMethod::ALL {
            let (bank, vectors) = bank(method);
            let again = ConceptBank::from_bytes(&bank.to_bytes()).unwrap();
            assert_eq!(again, bank, "{method}");
            assert_eq!(again.bank.codes(&vectors), bank.bank.codes(&vectors), "{method}");
        }
        let (bank, _) = bank(ConceptMethod::Nmf);
        let mut bytes = bank.to_bytes();
        bytes.truncate(bytes.len() - 8);
        assert!(ConceptBank::from_bytes(&bytes).is_err());
        let other = Weights::default().to_bytes("nanoaid.other", "{}");
        let error = ConceptBank::from_bytes(&other).unwrap_err().to_string();
        assert!(error.contains("expected bank.safetensors"), "{error}");
    }

    #[test]
    fn a_concept_is_taken_off_as_its_codes_say() {
        let (bank, vectors) = bank(ConceptMethod::Nmf);
        let maps = by_channel(&vectors.values, 6);
        assert_eq!(bank.with_concepts_times(&maps, &[(1, 1.0)]), maps);
        // what all concepts explain is left where they are doubled, less what is there
        let doubled = bank.with_concepts_times(&maps, &[(1, 2.0)]);
        let without = bank.with_concepts_times(&maps, &[(1, 0.0)]);
        let codes = bank.bank.codes(&vectors);
        let atom = bank.bank.added(2);
        for (place, value) in maps.iter().enumerate() {
            let (channel, position) = (place / 300, place % 300);
            let part = codes.row(position)[2] * atom[channel];
            assert!((doubled[place] - value - part).abs() < 1e-5);
            assert!((without[place] - value + part).abs() < 1e-5);
        }
        assert!(without != maps, "some position has the concept");
    }
}
