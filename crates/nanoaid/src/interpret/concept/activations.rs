//! Activations of a layer for a micrograph, position by position, and where on the micrograph each position lies.

use micrograph::random::Stream;
use micrograph::{Plane, Rect, annotations};

use super::error::ConceptError;
use super::matrix::Matrix;
use crate::evaluate::classify::tensor_of;
use crate::interpret::exemplar::{ActivationReader, counted};
use crate::interpret::views::Views;
use crate::network::ValueId;
use crate::{Layer, Network};

/// Rows and columns of a micrograph that a network without views is shown at most: the middle of larger ones.
const MOST_PX: usize = 1024;

/// A place in the map of a view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Position {
    pub view: usize,
    pub y: usize,
    pub x: usize,
}

/// Share of a receptive field, about its middle, that is to be free of letters and bars.
const FREE: f64 = 0.5;

/// A network and one of its layers.
#[derive(Clone, Debug)]
pub(super) struct LayerReader {
    pub network: Network,
    pub layer: Layer,
    pub id: ValueId,
}

/// The activations of a layer for one micrograph.
#[derive(Clone, Debug)]
pub(super) struct Activations {
    /// What the network was shown of the micrograph, and its first row and column there.
    pub plane: Plane,
    pub origin: (usize, usize),
    pub views: Views,
    /// Rows and columns of the map of each view.
    pub map: (usize, usize),
    /// Vectors of all positions, view after view, row after row, `[views · H · W, C]`.
    pub vectors: Matrix,
    /// For each pixel whether something was drawn on it; `None` where nothing was.
    letters: Option<Vec<bool>>,
    layer: Layer,
}

impl LayerReader {
    /// # Errors
    /// If the network is for colors, or has no such layer.
    pub(super) fn new(network: &Network, layer: &str) -> Result<Self, ConceptError> {
        if network.channels_in() != 1 {
            return Err(ConceptError::NotGray { channels: network.channels_in() });
        }
        let layer = network.known_layer(layer)?.clone();
        let id = network.graph().value_id(&layer.name).expect("a layer has an output");
        let mut network = network.clone();
        network.graph_mut().use_fastest_method();
        Ok(Self { network, layer, id })
    }

    /// The last stage of an encoder; of other networks the deepest of the usual layers that has positions side by side.
    pub(super) fn usual(network: &Network) -> Option<String> {
        if let Some(last) = network.layer_at_depth(network.n_stages()) {
            return Some(last.name.clone());
        }
        let has_map = |name: &String| {
            let layer = network.layer(name)?;
            let side = Views::of(network, (MOST_PX, MOST_PX)).size().0;
            (layer.map_length(side) > 1 && Some(name) != network.layers().last().map(|last| &last.name))
                .then(|| name.clone())
        };
        ActivationReader::usual_layers(network).iter().rev().find_map(has_map)
    }

    /// The activations for `plane`, values in `[0, 1]`.
    ///
    /// # Errors
    /// If it is too small, or the layer has one position.
    pub(super) fn activations(&self, plane: &Plane) -> Result<Activations, ConceptError> {
        let whole = (plane.height(), plane.width());
        let (plane, origin) = if Views::of(&self.network, whole).has_one_size() {
            (plane.clone(), (0, 0))
        } else {
            let (height, width) = (whole.0.min(MOST_PX), whole.1.min(MOST_PX));
            (plane.middle(height, width), ((whole.0 - height) / 2, (whole.1 - width) / 2))
        };
        let views = Views::of(&self.network, (plane.height(), plane.width()));
        let (height, width) = views.size();
        let least = self.layer.least_px();
        if height.min(width) < least {
            return Err(ConceptError::TooSmall { height, width, layer: self.layer.name.clone(), least });
        }
        let map = (self.layer.map_length(height), self.layer.map_length(width));
        if map.0 * map.1 < 2 {
            return Err(ConceptError::OnePosition { layer: self.layer.name.clone() });
        }
        let cut = views.cut(&plane);
        let mut vectors = Vec::new();
        for view in &cut {
            let images = self.network.normalized(tensor_of(&[view], self.network.device()));
            let maps = self.network.graph().forward_to(images, self.id);
            let values: Vec<f32> = maps.into_data().try_to_vec().expect("activations are f32");
            vectors.extend(by_position(&values, self.layer.n_channels));
        }
        let vectors = Matrix::new(self.layer.n_channels, vectors);
        let letters = annotations::mask(&plane).mask;
        let letters = letters.contains(&true).then_some(letters);
        Ok(Activations { plane, origin, views, map, vectors, letters, layer: self.layer.clone() })
    }
}

/// `[C, H · W]` → `[H · W, C]`.
pub(super) fn by_position(values: &[f32], n_channels: usize) -> Vec<f32> {
    let n = values.len() / n_channels;
    let mut vectors = vec![0.0; values.len()];
    for (channel, map) in values.chunks_exact(n).enumerate() {
        map.iter().enumerate().for_each(|(at, value)| vectors[at * n_channels + channel] = *value);
    }
    vectors
}

/// `[H · W, C]` → `[C, H · W]`.
pub(super) fn by_channel(vectors: &[f32], n_channels: usize) -> Vec<f32> {
    by_position(vectors, vectors.len() / n_channels.max(1))
}

impl Activations {
    /// Place of `position` among the vectors.
    pub(super) fn index(&self, Position { view, y, x }: Position) -> usize {
        (view * self.map.0 + y) * self.map.1 + x
    }

    /// All positions that count: those that do not see the zeros around a view, nor letters and bars.
    pub(super) fn positions(&self) -> Vec<Position> {
        let (rows, columns) = (counted(&self.layer, self.map.0), counted(&self.layer, self.map.1));
        let mut all = Vec::new();
        for view in 0..self.views.len() {
            for y in rows.clone() {
                all.extend(columns.clone().map(|x| Position { view, y, x }));
            }
        }
        if let Some(letters) = &self.letters {
            all.retain(|&position| !self.is_on(letters, position));
        }
        all
    }

    /// Whether the middle of what `position` sees touches `mask`.
    fn is_on(&self, mask: &[bool], position: Position) -> bool {
        let Rect { y, x, height, width } = self.field(position);
        let inner = |first: usize, length: usize| {
            let own = ((length as f64 * FREE).round() as usize).max(1);
            let first = first + (length - own) / 2;
            first..first + own
        };
        let columns = inner(x, width);
        inner(y, height).any(|y| mask[y * self.plane.width()..][columns.clone()].contains(&true))
    }

    /// The part of the plane that `position` depends on.
    pub(super) fn field(&self, position: Position) -> Rect {
        let field = ActivationReader::field(&self.layer, (position.y, position.x), self.views.size());
        self.views.part_of_plane(position.view, field)
    }

    /// The pixel of the plane in the middle of what `position` depends on, as far as that lies in the view.
    pub(super) fn pixel(&self, position: Position) -> (usize, usize) {
        let Rect { y, x, height, width } = self.field(position);
        (y + height / 2, x + width / 2)
    }

    /// At most `n` of the positions that count, drawn at random, a receptive field apart where there is room.
    pub(super) fn drawn(&self, n: usize, stream: &mut Stream) -> Vec<Position> {
        let mut candidates = self.positions();
        stream.shuffle(&mut candidates);
        let field = self.layer.receptive_field_px.map_or(1, |field| field.div_ceil(self.layer.stride));
        let mut gap = field.min(self.map.0.min(self.map.1) / 2).max(1);
        let mut chosen: Vec<Position> = Vec::new();
        while chosen.len() < n {
            let is_free = |one: &Position, other: &Position| {
                one.view != other.view || one.y.abs_diff(other.y) >= gap || one.x.abs_diff(other.x) >= gap
            };
            for candidate in &candidates {
                if chosen.len() < n && chosen.iter().all(|other| is_free(candidate, other)) {
                    chosen.push(*candidate);
                }
            }
            if gap == 1 {
                break;
            }
            gap /= 2;
        }
        chosen
    }

    /// `values`, one for each position of a view, at each pixel of `part` of the plane, linear between positions.
    pub(super) fn spread(&self, values: &[f32], view: usize, part: Rect) -> Plane {
        let (rows, columns) = self.map;
        let middle = |index: usize| {
            let (first, end) = self.layer.image_from_feature(index);
            // of a layer that sees the whole image: positions share it
            if first == isize::MIN { None } else { Some((first + end) as f64 / 2.0) }
        };
        let at = |pixel: f64, n: usize, length: usize| {
            let place = match (middle(0), middle(1)) {
                (Some(first), Some(second)) => (pixel - first) / (second - first),
                _ => pixel * n as f64 / length as f64 - 0.5,
            };
            let place = place.clamp(0.0, (n - 1) as f64);
            let low = (place.floor() as usize).min(n.saturating_sub(2));
            (low, (low + 1).min(n - 1), (place - low as f64) as f32)
        };
        let size = self.views.size();
        Plane::from_fn(part.height, part.width, |y, x| {
            let point = ((part.y + y) as f64 + 0.5, (part.x + x) as f64 + 0.5);
            let (y, x) = self.views.point_in_view(view, point);
            let ((y0, y1, dy), (x0, x1, dx)) = (at(y, rows, size.0), at(x, columns, size.1));
            let value = |y: usize, x: usize| values[y * columns + x];
            (1.0 - dy) * ((1.0 - dx) * value(y0, x0) + dx * value(y0, x1))
                + dy * ((1.0 - dx) * value(y1, x0) + dx * value(y1, x1))
        })
    }

    /// The codes of one atom for the positions of `view`, from those of all atoms and positions, `[N, k]`.
    pub(super) fn of_view(&self, codes: &Matrix, atom: usize, view: usize) -> Vec<f32> {
        let n = self.map.0 * self.map.1;
        (view * n..(view + 1) * n).map(|row| codes.row(row)[atom]).collect()
    }
}
