//! Tests of the site as a whole, of a small atlas.

mod small;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use nanoaid::atlas::UnitPlace;

use super::model::Site;
use super::{contrast, layer, micrograph, start, unit};
use small::{SMALL, STRANGE};

/// Where the site goes that people inspect and browser tests walk through.
const KEPT: &str = "NANOAID_SMALL_SITE";

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

fn site() -> Site<'static> {
    Site::new(&SMALL.atlas, &SMALL.made)
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
    SMALL.write(&path);
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
        assert!(page.with_extension("json").is_file(), "{} has its values beside it", page.display());
        n_pages += 1;
    }
    // 24 micrographs, 8 + 8 + 3 units, and pages above them
    assert!(n_pages > 24 + 19 + 10, "{n_pages} pages");
}

#[test]
fn a_page_of_a_unit_is_small() {
    for unit_of_site in SMALL.atlas.units() {
        let page = unit::unit(&site(), unit_of_site);
        assert!(page.len() < 150_000, "{} bytes", page.len());
    }
}

#[test]
fn a_layer_names_its_dead_units() {
    let page = layer::layer(&site(), 0, 0);
    let dead: Vec<usize> =
        (0..8).filter(|&channel| SMALL.atlas.networks[0].layers[0].units[channel].summary.dead).collect();
    assert!(dead.contains(&3), "{dead:?}");
    let named = page.split("dead unit").nth(1).unwrap().split("</p>").next().unwrap();
    for channel in dead {
        assert!(named.contains(&format!(">channel {channel}</a>")), "{named}");
    }
}

#[test]
fn names_from_files_are_escaped() {
    let site = site();
    let strange = (0..24).find(|&idx| site.micrograph(idx).file.ends_with(STRANGE)).unwrap();
    let page = micrograph::list(&site);
    assert!(!page.contains("<b>a") && page.contains("&lt;b&gt;a &amp; b&quot;'.png"), "{page}");
    let page = micrograph::micrograph(&site, &SMALL.micrographs[strange]);
    assert!(!page.contains("<b>a"), "{page}");
}

#[test]
fn the_first_page_shows_no_comparison_without_its_control() {
    let site = site();
    let page = start::start(&site);
    for (idx, contrast) in site.contrasts.iter().enumerate() {
        let named = page.contains(&site.contrast_page(idx));
        assert_eq!(named, contrast.compared.is_some(), "{}", contrast.id);
    }
    assert!(!page.contains(">0 of "), "what was not found is said in one sentence");
}

#[test]
fn a_comparison_stands_beside_its_controls() {
    let site = site();
    for (idx, page) in site.contrasts.iter().enumerate() {
        let text = contrast::contrast(&site, idx);
        match page.compared {
            Some(compared) => {
                assert!(text.contains("shuffled labels"), "{}", page.id);
                for control in &compared.controls.others {
                    assert!(text.contains(&control.name), "{}: {}", page.id, control.name);
                }
            }
            None => assert!(text.contains("no control"), "{}", page.id),
        }
    }
}

/// What is read of a page: its texts, line by line, without tags and pictures. Numbers that are
/// measured are left out, since their last digits need not be the same on every machine.
fn read(page: &str) -> String {
    let main = page.split("<main").nth(1).unwrap().split("</main>").next().unwrap();
    let mut lines: Vec<String> = Vec::new();
    for part in main.split('<').skip(1) {
        let text = part.split_once('>').map_or("", |(_, text)| text).trim();
        let measured = |word: &str| word.contains('.') && word.contains(|c: char| c.is_ascii_digit());
        let text: Vec<&str> = text
            .split(' ')
            .map(|word| if measured(word) { "#" } else { word })
            .filter(|w| !w.is_empty())
            .collect();
        if !text.is_empty() {
            lines.push(text.join(" "));
        }
    }
    lines.join("\n") + "\n"
}

#[test]
fn what_is_read_of_pages_is_the_golden_text() {
    let site = site();
    let with_controls = site.contrasts.iter().position(|page| page.compared.is_some()).unwrap();
    let pages = [
        ("start", start::start(&site)),
        ("contrast", contrast::contrast(&site, with_controls)),
        ("unit", unit::unit(&site, UnitPlace { network: 1, layer: 1, channel: 0 })),
    ];
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/site/tests/golden");
    let mut different = Vec::new();
    for (name, page) in pages {
        let (found, golden) = (read(&page), folder.join(format!("{name}.txt")));
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            fs::write(&golden, &found).unwrap();
        }
        if fs::read_to_string(&golden).ok().as_ref() != Some(&found) {
            different.push(name);
        }
    }
    assert!(different.is_empty(), "{different:?} differ; UPDATE_GOLDEN=1 rewrites them");
}
