//! Addresses: where each page and file of the site is, from its top folder, and how a page links
//! to it.

use nanoaid::Address;
use nanoaid::atlas::UnitPlace;

use crate::site::model::Site;
use crate::site::slug::{slug, slugs};

/// The first page.
pub(super) const START: &str = "index.html";
/// The list of micrographs.
pub(super) const MICROGRAPHS: &str = "micrographs/index.html";

/// How a page names other pages: by the way up to the top folder.
#[derive(Clone, Copy, Debug)]
pub(super) struct From {
    depth: usize,
}

impl From {
    /// For links from the page at `address`.
    pub(super) fn page(address: &str) -> Self {
        Self { depth: address.matches('/').count() }
    }

    /// The way to the top folder, e.g. `../../`.
    pub(super) fn root(self) -> String {
        "../".repeat(self.depth)
    }

    /// A link to `address`.
    pub(super) fn to(self, address: &str) -> String {
        self.root() + address
    }
}

impl Site<'_> {
    /// Page of a network.
    pub(super) fn network_page(&self, network: usize) -> String {
        format!("networks/{}/index.html", self.atlas.networks[network].id)
    }

    /// Folder of a layer, with a slash at its end.
    pub(super) fn layer_folder(&self, network: usize, layer: usize) -> String {
        let network = &self.atlas.networks[network];
        let names: Vec<&str> = network.layers.iter().map(|layer| layer.layer.name.as_str()).collect();
        format!("networks/{}/{}/", network.id, slugs(&names)[layer])
    }

    /// Page of a layer.
    pub(super) fn layer_page(&self, network: usize, layer: usize) -> String {
        self.layer_folder(network, layer) + "index.html"
    }

    /// Page of a unit.
    pub(super) fn unit_page(&self, unit: UnitPlace) -> String {
        format!("{}{}.html", self.layer_folder(unit.network, unit.layer), unit.channel)
    }

    /// Picture of a unit for grids.
    pub(super) fn unit_picture(&self, unit: UnitPlace) -> String {
        format!("{}{}.png", self.layer_folder(unit.network, unit.layer), unit.channel)
    }

    /// Page of a micrograph.
    pub(super) fn micrograph_page(&self, micrograph: usize) -> String {
        format!("micrographs/{}.html", self.micrograph_id(micrograph))
    }

    /// The micrograph itself.
    pub(super) fn micrograph_image(&self, micrograph: usize) -> String {
        format!("micrographs/{}.jpg", self.micrograph_id(micrograph))
    }

    /// Page of a class.
    pub(super) fn class_page(&self, class: usize) -> String {
        let names: Vec<&str> = self.atlas.classes.iter().map(String::as_str).collect();
        format!("classes/{}.html", slugs(&names)[class])
    }

    /// Page of two sets of micrographs.
    pub(super) fn contrast_page(&self, contrast: usize) -> String {
        format!("contrasts/{}.html", slug(&self.contrasts[contrast].id))
    }

    /// Page of layers side by side.
    pub(super) fn side_by_side_page(&self, side_by_side: usize) -> String {
        format!("side-by-side/{}.html", slug(&self.atlas.layer_matches[side_by_side].layer))
    }

    /// Folder of concepts, with a slash at its end.
    pub(super) fn concepts_folder(&self, place: usize) -> String {
        let names: Vec<String> = self
            .concepts
            .iter()
            .map(|concepts| {
                let network = self.atlas.networks.iter().find(|network| network.sha256 == concepts.network());
                let class =
                    concepts.record.found.class.as_ref().map_or(String::new(), |class| format!("-{class}"));
                format!("{}-{}{class}", network.map_or("", |network| &network.id), concepts.layer())
            })
            .collect();
        format!("concepts/{}/", slugs(&names.iter().map(String::as_str).collect::<Vec<_>>())[place])
    }

    /// Page of concepts.
    pub(super) fn concepts_page(&self, place: usize) -> String {
        self.concepts_folder(place) + "index.html"
    }

    /// Page of a self-test.
    pub(super) fn self_test_page(&self, self_test: usize) -> String {
        format!("self-test/{}.html", self.atlas.networks[self.self_tests[self_test]].id)
    }

    /// Name of a class for reading: underscores are spaces.
    pub(super) fn class_name(&self, class: usize) -> String {
        self.atlas.classes[class].replace('_', " ")
    }

    /// `channel 17`, or the name that the unit has of its own.
    pub(super) fn unit_name(&self, unit: UnitPlace) -> String {
        match &self.summary(unit).name {
            Some(name) => name.replace('_', " "),
            None => format!("channel {}", unit.channel),
        }
    }

    /// `encoder.2:17`, as commands take it, with the name that the unit has of its own.
    pub(super) fn unit_address(&self, unit: UnitPlace) -> String {
        let address = Address::channel(&self.layer(unit).name, unit.channel).to_string();
        match &self.summary(unit).name {
            Some(name) => format!("{address} ({name})"),
            None => address,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_finds_the_top_folder() {
        assert_eq!(From::page("index.html").to("assets/site.css"), "assets/site.css");
        assert_eq!(From::page("networks/a/encoder.2/3.html").root(), "../../../");
    }
}
