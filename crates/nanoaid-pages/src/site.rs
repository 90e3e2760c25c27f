//! The site: an atlas of networks and micrographs as a folder of static pages.
//!
//! [`write()`] makes the pages of an [`Atlas`](nanoaid::atlas::Atlas): every network, layer, unit, class and
//! micrograph has its own address. [`OpenSite`] does so in a folder that says from what it was made, so that the same is not made
//! twice. Pages are functions of the library's results; beside each lies its
//! value as JSON. They open by `file://`, send no data, and need no framework.

mod address;
mod class;
mod concepts;
mod contrast;
mod crop;
mod error;
mod folder;
mod frame;
mod layer;
mod micrograph;
mod model;
mod opened;
mod parts;
mod record;
mod self_test;
mod side_by_side;
mod slug;
mod start;
#[cfg(test)]
mod tests;
mod tuning;
mod unit;

pub use concepts::SiteConcepts;
pub use error::SiteError;
pub use folder::write;
pub use model::Made;
pub use opened::{ClassOfUnit, ConceptOfSite, OpenSiteError, OpenedSite, PictureOfSite, UnitOfSite};
pub use record::{OpenSite, record_text};
pub use tuning::{TuningView, tuning_view};

/// Style of the site's pages: colors of both themes, letters, tables, buttons. The web app has the same.
pub const STYLE: &str = include_str!("site/site.css");
/// Script that runs before a page is drawn: the theme that the reader chose.
pub const THEME_SCRIPT: &str = include_str!("site/theme.js");
