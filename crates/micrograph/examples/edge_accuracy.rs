//! Coverage of diameters of bodies with bright rims, and of gratings on a specimen that settles: tables in Markdown.
//!
//! `cargo run --release -p micrograph --example edge_accuracy` prints the tables of `docs/accuracy.md`. The images are not
//! those of `synth`: discs, wires and lines drawn here from their definitions, with rims of four kinds, so that what is
//! measured does not depend on how `synth` draws an edge.

#![expect(clippy::print_stdout, reason = "the tables are what it is run for")]

use std::f64::consts::{PI, TAU};

use micrograph::Plane;
use micrograph::measure::count::{CountConfig, particles};
use micrograph::measure::fibers::{FibersConfig, fibers};
use micrograph::measure::geometry::axis_difference_deg;
use micrograph::measure::{GratingConfig, Quantity, grating};
use micrograph::random::Stream;
use micrograph::smooth::gaussian_window;
use rayon::prelude::*;

/// Images of each row.
const N_IMAGES: u64 = 48;
/// Subpixels along each side of a pixel.
const FINE: usize = 3;

/// How the signal of a body changes towards its edge.
#[derive(Clone, Copy, Debug)]
enum Rim {
    /// Not at all.
    None,
    /// Higher by this share within so many px inside the edge.
    Inside(f64, f64),
    /// Higher by this share times a Gaussian of so many px standard deviation around the edge.
    Centred(f64, f64),
    /// 1/cos θ of a sphere or a cylinder, times this.
    Tilt(f64),
}

impl Rim {
    /// Signal over the background of a body of `radius`, at `off` px from its edge, below 0 inside; 1 in its middle.
    fn signal(self, off: f64, radius: f64) -> f64 {
        let body = if off <= 0.0 { 1.0 } else { 0.0 };
        body + match self {
            Self::Inside(height, width) if off <= 0.0 && off > -width => height,
            Self::Centred(height, width) => height * (-0.5 * (off / width).powi(2)).exp(),
            Self::Tilt(times) if off <= 0.0 => {
                let place = (radius + off).clamp(0.0, radius);
                let depth = (radius * radius - place * place).max((0.15 * radius).powi(2)).sqrt();
                times * 0.35 * ((place / depth).hypot(1.0).min(5.0) - 1.0)
            }
            _ => 0.0,
        }
    }
}

/// How an image is taken.
#[derive(Clone, Copy, Debug)]
struct Taken {
    rim: Rim,
    blur_px: f64,
    /// Electrons for a pixel of the background.
    dose: f64,
    /// Height of the bodies over the background, as a share of it.
    contrast: f64,
}

/// The image of bodies of `radius` whose edge is `off(y, x)` px away from a place, below 0 inside.
fn image(
    size: (usize, usize),
    radius: f64,
    taken: Taken,
    draw: &mut Stream,
    off: impl Fn(f64, f64) -> f64,
) -> Plane {
    let (height, width) = size;
    let mut signal = Vec::with_capacity(height * width);
    for y in 0..height {
        for x in 0..width {
            let mut sum = 0.0;
            for part in 0..FINE * FINE {
                let place = |at: usize, part: usize| at as f64 + (part as f64 + 0.5) / FINE as f64 - 0.5;
                sum += taken.rim.signal(off(place(y, part / FINE), place(x, part % FINE)), radius);
            }
            signal.push(1.0 + taken.contrast * sum / (FINE * FINE) as f64);
        }
    }
    let signal = blurred(&signal, size, taken.blur_px);
    Plane::from_fn(height, width, |y, x| {
        let electrons = signal[y * width + x] * taken.dose;
        // of many electrons the noise is normal
        let counted = (electrons + electrons.sqrt() * draw.normal()).max(0.0);
        (60.0 * counted / taken.dose).round() as f32
    })
}

/// Rows, then columns, with a Gaussian of `blur_px`.
fn blurred(values: &[f64], (height, width): (usize, usize), blur_px: f64) -> Vec<f64> {
    let radius = (4.0 * blur_px).ceil() as usize;
    let weights = gaussian_window(blur_px, radius);
    let along = |at: &dyn Fn(usize) -> f64, place: usize, length: usize| -> f64 {
        let near = |tap: usize| (place + tap).saturating_sub(radius).min(length - 1);
        weights.iter().enumerate().map(|(tap, weight)| weight * at(near(tap))).sum()
    };
    let pixels = |of: &dyn Fn(usize, usize) -> f64| -> Vec<f64> {
        (0..height * width).map(|at| of(at / width, at % width)).collect()
    };
    let rows = pixels(&|y, x| along(&|x| values[y * width + x], x, width));
    pixels(&|y, x| along(&|y| rows[y * width + x], y, height))
}

/// Errors of one quantity over the images of a row.
#[derive(Default)]
struct Errors {
    errors: Vec<f64>,
    widths: Vec<f64>,
    n_held: usize,
    n_refused: usize,
}

impl Errors {
    fn of(found: Vec<Option<(Quantity, f64)>>) -> Self {
        let mut errors = Self::default();
        for found in found {
            let Some((quantity, error)) = found else {
                errors.n_refused += 1;
                continue;
            };
            errors.errors.push(error);
            errors.widths.push(quantity.expanded_uncertainty);
            errors.n_held += usize::from(error.abs() <= quantity.expanded_uncertainty);
        }
        errors
    }

    /// Bias, RMSE, mean half width, and share of the truths inside.
    fn cells(&self, unit: &str) -> String {
        let n = self.errors.len().max(1) as f64;
        let mean = |values: &[f64]| values.iter().sum::<f64>() / n;
        let rmse = (self.errors.iter().map(|error| error * error).sum::<f64>() / n).sqrt();
        let refused =
            if self.n_refused > 0 { format!(" ({} refused)", self.n_refused) } else { String::new() };
        format!(
            "{:+.2} | {rmse:.2} | ± {:.2} {unit} | {:.0} %{refused}",
            mean(&self.errors),
            mean(&self.widths),
            100.0 * self.n_held as f64 / n
        )
    }
}

/// Mean diameter of discs that are all alike.
fn discs(taken: &(dyn Fn(&mut Stream) -> Taken + Sync)) -> Errors {
    let found = (0..N_IMAGES).into_par_iter().map(|seed| {
        let draw = &mut Stream::new(31, "edge accuracy discs", seed);
        let (radius, taken) = (draw.between(5.0, 16.0), taken(draw));
        let step = 2.0 * radius + 16.0;
        let places: Vec<[f64; 2]> = (0..20)
            .map(|index| [index / 5, index % 5].map(|at| step * (f64::from(at) + 0.5)))
            .map(|[y, x]| [y + draw.between(-4.0, 4.0), x + draw.between(-4.0, 4.0)])
            .collect();
        let size = ((4.0 * step) as usize, (5.0 * step) as usize);
        let off = |y: f64, x: f64| {
            let near = places.iter().map(|at| (at[0] - y).hypot(at[1] - x)).fold(f64::MAX, f64::min);
            near - radius
        };
        let plane = image(size, radius, taken, draw, off);
        let (count, _) = particles(&plane, &CountConfig::default()).ok()?;
        let mean = count.mean_diameter_px?;
        let error = mean.value - 2.0 * radius;
        Some((mean, error))
    });
    Errors::of(found.collect())
}

/// Mean diameter of three parallel wires that are all alike.
fn wires(taken: &(dyn Fn(&mut Stream) -> Taken + Sync)) -> Errors {
    let found = (0..N_IMAGES).into_par_iter().map(|seed| {
        let draw = &mut Stream::new(32, "edge accuracy wires", seed);
        let (radius, taken) = (draw.between(2.5, 12.0), taken(draw));
        let (sin, cos) = draw.between(0.0, PI).sin_cos();
        let step = 2.0 * radius + 40.0;
        let side = 3.2 * step;
        let off = |y: f64, x: f64| {
            let across = sin * (x - side / 2.0) + cos * (y - side / 2.0);
            let nearest = (across / step).round().clamp(-1.0, 1.0);
            (across - nearest * step).abs() - radius
        };
        let plane = image((side as usize, side as usize), radius, taken, draw, off);
        let mean = fibers(&plane, &FibersConfig::default()).ok()?.mean_diameter_px;
        let error = mean.value - 2.0 * radius;
        Some((mean, error))
    });
    Errors::of(found.collect())
}

/// Pitch in percent, and axis, of lines on a specimen whose drift has this course from 0 to 1 during the image.
fn settling(course: fn(f64) -> f64, share: f64) -> [Errors; 2] {
    let found: Vec<_> = (0..N_IMAGES)
        .into_par_iter()
        .map(|seed| {
            let draw = &mut Stream::new(33, "edge accuracy drift", seed);
            let (pitch, axis) = (draw.between(12.0, 40.0), draw.between(-90.0, 90.0));
            let side = (8.0 * pitch).max(256.0) as usize;
            let most = share * side as f64;
            let moved = [draw.between(-most, most), draw.between(-most, most)];
            let (sin, cos) = axis.to_radians().sin_cos();
            let plane = Plane::from_fn(side, side * 5 / 4, |y, x| {
                let now = course(y as f64 / side as f64);
                let (y, x) = (y as f64 - now * moved[0], x as f64 - now * moved[1]);
                let turns = (sin * x + cos * y) / pitch;
                let beside = ((turns - turns.round()).abs() - 0.25) * pitch;
                (100.0 - 50.0 * (beside / 1.5).tanh() + 5.0 * draw.normal()).round() as f32
            });
            let found = grating(&plane, &GratingConfig::default()).ok()?;
            let (off, turn) = (found.pitch.value - pitch, axis_difference_deg(found.axis.value, axis));
            let percent = 100.0 / pitch;
            let scaled = found.pitch.scaled(percent, found.pitch.unit);
            Some(((scaled, off * percent), (found.axis, turn)))
        })
        .collect();
    let (pitches, axes) = found.into_iter().map(Option::unzip).unzip();
    [Errors::of(pitches), Errors::of(axes)]
}

/// Makes a specimen and what is true of it.
type Specimen = Box<dyn Fn(&mut Stream) -> Taken + Sync>;

/// Shift at a share of the height, as a share of the whole.
type Course = fn(f64) -> f64;

fn main() {
    let row = |rim: fn(&mut Stream) -> Rim, blur: (f64, f64), dose: (f64, f64), contrast: (f64, f64)| {
        move |draw: &mut Stream| Taken {
            rim: rim(draw),
            blur_px: draw.between(blur.0, blur.1),
            dose: dose.0 * (dose.1 / dose.0).powf(draw.uniform()),
            contrast: draw.between(contrast.0, contrast.1),
        }
    };
    let inside = |draw: &mut Stream| Rim::Inside(draw.between(0.3, 1.5), draw.between(1.0, 3.0));
    let centred = |draw: &mut Stream| Rim::Centred(draw.between(0.2, 1.0), draw.between(0.5, 1.5));
    let tilt = |draw: &mut Stream| Rim::Tilt(draw.between(0.5, 2.0));
    let any = |draw: &mut Stream| match draw.below(4) {
        0 => Rim::None,
        1 => Rim::Inside(draw.between(0.3, 1.5), draw.between(1.0, 3.0)),
        2 => Rim::Centred(draw.between(0.2, 1.0), draw.between(0.5, 1.5)),
        _ => Rim::Tilt(draw.between(0.5, 2.0)),
    };
    let (blur, dose, contrast) = ((0.5, 2.0), (30.0, 1000.0), (0.6, 1.5));
    println!(
        "| rim, image | particles: bias px | RMSE px | interval | held | fibres: bias px | RMSE px | interval | held |"
    );
    println!("|---|---|---|---|---|---|---|---|---|");
    let rows: [(&str, Specimen); 8] = [
        ("none", Box::new(row(|_| Rim::None, blur, dose, contrast))),
        ("inside the edge", Box::new(row(inside, blur, dose, contrast))),
        ("around the edge", Box::new(row(centred, blur, dose, contrast))),
        ("1/cos θ", Box::new(row(tilt, blur, dose, contrast))),
        ("any, blur 2 to 3 px", Box::new(row(any, (2.0, 3.0), dose, contrast))),
        ("any, blur 0.4 px", Box::new(row(any, (0.4, 0.4), dose, contrast))),
        ("any, 12 to 30 electrons", Box::new(row(any, blur, (12.0, 30.0), contrast))),
        ("any, contrast 0.3", Box::new(row(any, blur, (100.0, 1000.0), (0.3, 0.3)))),
    ];
    for (name, taken) in &rows {
        println!("| {name} | {} | {} |", discs(taken).cells("px"), wires(taken).cells("px"));
    }
    println!(
        "\n| drift | largest, of the height | pitch: bias % | RMSE % | interval | held | axis: bias ° | RMSE ° | interval | held |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|");
    let courses: [(&str, Course); 5] = [
        ("quadratic, at rest at first", |t| t * t),
        ("quadratic, at rest at the end", |t| 1.0 - (1.0 - t).powi(2)),
        ("exponential, rate 3", |t| (1.0 - (-3.0 * t).exp()) / (1.0 - (-3.0_f64).exp())),
        ("exponential, rate 6", |t| 1.0 - (-6.0 * t).exp()),
        ("there and back", |t| (TAU * t / 2.0).sin()),
    ];
    for (name, course) in courses {
        for share in [0.003, 0.01] {
            let [pitch, axis] = settling(course, share);
            println!("| {name} | {share} | {} | {} |", pitch.cells("%"), axis.cells("°"));
        }
    }
}
