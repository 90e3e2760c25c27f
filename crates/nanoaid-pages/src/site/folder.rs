//! The folder of the site: pages, their JSON, pictures, and the data that scripts load on demand.
//!
//! Data for scripts are scripts themselves: under `file://` a page may not read other files, but it
//! may run them. Each calls `NanoAID.put(name, value)`. Files that exist with the same bytes are not written again.
//! Formats are described in `docs/site.md`.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;
use std::ops::ControlFlow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

use nanoaid::atlas::{ActivationGrid, Atlas, AtlasError, MicrographActivations, UnitPlace};
use nanoaid::hash::sha256;
use nanoaid::output::{OutputFolder, json_text};

use crate::site::address::{From, MICROGRAPHS, START};
use crate::site::concepts::SiteConcepts;
use crate::site::error::SiteError;
use crate::site::model::{Made, Site};
use crate::site::{class, contrast, layer, micrograph, self_test, side_by_side, start, unit};

/// Styles and scripts, the same for every site.
const ASSETS: [(&str, &str); 9] = [
    ("site.css", include_str!("site.css")),
    ("chart.css", crate::chart::STYLE),
    ("theme.js", include_str!("theme.js")),
    ("site.js", include_str!("site.js")),
    ("layer.js", include_str!("layer.js")),
    ("unit.js", include_str!("unit.js")),
    ("find.js", include_str!("find.js")),
    ("contrast.js", include_str!("contrast.js")),
    ("self_test.js", include_str!("self_test.js")),
];

/// Writes the pages of `atlas`, with `concepts` of its networks, into `out`; `micrographs` gives what belongs to each micrograph.
/// `progress` is called with the number of micrographs that are written; on [`ControlFlow::Break`] the
/// work ends there. Returns the SHA-256 of every file, by its address.
///
/// # Errors
/// If a micrograph cannot be read, a file cannot be written, or `progress` ended the work.
pub fn write(
    out: OutputFolder,
    (atlas, concepts): (&Atlas, &[SiteConcepts]),
    made: &Made,
    micrographs: impl IntoIterator<Item = Result<MicrographActivations, AtlasError>>,
    progress: &mut dyn FnMut(usize) -> ControlFlow<()>,
) -> Result<BTreeMap<String, String>, SiteError> {
    let site = Site::new(atlas, made, concepts);
    let folder = SiteFolder { out, site: &site, written: RefCell::default() };
    for (name, text) in ASSETS {
        folder.write(&format!("assets/{name}"), text.as_bytes())?;
    }
    for (done, micrograph) in micrographs.into_iter().enumerate() {
        folder.write_micrograph(&micrograph?)?;
        if progress(done + 1).is_break() {
            return Err(SiteError::Cancelled);
        }
    }
    for unit in atlas.units() {
        folder.write_unit(unit)?;
    }
    for network in 0..atlas.networks.len() {
        folder.write_ranks(network)?;
    }
    folder.finish()?;
    Ok(folder.written.into_inner())
}

/// A site that is being written.
struct SiteFolder<'a> {
    out: OutputFolder,
    site: &'a Site<'a>,
    /// SHA-256 of every file, by its address.
    written: RefCell<BTreeMap<String, String>>,
}

impl SiteFolder<'_> {
    /// Page, image and grids of a micrograph.
    fn write_micrograph(&self, found: &MicrographActivations) -> Result<(), SiteError> {
        let id = self.site.micrograph_id(found.image);
        self.write(&self.site.micrograph_image(found.image), &found.jpeg)?;
        let url = format!("data:image/jpeg;base64,{}", STANDARD.encode(&found.jpeg));
        self.put(&format!("micrographs/{id}.js"), &format!("image:{id}"), &url)?;
        for (network, found) in found.networks.iter().enumerate() {
            self.write_grid(id, network, &found.grid)?;
        }
        let page = micrograph::micrograph(self.site, found);
        let json = json_text(&self.site.micrograph_json(found))?;
        self.write_page(&self.site.micrograph_page(found.image), &page, &json)
    }

    fn write_grid(&self, id: &str, network: usize, grid: &ActivationGrid) -> Result<(), SiteError> {
        #[derive(Serialize)]
        struct Stored {
            rows: usize,
            cols: usize,
            values: String,
        }
        let network = &self.site.atlas.networks[network].id;
        let stored = Stored { rows: grid.rows, cols: grid.cols, values: STANDARD.encode(&grid.levels) };
        self.put(&format!("micrographs/{id}.{network}.js"), &format!("grid:{network}:{id}"), &stored)
    }

    /// Page of a unit.
    fn write_unit(&self, place: UnitPlace) -> Result<(), SiteError> {
        // one line: there are as many of these as units
        let json = serde_json::to_string(&self.site.unit_json(place))? + "\n";
        self.write_page(&self.site.unit_page(place), &unit::unit(self.site, place), &json)
    }

    /// The activations of a network as ranks, for "more like this".
    fn write_ranks(&self, network: usize) -> Result<(), SiteError> {
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
            name: String,
            layers: Vec<StoredLayer<'a>>,
            ranks: String,
        }
        let found = &self.site.atlas.networks[network];
        let layers = found.layers.iter().enumerate().map(|(idx, layer)| {
            let units = || layer.units.iter().enumerate();
            StoredLayer {
                name: &layer.layer.name,
                folder: self.site.layer_folder(network, idx),
                field_px: layer.layer.receptive_field_px,
                units: layer.units.len(),
                names: units()
                    .filter_map(|(channel, unit)| Some((channel, unit.summary.name.as_deref()?)))
                    .collect(),
                pictures: units()
                    .filter(|(_, unit)| unit.pictures.first().is_some_and(|picture| picture.blank.is_none()))
                    .map(|(channel, _)| channel)
                    .collect(),
            }
        });
        let ranks = STANDARD.encode(self.site.atlas.rank_table(network));
        let stored = Stored { name: found.name(), layers: layers.collect(), ranks };
        self.put(&format!("data/{}.js", found.id), &format!("network:{}", found.id), &stored)
    }

    /// All pages that need only the atlas itself, and the pictures of grids.
    fn finish(&self) -> Result<(), SiteError> {
        let site = self.site;
        self.write_page(START, &start::start(site), &json_text(&Contents::of(site))?)?;
        self.write_page(MICROGRAPHS, &micrograph::list(site), &json_text(&site.micrographs_json())?)?;
        self.write_micrographs_data()?;
        for (idx, network) in site.atlas.networks.iter().enumerate() {
            let (page, json) = (start::network(site, idx), json_text(&site.network_json(idx))?);
            self.write_page(&site.network_page(idx), &page, &json)?;
            for layer_idx in 0..network.layers.len() {
                let page = layer::layer(site, idx, layer_idx);
                let json = json_text(&site.layer_json(idx, layer_idx))?;
                self.write_page(&site.layer_page(idx, layer_idx), &page, &json)?;
                self.write_pictures(idx, layer_idx)?;
            }
        }
        for (place, concepts) in site.concepts.iter().enumerate() {
            let address = site.concepts_page(place);
            let page = crate::concepts::page_of_site(&concepts.record, &From::page(&address).to(START));
            self.write_page(&address, &page, &json_text(&concepts.record)?)?;
            for name in concepts.record.record.files.keys() {
                self.write(&(site.concepts_folder(place) + name), &concepts.file(name)?)?;
            }
        }
        for idx in 0..site.atlas.classes.len() {
            let json = json_text(&site.class_json(idx, class::MOST_UNITS))?;
            self.write_page(&site.class_page(idx), &class::class(site, idx), &json)?;
        }
        for idx in 0..site.contrasts.len() {
            let json = json_text(&site.contrast_json(idx))?;
            self.write_page(&site.contrast_page(idx), &contrast::contrast(site, idx), &json)?;
        }
        for (idx, matches) in site.atlas.layer_matches.iter().enumerate() {
            let page = side_by_side::side_by_side(site, idx);
            self.write_page(&site.side_by_side_page(idx), &page, &json_text(matches)?)?;
        }
        for idx in 0..site.self_tests.len() {
            let json = json_text(&site.self_test_json(idx))?;
            self.write_page(&site.self_test_page(idx), &self_test::self_test(site, idx), &json)?;
        }
        Ok(())
    }

    fn write_pictures(&self, network: usize, layer: usize) -> Result<(), SiteError> {
        let mut urls = BTreeMap::new();
        for (channel, unit) in self.site.atlas.networks[network].layers[layer].units.iter().enumerate() {
            if let Some(picture) = unit.pictures.first() {
                let address = self.site.unit_picture(UnitPlace { network, layer, channel });
                self.write(&address, &picture.png)?;
                urls.insert(address, format!("data:image/png;base64,{}", STANDARD.encode(&picture.png)));
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
        let stored = self.site.atlas.micrographs.iter().enumerate().map(|(idx, seen)| Stored {
            id: self.site.micrograph_id(idx),
            file: &seen.file,
            class: seen.category.as_deref(),
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
        self.written.borrow_mut().insert(address.to_owned(), sha256(bytes));
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
    made: &'a Made,
    networks: Vec<(String, String)>,
    classes: Vec<(&'a str, String)>,
    contrasts: Vec<(&'a str, String)>,
    concepts: Vec<(&'a str, String)>,
    side_by_sides: Vec<(&'a str, String)>,
    self_tests: Vec<String>,
    micrographs: Vec<(&'a str, String)>,
}

impl<'a> Contents<'a> {
    fn of(site: &'a Site<'_>) -> Self {
        let atlas = site.atlas;
        let networks = atlas.networks.iter().enumerate();
        let contrasts = site.contrasts.iter().enumerate();
        let matches = atlas.layer_matches.iter().enumerate();
        let classes = atlas.classes.iter().enumerate();
        let micrographs = atlas.micrographs.iter().enumerate();
        Self {
            title: &site.title,
            made: site.made,
            networks: networks.map(|(idx, network)| (network.name(), site.network_page(idx))).collect(),
            classes: classes.map(|(idx, class)| (class.as_str(), site.class_page(idx))).collect(),
            contrasts: contrasts.map(|(idx, page)| (page.id.as_str(), site.contrast_page(idx))).collect(),
            concepts: site
                .concepts
                .iter()
                .enumerate()
                .map(|(place, concepts)| (concepts.layer(), site.concepts_page(place)))
                .collect(),
            side_by_sides: matches
                .map(|(idx, matches)| (matches.layer.as_str(), site.side_by_side_page(idx)))
                .collect(),
            self_tests: (0..site.self_tests.len()).map(|idx| site.self_test_page(idx)).collect(),
            micrographs: micrographs
                .map(|(idx, seen)| (seen.file.as_str(), site.micrograph_page(idx)))
                .collect(),
        }
    }
}
