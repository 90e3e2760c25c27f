//! The site: an atlas of networks and micrographs as a folder of static pages.
//!
//! [`model`] holds all that is shown; the pages are functions of it. Every network, layer, unit,
//! class and micrograph has its own address. The pages open by `file://`, send nothing anywhere,
//! and need no framework.
//!
//! Writing: [`SiteFolder::create`] makes the folder with styles and scripts; `write_micrograph`,
//! `write_unit` and `write_ranks` come in any order, one at a time; `finish` writes every page that
//! needs [`model::Site`] alone.

mod address;
#[cfg(test)]
mod by_hand;
mod charts;
mod class;
mod contrast;
mod crop;
mod folder;
mod frame;
mod layer;
mod micrograph;
pub mod model;
mod parts;
mod self_test;
mod side_by_side;
mod start;
#[cfg(test)]
mod tests;
mod unit;

use std::collections::BTreeMap;

pub use folder::SiteFolder;

/// A name in the site for each micrograph, from the SHA-256 of its content: the first 12 digits;
/// contents that occur again get a number.
pub fn micrograph_ids(sha256s: &[&str]) -> Vec<String> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    sha256s
        .iter()
        .map(|sha256| {
            let id: String = sha256.chars().take(12).collect();
            let count = counts.entry(id.clone()).or_default();
            *count += 1;
            if *count == 1 { id } else { format!("{id}-{count}") }
        })
        .collect()
}
