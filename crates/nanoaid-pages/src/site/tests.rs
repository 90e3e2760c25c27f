//! Tests of the site as a whole, of a small atlas.

mod small;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use nanoaid::atlas::UnitPlace;

use super::model::Site;
use super::{SiteConcepts, contrast, layer, micrograph, start, unit};
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
    Site::new(&SMALL.atlas, &SMALL.made, &SMALL.concepts)
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
            // of a class against all others, that of random weights
            None => assert!(text.contains("control: "), "{}", page.id),
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

#[test]
fn a_class_against_the_rest_stands_beside_its_control() {
    let site = site();
    for class in 0..site.atlas.classes.len() {
        let page = super::class::class(&site, class);
        let n = page.matches("the same network with random weights has").count();
        assert_eq!(n, site.atlas.networks.len(), "one for each network: {}", site.class_name(class));
    }
    for (idx, page) in site.contrasts.iter().enumerate().filter(|(_, page)| page.compared.is_none()) {
        let text = contrast::contrast(&site, idx);
        assert!(text.contains("in the same network with random weights"), "{}", page.id);
    }
}

#[test]
fn a_unit_below_chance_fires_less() {
    assert_eq!(layer::side_text(0.07), "less");
    assert_eq!(layer::side_text(0.93), "more");
    let site = site();
    let page = &super::class::class(&site, 0);
    let (more, less) = (page.contains("fires more, 0."), page.contains("fires less, 0."));
    let units = site.units_of_class(0, 0, super::class::MOST_UNITS);
    assert_eq!(units.iter().any(|(_, unit)| unit.auc.value >= 0.5), more);
    assert!(less || units.iter().all(|(_, unit)| unit.auc.value >= 0.5));
}

#[test]
fn a_micrograph_has_the_class_that_the_classifier_gives_it_and_what_that_is_worth() {
    let site = site();
    let found = &SMALL.micrographs[0];
    assert!(found.networks[0].class.is_none(), "an autoencoder names none");
    let named = found.networks[1].class.as_ref().expect("a classifier does");
    let page = micrograph::micrograph(&site, found);
    let first = named.answer.probabilities[0].class.replace('_', " ");
    assert!(page.contains("Class by the networks") && page.contains(&first), "{first}");
    assert!(page.contains("How often it is right on your micrographs is not known."));
}

#[test]
fn a_tile_without_a_picture_says_why() {
    let mut small = SMALL.atlas.clone();
    let unit = &mut small.networks[0].layers[0].units[1];
    unit.pictures[0].blank = Some("dead: no picture reached it".to_owned());
    let site = Site::new(&small, &SMALL.made, &[]);
    let page = layer::layer(&site, 0, 0);
    assert!(page.contains("dead: no picture reached it"), "its own reason");
    assert!(page.contains("dead: the same value for every micrograph"), "that of the one without a picture");
}

#[test]
fn a_unit_names_its_lower_units_and_its_concepts() {
    let site = site();
    let of_class = UnitPlace { network: 1, layer: 1, channel: 0 };
    let page = unit::unit(&site, of_class);
    assert!(page.contains("Made of") && page.contains("class=\"kernel\""), "{page}");
    let parts: Vec<_> = site.atlas.made_of(of_class).collect();
    assert!(parts.iter().all(|(lower, part)| lower.layer == 0 && part.share <= 1.0));
    assert!(parts.is_sorted_by(|a, b| a.1.share >= b.1.share));
    // of each concept a unit has at least a third of its length, as there are eight
    let strongest = &SMALL.concepts[0].record.found.concepts[0].direction;
    let channel = (0..8).max_by(|&a, &b| strongest[a].abs().total_cmp(&strongest[b].abs())).unwrap();
    let page = unit::unit(&site, UnitPlace { network: 0, layer: 0, channel });
    assert!(page.contains("concepts/small-autoencoder-encoder.2/index.html#concept-1"), "{page}");
    assert!(start::network(&site, 0).contains("Concepts of encoder.2"));
    assert!(!start::network(&site, 1).contains("Concepts of"));
}

#[test]
fn concepts_that_were_changed_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let error = |folder: &Path| SiteConcepts::read(folder).unwrap_err().to_string();
    assert!(error(folder.path()).contains("expected a folder that `nanoaid concepts` wrote"));
    for file in files(&SMALL.concepts[0].folder) {
        fs::copy(&file, folder.path().join(file.file_name().unwrap())).unwrap();
    }
    assert!(SiteConcepts::read(folder.path()).is_ok());
    fs::write(folder.path().join("concepts.csv"), "other").unwrap();
    assert!(error(folder.path()).contains("concepts.csv was changed"));
    fs::remove_file(folder.path().join("concepts.csv")).unwrap();
    assert!(error(folder.path()).contains("concepts.csv is missing"));
}
