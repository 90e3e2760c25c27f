//! Rates of the kernels, in GFLOP/s and in percent of what the machine's multipliers can do.
//!
//! `cargo run --release -p conv-kernels --example kernels [name part] …`; the instruction set is
//! that of `NANOAID_KERNELS`. The peak is measured beside each case, in turn, and the best of
//! several rounds counts, so that other work on the machine disturbs little. The last column is the
//! same share by processor time instead of the clock, which leaves out waiting for a processor.
//! Shares count the products of the direct sum, so Winograd's way can exceed the peak. At the end
//! come pools and up-sampling in GB/s beside a copy, and the accuracy of each way.

#![expect(clippy::print_stdout, reason = "printing is what a benchmark is for")]

use conv_kernels::{
    Clip, ConvShape, Isa, Method, OutputGradient, PlanesShape, forward_by, input_gradient_by, max_pool_2x2,
    max_pool_2x2_gradient, multiply_add_burst, relu_gradient, upsample_nearest_2x,
    upsample_nearest_2x_gradient, weight_gradient_by,
};
use std::time::Instant;

const ROUNDS: usize = 5;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let isa = Isa::from_env()?;
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    println!("{isa:?}, {} threads", rayon::current_num_threads());
    println!("{:<42} {:>9} {:>7} {:>6} {:>6}", "case", "ms", "GFLOP/s", "% peak", "% cpu");
    let cases = [
        ("64→64 at 224", ConvShape::same(1, [64, 64], [224, 224], 3)),
        ("128→128 at 112", ConvShape::same(1, [128, 128], [112, 112], 3)),
        ("256→256 at 56", ConvShape::same(1, [256, 256], [56, 56], 3)),
        ("512→512 at 28", ConvShape::same(1, [512, 512], [28, 28], 3)),
        ("256→256 at 38", ConvShape::same(1, [256, 256], [38, 38], 3)),
        ("512→512 at 14", ConvShape::same(1, [512, 512], [14, 14], 3)),
        ("1→32 at 128 ×32", ConvShape::same(32, [1, 32], [128, 128], 3)),
        ("32→64 at 64 ×32", ConvShape::same(32, [32, 64], [64, 64], 3)),
        ("64→128 at 32 ×32", ConvShape::same(32, [64, 128], [32, 32], 3)),
        ("128→128 at 16 ×32", ConvShape::same(32, [128, 128], [16, 16], 3)),
        ("32→1 at 128 ×32", ConvShape::same(32, [32, 1], [128, 128], 3)),
        ("64→64 at 150", ConvShape::same(1, [64, 64], [150, 150], 3)),
        ("1×1 256→256 at 56", ConvShape::same(1, [256, 256], [56, 56], 1)),
        ("stride 2 64→128 at 112", ConvShape { stride: 2, ..ConvShape::same(1, [64, 128], [112, 112], 3) }),
        // the product alone that im2col leaves of 512→512 at 14, 28 and of 256→256 at 56
        ("im2col 4608→512 at 14", ConvShape::same(1, [4608, 512], [14, 14], 1)),
        ("im2col 4608→512 at 28", ConvShape::same(1, [4608, 512], [28, 28], 1)),
        ("im2col 2304→256 at 56", ConvShape::same(1, [2304, 256], [56, 56], 1)),
        ("1×1 64→16 at 55", ConvShape::same(1, [64, 16], [55, 55], 1)),
        ("1×1 16→96 at 112", ConvShape::same(1, [16, 96], [112, 112], 1)),
        ("1×1 320→1280 at 7", ConvShape::same(1, [320, 1280], [7, 7], 1)),
        ("256→1 at 37", ConvShape::same(1, [256, 1], [37, 37], 3)),
        ("512→1 at 14", ConvShape::same(1, [512, 1], [14, 14], 3)),
        ("depthwise 128 at 112", depthwise(128, 112, [3, 1])),
        ("depthwise 96 at 112, stride 2", depthwise(96, 112, [3, 2])),
        ("depthwise 5×5 144 at 56, stride 2", depthwise(144, 56, [5, 2])),
        ("depthwise 5×5 672 at 14", depthwise(672, 14, [5, 1])),
    ];
    for (name, shape) in cases {
        measure_case(isa, name, &shape, &|label| {
            wanted.is_empty() || wanted.iter().any(|part| label.contains(part.as_str()))
        })?;
    }
    if wanted.is_empty() || wanted.iter().any(|part| part == "planes") {
        measure_planes("larger than the caches", 32 * 32, 128)?;
        measure_planes("in the caches", 64, 56)?;
    }
    if wanted.is_empty() || wanted.iter().any(|part| part == "accuracy") {
        for channels in [32, 128, 512] {
            measure_accuracy(isa, channels)?;
        }
    }
    Ok(())
}

fn depthwise(channels: usize, side: usize, [kernel, stride]: [usize; 2]) -> ConvShape {
    ConvShape { groups: channels, stride, ..ConvShape::same(1, [channels; 2], [side; 2], kernel) }
}

fn measure_case(
    isa: Isa,
    name: &str,
    shape: &ConvShape,
    wanted: &dyn Fn(&str) -> bool,
) -> Result<(), Box<dyn std::error::Error>> {
    let shape = shape.checked()?;
    let passes = ["forward", "input gradient", "weight gradient"];
    let input = numbers(shape.input_len());
    let weights = numbers(shape.weights_len());
    let bias = numbers(shape.channels_out);
    let mut output = vec![0.0; shape.output_len()];
    let mut grad_input = vec![0.0; shape.input_len()];
    let grad_output = numbers(shape.output_len());
    let gradient = OutputGradient { values: &grad_output, relu_output: None };
    let mut grad_weights = vec![0.0; shape.weights_len()];
    let mut grad_bias = vec![0.0; shape.channels_out];
    let transformable =
        shape.kernel == 3 && shape.stride == 1 && shape.channels_in.min(shape.channels_out) > 1;
    for pass in passes {
        for (method, way) in METHODS {
            let label = format!("{name} {pass}{way}");
            let possible = match method {
                Method::Direct => true,
                Method::Winograd2 => transformable && shape.groups == 1 && pass != "weight gradient",
                _ => transformable && shape.groups == 1,
            };
            if !possible || !wanted(&label) {
                continue;
            }
            measure(isa, &label, shape.operations(), &mut || match pass {
                "forward" => {
                    forward_by(method, isa, &shape, &input, &weights, Some(&bias), Clip::Relu, &mut output)
                        .expect("a checked shape");
                }
                "input gradient" => {
                    input_gradient_by(method, isa, &shape, &weights, gradient, &mut grad_input)
                        .expect("a checked shape");
                }
                _ => {
                    let sums = (&mut grad_weights, Some(&mut grad_bias[..]));
                    weight_gradient_by(method, isa, &shape, &input, gradient, sums.0, sums.1)
                        .expect("a checked shape");
                }
            });
        }
    }
    Ok(())
}

/// Each way, and how it is marked.
const METHODS: [(Method, &str); 3] =
    [(Method::Direct, ""), (Method::Winograd2, " F(2×2)"), (Method::Winograd4, " F(4×4)")];

/// Prints the rates of what only moves numbers, for the planes of `name`.
fn measure_planes(name: &str, planes: usize, side: usize) -> Result<(), Box<dyn std::error::Error>> {
    println!(
        "{:<42} {:>9} {:>7} {:>9}",
        format!("{planes} planes at {side}, {name}"),
        "ms",
        "GB/s",
        "GB/s cpu"
    );
    let large = PlanesShape { planes, height: side, width: side };
    let small = PlanesShape { planes, height: side / 2, width: side / 2 };
    let (full, quarter) = (planes * side * side, planes * (side / 2) * (side / 2));
    let input = numbers(full);
    let (mut same, mut pooled) = (vec![0.0; full], vec![0.0; quarter]);
    let mut choice = vec![0; quarter];
    let float = size_of::<f32>();
    let print = |label: &str, bytes: usize, work: &mut dyn FnMut()| {
        work();
        let time = best_time(&mut || {}, work);
        let (wall, cpu) = (bytes as f64 / time.wall * 1e-9, bytes as f64 / time.cpu * 1e-9);
        println!("{label:<42} {:>9.3} {wall:>7.1} {cpu:>9.1}", time.wall * 1e3);
    };
    print("copy, one thread", 2 * float * full, &mut || same.copy_from_slice(&input));
    print("max-pool", float * (full + quarter) + quarter, &mut || {
        max_pool_2x2(large, &input, &mut pooled, &mut choice).expect("planes that fit");
    });
    print("max-pool gradient", float * (full + quarter) + quarter, &mut || {
        max_pool_2x2_gradient(large, &choice, &pooled, &mut same).expect("planes that fit");
    });
    print("ReLU gradient", 3 * float * full, &mut || {
        relu_gradient(&input, &input, &mut same).expect("planes that fit");
    });
    print("up-sampling", float * (full + quarter), &mut || {
        upsample_nearest_2x(small, &pooled, &mut same).expect("planes that fit");
    });
    print("up-sampling gradient", float * (full + quarter), &mut || {
        upsample_nearest_2x_gradient(small, &input, &mut pooled).expect("planes that fit");
    });
    Ok(())
}

/// Prints the largest error of each way against the sums in `f64`, in units of the outputs' root
/// mean square, for weights as networks start with (He).
fn measure_accuracy(isa: Isa, channels: usize) -> Result<(), Box<dyn std::error::Error>> {
    let shape = ConvShape::same(1, [channels, 16], [33, 38], 3).checked()?;
    let input = numbers(shape.input_len());
    // uniform numbers in ±1 have variance 1/3
    let scale = (6.0 / (9 * channels) as f32).sqrt();
    let weights: Vec<f32> = numbers(shape.weights_len()).iter().map(|weight| weight * scale).collect();
    let mut exact = vec![0.0_f64; shape.output_len()];
    let (height, width) = (shape.height, shape.width);
    for (index, value) in exact.iter_mut().enumerate() {
        let (c_out, y, x) = (index / width / height, index / width % height, index % width);
        for (c, ky, kx) in (0..9 * channels).map(|i| (i / 9, i / 3 % 3, i % 3)) {
            let (iy, ix) = ((y + ky).wrapping_sub(1), (x + kx).wrapping_sub(1));
            if iy < height && ix < width {
                let weight = weights[(c_out * channels + c) * 9 + ky * 3 + kx];
                *value += f64::from(input[(c * height + iy) * width + ix]) * f64::from(weight);
            }
        }
    }
    let mean_square = exact.iter().map(|value| value * value).sum::<f64>() / exact.len() as f64;
    print!("largest error, {channels} channels:");
    for (method, way) in METHODS {
        let mut output = vec![0.0; shape.output_len()];
        forward_by(method, isa, &shape, &input, &weights, None, Clip::None, &mut output)?;
        let errors = output.iter().zip(&exact).map(|(value, exact)| (f64::from(*value) - exact).abs());
        let error = errors.fold(0.0, f64::max) / mean_square.sqrt();
        print!("  {} {error:.1e}", if way.is_empty() { "direct" } else { way.trim() });
    }
    println!();
    Ok(())
}

/// The best of several timings of `work`, with `between` before each round.
fn best_time(between: &mut dyn FnMut(), work: &mut dyn FnMut()) -> Time {
    let mut time = Time::LONGEST;
    for _ in 0..ROUNDS {
        between();
        // as often as takes about 20 ms
        let start = Instant::now();
        while start.elapsed().as_secs_f64() < 0.02 {
            let once = Time::of(&mut *work);
            time = Time { wall: time.wall.min(once.wall), cpu: time.cpu.min(once.cpu) };
        }
    }
    time
}

/// Prints the best of several timings of `work`, and its share of the peak measured beside it.
fn measure(isa: Isa, name: &str, operations: f64, work: &mut dyn FnMut()) {
    work();
    let mut peak = Rate::default();
    let mut burst = || {
        let mut done = 0.0;
        let burst = Time::of(|| done = multiply_add_burst(isa, 1 << 18));
        peak = Rate { wall: peak.wall.max(done / burst.wall), cpu: peak.cpu.max(done / burst.cpu) };
    };
    let time = best_time(&mut burst, work);
    let rate = operations / time.wall;
    println!(
        "{name:<42} {:>9.3} {:>7.1} {:>6.1} {:>6.1}",
        time.wall * 1e3,
        rate / 1e9,
        100.0 * rate / peak.wall,
        100.0 * operations / time.cpu / peak.cpu,
    );
}

/// Floating-point operations in a second, of the clock and of a processor.
#[derive(Default)]
struct Rate {
    wall: f64,
    cpu: f64,
}

/// Seconds of the clock, and of all processors as far as they worked for this process.
struct Time {
    wall: f64,
    cpu: f64,
}

impl Time {
    const LONGEST: Self = Self { wall: f64::INFINITY, cpu: f64::INFINITY };

    fn of(work: impl FnOnce()) -> Self {
        let (start, start_cpu) = (Instant::now(), cpu_seconds());
        work();
        Self { wall: start.elapsed().as_secs_f64(), cpu: cpu_seconds() - start_cpu }
    }
}

#[cfg(unix)]
fn cpu_seconds() -> f64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is a valid place for the one `timespec` that the call writes.
    let status = unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &raw mut time) };
    assert_eq!(status, 0, "the process has a clock");
    time.tv_sec as f64 + 1e-9 * time.tv_nsec as f64
}

/// Not known here: the last column means nothing.
#[cfg(not(unix))]
fn cpu_seconds() -> f64 {
    f64::NAN
}

/// Numbers between −1 and 1 without a pattern (a linear congruential generator).
fn numbers(count: usize) -> Vec<f32> {
    let mut state = 12_345_u32;
    (0..count)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / (1 << 23) as f32 - 1.0
        })
        .collect()
}
