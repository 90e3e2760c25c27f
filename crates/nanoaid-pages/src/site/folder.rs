//! The folder of the site: pages, their JSON, pictures, and the data that scripts load on demand.
//!
//! Data for scripts are scripts themselves: under `file://` a page may not read other files, but it
//! may run them. Each calls `NanoAID.put(name, value)`. What is there already with the same bytes
//! is left alone. Formats are described in `docs/site.md`.

use std::collections::BTreeMap;
use std::fs;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

use crate::site::address::{MICROGRAPHS, START, slug};
use crate::site::model::{Grid, MicrographView, RankTable, Site, UnitRef, UnitView};
use crate::site::{class, contrast, layer, micrograph, self_test, side_by_side, start, unit};
use nanoaid::output::{OutputError, OutputFolder, json_text};

/// Styles and scripts, the same for every site.
const ASSETS: [(&str, &str); 8] = [
    ("site.css", include_str!("site.css")),
    ("theme.js", include_str!("theme.js")),
    ("site.js", include_str!("site.js")),
    ("layer.js", include_str!("layer.js")),
    ("unit.js", include_str!("unit.js")),
    ("find.js", include_str!("find.js")),
    ("contrast.js", include_str!("contrast.js")),
    ("self_test.js", include_str!("self_test.js")),
];

/// Why a site could not be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SiteError {
    /// The id of a network can be no part of an address, or is another network's, too.
    #[error(
        "network id {id:?}: expected small letters, digits, '.', '_', '-', and no other network of that id"
    )]
    NetworkId { id: String },
    /// The grid of `network` on `micrograph` does not fit its units and cells.
    #[error("grid of {network} on micrograph {micrograph}: expected {expected} values, found {found}")]
    Grid { network: String, micrograph: String, expected: usize, found: usize },
    /// The ranks of `network` do not fit its units and micrographs.
    #[error("ranks of {network}: expected {expected} values, found {found}")]
    Ranks { network: String, expected: usize, found: usize },
    /// A file could not be written.
    #[error(transparent)]
    Output(#[from] OutputError),
    /// A value could not be written as JSON.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
}

/// A site that is being written.
pub struct SiteFolder<'a> {
    out: OutputFolder,
    site: &'a Site,
}

impl<'a> SiteFolder<'a> {
    /// A folder for the pages of `site`, with styles and scripts.
    ///
    /// Fails where networks do not have ids that are parts of addresses, each its own.
    pub fn create(out: OutputFolder, site: &'a Site) -> Result<Self, SiteError> {
        for (idx, network) in site.networks.iter().enumerate() {
            let taken = site.networks[..idx].iter().any(|other| other.id == network.id);
            if taken || slug(&network.id) != network.id {
                return Err(SiteError::NetworkId { id: network.id.clone() });
            }
        }
        let folder = Self { out, site };
        for (name, text) in ASSETS {
            folder.write(&format!("assets/{name}"), text.as_bytes())?;
        }
        Ok(folder)
    }

    /// Page, image and grids of a micrograph.
    pub fn write_micrograph(&self, view: &MicrographView) -> Result<(), SiteError> {
        let id = &self.site.micrographs[view.micrograph].id;
        self.write(&self.site.micrograph_image(view.micrograph), &view.jpeg)?;
        let url = format!("data:image/jpeg;base64,{}", STANDARD.encode(&view.jpeg));
        self.put(&format!("micrographs/{id}.js"), &format!("image:{id}"), &url)?;
        for grid in &view.grids {
            self.write_grid(id, grid)?;
        }
        let (page, json) = (micrograph::micrograph(self.site, view), json_text(view)?);
        self.write_page(&self.site.micrograph_page(view.micrograph), &page, &json)
    }

    fn write_grid(&self, id: &str, grid: &Grid) -> Result<(), SiteError> {
        #[derive(Serialize)]
        struct Stored {
            rows: usize,
            cols: usize,
            values: String,
        }
        let network = &self.site.networks[grid.network];
        let expected = network.n_units() * grid.rows * grid.cols;
        if grid.values.len() != expected {
            return Err(SiteError::Grid {
                network: network.name.clone(),
                micrograph: id.to_owned(),
                expected,
                found: grid.values.len(),
            });
        }
        let stored = Stored { rows: grid.rows, cols: grid.cols, values: STANDARD.encode(&grid.values) };
        self.put(
            &format!("micrographs/{id}.{}.js", network.id),
            &format!("grid:{}:{id}", network.id),
            &stored,
        )
    }

    /// Page of a unit.
    pub fn write_unit(&self, view: &UnitView) -> Result<(), SiteError> {
        // one line: there are as many of these as units
        let (page, json) = (unit::unit(self.site, view), serde_json::to_string(view)? + "\n");
        self.write_page(&self.site.unit_page(view.unit), &page, &json)
    }

    /// How a network's units answered, for "more like this".
    pub fn write_ranks(&self, table: &RankTable) -> Result<(), SiteError> {
        #[derive(Serialize)]
        struct StoredLayer<'a> {
            name: &'a str,
            folder: String,
            field_px: Option<usize>,
            units: usize,
            names: BTreeMap<usize, &'a str>,
            pictures: Vec<usize>,
        }
        #[derive(Serialize)]
        struct Stored<'a> {
            name: &'a str,
            layers: Vec<StoredLayer<'a>>,
            ranks: String,
        }
        let network = &self.site.networks[table.network];
        let expected = network.n_units() * self.site.micrographs.len();
        if table.ranks.len() != expected {
            return Err(SiteError::Ranks {
                network: network.name.clone(),
                expected,
                found: table.ranks.len(),
            });
        }
        let layers = network.layers.iter().enumerate().map(|(idx, layer)| {
            let units = || layer.units.iter().enumerate();
            StoredLayer {
                name: &layer.name,
                folder: self.site.layer_folder(table.network, idx),
                field_px: layer.field_px,
                units: layer.units.len(),
                names: units().filter_map(|(channel, unit)| Some((channel, unit.name.as_deref()?))).collect(),
                pictures: units()
                    .filter(|(_, unit)| !unit.picture_png.is_empty())
                    .map(|(channel, _)| channel)
                    .collect(),
            }
        });
        let stored =
            Stored { name: &network.name, layers: layers.collect(), ranks: STANDARD.encode(&table.ranks) };
        self.put(&format!("data/{}.js", network.id), &format!("network:{}", network.id), &stored)
    }

    /// All pages that need nothing but the site itself, and the pictures of grids.
    pub fn finish(&self) -> Result<(), SiteError> {
        let site = self.site;
        self.write_page(START, &start::start(site), &json_text(&Contents::of(site))?)?;
        self.write_page(MICROGRAPHS, &micrograph::list(site), &json_text(&site.micrographs)?)?;
        self.write_micrographs_data()?;
        for (idx, network) in site.networks.iter().enumerate() {
            self.write_page(&site.network_page(idx), &start::network(site, idx), &json_text(network)?)?;
            for (layer_idx, view) in network.layers.iter().enumerate() {
                self.write_page(
                    &site.layer_page(idx, layer_idx),
                    &layer::layer(site, idx, layer_idx),
                    &json_text(view)?,
                )?;
                self.write_pictures(idx, layer_idx)?;
            }
        }
        for (idx, view) in site.classes.iter().enumerate() {
            self.write_page(&site.class_page(idx), &class::class(site, idx), &json_text(view)?)?;
        }
        for (idx, view) in site.contrasts.iter().enumerate() {
            self.write_page(&site.contrast_page(idx), &contrast::contrast(site, idx), &json_text(view)?)?;
        }
        for (idx, view) in site.side_by_sides.iter().enumerate() {
            self.write_page(
                &site.side_by_side_page(idx),
                &side_by_side::side_by_side(site, idx),
                &json_text(view)?,
            )?;
        }
        for (idx, view) in site.self_tests.iter().enumerate() {
            self.write_page(&site.self_test_page(idx), &self_test::self_test(site, idx), &json_text(view)?)?;
        }
        Ok(())
    }

    fn write_pictures(&self, network: usize, layer: usize) -> Result<(), SiteError> {
        let mut urls = BTreeMap::new();
        for (channel, unit) in self.site.networks[network].layers[layer].units.iter().enumerate() {
            if !unit.picture_png.is_empty() {
                let address = self.site.unit_picture(UnitRef { network, layer, channel });
                self.write(&address, &unit.picture_png)?;
                urls.insert(address, format!("data:image/png;base64,{}", STANDARD.encode(&unit.picture_png)));
            }
        }
        let folder = self.site.layer_folder(network, layer);
        self.put(&format!("{folder}pictures.js"), &format!("pictures:{folder}"), &urls)
    }

    fn write_micrographs_data(&self) -> Result<(), SiteError> {
        #[derive(Serialize)]
        struct Stored<'a> {
            id: &'a str,
            file: &'a str,
            class: Option<&'a str>,
            height: usize,
            width: usize,
            nm_per_px: Option<f64>,
        }
        let class = |class: Option<usize>| class.map(|class| self.site.classes[class].name.as_str());
        let stored = self.site.micrographs.iter().map(|seen| Stored {
            id: &seen.id,
            file: &seen.file,
            class: class(seen.class),
            height: seen.height,
            width: seen.width,
            nm_per_px: seen.nm_per_px,
        });
        self.put("data/micrographs.js", "micrographs", &stored.collect::<Vec<_>>())
    }

    /// A script that hands `value` to the page under `name`.
    fn put(&self, address: &str, name: &str, value: &impl Serialize) -> Result<(), SiteError> {
        let [name, value] = [serde_json::to_string(name)?, serde_json::to_string(value)?];
        self.write(address, format!("NanoAID.put({name},{value});\n").as_bytes())
    }

    fn write_page(&self, address: &str, page: &str, json: &str) -> Result<(), SiteError> {
        self.write(address, page.as_bytes())?;
        self.write(&address.replace(".html", ".json"), json.as_bytes())
    }

    /// Writes a file whose folder is made where it is missing; the same bytes are not written again.
    fn write(&self, address: &str, bytes: &[u8]) -> Result<(), SiteError> {
        let path = self.out.file(address);
        if fs::read(&path).is_ok_and(|there| there == bytes) {
            return Ok(());
        }
        match address.rsplit_once('/') {
            Some((folder, name)) => self.out.folder(folder)?.write(name, bytes)?,
            None => self.out.write(address, bytes)?,
        }
        Ok(())
    }
}

/// What the first page lists, with addresses, for machines.
#[derive(Serialize)]
struct Contents<'a> {
    title: &'a str,
    made: &'a crate::site::model::Made,
    networks: Vec<(&'a str, String)>,
    classes: Vec<(&'a str, String)>,
    contrasts: Vec<(&'a str, String)>,
    side_by_sides: Vec<(&'a str, String)>,
    self_tests: Vec<String>,
    micrographs: Vec<(&'a str, String)>,
}

impl<'a> Contents<'a> {
    fn of(site: &'a Site) -> Self {
        Self {
            title: &site.title,
            made: &site.made,
            networks: site
                .networks
                .iter()
                .enumerate()
                .map(|(idx, network)| (network.name.as_str(), site.network_page(idx)))
                .collect(),
            classes: site
                .classes
                .iter()
                .enumerate()
                .map(|(idx, class)| (class.name.as_str(), site.class_page(idx)))
                .collect(),
            contrasts: site
                .contrasts
                .iter()
                .enumerate()
                .map(|(idx, contrast)| (contrast.id.as_str(), site.contrast_page(idx)))
                .collect(),
            side_by_sides: site
                .side_by_sides
                .iter()
                .enumerate()
                .map(|(idx, view)| (view.id.as_str(), site.side_by_side_page(idx)))
                .collect(),
            self_tests: (0..site.self_tests.len()).map(|idx| site.self_test_page(idx)).collect(),
            micrographs: site
                .micrographs
                .iter()
                .enumerate()
                .map(|(idx, seen)| (seen.file.as_str(), site.micrograph_page(idx)))
                .collect(),
        }
    }
}
