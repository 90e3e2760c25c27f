//! A coating cut across: layers over each other with wavy borders, and flat pores in them.

use super::{FilmConfig, FilmTruth};
use crate::Plane;
use crate::random::Stream;
use crate::synth::field;
use crate::synth::surface::{Surface, Texture};

/// Layers over the substrate, which fills the side away from the air.
pub(super) fn surface(config: &FilmConfig, size: (usize, usize), seed: u64) -> (Surface, FilmTruth) {
    let mut stream = Stream::new(seed, "synth section", 0);
    let (height, width) = size;
    let (sin, cos) = config.axis_deg.to_radians().sin_cos();
    let reach = height as f64 * cos.abs() + width as f64 * sin.abs();
    // borders from the air downwards, as shares of the way across; some sections show no air
    let first = if stream.below(2) == 0 { stream.between(-0.2, 0.0) } else { stream.between(0.05, 0.35) };
    let mut borders = vec![first];
    for layer in 0..config.n_layers {
        let left = 0.95 - borders[layer];
        borders.push(borders[layer] + left * stream.between(0.2, 0.75));
    }
    let waves: Vec<Plane> =
        borders.iter().map(|_| field::noise(size, config.wrinkle_px * 0.3, &mut stream)).collect();
    // one more than borders: the air is first
    let mut signals = vec![stream.between(0.05, 0.3)];
    signals.extend(borders.iter().map(|_| stream.between(0.35, 1.0)));
    let open: Vec<f64> = borders.iter().map(|_| stream.between(0.5, 1.5) * config.porosity).collect();
    let side = (height as f64).hypot(width as f64).ceil() as usize + 2;
    let pores = field::band((side, side), config.grain_px, &mut stream);
    // the lowest position is not a pore if the porosity is 0
    let level =
        |share: f64| if share > 0.0 { pores.quantiles(&[share.min(0.95)])[0] } else { f32::NEG_INFINITY };
    let levels: Vec<f32> = open.into_iter().map(level).collect();
    let mut relief = Plane::filled(height, width, 0.0);
    let mut material = Plane::filled(height, width, 0.0);
    let mut n_open = 0;
    for y in 0..height {
        for x in 0..width {
            let (dy, dx) = (y as f64 - height as f64 / 2.0, x as f64 - width as f64 / 2.0);
            // on the screen y runs downwards; layers lie along the axis
            let (along, across) = (dx * cos - dy * sin, dx * sin + dy * cos);
            let middle = side as f64 / 2.0;
            let pore = field::sampled(&pores, middle + across, middle + along / 3.5);
            let mut signal = signals[0];
            let mut solid = 0.0;
            for (layer, border) in borders.iter().enumerate() {
                let wave = config.wrinkle_relief * config.wrinkle_px * f64::from(waves[layer].at(y, x));
                let depth = across - (border - 0.5) * reach + wave;
                let share = (depth / 1.5 + 0.5).clamp(0.0, 1.0);
                // the edge of a pore is about as steep as its band is fine
                let within = f64::from(pore - levels[layer]) * config.grain_px * 0.3 + 0.5;
                let filled = within.clamp(0.0, 1.0);
                signal += (signals[layer + 1] * (0.2 + 0.8 * filled) - signal) * share;
                solid += (filled - solid) * share;
            }
            n_open += usize::from(solid < 0.5);
            let index = y * width + x;
            material.values_mut()[index] = signal as f32;
            relief.values_mut()[index] = (config.relief * config.grain_px * solid) as f32;
        }
    }
    let mut surface = Surface::of_relief(&relief, &material);
    surface.reach_px = (config.grain_px * 0.5).clamp(3.0, 40.0) as f32;
    let texture = Texture::new(size, 4.0, &mut Stream::new(seed, "synth ground", 0));
    surface.roughen(&texture, config.roughness as f32);
    let truth = FilmTruth {
        grains: Vec::new(),
        cracked: 0.0,
        open: n_open as f64 / (height * width) as f64,
        wrinkle_px: None,
        spots: Vec::new(),
    };
    (surface, truth)
}
