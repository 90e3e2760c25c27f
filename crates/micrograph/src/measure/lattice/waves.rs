//! Waves: two wave vectors that explain the peaks of a spectrum, and the lattice vectors they make.

use crate::Plane;
use crate::measure::geometry::Geometry;
use crate::measure::grating::NoPeriodReason;
use crate::measure::spectrum::{Peak, Spectrum};

/// Fewest cycles of each wave over the plane.
const LEAST_CYCLES: f64 = 3.0;
/// Least power of a peak over the usual power around it.
const LEAST_PROMINENCE: f64 = 25.0;
/// Peaks that waves are chosen from, and that they must explain.
const CHOICE: usize = 14;
/// Least power of a peak relative to the strongest, to have a say.
const LEAST_POWER: f64 = 0.01;
/// Finest frequency of a harmonic, in cycles per px.
const FINEST_HARMONIC: f64 = 0.42;

/// Two waves, as short as they can be.
pub(super) fn start(plane: &Plane) -> Result<[[f64; 2]; 2], NoPeriodReason> {
    let spectrum = Spectrum::of(plane);
    let mut peaks = spectrum.peaks(LEAST_CYCLES, 60);
    let highest = peaks.iter().map(|peak| peak.prominence).fold(0.0, f64::max);
    peaks.retain(|peak| peak.prominence >= LEAST_PROMINENCE);
    let Some(strongest) = peaks.first().map(|peak| peak.power) else {
        return Err(NoPeriodReason::NoPeak { prominence: highest });
    };
    peaks.retain(|peak| peak.power >= LEAST_POWER * strongest);
    peaks.truncate(CHOICE);
    let size = [plane.width() as f64, plane.height() as f64];
    let power: f64 = peaks.iter().map(|peak| peak.power).sum();
    let mut best: Option<([[f64; 2]; 2], f64, f64)> = None;
    for (index, one) in peaks.iter().enumerate() {
        for other in &peaks[index + 1..] {
            let waves = [one.wave, other.wave];
            let area = cross(waves).abs();
            if area < 0.25 * one.frequency() * other.frequency() {
                continue;
            }
            let explained: f64 =
                peaks.iter().filter(|peak| explains(waves, peak, size)).map(|peak| peak.power).sum();
            // of those that explain as much, the one with the fewest peaks that are not there
            let better = best.is_none_or(|(_, most, widest)| {
                explained > most * 1.02 || (explained > most * 0.98 && area > widest * 1.05)
            });
            if better {
                best = Some((waves, explained, area));
            }
        }
    }
    match best {
        Some((waves, explained, _)) if explained >= 0.7 * power => Ok(reduced(waves)),
        Some((_, explained, _)) => Err(NoPeriodReason::NoLattice { explained: explained / power }),
        None => Err(NoPeriodReason::OneDirection),
    }
}

/// Whether `peak` is a sum of small multiples of both waves, to within a bin.
fn explains(waves: [[f64; 2]; 2], peak: &Peak, size: [f64; 2]) -> bool {
    let [[ax, ay], [bx, by]] = waves;
    let [x, y] = peak.wave;
    let area = cross(waves);
    let (i, j) = (((x * by - y * bx) / area).round(), ((ax * y - ay * x) / area).round());
    let off = ((x - i * ax - j * bx) * size[0]).hypot((y - i * ay - j * by) * size[1]);
    i.abs().max(j.abs()) <= 4.0 && off < 0.6 + 0.2 * (i.abs() + j.abs())
}

/// Both waves, their sum and their difference, where pixels can carry them.
pub(super) fn orders(waves: &[[f64; 2]]) -> Vec<[i32; 2]> {
    let all = [[1, 0], [0, 1], [1, 1], [1, -1]].into_iter();
    all.filter(|&[i, j]| {
        let sum = [0, 1].map(|axis| f64::from(i) * waves[0][axis] + f64::from(j) * waves[1][axis]);
        i * j == 0 || length(sum) < FINEST_HARMONIC
    })
    .collect()
}

/// The two shortest lattice vectors, `[x, y]` in columns and rows, for these waves: the first is the
/// shorter on the specimen, but for one percent, the second 60° to 120° anticlockwise from it there.
pub(super) fn vectors(waves: &[[f64; 2]], geometry: &Geometry) -> [[f64; 2]; 2] {
    let [[ax, ay], [bx, by]] = [waves[0], waves[1]];
    let area = ax * by - ay * bx;
    let pair = [[by / area, -bx / area], [-ay / area, ax / area]];
    let on_specimen = |[x, y]: [f64; 2]| geometry.offset(x, y);
    // reduced on the specimen, followed in the image
    let [mut first, mut second] = pair;
    for _ in 0..64 {
        if length(on_specimen(first)) > length(on_specimen(second)) {
            std::mem::swap(&mut first, &mut second);
        }
        let (a, b) = (on_specimen(first), on_specimen(second));
        let times = ((a[0] * b[0] + a[1] * b[1]) / (a[0] * a[0] + a[1] * a[1])).round();
        if times == 0.0 {
            break;
        }
        second = [second[0] - times * first[0], second[1] - times * first[1]];
    }
    let (a, b) = (on_specimen(first), on_specimen(second));
    // at most 90° apart, then anticlockwise
    if a[0] * b[0] + a[1] * b[1] < 0.0 {
        second = [-second[0], -second[1]];
    }
    let b = on_specimen(second);
    if cross([a, b]) > 0.0 {
        [first, second]
    } else if length(b) < 1.01 * length(a) {
        // as good as equal: the other one first
        [second, first]
    } else {
        [first, [-second[0], -second[1]]]
    }
}

/// The two shortest waves with the same multiples.
fn reduced([mut first, mut second]: [[f64; 2]; 2]) -> [[f64; 2]; 2] {
    for _ in 0..64 {
        if length(first) > length(second) {
            std::mem::swap(&mut first, &mut second);
        }
        let times = ((first[0] * second[0] + first[1] * second[1]) / length(first).powi(2)).round();
        if times == 0.0 {
            break;
        }
        second = [second[0] - times * first[0], second[1] - times * first[1]];
    }
    [first, second]
}

fn length([x, y]: [f64; 2]) -> f64 {
    x.hypot(y)
}

fn cross([a, b]: [[f64; 2]; 2]) -> f64 {
    a[0] * b[1] - a[1] * b[0]
}
