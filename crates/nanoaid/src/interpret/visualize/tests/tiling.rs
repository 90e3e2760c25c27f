//! Pictures that can be laid side by side.

use super::*;

/// `plane` as it goes on beyond its borders, with `frame` more pixels on each side.
fn continued(plane: &Plane, frame: usize) -> Plane {
    let (height, width) = (plane.height(), plane.width());
    let place = |index: usize, length: usize| (index + length - frame % length) % length;
    Plane::from_fn(height + 2 * frame, width + 2 * frame, |y, x| plane.at(place(y, height), place(x, width)))
}

#[test]
fn inside_of_the_frame_every_neuron_sees_the_tiled_plane() {
    let network = autoencoder();
    let (height, width) = (24, 32);
    let plane = noise_plane(height, width, 6);
    for name in ["encoder.1.relu", "encoder.1", "encoder.2.relu", "encoder.2"] {
        let layer = network.layer(name).unwrap();
        let stride = layer.stride;
        let units = [Objective::channel(name, 0)];
        let frame = frame_px(&network, &units).unwrap();
        // the middle one of three by three tiles
        let tiled: Vec<Plane> = network
            .maps(&continued(&plane, height.max(width)), name)
            .unwrap()
            .iter()
            .map(|map| map.middle(height / stride, width / stride))
            .collect();
        let worst = |frame: usize| {
            let maps = network.maps(&continued(&plane, frame), name).unwrap();
            let framed = maps.iter().map(|map| map.middle(height / stride, width / stride));
            let pairs = framed.zip(&tiled).flat_map(|(framed, tiled)| {
                framed.values().iter().zip(tiled.values()).map(|(a, b)| (a - b).abs()).collect::<Vec<_>>()
            });
            pairs.fold(0.0, f32::max)
        };
        assert!(worst(frame) < 1e-5, "{name}, {frame} px: {}", worst(frame));
        if frame >= 4 {
            // no wider than it has to be: by one position of the coarsest layer less it shows
            assert!(worst(frame - 4) > 1e-3, "{name}, {} px: {}", frame - 4, worst(frame - 4));
        }
    }
}

/// Mean difference of neighbours across the seam of the tiled plane, over that of neighbours inside,
/// along the axis where it is larger.
fn seam(plane: &Plane) -> f64 {
    let (height, width) = (plane.height(), plane.width());
    let step =
        |a: (usize, usize), b: (usize, usize)| f64::from((plane.at(a.0, a.1) - plane.at(b.0, b.1)).abs());
    let mean = |steps: Vec<f64>| steps.iter().sum::<f64>() / steps.len() as f64;
    let rows = (0..height).map(|y| step((y, 0), (y, width - 1))).collect();
    let columns = (0..width).map(|x| step((0, x), (height - 1, x))).collect();
    let inside = |down: usize, right: usize| {
        let places = (0..height - down).flat_map(|y| (0..width - right).map(move |x| (y, x)));
        mean(places.map(|(y, x)| step((y, x), (y + down, x + right))).collect())
    };
    (mean(rows) / inside(0, 1)).max(mean(columns) / inside(1, 0))
}

#[test]
fn a_tileable_picture_has_no_seam() {
    // periods that fit seven and a half times into the picture: the wave has to give way
    let network = planted(&[gabor(25, 6.4, 20.0), gabor(25, 6.4, -70.0)], &[0.0; 2], true);
    let units = ["unit:0", "unit:1"].map(|text| text.parse::<Objective>().unwrap());
    // without shifts, which bring the border into sight for themselves
    let base = VisualizeConfig {
        transforms: Vec::new(),
        height: 48,
        width: 48,
        steps: 96,
        stop_gain: 0.0,
        ..Preset::Measure.config()
    };
    let frame = frame_px(&network, &units).unwrap();
    assert_eq!(frame, 12, "half of the kernel");
    let tileable = VisualizeConfig { transforms: Transform::tileable(frame), ..base.clone() };
    for (with, without) in
        pictures(&network, &units, &tileable).iter().zip(&pictures(&network, &units, &base))
    {
        let (with_seam, without_seam) = (seam(&with.pictures[0][0]), seam(&without.pictures[0][0]));
        let unit = &with.objective;
        assert!(with_seam < 1.1, "{unit}: {with_seam}");
        assert!(without_seam > 1.3, "{unit}: the figure finds seams where there are some: {without_seam}");
    }
}

#[test]
fn layers_that_see_too_far_are_refused() {
    // 50 layers of 21 × 21 see 500 px to each side, 52 see 520
    let kernel = [vec![0.01_f32; 441]];
    let names: Vec<String> = (0..52).map(|index| format!("layer.{index}")).collect();
    let layers: Vec<PlantedLayer<'_>> =
        names.iter().map(|name| (name.as_str(), &kernel[..], &[0.0][..])).collect();
    let network = planted_layers(&layers, true);
    let frame = |layer: &str| frame_px(&network, &[Objective::channel(layer, 0)]);
    assert_eq!(frame("layer.49"), Ok(500));
    let error = frame("layer.51").unwrap_err().to_string();
    assert!(error.contains("needs a frame of 520 px") && error.contains("at most 512"), "{error}");
    assert!(frame("layer.52").unwrap_err().to_string().contains("no layer `layer.52`"));
}
