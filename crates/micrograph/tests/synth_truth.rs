//! Synthetic micrographs against their truth, by measurements written here without any of the
//! crate's own.

#![cfg(feature = "synth")]

use micrograph::Plane;
use micrograph::synth::{
    DotLattice, DotRelief, DotsConfig, FibersConfig, Imaging, LinesConfig, Packing, ParticlesConfig,
    Specimen, SynthConfig, Synthetic, Truth, micrograph,
};

/// Neither noise nor anything else that would move or hide the specimen.
fn plain_imaging() -> Imaging {
    Imaging { dose: 0.0, gradient: 0.0, jitter_px: 0.0, shading: 0.0, ..Imaging::default() }
}

/// Material contrast only: bright inside, dark outside.
fn flat_imaging() -> Imaging {
    Imaging { edge_brightening: 0.0, shadowing: 0.0, blur_px: 0.0, ..plain_imaging() }
}

fn seen(height: usize, width: usize, specimen: Specimen, imaging: Imaging) -> Synthetic {
    let config = SynthConfig { height, width, specimen, imaging, ..SynthConfig::default() };
    micrograph(&config, 11).expect("the settings of the tests are in range")
}

/// Sizes in pixels and centres `(y, x)` of the 4-connected regions above `level`, by flood fill.
fn regions_above(plane: &Plane, level: f32) -> Vec<(usize, f64, f64)> {
    let (height, width) = (plane.height(), plane.width());
    let mut open: Vec<bool> = plane.values().iter().map(|value| *value > level).collect();
    let mut regions = Vec::new();
    for start in 0..open.len() {
        if !open[start] {
            continue;
        }
        open[start] = false;
        let mut stack = vec![start];
        let (mut n, mut sum_y, mut sum_x) = (0, 0.0, 0.0);
        while let Some(at) = stack.pop() {
            let (y, x) = (at / width, at % width);
            n += 1;
            sum_y += y as f64;
            sum_x += x as f64;
            let mut visit = |next: usize| {
                if open[next] {
                    open[next] = false;
                    stack.push(next);
                }
            };
            if y > 0 {
                visit(at - width);
            }
            if y + 1 < height {
                visit(at + width);
            }
            if x > 0 {
                visit(at - 1);
            }
            if x + 1 < width {
                visit(at + 1);
            }
        }
        regions.push((n, sum_y / n as f64, sum_x / n as f64));
    }
    regions
}

/// The grey level in the middle between two materials, each of which fills a twentieth and more of the
/// image; the mean of what is clearly dark and of what is clearly bright.
fn middle(plane: &Plane) -> f32 {
    let (low, high) = plane.range().expect("a plane with numbers");
    let third = (high - low) / 3.0;
    let mean = |of: &dyn Fn(f32) -> bool| {
        let values: Vec<f32> = plane.values().iter().copied().filter(|value| of(*value)).collect();
        values.iter().sum::<f32>() / values.len() as f32
    };
    (mean(&|value| value < low + third) + mean(&|value| value > high - third)) / 2.0
}

#[test]
fn separate_particles_are_as_many_as_large_and_where_the_truth_says() {
    let config =
        ParticlesConfig { diameter_px: 24.0, background_roughness: 0.0, ..ParticlesConfig::default() };
    let made = seen(301, 457, Specimen::Particles(config), flat_imaging());
    let Truth::Particles(truth) = &made.truth else { panic!("particles were asked for") };
    // the background gives half of what the particles give, and the particles differ by some per cent
    let (low, high) = made.plane.range().unwrap();
    let regions = regions_above(&made.plane, low + 0.35 * (high - low));
    assert!(truth.particles.len() > 50, "{}", truth.particles.len());
    assert_eq!(regions.len(), truth.particles.len());
    let mut n_whole = 0;
    for particle in &truth.particles {
        let (y, x, radius) = (particle.y, particle.x, particle.radius_px);
        assert_eq!(particle.visible, 1.0);
        if y < radius + 1.0 || x < radius + 1.0 || y + radius > 299.0 || x + radius > 455.0 {
            continue;
        }
        n_whole += 1;
        let found = regions.iter().find(|(_, ry, rx)| (ry - y).hypot(rx - x) < 0.5);
        let (n, _, _) = found.unwrap_or_else(|| panic!("no region at {y} {x}"));
        let diameter = 2.0 * (*n as f64 / std::f64::consts::PI).sqrt();
        assert!((diameter - 2.0 * radius).abs() < 0.6, "diameter {diameter} for {}", 2.0 * radius);
    }
    assert!(n_whole > 30, "{n_whole}");
}

#[test]
fn stacked_particles_touch_without_entering_each_other_and_hide_what_is_below() {
    let config = ParticlesConfig { packing: Packing::Stacked, coverage: 2.5, ..ParticlesConfig::default() };
    let made = seen(120, 151, Specimen::Particles(config), Imaging::default());
    let Truth::Particles(truth) = &made.truth else { panic!("particles were asked for") };
    for (index, a) in truth.particles.iter().enumerate() {
        assert!(a.z >= a.radius_px, "no particle is under the background: {a:?}");
        assert!((0.0..=1.0).contains(&a.visible), "{a:?}");
        for b in &truth.particles[..index] {
            let distance = ((a.y - b.y).powi(2) + (a.x - b.x).powi(2) + (a.z - b.z).powi(2)).sqrt();
            assert!(distance > a.radius_px + b.radius_px - 1e-6, "{a:?} {b:?}");
        }
    }
    let hidden = truth.particles.iter().filter(|particle| particle.visible < 0.5).count();
    assert!(hidden > 0 && truth.particles.last().unwrap().visible == 1.0, "{hidden}");
}

/// Mean over the image of `value · exp(i · (ky·y + kx·x))`, as a magnitude.
fn wave(plane: &Plane, ky: f64, kx: f64) -> f64 {
    let mean = plane.mean();
    let (mut re, mut im) = (0.0, 0.0);
    for y in 0..plane.height() {
        for x in 0..plane.width() {
            // a Hann window, so that the border does not leak into the peak
            let hann =
                |i: usize, n: usize| (std::f64::consts::PI * (i as f64 + 0.5) / n as f64).sin().powi(2);
            let weight = hann(y, plane.height()) * hann(x, plane.width());
            let value = (f64::from(plane.at(y, x)) - mean) * weight;
            let (sin, cos) = (ky * y as f64 + kx * x as f64).sin_cos();
            re += value * cos;
            im += value * sin;
        }
    }
    re.hypot(im)
}

#[test]
fn a_grating_repeats_at_its_pitch_across_its_axis() {
    struct Case {
        name: &'static str,
        axis_deg: f64,
        pitch_px: f64,
    }
    let cases = [
        Case { name: "upright", axis_deg: 90.0, pitch_px: 17.3 },
        Case { name: "level", axis_deg: 0.0, pitch_px: 12.0 },
        Case { name: "rising to the right", axis_deg: 28.0, pitch_px: 21.0 },
        Case { name: "falling to the right", axis_deg: -61.0, pitch_px: 14.5 },
    ];
    for Case { name, axis_deg, pitch_px } in cases {
        let config = LinesConfig { axis_deg, pitch_px, ..LinesConfig::default() };
        let made = seen(151, 203, Specimen::Lines(config), plain_imaging());
        // anticlockwise on the screen: a line that rises to the right has a falling row number, so the
        // wave across it runs along (y, x) = (cos, sin)
        let mut best = (0.0, 0.0, 0.0);
        for pitch_step in -6..=6 {
            for axis_step in -6..=6 {
                let pitch = pitch_px * (1.0 + 0.01 * f64::from(pitch_step));
                let axis = (axis_deg + f64::from(axis_step)).to_radians();
                let rate = std::f64::consts::TAU / pitch;
                let height = wave(&made.plane, rate * axis.cos(), rate * axis.sin());
                if height > best.0 {
                    best = (height, pitch, axis.to_degrees());
                }
            }
        }
        assert!((best.1 / pitch_px - 1.0).abs() < 0.015, "{name}: pitch {best:?}");
        assert!((best.2 - axis_deg).abs() < 1.5, "{name}: axis {best:?}");
    }
}

#[test]
fn the_bright_share_of_a_grating_is_its_duty_cycle_and_its_edges_have_the_given_roughness() {
    for (duty_cycle, roughness) in [(0.3, 0.0), (0.6, 1.2)] {
        let config = LinesConfig {
            pitch_px: 40.0,
            duty_cycle,
            wall_px: 2.0,
            roughness: 0.0,
            edge_roughness_px: roughness,
            edge_correlation_px: 6.0,
            ..LinesConfig::default()
        };
        // ten whole periods; lines stand upright
        let made = seen(301, 400, Specimen::Lines(config), flat_imaging());
        let Truth::Lines(truth) = &made.truth else { panic!("lines were asked for") };
        let level = middle(&made.plane);
        let mut squares = Vec::new();
        let n_bright = made.plane.values().iter().filter(|value| **value > level).count();
        let share = n_bright as f64 / made.plane.values().len() as f64;
        assert!((share - duty_cycle).abs() < 0.012, "{duty_cycle}: {share}");
        // where each row first crosses an edge that lies well inside the image
        let row = made.plane.row(0);
        let start = (60..).find(|x| (row[*x] > level) != (row[x + 1] > level)).unwrap();
        let crossings: Vec<f64> = (0..made.plane.height())
            .map(|y| {
                let row = made.plane.row(y);
                let at = (start - 7..start + 7).find(|x| (row[*x] > level) != (row[x + 1] > level)).unwrap();
                at as f64 + f64::from((level - row[at]) / (row[at + 1] - row[at]))
            })
            .collect();
        let mean = crossings.iter().sum::<f64>() / crossings.len() as f64;
        squares.extend(crossings.iter().map(|x| (x - mean).powi(2)));
        let rms = (squares.iter().sum::<f64>() / squares.len() as f64).sqrt();
        // one edge of 50 correlation lengths tells the rms to about a sixth
        assert!((rms - truth.edge_roughness_px).abs() < 0.05 + 0.2 * roughness, "{rms} {truth:?}");
        assert!((truth.edge_roughness_px - roughness).abs() < 0.1 * roughness + 1e-9, "{truth:?}");
    }
}

#[test]
fn the_bright_share_of_a_dot_lattice_is_that_of_its_discs() {
    struct Case {
        name: &'static str,
        lattice: DotLattice,
        relief: DotRelief,
        /// Area of a cell over the pitch squared.
        cell: f64,
    }
    let cases = [
        Case { name: "square", lattice: DotLattice::Square, relief: DotRelief::Pillars, cell: 1.0 },
        Case {
            name: "hexagonal",
            lattice: DotLattice::Hexagonal,
            relief: DotRelief::Pillars,
            cell: 0.75_f64.sqrt(),
        },
        Case { name: "square holes", lattice: DotLattice::Square, relief: DotRelief::Holes, cell: 1.0 },
    ];
    for Case { name, lattice, relief, cell } in cases {
        let config = DotsConfig {
            lattice,
            relief,
            pitch_px: 20.0,
            diameter_px: 11.0,
            axis_deg: 17.0,
            roughness: 0.0,
            ..DotsConfig::default()
        };
        let made = seen(391, 443, Specimen::Dots(config), flat_imaging());
        let Truth::Dots(truth) = &made.truth else { panic!("dots were asked for") };
        let level = middle(&made.plane);
        let n_bright = made.plane.values().iter().filter(|value| **value > level).count();
        let bright = n_bright as f64 / made.plane.values().len() as f64;
        let discs = std::f64::consts::PI * (11.0_f64 / 2.0).powi(2) / (cell * 400.0);
        let expected = if relief == DotRelief::Holes { 1.0 - discs } else { discs };
        assert!((bright - expected).abs() < 0.01, "{name}: {bright} for {expected}");
        let [ay, ax] = truth.first;
        let [by, bx] = truth.second;
        assert!(((ax * by - ay * bx).abs() / (cell * 400.0) - 1.0).abs() < 1e-9, "{name}: {truth:?}");
        assert!(ax * by - ay * bx < 0.0, "{name}: the second vector lies anticlockwise on the screen");
        assert!((-ay / ax - 17.0_f64.to_radians().tan()).abs() < 1e-9, "{name}");
    }
}

#[test]
fn missing_sites_are_dark_and_the_others_bright() {
    let config = DotsConfig { missing: 0.2, roughness: 0.0, ..DotsConfig::default() };
    let made = seen(257, 399, Specimen::Dots(config), flat_imaging());
    let Truth::Dots(truth) = &made.truth else { panic!("dots were asked for") };
    let level = middle(&made.plane);
    let (mut n_present, mut n_missing) = (0, 0);
    for site in &truth.sites {
        let inside = site.y >= 0.0 && site.x >= 0.0 && site.y <= 256.0 && site.x <= 398.0;
        if !inside {
            continue;
        }
        let bright = made.plane.at(site.y.round() as usize, site.x.round() as usize) > level;
        assert_eq!(bright, site.present, "{site:?}");
        if site.present { n_present += 1 } else { n_missing += 1 }
    }
    let share = f64::from(n_missing) / f64::from(n_present + n_missing);
    assert!((share - 0.2).abs() < 0.1, "{share}");
    // each dot that the border does not cut is a region of its own
    let whole = |y: f64, x: f64| y > 12.0 && x > 12.0 && y < 244.0 && x < 386.0;
    let n_regions = regions_above(&made.plane, level).iter().filter(|(_, y, x)| whole(*y, *x)).count();
    assert_eq!(n_regions, truth.sites.iter().filter(|site| site.present && whole(site.y, site.x)).count());
}

#[test]
fn fibers_lie_along_their_axis_as_seen_on_the_screen() {
    for axis_deg in [-70.0, -20.0, 0.0, 35.0, 90.0_f64] {
        let config = FibersConfig {
            axis_deg,
            axis_spread_deg: 0.0,
            bend_deg: 0.0,
            roughness: 0.0,
            ..FibersConfig::default()
        };
        // central differences fall short on sharp edges, more along the steeper axis: blur them
        let imaging = Imaging { blur_px: 3.0, ..plain_imaging() };
        let made = seen(233, 301, Specimen::Fibers(config), imaging);
        // gradients stand across the fibres: the mean of their doubled angles, turned by 90°
        let (mut sin, mut cos) = (0.0, 0.0);
        for y in 1..232 {
            for x in 1..300 {
                let gy = f64::from(made.plane.at(y + 1, x) - made.plane.at(y - 1, x));
                let gx = f64::from(made.plane.at(y, x + 1) - made.plane.at(y, x - 1));
                sin += 2.0 * gx * -gy;
                cos += gx * gx - gy * gy;
            }
        }
        let axis = (0.5 * f64::atan2(-sin, -cos)).to_degrees();
        let apart = (axis - axis_deg + 270.0).rem_euclid(180.0) - 90.0;
        assert!(apart.abs() < 1.0, "{axis_deg}: {axis}");
    }
}

#[test]
fn a_lone_fiber_is_bright_along_its_centre_line_and_has_the_given_width() {
    let config = FibersConfig {
        coverage: 0.02,
        diameter_px: 20.0,
        spread: 0.0,
        bend_deg: 15.0,
        ..FibersConfig::default()
    };
    let made = seen(181, 263, Specimen::Fibers(config), flat_imaging());
    let Truth::Fibers(truth) = &made.truth else { panic!("fibres were requested") };
    assert_eq!(truth.fibers.len(), 1, "a fibre covers more than asked at once");
    let level = middle(&made.plane);
    let line = &truth.fibers[0].centre_line;
    let mut length = 0.0;
    for ends in line.windows(2) {
        let [y, x] = ends[0];
        if (0.0..=180.0).contains(&y) && (0.0..=262.0).contains(&x) {
            assert!(made.plane.at(y.round() as usize, x.round() as usize) > level, "{y} {x}");
            length += (ends[1][0] - y).hypot(ends[1][1] - x);
        }
    }
    let n_bright = made.plane.values().iter().filter(|value| **value > level).count();
    let width = n_bright as f64 / length;
    assert!(length > 50.0 && (width - 20.0).abs() < 2.0, "width {width} over {length}");
}
