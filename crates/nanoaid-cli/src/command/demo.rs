//! `nanoaid demo`: a real micrograph measured, seen through a network and classified; an atlas to browse.
//!
//! The micrograph, the pictures of the classes and the atlas come with the program. The rest is done here
//! and now by the library.

use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use flate2::read::GzDecoder;
use nanoaid::demo::{DemoNetworks, demo};
use nanoaid::network::builtin;
use nanoaid::{Device, output};
use nanoaid_pages::demo::DemoPage;

use super::output::OutputArguments;
use super::specimen::NANOWIRES;
use crate::interrupt;
use crate::outcome::{Failure, Outcome, detail, print};
use nanoaid::output::OutputFolder;

/// The demo's own folder.
const FOLDER: &str = "nanoaid-demo";
/// The micrograph in it.
const MICROGRAPH: &str = "micrograph.jpg";
/// Folder of the atlas inside it.
const ATLAS: &str = "atlas";
/// Folder of the pictures of classes inside it.
const CLASSES: &str = "classes";

/// The pictures of the classes, as `nanoaid visualize classifier --classes --preset fast --size 128` makes them.
const CLASS_PICTURES: [(&str, &[u8]); 10] = [
    ("biological", include_bytes!("../../assets/demo/classes/biological.png")),
    ("fibres", include_bytes!("../../assets/demo/classes/fibres.png")),
    ("films_coated_surface", include_bytes!("../../assets/demo/classes/films_coated_surface.png")),
    (
        "mems_devices_and_electrodes",
        include_bytes!("../../assets/demo/classes/mems_devices_and_electrodes.png"),
    ),
    ("nanowires", include_bytes!("../../assets/demo/classes/nanowires.png")),
    ("particles", include_bytes!("../../assets/demo/classes/particles.png")),
    ("patterned_surface", include_bytes!("../../assets/demo/classes/patterned_surface.png")),
    ("porous_sponge", include_bytes!("../../assets/demo/classes/porous_sponge.png")),
    ("powder", include_bytes!("../../assets/demo/classes/powder.png")),
    ("tips", include_bytes!("../../assets/demo/classes/tips.png")),
];

/// Commands to try next.
const COMMANDS: [(&str, &str); 5] = [
    ("nanoaid serve", "Drop your own micrographs on a page, and slide through the depths."),
    (
        "nanoaid measure IMAGE",
        "Measure pitch, lattice, particles or fibres of your micrograph, with error bars.",
    ),
    ("nanoaid lens IMAGE", "Show it through every layer, with all maps and numbers."),
    ("nanoaid train classifier FOLDER", "Train a classifier of your own categories: one folder for each."),
    ("nanoaid site autoencoder classifier --data FOLDER", "Make an atlas of your micrographs."),
];

/// Arguments of `demo`.
#[derive(Args)]
pub(crate) struct DemoArguments {
    #[command(flatten)]
    output: OutputArguments,
}

/// Writes the page and says where it is.
pub(crate) fn run(arguments: &DemoArguments) -> Result<Outcome, Failure> {
    let path = arguments.output.path(|| PathBuf::from(FOLDER));
    // the demo's own folder is made again each time
    let folder = OutputFolder::create(&path, arguments.output.force || arguments.output.out.is_none())?;
    folder.write(MICROGRAPH, NANOWIRES.bytes)?;
    let autoencoder = builtin::autoencoder(Device::Cpu)?;
    let classifier = builtin::classifier(Device::Cpu)?;
    let report = builtin::classifier_report()?;
    let networks = DemoNetworks { autoencoder: &autoencoder, classifier: &classifier, report: &report };
    let found = demo(&folder.file(MICROGRAPH), &networks, &folder, &mut |what| {
        detail(what);
        interrupt::flow()
    })?;
    let mut classes = Vec::new();
    let inside = folder.folder(CLASSES)?;
    for (class, picture) in CLASS_PICTURES {
        inside.write(&format!("{class}.png"), picture)?;
        classes.push((class.to_owned(), format!("{CLASSES}/{class}.png")));
    }
    unpack(include_bytes!("../../assets/demo/atlas.tar.gz"), &folder.file(ATLAS))?;
    let page = DemoPage {
        demo: &found,
        micrograph: MICROGRAPH,
        specimen: "An array of nanowires",
        credit: "DeepSEM (github.com/Martin09/DeepSEM), MIT licence; without a scale bar, so lengths are in px.",
        learnt_from: true,
        classes: &classes,
        atlas: (
            &format!("{ATLAS}/index.html"),
            "Two layers of each of the networks that were built in before, over 12 micrographs: for each unit a picture of what it responds to, the patches that drive it, and what it is tuned to.",
        ),
        commands: &COMMANDS,
    };
    folder.write("index.html", page.html().as_bytes())?;
    folder.write_json("demo.json", &found)?;
    if arguments.output.json {
        print(&output::json_text(&found)?)?;
    } else {
        let start = folder.file("index.html");
        let start = std::path::absolute(&start).unwrap_or(start);
        print(&format!("open {}\n", start.display()))?;
    }
    Ok(Outcome::Done)
}

/// Unpacks an archive of this program into `folder`.
fn unpack(archive: &[u8], folder: &Path) -> Result<(), Failure> {
    fs::create_dir_all(folder).map_err(|error| Failure::at(folder, error))?;
    let mut archive = tar::Archive::new(GzDecoder::new(archive));
    archive.set_preserve_mtime(false);
    archive.unpack(folder).map_err(|error| Failure::at(folder, error))
}
