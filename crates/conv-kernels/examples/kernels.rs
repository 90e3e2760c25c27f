//! Rates of the kernels, in GFLOP/s and in percent of what the machine's multipliers can do.
//!
//! `cargo run --release -p conv-kernels --example kernels [name part] …`; the instruction set is
//! that of `NANOAID_KERNELS`. The peak is measured beside each case, in turn, and the best of
//! several rounds counts, so that other work on the machine disturbs little. The last column is the
//! same share by processor time instead of the clock, which leaves out waiting for a processor.

#![expect(clippy::print_stdout, reason = "printing is what a benchmark is for")]

use conv_kernels::{
    ConvShape, Isa, OutputGradient, forward, input_gradient, multiply_add_burst, weight_gradient,
};
use std::time::Instant;

const ROUNDS: usize = 5;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let isa = Isa::from_env()?;
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    println!("{isa:?}, {} threads", rayon::current_num_threads());
    println!("{:<34} {:>9} {:>7} {:>6} {:>6}", "case", "ms", "GFLOP/s", "% peak", "% cpu");
    let cases = [
        ("64→64 at 224", ConvShape::same(1, [64, 64], [224, 224], 3)),
        ("128→128 at 112", ConvShape::same(1, [128, 128], [112, 112], 3)),
        ("256→256 at 56", ConvShape::same(1, [256, 256], [56, 56], 3)),
        ("512→512 at 28", ConvShape::same(1, [512, 512], [28, 28], 3)),
        ("512→512 at 14", ConvShape::same(1, [512, 512], [14, 14], 3)),
        ("1→32 at 128 ×32", ConvShape::same(32, [1, 32], [128, 128], 3)),
        ("32→64 at 64 ×32", ConvShape::same(32, [32, 64], [64, 64], 3)),
        ("64→128 at 32 ×32", ConvShape::same(32, [64, 128], [32, 32], 3)),
        ("128→128 at 16 ×32", ConvShape::same(32, [128, 128], [16, 16], 3)),
        ("32→1 at 128 ×32", ConvShape::same(32, [32, 1], [128, 128], 3)),
        ("64→64 at 150", ConvShape::same(1, [64, 64], [150, 150], 3)),
        ("1×1 256→256 at 56", ConvShape::same(1, [256, 256], [56, 56], 1)),
        ("stride 2 64→128 at 112", ConvShape { stride: 2, ..ConvShape::same(1, [64, 128], [112, 112], 3) }),
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
    let labels = ["forward", "input gradient", "weight gradient"].map(|pass| format!("{name} {pass}"));
    if !labels.iter().any(|label| wanted(label)) {
        return Ok(());
    }
    let measure = |label: &str, work: &mut dyn FnMut()| {
        if wanted(label) {
            measure(isa, label, shape.operations(), work);
        }
    };
    let input = numbers(shape.input_len());
    let weights = numbers(shape.weights_len());
    let bias = numbers(shape.channels_out);
    let mut output = vec![0.0; shape.output_len()];
    let mut grad_input = vec![0.0; shape.input_len()];
    measure(&labels[0], &mut || {
        forward(isa, &shape, &input, &weights, Some(&bias), true, &mut output).expect("a checked shape");
    });
    let grad_output = numbers(shape.output_len());
    let gradient = OutputGradient { values: &grad_output, relu_output: None };
    measure(&labels[1], &mut || {
        input_gradient(isa, &shape, &weights, gradient, &mut grad_input).expect("a checked shape");
    });
    let mut grad_weights = vec![0.0; shape.weights_len()];
    let mut grad_bias = vec![0.0; shape.channels_out];
    measure(&labels[2], &mut || {
        weight_gradient(isa, &shape, &input, gradient, &mut grad_weights, Some(&mut grad_bias))
            .expect("a checked shape");
    });
    Ok(())
}

/// Prints the best of several timings of `work`, and its share of the peak measured beside it.
fn measure(isa: Isa, name: &str, operations: f64, work: &mut dyn FnMut()) {
    work();
    let (mut time, mut peak) = (Time::LONGEST, Rate::default());
    for _ in 0..ROUNDS {
        let mut done = 0.0;
        let burst = Time::of(|| done = multiply_add_burst(isa, 1 << 18));
        peak = Rate { wall: peak.wall.max(done / burst.wall), cpu: peak.cpu.max(done / burst.cpu) };
        // as often as takes about 20 ms
        let start = Instant::now();
        while start.elapsed().as_secs_f64() < 0.02 {
            let once = Time::of(&mut *work);
            time = Time { wall: time.wall.min(once.wall), cpu: time.cpu.min(once.cpu) };
        }
    }
    let rate = operations / time.wall;
    println!(
        "{name:<34} {:>9.3} {:>7.1} {:>6.1} {:>6.1}",
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
