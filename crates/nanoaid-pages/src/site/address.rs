//! Addresses: where each page and file of the site is, from its top folder, and how a page links
//! to it.

use crate::site::model::{Site, UnitRef};

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

impl Site {
    /// Page of a network.
    pub(super) fn network_page(&self, network: usize) -> String {
        format!("networks/{}/index.html", self.networks[network].id)
    }

    /// Folder of a layer, with a slash at its end.
    pub(super) fn layer_folder(&self, network: usize, layer: usize) -> String {
        let network = &self.networks[network];
        let names: Vec<&str> = network.layers.iter().map(|layer| layer.name.as_str()).collect();
        format!("networks/{}/{}/", network.id, slugs(&names)[layer])
    }

    /// Page of a layer.
    pub(super) fn layer_page(&self, network: usize, layer: usize) -> String {
        self.layer_folder(network, layer) + "index.html"
    }

    /// Page of a unit.
    pub(super) fn unit_page(&self, unit: UnitRef) -> String {
        format!("{}{}.html", self.layer_folder(unit.network, unit.layer), unit.channel)
    }

    /// Picture of a unit for grids.
    pub(super) fn unit_picture(&self, unit: UnitRef) -> String {
        format!("{}{}.png", self.layer_folder(unit.network, unit.layer), unit.channel)
    }

    /// Page of a micrograph.
    pub(super) fn micrograph_page(&self, micrograph: usize) -> String {
        format!("micrographs/{}.html", self.micrographs[micrograph].id)
    }

    /// The micrograph itself.
    pub(super) fn micrograph_image(&self, micrograph: usize) -> String {
        format!("micrographs/{}.jpg", self.micrographs[micrograph].id)
    }

    /// Page of a class.
    pub(super) fn class_page(&self, class: usize) -> String {
        let names: Vec<&str> = self.classes.iter().map(|class| class.name.as_str()).collect();
        format!("classes/{}.html", slugs(&names)[class])
    }

    /// Page of two sets of micrographs.
    pub(super) fn contrast_page(&self, contrast: usize) -> String {
        format!("contrasts/{}.html", slug(&self.contrasts[contrast].id))
    }

    /// Page of layers side by side.
    pub(super) fn side_by_side_page(&self, side_by_side: usize) -> String {
        format!("side-by-side/{}.html", slug(&self.side_by_sides[side_by_side].id))
    }

    /// Page of a self-test.
    pub(super) fn self_test_page(&self, self_test: usize) -> String {
        format!("self-test/{}.html", self.networks[self.self_tests[self_test].network].id)
    }

    /// Name of a class for reading: underscores are spaces.
    pub(super) fn class_name(&self, class: usize) -> String {
        self.classes[class].name.replace('_', " ")
    }

    /// `channel 17`, or the name that the unit has of its own.
    pub(super) fn unit_name(&self, unit: UnitRef) -> String {
        match &self.summary(unit).name {
            Some(name) => name.replace('_', " "),
            None => format!("channel {}", unit.channel),
        }
    }

    /// `encoder.2:17`, as commands take it, with the name that the unit has of its own.
    pub(super) fn unit_address(&self, unit: UnitRef) -> String {
        let address = format!("{}:{}", self.layer(unit).name, unit.channel);
        match &self.summary(unit).name {
            Some(name) => format!("{address} ({name})"),
            None => address,
        }
    }
}

/// `name` as a part of an address: small letters, digits, `.`, `_` and `-`.
pub(super) fn slug(name: &str) -> String {
    let mut slug = String::new();
    for c in name.chars() {
        let c = c.to_ascii_lowercase();
        if c.is_ascii_alphanumeric() || c == '.' || c == '_' {
            slug.push(c);
        } else if !slug.ends_with('-') {
            slug.push('-');
        }
    }
    let slug = slug.trim_matches(['-', '.']);
    if slug.is_empty() { "unnamed".to_owned() } else { slug.to_owned() }
}

/// [`slug`] of each name; those that meet get a number.
pub(super) fn slugs(names: &[&str]) -> Vec<String> {
    let mut slugs: Vec<String> = Vec::with_capacity(names.len());
    for name in names {
        let base = slug(name);
        let mut unique = base.clone();
        let mut number = 2;
        while slugs.contains(&unique) {
            unique = format!("{base}-{number}");
            number += 1;
        }
        slugs.push(unique);
    }
    slugs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_parts_of_addresses() {
        let cases = [
            ("encoder.2", "encoder.2"),
            ("MEMS devices & electrodes", "mems-devices-electrodes"),
            ("../../etc", "etc"),
            ("Größe µm", "gr-e-m"),
            ("…", "unnamed"),
        ];
        for (name, expected) in cases {
            assert_eq!(slug(name), expected, "{name}");
        }
        assert_eq!(slugs(&["a b", "A-B", "a_b"]), ["a-b", "a-b-2", "a_b"]);
    }

    #[test]
    fn a_page_finds_the_top_folder() {
        assert_eq!(From::page("index.html").to("assets/site.css"), "assets/site.css");
        assert_eq!(From::page("networks/a/encoder.2/3.html").root(), "../../../");
    }
}
