//! Tests of the site as a whole, made by hand.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::by_hand;
use super::micrograph_ids;
use super::model::UnitRef;
use super::{layer, unit};
use nanoaid::output::OutputFolder;

/// Where the site goes that is looked at and that browser tests walk through.
const KEPT: &str = "NANOAID_SITE_BY_HAND";

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

#[test]
fn micrographs_of_equal_content_have_names_of_their_own() {
    let (a, b) = ("0123456789abcdef", "fedcba9876543210");
    let names = ["0123456789ab", "fedcba987654", "0123456789ab-2", "0123456789ab-3"];
    assert_eq!(micrograph_ids(&[a, b, a, a]), names);
}

/// Values of the attributes `href` and `src` in `page`.
fn links(page: &str) -> BTreeSet<&str> {
    [" href=\"", " src=\""]
        .iter()
        .flat_map(|attribute| page.split(attribute).skip(1).filter_map(|rest| rest.split('"').next()))
        .collect()
}

#[test]
fn every_link_of_every_page_leads_to_a_file_of_the_site() {
    let (_kept, path) = match std::env::var_os(KEPT) {
        Some(path) => (None, PathBuf::from(path)),
        None => {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("site");
            (Some(folder), path)
        }
    };
    by_hand::write(OutputFolder::create(&path, true).unwrap(), false);
    let mut n_pages = 0;
    for page in files(&path).iter().filter(|file| file.extension().is_some_and(|ending| ending == "html")) {
        let text = fs::read_to_string(page).unwrap();
        for link in links(&text) {
            if link.starts_with("data:") || link.starts_with('#') {
                continue;
            }
            assert!(!link.contains("://"), "{}: {link} leads out", page.display());
            let target = page.parent().unwrap().join(link.split('#').next().unwrap());
            assert!(target.is_file(), "{}: {link} leads nowhere", page.display());
        }
        n_pages += 1;
    }
    assert!(n_pages > 600, "{n_pages} pages");
}

#[test]
fn a_page_of_a_unit_is_small() {
    let site = by_hand::site();
    let page = unit::unit(&site, &by_hand::unit_view(&site, UnitRef { network: 0, layer: 1, channel: 17 }));
    assert!(page.len() < 150_000, "{} bytes", page.len());
}

#[test]
fn a_layer_names_its_dead_units() {
    let site = by_hand::site();
    let page = layer::layer(&site, 0, 1);
    let dead: Vec<usize> =
        (0..512).filter(|channel| site.networks[0].layers[1].units[*channel].dead).collect();
    assert!(dead.len() > 3);
    let named = page.split("dead units").nth(1).unwrap().split("</p>").next().unwrap();
    for channel in dead {
        assert!(named.contains(&format!(">channel {channel}</a>")), "{named}");
    }
}

#[test]
fn names_from_files_are_escaped() {
    let mut site = by_hand::site();
    site.micrographs[0].file = "<script>alert(1)</script>.png".to_owned();
    site.classes[0].name = "a\"b<c".to_owned();
    let page = super::micrograph::list(&site);
    assert!(!page.contains("<script>alert") && page.contains("&lt;script&gt;alert"));
    let page = unit::unit(&site, &by_hand::unit_view(&site, UnitRef { network: 0, layer: 0, channel: 1 }));
    assert!(!page.contains("a\"b<c"));
}
