//! Data bars of real files: within two rows of what `index.csv` says of each, by metadata and by
//! pixels alone, and none where there is none.

use micrograph::DataBar;
use micrograph::data_bar::{self, DataBarEvidence};
use micrograph::read::{self, ReadConfig};
use test_support::shared;

/// File and rows `first ..= last` of its bar, as `index.csv` has them in words; the file whose
/// pixels are cut off is not among them.
const BARS: [(&str, Option<(usize, usize)>); 18] = [
    ("fei_helios660_16bit.tif", Some((442, 470))),
    ("fei_helios660_8bit.tif", Some((442, 470))),
    ("fei_quanta250_16bit.tif", Some((884, 942))),
    ("fei_quanta3d_8bit.tif", Some((884, 942))),
    ("fei_quanta3d_rgba_resaved.tif", Some((884, 942))),
    ("fei_sirion_sfeg_float_bar.tif", Some((423, 462))),
    ("fei_sirion_sfeg_float_bar_2.tif", Some((423, 462))),
    ("hitachi_membrane_3k.bmp", Some((896, 959))),
    ("hitachi_su_nanowires_no_tags.tif", Some((890, 959))),
    ("phenom_litho_lines.jpg", Some((2048, 2167))),
    ("tescan_vega_fibres.png", Some((351, 383))),
    ("thermo_pfib_needle_xml.tif", None),
    ("zeiss_auriga_multipage.tif", None),
    ("zeiss_auriga_pollen_rotated.tif", None),
    ("zeiss_merlin_white_bar.tif", Some((690, 766))),
    ("zeiss_nffa_floating_white_bar.jpg", Some((635, 696))),
    ("zeiss_supra40_tio2.tif", Some((712, 765))),
    ("zeiss_ultra55_512.tif", Some((350, 382))),
];

fn is_near(found: Option<DataBar>, truth: Option<(usize, usize)>) -> bool {
    match (found, truth) {
        (None, None) => true,
        (Some(bar), Some((first, last))) => {
            bar.first_row.abs_diff(first) <= 2 && bar.end_row.abs_diff(last + 1) <= 2
        }
        _ => false,
    }
}

#[test]
fn bars_of_instruments_lie_where_the_index_says() {
    let Some(folder) = shared("data/instrument") else { return };
    let mut failures = Vec::new();
    for (name, truth) in BARS {
        let mut micrograph = read::micrograph(&folder.join(name), &ReadConfig::default()).unwrap();
        for told in [true, false] {
            if !told {
                micrograph.facts.specimen_rows = None;
            }
            let found = data_bar::find(&micrograph.plane, &micrograph.facts);
            if !is_near(found, truth) {
                failures.push(format!("{name}, metadata {told}: found {found:?}, expected {truth:?}"));
            }
            if !told && found.is_some_and(|bar| bar.evidence != DataBarEvidence::Pixels) {
                failures.push(format!("{name}: metadata was believed that is not there"));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// Sources whose images all carry the bar of one instrument, as seen by eye: rows `first ..= last`.
const WITH_BAR: [(&str, (usize, usize)); 5] = [
    ("bamresearch", (712, 765)),
    ("rgebhart", (423, 462)),
    ("mumrah213", (712, 767)),
    ("viacheslavdanilov", (448, 479)),
    ("vondarten", (768, 818)),
];

/// Sources that were published without a bar, as seen by eye.
const WITHOUT_BAR: [&str; 5] = ["cagriyardimci", "nasa", "rccohn", "axondeepseg", "fibsem-os"];

#[test]
fn bars_of_published_micrographs_are_found_and_no_others() {
    let Some(folder) = shared("data/sem") else { return };
    let (mut n_images, mut failures) = (0, Vec::new());
    for category in std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if !category.is_dir() {
            continue;
        }
        for path in std::fs::read_dir(category).unwrap().map(|entry| entry.unwrap().path()) {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let source = name.split("__").next().unwrap();
            let with = WITH_BAR.iter().find(|(with, _)| *with == source).map(|(_, rows)| *rows);
            if with.is_none() && !WITHOUT_BAR.contains(&source) {
                continue;
            }
            let micrograph = read::micrograph(&path, &ReadConfig::default()).unwrap();
            let found = data_bar::find(&micrograph.plane, &micrograph.facts);
            n_images += 1;
            if !is_near(found, with) {
                failures.push(format!("{name}: found {found:?}, expected {with:?}"));
            }
        }
    }
    assert!(n_images >= 120, "{n_images} images");
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
