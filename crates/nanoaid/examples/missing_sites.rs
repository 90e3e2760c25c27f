//! Missing sites of synthetic lattices by the error of the built-in autoencoder, beside those that the
//! lattice measurement names on the same images.
//!
//! `cargo run --release --example missing_sites [images]`
//! The same command gives the same table. The sites that are judged are those of the measured lattice,
//! so both know where a dot should be; what differs is how they tell whether one is there.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a table is what it is for")]

use std::error::Error;
use std::ops::ControlFlow;

use micrograph::data_bar::DataBarChoice;
use micrograph::measure::{LatticeConfig, lattice};
use micrograph::random::Stream;
use micrograph::synth::{
    DotLattice, DotRelief, DotsConfig, Imaging, Specimen, SynthConfig, Truth, micrograph as synthetic,
};
use nanoaid::data::prepare::{self, PrepareConfig};
use nanoaid::interpret::lens::{Threshold, TileConfig, reconstruction};
use nanoaid::interpret::pattern::{
    Matched, Side, SiteErrors, cell_error, matched, site_errors, squared_error,
};
use nanoaid::{Device, network::builtin};

/// Robust standard deviations from which on an error stands out.
const DEVIATIONS: [f64; 3] = [3.0, 4.0, 6.0];

/// Hits, claims and truths over all images.
#[derive(Default)]
struct Tally {
    hits: usize,
    claimed: usize,
    missing: usize,
}

impl Tally {
    fn add(&mut self, found: &Matched) {
        self.hits += found.both.len();
        self.claimed += found.both.len() + found.only_first.len();
        self.missing += found.both.len() + found.only_second.len();
    }

    fn line(&self, name: &str, least: &str, more: &str) {
        let percent = |of: usize| match of {
            0 => "–".to_owned(),
            of => format!("{:.3}", self.hits as f64 / of as f64),
        };
        let (precision, recall) = (percent(self.claimed), percent(self.missing));
        println!("| {name} | {least} | {} | {precision} | {recall} | {more} |", self.claimed);
    }
}

/// One way to tell the error at a site: errors of all images, whether each site is empty.
struct Way {
    name: &'static str,
    /// By side, then by [`DEVIATIONS`].
    tallies: [[Tally; 3]; 2],
    /// Deviations of empty and of taken sites, image by image.
    deviations: Vec<(Vec<f64>, Vec<f64>)>,
}

impl Way {
    fn new(name: &'static str) -> Self {
        Self { name, tallies: Default::default(), deviations: Vec::new() }
    }

    fn add(&mut self, errors: &SiteErrors, truth: &[[f64; 2]], reach_px: f64) {
        for (side, tallies) in [Side::Above, Side::Below].into_iter().zip(&mut self.tallies) {
            for (deviations, tally) in DEVIATIONS.into_iter().zip(tallies) {
                tally.add(&matched(&errors.standing_out(deviations, side), truth, reach_px));
            }
        }
        let places: Vec<[f64; 2]> = errors.sites.iter().map(|site| site.place).collect();
        let found = matched(&places, truth, reach_px);
        let of =
            |indices: Vec<usize>| indices.into_iter().map(|index| errors.sites[index].deviations).collect();
        self.deviations.push((of(found.both.iter().map(|pair| pair.0).collect()), of(found.only_first)));
    }

    /// Share of pairs of an empty and a taken site of one image in which the empty one has more error:
    /// 0.5 if the error tells nothing, whatever the threshold; equal ones count half.
    fn area(&self) -> f64 {
        let (mut higher, mut pairs) = (0.0, 0.0);
        for (empty, taken) in &self.deviations {
            for own in empty {
                higher += taken
                    .iter()
                    .map(|other| f64::midpoint(f64::from(own > other), f64::from(own >= other)))
                    .sum::<f64>();
            }
            pairs += (empty.len() * taken.len()) as f64;
        }
        higher / pairs
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let n: u64 = std::env::args().nth(1).map_or(Ok(60), |text| text.parse())?;
    let network = builtin::autoencoder(Device::Cpu)?;
    let mut measured = Tally::default();
    let mut ways = [Way::new("error map, cells of 8 px"), Way::new("squared error of pixels")];
    let (mut refused, mut n_sites) = (0, 0);
    for index in 0..n {
        let config = lattice_config(index)?;
        let made = synthetic(&config, index)?;
        let Truth::Dots(truth) = &made.truth else { return Err("dots were asked for".into()) };
        let found = match lattice(&made.plane, &LatticeConfig::default()) {
            Ok(found) => found,
            Err(reason) => {
                eprintln!("{index}: {reason}");
                refused += 1;
                continue;
            }
        };
        let reach_px = 0.4 * truth.first[0].hypot(truth.first[1]);
        // off the border: what the network sees there is cut
        let margin = reach_px;
        let inside = |&[y, x]: &[f64; 2]| {
            y >= margin
                && x >= margin
                && y <= config.height as f64 - 1.0 - margin
                && x <= config.width as f64 - 1.0 - margin
        };
        let empty: Vec<[f64; 2]> = truth
            .sites
            .iter()
            .filter(|site| !site.present)
            .map(|site| [site.y, site.x])
            .filter(inside)
            .collect();
        let sites: Vec<_> = found.sites.iter().filter(|site| inside(&site.expected)).collect();
        n_sites += sites.len();
        let claimed: Vec<[f64; 2]> =
            sites.iter().filter(|site| site.found.is_none()).map(|site| site.expected).collect();
        measured.add(&matched(&claimed, &empty, reach_px));

        let places: Vec<[f64; 2]> = sites.iter().map(|site| site.expected).collect();
        let keeping = PrepareConfig { data_bar: DataBarChoice::Keep, ..PrepareConfig::default() };
        let prepared = prepare::micrograph(made.clone().into_micrograph("synthetic"), &keeping)?;
        let back = reconstruction(
            &network,
            &prepared.plane,
            &TileConfig::default(),
            Threshold::default(),
            &mut |_, _| ControlFlow::Continue(()),
        )?;
        let radius_px = 0.45 * truth.first[0].hypot(truth.first[1]);
        let planes = [cell_error(&back), squared_error(&prepared.plane, &back.output)];
        for (way, plane) in ways.iter_mut().zip(&planes) {
            way.add(&site_errors(plane, &places, radius_px), &empty, reach_px);
        }
    }
    println!(
        "{n} lattices, {refused} refused, {n_sites} sites off the border, {} of them missing\n",
        measured.missing
    );
    println!("| detected by | difference | claimed | precision | recall | area |");
    println!("|---|---|---|---|---|---|");
    measured.line("lattice measurement", "–", "–");
    for way in &ways {
        for (side, tallies) in ["above", "below"].iter().zip(&way.tallies) {
            for (deviations, tally) in DEVIATIONS.iter().zip(tallies) {
                tally.line(way.name, &format!("{deviations} {side}"), &format!("{:.3}", way.area()));
            }
        }
    }
    Ok(())
}

/// Lattice number `index` with everything at random and 1 to 10 % of the dots missing.
fn lattice_config(index: u64) -> Result<SynthConfig, micrograph::ConfigError> {
    let draw = &mut Stream::new(31, "missing sites", index);
    let pitch_px = 14.0 * 3.5_f64.powf(draw.uniform());
    let dots = DotsConfig {
        lattice: [DotLattice::Square, DotLattice::Hexagonal][draw.below(2)],
        relief: [DotRelief::Pillars, DotRelief::Holes][draw.below(2)],
        pitch_px,
        diameter_px: pitch_px * draw.between(0.4, 0.65),
        axis_deg: draw.between(-90.0, 90.0),
        relief_px: pitch_px * draw.between(0.2, 0.6),
        wall_px: (pitch_px * draw.between(0.05, 0.12)).max(1.0),
        missing: draw.between(0.01, 0.1),
        placement_px: pitch_px * draw.between(0.002, 0.02),
        roughness: draw.between(0.0, 0.1),
    };
    let imaging = Imaging {
        dose: 20.0 * 15.0_f64.powf(draw.uniform()),
        blur_px: draw.between(0.3, 1.5),
        gradient: draw.between(0.0, 0.3),
        ..Imaging::default()
    };
    SynthConfig { specimen: Specimen::Dots(dots), imaging, ..SynthConfig::default() }.checked()
}
