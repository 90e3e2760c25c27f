//! Convolutions of any kernel as ours, whose kernels are square and not dilated: zeros fill them up,
//! which changes no value.

use super::{Site, To, Translation};
use crate::network::onnx::proto::Node;
use crate::network::onnx::value::{Layout, Maps, Value};

/// Largest kernel after zeros have filled it up.
const MOST_KERNEL: usize = 255;

/// Along one axis: taps, distance between them, zeros before and after the maps.
#[derive(Clone, Copy)]
struct Axis {
    taps: usize,
    dilation: usize,
    zeros: [usize; 2],
}

impl Axis {
    /// Positions from the first tap to the last.
    fn extent(self) -> usize {
        (self.taps - 1) * self.dilation + 1
    }
}

impl Translation {
    pub(super) fn convolution(&mut self, site: &Site<'_>) -> Result<Maps, String> {
        let node = site.node;
        let Some(Some(Value::Maps(maps))) = site.inputs.first() else {
            return Err("input 0 is not computed from the image".to_owned());
        };
        if maps.layout != Layout::ChannelsFirst {
            return Err("maps that do not have their channels first".to_owned());
        }
        let weight = site.constant(1).ok_or("kernels that are no constant")?;
        let (&[channels_out, of_group, rows, columns], Some(values)) = (&weight.shape[..], weight.floats())
        else {
            return Err(format!("kernels of shape {:?}, expected four axes of floats", weight.shape));
        };
        let groups = usize::try_from(node.int("group", 1)).unwrap_or(0);
        let stride = pair(node, "strides", 1)?;
        let dilation = pair(node, "dilations", 1)?;
        if stride[0] != stride[1] || [rows, columns].contains(&0) || dilation.contains(&0) {
            return Err(format!("strides {stride:?}, kernels {rows} × {columns}, dilations {dilation:?}"));
        }
        let pads = pads(node, stride, dilation, [rows, columns])?;
        let around = |[before, after]: [usize; 2]| [before + maps.padding[0], after + maps.padding[1]];
        let axes = [0, 1].map(|axis| Axis {
            taps: [rows, columns][axis],
            dilation: dilation[axis],
            zeros: pads.map_or([0; 2], |pads| around(pads[axis])),
        });
        let square = Square::of(axes).filter(|square| pads.is_some() || square.places == [0; 2]);
        let square = square.ok_or_else(|| {
            format!(
                "kernels {rows} × {columns} with zeros {pads:?} around, which are not alike along both axes"
            )
        })?;
        if pads.is_none() && maps.padding != [0; 2] {
            return Err("a Pad before it and padding of its own".to_owned());
        }
        let name = self.name(site);
        let kernels = square.filled(values, axes);
        if axes[0].extent() != axes[1].extent() {
            self.notes.push(format!(
                "`{name}` has kernels of {rows}×{columns}: receptive fields from there on are given as those of {0}×{0}",
                square.kernel
            ));
        }
        let shape = vec![channels_out, of_group, square.kernel, square.kernel];
        self.weight(format!("{name}.weight"), shape, kernels)?;
        let biased = site.inputs.get(2).is_some_and(Option::is_some);
        if biased {
            self.weight(format!("{name}.bias"), vec![channels_out], site.floats(2)?.to_vec())?;
        }
        let to = To::Convolution {
            channels_in: of_group.checked_mul(groups).ok_or("too many groups")?,
            channels_out,
            kernel: square.kernel,
            stride: stride[0],
            padding: pads.map(|_| square.zeros),
            groups,
            biased,
        };
        self.step(&name, &[maps.id], to).map(|id| Maps { id, padding: [0; 2], ..*maps })
    }

    /// Kernels of 2 × 2 at stride 2, which do not overlap: a convolution to four times the channels,
    /// then a pixel shuffle.
    pub(super) fn up_convolution(&mut self, site: &Site<'_>) -> Result<Maps, String> {
        let (node, maps) = (site.node, site.maps(0)?);
        let weight = site.constant(1).ok_or("kernels that are no constant")?;
        let plain = ["pads", "output_padding"]
            .iter()
            .all(|name| node.ints(name).is_none_or(|zeros| zeros.iter().all(|&n| n == 0)));
        let plain = plain
            && node.int("group", 1) == 1
            && pair(node, "strides", 1)? == [2; 2]
            && pair(node, "dilations", 1)? == [1; 2];
        let (&[channels_in, channels, 2, 2], Some(values), true) =
            (&weight.shape[..], weight.floats(), plain)
        else {
            return Err("expected kernels of 2 × 2 at stride 2, without groups and padding".to_owned());
        };
        let name = self.name(site);
        let before = self.free(format!("{name}.blocks"));
        // [in, out, 2, 2] → [out · 2 · 2, in]
        let turned =
            (0..4 * channels).flat_map(|to| (0..channels_in).map(move |from| from * 4 * channels + to));
        let kernels = turned.map(|place| values[place]).collect();
        self.weight(format!("{before}.weight"), vec![4 * channels, channels_in, 1, 1], kernels)?;
        let bias = if site.inputs.get(2).is_some_and(Option::is_some) {
            site.floats(2)?.iter().flat_map(|&value| [value; 4]).collect()
        } else {
            vec![0.0; 4 * channels]
        };
        self.weight(format!("{before}.bias"), vec![4 * channels], bias)?;
        let to = To::Convolution {
            channels_in,
            channels_out: 4 * channels,
            kernel: 1,
            stride: 1,
            padding: Some([0; 2]),
            groups: 1,
            biased: true,
        };
        let blocks = self.step(&before, &[maps.id], to)?;
        self.step(&name, &[blocks], To::PixelShuffle).map(|id| Maps { id, ..maps })
    }
}

fn pair(node: &Node, name: &str, absent: i64) -> Result<[usize; 2], String> {
    let values = node.ints(name).unwrap_or(&[]);
    let values: [i64; 2] = match values {
        [] => [absent; 2],
        &[y, x] => [y, x],
        _ => return Err(format!("{name} {values:?}, expected two")),
    };
    let small = |value: i64| usize::try_from(value).ok().filter(|&value| value <= 1024);
    small(values[0]).zip(small(values[1])).map(|(y, x)| [y, x]).ok_or_else(|| format!("{name} {values:?}"))
}

/// Zeros before and after each axis; `None` for as many as TensorFlow's SAME adds.
fn pads(
    node: &Node,
    stride: [usize; 2],
    dilation: [usize; 2],
    taps: [usize; 2],
) -> Result<Option<[[usize; 2]; 2]>, String> {
    let extents = [0, 1].map(|axis| (taps[axis] - 1) * dilation[axis] + 1);
    match node.text("auto_pad").as_str() {
        "" | "NOTSET" => {
            let pads = node.ints("pads").unwrap_or(&[0; 4]);
            let small: Option<Vec<usize>> =
                pads.iter().map(|&n| usize::try_from(n).ok().filter(|&n| n <= 512)).collect();
            match small.as_deref() {
                Some(&[top, left, bottom, right]) => Ok(Some([[top, bottom], [left, right]])),
                _ => Err(format!("zeros {pads:?} around")),
            }
        }
        "VALID" => Ok(Some([[0; 2]; 2])),
        // the same for every size of the image
        "SAME_UPPER" | "SAME_LOWER" if stride == [1; 2] && extents.iter().all(|extent| extent % 2 == 1) => {
            Ok(Some(extents.map(|extent| [extent / 2; 2])))
        }
        "SAME_UPPER" if extents[0] == extents[1] => Ok(None),
        other => Err(format!("auto_pad {other}")),
    }
}

/// A square kernel that holds another one.
struct Square {
    kernel: usize,
    /// Where the first tap lies along each axis.
    places: [usize; 2],
    /// Zeros before and after the maps along both axes.
    zeros: [usize; 2],
}

impl Square {
    /// `None` if both axes cannot have the same zeros.
    fn of(axes: [Axis; 2]) -> Option<Self> {
        let kernel = axes[0].extent().max(axes[1].extent());
        let before = axes[0].zeros[0].max(axes[1].zeros[0]);
        let place = |axis: Axis| {
            let place = before - axis.zeros[0];
            (place + axis.extent() <= kernel).then_some(place)
        };
        let places = [place(axes[0])?, place(axes[1])?];
        // what is filled up behind the taps wants as many zeros more
        let [after, other] = [0, 1].map(|i| axes[i].zeros[1] + kernel - axes[i].extent() - places[i]);
        (after == other && kernel <= MOST_KERNEL).then_some(Self { kernel, places, zeros: [before, after] })
    }

    /// `values`, kernels of the taps of `axes`, as kernels of this size.
    fn filled(&self, values: &[f32], axes: [Axis; 2]) -> Vec<f32> {
        let [rows, columns] = axes;
        if (rows.taps, columns.taps) == (self.kernel, self.kernel) {
            return values.to_vec();
        }
        let area = self.kernel * self.kernel;
        let mut filled = vec![0.0; values.len() / (rows.taps * columns.taps) * area];
        for (kernel, from) in filled.chunks_mut(area).zip(values.chunks(rows.taps * columns.taps)) {
            for (tap, &value) in from.iter().enumerate() {
                let y = self.places[0] + tap / columns.taps * rows.dilation;
                let x = self.places[1] + tap % columns.taps * columns.dilation;
                kernel[y * self.kernel + x] = value;
            }
        }
        filled
    }
}
