//! The scan with gratings, of planted kernels: the truth is the wave with the largest Fourier
//! coefficient of the kernel, found on a fine grid.

use std::f64::consts::TAU;

use super::*;
use crate::interpret::visualize::tests::planted_layers;

/// `|Σ w · exp(2πi · f · x)|` of a square kernel for a wave of this period and axis.
fn coefficient(kernel: &[f32], period_px: f64, axis_deg: f64) -> f64 {
    let side = kernel.len().isqrt();
    let (sin, cos) = axis_deg.to_radians().sin_cos();
    let (mut re, mut im) = (0.0, 0.0);
    for (index, weight) in kernel.iter().enumerate() {
        let (y, x) = ((index / side) as f64, (index % side) as f64);
        let (s, c) = (TAU * (y * cos + x * sin) / period_px).sin_cos();
        re += f64::from(*weight) * c;
        im += f64::from(*weight) * s;
    }
    re.hypot(im)
}

/// The period and the axis of the largest coefficient: by 1°, then by 0.1°.
fn truth(kernel: &[f32]) -> (f64, f64) {
    let mut best = (0.0, 0.0, f64::NEG_INFINITY);
    let mut look = |period: f64, axis: f64| {
        let found = coefficient(kernel, period, axis);
        if found > best.2 {
            best = (period, axis, found);
        }
        (best.0, best.1)
    };
    let mut at = (0.0, 0.0);
    for axis in 0..180 {
        for step in 0..=120 {
            at = look(2.02 * (f64::from(step) / 24.0).exp2(), f64::from(axis) - 89.0);
        }
    }
    for turn in -20..=20 {
        for step in -20..=20 {
            look(at.0 * (f64::from(step) / 480.0).exp2(), at.1 + 0.1 * f64::from(turn));
        }
    }
    (best.0, best.1)
}

fn scans(kernels: &[Vec<f32>]) -> Vec<GratingScan> {
    let network = planted(kernels, &vec![0.0; kernels.len()], true);
    let scan = LayerScan::of(&network, "unit").unwrap();
    (0..kernels.len()).map(|channel| scan.unit(channel).expect("there is such a channel")).collect()
}

/// A kernel from what it has at a place from its middle, less its mean.
fn kernel(side: usize, value: impl Fn(f64, f64) -> f64) -> Vec<f32> {
    let middle = (side as f64 - 1.0) / 2.0;
    let at = |index: usize| value((index / side) as f64 - middle, (index % side) as f64 - middle);
    let values: Vec<f64> = (0..side * side).map(at).collect();
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    values.iter().map(|value| (value - mean) as f32).collect()
}

fn sum(a: &[f32], b: &[f32]) -> Vec<f32> {
    a.iter().zip(b).map(|(a, b)| a + b).collect()
}

#[test]
fn a_gabor_has_the_period_and_axis_of_its_largest_coefficient() {
    let axes = [-82.0, -45.0, -13.0, 0.0, 22.0, 41.0, 68.0, 90.0];
    let (mut worst_period, mut worst_axis): (f64, f64) = (0.0, 0.0);
    for period in [2.6, 3.2, 4.0, 4.5, 5.0, 6.3, 8.0, 12.0] {
        // wide and narrow ones, of odd and even side
        for side in [(4.0 * period) as usize + 1, (2.5 * period) as usize] {
            let kernels: Vec<Vec<f32>> = axes.iter().map(|&axis| gabor(side, period, axis)).collect();
            for ((found, kernel), axis) in scans(&kernels).iter().zip(&kernels).zip(axes) {
                let (true_period, true_axis) = truth(kernel);
                let name = format!("{period} px, {axis}°, side {side}: {}", found.text(None));
                let px = found.period_px().unwrap_or_else(|| panic!("{name}: {found:?}"));
                let axis = found.axis_deg().unwrap_or_else(|| panic!("{name}: {found:?}"));
                worst_period = worst_period.max((px / true_period - 1.0).abs());
                worst_axis = worst_axis.max(off(axis, true_axis));
                // the top of a wide tuning curve is flat: nearer than that decides rounding
                assert!((px / true_period - 1.0).abs() <= 0.01, "{name}, true {true_period}");
                assert!(off(axis, true_axis) <= 1.0, "{name}, true {true_axis}");
            }
        }
    }
    println!("off by at most {:.2} %, {worst_axis:.2}°", 100.0 * worst_period);
}

#[test]
fn both_periods_of_a_unit_with_two_are_told() {
    let cases = [(3.0, 6.0, 30.0, 30.0, 1.0), (3.0, 6.0, 10.0, 80.0, 1.0), (4.0, 9.0, -50.0, -50.0, 0.8)];
    let kernels: Vec<Vec<f32>> = cases
        .iter()
        .map(|&(short, long, axis, other, share)| {
            let second: Vec<f32> = gabor(27, short, other).iter().map(|weight| share * weight).collect();
            sum(&gabor(27, long, axis), &second)
        })
        .collect();
    for (found, (short, long, axis, other, _)) in scans(&kernels).iter().zip(cases) {
        let text = found.text(None);
        let mut of: Vec<(f64, f64)> =
            found.peaks.iter().map(|peak| (peak.period.px(), peak.axis_deg().expect("an axis"))).collect();
        of.sort_by(|a, b| a.0.total_cmp(&b.0));
        assert_eq!(of.len(), 2, "{short} and {long}: {text}");
        for ((px, at), (period, axis)) in of.into_iter().zip([(short, other), (long, axis)]) {
            assert!((px / period - 1.0).abs() < 0.02 && off(at, axis) < 1.5, "{short} and {long}: {text}");
        }
        assert!(text.starts_with("two periods: ") && found.period_px().is_none(), "{text}");
    }
}

#[test]
fn spots_rings_and_corners_have_no_axis() {
    let gauss = |r: f64, sigma: f64| (-r * r / (2.0 * sigma * sigma)).exp();
    let spot = |sigma: f64| move |y: f64, x: f64| gauss(y.hypot(x), sigma);
    let difference = |y: f64, x: f64| gauss(y.hypot(x), 1.5) - 0.25 * gauss(y.hypot(x), 3.0);
    let ring = |radius: f64| move |y: f64, x: f64| gauss(y.hypot(x) - radius, 1.0);
    // the bright quarter of the kernel, and two bars that meet
    let quarter = |y: f64, x: f64| if y < 0.0 && x > 0.0 { 1.0 } else { 0.0 };
    let bars = |y: f64, x: f64| gauss(y, 1.0) * f64::from(x >= 0.0) + gauss(x, 1.0) * f64::from(y <= 0.0);
    let kernels = [
        ("small spot", kernel(7, spot(0.8))),
        ("spot", kernel(13, spot(2.0))),
        ("difference of Gaussians", kernel(13, difference)),
        ("dark spot", kernel(13, |y, x| -difference(y, x))),
        ("small ring", kernel(13, ring(3.0))),
        ("ring", kernel(19, ring(6.0))),
        ("corner", kernel(12, quarter)),
        ("corner of bars", kernel(15, bars)),
    ];
    for (name, kernel) in kernels {
        let found = &scans(&[kernel])[0];
        let text = found.text(None);
        println!("{name}: {text}");
        assert_eq!(found.axis_deg(), None, "{name}: {text}");
        assert!(text.contains("no axis") || text.contains("no single axis"), "{name}: {text}");
    }
}

#[test]
fn near_the_limit_of_the_stride_it_is_the_wave_that_drives_it_most() {
    // means of 2 × 2 pixels at every second one, then a Gabor of 2.3 of these
    let small = gabor(11, 2.3, 90.0);
    let mut graph = Graph::new(1);
    let shape = ConvolutionShape { relu: false, stride: 2, ..ConvolutionShape::same([1, 1], 2) };
    graph.push("means", convolution("means", shape, vec![0.25; 4], vec![0.0]));
    let shape = ConvolutionShape { relu: true, ..ConvolutionShape::same([1, 1], 11) };
    graph.push("unit", convolution("unit", shape, small.clone(), vec![0.0]));
    let network = of_graph(graph);
    let found = LayerScan::of(&network, "unit").unwrap().unit(0).unwrap();
    // both together as one kernel
    let whole: Vec<f32> =
        (0..22 * 22).map(|index| 0.25 * small[(index / 22) / 2 * 11 + (index % 22) / 2]).collect();
    let (period, axis) = truth(&whole);
    let text = found.text(None);
    let peak = &found.peaks[0];
    assert!((peak.period.px() / period - 1.0).abs() <= 0.02, "{text}, true {period}");
    assert!(off(peak.axis_deg().expect("it has an axis"), axis) <= 1.5, "{text}, true {axis}");
    let share = coefficient(&whole, peak.period.px(), axis) / coefficient(&whole, period, axis);
    assert!(share > 0.995, "{share}");
}

#[test]
fn what_no_wave_drives_has_none_and_a_score_of_pictures_is_scanned_alike() {
    let kernel = gabor(15, 6.0, 40.0);
    let kernels = [kernel.clone(), kernel.iter().map(|weight| 0.0 * weight).collect()];
    let found = scans(&kernels);
    assert_eq!(found[1].none, Some(Untuned::Constant { activation: 0.0 }));
    assert_eq!(found[1].text(None), "no grating drives it");
    // before its ReLU, behind a bias that silences it for every wave
    let network = planted(std::slice::from_ref(&kernel), &[-1e3], true);
    assert_eq!(LayerScan::of(&network, "unit").unwrap().unit(0).unwrap().peaks, []);
    let before = LayerScan::of(&network, "unit.preactivation").unwrap().unit(0).unwrap();
    let near = |found: &GratingScan| {
        let (px, axis) = (found.period_px().expect("a period"), found.axis_deg().expect("an axis"));
        (px / 6.0 - 1.0).abs() < 0.02 && off(axis, 40.0) < 1.0
    };
    assert!(near(&before), "{}", before.text(None));
    // the largest value of its map, whose zeros around the image have a part in it
    let score = |planes: &[Plane]| -> Vec<f32> {
        let network = planted(std::slice::from_ref(&kernel), &[0.0], true);
        let middle = |plane: &Plane| network.maps(plane, "unit").unwrap()[0].at(24, 20);
        planes.iter().map(middle).collect()
    };
    let found = scan_score([48, 40], &score);
    assert!(near(&found), "{}", found.text(None));
    // two layers
    let second = [vec![1.0, 1.0]];
    let parts = [gabor(15, 6.0, 0.0), gabor(15, 6.0, 90.0)];
    let network = planted_layers(&[("parts", &parts, &[0.0, 0.0]), ("unit", &second, &[0.0])], true);
    let found = LayerScan::of(&network, "unit").unwrap().unit(0).unwrap();
    assert_eq!(found.axis_deg(), None, "{}", found.text(None));
    assert_eq!(found.peaks[0].axes_deg.len(), 2, "{}", found.text(None));
}
