//! Synthetic micrographs: seeded images that look like SEM, with their truth.

pub mod strip;
