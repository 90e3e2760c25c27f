//! Nodes that compute with constants and lengths of axes alone, and those that pass maps on as they
//! are: they become no layer.

use super::proto::Node;
use super::tensor::{Constant, External};
use super::value::{Layout, Maps, Value};

/// What `node` gives without a layer of its own; `None` if it needs one.
///
/// # Errors
/// If what it asks for is not supported.
pub(super) fn folded(
    node: &Node,
    inputs: &[Option<Value>],
    channels: impl Fn(Maps) -> usize,
    external: External<'_>,
) -> Result<Option<Value>, String> {
    let first = inputs.first().and_then(Option::as_ref);
    let ints = |index: usize| match inputs.get(index).and_then(Option::as_ref) {
        Some(Value::Constant(constant)) => constant.as_ints().map(<[i64]>::to_vec),
        _ => None,
    };
    // axes were an attribute before operator set 13
    let axes = || ints(1).or_else(|| node.ints("axes").map(<[i64]>::to_vec));
    Ok(match (node.op_type.as_str(), first) {
        ("Constant", _) => Some(Value::Constant(constant(node, external)?)),
        ("Identity" | "Dropout" | "Cast", Some(value)) => Some(value.clone()),
        ("Shape", Some(Value::Maps(maps))) => {
            let mut lengths = vec![None; maps.layout.rank() as usize];
            if maps.layout != Layout::Vector || maps.pooled {
                lengths[maps.layout.channel_axis() as usize] = Some(channels(*maps) as i64);
            }
            Some(Value::Shape(lengths))
        }
        ("Gather", Some(Value::Shape(lengths))) => {
            let indexes = ints(1).ok_or("indexes that are no constants")?;
            let length = |index: &i64| {
                let index = if *index < 0 { *index + lengths.len() as i64 } else { *index };
                usize::try_from(index).ok().and_then(|index| lengths.get(index).copied())
            };
            let found: Option<Vec<_>> = indexes.iter().map(length).collect();
            Some(known_or_shape(found.ok_or("an axis that is not there")?))
        }
        // a way in which a vector is written as maps of one position: each channel at its place
        ("Gather", Some(Value::Maps(maps))) => {
            let n_channels = channels(*maps);
            let in_place = match inputs.get(1).and_then(Option::as_ref) {
                Some(Value::Constant(places)) => {
                    places.shape == [1, n_channels, 1, 1]
                        && places
                            .as_ints()
                            .is_some_and(|places| (0..).zip(places).all(|(i, &place)| i == place))
                }
                _ => false,
            };
            if !(in_place && maps.pooled && maps.layout == Layout::Vector && node.int("axis", 0) == 0) {
                return Err("some of the channels, or in another order".to_owned());
            }
            Some(Value::Maps(Maps { layout: Layout::ChannelsFirst, ..*maps }))
        }
        ("Unsqueeze" | "Squeeze", Some(Value::Shape(lengths))) => Some(Value::Shape(lengths.clone())),
        ("Concat", Some(Value::Shape(_) | Value::Constant(_))) => {
            let parts: Option<Vec<Vec<Option<i64>>>> =
                inputs.iter().map(|input| lengths_of(input.as_ref()?)).collect();
            parts.map(|parts| known_or_shape(parts.concat()))
        }
        ("ConstantOfShape", Some(Value::Constant(lengths))) => {
            let count = match lengths.as_ints() {
                Some(&[count]) => usize::try_from(count).ok().filter(|&count| count <= 64),
                _ => None,
            };
            let count = count.ok_or("more than 64 numbers or several axes")?;
            let value = node.attribute("value").and_then(|value| value.t.as_ref());
            let value = value.map(|tensor| Constant::of(tensor, external)).transpose()?;
            let value = value.as_ref().and_then(Constant::as_ints).and_then(|ints| ints.first().copied());
            Some(Value::Constant(Constant::ints(vec![value.unwrap_or(0); count])))
        }
        ("Slice", Some(Value::Constant(constant))) => {
            let one =
                |index: usize| ints(index).and_then(|ints| <[i64; 1]>::try_from(ints).ok()).map(|[one]| one);
            let steps = if inputs.len() > 4 { one(4) } else { Some(1) };
            let (Some(from), Some(to), Some(step)) = (one(1), one(2), steps) else {
                return Err("bounds that are no constants".to_owned());
            };
            if !matches!(one(3), None | Some(0)) {
                return Err("a part along another axis than 0".to_owned());
            }
            let part = constant.rows(from, to, step).ok_or("bounds that do not fit")?;
            Some(Value::Constant(part))
        }
        ("Unsqueeze", Some(Value::Constant(constant))) => {
            let axes = axes().ok_or("axes that are no constants")?;
            let mut shape = constant.shape.clone();
            for axis in axes {
                let axis = if axis < 0 { axis + shape.len() as i64 + 1 } else { axis };
                let axis = usize::try_from(axis).ok().filter(|&axis| axis <= shape.len());
                shape.insert(axis.ok_or("an axis that is not there")?, 1);
            }
            Some(Value::Constant(constant.reshaped(shape)))
        }
        ("Squeeze", Some(Value::Constant(constant))) => {
            let shape = constant.shape.iter().copied().filter(|&length| length != 1).collect();
            Some(Value::Constant(constant.reshaped(shape)))
        }
        ("Reshape", Some(Value::Constant(constant))) => {
            let wanted = ints(1).ok_or("a shape that is no constant")?;
            let shape = resolved(&wanted, constant.shape.iter().product());
            Some(Value::Constant(constant.reshaped(shape.ok_or("a shape that does not fit")?)))
        }
        ("Transpose", Some(Value::Constant(constant))) => {
            let turned = constant.transposed().ok_or("a constant of other than two axes")?;
            Some(Value::Constant(turned))
        }
        ("Transpose", Some(Value::Maps(maps))) => Some(Value::Maps(transposed(node, *maps)?)),
        ("Flatten", Some(Value::Maps(maps))) => {
            if node.int("axis", 1) != 1 {
                return Err("another axis than 1".to_owned());
            }
            Some(Value::Maps(vector(*maps)?))
        }
        ("Reshape", Some(Value::Maps(maps))) => {
            let lengths = inputs.get(1).and_then(Option::as_ref).and_then(lengths_of);
            let lengths = lengths.ok_or("a shape that is not known")?;
            match (lengths.len(), maps.layout) {
                (2, _) => Some(Value::Maps(vector(*maps)?)),
                // of one image and one position, the channels alone
                (1, _) if maps.pooled => Some(Value::Maps(vector(*maps)?)),
                (4, Layout::Vector) if maps.pooled && lengths[2..] == [Some(1), Some(1)] => {
                    Some(Value::Maps(Maps { layout: Layout::ChannelsFirst, ..*maps }))
                }
                _ => return Err(format!("a shape of {} axes", lengths.len())),
            }
        }
        ("Squeeze", Some(Value::Maps(maps))) => {
            let image = axes().is_none_or(|axes| maps.layout.are_image(&axes));
            if !(maps.pooled && image) {
                return Err("axes other than those of an image of one position".to_owned());
            }
            Some(Value::Maps(Maps { layout: Layout::Vector, ..*maps }))
        }
        ("Unsqueeze", Some(Value::Maps(maps))) => {
            let mut axes = axes().ok_or("axes that are no constants")?;
            axes.iter_mut().filter(|axis| **axis < 0).for_each(|axis| *axis += 4);
            axes.sort_unstable();
            if !(maps.pooled && maps.layout == Layout::Vector && axes == [2, 3]) {
                return Err("axes other than those of an image of one position".to_owned());
            }
            Some(Value::Maps(Maps { layout: Layout::ChannelsFirst, ..*maps }))
        }
        _ => None,
    })
}

fn constant(node: &Node, external: External<'_>) -> Result<Constant, String> {
    let attribute = |name: &str| node.attribute(name);
    if let Some(tensor) = attribute("value").and_then(|value| value.t.as_ref()) {
        return Constant::of(tensor, external);
    }
    if let Some(value) = attribute("value_int") {
        return Ok(Constant::ints(vec![value.i]).reshaped(Vec::new()));
    }
    if let Some(value) = attribute("value_ints") {
        return Ok(Constant::ints(value.ints.clone()));
    }
    let floats = attribute("value_float")
        .map(|value| vec![value.f])
        .or_else(|| attribute("value_floats").map(|value| value.floats.clone()));
    let floats = floats.ok_or("a constant that is neither a tensor nor numbers")?;
    Ok(Constant { shape: vec![floats.len()], values: super::tensor::Numbers::Floats(floats) })
}

/// A constant if all of `lengths` are known.
fn known_or_shape(lengths: Vec<Option<i64>>) -> Value {
    match lengths.iter().copied().collect() {
        Some(known) => Value::Constant(Constant::ints(known)),
        None => Value::Shape(lengths),
    }
}

/// The lengths of axes that `value` is.
fn lengths_of(value: &Value) -> Option<Vec<Option<i64>>> {
    match value {
        Value::Shape(lengths) => Some(lengths.clone()),
        Value::Constant(constant) => Some(constant.as_ints()?.iter().map(|&length| Some(length)).collect()),
        Value::Maps(_) => None,
    }
}

/// `wanted` lengths for `count` numbers, one of which may be −1.
fn resolved(wanted: &[i64], count: usize) -> Option<Vec<usize>> {
    let known = wanted.iter().filter(|&&length| length != -1);
    let known = known.map(|&length| usize::try_from(length).ok().filter(|&length| length > 0));
    let product = known.collect::<Option<Vec<_>>>()?.into_iter().try_fold(1_usize, usize::checked_mul)?;
    let rest = count / product;
    let shape: Vec<usize> =
        wanted.iter().map(|&length| if length == -1 { rest } else { length as usize }).collect();
    (shape.iter().product::<usize>() == count).then_some(shape)
}

/// `maps` as one vector.
fn vector(maps: Maps) -> Result<Maps, String> {
    if maps.layout == Layout::ChannelsLast && !maps.pooled {
        return Err("maps with their channels last as a vector".to_owned());
    }
    Ok(Maps { layout: Layout::Vector, ..maps })
}

fn transposed(node: &Node, maps: Maps) -> Result<Maps, String> {
    let layout = match (maps.layout, node.ints("perm")) {
        (Layout::ChannelsFirst, Some([0, 2, 3, 1])) => Layout::ChannelsLast,
        (Layout::ChannelsLast, Some([0, 3, 1, 2])) => Layout::ChannelsFirst,
        (_, axes) => return Err(format!("the order {axes:?} of the axes")),
    };
    Ok(Maps { layout, ..maps })
}
