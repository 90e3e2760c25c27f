//! Faults: what is open in the tensor library (Burn 0.22.1, `CubeCL` 0.11.3) and would meet our networks, each by
//! its number; either tried here, or out of reach of this build, with the reason.

use conv_kernels::Method;

use super::Planned;
use super::case::{Case, Input};
use super::convolutions::Convolution;
use super::definition::Definition;
use super::maps::matmul;
use crate::Device;
use crate::kernels::Clip;

const GROUP: &str = "known fault";
/// How much more a sum over a large image may deviate: of 10⁶ terms, on both sides in single precision.
const LARGE: f64 = 10.0;
const NO_AUTOTUNE: &str = "out of reach: this program is built without autotune";

/// The rows.
pub(super) fn planned<'a>(device: Device, bound: f64) -> Vec<Planned<'a>> {
    let mut planned: Vec<Planned<'a>> = tried()
        .into_iter()
        .map(|case| Planned {
            group: GROUP,
            name: case.name.clone(),
            bound: if matches!(case.definition, Definition::Processor) { LARGE * bound } else { bound },
            work: Box::new(move || Ok(case.parts(device))),
        })
        .collect();
    planned.push(Planned {
        group: GROUP,
        name: "burn#2042, #4792: memory grows with every step".to_owned(),
        bound: 0.0,
        work: Box::new(move || memory(device)),
    });
    for (name, reason) in [
        ("burn#5352: a tuned choice that does not fit the shape (CUDA)", NO_AUTOTUNE),
        ("burn#3815: faults while tuning", NO_AUTOTUNE),
        ("cubecl#1531: full memory while tuning breaks the device", NO_AUTOTUNE),
        (
            "burn#3465: no memory pool for 2 GiB at once",
            "not tried: it would fill the memory of small GPUs; images are cut into tiles, and --batch keeps trainings small",
        ),
    ] {
        let work = Box::new(move || Err(reason.to_owned()));
        planned.push(Planned { group: GROUP, name: name.to_owned(), bound, work });
    }
    planned
}

fn tried() -> Vec<Case> {
    let same = |kernel, channels, size| Convolution {
        clip: Clip::None,
        ..Convolution::same(kernel, channels, size)
    };
    let mut cases: Vec<Case> = [24, 40, 56]
        .into_iter()
        .map(|inner| {
            let name = format!("burn#5626: 1×1 over {inner} = 8 · {} channels", inner / 8);
            same(1, [inner, 16], [5, 7]).case(GROUP, &name, true)
        })
        .collect();
    cases.push(matmul(GROUP, "burn#5122: matrix times vector, 33×17 · 17×1", [33, 17, 1]));
    cases.push(matmul(GROUP, "burn#5122: vector times matrix, 1×17 · 17×33", [1, 17, 33]));
    cases.push(same(3, [4, 6], [9, 7]).case(GROUP, "burn#5162: gradients of weights alone", false));
    cases.push(large("burn#4445: gradients over 768×1024 pixels", [768, 1024], 2, true));
    cases.push(large("burn#3524: 3×3 over 4096×4096 pixels", [4096, 4096], 1, false));
    let spread: super::case::Run = Box::new(|inputs| inputs[0].clone().expand([3, 5, 7, 9]).square());
    let of_spread = |inputs: &[Vec<f64>]| (0..3 * 5 * 63).map(|i| inputs[0][i / 63 % 5].powi(2)).collect();
    cases.push(Case {
        group: GROUP,
        name: "candle#3847: gradient through a broadcast".to_owned(),
        inputs: vec![Input::noise("values", [1, 5, 1, 1])],
        run: spread,
        definition: Definition::Function(Box::new(of_spread)),
    });
    cases
}

/// A 3×3 convolution of a large image, against the processor.
fn large(name: &str, size: [usize; 2], channels: usize, learns: bool) -> Case {
    let convolution =
        Convolution { batch: 1, method: Method::Direct, ..Convolution::same(3, [channels; 2], size) };
    let Case { inputs, run, .. } = convolution.case(GROUP, name, learns);
    let inputs = inputs.into_iter().map(|input| if learns { input } else { input.fixed() }).collect();
    Case { group: GROUP, name: name.to_owned(), inputs, run, definition: Definition::Processor }
}

/// Whether the memory that the device reserves still grows after some steps.
fn memory(device: Device) -> Result<Vec<super::CheckPart>, String> {
    if device == Device::Cpu {
        return Err("out of reach: for GPUs".to_owned());
    }
    #[cfg(any(feature = "wgpu", feature = "cuda"))]
    {
        let case = Convolution::same(3, [8, 9], [40, 41]).case(GROUP, "memory", true);
        let burn = device.burn();
        let reserved = || -> Result<f64, String> {
            for _ in 0..20 {
                case.run_on(device);
            }
            let usage = burn.memory_pool_usage().ok_or("the device does not say how much memory it uses")?;
            Ok(usage.bytes_reserved as f64)
        };
        let (before, after) = (reserved()?, reserved()?);
        Ok(vec![super::CheckPart::of("reserved memory", &[after as f32], &[f64::from(before as f32)])])
    }
    #[cfg(not(any(feature = "wgpu", feature = "cuda")))]
    Err("out of reach: for GPUs".to_owned())
}
