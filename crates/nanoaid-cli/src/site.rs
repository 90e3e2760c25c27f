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
pub(crate) mod model;
mod parts;
mod self_test;
mod side_by_side;
mod start;
#[cfg(test)]
mod tests;
mod unit;

pub(crate) use folder::SiteFolder;

/// A name in the site for each micrograph, from the SHA-256 of its content: the first 12 digits;
/// contents that occur again get a number.
pub(crate) fn micrograph_ids(sha256s: &[&str]) -> Vec<String> {
    let short = |sha256: &str| sha256.chars().take(12).collect::<String>();
    let ids: Vec<String> = sha256s.iter().map(|sha256| short(sha256)).collect();
    let nth = |idx: usize| ids[..idx].iter().filter(|id| **id == ids[idx]).count() + 1;
    (0..ids.len())
        .map(|idx| if nth(idx) == 1 { ids[idx].clone() } else { format!("{}-{}", ids[idx], nth(idx)) })
        .collect()
}
