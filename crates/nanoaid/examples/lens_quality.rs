//! How much the maps of an autoencoder's layers show over micrographs, and how well it gives them back beside
//! the lowest frequencies of a cosine transform with as many values, as tables.
//!
//! `cargo run --release -p nanoaid --example lens_quality -- NETWORK FILE…`
//! NETWORK is a run folder, a file of weights, or `autoencoder`. Of each file its middle is read.

#![expect(clippy::print_stdout, reason = "a table is what it is for")]

use std::error::Error;
use std::path::Path;

use micrograph::Plane;
use nanoaid::data::prepare::{self, PrepareConfig};
use nanoaid::evaluate::baseline::lowest_frequencies;
use nanoaid::evaluate::image_quality::Quality;
use nanoaid::evaluate::lens_quality::LensQuality;
use nanoaid::train::reconstruct;
use nanoaid::{Architecture, Device, Network, network};

/// Height and width at most that are looked at of a micrograph, its middle.
const MIDDLE_PX: usize = 384;
/// Side of the largest blocks of the cosine transform.
const BLOCK_PX: usize = 64;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let network = arguments.next().ok_or("expected a network and files")?;
    let network = network::open(Path::new(&network), Device::Cpu)?;
    let images: Vec<Plane> = arguments
        .map(|file| {
            let plane = prepare::file(Path::new(&file), &PrepareConfig::default())?.plane;
            Ok(plane.middle(plane.height().min(MIDDLE_PX), plane.width().min(MIDDLE_PX)))
        })
        .collect::<Result<_, prepare::PrepareError>>()?;
    let images: Vec<&Plane> = images.iter().collect();
    println!("{} micrographs", images.len());
    println!(
        "| layer | channels | live inside | border only | active at > 1 % | near-copies | effective rank | explained by 16 simple filters |"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- | --- |");
    for layer in (1..=network.n_stages()).filter_map(|depth| network.layer_at_depth(depth)) {
        let found = LensQuality::of(&network, &layer.name, &images)?;
        println!(
            "| {} | {} | {} | {} | {} | {} | {:.1} ({:.0} %) | {} |",
            found.layer,
            found.n_channels,
            found.n_live,
            found.n_border_only,
            found.n_active,
            found.n_near_copies,
            found.effective_rank,
            100.0 * found.effective_rank / found.n_channels as f64,
            found.simple_share.map_or("–".into(), |share| format!("{:.0} %", 100.0 * share)),
        );
    }
    if let Architecture::Autoencoder(config) = network.architecture() {
        let stride = config.latent_stride();
        reconstructions(&network, &images, config.latent as f64 / (stride * stride) as f64);
    }
    Ok(())
}

/// Prints how well the network gives whole blocks of [`BLOCK_PX`] of the images back, and cosine transforms that
/// keep `share` of the values.
fn reconstructions(network: &Network, images: &[&Plane], share: f64) {
    let whole = |length: usize| length / BLOCK_PX * BLOCK_PX;
    let images: Vec<Plane> =
        images.iter().map(|image| image.middle(whole(image.height()), whole(image.width()))).collect();
    println!("\n| {:.0} % of the values | MSE | PSNR | SSIM |", 100.0 * share);
    println!("| --- | --- | --- | --- |");
    let line = |name: &str, outputs: &[Plane]| {
        let pairs: Vec<(&Plane, &Plane)> = images.iter().zip(outputs).collect();
        if let Some(found) = Quality::of(&pairs) {
            println!("| {name} | {:.5} | {:.2} dB | {:.4} |", found.mse, found.psnr_db, found.ssim);
        }
    };
    let outputs: Vec<Plane> = images.iter().flat_map(|image| reconstruct(network, &[image], 1)).collect();
    line("this network", &outputs);
    for side in [8, 32, BLOCK_PX] {
        let n = (share * (side * side) as f64).round() as usize;
        let outputs: Vec<Plane> = images.iter().map(|image| lowest_frequencies(image, side, n)).collect();
        line(&format!("DCT of {side} × {side} blocks"), &outputs);
    }
}
