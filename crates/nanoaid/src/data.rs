//! Data: micrographs as networks learn from them and look at them.
//!
//! [`prepare`] makes the plane that a network sees from one micrograph; [`dataset`] reads folders and
//! indexes of many, splits them, imports and checks them. [`masked`] reads
//! micrographs with drawn objects. Nothing here knows a network.

pub mod dataset;
pub mod masked;
pub(crate) mod pass;
pub mod prepare;
